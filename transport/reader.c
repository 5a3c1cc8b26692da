#include "transport/reader.h"

/*  Big-endian integers. */
static uint64_t s_u16(const uint8_t *at)
{
    return (uint64_t)at[0] << 8 | at[1];
}

static uint64_t s_u32(const uint8_t *at)
{
    return s_u16(at) << 16 | s_u16(at + 2);
}

static uint64_t s_number(const uint8_t *at, unsigned size)
{
    switch (size) {
    case 1:
        return at[0];
    case 2:
        return s_u16(at);
    case 4:
        return s_u32(at);
    default:
        return s_u32(at) << 32 | s_u32(at + 4);
    }
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
    uint8_t class;  /* s_class_t */
    uint8_t follow; /* 0, 1, 2, 4 or 8 */
    uint8_t value;
} s_head_t;

static inline s_head_t s_head(uint8_t c)
{
    if (c < 0x80)
        return (s_head_t){S_VALUE, 0, c};
    if (c < 0x90)
        return (s_head_t){S_MAP, 0, c & 0x0f};
    if (c < 0xa0)
        return (s_head_t){S_ARRAY, 0, c & 0x0f};
    if (c < 0xc0)
        return (s_head_t){S_STR, 0, c & 0x1f};
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

/*  Takes the head; a map's count is doubled into elements. */
static void s_take(op_str_t *bytes, op_element_t *element)
{
    element->kind = OP_ELEMENT_END;
    element->number = 0;
    element->bytes.at = NULL;
    element->bytes.size = 0;
    if (bytes->size == 0)
        return;
    const uint8_t *at = (const uint8_t *)bytes->at;
    s_head_t head = s_head(at[0]);
    if (bytes->size - 1 < head.follow)
        return;
    uint64_t value = head.follow ? s_number(at + 1, head.follow) : head.value;
    const char *behind = bytes->at + 1 + head.follow;
    size_t left = bytes->size - 1 - head.follow;

    switch ((s_class_t)head.class) {
    case S_NIL:
        element->kind = OP_ELEMENT_NIL;
        break;
    case S_BOOL:
        element->kind = OP_ELEMENT_BOOL;
        break;
    case S_VALUE:
        element->kind = OP_ELEMENT_U64;
        break;
    case S_SIGNED: /* a signed form of a value that is not negative is still that value */
        element->kind = value >> (8 * head.follow - 1) ? OP_ELEMENT_OTHER : OP_ELEMENT_U64;
        break;
    case S_SKIP:
        element->kind = OP_ELEMENT_OTHER;
        break;
    case S_STR:
    case S_BIN:
        if (value > left)
            return;
        element->kind = head.class == S_STR ? OP_ELEMENT_STR : OP_ELEMENT_BIN;
        element->bytes.at = behind;
        element->bytes.size = (size_t)value;
        behind += value;
        left -= (size_t)value;
        break;
    case S_ARRAY:
    case S_MAP:
        if (head.class == S_MAP)
            value *= 2;
        if (value > left) /* every element takes at least one octet */
            return;
        element->kind = head.class == S_ARRAY ? OP_ELEMENT_ARRAY : OP_ELEMENT_OTHER;
        break;
    case S_BAD:
        element->kind = OP_ELEMENT_BAD;
        return;
    }
    element->number = value;
    bytes->at = behind;
    bytes->size = left;
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
    op_element_t element;
    s_take(bytes, &element);
    if (element.kind == OP_ELEMENT_END || element.kind == OP_ELEMENT_BAD)
        return false;
    if (element.kind == OP_ELEMENT_ARRAY || map)
        for (uint64_t i = 0; i < element.number; i++)
            if (!s_skip(bytes, depth + 1))
                return false;
    return true;
}

void op_reader_next_long(op_str_t *bytes, op_element_t *element)
{
    op_str_t rest = *bytes;
    s_take(&rest, element);
    if (element->kind == OP_ELEMENT_OTHER) {
        rest = *bytes;
        if (!s_skip(&rest, 0))
            element->kind = OP_ELEMENT_BAD;
    }
    if (element->kind != OP_ELEMENT_END && element->kind != OP_ELEMENT_BAD)
        *bytes = rest;
}

bool op_reader_skip(op_str_t *bytes)
{
    op_str_t rest = *bytes;
    if (!s_skip(&rest, 0))
        return false;
    *bytes = rest;
    return true;
}
