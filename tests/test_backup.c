/*  Backups: whole and in order, or refused; and restored in one step. */

#include "tests/restore_fixture.h"

#include "store/memory.h"

#include <fcntl.h>
#include <sys/stat.h>

/*  The whole stream of a store. */
static op_buf_t s_stream(op_store_t *store)
{
    op_store_t *frozen = op_store_snapshot(store);
    assert_non_null(frozen);
    op_backup_t *backup = op_backup_new(frozen, 1234567890123);
    op_buf_t stream = {0}, part = {0};
    int rc;
    s_put_counter(store, 99999999, false); /* what comes later is not in it */
    while ((rc = op_backup_next(backup, &part)) > 0)
        op_buf_add_str(&stream, op_buf_str(&part));
    assert_int_equal(rc, 0);
    assert_int_equal(op_backup_next(backup, &part), 0);
    op_backup_destroy(&backup);
    op_backup_destroy(&backup);
    op_store_destroy(&frozen);
    op_buf_free(&part);
    return stream;
}

static op_buf_t s_backup_of(unsigned rows)
{
    op_store_t *store = op_store_memory_new();
    s_fill(store, rows);
    op_buf_t stream = s_stream(store);
    op_store_destroy(&store);
    return stream;
}

/*  ---- Reading from memory ---- */

typedef struct {
    op_str_t left;
    uint64_t rows;
} memory_t;

static long s_source(void *arg, void *bytes, size_t size)
{
    memory_t *self = arg;
    size_t take = size < self->left.size ? size : self->left.size;
    take = take > 7 ? 7 : take; /* a source may give less than was asked for */
    if (take)
        memcpy(bytes, self->left.at, take);
    self->left = op_str_of(self->left.at + take, self->left.size - take);
    return (long)take;
}

static int s_row(void *arg, op_str_t key, op_str_t value, char error[256])
{
    (void)error;
    assert_true(key.size > 0);
    assert_null(op_check_row(value));
    ((memory_t *)arg)->rows++;
    return 0;
}

static int s_read(op_str_t stream, op_backup_facts_t *facts, char error[256])
{
    memory_t memory = {stream, 0};
    op_backup_reader_t reader = {s_source, s_row, &memory};
    int rc = op_backup_read(&reader, facts, error);
    if (rc == 0)
        assert_int_equal(memory.rows, facts->rows);
    return rc;
}

static void test_a_stream_is_read_back(void **state)
{
    s_fixture_t *self = *state;
    static const unsigned sizes[] = {1, 2, S_ROWS, 5000};
    for (size_t i = 0; i < OP_COUNT(sizes); i++) {
        op_backup_facts_t facts;
        op_buf_t stream = s_backup_of(sizes[i]);
        assert_int_equal(s_read(op_buf_str(&stream), &facts, self->error), 0);
        assert_int_equal(facts.rows, sizes[i] + 1); /* and the version */
        assert_int_equal(facts.taken, 1234567890123);
        op_buf_free(&stream);
    }
}

static void test_a_flipped_bit_is_refused(void **state)
{
    s_fixture_t *self = *state;
    op_backup_facts_t facts;
    op_buf_t stream = s_backup_of(9);
    for (size_t at = 0; at < stream.size; at++) {
        stream.at[at] ^= (char)(1 << at % 8);
        assert_int_equal(s_read(op_buf_str(&stream), &facts, self->error), -1);
        stream.at[at] ^= (char)(1 << at % 8);
    }
    assert_int_equal(s_read(op_buf_str(&stream), &facts, self->error), 0);
    op_buf_free(&stream);
}

static void test_a_cut_or_longer_stream_is_refused(void **state)
{
    s_fixture_t *self = *state;
    op_backup_facts_t facts;
    op_buf_t stream = s_backup_of(9);
    for (size_t size = 0; size < stream.size; size++)
        assert_int_equal(s_read(op_str_of(stream.at, size), &facts, self->error), -1);
    op_buf_add_byte(&stream, 0);
    assert_int_equal(s_read(op_buf_str(&stream), &facts, self->error), -1);
    assert_non_null(strstr(self->error, "behind its end"));
    op_buf_free(&stream);
}

/*  The pieces of a longer stream, one left out, or two that have changed places. */
static void test_pieces_stay_where_they_are(void **state)
{
    s_fixture_t *self = *state;
    op_backup_facts_t facts;
    op_buf_t stream = s_backup_of(12000);
    size_t first = 20, size[2];
    for (size_t i = 0, at = first; i < 2; at += size[i++]) {
        const uint8_t *head = (const uint8_t *)stream.at + at;
        assert_int_equal(head[0], 'P');
        size[i] = 5 + 32 +
                  ((size_t)head[1] << 24 | (size_t)head[2] << 16 | (size_t)head[3] << 8 | head[4]);
    }
    op_buf_t other = {0};
    op_buf_add(&other, stream.at, first);
    op_buf_add(&other, stream.at + first + size[0], stream.size - first - size[0]);
    assert_int_equal(s_read(op_buf_str(&other), &facts, self->error), -1);
    op_buf_clear(&other);
    op_buf_add(&other, stream.at, first);
    op_buf_add(&other, stream.at + first + size[0], size[1]);
    op_buf_add(&other, stream.at + first, size[0]);
    op_buf_add(&other, stream.at + first + size[0] + size[1],
               stream.size - first - size[0] - size[1]);
    assert_int_equal(s_read(op_buf_str(&other), &facts, self->error), -1);
    op_buf_free(&other);
    op_buf_free(&stream);
}

