/*  plan.h - what the writer writes and the checker expects: rows that follow from their numbers

    Each thread writes synced batches numbered from 1. Batch N of a thread holds
    - its data rows, which stay;
    - two rows of an outbox, which a later, unsynced batch removes together: a loss that is
      harmless, as that of an acknowledged tell's row is (actors/turn.h);
    - the thread's cursor, the number N, over the one before it.
    The removal also puts the thread's scratch row over the one before it, so that unsynced batches
    are as large as synced ones and as often the last in a log file.

    The writer says on a pipe what it did, one line each: KIND THREAD NUMBER. */

#ifndef OP_TESTS_POWERLOSS_PLAN_H
#define OP_TESTS_POWERLOSS_PLAN_H

#include "base/bytes.h"

enum {
    PLAN_THREADS = 3,
    PLAN_BATCHES = 600,  /* of a thread and a life */
    PLAN_NUMBERS = 4096, /* of a thread, over all lives */
    PLAN_OUTBOX_ROWS = 2,
    PLAN_KEY_SIZE = 16,
    PLAN_WRITE_BUFFER = 64 << 10, /* the engine's least: logs switch often */
};

#define PLAN_WRITTEN  'w' /* a synced batch: op_store_write has returned 0 */
#define PLAN_REMOVING 'r' /* the outbox rows of that batch are about to be removed, unsynced */
#define PLAN_REMOVED  'R' /* and op_store_write has returned 0 */

typedef enum {
    PLAN_CURSOR = 'c',
    PLAN_DATA = 'd',
    PLAN_OUTBOX = 'o',
    PLAN_SCRATCH = 's'
} plan_kind_t;

/*  Data rows of a batch. */
unsigned plan_rows(unsigned number);

/*  The key is in `text`. Cursors and scratch rows have number and row 0. */
op_str_t plan_key(char text[PLAN_KEY_SIZE], plan_kind_t kind, unsigned thread, unsigned number,
                  unsigned row);

/*  Replaces `value`. A cursor's is the number in decimals, a scratch row's begins with it and a
    space; the rest is bytes that do not compress. The sizes are from 8 bytes to 2 KiB, some over
    32 KiB: more than a block of LevelDB's log. */
void plan_value(op_buf_t *value, plan_kind_t kind, unsigned thread, unsigned number, unsigned row);

#endif
