/*  sweep.h - deletes rows that have outlived their use, a bounded slice at a time */

#ifndef OP_ACTORS_SWEEP_H
#define OP_ACTORS_SWEEP_H

#include "actors/turn.h"

enum { OP_SWEEP_ROWS = 500 };

typedef bool op_sweep_dead_fn(const void *arg, op_str_t key, const void *row);

/*  A range of rows that is swept over and over; op_sweep makes one of all rows with a tag. Of any
    other range set the first four fields, leave the rest zero. */
typedef struct {
    op_key_t low, high;
    const op_type_t *record;
    op_sweep_dead_fn *dead; /* may this row go? `key` is without the keyspace's prefix */
    op_key_t next;          /* where the next slice begins; empty: at `low` */
} op_sweep_t;

op_sweep_t op_sweep(char tag, const op_type_t *record, op_sweep_dead_fn *dead);

/*  Looks at up to OP_SWEEP_ROWS rows and deletes the dead ones. True: the end of the range was
    reached, and the next slice begins at its start. */
bool op_sweep_slice(op_sweep_t *self, const void *arg, op_turn_t *turn);

#endif
