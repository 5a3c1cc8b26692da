/*  The contract of store.h, against every engine. */

#include "tests/store_fixture.h"

#include "base/random.h"
#include "store/leveldb.h"
#include "store/memory.h"

typedef struct {
    bool leveldb;
    op_store_t *store;
    char path[SCRATCH_PATH];
    char dir[SCRATCH_PATH + 8];
} s_fixture_t;

static void s_open(s_fixture_t *self)
{
    char error[OP_STORE_ERROR_SIZE] = "";
    op_leveldb_options_t options = {.write_buffer_bytes = 256 * 1024};
    self->store =
        self->leveldb ? op_store_leveldb_open(self->dir, &options, error) : op_store_memory_new();
    if (!self->store)
        fail_msg("%s", error);
}

static int s_setup(void **state, bool leveldb)
{
    s_fixture_t *self = op_alloc(sizeof *self);
    *self = (s_fixture_t){.leveldb = leveldb};
    if (leveldb) {
        scratch_make(self->path);
        snprintf(self->dir, sizeof self->dir, "%s/db", self->path);
    }
    s_open(self);
    *state = self;
    return 0;
}

static int s_setup_memory(void **state)
{
    return s_setup(state, false);
}

static int s_setup_leveldb(void **state)
{
    return s_setup(state, true);
}

static int s_teardown(void **state)
{
    s_fixture_t *self = *state;
    op_store_destroy(&self->store);
    assert_null(self->store);
    op_store_destroy(&self->store);
    if (self->leveldb)
        scratch_remove(self->path);
    free(self);
    return 0;
}

static op_store_t *s_store(void **state)
{
    return ((s_fixture_t *)*state)->store;
}

static void test_get_put_delete(void **state)
{
    op_store_t *store = s_store(state);
    op_buf_t value = {0};
    op_buf_add_str(&value, OP_STR("kept"));
    assert_int_equal(op_store_get(store, OP_STR("a"), &value), 0);
    assert_true(op_str_is(op_buf_str(&value), "kept"));
    put(store, OP_STR("a"), OP_STR("1"), true);
    put(store, OP_STR(""), OP_STR("the empty key"), false);
    put(store, OP_STR("a"), OP_STR("22"), false);
    assert_int_equal(op_store_get(store, OP_STR("a"), &value), 1);
    assert_true(op_str_is(op_buf_str(&value), "22"));
    assert_true(has(store, OP_STR(""), "the empty key"));
    assert_true(has(store, (op_str_t){0}, "the empty key"));
    assert_true(has(store, OP_STR("aa"), NULL));

    op_batch_t batch = {0};
    op_batch_delete(&batch, OP_STR("a"));
    op_batch_delete(&batch, OP_STR("was never there"));
    assert_int_equal(op_store_write(store, &batch, true), 0);
    assert_true(has(store, OP_STR("a"), NULL));
    assert_string_equal(op_store_error(store), "");
    op_batch_free(&batch);
    op_buf_free(&value);
}

static void test_empty_value_is_a_value(void **state)
{
    op_store_t *store = s_store(state);
    op_batch_t batch = {0};
    op_batch_put(&batch, OP_STR("slice"), OP_STR(""));
    op_batch_put(&batch, OP_STR("null"), (op_str_t){0});
    op_batch_delete(&batch, OP_STR("gone"));
    size_t offset = 0;
    op_str_t key, value;
    for (int i = 0; i < 3; i++) {
        assert_true(op_batch_next(&batch, &offset, &key, &value));
        assert_true((value.at == NULL) == (i == 2));
        assert_int_equal(value.size, 0);
    }
    assert_false(op_batch_next(&batch, &offset, &key, &value));
    assert_int_equal(batch.count, 3);
    assert_int_equal(op_store_write(store, &batch, true), 0);
    assert_true(has(store, OP_STR("slice"), ""));
    assert_true(has(store, OP_STR("null"), ""));
    assert_true(has(store, OP_STR("gone"), NULL));
    op_batch_clear(&batch);
    offset = 0;
    assert_false(op_batch_next(&batch, &offset, &key, &value));
    assert_int_equal(op_store_write(store, &batch, true), 0); /* a barrier */
    op_batch_free(&batch);
    op_batch_free(&batch);
}

