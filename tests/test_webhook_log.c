/*  The webhook actor's log, replays, and tests that an owner asks for. */

#include "tests/webhook_fixture.h"

/*  ---- The log ---- */

static void test_what_an_entry_shows(void **state)
{
    (void)state;
    hook_t hook = s_create('a', 'n', EVENTS);
    assert_int_equal(s_log(&hook, (op_delivery_list_t){.limit = 0})->data.count, 0);
    s_happen('a', 'n', "message.sent");
    op_id_t delivery = s_posted(0)->delivery;
    int64_t began = s_core.now;
    const op_delivery_view_t *view = s_expect_state(&hook, "pending");
    assert_true(op_id_equal(view->id, delivery));
    assert_true(op_id_equal(view->event_id, core_id('e')));
    assert_true(op_str_is(view->type, "message.sent"));
    assert_true(view->created_at == began);
    assert_int_equal(view->attempts.count, 0);
    assert_int_equal(view->next_attempt_at, 0); /* it is being made */
    core_advance(&s_core, 5000);
    s_answer_with(delivery, 500, 0, op_str_of("a\xff\0b\xe2\x82", 6));
    view = s_expect_state(&hook, "pending");
    assert_int_equal(view->attempts.count, 1);
    assert_true(view->attempts.at[0].at == began);
    assert_int_equal(view->attempts.at[0].status, 500);
    assert_int_equal(view->attempts.at[0].duration_ms, 5);
    assert_true(op_str_is(view->attempts.at[0].answer, "a\xef\xbf\xbd\xef\xbf\xbd"
                                                       "b\xef\xbf\xbd\xef\xbf\xbd"));
    assert_true(view->next_attempt_at == s_core.now + 30 * OP_SECOND_MS);
    core_advance(&s_core, 30 * OP_SECOND_MS);
    s_answer(delivery, 0);
    view = s_expect_state(&hook, "pending");
    assert_int_equal(view->attempts.count, 2);
    assert_true(op_str_is(view->attempts.at[1].error, "refused"));
    assert_int_equal(view->attempts.at[1].status, 0);
}

static void test_the_longest_answers_fit(void **state)
{
    (void)state;
    char answer[OP_ANSWER_MAX];
    memset(answer, 0xff, sizeof answer);
    hook_t hook = s_create('a', 'n', EVENTS);
    for (int i = 0; i < OP_PAGE_MAX; i++) {
        s_happen('a', 'n', "message.sent");
        op_id_t delivery = s_posted(0)->delivery;
        for (int k = 0; k < OP_ATTEMPTS_MAX + 2; k++) { /* the log shows the latest eight */
            s_answer_with(delivery, (uint64_t)(300 + k), 0, op_str_of(answer, sizeof answer));
            s_replay(&hook, delivery);
        }
        s_answer(delivery, 200);
    }
    const op_deliveries_view_t *page = s_log(&hook, (op_delivery_list_t){.limit = OP_PAGE_MAX});
    assert_int_equal(page->data.count, OP_PAGE_MAX);
    assert_int_equal(page->data.at[0].attempts.count, OP_ATTEMPTS_MAX);
    assert_int_equal(page->data.at[0].attempts.at[OP_ATTEMPTS_MAX - 1].status, 200);
    assert_int_equal(page->data.at[0].attempts.at[0].status, 303);
}

/*  Thirty deliveries: every third message.failed, every fifth without success. */
static void s_thirty(void)
{
    for (int i = 0; i < 30; i++) {
        core_advance(&s_core, 1);
        s_happen('a', 'n', i % 3 ? "message.sent" : "message.failed");
        s_answer(s_posted(0)->delivery, i % 5 ? 200 : 500);
    }
}

static void test_pages_and_filters(void **state)
{
    (void)state;
    static const struct {
        const char *state, *type;
        uint64_t limit;
        size_t total;
    } table[] = {
        {"", "", 0, 30},
        {"", "", 7, 30},
        {"delivered", "", 5, 24},
        {"pending", "", 2, 6},
        {"failed", "", 0, 0},
        {"", "message.failed", 3, 10},
        {"abandoned", "", 0, 0},
        {"pending", "message.failed", 1, 2},
        {"", "message.received", 0, 0},
    };
    hook_t hook = s_create('a', 'n', EVENTS);
    s_thirty();
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        size_t total = 0;
        char cursor[OP_CURSOR_MAX + 1] = "";
        op_id_t last = {{0}};
        do {
            op_delivery_list_t list = {.state = op_str(table[i].state),
                                       .type = op_str(table[i].type),
                                       .limit = table[i].limit,
                                       .cursor = op_str(cursor)};
            const op_deliveries_view_t *page = s_log(&hook, list);
            assert_true(page->data.count <= (table[i].limit ? table[i].limit : OP_PAGE_DEFAULT));
            for (size_t k = 0; k < page->data.count; k++) {
                op_id_t id = page->data.at[k].id;
                assert_true(op_id_is_none(last) || memcmp(&id, &last, sizeof id) < 0);
                last = id;
            }
            total += page->data.count;
            op_str_copy(page->next_cursor, cursor, sizeof cursor);
            s_happen('a', 'o', "message.sent"); /* what comes meanwhile changes nothing */
        } while (cursor[0]);
        assert_int_equal(total, table[i].total);
    }
}

