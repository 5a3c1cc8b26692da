/*  bytes.h - slices, growing buffers and arenas

    Three ways to hold bytes, by who owns them:

    op_str_t    a borrowed slice: it never owns, and lives as long as what it points into. Not
                NUL-terminated. `at` may be NULL only when `size` is 0.
    op_buf_t    an owned, growing buffer. Zero-initialise it; op_buf_free returns it to zero.
    op_arena_t  many small objects freed together: what decoding one message allocates.

    Memory that cannot be had ends the process with one line (op_alloc): a server that runs on after
    a failed malloc has paths nobody has ever tested. Every size that the outside chooses is bounded
    before it gets here (base/limits.h). */

#ifndef OP_BASE_BYTES_H
#define OP_BASE_BYTES_H

#include "base/check.h"

#include <string.h>

typedef struct {
    const char *at;
    size_t size;
} op_str_t;

/*  A slice of a string literal; of a NUL-terminated string (NULL gives the empty slice). */
#define OP_STR(literal) ((op_str_t){"" literal, sizeof(literal) - 1})
op_str_t op_str(const char *text);
op_str_t op_str_of(const void *at, size_t size);

bool op_str_equal(op_str_t a, op_str_t b);
bool op_str_is(op_str_t a, const char *text);
bool op_str_starts(op_str_t a, const char *prefix);
/*  The same, whatever the case of the letters of ASCII. */
bool op_str_equal_nocase(op_str_t a, op_str_t b);
bool op_str_is_nocase(op_str_t a, const char *text);
bool op_str_starts_nocase(op_str_t a, const char *prefix);
/*  memcmp order, then the shorter first: the order of every key in the store. */
int op_str_compare(op_str_t a, op_str_t b);

/*  Without its first `size` bytes, which must be there. */
op_str_t op_str_skip(op_str_t text, size_t size);
/*  Without the blanks, tabs and carriage returns at both ends. */
op_str_t op_str_trim(op_str_t text);

/*  Takes the next item of a list off the front of *rest, and the `mark` behind it. With the last
    item *rest becomes {NULL, 0}, behind a mark at the end {not NULL, 0}: so `while (rest.size)`
    passes over an empty item at the end, and `while (rest.at)` sees it (and that the empty text has
    one empty item). */
op_str_t op_str_next(op_str_t *rest, char mark);
/*  Is it an item of the comma-separated list? The empty text is none. */
bool op_str_in(op_str_t item, op_str_t list);

/*  Copies at most size - 1 bytes and always terminates. Returns false when it had to cut. */
bool op_str_copy(op_str_t from, char *to, size_t size);

/*  Decimal digits only, no sign, no more than `max`: false (and *value untouched) otherwise. */
bool op_str_to_u64(op_str_t text, uint64_t max, uint64_t *value);

/*  Characters of ASCII, whatever the locale says. */
static inline bool op_is_digit(char c)
{
    return c >= '0' && c <= '9';
}
static inline bool op_is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}
static inline bool op_is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}
static inline bool op_is_alnum(char c)
{
    return op_is_digit(c) || op_is_lower(c) || op_is_upper(c);
}
static inline bool op_is_control(char c)
{
    return (unsigned char)c < ' ' || c == 0x7f;
}
static inline char op_lower(char c)
{
    return op_is_upper(c) ? (char)(c - 'A' + 'a') : c;
}
bool op_str_has_control(op_str_t text);

typedef struct {
    char *at;
    size_t size;
    size_t capacity;
} op_buf_t;

/*  Room for `more` bytes behind what is there. */
void op_buf_reserve(op_buf_t *self, size_t more);
static inline void op_buf_add(op_buf_t *self, const void *bytes, size_t size)
{
    if (size == 0)
        return;
    if (size > self->capacity - self->size)
        op_buf_reserve(self, size);
    memcpy(self->at + self->size, bytes, size);
    self->size += size;
}
void op_buf_add_str(op_buf_t *self, op_str_t text);
void op_buf_add_byte(op_buf_t *self, uint8_t byte);
void op_buf_printf(op_buf_t *self, const char *format, ...) OP_PRINTF(2, 3);
/*  Forgets the content, keeps the memory. */
void op_buf_clear(op_buf_t *self);
void op_buf_free(op_buf_t *self);
op_str_t op_buf_str(const op_buf_t *self);
/*  Drops the first `size` bytes. */
void op_buf_consume(op_buf_t *self, size_t size);

enum { OP_ARENA_KEPT = 32768 };

typedef struct {
    struct op_arena_block *blocks;
    size_t used; /* of all blocks, in bytes, for the limit below */
} op_arena_t;

/*  Zeroed memory, aligned for any object, valid until op_arena_clear. */
void *op_arena_alloc(op_arena_t *self, size_t size);
/*  The same, not zeroed: for those who write all of it. */
void *op_arena_room(op_arena_t *self, size_t size);
op_str_t op_arena_copy(op_arena_t *self, op_str_t bytes);
/*  Frees all but the largest block of at most OP_ARENA_KEPT octets, so that a turn's arena soon
    stops allocating. */
void op_arena_clear(op_arena_t *self);
void op_arena_free(op_arena_t *self);

/*  malloc and realloc that do not return on failure. */
void *op_alloc(size_t size);
void *op_realloc(void *memory, size_t size);
/*  A NUL-terminated copy; the caller frees it. */
char *op_strdup(op_str_t text);

/*  Lower-case hexadecimal. `text` takes 2 * size + 1 bytes. */
void op_hex(const void *bytes, size_t size, char *text);
/*  The inverse: either case, an even count, at most `max` bytes. Returns the count or -1. */
int op_unhex(op_str_t text, void *bytes, size_t max) OP_MUST_CHECK;

#endif
