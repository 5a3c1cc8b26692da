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

/*  ---- refused ---- */

static const op_queued_view_t *s_look_at(char id)
{
    static const op_context_t context;
    op_queued_find_t find = {OP_STR(LINE), core_id(id)};
    return CORE_ASK(&s_core, &context, queued_find, &find, queued_view, OP_STEP_MODEM_QUEUED);
}

static void test_pauses_that_take_minutes(void **state)
{
    (void)state;
    static const int codes[] = {38, 21};
    for (size_t i = 0; i < OP_COUNT(codes); i++) {
        char answer[40], error[24];
        s_text((char)('a' + i), "hello");
        s_submitted();
        snprintf(answer, sizeof answer, "\r\n+CMS ERROR: %d\r\n", codes[i]);
        snprintf(error, sizeof error, "cms_error %d", codes[i]);
        tty_dialogue(&s_core, answer, "");
        s_expect_outcomes("");
        const op_queued_view_t *view = s_look_at((char)('a' + i));
        assert_true(op_str_is(view->last_error, error));
        assert_true(view->not_before == s_core.now + 2 * OP_MINUTE_MS);
        core_advance(&s_core, 2 * OP_MINUTE_MS - 1);
        tty_expect(&s_core, "");
        core_advance(&s_core, 1);
        s_submitted();
        tty_dialogue(&s_core, answer, "");
        s_expect_outcomes(codes[i] == 21 ? "b4:rejected_by_network" : ""); /* 21: once more */
        if (codes[i] == 38) {
            core_advance(&s_core, 2 * OP_MINUTE_MS);
            s_submitted();
            tty_dialogue(&s_core, "\r\n+CMGS: 1\r\n" OK, "");
            s_expect_outcomes("a3");
        }
    }
}

/*  After a restart the line has another modem, which says late what came of another line's text: it is
    no answer to what this line has in the air. */
static void test_another_modems_answer(void **state)
{
    (void)state;
    static const char *const late[] = {"\r\n+CMS ERROR: 41\r\n", "\r\n+CMGS: 5\r\n"};
    const op_str_t device = s_lines[0].device;
    for (size_t i = 0; i < OP_COUNT(late); i++) {
        s_teardown(NULL);
        s_setup_up(NULL);
        s_text('a', "hello");
        s_submitted();
        s_lines[0].device = OP_STR("/dev/other");
        core_restart(&s_core, false);
        s_lines[0].device = device;
        op_serial_opened_t opened = {0};
        core_note(&s_core, "serial", &op_serial_opened_type, &opened);
        tty_say(&s_core, late[i]);
        tty_say(&s_core, OK);
        core_advance(&s_core, 300);
        s_expect_outcomes("a4:unknown_outcome");
        assert_int_equal(s_queued(), 0);
    }
}

/*  Whoever operates it hears why, and never of whom. */
static void test_a_refusal_is_logged(void **state)
{
    (void)state;
    s_text('a', "hello");
    s_submitted();
    tty_say(&s_core, "\r\n+CMS ERROR: 29\r\n");
    assert_int_equal(s_core.out.log_count, 1);
    op_str_t line = s_core.out.logs[0];
    assert_non_null(memmem(line.at, line.size, "a text was refused", 18));
    assert_non_null(memmem(line.at, line.size, "cms_error 29", 12));
    assert_non_null(memmem(line.at, line.size, "rejected", 8));
    assert_null(memmem(line.at, line.size, "0777", 4));
    assert_false(s_core.out.warns[0]);
}

static void s_bar(char id)
{
    char outcome[20];
    s_text(id, "hello");
    s_submitted();
    tty_say(&s_core, "\r\n+CMS ERROR: 50\r\n");
    snprintf(outcome, sizeof outcome, "%c4:no_service", id);
    s_expect_outcomes(outcome);
}

/*  One recipient may be barred, several in a row are a SIM that may not send: then the line sends
    nothing for ten minutes at a time, says so until it may, and receives. */
