/*  Backups: whole and in order, or refused; restored in one step; and the lenient opening. */

#include "tests/store_fixture.h"

#include "store/leveldb.h"
#include "store/memory.h"
#include "store/record.h"
#include "store/records.h"
#include "store/restore.h"
#include "store/schema.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { S_ROWS = 300, S_PATH = 128 };

typedef struct {
    char path[SCRATCH_PATH];
    char dir[S_PATH], partial[S_PATH], damaged[S_PATH], file[S_PATH];
    char error[OP_STORE_ERROR_SIZE];
} s_fixture_t;

static int s_setup(void **state)
{
    s_fixture_t *self = op_alloc(sizeof *self);
    *self = (s_fixture_t){.path = ""};
    scratch_make(self->path);
    snprintf(self->dir, S_PATH, "%s/db", self->path);
    snprintf(self->partial, S_PATH, "%s/db.partial", self->path);
    snprintf(self->damaged, S_PATH, "%s/db.damaged", self->path);
    snprintf(self->file, S_PATH, "%s/backup", self->path);
    *state = self;
    return 0;
}

static int s_teardown(void **state)
{
    s_fixture_t *self = *state;
    const char *dirs[] = {self->partial, self->damaged};
    for (size_t i = 0; i < OP_COUNT(dirs); i++) {
        scratch_each(dirs[i], scratch_unlink, NULL);
        rmdir(dirs[i]);
    }
    unlink(self->file);
    scratch_remove(self->path);
    free(self);
    return 0;
}

static void s_put_counter(op_store_t *store, unsigned number, bool sync)
{
    char key[32];
    op_buf_t value = {0};
    snprintf(key, sizeof key, "ledger/q%08u", number);
    op_record_seal(&op_counter_row_type, &(op_counter_row_t){number}, &value);
    put(store, op_str(key), op_buf_str(&value), sync);
    op_buf_free(&value);
}

static void s_fill(op_store_t *store, unsigned rows)
{
    char error[256];
    assert_int_equal(op_schema_check(store, error), 0);
    for (unsigned i = 0; i < rows; i++)
        s_put_counter(store, i, i + 1 == rows);
}

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

static int s_die_at; /* 0: never */

static void s_count_call(void)
{
    if (s_die_at && --s_die_at == 0)
        _exit(9);
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
    s_count_call();
    return __real_fsync(fd);
}

int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to)
{
    s_count_call();
    int rc = __real_rename(from, to);
    s_count_call();
    return rc;
}

