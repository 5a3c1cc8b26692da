/*  What a broken-into host may say, and that what actors do say is in the table */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/routes.h"
#include "transport/roles.h"

#include <string.h>

static bool s_request(const char *from, const char *to, const char *origin, op_str_t slip)
{
    op_envelope_t frame = {.kind = OP_FRAME_REQUEST,
                           .from = op_str(from),
                           .to = op_str(to),
                           .origin = op_str(origin),
                           .slip = slip};
    return op_roles_allow(&frame, op_route_itinerary);
}
#define SLIP(...) op_str_of((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static bool s_says(op_frame_kind_t kind, const char *from, const char *to, const op_type_t *type)
{
    op_envelope_t frame = {
        .kind = kind, .from = op_str(from), .to = op_str(to), .type = type ? type->number : 0};
    return op_roles_allow(&frame, op_route_itinerary);
}

static void test_names(void **state)
{
    static const char *const good[] = {"http", "http-2", "modem-berlin", "ledger", "modem-0"};
    static const char *const bad[] = {"",       "htt",   "http-",   "ledger-2", "modem-a-b",
                                      "modem_", "Modem", "modem-B", "opd",      "modem/x"};
    (void)state;
    for (size_t i = 0; i < OP_COUNT(good); i++)
        assert_true(op_roles_actor_ok(op_str(good[i])));
    for (size_t i = 0; i < OP_COUNT(bad); i++)
        assert_false(op_roles_actor_ok(op_str(bad[i])));
    assert_true(op_str_is(op_roles_class(OP_STR("modem-berlin")), "modem"));
    assert_true(op_str_is(op_roles_class(OP_STR("ledger")), "ledger"));
}

/*  Every way, from each of its places on; and nothing of it for others. */
static void test_itineraries(void **state)
{
    op_str_t steps;
    size_t count = 0;
    (void)state;
    for (; op_route_itinerary(count, &steps); count++) {
        const char *from = "http-2";
        for (size_t i = 0; i < steps.size; i++) {
            op_str_t slip = op_str_of(steps.at + i, steps.size - i);
            const char *to = op_step_actor((uint8_t)slip.at[0]);
            assert_true(s_request(from, to, "http-2", slip));
            assert_false(s_request("modem", to, "http-2", slip));
            assert_false(s_request(from, to, "modem", slip));
            assert_false(s_request(from, to, "http_2", slip));
            assert_false(s_request(from, "modem", "http-2", slip));
            from = to;
        }
    }
    assert_true(count > OP_ROUTE_END);
    assert_false(op_route_itinerary(count, &steps));
}

static void test_shortcuts(void **state)
{
    (void)state;
    /* Whoever holds the host of http cannot skip who asks and how often. */
    assert_false(s_request("http", "ledger", "http", SLIP(OP_STEP_LEDGER_SUBMIT)));
    assert_false(s_request("http", "auth", "http", SLIP(OP_STEP_AUTH_KEY_CREATE)));
    assert_false(s_request("http", "auth", "http", SLIP(OP_STEP_AUTH_START)));
    assert_false(s_request("http", "auth", "http-2",
                           SLIP(OP_STEP_AUTH_KEY, OP_STEP_RATE_READ, OP_STEP_LEDGER_NUMBER)));
    assert_false(s_request("http", "ledger", "http", SLIP(OP_STEP_AUTH_SESSION)));
    assert_false(s_request("webhook", "auth", "http", SLIP(OP_STEP_AUTH_VERIFY)));
    assert_false(s_request("http", "ledger", "http", SLIP(OP_STEP_NONE)));
    assert_false(s_request("http", "ledger", "http", SLIP(255)));
    assert_false(s_request("http", "ledger", "http", (op_str_t){0}));
    assert_false(s_request("opd", "ledger", "opd", SLIP(OP_STEP_LEDGER_READY)));
}

/*  A way that begins as one of ours and goes on as none: to the operator's calls, or past who
    counts. */
static void test_detours(void **state)
{
    (void)state;
    assert_false(
        s_request("http", "rate", "http", SLIP(OP_STEP_RATE_ADDRESS, OP_STEP_LEDGER_POOL)));
    assert_false(
        s_request("http", "rate", "http", SLIP(OP_STEP_RATE_ADDRESS, OP_STEP_LEDGER_CHANGE)));
    assert_false(
        s_request("http", "rate", "http", SLIP(OP_STEP_RATE_LOOK, OP_STEP_CONTROL_BACKUP)));
    assert_false(s_request("http", "auth", "http", SLIP(OP_STEP_AUTH_SESSION, OP_STEP_AUTH_ERASE)));
    assert_false(s_request("http", "auth", "http", SLIP(OP_STEP_AUTH_KEY, OP_STEP_LEDGER_SUBMIT)));
    assert_false(s_request("http", "rate", "http", SLIP(OP_STEP_RATE_ADDRESS, OP_STEP_AUTH_START)));
    assert_false(s_request(
        "http", "auth", "http",
        SLIP(OP_STEP_AUTH_KEY, OP_STEP_RATE_READ, OP_STEP_LEDGER_NUMBER, OP_STEP_LEDGER_FIND)));
    assert_false(s_request("http", "auth", "http", SLIP(OP_STEP_AUTH_KEY, OP_STEP_RATE_SEND)));
    assert_false(s_request("auth", "rate", "http", SLIP(OP_STEP_RATE_SEND, OP_STEP_LEDGER_POOL)));
}

