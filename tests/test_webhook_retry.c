/*  The webhook actor's schedule: when a failed delivery is tried again, and when no more. */

#include "tests/webhook_fixture.h"

static const int64_t s_pauses[] = {30 * OP_SECOND_MS, 2 * OP_MINUTE_MS, 10 * OP_MINUTE_MS,
                                   OP_HOUR_MS,        6 * OP_HOUR_MS,   24 * OP_HOUR_MS,
                                   24 * OP_HOUR_MS};

/*  Nothing is posted for `ms` less one, and this delivery then. */
static void s_expect_after(int64_t ms, op_id_t delivery)
{
    core_advance(&s_core, ms - 1);
    assert_int_equal(s_posts(), 0);
    core_advance(&s_core, 1);
    assert_int_equal(s_posts(), 1);
    assert_true(op_id_equal(s_posted(0)->delivery, delivery));
}

/*  Through the whole schedule, always with this answer. */
static void s_fail(op_id_t delivery, uint64_t status)
{
    for (size_t i = 0; i < OP_COUNT(s_pauses); i++) {
        s_answer(delivery, status);
        core_advance(&s_core, s_pauses[i]);
    }
    s_answer(delivery, status);
}

static void test_the_schedule(void **state)
{
    (void)state;
    for (int restarts = 0; restarts < 2; restarts++) {
        hook_t hook = s_create('a', (char)('0' + restarts), EVENTS);
        s_happen('a', (char)('0' + restarts), "message.sent");
        op_id_t delivery = s_posted(0)->delivery;
        op_buf_t body = {0};
        op_buf_add_str(&body, s_posted(0)->body);
        for (size_t i = 0; i < OP_COUNT(s_pauses); i++) {
            core_advance(&s_core,
                         7000); /* the attempt takes so long: the pause begins at its end */
            s_answer(delivery, i % 2 ? 500 : 0);
            assert_int_equal(s_posts(), 0);
            int64_t next = s_core.now + s_pauses[i];
            assert_true(s_expect_state(&hook, "pending")->next_attempt_at == next);
            if (restarts)
                core_restart(&s_core, true);
            s_expect_after(s_pauses[i], delivery);
            assert_true(op_str_equal(s_posted(0)->body, op_buf_str(&body)));
            s_expect_signed(s_posted(0), &hook);
        }
        s_answer(delivery, 302); /* a redirect is no success either */
        const op_delivery_view_t *view = s_expect_state(&hook, "failed");
        assert_int_equal(view->attempts.count, OP_COUNT(s_pauses) + 1);
        assert_int_equal(view->next_attempt_at, 0);
        core_advance(&s_core, 2 * OP_DAY_MS);
        assert_int_equal(s_posts(), 0);
        assert_int_equal(drive_rows(s_core.store, "webhook/q"), 0);
        assert_int_equal(drive_rows(s_core.store, "webhook/r"), 0);
        op_buf_free(&body);
    }
}

static void test_a_success_ends_it(void **state)
{
    (void)state;
    hook_t hook = s_create('a', 'n', EVENTS);
    s_happen('a', 'n', "message.sent");
    op_id_t delivery = s_posted(0)->delivery;
    s_answer(delivery, 500);
    s_expect_after(s_pauses[0], delivery);
    s_answer(delivery, 299);
    assert_int_equal(s_expect_state(&hook, "delivered")->attempts.count, 2);
    core_advance(&s_core, 2 * OP_DAY_MS);
    assert_int_equal(s_posts(), 0);
}

static void test_down_when_it_was_due(void **state)
{
    (void)state;
    s_create('a', 'n', EVENTS);
    s_happen('a', 'n', "message.sent");
    op_id_t delivery = s_posted(0)->delivery;
    s_answer(delivery, 500);
    s_core.now += OP_HOUR_MS;
    core_restart(&s_core, true);
    assert_int_equal(s_posts(), 1);
    core_restart(&s_core, true); /* and once more while it is under way */
    assert_int_equal(s_posts(), 1);
    s_answer(delivery, 500);
    s_expect_after(s_pauses[1], delivery); /* an attempt that nobody answered does not count */
}

static void test_retry_after(void **state)
{
    (void)state;
    static const struct {
        uint64_t status, asked;
        int64_t wait;
    } table[] = {
        {429, 0, 30000},    {429, 5, 30000},    {503, 31, 31000},      {429, 100, 100000},
        {503, 150, 150000}, {429, 151, 150000}, {503, 999999, 150000}, {429, UINT64_MAX, 150000},
        {500, 100, 30000},  {200, 100, 0},
    };
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        char number = (char)('0' + i);
        s_create('a', number, EVENTS);
        s_happen('a', number, "message.sent");
        op_id_t delivery = s_posted(0)->delivery;
        s_answer_with(delivery, table[i].status, table[i].asked, OP_STR(""));
        if (i % 2)
            core_restart(&s_core, true);
        if (table[i].wait)
            s_expect_after(table[i].wait, delivery);
        s_answer(delivery, 200);
    }
}

