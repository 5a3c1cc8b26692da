#include "http/openapi_private.h"

#include <stdio.h>
#include <string.h>

#define OPERATION(NAME, tag, summary, description, ...)                                            \
    [OP_ROUTE_##NAME] = {#NAME, tag, summary, description, {__VA_ARGS__ OP_OK}},
static const op_operation_t s_operations[OP_ROUTE_END] = {
#include "http/operations.def"
};
#undef OPERATION

static const struct {
    const char *name, *description;
} s_tags[] = {
#define TAG(name, description) {name, description},
#include "http/operations.def"
#undef TAG
};

const op_operation_t *op_operation(op_route_name_t route)
{
    OP_ASSERT(route < OP_ROUTE_END);
    return &s_operations[route];
}

/*  "MESSAGE_SEND" as "messageSend". */
static void s_operation_id(const char *name, char id[64])
{
    size_t size = 0;
    bool upper = false;
    for (; name && *name && size < 63; name++) {
        char c = *name;
        if (c != '_')
            id[size++] = !upper && c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
        upper = c == '_';
    }
    id[size] = 0;
}

/*  ---- Requests ---- */

static json_t *s_parameter(const op_field_t *field, const char *in, const char *description)
{
    json_t *parameter = json_pack("{s:s,s:s,s:o}", "name", field->name, "in", in, "schema",
                                  op_openapi_field(field, OP_OPENAPI_QUERY));
    if (strcmp(in, "path") == 0 || field->presence == OP_REQUIRED)
        op_openapi_set(parameter, "required", json_true());
    op_openapi_say(parameter, "description", description);
    op_openapi_set(parameter, "example", op_openapi_field_example(field, OP_OPENAPI_QUERY));
    return parameter;
}

/*  How many ids a path holds: the first members of the route's message, whatever the rest comes
    from. */
static size_t s_ids(const op_route_t *route)
{
    size_t count = 0;
    for (const char *at = route->path; (at = strchr(at, '{')) != NULL; at++)
        count++;
    return count;
}

static json_t *s_once(void)
{
    return json_pack(
        "{s:s,s:s,s:s,s:{s:s,s:s},s:s}", "name", "Idempotency-Key", "in", "header", "description",
        "Names this call: for a day, the same call again under the same name is answered with what "
        "the first one made.",
        "schema", "type", "string", "pattern", "^[!-~]{1,255}$", "example", "order-7-reminder");
}

static json_t *s_parameters(const op_route_t *route)
{
    json_t *list = json_array();
    for (size_t i = 0; i < s_ids(route); i++)
        json_array_append_new(list, s_parameter(&route->request->fields[i], "path",
                                                "The id, as another answer has shown it."));
    for (size_t i = s_ids(route); route->source == OP_FROM_QUERY && i < route->request->field_count;
         i++)
        json_array_append_new(
            list, s_parameter(&route->request->fields[i], "query", route->request->fields[i].doc));
    if (route->name == OP_ROUTE_MESSAGE_SEND) /* idempotency.h */
        json_array_append_new(list, s_once());
    return list;
}

static bool s_all_optional(const op_route_t *route)
{
    for (size_t i = s_ids(route); i < route->request->field_count; i++)
        if (route->request->fields[i].presence == OP_REQUIRED)
            return false;
    return true;
}

static json_t *s_body(const op_route_t *route)
{
    char name[64];
    op_openapi_type_name(route->request, name);
    json_t *media = json_pack("{s:o,s:o}", "schema", op_openapi_ref("schemas", name), "example",
                              op_openapi_example(route->request, OP_OPENAPI_REQUEST, s_ids(route)));
    return json_pack("{s:b,s:{s:o}}", "required", s_all_optional(route) ? 0 : 1, "content",
                     "application/json", media);
}

static json_t *s_security(const op_route_t *route)
{
    switch (op_route_credential(route)) {
    case OP_CREDENTIAL_NONE:
        return json_array();
    case OP_CREDENTIAL_SESSION:
        return json_pack("[{s:[]},{s:[]}]", "session", "sessionCookie");
    case OP_CREDENTIAL_KEY:
        return json_pack("[{s:[]}]", "apiKey");
    }
    return NULL;
}

/*  ---- Paths ---- */

static json_t *s_operation(const op_route_t *route)
{
    const op_operation_t *says = op_operation(route->name);
    char id[64];
    s_operation_id(says->name, id);
    json_t *operation = json_pack("{s:s,s:[s],s:o,s:o}", "operationId", id, "tags",
                                  says->tag ? says->tag : "Status", "security", s_security(route),
                                  "responses", op_openapi_responses(route));
    op_openapi_say(operation, "summary", says->summary);
    op_openapi_say(operation, "description", says->description);
    json_t *parameters = s_parameters(route);
    if (json_array_size(parameters))
        op_openapi_set(operation, "parameters", json_incref(parameters));
    json_decref(parameters);
    if (route->source == OP_FROM_BODY)
        op_openapi_set(operation, "requestBody", s_body(route));
    return operation;
}

static json_t *s_path(json_t *paths, const char *path)
{
    json_t *item = json_object_get(paths, path);
    if (!item) {
        item = json_object();
        op_openapi_set(paths, path, item);
    }
    return item;
}

static json_t *s_if_none_match(void)
{
    return json_pack("{s:s,s:s,s:s,s:{s:s}}", "name", "If-None-Match", "in", "header",
                     "description", "The ETag of what the client has: 304 if that is still right.",
                     "schema", "type", "string");
}

static json_t *s_page(const char *name, const char *type, const char *summary)
{
    char id[64], media[64];
    s_operation_id(name, id);
    snprintf(media, sizeof media, "%.*s", (int)strcspn(type, ";"), type);
    return json_pack("{s:s+,s:[s],s:s,s:s,s:[],s:[o],s:o}", "operationId", "page", id, "tags",
                     "Documents", "summary", summary, "description",
                     "Needs no credential. Ask again with the ETag: mostly nothing has changed.",
                     "security", "parameters", s_if_none_match(), "responses",
                     op_openapi_page_responses(media, summary));
}

static json_t *s_ready(void)
{
    return json_pack("{s:s,s:[s],s:s,s:s,s:[],s:o}", "operationId", "ready", "tags", "Status",
                     "summary", "Ask whether the server can do its work", "description",
                     "For load balancers and operators. Needs no credential. Looks whether each "
                     "part answers and a line is up, where `/healthz` only answers itself.",
                     "security", "responses", op_openapi_ready_responses());
}

static void s_add_page(json_t *paths, const char *name, const char *path, const char *type,
                       const char *summary)
{
    if (summary)
        op_openapi_set(s_path(paths, path), "get", s_page(name, type, summary));
}

static json_t *s_paths(void)
{
    json_t *paths = json_object();
    for (unsigned i = 0; i < OP_ROUTE_END; i++) {
        const op_route_t *route = op_route((op_route_name_t)i);
        char method[16];
        size_t size = 0;
        for (const char *at = route->method; *at && size < 15; at++)
            method[size++] = (char)(*at - 'A' + 'a');
        method[size] = 0;
        op_openapi_set(s_path(paths, route->path), method, s_operation(route));
    }
#define MADE(NAME, path, type, summary)             s_add_page(paths, #NAME, path, type, summary);
#define PAGE(NAME, path, type, form, file, summary) s_add_page(paths, #NAME, path, type, summary);
#define GZIP(NAME, file)
#include "http/pages.def"
#undef MADE
#undef PAGE
#undef GZIP
    op_openapi_set(s_path(paths, OP_READY_PATH), "get", s_ready());
    return paths;
}

/*  ---- Components ---- */

static void s_add_type(json_t *schemas, const op_type_t *type, op_openapi_way_t way, size_t skip)
{
    char name[64];
    op_openapi_type_name(type, name);
    if (json_object_get(schemas, name))
        return;
    op_openapi_set(schemas, name, op_openapi_schema(type, way, skip));
    for (size_t i = 0; i < type->field_count; i++)
        if (type->fields[i].item)
            s_add_type(schemas, type->fields[i].item, way, 0);
}

static json_t *s_error_schema(void)
{
    json_t *codes = json_array();
    for (unsigned i = OP_OK + 1; i < OP_ERROR_END; i++)
        json_array_append_new(codes, json_string(op_error_code((op_error_t)i)));
    json_t *members =
        json_pack("{s:{s:s,s:o,s:s},s:{s:s,s:s},s:{s:s,s:s}}", "code", "type", "string", "enum",
                  codes, "description", "what a program should look at", "message", "type",
                  "string", "description", "a sentence for people", "field", "type", "string",
                  "description", "the member or parameter that is at fault, where it is one");
    json_t *error = json_pack("{s:s,s:o,s:[s,s],s:b}", "type", "object", "properties", members,
                              "required", "code", "message", "additionalProperties", 0);
    return json_pack("{s:s,s:s,s:{s:o},s:[s],s:b}", "type", "object", "description",
                     "The one shape of every refusal", "properties", "error", error, "required",
                     "error", "additionalProperties", 0);
}

static json_t *s_schemas(void)
{
    json_t *schemas = json_object();
    op_openapi_set(schemas, "Error", s_error_schema());
    op_openapi_set(schemas, "Readiness", op_openapi_ready_schema());
    for (unsigned i = 0; i < OP_ROUTE_END; i++) {
        const op_route_t *route = op_route((op_route_name_t)i);
        if (route->source == OP_FROM_BODY)
            s_add_type(schemas, route->request, OP_OPENAPI_REQUEST, s_ids(route));
        if (route->status != 204)
            s_add_type(schemas, route->response, OP_OPENAPI_RESPONSE, 0);
    }
    s_add_type(schemas, &op_event_received_type, OP_OPENAPI_RESPONSE, 0);
    s_add_type(schemas, &op_event_settled_type, OP_OPENAPI_RESPONSE, 0);
    return schemas;
}

static json_t *s_security_schemes(void)
{
    return json_pack("{s:{s:s,s:s,s:s},s:{s:s,s:s,s:s,s:s},s:{s:s,s:s,s:s}}", "session", "type",
                     "http", "scheme", "bearer", "description",
                     "The session_token of /auth/verify: ses_live_...", "sessionCookie", "type",
                     "apiKey", "in", "cookie", "name", "op_session", "description",
                     "The same token in the cookie that /auth/verify sets. Calls that change "
                     "something must come "
                     "from the server's own pages, or from no browser.",
                     "apiKey", "type", "http", "scheme", "bearer", "description",
                     "An API key of one number: op_live_...");
}

/*  ---- Webhooks ---- */

static json_t *s_event(const char *name, const op_type_t *type, const char *summary)
{
    static const char *const headers[][3] = {
        {"op-event", "The event's name.", NULL},
        {"op-delivery-id", "The same at every try of one delivery: drop what you have had.",
         "0193b3a0-c400-7000-8000-a1b2c3d4e5f6"},
        {"op-signature",
         "t, Unix seconds, and v1, the hex HMAC-SHA256 of t, a dot and the body, with the "
         "webhook's whole secret as its key.",
         "t=1779304800,v1=f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8"},
    };
    json_t *parameters = json_array();
    char schema[64], id[64];
    for (size_t i = 0; i < OP_COUNT(headers); i++)
        json_array_append_new(parameters,
                              json_pack("{s:s,s:s,s:b,s:s,s:{s:s},s:s}", "name", headers[i][0],
                                        "in", "header", "required", 1, "description", headers[i][1],
                                        "schema", "type", "string", "example",
                                        headers[i][2] ? headers[i][2] : name));
    op_openapi_type_name(type, schema);
    snprintf(id, sizeof id, "on_%s", name);
    json_t *example = op_openapi_example(type, OP_OPENAPI_RESPONSE, 0);
    op_openapi_set(example, "type", json_string(name));
    op_openapi_true(example, name);
    json_t *body = json_pack("{s:b,s:{s:{s:o,s:o}}}", "required", 1, "content", "application/json",
                             "schema", op_openapi_ref("schemas", schema), "example", example);
    return json_pack("{s:{s:s,s:[s],s:s,s:[],s:o,s:o,s:{s:{s:s},s:{s:s}}}}", "post", "operationId",
                     id, "tags", "Webhooks", "summary", summary, "security", "parameters",
                     parameters, "requestBody", body, "responses", "2XX", "description",
                     "Taken, within the time allowed.", "4XX", "description",
                     "Not taken: tried again later, but after 410 never.");
}

static json_t *s_webhooks(void)
{
    return json_pack(
        "{s:o,s:o,s:o}", "message.received",
        s_event("message.received", &op_event_received_type, "A text has come in"), "message.sent",
        s_event("message.sent", &op_event_settled_type, "A text has left"), "message.failed",
        s_event("message.failed", &op_event_settled_type, "A text will not leave"));
}

/*  ---- The document ---- */

static json_t *s_info(void)
{
    return json_pack(
        "{s:s,s:s,s:s,s:s,s:{s:s,s:s}}", "title", "OP", "version", "1.0.0", "summary",
        "Real phone numbers for AI agents", "description",
        "Sign a human up with a code on their phone, take a number, send and receive texts.\n\n"
        "There are two credentials. A **session** (`/console`) sets things up: numbers, API keys, "
        "webhooks. An **API key** (`/v1`) belongs to one number and does the work.\n\n"
        "Every GET answers HEAD too. Every answer carries `X-Request-Id` and the `X-RateLimit-` "
        "headers. Every refusal has the same shape, and its `code` never changes. The guide for "
        "agents is at [/skill.md](/skill.md).",
        "license", "name", "MPL-2.0", "identifier", "MPL-2.0");
}

static json_t *s_tag_list(void)
{
    json_t *tags = json_array();
    for (size_t i = 0; i < OP_COUNT(s_tags); i++)
        json_array_append_new(tags, json_pack("{s:s,s:s}", "name", s_tags[i].name, "description",
                                              s_tags[i].description));
    return tags;
}

static int s_write(const char *bytes, size_t size, void *out)
{
    op_buf_add(out, bytes, size);
    return 0;
}

void op_openapi_print(const char *base_url, op_buf_t *out)
{
    json_t *components = json_pack("{s:o,s:o,s:o,s:o}", "schemas", s_schemas(), "responses",
                                   op_openapi_common_responses(), "headers", op_openapi_headers(),
                                   "securitySchemes", s_security_schemes());
    json_t *document =
        json_pack("{s:s,s:o,s:[{s:s}],s:o,s:o,s:o,s:o}", "openapi", "3.1.0", "info", s_info(),
                  "servers", "url", base_url, "tags", s_tag_list(), "paths", s_paths(), "webhooks",
                  s_webhooks(), "components", components);
    OP_ASSERT(document && json_dump_callback(document, s_write, out, JSON_COMPACT) == 0);
    json_decref(document);
}
