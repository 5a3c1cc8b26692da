/*  The knobs of a simulated modem: the table, and what each of them does. */

#include "carrier/sim_modem.h"
#include "tests/carrier_kit.h"

static void s_set(op_carrier_t *carrier, op_knob_t knob, int64_t value)
{
    assert_int_equal(op_carrier_set(carrier, 0, knob, value), 0);
}

static void s_text_in(op_carrier_t *carrier, const char *body)
{
    assert_int_equal(op_carrier_text(carrier, OP_STR(PHONE), OP_STR(SHARED), op_str(body), NOW),
                     OP_CARRIER_OK);
}

static void test_table(void **state)
{
    (void)state;
    for (int i = 0; i < OP_KNOB_END; i++) {
        const op_knob_row_t *row = op_knob_row((op_knob_t)i);
        assert_int_equal(op_knob_named(op_str(row->name)), i);
        assert_true(row->value >= 0 && row->value <= row->max && *row->sentence);
        assert_true((row->kind == OP_KNOB_IS_CHOICE) == (*row->words != 0));
        assert_true(row->kind != OP_KNOB_IS_SWITCH || row->max == 1);
        assert_int_equal(op_knob_read((op_knob_t)i, OP_STR("-1")), -1);
        if (row->kind != OP_KNOB_IS_CHOICE)
            continue;
        assert_true(op_knob_word((op_knob_t)i, row->max).size > 0);
        assert_true(op_knob_word((op_knob_t)i, row->max + 1).size == 0);
        for (int64_t value = 0; value <= row->max; value++)
            assert_int_equal(op_knob_read((op_knob_t)i, op_knob_word((op_knob_t)i, value)), value);
    }
}

static void test_line(void **state)
{
    (void)state;
    op_carrier_t *carrier = s_new("AT+CMEE=1");
    s_set(carrier, OP_KNOB_ECHO, 1);
    assert_string_equal(s_say(carrier, "AT\r"), "AT\r\r\nOK\r\n");
    (void)s_say(carrier, "ATE1\r");
    s_set(carrier, OP_KNOB_ECHO, 2);
    assert_string_equal(s_say(carrier, "AT\r"), "\r\nOK\r\n");
    s_set(carrier, OP_KNOB_COMMAND_LOST_NEXT, 1);
    assert_string_equal(s_say(carrier, "AT\r"), "");
    s_set(carrier, OP_KNOB_COMMAND_ERROR_NEXT, 1);
    assert_string_equal(s_say(carrier, "AT+CREG=2\r"), "\r\nERROR\r\n");
    assert_string_equal(s_say(carrier, "AT+CREG?\r"), "\r\n+CREG: 0,1\r\n\r\nOK\r\n");
    s_set(carrier, OP_KNOB_HANG, 1);
    assert_string_equal(s_say(carrier, "AT\r"), "");
    s_set(carrier, OP_KNOB_HANG, 0);
    assert_string_equal(s_say(carrier, "AT\r"), "\r\nOK\r\n");
    s_set(carrier, OP_KNOB_NOISE_COMMAND, 1);
    assert_string_equal(s_say(carrier, "AT+CSQ\r"),
                        "\r\n^RSSI: 0\r\n\r\n+CSQ: 23,99\r\n\r\nOK\r\n");
    s_set(carrier, OP_KNOB_NOISE_COMMAND, 0);

    /*  A slow command, and a slow prompt. */
    s_set(carrier, OP_KNOB_COMMAND_DELAY_MS, 100);
    assert_string_equal(s_say(carrier, "AT+CSQ\rAT\r"), "");
    assert_string_equal(s_say_at(carrier, 0, "", NOW + 99), "");
    assert_string_equal(s_say_at(carrier, 0, "", NOW + 100), "\r\n+CSQ: 23,99\r\n\r\nOK\r\n");
    assert_string_equal(s_say_at(carrier, 0, "AT+CMGS=9\r", NOW + 200), "\r\nOK\r\n");
    assert_string_equal(s_say_at(carrier, 0, "", NOW + 299), "");
    assert_string_equal(s_say_at(carrier, 0, "", NOW + 300), "\r\n> ");
    s_set(carrier, OP_KNOB_COMMAND_DELAY_MS, 0);
    assert_string_equal(s_say_at(carrier, 0, "\x1b", NOW + 300), "\r\nOK\r\n");

    /*  Short results (V.250 5.7.1), and words. */
    assert_string_equal(s_say(carrier, "ATV0\r"), "0\r");
    assert_string_equal(s_say(carrier, "AT+CSQ\r"), "+CSQ: 23,99\r\n0\r");
    assert_string_equal(s_say(carrier, "ATD1\r"), "4\r");
    assert_string_equal(s_say(carrier, "ATV1+CMEE=2\r"), "\r\nOK\r\n");
    assert_string_equal(s_say(carrier, "AT+CMGR=1\r"), "\r\n+CMS ERROR: invalid memory index\r\n");
    op_carrier_destroy(&carrier);
}

