#include "http/binding.h"
#include "http/credential.h"
#include "http/routes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define UUID  "01930000-0000-7000-8000-0000000000ab"
#define TOKEN "abcdefghijklmnopqrstuvwxyz012345"

/*  The contract, once more: what each call is, and the way it goes. */
static void s_every_call(void **state)
{
    (void)state;
    static const struct {
        const char *method, *path;
        op_route_name_t name;
        int status;
        const char *itinerary;
    } table[] = {
        {"GET", "/healthz", OP_ROUTE_HEALTH, 200, "rate.address"},
        {"POST", "/auth/start", OP_ROUTE_AUTH_START, 200,
         "ledger.code_line > rate.start > auth.start"},
        {"GET", "/auth/verifications/x1", OP_ROUTE_AUTH_VERIFICATION, 200,
         "rate.address > auth.verification"},
        {"POST", "/auth/verify", OP_ROUTE_AUTH_VERIFY, 200, "rate.address > auth.verify"},
        {"POST", "/auth/logout", OP_ROUTE_AUTH_LOGOUT, 204,
         "auth.session > rate.console > auth.logout"},
        {"GET", "/console/numbers/available", OP_ROUTE_NUMBERS_AVAILABLE, 200,
         "auth.session > rate.console > ledger.available"},
        {"GET", "/console/numbers/mine", OP_ROUTE_NUMBERS_MINE, 200,
         "auth.session > rate.console > ledger.mine"},
        {"POST", "/console/numbers/x1/lease", OP_ROUTE_NUMBER_LEASE, 200,
         "auth.session > rate.console > ledger.lease"},
        {"POST", "/console/numbers/x1/release", OP_ROUTE_NUMBER_RELEASE, 200,
         "auth.session > rate.console > ledger.release"},
        {"POST", "/console/api-keys", OP_ROUTE_KEY_CREATE, 201,
         "auth.session > rate.console > ledger.entitled > auth.key_create"},
        {"GET", "/console/api-keys", OP_ROUTE_KEYS, 200, "auth.session > rate.console > auth.keys"},
        {"DELETE", "/console/api-keys/x1", OP_ROUTE_KEY_REVOKE, 204,
         "auth.session > rate.console > auth.key_revoke"},
        {"POST", "/console/webhooks", OP_ROUTE_WEBHOOK_CREATE, 201,
         "auth.session > rate.console > ledger.entitled > webhook.create"},
        {"GET", "/console/webhooks", OP_ROUTE_WEBHOOKS, 200,
         "auth.session > rate.console > webhook.list"},
        {"DELETE", "/console/webhooks/x1", OP_ROUTE_WEBHOOK_DELETE, 204,
         "auth.session > rate.console > webhook.delete"},
        {"PATCH", "/console/webhooks/x1", OP_ROUTE_WEBHOOK_UPDATE, 200,
         "auth.session > rate.console > webhook.update"},
        {"POST", "/console/webhooks/x1/rotate-secret", OP_ROUTE_WEBHOOK_ROTATE, 200,
         "auth.session > rate.console > webhook.rotate"},
        {"POST", "/console/webhooks/x1/test", OP_ROUTE_WEBHOOK_TEST, 200,
         "auth.session > rate.console > webhook.test"},
        {"GET", "/console/webhooks/x1/deliveries", OP_ROUTE_WEBHOOK_DELIVERIES, 200,
         "auth.session > rate.console > webhook.deliveries"},
        {"POST", "/console/webhooks/x1/deliveries/y2/replay", OP_ROUTE_WEBHOOK_REPLAY, 200,
         "auth.session > rate.console > webhook.replay"},
        {"GET", "/v1/number", OP_ROUTE_NUMBER, 200, "auth.key > rate.read > ledger.number"},
        {"POST", "/v1/messages", OP_ROUTE_MESSAGE_SEND, 201,
         "auth.key > rate.send > ledger.submit"},
        {"GET", "/v1/messages/x1", OP_ROUTE_MESSAGE, 200, "auth.key > rate.read > ledger.message"},
        {"GET", "/v1/messages", OP_ROUTE_MESSAGES, 200, "auth.key > rate.read > ledger.messages"},
        {"HEAD", "/v1/messages", OP_ROUTE_MESSAGES, 200, "auth.key > rate.read > ledger.messages"},
    };
    bool seen[OP_ROUTE_END] = {false};
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        op_str_t ids[OP_ROUTE_IDS_MAX];
        op_buf_t itinerary = {0};
        const op_route_t *route =
            op_route_find(op_str(table[i].method), op_str(table[i].path), ids);
        assert_non_null(route);
        assert_int_equal(route->name, table[i].name);
        assert_ptr_equal(route, op_route(route->name));
        assert_int_equal(route->status, table[i].status);
        assert_true(op_str_is(ids[0], strstr(route->path, "{id}") ? "x1" : ""));
        assert_true(op_str_is(ids[1], strstr(route->path, "{delivery_id}") ? "y2" : ""));
        op_route_print(route, &itinerary);
        op_buf_add_byte(&itinerary, 0);
        assert_string_equal(itinerary.at, table[i].itinerary);
        op_buf_free(&itinerary);
        seen[route->name] = true;
    }
    for (size_t i = 0; i < OP_ROUTE_END; i++)
        assert_true(seen[i]);
}

