/*  The lock covers what one file after another needs: who writes when they change, and how large
    the current one is. The writes under it are to the page cache.

    Files that exist are listed in the order of their numbers. Those that hold rows are kept; when
    there are too many, the oldest of the others goes. When rows fill all of them, the recording
    ends: a trace without its beginning would be of no use, and one without bounds would be a
    trap. */

#include "transport/trace_file.h"

#include "transport/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    uint64_t number;
    bool kept;
} segment_t;

struct op_trace_file {
    pthread_mutex_t lock;
    atomic_bool stopped;
    char path[OP_TRACE_PATH_MAX + 1];
    uint64_t segment_bytes;
    uint64_t most; /* files */
    op_trace_header_t header;
    char build[OP_TRACE_BUILD_MAX + 1];
    op_buf_t head;   /* what a file begins with */
    op_buf_t actors; /* their records */
    uint64_t actor_count;
    segment_t files[OP_TRACE_SEGMENTS_MAX];
    size_t file_count; /* the last one is being written */
    int fd;
    uint64_t size;
};

/*  ---- One file ---- */

static void s_name(const op_trace_file_t *self, uint64_t number, char name[OP_TRACE_PATH_MAX + 32])
{
    if (number == 0)
        snprintf(name, OP_TRACE_PATH_MAX + 32, "%s", self->path);
    else
        snprintf(name, OP_TRACE_PATH_MAX + 32, "%s.%llu", self->path, (unsigned long long)number);
}

static void s_stop(op_trace_file_t *self, const char *reason)
{
    if (!atomic_exchange(&self->stopped, true))
        op_log(OP_LOG_ERROR, "trace", "the recording has ended, the server goes on: %s", reason);
}

/*  0, or errno. */
static int s_create(op_trace_file_t *self, uint64_t number)
{
    char name[OP_TRACE_PATH_MAX + 32];
    s_name(self, number, name);
    int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno;
    if (self->fd >= 0)
        close(self->fd);
    self->fd = fd;
    self->size = 0;
    self->files[self->file_count++] = (segment_t){.number = number, .kept = number == 0};
    return 0;
}

/*  All of the bytes, or none of them and errno: the file ends with a whole record. */
static int s_append(op_trace_file_t *self, op_str_t bytes)
{
    uint64_t done = 0;
    while (done < bytes.size) {
        ssize_t size = write(self->fd, bytes.at + done, bytes.size - done);
        if (size > 0) {
            done += (uint64_t)size;
        } else if (size == 0 || errno != EINTR) {
            int error = size == 0 ? ENOSPC : errno;
            if (ftruncate(self->fd, (off_t)self->size) != 0)
                op_log(OP_LOG_WARNING, "trace", "the last record is incomplete");
            return error;
        }
    }
    self->size += bytes.size;
    return 0;
}

/*  What every file begins with: the header with its number, then the actors. */
static int s_begin(op_trace_file_t *self, uint64_t number)
{
    self->header.segment = number;
    op_buf_clear(&self->head);
    op_trace_add(&op_trace_header_type, &self->header, &self->head);
    op_buf_add_str(&self->head, op_buf_str(&self->actors));
    return s_append(self, op_buf_str(&self->head));
}

/*  ---- From one file to the next ---- */

/*  Makes room for one more; false: every one of them is kept. */
static bool s_drop_oldest(op_trace_file_t *self)
{
    if (self->file_count < self->most)
        return true;
    size_t i = 0;
    while (i < self->file_count && self->files[i].kept)
        i++;
    if (i == self->file_count)
        return false;
    char name[OP_TRACE_PATH_MAX + 32];
    s_name(self, self->files[i].number, name);
    if (unlink(name) != 0)
        op_log(OP_LOG_WARNING, "trace", "cannot remove %s: %s", name, strerror(errno));
    self->file_count--;
    memmove(&self->files[i], &self->files[i + 1], (self->file_count - i) * sizeof self->files[0]);
    return true;
}

static void s_stop_for(op_trace_file_t *self, uint64_t number, int error)
{
    char name[OP_TRACE_PATH_MAX + 32], reason[OP_TRACE_PATH_MAX + 128];
    s_name(self, number, name);
    snprintf(reason, sizeof reason, "%s: %s", name, strerror(error));
    s_stop(self, reason);
}