static void test_batch_is_in_order(void **state)
{
    op_store_t *store = s_store(state);
    op_batch_t batch = {0};
    op_batch_put(&batch, OP_STR("put-delete"), OP_STR("x"));
    op_batch_delete(&batch, OP_STR("put-delete"));
    op_batch_delete(&batch, OP_STR("delete-put"));
    op_batch_put(&batch, OP_STR("delete-put"), OP_STR("y"));
    op_batch_put(&batch, OP_STR("twice"), OP_STR("first"));
    op_batch_put(&batch, OP_STR("twice"), OP_STR("second"));
    assert_int_equal(op_store_write(store, &batch, true), 0);
    assert_true(has(store, OP_STR("put-delete"), NULL));
    assert_true(has(store, OP_STR("delete-put"), "y"));
    assert_true(has(store, OP_STR("twice"), "second"));
    op_batch_free(&batch);
}

/*  Rows in order, each key and a space. */
static void s_list(op_store_t *store, op_str_t low, op_str_t high, bool reverse, op_buf_t *text)
{
    op_store_range_t *range = op_store_range(store, low, high, reverse);
    op_str_t key, value;
    int result;
    op_buf_clear(text);
    while ((result = op_store_range_next(range, &key, &value)) == 1) {
        op_buf_add_str(text, key);
        op_buf_add_byte(text, ' ');
        assert_true(op_str_equal(key, value)); /* every row here has its key for a value */
    }
    assert_int_equal(result, 0);
    assert_int_equal(op_store_range_next(range, &key, &value), 0);
    op_store_range_destroy(&range);
    assert_null(range);
    op_store_range_destroy(&range);
}

static void test_range_bounds(void **state)
{
    static const struct {
        const char *low, *high, *up, *down;
    } cases[] = {
        {"", "", "a aa ab b ba c ", "c ba b ab aa a "},
        {"", "b", "a aa ab ", "ab aa a "},
        {"b", "", "b ba c ", "c ba b "},
        {"b", "b", "", ""},
        {"b", "a", "", ""},
        {"c", "", "c ", "c "},
        {"d", "", "", ""},
        {"", "a", "", ""},
        {"", "A", "", ""},
        {"", "z", "a aa ab b ba c ", "c ba b ab aa a "},
        {"aa", "ab", "aa ", "aa "},
        {"a", "b", "a aa ab ", "ab aa a "},
        {"a0", "b0", "aa ab b ", "b ab aa "},
        {"bb", "bz", "", ""},
        {"x", "y", "", ""},
    };
    op_store_t *store = s_store(state);
    op_buf_t text = {0};
    s_list(store, (op_str_t){0}, (op_str_t){0}, false, &text);
    assert_int_equal(text.size, 0);
    s_list(store, (op_str_t){0}, (op_str_t){0}, true, &text);
    assert_int_equal(text.size, 0);
    for (const char *keys = "b\0ab\0c\0a\0ba\0aa\0"; *keys; keys += strlen(keys) + 1)
        put(store, op_str(keys), op_str(keys), false);
    for (size_t i = 0; i < OP_COUNT(cases); i++) {
        s_list(store, op_str(cases[i].low), op_str(cases[i].high), false, &text);
        assert_true(op_str_is(op_buf_str(&text), cases[i].up));
        s_list(store, op_str(cases[i].low), op_str(cases[i].high), true, &text);
        assert_true(op_str_is(op_buf_str(&text), cases[i].down));
    }
    op_buf_free(&text);
}

/*  Keys sort as unsigned bytes, a prefix before what it begins. */
static void test_order_of_bytes(void **state)
{
    static const op_str_t keys[] = {
        {"", 0},         {"\0", 1},         {"\0\0", 2},     {"\0\xff", 2}, {"\x01", 1},
        {"a", 1},        {"a\0", 2},        {"a\0b", 3},     {"a\xff", 2},  {"b", 1},
        {"\x7f", 1},     {"\x80", 1},       {"\xfe\xff", 2}, {"\xff", 1},   {"\xff\0", 2},
        {"\xff\xff", 2}, {"\xff\xff\0", 3},
    };
    op_store_t *store = s_store(state);
    for (size_t i = 0; i < OP_COUNT(keys); i++) /* 7 and 17 have no common factor: all of them */
        put(store, keys[i * 7 % OP_COUNT(keys)], OP_STR("v"), false);
    for (int reverse = 0; reverse < 2; reverse++) {
        op_store_range_t *range = op_store_range(store, (op_str_t){0}, (op_str_t){0}, reverse);
        op_str_t key, value;
        for (size_t i = 0; i < OP_COUNT(keys); i++) {
            assert_int_equal(op_store_range_next(range, &key, &value), 1);
            assert_true(op_str_equal(key, keys[reverse ? OP_COUNT(keys) - 1 - i : i]));
        }
        assert_int_equal(op_store_range_next(range, &key, &value), 0);
        op_store_range_destroy(&range);
    }
    for (size_t i = 0; i + 1 < OP_COUNT(keys);
         i++) { /* [keys[i], keys[i + 1]) holds keys[i] only */
        op_store_range_t *range = op_store_range(store, keys[i], keys[i + 1], i % 2 == 1);
        op_str_t key, value;
        assert_int_equal(op_store_range_next(range, &key, &value), 1);
        assert_true(op_str_equal(key, keys[i]));
        assert_int_equal(op_store_range_next(range, &key, &value), 0);
        op_store_range_destroy(&range);
    }
}

