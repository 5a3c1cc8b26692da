#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void s_counts(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        ptrdiff_t count;
    } table[] = {
        {"", 0},
        {"abc", 3},
        {"\xc2\xa3", 1},                 /* U+00A3 */
        {"\xe2\x82\xac", 1},             /* U+20AC */
        {"\xf0\x9f\x98\x80", 1},         /* U+1F600 */
        {"a\xc2\x80\xed\x9f\xbf", 3},    /* U+0080, U+D7FF */
        {"\xee\x80\x80\xef\xbf\xbf", 2}, /* U+E000, U+FFFF */
        {"\xf4\x8f\xbf\xbf", 1},         /* U+10FFFF */
        {"\xf4\x90\x80\x80", -1},        /* past it */
        {"\xf5\x80\x80\x80", -1},        /* no such first octet */
        {"\xed\xa0\x80", -1},            /* U+D800 */
        {"\xed\xbf\xbf", -1},            /* U+DFFF */
        {"\xc0\x80", -1},                /* overlong */
        {"\xc1\xbf", -1},                /* overlong */
        {"\xe0\x9f\xbf", -1},            /* overlong */
        {"\xf0\x8f\xbf\xbf", -1},        /* overlong */
        {"\x80", -1},                    /* continuation alone */
        {"a\xc3", -1},                   /* cut */
        {"\xe2\x82", -1},                /* cut */
        {"\xf0\x9f\x98", -1},            /* cut */
        {"\xe2\x28\xa1", -1},            /* no continuation */
        {"\xff", -1},
    };
    for (size_t i = 0; i < OP_COUNT(table); i++)
        assert_int_equal(op_utf8_count(op_str(table[i].text)), table[i].count);
    assert_int_equal(op_utf8_count(op_str_of("a\0b", 3)), 3);
}

static void s_every_point_round_trips(void **state)
{
    (void)state;
    op_buf_t text = {0};
    for (uint32_t point = 0; point <= 0x110010; point++) {
        bool carried = point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
        op_buf_clear(&text);
        op_utf8_add(&text, point);
        size_t at = 0;
        uint32_t back = 0;
        assert_true(op_utf8_next(op_buf_str(&text), &at, &back));
        assert_int_equal(at, text.size);
        assert_int_equal(back, carried ? point : OP_UTF8_REPLACEMENT);
    }
    op_buf_free(&text);
}

/*  From memory of the exact size, so that a sanitizer sees an octet read too far. */
static void s_cuts_are_not_read_over(void **state)
{
    (void)state;
    for (unsigned first = 0x80; first <= 0xff; first++) {
        for (size_t size = 1; size <= OP_UTF8_MAX; size++) {
            uint8_t *octets = malloc(size);
            assert_non_null(octets);
            memset(octets, 0x90, size);
            octets[0] = (uint8_t)first;
            size_t at = 0;
            uint32_t point = 7;
            if (op_utf8_next(op_str_of(octets, size), &at, &point))
                assert_true(at >= 2 && at <= size);
            else
                assert_true(at == 0 && point == 7);
            free(octets);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(s_counts),
        cmocka_unit_test(s_every_point_round_trips),
        cmocka_unit_test(s_cuts_are_not_read_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
