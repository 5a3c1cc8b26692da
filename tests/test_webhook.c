/*  The webhook actor's calls: registering, showing, changing, ending. */

#include "tests/webhook_fixture.h"

/*  ---- Registering ---- */

static void test_one_per_number_and_account(void **state)
{
    (void)state;
    hook_t first = s_create('a', 'n', EVENTS);
    op_context_t context = s_on('a', 'n');
    op_webhook_create_t create = {core_id('n'), OP_STR(URL), OP_STR(EVENTS)};
    CORE_REFUSED(&s_core, &context, webhook_create, &create, OP_ERROR_WEBHOOK_EXISTS,
                 OP_STEP_WEBHOOK_CREATE);
    hook_t second = s_create('a', 'o', "message.sent"), other = s_create('b', 'n', EVENTS);
    assert_string_not_equal(first.secret, second.secret);
    core_restart(&s_core, true);
    const op_webhooks_view_t *list = s_list('a', (op_id_t){{0}});
    assert_int_equal(list->webhooks.count, 2);
    assert_true(op_id_equal(list->webhooks.at[0].id, first.id));
    assert_true(op_id_equal(list->webhooks.at[1].id, second.id));
    assert_true(op_str_is(list->webhooks.at[1].events, "message.sent"));
    assert_true(list->webhooks.at[0].enabled);
    list = s_list('a', core_id('o'));
    assert_int_equal(list->webhooks.count, 1);
    assert_true(op_id_equal(list->webhooks.at[0].id, second.id));
    list = s_list('b', (op_id_t){{0}});
    assert_int_equal(list->webhooks.count, 1);
    assert_true(op_id_equal(list->webhooks.at[0].id, other.id));
    assert_int_equal(s_list('c', (op_id_t){{0}})->webhooks.count, 0);
}

static void s_show_refused(char account, const char *id)
{
    op_context_t context = {.account = core_id(account)};
    op_by_id_t by_id = {op_str(id)};
    CORE_REFUSED(&s_core, &context, by_id, &by_id, OP_ERROR_NOT_FOUND, OP_STEP_WEBHOOK_SHOW);
}

static void s_end_lease(void)
{
    op_lease_ended_t ended = {core_id('a'), core_id('n'), core_id('L')};
    core_tell(&s_core, "ledger", &op_lease_ended_type, &ended);
}

static void test_one_is_shown_as_it_is_listed(void **state)
{
    (void)state;
    hook_t hook = s_create('a', 'n', "message.sent");
    s_enable(&hook, false);
    op_context_t context = {.account = core_id('a')};
    op_by_id_t by_id = {op_str(hook.text)};
    const op_webhook_view_t *view =
        CORE_ASK(&s_core, &context, by_id, &by_id, webhook_view, OP_STEP_WEBHOOK_SHOW);
    assert_true(op_id_equal(view->id, hook.id) && op_id_equal(view->number_id, core_id('n')));
    assert_true(op_str_is(view->url, URL) && op_str_is(view->events, "message.sent"));
    assert_false(view->enabled);
    s_show_refused('b', hook.text);
    s_show_refused('a', "nonsense");
    s_end_lease();
    s_show_refused('a', hook.text);
}

static void test_deleting(void **state)
{
    (void)state;
    hook_t hook = s_create('a', 'n', EVENTS);
    s_delete('b', hook.text, OP_ERROR_NOT_FOUND);
    s_delete('a', "nonsense", OP_ERROR_NOT_FOUND);
    s_delete('a', "01939999-0000-7000-8000-000000000000", OP_ERROR_NOT_FOUND);
    s_happen('a', 'n', "message.sent");
    assert_int_equal(CORE_COUNT(&s_core, "poster", post), 1);
    s_delete('a', hook.text, OP_OK);
    s_delete('a', hook.text, OP_ERROR_NOT_FOUND);
    assert_int_equal(s_list('a', (op_id_t){{0}})->webhooks.count, 0);
    s_happen('a', 'n', "message.sent");
    assert_int_equal(CORE_COUNT(&s_core, "poster", post), 0);
    core_restart(&s_core, true); /* nor is what was under way posted again */
    assert_int_equal(CORE_COUNT(&s_core, "poster", post), 0);
    hook_t again = s_create('a', 'n', EVENTS);
    assert_false(op_id_equal(again.id, hook.id));
    assert_string_not_equal(again.secret, hook.secret);
    core_restart(&s_core, true); /* under the new one neither */
    assert_int_equal(CORE_COUNT(&s_core, "poster", post), 0);
}

