/*  The rate actor against the contract's table, in virtual time. */

#include "actors/rate.h"
#include "tests/actor_fixture.h"

#include <stdio.h>

static op_store_t *s_store;
static op_actor_t *s_actor;
static drive_out_t s_out;

/*  The table's figures; `send_second` is raised by tests that want to reach the minute. */
static op_rate_setup_t s_rates = {.start_phone_30s = 1,
                                  .start_phone_hour = 5,
                                  .start_phone_day = 10,
                                  .start_address_hour = 20,
                                  .console_minute = 60,
                                  .send_second = 1,
                                  .send_minute = 60,
                                  .read_minute = 120,
                                  .address_minute = 600};

static void s_start(void)
{
    op_actor_destroy(&s_actor);
    s_actor = drive_start(&op_rate_class, "rate", s_store, &op_rate_setup_type, &s_rates, DRIVE_NOW,
                          &s_out);
}

static int s_setup(void **state)
{
    (void)state;
    s_store = op_store_memory_new();
    s_rates.send_second = 1;
    s_start();
    return 0;
}

static int s_teardown(void **state)
{
    (void)state;
    drive_forget(&s_out);
    op_actor_destroy(&s_actor);
    op_store_destroy(&s_store);
    return 0;
}

/*  One call. 0: it went on; else the seconds that its refusal says to wait. */
static uint64_t s_call(op_step_t step, op_context_t context, const char *phone, int64_t at)
{
    op_auth_start_t body = {op_str(phone)};
    drive_request(s_actor, DRIVE_SLIP((char)step, OP_STEP_AUTH_START), &context,
                  &op_auth_start_type, &body, DRIVE_NOW + at);
    drive_commit(s_actor, &s_out);
    assert_int_equal(s_out.count, 1);
    if (s_out.at[0].envelope.kind == OP_FRAME_REQUEST) {
        assert_true(op_str_is(s_out.at[0].to, "auth"));
        return 0;
    }
    assert_true(op_str_is(s_out.at[0].to, "http"));
    const op_refusal_t *refusal = DRIVE_BODY(&s_out, 0, refusal);
    assert_int_equal(refusal->error, OP_ERROR_RATE_LIMITED);
    assert_true(refusal->retry_after > 0);
    assert_int_equal(s_out.at[0].envelope.context.remaining, 0);
    return refusal->retry_after;
}

static void s_expect_window(uint64_t limit, uint64_t remaining, int64_t reset)
{
    const op_context_t *context = &s_out.at[0].envelope.context;
    assert_int_equal(context->limit, limit);
    assert_int_equal(context->remaining, remaining);
    assert_int_equal(context->reset, DRIVE_NOW + reset);
}

static uint64_t s_sign_up(const char *phone, const char *address, int64_t at)
{
    return s_call(OP_STEP_RATE_START, (op_context_t){.address = op_str(address)}, phone, at);
}

static uint64_t s_of(op_step_t step, uint8_t who, int64_t at)
{
    op_context_t context = {.session = {{who}}, .key = {{who}}, .address = OP_STR("192.0.2.9")};
    return s_call(step, context, "+14155550100", at);
}

static const char *s_phone(unsigned n, char text[16])
{
    snprintf(text, 16, "+141555501%02u", n % 100);
    return text;
}

/*  ---- Sign-ups: 1 in 30 s, 5 an hour, 10 a day of a phone; 20 an hour of an address ---- */

static void test_starts_of_a_phone(void **state)
{
    (void)state;
    static const struct {
        int64_t at; /* ms */
        uint64_t wait;
        uint64_t limit; /* of the window that is shown */
    } table[] = {
        {0, 0, 1},
        {1, 30, 1},
        {28999, 2, 1},
        {29000, 1, 1},
        {29999, 1, 1},
        {30000, 0, 1},
        {60000, 0, 1},
        {90000, 0, 1},
        {120000, 0, 5}, /* the fifth in the hour: both are empty, the hour for longer */
        {150000, 3450, 5},
        {3599999, 1, 5},
        {3600000, 0, 1}, /* the next hour */
        {3630000, 0, 1},
        {3660000, 0, 1},
        {3690000, 0, 1},
        {3720000, 0, 10},            /* the tenth of the day */
        {3750000, 17108 - 3750, 10}, /* until midnight, UTC */
        {7200000, 17108 - 7200, 10},
        {17107000, 1, 10},
        {17108000, 0, 1},
        {17108001, 30, 1},
    };
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        assert_int_equal(s_sign_up("+14155550101", "192.0.2.1", table[i].at), table[i].wait);
        assert_int_equal(s_out.at[0].envelope.context.limit, table[i].limit);
    }
}

