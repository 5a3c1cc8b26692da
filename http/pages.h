/*  pages.h - what the server serves besides the API: its document, pages to read it, and the guide

    The table is pages.def: nothing else is served, whatever a path looks like; but "/" leads to
    /docs. All files are part of the program. A page is answered to GET and HEAD, with an ETag and
    revalidation, large files compressed where the client takes gzip; its security headers allow
    nothing but the server's own files.

    Texts may hold {{facts}}, names in braces that are replaced when the page is served: base_url,
    and what the owner gives. base_url is the configured one; without it, the scheme and the Host
    header of the request, as the client has reached the server, and where that is no plain host and
    port, the address that the owner gives as `fallback`.

    Any thread may serve; the facts may be replaced meanwhile. */

#ifndef OP_HTTP_PAGES_H
#define OP_HTTP_PAGES_H

#include "http/request.h"
#include "http/response.h"

typedef struct {
    const char *name;  /* as in {{name}}: a literal */
    const char *value; /* copied */
} op_pages_fact_t;

typedef struct {
    const char *base_url; /* no slash at its end; NULL or "": from the request */
    const char *fallback; /* "http://127.0.0.1:8080" */
    bool behind_tls;      /* then a Host is an https one */
    const op_pages_fact_t *facts;
    size_t fact_count; /* at most OP_PAGES_FACTS_MAX */
} op_pages_options_t;

enum { OP_PAGES_FACTS_MAX = 32, OP_PAGES_URL_MAX = 300 };

typedef struct op_pages op_pages_t;

op_pages_t *op_pages_new(const op_pages_options_t *options) OP_MUST_CHECK;
void op_pages_destroy(op_pages_t **self_p);

/*  From now on these are the owner's facts, in place of all that were given before. */
void op_pages_learn(op_pages_t *self, const op_pages_fact_t *facts, size_t count);

/*  Is there a page at this path? `self` may be NULL: none. */
bool op_pages_has(const op_pages_t *self, op_str_t path);

/*  Does the page at this path hold that fact? */
bool op_pages_holds(const op_pages_t *self, op_str_t path, const char *fact);

/*  Answers a GET or HEAD of a path that op_pages_has: 200, 304 where the client has it already, or
    302 for "/". Sets Cache-Control. Another method is a bug. `now` is a fact as it is at this
    moment, and wins over what was given at first; it may be NULL. */
void op_pages_serve(op_pages_t *self, const op_http_request_t *request, const op_pages_fact_t *now,
                    op_http_response_t *response);

#endif