static void test_prompt(void **state)
{
    static const char *const forms[] = {"\r\n> ", "\r\n>", "\r\n> \r\n", "> "};
    (void)state;
    op_carrier_t *carrier = s_new("AT+CNMI=2,1,0,0,0");
    for (size_t i = 0; i < OP_COUNT(forms); i++) {
        s_set(carrier, OP_KNOB_PROMPT_FORM, (int64_t)i);
        assert_string_equal(s_say(carrier, "AT+CMGS=9\r"), forms[i]);
        assert_string_equal(s_say(carrier, "\x1b"), "\r\nOK\r\n");
    }
    s_set(carrier, OP_KNOB_PROMPT_FORM, 0);
    s_set(carrier, OP_KNOB_PROMPT_LOST_NEXT, 1);
    assert_string_equal(s_say(carrier, "AT+CMGS=9\r"), "");
    assert_string_equal(s_say(carrier, "\x1b"), "\r\nOK\r\n");
    s_set(carrier, OP_KNOB_NOISE_PROMPT, 1);
    s_set(carrier, OP_KNOB_NOTICE_AT_PROMPT, 1);
    assert_string_equal(s_say(carrier, "AT+CMGS=9\r"), "\r\n> \r\n^RSSI: 0\r\n");
    s_text_in(carrier, "now");
    assert_string_equal(s_say(carrier, ""), "\r\n+CMTI: \"SM\",1\r\n");
    assert_string_equal(s_say(carrier, "\x1b"), "\r\n^RSSI: 1\r\n\r\nOK\r\n");
    op_carrier_destroy(&carrier);
}

static void test_sending(void **state)
{
    (void)state;
    op_carrier_t *carrier = s_new("AT+CMEE=1");
    s_set(carrier, OP_KNOB_CME_ERROR_NEXT, 1);
    assert_string_equal(s_send_text(carrier, 0, PHONE, "a", false, NOW), "\r\n+CME ERROR: 100\r\n");
    s_set(carrier, OP_KNOB_SUBMIT_LOST_NEXT, 1);
    s_set(carrier, OP_KNOB_REFERENCE, 255);
    assert_string_equal(s_send_text(carrier, 0, PHONE, "b", false, NOW),
                        "\r\n+CMGS: 255\r\n\r\nOK\r\n");
    s_set(carrier, OP_KNOB_SUBMIT_RESET_NEXT, 1);
    assert_string_equal(s_send_text(carrier, 0, PHONE, "c", false, NOW), "\r\nRDY\r\n");
    s_inbox_is(carrier, PHONE, SHARED ":c|");
    (void)s_say(carrier, "ATE0\r");
    s_set(carrier, OP_KNOB_SEND_NEEDS_ROOM, 1);
    s_set(carrier, OP_KNOB_SM_SLOTS, 0);
    assert_string_equal(s_send_text(carrier, 0, PHONE, "d", false, NOW), "\r\n+CMS ERROR: 322\r\n");
    op_carrier_destroy(&carrier);
}

