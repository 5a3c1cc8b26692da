/*  The modem actor: what was received before, what comes while a line is set up, and from whom */

#include "tests/inbound_fixture.h"

/*  Without a readable time stamp. */
static const char *s_unstamped(const char *body)
{
    static op_buf_t made;
    op_arena_t arena = {0};
    op_sms_parts_t parts;
    assert_int_equal(op_sms_split(op_str(body), 0, &arena, &parts), OP_SMS_OK);
    op_pdu_t pdu = {.kind = OP_PDU_DELIVER, .user = parts.at[0]};
    op_buf_clear(&made);
    assert_int_equal(op_address_from(OP_STR(PEER), &pdu.peer), 0);
    assert_int_equal(op_pdu_encode(&pdu, &made), OP_PDU_OK);
    op_buf_add_byte(&made, 0);
    op_arena_free(&arena);
    return made.at;
}

static void s_hand_out(const char *hex)
{
    char notice[600];
    snprintf(notice, sizeof notice, "\r\n+CMT: ,24\r\n%s\r\n", hex);
    tty_say(&s_core, notice);
}

/*  ---- without a time stamp ---- */

static void test_the_same_words_again(void **state)
{
    (void)state;
    const char *yes = s_unstamped("yes");
    s_arrive(1, yes, "yes");
    core_advance(&s_core, 2000);
    s_arrive(1, yes, "yes"); /* the slot was emptied: said again */
    s_announce(1);
    s_read(yes);
    s_expect_texts("yes");
    core_restart(&s_core, true); /* not deleted: read again, and known */
    tty_open(&s_core, 0);
    tty_set_up_until(&s_core, 0, "AT+CMGL=4");
    s_list(&yes, 1);
    s_expect_texts("");
    tty_expect(&s_core, "AT+CMGD=1\r");
}

static void s_sweep(void)
{
    core_advance(&s_core, SWEEP_MS);
    tty_expect(&s_core, "AT+CMGL=4\r");
}

static void s_delete(void)
{
    tty_expect(&s_core, "AT+CMGD=1\r");
    tty_say(&s_core, OK);
    s_no_more();
}

/*  A modem that says that it deletes, and does not: the same text is there, however often it is
    looked for. */
static void test_not_deleted_but_said_so(void **state)
{
    (void)state;
    const char *yes = s_unstamped("yes");
    s_arrive(1, yes, "yes");
    for (int i = 0; i < 5; i++) {
        s_sweep();
        s_list(&yes, 1);
        s_expect_texts("");
        s_delete();
        assert_int_equal(drive_rows(s_core.store, "modem/I"), 1);
    }
}

/*  What shows that the slot has another message: a list without it, or other bytes, also
    behind a restart. A list that was disturbed shows nothing. */
static void test_the_slot_was_emptied(void **state)
{
    (void)state;
    const char *yes = s_unstamped("yes");
    s_arrive(1, yes, "yes");
    s_sweep();
    tty_say(&s_core, OK);
    s_no_more();
    assert_int_equal(drive_rows(s_core.store, "modem/I"), 0);
    for (int restarts = 0; restarts < 2; restarts++) {
        s_sweep(); /* not announced */
        s_list(&yes, 1);
        s_expect_texts("yes");
        if (restarts) {
            core_restart(&s_core, false);
            tty_bring_up(&s_core, 0); /* the list is empty */
        } else {
            const char *other = s_pdu("other", 1);
            s_delete();
            s_sweep();
            s_list(&other, 1);
            s_expect_texts("other");
            s_delete();
        }
    }
    s_sweep();
    s_list(&yes, 1);
    s_expect_texts("yes");
    s_delete();
    s_sweep();
    tty_say(&s_core, "\r\nwhat is this\r\n" OK);
    s_no_more();
    s_sweep();
    s_list(&yes, 1);
    s_expect_texts("");
}

/*  Some number their slots otherwise in what they announce than in what they list: any may be it. */
static void test_announced_by_another_number(void **state)
{
    (void)state;
    const char *yes = s_unstamped("yes");
    s_teardown(NULL);
    s_setup(NULL);
    tty_open(&s_core, 0);
    tty_set_up_until(&s_core, 0, "AT+CPMS=?");
    tty_say(&s_core, "\r\n+CPMS: (\"MT\"),(\"MT\"),(\"MT\")\r\n" OK);
    tty_set_up_until(&s_core, 0, "AT+CMGL=4");
    for (int i = 0; i < 2; i++) {
        s_list(&yes, 1);
        s_expect_texts("yes");
        tty_expect(&s_core, "AT+CMGD=1\r");
        tty_dialogue(&s_core, OK, "");
        tty_dialogue(&s_core, "\r\n+CMTI: \"ME\",4\r\n", "AT+CPMS=\"SR\"\r");
        tty_dialogue(&s_core, "\r\n+CMS ERROR: 302\r\n", "AT+CMGL=4\r");
    }
}

