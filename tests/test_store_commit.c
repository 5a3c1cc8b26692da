/*  The commit queue with a callback of the test's own in place of LevelDB. */

#include "tests/store_fixture.h"

#include "store/commit.h"

#include <pthread.h>
#include <sched.h>

enum { S_THREADS = 8, S_WRITES = 200, S_ROWS = S_THREADS * S_WRITES };

/*  Row numbers are the keys. Written only inside the callback, which never runs twice at once: the
    thread sanitizer would tell if it did. */
typedef struct {
    op_commit_t *commit;
    size_t calls;
    size_t fail_at; /* which call fails; 0: none */
    size_t since;   /* calls after the one that failed */
    bool sync;      /* of the call that runs */
    bool written[S_ROWS];
    bool synced[S_ROWS];
    bool failed[S_ROWS];
} s_disk_t;

static void s_put_row(void *context, const char *key, size_t size, const char *value, size_t n)
{
    s_disk_t *self = context;
    unsigned row;
    (void)value;
    OP_ASSERT(size == sizeof row && n == 0);
    memcpy(&row, key, sizeof row);
    OP_ASSERT(row < S_ROWS && !self->written[row]);
    self->written[row] = true;
    self->synced[row] = self->sync;
    self->failed[row] = self->calls == self->fail_at;
}

static void s_delete_row(void *context, const char *key, size_t size)
{
    (void)context, (void)key, (void)size;
    OP_ASSERT(false); /* nobody deletes here */
}

static int s_write(void *context, leveldb_writebatch_t *batch, bool sync,
                   char error[OP_STORE_ERROR_SIZE])
{
    s_disk_t *self = context;
    self->calls++;
    self->since += self->fail_at && self->calls > self->fail_at;
    self->sync = sync;
    leveldb_writebatch_iterate(batch, self, s_put_row, s_delete_row);
    sched_yield(); /* let others queue up behind */
    if (self->calls != self->fail_at)
        return 0;
    snprintf(error, OP_STORE_ERROR_SIZE, "the disk is full");
    return -1;
}

typedef struct {
    s_disk_t *disk;
    unsigned number;
    int results[S_WRITES];
    bool told; /* each refusal said why */
} s_thread_t;

static bool s_wants_sync(unsigned row)
{
    return row % 3 != 0;
}

static void *s_run(void *argument)
{
    s_thread_t *self = argument;
    op_batch_t batch = {0};
    self->told = true;
    for (unsigned i = 0; i < S_WRITES; i++) {
        unsigned row = self->number * S_WRITES + i;
        char error[OP_STORE_ERROR_SIZE] = "";
        op_batch_clear(&batch);
        op_batch_put(&batch, op_str_of(&row, sizeof row), (op_str_t){0});
        self->results[i] = op_commit_write(self->disk->commit, &batch, s_wants_sync(row), error);
        if (self->results[i] != 0 && strcmp(error, "the disk is full") != 0)
            self->told = false;
    }
    op_batch_free(&batch);
    return NULL;
}

/*  Returns how many writes were acknowledged; all that holds in every case is asserted here. */
static size_t s_run_all(size_t fail_at)
{
    s_disk_t *disk = calloc(1, sizeof *disk);
    s_thread_t *threads = calloc(S_THREADS, sizeof *threads);
    pthread_t ids[S_THREADS];
    size_t good = 0;
    disk->fail_at = fail_at;
    disk->commit = op_commit_new(s_write, disk);
    for (unsigned i = 0; i < S_THREADS; i++) {
        threads[i] = (s_thread_t){.disk = disk, .number = i};
        assert_int_equal(pthread_create(&ids[i], NULL, s_run, &threads[i]), 0);
    }
    for (unsigned i = 0; i < S_THREADS; i++)
        assert_int_equal(pthread_join(ids[i], NULL), 0);
    for (unsigned row = 0; row < S_ROWS; row++) {
        bool acknowledged = threads[row / S_WRITES].results[row % S_WRITES] == 0;
        assert_int_equal(acknowledged, disk->written[row] && !disk->failed[row]);
        assert_true(!acknowledged || disk->synced[row] || !s_wants_sync(row));
        assert_true(threads[row / S_WRITES].told);
        good += acknowledged;
    }
    assert_int_equal(disk->since, 0); /* never a write after a failed one */
    assert_true(disk->calls <= S_ROWS);
    op_commit_destroy(&disk->commit);
    assert_null(disk->commit);
    op_commit_destroy(&disk->commit);
    free(threads);
    free(disk);
    return good;
}

static void test_all_are_written(void **state)
{
    (void)state;
    assert_int_equal(s_run_all(0), S_ROWS);
}

static void test_nothing_after_a_failure(void **state)
{
    (void)state;
    assert_int_equal(s_run_all(1), 0);
    size_t good = s_run_all(20);
    assert_in_range(good, 19, S_ROWS - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_are_written),
        cmocka_unit_test(test_nothing_after_a_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