static void s_rows_are_sound(void **state)
{
    (void)state;
    for (unsigned i = 0; i < OP_ROUTE_END; i++) {
        const op_route_t *route = op_route((op_route_name_t)i);
        bool session =
            strncmp(route->path, "/console/", 9) == 0 || route->name == OP_ROUTE_AUTH_LOGOUT;
        bool key = strncmp(route->path, "/v1/", 4) == 0;
        assert_int_equal(op_route_credential(route), session ? OP_CREDENTIAL_SESSION
                                                     : key   ? OP_CREDENTIAL_KEY
                                                             : OP_CREDENTIAL_NONE);
        bool braces = strchr(route->path, '{') != NULL;
        assert_true(route->source != OP_FROM_PATH || braces);
        if (braces) { /* the ids are the first members of what is asked */
            assert_string_equal(route->request->fields[0].name, "id");
            assert_non_null(strstr(route->path, "{id}"));
        }
        if (strstr(route->path, "{delivery_id}"))
            assert_string_equal(route->request->fields[1].name, "delivery_id");
        assert_int_equal(route->status == 204, route->response == &op_nothing_type);
        char id[OP_JSON_ID_TEXT + 1];
        op_arena_t arena = {0};
        if (route->status == 201)
            assert_true(
                op_json_id(route->response, op_arena_alloc(&arena, route->response->size), id));
        op_arena_free(&arena);
    }
}

static void s_unknown_paths(void **state)
{
    (void)state;
    static const char *const table[] = {
        "/",
        "",
        "//",
        "/health",
        "/healthz/",
        "/healthz/x",
        "/HEALTHZ",
        "/v1",
        "/v1/",
        "/v1/messages/",
        "/v1//number",
        "/v1/messages/a/b",
        "/console/numbers//lease",
        "/console/numbers/x/leases",
        "/auth/verifications/",
        "healthz",
        "/v1/number\xff",
    };
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        op_str_t ids[OP_ROUTE_IDS_MAX];
        op_buf_t allow = {0};
        assert_null(op_route_find(OP_STR("GET"), op_str(table[i]), ids));
        assert_null(op_route_find(OP_STR("POST"), op_str(table[i]), ids));
        assert_false(op_route_allow(op_str(table[i]), &allow));
        assert_int_equal(allow.size, 0);
    }
}

