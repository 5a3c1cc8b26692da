/*  The modem actor: status reports. Which part they are for, what they prove, what they say */

#include "tests/inbound_fixture.h"

#include "actors/modem_private.h"

static int s_setup_reports(void **state)
{
    s_setup(state);
    s_teardown(state);
    s_modem_setup.reports = true;
    core_open(&s_core, &op_modem_class, &op_modem_setup_type, &s_modem_setup);
    tty_bring_up(&s_core, 0);
    return 0;
}

/*  A report about a submission of `sent` seconds after DRIVE_NOW. */
static const char *s_report(uint8_t reference, const char *to, uint8_t status, int64_t sent)
{
    static op_buf_t hex;
    op_pdu_t pdu = {.kind = OP_PDU_REPORT,
                    .reference = reference,
                    .status = status,
                    .stamp = {DRIVE_NOW + sent * OP_SECOND_MS, 0},
                    .discharge = {DRIVE_NOW + (sent + 1) * OP_SECOND_MS, 0}};
    op_buf_clear(&hex);
    assert_int_equal(op_address_from(op_str(to), &pdu.peer), 0);
    assert_int_equal(op_pdu_encode(&pdu, &hex), OP_PDU_OK);
    op_buf_add_byte(&hex, 0);
    return hex.at;
}

static int64_t s_seconds(void)
{
    return (s_core.now - DRIVE_NOW) / OP_SECOND_MS;
}

/*  It comes directly. */
static void s_say_report(const char *hex)
{
    char notice[600];
    snprintf(notice, sizeof notice, "\r\n+CDS: 24\r\n%s\r\n", hex);
    tty_say(&s_core, notice);
}

/*  Reports that were told since the event began: pairs of id and + or -. */
static void s_expect_reported(const char *expected)
{
    op_buf_t told = {0};
    const op_text_reported_t *report;
    for (size_t i = 0; (report = CORE_FIND(&s_core, "ledger", text_reported, i)) != NULL; i++)
        op_buf_printf(&told, "%s%c%c%d", i ? " " : "", report->text.bytes[0],
                      report->delivered ? '+' : '-', (int)report->parts);
    op_buf_add_byte(&told, 0);
    assert_string_equal(told.at, expected);
    op_buf_free(&told);
}

static void s_sent(char id, int reference)
{
    char answer[40];
    s_text(id, "hello");
    op_pdu_t pdu = s_submitted();
    assert_true(pdu.report);
    snprintf(answer, sizeof answer, "\r\n+CMGS: %d\r\n" OK, reference);
    tty_say(&s_core, answer);
}

/*  Submitted, and nobody answers: it is held. */
static void s_doubtful(char id)
{
    s_text(id, "hello");
    s_submitted();
    core_advance(&s_core, SEND_TIMEOUT_MS);
    tty_say(&s_core, OK);
    core_advance(&s_core, 300);
    s_expect_outcomes("");
    assert_int_equal(s_queued(), 0);
    assert_int_equal(s_held(), 1);
}

static void test_what_is_asked_for(void **state)
{
    (void)state;
    s_text('a', "hello");
    op_pdu_t pdu = s_submitted();
    assert_true(pdu.report);
    assert_true(pdu.has_validity);
    assert_int_equal(pdu.validity, 11); /* an hour, as the text may wait */
    s_teardown(NULL);
    s_setup_up(NULL);
    s_text('a', "hello");
    pdu = s_submitted();
    assert_false(pdu.report);
}

static void test_delivered(void **state)
{
    (void)state;
    s_sent('a', 17);
    s_say_report(s_report(18, PEER, 0, 0)); /* another reference */
    s_expect_reported("");
    s_say_report(s_report(17, "+14155550778", 0, 0)); /* another recipient */
    s_expect_reported("");
    s_say_report(s_report(17, PEER, 0x20, 0)); /* the centre is still trying */
    s_expect_reported("");
    s_say_report(s_report(17, "4155550777", 0, 0)); /* a national form */
    s_expect_reported("a+1");
    assert_true(CORE_FIND(&s_core, "ledger", text_reported, 0)->at == s_core.now);
    s_say_report(s_report(17, PEER, 0, 0)); /* the same again */
    s_expect_reported("");
    s_expect_outcomes("");
}

static void test_not_delivered(void **state)
{
    (void)state;
    s_sent('a', 17);
    core_restart(&s_core, true); /* what was sent is remembered */
    tty_bring_up(&s_core, 0);
    s_say_report(s_report(17, PEER, 0x46, 0));
    s_expect_reported("a-1");
    s_expect_outcomes(""); /* it stays sent */
}

