/*  The modem actor: long texts whose parts are late, doubled, mixed up, or never come */

#include "tests/inbound_fixture.h"

static const op_text_received_t *s_told(size_t n)
{
    return CORE_FIND(&s_core, "ledger", text_received, n);
}

/*  Time passes while the line is down, so that no sweep has to be answered. */
static void s_later(int64_t ms)
{
    op_serial_closed_t closed = {0, OP_STR("x")};
    core_note(&s_core, "serial", &op_serial_closed_type, &closed);
    s_core.now += ms - 10000;
    core_advance(&s_core, 10000);
}

static void s_expect_partial(const char *expected)
{
    assert_int_equal(CORE_COUNT(&s_core, "ledger", text_received), 1);
    assert_true(s_told(0)->partial);
    assert_true(op_str_is(s_told(0)->body, expected));
}

static void test_shown_with_gaps(void **state)
{
    (void)state;
    static const struct {
        unsigned there; /* a bit a part, of three */
        const char *shown;
    } table[] = {{1, "a[...]"},  {2, "[...]b[...]"}, {4, "[...]c"},
                 {3, "ab[...]"}, {5, "a[...]c"},     {6, "[...]bc"}};
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        s_teardown(NULL);
        s_setup_up(NULL);
        char expected[480] = "";
        const char *body = s_long(1);
        for (const char *at = table[i].shown; *at; at++)
            if (*at < 'a' || *at > 'c')
                strncat(expected, at, 1);
            else
                strncat(expected, body + 153 * (*at - 'a'), 153);
        for (size_t part = 0; part < 3; part++)
            if (table[i].there & 1u << part)
                s_arrive((unsigned)part + 1, s_part(PEER, body, 7, part, 3, 1), "");
        s_later(10 * OP_MINUTE_MS + 10000);
        s_expect_partial(expected);
    }
}

static void test_completed_under_the_same_id(void **state)
{
    (void)state;
    s_arrive(1, s_part(PEER, s_long(1), 7, 0, 3, 1), "");
    int64_t first = s_core.now;
    s_later(5 * OP_MINUTE_MS);
    assert_null(s_told(0)); /* there is time yet */
    tty_bring_up(&s_core, 0);
    s_arrive(2, s_part(PEER, s_long(1), 7, 2, 3, 1), "");
    s_later(6 * OP_MINUTE_MS);
    assert_int_equal(CORE_COUNT(&s_core, "ledger", text_received), 1);
    op_id_t group = s_told(0)->group;
    assert_false(op_id_is_none(group));
    assert_true(s_told(0)->received == first);
    s_later(OP_DAY_MS);
    assert_null(s_told(0)); /* shown once */
    core_restart(&s_core, true);
    tty_bring_up(&s_core, 0);
    s_arrive(2, s_part(PEER, s_long(1), 7, 1, 3, 1), s_long(1)); /* a day late */
    assert_int_equal(drive_rows(s_core.store, "modem/P"), 0);
}

static void test_the_completion_names_its_group(void **state)
{
    (void)state;
    s_arrive(1, s_part(PEER, s_long(1), 7, 0, 3, 1), "");
    s_arrive(2, s_part(PEER, s_long(1), 7, 2, 3, 1), "");
    s_later(11 * OP_MINUTE_MS);
    op_id_t group = s_told(0)->group;
    int64_t received = s_told(0)->received;
    tty_bring_up(&s_core, 0);
    s_announce(2);
    s_read(s_part(PEER, s_long(1), 7, 1, 3, 1));
    assert_true(op_id_equal(s_told(0)->group, group));
    assert_false(s_told(0)->partial);
    assert_true(s_told(0)->received == received); /* judged as it was when it was shown */
}

static void test_a_text_that_came_in_time_has_no_group(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++)
        s_arrive((unsigned)i + 1, s_part(PEER, s_long(1), 7, i, 3, 1), "");
    s_announce(3);
    s_read(s_part(PEER, s_long(1), 7, 2, 3, 1));
    assert_true(op_id_is_none(s_told(0)->group));
    assert_false(s_told(0)->partial);
}

static void test_the_end_of_waiting(void **state)
{
    (void)state;
    s_arrive(1, s_part(PEER, s_long(1), 7, 0, 3, 1), "");
    s_later(OP_HOUR_MS);
    assert_int_equal(drive_rows(s_core.store, "modem/P"), 1);
    s_later(7 * OP_DAY_MS);
    assert_int_equal(drive_rows(s_core.store, "modem/P"), 0);
    assert_int_equal(s_quarantined(), 0); /* it was shown */
}

/*  The reference is used again days later: the old text is over. */
static void test_a_reference_that_is_used_again(void **state)
{
    (void)state;
    static const int64_t after = 2 * 86400;
    char old[401], expected[170];
    snprintf(old, sizeof old, "%s", s_long(1));
    s_arrive(1, s_part(PEER, old, 7, 0, 3, 1), "");
    s_announce(2);
    s_read(s_part(PEER, s_long(2), 7, 1, 3, after));
    snprintf(expected, sizeof expected, "%.153s[...]", old);
    s_expect_partial(expected);
    tty_say(&s_core, OK);
    assert_int_equal(drive_rows(s_core.store, "modem/P"), 1);
    s_arrive(3, s_part(PEER, s_long(2), 7, 0, 3, after), "");
    s_arrive(4, s_part(PEER, s_long(2), 7, 2, 3, after), s_long(2));
}