static void s_allowed_methods(void **state)
{
    (void)state;
    static const struct {
        const char *path, *allow;
    } table[] = {
        {"/healthz", "GET, HEAD, OPTIONS"},
        {"/auth/start", "POST, OPTIONS"},
        {"/console/api-keys", "GET, HEAD, POST, OPTIONS"},
        {"/console/webhooks", "GET, HEAD, POST, OPTIONS"},
        {"/console/api-keys/x", "DELETE, OPTIONS"},
        {"/console/webhooks/x", "PATCH, DELETE, OPTIONS"},
        {"/console/webhooks/x/deliveries", "GET, HEAD, OPTIONS"},
        {"/console/webhooks/x/deliveries/y/replay", "POST, OPTIONS"},
        {"/v1/messages", "GET, HEAD, POST, OPTIONS"},
        {"/v1/messages/x", "GET, HEAD, OPTIONS"},
    };
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        op_str_t ids[OP_ROUTE_IDS_MAX];
        op_buf_t allow = {0};
        assert_null(op_route_find(OP_STR("PUT"), op_str(table[i].path), ids));
        assert_null(op_route_find(OP_STR("get"), op_str(table[i].path), ids));
        assert_true(op_route_allow(op_str(table[i].path), &allow));
        assert_true(op_str_is(op_buf_str(&allow), table[i].allow));
        op_buf_free(&allow);
    }
}

/*  ------------------------------------------------------------------------------- credentials */

typedef struct {
    const char *name, *value;
} s_line_t;

static op_http_request_t s_request(const char *method, const s_line_t *lines, size_t count,
                                   op_http_header_t *headers)
{
    op_http_request_t request = {.method = op_str(method), .headers = headers};
    for (size_t i = 0; i < count && lines[i].name; i++)
        headers[request.header_count++] =
            (op_http_header_t){op_str(lines[i].name), op_str(lines[i].value)};
    return request;
}

static void s_credentials(void **state)
{
    (void)state;
    enum { OK = OP_OK, NO = OP_ERROR_UNAUTHENTICATED };
    static const struct {
        op_route_name_t route;
        s_line_t lines[2];
        int error;
    } table[] = {
        {OP_ROUTE_NUMBER, {{"Authorization", "Bearer op_live_" TOKEN}}, OK},
        {OP_ROUTE_NUMBER, {{"authorization", "bearer   op_live_" TOKEN}}, OK},
        {OP_ROUTE_NUMBER, {{NULL, NULL}}, NO},
        {OP_ROUTE_NUMBER, {{"Authorization", "Bearer"}}, NO},
        {OP_ROUTE_NUMBER, {{"Authorization", "Bearer "}}, NO},
        {OP_ROUTE_NUMBER, {{"Authorization", "Bearerop_live_" TOKEN}}, NO},
        {OP_ROUTE_NUMBER, {{"Authorization", "Basic op_live_" TOKEN}}, NO},
        {OP_ROUTE_NUMBER, {{"Authorization", "op_live_" TOKEN}}, NO},
        {OP_ROUTE_NUMBER, {{"Authorization", "Bearer op_live_" TOKEN "x"}}, NO},
        {OP_ROUTE_NUMBER, {{"Authorization", "Bearer op_live_x"}}, NO},
        {OP_ROUTE_NUMBER,
         {{"Authorization", "Bearer op_live_abcdefghijklmnopqrstuvwxyz01234-"}},
         NO},
        {OP_ROUTE_NUMBER, {{"Authorization", "Bearer ses_live_" TOKEN}}, NO},
        {OP_ROUTE_NUMBER, {{"Cookie", "op_session=ses_live_" TOKEN}}, NO},
        {OP_ROUTE_NUMBER, {{"Cookie", "op_session=op_live_" TOKEN}}, NO},
        {OP_ROUTE_NUMBER,
         {{"Authorization", "Bearer op_live_" TOKEN}, {"Authorization", "Bearer op_live_" TOKEN}},
         NO},
        {OP_ROUTE_KEYS, {{"Authorization", "Bearer ses_live_" TOKEN}}, OK},
        {OP_ROUTE_KEYS, {{"Authorization", "Bearer op_live_" TOKEN}}, NO},
        {OP_ROUTE_KEYS, {{"Cookie", "op_session=ses_live_" TOKEN}}, OK},
        {OP_ROUTE_KEYS, {{"cookie", "a=b;op_session=ses_live_" TOKEN "; c=d"}}, OK},
        {OP_ROUTE_KEYS, {{"Cookie", "a=b"}, {"Cookie", "op_session=ses_live_" TOKEN}}, OK},
        {OP_ROUTE_KEYS, {{"Cookie", "xop_session=ses_live_" TOKEN}}, NO},
        {OP_ROUTE_KEYS, {{"Cookie", "op_sessions=ses_live_" TOKEN}}, NO},
        {OP_ROUTE_KEYS, {{"Cookie", "op_session"}}, NO},
        {OP_ROUTE_KEYS, {{"Cookie", "op_session=;;"}}, NO},
        {OP_ROUTE_KEYS,
         {{"Cookie", "op_session=ses_live_" TOKEN}, {"Authorization", "Bearer op_live_" TOKEN}},
         NO},
        {OP_ROUTE_KEYS,
         {{"Cookie", "op_session=ses_live_" TOKEN}, {"Authorization", "Basic abc"}},
         OK},
        {OP_ROUTE_AUTH_LOGOUT, {{"Authorization", "Bearer ses_live_" TOKEN}}, OK},
        {OP_ROUTE_HEALTH, {{"Authorization", "Bearer nonsense"}}, OK},
    };
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        const op_route_t *route = op_route(table[i].route);
        op_http_header_t headers[2];
        op_http_request_t request = s_request(route->method, table[i].lines, 2, headers);
        op_hash_t hash, none = {0};
        op_error_t error = op_credential_check(route, &request, false, &hash);
        if (error != (op_error_t)table[i].error)
            fail_msg("row %zu: %s", i, op_error_code(error));
        bool has = error == OP_OK && table[i].route != OP_ROUTE_HEALTH;
        assert_int_equal(memcmp(&hash, &none, sizeof hash) != 0, has);
    }
    /* The hash is the token's own. */
    op_http_header_t header;
    op_http_request_t request = s_request("GET", table[0].lines, 1, &header);
    op_hash_t hash, expected = op_token_hash(OP_STR("op_live_" TOKEN));
    assert_int_equal(op_credential_check(op_route(OP_ROUTE_NUMBER), &request, false, &hash), OP_OK);
    assert_memory_equal(&hash, &expected, sizeof hash);
}

