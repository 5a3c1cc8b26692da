#include "modem/sms.h"

#include "base/random.h"
#include "base/utf8.h"
#include "modem/gsm7.h"
#include "modem/pdu.h"
#include "tests/page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void s_repeat(op_buf_t *text, const char *what, size_t times)
{
    for (size_t i = 0; i < times; i++)
        op_buf_add_str(text, op_str(what));
}

/*  The parts' own text, each decoded alone, is the body again: so no pair was cut. */
static void s_check_parts(op_str_t body, const op_sms_parts_t *parts)
{
    op_sms_piece_t pieces[OP_SMS_PARTS_MAX];
    op_buf_t alone = {0};
    op_buf_t together = {0};
    for (size_t i = 0; i < parts->count; i++) {
        const op_user_data_t *part = &parts->at[i];
        size_t limit = part->alphabet == OP_ALPHABET_GSM7 ? 160 : 140;
        size_t each = part->alphabet == OP_ALPHABET_GSM7 ? 153 : 134;
        assert_true(part->count <= (parts->count > 1 ? each : limit));
        assert_int_equal(op_dcs_read(part->dcs).alphabet, part->alphabet);
        assert_int_equal(part->header_size, parts->count > 1 ? 6 : 0);
        assert_int_equal(part->concat.present, parts->count > 1);
        if (parts->count > 1) {
            assert_true(part->count > 0);
            assert_int_equal(part->concat.total, parts->count);
            assert_int_equal(part->concat.sequence, i + 1);
        }
        pieces[i] = op_sms_piece(part);
        assert_int_equal(op_sms_join(&pieces[i], 1, &alone), OP_SMS_OK);
    }
    assert_int_equal(op_sms_join(pieces, parts->count, &together), OP_SMS_OK);
    assert_true(op_str_equal(op_buf_str(&alone), body));
    assert_true(op_str_equal(op_buf_str(&together), body));
    op_buf_free(&alone);
    op_buf_free(&together);
}

static void s_limits(void **state)
{
    (void)state;
    static const struct {
        const char *before, *what;
        size_t times;
        const char *behind;
        op_alphabet_t alphabet;
        size_t parts, first, last; /* units of the first and the last part */
    } table[] = {
        {"", "a", 0, "", OP_ALPHABET_GSM7, 1, 0, 0},
        {"", "a", 1, "", OP_ALPHABET_GSM7, 1, 1, 1},
        {"", "a", 160, "", OP_ALPHABET_GSM7, 1, 160, 160},
        {"", "a", 161, "", OP_ALPHABET_GSM7, 2, 153, 8},
        {"", "a", 306, "", OP_ALPHABET_GSM7, 2, 153, 153},
        {"", "a", 307, "", OP_ALPHABET_GSM7, 3, 153, 1},
        {"", "a", 1600, "", OP_ALPHABET_GSM7, 11, 153, 70},
        {"", "€", 80, "", OP_ALPHABET_GSM7, 1, 160, 160},
        {"", "€", 81, "", OP_ALPHABET_GSM7, 2, 152, 10},
        {"", "€", 800, "", OP_ALPHABET_GSM7, 11, 152, 80},
        {"a", "€", 80, "", OP_ALPHABET_GSM7, 2, 153, 8},
        {"", "a", 152, "€bbbbbbbbbbbbbbbbbbbb", OP_ALPHABET_GSM7, 2, 152, 22},
        {"", "a", 151, "€bbbbbbbbbbbbbbbbbbbb", OP_ALPHABET_GSM7, 2, 153, 20},
        {"", "т", 70, "", OP_ALPHABET_UCS2, 1, 140, 140},
        {"", "т", 71, "", OP_ALPHABET_UCS2, 2, 134, 8},
        {"", "т", 1600, "", OP_ALPHABET_UCS2, 24, 134, 118},
        {"", "😀", 35, "", OP_ALPHABET_UCS2, 1, 140, 140},
        {"", "😀", 36, "", OP_ALPHABET_UCS2, 2, 132, 12},
        {"x", "😀", 36, "", OP_ALPHABET_UCS2, 2, 134, 12},
        {"", "a", 66, "😀bbbbbbbbbbbbbbbbbbbb", OP_ALPHABET_UCS2, 2, 132, 44},
        {"", "a", 65, "😀bbbbbbbbbbbbbbbbbbbb", OP_ALPHABET_UCS2, 2, 134, 40},
        {"", "a", 39015, "", OP_ALPHABET_GSM7, 255, 153, 153},
        {"", "a", 39016, "", OP_ALPHABET_GSM7, 0, 0, 0},
        {"", "€", 19380, "", OP_ALPHABET_GSM7, 255, 152, 152},
        {"", "€", 19381, "", OP_ALPHABET_GSM7, 0, 0, 0},
        {"", "ж", 17085, "", OP_ALPHABET_UCS2, 255, 134, 134},
        {"", "ж", 17086, "", OP_ALPHABET_UCS2, 0, 0, 0},
        {"", "😀", 8415, "", OP_ALPHABET_UCS2, 255, 132, 132},
        {"", "😀", 8416, "", OP_ALPHABET_UCS2, 0, 0, 0},
        {"", "a", 100000, "", OP_ALPHABET_GSM7, 0, 0, 0},
    };
    op_arena_t arena = {0};
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        op_buf_t body = {0};
        op_sms_parts_t parts;
        op_buf_add_str(&body, op_str(table[i].before));
        s_repeat(&body, table[i].what, table[i].times);
        op_buf_add_str(&body, op_str(table[i].behind));
        op_sms_result_t result = op_sms_split(op_buf_str(&body), 0x42, &arena, &parts);
        assert_int_equal(result, table[i].parts ? OP_SMS_OK : OP_SMS_TOO_LONG);
        assert_int_equal(op_sms_count(op_buf_str(&body), false), table[i].parts);
        if (result == OP_SMS_OK) {
            assert_int_equal(parts.count, table[i].parts);
            assert_int_equal(parts.at[0].alphabet, table[i].alphabet);
            assert_int_equal(parts.at[0].count, table[i].first);
            assert_int_equal(parts.at[parts.count - 1].count, table[i].last);
            if (parts.count > 1)
                assert_int_equal(parts.at[0].concat.reference, 0x42);
            s_check_parts(op_buf_str(&body), &parts);
        }
        op_buf_free(&body);
        op_arena_clear(&arena);
    }
    op_arena_free(&arena);
}

