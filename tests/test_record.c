/*  Stored records and the version of the store. */

#include "tests/value_fixture.h"

#include "store/memory.h"
#include "store/record.h"
#include "store/schema.h"

#include <sodium.h>

static const char *s_open(const op_type_t *type, op_str_t bytes, void *value)
{
    op_arena_t arena = {0};
    char *exact = value_exact(bytes);
    const char *damage = op_record_open(type, op_str_of(exact, bytes.size), &arena, value);
    free(exact);
    op_arena_free(&arena);
    return damage;
}

static void s_round_trip(const op_type_t *type)
{
    for (value_mode_t mode = VALUE_ZERO; mode <= VALUE_MAXIMUM; mode++) {
        op_arena_t arena = {0};
        op_buf_t bytes = {0};
        uint64_t seed = 8;
        void *value = value_make(type, mode, &seed, &arena);
        void *opened = op_arena_alloc(&arena, type->size);
        op_buf_add(&bytes, "before", 6); /* it appends */
        op_record_seal(type, value, &bytes);
        op_str_t sealed = op_str_of(bytes.at + 6, bytes.size - 6);
        assert_null(op_record_open(type, sealed, &arena, opened));
        assert_true(value_equal(type, value, opened));
        op_buf_free(&bytes);
        op_arena_free(&arena);
    }
}

/*  Every octet changed, every cut, and a longer end are noticed. */
static void s_damage(const op_type_t *type)
{
    op_arena_t arena = {0};
    op_buf_t bytes = {0};
    uint64_t seed = 12;
    op_record_seal(type, value_make(type, VALUE_TYPICAL, &seed, &arena), &bytes);
    void *value = op_arena_alloc(&arena, type->size);
    assert_null(s_open(type, op_buf_str(&bytes), value));
    for (size_t size = 0; size < bytes.size; size++)
        assert_string_equal(s_open(type, op_str_of(bytes.at, size), value),
                            size < OP_RECORD_HEAD ? "too short" : "checksum mismatch");
    for (size_t i = 0; i < bytes.size; i++)
        for (int bit = 0; bit < 8; bit++) {
            bytes.at[i] = (char)(bytes.at[i] ^ 1 << bit);
            assert_string_equal(s_open(type, op_buf_str(&bytes), value), "checksum mismatch");
            bytes.at[i] = (char)(bytes.at[i] ^ 1 << bit);
        }
    op_buf_add_byte(&bytes, 0xc0);
    assert_string_equal(s_open(type, op_buf_str(&bytes), value), "checksum mismatch");
    op_buf_free(&bytes);
    op_arena_free(&arena);
}

static void s_each_record(void (*check)(const op_type_t *type))
{
    size_t count;
    const op_type_t *const *types = op_record_types(&count);
    for (size_t i = 0; i < count; i++)
        check(types[i]);
}

static void test_round_trip(void **state)
{
    (void)state;
    s_each_record(s_round_trip);
}

static void test_damage(void **state)
{
    (void)state;
    s_each_record(s_damage);
}

static void test_another_kind(void **state)
{
    (void)state;
    op_buf_t bytes = {0};
    op_record_seal(&op_counter_row_type, &(op_counter_row_t){5}, &bytes);
    op_seen_row_t seen;
    assert_string_equal(s_open(&op_seen_row_type, op_buf_str(&bytes), &seen),
                        "another kind of record");
    op_buf_free(&bytes);
}

/*  The checksum is right, what it covers is not: written by another program, or another version. */
static void s_expect_resealed(op_str_t content, const char *damage)
{
    static const uint8_t key[crypto_shorthash_KEYBYTES] = "OP record sum 1";
    op_counter_row_t row;
    op_buf_t bytes = {0};
    op_buf_add(&bytes, "12345678", 8);
    op_buf_add_str(&bytes, content);
    crypto_shorthash((uint8_t *)bytes.at, (const uint8_t *)content.at, content.size, key);
    const char *found = s_open(&op_counter_row_type, op_buf_str(&bytes), &row);
    if (damage)
        assert_string_equal(found, damage);
    else
        assert_null(found);
    op_buf_free(&bytes);
}

