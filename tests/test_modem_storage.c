/*  The modem actor: memories. Several of them, full ones, direct delivery, and what is no text */

#include "tests/inbound_fixture.h"

#include "actors/modem_private.h"

#define CPMS(used) "\r\n+CPMS: " used ",10,0,10,0,10\r\n" OK

/*  ---- memories ---- */

static void test_the_memory_that_is_named(void **state)
{
    (void)state;
    tty_dialogue(&s_core, "\r\n+CMTI: \"ME\",4\r\n", "AT+CPMS=\"ME\"\r");
    tty_dialogue(&s_core, CPMS("1"), "AT+CMGR=4\r");
    s_read(s_pdu("hello", 1));
    s_expect_texts("hello");
    tty_dialogue(&s_core, "\r\n+CMTI: \"SM\",4\r\n", "");
    tty_expect(&s_core, "");
    tty_dialogue(&s_core, OK, "AT+CPMS=\"SM\"\r");
    tty_dialogue(&s_core, CPMS("1"), "AT+CMGR=4\r");
}

static void test_all_memories_are_searched(void **state)
{
    (void)state;
    core_advance(&s_core, SWEEP_MS);
    tty_expect(&s_core, "AT+CMGL=4\r");
    s_list_one(1, s_pdu("in the SIM", 1));
    tty_expect(&s_core, "AT+CMGD=1\r");
    tty_dialogue(&s_core, OK, "AT+CPMS=\"ME\"\r");
    tty_dialogue(&s_core, CPMS("1"), "AT+CMGL=4\r");
    s_list_one(1, s_pdu("in the modem", 2));
    s_expect_texts("in the modem");
    tty_expect(&s_core, "AT+CMGD=1\r"); /* the same number, another slot */
    tty_dialogue(&s_core, OK, "AT+CPMS=\"SR\"\r");
    tty_dialogue(&s_core, CPMS("0"), "AT+CMGL=4\r");
    tty_dialogue(&s_core, OK, "");
}

/*  Neither a memory that is not there nor one that does not answer stops the others. */
static void test_a_memory_that_fails(void **state)
{
    (void)state;
    core_advance(&s_core, SWEEP_MS);
    tty_say(&s_core, OK);
    tty_expect(&s_core, "AT+CPMS=\"ME\"\r");
    core_advance(&s_core, OP_COMMAND_MS); /* no answer: drained */
    tty_say(&s_core, OK);
    core_advance(&s_core, 300);
    tty_expect(&s_core, "AT+CPMS=\"ME\"\r");
    tty_dialogue(&s_core, "\r\n+CMS ERROR: 302\r\n", "AT+CPMS=\"SR\"\r");
    tty_dialogue(&s_core, "\r\n+CMS ERROR: 302\r\n", "");
    tty_dialogue(&s_core, "\r\n+CMTI: \"SM\",3\r\n",
                 "AT+CPMS=\"SM\"\r"); /* none is selected for certain */
}

static void test_a_full_memory_is_said(void **state)
{
    (void)state;
    tty_dialogue(&s_core, "\r\n+CMTI: \"ME\",4\r\n", "AT+CPMS=\"ME\"\r");
    tty_say(&s_core, CPMS("10"));
    assert_int_equal(s_said("is full"), 1);
}

/*  The only memory is not selected again: a check finds it full, says so once, and looks for what
    was not announced. */
static void test_the_only_memory_is_full(void **state)
{
    (void)state;
    static const struct {
        const char *usage;
        size_t said;
    } table[] = {{"9,10", 0}, {"10,10", 1}, {"10,10", 0}, {"9,10", 0}, {"10,10", 1}};
    s_teardown(NULL);
    s_modem_setup.check_ms = 30000;
    s_setup_up(NULL);
    s_modem_setup.check_ms = 0;
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        char answer[80];
        core_advance(&s_core, 30000);
        tty_set_up_until(&s_core, 0, "AT+CPMS?");
        snprintf(answer, sizeof answer, "\r\n+CPMS: \"SM\",%s,\"SM\",%s,\"SM\",%s\r\n" OK,
                 table[i].usage, table[i].usage, table[i].usage);
        tty_dialogue(&s_core, answer, table[i].said ? "AT+CMGL=4\r" : "");
        assert_int_equal(s_said("is full"), table[i].said);
        if (table[i].said) {
            tty_say(&s_core, OK);
            s_no_more();
        }
    }
}

