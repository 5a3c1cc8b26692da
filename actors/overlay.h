/*  overlay.h - the writes of a turn, ordered, before they are committed

    A sorted map from key to value or deletion, laid over a store: lookups and walks see the store
    as it will be after the commit. A mark and a rollback take back the writes of one step. */

#ifndef OP_ACTORS_OVERLAY_H
#define OP_ACTORS_OVERLAY_H

#include "store/store.h"

typedef struct {
    op_str_t key;
    op_str_t value; /* at == NULL: deleted */
} op_overlay_row_t;

typedef struct {
    op_str_t key;
    op_str_t before; /* the value that the write replaced */
    bool existed;    /* in the overlay */
} op_overlay_undo_t;

/*  Zero-initialise it. Keys and values are copied into `arena`, which the owner clears with it. */
typedef struct {
    op_arena_t *arena;
    op_overlay_row_t *rows;
    size_t count, capacity;
    op_overlay_undo_t *undo;
    size_t undo_count, undo_capacity;
} op_overlay_t;

void op_overlay_put(op_overlay_t *self, op_str_t key, op_str_t value);
void op_overlay_delete(op_overlay_t *self, op_str_t key);

/*  1: written in this overlay (value->at == NULL when deleted); 0: not here, ask the store. */
int op_overlay_get(const op_overlay_t *self, op_str_t key, op_str_t *value);

/*  The place of the first row with a key >= `key`. */
size_t op_overlay_find(const op_overlay_t *self, op_str_t key);

/*  Takes back all writes made since the last mark (or clear). */
void op_overlay_mark(op_overlay_t *self);
void op_overlay_rollback(op_overlay_t *self);

/*  Appends the writes, in key order, to a batch. */
void op_overlay_batch(const op_overlay_t *self, op_batch_t *batch);

void op_overlay_clear(op_overlay_t *self);
void op_overlay_free(op_overlay_t *self);

#endif
