/*  The modem actor: texts in. Read, made durable, deleted, joined, quarantined */

#include "tests/inbound_fixture.h"

/*  ---- one message ---- */

static void test_read_then_durable_then_deleted(void **state)
{
    (void)state;
    s_core.hold_acks = true;
    s_announce(3);
    s_read(s_pdu("hello", 1));
    s_expect_texts("hello");
    const op_text_received_t *text = CORE_FIND(&s_core, "ledger", text_received, 0);
    assert_true(op_str_is(text->from, PEER));
    assert_true(text->received == s_core.now);
    assert_true(text->stamped == DRIVE_NOW + 1000);
    tty_expect(&s_core, "AT+CMGD=3\r");
    /* The deletion left after the commit: what a power cut leaves still knows the message. */
    core_restart(&s_core, true);
    s_expect_texts("hello"); /* told again until acknowledged, under the same number */
    tty_bring_up(&s_core, 0);
    s_arrive(3, s_pdu("hello", 1), ""); /* not deleted, then: read again, and known */
}

static void test_a_crash_before_the_commit(void **state)
{
    (void)state;
    s_announce(3);
    op_buf_t answer = {0};
    op_buf_printf(&answer, "\r\n+CMGR: 0,,24\r\n%s\r\n\r\nOK\r\n", s_pdu("hello", 1));
    op_serial_bytes_t bytes = {0, op_buf_str(&answer)};
    op_str_t to, frame;
    op_store_memory_fail_after(s_core.store, 0);
    drive_note(s_core.actor, "serial", &op_serial_bytes_type, &bytes, s_core.now);
    assert_int_equal(op_actor_commit(s_core.actor), -1);
    assert_false(op_actor_next(s_core.actor, &to, &frame)); /* neither told nor deleted */
    op_buf_free(&answer);
    core_restart(&s_core, true);
    s_expect_texts("");
    tty_bring_up(&s_core, 0);
    s_arrive(3, s_pdu("hello", 1), "hello");
}

static void test_the_same_message_is_told_once(void **state)
{
    (void)state;
    const char *hex = s_pdu("hello", 1);
    s_arrive(3, hex, "hello");
    s_arrive(3, hex, "");
    s_arrive(4, hex, ""); /* in another slot, too */
    core_restart(&s_core, false);
    tty_bring_up(&s_core, 0);
    s_arrive(3, hex, "");
    s_arrive(3, s_pdu("hello", 2), "hello"); /* sent a second later: another one */
    s_arrive(3, s_pdu("hello!", 2), "hello!");
    s_arrive(3, s_part("+14155550778", "hello", 0, 0, 1, 1), "hello");
    assert_int_equal(s_quarantined(), 0);
}

static void test_identities_are_forgotten_after_thirty_days(void **state)
{
    (void)state;
    s_arrive(3, s_pdu("hello", 1), "hello");
    assert_int_equal(drive_rows(s_core.store, "modem/I"), 1);
    op_serial_closed_t closed = {0, OP_STR("x")};
    core_note(&s_core, "serial", &op_serial_closed_type, &closed);
    s_core.now += 30 * OP_DAY_MS - OP_MINUTE_MS;
    core_advance(&s_core, 10000);
    assert_int_equal(drive_rows(s_core.store, "modem/I"), 1);
    core_advance(&s_core, 2 * OP_MINUTE_MS);
    assert_int_equal(drive_rows(s_core.store, "modem/I"), 0);
}

static void test_senders(void **state)
{
    (void)state;
    static const char *const senders[] = {"+14155550777", "72345", "AMAZON", "Caf\xc3\xa9"};
    for (size_t i = 0; i < OP_COUNT(senders); i++) {
        s_announce(1);
        s_read(s_part(senders[i], "hi", 0, 0, 1, (int64_t)i));
        s_expect_texts("hi");
        assert_true(op_str_is(CORE_FIND(&s_core, "ledger", text_received, 0)->from, senders[i]));
        tty_say(&s_core, OK);
    }
    s_arrive(2, s_part(PEER, "\xe2\x82\xac \xf0\x9f\x98\x80", 0, 0, 1, 9),
             "\xe2\x82\xac \xf0\x9f\x98\x80");
}