static void test_bad_lists(void **state)
{
    (void)state;
    hook_t hook = s_create('a', 'n', EVENTS);
    op_context_t context = {.account = core_id('a')};
    op_str_t id = op_str(hook.text);
    const struct {
        op_delivery_list_t list;
        const char *field;
    } table[] = {
        {{.id = id, .state = OP_STR("sent")}, "state"},
        {{.id = id, .type = OP_STR("message")}, "type"},
        {{.id = id, .cursor = OP_STR("x")}, "cursor"},
        {{.id = id, .cursor = OP_STR("zz00000000000000000000000000000z")}, "cursor"},
    };
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        const op_refusal_t *refusal =
            CORE_REFUSED(&s_core, &context, delivery_list, &table[i].list,
                         OP_ERROR_VALIDATION_ERROR, OP_STEP_WEBHOOK_DELIVERIES);
        assert_true(op_str_is(refusal->field, table[i].field));
    }
}

/*  ---- Once more ---- */

static void test_replays(void **state)
{
    (void)state;
    hook_t hook = s_create('a', 'n', EVENTS);
    s_happen('a', 'n', "message.sent");
    op_id_t delivery = s_posted(0)->delivery;
    op_buf_t body = {0};
    op_buf_add_str(&body, s_posted(0)->body);
    s_answer(delivery, 200);
    core_advance(&s_core, OP_DAY_MS);
    assert_true(op_str_is(s_replay(&hook, delivery)->state, "pending")); /* one that succeeded */
    assert_int_equal(s_posts(), 1);
    assert_true(op_id_equal(s_posted(0)->delivery, delivery));
    assert_true(op_str_equal(s_posted(0)->body, op_buf_str(&body)));
    s_expect_signed(s_posted(0), &hook);
    s_answer(delivery, 500); /* its schedule begins anew */
    core_advance(&s_core, 30 * OP_SECOND_MS);
    assert_int_equal(s_posts(), 1);
    s_answer(delivery, 500);
    assert_int_equal(s_replay(&hook, delivery)->next_attempt_at, 0); /* one that waits */
    assert_int_equal(s_posts(), 1);
    s_replay(&hook, delivery); /* one that is being posted: no second post beside it */
    assert_int_equal(s_posts(), 0);
    s_answer(delivery, 500);
    core_advance(&s_core, 29 * OP_SECOND_MS);
    assert_int_equal(s_posts(), 0);
    core_advance(&s_core, OP_SECOND_MS);
    assert_int_equal(s_posts(), 1);
    s_answer(delivery, 200);
    core_advance(&s_core, OP_DAY_MS); /* nothing is left of the earlier runs */
    assert_int_equal(s_posts(), 0);
    s_replay(&hook, delivery);
    core_restart(&s_core, true);
    assert_int_equal(s_posts(), 1);
    op_buf_free(&body);
}

/*  What is held has no time: it goes on when its owner says so. */
static void test_what_is_held_says_no_time(void **state)
{
    (void)state;
    hook_t hook = s_create('a', 'n', EVENTS);
    s_happen('a', 'n', "message.sent");
    op_id_t delivery = s_posted(0)->delivery;
    s_answer(delivery, 500);
    int64_t next = s_core.now + 30 * OP_SECOND_MS;
    assert_true(s_expect_state(&hook, "pending")->next_attempt_at == next);
    s_enable(&hook, false);
    assert_int_equal(s_expect_state(&hook, "pending")->next_attempt_at, 0);
    s_enable(&hook, true);
    assert_true(s_expect_state(&hook, "pending")->next_attempt_at == next);
    s_enable(&hook, false);
    assert_int_equal(s_replay(&hook, delivery)->next_attempt_at, 0);
    core_advance(&s_core, OP_DAY_MS);
    assert_int_equal(s_posts(), 0);
    assert_int_equal(s_expect_state(&hook, "pending")->next_attempt_at, 0);
    s_enable(&hook, true);
    assert_int_equal(s_posts(), 1);
}

/*  ---- Tests ---- */

static void s_ask_for_test(const hook_t *hook)
{
    op_context_t context = {.account = core_id('a'), .limit = 60, .remaining = 59};
    op_by_id_t by_id = {op_str(hook->text)};
    core_request(&s_core, DRIVE_SLIP(OP_STEP_WEBHOOK_TEST), &context, &op_by_id_type, &by_id);
}

