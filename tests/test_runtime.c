/*  The runtime: requests and tells between threads, starts and commits that fail, draining. */

#include "tests/runtime_fixture.h"

static void test_a_request_walks(void **state)
{
    (void)state;
    s_start(&s_auth, 0, NULL);
    s_start(&s_ledger, 1, NULL);
    s_obeyed("auth", SLIP(OP_STEP_AUTH_VERIFICATION), "count", "auth");
    s_obeyed("auth", SLIP(OP_STEP_AUTH_SESSION, OP_STEP_LEDGER_MESSAGE), "count", "ledger");
    s_obeyed("ledger", SLIP(OP_STEP_LEDGER_MESSAGE, OP_STEP_AUTH_VERIFICATION), "count", "auth");
}

static void test_tells_both_ways(void **state)
{
    (void)state;
    s_start(&s_auth, 0, NULL);
    s_start(&s_ledger, 1, NULL);
    s_obeyed(TO_AUTH, "tell", "auth"); /* more than a window, and more than a turn */
    s_wait_for_count(TO_LEDGER, TELLS);
    s_wait_for_count(TO_AUTH, TELLS); /* told back */
    assert_int_equal(atomic_load(&s_disorder), 0);
}

/*  The receiver of tells is started later, and once more. */
static void test_tells_wait_for_their_receiver(void **state)
{
    (void)state;
    s_start(&s_auth, 0, NULL);
    s_obeyed(TO_AUTH, "tell", "auth");
    s_start(&s_ledger, 1, NULL);
    s_wait_for_count(TO_LEDGER, TELLS);
    s_wait_for_count(TO_AUTH, TELLS);
    op_runtime_destroy(&s_runtime);
    op_postbox_destroy(&s_postbox); /* inproc connects once */
    s_postbox = op_postbox_new();
    s_runtime = op_runtime_new();
    s_start(&s_ledger, 1, NULL);
    s_start(&s_auth, 0, NULL);
    s_wait_for_count(TO_LEDGER, TELLS);
    s_wait_for_count(TO_AUTH, TELLS);
    assert_int_equal(atomic_load(&s_disorder), 0);
}

/*  When the call returns, the hour has passed for everybody. */
static void test_a_clock_that_is_set_ahead(void **state)
{
    (void)state;
    s_start(&s_auth, 0, NULL);
    s_start(&s_ledger, 1, NULL);
    s_obeyed(TO_AUTH, "later", "auth");
    s_obeyed(TO_LEDGER, "later", "ledger");
    int64_t before = op_clock_now(), ahead = op_clock_ahead();
    atomic_store(&s_timers, 0);
    assert_true(op_runtime_look(s_runtime, PATIENCE_MS));
    assert_int_equal(atomic_load(&s_timers), 0); /* it is too early */
    assert_true(op_clock_advance(OP_HOUR_MS));
    assert_true(op_runtime_look(s_runtime, PATIENCE_MS));
    assert_int_equal(atomic_load(&s_timers), 2);
    assert_true(op_clock_now() >= before + OP_HOUR_MS);
    assert_int_equal(op_clock_ahead(), ahead + OP_HOUR_MS);
    assert_false(op_clock_advance(-1));
    assert_false(op_clock_advance(OP_CLOCK_AHEAD_MAX_MS));
    assert_false(op_clock_advance(INT64_MAX));
    assert_int_equal(op_clock_ahead(), ahead + OP_HOUR_MS);
}

/*  A ledger that never reads its mail: what it cannot take is refused by the one that holds it. */
static void test_a_full_mailbox_refuses(void **state)
{
    (void)state;
    enum { REQUESTS = 2 * OP_MAILBOX_HWM + 200 };
    char error[256] = "";
    op_mailbox_t *deaf = op_mailbox_new("ledger", error);
    assert_non_null(deaf);
    s_start(&s_auth, 0, NULL);
    static bool refused[REQUESTS + 1];
    size_t refusals = 0, forwarded = 0;
    const op_type_t *type = NULL;
    const void *body = NULL;
    int64_t deadline = op_clock_steady() + PATIENCE_MS;
    op_str_t slip = SLIP(OP_STEP_AUTH_SESSION, OP_STEP_LEDGER_MESSAGE);
    for (uint64_t sent = 0; sent < REQUESTS || refusals < REQUESTS - 2 * OP_MAILBOX_HWM;) {
        assert_true(op_clock_steady() < deadline);
        if (sent < REQUESTS && s_ask("auth", slip, sent + 1, "count"))
            sent++;
        const op_envelope_t *reply;
        while ((reply = s_reply(sent < REQUESTS ? 0 : 100, &type, &body)) != NULL) {
            assert_ptr_equal(type, &op_refusal_type);
            const op_refusal_t *refusal = body;
            assert_int_equal(refusal->error, OP_ERROR_UNAVAILABLE);
            assert_true(refusal->retry_after > 0);
            assert_true(reply->correlation <= REQUESTS && !refused[reply->correlation]);
            refused[reply->correlation] = true;
            refusals++;
            op_arena_clear(&s_arena);
        }
    }
    while (s_reply(200, &type, &body)) /* any refusal still on its way */
        refusals++;
    while (op_mailbox_take(deaf, &s_frame))
        forwarded++;
    assert_int_equal(refusals + forwarded, REQUESTS); /* each one was answered or passed on */
    assert_true(forwarded >= OP_MAILBOX_HWM);
    op_mailbox_destroy(&deaf);
}