static void test_a_lease_takes_its_webhook_along(void **state)
{
    (void)state;
    s_create('a', 'n', EVENTS);
    s_create('a', 'o', EVENTS);
    s_create('b', 'n', EVENTS);
    op_lease_ended_t other = {core_id('a'), core_id('n'), core_id('M')}; /* an older lease */
    core_tell(&s_core, "ledger", &op_lease_ended_type, &other);
    assert_int_equal(s_list('a', (op_id_t){{0}})->webhooks.count, 2);
    op_lease_ended_t ended = {core_id('a'), core_id('n'), core_id('L')};
    core_tell(&s_core, "ledger", &op_lease_ended_type, &ended);
    assert_int_equal(s_list('a', (op_id_t){{0}})->webhooks.count, 1);
    assert_int_equal(s_list('b', (op_id_t){{0}})->webhooks.count, 1);
    s_happen('a', 'o', "message.received");
    assert_int_equal(s_posts(), 1);
    ended.number = core_id('?');
    core_tell(&s_core, "ledger", &op_lease_ended_type, &ended); /* nothing there: nothing happens */
    assert_int_equal(s_list('a', (op_id_t){{0}})->webhooks.count, 1);
}

/*  Nobody could see or stop what it has pending: due, being posted, waiting for its next try. */
static void test_an_ended_lease_posts_nothing_that_was_pending(void **state)
{
    (void)state;
    hook_t old = s_create('a', 'n', EVENTS);
    op_id_t flying[OP_POSTS_PER_WEBHOOK];
    s_happen('a', 'n', "message.sent");
    s_answer(s_posted(0)->delivery, 500);
    for (size_t i = 0; i < OP_POSTS_PER_WEBHOOK; i++) {
        s_happen('a', 'n', "message.received");
        flying[i] = s_posted(0)->delivery;
    }
    s_happen('a', 'n', "message.failed"); /* finds no place */
    assert_int_equal(s_posts(), 0);
    s_end_lease();
    s_delete('a', old.text, OP_ERROR_NOT_FOUND); /* it cannot be seen or changed any more */
    for (size_t i = 0; i < OP_POSTS_PER_WEBHOOK; i++) {
        s_answer(flying[i], 500);
        assert_int_equal(s_posts(), 0);
    }
    core_restart(&s_core, true);
    for (int hour = 0; hour < 72; hour++) {
        core_advance(&s_core, OP_HOUR_MS);
        assert_int_equal(s_posts(), 0);
    }
}

/*  The release fails queued texts: their events come after it, and are the old lease's. */
static void test_what_a_release_cancels_is_told(void **state)
{
    (void)state;
    hook_t old = s_create('a', 'n', EVENTS);
    s_end_lease();
    core_restart(&s_core, true);
    s_happen_why('a', 'n', 'L', "message.failed", "released");
    assert_int_equal(s_posts(), 1);
    s_expect_signed(s_posted(0), &old);
    op_id_t delivery = s_posted(0)->delivery;
    s_answer(delivery, 500);
    core_advance(&s_core, 30 * OP_SECOND_MS);
    assert_int_equal(s_posts(), 1);
    assert_true(op_id_equal(s_posted(0)->delivery, delivery));
    s_answer(delivery, 200);
    static const char *const others[] = {"message.received", "message.sent", "message.failed"};
    for (size_t i = 0; i < OP_COUNT(others); i++) { /* of what was in the air, or late */
        s_happen('a', 'n', others[i]);
        assert_int_equal(s_posts(), 0);
    }
    op_context_t context = s_on('a', 'n'); /* leased again: another webhook, and other events */
    context.lease = core_id('M');
    op_webhook_create_t create = {core_id('n'), OP_STR(URL), OP_STR(EVENTS)};
    CORE_ASK(&s_core, &context, webhook_create, &create, webhook_created, OP_STEP_WEBHOOK_CREATE);
    s_happen_why('a', 'n', 'L', "message.failed", "released");
    s_expect_signed(s_posted(0), &old);
    s_happen_on('a', 'n', 'M', "message.sent");
    assert_int_equal(s_posts(), 1);
    s_happen_on('a', 'n', 'N', "message.sent"); /* of no lease that has a webhook */
    assert_int_equal(s_posts(), 0);
    core_advance(&s_core, 31 * OP_DAY_MS);
    assert_int_equal(drive_rows(s_core.store, "webhook/v"), 0);
    assert_int_equal(drive_rows(s_core.store, "webhook/h"), 1);
    s_happen_why('a', 'n', 'L', "message.failed", "released");
    assert_int_equal(s_posts(), 0);
}

