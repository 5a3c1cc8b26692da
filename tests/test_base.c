/*  Slices, buffers, arenas, ids, phones, instants, random streams, errors. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/id.h"
#include "base/instant.h"
#include "base/path.h"
#include "base/phone.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void test_slices(void **state)
{
    (void)state;
    assert_int_equal(op_str(NULL).size, 0);
    assert_true(op_str_equal(op_str(NULL), OP_STR("")));
    assert_true(op_str_is(op_str_of("abc", 2), "ab"));
    assert_false(op_str_is(OP_STR("ab"), "abc"));
    assert_true(op_str_starts(OP_STR("abc"), "ab"));
    assert_true(op_str_starts(OP_STR("abc"), ""));
    assert_false(op_str_starts(OP_STR("ab"), "abc"));

    static const char *const ordered[] = {"", "a", "a\x01", "aa", "ab", "b", "\x7f", "\xff"};
    for (size_t i = 0; i < OP_COUNT(ordered); i++)
        for (size_t j = 0; j < OP_COUNT(ordered); j++) {
            int order = op_str_compare(op_str(ordered[i]), op_str(ordered[j]));
            assert_int_equal(order < 0, i < j);
            assert_int_equal(order > 0, i > j);
        }

    char small[4];
    assert_true(op_str_copy(OP_STR("abc"), small, sizeof small));
    assert_string_equal(small, "abc");
    assert_false(op_str_copy(OP_STR("wxyz"), small, sizeof small));
    assert_string_equal(small, "wxy");
    assert_true(op_str_copy((op_str_t){0}, small, 1));
    assert_string_equal(small, "");
    char *copy = op_strdup(op_str_of("hello", 4));
    assert_string_equal(copy, "hell");
    free(copy);
}

static void test_paths(void **state)
{
    (void)state;
    static const char *const folders[][2] = {
        {"/a/b", "/a"}, {"/a/b//", "/a"}, {"/a//b", "/a"}, {"a/b", "a"}, {"/a", "/"}, {"//a", "/"},
        {"a", "."},     {"a/", "."},      {"/", "/"},      {"", "."},    {"./a", "."}};
    char folder[OP_PATH_MAX];
    for (size_t i = 0; i < OP_COUNT(folders); i++) {
        op_path_folder(folders[i][0], folder);
        assert_string_equal(folder, folders[i][1]);
    }
    assert_string_equal(op_path_blame("/a/b", ENOENT, folder), "/a");
    assert_string_equal(op_path_blame("/a/b", EACCES, folder), "/a/b");
}

static void test_letter_case(void **state)
{
    (void)state;
    assert_true(op_str_is_nocase(OP_STR("Host"), "hOST"));
    assert_false(op_str_is_nocase(OP_STR("Host"), "hosts"));
    assert_false(op_str_is_nocase(OP_STR("a@[`{"), "a`{@["));
    assert_true(op_str_is_nocase(op_str(NULL), ""));
    assert_true(op_str_starts_nocase(OP_STR("Bearer x"), "bearer"));
    assert_false(op_str_starts_nocase(OP_STR("Bear"), "bearer"));
    for (int octet = -128; octet < 128; octet++) {
        char c = (char)octet;
        bool digit = c && strchr("0123456789", c),
             lower = c && strchr("abcdefghijklmnopqrstuvwxyz", c);
        bool upper = c && strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ", c);
        assert_int_equal(op_is_digit(c), digit);
        assert_int_equal(op_is_alnum(c), digit || lower || upper);
        assert_int_equal(op_lower(c), upper ? c + 32 : c);
        assert_int_equal(op_is_control(c), (octet >= 0 && octet < 32) || octet == 127);
    }
    assert_true(op_str_has_control(OP_STR("a\tb")));
    assert_false(op_str_has_control(OP_STR("a b\xc3\xa9")));
}

/*  The items of a list as two loops see them, each with a bar behind it. */
static void s_assert_items(const char *text, const char *by_size, const char *by_at)
{
    op_buf_t seen = {0};
    for (op_str_t rest = op_str(text); rest.size;) {
        op_buf_add_str(&seen, op_str_next(&rest, ','));
        op_buf_add_byte(&seen, '|');
    }
    assert_true(op_str_is(op_buf_str(&seen), by_size));
    op_buf_clear(&seen);
    for (op_str_t rest = op_str(text); rest.at;) {
        op_buf_add_str(&seen, op_str_next(&rest, ','));
        op_buf_add_byte(&seen, '|');
    }
    assert_true(op_str_is(op_buf_str(&seen), by_at));
    op_buf_free(&seen);
}

