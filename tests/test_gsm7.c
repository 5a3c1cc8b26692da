#include "modem/gsm7.h"

#include "base/random.h"
#include "base/utf8.h"
#include "tests/page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/*  The alphabet once more, as text in the order of 6.2.1, without the escape at 1B. */
static const char s_alphabet[] =
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";

static void s_decoded_is(const uint8_t *septets, size_t count, const char *wanted)
{
    op_buf_t text = {0};
    op_gsm7_decode(septets, count, (op_gsm7_shift_t){0}, &text);
    assert_true(op_str_is(op_buf_str(&text), wanted));
    op_buf_free(&text);
}

static void s_base_table(void **state)
{
    (void)state;
    uint8_t septets[128];
    assert_int_equal(op_gsm7_encode(op_str(s_alphabet), septets, sizeof septets), 127);
    for (int i = 0; i < 127; i++)
        assert_int_equal(septets[i], i < OP_GSM7_ESC ? i : i + 1);
    s_decoded_is(septets, 127, s_alphabet);
}

static void s_extension_table(void **state)
{
    (void)state;
    static const uint8_t codes[] = {0x0a, 0x14, 0x28, 0x29, 0x2f, 0x3c, 0x3d, 0x3e, 0x40, 0x65};
    static const char text[] = "\f^{}\\[~]|€";
    uint8_t septets[20];
    assert_int_equal(op_gsm7_encode(op_str(text), septets, sizeof septets), 20);
    for (size_t i = 0; i < sizeof codes; i++) {
        assert_int_equal(septets[2 * i], OP_GSM7_ESC);
        assert_int_equal(septets[2 * i + 1], codes[i]);
    }
    s_decoded_is(septets, 20, text);
    assert_int_equal(op_gsm7_encode(op_str(text), septets, 19), -1);
    assert_int_equal(op_gsm7_encode(op_str(text), NULL, 20), 20);
}

static void s_not_in_the_alphabet(void **state)
{
    (void)state;
    static const char *const table[] = {"ç",  "`",    "ê",    "α",     "😀",
                                        "\t", "\x1b", "\xff", "a\xc3", "“"};
    for (size_t i = 0; i < OP_COUNT(table); i++)
        assert_int_equal(op_gsm7_encode(op_str(table[i]), NULL, 100), -1);
    assert_int_equal(op_gsm7_encode(op_str_of("\0", 1), NULL, 100), -1);
    assert_int_equal(op_gsm7_encode(op_str(""), NULL, 0), 0);
}

static void s_strange_escapes(void **state)
{
    (void)state;
    s_decoded_is((const uint8_t *)"\x1b\x41", 2, "A");      /* unknown: the base table's */
    s_decoded_is((const uint8_t *)"\x1b\x1b\x65", 3, " e"); /* reserved: a space */
    s_decoded_is((const uint8_t *)"a\x1b", 2, "a ");        /* nothing behind it */
    s_decoded_is((const uint8_t *)"\x1b\x00", 2, "@");
    s_decoded_is((const uint8_t *)"\x9b\xe5\xc1", 3, "€A"); /* bit 7 does not count */
}

/*  Behind an escape: the ten of the extension, a space for the second escape, else the base. */
static void s_every_escape(void **state)
{
    (void)state;
    unsigned extended = 0;
    for (uint8_t septet = 0; septet < 128; septet++) {
        uint32_t point = op_gsm7_extension(septet);
        op_buf_t wanted = {0};
        extended += point != 0;
        op_utf8_add(&wanted, point ? point : op_gsm7_base(septet));
        op_buf_add_byte(&wanted, 0);
        s_decoded_is((const uint8_t[]){OP_GSM7_ESC, septet}, 2, wanted.at[0] ? wanted.at : "");
        op_buf_free(&wanted);
    }
    assert_int_equal(extended, 10);
}

static void s_cut(void **state)
{
    (void)state;
    const uint8_t *pair = (const uint8_t *)"ab\x1b\x65z";
    assert_int_equal(op_gsm7_cut(pair, 5, 0), 0);
    assert_int_equal(op_gsm7_cut(pair, 5, 2), 2);
    assert_int_equal(op_gsm7_cut(pair, 5, 3), 2);
    assert_int_equal(op_gsm7_cut(pair, 5, 4), 4);
    assert_int_equal(op_gsm7_cut(pair, 5, 9), 5);
    assert_int_equal(op_gsm7_cut((const uint8_t *)"\x1b\x1b\x1b\x65", 4, 2), 2);
    assert_int_equal(op_gsm7_cut((const uint8_t *)"\x1b\x1b\x1b\x65", 4, 3), 2);
}