/*  Stored, listed, sent from the memory: 27.005 4.3, 4.4, 3.5.2. */
static void test_written(void **state)
{
    static const char pdu[] = "0011000B914151550501F00000AA0168"; /* "h" to PHONE */
    char typed[128];
    (void)state;
    op_carrier_t *carrier = s_new(NULL);
    for (int i = 0; i < 2; i++) {
        assert_string_equal(s_say(carrier, "AT+CMGW=15\r"), "\r\n> ");
        snprintf(typed, sizeof(typed), "%s\x1a", pdu);
        const char *said = s_say(carrier, typed);
        assert_string_equal(said, i ? "\r\n+CMGW: 2\r\n\r\nOK\r\n" : "\r\n+CMGW: 1\r\n\r\nOK\r\n");
    }
    assert_non_null(strstr(s_say(carrier, "AT+CMGL=2\r"), "+CMGL: 2,2,,15\r\n"));
    assert_string_equal(s_say(carrier, "AT+CMSS=1\r"), "\r\n+CMSS: 0\r\n\r\nOK\r\n");
    assert_string_equal(s_say(carrier, "AT+CMSS=2,\"+14155550199\"\r"),
                        "\r\n+CMSS: 1\r\n\r\nOK\r\n");
    assert_string_equal(s_say(carrier, "AT+CMSS=3\r"), "\r\n+CMS ERROR: 321\r\n");
    s_inbox_is(carrier, PHONE, SHARED ":h|");
    s_inbox_is(carrier, "+14155550199", SHARED ":h|");
    assert_non_null(strstr(s_say(carrier, "AT+CMGL=3\r"), "+CMGL: 1,3,,15\r\n"));
    assert_string_equal(s_say(carrier, "AT+CMGD=1,1\r"), "\r\nOK\r\n");
    assert_string_equal(s_say(carrier, "AT+CMGD=?\r"), "\r\n+CMGD: (1,2),(0-4)\r\n\r\nOK\r\n");
    assert_string_equal(s_say(carrier, "AT+CMGD=1,2\r"), "\r\nOK\r\n");
    assert_string_equal(s_say(carrier, "AT+CMGD=?\r"), "\r\n+CMGD: (),(0-4)\r\n\r\nOK\r\n");
    op_carrier_destroy(&carrier);
}

static void test_memories(void **state)
{
    (void)state;
    op_carrier_t *carrier = s_new("AT+CNMI=2,1,0,0,0");
    s_set(carrier, OP_KNOB_SM_SLOTS, 2);
    s_set(carrier, OP_KNOB_ME_SLOTS, 1);
    s_set(carrier, OP_KNOB_STORE_OTHER_NEXT, 1);
    s_text_in(carrier, "one");
    assert_string_equal(s_say(carrier, ""), "\r\n+CMTI: \"ME\",1\r\n");
    s_set(carrier, OP_KNOB_NOTICE_OTHER_NEXT, 1);
    s_text_in(carrier, "two");
    assert_string_equal(s_say(carrier, ""), "\r\n+CMTI: \"ME\",1\r\n");
    s_set(carrier, OP_KNOB_DELIVER_DOUBLE_NEXT, 1);
    s_text_in(carrier, "three");
    assert_string_equal(s_say(carrier, ""), "\r\n+CMTI: \"SM\",2\r\n");
    assert_int_equal(op_carrier_counts(carrier, 0).waiting, 1);
    assert_string_equal(s_say(carrier, "AT+CPMS?\r"),
                        "\r\n+CPMS: \"SM\",2,2,\"SM\",2,2,\"SM\",2,2\r\n\r\nOK\r\n");

    /*  Both as one: ME's slot, then those of SM. */
    assert_string_equal(s_say(carrier, "AT+CPMS=\"MT\",\"MT\",\"MT\"\r"),
                        "\r\n+CPMS: 3,3,3,3,3,3\r\n\r\nOK\r\n");
    op_pdu_t pdu = s_pdu_behind(s_say(carrier, "AT+CMGR=101\r"), "+CMGR: 0");
    s_body_is(&pdu, "two");
    s_set(carrier, OP_KNOB_UNDELETABLE_SLOTS, 1);
    assert_string_equal(s_say(carrier, "AT+CMGD=1\r"), "\r\n+CMS ERROR: 320\r\n");
    s_set(carrier, OP_KNOB_UNDELETABLE_ANSWER, 1);
    assert_string_equal(s_say(carrier, "AT+CMGD=1\r"), "\r\nOK\r\n");
    pdu = s_pdu_behind(s_say(carrier, "AT+CMGR=1\r"), "+CMGR: 0");
    s_body_is(&pdu, "one");
    s_set(carrier, OP_KNOB_UNDELETABLE_SLOTS, 0);
    assert_string_equal(s_say(carrier, "AT+CMGD=1\r"),
                        "\r\nOK\r\n\r\n+CMTI: \"MT\",1\r\n"); /* the double */

    /*  More room, at once; an order of its own. */
    (void)s_say(carrier, "AT+CPMS=\"SM\",\"SM\",\"SM\"\r");
    s_set(carrier, OP_KNOB_SM_SLOTS, 6);
    s_set(carrier, OP_KNOB_SLOT_ORDER, 2);
    s_text_in(carrier, "six");
    assert_string_equal(s_say(carrier, ""), "\r\n+CMTI: \"SM\",6\r\n");
    s_set(carrier, OP_KNOB_SLOT_ORDER, 1);
    (void)s_say(carrier, "AT+CMGD=2\r");
    s_text_in(carrier, "wraps");
    assert_string_equal(s_say(carrier, ""), "\r\n+CMTI: \"SM\",2\r\n");
    s_set(carrier, OP_KNOB_LIST_ORDER, 1);
    s_set(carrier, OP_KNOB_NOISE_LIST, 1);
    const char *said = s_say(carrier, "AT+CMGL=4\r");
    const char *six = strstr(said, "+CMGL: 6,0"), *two = strstr(said, "+CMGL: 2,0");
    const char *noise = strstr(said, "^RSSI");
    assert_true(six && two && noise && six < noise && noise < two);
    op_carrier_destroy(&carrier);
}

