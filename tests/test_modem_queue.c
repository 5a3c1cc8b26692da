/*  The modem actor: many texts that wait. Paused ones block nobody, old ones end in time */

#include "tests/modem_fixture.h"

#define GOOD "+14155550999"

enum { BAD = 120 };

static void s_refuse_all(void)
{
    s_text(1, "bad");
    s_submitted();
    for (size_t i = 1; i < BAD; i++)
        s_text((char)(i + 1), "bad");
    for (size_t i = 0; i < BAD; i++) {
        if (i)
            s_submitted();
        tty_say(&s_core, "\r\n+CMS ERROR: 27\r\n");
    }
    tty_expect(&s_core, "");
}

static void test_many_bad_numbers_block_nobody(void **state)
{
    (void)state;
    s_refuse_all();
    s_queue("ledger", LINE, 'z', GOOD, "good");
    op_pdu_t pdu = s_submitted();
    s_expect_text(&pdu, GOOD, "good");
    tty_dialogue(&s_core, "\r\n+CMGS: 1\r\n" OK, "");
    assert_int_equal(s_queued(), BAD);
}

/*  They come back when their time has come, in their old order, before what was queued after them.
    */
static void test_paused_texts_come_back(void **state)
{
    (void)state;
    s_refuse_all();
    core_restart(&s_core, true);
    s_core.now += 5000;
    s_queue("ledger", LINE, (char)(BAD + 1), GOOD, "good");
    tty_bring_up(&s_core, 0);
    for (size_t i = 0; i < BAD; i++) {
        op_pdu_t pdu = s_submitted();
        s_expect_text(&pdu, PEER, "bad");
        tty_say(&s_core, "\r\n+CMGS: 1\r\n" OK);
        const op_text_outcome_t *outcome = CORE_FIND(&s_core, "ledger", text_outcome, 0);
        assert_int_equal((unsigned char)outcome->text.bytes[0], i + 1);
    }
    op_pdu_t pdu = s_submitted();
    s_expect_text(&pdu, GOOD, "good");
    tty_dialogue(&s_core, "\r\n+CMGS: 1\r\n" OK, "");
    assert_int_equal(s_queued(), 0);
}

/*  The clock is set back by a day while they wait: nothing pauses for so long. */
static void test_paused_texts_and_the_clock(void **state)
{
    (void)state;
    s_text('a', "hello");
    s_submitted();
    tty_dialogue(&s_core, "\r\n+CMS ERROR: 27\r\n", "");
    s_core.now -= OP_DAY_MS;
    core_restart(&s_core, true);
    tty_bring_up(&s_core, 0);
    s_submitted();
}

static void test_a_paused_text_is_cancelled(void **state)
{
    (void)state;
    s_text('a', "hello");
    s_submitted();
    tty_dialogue(&s_core, "\r\n+CMS ERROR: 27\r\n", "");
    op_text_cancel_t cancel = {.scope = core_id('S'), .line = OP_STR(LINE)};
    core_tell(&s_core, "ledger", &op_text_cancel_type, &cancel);
    s_expect_outcomes("a4:released");
    assert_int_equal(s_queued(), 0);
}

/*  However many wait before it, for longer. */
static void test_a_text_expires_wherever_it_waits(void **state)
{
    (void)state;
    for (size_t i = 0; i < 250; i++)
        s_text('a', "patient");
    op_text_send_t text = {.text = core_id('z'),
                           .scope = core_id('S'),
                           .line = OP_STR(LINE),
                           .to = OP_STR(PEER),
                           .body = OP_STR("urgent"),
                           .expires = s_core.now + OP_MINUTE_MS};
    core_tell(&s_core, "ledger", &op_text_send_type, &text);
    size_t told = 0;
    for (int i = 0; i < 12; i++) { /* looked at every ten seconds, a hundred at a time */
        core_advance(&s_core, 10000);
        told += CORE_COUNT(&s_core, "ledger", text_outcome);
    }
    assert_int_equal(told, 1);
    assert_int_equal(s_queued(), 250);
}

static void test_a_paused_text_expires(void **state)
{
    (void)state;
    s_refuse_all();
    s_went_away();
    size_t told = 0;
    s_core.now += OP_HOUR_MS;
    for (int i = 0; i < 3; i++) {
        core_advance(&s_core, 10000);
        told += CORE_COUNT(&s_core, "ledger", text_outcome);
    }
    assert_int_equal(told, BAD);
    assert_int_equal(s_queued(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_UP(test_many_bad_numbers_block_nobody), TEST_UP(test_paused_texts_come_back),
        TEST_UP(test_paused_texts_and_the_clock),    TEST_UP(test_a_paused_text_is_cancelled),
        TEST(test_a_text_expires_wherever_it_waits), TEST_UP(test_a_paused_text_expires),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