static void test_handed_out_again(void **state)
{
    (void)state;
    const char *yes = s_unstamped("yes");
    s_hand_out(yes);
    s_expect_texts("yes");
    core_advance(&s_core, 9 * OP_MINUTE_MS);
    s_hand_out(yes); /* delivered again, or said again: nobody can tell */
    s_expect_texts("");
    core_advance(&s_core, OP_MINUTE_MS);
    s_hand_out(yes);
    s_expect_texts("yes");
}

/*  ---- handed out while the line is set up ---- */

static void test_texts_before_the_line_is_up(void **state)
{
    (void)state;
    s_teardown(NULL);
    s_setup(NULL);
    tty_open(&s_core, 0);
    s_hand_out(s_pdu("one", 1));
    s_expect_texts(""); /* whose SIM? */
    s_hand_out(s_pdu("two", 2));
    tty_say(&s_core, OK); /* ATE0 */
    tty_set_up_until(&s_core, 0, "AT+CIMI");
    s_expect_texts("");
    tty_say(&s_core, tty_answer_to(0, "AT+CIMI"));
    s_expect_texts("one two");
    s_hand_out(s_pdu("three", 3));
    s_expect_texts("three");
}

/*  Nor are they told of another modem's SIM. */
static void test_held_texts_go_with_their_modem(void **state)
{
    (void)state;
    s_teardown(NULL);
    s_setup(NULL);
    tty_open(&s_core, 0);
    s_hand_out(s_pdu("one", 1));
    s_went_away();
    core_advance(&s_core, 1000);
    tty_open(&s_core, 0);
    tty_set_up_until(&s_core, 0, "AT+CIMI");
    tty_say(&s_core, tty_answer_to(0, "AT+CIMI"));
    s_expect_texts("");
}

static void test_not_too_many_are_held(void **state)
{
    (void)state;
    s_teardown(NULL);
    s_setup(NULL);
    tty_open(&s_core, 0);
    for (int64_t i = 0; i < 20; i++)
        s_hand_out(s_pdu("again", i));
    tty_say(&s_core, OK);
    tty_set_up_until(&s_core, 0, "AT+CIMI");
    tty_say(&s_core, tty_answer_to(0, "AT+CIMI"));
    assert_int_equal(CORE_COUNT(&s_core, "ledger", text_received), 8);
}

/*  ---- senders ---- */

static void test_who_sent_it(void **state)
{
    (void)state;
    static const struct {
        uint8_t type;
        const char *digits, *told;
    } table[] = {
        {OP_ADDRESS_INTERNATIONAL, "+14155550777", "+14155550777"},
        {OP_ADDRESS_NATIONAL, "4155550777", "+14155550777"},
        {OP_ADDRESS_UNKNOWN, "4155550777", "+14155550777"},
        {OP_ADDRESS_UNKNOWN, "14155550777", "+14155550777"},
        {OP_ADDRESS_UNKNOWN, "72345", "72345"},
        {OP_ADDRESS_NATIONAL, "72345", "72345"},
        {OP_ADDRESS_UNKNOWN, "1155550777", "1155550777"}, /* no area code begins so */
        {OP_ADDRESS_ALPHANUMERIC, "4155550777", "4155550777"},
        {OP_ADDRESS_ALPHANUMERIC, "AMAZON", "AMAZON"},
        {OP_ADDRESS_UNKNOWN, "", "unknown"},
    };
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        op_buf_t hex = {0};
        op_pdu_t pdu = {.kind = OP_PDU_DELIVER, .stamp = {DRIVE_NOW + (int64_t)i * 1000, 0}};
        op_arena_t arena = {0};
        op_sms_parts_t parts;
        assert_int_equal(op_sms_split(OP_STR("hi"), 0, &arena, &parts), OP_SMS_OK);
        pdu.user = parts.at[0];
        pdu.peer.type = table[i].type;
        assert_true(op_str_copy(op_str(table[i].digits), pdu.peer.text, sizeof pdu.peer.text));
        assert_int_equal(op_pdu_encode(&pdu, &hex), OP_PDU_OK);
        op_buf_add_byte(&hex, 0);
        s_hand_out(hex.at);
        const op_text_received_t *text = CORE_FIND(&s_core, "ledger", text_received, 0);
        assert_non_null(text);
        assert_true(op_str_is(text->from, table[i].told));
        op_buf_free(&hex);
        op_arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_UP(test_the_same_words_again),
        TEST_UP(test_handed_out_again),
        TEST_UP(test_not_deleted_but_said_so),
        TEST_UP(test_the_slot_was_emptied),
        TEST_UP(test_announced_by_another_number),
        TEST_UP(test_texts_before_the_line_is_up),
        TEST_UP(test_not_too_many_are_held),
        TEST_UP(test_held_texts_go_with_their_modem),
        TEST_UP(test_who_sent_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