static void test_other_versions(void **state)
{
    (void)state;
    s_expect_resealed(op_str_of("\x10\x02\x01\x91\x05", 5), NULL);
    s_expect_resealed(op_str_of("\x10\x02\x01\x92\x05\xc3", 6), NULL); /* a field more */
    s_expect_resealed(op_str_of("\x10\x02\x02\x91\x05", 5), "written by another version");
    s_expect_resealed(op_str_of("\x10\x03\x01\x91\x05", 5), "another kind of record");
    s_expect_resealed(op_str_of("\x10\x02\x01\x91\x05x", 6), "bytes behind the record");
    s_expect_resealed(op_str_of("\x10\x02\x01\x91", 4), "truncated");
}

static void test_declarations(void **state)
{
    (void)state;
    size_t count, messages;
    const op_type_t *const *types = op_record_types(&count);
    const op_type_t *const *others = op_message_types(&messages);
    assert_true(count > 20);
    for (size_t i = 0; i < count; i++) {
        assert_true(types[i]->number >= 0x1000);
        assert_true(strlen(types[i]->doc) > 0);
        for (size_t j = 0; j < i; j++) {
            assert_int_not_equal(types[i]->number, types[j]->number);
            assert_string_not_equal(types[i]->name, types[j]->name);
        }
        for (size_t j = 0; j < messages; j++) {
            assert_int_not_equal(types[i]->number, others[j]->number);
            assert_string_not_equal(types[i]->name, others[j]->name);
        }
    }
}

/*  ---- The version of the store ---- */

static void s_put(op_store_t *store, op_str_t key, op_str_t value)
{
    op_batch_t batch = {0};
    op_batch_put(&batch, key, value);
    assert_int_equal(op_store_write(store, &batch, true), 0);
    op_batch_free(&batch);
}

static void test_schema(void **state)
{
    (void)state;
    char error[256] = "";
    op_store_t *store = op_store_memory_new();
    assert_int_equal(op_schema_check(store, error), 0); /* empty: it is written */
    op_store_memory_crash(store);
    assert_int_equal(op_store_memory_commits(store), 1);
    s_put(store, OP_STR("ledger/x"), OP_STR("y"));
    assert_int_equal(op_schema_check(store, error), 0); /* and found */
    assert_int_equal(op_store_memory_commits(store), 2);

    op_buf_t row = {0};
    op_record_seal(&op_schema_row_type, &(op_schema_row_t){OP_SCHEMA_VERSION + 1}, &row);
    s_put(store, OP_STR("!schema"), op_buf_str(&row));
    assert_int_equal(op_schema_check(store, error), -1);
    assert_non_null(strstr(error, "version 2"));
    row.at[0] = (char)(row.at[0] ^ 1);
    s_put(store, OP_STR("!schema"), op_buf_str(&row));
    assert_int_equal(op_schema_check(store, error), -1);
    assert_non_null(strstr(error, "damaged"));
    op_buf_free(&row);
    op_store_destroy(&store);

    store = op_store_memory_new(); /* somebody else's */
    s_put(store, OP_STR("x"), OP_STR("y"));
    assert_int_equal(op_schema_check(store, error), -1);
    assert_non_null(strstr(error, "not OP's"));
    op_store_destroy(&store);

    store = op_store_memory_new();
    op_store_memory_fail_after(store, 0);
    assert_int_equal(op_schema_check(store, error), -1);
    assert_non_null(strstr(error, "failed"));
    op_store_destroy(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),   cmocka_unit_test(test_damage),
        cmocka_unit_test(test_another_kind), cmocka_unit_test(test_other_versions),
        cmocka_unit_test(test_declarations), cmocka_unit_test(test_schema),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
