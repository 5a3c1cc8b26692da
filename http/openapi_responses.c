/*  What a route can answer: its success, and each status with the errors that come with it.
    Statuses that every route shares stand once, in components. */

#include "http/openapi_private.h"

#include "http/response.h"

#include <stdio.h>
#include <string.h>

typedef struct {
    int status;
    op_error_t error;
} s_answer_t;

/*  What any call can meet: the server's own refusals of malformed, slow and too large requests
    (server.h), the limits, and trouble. */
static const s_answer_t s_common[] = {
    {400, OP_ERROR_VALIDATION_ERROR},  {408, OP_ERROR_VALIDATION_ERROR},
    {413, OP_ERROR_PAYLOAD_TOO_LARGE}, {414, OP_ERROR_URI_TOO_LONG},
    {411, OP_ERROR_VALIDATION_ERROR},  {417, OP_ERROR_VALIDATION_ERROR},
    {429, OP_ERROR_RATE_LIMITED},      {431, OP_ERROR_VALIDATION_ERROR},
    {500, OP_ERROR_INTERNAL},          {503, OP_ERROR_UNAVAILABLE},
    {505, OP_ERROR_VALIDATION_ERROR},
};

static const struct {
    const char *name, *description, *schema, *example;
} s_headers[] = {
    {"X-Request-Id", "Names the call in the server's log: the client's own where it sent one.",
     "string", "0193b3a0-c400-7000-8000-a1b2c3d4e5f6"},
    {"X-RateLimit-Limit", "Calls that the window allows which is nearest to empty.", "integer",
     "120"},
    {"X-RateLimit-Remaining", "Calls left in it.", "integer", "119"},
    {"X-RateLimit-Reset", "When it ends, in Unix seconds.", "integer", "1779304800"},
    {"Retry-After", "Seconds to wait before the next try.", "integer", "30"},
    {"Location", "The path of the new thing.", "string",
     "/v1/messages/msg_0193b3a0-c400-7000-8000-a1b2c3d4e5f6"},
    {"Set-Cookie", "The session's cookie, op_session: set, or taken back.", "string",
     "op_session=ses_live_...; HttpOnly; SameSite=Lax; Path=/"},
    {"WWW-Authenticate", "The scheme that is expected.", "string", "Bearer"},
    {"ETag", "Names what the page holds now.", "string", "\"4f1d0c7a9be2356880d1c2b3a4958677\""},
};
enum { S_EVERY = 4 }; /* the first of them are on every answer */

json_t *op_openapi_headers(void)
{
    json_t *headers = json_object();
    for (size_t i = 0; i < OP_COUNT(s_headers); i++) {
        bool number = strcmp(s_headers[i].schema, "integer") == 0;
        uint64_t value = 0;
        bool parsed = op_str_to_u64(op_str(s_headers[i].example), INT64_MAX, &value);
        json_t *example =
            number && parsed ? json_integer((json_int_t)value) : json_string(s_headers[i].example);
        json_t *schema = json_pack("{s:s,s:[o]}", "type", s_headers[i].schema, "examples", example);
        op_openapi_set(headers, s_headers[i].name,
                       json_pack("{s:s,s:b,s:o}", "description", s_headers[i].description,
                                 "required", 1, "schema", schema));
    }
    return headers;
}

static void s_add_header(json_t *headers, const char *name)
{
    op_openapi_set(headers, name, op_openapi_ref("headers", name));
}

json_t *op_openapi_every_header(void)
{
    json_t *headers = json_object();
    for (size_t i = 0; i < S_EVERY; i++)
        s_add_header(headers, s_headers[i].name);
    return headers;
}

static json_t *s_error_headers(int status)
{
    json_t *headers = op_openapi_every_header();
    if (status == 401)
        s_add_header(headers, "WWW-Authenticate");
    if (status == 429 || status == 503)
        s_add_header(headers, "Retry-After");
    return headers;
}

/*  One status with these errors. */
static json_t *s_response(int status, const op_error_t *errors, size_t count)
{
    op_buf_t text = {0};
    json_t *codes = json_array(), *examples = json_object();
    for (size_t i = 0; i < count; i++) {
        const char *code = op_error_code(errors[i]), *sentence = op_error_sentence(errors[i]);
        bool own = status == op_error_status(errors[i]);
        op_buf_printf(&text, "%s`%s`: %s", i ? " " : "", code,
                      own ? sentence : "The server cannot read the request as HTTP.");
        OP_ASSERT(json_array_append_new(codes, json_string(code)) == 0);
        op_openapi_set(
            examples, code,
            json_pack("{s:{s:{s:s,s:s}}}", "value", "error", "code", code, "message", sentence));
    }
    op_buf_add_byte(&text, 0);
    /* The other members are named again for readers that look at each part of an allOf alone. */
    json_t *schema = json_pack("{s:[o,{s:{s:{s:{s:{s:o},s:{},s:{}}}}}]}", "allOf",
                               op_openapi_ref("schemas", "Error"), "properties", "error",
                               "properties", "code", "enum", codes, "message", "field");
    json_t *content =
        json_pack("{s:{s:o,s:o}}", "application/json", "schema", schema, "examples", examples);
    json_t *response = json_pack("{s:s,s:o,s:o}", "description", text.at, "headers",
                                 s_error_headers(status), "content", content);
    op_buf_free(&text);
    OP_ASSERT(response);
    return response;
}

static void s_status_name(int status, char name[16])
{
    snprintf(name, 16, "Status%d", status);
}

