#include "transport/reader.h"

/*  Big-endian integer of `size` octets. */
static uint64_t s_number(const uint8_t *at, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | at[i];
    return value;
}

/*  What a first octet announces: a class, how many octets of length or value follow it, and, where
    the octet carries the value itself, that value. */
typedef enum {
    S_VALUE,
    S_SIGNED,
    S_STR,
    S_BIN,
    S_ARRAY,
    S_MAP,
    S_SKIP,
    S_NIL,
    S_BOOL,
    S_BAD
} s_class_t;

typedef struct {
    s_class_t class;
    size_t follow;
    uint64_t inline_value;
} s_head_t;

static s_head_t s_head(uint8_t c)
{
    if (c < 0x80)
        return (s_head_t){S_VALUE, 0, c};
    if (c < 0x90)
        return (s_head_t){S_MAP, 0, c & 0x0fu};
    if (c < 0xa0)
        return (s_head_t){S_ARRAY, 0, c & 0x0fu};
    if (c < 0xc0)
        return (s_head_t){S_STR, 0, c & 0x1fu};
    if (c >= 0xe0)
        return (s_head_t){S_SKIP, 0, 0}; /* negative fixint */
    static const s_head_t heads[32] = {
        [0x00] = {S_NIL, 0, 0},    [0x01] = {S_BAD, 0, 0},    [0x02] = {S_BOOL, 0, 0},
        [0x03] = {S_BOOL, 0, 1},   [0x04] = {S_BIN, 1, 0},    [0x05] = {S_BIN, 2, 0},
        [0x06] = {S_BIN, 4, 0},    [0x07] = {S_BAD, 0, 0}, /* ext: OP sends none */
        [0x08] = {S_BAD, 0, 0},    [0x09] = {S_BAD, 0, 0},    [0x0a] = {S_SKIP, 4, 0},
        [0x0b] = {S_SKIP, 8, 0},   [0x0c] = {S_VALUE, 1, 0},  [0x0d] = {S_VALUE, 2, 0},
        [0x0e] = {S_VALUE, 4, 0},  [0x0f] = {S_VALUE, 8, 0},  [0x10] = {S_SIGNED, 1, 0},
        [0x11] = {S_SIGNED, 2, 0}, [0x12] = {S_SIGNED, 4, 0}, [0x13] = {S_SIGNED, 8, 0},
        [0x14] = {S_BAD, 0, 0},    [0x15] = {S_BAD, 0, 0},    [0x16] = {S_BAD, 0, 0},
        [0x17] = {S_BAD, 0, 0},    [0x18] = {S_BAD, 0, 0},    [0x19] = {S_STR, 1, 0},
        [0x1a] = {S_STR, 2, 0},    [0x1b] = {S_STR, 4, 0},    [0x1c] = {S_ARRAY, 2, 0},
        [0x1d] = {S_ARRAY, 4, 0},  [0x1e] = {S_MAP, 2, 0},    [0x1f] = {S_MAP, 4, 0},
    };
    return heads[c - 0xc0];
}

/*  Takes the head; *map tells an array from a map, whose count is doubled into elements. */
static op_element_t s_take(op_str_t *bytes)
{
    op_element_t element = {OP_ELEMENT_END, 0, {0}};
    if (bytes->size == 0)
        return element;
    const uint8_t *at = (const uint8_t *)bytes->at;
    s_head_t head = s_head(at[0]);
    if (bytes->size - 1 < head.follow)
        return element;
    uint64_t value = head.follow ? s_number(at + 1, head.follow) : head.inline_value;
    op_str_t rest = op_str_of(bytes->at + 1 + head.follow, bytes->size - 1 - head.follow);

    switch (head.class) {
    case S_NIL:
        element.kind = OP_ELEMENT_NIL;
        break;
    case S_BOOL:
        element.kind = OP_ELEMENT_BOOL;
        break;
    case S_VALUE:
        element.kind = OP_ELEMENT_U64;
        break;
    case S_SIGNED: /* a signed form of a value that is not negative is still that value */
        element.kind = value >> (8 * head.follow - 1) ? OP_ELEMENT_OTHER : OP_ELEMENT_U64;
        break;
    case S_SKIP:
        element.kind = OP_ELEMENT_OTHER;
        break;
    case S_STR:
    case S_BIN:
        if (value > rest.size)
            return element;
        element.kind = head.class == S_STR ? OP_ELEMENT_STR : OP_ELEMENT_BIN;
        element.bytes = op_str_of(rest.at, (size_t)value);
        rest = op_str_of(rest.at + value, rest.size - (size_t)value);
        break;
    case S_ARRAY:
    case S_MAP:
        if (head.class == S_MAP)
            value *= 2;
        if (value > rest.size) /* every element takes at least one octet */
            return element;
        element.kind = head.class == S_ARRAY ? OP_ELEMENT_ARRAY : OP_ELEMENT_OTHER;
        break;
    case S_BAD:
        element.kind = OP_ELEMENT_BAD;
        return element;
    }
    element.number = value;
    *bytes = rest;
    return element;
}

static bool s_is_map(uint8_t c)
{
    return s_head(c).class == S_MAP;
}

static bool s_skip(op_str_t *bytes, int depth)
{
    if (depth > OP_READER_DEPTH || bytes->size == 0)
        return false;
    bool map = s_is_map((uint8_t)bytes->at[0]);
    op_element_t element = s_take(bytes);
    if (element.kind == OP_ELEMENT_END || element.kind == OP_ELEMENT_BAD)
        return false;
    if (element.kind == OP_ELEMENT_ARRAY || map)
        for (uint64_t i = 0; i < element.number; i++)
            if (!s_skip(bytes, depth + 1))
                return false;
    return true;
}

op_element_t op_reader_next(op_str_t *bytes)
{
    op_str_t rest = *bytes;
    op_element_t element = s_take(&rest);
    if (element.kind == OP_ELEMENT_OTHER) {
        rest = *bytes;
        if (!s_skip(&rest, 0))
            return (op_element_t){OP_ELEMENT_BAD, 0, {0}};
    }
    if (element.kind != OP_ELEMENT_END && element.kind != OP_ELEMENT_BAD)
        *bytes = rest;
    return element;
}

bool op_reader_skip(op_str_t *bytes)
{
    op_str_t rest = *bytes;
    if (!s_skip(&rest, 0))
        return false;
    *bytes = rest;
    return true;
}
