/*  The LevelDB engine: opening, locking, the directory's syncs, failed writes, many threads. The
    program is linked with --wrap=fsync, so that the test can make the engine's own fsync fail. */

#include "tests/store_fixture.h"

#include "store/leveldb.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

typedef struct {
    char path[SCRATCH_PATH];
    char dir[SCRATCH_PATH + 8];
    char error[OP_STORE_ERROR_SIZE];
} s_fixture_t;

static bool s_fsync_fails;

int __real_fsync(int fd);
int __wrap_fsync(int fd);

int __wrap_fsync(int fd)
{
    if (s_fsync_fails) {
        errno = EIO;
        return -1;
    }
    return __real_fsync(fd);
}

static int s_setup(void **state)
{
    s_fixture_t *self = op_alloc(sizeof *self);
    *self = (s_fixture_t){{0}, {0}, {0}};
    scratch_make(self->path);
    snprintf(self->dir, sizeof self->dir, "%s/db", self->path);
    *state = self;
    return 0;
}

static int s_teardown(void **state)
{
    s_fixture_t *self = *state;
    s_fsync_fails = false;
    scratch_remove(self->path);
    free(self);
    return 0;
}

static op_store_t *s_open(s_fixture_t *self, const op_leveldb_options_t *options)
{
    op_store_t *store = op_store_leveldb_open(self->dir, options, self->error);
    if (!store)
        fail_msg("%s", self->error);
    return store;
}

static op_str_t s_key(char text[16], unsigned number)
{
    snprintf(text, 16, "key%06u", number);
    return op_str(text);
}