/*  At the last pause there is no next one to move into. */
static void test_retry_after_at_the_end(void **state)
{
    (void)state;
    s_create('a', 'n', EVENTS);
    s_happen('a', 'n', "message.sent");
    op_id_t delivery = s_posted(0)->delivery;
    for (size_t i = 0; i + 1 < OP_COUNT(s_pauses); i++) {
        s_answer(delivery, 500);
        core_advance(&s_core, s_pauses[i]);
    }
    s_answer_with(delivery, 503, UINT64_MAX, OP_STR(""));
    s_expect_after(s_pauses[6], delivery);
}

static void test_gone(void **state)
{
    (void)state;
    hook_t hook = s_create('a', 'n', EVENTS);
    s_happen('a', 'n', "message.sent");
    op_id_t delivery = s_posted(0)->delivery;
    s_answer(delivery, 410);
    assert_int_equal(s_core.out.log_count, 1);
    s_expect_state(&hook, "failed");
    const op_webhook_view_t *view = &s_list('a', (op_id_t){{0}})->webhooks.at[0];
    assert_false(view->enabled);
    assert_true(op_str_is(view->disabled_reason, "gone"));
    s_happen('a', 'n', "message.sent");
    core_advance(&s_core, OP_DAY_MS);
    assert_int_equal(s_posts(), 0);
    s_enable(&hook, true);
    view = &s_list('a', (op_id_t){{0}})->webhooks.at[0];
    assert_int_equal(view->disabled_reason.size, 0);
    s_replay(&hook, delivery);
    assert_int_equal(s_posts(), 1);
}

static void test_disabled_is_held(void **state)
{
    (void)state;
    hook_t hook = s_create('a', 'n', EVENTS);
    s_happen('a', 'n', "message.sent");
    op_id_t delivery = s_posted(0)->delivery;
    s_answer(delivery, 500);
    s_enable(&hook, false);
    core_advance(&s_core, 3 * OP_DAY_MS);
    assert_int_equal(s_posts(), 0);
    assert_int_equal(s_expect_state(&hook, "pending")->next_attempt_at, 0);
    core_restart(&s_core, true);
    assert_int_equal(s_posts(), 0);
    s_enable(&hook, true);
    assert_int_equal(s_posts(), 1);
    s_answer(delivery, 500);
    s_expect_after(s_pauses[1], delivery);
}

/*  ---- A webhook that fails always ---- */

/*  So many deliveries go through the schedule in vain, side by side. */
static void s_fail_many(size_t count)
{
    static op_id_t deliveries[OP_FAILURES_MAX];
    assert_true(count <= OP_COUNT(deliveries));
    for (size_t done = 0; done < count;) {
        size_t batch = count - done < OP_POSTS_PER_WEBHOOK ? count - done : OP_POSTS_PER_WEBHOOK;
        for (size_t i = 0; i < batch; i++) {
            s_happen('a', 'n', "message.sent");
            assert_int_equal(s_posts(), 1);
            deliveries[i] = s_posted(0)->delivery;
        }
        for (size_t k = 0; k <= OP_COUNT(s_pauses); k++) {
            for (size_t i = 0; i < batch; i++)
                s_answer(deliveries[i], 500);
            if (k < OP_COUNT(s_pauses))
                core_advance(&s_core, s_pauses[k]);
        }
        done += batch;
    }
}

static void test_failing_switches_off(void **state)
{
    (void)state;
    hook_t hook = s_create('a', 'n', EVENTS);
    s_fail_many(OP_FAILURES_MAX - 1);
    assert_true(s_list('a', (op_id_t){{0}})->webhooks.at[0].enabled);
    s_happen('a', 'n', "message.sent"); /* a success begins anew */
    s_answer(s_posted(0)->delivery, 200);
    s_fail_many(OP_FAILURES_MAX - 1);
    assert_true(s_list('a', (op_id_t){{0}})->webhooks.at[0].enabled);
    core_restart(&s_core, true);
    s_happen('a', 'n', "message.sent");
    op_id_t last = s_posted(0)->delivery;
    s_fail(last, 500);
    assert_int_equal(s_core.out.log_count, 2); /* the failed attempt, and the end */
    const op_webhook_view_t *view = &s_list('a', (op_id_t){{0}})->webhooks.at[0];
    assert_false(view->enabled);
    assert_true(op_str_is(view->disabled_reason, "failing"));
    s_happen('a', 'n', "message.sent");
    assert_int_equal(s_posts(), 0);
    assert_true(op_str_is(s_replay(&hook, last)->state, "pending"));
    assert_int_equal(s_posts(), 0); /* held */
    s_enable(&hook, true);
    assert_int_equal(s_posts(), 1);
    assert_true(op_id_equal(s_posted(0)->delivery, last));
    s_fail(last, 500);
    assert_true(s_list('a', (op_id_t){{0}})->webhooks.at[0].enabled);
}

