/*  The modem actor: texts out. Sent once, in doubt, refused, late, cancelled */

#include "tests/modem_fixture.h"

/*  150 characters are one part, 400 are three. */
static const char *s_long(void)
{
    static char body[401];
    for (size_t i = 0; i < sizeof body - 1; i++)
        body[i] = (char)('a' + i % 26);
    return body;
}

/*  ---- sending ---- */

static void test_one_part(void **state)
{
    (void)state;
    s_text('a', "hello");
    s_expect_outcomes("a2");
    op_pdu_t pdu = s_submitted();
    s_expect_text(&pdu, PEER, "hello");
    assert_false(pdu.user.concat.present);
    assert_int_equal(s_queued(), 1);
    tty_dialogue(&s_core, "\r\n+CMGS: 17\r\n" OK, "");
    s_expect_outcomes("a3");
    assert_int_equal(s_queued(), 0);
    core_restart(&s_core, true);
    tty_bring_up(&s_core, 0);
    tty_expect(&s_core, ""); /* never again */
}

static void test_many_parts(void **state)
{
    (void)state;
    op_sms_piece_t pieces[3];
    op_pdu_t pdus[3];
    op_buf_t text = {0};
    s_text('a', s_long());
    for (size_t i = 0; i < 3; i++) {
        pdus[i] = s_submitted();
        assert_true(pdus[i].user.concat.present);
        assert_int_equal(pdus[i].user.concat.total, 3);
        assert_int_equal(pdus[i].user.concat.sequence, i + 1);
        assert_int_equal(pdus[i].user.concat.reference, pdus[0].user.concat.reference);
        pieces[i] = op_sms_piece(&pdus[i].user);
        tty_say(&s_core, "\r\n+CMGS: 17\r\n" OK);
        s_expect_outcomes(i == 2 ? "a3" : "");
    }
    assert_int_equal(op_sms_join(pieces, 3, &text), OP_SMS_OK);
    assert_true(op_str_is(op_buf_str(&text), s_long()));
    op_buf_free(&text);
    s_text('b', s_long()); /* the next long text has another reference */
    op_pdu_t next = s_submitted();
    assert_int_not_equal(next.user.concat.reference, pdus[0].user.concat.reference);
}

static void test_a_restart_between_two_parts(void **state)
{
    (void)state;
    s_text('a', s_long());
    s_submitted();
    tty_say(&s_core, "\r\n+CMGS: 17\r\n" OK);
    s_expect_submit(); /* the second is durably in the air; the prompt never comes */
    core_restart(&s_core, true);
    tty_bring_up(&s_core, 0);
    tty_expect(&s_core, ""); /* nobody knows: unknown_outcome, told when the line was drained */
    assert_int_equal(s_queued(), 0);
}

/*  The row that says "in the air" is durable before the command leaves. */
static void test_nothing_is_submitted_before_it_is_durable(void **state)
{
    (void)state;
    op_text_send_t text = {.text = core_id('a'),
                           .line = OP_STR(LINE),
                           .to = OP_STR(PEER),
                           .body = OP_STR("hello"),
                           .expires = s_core.now + OP_HOUR_MS};
    op_envelope_t envelope = {
        .kind = OP_FRAME_TELL, .from = OP_STR("ledger"), .to = OP_STR("modem"), .sequence = 1};
    op_str_t to, frame;
    op_store_memory_fail_after(s_core.store, 0);
    drive_receive(s_core.actor, &envelope, &op_text_send_type, &text, s_core.now);
    assert_int_equal(op_actor_commit(s_core.actor), -1);
    assert_false(op_actor_next(s_core.actor, &to, &frame));
    core_restart(&s_core, true);
    tty_bring_up(&s_core, 0);
    tty_expect(&s_core, "");

    s_text('b', "hello");
    s_expect_submit(); /* it has left, so it is durable: a power cut finds it in doubt */
    core_restart(&s_core, true);
    assert_int_equal(s_queued(), 1);
    op_serial_opened_t opened = {0};
    core_note(&s_core, "serial", &op_serial_opened_type, &opened);
    s_drain();
    s_expect_outcomes("b4:unknown_outcome");
    assert_int_equal(s_queued(), 0);
}

