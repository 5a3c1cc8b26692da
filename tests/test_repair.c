/*  op_repair_open: what a power cut scattered at the log's end is dropped, nothing else, and nothing else
    goes. */

#include "tests/restore_fixture.h"

#include <fcntl.h>
#include <sys/stat.h>

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

/*  What stands in the store's folder besides: a folder with a file, and a file. */
static const char *const s_others[] = {"keys/host.cert", "000123.note"};

static void s_other(const char *dir, size_t i, char path[2 * S_PATH])
{
    snprintf(path, 2 * S_PATH, "%s/%s", dir, s_others[i]);
}

static void s_make_others(const s_fixture_t *self)
{
    char path[2 * S_PATH];
    snprintf(path, sizeof path, "%s/keys", self->dir);
    assert_int_equal(mkdir(path, 0700), 0);
    for (size_t i = 0; i < OP_COUNT(s_others); i++) {
        s_other(self->dir, i, path);
        int fd = open(path, O_CREAT | O_EXCL | O_WRONLY, 0600);
        assert_true(fd >= 0 && write(fd, "mine", 4) == 4);
        close(fd);
    }
}

/*  How many of the two are in that folder. */
static size_t s_others_in(const char *dir)
{
    char path[2 * S_PATH];
    struct stat facts;
    size_t count = 0;
    for (size_t i = 0; i < OP_COUNT(s_others); i++) {
        s_other(dir, i, path);
        count += stat(path, &facts) == 0 && facts.st_size == 4;
    }
    return count;
}

static void s_remove(const char *dir)
{
    char keys[2 * S_PATH];
    snprintf(keys, sizeof keys, "%s/keys", dir);
    const char *dirs[] = {keys, dir};
    for (size_t i = 0; i < OP_COUNT(dirs); i++) {
        scratch_each(dirs[i], scratch_unlink, NULL);
        rmdir(dirs[i]);
    }
}

/*  300 rows in a table, and again in a log that opd refuses. */
static int s_damage(s_fixture_t *self)
{
    s_make(self, S_ROWS);
    s_make(self, S_ROWS);
    s_ruin_log(self, 90, 40);
    return 0;
}

static int s_repair(s_fixture_t *self)
{
    op_check_facts_t facts;
    uint64_t dropped;
    int rc = op_repair_open(self->dir, &facts, &dropped, self->error);
    return rc < 0 ? 5 : facts.rows >= 2 * S_ROWS / 3 ? rc : 6;
}

/*  The first test: a thread of LevelDB's would not survive the fork. */
static void test_a_death_can_be_gone_on_from(void **state)
{
    s_fixture_t *self = *state;
    int status = 9, deaths = 0, taken_out = 0;
    for (int at = 1; status == 9; at++) {
        assert_int_equal(s_in_a_child(self, 0, s_damage), 0);
        s_make_others(self);
        status = s_in_a_child(self, at, s_repair);
        deaths += status == 9;
        taken_out += s_others_in(self->dir) < OP_COUNT(s_others);
        int again = s_in_a_child(self, 0, s_repair);
        assert_true(again == 0 || again == 1);
        assert_int_equal(s_in_a_child(self, 0, s_repair), 1);
        assert_int_equal(s_others_in(self->dir), OP_COUNT(s_others));
        s_remove(self->dir);
        s_remove(self->partial);
        s_remove(self->damaged);
    }
    assert_int_equal(status, 0);
    assert_true(deaths >= 10);
    assert_true(taken_out >= 3); /* just before the exchange */
}

static void test_a_scattered_tail_is_dropped(void **state)
{
    s_fixture_t *self = *state;
    op_check_facts_t facts;
    uint64_t dropped = 0;
    s_damage(self);
    s_make_others(self);
    assert_null(op_store_leveldb_open(self->dir, NULL, self->error));
    assert_int_equal(op_repair_open(self->dir, &facts, &dropped, self->error), 0);
    assert_true(dropped > 0);
    assert_true(facts.rows >= 2 * S_ROWS / 3);
    assert_int_equal(access(self->damaged, F_OK), 0);
    assert_int_equal(access(self->partial, F_OK), -1);
    assert_int_equal(s_others_in(self->dir), OP_COUNT(s_others));
    op_store_t *store = op_store_leveldb_open(self->dir, NULL, self->error);
    assert_non_null(store);
    op_store_destroy(&store);
    s_remove(self->dir);
}

/*  An earlier repair's folder is in the way: nothing of this store has moved. */
static void test_what_cannot_be_exchanged_stays(void **state)
{
    s_fixture_t *self = *state;
    s_damage(self);
    s_make_others(self);
    assert_int_equal(mkdir(self->damaged, 0700), 0);
    assert_int_equal(s_repair(self), 5);
    assert_non_null(strstr(self->error, "db.damaged: File exists"));
    assert_int_equal(s_others_in(self->dir), OP_COUNT(s_others));
    s_remove(self->dir);
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

static const char s_too_much[] = "more than the end of the newest log is damaged; restore a backup";

/*  What had been synced long ago is not dropped. */
static void test_a_ruined_table_is_not_repaired(void **state)
{
    s_fixture_t *self = *state;
    op_check_facts_t facts;
    uint64_t dropped;
    bool ruined = false;
    s_damage(self);
    scratch_each(self->dir, s_ruin_table, &ruined);
    assert_true(ruined);
    assert_int_equal(op_repair_open(self->dir, &facts, &dropped, self->error), -1);
    assert_string_equal(self->error, s_too_much);
    assert_int_equal(access(self->damaged, F_OK), -1);
    assert_int_equal(access(self->partial, F_OK), -1);
    assert_null(op_store_leveldb_open(self->dir, NULL, self->error)); /* as it was */
}

/*  LevelDB opens it without a look at its tables, opd reads them later. */
static void test_a_store_that_opens_is_read(void **state)
{
    s_fixture_t *self = *state;
    op_check_facts_t facts;
    uint64_t dropped;
    bool ruined = false;
    s_make(self, S_ROWS);
    assert_int_equal(op_repair_open(self->dir, &facts, &dropped, self->error), 1);
    assert_int_equal(facts.rows, S_ROWS + 1);
    scratch_each(self->dir, s_ruin_table, &ruined);
    assert_true(ruined);
    op_store_t *store = op_store_leveldb_open(self->dir, NULL, self->error);
    assert_non_null(store);
    op_store_destroy(&store);
    assert_int_equal(op_repair_open(self->dir, &facts, &dropped, self->error), -1);
    assert_string_equal(self->error, s_too_much);
    assert_int_equal(access(self->damaged, F_OK), -1);
    assert_int_equal(access(self->partial, F_OK), -1);
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
        cmocka_unit_test_setup_teardown(test_a_death_can_be_gone_on_from, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_a_scattered_tail_is_dropped, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_what_cannot_be_exchanged_stays, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_a_ruined_table_is_not_repaired, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_a_store_that_opens_is_read, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_an_open_store_is_left_alone, s_setup, s_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