static bool s_rotate(op_trace_file_t *self)
{
    uint64_t next = self->files[self->file_count - 1].number + 1;
    if (!s_drop_oldest(self)) {
        s_stop(self, "its files are full of what the store held at the start "
                     "(trace/max_mb, trace/segments)");
        return false;
    }
    int error = s_create(self, next);
    if (error == 0)
        error = s_begin(self, next);
    if (error != 0)
        s_stop_for(self, next, error);
    return error == 0;
}

static void s_write(op_trace_file_t *self, op_str_t records, bool state)
{
    bool fits = self->size + records.size <= self->segment_bytes || self->size <= self->head.size;
    if (!fits && !s_rotate(self))
        return;
    segment_t *current = &self->files[self->file_count - 1];
    current->kept |= state;
    int error = s_append(self, records);
    if (error != 0)
        s_stop_for(self, current->number, error);
}

/*  ---- Seen from outside ---- */

/*  The first file that an earlier recording has left behind: it would be read as a part of this
    one. 0: there is none. */
static uint64_t s_leftover(const char *path)
{
    op_trace_numbers_t *numbers = op_alloc(sizeof *numbers);
    char error[OP_TRACE_ERROR];
    bool listed = op_trace_file_numbers(path, numbers, error) == 0 || numbers->count;
    uint64_t number = listed && numbers->count ? numbers->at[0] : 0; /* else s_create says why */
    free(numbers);
    return number;
}

op_trace_file_t *op_trace_file_new(const op_trace_file_options_t *options,
                                   const op_trace_header_t *header, char error[OP_TRACE_ERROR])
{
    OP_ASSERT(options->segments >= 2 && options->segments <= OP_TRACE_SEGMENTS_MAX);
    op_trace_file_t *self = op_alloc(sizeof *self);
    *self = (op_trace_file_t){.segment_bytes = options->segment_bytes,
                              .most = options->segments,
                              .header = *header,
                              .fd = -1};
    pthread_mutex_init(&self->lock, NULL);
    op_str_copy(header->build, self->build, sizeof self->build);
    self->header.build = op_str(self->build);
    int code = op_str_copy(op_str(options->path), self->path, sizeof self->path) ? 0 : ENAMETOOLONG;
    uint64_t leftover = code == 0 ? s_leftover(self->path) : 0;
    if (leftover)
        code = EEXIST;
    if (code == 0)
        code = s_create(self, 0);
    if (code == 0) {
        code = s_begin(self, 0);
        if (code != 0)
            unlink(self->path);
    }
    if (code == 0)
        return self;
    char name[OP_TRACE_PATH_MAX + 32];
    s_name(self, leftover, name);
    snprintf(error, OP_TRACE_ERROR, "%.120s: %s", code == ENAMETOOLONG ? options->path : name,
             code == EEXIST ? "exists; a trace is never written over or behind another one"
                            : strerror(code));
    op_trace_file_destroy(&self);
    return NULL;
}

void op_trace_file_destroy(op_trace_file_t **self_p)
{
    op_trace_file_t *self = *self_p;
    if (!self)
        return;
    if (self->fd >= 0)
        close(self->fd);
    pthread_mutex_destroy(&self->lock);
    op_buf_free(&self->head);
    op_buf_free(&self->actors);
    free(self);
    *self_p = NULL;
}

/*  The files to come begin with it; the current one gets it here, even if that begins only now. */
uint64_t op_trace_file_actor(op_trace_file_t *self, const char *name, const char *class)
{
    pthread_mutex_lock(&self->lock);
    OP_ASSERT(self->actor_count < OP_TRACE_ACTORS_MAX);
    op_trace_actor_t actor = {++self->actor_count, op_str(name), op_str(class), 0};
    op_buf_t record = {0};
    op_trace_add(&op_trace_actor_type, &actor, &record);
    if (!op_trace_file_stopped(self))
        s_write(self, op_buf_str(&record), true);
    op_buf_add_str(&self->actors, op_buf_str(&record));
    op_buf_free(&record);
    pthread_mutex_unlock(&self->lock);
    return actor.actor;
}

void op_trace_file_write(op_trace_file_t *self, op_str_t records, bool state)
{
    if (op_trace_file_stopped(self) || records.size == 0)
        return;
    pthread_mutex_lock(&self->lock);
    if (!op_trace_file_stopped(self)) /* another thread may have met the full disk meanwhile */
        s_write(self, records, state);
    pthread_mutex_unlock(&self->lock);
}

void op_trace_file_stop(op_trace_file_t *self, const char *reason)
{
    s_stop(self, reason);
}

bool op_trace_file_stopped(const op_trace_file_t *self)
{
    return atomic_load_explicit(&self->stopped, memory_order_relaxed);
}
