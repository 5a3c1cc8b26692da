/*  The rows that an actor keeps of its store: what they say is true, and bounded. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "actors/row_cache.h"

#include <stdio.h>
#include <string.h>

static op_str_t s_key(unsigned number, char text[16])
{
    snprintf(text, 16, "key %u", number);
    return op_str(text);
}

/*  What is known of it: the value, "-" for nothing, "?" for not known. */
static op_str_t s_known(op_row_cache_t *cache, op_str_t key)
{
    op_str_t value;
    if (!op_row_cache_get(cache, key, &value))
        return OP_STR("?");
    return value.at ? value : OP_STR("-");
}

static void test_what_was_read(void **state)
{
    (void)state;
    op_row_cache_t cache = {0};
    assert_true(op_str_is(s_known(&cache, OP_STR("a")), "?"));
    op_row_cache_update(&cache, OP_STR("a"), OP_STR("written")); /* was never read */
    assert_true(op_str_is(s_known(&cache, OP_STR("a")), "?"));
    op_row_cache_put(&cache, OP_STR("a"), OP_STR("one"));
    op_row_cache_put(&cache, OP_STR("b"), (op_str_t){0});
    op_row_cache_put(&cache, OP_STR("c"), OP_STR(""));
    op_row_cache_update(&cache, OP_STR("d"), OP_STR("written"));
    assert_true(op_str_is(s_known(&cache, OP_STR("a")), "one"));
    assert_true(op_str_is(s_known(&cache, OP_STR("b")), "-"));
    assert_true(op_str_is(s_known(&cache, OP_STR("c")), ""));
    assert_true(op_str_is(s_known(&cache, OP_STR("d")), "?"));
    op_row_cache_update(&cache, OP_STR("a"), OP_STR("longer than it was"));
    op_row_cache_update(&cache, OP_STR("b"), OP_STR("there now"));
    op_row_cache_update(&cache, OP_STR("c"), (op_str_t){0});
    assert_true(op_str_is(s_known(&cache, OP_STR("a")), "longer than it was"));
    assert_true(op_str_is(s_known(&cache, OP_STR("b")), "there now"));
    assert_true(op_str_is(s_known(&cache, OP_STR("c")), "-"));
    op_row_cache_free(&cache);
    assert_null(cache.rows);
}

/*  A row that is too large is not kept, nor is what was known before. */
static void test_large_rows(void **state)
{
    (void)state;
    static char large[OP_ROW_CACHE_BYTES + 1];
    op_str_t fits = op_str_of(large, OP_ROW_CACHE_BYTES - 1),
             too_large = op_str_of(large, sizeof large - 1);
    op_row_cache_t cache = {0};
    op_row_cache_put(&cache, OP_STR("a"), fits);
    assert_true(op_str_equal(s_known(&cache, OP_STR("a")), fits));
    op_row_cache_update(&cache, OP_STR("a"), too_large);
    assert_true(op_str_is(s_known(&cache, OP_STR("a")), "?"));
    op_row_cache_put(&cache, OP_STR("b"), too_large);
    assert_true(op_str_is(s_known(&cache, OP_STR("b")), "?"));
    op_row_cache_put(&cache, OP_STR("a"), OP_STR("small again"));
    assert_true(op_str_is(s_known(&cache, OP_STR("a")), "small again"));
    op_row_cache_free(&cache);
}

/*  What is asked for all the time stays, whatever else is read; and no more is kept than said. */
static void test_the_bound(void **state)
{
    (void)state;
    enum { MANY = 10 * OP_ROW_CACHE_ROWS };
    op_row_cache_t cache = {0};
    char text[16];
    op_row_cache_put(&cache, OP_STR("busy"), OP_STR("one"));
    for (unsigned i = 0; i < MANY; i++) {
        op_row_cache_put(&cache, s_key(i, text), OP_STR("x"));
        assert_true(op_str_is(s_known(&cache, s_key(i, text)), "x"));
        assert_true(op_str_is(s_known(&cache, OP_STR("busy")), "one"));
    }
    unsigned known = 0;
    for (unsigned i = 0; i < MANY; i++)
        known += op_str_is(s_known(&cache, s_key(i, text)), "x");
    assert_in_range(known, OP_ROW_CACHE_ROWS * 9 / 10, OP_ROW_CACHE_ROWS);
    op_row_cache_free(&cache);
}

/*  Reads and commits in any order: what it knows is what the store has. */
static void test_against_a_store(void **state)
{
    (void)state;
    enum { KEYS = 2 * OP_ROW_CACHE_ROWS };
    static unsigned store[KEYS]; /* 0: nothing */
    uint32_t seed = 1;
    op_row_cache_t cache = {0};
    unsigned hits = 0;
    for (unsigned i = 1; i < 200000; i++) {
        seed = seed * UINT32_C(1664525) + UINT32_C(1013904223);
        unsigned k = (seed >> 8) % KEYS;
        bool write = (seed >> 24) % 3 == 0;
        char text[16], digits[16];
        op_str_t key = s_key(k, text), value, expected = {0};
        if (write)
            store[k] = i % 4 ? i : 0;
        if (store[k]) {
            snprintf(digits, sizeof digits, "%u", store[k]);
            expected = op_str(digits);
        }
        if (write) {
            op_row_cache_update(&cache, key, expected);
        } else if (op_row_cache_get(&cache, key, &value)) {
            hits++;
            assert_int_equal(value.at == NULL, expected.at == NULL);
            assert_true(op_str_equal(value, expected));
        } else {
            op_row_cache_put(&cache, key, expected);
        }
    }
    assert_in_range(hits, 30000, 100000);
    op_row_cache_free(&cache);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_was_read),
        cmocka_unit_test(test_large_rows),
        cmocka_unit_test(test_the_bound),
        cmocka_unit_test(test_against_a_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