static void s_origins(void **state)
{
    (void)state;
    static const struct {
        const char *method;
        s_line_t lines[2];
        bool tls, allowed;
    } table[] = {
        {"POST", {{NULL, NULL}}, false, true},
        {"POST", {{"Sec-Fetch-Site", "same-origin"}}, false, true},
        {"POST", {{"Sec-Fetch-Site", "none"}}, false, true},
        {"POST", {{"Sec-Fetch-Site", "same-site"}}, false, false},
        {"POST", {{"Sec-Fetch-Site", "cross-site"}}, false, false},
        {"DELETE", {{"Sec-Fetch-Site", "cross-site"}}, false, false},
        {"GET", {{"Sec-Fetch-Site", "cross-site"}}, false, true},
        {"HEAD", {{"Origin", "https://evil.example"}}, false, true},
        {"POST",
         {{"Sec-Fetch-Site", "cross-site"}, {"Origin", "http://op.example:8080"}},
         false,
         false},
        {"POST", {{"Sec-Fetch-Site", "same-origin"}, {"Sec-Fetch-Site", "none"}}, false, false},
        {"POST", {{"Origin", "http://op.example:8080"}}, false, true},
        {"POST", {{"Origin", "http://OP.example:8080"}}, false, true},
        {"POST", {{"Origin", "https://op.example:8080"}}, false, false},
        {"POST", {{"Origin", "https://op.example:8080"}}, true, true},
        {"POST", {{"Origin", "http://op.example:8080"}}, true, false},
        {"POST", {{"Origin", "http://op.example"}}, false, false},
        {"POST", {{"Origin", "http://op.example:80801"}}, false, false},
        {"POST", {{"Origin", "http://evil.example"}}, false, false},
        {"POST", {{"Origin", "null"}}, false, false},
        {"POST", {{"Origin", ""}}, false, false},
    };
    for (size_t i = 0; i < OP_COUNT(table); i++)
        for (int bearer = 0; bearer < 2; bearer++) {
            op_http_header_t headers[4];
            op_http_request_t request = s_request(table[i].method, table[i].lines, 2, headers);
            headers[request.header_count++] =
                (op_http_header_t){OP_STR("Host"), OP_STR("op.example:8080")};
            headers[request.header_count++] =
                bearer
                    ? (op_http_header_t){OP_STR("Authorization"), OP_STR("Bearer ses_live_" TOKEN)}
                    : (op_http_header_t){OP_STR("Cookie"), OP_STR("op_session=ses_live_" TOKEN)};
            op_hash_t hash;
            op_error_t error =
                op_credential_check(op_route(OP_ROUTE_KEY_CREATE), &request, table[i].tls, &hash);
            op_error_t expected = bearer || table[i].allowed ? OP_OK : OP_ERROR_FORBIDDEN;
            if (error != expected)
                fail_msg("row %zu: %s", i, op_error_code(error));
        }
}

