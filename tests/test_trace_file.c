/*  The file of a trace: its mode, what it never overwrites, its segments, a full disk. */

#include "transport/trace_file.h"

#include "transport/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char s_folder[64];
static char s_path[96];

static int s_setup(void **state)
{
    (void)state;
    snprintf(s_folder, sizeof s_folder, "/tmp/op-trace.XXXXXX");
    assert_non_null(mkdtemp(s_folder));
    snprintf(s_path, sizeof s_path, "%s/t", s_folder);
    return 0;
}

static const char *s_segment(int number)
{
    static char path[128];
    snprintf(path, sizeof path, number ? "%s.%d" : "%s", s_path, number);
    return path;
}

static int s_teardown(void **state)
{
    (void)state;
    for (int i = 0; i < 64; i++)
        unlink(s_segment(i));
    assert_int_equal(rmdir(s_folder), 0);
    return 0;
}

static op_trace_file_t *s_open(uint64_t segment_bytes, uint64_t segments)
{
    char error[OP_TRACE_ERROR];
    op_trace_header_t header = {
        .format = OP_TRACE_FORMAT, .build = OP_STR("test 1"), .started = 1779304490000};
    op_catalogue_hash(&header.catalogue);
    op_trace_file_options_t options = {s_path, segment_bytes, segments};
    op_trace_file_t *file = op_trace_file_new(&options, &header, error);
    if (!file)
        print_message("%s\n", error);
    return file;
}

static op_buf_t s_content(int segment)
{
    op_buf_t bytes = {0};
    char block[4096];
    ssize_t size;
    int fd = open(s_segment(segment), O_RDONLY);
    assert_true(fd >= 0);
    while ((size = read(fd, block, sizeof block)) > 0)
        op_buf_add(&bytes, block, (size_t)size);
    assert_int_equal(size, 0);
    close(fd);
    return bytes;
}

/*  The segment is a header with its number, `actors` actors, then only events (or rows) of theirs,
    all whole. How many. *first and *last are their times. */
static size_t s_check(int segment, size_t actors, int64_t *first, int64_t *last)
{
    op_buf_t bytes = s_content(segment);
    op_arena_t arena = {0};
    op_str_t rest = op_buf_str(&bytes);
    op_trace_record_t record;
    const char *reason;
    size_t count = 0;
    *first = *last = 0;
    for (size_t i = 0; rest.size; i++) {
        assert_int_equal(op_trace_read(&rest, &arena, &record, &reason), OP_TRACE_RECORD);
        if (i == 0) {
            const op_trace_header_t *header = record.value;
            char error[OP_TRACE_ERROR];
            assert_ptr_equal(record.type, &op_trace_header_type);
            assert_int_equal(op_trace_header_check(header, error), 0);
            assert_int_equal(header->segment, segment);
            assert_int_equal(header->started, 1779304490000);
            assert_true(op_str_is(header->build, "test 1"));
        } else if (i <= actors) {
            assert_ptr_equal(record.type, &op_trace_actor_type);
            assert_int_equal(((const op_trace_actor_t *)record.value)->actor, i);
        } else if (record.type == &op_trace_event_type) {
            *last = ((const op_trace_event_t *)record.value)->at;
            if (*first == 0)
                *first = *last;
            count++;
        } else {
            assert_ptr_equal(record.type, &op_trace_row_type);
            count++;
        }
    }
    op_arena_free(&arena);
    op_buf_free(&bytes);
    return count;
}

static void s_event(op_trace_file_t *file, uint64_t actor, int64_t at)
{
    static const char frame[200] = "frame";
    op_buf_t out = {0};
    op_trace_event_t event = {.actor = actor,
                              .what = OP_TRACE_RECEIVE,
                              .at = at,
                              .bytes = op_str_of(frame, sizeof frame)};
    op_trace_add(&op_trace_event_type, &event, &out);
    op_trace_file_write(file, op_buf_str(&out), false);
    op_buf_free(&out);
}

static void s_row(op_trace_file_t *file)
{
    static const char value[300] = "value";
    op_buf_t out = {0};
    op_trace_row_t row = {1, OP_STR("a/b"), op_str_of(value, sizeof value)};
    op_trace_add(&op_trace_row_type, &row, &out);
    op_trace_file_write(file, op_buf_str(&out), true);
    op_buf_free(&out);
}