static void test_a_test(void **state)
{
    (void)state;
    hook_t hook = s_create('a', 'n', "message.sent");
    s_enable(&hook, false);
    s_ask_for_test(&hook);
    assert_int_equal(CORE_COUNT(&s_core, "http", webhook_tested), 0);
    assert_int_equal(s_posts(), 1);
    const op_post_t *post = s_posted(0);
    op_id_t delivery = post->delivery;
    s_expect_signed(post, &hook);
    assert_true(op_str_is(s_header(post, "op-event"), "message.received"));
    assert_true(s_body_has(post, "\"type\":\"message.received\""));
    assert_true(s_body_has(post, "\"test\":true"));
    assert_true(s_body_has(post, "\"received_at\":\"2026-"));
    s_answer(delivery, 503);
    const op_webhook_tested_t *tested = CORE_FIND(&s_core, "http", webhook_tested, 0);
    assert_non_null(tested);
    assert_true(op_id_equal(tested->delivery_id, delivery));
    assert_int_equal(tested->status, 503);
    assert_int_equal(tested->duration_ms, 5);
    assert_int_equal(tested->error.size, 0);
    assert_int_equal(s_core.out.at[0].envelope.correlation, 77);
    assert_int_equal(core_context(&s_core)->remaining, 59);
    s_answer(delivery, 200); /* it is over */
    assert_int_equal(s_core.out.count, 0);
    core_advance(&s_core, 3 * OP_DAY_MS); /* never retried, not in the log */
    assert_int_equal(s_posts(), 0);
    assert_int_equal(s_log(&hook, (op_delivery_list_t){.limit = 0})->data.count, 0);
}

static void test_a_test_without_answer(void **state)
{
    (void)state;
    hook_t hook = s_create('a', 'n', EVENTS);
    s_ask_for_test(&hook);
    s_answer(s_posted(0)->delivery, 0);
    const op_webhook_tested_t *tested = CORE_FIND(&s_core, "http", webhook_tested, 0);
    assert_int_equal(tested->status, 0);
    assert_true(op_str_is(tested->error, "refused"));
    s_ask_for_test(&hook);
    core_restart(&s_core, true); /* nobody waits any more */
    assert_int_equal(s_posts(), 0);
}

/*  The owner wants to know whether the receiver has taken the new secret. */
static void test_a_test_within_the_grace(void **state)
{
    (void)state;
    char secret[65];
    hook_t hook = s_create('a', 'n', EVENTS);
    s_rotate(&hook, 0, secret);
    s_ask_for_test(&hook);
    op_id_t delivery = s_posted(0)->delivery;
    s_expect_signed_with(s_posted(0), secret);
    s_answer(delivery, 401);
    assert_int_equal(s_posts(), 0);
    const op_webhook_tested_t *tested = CORE_FIND(&s_core, "http", webhook_tested, 0);
    assert_non_null(tested);
    assert_true(op_id_equal(tested->delivery_id, delivery));
    assert_int_equal(tested->status, 401);
    assert_int_equal(tested->duration_ms, 5);
}

static void test_so_many_tests(void **state)
{
    (void)state;
    hook_t hook = s_create('a', 'n', EVENTS);
    op_context_t context = {.account = core_id('a')};
    op_by_id_t by_id = {op_str(hook.text)};
    op_id_t first = {{0}};
    for (int i = 0; i < OP_TESTS_MAX; i++) {
        s_ask_for_test(&hook);
        assert_int_equal(s_posts(), 1);
        if (i == 0)
            first = s_posted(0)->delivery;
    }
    CORE_REFUSED(&s_core, &context, by_id, &by_id, OP_ERROR_UNAVAILABLE, OP_STEP_WEBHOOK_TEST);
    s_answer(first, 200);
    s_ask_for_test(&hook);
    assert_int_equal(s_posts(), 1);
    CORE_REFUSED(&s_core, &context, by_id, &by_id, OP_ERROR_UNAVAILABLE, OP_STEP_WEBHOOK_TEST);
    s_core.now += OP_REQUEST_DEADLINE_MS + 1; /* nobody waits for those any more */
    s_ask_for_test(&hook);
    assert_int_equal(s_posts(), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WEBHOOK_TEST(test_what_an_entry_shows),
        WEBHOOK_TEST(test_the_longest_answers_fit),
        WEBHOOK_TEST(test_pages_and_filters),
        WEBHOOK_TEST(test_bad_lists),
        WEBHOOK_TEST(test_replays),
        WEBHOOK_TEST(test_what_is_held_says_no_time),
        WEBHOOK_TEST(test_a_test),
        WEBHOOK_TEST(test_a_test_without_answer),
        WEBHOOK_TEST(test_a_test_within_the_grace),
        WEBHOOK_TEST(test_so_many_tests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
