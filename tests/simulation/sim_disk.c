#include "tests/simulation/sim_disk.h"

#include <stdlib.h>

typedef struct {
    op_store_t base;
    op_store_t *memory;
    uint64_t bad_writes;
    bool read_armed;
    uint64_t good_reads; /* before the one that fails */
    uint64_t failures;
    const char *error;
} disk_t;

typedef struct {
    op_store_range_t base;
    disk_t *disk;
    op_store_range_t *inner;
    bool failed;
} disk_range_t;

static const op_store_engine_t s_engine;

static disk_t *s_disk(op_store_t *store)
{
    OP_ASSERT(store->engine == &s_engine);
    return (disk_t *)store;
}

static bool s_read_fails(disk_t *self)
{
    if (!self->read_armed || self->good_reads-- > 0)
        return false;
    self->read_armed = false;
    self->failures++;
    self->error = "simulated: the read failed";
    return true;
}

static int s_get(op_store_t *store, op_str_t key, op_buf_t *value)
{
    disk_t *self = s_disk(store);
    return s_read_fails(self) ? -1 : op_store_get(self->memory, key, value);
}

static op_store_range_t *s_range(op_store_t *store, op_str_t low, op_str_t high, bool reverse)
{
    disk_t *self = s_disk(store);
    disk_range_t *range = op_alloc(sizeof *range);
    *range = (disk_range_t){.base.engine = &s_engine,
                            .disk = self,
                            .inner = op_store_range(self->memory, low, high, reverse),
                            .failed = s_read_fails(self)};
    return &range->base;
}

static int s_range_next(op_store_range_t *range, op_str_t *key, op_str_t *value)
{
    disk_range_t *self = (disk_range_t *)range;
    return self->failed ? -1 : op_store_range_next(self->inner, key, value);
}

static void s_range_destroy(op_store_range_t *range)
{
    disk_range_t *self = (disk_range_t *)range;
    op_store_range_destroy(&self->inner);
    free(self);
}

static int s_write(op_store_t *store, const op_batch_t *batch, bool sync)
{
    disk_t *self = s_disk(store);
    if (self->bad_writes == 0)
        return op_store_write(self->memory, batch, sync);
    self->bad_writes--;
    self->failures++;
    self->error = "simulated: the write failed";
    return -1;
}

static int s_compact(op_store_t *store, op_str_t low, op_str_t high)
{
    return op_store_compact(s_disk(store)->memory, low, high);
}

static op_store_t *s_snapshot(op_store_t *store)
{
    return op_store_snapshot(s_disk(store)->memory);
}

static const char *s_error(const op_store_t *store)
{
    return ((const disk_t *)store)->error;
}

static void s_destroy(op_store_t *store)
{
    disk_t *self = s_disk(store);
    op_store_destroy(&self->memory);
    free(self);
}

static const op_store_engine_t s_engine = {
    .name = "simulated disk",
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

op_store_t *sim_disk_new(void)
{
    disk_t *self = op_alloc(sizeof *self);
    *self = (disk_t){.base.engine = &s_engine, .memory = op_store_memory_new(), .error = ""};
    return &self->base;
}

void sim_disk_fail_writes(op_store_t *self, uint64_t n)
{
    s_disk(self)->bad_writes = n;
}

void sim_disk_fail_read(op_store_t *self, uint64_t n)
{
    s_disk(self)->read_armed = true;
    s_disk(self)->good_reads = n;
}

void sim_disk_heal(op_store_t *self)
{
    s_disk(self)->bad_writes = 0;
    s_disk(self)->read_armed = false;
}

uint64_t sim_disk_failures(const op_store_t *self)
{
    return ((const disk_t *)self)->failures;
}

void sim_disk_replace(op_store_t *self, op_store_t *memory)
{
    op_store_destroy(&s_disk(self)->memory);
    s_disk(self)->memory = memory;
}

op_store_t *sim_disk_memory(op_store_t *self)
{
    return s_disk(self)->memory;
}
