/*  row_cache.h - rows that an actor has read, kept for the next time

    An actor alone writes its keyspace: what it has read there, also that there is nothing, stays
    true until it commits something else. Who is asked for with each request (a key, its account, a
    number) is so read from the store once.

    What is kept is bounded: OP_ROW_CACHE_ROWS rows of at most OP_ROW_CACHE_BYTES octets, key and
    value together; of each few whose hashes are neighbours the one that was used last stays
    longest. Not for several threads. Pure. */

#ifndef OP_ACTORS_ROW_CACHE_H
#define OP_ACTORS_ROW_CACHE_H

#include "base/bytes.h"

enum { OP_ROW_CACHE_ROWS = 4096, OP_ROW_CACHE_BYTES = 2048 };

/*  Zero-initialise it; op_row_cache_free returns it to zero. */
typedef struct {
    struct op_cached_row **rows; /* NULL: none yet */
} op_row_cache_t;

/*  Is it known what the store has under this key? value->at is then NULL when it has nothing. The
    slice lives until the next call. */
bool op_row_cache_get(op_row_cache_t *self, op_str_t key, op_str_t *value);
/*  The store was read: it has this value there; value.at NULL: nothing. */
void op_row_cache_put(op_row_cache_t *self, op_str_t key, op_str_t value);
/*  The store was written: it has this value now, or nothing. What was not known is not kept. */
void op_row_cache_update(op_row_cache_t *self, op_str_t key, op_str_t value);

void op_row_cache_free(op_row_cache_t *self);

#endif
