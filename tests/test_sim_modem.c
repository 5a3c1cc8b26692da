/*  The modems of the carrier simulator: how they speak, and how SMS arrive in them. */

#include "tests/carrier_kit.h"

static void test_discipline(void **state)
{
    static const struct {
        const char *typed, *said;
    } cases[] = {
        {"AT\r", "AT\r\r\nOK\r\n"},
        {"at\r\n", "at\r\r\nOK\r\n"},
        {"\r\r\n", ""},
        {"\x1b\r", ""},
        {"\x1b"
         "AT\r",
         "AT\r\r\nOK\r\n"},
        {"hello\r", "hello\r"},
        {"AT+NOSUCH\r", "AT+NOSUCH\r\r\nERROR\r\n"},
        {"AT+CMEE=1\r", "AT+CMEE=1\r\r\nOK\r\n"},
        {"AT+NOSUCH=?\r", "AT+NOSUCH=?\r\r\n+CME ERROR: 100\r\n"},
        {"AT+CMEE=2\r", "AT+CMEE=2\r\r\nOK\r\n"},
        {"AT+NOSUCH?\r", "AT+NOSUCH?\r\r\n+CME ERROR: unknown\r\n"},
        {"ATE0V1Q0X4&C1&D2\r", "ATE0V1Q0X4&C1&D2\r\r\nOK\r\n"},
        {"AT+CMEE=1;+CREG=2\r", "\r\nOK\r\n"},
        {"AT+CMEE?;+CREG?\r",
         "\r\n+CMEE: 1\r\n\r\n+CREG: 2,1,\"1A2B\",\"00C0FFEE\",7\r\n\r\nOK\r\n"},
        {"AT+CSQ;+NOSUCH;+CSQ\r", "\r\n+CSQ: 23,99\r\n\r\n+CME ERROR: 100\r\n"},
        {"AT+CMGF=1\r", "\r\nERROR\r\n"},
        {"AT+CMGF=0\r", "\r\nOK\r\n"},
        {"AT+CNMI=2,1,0,2\r", "\r\nOK\r\n"},
        {"AT+CNMI?\r", "\r\n+CNMI: 2,1,0,2,0\r\n\r\nOK\r\n"},
        {"AT+CNMI=9\r", "\r\n+CMS ERROR: 302\r\n"},
        {"AT+CPMS=\"XX\"\r", "\r\n+CMS ERROR: 302\r\n"},
        {"AT+CPMS=\"ME\",\"SM\",\"ME\"\r", "\r\n+CPMS: 0,100,0,50,0,100\r\n\r\nOK\r\n"},
        {"AT+CPMS?\r", "\r\n+CPMS: \"ME\",0,100,\"SM\",0,50,\"ME\",0,100\r\n\r\nOK\r\n"},
        {"AT+CSCA=\"+12345678901\"\r", "\r\nOK\r\n"},
        {"AT+CSCA?\r", "\r\n+CSCA: \"+12345678901\",145\r\n\r\nOK\r\n"},
        {"AT+CMGR=1\r", "\r\n+CMS ERROR: 321\r\n"},
        {"AT+CMGD=?\r", "\r\n+CMGD: (),(0-4)\r\n\r\nOK\r\n"},
        {"AT+CNMA=1,2\r", "\r\n> "},
        {"0000\x1a", "\r\nOK\r\n"},
        {"AT+CMGS=10\r", "\r\n> "},
        {"0011\x1b", "\r\nOK\r\n"},
        {"AT+CMGS=10\r", "\r\n> "},
        {"0011\x1a\r", "\r\n+CMS ERROR: 304\r\n"},
        {"AT+CNUM\r", "\r\n+CNUM: \"\",\"" SHARED "\",145\r\n\r\nOK\r\n"},
        {"AT+CGSN\r", "\r\n356938030000005\r\n\r\nOK\r\n"},
        {"AT+CIMI\r", "\r\n310170845160000\r\n\r\nOK\r\n"},
        {"ATZ\r", "\r\nOK\r\n"},
        {"AT+CMGS=10\r", "AT+CMGS=10\r\r\n> "},
        {"00\r\n11\x1a", "0011\r\n+CMS ERROR: 304\r\n"},
    };
    (void)state;
    op_carrier_t *carrier = op_carrier_new(2);
    for (size_t i = 0; i < OP_COUNT(cases); i++)
        assert_string_equal(s_say(carrier, cases[i].typed), cases[i].said);
    op_carrier_destroy(&carrier);
    assert_null(carrier);
    op_carrier_destroy(&carrier);
}

