#include "tests/powerloss/life.h"
#include "tests/powerloss/journal.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { S_LIMIT = 256 << 20, S_ALARM_SECONDS = 120 };

int life_init(life_t *self)
{
    const char *base = getenv("TMPDIR");
    snprintf(self->scratch, sizeof self->scratch, "%s/op-powerloss-XXXXXX",
             base && base[0] == '/' ? base : "/tmp");
    if (mkdtemp(self->scratch))
        return 0;
    perror(self->scratch);
    return -1;
}

static int s_remove(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status, (void)kind, (void)where;
    return remove(path);
}

static void s_remove_tree(const char *path)
{
    nftw(path, s_remove, 8, FTW_DEPTH | FTW_PHYS);
}

void life_clear(life_t *self)
{
    s_remove_tree(self->scratch);
}

static void s_path(const life_t *self, const char *name, char path[LIFE_PATH_SIZE])
{
    OP_ASSERT(snprintf(path, LIFE_PATH_SIZE, "%s/%s", self->scratch, name) < LIFE_PATH_SIZE);
}

void life_database(const life_t *self, const char *name, char path[LIFE_PATH_SIZE])
{
    OP_ASSERT(snprintf(path, LIFE_PATH_SIZE, "%s/%s/db", self->scratch, name) < LIFE_PATH_SIZE);
}

static void s_lay_out_one(const char *name, const op_buf_t *bytes, void *context)
{
    const char *root = context;
    char path[2 * LIFE_PATH_SIZE];
    snprintf(path, sizeof path, "%s/%s", root, name);
    if (!bytes) {
        OP_ASSERT(mkdir(path, 0700) == 0);
        return;
    }
    FILE *file = fopen(path, "wx");
    OP_ASSERT(file);
    OP_ASSERT(bytes->size == 0 || fwrite(bytes->at, bytes->size, 1, file) == 1);
    OP_ASSERT(fclose(file) == 0);
}

void life_lay_out(const life_t *self, const disk_t *disk, const char *name)
{
    char root[LIFE_PATH_SIZE];
    s_path(self, name, root);
    s_remove_tree(root);
    OP_ASSERT(mkdir(root, 0700) == 0);
    disk_walk(disk, s_lay_out_one, root);
}

/*  To the end of the file, or of the pipe. */
static void s_read_all(int fd, op_buf_t *bytes)
{
    char part[16384];
    ssize_t size;
    while ((size = read(fd, part, sizeof part)) > 0) {
        op_buf_add(bytes, part, (size_t)size);
        OP_ASSERT(bytes->size < S_LIMIT);
    }
    OP_ASSERT(size == 0);
}

/*  In the child: never returns. */
_Noreturn static void s_exec(const life_t *self, life_crash_t crash, int ack)
{
    char root[LIFE_PATH_SIZE], journal[LIFE_PATH_SIZE], database[LIFE_PATH_SIZE], text[64];
    s_path(self, "live", root);
    s_path(self, "journal", journal);
    life_database(self, "live", database);
    snprintf(text, sizeof text, "%u %u %d", crash.logs, crash.operation, crash.after);
    setenv("LD_PRELOAD", self->shim, 1);
    setenv(JOURNAL_ENV_ROOT, root, 1);
    setenv(JOURNAL_ENV_FILE, journal, 1);
    setenv(JOURNAL_ENV_CRASH, text, 1);
    alarm(S_ALARM_SECONDS); /* a writer that hangs is killed */
    snprintf(text, sizeof text, "%d", ack);
    if (self->plant)
        execl(self->writer, self->writer, database, text, "--plant", self->plant, (char *)NULL);
    else
        execl(self->writer, self->writer, database, text, (char *)NULL);
    perror(self->writer);
    _exit(1);
}

int life_run(const life_t *self, life_crash_t crash, life_end_t *end)
{
    char path[LIFE_PATH_SIZE];
    s_path(self, "journal", path);
    unlink(path);
    int ends[2];
    OP_ASSERT(pipe(ends) == 0);
    fflush(NULL);
    pid_t child = fork();
    OP_ASSERT(child >= 0);
    if (child == 0) {
        close(ends[0]);
        s_exec(self, crash, ends[1]);
    }
    close(ends[1]);
    s_read_all(ends[0], &end->lines);
    close(ends[0]);
    int status;
    OP_ASSERT(waitpid(child, &status, 0) == child);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file >= 0) {
        s_read_all(file, &end->journal);
        close(file);
    }
    end->crashed = WIFEXITED(status) && WEXITSTATUS(status) == JOURNAL_EXIT_CRASH;
    if (end->crashed || (WIFEXITED(status) && WEXITSTATUS(status) == 0))
        return 0;
    fprintf(stderr, "the writer ended with status %#x\n", (unsigned)status);
    return -1;
}
