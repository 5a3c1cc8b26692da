/*  value_fixture.h - values of any declared type, made from a seed, and their comparison

    What the tests of the codec, the messages and the records share. Values live in an arena. */

#ifndef OP_TESTS_VALUE_FIXTURE_H
#define OP_TESTS_VALUE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/instant.h"
#include "store/records.h"
#include "transport/messages.h"

#include <stdlib.h>
#include <string.h>

typedef enum { VALUE_ZERO, VALUE_TYPICAL, VALUE_MAXIMUM } value_mode_t;

/*  A small generator (SplitMix64): the same values on every machine. */
static inline uint64_t value_next(uint64_t *seed)
{
    uint64_t z = (*seed += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static inline uint64_t value_below(uint64_t *seed, uint64_t bound)
{
    return value_next(seed) % bound;
}

static inline void value_fill(const op_type_t *type, value_mode_t mode, uint64_t *seed,
                              op_arena_t *arena, void *value);

static inline op_str_t value_text(size_t max, value_mode_t mode, uint64_t *seed, op_arena_t *arena)
{
    size_t size = mode == VALUE_MAXIMUM ? max : 1 + value_below(seed, max < 24 ? max : 24);
    char *at = op_arena_alloc(arena, size);
    for (size_t i = 0; i < size; i++)
        at[i] = (char)('a' + value_below(seed, 26));
    return op_str_of(at, size);
}

static inline op_list_t value_list(const op_field_t *field, value_mode_t mode, uint64_t *seed,
                                   op_arena_t *arena)
{
    op_list_t list = {NULL, mode == VALUE_MAXIMUM ? field->max : 1 + value_below(seed, 3)};
    if (list.count > field->max)
        list.count = field->max;
    char *items = op_arena_alloc(arena, list.count * field->item->size);
    for (size_t i = 0; i < list.count; i++) /* a full list of full items would not fit a frame */
        value_fill(field->item, i == 0 ? VALUE_TYPICAL : i % 3, seed, arena,
                   items + i * field->item->size);
    list.at = items;
    return list;
}

static inline uint64_t value_number(op_kind_t kind, value_mode_t mode, uint64_t *seed)
{
    if (kind == OP_KIND_INSTANT)
        return mode == VALUE_MAXIMUM ? (uint64_t)OP_INSTANT_MAX
                                     : UINT64_C(1700000000000) + value_below(seed, 1000000000);
    return mode == VALUE_MAXIMUM ? UINT64_MAX : 1 + value_below(seed, 100000);
}

static inline void value_fill_octets(value_mode_t mode, uint64_t *seed, void *at, size_t size)
{
    memset(at, mode == VALUE_MAXIMUM ? 0xff : (int)(1 + value_below(seed, 200)), size);
}

static inline void value_fill_field(const op_field_t *field, value_mode_t mode, uint64_t *seed,
                                    op_arena_t *arena, void *at)
{
    uint64_t number;
    op_str_t text;
    op_list_t list;
    void *item;
    switch (op_kinds[field->kind].stored) {
    case OP_STORED_NUMBER:
        number = value_number(field->kind, mode, seed);
        memcpy(at, &number, sizeof number);
        return;
    case OP_STORED_BOOL:
        *(bool *)at = true;
        return;
    case OP_STORED_ID:
        value_fill_octets(mode, seed, at, sizeof(op_id_t));
        return;
    case OP_STORED_HASH:
        value_fill_octets(mode, seed, at, sizeof(op_hash_t));
        return;
    case OP_STORED_TEXT:
        text = value_text(field->max, mode, seed, arena);
        memcpy(at, &text, sizeof text);
        return;
    case OP_STORED_NESTED:
        value_fill(field->item, mode, seed, arena, at);
        return;
    case OP_STORED_MAYBE:
        item = op_arena_alloc(arena, field->item->size);
        value_fill(field->item, mode, seed, arena, item);
        memcpy(at, &item, sizeof item);
        return;
    case OP_STORED_LIST:
        list = value_list(field, mode, seed, arena);
        memcpy(at, &list, sizeof list);
        return;
    }
}

/*  ZERO: all defaults. TYPICAL: every field set, small. MAXIMUM: every field as large as declared
    (items of lists vary). */
static inline void value_fill(const op_type_t *type, value_mode_t mode, uint64_t *seed,
                              op_arena_t *arena, void *value)
{
    memset(value, 0, type->size);
    if (mode == VALUE_ZERO)
        return;
    for (size_t i = 0; i < type->field_count; i++)
        value_fill_field(&type->fields[i], mode, seed, arena,
                         (char *)value + type->fields[i].offset);
}

static inline void *value_make(const op_type_t *type, value_mode_t mode, uint64_t *seed,
                               op_arena_t *arena)
{
    void *value = op_arena_alloc(arena, type->size);
    value_fill(type, mode, seed, arena, value);
    return value;
}

static inline bool value_equal(const op_type_t *type, const void *a, const void *b);

static inline bool value_equal_lists(const op_field_t *field, op_list_t a, op_list_t b)
{
    if (a.count != b.count)
        return false;
    for (size_t i = 0; i < a.count; i++)
        if (!value_equal(field->item, op_list_item(&a, field, i), op_list_item(&b, field, i)))
            return false;
    return true;
}

static inline bool value_equal_octets(const op_field_t *field, const void *a, const void *b,
                                      size_t size)
{
    return memcmp(op_field_at(field, a), op_field_at(field, b), size) == 0;
}

static inline bool value_equal_items(const op_field_t *field, const void *a, const void *b)
{
    return a && b ? value_equal(field->item, a, b) : a == b;
}

static inline bool value_equal_field(const op_field_t *field, const void *a, const void *b)
{
    switch (op_kinds[field->kind].stored) {
    case OP_STORED_NUMBER:
        return op_field_number(field, a) == op_field_number(field, b);
    case OP_STORED_BOOL:
        return op_field_bool(field, a) == op_field_bool(field, b);
    case OP_STORED_ID:
        return value_equal_octets(field, a, b, sizeof(op_id_t));
    case OP_STORED_HASH:
        return value_equal_octets(field, a, b, sizeof(op_hash_t));
    case OP_STORED_TEXT:
        return op_str_equal(op_field_text(field, a), op_field_text(field, b));
    case OP_STORED_NESTED:
    case OP_STORED_MAYBE:
        return value_equal_items(field, op_field_item(field, a), op_field_item(field, b));
    case OP_STORED_LIST:
        return value_equal_lists(field, op_field_list(field, a), op_field_list(field, b));
    }
    return false;
}

static inline bool value_equal(const op_type_t *type, const void *a, const void *b)
{
    for (size_t i = 0; i < type->field_count; i++)
        if (!value_equal_field(&type->fields[i], a, b))
            return false;
    return true;
}

/*  A copy in a block of exactly its size, so that the address sanitizer sees the first octet too
    many. The caller frees it. */
static inline char *value_exact(op_str_t bytes)
{
    char *copy = op_alloc(bytes.size);
    if (bytes.size)
        memcpy(copy, bytes.at, bytes.size);
    return copy;
}

/*  Decodes from a block of exactly the bytes' size and checks what op_decode promises of *bytes:
    past the value, which takes all of them, or untouched. Slices of *value dangle. */
static inline op_decode_t value_decode(const op_type_t *type, op_str_t bytes, op_arena_t *arena,
                                       void *value)
{
    char *exact = value_exact(bytes);
    op_str_t rest = op_str_of(exact, bytes.size);
    op_decode_t result = op_decode(type, &rest, arena, value);
    assert_ptr_equal(rest.at, result == OP_DECODE_OK ? rest.at : exact); /* untouched on error */
    assert_true(result != OP_DECODE_OK || rest.size == 0);
    if (result != OP_DECODE_OK)
        assert_int_equal(rest.size, bytes.size);
    free(exact);
    return result;
}

/*  The header of an array, in the same form for any count below 65536. */
static inline void value_add_head(op_buf_t *out, size_t count)
{
    char head[] = {(char)0xdc, (char)(count >> 8), (char)count};
    op_buf_add(out, head, sizeof head);
}

/*  Calls `check` for every declared type: messages, then records. */
static inline void value_each_type(void (*check)(const op_type_t *type))
{
    size_t count;
    const op_type_t *const *types = op_message_types(&count);
    for (size_t i = 0; i < count; i++)
        check(types[i]);
    types = op_record_types(&count);
    for (size_t i = 0; i < count; i++)
        check(types[i]);
}

#endif
