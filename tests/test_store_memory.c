/*  Crashes, failures and digests of the memory engine. */

#include "tests/store_fixture.h"

#include "store/memory.h"

enum { S_BATCHES = 10 };

static op_str_t s_name(char name[8], int i)
{
    snprintf(name, 8, "u%d", i % 1000);
    return op_str(name);
}

/*  One synced row "s", then the unsynced u0 to u9. */
static op_store_t *s_store_with_unsynced(void)
{
    op_store_t *store = op_store_memory_new();
    char name[8];
    put(store, OP_STR("before"), OP_STR("1"), false);
    put(store, OP_STR("s"), OP_STR("1"), true);
    for (int i = 0; i < S_BATCHES; i++)
        put(store, s_name(name, i), OP_STR("1"), false);
    return store;
}

static unsigned s_survivors(op_store_t *store)
{
    unsigned set = 0;
    char name[8];
    for (int i = 0; i < S_BATCHES; i++)
        if (has(store, s_name(name, i), "1"))
            set |= 1u << i;
    return set;
}

static void test_crash_forgets_the_unsynced(void **state)
{
    (void)state;
    op_store_t *store = s_store_with_unsynced();
    op_store_range_t *range = op_store_range(store, OP_STR("u0"), OP_STR("u1"), false);
    assert_int_equal(s_survivors(store), (1u << S_BATCHES) - 1);
    op_store_memory_crash(store);
    assert_int_equal(s_survivors(store), 0);
    assert_true(has(store, OP_STR("before"), "1")); /* a synced write covers what was before it */
    assert_true(has(store, OP_STR("s"), "1"));
    op_str_t key, value;
    assert_int_equal(op_store_range_next(range, &key, &value), 1); /* it saw what was there */
    op_store_range_destroy(&range);

    op_batch_t batch = {0};
    op_batch_delete(&batch, OP_STR("s"));
    assert_int_equal(op_store_write(store, &batch, false), 0);
    op_batch_free(&batch);
    assert_true(has(store, OP_STR("s"), NULL));
    op_store_memory_crash(store);
    assert_true(has(store, OP_STR("s"), "1"));
    put(store, OP_STR("late"), OP_STR("1"), false);
    barrier(store);
    op_store_memory_crash(store);
    assert_true(has(store, OP_STR("late"), "1"));
    op_store_destroy(&store);
}

static void test_crash_keeps_a_prefix(void **state)
{
    (void)state;
    unsigned lengths = 0; /* which lengths were seen */
    for (uint8_t seed = 0; seed < 200; seed++) {
        op_random_t random = {.seed = {seed}}, again = {.seed = {seed}};
        op_store_t *store = s_store_with_unsynced(), *twin = s_store_with_unsynced();
        op_store_memory_crash_keeping(store, OP_MEMORY_KEEP_PREFIX, &random);
        op_store_memory_crash_keeping(twin, OP_MEMORY_KEEP_PREFIX, &again);
        unsigned set = s_survivors(store);
        assert_int_equal(set & (set + 1), 0); /* ones from the bottom up: no holes */
        assert_int_equal(s_survivors(twin), set);
        assert_true(has(store, OP_STR("s"), "1"));
        op_store_memory_crash(store);
        assert_int_equal(s_survivors(store), set); /* survivors are durable */
        lengths |= 1u << __builtin_popcount(set);
        op_store_destroy(&store);
        op_store_destroy(&twin);
    }
    assert_int_equal(lengths, (1u << (S_BATCHES + 1)) - 1);
}

static void test_crash_keeps_some(void **state)
{
    (void)state;
    unsigned holes = 0;
    for (uint8_t seed = 0; seed < 50; seed++) {
        op_random_t random = {.seed = {seed}};
        op_store_t *store = s_store_with_unsynced();
        op_store_memory_crash_keeping(store, OP_MEMORY_KEEP_SOME, &random);
        unsigned set = s_survivors(store);
        holes += (set & (set + 1)) != 0;
        assert_true(has(store, OP_STR("before"), "1") && has(store, OP_STR("s"), "1"));
        op_store_destroy(&store);
    }
    assert_true(holes > 10);
}

static void test_fail_after(void **state)
{
    (void)state;
    op_store_t *store = op_store_memory_new();
    op_batch_t batch = {0};
    for (uint64_t n = 0; n < 4; n++) {
        op_store_memory_fail_after(store, n);
        for (uint64_t i = 0; i < n; i++)
            put(store, OP_STR("good"), OP_STR("1"), true);
        uint64_t commits = op_store_memory_commits(store);
        op_batch_clear(&batch);
        op_batch_put(&batch, OP_STR("bad"), OP_STR("1"));
        op_batch_put(&batch, OP_STR("worse"), OP_STR("1"));
        assert_int_equal(op_store_write(store, &batch, true), -1);
        assert_true(strlen(op_store_error(store)) > 0);
        assert_true(has(store, OP_STR("bad"), NULL) && has(store, OP_STR("worse"), NULL));
        assert_int_equal(op_store_memory_commits(store), commits);
        put(store, OP_STR("good"), OP_STR("2"), false);
        assert_int_equal(op_store_memory_commits(store), commits + 1);
    }
    op_batch_free(&batch);
    op_store_destroy(&store);
}