static void test_range_is_frozen(void **state)
{
    op_store_t *store = s_store(state);
    for (const char *keys = "a\0b\0c\0d\0"; *keys; keys += 2)
        put(store, op_str(keys), OP_STR("old"), false);
    op_store_range_t *up = op_store_range(store, OP_STR("a"), OP_STR(""), false);
    op_store_range_t *down = op_store_range(store, OP_STR(""), OP_STR("d"), true);
    op_str_t key, value;
    assert_int_equal(op_store_range_next(up, &key, &value), 1);
    op_batch_t batch = {0};
    op_batch_delete(&batch, OP_STR("b"));
    op_batch_put(&batch, OP_STR("bb"), OP_STR("new"));
    op_batch_put(&batch, OP_STR("c"), OP_STR("new"));
    op_batch_delete(&batch, OP_STR("a"));
    assert_int_equal(op_store_write(store, &batch, true), 0);
    op_batch_free(&batch);
    for (const char *expected = "bcd"; *expected; expected++) {
        assert_int_equal(op_store_range_next(up, &key, &value), 1);
        assert_true(key.size == 1 && key.at[0] == *expected && op_str_is(value, "old"));
    }
    assert_int_equal(op_store_range_next(up, &key, &value), 0);
    for (const char *expected = "cba"; *expected; expected++) {
        assert_int_equal(op_store_range_next(down, &key, &value), 1);
        assert_true(key.size == 1 && key.at[0] == *expected && op_str_is(value, "old"));
    }
    assert_int_equal(op_store_range_next(down, &key, &value), 0);
    op_store_range_destroy(&up);
    op_store_range_destroy(&down);
    assert_true(has(store, OP_STR("a"), NULL));
    assert_true(has(store, OP_STR("c"), "new"));
}

static void test_snapshot_is_frozen_and_read_only(void **state)
{
    op_store_t *store = s_store(state);
    put(store, OP_STR("a"), OP_STR("a"), false);
    put(store, OP_STR("b"), OP_STR("b"), true);
    op_store_t *snapshot = op_store_snapshot(store);
    assert_non_null(snapshot);
    op_batch_t batch = {0};
    op_batch_delete(&batch, OP_STR("a"));
    op_batch_put(&batch, OP_STR("c"), OP_STR("c"));
    assert_int_equal(op_store_write(store, &batch, true), 0);
    assert_true(has(snapshot, OP_STR("a"), "a"));
    assert_true(has(snapshot, OP_STR("c"), NULL));
    op_buf_t text = {0};
    s_list(snapshot, (op_str_t){0}, (op_str_t){0}, false, &text);
    assert_true(op_str_is(op_buf_str(&text), "a b "));
    s_list(store, (op_str_t){0}, (op_str_t){0}, true, &text);
    assert_true(op_str_is(op_buf_str(&text), "c b "));
    assert_int_equal(op_store_write(snapshot, &batch, true), -1);
    assert_non_null(strstr(op_store_error(snapshot), "read-only"));
    assert_null(op_store_snapshot(snapshot));
    assert_string_equal(op_store_error(store), "");
    op_store_destroy(&snapshot);
    assert_null(snapshot);
    assert_true(has(store, OP_STR("a"), NULL));
    op_buf_free(&text);
    op_batch_free(&batch);
}

static void test_large_values(void **state)
{
    enum { SIZE = 1 << 20 };
    op_store_t *store = s_store(state);
    char *bytes = op_alloc(SIZE);
    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (char)(i * 31 + (i >> 8));
    op_batch_t batch = {0};
    op_batch_put(&batch, OP_STR("large"), op_str_of(bytes, SIZE));
    op_batch_put(&batch, OP_STR("larger"), op_str_of(bytes, SIZE - 1));
    assert_int_equal(op_store_write(store, &batch, true), 0);
    op_batch_free(&batch);
    op_buf_t value = {0};
    assert_int_equal(op_store_get(store, OP_STR("large"), &value), 1);
    assert_true(op_str_equal(op_buf_str(&value), op_str_of(bytes, SIZE)));
    assert_int_equal(op_store_get(store, OP_STR("larger"), &value), 1);
    assert_true(op_str_equal(op_buf_str(&value), op_str_of(bytes, SIZE - 1)));
    op_buf_free(&value);
    free(bytes);
}