static void test_an_empty_slot(void **state)
{
    (void)state;
    static const char *const answers[] = {"\r\n+CMS ERROR: 321\r\n", "\r\nERROR\r\n"};
    for (size_t i = 0; i < OP_COUNT(answers); i++) {
        s_announce(5);
        tty_dialogue(&s_core, answers[i], "");
        s_expect_texts("");
    }
    s_arrive(5, s_pdu("hello", 1), "hello");
}

/*  OK alone: an empty slot, or the end of another command's answer. In the second case the text
    comes with the next answer, and must not be taken for the next slot's. */
static void test_an_answer_out_of_step(void **state)
{
    (void)state;
    char answer[1024];
    s_announce(1);
    tty_dialogue(&s_core, "\r\n+CMTI: \"SM\",2\r\n", "");
    tty_dialogue(&s_core, OK,
                 "\x1b"
                 "AT\r"); /* not AT+CMGR=2 */
    snprintf(answer, sizeof answer, "\r\n+CMGR: 0,,24\r\n%s\r\n" OK, s_pdu("one", 1));
    tty_dialogue(&s_core, answer, "");
    s_expect_texts("");
    tty_dialogue(&s_core, OK, "");
    core_advance(&s_core, 300); /* the line is silent: in step again */
    tty_expect(&s_core, "AT+CMGR=2\r");
    s_read(s_pdu("two", 2));
    s_expect_texts("two");
    tty_expect(&s_core, "AT+CMGR=2\r"); /* read again: is it what would be deleted? */
    s_read(s_pdu("two", 2));
    s_expect_texts("");
    tty_expect(&s_core, "AT+CMGD=2\r");
    tty_dialogue(&s_core, OK, "");
    core_advance(&s_core, SWEEP_MS); /* slot 1 was neither read nor deleted */
    tty_expect(&s_core, "AT+CMGL=4\r");
    s_list((const char *[]){s_pdu("one", 1)}, 1);
    s_expect_texts("one");
}

static void test_announced_while_busy(void **state)
{
    (void)state;
    s_text('a', "out");
    s_submitted();
    tty_dialogue(&s_core, "\r\n+CMTI: \"SM\",1\r\n\r\n+CMTI: \"SM\",2\r\n\r\n+CMTI: \"SM\",1\r\n",
                 "");
    tty_dialogue(&s_core, "\r\n+CMGS: 1\r\n" OK, "AT+CMGR=1\r");
    s_expect_outcomes("a3");
    s_read(s_pdu("one", 1));
    tty_expect(&s_core, "AT+CMGD=1\r");
    tty_dialogue(&s_core, OK, "AT+CMGR=2\r");
    s_read(s_pdu("two", 2));
    tty_expect(&s_core, "AT+CMGD=2\r");
    tty_dialogue(&s_core, OK, ""); /* the first slot only once */
}

enum { SLICE_MS = 100 }; /* a turn at one of the two */

/*  A slow modem: after each command it is the other's turn. */
static void test_receiving_and_sending_take_turns(void **state)
{
    (void)state;
    s_announce(1);
    s_text('a', "out");
    s_text('b', "out");
    core_advance(&s_core, SLICE_MS);
    s_read(s_pdu("one", 1));
    s_submitted(); /* a text goes out before the next command of receiving */
    core_advance(&s_core, SLICE_MS);
    tty_dialogue(&s_core, "\r\n+CMGS: 1\r\n" OK, "AT+CMGD=1\r");
    core_advance(&s_core, SLICE_MS);
    tty_say(&s_core, OK);
    s_submitted();
}

/*  A quick one: a turn has many commands, and between two texts there is one commit. */
static void test_turns_of_a_quick_modem(void **state)
{
    (void)state;
    s_announce(1);
    s_text('a', "out");
    s_text('b', "out");
    s_text('c', "out");
    s_read(s_pdu("one", 1));
    tty_expect(&s_core, "AT+CMGD=1\r");
    tty_say(&s_core, OK);
    s_submitted();
    core_note(&s_core, "serial", &op_serial_bytes_type,
              &(op_serial_bytes_t){0, OP_STR("\r\n+CMTI: \"SM\",2\r\n")});
    uint64_t syncs = op_actor_counts(s_core.actor).syncs;
    tty_say(&s_core, "\r\n+CMGS: 1\r\n" OK);
    s_submitted();
    assert_int_equal(op_actor_counts(s_core.actor).syncs, syncs + 1);
    core_advance(&s_core, SLICE_MS);
    tty_dialogue(&s_core, "\r\n+CMGS: 2\r\n" OK, "AT+CMGR=2\r");
    s_read(s_pdu("two", 2));
    tty_expect(&s_core, "AT+CMGD=2\r");
    tty_say(&s_core, OK);
    s_submitted();
}