static void test_starts_of_an_address(void **state)
{
    (void)state;
    char phone[16];
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(s_sign_up(s_phone(i, phone), "192.0.2.1", i * 1000), 0);
    assert_int_equal(s_sign_up(s_phone(20, phone), "192.0.2.1", 20000), 3580);
    s_expect_window(20, 0, OP_HOUR_MS);
    /* The refused call has used up nothing of the phone, and other addresses are others. */
    assert_int_equal(s_sign_up(s_phone(20, phone), "192.0.2.2", 20001), 0);
    assert_int_equal(s_sign_up(s_phone(21, phone), "192.0.2.1", OP_HOUR_MS), 0);
}

static void test_a_refused_start_uses_up_nothing(void **state)
{
    (void)state;
    char phone[16];
    assert_int_equal(s_sign_up(s_phone(0, phone), "192.0.2.1", 0), 0);
    for (int i = 1; i < 100; i++)
        assert_int_equal(s_sign_up(s_phone(0, phone), "192.0.2.1", i), 30);
    for (unsigned i = 1; i < 20; i++) /* 19 places of the address are left */
        assert_int_equal(s_sign_up(s_phone(i, phone), "192.0.2.1", 1000), 0);
    assert_int_equal(s_sign_up(s_phone(50, phone), "192.0.2.1", 1000), 3599);
    /* Of the phone's hour, four. */
    for (int i = 1; i < 5; i++)
        assert_int_equal(s_sign_up(s_phone(0, phone), "192.0.2.2", i * 30000), 0);
    assert_int_equal(s_sign_up(s_phone(0, phone), "192.0.2.2", 150000), 3450);
}

/*  ---- The windows of a minute ---- */

static void test_minutes(void **state)
{
    (void)state;
    static const struct {
        op_step_t step;
        uint64_t limit;
    } table[] = {{OP_STEP_RATE_CONSOLE, 60}, {OP_STEP_RATE_READ, 120}, {OP_STEP_RATE_ADDRESS, 600}};
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        for (uint64_t n = 1; n <= table[i].limit; n++) {
            assert_int_equal(s_of(table[i].step, 1, (int64_t)n * 10), 0);
            s_expect_window(table[i].limit, table[i].limit - n, 10 + OP_MINUTE_MS);
        }
        assert_int_equal(s_of(table[i].step, 1, 10010), 50);
        s_expect_window(table[i].limit, 0, 10 + OP_MINUTE_MS);
        if (table[i].step != OP_STEP_RATE_ADDRESS)
            assert_int_equal(s_of(table[i].step, 2, 10010), 0); /* somebody else */
        assert_int_equal(s_of(table[i].step, 1, 9 + OP_MINUTE_MS), 1);
        assert_int_equal(s_of(table[i].step, 1, 10 + OP_MINUTE_MS), 0);
        s_expect_window(table[i].limit, table[i].limit - 1, 10 + 2 * OP_MINUTE_MS);
    }
}

static void test_sends(void **state)
{
    (void)state;
    for (int64_t second = 0; second < 60; second++) {
        assert_int_equal(s_of(OP_STEP_RATE_SEND, 1, second * 1000), 0);
        assert_int_equal(s_of(OP_STEP_RATE_SEND, 1, second * 1000 + 999), 1);
        if (second < 59)
            s_expect_window(1, 0, second * 1000 + 1000);
    }
    assert_int_equal(s_of(OP_STEP_RATE_SEND, 1, 60000), 0);
    assert_int_equal(s_of(OP_STEP_RATE_READ, 1, 60000), 0); /* reads are counted apart */

    s_rates.send_second = 10;
    s_start();
    for (int64_t n = 0; n < 60; n++) {
        assert_int_equal(s_of(OP_STEP_RATE_SEND, 3, n * 500), 0);
        uint64_t left = 60 - (uint64_t)n - 1;
        if (left > 9) /* the second is nearer to empty, as long as it is */
            s_expect_window(10, n % 2 ? 8 : 9, n / 2 * 1000 + 1000);
        else if (left < 8)
            s_expect_window(60, left, OP_MINUTE_MS);
    }
    assert_int_equal(s_of(OP_STEP_RATE_SEND, 3, 30000), 30);
    s_expect_window(60, 0, OP_MINUTE_MS);
    assert_int_equal(s_of(OP_STEP_RATE_SEND, 3, OP_MINUTE_MS), 0);
}

