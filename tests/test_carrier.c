/*  The carrier simulator: what modems send, and what the service centre makes of it. */

#include "tests/carrier_kit.h"

static void test_submit(void **state)
{
    (void)state;
    op_carrier_t *carrier = s_new(NULL);
    assert_string_equal(op_carrier_modem_number(carrier, 0), SHARED);
    assert_string_equal(op_carrier_modem_number(carrier, 1), SECOND);
    assert_string_equal(s_send_text(carrier, 0, PHONE, "hello", false, NOW),
                        "\r\n+CMGS: 0\r\n\r\nOK\r\n");
    s_inbox_is(carrier, PHONE, SHARED ":hello|");

    /*  Several parts, with a character pair that a careless splitter would cut. */
    char body[400];
    memset(body, 'a', 66);
    snprintf(body + 66, sizeof(body) - 66, "%s%s", "\xf0\x9f\x98\x80", "and behind it more of it");
    assert_string_equal(s_send_text(carrier, 0, PHONE, body, false, NOW + 1),
                        "\r\n+CMGS: 2\r\n\r\nOK\r\n");
    char want[512];
    snprintf(want, sizeof(want), SHARED ":hello|" SHARED ":%s|", body);
    s_inbox_is(carrier, PHONE, want);
    assert_int_equal(op_carrier_inbox_size(carrier, op_str(PHONE)), 2);
    assert_int_equal(op_carrier_counts(carrier, 0).accepted, 3);

    /*  The reference counts to 255 and begins again. */
    for (int i = 3; i < 256; i++)
        (void)s_send_text(carrier, 0, "+14155550199", "x", false, NOW);
    assert_string_equal(s_send_text(carrier, 0, "+14155550199", "x", false, NOW),
                        "\r\n+CMGS: 0\r\n\r\nOK\r\n");

    /*  Nobody there. */
    assert_string_equal(s_send_text(carrier, 0, "12345", "x", false, NOW),
                        "\r\n+CMGS: 1\r\n\r\nOK\r\n");
    assert_int_equal(op_carrier_counts(carrier, 0).undelivered, 1);
    s_inbox_is(carrier, "+14155550155", "");
    op_carrier_destroy(&carrier);
}

/*  Parts come in any order, twice, and from two senders with the same reference. */
static void test_parts(void **state)
{
    (void)state;
    op_carrier_t *carrier = s_new(NULL);
    op_arena_t arena = {0};
    op_sms_parts_t parts;
    char body[320];
    char want[400];
    memset(body, 'x', 319);
    body[319] = 0;
    assert_int_equal(op_sms_split(op_str(body), 9, &arena, &parts), OP_SMS_OK);
    assert_int_equal(parts.count, 3);
    (void)s_send(carrier, 0, PHONE, &parts.at[2], false, NOW);
    (void)s_send(carrier, 1, PHONE, &parts.at[0], false, NOW);
    (void)s_send(carrier, 0, PHONE, &parts.at[0], false, NOW);
    (void)s_send(carrier, 0, PHONE, &parts.at[0], false, NOW);
    s_inbox_is(carrier, PHONE, "");
    (void)s_send(carrier, 0, PHONE, &parts.at[1], false, NOW);
    snprintf(want, sizeof(want), SHARED ":%s|", body);
    s_inbox_is(carrier, PHONE, want);
    op_arena_free(&arena);
    op_carrier_destroy(&carrier);
}

static void test_modem_to_modem(void **state)
{
    (void)state;
    op_carrier_t *carrier = s_new("AT+CNMI=2,1,0,1");
    (void)s_say_at(carrier, 1, "ATE0;+CNMI=2,2\r", NOW);
    assert_string_equal(s_send_text(carrier, 0, SECOND, "hello", false, NOW),
                        "\r\n+CMGS: 0\r\n\r\nOK\r\n");
    op_pdu_t pdu = s_pdu_behind(s_say_at(carrier, 1, "", NOW), "+CMT: ");
    assert_string_equal(pdu.peer.text, SHARED);
    s_body_is(&pdu, "hello");

    /*  To itself, with a report: notice, answer, report. */
    const char *said = s_send_text(carrier, 0, SHARED, "me", true, NOW);
    const char *notice = strstr(said, "+CMTI: \"SM\",1");
    const char *answer = strstr(said, "+CMGS: 1\r\n\r\nOK");
    const char *report = strstr(said, "+CDS: ");
    assert_true(notice && answer && report && notice < answer && answer < report);
    op_carrier_destroy(&carrier);
}

