#include "base/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

op_str_t op_str(const char *text)
{
    return (op_str_t){text, text ? strlen(text) : 0};
}

op_str_t op_str_of(const void *at, size_t size)
{
    return (op_str_t){at, size};
}

bool op_str_equal(op_str_t a, op_str_t b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.at, b.at, a.size) == 0);
}

bool op_str_is(op_str_t a, const char *text)
{
    return op_str_equal(a, op_str(text));
}

bool op_str_starts(op_str_t a, const char *prefix)
{
    size_t size = strlen(prefix);
    return a.size >= size && memcmp(a.at, prefix, size) == 0;
}

bool op_str_equal_nocase(op_str_t a, op_str_t b)
{
    if (a.size != b.size)
        return false;
    for (size_t i = 0; i < a.size; i++)
        if (op_lower(a.at[i]) != op_lower(b.at[i]))
            return false;
    return true;
}

bool op_str_is_nocase(op_str_t a, const char *text)
{
    return op_str_equal_nocase(a, op_str(text));
}

bool op_str_starts_nocase(op_str_t a, const char *prefix)
{
    size_t size = strlen(prefix);
    return a.size >= size && op_str_is_nocase(op_str_of(a.at, size), prefix);
}

int op_str_compare(op_str_t a, op_str_t b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common ? memcmp(a.at, b.at, common) : 0;
    if (order)
        return order;
    return a.size < b.size ? -1 : a.size > b.size;
}

op_str_t op_str_skip(op_str_t text, size_t size)
{
    OP_ASSERT(size <= text.size);
    return size ? op_str_of(text.at + size, text.size - size) : text;
}

static bool s_is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

op_str_t op_str_trim(op_str_t text)
{
    while (text.size && s_is_blank(text.at[0]))
        text = op_str_skip(text, 1);
    while (text.size && s_is_blank(text.at[text.size - 1]))
        text.size--;
    return text;
}

op_str_t op_str_next(op_str_t *rest, char mark)
{
    op_str_t item = op_str_of(rest->at, 0);
    while (item.size < rest->size && rest->at[item.size] != mark)
        item.size++;
    *rest = item.size < rest->size ? op_str_skip(*rest, item.size + 1) : (op_str_t){0};
    return item;
}

bool op_str_in(op_str_t item, op_str_t list)
{
    while (item.size && list.size)
        if (op_str_equal(op_str_next(&list, ','), item))
            return true;
    return false;
}

bool op_str_has_control(op_str_t text)
{
    for (size_t i = 0; i < text.size; i++)
        if (op_is_control(text.at[i]))
            return true;
    return false;
}

bool op_str_copy(op_str_t from, char *to, size_t size)
{
    OP_ASSERT(size > 0);
    size_t n = from.size < size - 1 ? from.size : size - 1;
    if (n)
        memcpy(to, from.at, n);
    to[n] = 0;
    return n == from.size;
}

bool op_str_to_u64(op_str_t text, uint64_t max, uint64_t *value)
{
    uint64_t sum = 0;
    if (text.size == 0 || text.size > 20)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        if (!op_is_digit(text.at[i]))
            return false;
        uint64_t digit = (uint64_t)(text.at[i] - '0');
        if (sum > (UINT64_MAX - digit) / 10)
            return false;
        sum = sum * 10 + digit;
    }
    if (sum > max)
        return false;
    *value = sum;
    return true;
}

void *op_alloc(size_t size)
{
    void *memory = malloc(size ? size : 1);
    OP_ASSERT(memory && "out of memory");
    return memory;
}

void *op_realloc(void *memory, size_t size)
{
    memory = realloc(memory, size ? size : 1);
    OP_ASSERT(memory && "out of memory");
    return memory;
}

char *op_strdup(op_str_t text)
{
    char *copy = op_alloc(text.size + 1);
    op_str_copy(text, copy, text.size + 1);
    return copy;
}

void op_buf_reserve(op_buf_t *self, size_t more)
{
    size_t wanted = self->size + more;
    OP_ASSERT(wanted >= more);
    if (wanted <= self->capacity)
        return;
    size_t capacity = self->capacity ? self->capacity : 128;
    while (capacity < wanted)
        capacity *= 2;
    self->at = op_realloc(self->at, capacity);
    self->capacity = capacity;
}

void op_buf_add_str(op_buf_t *self, op_str_t text)
{
    op_buf_add(self, text.at, text.size);
}

