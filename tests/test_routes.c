#include "http/routes.h"
#include "transport/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

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
         "ledger.code_line > auth.guesses > rate.start > auth.start"},
        {"GET", "/auth/verifications/x1", OP_ROUTE_AUTH_VERIFICATION, 200,
         "rate.address > auth.verification"},
        {"POST", "/auth/verify", OP_ROUTE_AUTH_VERIFY, 200, "rate.address > auth.verify"},
        {"POST", "/auth/logout", OP_ROUTE_AUTH_LOGOUT, 204,
         "auth.session > rate.address > auth.logout"},
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
        {"GET", "/console/api-keys/x1", OP_ROUTE_KEY, 200,
         "auth.session > rate.console > auth.key_show"},
        {"DELETE", "/console/api-keys/x1", OP_ROUTE_KEY_REVOKE, 204,
         "auth.session > rate.console > auth.key_revoke"},
        {"POST", "/console/webhooks", OP_ROUTE_WEBHOOK_CREATE, 201,
         "auth.session > rate.console > ledger.entitled > webhook.create"},
        {"GET", "/console/webhooks", OP_ROUTE_WEBHOOKS, 200,
         "auth.session > rate.console > webhook.list"},
        {"GET", "/console/webhooks/x1", OP_ROUTE_WEBHOOK, 200,
         "auth.session > rate.console > webhook.show"},
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
        for (size_t s = 0; s < route->step_count; s++)
            op_buf_printf(&itinerary, "%s%s", s ? " > " : "", op_step_name(route->steps[s]));
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
        assert_int_equal(op_route_entry(route), session || key ? 2 : 0);
        if (op_route_entry(route)) {
            assert_string_equal(op_step_actor(route->steps[1]), "rate");
            assert_true(op_step_takes(route->steps[1], &op_nothing_type));
        }
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
        {"/console/api-keys/x", "GET, HEAD, DELETE, OPTIONS"},
        {"/console/webhooks/x", "GET, HEAD, PATCH, DELETE, OPTIONS"},
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(s_every_call),
        cmocka_unit_test(s_rows_are_sound),
        cmocka_unit_test(s_unknown_paths),
        cmocka_unit_test(s_allowed_methods),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
