#include "tools/optrace/optrace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int s_complain(const char *path, const char *why)
{
    fprintf(stderr, "optrace: %s: %s\n", path, why);
    return -1;
}

/*  1: read. 0: there is no such file. -1: stderr says why. */
static int s_read(const char *path, size_t max, op_buf_t *bytes)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return errno == ENOENT ? 0 : s_complain(path, strerror(errno));
    static char piece[65536];
    size_t size;
    int result = 1;
    while (result == 1 && (size = fread(piece, 1, sizeof piece, file)) > 0) {
        op_buf_add(bytes, piece, size);
        if (bytes->size > max)
            result = s_complain(path, "the trace is larger than 1 GiB");
    }
    if (result == 1 && ferror(file))
        result = s_complain(path, strerror(errno));
    fclose(file);
    return result;
}

/*  1: taken. 0: there is no such file. -1: stderr says why. */
static int s_take(op_optrace_t *self, const char *path, bool torn, size_t *total)
{
    op_buf_t *bytes = &self->bytes[self->segments];
    int found = s_read(path, OP_OPTRACE_BYTES_MAX - *total, bytes);
    if (found <= 0)
        return found;
    self->segments++;
    *total += bytes->size;
    char error[OP_TRACE_ERROR];
    if (op_tape_read(&self->tape, op_buf_str(bytes), torn, error) != 0)
        return s_complain(path, error);
    return 1;
}

/*  The files that continue PATH are numbered; some in the middle may have been dropped, to keep the
    trace within its limit. Behind such a gap nothing replays: the file there is refused, or with
    `torn` the trace ends at the gap. */
static int s_continue(op_optrace_t *self, const char *path, bool torn, size_t *total)
{
    enum { GAP_MAX = 4096 };
    char name[4096];
    size_t gap = 0;
    for (unsigned n = 1; gap < GAP_MAX && self->segments < OP_OPTRACE_SEGMENTS_MAX; n++) {
        if (snprintf(name, sizeof name, "%s.%u", path, n) >= (int)sizeof name)
            return s_complain(path, "the name is too long");
        if (gap && torn && access(name, F_OK) == 0) {
            self->tape.torn = true;
            return 0;
        }
        int found = s_take(self, name, torn, total);
        if (found < 0)
            return -1;
        gap = found ? 0 : gap + 1;
    }
    return 0;
}

int op_optrace_open(op_optrace_t *self, const char *path, bool torn)
{
    size_t total = 0;
    int found = s_take(self, path, torn, &total);
    if (found == 0)
        s_complain(path, strerror(ENOENT));
    if (found <= 0 || s_continue(self, path, torn, &total) != 0) {
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
    for (size_t i = 0; i < OP_OPTRACE_SEGMENTS_MAX; i++)
        op_buf_free(&self->bytes[i]);
    free(self->order);
    free(self->cause);
    *self = (op_optrace_t){.segments = 0};
}

int op_optrace_save(const op_tape_t *tape, const char *path)
{
    op_buf_t bytes = {0};
    op_tape_write(tape, &bytes);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    int rc = fd < 0 ? s_complain(path, strerror(errno)) : 0;
    for (size_t at = 0; rc == 0 && at < bytes.size;) {
        ssize_t size = write(fd, bytes.at + at, bytes.size - at);
        if (size > 0)
            at += (size_t)size;
        else if (errno != EINTR)
            rc = s_complain(path, strerror(errno));
    }
    if (fd >= 0 && close(fd) != 0 && rc == 0)
        rc = s_complain(path, strerror(errno));
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