/*  ---- directly ---- */

static void test_directly_and_not_acknowledged(void **state)
{
    (void)state;
    char notice[600];
    snprintf(notice, sizeof notice, "\r\n+CMT: ,24\r\n%s\r\n", s_pdu("hello", 1));
    tty_dialogue(&s_core, notice, ""); /* AT+CSMS=0: nobody waits for AT+CNMA */
    s_expect_texts("hello");
}

/*  A line whose modem hands out, and waits to be told that it may go on. */
static void s_set_up_acknowledging(void)
{
    s_teardown(NULL);
    s_setup(NULL);
    tty_open(&s_core, 0);
    tty_set_up_until(&s_core, 0, "AT+CNMI=?");
    tty_dialogue(&s_core, "\r\n+CNMI: (2),(2),(0),(1),(0)\r\n" OK, "AT+CSMS=1\r");
    tty_dialogue(&s_core, "\r\n+CSMS: 1,1,1\r\n" OK, "AT+CNMI=2,2,0,1,0\r");
    tty_set_up_until(&s_core, 0, "AT+CPMS=\"SR\"");
    tty_say(&s_core, "\r\n+CMS ERROR: 302\r\n");
}

static void s_hand_out_pdu(const char *hex)
{
    char notice[600];
    snprintf(notice, sizeof notice, "\r\n+CMT: ,24\r\n%s\r\n", hex);
    tty_say(&s_core, notice);
}

static void s_hand_out(int64_t second)
{
    s_hand_out_pdu(s_pdu("hello", second));
    s_expect_texts("hello");
}

/*  The centre would deliver it again for ever: it is kept as it came, once, and acknowledged. */
static void test_what_is_handed_out_and_no_pdu(void **state)
{
    (void)state;
    static const char *const table[] = {"0791214365p70921", "07912"};
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        s_set_up_acknowledging();
        for (int times = 0; times < 2; times++) {
            s_hand_out_pdu(table[i]);
            tty_expect(&s_core, "AT+CNMA\r");
            tty_dialogue(&s_core, OK, "");
            assert_int_equal(s_quarantined(), 1);
        }
        assert_true(core_store_holds(&s_core, "modem/X", op_str(table[i])));
    }
}

/*  A notice between the two lines. */
static void test_a_notice_within_a_text(void **state)
{
    (void)state;
    char notice[600];
    s_set_up_acknowledging();
    snprintf(notice, sizeof notice, "\r\n+CMT: ,24\r\n\r\n^RSSI: 12\r\n%s\r\n", s_pdu("hello", 1));
    tty_dialogue(&s_core, notice, "AT+CNMA\r");
    s_expect_texts("hello");
}

/*  The form of the acknowledgement that is taken is found, and kept. */
static void test_forms_of_an_acknowledgement(void **state)
{
    (void)state;
    s_set_up_acknowledging();
    s_hand_out(1);
    tty_expect(&s_core, "AT+CNMA\r");
    tty_dialogue(&s_core, "\r\nERROR\r\n", "AT+CNMA=1\r");
    tty_dialogue(&s_core, OK, "");
    s_hand_out(2);
    tty_expect(&s_core, "AT+CNMA=1\r");
    tty_dialogue(&s_core, OK, "");
}

/*  One that comes too late is not expected any more, and nothing is handed out until that is set
    again. */
static void test_a_late_acknowledgement(void **state)
{
    (void)state;
    s_set_up_acknowledging();
    s_hand_out(1);
    tty_dialogue(&s_core, "\r\n+CMS ERROR: 340\r\n", "AT+CIMI\r"); /* a check, at once */
    tty_set_up_until(&s_core, 0, "AT+CNMI?");
    tty_dialogue(&s_core, "\r\n+CNMI: 2,0,0,0,0\r\n" OK, "AT+CNMI=2,2,0,1,0\r");
    tty_set_up_until(&s_core, 0, "AT+CPMS?");
    tty_dialogue(&s_core, OK, "AT+CMGL=4\r"); /* what came meanwhile */
}

