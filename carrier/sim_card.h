/*  sim_card.h - the SIM in a simulated modem, and what the network keeps for its number

    A SIM has a number, an IMSI, an ICCID and the memory SM. The texts and reports for its number
    wait here too, until whichever modem has the SIM takes them. Pure. */

#ifndef OP_CARRIER_SIM_CARD_H
#define OP_CARRIER_SIM_CARD_H

#include "base/phone.h"
#include "carrier/sim_store.h"

enum { OP_SIM_IMSI_MAX = 15, OP_SIM_ICCID_MAX = 20 };

/*  PDUs as hexadecimal digits, owned: a ring that grows to OP_CARRIER_WAITING_MAX. */
typedef struct {
    char **at;
    size_t first, count, capacity;
} op_sim_queue_t;

/*  Copies; false when it is full. */
bool op_sim_queue_put(op_sim_queue_t *self, op_str_t pdu);
/*  The oldest; asserted to be there. */
const char *op_sim_queue_front(const op_sim_queue_t *self);
void op_sim_queue_drop(op_sim_queue_t *self);
void op_sim_queue_free(op_sim_queue_t *self);

typedef struct {
    size_t index; /* among all SIMs: of the modem that had it at first */
    char number[OP_PHONE_MAX + 1];
    char imsi[OP_SIM_IMSI_MAX + 1];
    char iccid[OP_SIM_ICCID_MAX + 1];
    op_sim_store_t store; /* SM */
    op_sim_queue_t delivers;
    op_sim_queue_t reports;
} op_sim_card_t;

op_sim_card_t *op_sim_card_new(size_t index, op_str_t number);
void op_sim_card_destroy(op_sim_card_t **self_p);

/*  ISO/IEC 7812: the digit that makes the whole a Luhn number. */
char op_sim_luhn(const char *digits);

#endif