static void test_codes_go_first(void **state)
{
    (void)state;
    s_text('a', "in the air");
    s_expect_submit();
    s_text('b', "waits");
    s_queue("auth", LINE, 'c', PEER, "123456 is your OP code");
    s_queue("auth", LINE, 'd', PEER, "654321 is your OP code");
    s_prompt();
    static const char order[] = {'c', 'd', 'b'};
    for (size_t i = 0; i < sizeof order; i++) {
        char expected[8];
        tty_say(&s_core, "\r\n+CMGS: 1\r\n" OK);
        snprintf(expected, sizeof expected, "%c2", order[i]);
        s_expect_outcomes_to(order[i] == 'b' ? "ledger" : "auth", i == 1 ? "c3 d2" : expected);
        s_submitted();
    }
}

static void test_texts_that_cannot_be_sent(void **state)
{
    (void)state;
    s_queue("ledger", OTHER, 'a', PEER, "no such line");
    s_expect_outcomes("a4:no_service");
    s_queue("ledger", LINE, 'b', PEER, "\xff\xfe");
    s_expect_outcomes("b4:not_sendable");
    assert_int_equal(s_queued(), 0);
    tty_expect(&s_core, "");
}

/*  ---- refused ---- */

static void test_refused_before_the_pdu(void **state)
{
    (void)state;
    static const char *const answers[] = {"\r\nERROR\r\n", "\r\n+CMS ERROR: 302\r\n",
                                          "\r\n+CMS ERROR: 500\r\n", "\r\n+CME ERROR: 100\r\n"};
    for (size_t i = 0; i < OP_COUNT(answers); i++) {
        s_text((char)('a' + i), "hello");
        s_expect_submit();
        tty_dialogue(&s_core, answers[i], "");
        s_expect_outcomes(""); /* nothing left: tried again */
        core_advance(&s_core, 4999);
        tty_expect(&s_core, "");
        core_advance(&s_core, 1);
        s_submitted();
        tty_say(&s_core, "\r\n+CMGS: 1\r\n" OK);
        assert_int_equal(CORE_COUNT(&s_core, "ledger", text_outcome), 1);
    }
}

static void test_no_prompt(void **state)
{
    (void)state;
    s_text('a', "hello");
    s_expect_submit();
    core_advance(&s_core, 9999);
    tty_expect(&s_core, "");
    core_advance(&s_core, 1);
    tty_expect(&s_core, "\x1b\x1b"
                        "AT\r"); /* taken back, then drained */
    s_drain();
    s_expect_outcomes("");
    core_advance(&s_core, 5000);
    s_submitted();
    tty_say(&s_core, "\r\n+CMGS: 1\r\n" OK);
    s_expect_outcomes("a3");
}