static void test_updating(void **state)
{
    (void)state;
    hook_t hook = s_create('a', 'n', "message.sent");
    op_str_t id = op_str(hook.text);
    const op_webhook_view_t *view = s_update('a', (op_webhook_update_t){.id = id});
    assert_true(op_id_equal(view->id, hook.id));
    assert_true(op_id_equal(view->number_id, core_id('n')));
    assert_true(op_str_is(view->url, URL) && op_str_is(view->events, "message.sent"));
    assert_true(view->enabled);
    assert_int_equal(view->disabled_reason.size, 0);
    view = s_update('a', (op_webhook_update_t){.id = id, .url = OP_STR("https://b.example/")});
    assert_true(op_str_is(view->url, "https://b.example/") && view->enabled);
    view = s_update('a', (op_webhook_update_t){.id = id, .events = OP_STR("message.received")});
    assert_true(op_str_is(view->events, "message.received") && view->enabled);
    assert_false(
        s_update('a', (op_webhook_update_t){.id = id, .enabled = op_said(false)})->enabled);
    assert_false(s_update('a', (op_webhook_update_t){.id = id})->enabled);
    core_restart(&s_core, true);
    view = &s_list('a', (op_id_t){{0}})->webhooks.at[0];
    assert_true(op_str_is(view->url, "https://b.example/") && !view->enabled);
    s_happen('a', 'n', "message.received");
    assert_int_equal(s_posts(), 0);
    assert_int_equal(drive_rows(s_core.store, "webhook/d"), 0); /* not even kept for later */
    assert_true(s_update('a', (op_webhook_update_t){.id = id, .enabled = op_said(true)})->enabled);
    s_happen('a', 'n', "message.received");
    assert_true(op_str_is(s_posted(0)->url, "https://b.example/"));
    s_happen('a', 'n', "message.sent");
    assert_int_equal(s_posts(), 0);
}

/*  A call with the id of another account's webhook, of none, or of nothing at all. */
static void test_strangers(void **state)
{
    (void)state;
    hook_t hook = s_create('a', 'n', EVENTS);
    s_happen('a', 'n', "message.sent");
    char delivery[OP_ID_TEXT + 1];
    op_id_print(s_posted(0)->delivery, delivery);
    hook_t other = s_create('b', 'n', EVENTS);
    op_context_t b = {.account = core_id('b')};
    const char *ids[] = {hook.text, "nonsense", "", "01939999-0000-7000-8000-000000000000"};
    for (size_t i = 0; i < OP_COUNT(ids); i++) {
        op_webhook_update_t update = {.id = op_str(ids[i]), .enabled = op_said(false)};
        op_webhook_rotate_t rotate = {op_str(ids[i]), 0};
        op_by_id_t by_id = {op_str(ids[i])};
        op_delivery_list_t list = {.id = op_str(ids[i])};
        op_by_delivery_t by = {op_str(ids[i]), op_str(delivery)};
        CORE_REFUSED(&s_core, &b, webhook_update, &update, OP_ERROR_NOT_FOUND,
                     OP_STEP_WEBHOOK_UPDATE);
        CORE_REFUSED(&s_core, &b, webhook_rotate, &rotate, OP_ERROR_NOT_FOUND,
                     OP_STEP_WEBHOOK_ROTATE);
        CORE_REFUSED(&s_core, &b, by_id, &by_id, OP_ERROR_NOT_FOUND, OP_STEP_WEBHOOK_TEST);
        CORE_REFUSED(&s_core, &b, delivery_list, &list, OP_ERROR_NOT_FOUND,
                     OP_STEP_WEBHOOK_DELIVERIES);
        CORE_REFUSED(&s_core, &b, by_delivery, &by, OP_ERROR_NOT_FOUND, OP_STEP_WEBHOOK_REPLAY);
        assert_int_equal(s_posts(), 0);
    }
    /* A delivery is found under its own webhook only. */
    op_by_delivery_t by = {op_str(other.text), op_str(delivery)};
    CORE_REFUSED(&s_core, &b, by_delivery, &by, OP_ERROR_NOT_FOUND, OP_STEP_WEBHOOK_REPLAY);
    by = (op_by_delivery_t){op_str(hook.text), OP_STR("nonsense")};
    op_context_t a = {.account = core_id('a')};
    CORE_REFUSED(&s_core, &a, by_delivery, &by, OP_ERROR_NOT_FOUND, OP_STEP_WEBHOOK_REPLAY);
    assert_true(s_list('a', (op_id_t){{0}})->webhooks.at[0].enabled);
}

