/*  store.h - an ordered key-value store with atomic batches: the one interface, for every engine

    Keys and values are bytes; keys are ordered as memcmp orders them (op_str_compare). All changes
    travel in batches: a batch is applied whole or not at all, also through a crash.

    Durability: a batch written with sync = true is on the disk, and so is every batch written before
    it, when op_store_write returns 0. A batch written with sync = false may be lost at a power cut
    (never at a mere death of the process), but only together with all that was written after it and
    not synced: no holes.

    Errors: reads and writes answer -1 for an engine or disk error and for damage; op_store_error
    then says what happened, in one line. A damaged store is never repaired by itself: the operator
    restores a backup. After a failed write the state on disk is unknown, so the owner must stop.

    Threads: an engine says in its header whether several threads may call it at once.              */

#ifndef OP_STORE_STORE_H
#define OP_STORE_STORE_H

#include "base/bytes.h"

/*  A list of changes, applied in order. Zero-initialise it; op_batch_free returns it to zero.       */
typedef struct {
    op_buf_t rows; /* packed: see batch.c */
    size_t count;
} op_batch_t;

void op_batch_put(op_batch_t *self, op_str_t key, op_str_t value);
void op_batch_delete(op_batch_t *self, op_str_t key);
void op_batch_clear(op_batch_t *self);
void op_batch_free(op_batch_t *self);
/*  Walks the changes: start with *offset = 0; false at the end. `value.at` is NULL for a deletion
    (an empty value that was put has a non-NULL `at`). Slices point into the batch.                  */
bool op_batch_next(const op_batch_t *self, size_t *offset, op_str_t *key, op_str_t *value);

typedef struct op_store op_store_t;
typedef struct op_store_range op_store_range_t;

/*  1: found, *value replaced; 0: no such key; -1: error.                                            */
int op_store_get(op_store_t *self, op_str_t key, op_buf_t *value) OP_MUST_CHECK;

/*  Rows with low <= key < high, ascending, or descending when `reverse`. An empty `high` means no
    upper bound. The range sees the store as it was when the range was made. Destroy it.             */
op_store_range_t *op_store_range(op_store_t *self, op_str_t low, op_str_t high, bool reverse);
/*  1: a row (slices valid until the next call on this range); 0: the end; -1: error.                */
int op_store_range_next(op_store_range_t *range, op_str_t *key, op_str_t *value) OP_MUST_CHECK;
void op_store_range_destroy(op_store_range_t **self_p);

/*  0: applied (and durable, when sync); -1: error.                                                  */
int op_store_write(op_store_t *self, const op_batch_t *batch, bool sync) OP_MUST_CHECK;

/*  A frozen, read-only view of the whole store as it is now: op_store_get and op_store_range work on
    it, op_store_write answers -1. Destroy it before the store it was taken from. NULL: error.        */
op_store_t *op_store_snapshot(op_store_t *self) OP_MUST_CHECK;

/*  The last error of this store in one line, "" if there was none. Valid until the next call.       */
const char *op_store_error(const op_store_t *self);

void op_store_destroy(op_store_t **self_p);

/*  For engines: what each of them fills in, and puts first in its own struct.                       */
typedef struct {
    const char *name;
    int (*get)(op_store_t *self, op_str_t key, op_buf_t *value);
    op_store_range_t *(*range)(op_store_t *self, op_str_t low, op_str_t high, bool reverse);
    int (*range_next)(op_store_range_t *range, op_str_t *key, op_str_t *value);
    void (*range_destroy)(op_store_range_t *range);
    int (*write)(op_store_t *self, const op_batch_t *batch, bool sync);
    op_store_t *(*snapshot)(op_store_t *self);
    const char *(*error)(const op_store_t *self);
    void (*destroy)(op_store_t *self);
} op_store_engine_t;

struct op_store {
    const op_store_engine_t *engine;
};

struct op_store_range {
    const op_store_engine_t *engine;
};

#endif