/*  ------------------------------------------------------------------------------- messages */

static const void *s_read(op_route_name_t name, op_http_request_t request, const char *id,
                          op_arena_t *arena, op_json_fault_t *fault)
{
    op_json_rules_t rules = {0};
    *fault = (op_json_fault_t){0};
    op_str_t ids[OP_ROUTE_IDS_MAX] = {op_str(id)};
    return op_binding_read(op_route(name), &request, ids, &rules, arena, fault);
}

static void s_paths(void **state)
{
    (void)state;
    static const struct {
        const char *id;
        bool good;
    } table[] = {
        {UUID, true},
        {"msg_" UUID, true},
        {"x", true},
        {"a b", false},
        {"caf\xc3\xa9", false},
        {"a'b", false},
        {"1234567890123456789012345678901234567890123456789012345678901234", true},
        {"12345678901234567890123456789012345678901234567890123456789012345", false},
    };
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        op_arena_t arena = {0};
        op_json_fault_t fault;
        const op_by_id_t *by_id =
            s_read(OP_ROUTE_MESSAGE, (op_http_request_t){0}, table[i].id, &arena, &fault);
        assert_int_equal(by_id != NULL, table[i].good);
        if (by_id)
            assert_true(op_str_is(by_id->id, table[i].id));
        else
            assert_int_equal(fault.error, OP_ERROR_NOT_FOUND);
        op_arena_free(&arena);
    }
}

static void s_queries(void **state)
{
    (void)state;
    static const struct {
        const char *query, *field; /* field: "" none; NULL: well */
        const char *direction, *cursor;
        uint64_t limit;
    } table[] = {
        {"", NULL, "", "", 0},
        {"&&", NULL, "", "", 0},
        {"direction=inbound&limit=5", NULL, "inbound", "", 5},
        {"limit=1", NULL, "", "", 1},
        {"limit=100", NULL, "", "", 100},
        {"limit=&direction=&cursor=", NULL, "", "", 0},
        {"limit", NULL, "", "", 0},
        {"cursor=a%2Bb+c%3D=d", NULL, "", "a+b+c==d", 0},
        {"cursor=a%26b", "cursor", "", "", 0},
        {"direction=sideways", "direction", "", "", 0},
        {"direction=Inbound", "direction", "", "", 0},
        {"direction=outbound", NULL, "outbound", "", 0},
        {"%6Cimit=7", NULL, "", "", 7},
        {"other=1&other=2&limit=3", NULL, "", "", 3},
        {"limit=0", "limit", "", "", 0},
        {"limit=101", "limit", "", "", 0},
        {"limit=-1", "limit", "", "", 0},
        {"limit=5x", "limit", "", "", 0},
        {"limit=99999999999999999999", "limit", "", "", 0},
        {"limit=5&limit=5", "limit", "", "", 0},
        {"limit=&limit=5", "limit", "", "", 0},
        {"cursor=%", "cursor", "", "", 0},
        {"cursor=%zz", "cursor", "", "", 0},
        {"cursor=%00", "cursor", "", "", 0},
        {"cursor=%ff", "cursor", "", "", 0},
        {"%=1", "", "", "", 0},
        {"other=%", "", "", "", 0},
        {"direction=12345678901234567", "direction", "", "", 0},
    };
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        op_arena_t arena = {0};
        op_json_fault_t fault;
        op_http_request_t request = {.query = op_str(table[i].query), .body = OP_STR("ignored")};
        const op_message_list_t *list = s_read(OP_ROUTE_MESSAGES, request, "", &arena, &fault);
        if ((list != NULL) != (table[i].field == NULL))
            fail_msg("%s", table[i].query);
        if (list) {
            assert_true(op_str_is(list->direction, table[i].direction));
            assert_true(op_str_is(list->cursor, table[i].cursor));
            assert_int_equal(list->limit, table[i].limit);
        } else {
            assert_int_equal(fault.error, OP_ERROR_VALIDATION_ERROR);
            assert_string_equal(fault.field ? fault.field : "", table[i].field);
        }
        op_arena_free(&arena);
    }
}

