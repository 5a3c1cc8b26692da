/*  restore_fixture.h - a store in a folder of its own, with a row of the schema and counters, and a death at
    one of the calls that make something durable or visible: link with --wrap=fsync,--wrap=rename,
    --wrap=renameat2 */

#ifndef OP_TESTS_RESTORE_FIXTURE_H
#define OP_TESTS_RESTORE_FIXTURE_H

#include "tests/store_fixture.h"

#include "store/leveldb.h"
#include "store/record.h"
#include "store/records.h"
#include "store/restore.h"
#include "store/schema.h"

#include <sys/wait.h>

enum { S_ROWS = 300, S_PATH = 128 };

typedef struct {
    char path[SCRATCH_PATH];
    char dir[S_PATH], partial[S_PATH], damaged[S_PATH], file[S_PATH];
    char error[OP_STORE_ERROR_SIZE];
} s_fixture_t;

static inline int s_setup(void **state)
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

static inline int s_teardown(void **state)
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

static inline void s_put_counter(op_store_t *store, unsigned number, bool sync)
{
    char key[32];
    op_buf_t value = {0};
    snprintf(key, sizeof key, "ledger/q%08u", number);
    op_record_seal(&op_counter_row_type, &(op_counter_row_t){number}, &value);
    put(store, op_str(key), op_buf_str(&value), sync);
    op_buf_free(&value);
}

static inline void s_fill(op_store_t *store, unsigned rows)
{
    char error[256];
    assert_int_equal(op_schema_check(store, error), 0);
    for (unsigned i = 0; i < rows; i++)
        s_put_counter(store, i, i + 1 == rows);
}

static int s_die_at; /* 0: never */

static inline void s_count_call(void)
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

int __real_renameat2(int from_at, const char *from, int to_at, const char *to, unsigned flags);
int __wrap_renameat2(int from_at, const char *from, int to_at, const char *to, unsigned flags);
int __wrap_renameat2(int from_at, const char *from, int to_at, const char *to, unsigned flags)
{
    s_count_call();
    int rc = __real_renameat2(from_at, from, to_at, to, flags);
    s_count_call();
    return rc;
}

/*  Does `work` in a process of its own, which dies (9) at the call of this number, 0: at none: its
    exit status. No thread of LevelDB's may be there: it would not survive the fork. */
static inline int s_in_a_child(s_fixture_t *self, int at, int (*work)(s_fixture_t *self))
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        s_die_at = at;
        _exit(work(self));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

#endif