static void test_empty_slot(void **state)
{
    static const char *const said[] = {"\r\n+CMS ERROR: 321\r\n", "\r\nOK\r\n", "\r\nERROR\r\n",
                                       "\r\nERROR\r\n\r\nOK\r\n"};
    (void)state;
    op_carrier_t *carrier = s_new(NULL);
    for (size_t i = 0; i < OP_COUNT(said); i++) {
        s_set(carrier, OP_KNOB_EMPTY_SLOT, (int64_t)i);
        assert_string_equal(s_say(carrier, "AT+CMGR=3\r"), said[i]);
    }
    op_carrier_destroy(&carrier);
}

/*  The first and the last are readable all the same, the others are not, and the next text is whole
    again. */
static void test_malformed(void **state)
{
    (void)state;
    op_carrier_t *carrier = s_new(NULL);
    for (int form = 0; form < 6; form++) {
        s_set(carrier, OP_KNOB_MALFORMED_FORM, form);
        s_set(carrier, OP_KNOB_MALFORMED_NEXT, 1);
        s_text_in(carrier, "poison");
        s_text_in(carrier, "good");
        const char *hex = strstr(s_say(carrier, "AT+CMGR=1\r"), "+CMGR: 0,,");
        assert_non_null(hex);
        hex = strstr(hex, "\r\n") + 2;
        op_pdu_t pdu;
        op_pdu_result_t result = op_pdu_decode(op_str_of(hex, strcspn(hex, "\r")), &pdu);
        assert_true((result == OP_PDU_OK) == (form == 0 || form == 5));
        assert_true(result != OP_PDU_OK || (pdu.stamp.instant == 0) == (form == 5));
        pdu = s_pdu_behind(s_say(carrier, "AT+CMGR=2\r"), "+CMGR: 0");
        s_body_is(&pdu, "good");
        assert_string_equal(s_say(carrier, "AT+CMGD=1,4\r"), "\r\nOK\r\n");
    }
    op_carrier_destroy(&carrier);
}

static void test_noise_in_a_direct_text(void **state)
{
    (void)state;
    op_carrier_t *carrier = s_new("AT+CNMI=2,2,0,0,0");
    s_set(carrier, OP_KNOB_NOISE_DIRECT, 1);
    s_text_in(carrier, "one");
    static const char noise[] = "\r\n\r\n^RSSI: 0\r\n\r\n";
    const char *said = s_say(carrier, ""), *at = strstr(said, noise);
    op_pdu_t pdu;
    assert_true(op_str_starts(op_str(said), "\r\n+CMT: ,"));
    assert_non_null(at);
    at += sizeof noise - 1;
    assert_int_equal(op_pdu_decode(op_str_of(at, strcspn(at, "\r")), &pdu), OP_PDU_OK);
    s_body_is(&pdu, "one");
    op_carrier_destroy(&carrier);
}