/*  Nor does one that was taken after a long send tell that it came in time. */
static void test_an_acknowledgement_after_a_send(void **state)
{
    (void)state;
    s_set_up_acknowledging();
    s_text('a', "on its way");
    s_submitted();
    s_hand_out(1);
    core_advance(&s_core, 5000);
    tty_dialogue(&s_core, "\r\n+CMGS: 1\r\n" OK, "AT+CNMA\r");
    tty_dialogue(&s_core, OK, "AT+CIMI\r");
    tty_set_up_until(&s_core, 0, "AT+CNMI?");
    tty_dialogue(&s_core, OK, "AT+CNMI=2,2,0,1,0\r");
}

/*  Nor does a check find it otherwise without setting it again. */
static void test_notices_that_were_forgotten(void **state)
{
    (void)state;
    static const struct {
        const char *is, *next;
    } table[] = {{"2,1,0,2,0", "AT+CREG?\r"},
                 {"2,1,0,2,1", "AT+CREG?\r"},
                 {"0,0,0,0,0", "AT+CNMI=2,1,0,2,0\r"},
                 {"nonsense", "AT+CREG?\r"}};
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        char answer[60];
        s_teardown(NULL);
        s_modem_setup.check_ms = 30000;
        s_setup_up(NULL);
        s_modem_setup.check_ms = 0;
        core_advance(&s_core, 30000);
        tty_set_up_until(&s_core, 0, "AT+CNMI?");
        snprintf(answer, sizeof answer, "\r\n+CNMI: %s\r\n" OK, table[i].is);
        tty_dialogue(&s_core, answer, table[i].next);
    }
}

/*  ---- no texts ---- */

/*  It would be listed for ever. */
static void test_a_slot_without_a_message(void **state)
{
    (void)state;
    for (size_t look = 1; look <= 3; look++) {
        tty_dialogue(&s_core, "\r\n+CMTI: nonsense\r\n", "AT+CMGL=4\r");
        tty_dialogue(&s_core, "\r\n+CMGL: 4,1,,0\r\n" OK,
                     look < 3 ? "AT+CPMS=\"ME\"\r" : "AT+CMGD=4\r");
        if (look < 3) {
            tty_dialogue(&s_core, "\r\n+CMS ERROR: 302\r\n", "AT+CPMS=\"SR\"\r");
            tty_dialogue(&s_core, "\r\n+CMS ERROR: 302\r\n", "");
        }
        assert_int_equal(s_quarantined(), look == 3);
    }
    assert_true(core_store_holds(&s_core, "modem/X", OP_STR("+CMGL: 4,1,,0")));
}

static void s_take_kind(uint8_t pid, const op_user_data_t *user, int64_t second)
{
    op_pdu_t pdu = {.kind = OP_PDU_DELIVER, .pid = pid, .user = *user};
    op_buf_t hex = {0};
    pdu.stamp.instant = DRIVE_NOW + second * OP_SECOND_MS;
    assert_int_equal(op_address_from(OP_STR(PEER), &pdu.peer), 0);
    assert_int_equal(op_pdu_encode(&pdu, &hex), OP_PDU_OK);
    op_buf_add_byte(&hex, 0);
    s_announce(1);
    s_read(hex.at);
    tty_expect(&s_core, "AT+CMGD=1\r");
    op_buf_free(&hex);
}

static const op_quarantine_view_t *s_quarantine_page(uint64_t limit, op_str_t cursor)
{
    op_context_t nobody = {0};
    op_quarantine_list_t list = {cursor, limit};
    return CORE_ASK(&s_core, &nobody, quarantine_list, &list, quarantine_view,
                    OP_STEP_MODEM_QUARANTINE);
}