/*  ---- Rotating ---- */

static void test_a_new_secret_signs_at_once(void **state)
{
    (void)state;
    char secret[65];
    hook_t hook = s_create('a', 'n', EVENTS);
    s_rotate(&hook, op_said(0), secret);
    assert_string_not_equal(secret, hook.secret);
    assert_false(core_store_holds(&s_core, "webhook/", op_str(hook.secret)));
    s_happen('a', 'n', "message.sent");
    s_expect_signed_with(s_posted(0), secret);
    s_answer(s_posted(0)->delivery, 401); /* no grace: a failed attempt like any other */
    assert_int_equal(s_posts(), 0);
    s_expect_state(&hook, "pending");
}

static void test_grace(void **state)
{
    (void)state;
    static const uint64_t refusals[] = {400, 401, 403};
    char secret[65];
    hook_t hook = s_create('a', 'n', EVENTS);
    s_rotate(&hook, 0, secret); /* a day, when nothing is said */
    for (size_t i = 0; i < OP_COUNT(refusals); i++) {
        s_happen('a', 'n', "message.sent");
        s_expect_signed_with(s_posted(0), secret);
        op_id_t delivery = s_posted(0)->delivery;
        int64_t began = s_core.now;
        core_advance(&s_core, 5);
        s_answer_with(delivery, refusals[i], 0, OP_STR("Whose is this?"));
        assert_int_equal(s_posts(), 1);
        assert_true(op_id_equal(s_posted(0)->delivery, delivery));
        s_expect_signed(s_posted(0), &hook);
        s_answer(delivery, 204);
        assert_int_equal(s_posts(), 0);
        const op_delivery_view_t *view =
            &s_log(&hook, (op_delivery_list_t){.limit = 1})->data.at[0];
        assert_true(op_id_equal(view->id, delivery) && op_str_is(view->state, "delivered"));
        assert_int_equal(view->attempts.count, 2); /* the new secret is seen to be refused */
        assert_true(view->attempts.at[0].at == began);
        assert_int_equal(view->attempts.at[0].status, refusals[i]);
        assert_int_equal(view->attempts.at[0].duration_ms, 5);
        assert_true(op_str_is(view->attempts.at[0].answer, "Whose is this?"));
        assert_true(view->attempts.at[1].at == began + 5);
        assert_int_equal(view->attempts.at[1].status, 204);
        assert_int_equal(view->attempts.at[1].duration_ms, 5);
        assert_int_equal(view->attempts.at[1].answer.size, 0);
    }
    s_happen('a', 'n', "message.sent"); /* refused with both: one failed try */
    op_id_t delivery = s_posted(0)->delivery;
    s_answer(delivery, 403);
    s_answer(delivery, 403);
    assert_int_equal(s_posts(), 0);
    core_advance(&s_core, 30 * OP_SECOND_MS);
    assert_int_equal(s_posts(), 1);
    s_expect_signed_with(s_posted(0), secret);
    s_answer(delivery, 500); /* an error of another kind: no second post */
    assert_int_equal(s_posts(), 0);
    assert_int_equal(s_log(&hook, (op_delivery_list_t){.limit = 1})->data.at[0].attempts.count, 3);
}

