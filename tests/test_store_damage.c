/*  A damaged LevelDB database: refused, or told at the read, and never repaired.

    Each test makes a database, damages a file as a bad disk or a careless hand would, and looks at
    what the engine says and at whether the data files are still the same bytes. */

#include "tests/store_fixture.h"

#include "store/leveldb.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>

enum { S_ROWS = 400, S_VALUE = 1000 };

typedef struct {
    char path[SCRATCH_PATH];
    char dir[SCRATCH_PATH + 8];
    char error[OP_STORE_ERROR_SIZE];
} s_fixture_t;

static op_str_t s_key(char text[16], unsigned number)
{
    snprintf(text, 16, "key%06u", number);
    return op_str(text);
}

/*  Bytes that do not compress, so that sizes are known. */
static op_str_t s_value(char bytes[S_VALUE], unsigned number)
{
    uint8_t seed[randombytes_SEEDBYTES] = {(uint8_t)number, (uint8_t)(number >> 8)};
    randombytes_buf_deterministic(bytes, S_VALUE, seed);
    return op_str_of(bytes, S_VALUE);
}

/*  400 rows of 1000 bytes, all in one log file. */
static int s_setup(void **state)
{
    s_fixture_t *self = op_alloc(sizeof *self);
    *self = (s_fixture_t){{0}, {0}, {0}};
    scratch_make(self->path);
    snprintf(self->dir, sizeof self->dir, "%s/db", self->path);
    op_store_t *store = op_store_leveldb_open(self->dir, NULL, self->error);
    assert_non_null(store);
    for (unsigned i = 0; i < S_ROWS; i++) {
        char key[16], value[S_VALUE];
        put(store, s_key(key, i), s_value(value, i), false);
    }
    barrier(store);
    op_store_destroy(&store);
    *state = self;
    return 0;
}

static int s_teardown(void **state)
{
    s_fixture_t *self = *state;
    scratch_remove(self->path);
    free(self);
    return 0;
}

/*  Opening once more moves the rows from the log into a table. */
static void s_make_table(s_fixture_t *self)
{
    op_store_t *store = op_store_leveldb_open(self->dir, NULL, self->error);
    assert_non_null(store);
    op_store_destroy(&store);
}

typedef struct {
    const char *part; /* of the name, such as ".log" */
    char path[1024];  /* the largest such file */
    off_t size;
    uint8_t digest[32]; /* all such files' content, whatever their order */
} s_files_t;

static void s_add_file(const char *path, void *context)
{
    s_files_t *self = context;
    struct stat info;
    if (!strstr(strrchr(path, '/'), self->part) || stat(path, &info) != 0)
        return;
    if (info.st_size >= self->size) {
        self->size = info.st_size;
        snprintf(self->path, sizeof self->path, "%s", path);
    }
    op_buf_t content = {0};
    op_buf_add_str(&content, op_str(path));
    char bytes[4096];
    int fd = open(path, O_RDONLY);
    for (ssize_t size; (size = read(fd, bytes, sizeof bytes)) > 0;)
        op_buf_add(&content, bytes, (size_t)size);
    close(fd);
    uint8_t digest[32];
    crypto_generichash(digest, sizeof digest, (uint8_t *)content.at, content.size, NULL, 0);
    for (size_t i = 0; i < sizeof digest; i++)
        self->digest[i] ^= digest[i];
    op_buf_free(&content);
}

static s_files_t s_files(const s_fixture_t *self, const char *part)
{
    s_files_t files = {.part = part};
    scratch_each(self->dir, s_add_file, &files);
    return files;
}

static void s_assert_unchanged(const s_fixture_t *self, const s_files_t *before)
{
    s_files_t now = s_files(self, before->part);
    assert_memory_equal(now.digest, before->digest, sizeof now.digest);
}

