/*  The AT engine and time: deadlines, prompts, answers that come late, a line that is lost. */

#include "tests/at_fixture.h"

static void test_timeouts(void **state)
{
    static op_at_t at;
    op_buf_t got = {0};
    (void)state;
    s_clean(&at);
    assert_int_equal(op_at_deadline(&at), 0);

    /*  No prompt: ESC, nothing submitted, dirty. */
    op_at_start(&at, op_str("AT+CMGS=3"), op_str("+CMGS:"), op_str("001122"), 200000);
    assert_true(op_at_deadline(&at) == 1);
    (void)s_pull(&at, 1000, &got);
    assert_int_equal(op_at_deadline(&at), 1000 + OP_AT_PROMPT_MS);
    (void)s_pull(&at, 1000 + OP_AT_PROMPT_MS - 1, &got);
    s_is(&got, "write AT+CMGS=3|");
    (void)s_pull(&at, 1000 + OP_AT_PROMPT_MS, &got);
    s_is(&got, "escape|done no_prompt|");
    assert_true(op_at_dirty(&at));

    /*  A prompt that comes too late writes nothing. */
    (void)s_feed(&at, "\r\n> \r\nOK\r\n", 1, 20000, &got);
    s_is(&got, "notice 10 OK|");

    /*  No answer behind the payload: in doubt; an answer fed before the deadline counts after
     it. */
    op_at_free(&at);
    s_clean(&at);
    op_at_start(&at, op_str("AT+CMGS=3"), op_str("+CMGS:"), op_str("001122"), 200000);
    (void)s_pull(&at, 1000, &got);
    (void)s_feed(&at, "\r\n> ", 1, 1000, &got);
    assert_int_equal(op_at_deadline(&at), 200000);
    op_at_feed(&at, op_str("\r\n+CMGS: 7\r\n"));
    (void)s_pull(&at, 200000, &got);
    s_is(&got, "write AT+CMGS=3|payload 001122|done sent timeout [+CMGS: 7]|");
    op_at_free(&at);

    s_clean(&at);
    op_at_start(&at, op_str("AT"), op_str(""), op_str(""), 5000);
    (void)s_pull(&at, 1000, &got);
    op_at_feed(&at, op_str("\r\nOK\r\n"));
    (void)s_pull(&at, 9000, &got);
    s_is(&got, "write AT|done ok|");

    /*  Too late to begin: nothing is written. */
    op_at_start(&at, op_str("AT"), op_str(""), op_str(""), 5000);
    (void)s_pull(&at, 5000, &got);
    s_is(&got, "done timeout|");
    op_at_free(&at);
    op_buf_free(&got);
}

static void test_prompts(void **state)
{
    static op_at_t at;
    op_buf_t got = {0};
    (void)state;

    /*  Without its blank: a prompt when nothing follows. */
    s_clean(&at);
    op_at_start(&at, op_str("AT+CMGS=3"), op_str("+CMGS:"), op_str("001122"), 200000);
    (void)s_pull(&at, 1000, &got);
    (void)s_feed(&at, "\r\n>", 1, 1000, &got);
    s_is(&got, "write AT+CMGS=3|");
    assert_int_equal(op_at_deadline(&at), 1000 + OP_AT_QUIET_MS);
    (void)s_pull(&at, 1000 + OP_AT_QUIET_MS, &got);
    s_is(&got, "payload 001122|");
    (void)s_feed(&at, "\r\n+CMGS: 7\r\n\r\nOK\r\n", 3, 2000, &got);
    s_is(&got, "done sent ok [+CMGS: 7]|");
    op_at_free(&at);

    /*  Half a line is none. */
    s_clean(&at);
    op_at_start(&at, op_str("AT+CMGS=3"), op_str("+CMGS:"), op_str("001122"), 200000);
    (void)s_pull(&at, 1000, &got);
    (void)s_feed(&at, "\r\n>x", 1, 1000, &got);
    (void)s_pull(&at, 1000 + OP_AT_QUIET_MS, &got);
    s_is(&got, "write AT+CMGS=3|");
    op_at_free(&at);

    /*  Asked whether there is one: ESC, and nothing is sent. */
    s_clean(&at);
    op_at_ask_prompt(&at, op_str("AT+CMGS=17"), 200000);
    (void)s_pull(&at, 1000, &got);
    (void)s_feed(&at, "\r\n> ", 1, 1000, &got);
    s_is(&got, "write AT+CMGS=17|escape|done ok|");
    assert_true(op_at_dirty(&at));
    op_at_free(&at);
    s_clean(&at);
    op_at_ask_prompt(&at, op_str("AT+CMGS=17"), 200000);
    (void)s_pull(&at, 1000, &got);
    (void)s_feed(&at, "\r\nERROR\r\n", 1, 1000, &got);
    s_is(&got, "write AT+CMGS=17|done error|");
    op_at_free(&at);

    /*  A drain does not end with an open prompt. */
    s_clean(&at);
    op_at_drain(&at, 20000);
    (void)s_pull(&at, 1000, &got);
    (void)s_feed(&at, "\r\nOK\r\n\r\n> ", 1, 1000, &got);
    op_buf_clear(&got);
    (void)s_pull(&at, 1000 + OP_AT_QUIET_MS, &got);
    assert_true(got.size > 0); /* ESC and AT again */
    assert_true(op_at_busy(&at));
    (void)s_feed(&at, "\r\nOK\r\n", 1, 2000, &got);
    (void)s_pull(&at, 2000 + OP_AT_QUIET_MS, &got);
    assert_false(op_at_busy(&at));
    assert_false(op_at_dirty(&at));
    op_at_free(&at);
    op_buf_free(&got);
}

