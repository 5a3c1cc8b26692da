#include "http/poster_port.h"

#include "transport/messages.h"

#include <stdlib.h>
#include <string.h>

/*  The poster knows posts by number; a number's low bits are a place in this table. It is larger
    than all that the poster holds at once, so a place is free again before its number comes round.
    */
enum { PLACES = 1 << 15 };

_Static_assert(PLACES > OP_POSTER_QUEUE + OP_POSTER_CONCURRENT, "a place for every post");

typedef struct {
    op_poster_t *poster;
    op_id_t deliveries[PLACES];
    uint64_t last;
    op_id_t refused[PLACES]; /* posts that found the queue full: told to the core next */
    size_t refused_count;
    op_poster_result_t result;
    op_posted_t posted;
} poster_port_t;

static size_t s_fds(void *self_at, struct pollfd *fds, size_t max, int64_t *timeout_ms)
{
    poster_port_t *self = self_at;
    int64_t timeout = -1;
    size_t count = op_poster_fds(self->poster, fds, max, &timeout);
    if (self->refused_count)
        timeout = 0;
    if (timeout >= 0 && (*timeout_ms < 0 || timeout < *timeout_ms))
        *timeout_ms = timeout;
    return count < max ? count : max;
}

static void s_work(void *self_at, const struct pollfd *fds, size_t count)
{
    poster_port_t *self = self_at;
    for (size_t i = 0; i < count; i++)
        if (fds[i].revents)
            op_poster_ready(self->poster, fds[i].fd, fds[i].revents);
    op_poster_ready(self->poster, -1, 0);
}

static bool s_next(void *self_at, const op_type_t **type, const void **body)
{
    poster_port_t *self = self_at;
    *type = &op_posted_type;
    *body = &self->posted;
    if (self->refused_count) {
        self->posted = (op_posted_t){.delivery = self->refused[--self->refused_count],
                                     .error = OP_STR("too many posts wait already")};
        return true;
    }
    if (!op_poster_next(self->poster, &self->result))
        return false;
    const op_poster_result_t *result = &self->result;
    self->posted = (op_posted_t){.delivery = self->deliveries[result->id % PLACES],
                                 .status = (uint64_t)result->status,
                                 .error = op_str(result->error),
                                 .duration_ms = (uint64_t)result->duration_ms};
    return true;
}

static void s_take(void *self_at, const op_type_t *type, const void *body)
{
    poster_port_t *self = self_at;
    OP_ASSERT(type == &op_post_type);
    const op_post_t *post = body;
    op_poster_header_t headers[8];
    for (size_t i = 0; i < post->headers.count; i++)
        headers[i] = (op_poster_header_t){post->headers.at[i].name, post->headers.at[i].value};
    uint64_t id = ++self->last;
    self->deliveries[id % PLACES] = post->delivery;
    if (!op_poster_post(self->poster, id, post->url, headers, post->headers.count, post->body)) {
        OP_ASSERT(self->refused_count < PLACES);
        self->refused[self->refused_count++] = post->delivery;
    }
}

static void s_destroy(void *self_at)
{
    poster_port_t *self = self_at;
    op_poster_destroy(&self->poster);
    free(self);
}

int op_poster_port(const op_poster_options_t *options, op_port_t *port, char error[256])
{
    poster_port_t *self = op_alloc(sizeof *self);
    memset(self, 0, sizeof *self);
    self->poster = op_poster_new(options, error, 256);
    *port = (op_port_t){.name = "poster",
                        .self = self,
                        .fds = s_fds,
                        .work = s_work,
                        .next = s_next,
                        .take = s_take,
                        .destroy = s_destroy};
    if (self->poster)
        return 0;
    s_destroy(self);
    return -1;
}
