/*  The auth actor while a modem's host is away: its outbox is full (actors/actor.h), and sign-ups
    are refused until there is room. */

#include "actors/auth.h"
#include "tests/core_fixture.h"

#include <stdio.h>

#define PHONE "+14155550101"
#define OTHER "+14155550102"
#define LATER "+14155550103"

static core_t s_core;

static const op_auth_setup_t s_auth_setup = {.code_ttl_ms = 600000,
                                             .session_ttl_ms = 30 * OP_DAY_MS,
                                             .tries = 5,
                                             .wrong_per_day = 20,
                                             .keys_max = 4};

static int s_setup(void **state)
{
    (void)state;
    core_open(&s_core, &op_auth_class, &op_auth_setup_type, &s_auth_setup);
    s_core.outbox_max = 2;
    core_restart(&s_core, false);
    s_core.hold_acks = true;
    return 0;
}

static int s_teardown(void **state)
{
    (void)state;
    core_close(&s_core);
    return 0;
}

/*  A code for the phone, by the line that this modem serves. */
typedef struct {
    char id[OP_ID_TEXT + 1], code[7];
} started_t;

static started_t s_start(const char *phone, const char *modem)
{
    started_t started;
    op_context_t context = {.line = OP_STR("+16176088932"), .modem = op_str(modem)};
    op_auth_start_t start = {op_str(phone)};
    const op_auth_started_t *answer =
        CORE_ASK(&s_core, &context, auth_start, &start, auth_started, OP_STEP_AUTH_START);
    op_id_print(answer->verification_id, started.id);
    op_str_copy(CORE_FIND(&s_core, modem, text_send, 0)->body, started.code, sizeof started.code);
    return started;
}

static void s_start_refused(const char *phone, const char *modem)
{
    op_context_t context = {.line = OP_STR("+16176088932"), .modem = op_str(modem)};
    op_auth_start_t start = {op_str(phone)};
    const op_refusal_t *refusal = CORE_REFUSED(&s_core, &context, auth_start, &start,
                                               OP_ERROR_UNAVAILABLE, OP_STEP_AUTH_START);
    assert_int_equal(refusal->retry_after, OP_FULL_RETRY_S);
    assert_int_equal(CORE_COUNT(&s_core, modem, text_send), 0);
}

static void s_verifies(const started_t *started)
{
    op_auth_verify_t verify = {op_str(started->id), op_str(started->code)};
    CORE_ASK(&s_core, NULL, auth_verify, &verify, session_opened, OP_STEP_AUTH_VERIFY);
}

static void test_a_full_outbox_refuses_sign_ups(void **state)
{
    (void)state;
    started_t first = s_start(PHONE, "modem");
    s_start(OTHER, "modem");
    s_start_refused(LATER, "modem");
    assert_int_equal(drive_rows(s_core.store, "auth/v"), 2);
    s_start_refused(PHONE, "modem"); /* which leaves the code that is under way as it was */
    s_verifies(&first);
    s_start(LATER, "modem-2"); /* the other modem's host is there */
}

static void test_it_is_as_full_behind_a_restart(void **state)
{
    (void)state;
    s_start(PHONE, "modem");
    s_start(OTHER, "modem");
    core_restart(&s_core, true);
    s_start_refused(LATER, "modem");
}

static void test_room_again(void **state)
{
    (void)state;
    s_start(PHONE, "modem");
    s_start(OTHER, "modem");
    s_start_refused(LATER, "modem");
    s_core.hold_acks = false;
    core_advance(&s_core, OP_TELL_RESEND_MS); /* both are told again, and taken */
    assert_int_equal(CORE_COUNT(&s_core, "modem", text_send), 2);
    assert_int_equal(op_actor_unacknowledged(s_core.actor), 0);
    started_t later = s_start(LATER, "modem");
    s_verifies(&later);
}

/*  What comes of the codes is heard all the time: it needs no room. */
static void test_outcomes_are_taken(void **state)
{
    (void)state;
    started_t first = s_start(PHONE, "modem");
    s_start(OTHER, "modem");
    op_text_outcome_t outcome = {.state = OP_TEXT_SENT};
    assert_true(op_id_parse(op_str(first.id), &outcome.text));
    core_tell(&s_core, "modem", &op_text_outcome_type, &outcome);
    op_by_id_t by_id = {op_str(first.id)};
    const op_verification_view_t *view =
        CORE_ASK(&s_core, NULL, by_id, &by_id, verification_view, OP_STEP_AUTH_VERIFICATION);
    assert_true(op_str_is(view->delivery_status, "sent"));
}

/*  And what the ledger tells: nothing that auth is told makes it tell anybody, and if it held tells
    back, the ledger might wait for it, the modem for the ledger, and it for the modem. */
static void test_others_are_heard(void **state)
{
    (void)state;
    s_start(PHONE, "modem");
    s_start(OTHER, "modem");
    op_lease_ended_t ended = {core_id('a'), core_id('n'), core_id('l')};
    core_tell(&s_core, "ledger", &op_lease_ended_type, &ended);
    assert_int_equal(op_actor_counts(s_core.actor).held, 0);
    s_start_refused(LATER, "modem");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, s_setup, s_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_full_outbox_refuses_sign_ups),
        TEST(test_it_is_as_full_behind_a_restart),
        TEST(test_room_again),
        TEST(test_outcomes_are_taken),
        TEST(test_others_are_heard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