/*  It is used again on the same day, and a later part of the new text comes first: it may be the
    old one's. Within an hour it is, however late it comes. */
static void test_a_reference_that_is_used_again_soon(void **state)
{
    (void)state;
    static const struct {
        int64_t apart; /* seconds */
        bool partial;
    } table[] = {{1800, false}, {2 * 3600, true}, {20 * 3600, true}};
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        char mixed[401];
        s_teardown(NULL);
        s_setup_up(NULL);
        for (size_t part = 0; part < 2; part++)
            s_arrive(1, s_part(PEER, s_long(1), 7, part, 3, 1), "");
        snprintf(mixed, sizeof mixed, "%.306s", s_long(1));
        snprintf(mixed + 306, sizeof mixed - 306, "%s", s_long(2) + 306);
        s_later(2 * OP_DAY_MS);
        tty_bring_up(&s_core, 0);
        s_announce(1);
        s_read(s_part(PEER, s_long(2), 7, 2, 3, 1 + table[i].apart));
        s_expect_texts(mixed);
        assert_int_equal(s_told(0)->partial, table[i].partial);
        assert_int_equal(drive_rows(s_core.store, "modem/P"), 0);
    }
}

/*  Two texts with one reference, whose parts come mixed. Stamps tell them apart; where they do not,
    nothing is shown as whole that may be a mixture. */
static void test_two_texts_with_one_reference(void **state)
{
    (void)state;
    static const struct {
        int64_t apart; /* seconds between the texts */
        bool partial;
    } table[] = {{600, false}, {3, true}, {0, true}};
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        s_teardown(NULL);
        s_setup_up(NULL);
        char bodies[2][401];
        size_t told = 0;
        snprintf(bodies[0], sizeof bodies[0], "%s", s_long(1));
        snprintf(bodies[1], sizeof bodies[1], "%s", s_long(9));
        for (size_t k = 0; k < 6; k++) { /* A1 B1 A2 B2 A3 B3 */
            int64_t second = 10 + (int64_t)k / 2 + (k % 2 ? table[i].apart : 0);
            s_announce(1);
            s_read(s_part(PEER, bodies[k % 2], 7, k / 2, 3, second));
            const op_text_received_t *text = s_told(0);
            if (text) {
                told++;
                assert_int_equal(text->partial, table[i].partial);
                assert_true(table[i].partial || op_str_is(text->body, bodies[k % 2]));
            }
            tty_say(&s_core, OK);
        }
        assert_int_equal(told, 2);
        assert_int_equal(drive_rows(s_core.store, "modem/P"), 0);
    }
}

/*  More of them than are kept: the oldest is shown as far as it goes. */
static void test_many_texts_with_one_reference(void **state)
{
    (void)state;
    for (char salt = 0; salt < 4; salt++) {
        s_arrive(1, s_part(PEER, s_long(salt), 7, 0, 3, salt), "");
        core_advance(&s_core, 1000);
    }
    s_announce(1);
    s_read(s_part(PEER, s_long(5), 7, 0, 3, 5));
    char expected[170];
    snprintf(expected, sizeof expected, "%.153s[...]", s_long(0));
    s_expect_partial(expected);
    assert_int_equal(drive_rows(s_core.store, "modem/P"), 4);
}

/*  A phone that got no answer sends the part again, with a new stamp. */
static void test_a_part_that_was_sent_again(void **state)
{
    (void)state;
    s_arrive(1, s_part(PEER, s_long(1), 7, 0, 3, 1), "");
    s_arrive(2, s_part(PEER, s_long(1), 7, 0, 3, 60), "");
    s_arrive(3, s_part(PEER, s_long(1), 7, 1, 3, 2), "");
    s_arrive(4, s_part(PEER, s_long(1), 7, 2, 3, 3), s_long(1));
}

/*  Parts numbered 0, or past their count, are single messages (TS 23.040 9.2.3.24.1). */
static void test_numbers_that_cannot_be(void **state)
{
    (void)state;
    static const uint8_t table[][2] = {{0, 0}, {0, 1}, {3, 0}, {3, 4}};
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        op_user_data_t user = {.count = 2, .units = {'h', 'i'}, .header_size = 6};
        const uint8_t header[] = {5, 0, 3, 7, table[i][0], table[i][1]};
        memcpy(user.header, header, sizeof header);
        s_arrive((unsigned)i + 1, s_deliver(PEER, &user, (int64_t)i), "hi");
    }
    assert_int_equal(drive_rows(s_core.store, "modem/P"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_UP(test_shown_with_gaps),
        TEST_UP(test_completed_under_the_same_id),
        TEST_UP(test_the_completion_names_its_group),
        TEST_UP(test_a_text_that_came_in_time_has_no_group),
        TEST_UP(test_the_end_of_waiting),
        TEST_UP(test_a_reference_that_is_used_again),
        TEST_UP(test_a_reference_that_is_used_again_soon),
        TEST_UP(test_two_texts_with_one_reference),
        TEST_UP(test_many_texts_with_one_reference),
        TEST_UP(test_a_part_that_was_sent_again),
        TEST_UP(test_numbers_that_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