static void test_the_nearest_window_is_shown(void **state)
{
    (void)state;
    /* An earlier step has found a window that is nearer to empty, or one that is not. */
    op_context_t nearer = {.limit = 5, .remaining = 3, .reset = DRIVE_NOW + 77};
    op_context_t farther = {.limit = 500, .remaining = 300, .reset = DRIVE_NOW + 77};
    assert_int_equal(s_call(OP_STEP_RATE_READ, nearer, "", 0), 0);
    s_expect_window(5, 3, 77);
    assert_int_equal(s_call(OP_STEP_RATE_READ, farther, "", 0), 0);
    s_expect_window(120, 118, OP_MINUTE_MS);
    /* A refusal shows the window that refused. */
    nearer.remaining = 0;
    nearer.reset = DRIVE_NOW + OP_DAY_MS;
    assert_int_equal(s_call(OP_STEP_RATE_SEND, nearer, "", 0), 0);
    assert_int_equal(s_call(OP_STEP_RATE_SEND, nearer, "", 500), 1);
    s_expect_window(1, 0, 1000);
}

static void test_the_last_step_answers(void **state)
{
    (void)state;
    op_context_t context = {.address = OP_STR("192.0.2.1")};
    drive_request(s_actor, DRIVE_SLIP(OP_STEP_RATE_ADDRESS), &context, &op_nothing_type,
                  &(op_nothing_t){0}, DRIVE_NOW);
    drive_commit(s_actor, &s_out);
    assert_int_equal(s_out.count, 1);
    assert_int_equal(s_out.at[0].envelope.kind, OP_FRAME_REPLY);
    assert_ptr_equal(s_out.at[0].type, &op_nothing_type);
    s_expect_window(600, 599, OP_MINUTE_MS);
}

static void s_look(uint64_t remaining, int64_t at, int64_t reset)
{
    op_context_t context = {.address = OP_STR("192.0.2.9")};
    drive_request(s_actor, DRIVE_SLIP(OP_STEP_RATE_LOOK), &context, &op_nothing_type,
                  &(op_nothing_t){0}, DRIVE_NOW + at);
    drive_commit(s_actor, &s_out);
    assert_int_equal(s_out.count, 1);
    assert_int_equal(s_out.at[0].envelope.kind, OP_FRAME_REPLY);
    s_expect_window(600, remaining, reset);
}

static void test_looking_counts_nothing(void **state)
{
    (void)state;
    s_look(600, 0, OP_MINUTE_MS);
    assert_int_equal(s_of(OP_STEP_RATE_ADDRESS, 1, 5000), 0);
    s_look(599, 6000, 5000 + OP_MINUTE_MS);
    s_look(599, 7000, 5000 + OP_MINUTE_MS);
    for (int i = 1; i < 600; i++)
        assert_int_equal(s_of(OP_STEP_RATE_ADDRESS, 1, 8000), 0);
    s_look(0, 9000, 5000 + OP_MINUTE_MS); /* and is never refused */
    s_look(600, 5000 + OP_MINUTE_MS, 5000 + 2 * OP_MINUTE_MS);
}

/*  ---- What is kept, given back, swept ---- */

static void test_a_restart_forgives_nobody(void **state)
{
    (void)state;
    assert_int_equal(s_sign_up("+14155550101", "192.0.2.1", 0), 0);
    uint64_t syncs = op_actor_counts(s_actor).syncs;
    assert_int_equal(s_of(OP_STEP_RATE_SEND, 1, 0), 0);
    assert_int_equal(op_actor_counts(s_actor).syncs, syncs); /* short windows cost no sync */
    s_start();
    assert_int_equal(s_sign_up("+14155550101", "192.0.2.1", 1), 30);
    assert_int_equal(s_of(OP_STEP_RATE_SEND, 1, 1), 1);
    op_store_memory_crash(s_store); /* long windows outlive a power cut */
    s_start();
    assert_int_equal(s_sign_up("+14155550101", "192.0.2.1", 2), 30);
    assert_int_equal(s_of(OP_STEP_RATE_SEND, 1, 2), 0);
}

/*  The note about a call that was counted at one time comes at another. */
static void s_give_back(uint8_t who, int64_t counted, int64_t at)
{
    op_rate_return_t note = {.key = {{who}}, .counted = DRIVE_NOW + counted};
    drive_note(s_actor, "ledger", &op_rate_return_type, &note, DRIVE_NOW + at);
    drive_commit(s_actor, &s_out);
    assert_int_equal(s_out.count, 0);
}