static void test_reports(void **state)
{
    (void)state;
    op_carrier_t *carrier = s_new("AT+CNMI=2,1,0,1,0");
    op_pdu_t pdu = s_pdu_behind(s_send_text(carrier, 0, PHONE, "x", true, NOW), "+CDS: ");
    assert_int_equal(pdu.kind, OP_PDU_REPORT);
    assert_int_equal(pdu.reference, 0);
    assert_int_equal(pdu.status, 0);
    assert_string_equal(pdu.peer.text, PHONE);
    pdu = s_pdu_behind(s_send_text(carrier, 0, "12345", "x", true, NOW), "+CDS: ");
    assert_int_equal(op_pdu_outcome(pdu.status), OP_PDU_OUTCOME_FAILED);
    assert_int_equal(pdu.reference, 1);

    (void)s_say(carrier, "AT+CNMI=2,1,0,2,0\r");
    assert_non_null(
        strstr(s_send_text(carrier, 0, PHONE, "x", true, NOW), "OK\r\n\r\n+CDSI: \"SM\",1\r\n"));
    (void)s_say(carrier, "AT+CNMI=2,1,0,0,0\r");
    assert_string_equal(s_send_text(carrier, 0, PHONE, "x", true, NOW),
                        "\r\n+CMGS: 3\r\n\r\nOK\r\n");
    assert_int_equal(op_carrier_counts(carrier, 0).stored, 1);
    op_carrier_destroy(&carrier);
}

static void test_knobs(void **state)
{
    (void)state;
    op_carrier_t *carrier = s_new("AT+CNMI=2,1,0,1,0");
    assert_int_equal(op_knob_named(op_str("submit_delay_ms")), OP_KNOB_SUBMIT_DELAY_MS);
    assert_int_equal(op_knob_named(op_str("nonsense")), OP_KNOB_END);
    assert_string_equal(op_knob_name(OP_KNOB_CMS_ERROR_CODE), "cms_error_code");
    assert_int_equal(op_carrier_set(carrier, 0, OP_KNOB_SUBMIT_DELAY_MS, -1), -1);
    assert_int_equal(op_carrier_get(carrier, 0, OP_KNOB_CMS_ERROR_CODE), 38);

    /*  A slow answer: the network has it at once, typing waits, notices do not. */
    assert_int_equal(op_carrier_set(carrier, 0, OP_KNOB_SUBMIT_DELAY_MS, 5000), 0);
    assert_int_equal(op_carrier_wake_at(carrier), 0);
    assert_string_equal(s_send_text(carrier, 0, PHONE, "slow", true, NOW), "");
    s_inbox_is(carrier, PHONE, SHARED ":slow|");
    assert_true(op_carrier_wake_at(carrier) == NOW + 5000);
    assert_string_equal(s_say(carrier, "AT+CSQ\r"), "");
    assert_int_equal(op_carrier_text(carrier, op_str(PHONE), op_str(SHARED), op_str("hi"), NOW),
                     OP_CARRIER_OK);
    assert_string_equal(s_say_at(carrier, 0, "", NOW + 4999), "\r\n+CMTI: \"SM\",1\r\n");
    op_carrier_tick(carrier, NOW + 5000);
    const char *said = s_say_at(carrier, 0, "", NOW + 5000);
    assert_true(strstr(said, "\r\n+CMGS: 0\r\n\r\nOK\r\n\r\n+CDS: ") == said);
    assert_non_null(strstr(said, "+CSQ: 23,99\r\n\r\nOK\r\n"));
    assert_int_equal(op_carrier_set(carrier, 0, OP_KNOB_SUBMIT_DELAY_MS, 0), 0);

    /*  Never answered, but sent: the report tells. */
    assert_int_equal(op_carrier_set(carrier, 0, OP_KNOB_NO_ANSWER_NEXT, 1), 0);
    said = s_send_text(carrier, 0, PHONE, "mute", true, NOW);
    assert_null(strstr(said, "+CMGS"));
    op_pdu_t pdu = s_pdu_behind(said, "+CDS: ");
    assert_int_equal(pdu.reference, 1);
    s_inbox_is(carrier, PHONE, SHARED ":slow|" SHARED ":mute|");

    /*  Refused, twice, then fine. */
    assert_int_equal(op_carrier_set(carrier, 0, OP_KNOB_CMS_ERROR_NEXT, 2), 0);
    assert_int_equal(op_carrier_set(carrier, 0, OP_KNOB_CMS_ERROR_CODE, 332), 0);
    for (int i = 0; i < 2; i++)
        assert_string_equal(s_send_text(carrier, 0, PHONE, "no", false, NOW),
                            "\r\n+CMS ERROR: 332\r\n");
    assert_string_equal(s_send_text(carrier, 0, PHONE, "yes", false, NOW),
                        "\r\n+CMGS: 2\r\n\r\nOK\r\n");
    s_inbox_is(carrier, PHONE, SHARED ":slow|" SHARED ":mute|" SHARED ":yes|");
    assert_int_equal(op_carrier_counts(carrier, 0).accepted, 3);
    assert_int_equal(op_carrier_counts(carrier, 0).refused, 2);

    /*  Radio off. */
    (void)s_say(carrier, "AT+CFUN=4\r");
    assert_string_equal(s_send_text(carrier, 0, PHONE, "no", false, NOW),
                        "\r\n+CMS ERROR: 331\r\n");
    op_carrier_destroy(&carrier);
}