/*  Several that wait are listed: one command, one commit. What the list lacks is read by itself. */
static void test_several_are_listed(void **state)
{
    (void)state;
    const char *pdus[] = {s_pdu("one", 1), s_pdu("two", 2)};
    s_text('a', "out");
    s_submitted();
    tty_say(&s_core, "\r\n+CMTI: \"SM\",1\r\n\r\n+CMTI: \"SM\",2\r\n\r\n+CMTI: \"SM\",3\r\n");
    tty_dialogue(&s_core, "\r\n+CMGS: 1\r\n" OK, "AT+CMGL=4\r");
    uint64_t syncs = op_actor_counts(s_core.actor).syncs;
    s_list(pdus, 2);
    s_expect_texts("one two");
    assert_int_equal(op_actor_counts(s_core.actor).syncs, syncs + 1);
    tty_expect(&s_core, "AT+CMGD=1\r");
    tty_dialogue(&s_core, OK, "AT+CMGD=2\r");
    tty_dialogue(&s_core, OK, "AT+CMGR=3\r");
    s_read(s_pdu("three", 3));
    tty_expect(&s_core, "AT+CMGD=3\r");
}

/*  A modem that does not list what it announces: its slots are read one by one. */
static void test_a_refused_list(void **state)
{
    (void)state;
    s_text('a', "out");
    s_submitted();
    tty_say(&s_core, "\r\n+CMTI: \"SM\",1\r\n\r\n+CMTI: \"SM\",2\r\n\r\n+CMTI: \"SM\",3\r\n");
    tty_dialogue(&s_core, "\r\n+CMGS: 1\r\n" OK, "AT+CMGL=4\r");
    tty_dialogue(&s_core, "\r\nERROR\r\n", "AT+CMGR=1\r");
}

/*  ---- the sweep ---- */

static void test_the_sweep_at_start(void **state)
{
    (void)state;
    const char *pdus[] = {s_pdu("one", 1), s_pdu("two", 2), s_pdu("one", 1)};
    core_advance(&s_core, SWEEP_MS - 60000); /* the one at start was answered with nothing */
    tty_expect(&s_core, "");
    core_advance(&s_core, 60000);
    tty_expect(&s_core, "AT+CMGL=4\r"); /* unsolicited lines get lost */
    s_list(pdus, 3);
    s_expect_texts("one two");
    tty_expect(&s_core, "AT+CMGD=1\r");
    tty_dialogue(&s_core, OK, "AT+CMGD=2\r");
    tty_dialogue(&s_core, "\r\nERROR\r\n", "AT+CMGD=3\r"); /* found again by the next sweep */
    tty_say(&s_core, OK);
    s_no_more();
    core_advance(&s_core, SWEEP_MS);
    tty_expect(&s_core, "AT+CMGL=4\r");
    s_list(pdus + 1, 1);
    s_expect_texts("");
    tty_expect(&s_core, "AT+CMGD=1\r");
}

static void test_what_asks_for_a_sweep(void **state)
{
    (void)state;
    static const char *const notices[] = {"\r\n+CMTI: \"BM\",3\r\n", /* unknown to us */
                                          "\r\n^SMMEMFULL: \"SM\"\r\n",
                                          "\r\n+CMTI: \"SM\",99999\r\n", "\r\n+CMTI: nonsense\r\n"};
    for (size_t i = 0; i < OP_COUNT(notices); i++) {
        tty_dialogue(&s_core, notices[i], "AT+CMGL=4\r");
        tty_say(&s_core, OK);
        s_no_more();
    }
}

