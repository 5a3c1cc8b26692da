/*  memory.c - two trees and a list

    `now` is what readers see. `durable` is the tree as of the last barrier: sharing it with
    `now` is free (store/tree.h), so is each range's and each snapshot's frozen tree. `unsynced`
    holds the batches in between, in order; a crash starts from `durable` and applies those that
    it keeps. */

#include "store/memory.h"
#include "store/tree.h"

#include <sodium.h>
#include <stdlib.h>

typedef struct s_memory {
    op_store_t base;
    struct s_memory *origin; /* of a snapshot: the store it was taken from; else NULL */
    size_t views;            /* ranges and snapshots not yet destroyed */
    op_tree_t now;
    op_tree_t durable;
    op_batch_t *unsynced;
    size_t unsynced_count;
    size_t unsynced_capacity;
    uint64_t commits;
    uint64_t fail_after;
    bool failing;
    bool plain; /* no crash will come: `durable` and `unsynced` stay empty */
    const char *error;
} s_memory_t;

typedef struct {
    op_store_range_t base;
    s_memory_t *store;
    op_tree_t rows;
    op_buf_t low;
    op_buf_t high;
    bool reverse;
    bool started;
    bool ended;
    op_str_t last;         /* reverse: the key given out last; points into `rows` */
    op_tree_steps_t steps; /* else */
} s_range_t;

static const op_store_engine_t s_engine;

static s_memory_t *s_memory(op_store_t *store)
{
    OP_ASSERT(store && store->engine == &s_engine);
    return (s_memory_t *)store;
}

static const s_memory_t *s_memory_const(const op_store_t *store)
{
    OP_ASSERT(store && store->engine == &s_engine);
    return (const s_memory_t *)store;
}

static s_memory_t *s_new(s_memory_t *origin)
{
    s_memory_t *self = op_alloc(sizeof *self);
    *self = (s_memory_t){.base.engine = &s_engine, .origin = origin, .error = ""};
    return self;
}

static int s_get(op_store_t *store, op_str_t key, op_buf_t *value)
{
    op_str_t found;
    if (!op_tree_get(&s_memory(store)->now, key, &found))
        return 0;
    op_buf_clear(value);
    op_buf_add_str(value, found);
    return 1;
}

static op_store_range_t *s_range(op_store_t *store, op_str_t low, op_str_t high, bool reverse)
{
    s_memory_t *memory = s_memory(store);
    s_range_t *self = op_alloc(sizeof *self);
    self->base.engine = &s_engine;
    self->store = memory;
    self->rows = op_tree_share(&memory->now);
    self->low = self->high = (op_buf_t){0};
    self->reverse = reverse;
    self->started = self->ended = false;
    op_buf_add_str(&self->low, low);
    op_buf_add_str(&self->high, high);
    if (!reverse)
        op_tree_steps(&self->rows, low, &self->steps);
    memory->views++;
    return &self->base;
}

static bool s_range_step(s_range_t *self, op_str_t *key, op_str_t *value)
{
    op_str_t low = op_buf_str(&self->low), high = op_buf_str(&self->high);
    if (self->reverse) {
        op_str_t limit = self->started ? self->last : high;
        bool found = self->started || high.size ? op_tree_below(&self->rows, limit, key, value)
                                                : op_tree_last(&self->rows, key, value);
        return found && op_str_compare(*key, low) >= 0;
    }
    return op_tree_step(&self->steps, key, value) &&
           (high.size == 0 || op_str_compare(*key, high) < 0);
}

static int s_range_next(op_store_range_t *range, op_str_t *key, op_str_t *value)
{
    s_range_t *self = (s_range_t *)range;
    if (self->ended)
        return 0;
    if (!s_range_step(self, key, value)) {
        self->ended = true;
        return 0;
    }
    self->started = true;
    self->last = *key;
    return 1;
}

static void s_range_destroy(op_store_range_t *range)
{
    s_range_t *self = (s_range_t *)range;
    self->store->views--;
    op_tree_clear(&self->rows);
    op_buf_free(&self->low);
    op_buf_free(&self->high);
    free(self);
}

static void s_apply(op_tree_t *tree, const op_batch_t *batch)
{
    size_t offset = 0;
    op_str_t key, value;
    while (op_batch_next(batch, &offset, &key, &value)) {
        if (value.at)
            op_tree_put(tree, key, value);
        else
            op_tree_delete(tree, key);
    }
}

static void s_barrier(s_memory_t *self)
{
    for (size_t i = 0; i < self->unsynced_count; i++)
        op_batch_free(&self->unsynced[i]);
    self->unsynced_count = 0;
    op_tree_clear(&self->durable);
    self->durable = op_tree_share(&self->now);
}

static void s_remember(s_memory_t *self, const op_batch_t *batch)
{
    if (self->unsynced_count == self->unsynced_capacity) {
        self->unsynced_capacity = self->unsynced_capacity ? 2 * self->unsynced_capacity : 16;
        self->unsynced =
            op_realloc(self->unsynced, self->unsynced_capacity * sizeof *self->unsynced);
    }
    op_batch_t *copy = &self->unsynced[self->unsynced_count++];
    *copy = (op_batch_t){.count = batch->count};
    op_buf_add_str(&copy->rows, op_buf_str(&batch->rows));
}

