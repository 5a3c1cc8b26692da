#include "modem/pdu_field.h"

#include "base/instant.h"
#include "base/random.h"
#include "tests/page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void s_addresses(void **state)
{
    (void)state;
    static const struct {
        uint8_t type;
        const char *text;
        const char *peer; /* in a TPDU */
        const char *smsc; /* in front of one */
    } table[] = {
        {0x91, "+12025550143", "0b912120550541f3", "07912120550541f3"},
        {0x91, "+4915112345678", "0d91945111325476f8", "0891945111325476f8"},
        {0x81, "24680", "05814286f0", "04814286f0"},
        {0x81, "*#abc1", "0681badc1e", "0481badc1e"},
        {0xa1, "2025550143", "0aa10252551034", "06a10252551034"},
        {0xd0, "hello", "09d0e8329bfd06", "06d0e8329bfd06"},
        {0xd0, "ABCDEFG", "0dd041e19058341e01", "08d041e19058341e01"},
        {0x91, "+12345678901234567890", "149121436587092143658709", "0b9121436587092143658709"},
    };
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        for (int smsc = 0; smsc < 2; smsc++) {
            const char *wanted = smsc ? table[i].smsc : table[i].peer;
            op_address_t address = {.type = table[i].type}, back;
            uint8_t octets[OP_ADDRESS_OCTETS];
            char hex[2 * OP_ADDRESS_OCTETS + 1];
            assert_true(op_str_copy(op_str(table[i].text), address.text, sizeof address.text));
            int size = op_address_write(&address, smsc, octets);
            assert_true(size > 0);
            op_hex(octets, (size_t)size, hex);
            assert_string_equal(hex, wanted);
            for (size_t cut = 0; cut < (size_t)size; cut++) {
                uint8_t *exact = page_new(octets, cut);
                assert_int_equal(op_address_read(exact, cut, smsc, &back), 0);
                page_free(exact, cut);
            }
            uint8_t *exact = page_new(octets, (size_t)size);
            assert_int_equal(op_address_read(exact, (size_t)size, smsc, &back), size);
            page_free(exact, (size_t)size);
            assert_int_equal(back.type, address.type);
            assert_string_equal(back.text, table[i].text);
        }
    }
}

static void s_addresses_read_only(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        bool smsc;
        int result;
        const char *text;
    } table[] = {
        {"00", true, 1, ""},    /* the default service centre */
        {"0191", true, 2, ""},  /* a type alone */
        {"0081", false, 2, ""}, /* no digits */
        {"0091", false, 2, ""}, /* no digits: no "+" either */
        {"158121436587092143658709f1", false, -1, ""},
        {"0c912143658709214365870921", true, -1, ""},
        {"ffffffffffff", true, -1, ""}, /* an empty record of a SIM */
        {"bf91214365", false, -1, ""},
        {"0491f143", false, 4, "+1"}, /* a filler ends the digits */
        {"0891214365f7", false, 6, "+1234567"},
        {"08d0d4f29c0e", false, 6, "Test"}, /* 8 semi-octets where 7 were due */
        {"02c14365", false, 3, "34"},       /* reserved types are plain digits */
    };
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        uint8_t octets[32];
        op_address_t address;
        int size = op_unhex(op_str(table[i].hex), octets, sizeof octets);
        assert_true(size > 0);
        assert_int_equal(op_address_read(octets, (size_t)size, table[i].smsc, &address),
                         table[i].result);
        if (table[i].result > 0)
            assert_string_equal(address.text, table[i].text);
    }
}

static void s_addresses_from_text(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int type; /* -1: refused */
    } table[] = {
        {"+12025550143", 0x91},
        {"24680", 0x81},
        {"*100#", 0x81},
        {"OP", 0xd0},
        {"Café 24", 0xd0},
        {"ABCDEFGHIJK", 0xd0},
        {"ABCDEFGHIJKL", -1},
        {"", -1},
        {"+", -1},
        {"+12a", -1},
        {"тест", -1},
        {"€€€€€", 0xd0},
        {"€€€€€€", -1},
        {"123456789012345678901", -1},
        {"+123456789012345678901", -1},
        {"ΔΔΔΔΔΔΔΔΔΔΔ", 0xd0},
    };
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        op_address_t address;
        int result = op_address_from(op_str(table[i].text), &address);
        assert_int_equal(result, table[i].type < 0 ? -1 : 0);
        if (result == 0) {
            assert_int_equal(address.type, table[i].type);
            assert_string_equal(address.text, table[i].text);
        }
    }
    op_address_t address = {.type = 0x81, .text = "12x"};
    uint8_t octets[OP_ADDRESS_OCTETS];
    assert_int_equal(op_address_write(&address, false, octets), -1);
    assert_int_equal(op_address_from(op_str_of("1\0002", 3), &address), -1);
}

