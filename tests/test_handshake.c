/*  Who hears whom, who is understood, and what time it is */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "transport/handshake.h"

#include <string.h>

static const op_id_t s_a = {{1}}, s_b = {{2}}, s_b2 = {{3}};
static op_buf_t s_catalogue;

static int s_setup(void **state)
{
    (void)state;
    op_catalogue_describe(&s_catalogue);
    return 0;
}

static int s_teardown(void **state)
{
    (void)state;
    op_buf_free(&s_catalogue);
    return 0;
}

/*  `from` speaks and `to` hears it `delay` later; clocks as given, `steady` is common. */
static op_heard_t s_exchange(op_handshake_t *from, op_id_t from_id, int64_t from_wall,
                             op_handshake_t *to, op_id_t to_id, int64_t to_wall, int64_t steady)
{
    op_hello_t hello = op_handshake_say(from, from_id, op_buf_str(&s_catalogue), from_wall, steady);
    return op_handshake_hear(to, to_id, &hello, to_wall, steady);
}

static void test_up_when_both_hear(void **state)
{
    (void)state;
    op_handshake_t a = {0}, b = {0};
    assert_false(op_handshake_up(&a, 0));
    assert_int_equal(s_exchange(&a, s_a, 0, &b, s_b, 0, 1), OP_HEARD_NEW);
    assert_false(op_handshake_up(&b, 1)); /* a does not say that it hears b */
    assert_true(op_handshake_understood(&b));
    assert_int_equal(s_exchange(&b, s_b, 0, &a, s_a, 0, 2), OP_HEARD_NEW);
    assert_true(op_handshake_up(&a, 2));
    assert_int_equal(s_exchange(&a, s_a, 0, &b, s_b, 0, 3), OP_HEARD_AGAIN);
    assert_true(op_handshake_up(&b, 3));
    assert_true(op_handshake_up(&b, 3 + OP_LINK_SILENCE_MS));
    assert_false(op_handshake_up(&b, 4 + OP_LINK_SILENCE_MS));
}

static void s_both_up(op_handshake_t *a, op_handshake_t *b)
{
    s_exchange(a, s_a, 0, b, s_b, 0, 1);
    s_exchange(b, s_b, 0, a, s_a, 0, 1);
    s_exchange(a, s_a, 0, b, s_b, 0, 1);
    assert_true(op_handshake_up(a, 1) && op_handshake_up(b, 1));
}

static void test_cut_one_way(void **state)
{
    (void)state;
    op_handshake_t a = {0}, b = {0};
    s_both_up(&a, &b);
    /* What a says is lost; b goes on speaking. */
    int64_t later = 2 + OP_LINK_SILENCE_MS;
    s_exchange(&b, s_b, 0, &a, s_a, 0, later);
    assert_false(op_handshake_up(&b, later));
    assert_false(op_handshake_up(&a, later)); /* it is told that it is not heard */
    s_exchange(&a, s_a, 0, &b, s_b, 0, later + 1);
    s_exchange(&b, s_b, 0, &a, s_a, 0, later + 1);
    assert_true(op_handshake_up(&a, later + 1) && op_handshake_up(&b, later + 1));
}

static void test_restart(void **state)
{
    (void)state;
    op_handshake_t a = {0}, b = {0}, anew = {0};
    s_both_up(&a, &b);
    assert_int_equal(s_exchange(&anew, s_b2, 0, &a, s_a, 0, 2), OP_HEARD_NEW);
    assert_false(op_handshake_up(&a, 2)); /* the new one has not heard a */
    s_exchange(&a, s_a, 0, &anew, s_b2, 0, 3);
    s_exchange(&anew, s_b2, 0, &a, s_a, 0, 4);
    assert_true(op_handshake_up(&a, 4));
}

static op_heard_t s_hear_catalogue(op_handshake_t *self, op_str_t catalogue, uint64_t protocol)
{
    op_hello_t hello = {.incarnation = s_b, .protocol = protocol, .catalogue = catalogue};
    return op_handshake_hear(self, s_a, &hello, 0, 1);
}

static void test_who_is_understood(void **state)
{
    (void)state;
    op_handshake_t self = {0};
    op_buf_t other = {0};
    assert_int_equal(s_hear_catalogue(&self, op_buf_str(&s_catalogue), OP_PROTOCOL + 1),
                     OP_HEARD_REFUSED);
    assert_non_null(strstr(self.refusal, "protocol"));
    assert_false(op_handshake_understood(&self));
    op_hello_t hello = op_handshake_say(&self, s_a, op_buf_str(&s_catalogue), 0, 1);
    assert_true(op_id_is_none(hello.hears));
    assert_true(hello.refusal.size > 0);

    /* A newer one: another field in its first type, and a type that we do not know. */
    op_buf_add_str(&other, op_buf_str(&s_catalogue));
    other.at[3]++;
    other.at[7] ^= 1;
    op_buf_add(&other, "\x7f\xff\0\1abcd", 8);
    self = (op_handshake_t){0};
    assert_int_equal(s_hear_catalogue(&self, op_buf_str(&other), OP_PROTOCOL), OP_HEARD_NEW);
    /* A field was changed. */
    other.at[3]--;
    self = (op_handshake_t){0};
    assert_int_equal(s_hear_catalogue(&self, op_buf_str(&other), OP_PROTOCOL), OP_HEARD_REFUSED);
    assert_non_null(strstr(self.refusal, "fields were changed"));
    /* An older one: fewer types. */
    self = (op_handshake_t){0};
    assert_int_equal(
        s_hear_catalogue(&self, op_str_of(s_catalogue.at, s_catalogue.size - 80), OP_PROTOCOL),
        OP_HEARD_NEW);
    /* Bytes. */
    self = (op_handshake_t){0};
    assert_int_equal(s_hear_catalogue(&self, OP_STR("abc"), OP_PROTOCOL), OP_HEARD_REFUSED);
    op_buf_free(&other);
}