static void s_not_utf8(void **state)
{
    (void)state;
    op_arena_t arena = {0};
    op_sms_parts_t parts;
    assert_int_equal(op_sms_split(op_str("a\xc3"), 0, &arena, &parts), OP_SMS_BAD_UTF8);
    assert_int_equal(op_sms_split(op_str("\xed\xa0\x80"), 0, &arena, &parts), OP_SMS_BAD_UTF8);
    assert_int_equal(op_sms_count(op_str("\xff"), false), 0);
    op_arena_free(&arena);
}

/*  Code points as texts have them, and such as they rarely do. */
static uint32_t s_random_point(op_random_t *random, uint32_t kind)
{
    switch (op_random_below(random, kind)) {
    case 0:
        return 0x20 + op_random_below(random, 0x5f);
    case 1:
        return 0x20ac;
    case 2:
        return 0x400 + op_random_below(random, 0x100);
    case 3:
        return 0x1f600 + op_random_below(random, 0x50);
    default:
        return op_random_below(random, 0x110000);
    }
}

/*  Body to parts to lines of a SUBMIT each, and back from these lines alone. */
static void s_round_trip(void **state)
{
    (void)state;
    op_random_t random;
    uint8_t seed[OP_ENTROPY_SIZE] = {4};
    op_arena_t arena = {0};
    op_random_seed(&random, seed);
    for (int round = 0; round < 1500; round++) {
        op_buf_t body = {0};
        op_sms_parts_t parts;
        uint32_t kind = 1 + op_random_below(&random, 5);
        for (uint32_t n = op_random_below(&random, round % 10 ? 200 : 1601); n; n--)
            op_utf8_add(&body, s_random_point(&random, kind));
        uint8_t reference = (uint8_t)op_random_below(&random, 256);
        assert_int_equal(op_sms_split(op_buf_str(&body), reference, &arena, &parts), OP_SMS_OK);
        assert_int_equal(op_sms_count(op_buf_str(&body), false), parts.count);
        s_check_parts(op_buf_str(&body), &parts);

        op_pdu_t *pdus = op_arena_alloc(&arena, parts.count * sizeof *pdus);
        op_sms_piece_t *pieces = op_arena_alloc(&arena, parts.count * sizeof *pieces);
        op_buf_t line = {0};
        op_buf_t text = {0};
        for (size_t i = 0; i < parts.count; i++) {
            op_pdu_t pdu = {.kind = OP_PDU_SUBMIT, .user = parts.at[i]};
            assert_int_equal(op_address_from(OP_STR("+12025550143"), &pdu.peer), 0);
            op_buf_clear(&line);
            assert_int_equal(op_pdu_encode(&pdu, &line), OP_PDU_OK);
            assert_int_equal(line.size, 2 * pdu.size + 2);
            assert_int_equal(op_pdu_decode(op_buf_str(&line), &pdus[i]), OP_PDU_OK);
            if (parts.count > 1)
                assert_int_equal(pdus[i].user.concat.reference, reference);
            pieces[i] = op_sms_piece(&pdus[i].user);
        }
        assert_int_equal(op_sms_join(pieces, parts.count, &text), OP_SMS_OK);
        assert_true(op_str_equal(op_buf_str(&text), op_buf_str(&body)));
        op_buf_free(&line);
        op_buf_free(&text);
        op_buf_free(&body);
        op_arena_clear(&arena);
    }
    op_arena_free(&arena);
}