/*  In a process of its own, which dies at the call of this number: its exit status. */
static int s_restore_and_die(s_fixture_t *self, int at)
{
    op_backup_facts_t facts;
    int status;
    pid_t child = fork();
    if (child == 0) {
        s_die_at = at;
        _exit(op_restore(self->file, self->dir, &facts, self->error) == 0 ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/*  Does the store open, whole? Asked in a process of its own. */
static bool s_is_whole(s_fixture_t *self)
{
    op_check_facts_t facts;
    int status;
    pid_t child = fork();
    if (child == 0) {
        op_store_t *store = op_store_leveldb_open(self->dir, NULL, self->error);
        bool whole = store && op_check_store(store, &facts, self->error) == 0;
        op_store_destroy(&store);
        _exit(whole && facts.rows == S_ROWS + 1 ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/*  The first test: a thread of LevelDB's would not survive the fork. */
static void test_a_death_leaves_all_or_nothing(void **state)
{
    s_fixture_t *self = *state;
    op_buf_t stream = s_backup_of(S_ROWS);
    s_save(self, op_buf_str(&stream));
    int status = 9, deaths = 0, whole = 0;
    for (int at = 1; status == 9; at++) {
        status = s_restore_and_die(self, at);
        deaths += status == 9;
        if (access(self->dir, F_OK) == 0) {
            whole++;
            assert_true(s_is_whole(self));
            scratch_each(self->dir, scratch_unlink, NULL);
            assert_int_equal(rmdir(self->dir), 0);
        }
    }
    assert_int_equal(status, 0);
    assert_true(deaths >= 5);
    assert_true(whole >= 2); /* from the rename on it is there */
    assert_int_equal(s_restore_and_die(self, 1000), 0);
    s_expect_rows(self, S_ROWS);
    op_buf_free(&stream);
}

/*  ---- The lenient opening ---- */

static void s_find_log(const char *path, void *context)
{
    size_t size = strlen(path);
    struct stat facts;
    if (size > 4 && strcmp(path + size - 4, ".log") == 0 && stat(path, &facts) == 0 &&
        facts.st_size > 0)
        snprintf(context, S_PATH, "%s", path);
}

/*  Ruins `size` octets at `share` hundredths of the way through the log. */
static void s_ruin_log(const s_fixture_t *self, unsigned share, size_t size)
{
    char path[S_PATH] = "", zeros[512] = {0};
    struct stat facts;
    scratch_each(self->dir, s_find_log, path);
    assert_int_equal(stat(path, &facts), 0);
    int fd = open(path, O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, zeros, size, facts.st_size * (off_t)share / 100), size);
    close(fd);
}

static void s_make(s_fixture_t *self, unsigned rows)
{
    op_store_t *store = op_store_leveldb_open(self->dir, NULL, self->error);
    assert_non_null(store);
    s_fill(store, rows);
    op_store_destroy(&store);
}

static void test_a_scattered_tail_is_dropped(void **state)
{
    s_fixture_t *self = *state;
    op_check_facts_t facts;
    uint64_t dropped = 0;
    s_make(self, S_ROWS);
    assert_int_equal(op_repair_open(self->dir, &facts, &dropped, self->error), 1);
    s_make(self, S_ROWS); /* the rows are in the log again */
    s_ruin_log(self, 90, 40);
    assert_null(op_store_leveldb_open(self->dir, NULL, self->error));
    assert_int_equal(op_repair_open(self->dir, &facts, &dropped, self->error), 0);
    assert_true(dropped > 0);
    assert_true(facts.rows >= 2 * S_ROWS / 3);
    assert_int_equal(access(self->damaged, F_OK), 0);
    assert_int_equal(access(self->partial, F_OK), -1);
    op_store_t *store = op_store_leveldb_open(self->dir, NULL, self->error);
    assert_non_null(store);
    op_store_destroy(&store);
}

static void s_ruin_table(const char *path, void *context)
{
    size_t size = strlen(path);
    if (strcmp(path + size - 4, ".ldb") != 0)
        return;
    int fd = open(path, O_WRONLY);
    assert_true(fd >= 0 && pwrite(fd, "ruin", 4, 20) == 4);
    close(fd);
    *(bool *)context = true;
}

/*  What had been synced long ago is not dropped. */
static void test_a_ruined_table_is_not_repaired(void **state)
{
    s_fixture_t *self = *state;
    op_check_facts_t facts;
    uint64_t dropped;
    bool ruined = false;
    s_make(self, S_ROWS);
    s_make(self, S_ROWS);
    scratch_each(self->dir, s_ruin_table, &ruined);
    assert_true(ruined);
    s_ruin_log(self, 90, 40);
    assert_int_equal(op_repair_open(self->dir, &facts, &dropped, self->error), -1);
    assert_int_equal(access(self->damaged, F_OK), -1);
    assert_int_equal(access(self->partial, F_OK), -1);
    assert_null(op_store_leveldb_open(self->dir, NULL, self->error)); /* as it was */
}

static void test_an_open_store_is_left_alone(void **state)
{
    s_fixture_t *self = *state;
    op_check_facts_t facts;
    uint64_t dropped;
    op_store_t *store = op_store_leveldb_open(self->dir, NULL, self->error);
    assert_non_null(store);
    assert_int_equal(op_repair_open(self->dir, &facts, &dropped, self->error), -1);
    assert_non_null(strstr(self->error, "in use"));
    op_store_destroy(&store);
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
        cmocka_unit_test_setup_teardown(test_a_scattered_tail_is_dropped, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_a_ruined_table_is_not_repaired, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_an_open_store_is_left_alone, s_setup, s_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
