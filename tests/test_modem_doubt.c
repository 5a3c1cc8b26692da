/*  The modem actor: what becomes of a part in doubt, and of one that is refused */

#include "tests/modem_fixture.h"

/*  The modem is silent for longer than a drain lasts, and answers all the same: it is asked on and
    on, with its tty open. */
static void test_a_very_late_answer_settles(void **state)
{
    (void)state;
    s_text('a', "hello");
    s_submitted();
    core_advance(&s_core, SEND_TIMEOUT_MS);
    int64_t begin = s_core.now;
    while (s_core.now < begin + SEND_TIMEOUT_MS - 10000) {
        core_advance(&s_core, 5000);
        assert_int_equal(CORE_COUNT(&s_core, "serial", serial_open), 0);
        assert_int_equal(CORE_COUNT(&s_core, "serial", serial_close), 0);
        const op_serial_bytes_t *wrote;
        for (size_t i = 0; (wrote = CORE_FIND(&s_core, "serial", serial_bytes, i)) != NULL; i++)
            assert_false(op_str_starts(wrote->bytes, "AT+CFUN"));
        s_expect_outcomes("");
    }
    tty_say(&s_core, "\r\n+CMGS: 99\r\n" OK OK);
    core_advance(&s_core, 300);
    s_expect_outcomes("a3");
    assert_int_equal(s_queued(), 0);
}

/*  Meanwhile the line carries nothing, and says so; and there is an end to it. */
static void test_a_modem_that_stays_silent(void **state)
{
    (void)state;
    s_text('a', "hello");
    s_submitted();
    core_advance(&s_core, SEND_TIMEOUT_MS);
    core_advance(&s_core, 10000);
    const op_line_state_t *told = CORE_FIND(&s_core, "ledger", line_state, 0);
    assert_non_null(told);
    assert_false(told->up);
    core_advance(&s_core, SEND_TIMEOUT_MS - 10001);
    assert_int_equal(CORE_COUNT(&s_core, "serial", serial_open), 0);
    core_advance(&s_core, 20000);
    assert_int_equal(CORE_COUNT(&s_core, "serial", serial_open), 1); /* the ladder, from here on */
    assert_int_equal(s_queued(), 1);
    s_core.now += 1000;
    op_serial_opened_t opened = {0};
    core_note(&s_core, "serial", &op_serial_opened_type, &opened);
    s_drain();
    s_expect_outcomes("a4:unknown_outcome");
}

/*  +CMGS proves it; its OK may get lost. */
static void test_an_answer_without_its_end(void **state)
{
    (void)state;
    s_text('a', "hello");
    s_submitted();
    tty_dialogue(&s_core, "\r\n+CMGS: 7\r\n", "");
    core_advance(&s_core, SEND_TIMEOUT_MS);
    s_expect_outcomes("a3");
    s_drain();
    s_text('b', "hello");
    s_submitted();
    tty_dialogue(&s_core, "\r\n+CMGS: 8\r\n", "");
    s_went_away();
    s_expect_outcomes("b3");
    assert_int_equal(s_queued(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_UP(test_a_very_late_answer_settles),
        TEST_UP(test_a_modem_that_stays_silent),
        TEST_UP(test_an_answer_without_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