static void test_each_class_of_refusal(void **state)
{
    (void)state;
    static const struct {
        const char *answer, *outcome; /* NULL: tried again */
    } table[] = {
        {"+CMS ERROR: 29", "a4:rejected_by_network"},
        {"+CMS ERROR: 21", NULL}, /* once */
        {"+CMS ERROR: 8", "a4:no_service"},
        {"+CMS ERROR: no network service", NULL},
        {"+CMS ERROR: Unknown Subscriber", "a4:unreachable"},
        {"+CMS ERROR: out of cheese", "a4:unknown_outcome"},
        {"+CMS ERROR: 304", "a4:rejected_by_network"},
        {"+CMS ERROR: 1", "a4:unreachable"},
        {"+CMS ERROR: 27", NULL},
        {"+CMS ERROR: 197", "a3"}, /* the service centre has it: sent */
        {"+CMS ERROR: 332", "a4:unknown_outcome"},
        {"+CMS ERROR: 500", "a4:unknown_outcome"},
        {"+CMS ERROR: 515", "a4:unknown_outcome"},
        {"ERROR", "a4:unknown_outcome"},
        {"OK", "a4:unknown_outcome"}, /* without +CMGS it may be another command's */
        {"+CME ERROR: 100", "a4:unknown_outcome"},
        {"+CMS ERROR: 41", NULL},
        {"+CMS ERROR: 331", NULL},
        {"+CMS ERROR: 192", NULL},
        {"+CME ERROR: 30", NULL},
    };
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        s_teardown(NULL);
        s_setup_up(NULL);
        char answer[60];
        s_text('a', "hello");
        s_submitted();
        snprintf(answer, sizeof answer, "\r\n%s\r\n", table[i].answer);
        tty_dialogue(&s_core, answer, "");
        s_expect_outcomes(table[i].outcome ? table[i].outcome : "");
        assert_int_equal(s_queued(), table[i].outcome ? 0 : 1);
    }
}

static void test_tries_are_bounded(void **state)
{
    (void)state;
    static const int64_t pauses[] = {5000, 30000, 120000, 300000, 600000};
    s_text('a', "hello");
    s_submitted();
    for (size_t i = 0; i < OP_COUNT(pauses); i++) {
        tty_dialogue(&s_core, "\r\n+CMS ERROR: 41\r\n", "");
        s_expect_outcomes("");
        core_advance(&s_core, pauses[i] - 1);
        tty_expect(&s_core, "");
        if (i == 2) { /* the count outlives a restart */
            core_restart(&s_core, true);
            tty_bring_up(&s_core, 0);
        } else
            core_advance(&s_core, 1);
        s_submitted();
    }
    tty_dialogue(&s_core, "\r\n+CMS ERROR: 41\r\n", "");
    s_expect_outcomes("a4:no_service");
}

static void test_a_bad_number_blocks_nobody(void **state)
{
    (void)state;
    s_text('a', "bad");
    s_submitted();
    s_text('b', "good");
    tty_say(&s_core, "\r\n+CMS ERROR: 41\r\n");
    s_expect_outcomes("b2");
    s_submitted();
    tty_dialogue(&s_core, "\r\n+CMGS: 1\r\n" OK, "");
    s_expect_outcomes("b3");
    core_advance(&s_core, 5000);
    s_expect_submit();
}

/*  ---- in doubt ---- */

static void test_a_late_answer_settles(void **state)
{
    (void)state;
    s_text('a', "hello");
    s_submitted();
    core_advance(&s_core, SEND_TIMEOUT_MS - 1);
    tty_expect(&s_core, "");
    s_expect_outcomes("");
    core_advance(&s_core, 1);
    tty_expect(&s_core, "\x1b"
                        "AT\r");
    s_expect_outcomes("");
    tty_dialogue(&s_core, "\r\n+CMGS: 99\r\n" OK OK, "");
    core_advance(&s_core, 300);
    s_expect_outcomes("a3");
    assert_int_equal(s_queued(), 0);
}

static void test_no_answer_at_all(void **state)
{
    (void)state;
    s_text('a', "hello");
    s_submitted();
    core_advance(&s_core, SEND_TIMEOUT_MS);
    s_drain();
    s_expect_outcomes("a4:unknown_outcome");
    s_text('b', "the next"); /* the line goes on */
    s_submitted();
    tty_say(&s_core, "\r\n+CMGS: 1\r\n" OK);
    s_expect_outcomes("b3");
}

static void test_a_code_in_doubt_is_sent_again(void **state)
{
    (void)state;
    s_queue("auth", LINE, 'c', PEER, "123456 is your OP code");
    s_expect_outcomes_to("auth", "c2");
    s_submitted();
    core_advance(&s_core, SEND_TIMEOUT_MS);
    s_drain();
    s_expect_outcomes_to("auth", "");
    core_advance(&s_core, 5000);
    s_expect_outcomes_to("auth", "");
    s_submitted();
    tty_say(&s_core, "\r\n+CMS ERROR: 500\r\n");
    core_advance(&s_core, 30000);
    op_pdu_t pdu = s_submitted();
    s_expect_text(&pdu, PEER, "123456 is your OP code");
    tty_say(&s_core, "\r\n+CMGS: 1\r\n" OK);
    s_expect_outcomes_to("auth", "c3");
}

