/*  The modem actor: slots. Those that cannot be emptied, and what is read again before it is deleted
    */

#include "tests/inbound_fixture.h"

#include "modem/at_engine.h"

static void test_a_slot_that_cannot_be_emptied(void **state)
{
    (void)state;
    static const char *const answers[] = {"\r\n+CMS ERROR: 320\r\n", OK};
    for (size_t a = 0; a < OP_COUNT(answers); a++) {
        s_teardown(NULL);
        s_setup_up(NULL);
        size_t said = 0;
        for (int i = 0; i < 6; i++) {
            core_advance(&s_core, i ? OP_MINUTE_MS : 0);
            tty_dialogue(&s_core, "\r\n^SMMEMFULL: \"SM\"\r\n", "AT+CMGL=4\r");
            s_list_one(7, s_pdu("hello", 1));
            s_expect_texts(i ? "" : "hello");
            said += s_said("cannot be emptied");
            if (i < 3) {
                tty_expect(&s_core, "AT+CMGD=7\r");
                tty_say(&s_core, answers[a]);
            }
            s_no_more(); /* the work goes on */
        }
        assert_int_equal(said, 1);
        tty_dialogue(&s_core, "\r\n^SMMEMFULL: \"SM\"\r\n", "AT+CMGL=4\r");
        s_list_one(7, s_pdu("another", 2)); /* it is alive again */
        s_expect_texts("another");
        tty_expect(&s_core, "AT+CMGD=7\r");
    }
}

static void s_find_it(void)
{
    tty_dialogue(&s_core, "\r\n^SMMEMFULL: \"SM\"\r\n", "AT+CMGL=4\r");
    s_list_one(7, s_pdu("hello", 1));
}

/*  It is tried again after an hour, also when the clock is set back meanwhile. */
static void test_a_stuck_slot_and_a_clock_set_back(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        core_advance(&s_core, i ? OP_MINUTE_MS : 0);
        s_find_it();
        tty_expect(&s_core, "AT+CMGD=7\r");
        tty_say(&s_core, OK);
        s_no_more();
    }
    s_core.now -= 50 * OP_MINUTE_MS;
    for (int minute = 3; minute < 61; minute++) { /* the one in which it was set back is lost */
        core_advance(&s_core, OP_MINUTE_MS);
        s_find_it();
        s_no_more();
    }
    core_advance(&s_core, OP_MINUTE_MS);
    s_find_it();
    tty_expect(&s_core, "AT+CMGD=7\r");
}

/*  The deletions of all that comes in meanwhile make nobody forget it. */
static void test_a_stuck_slot_among_many(void **state)
{
    (void)state;
    int64_t second = 2;
    for (int i = 0; i < 6; i++) {
        core_advance(&s_core, i ? OP_MINUTE_MS : 0);
        tty_dialogue(&s_core, "\r\n^SMMEMFULL: \"SM\"\r\n", "AT+CMGL=4\r");
        s_list_one(7, s_pdu("hello", 1));
        s_expect_texts(i ? "" : "hello");
        if (i < 3) {
            tty_expect(&s_core, "AT+CMGD=7\r");
            tty_say(&s_core, OK);
        }
        s_no_more();
        for (int n = 0; n < 200; n++)
            s_arrive(9, s_pdu("one more", second++), "one more");
    }
}

/*  Of a memory that nothing deletes in, a list has no room for: what lies behind it is read all the
    same, and the modem is not asked for the list every second for ever. */
