/*  store.h - an ordered key-value store with atomic batches: one interface for every engine

    Keys and values are bytes; keys are ordered as memcmp orders them (op_str_compare). All
    changes travel in batches: a batch is applied whole or not at all, also through a crash.

    Durability: when op_store_write returns 0 for a batch with sync = true, that batch is on the
    disk, and so is every batch whose write had returned before. A batch written with sync =
    false survives the death of the process, but a power cut may take it, until a later synced
    write returns; and it may be taken alone: LevelDB cannot promise that of two unsynced
    batches the later one goes first. So write unsynced only what is harmless to lose by itself.
    An empty batch with sync = true is a barrier and nothing else.

    Errors: reads and writes answer -1 for an engine or disk error and for damage;
    op_store_error then says what happened, in one line. A damaged store is never repaired by
    itself: the operator restores a backup. After a failed write the state on disk is unknown,
    so the owner must stop: it opens the store anew to learn what is in it.

    Lifetime: ranges and snapshots are destroyed before the store they were taken from
    (asserted).

    Threads: an engine says in its header whether several threads may call it at once. */

#ifndef OP_STORE_STORE_H
#define OP_STORE_STORE_H

#include "base/bytes.h"

enum { OP_STORE_ERROR_SIZE = 256 }; /* an error line and its NUL */

/*  A list of changes, applied in order. Zero-initialise it; op_batch_free returns it to zero.
    Keys and values are copied; they must not point into the same batch, and have less than 4
    GiB each. */
typedef struct {
    op_buf_t rows; /* packed: see batch.c */
    size_t count;
} op_batch_t;

void op_batch_put(op_batch_t *self, op_str_t key, op_str_t value);
void op_batch_delete(op_batch_t *self, op_str_t key);
void op_batch_clear(op_batch_t *self);
void op_batch_free(op_batch_t *self);
/*  Walks the changes: start with *offset = 0; false at the end. `value.at` is NULL for a deletion
    (an empty value that was put has a non-NULL `at`). Slices point into the batch. */
bool op_batch_next(const op_batch_t *self, size_t *offset, op_str_t *key, op_str_t *value);

typedef struct op_store op_store_t;
typedef struct op_store_range op_store_range_t;

/*  1: found, *value replaced; 0: no such key; -1: error. *value is untouched unless it is 1. */
int op_store_get(op_store_t *self, op_str_t key, op_buf_t *value) OP_MUST_CHECK;

/*  Rows with low <= key < high, ascending, or descending when `reverse`. An empty `high` means no
    upper bound. The range sees the store as it was when the range was made. Never NULL: an error
    shows at the first step. Destroy it. One thread at a time. */
op_store_range_t *op_store_range(op_store_t *self, op_str_t low, op_str_t high, bool reverse);
/*  1: a row (slices valid until the next call on this range); 0: the end; -1: error. Both ends
    stay: a further call answers the same. */
int op_store_range_next(op_store_range_t *range, op_str_t *key, op_str_t *value) OP_MUST_CHECK;
void op_store_range_destroy(op_store_range_t **self_p);

/*  0: applied (and durable, when sync); -1: error. */
int op_store_write(op_store_t *self, const op_batch_t *batch, bool sync) OP_MUST_CHECK;

/*  Deleted and replaced rows stay in an engine's files until it has a reason of its own to write
    those anew. When this returns 0, no file holds what was deleted or replaced among the keys low
    <= key < high before the call. It rewrites what lies there, so it takes as long as that is
    large; other threads read and write meanwhile. Neither bound may be the key of a row (asserted);
    an empty `high` is not allowed. 1: not now, because a snapshot is open that may see what is to
    go. -1: error. */
int op_store_compact(op_store_t *self, op_str_t low, op_str_t high) OP_MUST_CHECK;

/*  A frozen, read-only view of the whole store as it is now: op_store_get and op_store_range
    work on it, op_store_write and op_store_compact answer -1, op_store_snapshot NULL. Destroy it before the store
    it was taken from. NULL: error. */
op_store_t *op_store_snapshot(op_store_t *self) OP_MUST_CHECK;

/*  The last error of this store in one line, "" if there was none. Valid until the next call.
    Errors of a range are told by the store or snapshot that it was taken from. */
const char *op_store_error(const op_store_t *self);

void op_store_destroy(op_store_t **self_p);

/*  For engines: what each of them fills in, and puts first in its own struct. */
typedef struct {
    const char *name;
    int (*get)(op_store_t *self, op_str_t key, op_buf_t *value);
    op_store_range_t *(*range)(op_store_t *self, op_str_t low, op_str_t high, bool reverse);
    int (*range_next)(op_store_range_t *range, op_str_t *key, op_str_t *value);
    void (*range_destroy)(op_store_range_t *range);
    int (*write)(op_store_t *self, const op_batch_t *batch, bool sync);
    int (*compact)(op_store_t *self, op_str_t low, op_str_t high);
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