static void s_stamps(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        const char *text;
        int quarters;
        bool exact; /* written the same way */
    } table[] = {
        {"62500291412500", "2026-05-20T19:14:52Z", 0, true},
        {"62500291412521", "2026-05-20T16:14:52Z", 12, true},  /* GMT+3 */
        {"62500291412529", "2026-05-20T22:14:52Z", -12, true}, /* GMT-3 */
        {"6250029141250a", "2026-05-21T00:14:52Z", -20, true}, /* GMT-5 */
        {"62101000000080", "2025-12-31T22:00:00Z", 8, true},   /* into the year before */
        {"42209232959500", "2024-02-29T23:59:59Z", 0, true},
        {"99211332959500", "1999-12-31T23:59:59Z", 0, true},
        {"09101000000000", "1990-01-01T00:00:00Z", 0, true},
        {"98211332959500", "2089-12-31T23:59:59Z", 0, true},
        {"00000000000000", NULL, 0, true},
        {"ffffffffffffff", NULL, 0, false},
        {"62500291412a00", NULL, 0, false}, /* not decimal */
        {"625002914125ff", NULL, 0, false}, /* nor is the zone */
        {"62310291412500", NULL, 0, false}, /* month 13 */
        {"62201332959500", NULL, 0, false}, /* 31 February */
        {"52209232959500", NULL, 0, false}, /* 29 February 2025 */
        {"62500242412500", NULL, 0, false}, /* hour 24 */
        {"62500291062500", NULL, 0, false}, /* minute 60 */
    };
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        uint8_t octets[OP_STAMP_OCTETS], back[OP_STAMP_OCTETS];
        char text[OP_INSTANT_TEXT + 1];
        assert_int_equal(op_unhex(op_str(table[i].hex), octets, sizeof octets), OP_STAMP_OCTETS);
        op_stamp_t stamp = op_stamp_read(octets);
        assert_int_equal(stamp.quarters, table[i].quarters);
        if (table[i].text) {
            op_instant_print(stamp.instant, text);
            assert_string_equal(text, table[i].text);
        } else {
            assert_int_equal(stamp.instant, 0);
        }
        op_stamp_write(stamp, back);
        if (table[i].exact)
            assert_memory_equal(back, octets, sizeof octets);
    }
}

static void s_stamps_out_of_range(void **state)
{
    (void)state;
    static const op_stamp_t table[] = {
        {INT64_MIN, 0},
        {-1, 0},
        {0, 0},
        {INT64_MAX, 79},
        {INT64_C(631151999999), 0},
        {INT64_C(3786912000000), 0},
        {INT64_C(3786911999999), 1},
        {INT64_C(1700000000000), 80},
    };
    static const uint8_t zeros[OP_STAMP_OCTETS] = {0};
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        uint8_t octets[OP_STAMP_OCTETS];
        op_stamp_write(table[i], octets);
        assert_memory_equal(octets, zeros, sizeof octets);
    }
}

static void s_stamps_round_trip(void **state)
{
    (void)state;
    op_random_t random;
    uint8_t seed[OP_ENTROPY_SIZE] = {1};
    op_random_seed(&random, seed);
    for (int i = 0; i < 5000; i++) {
        op_stamp_t stamp = {.instant = 631300000000, .quarters = 0};
        stamp.instant += (int64_t)op_random_below(&random, 3155000000) * OP_SECOND_MS;
        stamp.quarters = (int8_t)((int)op_random_below(&random, 159) - 79);
        uint8_t octets[OP_STAMP_OCTETS];
        op_stamp_write(stamp, octets);
        op_stamp_t back = op_stamp_read(octets);
        assert_true(back.instant == stamp.instant && back.quarters == stamp.quarters);
    }
}

/*  The formulas of 9.2.3.12.1, met at every value by walking the steps. */
static void s_validities(void **state)
{
    (void)state;
    int64_t ms = 0;
    for (unsigned validity = 0; validity < 256; validity++) {
        if (validity <= 143)
            ms += 5 * OP_MINUTE_MS;
        else if (validity <= 167)
            ms += 30 * OP_MINUTE_MS;
        else if (validity <= 196)
            ms += OP_DAY_MS;
        else
            ms = validity == 197 ? 5 * 7 * OP_DAY_MS : ms + 7 * OP_DAY_MS;
        assert_true(op_validity_ms((uint8_t)validity) == ms);
        assert_int_equal(op_validity_of(ms), validity);
        assert_int_equal(op_validity_of(ms - 1), validity);
        assert_int_equal(op_validity_of(ms + 1), validity < 255 ? validity + 1 : 255);
    }
    assert_true(op_validity_ms(11) == OP_HOUR_MS && op_validity_ms(143) == 12 * OP_HOUR_MS);
    assert_true(op_validity_ms(167) == OP_DAY_MS && op_validity_ms(196) == 30 * OP_DAY_MS);
    assert_true(op_validity_ms(255) == 63 * 7 * OP_DAY_MS);
    assert_int_equal(op_validity_of(INT64_MIN), 0);
    assert_int_equal(op_validity_of(INT64_MAX), 255);
}

