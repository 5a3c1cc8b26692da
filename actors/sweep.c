#include "actors/sweep.h"

#include <string.h>

static op_key_t s_key(op_str_t bytes)
{
    op_key_t key = {.size = 0};
    op_key_hash(&key, bytes.at, bytes.size);
    return key;
}

op_sweep_t op_sweep(char tag, const op_type_t *record, op_sweep_dead_fn *dead)
{
    op_key_t low = op_key(tag);
    return (op_sweep_t){.low = low, .high = op_key_end(&low), .record = record, .dead = dead};
}

bool op_sweep_slice(op_sweep_t *self, const void *arg, op_turn_t *turn)
{
    op_key_t *dead = op_turn_alloc(turn, OP_SWEEP_ROWS * sizeof *dead);
    void *row = op_turn_alloc(turn, self->record->size);
    size_t seen = 0, deaths = 0;
    op_walk_t *walk =
        op_turn_walk(turn, self->next.size ? &self->next : &self->low, &self->high, false);
    op_str_t key;
    while (seen < OP_SWEEP_ROWS && op_turn_walk_next(walk, self->record, &key, row)) {
        seen++;
        self->next = s_key(key);
        if (self->dead(arg, key, row))
            dead[deaths++] = self->next;
    }
    op_turn_walk_end(&walk);
    for (size_t i = 0; i < deaths; i++)
        op_turn_delete(turn, &dead[i]);
    if (seen < OP_SWEEP_ROWS)
        self->next.size = 0;
    return seen < OP_SWEEP_ROWS;
}
