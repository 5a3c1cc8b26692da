#include "http/answer.h"

#include "base/instant.h"
#include "transport/json.h"

#include <stdio.h>

void op_answer_header(op_http_response_t *response, const char *name, op_str_t value)
{
    (void)op_http_response_header(response, name, value);
}

void op_answer_number(op_http_response_t *response, const char *name, uint64_t number)
{
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)number);
    op_answer_header(response, name, op_str(text));
}

static void s_refuse(op_http_response_t *response, op_error_t error, const char *sentence,
                     const char *field, uint64_t retry_after)
{
    bool must_say_when = error == OP_ERROR_UNAVAILABLE || error == OP_ERROR_RATE_LIMITED;
    op_http_response_error(response, error, sentence, field);
    if (retry_after || must_say_when)
        op_answer_number(response, "Retry-After", retry_after ? retry_after : 1);
    if (error == OP_ERROR_UNAUTHENTICATED)
        op_answer_header(response, "WWW-Authenticate", OP_STR("Bearer"));
}

void op_answer_refuse(op_http_response_t *response, op_error_t error, const char *sentence,
                      const char *field)
{
    s_refuse(response, error, sentence, field, 0);
}

void op_answer_refusal(op_http_response_t *response, const op_refusal_t *refusal)
{
    char field[65], sentence[201]; /* as the message is declared */
    op_error_t error = op_error_from(refusal->error);
    (void)op_str_copy(refusal->field, field, sizeof field);
    (void)op_str_copy(refusal->sentence, sentence, sizeof sentence);
    s_refuse(response, error == OP_OK ? OP_ERROR_INTERNAL : error, *sentence ? sentence : NULL,
             *field ? field : NULL, refusal->retry_after);
}

/*  The cookie lives as long as its session; `expires` 0 deletes it. */
static void s_session_cookie(op_http_response_t *response, op_str_t token, int64_t expires,
                             bool secure)
{
    char value[256], date[OP_INSTANT_HTTP_TEXT + 1];
    op_instant_http(expires, date);
    snprintf(value, sizeof value, "op_session=%.*s; HttpOnly; SameSite=Lax; Path=/; Expires=%s%s",
             (int)token.size, token.size ? token.at : "", date, secure ? "; Secure" : "");
    op_answer_header(response, "Set-Cookie", op_str(value));
}

static void s_location(op_http_response_t *response, const op_route_t *route, const void *body)
{
    char id[OP_JSON_ID_TEXT + 1], location[200];
    OP_ASSERT(op_json_id(route->response, body, id));
    snprintf(location, sizeof location, "%s/%s", route->path, id);
    op_answer_header(response, "Location", op_str(location));
}

void op_answer_success(op_http_response_t *response, const op_route_t *route, const void *body,
                       bool secure)
{
    static const op_health_view_t healthy = {.status = {"ok", 2}};
    response->status = route->status;
    if (route->name == OP_ROUTE_AUTH_VERIFY) {
        const op_session_opened_t *opened = body;
        s_session_cookie(response, opened->session_token, opened->expires_at, secure);
    }
    if (route->name == OP_ROUTE_AUTH_LOGOUT)
        s_session_cookie(response, OP_STR(""), 0, secure);
    if (route->status == 201)
        s_location(response, route, body);
    if (route->name == OP_ROUTE_HEALTH)
        body = &healthy;
    if (route->status != 204)
        op_json_print(route->response, body, &response->body);
}