static void s_flip(const char *path, off_t at)
{
    char byte;
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte = (char)(byte ^ 0x55);
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

/*  Refused twice, with the same word: nothing was mended on the way. */
static void s_assert_refused(s_fixture_t *self, const char *word)
{
    for (int i = 0; i < 2; i++) {
        assert_null(op_store_leveldb_open(self->dir, NULL, self->error));
        assert_int_equal(strncmp(self->error, self->dir, strlen(self->dir)), 0);
        assert_non_null(strstr(self->error, "Corruption"));
        assert_non_null(strstr(self->error, word));
        assert_null(strchr(self->error, '\n'));
    }
}

static void test_damaged_log_is_refused(void **state)
{
    s_fixture_t *self = *state;
    s_files_t logs = s_files(self, ".log");
    assert_true(logs.size > S_ROWS * S_VALUE);
    s_flip(logs.path, logs.size / 2);
    logs = s_files(self, ".log");
    s_assert_refused(self, "checksum mismatch");
    s_assert_unchanged(self, &logs);
}

static void test_damaged_manifest_is_refused(void **state)
{
    s_fixture_t *self = *state;
    s_make_table(self);
    s_files_t manifest = s_files(self, "MANIFEST"), tables = s_files(self, ".ldb");
    s_flip(manifest.path, manifest.size / 2);
    manifest = s_files(self, "MANIFEST");
    s_assert_refused(self, "checksum mismatch");
    s_assert_unchanged(self, &manifest);
    s_assert_unchanged(self, &tables);
}

static void test_missing_table_is_refused(void **state)
{
    s_fixture_t *self = *state;
    s_make_table(self);
    assert_int_equal(unlink(s_files(self, ".ldb").path), 0);
    s_files_t manifest = s_files(self, "MANIFEST");
    s_assert_refused(self, "missing files");
    s_assert_unchanged(self, &manifest);
}

static void test_missing_current_is_refused(void **state)
{
    s_fixture_t *self = *state;
    s_make_table(self);
    char path[SCRATCH_PATH + 16];
    snprintf(path, sizeof path, "%s/CURRENT", self->dir);
    assert_int_equal(unlink(path), 0);
    s_files_t tables = s_files(self, ".ldb");
    s_assert_refused(self, "CURRENT is missing");
    s_assert_unchanged(self, &tables);
}

/*  Each row is right or an error; never wrong, never missing. */
static void test_damaged_table_gets(void **state)
{
    s_fixture_t *self = *state;
    s_make_table(self);
    s_files_t tables = s_files(self, ".ldb");
    s_flip(tables.path, tables.size / 2);
    tables = s_files(self, ".ldb");
    op_store_t *store = op_store_leveldb_open(self->dir, NULL, self->error);
    assert_non_null(store);
    op_buf_t found = {0};
    char key[16], value[S_VALUE];
    unsigned bad = 0;
    for (unsigned i = 0; i < S_ROWS; i++) {
        int result = op_store_get(store, s_key(key, i), &found);
        if (result == 1) {
            assert_true(op_str_equal(op_buf_str(&found), s_value(value, i)));
            continue;
        }
        assert_int_equal(result, -1);
        assert_non_null(strstr(op_store_error(store), "Corruption: block checksum mismatch"));
        bad++;
    }
    assert_in_range(bad, 1, 10); /* one block of about 4 KiB */
    op_buf_free(&found);
    op_store_destroy(&store);
    s_assert_unchanged(self, &tables);
}

/*  A range comes to the damage and says so; it does not step over it. */
static void test_damaged_table_ranges(void **state)
{
    s_fixture_t *self = *state;
    s_make_table(self);
    s_files_t tables = s_files(self, ".ldb");
    s_flip(tables.path, tables.size / 2);
    op_store_t *store = op_store_leveldb_open(self->dir, NULL, self->error);
    assert_non_null(store);
    for (int reverse = 0; reverse < 2; reverse++) {
        op_store_range_t *range = op_store_range(store, (op_str_t){0}, (op_str_t){0}, reverse);
        op_str_t key, value;
        char text[16];
        unsigned rows = 0;
        int result;
        while ((result = op_store_range_next(range, &key, &value)) == 1) {
            assert_true(op_str_equal(key, s_key(text, reverse ? S_ROWS - 1 - rows : rows)));
            rows++;
        }
        assert_int_equal(result, -1);
        assert_in_range(rows, S_ROWS / 4, S_ROWS * 3 / 4);
        assert_int_equal(op_store_range_next(range, &key, &value), -1);
        assert_non_null(strstr(op_store_error(store), "Corruption"));
        op_store_range_destroy(&range);
    }
    op_store_destroy(&store);
}

/*  A log that ends in the middle of a record is what a power cut leaves: what is whole is there. */
static void test_torn_log_opens(void **state)
{
    s_fixture_t *self = *state;
    s_files_t logs = s_files(self, ".log");
    assert_int_equal(truncate(logs.path, logs.size - 500), 0);
    op_store_t *store = op_store_leveldb_open(self->dir, NULL, self->error);
    assert_non_null(store);
    op_buf_t found = {0};
    char key[16];
    for (unsigned i = 0; i < S_ROWS; i++)
        assert_int_equal(op_store_get(store, s_key(key, i), &found), i < S_ROWS - 1);
    op_buf_free(&found);
    op_store_destroy(&store);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, s_setup, s_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_damaged_log_is_refused),   TEST(test_damaged_manifest_is_refused),
        TEST(test_missing_table_is_refused), TEST(test_missing_current_is_refused),
        TEST(test_damaged_table_gets),       TEST(test_damaged_table_ranges),
        TEST(test_torn_log_opens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
