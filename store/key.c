#include "store/key.h"

#include <string.h>

static void s_add(op_key_t *self, const void *bytes, size_t size)
{
    OP_ASSERT(size <= sizeof self->bytes - self->size);
    if (size)
        memcpy(self->bytes + self->size, bytes, size);
    self->size += size;
}

op_key_t op_key(char tag)
{
    op_key_t key; /* not more of it than is used */
    key.bytes[0] = tag;
    key.size = 1;
    return key;
}

void op_key_id(op_key_t *self, op_id_t id)
{
    s_add(self, id.bytes, sizeof id.bytes);
}

void op_key_hash(op_key_t *self, const void *bytes, size_t size)
{
    s_add(self, bytes, size);
}

void op_key_number(op_key_t *self, uint64_t number)
{
    uint8_t bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(number >> (56 - 8 * i));
    s_add(self, bytes, sizeof bytes);
}

void op_key_text(op_key_t *self, op_str_t text)
{
    OP_ASSERT(!text.size || !memchr(text.at, 0, text.size));
    s_add(self, text.at, text.size);
    s_add(self, "", 1);
}

op_key_t op_key_of_id(char tag, op_id_t id)
{
    op_key_t key = op_key(tag);
    op_key_id(&key, id);
    return key;
}

op_key_t op_key_of_text(char tag, op_str_t text)
{
    op_key_t key = op_key(tag);
    op_key_text(&key, text);
    return key;
}

op_str_t op_key_str(const op_key_t *self)
{
    return op_str_of(self->bytes, self->size);
}

op_key_t op_key_end(const op_key_t *self)
{
    op_key_t end = *self;
    while (end.size && (uint8_t)end.bytes[end.size - 1] == 0xff)
        end.size--;
    OP_ASSERT(end.size); /* tags are ASCII */
    end.bytes[end.size - 1]++;
    return end;
}

bool op_key_take_id(op_str_t *key, op_id_t *id)
{
    if (key->size < sizeof id->bytes)
        return false;
    memcpy(id->bytes, key->at, sizeof id->bytes);
    *key = op_str_of(key->at + sizeof id->bytes, key->size - sizeof id->bytes);
    return true;
}

bool op_key_take_number(op_str_t *key, uint64_t *number)
{
    if (key->size < 8)
        return false;
    *number = 0;
    for (int i = 0; i < 8; i++)
        *number = *number << 8 | (uint8_t)key->at[i];
    *key = op_str_of(key->at + 8, key->size - 8);
    return true;
}

bool op_key_take_text(op_str_t *key, op_str_t *text)
{
    op_str_t rest = *key, taken = op_str_next(&rest, 0);
    if (!rest.at)
        return false;
    *text = taken;
    *key = rest;
    return true;
}
