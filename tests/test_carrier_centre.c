/*  The service centre: phones that are off, status reports, SIMs that change places, modems that
    go. */

#include "base/instant.h"
#include "tests/carrier_kit.h"

static void s_set(op_carrier_t *carrier, op_knob_t knob, int64_t value)
{
    assert_int_equal(op_carrier_set(carrier, 0, knob, value), 0);
}

static void s_phone(op_carrier_t *carrier, bool on, int64_t now)
{
    assert_int_equal(op_carrier_phone(carrier, OP_STR(PHONE), on, now), OP_CARRIER_OK);
    assert_true(op_carrier_phone_on(carrier, OP_STR(PHONE)) == on);
}

/*  Sends "late" with a validity period, or without (-1), and asks for a report. */
static const char *s_send_valid(op_carrier_t *carrier, int validity, int64_t now)
{
    op_arena_t arena = {0};
    op_sms_parts_t parts;
    op_buf_t hex = {0};
    char command[32];
    assert_int_equal(op_sms_split(OP_STR("late"), 7, &arena, &parts), OP_SMS_OK);
    op_pdu_t pdu = {.kind = OP_PDU_SUBMIT,
                    .report = true,
                    .has_validity = validity >= 0,
                    .validity = (uint8_t)(validity >= 0 ? validity : 0),
                    .user = parts.at[0]};
    op_arena_free(&arena);
    assert_int_equal(op_address_from(OP_STR(PHONE), &pdu.peer), 0);
    assert_int_equal(op_pdu_encode(&pdu, &hex), OP_PDU_OK);
    snprintf(command, sizeof(command), "AT+CMGS=%u\r", pdu.size);
    (void)s_say_at(carrier, 0, command, now);
    op_buf_add(&hex, "\x1a", 2);
    const char *said = s_say_at(carrier, 0, hex.at, now);
    op_buf_free(&hex);
    return said;
}

static void test_phone_off(void **state)
{
    (void)state;
    op_carrier_t *carrier = s_new("AT+CNMI=2,1,0,1,0");
    assert_true(op_carrier_phone_on(carrier, OP_STR(PHONE)));
    assert_int_equal(op_carrier_phone(carrier, OP_STR(SECOND), false, NOW), OP_CARRIER_BAD_PHONE);
    s_phone(carrier, false, NOW);
    assert_string_equal(s_send_valid(carrier, -1, NOW), "\r\n+CMGS: 0\r\n\r\nOK\r\n");
    s_inbox_is(carrier, PHONE, "");
    s_phone(carrier, true, NOW + 5000);
    s_inbox_is(carrier, PHONE, SHARED ":late|");
    op_pdu_t pdu = s_pdu_behind(s_say_at(carrier, 0, "", NOW + 5000), "+CDS: ");
    assert_int_equal(pdu.status, 0);
    assert_int_equal(pdu.reference, 0);
    assert_true(pdu.discharge.instant == NOW + 5000);
    assert_int_equal(op_carrier_counts(carrier, 0).undelivered, 0);

    /*  Texts of several parts wait whole, in order. */
    char body[200];
    memset(body, 'x', 199);
    body[199] = 0;
    s_phone(carrier, false, NOW + 6000);
    (void)s_send_text(carrier, 0, PHONE, body, false, NOW + 6000);
    s_phone(carrier, true, NOW + 7000);
    assert_int_equal(op_carrier_inbox_size(carrier, OP_STR(PHONE)), 2);
    op_carrier_destroy(&carrier);
}