static void test_a_full_storage(void **state)
{
    (void)state;
    enum { SLOTS = 200 }; /* more than a response may have lines for */
    static const char *pdus[SLOTS];
    char bodies[SLOTS][16];
    size_t told = 0;
    static op_buf_t kept[SLOTS];
    for (size_t i = 0; i < SLOTS; i++) {
        snprintf(bodies[i], sizeof bodies[i], "text %zu", i);
        op_buf_clear(&kept[i]);
        op_buf_add_str(&kept[i], op_str(s_pdu(bodies[i], (int64_t)i)));
        op_buf_add_byte(&kept[i], 0);
        pdus[i] = kept[i].at;
    }
    tty_dialogue(&s_core, "\r\n^SMMEMFULL: \"SM\"\r\n", "AT+CMGL=4\r");
    s_list(pdus, SLOTS);
    for (size_t i = 0; i < 4 * SLOTS && told < SLOTS; i++) {
        told += CORE_COUNT(&s_core, "ledger", text_received);
        op_str_t wrote = {0};
        if (CORE_COUNT(&s_core, "serial", serial_bytes))
            wrote = CORE_FIND(&s_core, "serial", serial_bytes, 0)->bytes;
        if (!wrote.size)
            core_advance(&s_core, 1000);
        else if (op_str_starts(wrote, "AT+CMGL"))
            s_list(pdus + told, SLOTS - told);
        else
            tty_say(&s_core, OK);
    }
    assert_int_equal(told, SLOTS);
    for (size_t i = 0; i < SLOTS; i++)
        op_buf_free(&kept[i]);
}

/*  ---- long texts ---- */

static void test_parts_in_any_order(void **state)
{
    (void)state;
    static const size_t orders[][5] = {
        {0, 1, 2, 9, 9}, {2, 1, 0, 9, 9}, {1, 2, 0, 9, 9}, {0, 0, 2, 1, 9}, {2, 0, 2, 0, 1}};
    for (size_t o = 0; o < OP_COUNT(orders); o++) {
        uint8_t reference = (uint8_t)(40 + o);
        unsigned have = 0;
        for (size_t i = 0; i < 5 && orders[o][i] < 9; i++) {
            const char *hex = s_part(PEER, s_long((char)o), reference, orders[o][i], 3, (int64_t)o);
            have |= 1u << orders[o][i];
            s_arrive((unsigned)i + 1, hex, have == 7 ? s_long((char)o) : "");
            if (i == 1) { /* the parts are durable */
                core_restart(&s_core, false);
                tty_bring_up(&s_core, 0);
            }
        }
        assert_int_equal(drive_rows(s_core.store, "modem/P"), 0);
        /* A part that comes once more begins nothing new. */
        s_arrive(1, s_part(PEER, s_long((char)o), reference, 0, 3, (int64_t)o), "");
        assert_int_equal(drive_rows(s_core.store, "modem/P"), 0);
    }
}

static void test_parts_of_different_texts(void **state)
{
    (void)state;
    char one[401], two[401];
    snprintf(one, sizeof one, "%s", s_long(1));
    snprintf(two, sizeof two, "%s", s_long(2));
    s_arrive(1, s_part(PEER, one, 7, 0, 3, 1), "");
    s_arrive(2, s_part("+14155550778", two, 7, 1, 3, 1), ""); /* the same reference */
    s_arrive(3, s_part(PEER, two, 8, 2, 3, 1), "");
    s_arrive(4, s_part(PEER, one, 7, 1, 3, 1), "");
    s_arrive(5, s_part("+14155550778", two, 7, 0, 3, 1), "");
    s_arrive(6, s_part(PEER, one, 7, 2, 3, 1), one);
    s_arrive(7, s_part("+14155550778", two, 7, 2, 3, 1), two);
    assert_int_equal(drive_rows(s_core.store, "modem/P"), 1);
}

static void test_a_part_with_octets_behind_its_end(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) { /* TS 23.040 9.2.2.1: they are to be ignored */
        op_buf_t hex = {0};
        op_buf_add_str(&hex, op_str(s_part(PEER, s_long(0), 9, i, 3, 1)));
        while (hex.size < OP_PDU_HEX_MAX)
            op_buf_add(&hex, "FF", 2);
        op_buf_add_byte(&hex, 0);
        s_arrive((unsigned)i + 1, hex.at, i == 2 ? s_long(0) : "");
        op_buf_free(&hex);
    }
}

/*  ---- quarantine ---- */

