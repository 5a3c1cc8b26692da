/*  guard.h - refuses every HTTP request whose framing two readers could see differently

    Request smuggling lives on such requests: a proxy in front and civetweb behind it disagree on
    where one ends. civetweb 1.15 is lenient (it takes bare LF, "Content-Length: 5abc", drops folded
    lines and what follows the 64th header), so the guard judges the octets that its parser left.

    civetweb parses in place, in one buffer: it puts NUL over each separator and hands out
    pointers. Behind a value stand the NULs of its CR and LF, then the next name; behind the last
    one the CR of the empty line and the NUL over its LF. Where that does not hold, the head was
    not what RFC 9112 says, or part of it was dropped. What cannot be told apart any more: blanks
    that begin the first header line after a bare LF or CR in place of the request line's CRLF,
    two octets in all. The header itself is then read and judged like any other.

    Refused: no or two Host in HTTP/1.1 (RFC 9112 3.2); any Transfer-Encoding (411, no chunked
    bodies here); two Content-Length, or one that is not 1 to 10 digits (RFC 9112 6.3); more than
    63 headers; names that are no tokens (RFC 9110 5.6.2), a blank before the colon; control
    octets in values; an Expect other than 100-continue; bare LF, folded lines, dropped lines;
    versions but 1.0 and 1.1; targets that do not begin with '/', or longer than
    OP_HTTP_TARGET_MAX. The path's escapes are op_http_path_decode's to judge.

    Pure: reads memory only, keeps nothing. */

#ifndef OP_HTTP_GUARD_H
#define OP_HTTP_GUARD_H

#include "base/error.h"
#include "http/request.h"

struct mg_request_info;

typedef struct {
    int status;          /* 0: passed; else the HTTP status to refuse with, and close */
    op_error_t error;    /* with its code */
    const char *message; /* and this sentence */

    /* The rest is filled only when it passed. Slices point into civetweb's buffer. */
    size_t head_size;   /* octets, the empty line included */
    uint64_t body_size; /* declared; 0 without Content-Length */
    bool keep_alive;    /* the connection may carry another request */
    bool expects;       /* the client waits for "100 Continue" before it sends the body */
    op_str_t method, raw_path, query;
    size_t header_count;
    op_http_header_t headers[OP_HTTP_HEADERS_MAX];
} op_guard_t;

/*  RFC 9110 5.6.2: a method or a header's name. */
bool op_guard_is_token(op_str_t text);

/*  Judges a request head as civetweb parsed it, with decode_url off. True: passed. What stood
    before it is exchange.c's to judge. */
bool op_guard_check(op_guard_t *self, const struct mg_request_info *info) OP_MUST_CHECK;

/*  The second look, once the body has been read: whether it begins with what is left of the head,
    which means that civetweb saw the head end elsewhere (a lone LF as the last line). False: refuse
    with 400 and close. Checks what `self` passed. */
bool op_guard_body(op_guard_t *self, op_str_t body) OP_MUST_CHECK;

#endif
