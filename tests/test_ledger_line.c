/*  The ledger actor: which modem actor serves a number, and what it says of the line. */

#include "tests/ledger_fixture.h"

static void s_line_at(const char *modem, const char *number, bool shared, bool up)
{
    op_line_state_t state = {.line = op_str(number), .shared = shared, .up = up};
    core_tell(&s_core, modem, &op_line_state_type, &state);
}

/*  ---- modem actors in other processes ---- */

static void s_link(bool up)
{
    op_link_state_t state = {OP_STR("modem"), up};
    core_note(&s_core, "links", &op_link_state_type, &state);
}

static void s_expect_unready(const char *sentence)
{
    const op_refusal_t *refusal = CORE_REFUSED(&s_core, NULL, nothing, &(op_nothing_t){0},
                                               OP_ERROR_UNAVAILABLE, OP_STEP_LEDGER_READY);
    assert_true(op_str_is(refusal->sentence, sentence));
}

static void test_a_link_that_is_down(void **state)
{
    (void)state;
    s_link(false);
    assert_int_equal(CORE_COUNT(&s_core, "modem", lines_ask), 0);
    s_expect_no_code(PEER, OP_ERROR_OTP_DELIVERY_FAILED);
    s_expect_unready("modem: no link");
    s_line(SHARED, true, true); /* it is heard, but does not hear */
    s_expect_no_code(PEER, OP_ERROR_OTP_DELIVERY_FAILED);
    s_link(true);
    assert_int_equal(CORE_COUNT(&s_core, "modem", lines_ask), 1);
    s_expect_no_code(PEER, OP_ERROR_OTP_DELIVERY_FAILED); /* it has not answered yet */
    s_expect_unready("modem: no line is up");
    s_line(SHARED, true, true);
    s_expect_code_line(SHARED);
    s_link(true); /* it was down for a moment, and nobody looked */
    assert_int_equal(CORE_COUNT(&s_core, "modem", lines_ask), 1);
    s_expect_no_code(PEER, OP_ERROR_OTP_DELIVERY_FAILED);
    /*  A number's line, and not its row, is at another host: that one's go on. */
    s_line_at("modem-berlin", SECOND, false, true);
    s_link(false);
    s_expect_code_line(SECOND);
}

/*  ---- lines that are configured no more ---- */

static void s_gone(const char *number, const char *modem)
{
    op_line_state_t state = {.line = op_str(number), .gone = true};
    core_tell(&s_core, modem, &op_line_state_type, &state);
}

static void s_mint(char who, op_id_t number, op_error_t error)
{
    op_context_t context = s_account(who);
    op_key_create_t key = {number, OP_STR("k")};
    if (error == OP_OK)
        CORE_ASK(&s_core, &context, key_create, &key, key_create, OP_STEP_LEDGER_ENTITLED,
                 OP_STEP_AUTH_KEY_CREATE);
    else
        CORE_REFUSED(&s_core, &context, key_create, &key, error, OP_STEP_LEDGER_ENTITLED,
                     OP_STEP_AUTH_KEY_CREATE);
}

static void test_a_line_that_is_configured_no_more(void **state)
{
    (void)state;
    op_context_t mine = s_lease('a', s_first);
    s_gone(FIRST, "modem");
    s_gone(SECOND, "modem-berlin"); /* whose it is not */
    assert_int_equal(s_listed(OP_STEP_LEDGER_AVAILABLE, 'b'), 2);
    s_gone(SECOND, "modem");
    assert_int_equal(s_listed(OP_STEP_LEDGER_AVAILABLE, 'b'), 1);
    s_by_id(OP_STEP_LEDGER_LEASE, 'b', s_second, OP_ERROR_NUMBER_UNAVAILABLE);
    /*  The lease that there is stays, without new keys. */
    assert_int_equal(s_listed(OP_STEP_LEDGER_MINE, 'a'), 1);
    s_by_id(OP_STEP_LEDGER_LEASE, 'a', s_first, OP_OK);
    CORE_ASK(&s_core, &mine, nothing, &(op_nothing_t){0}, line_view, OP_STEP_LEDGER_NUMBER);
    s_mint('a', s_first, OP_ERROR_NUMBER_UNAVAILABLE);
    s_line(FIRST, false, true);
    s_mint('a', s_first, OP_OK);
    s_gone(FIRST, "modem");
    s_by_id(OP_STEP_LEDGER_RELEASE, 'a', s_first, OP_OK);
    s_by_id(OP_STEP_LEDGER_LEASE, 'a', s_first, OP_ERROR_NUMBER_UNAVAILABLE);
    s_gone(SHARED, "modem");
    CORE_REFUSED(&s_core, NULL, nothing, &(op_nothing_t){0}, OP_ERROR_NOT_FOUND,
                 OP_STEP_LEDGER_SHARED);
    assert_int_equal(s_listed(OP_STEP_LEDGER_AVAILABLE, 'a'), 0);
    s_line(SHARED, true, true); /* it is configured again */
    assert_int_equal(s_listed(OP_STEP_LEDGER_AVAILABLE, 'a'), 1);
    s_mint('b', s_shared, OP_OK);
}

