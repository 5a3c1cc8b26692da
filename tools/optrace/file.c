#include "tools/optrace/optrace.h"

#include "transport/trace_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int s_complain(const char *path, const char *why)
{
    fprintf(stderr, "optrace: %s: %s\n", path, why);
    return -1;
}

/*  ---- Reading ---- */

static int s_map(const char *path, op_str_t *bytes)
{
    struct stat about;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* a FIFO would wait for its writer */
    if (fd < 0 || fstat(fd, &about) != 0) {
        int error = errno;
        if (fd >= 0)
            close(fd);
        return s_complain(path, strerror(error));
    }
    int rc = 0;
    *bytes = op_str_of("", 0);
    if (!S_ISREG(about.st_mode))
        rc = s_complain(path, "is no regular file");
    else if (about.st_size) {
        size_t size = (size_t)about.st_size;
        void *at = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (at == MAP_FAILED)
            rc = s_complain(path, strerror(errno));
        else
            *bytes = op_str_of(at, size);
    }
    close(fd);
    return rc;
}

static int s_take(op_optrace_t *self, const op_optrace_file_t *file, unsigned lenient)
{
    bool known = self->tape.header.format != 0;
    uint64_t before = self->tape.header.segment;
    char error[OP_TRACE_ERROR];
    if (op_tape_read(&self->tape, file->bytes, lenient, error) != 0)
        return s_complain(file->path, error);
    uint64_t now = self->tape.header.segment;
    if (known && now > before + 1)
        fprintf(stderr, "optrace: %s: %" PRIu64 " files before it are missing\n", file->path,
                now - before - 1);
    else if (!known && now)
        fprintf(stderr, "optrace: %s: the first files of the trace are missing\n", file->path);
    if (self->tape.torn)
        fprintf(stderr, "optrace: %s: torn: %zu octets after octet %zu left out\n", file->path,
                self->tape.torn, file->bytes.size - self->tape.torn);
    return 0;
}

/*  Files are missing before number `next`, and a tape with gaps is not wanted. */
static int s_stop_at_gap(const char *path, uint64_t next, size_t left, bool torn)
{
    if (!torn)
        fprintf(stderr,
                "optrace: %s: files before %s.%" PRIu64 " are missing (dropped at the limits "
                "trace/max_mb and trace/segments), so what follows begins in the middle and "
                "cannot be replayed: print, stats, follow and merge show it, --torn takes what "
                "stands before it\n",
                path, path, next);
    else
        fprintf(stderr,
                "optrace: %s: files before %s.%" PRIu64 " are missing: that one and %zu more are "
                "left out\n",
                path, path, next, left - 1);
    return torn ? 0 : -1;
}

/*  Maps the first file and those that continue it. */
static int s_map_all(op_optrace_t *self, const char *path, const op_trace_numbers_t *numbers)
{
    size_t events = 0;
    self->files = op_alloc((numbers->count + 1) * sizeof *self->files);
    for (size_t i = 0; i <= numbers->count; i++) {
        op_optrace_file_t *file = &self->files[i];
        op_buf_t name = {0};
        op_buf_add_str(&name, op_str(path));
        if (i)
            op_buf_printf(&name, ".%" PRIu64, numbers->at[i - 1]);
        *file = (op_optrace_file_t){.path = op_strdup(op_buf_str(&name))};
        op_buf_free(&name);
        self->file_count++;
        if (s_map(file->path, &file->bytes) != 0)
            return -1;
        events += op_trace_count(file->bytes);
    }
    op_tape_reserve(&self->tape, events);
    return 0;
}

