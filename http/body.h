/*  body.h - reads a request's body off civetweb within one deadline

    mg_read waits until all that was asked for has come, and its time-out starts anew with each
    octet: a dripping client would hold a worker for hours. Asked for one octet it returns with
    that one, so the reader asks so, looks at the clock, and takes more only when the kernel
    already has it. */

#ifndef OP_HTTP_BODY_H
#define OP_HTTP_BODY_H

#include "base/bytes.h"

struct mg_connection;

typedef enum {
    OP_HTTP_BODY_WHOLE,
    OP_HTTP_BODY_LATE, /* the deadline passed, or the client was silent for a head time-out */
    OP_HTTP_BODY_CUT,  /* the client closed, or the server is stopping */
} op_http_body_t;

/*  Milliseconds of the monotonic clock, some four old at most: it is looked at for every octet. */
int64_t op_http_now_ms(void);

/*  Appends `size` octets to `to` (which may be NULL: read and forget). Returns by `deadline_ms`
    (op_http_now_ms) or one head time-out later. */
op_http_body_t op_http_body_read(struct mg_connection *connection, uint64_t size,
                                 int64_t deadline_ms, op_buf_t *to);

#endif
