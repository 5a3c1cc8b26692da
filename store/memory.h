/*  memory.h - the store engine for tests and simulation: all in memory, with crashes and
    failures

    It keeps what is durable apart from what is not, as a disk would: after a synced write
    everything is durable; what is written unsynced after that is at the mercy of a crash. No
    clock, no I/O, no randomness of its own. One thread. Limit: OP_MEMORY_UNSYNCED_MAX unsynced
    batches wait for a crash at most; the next one makes everything durable, as a kernel that
    writes back in its own time.

    The functions below take a store made by op_store_memory_new (asserted). */

#ifndef OP_STORE_MEMORY_H
#define OP_STORE_MEMORY_H

#include "base/random.h"
#include "store/store.h"

enum { OP_MEMORY_UNSYNCED_MAX = 65536, OP_MEMORY_DIGEST_SIZE = 32 };

op_store_t *op_store_memory_new(void);
/*  The same for whoever wants no crash (asserted): it keeps nothing for one, and so has no limit of
    unsynced batches. */
op_store_t *op_store_memory_plain(void);

/*  What a power cut leaves of the batches that were written after the last synced one. (A synced
    write makes all before it durable, so there is nothing else to lose.) */
typedef enum {
    OP_MEMORY_KEEP_NONE,   /* the default of op_store_memory_crash */
    OP_MEMORY_KEEP_PREFIX, /* the first k of them, k drawn from `random`: 0 to all */
    OP_MEMORY_KEEP_SOME    /* each of them or not, drawn from `random`: as LevelDB may leave them */
} op_memory_keep_t;

/*  The power goes and comes back. Ranges and snapshots that are open keep what they saw. */
void op_store_memory_crash(op_store_t *self);
/*  `random` is borrowed; it may be NULL with OP_MEMORY_KEEP_NONE. */
void op_store_memory_crash_keeping(op_store_t *self, op_memory_keep_t keep, op_random_t *random);

/*  One write to come answers -1 and applies nothing: the next one for n = 0, else n good ones
    later. Writes after that one work again. A new call replaces the one before; crashes do not
    cancel it. */
void op_store_memory_fail_after(op_store_t *self, uint64_t n);

/*  How many writes returned 0 so far, synced or not, lost later or not. */
uint64_t op_store_memory_commits(const op_store_t *self);

/*  BLAKE2b-256 over all rows in order, each as both sizes and the bytes: equal for equal content,
    however it came about. Also takes a snapshot of a memory store. */
void op_store_memory_digest(const op_store_t *self, uint8_t digest[OP_MEMORY_DIGEST_SIZE]);

#endif
