/*  server.h - the HTTP port: civetweb in, slices out

    One listening socket, a fixed number of worker threads, one connection per worker at a time. The
    handler runs on the worker, so it may wait (within its own deadline), and several run at once.
    Connections that only wait give way to new ones when most workers are taken (connections.h).

    What the server takes care of: the guard (guard.h) before anything else sees a request; bodies
    bounded in size and in time; one write per response; keep-alive only for requests that passed
    the guard; HEAD without body; and that whatever a client meets, civetweb's own errors
    included, has the contract's shape {"error":{"code","message"}} and passed through `prepare`.

    Statuses that the server answers by itself: 400 malformed, 408 too slow, 413 body, 414 target,
    431 head, 505 version, 503 while stopping. Each of them ends the connection. An idle
    connection is closed without a word, after the time that Keep-Alive has promised. TLS is not
    offered: it belongs to a proxy in front.

    Every header line of a response is known to the owner through `prepare`, which is called
    exactly once for each response, just before it is written. For a request that was refused
    by its head, its request holds no more than the client's address and, where the head could be
    read, the method, the path (as sent, if it cannot be decoded) and the X-Request-Id. */

#ifndef OP_HTTP_SERVER_H
#define OP_HTTP_SERVER_H

#include "base/ip.h"
#include "http/request.h"
#include "http/response.h"

enum {
    OP_HTTP_THREADS = 1024,
    OP_HTTP_BODY_MAX = 64 * 1024,
    OP_HTTP_HEAD_TIMEOUT_MS = 10 * 1000,
    OP_HTTP_BODY_TIMEOUT_MS = 10 * 1000,
    OP_HTTP_KEEP_ALIVE_MS = 17 * 1000, /* behind the pauses of those who ask every few seconds */
    OP_HTTP_DRAIN_MS = 10 * 1000
};

/*  Called on worker threads, several at once. Fills `response`; must return within the owner's own
    deadline, because op_http_server_stop waits for it. */
typedef void op_http_handler_t(void *arg, const op_http_request_t *request,
                               op_http_response_t *response);

/*  The address that `listen` names, and zero for the default of each number. */
typedef struct {
    const char *listen; /* "127.0.0.1:8080", "localhost:8080"; port 0: any free one */
    int threads;        /* workers, 1 to 4096 */
    size_t max_body;    /* octets, at most 16 MiB */
    int head_timeout_ms;
    int body_timeout_ms;         /* a whole body; a silent peer may add one head_timeout_ms */
    int keep_alive_ms;           /* idle between two requests */
    int drain_ms;                /* what op_http_server_stop grants running handlers */
    const op_network_t *proxies; /* whose X-Forwarded-* headers count (forwarded.h); borrowed */
    size_t proxy_count;
    op_http_handler_t *handle;
    op_http_handler_t *prepare; /* may be NULL */
    void *arg;                  /* borrowed, handed to both */
} op_http_server_options_t;

typedef struct op_http_server op_http_server_t;

/*  Listens and serves from now on. NULL: `error` (of `size` octets) says why in one line. Options
    are copied, `listen` too. Raises the process's soft RLIMIT_NOFILE to its hard limit; where that
    is too little for `threads` connections and what else the process has open, there are fewer
    threads, so that connections alone never use up the descriptors. */
op_http_server_t *op_http_server_new(const op_http_server_options_t *options, char *error,
                                     size_t size) OP_MUST_CHECK;

/*  Where it listens: "127.0.0.1:43210". Lives as long as the server. */
const char *op_http_server_address(const op_http_server_t *self);
int op_http_server_threads(const op_http_server_t *self);
int op_http_server_port(const op_http_server_t *self);

/*  Drains, then stops: from the call on each new request is answered 503 and its connection closed;
    handlers that run may finish within drain_ms, and their answers leave whole. Then everything is
    closed and all threads have ended. True when nothing had to be cut. Takes up to two seconds
    longer (civetweb's poll slice), and for as long as a handler overstays. Call it once, from one
    thread that is no worker; destroy calls it when nobody did. */
bool op_http_server_stop(op_http_server_t *self);
void op_http_server_destroy(op_http_server_t **self_p);

#endif