/*  Any header, any alphabet, any length: what fits is read back, what does not is refused; and
    every beginning of the octets has an answer. */
static void s_user_data_round_trip(void **state)
{
    (void)state;
    op_random_t random;
    uint8_t seed[OP_ENTROPY_SIZE] = {2};
    op_random_seed(&random, seed);
    for (int round = 0; round < 3000; round++) {
        op_alphabet_t alphabet = (op_alphabet_t)(round % 3);
        bool gsm7 = alphabet == OP_ALPHABET_GSM7;
        op_user_data_t data = {.dcs = op_dcs_of(alphabet)}, back;
        data.header_size = (uint8_t)(round % 2 ? 0 : 1 + op_random_below(&random, 60));
        op_random_bytes(&random, data.header, data.header_size);
        if (data.header_size)
            data.header[0] = (uint8_t)(data.header_size - 1);
        data.count = (uint8_t)op_random_below(&random, 170);
        op_random_bytes(&random, data.units, data.count);
        for (size_t i = 0; gsm7 && i < data.count; i++)
            data.units[i] &= 0x7f;
        uint8_t octets[1 + OP_USER_DATA_OCTETS];
        int size = op_user_data_write(&data, octets);
        bool fits = gsm7 ? (data.header_size * 8 + 6) / 7 + data.count <= 160
                         : data.header_size + data.count <= 140;
        assert_int_equal(size > 0, fits);
        if (!fits)
            continue;
        uint8_t *exact = page_new(octets, (size_t)size);
        assert_int_equal(op_user_data_read(exact, (size_t)size, data.dcs, data.header_size, &back),
                         OP_USER_DATA_OK);
        page_free(exact, (size_t)size);
        assert_int_equal(back.alphabet, alphabet);
        assert_int_equal(back.header_size, data.header_size);
        assert_memory_equal(back.header, data.header, data.header_size);
        assert_int_equal(back.count, data.count);
        assert_memory_equal(back.units, data.units, data.count);
        size_t cut = op_random_below(&random, (uint32_t)size);
        exact = page_new(octets, cut);
        assert_int_equal(op_user_data_read(exact, cut, data.dcs, data.header_size, &back),
                         OP_USER_DATA_TRUNCATED);
        page_free(exact, cut);
    }
}

static void s_user_data_oddities(void **state)
{
    (void)state;
    uint8_t octets[256];
    op_user_data_t data;
    memset(octets, 0, sizeof octets);

    octets[0] = 167; /* septets, where 160 are the most; all 147 octets are there */
    memcpy(octets + 1, "\x05\x00\x03\x42\x02\x01", 6);
    assert_int_equal(op_user_data_read(octets, 148, 0, true, &data), OP_USER_DATA_OK);
    assert_int_equal(data.count, 160);
    assert_true(data.concat.present);
    assert_int_equal(op_user_data_read(octets, 141, 0, true, &data), OP_USER_DATA_OK);
    assert_int_equal(data.count, 153); /* clipped to the 140 octets */

    octets[0] = 255;
    assert_int_equal(op_user_data_read(octets, 256, 4, false, &data), OP_USER_DATA_OK);
    assert_int_equal(data.count, 255);
    assert_int_equal(op_user_data_read(octets, 11, 8, false, &data), OP_USER_DATA_OK);
    assert_int_equal(data.count, 10);

    octets[0] = 0; /* a header is announced and there is no room for its length */
    assert_int_equal(op_user_data_read(octets, 1, 0, true, &data), OP_USER_DATA_HEADER);
    octets[0] = 4; /* four septets, four octets: the header says six */
    assert_int_equal(op_user_data_read(octets, 140, 0, true, &data), OP_USER_DATA_HEADER);
    octets[0] = 6; /* the header counted as if in octets */
    assert_int_equal(op_user_data_read(octets, 140, 0, true, &data), OP_USER_DATA_OK);
    assert_int_equal(data.count, 0);

    data = (op_user_data_t){.header_size = 3, .header = {3}};
    assert_int_equal(op_user_data_write(&data, octets), -1);
    data = (op_user_data_t){.header_size = 141, .header = {140}};
    assert_int_equal(op_user_data_write(&data, octets), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(s_addresses),           cmocka_unit_test(s_addresses_read_only),
        cmocka_unit_test(s_addresses_from_text), cmocka_unit_test(s_stamps),
        cmocka_unit_test(s_stamps_out_of_range), cmocka_unit_test(s_stamps_round_trip),
        cmocka_unit_test(s_validities),          cmocka_unit_test(s_user_data_round_trip),
        cmocka_unit_test(s_user_data_oddities),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