/*  A report that is handed out while the line is set up is nowhere else. */
static void test_a_report_before_the_line_is_up(void **state)
{
    (void)state;
    s_doubtful('a');
    core_restart(&s_core, true);
    tty_open(&s_core, 0);
    s_say_report(s_report(17, PEER, 0, 0));
    s_expect_outcomes("a3");
    s_expect_reported("a+1");
}

static void test_a_report_that_is_stored(void **state)
{
    (void)state;
    s_sent('a', 17);
    tty_dialogue(&s_core, "\r\n+CDSI: \"SR\",3\r\n", "AT+CPMS=\"SR\"\r");
    tty_dialogue(&s_core, "\r\n+CPMS: 1,10,0,10,0,10\r\n" OK, "AT+CMGR=3\r");
    s_read(s_report(17, PEER, 0, 0));
    s_expect_reported("a+1");
    tty_expect(&s_core, "AT+CMGD=3\r");
    assert_int_equal(s_quarantined(), 0);
}

static void test_a_reference_that_is_used_again(void **state)
{
    (void)state;
    s_sent('a', 17);
    core_advance(&s_core, OP_HOUR_MS / 2);
    s_sent('b', 17);
    s_say_report(s_report(17, PEER, 0, 1)); /* of half an hour ago */
    s_expect_reported("a+1");
    s_say_report(s_report(17, PEER, 0, s_seconds()));
    s_expect_reported("b+1");
}

/*  References wrap: an earlier text to the same phone had the one of the text that is in doubt, or
    in the air. Its stamp says whose the report is, whether the earlier one has had its own or not. */
static void test_a_reference_of_an_earlier_text(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        bool done = i & 1, flying = i & 2;
        s_teardown(NULL);
        s_setup_reports(NULL);
        s_sent('a', 17);
        if (done) {
            s_say_report(s_report(17, PEER, 0, 1));
            s_expect_reported("a+1");
        }
        core_advance(&s_core, OP_HOUR_MS / 2);
        if (flying) {
            s_text('b', "hello");
            s_submitted();
        } else
            s_doubtful('b');
        core_advance(&s_core, 1);
        s_say_report(s_report(17, PEER, 0, 1800));
        if (flying) {
            s_expect_reported("");
            tty_say(&s_core, "\r\n+CMGS: 17\r\n" OK);
        }
        s_expect_outcomes("b3");
        s_expect_reported("b+1");
        s_say_report(s_report(17, PEER, 0, 1)); /* again, or late */
        s_expect_outcomes("");
        s_expect_reported(done ? "" : "a+1");
    }
}

/*  The centre's clock is not ours: what was said already is not said of the text that is in doubt
    now, and within minutes the reference decides. */
static void test_a_report_that_is_said_again(void **state)
{
    (void)state;
    for (int done = 0; done < 2; done++) {
        s_teardown(NULL);
        s_setup_reports(NULL);
        s_sent('a', 17);
        if (done)
            s_say_report(s_report(17, PEER, 0, 170));
        s_doubtful('b');
        s_say_report(s_report(17, PEER, 0, 170));
        s_expect_outcomes("");
        s_expect_reported(done ? "" : "a+1");
    }
}

static void test_a_report_settles_doubt(void **state)
{
    (void)state;
    for (int restart = 0; restart < 2; restart++) {
        s_teardown(NULL);
        s_setup_reports(NULL);
        s_doubtful('a');
        s_sent('b', 18); /* the line goes on */
        if (restart) {
            core_restart(&s_core, true);
            tty_bring_up(&s_core, 0);
        }
        s_say_report(s_report(18, PEER, 0, s_seconds())); /* b's own */
        s_expect_outcomes("");
        s_say_report(s_report(17, "+14155550778", 0, 0));
        s_expect_outcomes("");
        s_say_report(s_report(17, PEER, 0x20, 0)); /* any report proves that it was taken */
        s_expect_outcomes("a3");
        s_expect_reported("");
        s_say_report(s_report(17, PEER, 0, 0));
        s_expect_outcomes("");
        s_expect_reported("a+1");
        assert_int_equal(s_held(), 0);
    }
}