/*  Everything real clients were seen to rely on is OK. */
static void test_supported(void **state)
{
    static const char *const commands[] = {
        "AT",
        "ATS0=0X4",
        "ATI",
        "ATV1",
        "ATX4",
        "AT&C1",
        "ATH",
        "AT+CMEE=?",
        "AT+CGMI",
        "AT+GMI",
        "AT+CGMM",
        "AT+GMM",
        "AT+CGMR",
        "AT+CPIN?",
        "AT+CFUN?",
        "AT+CFUN=1",
        "AT+CREG=?",
        "AT+CREG?",
        "AT+CGREG=2",
        "AT+CGREG?",
        "AT+CEREG=1",
        "AT+CEREG?",
        "AT+CGATT?",
        "AT+COPS?",
        "AT+COPS=3,0",
        "AT+COPS=3,2",
        "AT+COPS?",
        "AT+CSQ",
        "AT+CBC",
        "AT+CSMS=?",
        "AT+CSMS?",
        "AT+CNMA",
        "AT+CSMS=1",
        "AT+CMGF?",
        "AT+CMGF=?",
        "AT+CSCS=?",
        "AT+CSCS?",
        "AT+CSCS=\"GSM\"",
        "AT+CSCS=\"UCS2\"",
        "AT+CSMP=49,167,0,0",
        "AT+CPMS=?",
        "AT+CPMS=\"SM\"",
        "AT+CNMI=?",
        "AT+CMGL=4",
        "AT+CMGL=0",
        "AT+CMGD=1",
        "AT+CMGD=1,4",
        "AT+CMMS=2",
        "AT+CUSD=1",
        "AT+CLIP=1",
        "AT+CRC=1",
        "AT+GCAP",
        "AT+WS46=?",
        "AT+CPBS=\"SM\"",
        "AT+CPBS?",
        "AT+CGEREP=0",
        "AT+CCID",
        "AT+ICCID",
        "AT+QCCID",
        "AT&F",
    };
    static const char *const refused[] = {"AT+MODE=2", "AT+CPROT=?", "AT$TSSPCSW=?", "AT+CLAC",
                                          "AT*CNTI=2", "AT^SBNR=?",  "ATD1"};
    char typed[64];
    (void)state;
    op_carrier_t *carrier = s_new(NULL);
    for (size_t i = 0; i < OP_COUNT(commands); i++) {
        snprintf(typed, sizeof(typed), "%s\r", commands[i]);
        const char *said = s_say(carrier, typed);
        size_t size = strlen(said);
        assert_true(size >= 6);
        if (strcmp(said + size - 6, "\r\nOK\r\n") != 0)
            fail_msg("%s: %s", commands[i], said);
    }
    op_carrier_destroy(&carrier);
    carrier = s_new(NULL);
    for (size_t i = 0; i < OP_COUNT(refused); i++) {
        snprintf(typed, sizeof(typed), "%s\r", refused[i]);
        assert_string_equal(s_say(carrier, typed), "\r\nERROR\r\n");
    }
    op_carrier_destroy(&carrier);
}

