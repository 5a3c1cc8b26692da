#include "carrier/sim_store.h"

#include <stdlib.h>
#include <string.h>

void op_sim_store_resize(op_sim_store_t *self, size_t capacity)
{
    if (capacity > self->made) {
        self->slots = op_realloc(self->slots, capacity * sizeof(*self->slots));
        memset(self->slots + self->made, 0, (capacity - self->made) * sizeof(*self->slots));
        self->made = capacity;
    }
    self->capacity = capacity;
}

void op_sim_store_free(op_sim_store_t *self)
{
    for (size_t i = 0; i < self->made; i++)
        free(self->slots[i].pdu);
    free(self->slots);
    memset(self, 0, sizeof(*self));
}

/*  The free slot for the next message, from 0; `capacity` when there is none. */
static size_t s_free(const op_sim_store_t *self, op_sim_order_t order)
{
    for (size_t i = 0; i < self->capacity; i++) {
        size_t slot = order == OP_SIM_HIGHEST ? self->capacity - 1 - i
                      : order == OP_SIM_NEXT  ? (self->last + i) % self->capacity
                                              : i;
        if (self->slots[slot].pdu == NULL)
            return slot;
    }
    return self->capacity;
}

size_t op_sim_store_add(op_sim_store_t *self, op_str_t pdu, op_sim_stat_t stat,
                        op_sim_order_t order)
{
    size_t slot = s_free(self, order);
    if (slot == self->capacity)
        return 0;
    self->slots[slot] = (op_sim_slot_t){op_strdup(pdu), stat};
    self->used++;
    self->last = slot + 1;
    return slot + 1;
}

op_sim_slot_t *op_sim_store_at(op_sim_store_t *self, size_t number)
{
    if (number < 1 || number > self->made || self->slots[number - 1].pdu == NULL)
        return NULL;
    return &self->slots[number - 1];
}

bool op_sim_store_remove(op_sim_store_t *self, size_t number)
{
    op_sim_slot_t *slot = op_sim_store_at(self, number);
    if (slot == NULL)
        return number >= 1 && number <= self->made;
    free(slot->pdu);
    slot->pdu = NULL;
    self->used--;
    return true;
}