static void test_events(void **state)
{
    static const struct {
        op_carrier_what_t what;
        uint32_t detail;
    } want[] = {
        {OP_CARRIER_SUBMITTING, 14}, {OP_CARRIER_ACCEPTED, 0}, {OP_CARRIER_ANSWERED, 0},
        {OP_CARRIER_TEXTED, 1},      {OP_CARRIER_STORED, 1},   {OP_CARRIER_NOTIFIED, 1},
        {OP_CARRIER_READ, 1},        {OP_CARRIER_DELETED, 1},
    };
    (void)state;
    op_carrier_t *carrier = s_new("AT+CNMI=2,1");
    op_carrier_event_t event;
    (void)s_send_text(carrier, 0, PHONE, "x", false, NOW);
    assert_int_equal(op_carrier_text(carrier, op_str(PHONE), op_str(SHARED), op_str("x"), NOW),
                     OP_CARRIER_OK);
    (void)s_say(carrier, "AT+CMGR=1;+CMGD=1\r");
    assert_int_equal(op_carrier_events(carrier), OP_COUNT(want));
    for (size_t i = 0; i < OP_COUNT(want); i++) {
        assert_true(op_carrier_event(carrier, i, &event));
        assert_int_equal(event.what, want[i].what);
        assert_int_equal(event.detail, want[i].detail);
        assert_true(event.at == NOW && event.modem == 0);
    }
    assert_false(op_carrier_event(carrier, OP_COUNT(want), &event));

    /*  Bounded: the oldest are gone. */
    for (int i = 0; i < OP_CARRIER_EVENTS_MAX; i++)
        (void)s_say(carrier, "AT+CMGS=1\r\x1b");
    assert_false(op_carrier_event(carrier, 0, &event));
    assert_true(op_carrier_event(carrier, op_carrier_events(carrier) - 1, &event));
    assert_int_equal(event.what, OP_CARRIER_SUBMITTING);
    op_carrier_destroy(&carrier);
}

/*  An inbox keeps the newest; reading from a sequence on. */
static bool s_first(void *context, const op_carrier_text_t *text)
{
    *(op_carrier_text_t *)context = *text;
    return false;
}

static void test_inbox_limit(void **state)
{
    op_carrier_text_t text = {0};
    char body[16];
    (void)state;
    op_carrier_t *carrier = s_new(NULL);
    for (int i = 0; i < OP_CARRIER_INBOX_MAX + 3; i++) {
        snprintf(body, sizeof(body), "%d", i);
        (void)s_send_text(carrier, 0, PHONE, body, false, NOW + i);
    }
    assert_int_equal(op_carrier_inbox_size(carrier, op_str(PHONE)), OP_CARRIER_INBOX_MAX);
    op_carrier_inbox(carrier, op_str(PHONE), 0, s_first, &text);
    assert_true(op_str_is(text.body, "3"));
    assert_true(text.received_at == NOW + 3);
    op_carrier_inbox(carrier, op_str(PHONE), text.sequence + 5, s_first, &text);
    assert_true(op_str_is(text.body, "9"));
    uint64_t before = text.sequence;
    op_carrier_inbox(carrier, op_str(PHONE), UINT64_MAX, s_first, &text);
    assert_true(text.sequence == before);
    op_carrier_destroy(&carrier);
}