static void test_a_start_that_fails(void **state)
{
    (void)state;
    char error[256] = "";
    atomic_store(&s_write_at_start, true);
    op_store_memory_fail_after(s_stores[0], 0);
    assert_int_equal(op_runtime_start(s_runtime, &s_auth, "auth", s_stores[0], &op_nothing_type,
                                      &s_nothing, NULL, error),
                     -1);
    assert_non_null(strstr(error, "auth does not start"));
    assert_non_null(strstr(error, "store"));
    s_start(&s_ledger, 1, NULL); /* the others are not concerned */
    s_obeyed(TO_LEDGER, "count", "ledger");
    /* A name that is taken. */
    assert_int_equal(op_runtime_start(s_runtime, &s_ledger, "ledger", s_stores[0], &op_nothing_type,
                                      &s_nothing, NULL, error),
                     -1);
    assert_non_null(strstr(error, "ledger"));
}

static void test_a_commit_that_fails(void **state)
{
    (void)state;
    char error[256] = "";
    s_start(&s_auth, 0, NULL);
    s_obeyed(TO_AUTH, "count", "auth"); /* the actor waits for mail now: the store is ours */
    struct pollfd fd = {.fd = op_runtime_failure_fd(s_runtime), .events = POLLIN};
    assert_int_equal(poll(&fd, 1, 0), 0);
    op_store_memory_fail_after(s_stores[0], 0);
    assert_true(s_ask(TO_AUTH, 1, "write"));
    assert_int_equal(poll(&fd, 1, PATIENCE_MS), 1);
    op_runtime_failure(s_runtime, error);
    assert_non_null(strstr(error, "auth: cannot write the store"));
    const op_type_t *type;
    const void *body;
    assert_null(s_reply(0, &type, &body));         /* nothing of the turn was said */
    assert_false(op_runtime_drain(s_runtime, 10)); /* its thread has ended: nobody waits for it */
}

static void test_draining(void **state)
{
    (void)state;
    s_start(&s_auth, 0, NULL);
    s_start(&s_ledger, 1, NULL);
    atomic_store(&s_end_busy_when_drained, true);
    s_obeyed(TO_LEDGER, "busy", "ledger");
    assert_true(op_runtime_drain(s_runtime, PATIENCE_MS));
    assert_true(atomic_load(&s_timers) >= 1); /* it waited for the work in flight */
}

/*  What was told is done by both when the call returns, and acknowledged. */
static void test_draining_sees_tells_through(void **state)
{
    (void)state;
    s_start(&s_auth, 0, NULL);
    s_start(&s_ledger, 1, NULL);
    s_obeyed(TO_AUTH, "tell", "auth");
    assert_true(op_runtime_drain(s_runtime, PATIENCE_MS));
    op_runtime_view_t view;
    uint64_t told = 0;
    for (size_t i = 0; op_runtime_view(s_runtime, i, &view); i++)
        for (size_t l = 0; l < view.link_count; l++) {
            told += view.links[l].told;
            assert_int_equal(view.links[l].unacknowledged, 0);
        }
    assert_int_equal(told, 2 * TELLS);
}

/*  What an actor holds back until somebody on another host is there again is not waited for. */
static void test_draining_leaves_what_is_held_back(void **state)
{
    (void)state;
    static op_core_class_t relays; /* the thread has it until the teardown */
    relays = s_ledger;
    relays.relays = true;
    s_start(&s_auth, 0, NULL);
    s_start(&relays, 1, NULL);
    s_obeyed(TO_LEDGER, "flood", "ledger");
    s_obeyed(TO_AUTH, "tell", "auth");
    int64_t begin = op_clock_steady();
    assert_true(op_runtime_drain(s_runtime, PATIENCE_MS));
    assert_true(op_clock_steady() - begin < PATIENCE_MS / 2);
    op_runtime_view_t view;
    assert_true(op_runtime_view(s_runtime, 0, &view));
    assert_int_equal(view.link_count, 1);
    assert_int_equal(view.links[0].unacknowledged, TELLS);
    assert_int_equal(s_obeyed(TO_LEDGER, "count", "ledger"), 0);
}

static void test_draining_has_a_deadline(void **state)
{
    (void)state;
    s_start(&s_auth, 0, NULL);
    s_start(&s_ledger, 1, NULL);
    s_obeyed(TO_LEDGER, "busy", "ledger");
    assert_false(op_runtime_drain(s_runtime, 100));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_request_walks),
        TEST(test_tells_both_ways),
        TEST(test_tells_wait_for_their_receiver),
        TEST(test_a_clock_that_is_set_ahead),
        TEST(test_a_full_mailbox_refuses),
        TEST(test_a_start_that_fails),
        TEST(test_a_commit_that_fails),
        TEST(test_draining),
        TEST(test_draining_sees_tells_through),
        TEST(test_draining_leaves_what_is_held_back),
        TEST(test_draining_has_a_deadline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