static void test_what_cannot_be_decoded(void **state)
{
    (void)state;
    const char *pdus[] = {
        s_pdu("before", 1),
        "00040B914151550577F70000625002", /* cut off */
        "FFFFFFFFFFFFFFFF",
        s_pdu("between", 2),
        "0011000B914151550577F70000FF05E8329BFD06", /* a SUBMIT */
        "0",                                        /* an odd count of digits */
        s_pdu("behind", 3),
    };
    core_advance(&s_core, SWEEP_MS);
    tty_expect(&s_core, "AT+CMGL=4\r");
    s_list(pdus, OP_COUNT(pdus));
    s_expect_texts("before between behind");
    size_t kept = s_quarantined();
    assert_true(kept >= 3);
    assert_true(core_store_holds(&s_core, "modem/X", OP_STR("00040B914151550577F70000625002")));
    for (size_t i = 0; i < OP_COUNT(pdus); i++) {
        char command[20];
        snprintf(command, sizeof command, "AT+CMGD=%zu\r", i + 1);
        tty_expect(&s_core, command);
        tty_say(&s_core, OK);
    }
    s_no_more();
    core_advance(&s_core, SWEEP_MS); /* found once more, if its deletion had failed: kept once */
    s_list(pdus + 1, 2);
    s_expect_texts("");
    assert_int_equal(s_quarantined(), kept);
    for (size_t i = 0; i < s_core.out.log_count; i++)
        assert_null(memmem(s_core.out.logs[i].at, s_core.out.logs[i].size, LINE, strlen(LINE)));
}

static void test_a_header_without_its_pdu(void **state)
{
    (void)state;
    const char *pdus[] = {NULL, s_pdu("good", 1), NULL};
    core_advance(&s_core, SWEEP_MS);
    s_list(pdus, OP_COUNT(pdus));
    s_expect_texts("good");
    tty_expect(&s_core, "AT+CMGD=2\r"); /* nothing is deleted that was not taken */
    tty_say(&s_core, OK);
    s_no_more();
}

static void test_data_is_no_text(void **state)
{
    (void)state;
    op_user_data_t data = {
        .dcs = 4, .alphabet = OP_ALPHABET_8BIT, .count = 4, .units = {1, 2, 3, 4}};
    op_user_data_t nothing = {.dcs = 0};
    s_arrive(1, s_deliver(PEER, &data, 1), "");
    assert_int_equal(s_quarantined(), 1);
    s_arrive(2, s_deliver(PEER, &nothing, 2), "");
    assert_int_equal(s_quarantined(), 2);
    for (uint8_t i = 0; i < 3; i++) { /* of several parts, all are kept */
        op_user_data_concat(&data, (op_concat_t){true, false, 5, 3, (uint8_t)(i + 1)});
        s_arrive(3, s_deliver(PEER, &data, 3), "");
    }
    assert_int_equal(s_quarantined(), 5);
    assert_int_equal(drive_rows(s_core.store, "modem/P"), 0);
}

static void test_a_message_that_comes_directly(void **state)
{
    (void)state;
    char notice[600];
    snprintf(notice, sizeof notice, "\r\n+CMT: ,24\r\n%s\r\n", s_pdu("flash", 1)); /* class 0 */
    tty_dialogue(&s_core, notice, "");
    s_expect_texts("flash");
    tty_dialogue(&s_core, notice, "");
    s_expect_texts("");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_UP(test_read_then_durable_then_deleted),
        TEST_UP(test_a_crash_before_the_commit),
        TEST_UP(test_the_same_message_is_told_once),
        TEST_UP(test_identities_are_forgotten_after_thirty_days),
        TEST_UP(test_senders),
        TEST_UP(test_an_empty_slot),
        TEST_UP(test_an_answer_out_of_step),
        TEST_UP(test_announced_while_busy),
        TEST_UP(test_receiving_and_sending_take_turns),
        TEST_UP(test_turns_of_a_quick_modem),
        TEST_UP(test_several_are_listed),
        TEST_UP(test_a_refused_list),
        TEST_UP(test_the_sweep_at_start),
        TEST_UP(test_what_asks_for_a_sweep),
        TEST_UP(test_a_full_storage),
        TEST_UP(test_parts_in_any_order),
        TEST_UP(test_parts_of_different_texts),
        TEST_UP(test_a_part_with_octets_behind_its_end),
        TEST_UP(test_what_cannot_be_decoded),
        TEST_UP(test_a_header_without_its_pdu),
        TEST_UP(test_data_is_no_text),
        TEST_UP(test_a_message_that_comes_directly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
