/*  The ledger actor: the pool, its leases, the line for a login code. The test plays all others. */

#include "tests/ledger_fixture.h"

/*  ---- The pool and its leases ---- */

static void test_who_may_lease_what(void **state)
{
    (void)state;
    s_by_id(OP_STEP_LEDGER_LEASE, 'a', s_shared, OP_ERROR_NUMBER_UNAVAILABLE);
    s_by_id(OP_STEP_LEDGER_LEASE, 'a', core_id('?'), OP_ERROR_NOT_FOUND);
    op_context_t mine = s_lease('a', s_first);
    s_by_id(OP_STEP_LEDGER_LEASE, 'b', s_first, OP_ERROR_NUMBER_UNAVAILABLE);
    core_advance(&s_core, 5000);
    op_context_t again = s_lease('a', s_first);
    assert_true(op_id_equal(again.lease, mine.lease)); /* one's own again: the same lease */
    core_restart(&s_core, true);
    again = s_lease('a', s_first);
    assert_true(op_id_equal(again.lease, mine.lease));
    s_lease('a', s_second); /* more than one */
    s_by_id(OP_STEP_LEDGER_RELEASE, 'b', s_first, OP_ERROR_NOT_FOUND);
    s_by_id(OP_STEP_LEDGER_RELEASE, 'a', s_shared, OP_ERROR_NOT_FOUND);
    s_by_id(OP_STEP_LEDGER_RELEASE, 'a', s_first, OP_OK);
    s_by_id(OP_STEP_LEDGER_RELEASE, 'a', s_first, OP_ERROR_NOT_FOUND);
    op_context_t theirs = s_lease('b', s_first);
    assert_false(op_id_equal(theirs.lease, mine.lease));
}

static void test_the_pool_is_listed(void **state)
{
    (void)state;
    assert_int_equal(s_listed(OP_STEP_LEDGER_AVAILABLE, 'a'), 3);
    assert_int_equal(s_listed(OP_STEP_LEDGER_MINE, 'a'), 0);
    s_lease('a', s_first);
    assert_int_equal(s_listed(OP_STEP_LEDGER_AVAILABLE, 'a'), 2);
    assert_int_equal(s_listed(OP_STEP_LEDGER_MINE, 'a'), 1);
    assert_int_equal(s_listed(OP_STEP_LEDGER_MINE, 'b'), 0);
    s_by_id(OP_STEP_LEDGER_RELEASE, 'a', s_first, OP_OK);
    assert_int_equal(s_listed(OP_STEP_LEDGER_AVAILABLE, 'b'), 3);
    assert_int_equal(s_listed(OP_STEP_LEDGER_MINE, 'a'), 0);
}

static void test_a_release_is_told(void **state)
{
    (void)state;
    op_context_t key = s_lease('a', s_first);
    op_id_t lease = key.lease;
    s_by_id(OP_STEP_LEDGER_RELEASE, 'a', s_first, OP_OK);
    static const char *const peers[] = {"auth", "webhook"};
    for (size_t i = 0; i < OP_COUNT(peers); i++) {
        assert_int_equal(core_count(&s_core, peers[i], &op_lease_ended_type), 1);
        const op_lease_ended_t *ended = core_find(&s_core, peers[i], &op_lease_ended_type, 0);
        assert_true(op_id_equal(ended->lease, lease));
        assert_true(op_id_equal(ended->account, core_id('a')));
        assert_true(op_id_equal(ended->number, s_first));
    }
    const op_text_cancel_t *cancel = CORE_FIND(&s_core, "modem", text_cancel, 0);
    assert_non_null(cancel);
    assert_true(op_id_equal(cancel->scope, lease));
    assert_true(op_str_is(cancel->line, FIRST));
    /*  A key of the lease that auth has not yet revoked is good for nothing, nor is it when the
        number is leased again. */
    s_send_refused(&key, PEER, OP_ERROR_UNAUTHENTICATED);
    s_lease('a', s_first);
    s_send_refused(&key, PEER, OP_ERROR_UNAUTHENTICATED);
    CORE_REFUSED(&s_core, &key, nothing, &(op_nothing_t){0}, OP_ERROR_UNAUTHENTICATED,
                 OP_STEP_LEDGER_NUMBER);
}