/*  What the path has given, the rest of the request cannot change. */
static void s_ids_and_the_rest(void **state)
{
    (void)state;
    op_arena_t arena = {0};
    op_json_fault_t fault;
    op_json_rules_t rules = {0};
    op_str_t two[OP_ROUTE_IDS_MAX] = {OP_STR("x1"), OP_STR("y2")};
    const op_by_delivery_t *by = op_binding_read(
        op_route(OP_ROUTE_WEBHOOK_REPLAY), &(op_http_request_t){0}, two, &rules, &arena, &fault);
    assert_non_null(by);
    assert_true(op_str_is(by->id, "x1") && op_str_is(by->delivery_id, "y2"));
    two[1] = OP_STR("y 2");
    assert_null(op_binding_read(op_route(OP_ROUTE_WEBHOOK_REPLAY), &(op_http_request_t){0}, two,
                                &rules, &arena, &fault));
    assert_int_equal(fault.error, OP_ERROR_NOT_FOUND);
    op_http_request_t request = {.query = OP_STR("id=other&id=more&status=failed&limit=5")};
    const op_delivery_list_t *list =
        s_read(OP_ROUTE_WEBHOOK_DELIVERIES, request, "x1", &arena, &fault);
    assert_non_null(list);
    assert_true(op_str_is(list->id, "x1") && op_str_is(list->status, "failed"));
    assert_int_equal(list->limit, 5);
    assert_null(s_read(OP_ROUTE_WEBHOOK_DELIVERIES, request, "x'1", &arena, &fault));
    request = (op_http_request_t){.body = OP_STR("{\"id\":\"other\",\"enabled\":false}")};
    const op_webhook_update_t *update =
        s_read(OP_ROUTE_WEBHOOK_UPDATE, request, "x1", &arena, &fault);
    assert_non_null(update);
    assert_true(op_str_is(update->id, "x1") && update->enabled == op_said(false));
    update = s_read(OP_ROUTE_WEBHOOK_UPDATE, (op_http_request_t){0}, "x1", &arena, &fault);
    assert_non_null(update); /* no body: nothing is said */
    assert_true(update->enabled == 0 && !update->url.size && !update->events.size);
    request.body = OP_STR("{\"events\":[\"message.sent\",\"message.read\"]}");
    assert_null(s_read(OP_ROUTE_WEBHOOK_UPDATE, request, "x1", &arena, &fault));
    assert_int_equal(fault.error, OP_ERROR_INVALID_EVENTS);
    request.body = OP_STR("{\"events\":[]}");
    assert_null(s_read(OP_ROUTE_WEBHOOK_UPDATE, request, "x1", &arena, &fault));
    assert_int_equal(fault.error, OP_ERROR_VALIDATION_ERROR);
    const op_webhook_rotate_t *rotate =
        s_read(OP_ROUTE_WEBHOOK_ROTATE, (op_http_request_t){0}, "x1", &arena, &fault);
    assert_non_null(rotate);
    assert_int_equal(rotate->grace_seconds, 0);
    request.body = OP_STR("{\"grace_seconds\":0}");
    rotate = s_read(OP_ROUTE_WEBHOOK_ROTATE, request, "x1", &arena, &fault);
    assert_non_null(rotate);
    assert_int_equal(rotate->grace_seconds, op_said(0));
    op_arena_free(&arena);
}

