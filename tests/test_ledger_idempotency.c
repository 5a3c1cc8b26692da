/*  The ledger actor: calls with an Idempotency-Key. The test plays all others. */

#include "tests/ledger_fixture.h"

/*  The same credential, with this key. */
static op_context_t s_with(op_context_t key, const char *once)
{
    key.once = op_token_hash(op_str(once));
    return key;
}

static void test_one_effect(void **state)
{
    (void)state;
    op_context_t key = s_with(s_lease('a', s_first), "k1");
    sent_t sent = s_send(&key, PEER);
    assert_int_equal(CORE_COUNT(&s_core, "modem", text_send), 1);
    for (int i = 0; i < 2 * DAY_PAID; i++) { /* nor does it count */
        assert_true(op_id_equal(s_send(&key, PEER).id, sent.id));
        assert_int_equal(CORE_COUNT(&s_core, "modem", text_send), 0);
    }
    core_restart(&s_core, true);
    assert_true(op_id_equal(s_send(&key, PEER).id, sent.id));
}

/*  A repeat counts against no day, and shows the day as it is: empty, here. */
static void test_a_repeat_shows_the_day(void **state)
{
    (void)state;
    op_context_t key = s_free_key('a'), once = s_with(key, "k1");
    sent_t sent = s_send(&once, PEER);
    for (uint64_t i = 1; i < DAY_FREE; i++)
        s_send(&key, PEER);
    key.limit = once.limit = 1; /* as rate has counted it: one a second */
    key.reset = once.reset = s_core.now + OP_SECOND_MS;
    int64_t midnight = (op_instant_day(s_core.now) + 1) * OP_DAY_MS;
    assert_true(op_id_equal(s_send(&once, PEER).id, sent.id));
    assert_int_equal(core_context(&s_core)->limit, DAY_FREE);
    assert_int_equal(core_context(&s_core)->remaining, 0);
    assert_true(core_context(&s_core)->reset == midnight);
    s_send_refused(&key, SHARED,
                   OP_ERROR_SELF_SEND); /* so does what is refused for another reason */
    assert_int_equal(core_context(&s_core)->limit, DAY_FREE);
    assert_int_equal(core_context(&s_core)->remaining, 0);
}

static void test_the_answer_is_the_text_as_it_is_now(void **state)
{
    (void)state;
    op_context_t key = s_with(s_lease('a', s_first), "k1");
    sent_t sent = s_send(&key, PEER);
    op_text_outcome_t outcome = {.text = sent.id, .scope = sent.scope, .state = OP_TEXT_SENT};
    core_tell(&s_core, "modem", &op_text_outcome_type, &outcome);
    op_message_send_t send = {OP_STR(PEER), OP_STR("hello")};
    const op_message_view_t *view =
        CORE_ASK(&s_core, &key, message_send, &send, message_view, OP_STEP_LEDGER_SUBMIT);
    assert_true(op_str_is(view->status, "sent"));
    assert_true(op_id_equal(view->id, sent.id));
}

static void test_another_call_under_the_same_key(void **state)
{
    (void)state;
    op_context_t key = s_with(s_lease('a', s_first), "k1");
    s_send(&key, PEER);
    s_send_refused(&key, "+14155550778", OP_ERROR_IDEMPOTENCY_CONFLICT);
    op_message_send_t send = {OP_STR(PEER), OP_STR("hello!")};
    CORE_REFUSED(&s_core, &key, message_send, &send, OP_ERROR_IDEMPOTENCY_CONFLICT,
                 OP_STEP_LEDGER_SUBMIT);
}

static void test_keys_are_apart(void **state)
{
    (void)state;
    op_context_t a = s_lease('a', s_first), b = s_lease('b', s_second);
    op_context_t a1 = s_with(a, "k1"), a2 = s_with(a, "k2"), b1 = s_with(b, "k1");
    sent_t first = s_send(&a1, PEER);
    assert_false(op_id_equal(s_send(&a2, PEER).id, first.id));
    assert_false(op_id_equal(s_send(&b1, PEER).id, first.id));
    assert_false(op_id_equal(s_send(&a, PEER).id, first.id)); /* none: always a new one */
    assert_false(op_id_equal(s_send(&a, PEER).id, first.id));
}

static void test_what_was_refused_is_not_remembered(void **state)
{
    (void)state;
    op_context_t key = s_with(s_lease('a', s_first), "k1");
    s_send_refused(&key, SHARED, OP_ERROR_TARGET_IS_POOL);
    s_send(&key, PEER);
    assert_int_equal(CORE_COUNT(&s_core, "modem", text_send), 1);
}

static void test_a_key_lives_a_day(void **state)
{
    (void)state;
    op_context_t key = s_with(s_lease('a', s_first), "k1");
    sent_t sent = s_send(&key, PEER);
    core_advance(&s_core, OP_DAY_MS - 1);
    op_message_send_t send = {OP_STR(PEER), OP_STR("hello")};
    const op_message_view_t *view =
        CORE_ASK(&s_core, &key, message_send, &send, message_view, OP_STEP_LEDGER_SUBMIT);
    assert_true(op_id_equal(view->id, sent.id));
    core_advance(&s_core, 1);
    assert_false(op_id_equal(s_send(&key, PEER).id, sent.id));
    assert_int_equal(drive_rows(s_core.store, "ledger/y"), 1);
    for (int i = 0; i < 26; i++)
        core_advance(&s_core, OP_HOUR_MS);
    assert_int_equal(drive_rows(s_core.store, "ledger/y"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, s_setup, s_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_one_effect),
        TEST(test_a_repeat_shows_the_day),
        TEST(test_the_answer_is_the_text_as_it_is_now),
        TEST(test_another_call_under_the_same_key),
        TEST(test_keys_are_apart),
        TEST(test_what_was_refused_is_not_remembered),
        TEST(test_a_key_lives_a_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