static void test_what_an_http_knows(void **state)
{
    (void)state;
    op_envelope_t ready = {.kind = OP_FRAME_REQUEST,
                           .from = OP_STR("http"),
                           .to = OP_STR("webhook"),
                           .origin = OP_STR("http"),
                           .slip = SLIP(OP_STEP_WEBHOOK_LIST)};
    ready.context.credential.bytes[0] = 1;
    ready.context.once.bytes[0] = 1;
    ready.context.address = OP_STR("192.0.2.1");
    assert_true(op_roles_allow(&ready, op_route_itinerary));
    const op_context_t honest = ready.context;
    ready.context.account.bytes[0] = 1;
    assert_false(op_roles_allow(&ready, op_route_itinerary));
    ready.context = honest;
    ready.context.lease.bytes[15] = 1;
    assert_false(op_roles_allow(&ready, op_route_itinerary));
    ready.context = honest;
    ready.context.line = OP_STR("+14155550100");
    assert_false(op_roles_allow(&ready, op_route_itinerary));
    ready.context = honest;
    ready.context.counted = 1;
    assert_false(op_roles_allow(&ready, op_route_itinerary));
}

static void test_tells(void **state)
{
    (void)state;
    assert_true(s_says(OP_FRAME_TELL, "modem-berlin", "ledger", &op_text_received_type));
    assert_true(s_says(OP_FRAME_TELL, "auth", "modem-2", &op_text_send_type));
    assert_true(s_says(OP_FRAME_TELL, "auth", "ledger", &op_account_erased_type));
    assert_true(s_says(OP_FRAME_TELL, "auth", "webhook", &op_account_erased_type));
    assert_false(s_says(OP_FRAME_TELL, "modem", "webhook", &op_account_erased_type));
    assert_false(s_says(OP_FRAME_TELL, "modem", "ledger", &op_lease_ended_type));
    assert_false(s_says(OP_FRAME_TELL, "modem", "webhook", &op_number_event_type));
    assert_false(s_says(OP_FRAME_TELL, "modem", "modem-2", &op_text_send_type));
    assert_false(s_says(OP_FRAME_TELL, "http", "modem", &op_text_send_type));
    assert_true(s_says(OP_FRAME_ACK, "ledger", "modem-2", NULL));
    assert_true(s_says(OP_FRAME_ACK, "webhook", "auth", NULL));
    assert_false(s_says(OP_FRAME_ACK, "modem", "rate", NULL));
    assert_true(s_says(OP_FRAME_REPLY, "webhook", "http-2", &op_nothing_type));
    assert_false(s_says(OP_FRAME_REPLY, "modem", "http", &op_session_opened_type));
    assert_false(s_says(OP_FRAME_REPLY, "auth", "ledger", &op_nothing_type));
    assert_true(s_says(OP_FRAME_NOTE, "ledger", "rate", &op_rate_return_type));
    assert_false(s_says(OP_FRAME_NOTE, "modem", "rate", &op_rate_setup_type));
    assert_false(s_says((op_frame_kind_t)9, "ledger", "rate", &op_rate_return_type));
}

/*  Who needs a way to whom: by a request, its reply, a tell, its ack, or a note. */
static void test_ways(void **state)
{
    static const char *const none[][2] = {
        {"http", "modem"},    {"modem", "http"},    {"rate", "modem"},  {"modem", "rate"},
        {"modem", "webhook"}, {"webhook", "modem"}, {"webhook", "rate"}};
    (void)state;
    for (size_t i = 0; i < OP_ROLES_CLASSES; i++)
        for (size_t j = 0; j < OP_ROLES_CLASSES; j++) {
            const char *from = op_roles_classes[i], *to = op_roles_classes[j];
            bool speaks = from != to;
            for (size_t k = 0; k < OP_COUNT(none); k++)
                speaks &= strcmp(from, none[k][0]) != 0 || strcmp(to, none[k][1]) != 0;
            if (from != to && op_roles_speak(from, to, op_route_itinerary) != speaks)
                fail_msg("%s > %s", from, to);
        }
}

/*  The operator, ports and oneself are within one process. */
static void test_where_it_applies(void **state)
{
    static const struct {
        const char *from, *to;
        bool applies;
    } rows[] = {{"ledger", "modem-2", true},  {"modem", "modem-2", true},
                {"auth", "http", true},       {"control", "auth", false},
                {"ledger", "control", false}, {"modem", "serial", false},
                {"poster", "webhook", false}, {"ledger", "ledger", false}};
    (void)state;
    for (size_t i = 0; i < OP_COUNT(rows); i++) {
        op_envelope_t frame = {.from = op_str(rows[i].from), .to = op_str(rows[i].to)};
        assert_int_equal(op_roles_apply(&frame), rows[i].applies);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_itineraries),
        cmocka_unit_test(test_shortcuts),
        cmocka_unit_test(test_detours),
        cmocka_unit_test(test_what_an_http_knows),
        cmocka_unit_test(test_tells),
        cmocka_unit_test(test_ways),
        cmocka_unit_test(test_where_it_applies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