static int s_take_all(op_optrace_t *self, const char *path, unsigned lenient)
{
    op_trace_numbers_t *numbers = op_alloc(sizeof *numbers);
    char error[OP_TRACE_ERROR];
    int rc = op_trace_file_numbers(path, numbers, error) == 0 ? s_map_all(self, path, numbers)
                                                              : s_complain(path, error);
    for (size_t i = 0; rc == 0 && i <= numbers->count; i++) {
        uint64_t number = i ? numbers->at[i - 1] : 0;
        if (i && !(lenient & OP_TAPE_GAPS) && number > self->tape.header.segment + 1) {
            rc = s_stop_at_gap(path, number, numbers->count - i + 1, lenient & OP_TAPE_TORN);
            break;
        }
        /* A killed process cuts its last file only. */
        unsigned torn = i < numbers->count ? OP_TAPE_TORN : 0;
        rc = s_take(self, &self->files[i], lenient & ~torn);
    }
    free(numbers);
    return rc;
}

static void s_say_middles(const op_tape_t *tape, const char *path)
{
    op_buf_t names = {0};
    for (size_t i = 0; i < tape->actor_count; i++)
        if (tape->actors[i].middle)
            op_buf_printf(&names, "%s%s", names.size ? ", " : "", tape->actors[i].name);
    if (names.size)
        fprintf(stderr, "optrace: %s: what is there begins in the middle of: %.*s\n", path,
                (int)names.size, names.at);
    op_buf_free(&names);
}

int op_optrace_read(op_optrace_t *self, const char *path, unsigned lenient)
{
    if (s_take_all(self, path, lenient) != 0)
        return -1;
    s_say_middles(&self->tape, path);
    return 0;
}

int op_optrace_open(op_optrace_t *self, const char *path, unsigned lenient)
{
    if (op_optrace_read(self, path, lenient) != 0) {
        op_optrace_close(self);
        return -1;
    }
    size_t count = self->tape.event_count + 1;
    self->order = op_alloc(count * sizeof *self->order);
    self->cause = op_alloc(count * sizeof *self->cause);
    op_tape_order(&self->tape, self->order, self->cause);
    return 0;
}

void op_optrace_close(op_optrace_t *self)
{
    op_tape_free(&self->tape);
    for (size_t i = 0; i < self->file_count; i++) {
        op_str_t bytes = self->files[i].bytes;
        free(self->files[i].path);
        if (!bytes.size)
            continue;
        void *at;
        memcpy(&at, &bytes.at, sizeof at); /* mapped by us, read-only */
        munmap(at, bytes.size);
    }
    free(self->files);
    free(self->order);
    free(self->cause);
    *self = (op_optrace_t){.file_count = 0};
}

int op_optrace_write(op_str_t bytes, const char *path, bool over)
{
    struct stat about;
    int fd = open(path, O_WRONLY | O_CREAT | (over ? O_TRUNC : O_EXCL) | O_CLOEXEC, 0600);
    int rc = fd < 0 || fstat(fd, &about) != 0 ? s_complain(path, strerror(errno)) : 0;
    if (rc == 0 && S_ISREG(about.st_mode) && fchmod(fd, 0600) != 0)
        rc = s_complain(path, strerror(errno));
    for (size_t at = 0; rc == 0 && at < bytes.size;) {
        ssize_t size = write(fd, bytes.at + at, bytes.size - at);
        if (size > 0)
            at += (size_t)size;
        else if (errno != EINTR)
            rc = s_complain(path, strerror(errno));
    }
    if (fd >= 0 && close(fd) != 0 && rc == 0)
        rc = s_complain(path, strerror(errno));
    return rc;
}

int op_optrace_save(const op_tape_t *tape, const char *path)
{
    op_buf_t bytes = {0};
    op_tape_write(tape, &bytes);
    int rc = op_optrace_write(op_buf_str(&bytes), path, false);
    op_buf_free(&bytes);
    return rc;
}

size_t op_optrace_actor(const op_tape_t *tape, const char *name)
{
    for (size_t i = tape->actor_count; i-- > 0;)
        if (strcmp(tape->actors[i].name, name) == 0)
            return i;
    return OP_TAPE_NONE;
}
