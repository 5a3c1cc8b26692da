#include "http/cors.h"

#include <stdio.h>

/*  What a page may read beside the safelisted headers, and what it may send. */
static const char s_exposed[] = "X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, "
                                "Retry-After, Location, X-Request-Id";
static const char s_accepted[] = "Authorization, Content-Type, X-Request-Id, Idempotency-Key";

static bool s_open(op_str_t path)
{
    return op_str_starts(path, "/v1/") || op_str_is(path, "/v1");
}

static void s_header(op_http_response_t *response, const char *name, op_str_t value)
{
    OP_ASSERT(op_http_response_header(response, name, value));
}

void op_cors_preflight(const op_http_request_t *request, op_str_t allow,
                       op_http_response_t *response)
{
    size_t origins, methods;
    (void)op_http_request_header(request, "Origin", &origins);
    (void)op_http_request_header(request, "Access-Control-Request-Method", &methods);
    if (!s_open(request->path) || !op_str_is(request->method, "OPTIONS") || !origins || !methods)
        return;
    char age[16];
    snprintf(age, sizeof age, "%d", OP_CORS_MAX_AGE_S);
    s_header(response, "Access-Control-Allow-Methods", allow);
    s_header(response, "Access-Control-Allow-Headers", op_str(s_accepted));
    s_header(response, "Access-Control-Max-Age", op_str(age));
}

void op_cors_expose(const op_http_request_t *request, op_http_response_t *response)
{
    if (!s_open(request->path))
        return;
    s_header(response, "Access-Control-Allow-Origin", OP_STR("*"));
    s_header(response, "Access-Control-Expose-Headers", op_str(s_exposed));
}
