/*  The modem actor: long texts with 16-bit references, whose header is an octet longer */

#include "tests/modem_fixture.h"

static op_buf_t s_joined; /* what the network has of the text, part by part */
static bool s_wide[8];
static unsigned s_reference;
static size_t s_count;

static int s_setup_wide(void **state)
{
    s_setup(state);
    s_modem_setup.wide_references = true;
    core_restart(&s_core, false);
    tty_bring_up(&s_core, 0);
    s_count = 0;
    op_buf_clear(&s_joined);
    return 0;
}

static int s_teardown_wide(void **state)
{
    op_buf_free(&s_joined);
    return s_teardown(state);
}

static const char *s_body(size_t size)
{
    static char body[500];
    for (size_t i = 0; i < size; i++)
        body[i] = (char)('a' + i % 26);
    body[size] = 0;
    return body;
}

/*  The next part, which the network takes. */
static void s_take(unsigned total)
{
    op_pdu_t pdu = s_submitted();
    op_concat_t concat = pdu.user.concat;
    assert_true(concat.present);
    assert_int_equal(concat.total, total);
    assert_int_equal(concat.sequence, s_count + 1);
    assert_true(s_count == 0 || concat.reference == s_reference);
    s_reference = concat.reference;
    s_wide[s_count++] = concat.wide;
    op_sms_piece_t piece = op_sms_piece(&pdu.user);
    assert_int_equal(op_sms_join(&piece, 1, &s_joined), OP_SMS_OK);
    tty_say(&s_core, "\r\n+CMGS: 1\r\n" OK);
}

static void s_expect_joined(const char *body)
{
    op_buf_add_byte(&s_joined, 0);
    assert_string_equal(s_joined.at, body);
}

/*  What fits two parts with short references takes three. */
static void test_the_last_part_is_sent(void **state)
{
    (void)state;
    const char *body = s_body(306);
    assert_int_equal(op_sms_count(op_str(body), false), 2);
    assert_int_equal(op_sms_count(op_str(body), true), 3);
    s_text('a', body);
    s_take(3);
    s_take(3);
    s_expect_outcomes("");
    s_take(3);
    s_expect_outcomes("a3");
    s_expect_joined(body);
    assert_true(s_wide[0] && s_wide[1] && s_wide[2]);
    assert_int_equal(s_queued(), 0);
}

/*  A text goes on as it was begun: its phone could not join it otherwise. */
static void test_configured_otherwise_in_mid_text(void **state)
{
    (void)state;
    static const bool before[] = {true, false};
    for (size_t i = 0; i < OP_COUNT(before); i++) {
        s_count = 0;
        op_buf_clear(&s_joined);
        s_modem_setup.wide_references = before[i];
        core_restart(&s_core, false);
        tty_bring_up(&s_core, 0);
        const char *body = s_body(450);
        s_text((char)('a' + i), body);
        s_take(3);
        s_expect_submit();
        tty_say(&s_core, "\r\nERROR\r\n"); /* nothing has left: tried again */
        s_modem_setup.wide_references = !before[i];
        core_restart(&s_core, true);
        tty_bring_up(&s_core, 0);
        core_advance(&s_core, 5000);
        s_take(3);
        s_take(3);
        s_expect_joined(body);
        assert_true(s_wide[1] == before[i] && s_wide[2] == before[i]);
    }
}

#define TEST_WIDE(name) cmocka_unit_test_setup_teardown(name, s_setup_wide, s_teardown_wide)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_WIDE(test_the_last_part_is_sent),
        TEST_WIDE(test_configured_otherwise_in_mid_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