static void test_receive(void **state)
{
    (void)state;
    op_carrier_t *carrier = s_new("AT+CNMI=2,1,0,0,0");
    assert_int_equal(op_carrier_text(carrier, op_str(PHONE), op_str(SHARED), op_str("hi"), NOW),
                     OP_CARRIER_OK);
    assert_string_equal(s_say(carrier, ""), "\r\n+CMTI: \"SM\",1\r\n");
    const char *said = s_say(carrier, "AT+CMGL=0\r");
    op_pdu_t pdu = s_pdu_behind(said, "+CMGL: 1,0,,");
    assert_int_equal(pdu.kind, OP_PDU_DELIVER);
    assert_string_equal(pdu.peer.text, PHONE);
    assert_true(pdu.stamp.instant == NOW);
    s_body_is(&pdu, "hi");
    char head[64];
    snprintf(head, sizeof(head), "+CMGR: 1,,%u\r\n", pdu.size);
    said = s_say(carrier, "AT+CMGR=1\r");
    assert_non_null(strstr(said, head)); /* read by now, of that length */
    assert_string_equal(s_say(carrier, "AT+CMGL=0\r"), "\r\nOK\r\n");
    assert_string_equal(s_say(carrier, "AT+CMGD=?\r"), "\r\n+CMGD: (1),(0-4)\r\n\r\nOK\r\n");
    assert_string_equal(s_say(carrier, "AT+CMGD=1\r"), "\r\nOK\r\n");
    assert_int_equal(op_carrier_counts(carrier, 0).stored, 0);

    /*  Straight to the driver; the notice waits while a prompt is open. */
    assert_string_equal(s_say(carrier, "AT+CNMI=2,2,0,0,0\r"), "\r\nOK\r\n");
    assert_string_equal(s_say(carrier, "AT+CMGS=9\r"), "\r\n> ");
    assert_int_equal(op_carrier_text(carrier, op_str(PHONE), op_str(SHARED), op_str("yo"), NOW),
                     OP_CARRIER_OK);
    assert_string_equal(s_say(carrier, "00"), "");
    said = s_say(carrier, "\x1b");
    assert_non_null(strstr(said, "\r\nOK\r\n\r\n+CMT: ,"));
    pdu = s_pdu_behind(said, "+CMT: ,");
    s_body_is(&pdu, "yo");

    /*  In the other memory. */
    (void)s_say(carrier, "AT+CNMI=2,1;+CPMS=\"SM\",\"SM\",\"ME\"\r");
    assert_int_equal(op_carrier_text(carrier, op_str(PHONE), op_str(SHARED), op_str("me"), NOW),
                     OP_CARRIER_OK);
    assert_string_equal(s_say(carrier, ""), "\r\n+CMTI: \"ME\",1\r\n");
    op_carrier_destroy(&carrier);
}

static void test_refusals(void **state)
{
    static char huge[255 * 153 + 2];
    (void)state;
    op_carrier_t *carrier = s_new(NULL);
    memset(huge, 'x', sizeof(huge) - 1);
    const struct {
        const char *from, *to, *body;
        op_carrier_result_t want;
    } cases[] = {
        {PHONE, "+16176088934", "x", OP_CARRIER_NO_NUMBER},
        {PHONE, "", "x", OP_CARRIER_NO_NUMBER},
        {"4155550100", SHARED, "x", OP_CARRIER_BAD_PHONE},
        {SECOND, SHARED, "x", OP_CARRIER_BAD_PHONE},
        {PHONE, SHARED, "", OP_CARRIER_EMPTY},
        {PHONE, SHARED, "\xff", OP_CARRIER_BAD_TEXT},
        {PHONE, SHARED, huge, OP_CARRIER_TOO_LONG},
        {PHONE, SHARED, huge + 1, OP_CARRIER_OK},
    };
    for (size_t i = 0; i < OP_COUNT(cases); i++)
        assert_int_equal(op_carrier_text(carrier, op_str(cases[i].from), op_str(cases[i].to),
                                         op_str(cases[i].body), NOW),
                         cases[i].want);
    assert_int_equal(op_carrier_counts(carrier, 0).stored, 50);
    assert_int_equal(op_carrier_counts(carrier, 0).waiting, 205);
    op_carrier_destroy(&carrier);
}