/*  A report about an earlier text to the same phone is not for the one in doubt. */
static void test_a_report_of_another_time(void **state)
{
    (void)state;
    s_doubtful('a');
    s_say_report(s_report(16, PEER, 0, -3600));
    s_expect_outcomes("");
    assert_int_equal(s_held(), 1);
}

/*  It came before the text was submitted, whatever its stamp: it is for another one. */
static void test_a_report_that_was_there_before(void **state)
{
    (void)state;
    s_say_report(s_report(17, PEER, 0, 0));
    s_text('a', "hello");
    s_submitted();
    tty_say(&s_core, "\r\n+CMS ERROR: 500\r\n");
    s_expect_outcomes("");
    assert_int_equal(s_held(), 1);
}

/*  Two texts to one phone are in doubt: one report settles neither. */
static void test_two_in_doubt(void **state)
{
    (void)state;
    for (char id = 'a'; id <= 'b'; id++) {
        s_text(id, "hello");
        s_submitted();
        tty_say(&s_core, "\r\n+CMS ERROR: 500\r\n");
        s_expect_outcomes("");
    }
    assert_int_equal(s_held(), 2);
    s_say_report(s_report(17, PEER, 0, 0));
    s_expect_outcomes("");
    core_advance(&s_core, DOUBT_MS + 10000);
    s_expect_outcomes("a4:unknown_outcome b4:unknown_outcome");
}

/*  Reports were asked for, and are not any more: what was submitted before is in doubt as ever. */
/*  One of them expires while its line is down: its report is not the other one's. */
static void test_one_in_doubt_expires(void **state)
{
    (void)state;
    s_doubtful('a');
    s_text('b', "hello");
    s_submitted();
    int64_t sent = s_seconds();
    s_went_away();
    core_advance(&s_core, OP_HOUR_MS + 10000);
    s_expect_outcomes("a4:unknown_outcome b4:unknown_outcome");
    core_restart(&s_core, true);
    tty_bring_up(&s_core, 0);
    s_say_report(s_report(9, PEER, 0, sent));
    s_expect_reported("");
}

static void test_reports_are_switched_off(void **state)
{
    (void)state;
    s_doubtful('a');
    s_text('b', "hello");
    s_submitted();
    s_modem_setup.reports = false;
    core_restart(&s_core, true);
    tty_bring_up(&s_core, 0);
    assert_int_equal(s_held(), 2);
    s_say_report(s_report(17, PEER, 0, 0)); /* whose? */
    s_expect_outcomes("");
    core_advance(&s_core, DOUBT_MS + 10000);
    s_expect_outcomes("a4:unknown_outcome b4:unknown_outcome");
    s_text('c', "hello");
    assert_false(s_submitted().report);
    tty_say(&s_core, "\r\n+CMS ERROR: 500\r\n");
    s_expect_outcomes("c4:unknown_outcome");
}

static void test_no_report_in_time(void **state)
{
    (void)state;
    s_doubtful('a');
    core_advance(&s_core, DOUBT_MS - OP_MINUTE_MS);
    s_expect_outcomes("");
    core_advance(&s_core, OP_MINUTE_MS + 10000);
    s_expect_outcomes("a4:unknown_outcome");
    assert_int_equal(s_held(), 0);
    s_say_report(s_report(17, PEER, 0, 0)); /* settled for good, but it is said that it arrived */
    s_expect_outcomes("");
    s_expect_reported("a+1");
}

static void test_a_report_before_its_answer(void **state)
{
    (void)state;
    s_text('a', "hello");
    s_submitted();
    s_say_report(s_report(17, PEER, 0, 0));
    s_expect_reported("");
    tty_say(&s_core, "\r\n+CMGS: 17\r\n" OK);
    s_expect_outcomes("a3");
    s_expect_reported("a+1");
    assert_int_equal(drive_rows(s_core.store, "modem/E"), 0);

    s_text('b', "hello"); /* and where the answer never comes */
    s_submitted();
    core_advance(&s_core, 1);
    s_say_report(s_report(18, PEER, 0, s_seconds()));
    core_advance(&s_core, SEND_TIMEOUT_MS);
    tty_say(&s_core, OK);
    core_advance(&s_core, 300);
    s_expect_outcomes("b3");
    s_expect_reported("b+1");
    s_say_report(s_report(99, "+14155550778", 0, 0)); /* of a text that is not ours */
    assert_int_equal(drive_rows(s_core.store, "modem/E"), 1);
    core_advance(&s_core, OP_HOUR_MS + 20000);
    assert_int_equal(drive_rows(s_core.store, "modem/E"), 0);
}

