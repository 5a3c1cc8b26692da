/*  batch.c - a batch as one packed buffer

    Each change is a head (what, key size, value size) and then the key's and the value's bytes. One
    buffer, so that a batch that is cleared and used again stops allocating, and so that copying one
    is copying bytes. The packed form never leaves the process. */

#include "store/store.h"

#include <string.h>

typedef enum { S_PUT = 1, S_DELETE = 2 } s_kind_t;

typedef struct {
    uint32_t key_size;
    uint32_t value_size;
    uint32_t kind;
} s_head_t;

static void s_add(op_batch_t *self, s_kind_t kind, op_str_t key, op_str_t value)
{
    OP_ASSERT(key.size <= UINT32_MAX && value.size <= UINT32_MAX);
    s_head_t head = {(uint32_t)key.size, (uint32_t)value.size, kind};
    op_buf_add(&self->rows, &head, sizeof head);
    op_buf_add_str(&self->rows, key);
    op_buf_add_str(&self->rows, value);
    self->count++;
}

void op_batch_put(op_batch_t *self, op_str_t key, op_str_t value)
{
    s_add(self, S_PUT, key, value);
}

void op_batch_delete(op_batch_t *self, op_str_t key)
{
    s_add(self, S_DELETE, key, (op_str_t){0});
}

void op_batch_clear(op_batch_t *self)
{
    op_buf_clear(&self->rows);
    self->count = 0;
}

void op_batch_free(op_batch_t *self)
{
    op_buf_free(&self->rows);
    self->count = 0;
}

bool op_batch_next(const op_batch_t *self, size_t *offset, op_str_t *key, op_str_t *value)
{
    if (*offset >= self->rows.size)
        return false;
    const char *at = self->rows.at + *offset;
    s_head_t head;
    OP_ASSERT(self->rows.size - *offset >= sizeof head);
    memcpy(&head, at, sizeof head);
    size_t size = sizeof head + head.key_size + head.value_size;
    OP_ASSERT(self->rows.size - *offset >= size);
    at += sizeof head;
    *key = op_str_of(at, head.key_size);
    *value = head.kind == S_PUT ? op_str_of(at + head.key_size, head.value_size) : (op_str_t){0};
    *offset += size;
    return true;
}