static void s_packed_vectors(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *hex;
    } table[] = {
        {"", ""},
        {"1", "31"},
        {"12", "3119"},
        {"hellohello", "e8329bfd4697d9ec37"},
        {"aaaaaaa", "e170381c0e8701"}, /* 49 bits: seven spare ones, zero */
        {"aaaaaaaa", "e170381c0e87c3"},
        {"€", "9b32"},
    };
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        uint8_t septets[16], octets[16];
        char hex[33];
        ptrdiff_t count = op_gsm7_encode(op_str(table[i].text), septets, sizeof septets);
        assert_true(count >= 0);
        op_hex(octets, op_gsm7_pack(septets, (size_t)count, 0, octets), hex);
        assert_string_equal(hex, table[i].hex);
    }
}

/*  Packing is "septet i has bit j at position fill + 7 i + j": checked bit by bit, for every
    fill. */
static void s_packing_by_bits(void **state)
{
    (void)state;
    uint8_t seed[OP_ENTROPY_SIZE] = {7};
    op_random_t random;
    op_random_seed(&random, seed);
    for (unsigned round = 0; round < 2000; round++) {
        unsigned fill = round % 7;
        size_t count = op_random_below(&random, 162);
        uint8_t septets[162], back[162];
        op_random_bytes(&random, septets, sizeof septets);
        size_t size = op_gsm7_packed_size(count, fill);
        assert_int_equal(size, (fill + 7 * count + 7) / 8);
        uint8_t *octets = malloc(size + 1);
        assert_non_null(octets);
        octets[size] = 0xee;
        assert_int_equal(op_gsm7_pack(septets, count, fill, octets), size);
        assert_int_equal(octets[size], 0xee);
        for (size_t bit = 0; bit < size * 8; bit++) {
            size_t in = bit < fill ? SIZE_MAX : (bit - fill) / 7;
            int wanted = in < count ? septets[in] >> ((bit - fill) % 7) & 1 : 0;
            assert_int_equal(octets[bit / 8] >> bit % 8 & 1, wanted);
        }
        uint8_t *exact = page_new(octets, size);
        assert_int_equal(op_gsm7_unpack(exact, size, fill, back, count), count);
        page_free(exact, size);
        for (size_t i = 0; i < count; i++)
            assert_int_equal(back[i], septets[i] & 0x7f);
        free(octets);
    }
}

static void s_unpack_stops_at_the_end(void **state)
{
    (void)state;
    for (size_t size = 0; size < 20; size++) {
        for (unsigned fill = 0; fill < 7; fill++) {
            static const uint8_t zeros[20];
            uint8_t *octets = page_new(zeros, size);
            uint8_t septets[32];
            size_t there = size ? (size * 8 - fill) / 7 : 0;
            assert_int_equal(op_gsm7_unpack(octets, size, fill, septets, 32), there);
            page_free(octets, size);
        }
    }
}

static void s_every_point(void **state)
{
    (void)state;
    unsigned known = 0;
    for (uint32_t point = 0; point < 0x20000; point++) {
        uint8_t septets[2];
        int count = op_gsm7_from_point(point, septets);
        if (count == 0)
            continue;
        known++;
        op_buf_t wanted = {0};
        op_buf_t text = {0};
        op_utf8_add(&wanted, point);
        op_gsm7_decode(septets, (size_t)count, (op_gsm7_shift_t){0}, &text);
        assert_true(op_str_equal(op_buf_str(&text), op_buf_str(&wanted)));
        op_buf_free(&wanted);
        op_buf_free(&text);
    }
    assert_int_equal(known, 127 + 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(s_base_table),
        cmocka_unit_test(s_extension_table),
        cmocka_unit_test(s_not_in_the_alphabet),
        cmocka_unit_test(s_strange_escapes),
        cmocka_unit_test(s_every_escape),
        cmocka_unit_test(s_cut),
        cmocka_unit_test(s_packed_vectors),
        cmocka_unit_test(s_packing_by_bits),
        cmocka_unit_test(s_unpack_stops_at_the_end),
        cmocka_unit_test(s_every_point),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
