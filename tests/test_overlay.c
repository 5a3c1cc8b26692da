/*  The overlay against a plain model: puts, deletions, marks, rollbacks, in any order. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "actors/overlay.h"

#include <stdio.h>
#include <string.h>

enum { KEYS = 40 };

/*  What the overlay should hold of each key: nothing, a deletion, or a value. */
typedef struct {
    int value[KEYS]; /* 0: nothing, -1: deleted, else the value */
} model_t;

static op_str_t s_key(int k, char text[8])
{
    snprintf(text, 8, "k%02d", k % 100);
    return op_str(text);
}

static void s_compare(const op_overlay_t *overlay, const model_t *model)
{
    size_t rows = 0;
    for (int k = 0; k < KEYS; k++) {
        char key[8], expected[16];
        op_str_t value;
        int found = op_overlay_get(overlay, s_key(k, key), &value);
        assert_int_equal(found, model->value[k] != 0);
        rows += (size_t)found;
        if (!found)
            continue;
        assert_int_equal(value.at == NULL, model->value[k] == -1);
        if (value.at) {
            snprintf(expected, sizeof expected, "%d", model->value[k]);
            assert_true(op_str_is(value, expected));
        }
    }
    assert_int_equal(overlay->count, rows);
    for (size_t i = 1; i < overlay->count; i++)
        assert_true(op_str_compare(overlay->rows[i - 1].key, overlay->rows[i].key) < 0);
}

static void test_against_a_model(void **state)
{
    (void)state;
    uint32_t seed = 1;
    op_arena_t arena = {0};
    op_overlay_t overlay = {.arena = &arena};
    model_t now = {{0}}, marked = {{0}};
    for (int i = 1; i < 20000; i++) {
        seed = seed * UINT32_C(1664525) + UINT32_C(1013904223);
        unsigned what = (seed >> 8) % 100;
        int k = (int)((seed >> 16) % KEYS);
        char key[8], value[16];
        if (what < 60) {
            snprintf(value, sizeof value, "%d", i);
            op_overlay_put(&overlay, s_key(k, key), op_str(value));
            now.value[k] = i;
        } else if (what < 85) {
            op_overlay_delete(&overlay, s_key(k, key));
            now.value[k] = -1;
        } else if (what < 92) {
            op_overlay_mark(&overlay);
            marked = now;
        } else if (what < 99) {
            op_overlay_rollback(&overlay);
            now = marked;
        } else {
            op_overlay_clear(&overlay);
            op_arena_clear(&arena);
            now = marked = (model_t){{0}};
        }
        if (i % 7 == 0)
            s_compare(&overlay, &now);
    }
    op_overlay_free(&overlay);
    op_arena_free(&arena);
}

static void test_find(void **state)
{
    (void)state;
    op_arena_t arena = {0};
    op_overlay_t overlay = {.arena = &arena};
    assert_int_equal(op_overlay_find(&overlay, OP_STR("a")), 0);
    op_overlay_put(&overlay, OP_STR("d"), OP_STR("1"));
    op_overlay_put(&overlay, OP_STR("b"), OP_STR("2"));
    op_overlay_delete(&overlay, OP_STR("f"));
    static const struct {
        const char *key;
        size_t place;
    } table[] = {{"", 0},  {"a", 0}, {"b", 0}, {"b\x01", 1}, {"c", 1},
                 {"d", 1}, {"e", 2}, {"f", 2}, {"g", 3}};
    for (size_t i = 0; i < OP_COUNT(table); i++)
        assert_int_equal(op_overlay_find(&overlay, op_str(table[i].key)), table[i].place);
    op_overlay_free(&overlay);
    op_arena_free(&arena);
}

static void test_batch(void **state)
{
    (void)state;
    op_arena_t arena = {0};
    op_overlay_t overlay = {.arena = &arena};
    op_batch_t batch = {0};
    char value[] = "first"; /* it copies */
    op_overlay_put(&overlay, OP_STR("b"), op_str(value));
    value[0] = 'X';
    op_overlay_delete(&overlay, OP_STR("a"));
    op_overlay_put(&overlay, OP_STR("c"), OP_STR("")); /* empty is not deleted */
    op_overlay_put(&overlay, OP_STR("d"), OP_STR("gone"));
    op_overlay_delete(&overlay, OP_STR("d"));
    op_overlay_batch(&overlay, &batch);
    assert_int_equal(batch.count, 4);
    static const char *const expected[][2] = {{"a", NULL}, {"b", "first"}, {"c", ""}, {"d", NULL}};
    size_t offset = 0;
    for (size_t i = 0; i < OP_COUNT(expected); i++) {
        op_str_t key, row;
        assert_true(op_batch_next(&batch, &offset, &key, &row));
        assert_true(op_str_is(key, expected[i][0]));
        assert_int_equal(row.at == NULL, expected[i][1] == NULL);
        if (row.at)
            assert_true(op_str_is(row, expected[i][1]));
    }
    op_batch_free(&batch);
    op_overlay_free(&overlay);
    op_overlay_free(&overlay);
    op_arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_a_model),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