/*  27.005 3.4.4: one at a time; what is not acknowledged comes again, by way of the memory. */
static void test_acknowledge(void **state)
{
    (void)state;
    op_carrier_t *carrier = s_new("AT+CNMI=2,2,0,0,0");
    (void)s_say(carrier, "AT+CSMS=1\r");
    s_text_in(carrier, "one");
    s_text_in(carrier, "two");
    op_pdu_t pdu = s_pdu_behind(s_say(carrier, ""), "+CMT: ,");
    s_body_is(&pdu, "one");
    assert_int_equal(op_carrier_counts(carrier, 0).waiting, 2);
    const char *said = s_say(carrier, "AT+CNMA\r");
    assert_int_equal(strncmp(said, "\r\nOK\r\n", 6), 0);
    pdu = s_pdu_behind(said, "+CMT: ,");
    s_body_is(&pdu, "two");
    assert_true(op_carrier_wake_at(carrier) == NOW + 15000);
    op_carrier_tick(carrier, NOW + 15000);
    assert_string_equal(s_say_at(carrier, 0, "AT+CNMI?\r", NOW + 15000),
                        "\r\n+CNMI: 2,0,0,0,0\r\n\r\nOK\r\n");
    assert_int_equal(op_carrier_counts(carrier, 0).stored, 1);
    assert_int_equal(op_carrier_counts(carrier, 0).waiting, 0);
    assert_string_equal(s_say(carrier, "AT+CNMA\r"), "\r\n+CMS ERROR: 340\r\n");
    op_carrier_destroy(&carrier);
}

static void test_pin(void **state)
{
    (void)state;
    op_carrier_t *carrier = s_new("AT+CMEE=1");
    s_set(carrier, OP_KNOB_SIM_BUSY_NEXT, 1);
    assert_string_equal(s_say(carrier, "AT+CPIN?\r"), "\r\n+CME ERROR: 14\r\n");
    assert_string_equal(s_say(carrier, "AT+CPIN?\r"), "\r\n+CPIN: READY\r\n\r\nOK\r\n");
    s_set(carrier, OP_KNOB_PIN_LOCK, 1);
    s_set(carrier, OP_KNOB_PIN, 42);
    assert_string_equal(s_say(carrier, "AT+CPIN?\r"), "\r\n+CPIN: SIM PIN\r\n\r\nOK\r\n");
    assert_string_equal(s_say(carrier, "AT+CIMI\r"), "\r\n+CME ERROR: 11\r\n");
    assert_string_equal(s_say(carrier, "AT+CMGL=4\r"), "\r\n+CMS ERROR: 311\r\n");
    assert_non_null(strstr(s_say(carrier, "AT+CCID\r"), "+CCID: 89014103"));
    assert_string_equal(s_say(carrier, "AT+CPIN=\"1111\"\r"), "\r\n+CME ERROR: 16\r\n");
    assert_string_equal(s_say(carrier, "AT+CPIN=\"0042\"\r"), "\r\nOK\r\n\r\n+CPIN: READY\r\n");
    assert_int_equal(op_carrier_get(carrier, 0, OP_KNOB_PIN_TRIES), 3);
    assert_string_equal(s_say(carrier, "AT+CPIN=\"0042\"\r"), "\r\n+CME ERROR: 3\r\n");

    op_carrier_reset(carrier, 0, NOW);
    (void)s_say(carrier, "ATE0+CMEE=1\r");
    assert_string_equal(s_say(carrier, "AT+CREG?\r"), "\r\n+CREG: 0,0\r\n\r\nOK\r\n");
    (void)s_say(carrier, "AT+CPIN=\"1\"\rAT+CPIN=\"2\"\r");
    assert_string_equal(s_say(carrier, "AT+CPIN=\"3\"\r"), "\r\n+CME ERROR: 12\r\n");
    assert_string_equal(s_say(carrier, "AT+CPIN?\r"), "\r\n+CPIN: SIM PUK\r\n\r\nOK\r\n");
    assert_string_equal(s_say(carrier, "AT+CPIN=\"00000000\",\"7777\"\r"),
                        "\r\n+CME ERROR: 16\r\n");
    assert_string_equal(s_say(carrier, "AT+CPIN=\"12345678\",\"7777\"\r"),
                        "\r\nOK\r\n\r\n+CPIN: READY\r\n");
    assert_int_equal(op_carrier_get(carrier, 0, OP_KNOB_PIN), 7777);
    s_set(carrier, OP_KNOB_PIN_TRIES, 0);
    s_set(carrier, OP_KNOB_PUK_TRIES, 1);
    assert_string_equal(s_say(carrier, "AT+CPIN=\"1\",\"7777\"\r"), "\r\n+CME ERROR: 13\r\n");
    s_set(carrier, OP_KNOB_SIM_OUT, 1);
    assert_string_equal(s_say(carrier, "AT+CPIN?\r"), "\r\n+CME ERROR: 10\r\n");
    assert_string_equal(s_say(carrier, "AT+CCID\r"), "\r\n+CME ERROR: 10\r\n");
    assert_null(op_carrier_modem_sim(carrier, 0));
    op_carrier_destroy(&carrier);
}

