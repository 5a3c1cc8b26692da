#include "base/id.h"

#include <string.h>

enum { OP_ID_COUNTER_MAX = 0xfff };

op_id_t op_id_next(op_id_clock_t *clock, int64_t now_ms, op_random_t *random)
{
    /* RFC 9562 6.2, method 1: a counter within the millisecond; a full counter borrows the next
       millisecond, and a clock that went back is ignored until it has caught up. */
    if (now_ms > clock->last_ms) {
        clock->last_ms = now_ms;
        clock->counter = 0;
    } else if (clock->counter == OP_ID_COUNTER_MAX) {
        clock->last_ms++;
        clock->counter = 0;
    } else
        clock->counter++;

    op_id_t id;
    op_random_bytes(random, id.bytes, sizeof id.bytes);
    uint64_t ms = (uint64_t)clock->last_ms;
    for (int i = 0; i < 6; i++)
        id.bytes[i] = (uint8_t)(ms >> (40 - 8 * i));
    id.bytes[6] = (uint8_t)(0x70 | clock->counter >> 8);
    id.bytes[7] = (uint8_t)clock->counter;
    id.bytes[8] = (uint8_t)(0x80 | (id.bytes[8] & 0x3f));
    return id;
}

bool op_id_is_none(op_id_t id)
{
    static const op_id_t none;
    return memcmp(&id, &none, sizeof id) == 0;
}

bool op_id_equal(op_id_t a, op_id_t b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

int64_t op_id_ms(op_id_t id)
{
    uint64_t ms = 0;
    for (int i = 0; i < 6; i++)
        ms = ms << 8 | id.bytes[i];
    return (int64_t)ms;
}

/*  Bytes before each of the dashes of 8-4-4-4-12. */
static bool s_dash_before(size_t byte)
{
    return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

void op_id_print(op_id_t id, char text[OP_ID_TEXT + 1])
{
    char *at = text;
    for (size_t i = 0; i < sizeof id.bytes; i++) {
        if (s_dash_before(i))
            *at++ = '-';
        op_hex(&id.bytes[i], 1, at);
        at += 2;
    }
}

bool op_id_parse(op_str_t text, op_id_t *id)
{
    op_id_t parsed;
    if (text.size != OP_ID_TEXT)
        return false;
    const char *at = text.at;
    for (size_t i = 0; i < sizeof parsed.bytes; i++) {
        if (s_dash_before(i) && *at++ != '-')
            return false;
        if (op_unhex(op_str_of(at, 2), &parsed.bytes[i], 1) != 1)
            return false;
        at += 2;
    }
    *id = parsed;
    return true;
}
