#include "modem/sim_store.h"

#include <stdlib.h>
#include <string.h>

void op_sim_store_init(op_sim_store_t *self, size_t capacity)
{
    self->slots = op_alloc(capacity * sizeof(*self->slots));
    memset(self->slots, 0, capacity * sizeof(*self->slots));
    self->capacity = capacity;
    self->used = 0;
}

void op_sim_store_free(op_sim_store_t *self)
{
    for (size_t i = 0; i < self->capacity; i++)
        free(self->slots[i].pdu);
    free(self->slots);
    memset(self, 0, sizeof(*self));
}

size_t op_sim_store_add(op_sim_store_t *self, op_str_t pdu)
{
    for (size_t i = 0; i < self->capacity; i++) {
        if (self->slots[i].pdu)
            continue;
        self->slots[i].pdu = op_strdup(pdu);
        self->slots[i].unread = true;
        self->used++;
        return i + 1;
    }
    return 0;
}

op_sim_slot_t *op_sim_store_at(op_sim_store_t *self, size_t number)
{
    if (number < 1 || number > self->capacity || self->slots[number - 1].pdu == NULL)
        return NULL;
    return &self->slots[number - 1];
}

bool op_sim_store_remove(op_sim_store_t *self, size_t number)
{
    op_sim_slot_t *slot = op_sim_store_at(self, number);
    if (slot == NULL)
        return number >= 1 && number <= self->capacity;
    free(slot->pdu);
    slot->pdu = NULL;
    self->used--;
    return true;
}