static void test_open(void **state)
{
    s_fixture_t *self = *state;
    op_store_t *store = s_open(self, NULL);
    struct stat info;
    assert_int_equal(stat(self->dir, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0700);
    put(store, OP_STR("kept"), OP_STR("1"), true);
    put(store, OP_STR("too"), OP_STR("2"), false); /* the process lives on: nothing is lost */
    op_store_destroy(&store);
    store = s_open(self, &(op_leveldb_options_t){.cache_bytes = 1 << 16});
    assert_true(has(store, OP_STR("kept"), "1") && has(store, OP_STR("too"), "2"));
    op_store_destroy(&store);
}

static void test_open_refused(void **state)
{
    s_fixture_t *self = *state;
    char dir[SCRATCH_PATH + 32];
    snprintf(dir, sizeof dir, "%s/not/there", self->path);
    assert_null(op_store_leveldb_open(dir, NULL, self->error));
    assert_non_null(strstr(self->error, dir));
    assert_non_null(strstr(self->error, "No such file or directory"));
    FILE *file = fopen(self->dir, "w");
    assert_non_null(file);
    fclose(file);
    assert_null(op_store_leveldb_open(self->dir, NULL, self->error));
    assert_non_null(strstr(self->error, "Not a directory"));
    assert_int_equal(unlink(self->dir), 0);
}

static void test_locked_by_this_process(void **state)
{
    s_fixture_t *self = *state;
    op_store_t *store = s_open(self, NULL);
    char expected[OP_STORE_ERROR_SIZE];
    snprintf(expected, sizeof expected, "%s: in use by this process", self->dir);
    assert_null(op_store_leveldb_open(self->dir, NULL, self->error));
    assert_string_equal(self->error, expected);
    put(store, OP_STR("still"), OP_STR("works"), true);
    op_store_destroy(&store);
}

/*  The child takes the lock as LevelDB does (fcntl on LOCK), says so, and waits for its end. */
static _Noreturn void s_hold_lock(const char *dir, int said, int end)
{
    char path[SCRATCH_PATH + 16], byte = 0;
    snprintf(path, sizeof path, "%s/LOCK", dir);
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd = open(path, O_RDWR);
    if (fd < 0 || fcntl(fd, F_SETLK, &lock) != 0)
        byte = 1;
    if (write(said, &byte, 1) == 1)
        (void)!read(end, &byte, 1);
    _exit(0);
}

static void test_locked_by_another_process(void **state)
{
    s_fixture_t *self = *state;
    op_store_t *store = s_open(self, NULL);
    op_store_destroy(&store);
    int said[2], end[2];
    char byte = 1;
    assert_true(pipe(said) == 0 && pipe(end) == 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(end[1]);
        s_hold_lock(self->dir, said[1], end[0]);
    }
    close(said[1]);
    close(end[0]);
    assert_int_equal(read(said[0], &byte, 1), 1);
    assert_int_equal(byte, 0);
    char expected[OP_STORE_ERROR_SIZE];
    snprintf(expected, sizeof expected, "%s: in use by another process", self->dir);
    assert_null(op_store_leveldb_open(self->dir, NULL, self->error));
    assert_string_equal(self->error, expected);
    close(end[1]);
    close(said[0]);
    assert_int_equal(waitpid(child, NULL, 0), child);
    store = s_open(self, NULL);
    op_store_destroy(&store);
}

enum { S_SMALL_BUFFER = 64 * 1024, S_LARGE_VALUE = 16 * 1024 };

static void s_put_large(op_store_t *store, unsigned number, bool sync)
{
    static char value[S_LARGE_VALUE];
    char key[16];
    put(store, s_key(key, number), op_str_of(value, sizeof value), sync);
}

/*  4 or 5 of these values fill a memtable, so 100 make 20 to 25 log files. */
static void test_directory_is_synced_for_new_logs(void **state)
{
    s_fixture_t *self = *state;
    op_store_t *store = s_open(self, &(op_leveldb_options_t){.write_buffer_bytes = S_SMALL_BUFFER});
    uint64_t opened = op_store_leveldb_dir_syncs(store);
    assert_int_equal(opened, 1);
    for (unsigned i = 0; i < 50; i++)
        put(store, OP_STR("small"), OP_STR("value"), true);
    assert_int_equal(op_store_leveldb_dir_syncs(store), opened); /* no new log, no sync */
    for (unsigned i = 0; i < 100; i++)
        s_put_large(store, i, true);
    uint64_t synced = op_store_leveldb_dir_syncs(store);
    assert_in_range(synced, opened + 15, opened + 30);

    for (unsigned i = 0; i < 20; i++)
        s_put_large(store, i, false);
    assert_int_equal(op_store_leveldb_dir_syncs(store), synced); /* unsynced: still owed */
    barrier(store);
    assert_int_equal(op_store_leveldb_dir_syncs(store), synced + 1);
    barrier(store);
    assert_int_equal(op_store_leveldb_dir_syncs(store), synced + 1);
    op_store_destroy(&store);
}

static void test_directory_is_synced_always(void **state)
{
    s_fixture_t *self = *state;
    op_store_t *store = s_open(self, &(op_leveldb_options_t){.sync_dir_always = true});
    for (unsigned i = 0; i < 5; i++) {
        put(store, OP_STR("a"), OP_STR("1"), true);
        put(store, OP_STR("b"), OP_STR("1"), false);
    }
    assert_int_equal(op_store_leveldb_dir_syncs(store), 6); /* the open's and 5 */
    op_store_destroy(&store);
}

static void s_assert_broken(op_store_t *store, const char *word)
{
    op_batch_t batch = {0};
    op_batch_put(&batch, OP_STR("late"), OP_STR("1"));
    for (int sync = 0; sync < 2; sync++) {
        assert_int_equal(op_store_write(store, &batch, sync), -1);
        assert_non_null(strstr(op_store_error(store), word));
    }
    assert_true(has(store, OP_STR("late"), NULL));
    op_batch_free(&batch);
}

/*  The write itself went well; that its log file's name could not be made durable is a failure all
    the same. The kernel reports a failed sync once, so trying again would prove nothing. */
static void test_failed_directory_sync(void **state)
{
    s_fixture_t *self = *state;
    op_store_t *store = s_open(self, &(op_leveldb_options_t){.sync_dir_always = true});
    put(store, OP_STR("before"), OP_STR("1"), true);
    op_batch_t batch = {0};
    op_batch_put(&batch, OP_STR("unknown"), OP_STR("1"));
    s_fsync_fails = true;
    assert_int_equal(op_store_write(store, &batch, true), -1);
    assert_non_null(strstr(op_store_error(store), "cannot sync the directory"));
    s_fsync_fails = false;
    s_assert_broken(store, "cannot sync the directory");
    assert_true(has(store, OP_STR("before"), "1"));
    op_store_destroy(&store);
    store = s_open(self, NULL);
    assert_true(has(store, OP_STR("before"), "1") && has(store, OP_STR("late"), NULL));
    op_store_destroy(&store);
    op_batch_free(&batch);

    s_fsync_fails = true;
    assert_null(op_store_leveldb_open(self->dir, NULL, self->error));
    assert_non_null(strstr(self->error, "cannot sync the parent directory"));
}

/*  A full disk, played by the limit on the size of files. What was acknowledged before is there
    after the next open; nothing was acknowledged behind the torn record. */
static void test_disk_full(void **state)
{
    s_fixture_t *self = *state;
    op_store_t *store = s_open(self, NULL);
    struct rlimit before, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = (struct rlimit){200 * 1000, before.rlim_max};
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    static char value[S_LARGE_VALUE];
    char key[16];
    unsigned good = 0;
    for (int result = 0; result == 0 && good < 100; good += result == 0) {
        op_batch_t batch = {0};
        op_batch_put(&batch, s_key(key, good), op_str_of(value, sizeof value));
        result = op_store_write(store, &batch, true);
        op_batch_free(&batch);
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, handler);
    assert_in_range(good, 5, 12);
    assert_non_null(strstr(op_store_error(store), "File too large"));
    s_assert_broken(store, "File too large"); /* though there is room again */
    op_store_destroy(&store);
    store = s_open(self, NULL);
    op_buf_t found = {0};
    for (unsigned i = 0; i < good; i++)
        assert_int_equal(op_store_get(store, s_key(key, i), &found), 1);
    put(store, OP_STR("goes on"), OP_STR("1"), true);
    op_buf_free(&found);
    op_store_destroy(&store);
}

enum { S_THREADS = 16, S_WRITES = 50 };

typedef struct {
    op_store_t *store;
    unsigned number;
    bool good;
} s_thread_t;

/*  Every write is read back at once, and every fourth is unsynced. No cmocka in here: an
    assertion that fails jumps, to the test's own thread. */
static void *s_write_rows(void *argument)
{
    s_thread_t *self = argument;
    op_batch_t batch = {0};
    op_buf_t value = {0};
    char key[16];
    self->good = true;
    for (unsigned i = 0; i < S_WRITES; i++) {
        op_batch_clear(&batch);
        s_key(key, self->number * S_WRITES + i);
        op_batch_put(&batch, op_str(key), op_str(key));
        op_batch_put(&batch, op_str_of(&self->number, sizeof self->number),
                     op_str_of(&i, sizeof i));
        self->good = self->good && op_store_write(self->store, &batch, i % 4 != 0) == 0 &&
                     op_store_get(self->store, op_str(key), &value) == 1 &&
                     op_str_is(op_buf_str(&value), key) && !*op_store_error(self->store);
    }
    op_batch_free(&batch);
    op_buf_free(&value);
    return NULL;
}

static void test_threads(void **state)
{
    s_fixture_t *self = *state;
    op_store_t *store = s_open(self, &(op_leveldb_options_t){.write_buffer_bytes = S_SMALL_BUFFER});
    pthread_t threads[S_THREADS];
    s_thread_t arguments[S_THREADS];
    for (unsigned i = 0; i < S_THREADS; i++) {
        arguments[i] = (s_thread_t){store, i, false};
        assert_int_equal(pthread_create(&threads[i], NULL, s_write_rows, &arguments[i]), 0);
    }
    for (unsigned i = 0; i < S_THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_true(arguments[i].good);
    }
    op_store_destroy(&store);
    store = s_open(self, NULL);
    char key[16];
    for (unsigned i = 0; i < S_THREADS * S_WRITES; i++) {
        s_key(key, i);
        assert_true(has(store, op_str(key), key));
    }
    op_buf_t value = {0};
    unsigned last = S_WRITES - 1; /* one writer's writes stayed in order */
    for (unsigned i = 0; i < S_THREADS; i++) {
        assert_int_equal(op_store_get(store, op_str_of(&i, sizeof i), &value), 1);
        assert_true(op_str_equal(op_buf_str(&value), op_str_of(&last, sizeof last)));
    }
    op_buf_free(&value);
    op_store_destroy(&store);
}

static void *s_write_to_snapshot(void *argument)
{
    op_batch_t batch = {0};
    op_store_t *snapshot = argument;
    bool told = op_store_write(snapshot, &batch, false) == -1 && *op_store_error(snapshot);
    return told ? argument : NULL;
}

static void test_error_is_per_thread(void **state)
{
    s_fixture_t *self = *state;
    op_store_t *store = s_open(self, NULL);
    op_store_t *snapshot = op_store_snapshot(store);
    pthread_t thread;
    void *result;
    assert_int_equal(pthread_create(&thread, NULL, s_write_to_snapshot, snapshot), 0);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_ptr_equal(result, snapshot);
    assert_string_equal(op_store_error(snapshot), "");
    op_store_destroy(&snapshot);
    op_store_destroy(&store);
}

/*  Of all files of the database together. */
typedef struct {
    op_str_t wanted;
    bool found;
} s_grep_t;

static void s_grep_file(const char *path, void *context)
{
    s_grep_t *self = context;
    op_buf_t content = {0};
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    char piece[4096];
    for (size_t size; (size = fread(piece, 1, sizeof piece, file)) > 0;)
        op_buf_add(&content, piece, size);
    assert_int_equal(fclose(file), 0);
    self->found |= content.size &&
                   memmem(content.at, content.size, self->wanted.at, self->wanted.size) != NULL;
    op_buf_free(&content);
}

static bool s_on_disk(const s_fixture_t *self, const char *wanted)
{
    s_grep_t grep = {op_str(wanted), false};
    scratch_each(self->dir, s_grep_file, &grep);
    return grep.found;
}

static void s_delete(op_store_t *store, op_str_t key)
{
    op_batch_t batch = {0};
    op_batch_delete(&batch, key);
    assert_int_equal(op_store_write(store, &batch, true), 0);
    op_batch_free(&batch);
}

/*  From the log, from the tables that an open makes of it, and from under what came later. */
static void test_compacted(void **state)
{
    s_fixture_t *self = *state;
    for (unsigned opens = 0; opens < 4; opens++) {
        op_store_t *store = s_open(self, NULL);
        put(store, OP_STR("a/1"), OP_STR("kept of a"), true);
        put(store, OP_STR("b/1"), OP_STR("kept of b"), true);
        put(store, OP_STR("b/2"), OP_STR("SECRET-deleted"), true);
        put(store, OP_STR("b/3"), OP_STR("SECRET-replaced"), true);
        for (unsigned i = 0; i < opens; i++) {
            op_store_destroy(&store);
            store = s_open(self, NULL);
        }
        s_delete(store, OP_STR("b/2"));
        put(store, OP_STR("b/3"), OP_STR("kept, too"), true);
        assert_true(s_on_disk(self, "SECRET"));
        assert_int_equal(op_store_compact(store, OP_STR("b"), OP_STR("c")), 0);
        assert_false(s_on_disk(self, "SECRET"));
        assert_true(has(store, OP_STR("a/1"), "kept of a") && has(store, OP_STR("b/2"), NULL));
        assert_true(has(store, OP_STR("b/1"), "kept of b") &&
                    has(store, OP_STR("b/3"), "kept, too"));
        op_store_destroy(&store);
    }
}

static void test_compacted_after_a_snapshot(void **state)
{
    s_fixture_t *self = *state;
    op_store_t *store = s_open(self, NULL);
    put(store, OP_STR("b/2"), OP_STR("SECRET"), true);
    op_store_t *snapshot = op_store_snapshot(store);
    s_delete(store, OP_STR("b/2"));
    assert_int_equal(op_store_compact(store, OP_STR("b"), OP_STR("c")), 1);
    assert_int_equal(op_store_compact(snapshot, OP_STR("b"), OP_STR("c")), -1);
    assert_true(has(snapshot, OP_STR("b/2"), "SECRET"));
    op_store_destroy(&snapshot);
    assert_int_equal(op_store_compact(store, OP_STR("b"), OP_STR("c")), 0);
    assert_false(s_on_disk(self, "SECRET"));
    op_store_destroy(&store);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, s_setup, s_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_open),
        TEST(test_open_refused),
        TEST(test_locked_by_this_process),
        TEST(test_locked_by_another_process),
        TEST(test_directory_is_synced_for_new_logs),
        TEST(test_directory_is_synced_always),
        TEST(test_failed_directory_sync),
        TEST(test_disk_full),
        TEST(test_threads),
        TEST(test_error_is_per_thread),
        TEST(test_compacted),
        TEST(test_compacted_after_a_snapshot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
