/*  The modem actor: who a SIM is, and its PIN */

#include "tests/modem_fixture.h"

/*  The modem shows no ICCID, in none of the ways that are known: what asks for it next. */
static void s_show_no_iccid(uint64_t line, const char *answer)
{
    enum { WAYS = 9 };
    tty_set_up_until(&s_core, line, "AT+CCID");
    for (size_t i = 0; i < WAYS; i++)
        tty_say_on(&s_core, line, answer);
}

static void s_with_pin(void)
{
    s_teardown(NULL);
    s_lines[0].pin = OP_STR("4711");
    s_setup(NULL);
    s_lines[0].pin = (op_str_t){0};
    tty_open(&s_core, 0);
}

static void test_the_pin_is_durable_before_it_leaves(void **state)
{
    (void)state;
    s_with_pin();
    tty_set_up_until(&s_core, 0, "AT+CPIN?");
    tty_dialogue(&s_core, "\r\n+CPIN: SIM PIN\r\n" OK, "AT+CPIN=\"4711\"\r");
    assert_int_equal(drive_rows(s_core.store, "modem/W"), 2); /* the SIM's and the modem's */
    assert_false(core_store_holds(&s_core, "modem/W", OP_STR("4711")));
    tty_say(&s_core, "\r\n+CME ERROR: 16\r\n");
    tty_expect(&s_core, "");
    for (size_t i = 0; i < s_core.out.log_count; i++)
        assert_null(strstr(s_core.out.logs[i].at, "4711"));
    assert_int_equal(drive_rows(s_core.store, "modem/W"), 2); /* the SIM's and the modem's */
}

/*  A try that was made while the ICCID could not be read counts for the SIM that can be read now. */
static void test_a_pin_is_tried_once_whatever_is_known_of_the_sim(void **state)
{
    (void)state;
    s_with_pin();
    s_show_no_iccid(0, "\r\n+CME ERROR: 11\r\n"); /* some show it of an open SIM only */
    tty_expect(&s_core, "AT+CPIN?\r");
    tty_dialogue(&s_core, "\r\n+CPIN: SIM PIN\r\n" OK, "AT+CPIN=\"4711\"\r");
    s_went_away();
    core_advance(&s_core, 1000);
    tty_open(&s_core, 0);
    tty_set_up_until(&s_core, 0, "AT+CPIN?"); /* with its ICCID */
    tty_dialogue(&s_core, "\r\n+CPIN: SIM PIN\r\n" OK, "");
    assert_true(op_str_starts(s_health()->reason, "the SIM did not take the configured PIN"));
}

/*  And the other way round: it may be the SIM that was in this modem then. */
static void test_a_pin_that_was_tried_on_a_known_sim(void **state)
{
    (void)state;
    s_with_pin();
    tty_set_up_until(&s_core, 0, "AT+CPIN?");
    tty_dialogue(&s_core, "\r\n+CPIN: SIM PIN\r\n" OK, "AT+CPIN=\"4711\"\r");
    s_went_away();
    core_advance(&s_core, 1000);
    tty_open(&s_core, 0);
    s_show_no_iccid(0, "\r\n+CME ERROR: 11\r\n");
    tty_dialogue(&s_core, "\r\n+CPIN: SIM PIN\r\n" OK, "");
    assert_true(op_str_starts(s_health()->reason, "the SIM did not take the configured PIN"));
}

static void test_a_pin_is_not_tried_on_nobody_knows_whom(void **state)
{
    (void)state;
    s_with_pin();
    tty_set_up_until(&s_core, 0, "AT+CGSN");
    tty_say(&s_core, "\r\nERROR\r\n");
    s_show_no_iccid(0, "\r\nERROR\r\n");
    tty_dialogue(&s_core, "\r\n+CPIN: SIM PIN\r\n" OK, "");
    assert_true(op_str_starts(s_health()->reason, "the SIM asks for its PIN, and nothing says"));
}

/*  Nothing is done to a SIM before it is known whose it is. */
static void test_a_sim_that_is_busy_when_asked_who_it_is(void **state)
{
    (void)state;
    tty_open(&s_core, 0);
    tty_set_up_until(&s_core, 0, "AT+CCID");
    tty_dialogue(&s_core, "\r\n+CME ERROR: 14\r\n", "");
    assert_true(op_str_is(s_health()->reason, "the SIM is busy"));
    core_advance(&s_core, 2000);
    tty_expect(&s_core, "AT+CCID\r");
    tty_dialogue(&s_core, "\r\n+CCID: 89014103211118510720\r\n" OK, "AT+CPIN?\r");
    assert_true(op_str_is(s_health()->iccid, "89014103211118510720"));
}

/*  It is asked again when the SIM is open, and by a line that is up. */
static void test_a_sim_that_is_shown_late(void **state)
{
    (void)state;
    s_teardown(NULL);
    s_modem_setup.check_ms = OP_MINUTE_MS;
    s_setup(NULL);
    s_modem_setup.check_ms = 0;
    tty_open(&s_core, 0);
    for (size_t place = 0; place < 2; place++)
        s_show_no_iccid(0, "\r\nERROR\r\n");
    tty_expect(&s_core, "AT+CIMI\r");
    tty_set_up_until(&s_core, 0, "AT+CPMS=\"SR\"");
    tty_say(&s_core, "\r\n+CMS ERROR: 302\r\n");
    core_advance(&s_core, OP_MINUTE_MS);
    tty_expect(&s_core, "AT+CCID\r");
    tty_dialogue(&s_core, "\r\n+CCID: 89014103211118510720\r\n" OK, "AT+CIMI\r");
    assert_true(core_store_holds(&s_core, "modem/B", OP_STR("89014103211118510720")));
}

/*  Then it is known by its IMSI: another number's is not used. */
static void test_a_sim_that_is_never_shown(void **state)
{
    (void)state;
    static const op_context_t context;
    s_teardown(NULL);
    s_modem_setup.lines.count = 2;
    core_open(&s_core, &op_modem_class, &op_modem_setup_type, &s_modem_setup);
    tty_bring_up(&s_core, 0);
    tty_open(&s_core, 1);
    for (size_t place = 0; place < 2; place++)
        s_show_no_iccid(1, "\r\nERROR\r\n");
    tty_expect_on(&s_core, 1, "AT+CIMI\r");
    tty_say_on(&s_core, 1, tty_answer_to(0, "AT+CIMI"));
    const op_lines_health_t *all =
        CORE_ASK(&s_core, &context, nothing, &(op_nothing_t){0}, lines_health, OP_STEP_MODEM_LINES);
    assert_true(op_str_is(all->lines.at[1].reason, "its SIM is that of another number"));
    core_advance(&s_core, 2 * OP_MINUTE_MS);
    tty_open(&s_core, 1);
    for (size_t place = 0; place < 2; place++)
        s_show_no_iccid(1, "\r\nERROR\r\n");
    tty_say_on(&s_core, 1, "\r\n310260123456780\r\n" OK); /* its own */
    tty_expect_on(&s_core, 1, "AT+CFUN?\r");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_pin_is_durable_before_it_leaves),
        TEST(test_a_pin_is_tried_once_whatever_is_known_of_the_sim),
        TEST(test_a_pin_that_was_tried_on_a_known_sim),
        TEST(test_a_pin_is_not_tried_on_nobody_knows_whom),
        TEST(test_a_sim_that_is_busy_when_asked_who_it_is),
        TEST(test_a_sim_that_is_shown_late),
        TEST(test_a_sim_that_is_never_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
