#include "base/utf8.h"

/*  The size of a sequence by its first octet; 0 for an octet that begins none. */
static size_t s_size(uint8_t first)
{
    if (first < 0x80)
        return 1;
    if (first < 0xc2)
        return 0;
    if (first < 0xe0)
        return 2;
    if (first < 0xf0)
        return 3;
    return first < 0xf5 ? 4 : 0;
}

bool op_utf8_next(op_str_t text, size_t *at, uint32_t *point)
{
    OP_ASSERT(*at < text.size);
    const uint8_t *octets = (const uint8_t *)text.at + *at;
    size_t size = s_size(octets[0]);
    if (size == 0 || size > text.size - *at)
        return false;
    uint32_t value = size == 1 ? octets[0] : octets[0] & (0xffU >> (size + 1));
    for (size_t i = 1; i < size; i++) {
        if ((octets[i] & 0xc0) != 0x80)
            return false;
        value = value << 6 | (octets[i] & 0x3f);
    }
    /* Overlong forms of two octets are gone with C0 and C1. */
    if ((size == 3 && value < 0x800) || (size == 4 && (value < 0x10000 || value > 0x10ffff)) ||
        (value >= 0xd800 && value <= 0xdfff))
        return false;
    *at += size;
    *point = value;
    return true;
}

ptrdiff_t op_utf8_count(op_str_t text)
{
    ptrdiff_t count = 0;
    uint32_t point;
    for (size_t at = 0; at < text.size; count++)
        if (!op_utf8_next(text, &at, &point))
            return -1;
    return count;
}

void op_utf8_add(op_buf_t *text, uint32_t point)
{
    if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
        point = OP_UTF8_REPLACEMENT;
    if (point < 0x80) {
        op_buf_add_byte(text, (uint8_t)point);
        return;
    }
    int shift = point < 0x800 ? 6 : point < 0x10000 ? 12 : 18;
    uint32_t mark = point < 0x800 ? 0xc0 : point < 0x10000 ? 0xe0 : 0xf0;
    op_buf_add_byte(text, (uint8_t)(mark | point >> shift));
    while (shift) {
        shift -= 6;
        op_buf_add_byte(text, (uint8_t)(0x80 | (point >> shift & 0x3f)));
    }
}