static void test_a_barred_sim(void **state)
{
    (void)state;
    s_bar('a');
    s_bar('b');
    assert_true(op_str_is(s_health()->reason, ""));
    s_bar('c');
    assert_false(CORE_FIND(&s_core, "ledger", line_state, 0)->up);
    assert_true(s_core.out.warns[s_core.out.log_count - 1]);
    assert_true(op_str_is(s_health()->state, "up"));
    assert_true(op_str_is(s_health()->reason, "the network bars the SIM from sending"));
    s_text('d', "hello");
    tty_expect(&s_core, "");
    tty_dialogue(&s_core, "\r\n+CMTI: \"SM\",3\r\n", "AT+CMGR=3\r");
    tty_dialogue(&s_core, "\r\n+CMS ERROR: 321\r\n", "");
    core_advance(&s_core, 10 * OP_MINUTE_MS - 1);
    tty_expect(&s_core, "");
    core_advance(&s_core, 1);
    assert_true(CORE_FIND(&s_core, "ledger", line_state, 0)->up);
    s_submitted();
    tty_say(&s_core, "\r\n+CMS ERROR: 50\r\n"); /* still */
    s_expect_outcomes("d4:no_service");
    assert_false(CORE_FIND(&s_core, "ledger", line_state, 0)->up);
    s_text('e', "hello");
    core_advance(&s_core, 10 * OP_MINUTE_MS);
    s_submitted();
    tty_say(&s_core, "\r\n+CMGS: 1\r\n" OK);
    s_expect_outcomes("e3");
    assert_true(op_str_is(s_health()->reason, ""));
    s_bar('f'); /* the first of a new row */
    s_text('g', "hello");
    s_submitted();
}

/*  ---- nothing at all ---- */

/*  In the air, and then nothing: neither an answer nor, behind the drain, a late one. */
static void s_say_nothing_of(char id)
{
    s_text(id, "hello");
    s_submitted();
    core_advance(&s_core, SEND_TIMEOUT_MS);
    s_drain();
}

/*  It answers all else. Two such texts, and it is restarted; it works again when it takes one. */
static void test_a_modem_that_says_nothing_of_texts(void **state)
{
    (void)state;
    s_say_nothing_of('a');
    s_expect_outcomes("a4:unknown_outcome");
    s_say_nothing_of('b');
    s_expect_outcomes("b4:unknown_outcome");
    assert_true(op_str_starts(s_health()->reason, "the modem takes commands, but says nothing"));
    unsigned restarts = 0;
    for (char id = 'c'; !op_str_is(s_health()->state, "stopped"); id++) {
        assert_true(id < 'f');
        core_advance(&s_core, 60 * OP_SECOND_MS);
        op_serial_opened_t opened = {0};
        core_note(&s_core, "serial", &op_serial_opened_type, &opened);
        s_drain();
        tty_dialogue(&s_core, OK, ""); /* to AT+CFUN=1,1 */
        restarts++;
        core_advance(&s_core, 20 * OP_SECOND_MS);
        tty_bring_up(&s_core, 0);
        s_say_nothing_of(id);
    }
    assert_int_equal(restarts, 2);
    core_advance(&s_core, 10 * OP_MINUTE_MS);
    op_serial_opened_t opened = {0};
    core_note(&s_core, "serial", &op_serial_opened_type, &opened);
    s_drain();
    tty_dialogue(&s_core, OK, "");
    core_advance(&s_core, 20 * OP_SECOND_MS);
    tty_bring_up(&s_core, 0);
    s_text('x', "hello");
    s_submitted();
    tty_say(&s_core, "\r\n+CMGS: 1\r\n" OK);
    s_expect_outcomes("x3");
    assert_int_equal(s_health()->failures, 0);
}

/*  The same of one that opens no prompt: nothing was sent, and nothing is in doubt. */
static void test_a_modem_that_never_prompts(void **state)
{
    (void)state;
    s_text('a', "hello");
    s_expect_submit();
    core_advance(&s_core, 10000);
    s_drain();
    core_advance(&s_core, 5 * OP_SECOND_MS);
    s_expect_submit();
    core_advance(&s_core, 10000);
    assert_true(op_str_starts(s_health()->reason, "the modem takes commands, but says nothing"));
    assert_int_equal(s_queued(), 1);
}

/*  A +CMGS of a text whose outcome has been told is nobody's. */
static void test_a_late_answer_is_not_the_next_ones(void **state)
{
    (void)state;
    s_say_nothing_of('a');
    s_expect_outcomes("a4:unknown_outcome");
    s_text('b', "hello");
    s_expect_submit();
    tty_say(&s_core, "\r\n+CMGS: 77\r\n" OK);
    s_prompt();
    core_advance(&s_core, SEND_TIMEOUT_MS);
    s_drain();
    s_expect_outcomes("b4:unknown_outcome");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_UP(test_a_very_late_answer_settles),
        TEST_UP(test_a_modem_that_stays_silent),
        TEST_UP(test_an_answer_without_its_end),
        TEST_UP(test_pauses_that_take_minutes),
        TEST_UP(test_another_modems_answer),
        TEST_UP(test_a_refusal_is_logged),
        TEST_UP(test_a_barred_sim),
        TEST_UP(test_a_modem_that_says_nothing_of_texts),
        TEST_UP(test_a_modem_that_never_prompts),
        TEST_UP(test_a_late_answer_is_not_the_next_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