static size_t s_count_of(const char *said, const char *what)
{
    size_t count = 0;
    for (const char *at = said; (at = strstr(at, what)) != NULL; at++)
        count++;
    return count;
}

/*  Notices that are lost or doubled, and an answer that is said twice: for the next one only. */
static void test_said_too_often(void **state)
{
    (void)state;
    static const struct {
        op_knob_t knob;
        size_t notices;
    } rows[] = {{OP_KNOB_NOTICE_LOST_NEXT, 0}, {OP_KNOB_NOTICE_DOUBLE_NEXT, 2}};
    op_carrier_t *carrier = s_new("AT+CNMI=2,1,0,0,0");
    for (size_t i = 0; i < OP_COUNT(rows); i++) {
        assert_int_equal(op_carrier_set(carrier, 0, rows[i].knob, 1), 0);
        for (size_t text = 0; text < 2; text++) {
            assert_int_equal(
                op_carrier_text(carrier, OP_STR(PHONE), OP_STR(SHARED), OP_STR("in"), NOW),
                OP_CARRIER_OK);
            assert_int_equal(s_count_of(s_say(carrier, ""), "+CMTI:"),
                             text == 0 ? rows[i].notices : 1);
        }
    }
    assert_int_equal(op_carrier_counts(carrier, 0).stored, 4);
    assert_int_equal(op_carrier_set(carrier, 0, OP_KNOB_DOUBLE_ANSWER_NEXT, 1), 0);
    assert_string_equal(s_send_text(carrier, 0, PHONE, "twice said, once sent", false, NOW),
                        "\r\n+CMGS: 0\r\n\r\nOK\r\n\r\n+CMGS: 0\r\n\r\nOK\r\n");
    assert_string_equal(s_send_text(carrier, 0, PHONE, "once", false, NOW),
                        "\r\n+CMGS: 1\r\n\r\nOK\r\n");
    s_inbox_is(carrier, PHONE, SHARED ":twice said, once sent|" SHARED ":once|");
    op_carrier_destroy(&carrier);
}

/*  A restart: the answer under way and the settings are gone, the memory is not. */
static void test_reset(void **state)
{
    (void)state;
    op_carrier_t *carrier = s_new("AT+CNMI=2,1,0,0,0");
    assert_int_equal(op_carrier_text(carrier, OP_STR(PHONE), OP_STR(SHARED), OP_STR("in"), NOW),
                     OP_CARRIER_OK);
    assert_int_equal(op_carrier_set(carrier, 0, OP_KNOB_SUBMIT_DELAY_MS, 5000), 0);
    (void)s_say(carrier, "");
    assert_string_equal(s_send_text(carrier, 0, PHONE, "never answered", false, NOW), "");
    op_carrier_reset(carrier, 0, NOW + 1000);
    assert_string_equal(s_say_at(carrier, 0, "", NOW + 1000), "\r\nRDY\r\n");
    op_carrier_tick(carrier, NOW + 10000);
    assert_string_equal(s_say_at(carrier, 0, "", NOW + 10000), "");
    assert_string_equal(s_say_at(carrier, 0, "AT+CNMI?\r", NOW + 10000),
                        "AT+CNMI?\r\r\n+CNMI: 0,0,0,0,0\r\n\r\nOK\r\n");
    assert_int_equal(op_carrier_counts(carrier, 0).stored, 1);
    s_inbox_is(carrier, PHONE, SHARED ":never answered|");
    op_carrier_destroy(&carrier);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_submit),         cmocka_unit_test(test_parts),
        cmocka_unit_test(test_modem_to_modem), cmocka_unit_test(test_reports),
        cmocka_unit_test(test_knobs),          cmocka_unit_test(test_events),
        cmocka_unit_test(test_inbox_limit),    cmocka_unit_test(test_said_too_often),
        cmocka_unit_test(test_reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