void op_buf_add_byte(op_buf_t *self, uint8_t byte)
{
    op_buf_add(self, &byte, 1);
}

void op_buf_printf(op_buf_t *self, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    OP_ASSERT(size >= 0);
    op_buf_reserve(self, (size_t)size + 1);
    va_start(arguments, format);
    vsnprintf(self->at + self->size, (size_t)size + 1, format, arguments);
    va_end(arguments);
    self->size += (size_t)size;
}

void op_buf_clear(op_buf_t *self)
{
    self->size = 0;
}

void op_buf_free(op_buf_t *self)
{
    free(self->at);
    *self = (op_buf_t){0};
}

op_str_t op_buf_str(const op_buf_t *self)
{
    return (op_str_t){self->at, self->size};
}

void op_buf_consume(op_buf_t *self, size_t size)
{
    OP_ASSERT(size <= self->size);
    self->size -= size;
    if (self->size && size)
        memmove(self->at, self->at + size, self->size);
}

/*  Newest first. Each is twice as large as the one before, up to OP_ARENA_KEPT. */
struct op_arena_block {
    struct op_arena_block *next;
    size_t size;
    size_t used;
    _Alignas(max_align_t) char memory[];
};

static void s_arena_grow(op_arena_t *self, size_t size)
{
    size_t capacity = 4096;
    if (self->blocks)
        capacity = self->blocks->size < OP_ARENA_KEPT / 2 ? 2 * self->blocks->size : OP_ARENA_KEPT;
    if (capacity < size)
        capacity = size;
    struct op_arena_block *block = op_alloc(sizeof *block + capacity);
    *block = (struct op_arena_block){.next = self->blocks, .size = capacity};
    self->blocks = block;
}

void *op_arena_room(op_arena_t *self, size_t size)
{
    size_t align = _Alignof(max_align_t);
    size_t rounded = (size + align - 1) / align * align;
    OP_ASSERT(rounded >= size);
    if (!self->blocks || self->blocks->size - self->blocks->used < rounded)
        s_arena_grow(self, rounded);
    void *memory = self->blocks->memory + self->blocks->used;
    self->blocks->used += rounded;
    self->used += rounded;
    return memory;
}

void *op_arena_alloc(op_arena_t *self, size_t size)
{
    void *memory = op_arena_room(self, size);
    memset(memory, 0, size);
    return memory;
}

op_str_t op_arena_copy(op_arena_t *self, op_str_t bytes)
{
    if (bytes.size == 0)
        return (op_str_t){0};
    char *copy = op_arena_room(self, bytes.size);
    memcpy(copy, bytes.at, bytes.size);
    return op_str_of(copy, bytes.size);
}

/*  Frees the blocks and returns the one that is kept. */
static struct op_arena_block *s_arena_drop(op_arena_t *self)
{
    struct op_arena_block *kept = NULL, *block;
    while ((block = self->blocks)) {
        self->blocks = block->next;
        bool better = block->size <= OP_ARENA_KEPT && (!kept || block->size > kept->size);
        free(better ? kept : block);
        if (better)
            kept = block;
    }
    self->used = 0;
    return kept;
}

void op_arena_clear(op_arena_t *self)
{
    struct op_arena_block *kept = s_arena_drop(self);
    if (kept) {
        kept->next = NULL;
        kept->used = 0;
    }
    self->blocks = kept;
}

void op_arena_free(op_arena_t *self)
{
    free(s_arena_drop(self));
    *self = (op_arena_t){0};
}

void op_hex(const void *bytes, size_t size, char *text)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *at = bytes;
    for (size_t i = 0; i < size; i++) {
        text[2 * i] = digits[at[i] >> 4];
        text[2 * i + 1] = digits[at[i] & 15];
    }
    text[2 * size] = 0;
}

static int s_hex_digit(char c)
{
    if (op_is_digit(c))
        return c - '0';
    c = op_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int op_unhex(op_str_t text, void *bytes, size_t max)
{
    uint8_t *at = bytes;
    if (text.size % 2 || text.size / 2 > max)
        return -1;
    for (size_t i = 0; i < text.size / 2; i++) {
        int high = s_hex_digit(text.at[2 * i]);
        int low = s_hex_digit(text.at[2 * i + 1]);
        if (high < 0 || low < 0)
            return -1;
        at[i] = (uint8_t)(high << 4 | low);
    }
    return (int)(text.size / 2);
}