static void test_every_text_is_sent_again_where_told_so(void **state)
{
    (void)state;
    s_teardown(NULL);
    s_modem_setup.resend_unknown = true;
    core_open(&s_core, &op_modem_class, &op_modem_setup_type, &s_modem_setup);
    tty_bring_up(&s_core, 0);
    s_text('a', "hello");
    s_submitted();
    core_advance(&s_core, SEND_TIMEOUT_MS);
    s_drain();
    s_expect_outcomes("");
    core_advance(&s_core, 5000);
    s_submitted();
}

static void test_a_hang_up_while_sending(void **state)
{
    (void)state;
    static const struct {
        bool prompted;
        const char *late, *outcome; /* NULL: sent again */
    } table[] = {
        {false, "", NULL}, /* the PDU never left */
        {true, "", "a4:unknown_outcome"},
        {true, "\r\n+CMGS: 5\r\n", "a3"}, /* the answer still lay in the tty */
    };
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        s_teardown(NULL);
        s_setup_up(NULL);
        s_text('a', "hello");
        s_expect_submit();
        if (table[i].prompted)
            s_prompt();
        s_went_away();
        s_expect_outcomes("");
        core_advance(&s_core, 1000);
        op_serial_opened_t opened = {0};
        core_note(&s_core, "serial", &op_serial_opened_type, &opened);
        tty_say(&s_core, table[i].late);
        s_drain();
        s_expect_outcomes(table[i].outcome ? table[i].outcome : "");
        assert_int_equal(s_queued(), table[i].outcome ? 0 : 1);
    }
}

static void test_a_restart_with_a_part_in_the_air(void **state)
{
    (void)state;
    static const struct {
        const char *owner, *late, *outcome; /* NULL: sent again */
    } table[] = {{"ledger", "", "a4:unknown_outcome"},
                 {"ledger", "\r\n+CMGS: 5\r\n", "a3"},
                 {"auth", "", NULL},
                 {"auth", "\r\n+CMGS: 5\r\n", "a3"}};
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        s_teardown(NULL);
        s_setup_up(NULL);
        s_queue(table[i].owner, LINE, 'a', PEER, "hello");
        s_submitted();
        core_restart(&s_core, false);
        s_expect_outcomes_to(table[i].owner, ""); /* not before the line is drained */
        op_serial_opened_t opened = {0};
        core_note(&s_core, "serial", &op_serial_opened_type, &opened);
        tty_say(&s_core, table[i].late);
        s_drain();
        s_expect_outcomes_to(table[i].owner, table[i].outcome ? table[i].outcome : "");
        assert_int_equal(s_queued(), table[i].outcome ? 0 : 1);
    }
}

/*  ---- too late, not wanted any more, about to stop ---- */

static void test_texts_expire(void **state)
{
    (void)state;
    s_went_away();
    s_text('a', "waits for its line");
    core_advance(&s_core, OP_HOUR_MS - 1);
    s_expect_outcomes("");
    core_advance(&s_core, 10001); /* looked at every ten seconds */
    s_expect_outcomes("a4:expired");
    assert_int_equal(s_queued(), 0);
}

static void test_a_text_in_the_air_does_not_expire(void **state)
{
    (void)state;
    s_text('a', "hello");
    s_submitted();
    s_text('b', "waits");
    core_advance(&s_core, SEND_TIMEOUT_MS - 1);
    s_expect_outcomes("");
    tty_say(&s_core, "\r\n+CMS ERROR: 41\r\n");
    s_submitted(); /* b */
    s_went_away();
    core_advance(&s_core, OP_HOUR_MS + 10000);
    s_expect_outcomes("a4:expired b4:unknown_outcome");
}