/*  Two posts a try, and still the whole schedule; the log shows the latest of them. */
static void test_a_grace_takes_no_tries(void **state)
{
    (void)state;
    enum { TRIES = 8 };
    char secret[65];
    hook_t hook = s_create('a', 'n', EVENTS);
    s_rotate(&hook, op_said(604800), secret);
    s_happen('a', 'n', "message.sent");
    op_id_t delivery = s_posted(0)->delivery;
    for (int i = 0; i < TRIES; i++) {
        if (i > 0)
            core_advance(&s_core, s_expect_state(&hook, "pending")->next_attempt_at - s_core.now);
        assert_int_equal(s_posts(), 1);
        s_answer(delivery, 401);
        assert_int_equal(s_posts(), 1);
        s_answer(delivery, 403);
        assert_int_equal(s_posts(), 0);
    }
    const op_delivery_view_t *view = s_expect_state(&hook, "failed");
    assert_int_equal(view->attempts.count, OP_ATTEMPTS_MAX);
    for (size_t i = 0; i < OP_ATTEMPTS_MAX; i++)
        assert_int_equal(view->attempts.at[i].status, i % 2 ? 403 : 401);
}

/*  Between the two posts of a try a death leaves nothing behind, and no attempt. */
static void test_a_death_within_the_grace(void **state)
{
    (void)state;
    char secret[65];
    hook_t hook = s_create('a', 'n', EVENTS);
    s_rotate(&hook, 0, secret);
    s_happen('a', 'n', "message.sent");
    op_id_t delivery = s_posted(0)->delivery;
    s_answer(delivery, 401);
    core_restart(&s_core, true);
    assert_int_equal(s_posts(), 1);
    s_expect_signed_with(s_posted(0), secret);
    s_answer(delivery, 200);
    const op_delivery_view_t *view = s_expect_state(&hook, "delivered");
    assert_int_equal(view->attempts.count, 1);
    assert_int_equal(view->attempts.at[0].status, 200);
}

static void test_the_end_of_a_grace(void **state)
{
    (void)state;
    char second[65], third[65];
    hook_t hook = s_create('a', 'n', EVENTS);
    s_rotate(&hook, op_said(60), second);
    s_rotate(&hook, op_said(60), third); /* the first secret is forgotten */
    assert_false(core_store_holds(&s_core, "webhook/", op_str(hook.secret)));
    core_advance(&s_core, 59 * OP_SECOND_MS);
    s_happen('a', 'n', "message.sent");
    op_id_t delivery = s_posted(0)->delivery;
    s_answer(delivery, 401);
    s_expect_signed_with(s_posted(0), second);
    s_answer(delivery, 200);
    core_advance(&s_core, OP_SECOND_MS);
    s_happen('a', 'n', "message.sent");
    s_answer(s_posted(0)->delivery, 401);
    assert_int_equal(s_posts(), 0);
    op_context_t context = {.account = core_id('a')};
    op_webhook_rotate_t rotate = {op_str(hook.text), op_said(604801)};
    const op_refusal_t *refusal = CORE_REFUSED(&s_core, &context, webhook_rotate, &rotate,
                                               OP_ERROR_VALIDATION_ERROR, OP_STEP_WEBHOOK_ROTATE);
    assert_true(op_str_is(refusal->field, "grace_seconds"));
    s_rotate(&hook, op_said(604800), second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WEBHOOK_TEST(test_one_per_number_and_account),
        WEBHOOK_TEST(test_one_is_shown_as_it_is_listed),
        WEBHOOK_TEST(test_deleting),
        WEBHOOK_TEST(test_a_lease_takes_its_webhook_along),
        WEBHOOK_TEST(test_an_ended_lease_posts_nothing_that_was_pending),
        WEBHOOK_TEST(test_what_a_release_cancels_is_told),
        WEBHOOK_TEST(test_updating),
        WEBHOOK_TEST(test_strangers),
        WEBHOOK_TEST(test_a_new_secret_signs_at_once),
        WEBHOOK_TEST(test_grace),
        WEBHOOK_TEST(test_a_grace_takes_no_tries),
        WEBHOOK_TEST(test_a_death_within_the_grace),
        WEBHOOK_TEST(test_the_end_of_a_grace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
