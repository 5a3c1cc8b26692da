#include "store/store.h"

int op_store_get(op_store_t *self, op_str_t key, op_buf_t *value)
{
    OP_ASSERT(self && value);
    return self->engine->get(self, key, value);
}

op_store_range_t *op_store_range(op_store_t *self, op_str_t low, op_str_t high, bool reverse)
{
    OP_ASSERT(self);
    op_store_range_t *range = self->engine->range(self, low, high, reverse);
    OP_ASSERT(range);
    return range;
}

int op_store_range_next(op_store_range_t *range, op_str_t *key, op_str_t *value)
{
    OP_ASSERT(range && key && value);
    return range->engine->range_next(range, key, value);
}

void op_store_range_destroy(op_store_range_t **self_p)
{
    OP_ASSERT(self_p);
    if (*self_p)
        (*self_p)->engine->range_destroy(*self_p);
    *self_p = NULL;
}

int op_store_write(op_store_t *self, const op_batch_t *batch, bool sync)
{
    OP_ASSERT(self && batch);
    return self->engine->write(self, batch, sync);
}

int op_store_compact(op_store_t *self, op_str_t low, op_str_t high)
{
    OP_ASSERT(self && high.size && op_str_compare(low, high) < 0);
    return self->engine->compact(self, low, high);
}

op_store_t *op_store_snapshot(op_store_t *self)
{
    OP_ASSERT(self);
    return self->engine->snapshot(self);
}

const char *op_store_error(const op_store_t *self)
{
    OP_ASSERT(self);
    return self->engine->error(self);
}

void op_store_destroy(op_store_t **self_p)
{
    OP_ASSERT(self_p);
    if (*self_p)
        (*self_p)->engine->destroy(*self_p);
    *self_p = NULL;
}
