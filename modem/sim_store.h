/*  sim_store.h - the message memories of a simulated modem ("SM", "ME")

    Numbered slots, from 1, each free or with one stored PDU (3GPP TS 27.005 2.3.2). */

#ifndef OP_MODEM_SIM_STORE_H
#define OP_MODEM_SIM_STORE_H

#include "base/bytes.h"

typedef struct {
    char *pdu;   /* hexadecimal digits, owned; NULL: the slot is free */
    bool unread; /* 27.005 <stat> 0, else 1 */
} op_sim_slot_t;

typedef struct {
    op_sim_slot_t *slots;
    size_t capacity;
    size_t used;
} op_sim_store_t;

void op_sim_store_init(op_sim_store_t *self, size_t capacity);
void op_sim_store_free(op_sim_store_t *self);

/*  Copies the PDU into the lowest free slot, unread. Returns its number or 0 when all are taken. */
size_t op_sim_store_add(op_sim_store_t *self, op_str_t pdu);
/*  The taken slot of that number, or NULL. */
op_sim_slot_t *op_sim_store_at(op_sim_store_t *self, size_t number);
/*  Frees the slot; false when there is no such one. An already free slot is fine. */
bool op_sim_store_remove(op_sim_store_t *self, size_t number);

#endif
