/*  The auth actor while a modem's host is away: its outbox is full (actors/actor.h), and sign-ups
    are refused until there is room. */

#include "tests/auth_fixture.h"

#define LATER "+14155550103"

static int s_setup_full(void **state)
{
    (void)s_setup(state);
    s_core.outbox_max = 2;
    core_restart(&s_core, false);
    s_core.hold_acks = true;
    return 0;
}

static void s_start_refused(const char *phone, const char *modem)
{
    op_context_t context = {.line = OP_STR(LINE), .modem = op_str(modem)};
    op_auth_start_t start = {op_str(phone)};
    const op_refusal_t *refusal = CORE_REFUSED(&s_core, &context, auth_start, &start,
                                               OP_ERROR_UNAVAILABLE, OP_STEP_AUTH_START);
    assert_int_equal(refusal->retry_after, OP_FULL_RETRY_S);
    assert_int_equal(CORE_COUNT(&s_core, modem, text_send), 0);
}

static void test_a_full_outbox_refuses_sign_ups(void **state)
{
    (void)state;
    started_t first = s_begin_by(PHONE, "modem");
    s_begin_by(OTHER, "modem");
    s_start_refused(LATER, "modem");
    assert_int_equal(drive_rows(s_core.store, "auth/v"), 2);
    s_start_refused(PHONE, "modem"); /* which leaves the code that is under way as it was */
    (void)s_verify(&first);
    s_begin_by(LATER, "modem-2"); /* the other modem's host is there */
}

static void test_it_is_as_full_after_a_restart(void **state)
{
    (void)state;
    s_begin_by(PHONE, "modem");
    s_begin_by(OTHER, "modem");
    core_restart(&s_core, true);
    s_start_refused(LATER, "modem");
}

static void test_room_again(void **state)
{
    (void)state;
    s_begin_by(PHONE, "modem");
    s_begin_by(OTHER, "modem");
    s_start_refused(LATER, "modem");
    s_core.hold_acks = false;
    core_advance(&s_core, OP_TELL_RESEND_MS); /* both are told again, and taken */
    assert_int_equal(CORE_COUNT(&s_core, "modem", text_send), 2);
    assert_int_equal(op_actor_unacknowledged(s_core.actor), 0);
    started_t later = s_begin_by(LATER, "modem");
    (void)s_verify(&later);
}

/*  What comes of the codes is heard all the time: it needs no room. */
static void test_outcomes_are_taken(void **state)
{
    (void)state;
    started_t first = s_begin_by(PHONE, "modem");
    s_begin_by(OTHER, "modem");
    op_text_outcome_t outcome = {.text = first.text, .state = OP_TEXT_SENT};
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
    s_begin_by(PHONE, "modem");
    s_begin_by(OTHER, "modem");
    op_lease_ended_t ended = {core_id('a'), core_id('n'), core_id('l')};
    core_tell(&s_core, "ledger", &op_lease_ended_type, &ended);
    assert_int_equal(op_actor_counts(s_core.actor).held, 0);
    s_start_refused(LATER, "modem");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, s_setup_full, s_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_full_outbox_refuses_sign_ups),
        TEST(test_it_is_as_full_after_a_restart),
        TEST(test_room_again),
        TEST(test_outcomes_are_taken),
        TEST(test_others_are_heard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