static void test_many_slots_that_cannot_be_emptied(void **state)
{
    (void)state;
    enum { SLOTS = 200, LISTED = OP_AT_LINES_MAX / 2 };
    size_t told = 0, lists = 0;
    s_teardown(NULL);
    s_setup(NULL);
    tty_open(&s_core, 0);
    tty_set_up_until(&s_core, 0, "AT+CPMS=\"SM\"");
    tty_say(&s_core, "\r\n+CPMS: 200,200,200,200,200,200\r\n" OK);
    tty_set_up_until(&s_core, 0, "AT+CPMS=\"SM\"");
    tty_say(&s_core, "\r\n+CPMS: 200,200,200,200,200,200\r\n" OK);
    for (int64_t until = s_core.now + SWEEP_MS / 2; s_core.now < until;) {
        unsigned slot;
        char wrote[32] = "";
        const op_serial_bytes_t *bytes = CORE_FIND(&s_core, "serial", serial_bytes, 0);
        if (bytes)
            assert_true(op_str_copy(bytes->bytes, wrote, sizeof wrote));
        if (sscanf(wrote, "AT+CMGR=%u", &slot) == 1)
            s_read(s_pdu("text", slot));
        else if (strncmp(wrote, "AT+CMGL", 7) == 0) {
            op_buf_t list = {0};
            for (unsigned i = 1; i <= SLOTS; i++)
                op_buf_printf(&list, "\r\n+CMGL: %u,1,,24\r\n%s\r\n", i, s_pdu("text", i));
            op_buf_printf(&list, OK);
            op_buf_add_byte(&list, 0);
            tty_say(&s_core, list.at);
            op_buf_free(&list);
            lists++;
        } else if (*wrote)
            tty_say(&s_core, tty_answer_to(0, wrote));
        else
            core_advance(&s_core, 1000);
        told += CORE_COUNT(&s_core, "ledger", text_received);
    }
    assert_int_equal(told, SLOTS);
    assert_int_equal(lists, 4); /* three deletions of each, and one that brought nothing */
}

/*  What the network delivers again and again, a text or a report, is deleted each time: announced
    anew, or gone from the list in between. */
static void test_a_slot_that_is_filled_again(void **state)
{
    (void)state;
    const char *again = s_pdu("hello", 1);
    for (int i = 0; i < 6; i++)
        s_arrive(7, again, i ? "" : "hello");
    for (int i = 0; i < 6; i++) {
        s_find_it();
        tty_expect(&s_core, "AT+CMGD=7\r");
        tty_say(&s_core, OK);
        s_no_more();
        tty_dialogue(&s_core, "\r\n^SMMEMFULL: \"SM\"\r\n", "AT+CMGL=4\r");
        tty_say(&s_core, OK);
        s_no_more();
    }
}

/*  A line that was nobody's: from here on a slot is read again before it is deleted. */
static void test_read_again_where_in_doubt(void **state)
{
    (void)state;
    tty_dialogue(&s_core, "\r\nwhat is this\r\n", "");
    s_announce(3);
    s_read(s_pdu("one", 1));
    s_expect_texts("one");
    tty_expect(&s_core, "AT+CMGR=3\r");
    s_read(s_pdu("two", 2)); /* not what was read: it is not deleted */
    s_expect_texts("");
    tty_expect(&s_core, "\x1b"
                        "AT\r");
    tty_dialogue(&s_core, OK, "");
    core_advance(&s_core, 300);
    tty_expect(&s_core, "AT+CMGL=4\r"); /* but looked for */
    s_list_one(3, s_pdu("two", 2));
    s_expect_texts("two");
    tty_expect(&s_core, "AT+CMGR=3\r");
    s_read(s_pdu("two", 2));
    tty_expect(&s_core, "AT+CMGD=3\r");
}

static void test_a_restart_of_the_modem_forgets_slots(void **state)
{
    (void)state;
    const char *pdus[] = {s_pdu("one", 1), s_pdu("two", 2)};
    core_advance(&s_core, SWEEP_MS);
    s_list(pdus, 2);
    tty_expect(&s_core, "AT+CMGD=1\r");
    tty_say(&s_core, "\r\nRDY\r\n");
    tty_say(&s_core, OK); /* of the deletion */
    for (size_t i = 0; i < 20; i++) {
        op_str_t wrote = CORE_COUNT(&s_core, "serial", serial_bytes)
                             ? CORE_FIND(&s_core, "serial", serial_bytes, 0)->bytes
                             : (op_str_t){0};
        assert_false(op_str_starts(wrote, "AT+CMGD"));
        tty_say(&s_core, op_str_starts(wrote, "AT+CPIN")   ? "\r\n+CPIN: READY\r\n" OK
                         : op_str_starts(wrote, "AT+CIMI") ? "\r\n310260123456789\r\n" OK
                         : op_str_starts(wrote, "AT+CREG") ? "\r\n+CREG: 0,1\r\n" OK
                                                           : OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_UP(test_a_slot_that_cannot_be_emptied),
        TEST_UP(test_a_stuck_slot_and_a_clock_set_back),
        TEST_UP(test_a_stuck_slot_among_many),
        TEST_UP(test_many_slots_that_cannot_be_emptied),
        TEST_UP(test_a_slot_that_is_filled_again),
        TEST_UP(test_read_again_where_in_doubt),
        TEST_UP(test_a_restart_of_the_modem_forgets_slots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