static void test_a_modem_host_that_is_configured_no_more(void **state)
{
    (void)state;
    op_ledger_setup_t setup = s_ledger_setup;
    s_line_at("modem-berlin", SECOND, false, true);
    setup.modems = OP_STR("modem-berlin,modem");
    core_note(&s_core, "opd", &op_ledger_setup_type, &setup);
    assert_int_equal(s_listed(OP_STEP_LEDGER_AVAILABLE, 'a'), 3);
    setup.modems = OP_STR("modem-paris,modem-berlin");
    core_note(&s_core, "opd", &op_ledger_setup_type, &setup);
    assert_int_equal(s_listed(OP_STEP_LEDGER_AVAILABLE, 'a'), 1);
    s_expect_code_line(SECOND);
    setup.modems = OP_STR("modem");
    core_note(&s_core, "opd", &op_ledger_setup_type, &setup);
    s_expect_no_code(PEER, OP_ERROR_OTP_DELIVERY_FAILED);
}

/*  ---- whose a number is ---- */

#define NEW "+16176088935"

/*  modem-paris is a modem actor of another process, and modem-berlin one that is trusted. */
static void s_begin_with_paris(void)
{
    op_ledger_setup_t setup = s_ledger_setup;
    setup.modems = OP_STR("modem,modem-berlin,modem-paris");
    core_note(&s_core, "opd", &op_ledger_setup_type, &setup);
}

static const op_pool_number_t *s_assign(const char *number, const char *modem)
{
    op_number_change_t change = {
        .number = op_str(number), .change = OP_NUMBER_ASSIGN, .modem = op_str(modem)};
    return CORE_ASK(&s_core, NULL, number_change, &change, pool_number, OP_STEP_LEDGER_CHANGE);
}

static void s_assign_refused(const char *number, const char *modem)
{
    op_number_change_t change = {
        .number = op_str(number), .change = OP_NUMBER_ASSIGN, .modem = op_str(modem)};
    CORE_REFUSED(&s_core, NULL, number_change, &change, OP_ERROR_NOT_FOUND, OP_STEP_LEDGER_CHANGE);
}

static void s_receive_at(const char *modem, const char *line, const char *body)
{
    op_text_received_t text = {.line = op_str(line),
                               .from = OP_STR(PEER),
                               .body = op_str(body),
                               .received = s_core.now,
                               .stamped = s_core.now};
    core_tell(&s_core, modem, &op_text_received_type, &text);
}

static void test_nobody_takes_a_number_unasked(void **state)
{
    (void)state;
    s_begin_with_paris();
    op_context_t key = s_lease('a', s_first);
    s_line_at("modem-paris", NEW, true, true);
    assert_false(s_is_pooled(NEW));
    s_expect_code_line(SHARED);
    for (int up = 1; up >= 0; up--) { /* nor one whose line is down, or configured no more */
        static const char *const pool[] = {SHARED, FIRST, SECOND};
        for (size_t i = 0; i < OP_COUNT(pool); i++) {
            s_line_at("modem-paris", pool[i], true, true);
            s_line_at("modem-paris", pool[i], true, false);
            assert_true(op_str_is(s_pooled(pool[i])->modem, "modem"));
            assert_int_equal(s_pooled(pool[i])->up, up);
            s_line(pool[i], i == 0, false);
        }
    }
    s_gone(SECOND, "modem");
    s_line_at("modem-paris", SECOND, false, true);
    assert_true(op_str_is(s_pooled(SECOND)->modem, "modem"));
    s_send(&key, PEER);
    assert_int_equal(CORE_COUNT(&s_core, "modem", text_send), 1);
    assert_int_equal(CORE_COUNT(&s_core, "modem-paris", text_send), 0);
}

