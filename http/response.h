/*  response.h - one HTTP response, as the handler fills it

    The server owns it and reuses its memory for the next request of the same worker. It arrives
    as status 200, application/json, empty. The server adds Date, Content-Length, Connection and
    Keep-Alive by itself, so a handler never does. */

#ifndef OP_HTTP_RESPONSE_H
#define OP_HTTP_RESPONSE_H

#include "base/bytes.h"
#include "base/error.h"

enum {
    OP_HTTP_RESPONSE_HEADERS_MAX = 32, /* lines */
    OP_HTTP_RESPONSE_HEAD_MAX = 8192   /* octets of all of them */
};

typedef struct {
    int status;               /* 200 to 599 */
    const char *content_type; /* borrowed until the response is written; NULL: no such header */
    op_buf_t body;            /* add to it; ignored for 204 and 304 */
    op_buf_t headers;         /* written lines: use op_http_response_header */
    size_t header_count;
    bool close; /* end the connection after this answer */
} op_http_response_t;

/*  Back to 200, application/json and empty; keeps the memory. */
void op_http_response_reset(op_http_response_t *self);
void op_http_response_free(op_http_response_t *self);

/*  Adds one line. `name` is a token of the program's own (asserted); the value may come from
    outside: false, and nothing added, when it holds a control octet or a limit above is reached.
    Not for Content-Length, Content-Type, Connection, Keep-Alive or Transfer-Encoding (asserted). */
bool op_http_response_header(op_http_response_t *self, const char *name, op_str_t value);

/*  The contract's error shape, {"error":{"code","message"[,"field"]}}, in place of any body; sets
    the status too. `message` NULL: the error's own sentence. `field` NULL: left out. Headers are
    kept. Bytes that are not UTF-8 come out as '?'. */
void op_http_response_error(op_http_response_t *self, op_error_t error, const char *message,
                            const char *field);

/*  The same with a status of its own, for what the contract's table has no code of: 400, 408, 431,
    505 speak as validation_error. */
void op_http_response_error_as(op_http_response_t *self, int status, op_error_t error,
                               const char *message);

/*  The reason phrase of a status ("Not Found"); "Status" for one without. */
const char *op_http_reason(int status);

/*  Appends `text` as a JSON string, quotes included. */
void op_http_json_string(op_buf_t *to, op_str_t text);

#endif