/*  ---- Restoring ---- */

static void s_save(const s_fixture_t *self, op_str_t bytes)
{
    FILE *file = fopen(self->file, "wbe");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes.at, 1, bytes.size, file), bytes.size);
    assert_int_equal(fclose(file), 0);
}

static void s_expect_rows(s_fixture_t *self, unsigned rows)
{
    op_check_facts_t facts;
    op_store_t *store = op_store_leveldb_open(self->dir, NULL, self->error);
    assert_non_null(store);
    assert_int_equal(op_check_store(store, &facts, self->error), 0);
    assert_int_equal(facts.rows, rows + 1);
    op_store_destroy(&store);
}

static void test_a_backup_becomes_a_store(void **state)
{
    s_fixture_t *self = *state;
    op_backup_facts_t facts;
    op_buf_t stream = s_backup_of(S_ROWS);
    s_save(self, op_buf_str(&stream));
    assert_int_equal(mkdir(self->partial, 0700), 0); /* of a run that was cut short */
    char left[S_PATH + 16];
    snprintf(left, sizeof left, "%s/000003.log", self->partial);
    int fd = open(left, O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0 && write(fd, "half", 4) == 4);
    close(fd);
    assert_int_equal(mkdir(self->dir, 0700), 0); /* empty: it may be there */
    assert_int_equal(op_restore(self->file, self->dir, &facts, self->error), 0);
    assert_int_equal(facts.rows, S_ROWS + 1);
    assert_int_equal(access(self->partial, F_OK), -1);
    s_expect_rows(self, S_ROWS);
    /* And once more: the folder is not empty now, and stays as it is. */
    assert_int_equal(op_restore(self->file, self->dir, &facts, self->error), -1);
    assert_non_null(strstr(self->error, "not empty"));
    s_expect_rows(self, S_ROWS);
    op_buf_free(&stream);
}

static void test_a_damaged_backup_writes_nothing(void **state)
{
    s_fixture_t *self = *state;
    op_backup_facts_t facts;
    op_buf_t stream = s_backup_of(S_ROWS);
    stream.at[stream.size / 2] ^= 1;
    s_save(self, op_buf_str(&stream));
    assert_int_equal(op_restore_check(self->file, &facts, self->error), -1);
    assert_int_equal(op_restore(self->file, self->dir, &facts, self->error), -1);
    assert_non_null(strstr(self->error, "checksum"));
    assert_int_equal(access(self->dir, F_OK), -1);
    assert_int_equal(access(self->partial, F_OK), -1);
    op_buf_free(&stream);
}

/*  A sound stream of what is no store of OP. */
static void test_a_foreign_row_is_refused(void **state)
{
    s_fixture_t *self = *state;
    op_backup_facts_t facts;
    op_store_t *store = op_store_memory_new();
    s_fill(store, 3);
    put(store, OP_STR("ledger/x"), OP_STR("not a record of any kind"), true);
    op_buf_t stream = s_stream(store);
    op_check_facts_t checked;
    assert_int_equal(op_check_store(store, &checked, self->error), -1);
    assert_non_null(strstr(self->error, "(ledger)"));
    op_store_destroy(&store);
    s_save(self, op_buf_str(&stream));
    assert_int_equal(op_restore(self->file, self->dir, &facts, self->error), -1);
    assert_int_equal(access(self->dir, F_OK), -1);
    op_buf_free(&stream);
}

/*  ---- A death in the middle: the calls that make something durable or visible are counted ---- */

static int s_restore(s_fixture_t *self)
{
    op_backup_facts_t facts;
    return op_restore(self->file, self->dir, &facts, self->error) == 0 ? 0 : 1;
}

/*  Does the store open, whole? */
static int s_look(s_fixture_t *self)
{
    op_check_facts_t facts;
    op_store_t *store = op_store_leveldb_open(self->dir, NULL, self->error);
    bool whole = store && op_check_store(store, &facts, self->error) == 0;
    op_store_destroy(&store);
    return whole && facts.rows == S_ROWS + 1 ? 0 : 1;
}

/*  The first test: a thread of LevelDB's would not survive the fork. */
static void test_a_death_leaves_all_or_nothing(void **state)
{
    s_fixture_t *self = *state;
    op_buf_t stream = s_backup_of(S_ROWS);
    s_save(self, op_buf_str(&stream));
    int status = 9, deaths = 0, whole = 0;
    for (int at = 1; status == 9; at++) {
        status = s_in_a_child(self, at, s_restore);
        deaths += status == 9;
        if (access(self->dir, F_OK) == 0) {
            whole++;
            assert_int_equal(s_in_a_child(self, 0, s_look), 0);
            scratch_each(self->dir, scratch_unlink, NULL);
            assert_int_equal(rmdir(self->dir), 0);
        }
    }
    assert_int_equal(status, 0);
    assert_true(deaths >= 5);
    assert_true(whole >= 2); /* from the rename on it is there */
    assert_int_equal(s_in_a_child(self, 0, s_restore), 0);
    s_expect_rows(self, S_ROWS);
    op_buf_free(&stream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_death_leaves_all_or_nothing, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_a_stream_is_read_back, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_a_flipped_bit_is_refused, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_a_cut_or_longer_stream_is_refused, s_setup,
                                        s_teardown),
        cmocka_unit_test_setup_teardown(test_pieces_stay_where_they_are, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_a_backup_becomes_a_store, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_a_damaged_backup_writes_nothing, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_a_foreign_row_is_refused, s_setup, s_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
