/*  request.h - one HTTP request, as the handler sees it

    Every slice is borrowed from the server and lives until the handler returns. The request has
    passed the guard (guard.h): its framing is beyond doubt, its header names are tokens, no value
    holds a control octet. Nothing more is promised: bodies and values are a stranger's bytes. */

#ifndef OP_HTTP_REQUEST_H
#define OP_HTTP_REQUEST_H

#include "base/limits.h"

enum {
    OP_HTTP_TARGET_MAX = 8192,    /* octets of path and query as sent; longer: 414 */
    OP_HTTP_HEADERS_MAX = 63,     /* header lines; more: 431 */
    OP_HTTP_HEAD_MAX = 32 * 1024, /* octets of the whole head; more: 431 */
};

typedef struct {
    op_str_t name; /* in the client's letter case */
    op_str_t value;
} op_http_header_t;

typedef struct {
    op_str_t method;    /* "GET", "HEAD", ... A HEAD is answered without body by the server. */
    op_str_t path;      /* op_http_path_decode's, starts with '/'; no NUL, no control octets */
    op_str_t query;     /* as sent, without the '?'; empty when there is none */
    op_str_t body;      /* empty when there is none */
    op_str_t client_ip; /* in text: the peer of the socket, or whom trusted proxies name */
    bool https;         /* a trusted proxy says that the client came over TLS */
    const op_http_header_t *headers;
    size_t header_count;
} op_http_request_t;

/*  The value of the first header of that name, in any letter case. `count` (may be NULL) is filled
    with how many there are: 0 and the empty slice when none. */
op_str_t op_http_request_header(const op_http_request_t *self, const char *name, size_t *count);

/*  The client's own X-Request-Id, when there is exactly one and it is 1 to 64 of [A-Za-z0-9._-],
    holds no credential and is not 7 to 15 digits, as a phone is; else the empty slice, and the owner takes an id that it made. */
op_str_t op_http_request_id(const op_http_request_t *self);

/*  Decodes %XX (RFC 3986 2.1) from `raw` into `decoded`, which holds raw.size + 1 octets, and
    terminates it. Strict: a '%' without two hex digits, an encoded or plain control octet (NUL
    included), DEL: -1. A '+' is a '+'. Returns the size. Dot segments of a path are left as they
    are, and so is its %2F: an encoded slash parts no segments (RFC 3986 2.2). */
int op_http_path_decode(op_str_t raw, char *decoded) OP_MUST_CHECK;
int op_http_query_decode(op_str_t raw, char *decoded) OP_MUST_CHECK;

#endif