/*  a's clock is `ahead` of b's; each way takes `delay`. */
static int64_t s_measured(int64_t ahead, int64_t delay)
{
    op_handshake_t a = {0}, b = {0};
    int64_t t = INT64_C(1779304490000);
    for (int i = 0; i < 4; i++) {
        op_hello_t hello = op_handshake_say(&a, s_a, op_buf_str(&s_catalogue), t + ahead, t);
        t += delay;
        op_handshake_hear(&b, s_b, &hello, t, t);
        t += 100;
        hello = op_handshake_say(&b, s_b, op_buf_str(&s_catalogue), t, t);
        t += delay;
        op_handshake_hear(&a, s_a, &hello, t + ahead, t);
        t += 100;
    }
    assert_int_equal(a.offset, -b.offset);
    return b.offset;
}

static void test_clocks(void **state)
{
    (void)state;
    assert_int_equal(s_measured(0, 1), 0);
    assert_int_equal(s_measured(50, 1), 0); /* near enough */
    assert_int_equal(s_measured(7200000, 1), 7200000);
    assert_int_equal(s_measured(-7200000, 40), -7200000);
    assert_int_equal(s_measured(3000, 200), 3000);
    assert_int_equal(s_measured(9000, OP_LINK_SILENCE_MS), 0); /* too slow to tell */
}

/*  What a hostile host may say of times: nothing is calculated with what can be none. */
static void test_times_that_no_clock_has(void **state)
{
    static const int64_t wall = INT64_C(1779304490000);
    static const struct {
        int64_t clock, echo;
        uint64_t held_ms;
        bool heard;
    } rows[] = {
        {INT64_MAX, wall, 0, false},
        {INT64_MIN, wall, 0, false},
        {-1, wall, 0, false},
        {OP_INSTANT_MAX, wall, 0, false},
        {OP_INSTANT_MAX + 1, wall, 0, false},
        {wall + OP_LINK_CLOCK_APART_MS + 1, wall, 0, false},
        {wall, INT64_MAX, 0, true},
        {wall, INT64_MIN, 0, true},
        {wall, -1, 0, true},
        {wall, wall, OP_LINK_SILENCE_MS + 1, true},
        {wall, wall, INT64_MAX, true},
        {wall, wall, UINT64_MAX, true},
        {0, wall, UINT64_MAX, true},
    };
    (void)state;
    for (size_t i = 0; i < OP_COUNT(rows); i++) {
        op_handshake_t self = {0};
        op_hello_t hello = {.incarnation = s_b,
                            .protocol = OP_PROTOCOL,
                            .catalogue = op_buf_str(&s_catalogue),
                            .hears = s_a,
                            .clock = rows[i].clock,
                            .echo = rows[i].echo,
                            .held_ms = rows[i].held_ms};
        assert_int_equal(op_handshake_hear(&self, s_a, &hello, wall, 1),
                         rows[i].heard ? OP_HEARD_NEW : OP_HEARD_NO_TIME);
        assert_int_equal(self.offset, 0);
        assert_int_equal(op_handshake_up(&self, 1), rows[i].heard);
    }
    /* The furthest that is followed, both ways; the time that results is none before 1970. */
    assert_int_equal(s_measured(OP_LINK_CLOCK_APART_MS - 1000, 1), OP_LINK_CLOCK_APART_MS - 1000);
    op_handshake_t self = {0};
    op_hello_t hello = {.incarnation = s_b,
                        .protocol = OP_PROTOCOL,
                        .catalogue = op_buf_str(&s_catalogue),
                        .hears = s_a,
                        .clock = 0,
                        .echo = wall - 2000};
    assert_int_equal(op_handshake_hear(&self, s_a, &hello, wall, 1), OP_HEARD_NEW);
    assert_true(wall + self.offset >= 0 && wall + self.offset <= OP_LINK_SILENCE_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_up_when_both_hear),
        cmocka_unit_test(test_cut_one_way),
        cmocka_unit_test(test_restart),
        cmocka_unit_test(test_who_is_understood),
        cmocka_unit_test(test_clocks),
        cmocka_unit_test(test_times_that_no_clock_has),
    };
    return cmocka_run_group_tests(tests, s_setup, s_teardown);
}