static void s_query_ids(void **state)
{
    (void)state;
    op_arena_t arena = {0};
    op_json_fault_t fault;
    op_id_t id;
    assert_true(op_id_parse(OP_STR(UUID), &id));
    op_http_request_t request = {.query = OP_STR("number_id=" UUID)};
    const op_by_number_t *by = s_read(OP_ROUTE_KEYS, request, "", &arena, &fault);
    assert_non_null(by);
    assert_true(op_id_equal(by->number_id, id));
    request.query = OP_STR("number_id=");
    by = s_read(OP_ROUTE_WEBHOOKS, request, "", &arena, &fault);
    assert_non_null(by);
    assert_true(op_id_is_none(by->number_id));
    request.query = OP_STR("number_id=7");
    assert_null(s_read(OP_ROUTE_KEYS, request, "", &arena, &fault));
    assert_string_equal(fault.field, "number_id");
    op_arena_free(&arena);
}

static void s_bodies(void **state)
{
    (void)state;
#define HOOK(events) "{\"number_id\":\"" UUID "\",\"url\":\"https://x\",\"events\":[" events "]}"
    enum { OK = OP_OK, BAD = OP_ERROR_VALIDATION_ERROR, EVENTS = OP_ERROR_INVALID_EVENTS };
    static const struct {
        op_route_name_t route;
        const char *type, *body;
        int error;
        const char *field;
    } table[] = {
        {OP_ROUTE_AUTH_START, NULL, "{\"phone\":\"+14155550123\"}", OK, NULL},
        {OP_ROUTE_AUTH_START, "application/json", "{\"phone\":\"+14155550123\"}", OK, NULL},
        {OP_ROUTE_AUTH_START, "Application/JSON; charset=utf-8", "{\"phone\":\"+14155550123\"}", OK,
         NULL},
        {OP_ROUTE_AUTH_START, "application/problem+json", "{\"phone\":\"+14155550123\"}", OK, NULL},
        {OP_ROUTE_AUTH_START, "text/plain", "{\"phone\":\"+14155550123\"}", BAD, NULL},
        {OP_ROUTE_AUTH_START, "", "{\"phone\":\"+14155550123\"}", BAD, NULL},
        {OP_ROUTE_AUTH_START, NULL, "", BAD, NULL},
        {OP_ROUTE_AUTH_START, NULL, "{\"phone\":\"415\"}", OP_ERROR_INVALID_PHONE, "phone"},
        {OP_ROUTE_AUTH_LOGOUT, "text/plain", "ignored", OK, NULL},
        {OP_ROUTE_WEBHOOK_CREATE, NULL, HOOK("\"message.received\""), OK, NULL},
        {OP_ROUTE_WEBHOOK_CREATE, NULL,
         HOOK("\"message.received\",\"message.sent\",\"message.failed\""), OK, NULL},
        {OP_ROUTE_WEBHOOK_CREATE, NULL, HOOK("\"message\""), EVENTS, "events"},
        {OP_ROUTE_WEBHOOK_CREATE, NULL, HOOK("\"message.sent\",\"message.sentx\""), EVENTS,
         "events"},
        {OP_ROUTE_WEBHOOK_CREATE, NULL, HOOK(""), BAD, "events"},
        {OP_ROUTE_WEBHOOK_CREATE, NULL, HOOK("7"), BAD, "events"},
    };
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        op_arena_t arena = {0};
        op_json_fault_t fault;
        op_http_header_t header = {OP_STR("Content-Type"), op_str(table[i].type)};
        op_http_request_t request = {.body = op_str(table[i].body),
                                     .headers = &header,
                                     .header_count = table[i].type ? 1 : 0};
        const void *value = s_read(table[i].route, request, "", &arena, &fault);
        if ((value ? OP_OK : fault.error) != (op_error_t)table[i].error)
            fail_msg("row %zu: %s", i, op_error_code(fault.error));
        if (!value)
            assert_string_equal(fault.field ? fault.field : "-",
                                table[i].field ? table[i].field : "-");
        op_arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(s_every_call),       cmocka_unit_test(s_rows_are_sound),
        cmocka_unit_test(s_unknown_paths),    cmocka_unit_test(s_allowed_methods),
        cmocka_unit_test(s_credentials),      cmocka_unit_test(s_origins),
        cmocka_unit_test(s_ids_and_the_rest), cmocka_unit_test(s_paths),
        cmocka_unit_test(s_queries),          cmocka_unit_test(s_query_ids),
        cmocka_unit_test(s_bodies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
