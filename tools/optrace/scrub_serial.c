#include "tools/optrace/scrub.h"

#include "base/limits.h"
#include "modem/pdu.h"

#include <string.h>

enum { S_PDU_LEAST = 20, S_DIGITS_LEAST = 7 };

static bool s_is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
}

static bool s_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/*  ---- Short messages ---- */

static void s_scrub_septets(uint8_t *units, size_t count, op_random_t *random)
{
    for (size_t i = 0; i < count; i++) {
        uint8_t one = units[i];
        if (one == 0x1b) /* TS 23.038 6.2.1.1: it and what follows are one character */
            i++;
        else if (one >= '0' && one <= '9')
            units[i] = (uint8_t)('0' + op_random_below(random, 10));
        else if (one >= 'A' && one <= 'Z')
            units[i] = (uint8_t)('A' + op_random_below(random, 26));
        else if (one >= 'a' && one <= 'z')
            units[i] = (uint8_t)('a' + op_random_below(random, 26));
        else if ((one >= 4 && one <= 8) || one >= 0x7b) /* accented letters */
            units[i] = (uint8_t)(4 + op_random_below(random, 5));
    }
}

static void s_scrub_ucs2(uint8_t *units, size_t count, op_random_t *random)
{
    for (size_t i = 0; i + 1 < count; i += 2) {
        unsigned one = (unsigned)units[i] << 8 | units[i + 1];
        if (one >= '0' && one <= '9')
            one = '0' + op_random_below(random, 10);
        else if (one >= 'A' && one <= 'Z')
            one = 'A' + op_random_below(random, 26);
        else if (one >= 'a' && one <= 'z')
            one = 'a' + op_random_below(random, 26);
        else if (one >= 0xd800 && one < 0xdc00)
            one = 0xd83d;
        else if (one >= 0xdc00 && one < 0xe000)
            one = 0xde00 + op_random_below(random, 64);
        else if (one >= 0x80)
            one = 0x430 + op_random_below(random, 32);
        units[i] = (uint8_t)(one >> 8);
        units[i + 1] = (uint8_t)one;
    }
}

static void s_scrub_address(const op_pseudonym_t *names, op_address_t *address)
{
    op_arena_t arena = {0};
    op_str_t other = op_pseudonym_peer(names, op_str(address->text), &arena);
    op_str_copy(other, address->text, sizeof address->text);
    op_arena_free(&arena);
}

static void s_scrub_hex(const op_pseudonym_t *names, op_str_t hex, char *to)
{
    op_random_t random = op_pseudonym_stream(names, hex);
    for (size_t i = 0; i < hex.size; i++)
        to[i] = "0123456789ABCDEF"[op_random_below(&random, 16)];
}

static bool s_scrub_message(const op_pseudonym_t *names, op_str_t hex, char *to)
{
    op_pdu_t pdu;
    op_buf_t out = {0};
    bool lower = false;
    for (size_t i = 0; i < hex.size; i++)
        lower |= hex.at[i] >= 'a';
    /* Only what comes out again as it went in can be changed and keep its form. There may be more
       behind it, which nobody reads. */
    bool good = op_pdu_decode(hex, &pdu) == OP_PDU_OK && op_pdu_encode(&pdu, &out) == OP_PDU_OK &&
                out.size <= hex.size;
    size_t size = out.size;
    for (size_t i = 0; good && i < size; i++)
        good = (out.at[i] | 0x20) == (hex.at[i] | 0x20);
    if (good) {
        op_user_data_t *user = &pdu.user;
        op_random_t random = op_pseudonym_stream(names, op_str_of(user->units, user->count));
        s_scrub_address(names, &pdu.peer);
        s_scrub_address(names, &pdu.smsc);
        if (user->alphabet == OP_ALPHABET_GSM7)
            s_scrub_septets(user->units, user->count, &random);
        else if (user->alphabet == OP_ALPHABET_UCS2)
            s_scrub_ucs2(user->units, user->count, &random);
        else
            op_random_bytes(&random, user->units, user->count);
        op_buf_clear(&out);
        good = op_pdu_encode(&pdu, &out) == OP_PDU_OK && out.size == size;
    }
    for (size_t i = 0; good && i < size; i++)
        to[i] = lower && out.at[i] >= 'A' ? (char)(out.at[i] | 0x20) : out.at[i];
    if (good)
        s_scrub_hex(names, op_str_of(hex.at + size, hex.size - size), to + size);
    op_buf_free(&out);
    return good;
}

op_str_t op_scrub_pdu(const op_pseudonym_t *names, op_str_t hex, op_arena_t *arena)
{
    char *to = op_arena_alloc(arena, hex.size + 1);
    if (!s_scrub_message(names, hex, to))
        s_scrub_hex(names, hex, to);
    return op_str_of(to, hex.size);
}

/*  ---- Streams ---- */

static void s_scrub_run(const op_pseudonym_t *names, char *run, size_t size, bool plus,
                        op_arena_t *arena)
{
    bool digits = true;
    for (size_t i = 0; i < size; i++)
        digits &= s_is_digit(run[i]);
    op_str_t other = op_str_of(run, size);
    if (plus && digits && size >= S_DIGITS_LEAST && size <= OP_PHONE_MAX - 1) {
        other = op_pseudonym_peer(names, op_str_of(run - 1, size + 1), arena);
        other = op_str_of(other.at + 1, size);
    } else if (size >= S_PDU_LEAST && (!digits || size > 22))
        other = op_scrub_pdu(names, other, arena);
    else if (digits && size >= S_DIGITS_LEAST)
        other = op_pseudonym_words(names, other, arena);
    memcpy(run, other.at, size);
}

/*  A PIN on its way to the SIM becomes what it has become in the setup. */
static void s_scrub_pins(const op_pseudonym_t *names, char *stream, size_t size, op_arena_t *arena)
{
    static const char command[] = "AT+CPIN=\"";
    enum { NAME = sizeof command - 1 };
    for (size_t at = 0; at + NAME < size; at++) {
        if (memcmp(stream + at, command, NAME) != 0)
            continue;
        size_t end = at + NAME;
        while (end < size && stream[end] != '"')
            end++;
        op_str_t pin = op_str_of(stream + at + NAME, end - at - NAME);
        op_str_t other = op_pseudonym_secret(names, pin, arena);
        if (other.size == pin.size)
            memcpy(stream + at + NAME, other.at, pin.size);
    }
}

void op_scrub_serial(const op_pseudonym_t *names, char *stream, size_t size)
{
    op_arena_t arena = {0};
    s_scrub_pins(names, stream, size, &arena);
    for (size_t at = 0; at < size;) {
        size_t end = at;
        while (end < size && s_is_hex(stream[end]))
            end++;
        if (end > at) {
            s_scrub_run(names, stream + at, end - at, at && stream[at - 1] == '+', &arena);
            op_arena_clear(&arena);
        }
        at = end > at ? end : at + 1;
    }
    op_arena_free(&arena);
}