static void test_a_part_in_doubt_and_the_parts_behind_it(void **state)
{
    (void)state;
    char body[401];
    for (size_t i = 0; i < sizeof body - 1; i++)
        body[i] = (char)('a' + i % 26);
    body[400] = 0;
    s_text('a', body);
    s_submitted();
    tty_say(&s_core, "\r\n+CMGS: 17\r\n" OK);
    op_pdu_t second = s_submitted();
    core_advance(&s_core, SEND_TIMEOUT_MS);
    tty_say(&s_core, OK);
    core_advance(&s_core, 300);
    tty_expect(&s_core, ""); /* the third waits */
    assert_int_equal(second.user.concat.sequence, 2);
    s_say_report(s_report(18, PEER, 0, 0));
    s_expect_reported("a+3");
    op_pdu_t third = s_submitted();
    assert_int_equal(third.user.concat.sequence, 3);
    tty_say(&s_core, "\r\n+CMGS: 19\r\n" OK);
    s_expect_outcomes("a3");
}

static void test_a_code_that_a_report_proves(void **state)
{
    (void)state;
    s_queue("auth", LINE, 'c', PEER, "123456 is your OP code");
    s_submitted();
    core_advance(&s_core, SEND_TIMEOUT_MS);
    tty_say(&s_core, OK);
    core_advance(&s_core, 300); /* it will be sent again in five seconds */
    s_say_report(s_report(17, PEER, 0, 0));
    s_expect_outcomes_to("auth", "c3");
    core_advance(&s_core, OP_MINUTE_MS);
    tty_expect(&s_core, ""); /* so it is not */
}

static void test_a_late_error(void **state)
{
    (void)state;
    static const struct {
        const char *late, *outcome; /* NULL: tried again */
    } table[] = {{"\r\n+CMS ERROR: 29\r\n", "a4:rejected_by_network"},
                 {"\r\n+CMS ERROR: 41\r\n", NULL},
                 {"\r\n+CMS ERROR: 197\r\n", "a3"}};
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        s_teardown(NULL);
        s_setup_reports(NULL);
        s_text('a', "hello");
        s_submitted();
        core_advance(&s_core, SEND_TIMEOUT_MS);
        tty_say(&s_core, table[i].late);
        tty_say(&s_core, OK);
        core_advance(&s_core, 300);
        s_expect_outcomes(table[i].outcome ? table[i].outcome : "");
        assert_int_equal(s_queued(), table[i].outcome ? 0 : 1);
        s_text('b', "the next one has its own answer");
        s_submitted();
        tty_say(&s_core, "\r\n+CMGS: 3\r\n" OK);
        s_expect_outcomes("b3");
    }
}

static void test_what_is_remembered_ends(void **state)
{
    (void)state;
    s_sent('a', 17);
    assert_int_equal(drive_rows(s_core.store, "modem/R"), 1);
    s_went_away();
    s_core.now += 4 * OP_DAY_MS;
    core_advance(&s_core, OP_MINUTE_MS);
    assert_int_equal(drive_rows(s_core.store, "modem/R"), 0);
}

#define TEST_REPORTS(name) cmocka_unit_test_setup_teardown(name, s_setup_reports, s_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_REPORTS(test_what_is_asked_for),
        TEST_REPORTS(test_delivered),
        TEST_REPORTS(test_not_delivered),
        TEST_REPORTS(test_a_report_before_the_line_is_up),
        TEST_REPORTS(test_a_report_that_is_stored),
        TEST_REPORTS(test_a_reference_that_is_used_again),
        TEST_REPORTS(test_a_reference_of_an_earlier_text),
        TEST_REPORTS(test_a_report_that_is_said_again),
        TEST_REPORTS(test_a_report_settles_doubt),
        TEST_REPORTS(test_a_report_of_another_time),
        TEST_REPORTS(test_a_report_that_was_there_before),
        TEST_REPORTS(test_two_in_doubt),
        TEST_REPORTS(test_one_in_doubt_expires),
        TEST_REPORTS(test_reports_are_switched_off),
        TEST_REPORTS(test_no_report_in_time),
        TEST_REPORTS(test_a_report_before_its_answer),
        TEST_REPORTS(test_a_part_in_doubt_and_the_parts_behind_it),
        TEST_REPORTS(test_a_code_that_a_report_proves),
        TEST_REPORTS(test_a_late_error),
        TEST_REPORTS(test_what_is_remembered_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