static void test_lists(void **state)
{
    (void)state;
    s_assert_items(NULL, "", "");
    s_assert_items("", "", "|");
    s_assert_items("a", "a|", "a|");
    s_assert_items("a,bc", "a|bc|", "a|bc|");
    s_assert_items(",a,,b", "|a||b|", "|a||b|");
    s_assert_items("a,", "a|", "a||");
    s_assert_items(",", "|", "||");

    assert_true(op_str_in(OP_STR("b"), OP_STR("a,b,c")));
    assert_true(op_str_in(OP_STR("c"), OP_STR("a,b,c")));
    assert_false(op_str_in(OP_STR("b,c"), OP_STR("a,b,c")));
    assert_false(op_str_in(OP_STR("b"), OP_STR("ab,bc")));
    assert_false(op_str_in(OP_STR(""), OP_STR("a,,c")));
    assert_false(op_str_in(OP_STR("a"), (op_str_t){0}));

    assert_true(op_str_is(op_str_trim(OP_STR(" \ta b\r ")), "a b"));
    assert_int_equal(op_str_trim(OP_STR(" \t ")).size, 0);
    assert_int_equal(op_str_trim((op_str_t){0}).size, 0);
    assert_true(op_str_is(op_str_skip(OP_STR("abc"), 1), "bc"));
    assert_int_equal(op_str_skip((op_str_t){0}, 0).size, 0);
}

static void test_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t max;
        bool good;
        uint64_t value;
    } table[] = {
        {"0", 0, true, 0},
        {"007", 7, true, 7},
        {"18446744073709551615", UINT64_MAX, true, UINT64_MAX},
        {"18446744073709551616", UINT64_MAX, false, 0},
        {"99999999999999999999", UINT64_MAX, false, 0},
        {"000000000000000000001", UINT64_MAX, false, 0}, /* 21 digits */
        {"8", 7, false, 0},
        {"", 7, false, 0},
        {"+5", 7, false, 0},
        {"-1", 7, false, 0},
        {" 1", 7, false, 0},
        {"1a", UINT64_MAX, false, 0},
    };
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        uint64_t value = 42;
        assert_int_equal(op_str_to_u64(op_str(table[i].text), table[i].max, &value), table[i].good);
        assert_true(value == (table[i].good ? table[i].value : 42));
    }
}

static void test_buffers(void **state)
{
    (void)state;
    op_buf_t buf = {0};
    op_buf_add(&buf, NULL, 0);
    assert_null(buf.at);
    for (int i = 0; i < 1000; i++)
        op_buf_printf(&buf, "%d,", i % 10);
    assert_int_equal(buf.size, 2000);
    op_buf_consume(&buf, 1996);
    assert_true(op_str_is(op_buf_str(&buf), "8,9,"));
    op_buf_add_byte(&buf, 'x');
    op_buf_add_str(&buf, OP_STR("yz"));
    assert_true(op_str_is(op_buf_str(&buf), "8,9,xyz"));
    op_buf_consume(&buf, 7);
    assert_int_equal(buf.size, 0);
    op_buf_clear(&buf);
    op_buf_free(&buf);
    assert_null(buf.at);
    assert_int_equal(buf.capacity, 0);
    op_buf_free(&buf);
}

static void test_arenas(void **state)
{
    (void)state;
    op_arena_t arena = {0};
    assert_null(op_arena_copy(&arena, (op_str_t){0}).at);
    assert_int_equal(arena.used, 0);
    for (int round = 0; round < 3; round++) {
        for (size_t size = 1; size < 20000; size = size * 3 + 1) {
            char *at = op_arena_alloc(&arena, size);
            assert_int_equal((uintptr_t)at % _Alignof(max_align_t), 0);
            for (size_t i = 0; i < size; i++)
                assert_int_equal(at[i], 0);
            memset(at, 0x5a, size);
        }
        assert_true(arena.used > 9841);
        op_arena_clear(&arena);
        assert_int_equal(arena.used, 0);
        assert_non_null(arena.blocks);
    }
    assert_true(op_str_is(op_arena_copy(&arena, OP_STR("kept")), "kept"));
    op_arena_free(&arena);
    assert_null(arena.blocks);
    op_arena_free(&arena);
}

