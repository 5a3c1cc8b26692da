/*  poster.h - HTTP POST out, through libcurl, on an event loop that is not libcurl's

    One poster belongs to one thread. The owner polls the descriptors and the time that
    op_poster_fds names, reports what happened with op_poster_ready, and takes results with
    op_poster_next:

        count = op_poster_fds(poster, fds, max, &timeout_ms);
        poll(fds, count, timeout_ms);
        for each fd with revents: op_poster_ready(poster, fd.fd, fd.revents);
        if the time is over:      op_poster_ready(poster, -1, 0);
        while (op_poster_next(poster, &result)) ...

    Rules that hold for every post: https (http where the rules say so), certificates verified,
    TLS 1.2 or later, no redirect followed, no proxy from the environment, no cookies, no .netrc,
    HTTP/1.1, User-Agent "OP". The URL is checked before (op_target_check), and the concrete
    address again when the socket is made, after DNS. A slow or dead host takes at most
    max_per_host of the slots.

    The outcome is the status of the answer's head; of its body at most 4 KiB are read, and
    forgotten. Anything else (refused, unreachable, too slow, bad certificate) is status 0 and a
    line of text. */

#ifndef OP_HTTP_POSTER_H
#define OP_HTTP_POSTER_H

#include "http/target.h"

struct pollfd;

enum {
    OP_POSTER_TIMEOUT_MS = 10 * 1000,
    OP_POSTER_CONCURRENT = 64,
    OP_POSTER_PER_HOST = 8,
    OP_POSTER_QUEUE = 10 * 1000,
    OP_POSTER_HEADERS = 32,
    OP_POSTER_ANSWER_MAX = 4096, /* octets of an answer's body */
    OP_POSTER_ERROR_SIZE = 160
};

/*  Zero for the default of each number. */
typedef struct {
    int timeout_ms; /* of one post, from name lookup to answer */
    int max_concurrent;
    int max_per_host;
    int max_queued; /* posts that wait for a slot */
    op_target_rules_t rules;
} op_poster_options_t;

typedef struct {
    op_str_t name, value;
} op_poster_header_t;

typedef struct {
    uint64_t id;
    int status;                       /* HTTP status, or 0 */
    int64_t duration_ms;              /* from the start of the transfer, not of its wait */
    int64_t retry_after_s;            /* of the Retry-After header; 0 without one */
    char error[OP_POSTER_ERROR_SIZE]; /* one line, empty when there is a status */
} op_poster_result_t;

typedef struct op_poster op_poster_t;

/*  Copies the options, the allow-list too. NULL: `error` says which entry is wrong. */
op_poster_t *op_poster_new(const op_poster_options_t *options, char *error,
                           size_t size) OP_MUST_CHECK;
/*  Drops what is queued and cuts what is under way: no results for those. */
void op_poster_destroy(op_poster_t **self_p);

/*  Posts `body` to `url`; copies all it is given. `id` comes back in the result; ids need not
    differ. Without a Content-Type among the headers it is application/json. False: the queue is
    full. What cannot be posted (a bad URL, a header with control octets, too many of them) gets a
    result. */
bool op_poster_post(op_poster_t *self, uint64_t id, op_str_t url, const op_poster_header_t *headers,
                    size_t header_count, op_str_t body) OP_MUST_CHECK;

/*  Fills at most `max` descriptors and what to poll them for, and the milliseconds until
    op_poster_ready(self, -1, 0) is due (-1: no need). Returns how many there are, which can be more
    than `max`; at most max_concurrent * 2 + 2. */
size_t op_poster_fds(op_poster_t *self, struct pollfd *fds, size_t max, int64_t *timeout_ms);
void op_poster_ready(op_poster_t *self, int fd, int revents);

/*  Takes the next result; false when there is none. */
bool op_poster_next(op_poster_t *self, op_poster_result_t *result);

/*  Posts that are queued or under way. */
size_t op_poster_busy(const op_poster_t *self);

#endif