/*  The model: a sorted array would do, and here the keys are few enough to be its indices. */
enum { S_KEYS = 500, S_OPERATIONS = 20000 };
typedef struct {
    uint32_t value[S_KEYS]; /* 0: no such row */
} s_model_t;

static op_str_t s_key(char text[16], uint32_t number)
{
    snprintf(text, 16, "k%03u", number);
    return op_str(text);
}

static op_str_t s_value(char text[16], uint32_t number)
{
    snprintf(text, 16, "%u", number);
    return op_str(text);
}

static void s_random_batch(op_store_t *store, s_model_t *model, op_random_t *random, uint32_t step)
{
    op_batch_t batch = {0};
    char key[16], value[16];
    for (uint32_t n = op_random_below(random, 8); n > 0; n--) {
        uint32_t k = op_random_below(random, S_KEYS);
        if (op_random_below(random, 3) == 0) {
            op_batch_delete(&batch, s_key(key, k));
            model->value[k] = 0;
        } else {
            model->value[k] = step * 8 + n + 1;
            op_batch_put(&batch, s_key(key, k), s_value(value, model->value[k]));
        }
    }
    assert_int_equal(op_store_write(store, &batch, op_random_below(random, 50) == 0), 0);
    op_batch_free(&batch);
}

static void s_check_row(const s_model_t *model, uint32_t k, op_str_t key, op_str_t value)
{
    char text[16];
    assert_true(op_str_equal(key, s_key(text, k)));
    assert_true(op_str_equal(value, s_value(text, model->value[k])));
}

static void s_random_range(op_store_t *store, const s_model_t *model, uint32_t low, uint32_t high,
                           bool reverse)
{
    char low_text[16], high_text[16];
    op_store_range_t *range =
        op_store_range(store, s_key(low_text, low), s_key(high_text, high), reverse);
    op_str_t key, value;
    for (uint32_t i = low; i < high; i++) {
        uint32_t k = reverse ? high - 1 - (i - low) : i;
        if (model->value[k] == 0)
            continue;
        assert_int_equal(op_store_range_next(range, &key, &value), 1);
        s_check_row(model, k, key, value);
    }
    assert_int_equal(op_store_range_next(range, &key, &value), 0);
    op_store_range_destroy(&range);
}

static void s_random_get(op_store_t *store, const s_model_t *model, uint32_t k)
{
    char key[16], value[16];
    bool there = model->value[k] != 0;
    s_value(value, model->value[k]);
    assert_true(has(store, s_key(key, k), there ? value : NULL));
}

static void test_random_operations(void **state)
{
    s_fixture_t *self = *state;
    s_model_t model = {{0}}, then = {{0}};
    op_store_t *snapshot = NULL;
    op_random_t random = {.seed = {7}};
    for (uint32_t step = 0; step < S_OPERATIONS; step++) {
        uint32_t low = op_random_below(&random, S_KEYS);
        uint32_t high = low + op_random_below(&random, S_KEYS - low);
        if (step % 1000 == 500) {
            op_store_destroy(&snapshot);
            snapshot = op_store_snapshot(self->store);
            then = model;
        }
        if (step % 5000 == 4999 && self->leveldb) { /* what is there survives a new start */
            op_store_destroy(&snapshot);
            op_store_destroy(&self->store);
            s_open(self);
        }
        switch (op_random_below(&random, 4)) {
        case 0:
            s_random_get(self->store, &model, low);
            break;
        case 1:
            s_random_range(self->store, &model, low, high < low + 20 ? high : low + 20, step % 2);
            break;
        case 2:
            if (snapshot)
                s_random_get(snapshot, &then, low);
            break;
        default:
            s_random_batch(self->store, &model, &random, step);
        }
    }
    s_random_range(self->store, &model, 0, S_KEYS, false);
    s_random_range(self->store, &model, 0, S_KEYS, true);
    if (snapshot)
        s_random_range(snapshot, &then, 0, S_KEYS, true);
    op_store_destroy(&snapshot);
}

#define EACH_ENGINE(test)                                                                          \
    cmocka_unit_test_setup_teardown(test, s_setup_memory, s_teardown),                             \
        cmocka_unit_test_setup_teardown(test, s_setup_leveldb, s_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH_ENGINE(test_get_put_delete),
        EACH_ENGINE(test_empty_value_is_a_value),
        EACH_ENGINE(test_batch_is_in_order),
        EACH_ENGINE(test_range_bounds),
        EACH_ENGINE(test_order_of_bytes),
        EACH_ENGINE(test_range_is_frozen),
        EACH_ENGINE(test_snapshot_is_frozen_and_read_only),
        EACH_ENGINE(test_large_values),
        EACH_ENGINE(test_random_operations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