json_t *op_openapi_common_responses(void)
{
    json_t *responses = json_object();
    for (size_t i = 0; i < OP_COUNT(s_common); i++) {
        char name[16];
        s_status_name(s_common[i].status, name);
        op_openapi_set(responses, name, s_response(s_common[i].status, &s_common[i].error, 1));
    }
    return responses;
}

static void s_add(json_t *responses, int status, json_t *response)
{
    char name[16];
    snprintf(name, sizeof name, "%d", status);
    op_openapi_set(responses, name, response);
}

static void s_add_common(json_t *responses)
{
    for (size_t i = 0; i < OP_COUNT(s_common); i++) {
        char name[16];
        s_status_name(s_common[i].status, name);
        s_add(responses, s_common[i].status, op_openapi_ref("responses", name));
    }
}

/*  The errors that come with the form of a route. Returns how many. */
static size_t s_of_form(const op_route_t *route, op_error_t errors[16])
{
    size_t count = 0;
    op_credential_t credential = op_route_credential(route);
    if (credential != OP_CREDENTIAL_NONE)
        errors[count++] = OP_ERROR_UNAUTHENTICATED;
    if (credential == OP_CREDENTIAL_SESSION && strcmp(route->method, "GET") != 0)
        errors[count++] = OP_ERROR_FORBIDDEN;
    if (strchr(route->path, '{'))
        errors[count++] = OP_ERROR_NOT_FOUND;
    if (route->source == OP_FROM_BODY || route->source == OP_FROM_QUERY)
        errors[count++] = OP_ERROR_VALIDATION_ERROR;
    const op_operation_t *operation = op_operation(route->name);
    for (size_t i = 0; operation->errors[i] != OP_OK; i++)
        errors[count++] = operation->errors[i];
    return count;
}

static json_t *s_success(const op_route_t *route)
{
    char name[64];
    json_t *headers = op_openapi_every_header();
    if (route->status == 201)
        s_add_header(headers, "Location");
    if (route->name == OP_ROUTE_AUTH_VERIFY || route->name == OP_ROUTE_AUTH_LOGOUT)
        s_add_header(headers, "Set-Cookie");
    if (route->status == 204)
        return json_pack("{s:s,s:o}", "description", "Done.", "headers", headers);
    op_openapi_type_name(route->response, name);
    json_t *example = op_openapi_example(route->response, OP_OPENAPI_RESPONSE, 0);
    op_openapi_true(example, op_operation(route->name)->name);
    json_t *content = json_pack("{s:{s:o,s:o}}", "application/json", "schema",
                                op_openapi_ref("schemas", name), "example", example);
    return json_pack("{s:s+,s:o,s:o}", "description", route->response->doc, ".", "headers", headers,
                     "content", content);
}

json_t *op_openapi_responses(const op_route_t *route)
{
    json_t *responses = json_object();
    op_error_t errors[16], same[17];
    size_t count = s_of_form(route, errors);
    s_add(responses, route->status, s_success(route));
    s_add_common(responses);
    for (size_t i = 0; i < count; i++) {
        int status = op_error_status(errors[i]);
        size_t found = 0;
        for (size_t j = 0; j < count; j++)
            if (op_error_status(errors[j]) == status)
                same[found++] = errors[j];
        for (size_t j = 0; j < OP_COUNT(s_common); j++)
            if (s_common[j].status == status)
                same[found++] = s_common[j].error;
        s_add(responses, status, s_response(status, same, found));
    }
    return responses;
}

/*  ---- Beside the routes ---- */

json_t *op_openapi_page_responses(const char *media, const char *summary)
{
    bool json = strcmp(media, "application/json") == 0;
    json_t *responses = json_object(), *headers = op_openapi_every_header();
    s_add_header(headers, "ETag");
    s_add(responses, 304,
          json_pack("{s:s,s:O}", "description", "What the client has is still right.", "headers",
                    headers));
    s_add(responses, 200,
          json_pack("{s:s+,s:o,s:{s:{s:{s:s}}}}", "description", summary, ".", "headers", headers,
                    "content", media, "schema", "type", json ? "object" : "string"));
    s_add_common(responses);
    return responses;
}

/*  As ready.h answers. */
static json_t *s_readiness(const char *status, const char *missing)
{
    json_t *list = missing ? json_pack("[s]", missing) : json_array();
    return json_pack("{s:s,s:o}", "status", status, "missing", list);
}

json_t *op_openapi_ready_schema(void)
{
    return json_pack("{s:s,s:s,s:{s:{s:s,s:[s,s]},s:{s:s,s:{s:s},s:s}},s:[s,s],s:b}", "type",
                     "object", "description", "Whether the server can do its work", "properties",
                     "status", "type", "string", "enum", "ready", "unready", "missing", "type",
                     "array", "items", "type", "string", "description",
                     "which parts do not answer, or cannot work", "required", "status", "missing",
                     "additionalProperties", 0);
}

json_t *op_openapi_ready_responses(void)
{
    json_t *responses = json_object();
    s_add_common(responses);
    s_add(responses, 200,
          json_pack("{s:s,s:o,s:{s:{s:o,s:o}}}", "description", "A sign-up or a text gets through.",
                    "headers", op_openapi_every_header(), "content", "application/json", "schema",
                    op_openapi_ref("schemas", "Readiness"), "example", s_readiness("ready", NULL)));
    s_add(responses, 503,
          json_pack("{s:s,s:o,s:{s:{s:{s:[o,o]},s:o}}}", "description",
                    "Something is missing, or there is no room to ask what.", "headers",
                    s_error_headers(503), "content", "application/json", "schema", "anyOf",
                    op_openapi_ref("schemas", "Readiness"), op_openapi_ref("schemas", "Error"),
                    "example", s_readiness("unready", "modem: no line is up")));
    return responses;
}
