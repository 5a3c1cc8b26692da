/*  gateway.h - the actor "http": from HTTP requests to requests between actors, and back

    It decides nothing that an actor can decide: it finds the route (routes.h), the credential
    (credential.h) and the message (binding.h), sends the message along the route's itinerary
    (calls.h), waits, and writes the answer as JSON. It hangs on an op_http_server (server.h):

        gateway = op_gateway_new(&options, error);        the actors' mailboxes are bound by now
        server = op_http_server_new({.handle = op_gateway_handle, .prepare = op_gateway_prepare,
                                     .arg = gateway, .threads = options.workers, ...});
        ...
        op_http_server_stop(server); op_gateway_stop(gateway);
        op_http_server_destroy(&server); op_gateway_destroy(&gateway);

    On every response:
    X-Request-Id           the client's own where it sent a sane one, else a UUIDv7
    X-RateLimit-Limit, -Remaining, -Reset (Unix seconds, rounded up): the window that the itinerary
                           reported. A call that is malformed goes the first steps of its
                           itinerary too (op_route_entry): without a good credential it is
                           unauthenticated, whatever else is wrong, and with one it counts. Where
                           nothing was reported (an unknown path, no credential, what the server
                           refused by itself), the call is counted with the step rate.address; if
                           that refuses, its 429 is the answer, in place of any but 500 and 503,
                           after which the call may have been done. If nobody counts in time, they
                           read 0, 0 and the next second: the honest advice of a server in trouble
                           is to wait.
    Cache-Control          no-store: answers hold keys and texts; pages (pages.h) have their own
    Access-Control-*       under /v1 (cors.h)
    OPTIONS is answered for every path that there is, 204 with Allow.

    /readyz (ready.h) is answered beside the routes and pages.

    Answers of its own: not_found, method_not_allowed (with Allow), unauthenticated, forbidden,
    validation_error and its kin, unavailable with Retry-After (a full mailbox, silence until the
    deadline, stopping, more requests than workers), internal (an answer that makes no sense). */

#ifndef OP_HTTP_GATEWAY_H
#define OP_HTTP_GATEWAY_H

#include "http/access_log.h"
#include "http/calls.h"
#include "http/pages.h"
#include "http/request.h"
#include "http/response.h"

enum {
    OP_GATEWAY_WORKERS = 1024,
    OP_GATEWAY_COUNT_MS = 1000, /* at most, for the question to rate.address */
};

/*  Serves requests under a prefix directly: the carrier simulator's pages and calls. Runs on worker
    threads, several at once. The slices live until it returns. */
typedef void op_gateway_side_t(void *arg, op_str_t method, op_str_t path, op_str_t query,
                               op_str_t body, op_http_response_t *response);

/*  Zero for the default of each. */
typedef struct {
    const char *name; /* of the actor; "http" */
    size_t workers;   /* requests at a time: the server's threads; OP_GATEWAY_WORKERS */
    int deadline_ms;  /* of a request, until 503; OP_REQUEST_DEADLINE_MS */
    int post_ms;      /* added for a call that waits for a webhook's receiver; 0: nothing */
    bool behind_tls;  /* a TLS proxy in front: Secure cookies, https origins, for every request */
    const char *(*check_url)(void *arg, op_str_t url); /* as in transport/json.h */
    void *url_arg;                                     /* borrowed */
    struct {
        const char *prefix; /* "/sim": that path and all below; NULL: none; borrowed */
        op_gateway_side_t *serve;
        void *arg; /* borrowed */
    } side;        /* is not counted; its answers show the window of the client's address */
    op_access_log_options_t access_log; /* of each request */
    op_pages_t *pages; /* what is served besides the API; NULL: nothing; borrowed */
} op_gateway_options_t;

typedef struct op_gateway op_gateway_t;

/*  Binds the mailbox and starts to receive. Options are copied. NULL: `error` says why. */
op_gateway_t *op_gateway_new(const op_gateway_options_t *options, char error[256]) OP_MUST_CHECK;

/*  From the call on, requests are answered 503; those under way get their answers or their
    deadline, so it takes at most deadline_ms, post_ms and OP_GATEWAY_COUNT_MS. Idempotent; destroy
    does it too. No worker may be inside op_gateway_handle or _prepare when it is destroyed. */
void op_gateway_stop(op_gateway_t *self);
void op_gateway_destroy(op_gateway_t **self_p);

/*  The server's hooks (op_http_handler_t); `gateway` is the op_gateway_t. The first answers
    requests, the second adds the headers to what the server answered by itself. */
void op_gateway_handle(void *gateway, const op_http_request_t *request,
                       op_http_response_t *response);
void op_gateway_prepare(void *gateway, const op_http_request_t *request,
                        op_http_response_t *response);

op_calls_counts_t op_gateway_counts(op_gateway_t *self);

/*  Answers as /readyz does, for another listener: without its headers, and uncounted. */
void op_gateway_ready(op_gateway_t *self, op_http_response_t *response);

#endif