static void test_hex(void **state)
{
    (void)state;
    char text[9];
    op_hex("\x00\x7f\x80\xff", 4, text);
    assert_string_equal(text, "007f80ff");
    uint8_t bytes[4] = {1, 2, 3, 4};
    assert_int_equal(op_unhex(OP_STR("00FfA5"), bytes, sizeof bytes), 3);
    assert_memory_equal(bytes, "\x00\xff\xa5\x04", 4);
    assert_int_equal(op_unhex(OP_STR(""), bytes, sizeof bytes), 0);
    assert_int_equal(op_unhex(OP_STR("0"), bytes, sizeof bytes), -1);
    assert_int_equal(op_unhex(OP_STR("0g"), bytes, sizeof bytes), -1);
    assert_int_equal(op_unhex(OP_STR("0011223344"), bytes, sizeof bytes), -1);
}

static void test_phones(void **state)
{
    (void)state;
    static const struct {
        const char *phone;
        bool valid;
        const char *masked;
    } table[] = {
        {"+14155550123", true, "+1********23"},
        {"+1415555012", false, "+1*******12"},
        {"+141555501234", false, "+1*********34"},
        {"+4915112345678", true, "+4**********78"},
        {"+2712345", true, "+2****45"},
        {"+271234", false, "+2***34"},
        {"+271234567890123", true, "+2************23"},
        {"+2712345678901234", false, "+2*************3"}, /* cut at the longest phone's length */
        {"+04155550123", false, "+0********23"},
        {"14155550123", false, "*********23"},
        {"+1415555o123", false, "+1********23"},
        {"+1 4155550123", false, "+1*********23"},
        {"", false, ""},
        {"+", false, "+"},
        {"123", false, "*23"},
        {"12", false, "12"},
    };
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        char text[OP_PHONE_MAX + 1];
        assert_int_equal(op_phone_valid(op_str(table[i].phone)), table[i].valid);
        const char *masked = op_phone_mask(op_str(table[i].phone), text);
        assert_ptr_equal(masked, text);
        if (strlen(table[i].phone) <= OP_PHONE_MAX) {
            assert_string_equal(masked, table[i].masked);
        } else
            assert_int_equal(strlen(masked), OP_PHONE_MAX);
    }
}

static void test_phones_without_their_country(void **state)
{
    (void)state;
    static const struct {
        const char *home, *digits;
        bool national;
        const char *full; /* NULL: it stays */
    } table[] = {
        {"+16176088932", "4155550123", false, "+14155550123"},
        {"+16176088932", "4155550123", true, "+14155550123"},
        {"+16176088932", "14155550123", false, "+14155550123"},
        {"+16176088932", "24155550123", true, NULL},
        {"+16176088932", "0155550123", true, NULL},
        {"+16176088932", "72345", true, NULL},
        {"+16176088932", "+4915112345678", true, NULL},
        {"+16176088932", "", true, NULL},
        {"+4915112345678", "17112345678", true, "+4917112345678"},
        {"+4915112345678", "17112345678", false, NULL}, /* or a number of another country */
        {"+4915112345678", "017112345678", true, NULL},
        {"+4915112345678", "11832", true, NULL},
        {"+79161234567", "9161234568", true, "+79161234568"},
        {"+353861234567", "861234568", true, "+353861234568"},
        {"+353861234567", "8612345681234", true, NULL}, /* longer than a number can be */
    };
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        char text[OP_PHONE_MAX + 1];
        bool full = op_phone_complete(op_str(table[i].home), op_str(table[i].digits),
                                      table[i].national, text);
        assert_int_equal(full, table[i].full != NULL);
        if (full)
            assert_string_equal(text, table[i].full);
    }
}

