/*  poster.h - HTTP POST out, many at a time, on an event loop that is not libcurl's

    One poster belongs to one thread. The owner waits for one descriptor, and no longer than is
    said, lets the poster work, and takes results:

        poll({op_poster_fd(poster), POLLIN}, op_poster_wait_ms(poster));
        op_poster_work(poster);
        while (op_poster_next(poster, &result)) ...

    What holds for each post: transfer.h. Posts beyond the slots wait. The slots are shared among
    endpoints (scheme, host, port) so that those that hang leave room for the others: post_slots.h.
    A slot in use costs 15 KB, with TLS 70 KB; connections are kept for the endpoint's next post. Of
    the descriptors that the process may have, a quarter bounds the slots. */

#ifndef OP_HTTP_POSTER_H
#define OP_HTTP_POSTER_H

#include "http/transfer.h"

enum {
    OP_POSTER_TIMEOUT_MS = 10 * 1000,
    OP_POSTER_SLOTS = 1024,
    OP_POSTER_PER_ENDPOINT = 8,
    OP_POSTER_QUEUE = 10 * 1000
};

/*  Zero or NULL for the default of each. */
typedef struct {
    int max_slots;
    int max_per_endpoint;
    int max_queued; /* posts that wait for a slot */
    op_transfer_rules_t transfer;
} op_poster_options_t;

typedef struct op_poster op_poster_t;

/*  Copies the options, the allow-list too. NULL: `error` says what is wrong with them. */
op_poster_t *op_poster_new(const op_poster_options_t *options, char *error,
                           size_t size) OP_MUST_CHECK;
/*  Drops what is queued and cuts what is under way: no results for those. */
void op_poster_destroy(op_poster_t **self_p);

/*  Posts `body` to `url`; copies all it is given. Each post comes to one result, with its `id`,
    also when it cannot be posted or too many wait already. Results wait until they are taken. */
void op_poster_post(op_poster_t *self, op_id_t id, op_str_t url, const op_post_line_t *headers,
                    size_t header_count, op_str_t body);

int op_poster_fd(const op_poster_t *self);
/*  Milliseconds until op_poster_work is due though the descriptor is not readable; -1: never. */
int64_t op_poster_wait_ms(const op_poster_t *self);
/*  Does what can be done without blocking. */
void op_poster_work(op_poster_t *self);

/*  Takes the next result; false when there is none. */
bool op_poster_next(op_poster_t *self, op_posted_result_t *result);

/*  Posts that are queued or under way: how tests know when all are done, and what is held. */
size_t op_poster_busy(const op_poster_t *self);

#endif
