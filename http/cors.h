/*  cors.h - which pages of other origins may call (the Fetch standard, "CORS protocol")

    /v1 is for anybody who has an API key, wherever the page comes from: it is open to every origin,
    "*", and because its credential is a header that a page must know, never a cookie that a browser
    adds, credentials are not allowed along. Everything else is for the same origin only and
    says nothing about others. Pure. */

#ifndef OP_HTTP_CORS_H
#define OP_HTTP_CORS_H

#include "http/request.h"
#include "http/response.h"

enum { OP_CORS_MAX_AGE_S = 3600 };

/*  The headers of a preflight's answer: for OPTIONS under /v1 with Origin and
    Access-Control-Request-Method; `allow` is the path's methods as in Allow. Else nothing. */
void op_cors_preflight(const op_http_request_t *request, op_str_t allow,
                       op_http_response_t *response);

/*  The headers of every answer under /v1, errors included; else nothing. */
void op_cors_expose(const op_http_request_t *request, op_http_response_t *response);

#endif