static void test_the_quarantine(void **state)
{
    (void)state;
    static const struct {
        uint8_t pid, dcs, count;
        const char *reason; /* NULL: a text */
    } table[] = {{0x40, 0, 2, "a silent message"},
                 {0, 4, 2, "8-bit data"},
                 {0, 0, 0, "without text"},
                 {0x7f, 0, 2, "for the SIM or the equipment"},
                 {0, 0x10, 2, NULL}}; /* class 0, with a text */
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        op_user_data_t user = {.dcs = table[i].dcs, .count = table[i].count, .units = {'h', 'i'}};
        user.alphabet = table[i].dcs == 4 ? OP_ALPHABET_8BIT : OP_ALPHABET_GSM7;
        s_take_kind(table[i].pid, &user, (int64_t)i);
        s_expect_texts(table[i].reason ? "" : "hi");
        tty_say(&s_core, OK);
    }
    char cursor[OP_CURSOR_MAX + 1] = "";
    for (size_t i = 4; i-- > 0;) {
        const op_quarantine_view_t *page = s_quarantine_page(1, op_str(cursor));
        assert_int_equal(page->data.count, 1);
        assert_true(op_str_is(page->data.at[0].reason, table[i].reason)); /* newest first */
        assert_true(op_str_is(page->data.at[0].line, LINE));
        assert_true(page->data.at[0].pdu.size > 20);
        assert_int_equal(page->next_cursor.size == 0, i == 0);
        op_str_copy(page->next_cursor, cursor, sizeof cursor);
    }
    assert_int_equal(s_quarantine_page(0, (op_str_t){0})->data.count, 4);
    op_context_t nobody = {0};
    op_quarantine_list_t list = {OP_STR("made-up"), 1};
    CORE_REFUSED(&s_core, &nobody, quarantine_list, &list, OP_ERROR_VALIDATION_ERROR,
                 OP_STEP_MODEM_QUARANTINE);
}

/*  The ledger's host is away, and the outbox full: texts are safer in the SIM. What was read before
    is deleted, and what was to be sent is sent. */
static void test_a_full_outbox_leaves_texts_in_the_sim(void **state)
{
    (void)state;
    enum { SOON_MS = 20000 };
    s_modem_setup.sweep_ms = SOON_MS; /* a told text is told again every second */
    s_core.outbox_max = 2;
    core_restart(&s_core, false);
    tty_bring_up(&s_core, 0);
    s_core.hold_acks = true;
    s_arrive(1, s_pdu("one", 1), "one");
    s_announce(2);
    s_read(s_pdu("two", 2));
    s_expect_texts("two");
    tty_expect(&s_core, "AT+CMGD=2\r");
    tty_say(&s_core, OK);
    tty_dialogue(&s_core, "\r\n+CMTI: \"SM\",3\r\n", "");
    core_advance(&s_core, SOON_MS);
    tty_expect(&s_core, "");
    s_text('a', "goes out");
    s_expect_submit();
    s_prompt();
    tty_say(&s_core, "\r\n+CMGS: 1\r\n" OK);
    s_expect_outcomes("a3");
    s_core.hold_acks = false;
    core_advance(&s_core, OP_TELL_RESEND_MS);
    assert_int_equal(op_actor_unacknowledged(s_core.actor), 0);
    for (int i = 0; i < SOON_MS / 1000 && !CORE_COUNT(&s_core, "serial", serial_bytes); i++)
        core_advance(&s_core, 1000);
    tty_expect(&s_core, "AT+CMGR=3\r");
    s_read(s_pdu("three", 3));
    s_expect_texts("three");
    s_modem_setup.sweep_ms = SWEEP_MS;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_UP(test_the_memory_that_is_named),
        TEST_UP(test_all_memories_are_searched),
        TEST_UP(test_a_memory_that_fails),
        TEST_UP(test_a_full_memory_is_said),
        TEST_UP(test_the_only_memory_is_full),
        TEST_UP(test_directly_and_not_acknowledged),
        TEST_UP(test_what_is_handed_out_and_no_pdu),
        TEST_UP(test_a_notice_within_a_text),
        TEST_UP(test_forms_of_an_acknowledgement),
        TEST_UP(test_a_late_acknowledgement),
        TEST_UP(test_an_acknowledgement_after_a_send),
        TEST_UP(test_notices_that_were_forgotten),
        TEST_UP(test_a_slot_without_a_message),
        TEST_UP(test_the_quarantine),
        TEST_UP(test_a_full_outbox_leaves_texts_in_the_sim),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
