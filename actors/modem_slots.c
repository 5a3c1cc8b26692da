/*  modem_slots.c - lists of slots */

#include "actors/modem_slots.h"

#include <string.h>

bool op_slot_is(const op_slot_t *a, const op_slot_t *b)
{
    return a->memory == b->memory && a->index == b->index;
}

bool op_slots_have(const op_slots_t *slots, const op_slot_t *slot)
{
    for (size_t i = 0; i < slots->count; i++)
        if (op_slot_is(&slots->at[i], slot))
            return true;
    return false;
}

bool op_slots_add(op_slots_t *slots, op_slot_t slot)
{
    for (size_t i = 0; i < slots->count; i++)
        if (op_slot_is(&slots->at[i], &slot)) {
            slots->at[i].hash = slot.hash;
            return true;
        }
    if (slots->count == OP_SLOTS_MAX)
        return false;
    slots->at[slots->count++] = slot;
    return true;
}

void op_slots_drop(op_slots_t *slots, size_t at)
{
    memmove(slots->at + at, slots->at + at + 1, (--slots->count - at) * sizeof slots->at[0]);
}

int64_t op_slots_take(op_slots_t *slots, const op_slot_t *slot)
{
    int64_t found = slot->found;
    for (size_t i = slots->count; i-- > 0;)
        if (op_slot_is(&slots->at[i], slot)) {
            found = slots->at[i].found;
            op_slots_drop(slots, i);
        }
    return found;
}

void op_slots_forget(op_slots_t *slots, op_memory_t memory)
{
    for (size_t i = slots->count; i-- > 0;)
        if (slots->at[i].memory == memory)
            op_slots_drop(slots, i);
}
