/*  carrier_private.h - the simulated network's inside: the modems (carrier.c) and the service
    centre (centre.c) */

#ifndef OP_CARRIER_CARRIER_PRIVATE_H
#define OP_CARRIER_CARRIER_PRIVATE_H

#include "carrier/phones.h"
#include "carrier/sim_modem.h"

/*  Parts of one text from a number to a phone. */
typedef struct {
    const op_sim_card_t *from;
    op_phone_t *to;
    op_concat_t concat; /* reference, width and total; of the first part */
    uint64_t age;       /* when it was begun, in parts: the oldest makes room */
    size_t have;
    op_user_data_t **parts; /* by sequence - 1, NULL: not there yet */
} op_centre_join_t;

/*  What waits for time: a part for a phone that is off, until it expires; a report or a late part.
    */
typedef struct {
    op_sim_card_t *card; /* the sender; whom the report or the part is for */
    op_phone_t *to;      /* NULL: a report or a part */
    op_pdu_t *pdu;       /* owned: the SUBMIT; the report; the DELIVER */
    uint8_t reference;
    int64_t at; /* when it expires, is due */
} op_centre_held_t;

typedef struct {
    op_phones_t phones;
    op_centre_join_t joins[OP_CARRIER_JOINS_MAX];
    size_t join_count;
    uint64_t join_age;
    op_centre_held_t *held; /* in order of arrival; texts and reports */
    size_t held_count, held_capacity;
} op_centre_t;

struct op_carrier {
    op_sim_modem_t *modems[OP_CARRIER_MODEMS_MAX];
    op_sim_card_t *cards[OP_CARRIER_MODEMS_MAX];
    size_t modem_count;
    op_sim_family_t *families;
    op_centre_t centre;
    op_carrier_event_t *events;
    uint64_t event_count;
};

/*  The modem that has the SIM of that number; of that SIM. */
op_sim_modem_t *op_centre_modem_of(const op_carrier_t *self, op_str_t number);

/*  op_sim_network_t.submit; its context is the carrier. */
void op_centre_submit(void *context, size_t modem, const op_pdu_t *pdu, uint8_t reference,
                      int64_t now);
/*  One part of a text to a modem, with the service centre's time stamp; false when too many
    wait. */
bool op_centre_deliver(op_sim_modem_t *to, op_str_t from, const op_user_data_t *data, int64_t stamp,
                       int64_t now);
/*  The same at `at`. False: there is no room for what waits. */
bool op_centre_deliver_late(op_carrier_t *self, op_sim_modem_t *to, op_str_t from,
                            const op_user_data_t *data, int64_t stamp, int64_t at);
/*  A phone is on: what waited for it. */
void op_centre_phone_on(op_carrier_t *self, const op_phone_t *phone, int64_t now);

int64_t op_centre_wake_at(const op_carrier_t *self);
void op_centre_tick(op_carrier_t *self, int64_t now);
void op_centre_free(op_carrier_t *self);

#endif
