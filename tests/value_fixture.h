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

static inline void value_fill_field(const op_field_t *field, value_mode_t mode, uint64_t *seed,
                                    op_arena_t *arena, void *at)
{
    op_str_t text;
    op_list_t list;
    void *item;
    uint64_t number = mode == VALUE_MAXIMUM ? UINT64_MAX : 1 + value_next(seed) % 100000;
    switch (field->kind) {
    case OP_KIND_INSTANT:
        number = mode == VALUE_MAXIMUM ? (uint64_t)OP_INSTANT_MAX
                                       : UINT64_C(1700000000000) + value_below(seed, 1000000000);
        memcpy(at, &number, sizeof number);
        return;
    case OP_KIND_FLAG:
    case OP_KIND_U64:
    case OP_KIND_COUNT:
        memcpy(at, &number, sizeof number);
        return;
    case OP_KIND_BOOL:
        *(bool *)at = true;
        return;
    case OP_KIND_ID:
    case OP_KIND_MSG_ID:
    case OP_KIND_EVT_ID:
        memset(at, mode == VALUE_MAXIMUM ? 0xff : (int)(1 + value_below(seed, 200)),
               sizeof(op_id_t));
        return;
    case OP_KIND_HASH:
        memset(at, mode == VALUE_MAXIMUM ? 0xff : (int)(1 + value_below(seed, 200)),
               sizeof(op_hash_t));
        return;
    case OP_KIND_TEXT:
    case OP_KIND_PHONE:
    case OP_KIND_BODY:
    case OP_KIND_URL:
    case OP_KIND_WORDS:
    case OP_KIND_SECRET:
    case OP_KIND_BYTES:
        text = value_text(field->max, mode, seed, arena);
        memcpy(at, &text, sizeof text);
        return;
    case OP_KIND_NESTED:
        value_fill(field->item, mode, seed, arena, at);
        return;
    case OP_KIND_MAYBE:
        item = op_arena_alloc(arena, field->item->size);
        value_fill(field->item, mode, seed, arena, item);
        memcpy(at, &item, sizeof item);
        return;
    case OP_KIND_LIST:
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

static inline bool value_equal_field(const op_field_t *field, const void *a, const void *b)
{
    op_str_t text_a, text_b;
    op_list_t list_a, list_b;
    const void *item_a, *item_b;
    switch (field->kind) {
    case OP_KIND_U64:
    case OP_KIND_FLAG:
    case OP_KIND_COUNT:
    case OP_KIND_INSTANT:
        return memcmp(a, b, sizeof(uint64_t)) == 0;
    case OP_KIND_BOOL:
        return *(const bool *)a == *(const bool *)b;
    case OP_KIND_ID:
    case OP_KIND_MSG_ID:
    case OP_KIND_EVT_ID:
        return memcmp(a, b, sizeof(op_id_t)) == 0;
    case OP_KIND_HASH:
        return memcmp(a, b, sizeof(op_hash_t)) == 0;
    case OP_KIND_TEXT:
    case OP_KIND_PHONE:
    case OP_KIND_BODY:
    case OP_KIND_URL:
    case OP_KIND_WORDS:
    case OP_KIND_SECRET:
    case OP_KIND_BYTES:
        memcpy(&text_a, a, sizeof text_a);
        memcpy(&text_b, b, sizeof text_b);
        return op_str_equal(text_a, text_b);
    case OP_KIND_NESTED:
        return value_equal(field->item, a, b);
    case OP_KIND_MAYBE:
        memcpy(&item_a, a, sizeof item_a);
        memcpy(&item_b, b, sizeof item_b);
        return item_a && item_b ? value_equal(field->item, item_a, item_b) : item_a == item_b;
    case OP_KIND_LIST:
        memcpy(&list_a, a, sizeof list_a);
        memcpy(&list_b, b, sizeof list_b);
        if (list_a.count != list_b.count)
            return false;
        for (size_t i = 0; i < list_a.count; i++)
            if (!value_equal(field->item, (const char *)list_a.at + i * field->item->size,
                             (const char *)list_b.at + i * field->item->size))
                return false;
        return true;
    }
    return false;
}

static inline bool value_equal(const op_type_t *type, const void *a, const void *b)
{
    for (size_t i = 0; i < type->field_count; i++) {
        size_t offset = type->fields[i].offset;
        if (!value_equal_field(&type->fields[i], (const char *)a + offset,
                               (const char *)b + offset))
            return false;
    }
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
