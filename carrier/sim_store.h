/*  sim_store.h - the message memories of a simulated modem ("SM", "ME", "SR")

    Numbered slots, from 1, each free or with one stored PDU (3GPP TS 27.005 2.3.2). */

#ifndef OP_CARRIER_SIM_STORE_H
#define OP_CARRIER_SIM_STORE_H

#include "base/bytes.h"

/*  27.005 3.1 <stat>. */
typedef enum { OP_SIM_UNREAD, OP_SIM_SEEN, OP_SIM_UNSENT, OP_SIM_SENT, OP_SIM_ALL } op_sim_stat_t;

/*  Which free slot a message gets. */
typedef enum { OP_SIM_LOWEST, OP_SIM_NEXT, OP_SIM_HIGHEST } op_sim_order_t;

typedef struct {
    char *pdu; /* hexadecimal digits, owned; NULL: the slot is free */
    op_sim_stat_t stat;
} op_sim_slot_t;

typedef struct {
    op_sim_slot_t *slots;
    size_t capacity; /* slots that can be filled */
    size_t made;     /* slots that exist: shrinking frees none that is taken */
    size_t used;
    size_t last; /* the slot that was filled last; 0: none */
} op_sim_store_t;

/*  Zero-initialise it. */
void op_sim_store_resize(op_sim_store_t *self, size_t capacity);
void op_sim_store_free(op_sim_store_t *self);

/*  Copies the PDU into a free slot. Returns its number or 0 when all are taken. */
size_t op_sim_store_add(op_sim_store_t *self, op_str_t pdu, op_sim_stat_t stat,
                        op_sim_order_t order);
/*  The taken slot of that number, or NULL. */
op_sim_slot_t *op_sim_store_at(op_sim_store_t *self, size_t number);
/*  Frees the slot; false when there is no such one. An already free slot is fine. */
bool op_sim_store_remove(op_sim_store_t *self, size_t number);

#endif
