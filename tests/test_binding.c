/*  From path, query and body to the message of a route. */

#include "http/binding.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define UUID "01930000-0000-7000-8000-0000000000ab"

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
        {"limit=", "limit", "", "", 0},
        {"limit", "limit", "", "", 0},
        {"direction=", "direction", "", "", 0},
        {"limit=5&cursor=", "cursor", "", "", 0},
        {"limit=010", "limit", "", "", 0},
        {"limit=00", "limit", "", "", 0},
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

/*  What is wrong with a number is told as it is. */
static void s_query_numbers(void **state)
{
    (void)state;
    static const char plain[] = "This must be a whole number, without zeros in front.";
    static const struct {
        const char *query;
        bool plain;
    } table[] = {
        {"limit=010", true}, {"limit=-1", true},   {"limit=5x", true},
        {"limit=5.0", true}, {"limit=101", false}, {"limit=99999999999999999999", false},
        {"limit=0", false},
    };
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        op_arena_t arena = {0};
        op_json_fault_t fault;
        op_http_request_t request = {.query = op_str(table[i].query)};
        assert_null(s_read(OP_ROUTE_MESSAGES, request, "", &arena, &fault));
        if ((strcmp(fault.sentence, plain) == 0) != table[i].plain)
            fail_msg("%s: %s", table[i].query, fault.sentence);
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
    op_http_request_t request = {.query = OP_STR("id=other&id=more&state=failed&limit=5")};
    const op_delivery_list_t *list =
        s_read(OP_ROUTE_WEBHOOK_DELIVERIES, request, "x1", &arena, &fault);
    assert_non_null(list);
    assert_true(op_str_is(list->id, "x1") && op_str_is(list->state, "failed"));
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
    static const char *const none[] = {"number_id=", "number_id"}; /* a filter by nothing */
    for (size_t i = 0; i < OP_COUNT(none); i++) {
        request.query = op_str(none[i]);
        by = s_read(OP_ROUTE_WEBHOOKS, request, "", &arena, &fault);
        assert_true(by && op_id_is_none(by->number_id));
    }
    static const char *const bad[] = {"number_id=7", "number_id=-"};
    for (size_t i = 0; i < OP_COUNT(bad); i++) {
        request.query = op_str(bad[i]);
        assert_null(s_read(OP_ROUTE_WEBHOOKS, request, "", &arena, &fault));
        assert_string_equal(fault.field, "number_id");
    }
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
        cmocka_unit_test(s_paths),         cmocka_unit_test(s_queries),
        cmocka_unit_test(s_query_numbers), cmocka_unit_test(s_ids_and_the_rest),
        cmocka_unit_test(s_query_ids),     cmocka_unit_test(s_bodies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