/*  ---- Tests ---- */

static void test_mode_and_content(void **state)
{
    (void)state;
    mode_t mask = umask(0);
    op_trace_file_t *file = s_open(1 << 20, 2);
    umask(mask);
    assert_non_null(file);
    assert_int_equal(op_trace_file_actor(file, "rate", "rate"), 1);
    assert_int_equal(op_trace_file_actor(file, "auth", "auth"), 2);
    for (int i = 1; i <= 5; i++)
        s_event(file, 1, i);
    op_trace_file_write(file, OP_STR(""), false);
    assert_false(op_trace_file_stopped(file));
    op_trace_file_destroy(&file);
    assert_null(file);
    op_trace_file_destroy(&file);
    struct stat info;
    assert_int_equal(stat(s_path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    int64_t first, last;
    assert_int_equal(s_check(0, 2, &first, &last), 5);
    assert_int_equal(first, 1);
    assert_int_equal(last, 5);
}

static void s_refused(const char *path, const char *wanted)
{
    char error[OP_TRACE_ERROR];
    op_trace_header_t header = {.format = OP_TRACE_FORMAT};
    op_trace_file_options_t options = {path, 1 << 20, 2};
    assert_null(op_trace_file_new(&options, &header, error));
    if (!strstr(error, wanted) || strchr(error, '\n'))
        fail_msg("%s", error);
}

static void test_what_it_refuses(void **state)
{
    (void)state;
    int fd = open(s_path, O_WRONLY | O_CREAT, 0644);
    assert_true(fd >= 0);
    close(fd);
    s_refused(s_path, "exists"); /* though it is empty */
    assert_int_equal(rename(s_path, s_segment(7)), 0);
    s_refused(s_path, "t.7: exists"); /* an earlier trace's end would be this one's */
    assert_int_equal(access(s_path, F_OK), -1);
    assert_int_equal(unlink(s_segment(7)), 0);
    assert_int_equal(symlink("/dev/null", s_path), 0);
    s_refused(s_path, "exists");
    s_refused("/nonexistent/t", "No such file");
    char longest[OP_TRACE_PATH_MAX + 2];
    memset(longest, 'x', sizeof longest);
    longest[sizeof longest - 1] = 0;
    s_refused(longest, "too long");
}

/*  300 events in files of about 4 KiB, at most 4 of them: the first and the last three stay. */
static void test_segments(void **state)
{
    (void)state;
    op_trace_file_t *file = s_open(4096, 4);
    op_trace_file_actor(file, "auth", "auth");
    s_row(file);
    for (int i = 1; i <= 300; i++)
        s_event(file, 1, i);
    op_trace_file_destroy(&file);
    int64_t first = 0, last = 0, previous = 0;
    size_t count = s_check(0, 1, &first, &last), files = 1;
    assert_int_equal(first, 1);
    assert_int_equal(last, count - 1); /* a row was there */
    for (int i = 1; i < 64; i++) {
        struct stat info;
        if (stat(s_segment(i), &info) != 0)
            continue;
        files++;
        assert_true(info.st_size <= 4096);
        assert_int_equal(info.st_mode & 07777, 0600);
        count = s_check(i, 1, &first, &last);
        assert_true(previous == 0 || first == previous + 1); /* the last three are in a row */
        assert_int_equal(last, first + (int64_t)count - 1);
        previous = last;
    }
    assert_int_equal(files, 4);
    assert_int_equal(previous, 300);
}

/*  A write larger than a file has one for itself. */
static void test_large_write(void **state)
{
    (void)state;
    static char frame[20000];
    op_trace_file_t *file = s_open(4096, 8);
    op_trace_file_actor(file, "auth", "auth");
    s_event(file, 1, 1);
    op_buf_t out = {0};
    op_trace_event_t event = {
        .actor = 1, .what = OP_TRACE_RECEIVE, .at = 2, .bytes = op_str_of(frame, sizeof frame)};
    op_trace_add(&op_trace_event_type, &event, &out);
    op_trace_file_write(file, op_buf_str(&out), false);
    op_buf_free(&out);
    s_event(file, 1, 3);
    op_trace_file_destroy(&file);
    int64_t first, last;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(s_check(i, 1, &first, &last), 1);
        assert_int_equal(first, i + 1);
    }
}

/*  Files with rows are never dropped; when there is nothing else, the recording ends. */
static void test_rows_fill_all(void **state)
{
    (void)state;
    op_trace_file_t *file = s_open(4096, 3);
    op_trace_file_actor(file, "auth", "auth");
    for (int i = 0; i < 100; i++)
        s_row(file);
    assert_true(op_trace_file_stopped(file));
    s_event(file, 1, 1); /* goes nowhere */
    assert_int_equal(op_trace_file_actor(file, "late", "late"), 2);
    op_trace_file_destroy(&file);
    int64_t first, last;
    for (int i = 0; i < 3; i++)
        assert_true(s_check(i, 1, &first, &last) > 5);
    assert_int_equal(access(s_segment(3), F_OK), -1);
}

/*  Somebody else's file where the next one would go. */
static void test_next_exists(void **state)
{
    (void)state;
    op_trace_file_t *file = s_open(4096, 3);
    int fd = open(s_segment(1), O_WRONLY | O_CREAT, 0600); /* by somebody else, meanwhile */
    assert_true(fd >= 0);
    close(fd);
    op_trace_file_actor(file, "auth", "auth");
    for (int i = 0; i < 100; i++)
        s_event(file, 1, i);
    assert_true(op_trace_file_stopped(file));
    op_trace_file_destroy(&file);
    op_buf_t bytes = s_content(1);
    assert_int_equal(bytes.size, 0);
    op_buf_free(&bytes);
}

/*  The writer of a child that may write 10,000 octets to a file: 0 when all is as it should be. */
static int s_fill_disk(void)
{
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit = {10000, 10000};
    op_trace_file_t *file = s_open(1 << 20, 2);
    if (!file || setrlimit(RLIMIT_FSIZE, &limit) != 0)
        return 1;
    op_trace_file_actor(file, "auth", "auth");
    for (int i = 0; i < 100; i++)
        s_event(file, 1, i);
    bool stopped = op_trace_file_stopped(file);
    op_trace_file_destroy(&file);
    return stopped ? 0 : 2;
}

static void test_full_disk(void **state)
{
    (void)state;
    char log[128];
    snprintf(log, sizeof log, "%s/log", s_folder);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
        dup2(fd, STDERR_FILENO);
        _exit(s_fill_disk());
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    int64_t first, last;
    assert_true(s_check(0, 1, &first, &last) > 30); /* all whole */
    assert_int_equal(rename(log, s_segment(63)), 0);
    op_buf_t line = s_content(63);
    op_buf_add_byte(&line, 0);
    assert_non_null(strstr(line.at, "the recording has ended, the server goes on"));
    assert_non_null(strstr(line.at, strerror(EFBIG)));
    assert_ptr_equal(strchr(line.at, '\n'), strrchr(line.at, '\n')); /* one line */
    op_buf_free(&line);
}

/*  ---- Threads ---- */

enum { THREADS = 4, EACH = 500 };

static void *s_thread(void *file)
{
    uint64_t actor = op_trace_file_actor(file, "auth", "auth");
    for (int i = 1; i <= EACH; i++)
        s_event(file, actor, i);
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    op_trace_file_t *file = s_open(1 << 30, 2);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, s_thread, file), 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    op_trace_file_stop(file, "the test is over");
    assert_true(op_trace_file_stopped(file));
    op_trace_file_destroy(&file);

    op_buf_t bytes = s_content(0);
    op_arena_t arena = {0};
    op_str_t rest = op_buf_str(&bytes);
    op_trace_record_t record;
    const char *reason;
    int64_t latest[THREADS + 1] = {0};
    while (rest.size) {
        assert_int_equal(op_trace_read(&rest, &arena, &record, &reason), OP_TRACE_RECORD);
        if (record.type != &op_trace_event_type)
            continue;
        const op_trace_event_t *event = record.value;
        assert_in_range(event->actor, 1, THREADS);
        assert_int_equal(event->at, ++latest[event->actor]); /* each in its order */
    }
    for (size_t i = 1; i <= THREADS; i++)
        assert_int_equal(latest[i], EACH);
    op_arena_free(&arena);
    op_buf_free(&bytes);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, s_setup, s_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_mode_and_content), TEST(test_what_it_refuses),
                                       TEST(test_segments),         TEST(test_large_write),
                                       TEST(test_rows_fill_all),    TEST(test_next_exists),
                                       TEST(test_full_disk),        TEST(test_threads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