static void test_giving_back(void **state)
{
    (void)state;
    assert_int_equal(s_of(OP_STEP_RATE_SEND, 1, 0), 0);
    s_give_back(2, 0, 1); /* another's */
    assert_int_equal(s_of(OP_STEP_RATE_SEND, 1, 2), 1);
    s_give_back(1, 0, 3);
    assert_int_equal(s_of(OP_STEP_RATE_SEND, 1, 4), 0);
    assert_int_equal(s_of(OP_STEP_RATE_SEND, 1, 5), 1);
    /* More than was taken is not to be had. */
    for (int i = 0; i < 5; i++)
        s_give_back(1, 4, 6);
    assert_int_equal(s_of(OP_STEP_RATE_SEND, 1, 7), 0);
    assert_int_equal(s_of(OP_STEP_RATE_SEND, 1, 8), 1);
    /* A return that comes when the second is over opens no window. */
    s_give_back(1, 7, 1500);
    assert_int_equal(s_of(OP_STEP_RATE_SEND, 1, 1600), 0);
    assert_int_equal(s_of(OP_STEP_RATE_SEND, 1, 2550), 1);
    assert_int_equal(s_of(OP_STEP_RATE_SEND, 1, 2600), 0);
    /* Nor does it open up one that has begun since. */
    s_give_back(1, 1600, 2610);
    assert_int_equal(s_of(OP_STEP_RATE_SEND, 1, 2620), 1);
}

static void test_the_clock_goes_back(void **state)
{
    (void)state;
    assert_int_equal(s_sign_up("+14155550101", "192.0.2.1", 0), 0);
    assert_int_equal(s_sign_up("+14155550101", "192.0.2.1", -OP_DAY_MS), 0);
    assert_int_equal(s_sign_up("+14155550101", "192.0.2.1", -OP_DAY_MS + 1), 30);
}

static void s_sweep_at(int64_t at)
{
    op_actor_tick(s_actor, DRIVE_NOW + at, drive_entropy());
    drive_commit(s_actor, &s_out);
}

static void test_sweeping(void **state)
{
    (void)state;
    enum { SUBJECTS = 1200 };
    for (unsigned i = 0; i < SUBJECTS; i++) {
        op_context_t context = {.key = {{(uint8_t)i, (uint8_t)(i >> 8), 1}}};
        assert_int_equal(s_call(OP_STEP_RATE_READ, context, "", 0), 0);
    }
    assert_int_equal(s_sign_up("+14155550101", "192.0.2.1", 0), 0);
    assert_int_equal(s_of(OP_STEP_RATE_CONSOLE, 1, 10 * OP_MINUTE_MS - 1000), 0);
    assert_int_equal(drive_rows(s_store, "rate/"), SUBJECTS + 3);

    assert_true(op_actor_wake_at(s_actor) == DRIVE_NOW + 10 * OP_MINUTE_MS);
    s_sweep_at(10 * OP_MINUTE_MS);
    size_t left = drive_rows(s_store, "rate/");
    assert_in_range(left, SUBJECTS + 3 - 500, SUBJECTS - 400); /* a bounded slice at a time */
    for (int i = 0; i < 10 && left > 3; i++) {
        assert_true(op_actor_wake_at(s_actor) < DRIVE_NOW + 11 * OP_MINUTE_MS);
        s_sweep_at(op_actor_wake_at(s_actor) - DRIVE_NOW);
        left = drive_rows(s_store, "rate/");
    }
    assert_int_equal(left, 3); /* the phone, its address, and the session just seen */
    assert_int_equal(s_sign_up("+14155550101", "192.0.2.1", 11 * OP_MINUTE_MS), 0);
    assert_int_equal(s_sign_up("+14155550101", "192.0.2.1", 11 * OP_MINUTE_MS), 30);

    s_sweep_at(OP_HOUR_MS * 2); /* the address's hour is over, the phone's day is not */
    assert_int_equal(drive_rows(s_store, "rate/"), 1);
    assert_int_equal(drive_rows(s_store, "rate/p"), 1);
    s_sweep_at(OP_DAY_MS * 2);
    assert_int_equal(drive_rows(s_store, "rate/"), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, s_setup, s_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_starts_of_a_phone),
        TEST(test_starts_of_an_address),
        TEST(test_a_refused_start_uses_up_nothing),
        TEST(test_minutes),
        TEST(test_sends),
        TEST(test_the_nearest_window_is_shown),
        TEST(test_the_last_step_answers),
        TEST(test_looking_counts_nothing),
        TEST(test_a_restart_forgives_nobody),
        TEST(test_giving_back),
        TEST(test_the_clock_goes_back),
        TEST(test_sweeping),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
