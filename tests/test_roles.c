/*  What a broken-into host may say, and that what actors do say is in the table */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/routes.h"
#include "transport/roles.h"

static bool s_request(const char *from, const char *to, const char *origin, unsigned step)
{
    uint8_t slip = (uint8_t)step;
    op_envelope_t frame = {.kind = OP_FRAME_REQUEST,
                           .from = op_str(from),
                           .to = op_str(to),
                           .origin = op_str(origin),
                           .slip = op_str_of(&slip, 1)};
    return op_roles_allow(&frame, op_route_leads);
}

static bool s_says(op_frame_kind_t kind, const char *from, const char *to, const op_type_t *type)
{
    op_envelope_t frame = {
        .kind = kind, .from = op_str(from), .to = op_str(to), .type = type ? type->number : 0};
    return op_roles_allow(&frame, op_route_leads);
}

static void test_itineraries(void **state)
{
    (void)state;
    for (op_route_name_t name = 0; name < OP_ROUTE_END; name++) {
        const op_route_t *route = op_route(name);
        const char *from = "http-2";
        for (size_t i = 0; i < route->step_count; i++) {
            const char *to = op_step_actor(route->steps[i]);
            assert_true(s_request(from, to, "http-2", route->steps[i]));
            assert_false(s_request("modem", to, "http-2", route->steps[i]));
            assert_false(s_request(from, to, "modem", route->steps[i]));
            from = to;
        }
    }
    assert_true(s_request("http", "rate", "http", OP_STEP_RATE_LOOK));
}

static void test_shortcuts(void **state)
{
    (void)state;
    /* Whoever holds the host of http cannot skip who asks and how often. */
    assert_false(s_request("http", "ledger", "http", OP_STEP_LEDGER_SUBMIT));
    assert_false(s_request("http", "auth", "http", OP_STEP_AUTH_KEY_CREATE));
    assert_false(s_request("http", "auth", "http", OP_STEP_AUTH_START));
    assert_false(s_request("http", "auth", "http-2", OP_STEP_AUTH_KEY));
    assert_false(s_request("http", "ledger", "http", OP_STEP_AUTH_KEY));
    assert_false(s_request("webhook", "auth", "http", OP_STEP_AUTH_VERIFY));
    assert_false(s_request("http", "ledger", "http", OP_STEP_NONE));
    assert_false(s_request("http", "ledger", "http", 255));
    uint8_t slip = OP_STEP_WEBHOOK_LIST; /* it may ask whether the actor is there, of no account */
    op_envelope_t ready = {.kind = OP_FRAME_REQUEST,
                           .from = OP_STR("http"),
                           .to = OP_STR("webhook"),
                           .origin = OP_STR("http"),
                           .slip = op_str_of(&slip, 1)};
    assert_true(op_roles_allow(&ready, op_route_leads));
    ready.context.account.bytes[0] = 1;
    assert_false(op_roles_allow(&ready, op_route_leads));
    assert_false(s_request("opd", "ledger", "opd", OP_STEP_LEDGER_READY));
}

static void test_tells(void **state)
{
    (void)state;
    assert_true(s_says(OP_FRAME_TELL, "modem-berlin", "ledger", &op_text_received_type));
    assert_true(s_says(OP_FRAME_TELL, "auth", "modem-2", &op_text_send_type));
    assert_false(s_says(OP_FRAME_TELL, "modem", "ledger", &op_lease_ended_type));
    assert_false(s_says(OP_FRAME_TELL, "modem", "webhook", &op_number_event_type));
    assert_false(s_says(OP_FRAME_TELL, "modem", "modem-2", &op_text_send_type));
    assert_false(s_says(OP_FRAME_TELL, "http", "modem", &op_text_send_type));
    assert_true(s_says(OP_FRAME_ACK, "ledger", "modem-2", NULL));
    assert_false(s_says(OP_FRAME_ACK, "modem", "rate", NULL));
    assert_true(s_says(OP_FRAME_REPLY, "webhook", "http-2", &op_nothing_type));
    assert_false(s_says(OP_FRAME_REPLY, "modem", "http", &op_session_opened_type));
    assert_false(s_says(OP_FRAME_REPLY, "auth", "ledger", &op_nothing_type));
    assert_true(s_says(OP_FRAME_NOTE, "ledger", "rate", &op_rate_return_type));
    assert_false(s_says(OP_FRAME_NOTE, "modem", "rate", &op_rate_setup_type));
    assert_false(s_says((op_frame_kind_t)9, "ledger", "rate", &op_rate_return_type));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_itineraries),
        cmocka_unit_test(test_shortcuts),
        cmocka_unit_test(test_tells),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