#define PIECE(alphabet, units)                                                                     \
    {                                                                                              \
        OP_ALPHABET_##alphabet, {0}, (const uint8_t *)(units), sizeof(units) - 1                   \
    }

static void s_joins(void **state)
{
    (void)state;
    static const struct {
        op_sms_piece_t pieces[3];
        size_t count;
        const char *text; /* NULL: not text */
    } table[] = {
        {{{0}}, 0, ""},
        {{PIECE(GSM7, "a\x1b"), PIECE(GSM7, "\x65z")}, 2, "a€z"}, /* an escape pair, cut */
        {{PIECE(UCS2, "\0a\xd8\x3d"), PIECE(UCS2, "\xde\0\0b")}, 2, "a😀b"}, /* surrogates, cut */
        {{PIECE(UCS2, "\xd8\x3d")}, 1, "�"},
        {{PIECE(UCS2, "\xde\0\0b")}, 1, "�b"},
        {{PIECE(UCS2, "\xd8\x3d\xd8\x3d\xde\0")}, 1, "�😀"},
        {{PIECE(UCS2, "\xd8\x3d\0a")}, 1, "�a"},
        {{PIECE(UCS2, "\0a\0")}, 1, "a"},
        {{PIECE(UCS2, "\0")}, 1, ""},
        {{PIECE(UCS2, "\0a\0"), PIECE(UCS2, "\0b")}, 2, "ab"},
        {{PIECE(GSM7, "a"), PIECE(UCS2, "\x04\x42"), PIECE(GSM7, "b")}, 3, "aтb"},
        {{PIECE(GSM7, "a\x1b"), PIECE(UCS2, "\0b")}, 2, "a b"},
        {{PIECE(UCS2, "\xd8\x3d"), PIECE(GSM7, "b"), PIECE(UCS2, "\xde\0")}, 3, "�b�"},
        {{PIECE(8BIT, "ab")}, 1, NULL},
        {{PIECE(GSM7, "a"), PIECE(8BIT, "b")}, 2, NULL},
        {{PIECE(GSM7, ""), PIECE(GSM7, "")}, 2, ""},
    };
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        op_buf_t text = {0};
        op_sms_result_t result = op_sms_join(table[i].pieces, table[i].count, &text);
        assert_int_equal(result, table[i].text ? OP_SMS_OK : OP_SMS_NOT_TEXT);
        assert_true(op_str_is(op_buf_str(&text), table[i].text ? table[i].text : ""));
        op_buf_free(&text);
    }
}