static void test_phone_prefixes(void **state)
{
    (void)state;
    static const struct {
        const char *prefixes;
        bool allowed;
    } table[] = {
        {"", true},        {"+1", true},
        {"+44", false},    {"+44,+1", true},
        {"+44,,+1", true}, {",", false},
        {"+1415", true},   {"+1416", false},
        {"+44,+1,", true}, {"+141555501234", false},
    };
    for (size_t i = 0; i < OP_COUNT(table); i++)
        assert_int_equal(op_phone_allowed(OP_STR("+14155550123"), op_str(table[i].prefixes)),
                         table[i].allowed);
    assert_false(op_phone_allowed(OP_STR(""), OP_STR("+1")));
}

static void test_instants(void **state)
{
    (void)state;
    static const struct {
        int64_t at;
        const char *text, *http;
    } table[] = {
        {0, "1970-01-01T00:00:00Z", "Thu, 01 Jan 1970 00:00:00 GMT"},
        {999, "1970-01-01T00:00:00Z", "Thu, 01 Jan 1970 00:00:00 GMT"},
        {INT64_C(784111777000), "1994-11-06T08:49:37Z", "Sun, 06 Nov 1994 08:49:37 GMT"},
        {INT64_C(951782399000), "2000-02-28T23:59:59Z", "Mon, 28 Feb 2000 23:59:59 GMT"},
        {INT64_C(951782400000), "2000-02-29T00:00:00Z", "Tue, 29 Feb 2000 00:00:00 GMT"},
        {INT64_C(951868800000), "2000-03-01T00:00:00Z", "Wed, 01 Mar 2000 00:00:00 GMT"},
        {INT64_C(1779304492000), "2026-05-20T19:14:52Z", "Wed, 20 May 2026 19:14:52 GMT"},
        {INT64_C(4107542400000), "2100-03-01T00:00:00Z",
         "Mon, 01 Mar 2100 00:00:00 GMT"}, /* 2100 is no leap year */
        {INT64_C(253402300799999), "9999-12-31T23:59:59Z", "Fri, 31 Dec 9999 23:59:59 GMT"},
    };
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        char text[OP_INSTANT_TEXT + 1], http[OP_INSTANT_HTTP + 1];
        op_instant_print(table[i].at, text);
        assert_string_equal(text, table[i].text);
        op_instant_print_http(table[i].at, http);
        assert_string_equal(http, table[i].http);
        assert_int_equal(op_civil_to(op_civil_from(table[i].at)),
                         table[i].at / OP_SECOND_MS * OP_SECOND_MS);
    }
    for (int64_t day = 0; day < 200000; day += 17) { /* into the 26th century */
        op_civil_t civil = op_civil_from(day * OP_DAY_MS + OP_HOUR_MS);
        assert_int_equal(op_civil_to(civil), day * OP_DAY_MS + OP_HOUR_MS);
        assert_true(civil.month >= 1 && civil.month <= 12 && civil.day >= 1 && civil.day <= 31);
        assert_int_equal(civil.hour, 1);
        assert_int_equal(op_instant_day(day * OP_DAY_MS + OP_DAY_MS - 1), day);
    }
}

