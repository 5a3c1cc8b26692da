/*  transfer.h - one POST through libcurl: how it is asked for, and what came of it

    Rules that hold for every post: https (http where the rules say so), certificates verified,
    TLS 1.2 or later, no redirect followed, no proxy and no .netrc whatever the environment says, no
    cookies, HTTP/1.1, User-Agent "OP". The URL is checked (op_target_check), and then, after name
    lookup, the address of each connection that is about to be made: all addresses of a name are
    judged one by one, and a name that leads elsewhere the second time gains nothing.

    The outcome is the status of the answer's final head. Of heads, those of 1xx among them, at most
    OP_TRANSFER_HEAD_MAX octets are read, of the body OP_TRANSFER_BODY_MAX; then the connection is
    cut. Whatever ends without a final head is status 0 and a line of text. */

#ifndef OP_HTTP_TRANSFER_H
#define OP_HTTP_TRANSFER_H

#include "base/id.h"
#include "base/limits.h"
#include "http/target.h"

#include <curl/curl.h>

enum {
    OP_TRANSFER_HEADERS = 32, /* of the request */
    OP_TRANSFER_HEAD_MAX = 64 * 1024,
    OP_TRANSFER_BODY_MAX = 4096,
    OP_TRANSFER_ERROR_SIZE = 160
};

typedef struct {
    op_str_t name, value;
} op_post_line_t;

/*  Borrowed by every transfer made with it. */
typedef struct {
    int timeout_ms;      /* from name lookup to answer */
    const char *ca_file; /* PEM certificates to trust instead of the system's; NULL: the system's */
    op_target_rules_t rules;
} op_transfer_rules_t;

typedef struct {
    op_id_t id;
    int status;            /* HTTP status, or 0 */
    int64_t duration_ms;   /* from the start of the transfer, not of its wait */
    int64_t retry_after_s; /* the answer's Retry-After, from seconds or a date; 0 without one */
    size_t answer_size;
    char answer[OP_ANSWER_MAX];         /* the first octets of the answer's body */
    char error[OP_TRANSFER_ERROR_SIZE]; /* one line, empty when there is a status */
} op_posted_result_t;

typedef struct op_transfer op_transfer_t;

/*  Copies URL, headers and body. Without a Content-Type among the headers it is application/json.
    NULL: this cannot be posted, and result->error says why. */
op_transfer_t *op_transfer_new(const op_transfer_rules_t *rules, op_str_t url,
                               const op_post_line_t *headers, size_t header_count, op_str_t body,
                               op_posted_result_t *result) OP_MUST_CHECK;
/*  Not while libcurl's multi handle still has it. */
void op_transfer_destroy(op_transfer_t **self_p);

/*  Its endpoint, as op_target_endpoint has it. */
const char *op_transfer_endpoint(const op_transfer_t *self);

/*  The handle to give to a multi handle; CURLOPT_PRIVATE is `owner`. It belongs to the transfer.
    Once. */
CURL *op_transfer_start(op_transfer_t *self, void *owner, int64_t now_ms);
/*  libcurl is done, with this code: fills all of the result but its id. */
void op_transfer_end(op_transfer_t *self, CURLcode code, int64_t now_ms,
                     op_posted_result_t *result);

#endif