/*  The answer of a command that timed out is not the next one's. */
static void test_late(void **state)
{
    static op_at_t at;
    op_buf_t got = {0};
    (void)state;
    s_clean(&at);
    op_at_start(&at, op_str("AT+CMGS=3"), op_str("+CMGS:"), op_str("001122"), 60000);
    (void)s_pull(&at, 1000, &got);
    (void)s_feed(&at, "\r\n> ", 1, 1000, &got);
    (void)s_pull(&at, 60000, &got);
    s_is(&got, "write AT+CMGS=3|payload 001122|done sent timeout|");

    /*  Idle, it is told. */
    (void)s_feed(&at, "\r\n+CMGS: 9\r\n\r\nOK\r\n", 1, 61000, &got);
    s_is(&got, "notice 10 +CMGS: 9|notice 10 OK|");
    assert_int_equal(at.late, 2);

    /*  The next command drains first: ESC and AT, AT again, and the late answer in the middle. */
    op_at_start(&at, op_str("AT+CMGS=3"), op_str("+CMGS:"), op_str("003344"), 120000);
    (void)s_pull(&at, 62000, &got);
    s_is(&got, "write ESC|");
    assert_int_equal(op_at_deadline(&at), 62000 + OP_AT_DRAIN_RETRY_MS);
    (void)s_pull(&at, 62000 + OP_AT_DRAIN_RETRY_MS, &got);
    s_is(&got, "write AT|");
    (void)s_feed(&at, "AT\r\r\n+CMGS: 9\r\n\r\nOK\r\n", 1, 63100, &got);
    s_is(&got, "notice 10 +CMGS: 9|");
    (void)s_feed(&at, "\r\n+CMS ERROR: 500\r\n\r\nOK\r\n", 1, 63000 + OP_AT_QUIET_MS, &got);
    s_is(&got, "notice 10 +CMS ERROR: 500|");
    (void)s_pull(&at, 63000 + 2 * OP_AT_QUIET_MS - 1, &got);
    s_is(&got, "");
    (void)s_pull(&at, 63000 + 2 * OP_AT_QUIET_MS, &got);
    s_is(&got, "write AT+CMGS=3|");
    assert_false(op_at_dirty(&at));
    (void)s_feed(&at, "\r\n> ", 1, 64000, &got);
    (void)s_feed(&at, "\r\n+CMGS: 10\r\n\r\nOK\r\n", 1, 64000, &got);
    s_is(&got, "payload 003344|done sent ok [+CMGS: 10]|");

    /*  An answer that is said twice ends no other command, not even one that waits for its
        prompt. */
    op_at_start(&at, op_str("AT+CMGR=1"), op_str("+CMGR:"), op_str(""), 66000);
    (void)s_pull(&at, 64000, &got);
    (void)s_feed(&at, "\r\n+CMGS: 10\r\n\r\nOK\r\n", 1, 64000, &got);
    s_is(&got, "write AT+CMGR=1|notice 10 +CMGS: 10|notice 10 OK|");
    (void)s_feed(&at, "\r\n+CMGR: 0,,20\r\n" PDU "\r\n\r\nOK\r\n", 1, 64000, &got);
    s_is(&got, "done ok [+CMGR: 0,,20][" PDU "]|");
    op_at_start(&at, op_str("AT+CMGS=3"), op_str("+CMGS:"), op_str("003344"), 120000);
    (void)s_pull(&at, 64000, &got);
    (void)s_feed(&at, "\r\n+CMGS: 10\r\n\r\nOK\r\n\r\n> ", 1, 64000, &got);
    (void)s_feed(&at, "\r\n+CMGS: 11\r\n\r\nOK\r\n", 1, 64000, &got);
    s_is(&got, "write AT+CMGS=3|notice 10 +CMGS: 10|notice 10 OK|payload 003344|"
               "done sent ok [+CMGS: 11]|");

    /*  Another command's answer: the two are out of step. */
    assert_false(op_at_dirty(&at));
    op_at_start(&at, op_str("AT+CMGD=1"), op_str(""), op_str(""), 66000);
    (void)s_pull(&at, 64000, &got);
    (void)s_feed(&at, "\r\n+CMGR: 0,,20\r\n" PDU "\r\n\r\nOK\r\n", 1, 64000, &got);
    got.size = 0;
    assert_true(op_at_dirty(&at));

    /*  A silent modem: the drain ends at its deadline, the line stays dirty. */
    op_at_drain(&at, 70000);
    (void)s_pull(&at, 69500, &got);
    (void)s_pull(&at, 70000, &got);
    s_is(&got, "write ESC|done timeout|");
    assert_true(op_at_dirty(&at));
    op_at_free(&at);
    op_buf_free(&got);
}

static void test_reset(void **state)
{
    static op_at_t at;
    op_buf_t got = {0};
    (void)state;
    s_clean(&at);
    op_at_start(&at, op_str("AT+CMGS=3"), op_str("+CMGS:"), op_str("001122"), 60000);
    (void)s_pull(&at, 1000, &got);
    (void)s_feed(&at, "\r\n> ", 1, 1000, &got);
    (void)s_feed(&at, "\r\n+CMT: ,19\r\n\r\n+CM", 1, 1000, &got);
    op_at_reset(&at);
    (void)s_pull(&at, 1001, &got);
    s_is(&got, "write AT+CMGS=3|payload 001122|done sent lost|");
    assert_true(op_at_dirty(&at));
    assert_false(op_at_busy(&at));
    (void)s_feed(&at, "TI: \"SM\",1\r\n", 1, 1002, &got);
    s_is(&got, "");
    op_at_free(&at);
    op_at_free(&at);
    op_buf_free(&got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_timeouts),
        cmocka_unit_test(test_prompts),
        cmocka_unit_test(test_late),
        cmocka_unit_test(test_reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
