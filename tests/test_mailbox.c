/*  Mailboxes and postboxes: order, names, bounds */

#include "transport/mailbox.h"

#include "base/limits.h"
#include "transport/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static op_mailbox_t *s_mailbox(const char *name)
{
    char error[256] = "";
    op_mailbox_t *mailbox = op_mailbox_new(name, error);
    if (!mailbox)
        fail_msg("%s", error);
    return mailbox;
}

static bool s_send(op_postbox_t *postbox, const char *to, uint64_t number)
{
    return op_postbox_send(postbox, op_str(to), op_str_of(&number, sizeof number));
}

/*  Takes one frame and expects this number; false when none waits. */
static bool s_take(op_mailbox_t *mailbox, op_buf_t *frame, uint64_t *number)
{
    if (!op_mailbox_take(mailbox, frame))
        return false;
    assert_int_equal(frame->size, sizeof *number);
    memcpy(number, frame->at, sizeof *number);
    return true;
}

static void test_frames_arrive_in_order(void **state)
{
    (void)state;
    op_mailbox_t *one = s_mailbox("one"), *two = s_mailbox("two");
    op_postbox_t *from = op_postbox_new();
    op_buf_t frame = {0};
    uint64_t number;
    assert_non_null(op_mailbox_socket(one));
    assert_false(s_take(one, &frame, &number));
    for (uint64_t i = 0; i < 100; i++)
        assert_true(s_send(from, i % 2 ? "one" : "two", i));
    for (uint64_t i = 0; i < 100; i++) {
        assert_true(s_take(i % 2 ? one : two, &frame, &number));
        assert_int_equal(number, i);
    }
    assert_false(s_take(one, &frame, &number));
    assert_false(s_take(two, &frame, &number));
    op_buf_free(&frame);
    op_postbox_destroy(&from);
    op_postbox_destroy(&from);
    op_mailbox_destroy(&one);
    op_mailbox_destroy(&one);
    op_mailbox_destroy(&two);
}

static void test_frames_are_bytes(void **state)
{
    (void)state;
    op_mailbox_t *mailbox = s_mailbox("bytes");
    op_postbox_t *from = op_postbox_new();
    op_buf_t frame = {0}, big = {0};
    static const char zeros[] = {0, 1, 0, (char)0xff};
    assert_true(op_postbox_send(from, OP_STR("bytes"), op_str_of(zeros, sizeof zeros)));
    assert_true(op_postbox_send(from, OP_STR("bytes"), (op_str_t){0}));
    while (big.size < OP_FRAME_MAX)
        op_buf_add(&big, "0123456789abcdef", 16);
    assert_true(op_postbox_send(from, OP_STR("bytes"), op_buf_str(&big)));
    assert_true(op_mailbox_take(mailbox, &frame));
    assert_int_equal(frame.size, sizeof zeros);
    assert_memory_equal(frame.at, zeros, sizeof zeros);
    assert_true(op_mailbox_take(mailbox, &frame)); /* replaces what was there */
    assert_int_equal(frame.size, 0);
    assert_true(op_mailbox_take(mailbox, &frame));
    assert_true(op_str_equal(op_buf_str(&frame), op_buf_str(&big)));
    op_buf_free(&frame);
    op_buf_free(&big);
    op_postbox_destroy(&from);
    op_mailbox_destroy(&mailbox);
}

static void test_a_name_is_taken_once(void **state)
{
    (void)state;
    char error[256] = "";
    op_mailbox_t *first = s_mailbox("taken");
    assert_null(op_mailbox_new("taken", error));
    assert_non_null(strstr(error, "taken"));
    op_mailbox_destroy(&first);
    first = s_mailbox("taken"); /* and is free again */
    op_mailbox_destroy(&first);
}

/*  What does not fit is not taken, never waited for; what was taken is there, in order. */
static void test_a_full_mailbox(void **state)
{
    (void)state;
    op_mailbox_t *mailbox = s_mailbox("full");
    op_postbox_t *from = op_postbox_new();
    op_buf_t frame = {0};
    uint64_t sent = 0, taken = 0, number;
    while (sent <= 2 * OP_MAILBOX_HWM && s_send(from, "full", sent))
        sent++;
    assert_in_range(sent, OP_MAILBOX_HWM, 2 * OP_MAILBOX_HWM);
    assert_false(s_send(from, "full", sent));
    while (s_take(mailbox, &frame, &number))
        assert_int_equal(number, taken++);
    assert_int_equal(taken, sent);
    /* There is room again, as soon as ZeroMQ has said so to the sender. */
    int64_t patience = op_clock_steady() + 10000;
    while (!s_send(from, "full", sent))
        assert_true(op_clock_steady() < patience);
    assert_true(s_take(mailbox, &frame, &number));
    assert_int_equal(number, sent);
    op_buf_free(&frame);
    op_postbox_destroy(&from);
    op_mailbox_destroy(&mailbox);
}

/*  A name that nobody has bound yet: frames wait, up to the bound. */
static void test_nobody_there_yet(void **state)
{
    (void)state;
    op_postbox_t *from = op_postbox_new();
    op_buf_t frame = {0};
    uint64_t sent = 0, taken = 0, number;
    while (sent <= 2 * OP_MAILBOX_HWM && s_send(from, "later", sent))
        sent++;
    assert_true(sent <= 2 * OP_MAILBOX_HWM);
    op_mailbox_t *mailbox = s_mailbox("later");
    while (s_take(mailbox, &frame, &number))
        assert_int_equal(number, taken++);
    assert_int_equal(taken, sent);
    op_buf_free(&frame);
    op_postbox_destroy(&from);
    op_mailbox_destroy(&mailbox);
}

static void test_names_that_are_none(void **state)
{
    (void)state;
    op_postbox_t *from = op_postbox_new();
    char name[OP_ACTOR_NAME_MAX + 2];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = 0;
    assert_false(s_send(from, "", 1));
    assert_false(s_send(from, name, 1));
    for (int i = 0; i < OP_PEERS_MAX; i++) {
        snprintf(name, sizeof name, "peer%d", i);
        op_mailbox_t *peer = s_mailbox(name);
        assert_true(s_send(from, name, 1));
        op_mailbox_destroy(&peer);
    }
    assert_false(s_send(from, "one too many", 1));
    op_postbox_destroy(&from);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frames_arrive_in_order), cmocka_unit_test(test_frames_are_bytes),
        cmocka_unit_test(test_a_name_is_taken_once),   cmocka_unit_test(test_a_full_mailbox),
        cmocka_unit_test(test_nobody_there_yet),       cmocka_unit_test(test_names_that_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
