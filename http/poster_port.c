#include "http/poster_port.h"

#include "transport/messages.h"

#include <stdlib.h>

typedef struct {
    op_poster_t *poster;
    op_posted_result_t result;
    op_posted_t posted;
} poster_port_t;

static size_t s_fds(void *self_at, struct pollfd *fds, size_t max, int64_t *timeout_ms)
{
    poster_port_t *self = self_at;
    int64_t wait = op_poster_wait_ms(self->poster);
    if (wait >= 0 && (*timeout_ms < 0 || wait < *timeout_ms))
        *timeout_ms = wait;
    OP_ASSERT(max > 0);
    fds[0] = (struct pollfd){.fd = op_poster_fd(self->poster), .events = POLLIN};
    return 1;
}

static void s_work(void *self_at, const struct pollfd *fds, size_t count)
{
    poster_port_t *self = self_at;
    (void)fds;
    (void)count;
    op_poster_work(self->poster);
}

static bool s_next(void *self_at, const op_type_t **type, const void **body)
{
    poster_port_t *self = self_at;
    const op_posted_result_t *result = &self->result;
    if (!op_poster_next(self->poster, &self->result))
        return false;
    self->posted = (op_posted_t){.delivery = result->id,
                                 .status = (uint64_t)result->status,
                                 .error = op_str(result->error),
                                 .duration_ms = (uint64_t)result->duration_ms,
                                 .retry_after_s = (uint64_t)result->retry_after_s,
                                 .answer = op_str_of(result->answer, result->answer_size)};
    *type = &op_posted_type;
    *body = &self->posted;
    return true;
}

static void s_take(void *self_at, const op_type_t *type, const void *body)
{
    poster_port_t *self = self_at;
    OP_ASSERT(type == &op_post_type);
    const op_post_t *post = body;
    op_post_line_t headers[8];
    OP_ASSERT(post->headers.count <= OP_COUNT(headers)); /* messages.def bounds them */
    for (size_t i = 0; i < post->headers.count; i++)
        headers[i] = (op_post_line_t){post->headers.at[i].name, post->headers.at[i].value};
    op_poster_post(self->poster, post->delivery, post->url, headers, post->headers.count,
                   post->body);
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
    *self = (poster_port_t){.poster = op_poster_new(options, error, 256)};
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