static void test_unsynced_are_bounded(void **state)
{
    (void)state;
    op_store_t *store = op_store_memory_new();
    for (int i = 0; i < OP_MEMORY_UNSYNCED_MAX; i++)
        put(store, OP_STR("n"), OP_STR("1"), false);
    put(store, OP_STR("one more"), OP_STR("1"), false);
    put(store, OP_STR("and one"), OP_STR("1"), false);
    op_store_memory_crash(store);
    assert_true(has(store, OP_STR("one more"), "1"));
    assert_true(has(store, OP_STR("and one"), NULL));
    op_store_destroy(&store);
}

static bool s_same(op_store_t *a, op_store_t *b)
{
    uint8_t digest_a[OP_MEMORY_DIGEST_SIZE], digest_b[OP_MEMORY_DIGEST_SIZE];
    op_store_memory_digest(a, digest_a);
    op_store_memory_digest(b, digest_b);
    return memcmp(digest_a, digest_b, sizeof digest_a) == 0;
}

static void test_digest(void **state)
{
    (void)state;
    op_store_t *a = op_store_memory_new(), *b = op_store_memory_new();
    assert_true(s_same(a, b));
    put(a, OP_STR("x"), OP_STR("1"), true);
    assert_false(s_same(a, b));
    put(a, OP_STR("y"), OP_STR("2"), true);
    put(b, OP_STR("y"), OP_STR("old"), false);
    put(b, OP_STR("y"), OP_STR("2"), false);
    put(b, OP_STR("x"), OP_STR("1"), false);
    assert_true(s_same(a, b)); /* whatever the way there */
    op_store_t *snapshot = op_store_snapshot(a);
    op_batch_t batch = {0};
    op_batch_delete(&batch, OP_STR("x"));
    op_batch_put(&batch, OP_STR("x1"), OP_STR("")); /* the same bytes, cut elsewhere */
    assert_int_equal(op_store_write(a, &batch, true), 0);
    op_batch_free(&batch);
    assert_false(s_same(a, b));
    assert_true(s_same(snapshot, b));
    op_store_memory_crash(b);
    op_store_t *empty = op_store_memory_new();
    assert_true(s_same(b, empty));
    op_store_destroy(&empty);
    op_store_destroy(&snapshot);
    op_store_destroy(&a);
    op_store_destroy(&b);
}

/*  A plain one holds the same rows after the same writes, and shows them in the same order, from any
    key on, also while they change. */
static void test_plain(void **state)
{
    (void)state;
    op_store_t *memory = op_store_memory_new(), *plain = op_store_memory_plain();
    op_random_t random;
    uint8_t seed[OP_ENTROPY_SIZE] = {9};
    op_random_seed(&random, seed);
    for (int round = 0; round < 2000; round++) {
        char bytes[2] = {(char)op_random_below(&random, 256), (char)op_random_below(&random, 4)};
        op_str_t key = op_str_of(bytes, 2), low = op_str_of(bytes, op_random_below(&random, 3));
        bool reverse = op_random_below(&random, 2);
        op_store_range_t *a = op_store_range(memory, low, (op_str_t){0}, reverse);
        op_store_range_t *b = op_store_range(plain, low, (op_str_t){0}, reverse);
        op_batch_t batch = {0};
        if (op_random_below(&random, 3))
            op_batch_put(&batch, key, op_str_of(bytes, 1));
        else
            op_batch_delete(&batch, key);
        bool sync = op_random_below(&random, 2);
        assert_int_equal(op_store_write(memory, &batch, sync), 0);
        assert_int_equal(op_store_write(plain, &batch, sync), 0);
        op_batch_free(&batch);
        op_str_t key_a, key_b, value_a, value_b;
        int more;
        do {
            more = op_store_range_next(a, &key_a, &value_a);
            assert_int_equal(op_store_range_next(b, &key_b, &value_b), more);
            assert_true(!more || (op_str_equal(key_a, key_b) && op_str_equal(value_a, value_b)));
        } while (more);
        op_store_range_destroy(&a);
        op_store_range_destroy(&b);
    }
    assert_true(s_same(memory, plain));
    assert_int_equal(op_store_memory_commits(plain), 2000);
    op_store_destroy(&memory);
    op_store_destroy(&plain);
}

/*  The digest of an empty store is that of no bytes: BLAKE2b-256 (RFC 7693) of "". */
static void test_digest_is_blake2b(void **state)
{
    (void)state;
    op_store_t *store = op_store_memory_new();
    uint8_t digest[OP_MEMORY_DIGEST_SIZE];
    char text[2 * OP_MEMORY_DIGEST_SIZE + 1];
    op_store_memory_digest(store, digest);
    op_hex(digest, sizeof digest, text);
    assert_string_equal(text, "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
    op_store_destroy(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crash_forgets_the_unsynced),
        cmocka_unit_test(test_crash_keeps_a_prefix),
        cmocka_unit_test(test_crash_keeps_some),
        cmocka_unit_test(test_fail_after),
        cmocka_unit_test(test_unsynced_are_bounded),
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_digest),
        cmocka_unit_test(test_digest_is_blake2b),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