static void test_a_number_is_assigned(void **state)
{
    (void)state;
    s_begin_with_paris();
    s_assign_refused(NEW, "modem-rome");
    s_assign_refused(NEW, "ledger");
    s_assign_refused(NEW, "");
    s_assign_refused("14155550100", "modem-paris");
    s_assign_refused("+1415555", "modem-paris");
    const op_pool_number_t *number = s_assign(NEW, "modem-paris");
    assert_true(op_str_is(number->modem, "modem-paris"));
    assert_false(number->up || number->shared);
    assert_int_equal(CORE_COUNT(&s_core, "modem-paris", lines_ask), 1);
    s_by_id(OP_STEP_LEDGER_LEASE, 'a', s_pooled(NEW)->id, OP_ERROR_NUMBER_UNAVAILABLE);
    s_line_at("modem-paris", NEW, true, true);
    assert_true(s_pooled(NEW)->up);
    assert_false(s_pooled(NEW)->shared); /* which is the operator's to say */
    op_context_t key = s_lease('a', s_pooled(NEW)->id);
    s_send(&key, PEER);
    assert_int_equal(CORE_COUNT(&s_core, "modem-paris", text_send), 1);
    assert_true(s_assign(NEW, "modem-paris")->up); /* once more: nothing changes */
    core_restart(&s_core, true);
    assert_true(op_str_is(s_pooled(NEW)->modem, "modem-paris"));
}

static void test_a_modem_actor_becomes_trusted(void **state)
{
    (void)state;
    s_begin_with_paris();
    s_line_at("modem-paris", NEW, true, true);
    assert_false(s_is_pooled(NEW));
    op_ledger_setup_t setup = s_ledger_setup;
    setup.modems = setup.trusted = OP_STR("modem,modem-berlin,modem-paris");
    core_note(&s_core, "opd", &op_ledger_setup_type, &setup);
    assert_int_equal(CORE_COUNT(&s_core, "modem-paris", lines_ask), 1);
    s_line_at("modem-paris", NEW, true, true);
    assert_true(s_pooled(NEW)->up && s_pooled(NEW)->shared);
}

static void test_a_number_is_assigned_to_another(void **state)
{
    (void)state;
    s_begin_with_paris();
    op_context_t key = s_lease('a', s_first);
    assert_false(s_assign(FIRST, "modem-paris")->up);
    s_line(FIRST, false, false); /* the former one: its line is down, it says */
    assert_true(op_str_is(s_pooled(FIRST)->modem, "modem-paris"));
    s_line_at("modem-paris", FIRST, false, true);
    assert_true(s_pooled(FIRST)->up);
    s_send(&key, PEER); /* the lease goes on */
    assert_int_equal(CORE_COUNT(&s_core, "modem-paris", text_send), 1);
    /*  The SIM is back in a modem of one that is trusted. */
    s_line(FIRST, false, true);
    assert_true(op_str_is(s_pooled(FIRST)->modem, "modem"));
    s_line_at("modem-berlin", FIRST, false, true);
    assert_true(op_str_is(s_pooled(FIRST)->modem, "modem-berlin"));
    s_line(FIRST, false, false);
    assert_true(s_pooled(FIRST)->up);
    s_gone(FIRST, "modem-berlin");
    s_assign(FIRST, "modem-berlin"); /* once more, and then it has it again */
    s_line_at("modem-berlin", FIRST, false, true);
    s_by_id(OP_STEP_LEDGER_RELEASE, 'a', s_first, OP_OK);
    s_lease('b', s_first);
}

static void test_who_says_what_came_in(void **state)
{
    (void)state;
    s_begin_with_paris();
    op_context_t key = s_lease('a', s_first);
    s_receive_at("modem-paris", FIRST, "forged");
    assert_int_equal(s_inbox(&key, "forged"), 0);
    s_receive_at("modem-berlin", FIRST, "from where the SIM has been");
    assert_int_equal(s_inbox(&key, "from where the SIM has been"), 1);
    s_receive(FIRST, PEER, "from here");
    assert_int_equal(s_inbox(&key, "from here"), 1);
    const op_unclaimed_page_t *page = CORE_ASK(&s_core, NULL, page_find, &(op_page_find_t){{{0}}},
                                               unclaimed_page, OP_STEP_LEDGER_UNCLAIMED);
    assert_int_equal(page->texts.count, 1);
    assert_true(op_str_is(page->texts.at[0].body, "forged"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_link_that_is_down),
        TEST(test_a_line_that_is_configured_no_more),
        TEST(test_a_modem_host_that_is_configured_no_more),
        TEST(test_nobody_takes_a_number_unasked),
        TEST(test_a_number_is_assigned),
        TEST(test_a_modem_actor_becomes_trusted),
        TEST(test_a_number_is_assigned_to_another),
        TEST(test_who_says_what_came_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
