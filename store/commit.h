/*  commit.h - one queue for all who write to one LevelDB database: joined, and never after a
    failure

    Any number of threads may write at once; each call returns when its batch was written, or
    was refused. The writes themselves happen one at a time, in the callback. After one that
    failed every later write is refused with the same error. Why not leave it to LevelDB:
    commit.c.

    A wait ends when the writes before it end: it has no deadline of its own, as a disk has
    none. */

#ifndef OP_STORE_COMMIT_H
#define OP_STORE_COMMIT_H

#include "store/store.h"

#include <leveldb/c.h>

typedef struct op_commit op_commit_t;

/*  Writes one batch, durably when `sync`: 0, or -1 with one line in `error`. Never called by two
    threads at once. */
typedef int op_commit_write_fn(void *context, leveldb_writebatch_t *batch, bool sync,
                               char error[OP_STORE_ERROR_SIZE]);

/*  `context` is borrowed. */
op_commit_t *op_commit_new(op_commit_write_fn *write, void *context);
/*  No thread may be writing (asserted). */
void op_commit_destroy(op_commit_t **self_p);

/*  0, or -1 with one line in `error`. */
int op_commit_write(op_commit_t *self, const op_batch_t *batch, bool sync,
                    char error[OP_STORE_ERROR_SIZE]) OP_MUST_CHECK;

#endif