static void test_cancelling(void **state)
{
    (void)state;
    s_text('a', "in the air");
    s_submitted();
    s_text('b', "waits");
    s_text('c', "waits");
    op_text_send_t others = {.text = core_id('d'),
                             .scope = core_id('T'),
                             .line = OP_STR(LINE),
                             .to = OP_STR(PEER),
                             .body = OP_STR("another's"),
                             .expires = s_core.now + OP_HOUR_MS};
    core_tell(&s_core, "ledger", &op_text_send_type, &others);
    op_text_cancel_t cancel = {OP_STR(LINE), core_id('S')};
    core_tell(&s_core, "ledger", &op_text_cancel_type, &cancel);
    s_expect_outcomes("b4:released c4:released");
    tty_say(&s_core, "\r\n+CMGS: 1\r\n" OK);
    s_expect_outcomes("a3 d2");
}

static void test_draining(void **state)
{
    (void)state;
    assert_false(op_actor_busy(s_core.actor));
    s_text('a', "in the air");
    s_submitted();
    s_text('b', "waits");
    op_actor_drain(s_core.actor, s_core.now, drive_entropy());
    drive_commit(s_core.actor, &s_core.out);
    assert_true(op_actor_busy(s_core.actor));
    tty_dialogue(&s_core, "\r\n+CMGS: 1\r\n" OK, ""); /* begins nothing new */
    s_expect_outcomes("a3");
    assert_false(op_actor_busy(s_core.actor));
    core_restart(&s_core, true);
    tty_bring_up(&s_core, 0);
    s_submitted(); /* b was not lost */
}

/*  Ids of texts sort by time, unless the clock goes back between two lives of the process. */
static void test_a_clock_that_went_back(void **state)
{
    (void)state;
    s_went_away();
    s_text('a', "first");
    s_core.now -= OP_HOUR_MS;
    core_restart(&s_core, true);
    tty_bring_up(&s_core, 0);
    s_submitted();
    s_text('b', "second");
    tty_say(&s_core, "\r\n+CMGS: 1\r\n" OK);
    s_expect_outcomes("a3 b2");
    s_submitted();
}

/*  What the modem has said while nobody looked is read before its time is over. */
static void test_a_clock_that_was_set_ahead(void **state)
{
    (void)state;
    s_text('a', "hello");
    s_submitted();
    s_core.now += OP_DAY_MS;
    core_advance(&s_core, 0);
    s_expect_outcomes("");
    tty_say(&s_core, "\r\n+CMGS: 1\r\n" OK);
    s_expect_outcomes("a3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_UP(test_one_part),
        TEST_UP(test_many_parts),
        TEST_UP(test_a_restart_between_two_parts),
        TEST_UP(test_nothing_is_submitted_before_it_is_durable),
        TEST_UP(test_codes_go_first),
        TEST_UP(test_texts_that_cannot_be_sent),
        TEST_UP(test_refused_before_the_pdu),
        TEST_UP(test_no_prompt),
        TEST_UP(test_each_class_of_refusal),
        TEST_UP(test_tries_are_bounded),
        TEST_UP(test_a_bad_number_blocks_nobody),
        TEST_UP(test_a_late_answer_settles),
        TEST_UP(test_no_answer_at_all),
        TEST_UP(test_a_code_in_doubt_is_sent_again),
        TEST_UP(test_every_text_is_sent_again_where_told_so),
        TEST_UP(test_a_hang_up_while_sending),
        TEST_UP(test_a_restart_with_a_part_in_the_air),
        TEST_UP(test_texts_expire),
        TEST_UP(test_a_text_in_the_air_does_not_expire),
        TEST_UP(test_cancelling),
        TEST_UP(test_draining),
        TEST_UP(test_a_clock_that_went_back),
        TEST_UP(test_a_clock_that_was_set_ahead),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