/*  A full memory loses nothing: the rest waits, in order, and comes as slots get free. */
static void test_full(void **state)
{
    char body[16];
    char typed[16];
    char want[64];
    (void)state;
    op_carrier_t *carrier = s_new("AT+CNMI=2,1");
    for (int i = 0; i < 60; i++) {
        snprintf(body, sizeof(body), "text %d", i);
        assert_int_equal(op_carrier_text(carrier, op_str(PHONE), op_str(SHARED), op_str(body), NOW),
                         OP_CARRIER_OK);
    }
    (void)s_say(carrier, "");
    assert_int_equal(op_carrier_counts(carrier, 0).waiting, 10);
    for (int i = 50; i < 60; i++) {
        snprintf(typed, sizeof(typed), "AT+CMGD=%d\r", i - 49);
        snprintf(want, sizeof(want), "\r\nOK\r\n\r\n+CMTI: \"SM\",%d\r\n", i - 49);
        assert_string_equal(s_say(carrier, typed), want);
        snprintf(typed, sizeof(typed), "AT+CMGR=%d\r", i - 49);
        op_pdu_t pdu = s_pdu_behind(s_say(carrier, typed), "+CMGR: 0");
        snprintf(body, sizeof(body), "text %d", i);
        s_body_is(&pdu, body);
    }
    assert_int_equal(op_carrier_counts(carrier, 0).waiting, 0);
    assert_int_equal(op_carrier_counts(carrier, 0).delivered, 60);
    assert_string_equal(s_say(carrier, "AT+CMGD=1,4\r"), "\r\nOK\r\n");
    assert_int_equal(op_carrier_counts(carrier, 0).stored, 0);
    op_carrier_destroy(&carrier);
}

/*  Only the stamp tells two identical texts apart. */
static void test_stamps(void **state)
{
    static const struct {
        const char *body;
        int64_t at, want;
    } cases[] = {
        {"same", NOW, NOW},
        {"other", NOW, NOW},
        {"same", NOW + 10, NOW + 1000},
        {"same", NOW + 20, NOW + 2000},
        {"other", NOW + 30, NOW + 1000},
        {"same", NOW + 2500, NOW + 3000},
        {"same", NOW + 9000, NOW + 9000},
    };
    (void)state;
    op_carrier_t *carrier = s_new("AT+CNMI=2,2");
    for (size_t i = 0; i < OP_COUNT(cases); i++) {
        assert_int_equal(op_carrier_text(carrier, op_str(PHONE), op_str(SHARED),
                                         op_str(cases[i].body), cases[i].at),
                         OP_CARRIER_OK);
        op_pdu_t pdu = s_pdu_behind(s_say_at(carrier, 0, "", cases[i].at), "+CMT: ");
        s_body_is(&pdu, cases[i].body);
        assert_int_equal(pdu.stamp.instant, cases[i].want);
    }
    op_carrier_destroy(&carrier);
}

/*  Nobody reads the tty: what it holds is bounded, the SMS are all there. */
static void test_unread(void **state)
{
    (void)state;
    op_carrier_t *carrier = op_carrier_new(1);
    for (int i = 0; i < 200000; i++)
        op_carrier_feed(carrier, 0, op_str("ATI\r"), NOW);
    size_t size = op_carrier_take(carrier, 0)->size;
    assert_true(size > OP_CARRIER_OUT_MAX / 2 && size <= OP_CARRIER_OUT_MAX);
    op_carrier_destroy(&carrier);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_discipline), cmocka_unit_test(test_supported),
        cmocka_unit_test(test_receive),    cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_full),       cmocka_unit_test(test_stamps),
        cmocka_unit_test(test_unread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