/*  ---- Clocks ---- */

/*  The clock is set back by any amount: no retry is early, none is late by more than its pause. */
static void test_set_back(void **state)
{
    (void)state;
    static const int64_t jumps[] = {10 * OP_SECOND_MS, OP_HOUR_MS, 400 * OP_DAY_MS};
    for (size_t pause = 0; pause < OP_COUNT(s_pauses); pause++)
        for (size_t i = 0; i < OP_COUNT(jumps) * 2; i++) {
            bool restart = i % 2 != 0;
            hook_t hook = s_create('a', 'n', EVENTS);
            s_happen('a', 'n', "message.sent");
            op_id_t delivery = s_posted(0)->delivery;
            for (size_t k = 0; k < pause; k++) {
                s_answer(delivery, 500);
                core_advance(&s_core, s_pauses[k]);
            }
            s_answer(delivery, 500);
            core_advance(&s_core, s_pauses[pause] / 2);
            s_core.now -= jumps[i / 2];
            if (restart)
                core_restart(&s_core, true);
            else { /* as the runtime does when it sees the clock go back */
                drive_forget(&s_core.out);
                op_actor_tick(s_core.actor, s_core.now, drive_entropy());
                assert_int_equal(op_actor_commit(s_core.actor), 0);
            }
            assert_int_equal(s_posts(), 0);
            core_advance(&s_core, s_pauses[pause] / 2 - 1);
            assert_int_equal(s_posts(), 0);
            core_advance(&s_core, s_pauses[pause] + 1);
            assert_int_equal(s_posts(), 1);
            s_answer(delivery, 200);
            s_delete('a', hook.text, OP_OK);
        }
}

static void test_set_forward(void **state)
{
    (void)state;
    s_create('a', 'n', EVENTS);
    s_happen('a', 'n', "message.sent");
    op_id_t delivery = s_posted(0)->delivery;
    s_answer(delivery, 500);
    s_core.now += 20 * OP_DAY_MS;
    core_advance(&s_core, 0);
    assert_int_equal(s_posts(), 1);
    s_core.now -= 20 * OP_DAY_MS; /* and back, while the attempt is under way */
    s_answer(delivery, 500);
    s_expect_after(s_pauses[1], delivery);
}

/*  More waiting than a turn moves, all due at once. */
static void test_many_wait(void **state)
{
    (void)state;
    enum { MANY = 450 };
    s_create('a', 'n', EVENTS);
    size_t answered = 0;
    for (int i = 0; i < MANY; i++) {
        s_happen('a', 'n', "message.sent");
        assert_int_equal(s_posts(), 1);
        s_answer(s_posted(0)->delivery, 500);
    }
    assert_int_equal(drive_rows(s_core.store, "webhook/r"), MANY);
    s_core.now -= OP_DAY_MS; /* 450 rows to be moved to within their pause */
    core_restart(&s_core, true);
    core_advance(&s_core, 0);
    core_advance(&s_core, s_pauses[0]);
    assert_int_equal(s_posts(), OP_POSTS_PER_WEBHOOK);
    assert_int_equal(drive_rows(s_core.store, "webhook/r"), 0);
    op_id_t flying[OP_POSTS_PER_WEBHOOK];
    for (size_t i = 0; i < OP_POSTS_PER_WEBHOOK; i++)
        flying[i] = s_posted(i)->delivery;
    for (bool any = true; any;) {
        any = false;
        for (size_t i = 0; i < OP_POSTS_PER_WEBHOOK; i++) {
            if (op_id_is_none(flying[i]))
                continue;
            s_answer(flying[i], 200);
            answered++;
            any = true;
            flying[i] = s_posts() ? s_posted(0)->delivery : (op_id_t){{0}};
        }
    }
    assert_int_equal(answered, MANY);
    assert_int_equal(drive_rows(s_core.store, "webhook/q"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WEBHOOK_TEST(test_the_schedule),
        WEBHOOK_TEST(test_a_success_ends_it),
        WEBHOOK_TEST(test_down_when_it_was_due),
        WEBHOOK_TEST(test_retry_after),
        WEBHOOK_TEST(test_retry_after_at_the_end),
        WEBHOOK_TEST(test_gone),
        WEBHOOK_TEST(test_disabled_is_held),
        WEBHOOK_TEST(test_failing_switches_off),
        WEBHOOK_TEST(test_set_back),
        WEBHOOK_TEST(test_set_forward),
        WEBHOOK_TEST(test_many_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