static void test_random(void **state)
{
    (void)state;
    uint8_t entropy[OP_ENTROPY_SIZE] = {1, 2, 3};
    op_random_t a, b;
    op_random_seed(&a, entropy);
    op_random_seed(&b, entropy);
    uint8_t first[64], same[64], second[64];
    op_random_bytes(&a, first, sizeof first);
    op_random_bytes(&a, second, sizeof second);
    op_random_bytes(&b, same, sizeof same);
    assert_memory_equal(first, same, sizeof first);       /* it replays */
    assert_memory_not_equal(first, second, sizeof first); /* draws differ */
    entropy[31] ^= 1;
    op_random_seed(&b, entropy);
    op_random_bytes(&b, same, sizeof same);
    assert_memory_not_equal(first, same, sizeof first);

    unsigned seen[6] = {0};
    for (int i = 0; i < 6000; i++)
        seen[op_random_below(&a, 6)]++;
    for (int i = 0; i < 6; i++)
        assert_in_range(seen[i], 800, 1200);
    assert_int_equal(op_random_below(&a, 1), 0);
    for (int i = 0; i < 100; i++)
        assert_true(op_random_below(&a, UINT32_C(0x80000001)) <= UINT32_C(0x80000000));

    char token[33];
    op_random_token(&a, token, 32);
    assert_int_equal(strlen(token), 32);
    assert_int_equal(
        strspn(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"), 32);
    op_random_token(&a, token, 0);
    assert_string_equal(token, "");
}

static void test_ids_increase(void **state)
{
    (void)state;
    op_random_t random;
    op_random_seed(&random, (uint8_t[OP_ENTROPY_SIZE]){9});
    op_id_clock_t clock = {0};
    op_id_t last = {{0}};
    const int64_t start = INT64_C(1779304492000);
    for (int i = 0; i < 10000; i++) {
        /* Bursts within a millisecond, and a clock that goes back for a while. */
        int64_t now = i < 5000 ? start : i < 7000 ? start - 60000 : start + i;
        op_id_t id = op_id_next(&clock, now, &random);
        assert_true(memcmp(id.bytes, last.bytes, sizeof id.bytes) > 0);
        assert_int_equal(id.bytes[6] >> 4, 7);
        assert_int_equal(id.bytes[8] >> 6, 2);
        assert_true(op_id_ms(id) >= start);
        assert_true(op_id_ms(id) <= start + i + 2);
        last = id;
    }
}

static void test_id_text(void **state)
{
    (void)state;
    op_id_t id, parsed;
    char text[OP_ID_TEXT + 1];
    for (size_t i = 0; i < sizeof id.bytes; i++)
        id.bytes[i] = (uint8_t)(i * 17);
    op_id_print(id, text);
    assert_string_equal(text, "00112233-4455-6677-8899-aabbccddeeff");
    assert_true(op_id_parse(op_str(text), &parsed));
    assert_true(op_id_equal(id, parsed));
    assert_true(op_id_parse(OP_STR("00112233-4455-6677-8899-AABBCCDDEEFF"), &parsed));
    assert_true(op_id_equal(id, parsed));
    static const char *const wrong[] = {"",
                                        "00112233-4455-6677-8899-aabbccddeef",
                                        "00112233-4455-6677-8899-aabbccddeeff0",
                                        "00112233-4455-6677-8899-aabbccddeefg",
                                        "001122334455-6677-8899--aabbccddeeff",
                                        "00112233445566778899aabbccddeeff",
                                        "{0112233-4455-6677-8899-aabbccddeeff"};
    parsed = (op_id_t){{7}};
    for (size_t i = 0; i < OP_COUNT(wrong); i++)
        assert_false(op_id_parse(op_str(wrong[i]), &parsed));
    assert_int_equal(parsed.bytes[0], 7); /* untouched */
    assert_true(op_id_is_none((op_id_t){{0}}));
    assert_false(op_id_is_none(id));
}

static void test_errors(void **state)
{
    (void)state;
    assert_string_equal(op_error_code(OP_OK), "ok");
    assert_int_equal(op_error_status(OP_OK), 200);
    assert_string_equal(op_error_code(OP_ERROR_RATE_LIMITED), "rate_limited");
    assert_int_equal(op_error_status(OP_ERROR_RATE_LIMITED), 429);
    for (unsigned i = OP_OK + 1; i < OP_ERROR_END; i++) {
        op_error_t error = op_error_from(i);
        assert_int_equal(error, i);
        assert_in_range(op_error_status(error), 400, 599);
        assert_true(strlen(op_error_sentence(error)) > 10);
        for (unsigned j = 0; j < i; j++)
            assert_string_not_equal(op_error_code(error), op_error_code(op_error_from(j)));
    }
    assert_int_equal(op_error_from(OP_ERROR_END), OP_ERROR_INTERNAL);
    assert_int_equal(op_error_from(UINT64_MAX), OP_ERROR_INTERNAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slices),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_letter_case),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_buffers),
        cmocka_unit_test(test_arenas),
        cmocka_unit_test(test_hex),
        cmocka_unit_test(test_phones),
        cmocka_unit_test(test_phones_without_their_country),
        cmocka_unit_test(test_phones_without_their_country),
        cmocka_unit_test(test_phone_prefixes),
        cmocka_unit_test(test_instants),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_ids_increase),
        cmocka_unit_test(test_id_text),
        cmocka_unit_test(test_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