static void test_who_is_entitled(void **state)
{
    (void)state;
    op_context_t mine = s_account('a'), theirs = s_account('b');
    s_lease('a', s_first);
    static const char *const url = "https://example.com/hook";
    op_key_create_t key = {s_first, OP_STR("k")};
    op_webhook_create_t hook = {s_first, op_str(url), OP_STR("message.sent")};
    CORE_ASK(&s_core, &mine, webhook_create, &hook, webhook_create, OP_STEP_LEDGER_ENTITLED,
             OP_STEP_WEBHOOK_CREATE);
    CORE_REFUSED(&s_core, &theirs, key_create, &key, OP_ERROR_NOT_FOUND, OP_STEP_LEDGER_ENTITLED,
                 OP_STEP_AUTH_KEY_CREATE);
    CORE_REFUSED(&s_core, &theirs, webhook_create, &hook, OP_ERROR_NOT_FOUND,
                 OP_STEP_LEDGER_ENTITLED, OP_STEP_WEBHOOK_CREATE);
    key.number_id = s_second; /* free to lease, but leased by nobody */
    CORE_REFUSED(&s_core, &mine, key_create, &key, OP_ERROR_NOT_FOUND, OP_STEP_LEDGER_ENTITLED,
                 OP_STEP_AUTH_KEY_CREATE);
    key.number_id = core_id('?');
    CORE_REFUSED(&s_core, &mine, key_create, &key, OP_ERROR_NOT_FOUND, OP_STEP_LEDGER_ENTITLED,
                 OP_STEP_AUTH_KEY_CREATE);
    key.number_id = s_shared;
    CORE_ASK(&s_core, &theirs, key_create, &key, key_create, OP_STEP_LEDGER_ENTITLED,
             OP_STEP_AUTH_KEY_CREATE);
    assert_true(op_id_is_none(core_context(&s_core)->lease));
    assert_true(op_id_equal(core_context(&s_core)->number, s_shared));
}

static void test_the_number_behind_a_key(void **state)
{
    (void)state;
    op_context_t free_key = s_free_key('a'), paid = s_lease('a', s_first);
    const op_line_view_t *view =
        CORE_ASK(&s_core, &free_key, nothing, &(op_nothing_t){0}, line_view, OP_STEP_LEDGER_NUMBER);
    assert_true(op_str_is(view->tier, "free"));
    assert_true(op_str_is(view->e164, SHARED));
    view = CORE_ASK(&s_core, &paid, nothing, &(op_nothing_t){0}, line_view, OP_STEP_LEDGER_NUMBER);
    assert_true(op_str_is(view->tier, "paid"));
    assert_true(op_str_is(view->e164, FIRST));
}

/*  ---- Login codes ---- */

static void test_the_line_for_a_code(void **state)
{
    (void)state;
    s_expect_code_line(SHARED);
    s_line(SHARED, true, false);
    s_lease('a', s_first);
    s_expect_code_line(SECOND); /* not a leased one */
    s_line(SECOND, false, false);
    s_expect_no_code(PEER, OP_ERROR_OTP_DELIVERY_FAILED);
    CORE_REFUSED(&s_core, NULL, nothing, &(op_nothing_t){0}, OP_ERROR_UNAVAILABLE,
                 OP_STEP_LEDGER_READY);
    s_line(SHARED, true, true);
    s_expect_code_line(SHARED);
    static const char *const pool[] = {SHARED, FIRST, SECOND}; /* leased ones too */
    for (size_t i = 0; i < OP_COUNT(pool); i++)
        s_expect_no_code(pool[i], OP_ERROR_PHONE_IS_POOL_NUMBER);
    s_expect_no_code("+442071838750", OP_ERROR_INVALID_PHONE);
}

static void test_which_number_is_shared(void **state)
{
    (void)state;
    const op_line_view_t *view =
        CORE_ASK(&s_core, NULL, nothing, &(op_nothing_t){0}, line_view, OP_STEP_LEDGER_SHARED);
    assert_true(op_str_is(view->e164, SHARED));
    s_line(SHARED, true, false); /* also while its line is down */
    CORE_ASK(&s_core, NULL, nothing, &(op_nothing_t){0}, line_view, OP_STEP_LEDGER_SHARED);
    s_line(SHARED, false, true);
    CORE_REFUSED(&s_core, NULL, nothing, &(op_nothing_t){0}, OP_ERROR_NOT_FOUND,
                 OP_STEP_LEDGER_SHARED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_who_may_lease_what),      TEST(test_the_pool_is_listed),
        TEST(test_a_release_is_told),       TEST(test_who_is_entitled),
        TEST(test_the_number_behind_a_key), TEST(test_the_line_for_a_code),
        TEST(test_which_number_is_shared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