/*  Each part has tables of its own; an escape is not joined over a change of them. */
static void s_joins_nations(void **state)
{
    (void)state;
    const uint8_t *units = (const uint8_t *)"\x07\x1b\x67\x1b";
    const op_sms_piece_t pieces[] = {{OP_ALPHABET_GSM7, {1, 1}, units, 4},
                                     {OP_ALPHABET_GSM7, {1, 1}, units + 2, 2},
                                     {OP_ALPHABET_GSM7, {0, 1}, units, 2},
                                     {OP_ALPHABET_GSM7, {0, 0}, units, 3}};
    op_buf_t text = {0};
    assert_int_equal(op_sms_join(pieces, 4, &text), OP_SMS_OK);
    assert_true(op_str_is(op_buf_str(&text), "ığğ ì ìg"));
    op_buf_free(&text);
}

/*  With a 16-bit reference a part has one septet, or one UCS-2 unit, less. */
static void s_wide(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        size_t times, parts, first;
    } table[] = {
        {"a", 160, 1, 160},     {"a", 161, 2, 152}, {"a", 305, 3, 152}, {"a", 38760, 255, 152},
        {"a", 38761, 0, 0},     {"€", 81, 2, 152},  {"т", 70, 1, 140},  {"т", 71, 2, 132},
        {"т", 16830, 255, 132}, {"т", 16831, 0, 0}, {"😀", 36, 2, 132},
    };
    op_arena_t arena = {0};
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        op_buf_t body = {0}, text = {0};
        op_sms_parts_t parts = {0};
        op_sms_piece_t pieces[OP_SMS_PARTS_MAX];
        s_repeat(&body, table[i].what, table[i].times);
        op_sms_result_t result = op_sms_split_wide(op_buf_str(&body), 0xbeef, &arena, &parts);
        assert_int_equal(result, table[i].parts ? OP_SMS_OK : OP_SMS_TOO_LONG);
        assert_int_equal(parts.count, table[i].parts);
        assert_int_equal(op_sms_count(op_buf_str(&body), true), table[i].parts);
        for (size_t part = 0; part < parts.count; part++) {
            const op_user_data_t *user = &parts.at[part];
            uint8_t octets[1 + OP_USER_DATA_OCTETS];
            assert_true(op_user_data_write(user, octets) > 0);
            assert_int_equal(user->header_size, parts.count > 1 ? 7 : 0);
            if (parts.count > 1)
                assert_true(user->concat.wide && user->concat.reference == 0xbeef);
            pieces[part] = op_sms_piece(user);
        }
        if (parts.count) {
            assert_int_equal(parts.at[0].count, table[i].first);
            assert_int_equal(op_sms_join(pieces, parts.count, &text), OP_SMS_OK);
            assert_true(op_str_equal(op_buf_str(&text), op_buf_str(&body)));
        }
        op_buf_free(&body);
        op_buf_free(&text);
        op_arena_clear(&arena);
    }
    op_arena_free(&arena);
}

/*  Whatever comes in, what goes out is UTF-8. Units lie at the end of a page. */
static void s_joins_anything(void **state)
{
    (void)state;
    op_random_t random;
    uint8_t seed[OP_ENTROPY_SIZE] = {5};
    op_random_seed(&random, seed);
    for (int round = 0; round < 3000; round++) {
        op_sms_piece_t pieces[4];
        uint8_t *units[4];
        op_buf_t text = {0};
        size_t count = op_random_below(&random, 5);
        for (size_t i = 0; i < count; i++) {
            size_t size = op_random_below(&random, 20);
            uint8_t octets[20];
            op_random_bytes(&random, octets, size);
            units[i] = page_new(octets, size);
            for (size_t at = 0; at < size; at += 2)
                if (units[i][at] & 1) /* many surrogates */
                    units[i][at] = 0xd8 | (units[i][at] & 7);
            op_alphabet_t alphabet =
                op_random_below(&random, 3) ? OP_ALPHABET_UCS2 : OP_ALPHABET_GSM7;
            pieces[i] = (op_sms_piece_t){alphabet, {0}, units[i], size};
        }
        assert_int_equal(op_sms_join(pieces, count, &text), OP_SMS_OK);
        assert_true(op_utf8_count(op_buf_str(&text)) >= 0);
        for (size_t i = 0; i < count; i++)
            page_free(units[i], pieces[i].count);
        op_buf_free(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(s_limits),         cmocka_unit_test(s_not_utf8),
        cmocka_unit_test(s_round_trip),     cmocka_unit_test(s_joins),
        cmocka_unit_test(s_joins_anything), cmocka_unit_test(s_joins_nations),
        cmocka_unit_test(s_wide),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
