/*  Keys of the store: the order of their bytes is the order of their parts. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/key.h"

#include <string.h>

static op_key_t s_number_key(uint64_t number)
{
    op_key_t key = op_key('n');
    op_key_number(&key, number);
    return key;
}

static void test_numbers_sort(void **state)
{
    (void)state;
    static const uint64_t ordered[] = {0,
                                       1,
                                       255,
                                       256,
                                       65535,
                                       65536,
                                       UINT32_MAX,
                                       UINT64_C(1) << 32,
                                       INT64_MAX,
                                       UINT64_C(1) << 63,
                                       UINT64_MAX - 1,
                                       UINT64_MAX};
    for (size_t i = 0; i < OP_COUNT(ordered); i++) {
        op_key_t key = s_number_key(ordered[i]);
        assert_int_equal(key.size, 9);
        op_str_t rest = op_str_of(key.bytes + 1, key.size - 1);
        uint64_t number = 0;
        assert_true(op_key_take_number(&rest, &number));
        assert_true(number == ordered[i]);
        assert_int_equal(rest.size, 0);
        if (i) {
            op_key_t before = s_number_key(ordered[i - 1]);
            assert_true(op_str_compare(op_key_str(&before), op_key_str(&key)) < 0);
        }
    }
}

static void test_texts_sort(void **state)
{
    (void)state;
    /* Whatever stands behind the text, a text sorts before its own continuations. */
    static const char *const ordered[] = {"", "a", "a\x01", "aa", "ab", "b", "\xff", "\xff\xff"};
    for (size_t i = 0; i < OP_COUNT(ordered); i++)
        for (size_t j = 0; j < OP_COUNT(ordered); j++) {
            op_key_t a = op_key_of_text('t', op_str(ordered[i]));
            op_key_t b = op_key_of_text('t', op_str(ordered[j]));
            op_key_number(&a, UINT64_MAX);
            op_key_number(&b, 0);
            if (i < j)
                assert_true(op_str_compare(op_key_str(&a), op_key_str(&b)) < 0);
        }
}

static void test_end_bounds_the_range(void **state)
{
    (void)state;
    op_id_t ones;
    memset(&ones, 0xff, sizeof ones);
    op_key_t starts[] = {op_key('a'), op_key_of_id('a', ones), op_key_of_text('a', OP_STR("x")),
                         op_key_of_text('a', OP_STR("")), s_number_key(UINT64_MAX)};
    for (size_t i = 0; i < OP_COUNT(starts); i++) {
        op_key_t end = op_key_end(&starts[i]), inside = starts[i];
        assert_true(op_str_compare(op_key_str(&starts[i]), op_key_str(&end)) < 0);
        op_key_hash(&inside, "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
        assert_true(op_str_compare(op_key_str(&inside), op_key_str(&end)) < 0);
    }
    op_key_t end = op_key_end(&starts[0]);
    assert_true(op_str_is(op_key_str(&end), "b")); /* the smallest one */
    end = op_key_end(&starts[1]);
    assert_true(op_str_is(op_key_str(&end), "b"));
}

static void test_parts_come_back(void **state)
{
    (void)state;
    op_id_t id = {{1, 2, 3}}, got_id;
    uint64_t number;
    op_str_t text;
    op_key_t key = op_key('k');
    op_key_text(&key, OP_STR("peer"));
    op_key_id(&key, id);
    op_key_text(&key, OP_STR(""));
    op_key_number(&key, 77);
    assert_int_equal(key.size, 1 + 5 + 16 + 1 + 8);
    op_str_t rest = op_key_str(&key);
    rest = op_str_of(rest.at + 1, rest.size - 1);
    assert_true(op_key_take_text(&rest, &text));
    assert_true(op_str_is(text, "peer"));
    assert_true(op_key_take_id(&rest, &got_id));
    assert_true(op_id_equal(id, got_id));
    assert_true(op_key_take_text(&rest, &text));
    assert_int_equal(text.size, 0);
    assert_true(op_key_take_number(&rest, &number));
    assert_int_equal(number, 77);
    assert_int_equal(rest.size, 0);
    assert_false(op_key_take_text(&rest, &text));
    assert_false(op_key_take_id(&rest, &got_id));
    assert_false(op_key_take_number(&rest, &number));
    rest = OP_STR("short");
    assert_false(op_key_take_number(&rest, &number));
    assert_false(op_key_take_id(&rest, &got_id));
    assert_false(op_key_take_text(&rest, &text)); /* no NUL */
    assert_true(op_str_is(rest, "short"));
}

static void test_longest(void **state)
{
    (void)state;
    char filler[OP_KEY_MAX - 1];
    memset(filler, 'x', sizeof filler);
    op_key_t key = op_key('k');
    op_key_hash(&key, filler, sizeof filler);
    assert_int_equal(op_key_str(&key).size, OP_KEY_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_sort),
        cmocka_unit_test(test_texts_sort),
        cmocka_unit_test(test_end_bounds_the_range),
        cmocka_unit_test(test_parts_come_back),
        cmocka_unit_test(test_longest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