/*  TS 23.040 9.2.3.12.1. */
static void test_validity(void **state)
{
    static const struct {
        int validity;
        int64_t lives;
    } cases[] = {
        {0, 5 * OP_MINUTE_MS},
        {143, 12 * OP_HOUR_MS},
        {144, 12 * OP_HOUR_MS + 30 * OP_MINUTE_MS},
        {167, 24 * OP_HOUR_MS},
        {170, 4 * 24 * OP_HOUR_MS},
        {255, 63 * 7 * 24 * OP_HOUR_MS},
        {-1, 48 * OP_HOUR_MS},
    };
    (void)state;
    for (size_t i = 0; i < OP_COUNT(cases); i++) {
        op_carrier_t *carrier = s_new("AT+CNMI=2,1,0,1,0");
        s_phone(carrier, false, NOW);
        (void)s_send_valid(carrier, cases[i].validity, NOW);
        assert_true(op_carrier_wake_at(carrier) == NOW + cases[i].lives);
        assert_string_equal(s_say_at(carrier, 0, "", NOW + cases[i].lives - 1), "");
        op_pdu_t pdu = s_pdu_behind(s_say_at(carrier, 0, "", NOW + cases[i].lives), "+CDS: ");
        assert_int_equal(pdu.status, 0x46);
        assert_int_equal(op_carrier_counts(carrier, 0).undelivered, 1);
        s_phone(carrier, true, NOW + cases[i].lives);
        s_inbox_is(carrier, PHONE, "");
        op_carrier_destroy(&carrier);
    }
}

static void test_reports(void **state)
{
    (void)state;
    op_carrier_t *carrier = s_new("AT+CNMI=2,1,0,1,0");
    const char *said;
    s_set(carrier, OP_KNOB_REPORTS, 0);
    assert_null(strstr(s_send_text(carrier, 0, PHONE, "x", true, NOW), "+CDS"));
    s_set(carrier, OP_KNOB_REPORTS, 1);
    s_set(carrier, OP_KNOB_REPORT_LOST_NEXT, 1);
    assert_null(strstr(s_send_text(carrier, 0, PHONE, "x", true, NOW), "+CDS"));
    s_set(carrier, OP_KNOB_REPORT_DOUBLE_NEXT, 1);
    said = strstr(s_send_text(carrier, 0, PHONE, "x", true, NOW), "+CDS: ");
    assert_non_null(said);
    assert_non_null(strstr(said + 1, "+CDS: "));
    s_set(carrier, OP_KNOB_REPORT_EARLY_NEXT, 1);
    said = s_send_text(carrier, 0, PHONE, "x", true, NOW);
    assert_true(strstr(said, "+CDS: ") && strstr(said, "+CDS: ") < strstr(said, "+CMGS: "));
    s_set(carrier, OP_KNOB_REPORT_RECIPIENT, 1);
    op_pdu_t pdu = s_pdu_behind(s_send_text(carrier, 0, PHONE, "x", true, NOW), "+CDS: ");
    assert_string_equal(pdu.peer.text, "4155550100");
    s_set(carrier, OP_KNOB_REPORT_RECIPIENT, 2);
    pdu = s_pdu_behind(s_send_text(carrier, 0, PHONE, "x", true, NOW), "+CDS: ");
    assert_string_equal(pdu.peer.text, "+14155550101");
    s_set(carrier, OP_KNOB_REPORT_RECIPIENT, 0);
    s_set(carrier, OP_KNOB_REPORT_STATUS, 0x30);
    pdu = s_pdu_behind(s_send_text(carrier, 0, PHONE, "x", true, NOW), "+CDS: ");
    assert_int_equal(pdu.status, 0x30);
    s_set(carrier, OP_KNOB_REPORT_STATUS, 256);

    /*  Late ones overtake each other. */
    s_set(carrier, OP_KNOB_REPORT_DELAY_MS, 9000);
    (void)s_send_text(carrier, 0, PHONE, "x", true, NOW);
    s_set(carrier, OP_KNOB_REPORT_DELAY_MS, 3000);
    (void)s_send_text(carrier, 0, PHONE, "x", true, NOW);
    assert_true(op_carrier_wake_at(carrier) == NOW + 3000);
    pdu = s_pdu_behind(s_say_at(carrier, 0, "", NOW + 3000), "+CDS: ");
    assert_int_equal(pdu.reference, 8);
    pdu = s_pdu_behind(s_say_at(carrier, 0, "", NOW + 9000), "+CDS: ");
    assert_int_equal(pdu.reference, 7);
    op_carrier_destroy(&carrier);
}