static void test_network(void **state)
{
    (void)state;
    op_carrier_t *carrier = s_new("AT+CREG=1;+CEREG=0");
    s_set(carrier, OP_KNOB_REGISTRATION, 3);
    op_carrier_tick(carrier, NOW);
    assert_string_equal(s_say(carrier, "AT+CREG?\r"),
                        "\r\n+CREG: 3\r\n\r\n+CREG: 1,3\r\n\r\nOK\r\n");
    assert_string_equal(s_send_text(carrier, 0, PHONE, "x", false, NOW), "\r\n+CMS ERROR: 331\r\n");
    assert_string_equal(s_say(carrier, "AT+COPS?\r"), "\r\n+COPS: 0\r\n\r\nOK\r\n");
    assert_string_equal(s_say(carrier, "AT+CSQ\r"), "\r\n+CSQ: 99,99\r\n\r\nOK\r\n");
    s_text_in(carrier, "waits");
    assert_int_equal(op_carrier_counts(carrier, 0).waiting, 1);
    s_set(carrier, OP_KNOB_REGISTRATION, 5);
    op_carrier_tick(carrier, NOW);
    assert_int_equal(op_carrier_counts(carrier, 0).waiting, 0);
    assert_string_equal(s_say(carrier, ""), "\r\n+CREG: 5\r\n");
    s_set(carrier, OP_KNOB_RADIO_OFF, 1);
    assert_string_equal(s_say(carrier, "AT+CFUN?\r"), "\r\n+CREG: 0\r\n\r\n+CFUN: 4\r\n\r\nOK\r\n");
    s_set(carrier, OP_KNOB_RADIO_OFF, 0);
    s_set(carrier, OP_KNOB_REGISTER_MS, 700);
    (void)s_say(carrier, "AT+CFUN=0\r");
    (void)s_say(carrier, "AT+CFUN=1\r");
    assert_string_equal(s_say(carrier, "AT+CREG?\r"), "\r\n+CREG: 1,2\r\n\r\nOK\r\n");
    assert_true(op_carrier_wake_at(carrier) == NOW + 700);
    assert_string_equal(s_say_at(carrier, 0, "", NOW + 700), "\r\n+CREG: 5\r\n");

    assert_string_equal(s_say(carrier, "AT+CUSD=1,\"*100#\",15\r"), "\r\nOK\r\n\r\n+CUSD: 4\r\n");
    s_set(carrier, OP_KNOB_RING_NEXT, 3);
    op_carrier_tick(carrier, NOW);
    assert_string_equal(s_say(carrier, "AT+CLIP=1\r"), "\r\nRING\r\n\r\nOK\r\n");
    assert_string_equal(s_say_at(carrier, 0, "", NOW + 3000),
                        "\r\nRING\r\n\r\n+CLIP: \"+14155550100\",145\r\n");
    assert_string_equal(s_say_at(carrier, 0, "ATH\r", NOW + 3001), "\r\nOK\r\n");
    assert_string_equal(s_say_at(carrier, 0, "", NOW + 9000), "");
    op_carrier_destroy(&carrier);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_line),
        cmocka_unit_test(test_prompt),
        cmocka_unit_test(test_sending),
        cmocka_unit_test(test_written),
        cmocka_unit_test(test_memories),
        cmocka_unit_test(test_empty_slot),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_noise_in_a_direct_text),
        cmocka_unit_test(test_acknowledge),
        cmocka_unit_test(test_pin),
        cmocka_unit_test(test_network),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