static int s_write(op_store_t *store, const op_batch_t *batch, bool sync)
{
    s_memory_t *self = s_memory(store);
    if (self->origin) {
        self->error = "a snapshot is read-only";
        return -1;
    }
    if (self->failing && self->fail_after-- == 0) {
        self->failing = false;
        self->error = "memory: the write failed, as it was told to";
        return -1;
    }
    s_apply(&self->now, batch);
    self->commits++;
    if (self->plain)
        return 0;
    if (sync || self->unsynced_count == OP_MEMORY_UNSYNCED_MAX)
        s_barrier(self);
    else
        s_remember(self, batch);
    return 0;
}

/*  Nothing is kept of rows that are gone. */
static int s_compact(op_store_t *store, op_str_t low, op_str_t high)
{
    s_memory_t *self = s_memory(store);
    (void)low;
    (void)high;
    if (!self->origin)
        return 0;
    self->error = "a snapshot is read-only";
    return -1;
}

static op_store_t *s_snapshot(op_store_t *store)
{
    s_memory_t *origin = s_memory(store);
    if (origin->origin) {
        origin->error = "a snapshot of a snapshot is not to be had";
        return NULL;
    }
    s_memory_t *self = s_new(origin);
    self->now = op_tree_share(&origin->now);
    origin->views++;
    return &self->base;
}

static const char *s_error(const op_store_t *store)
{
    return s_memory_const(store)->error;
}

static void s_destroy(op_store_t *store)
{
    s_memory_t *self = s_memory(store);
    OP_ASSERT(self->views == 0);
    if (self->origin)
        self->origin->views--;
    for (size_t i = 0; i < self->unsynced_count; i++)
        op_batch_free(&self->unsynced[i]);
    free(self->unsynced);
    op_tree_clear(&self->now);
    op_tree_clear(&self->durable);
    free(self);
}

static const op_store_engine_t s_engine = {
    .name = "memory",
    .get = s_get,
    .range = s_range,
    .range_next = s_range_next,
    .range_destroy = s_range_destroy,
    .write = s_write,
    .compact = s_compact,
    .snapshot = s_snapshot,
    .error = s_error,
    .destroy = s_destroy,
};

op_store_t *op_store_memory_new(void)
{
    return &s_new(NULL)->base;
}

op_store_t *op_store_memory_plain(void)
{
    s_memory_t *self = s_new(NULL);
    self->plain = true;
    return &self->base;
}

void op_store_memory_crash(op_store_t *self)
{
    op_store_memory_crash_keeping(self, OP_MEMORY_KEEP_NONE, NULL);
}

void op_store_memory_crash_keeping(op_store_t *store, op_memory_keep_t keep, op_random_t *random)
{
    s_memory_t *self = s_memory(store);
    OP_ASSERT(!self->origin && !self->plain && (random || keep == OP_MEMORY_KEEP_NONE));
    size_t prefix = 0;
    if (keep == OP_MEMORY_KEEP_PREFIX)
        prefix = op_random_below(random, (uint32_t)self->unsynced_count + 1);
    op_tree_clear(&self->now);
    self->now = op_tree_share(&self->durable);
    for (size_t i = 0; i < self->unsynced_count; i++)
        if (i < prefix || (keep == OP_MEMORY_KEEP_SOME && op_random_below(random, 2)))
            s_apply(&self->now, &self->unsynced[i]);
    s_barrier(self); /* what survived one power cut is on the disk for the next */
}

void op_store_memory_fail_after(op_store_t *store, uint64_t n)
{
    s_memory_t *self = s_memory(store);
    OP_ASSERT(!self->origin);
    self->failing = true;
    self->fail_after = n;
}

uint64_t op_store_memory_commits(const op_store_t *self)
{
    return s_memory_const(self)->commits;
}

/*  Little-endian, so that a digest in a trace means the same on every machine. */
static void s_hash_bytes(crypto_generichash_state *hash, op_str_t bytes)
{
    uint8_t size[8];
    for (size_t i = 0; i < sizeof size; i++)
        size[i] = (uint8_t)((uint64_t)bytes.size >> (8 * i));
    crypto_generichash_update(hash, size, sizeof size);
    crypto_generichash_update(hash, (const uint8_t *)bytes.at, bytes.size);
}

void op_store_memory_digest(const op_store_t *self, uint8_t digest[OP_MEMORY_DIGEST_SIZE])
{
    const op_tree_t *rows = &s_memory_const(self)->now;
    crypto_generichash_state hash;
    crypto_generichash_init(&hash, NULL, 0, OP_MEMORY_DIGEST_SIZE);
    op_str_t key, value;
    op_tree_steps_t steps;
    op_tree_steps(rows, (op_str_t){0}, &steps);
    while (op_tree_step(&steps, &key, &value)) {
        s_hash_bytes(&hash, key);
        s_hash_bytes(&hash, value);
    }
    crypto_generichash_final(&hash, digest, OP_MEMORY_DIGEST_SIZE);
}