/*  The number, the texts in SM and those that wait move with the SIM; IMEI and ME stay. */
static void test_swap(void **state)
{
    (void)state;
    op_carrier_t *carrier = s_new("AT+CNMI=2,1,0,0,0");
    (void)s_say_at(carrier, 1, "ATE0;+CNMI=2,1,0,0,0\r", NOW);
    s_set(carrier, OP_KNOB_PIN_LOCK, 1);
    assert_int_equal(op_carrier_text(carrier, OP_STR(PHONE), OP_STR(SHARED), OP_STR("hi"), NOW),
                     OP_CARRIER_OK);
    assert_int_equal(op_carrier_counts(carrier, 0).waiting, 1);
    op_carrier_swap_sims(carrier, 0, 1, NOW);
    assert_string_equal(op_carrier_modem_number(carrier, 0), SHARED);
    assert_string_equal(op_carrier_modem_sim(carrier, 0), SECOND);
    assert_string_equal(s_say(carrier, "AT+CNUM\r"),
                        "\r\n+CNUM: \"\",\"" SECOND "\",145\r\n\r\nOK\r\n");
    assert_string_equal(s_say(carrier, "AT+CGSN\r"), "\r\n356938030000005\r\n\r\nOK\r\n");
    assert_string_equal(s_say(carrier, "AT+CIMI\r"), "\r\n310170845160001\r\n\r\nOK\r\n");
    assert_int_equal(op_carrier_get(carrier, 1, OP_KNOB_PIN_LOCK), 1);
    assert_int_equal(op_carrier_get(carrier, 0, OP_KNOB_PIN_LOCK), 0);
    const char *said = s_say_at(carrier, 1, "AT+CPIN=\"1234\"\r", NOW);
    assert_string_equal(said, "\r\nOK\r\n\r\n+CPIN: READY\r\n\r\n+CMTI: \"SM\",1\r\n");
    assert_string_equal(s_send_text(carrier, 0, PHONE, "from the second", false, NOW),
                        "\r\n+CMGS: 0\r\n\r\nOK\r\n");
    s_inbox_is(carrier, PHONE, SECOND ":from the second|");
    op_carrier_destroy(&carrier);
}

/*  Unplugged it is silent and its texts wait; back again it has restarted, and hangs no more. */
static void test_unplug(void **state)
{
    (void)state;
    op_carrier_t *carrier = s_new("AT+CNMI=2,1,0,0,0");
    s_set(carrier, OP_KNOB_HANG, 1);
    s_set(carrier, OP_KNOB_NOISE_EVERY_MS, 100);
    op_carrier_plug(carrier, 0, false, NOW);
    assert_false(op_carrier_plugged(carrier, 0));
    op_carrier_tick(carrier, NOW + 1000);
    assert_string_equal(s_say_at(carrier, 0, "AT\r", NOW + 1000), "");
    assert_int_equal(op_carrier_text(carrier, OP_STR(PHONE), OP_STR(SHARED), OP_STR("hi"), NOW),
                     OP_CARRIER_OK);
    assert_int_equal(op_carrier_counts(carrier, 0).waiting, 1);
    s_set(carrier, OP_KNOB_NOISE_EVERY_MS, 0);
    op_carrier_plug(carrier, 0, true, NOW + 2000);
    assert_true(op_carrier_plugged(carrier, 0));
    assert_string_equal(s_say_at(carrier, 0, "AT\r", NOW + 2000),
                        "\r\nRDY\r\nAT\r\r\nOK\r\n"); /* and echo is on again */
    assert_int_equal(op_carrier_counts(carrier, 0).stored, 1);
    assert_int_equal(op_carrier_wake_at(carrier), 0);
    op_carrier_destroy(&carrier);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_phone_off), cmocka_unit_test(test_validity),
        cmocka_unit_test(test_reports),   cmocka_unit_test(test_swap),
        cmocka_unit_test(test_unplug),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
