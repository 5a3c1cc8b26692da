/*  client.h - the little HTTP/1.1 client that load tools are made of

    Only what OP's own server sends: numeric status, Content-Length, keep-alive (RFC 9112). A
    response in chunks, or one that ends with its connection, is malformed here. No TLS.

    Limits: OP_BENCH_HEAD_MAX octets of head, OP_BENCH_BODY_MAX of body, OP_BENCH_CALL_MS for one
    blocking call or one connect. */

#ifndef OP_TOOLS_OPBENCH_CLIENT_H
#define OP_TOOLS_OPBENCH_CLIENT_H

#include "base/bytes.h"

#include <sys/socket.h>

enum {
    OP_BENCH_HEAD_MAX = 16 * 1024,
    OP_BENCH_BODY_MAX = 4 * 1024 * 1024,
    OP_BENCH_CALL_MS = 10 * 1000
};

/*  Where requests go. */
typedef struct {
    char authority[160]; /* HOST:PORT as in the URL, for the Host line */
    char path[1024];     /* from the URL, "/" when it has none; without a fragment */
    struct sockaddr_storage address;
    socklen_t address_size;
} op_bench_target_t;

/*  http://HOST[:PORT][/PATH], HOST a name, an IPv4 address or an IPv6 one in brackets. Names are
    resolved here. -1: `error` (of `size` octets) says why. */
int op_bench_target(op_bench_target_t *self, const char *url, char *error,
                    size_t size) OP_MUST_CHECK;

/*  What to ask. Everything is borrowed; an empty token or json is left out. */
typedef struct {
    const char *method;
    const char *path;
    op_str_t token; /* for "Authorization: Bearer" */
    op_str_t json;  /* the body */
} op_bench_ask_t;

/*  Appends the request's octets. */
void op_bench_request(op_buf_t *out, const op_bench_target_t *target, const op_bench_ask_t *ask);

typedef enum { OP_BENCH_MORE, OP_BENCH_WHOLE, OP_BENCH_BAD } op_bench_parse_t;

typedef struct {
    int status;
    size_t head; /* octets, the empty line included */
    size_t body; /* octets behind it */
    bool close;  /* the server ends the connection */
} op_bench_response_t;

/*  The response at the start of `bytes`. WHOLE: head and body are there and *response is filled;
    MORE: read on; BAD: malformed or beyond a limit. Responses to HEAD are not understood. Pure. */
op_bench_parse_t op_bench_parse(op_str_t bytes, op_bench_response_t *response) OP_MUST_CHECK;

/*  A connected, non-blocking socket with TCP_NODELAY, or -1 with errno set. The caller closes
    it. */
int op_bench_connect(const op_bench_target_t *target) OP_MUST_CHECK;

int64_t op_bench_now_ns(void);         /* never jumps, arbitrary start */
double op_bench_wall_ms(void);         /* since 1970, as the simulator's events have it */
void op_bench_pause_us(unsigned time); /* at most a second */

/*  One connection at a time for calls one after the other, opened again when it was closed. */
typedef struct op_bench_client op_bench_client_t;

/*  `target` is borrowed for the client's life. */
op_bench_client_t *op_bench_client_new(const op_bench_target_t *target) OP_MUST_CHECK;
void op_bench_client_destroy(op_bench_client_t **self_p);

/*  Asks and waits for the answer. Returns its status, with *body (borrowed until the next call; may
    be NULL) its body; or -1 when there was no proper answer in time. Nothing is ever asked
    twice. */
int op_bench_call(op_bench_client_t *self, const op_bench_ask_t *ask, op_str_t *body) OP_MUST_CHECK;

#endif
