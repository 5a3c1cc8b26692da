/*  The webhook actor: from an event to a signed post, one and many. */

#include "tests/webhook_fixture.h"

/*  ---- Delivering ---- */

static void test_an_event_is_posted_signed(void **state)
{
    (void)state;
    static const struct {
        const char *type, *has[4];
    } table[] = {
        {"message.received",
         {"\"received_at\":", "\"direction\":\"inbound\"", "\"type\":", "evt_"}},
        {"message.sent",
         {"\"status\":\"sent\"", "\"direction\":\"outbound\"", "\"type\":", "msg_"}},
        {"message.failed", {"\"code\":\"expired\"", "Too late.", "\"error\":", "msg_"}},
    };
    hook_t hook = s_create('a', 'n', EVENTS);
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        core_advance(&s_core, 1234);
        s_happen('a', 'n', table[i].type);
        assert_int_equal(CORE_COUNT(&s_core, "poster", post), 1);
        const op_post_t *post = s_posted(0);
        char delivery[OP_ID_TEXT + 1];
        op_id_print(post->delivery, delivery);
        assert_true(op_str_is(post->url, URL));
        assert_true(op_str_is(s_header(post, "op-event"), table[i].type));
        assert_true(op_str_is(s_header(post, "op-delivery-id"), delivery));
        assert_true(op_str_is(s_header(post, "content-type"), "application/json"));
        s_expect_signed(post, &hook);
        for (size_t h = 0; h < OP_COUNT(table[i].has); h++)
            assert_true(s_body_has(post, table[i].has[h]));
        assert_true(s_body_has(post, table[i].type));
        assert_false(s_body_has(post, hook.secret));
    }
}

static void test_only_what_was_asked_for(void **state)
{
    (void)state;
    static const struct {
        const char *events, *type;
        size_t posts;
    } table[] = {
        {"message.sent", "message.sent", 1},
        {"message.sent", "message.received", 0},
        {"message.sent,message.failed", "message.failed", 1},
        {"message.sent,message.failed", "message.received", 0},
        {"message.received", "message.receive", 0},
        {"message.received,message.sent", "message.received", 1},
    };
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        s_create('a', (char)('0' + i), table[i].events);
        s_happen('a', (char)('0' + i), table[i].type);
        assert_int_equal(CORE_COUNT(&s_core, "poster", post), table[i].posts);
    }
    s_happen('b', '0', "message.sent"); /* another account's */
    s_happen('a', 'z', "message.sent"); /* another number's */
    assert_int_equal(CORE_COUNT(&s_core, "poster", post), 0);
}

static void test_an_answer_ends_a_delivery(void **state)
{
    (void)state;
    s_create('a', 'n', EVENTS);
    s_happen('a', 'n', "message.sent");
    op_id_t delivery = s_posted(0)->delivery;
    assert_int_equal(drive_rows(s_core.store, "webhook/q"), 1);
    s_answer(delivery, 200);
    assert_int_equal(s_core.out.log_count, 0);
    assert_int_equal(drive_rows(s_core.store, "webhook/q"), 0);
    assert_int_equal(drive_rows(s_core.store, "webhook/l"), 1);
    s_answer(delivery, 200); /* once more, and one that nobody knows */
    s_answer(core_id('?'), 200);
    assert_int_equal(drive_rows(s_core.store, "webhook/l"), 1);
    core_restart(&s_core, true);
    assert_int_equal(CORE_COUNT(&s_core, "poster", post), 0);
}

static void test_a_restart_posts_again(void **state)
{
    (void)state;
    hook_t hook = s_create('a', 'n', EVENTS);
    s_happen('a', 'n', "message.sent");
    op_id_t first = s_posted(0)->delivery;
    op_buf_t body = {0};
    op_buf_add_str(&body, s_posted(0)->body);
    s_happen('a', 'n', "message.received");
    op_id_t second = s_posted(0)->delivery;
    assert_false(op_id_equal(first, second));
    core_advance(&s_core, 5000);
    core_restart(&s_core, true);
    assert_int_equal(CORE_COUNT(&s_core, "poster", post), 2);
    assert_true(op_id_equal(s_posted(0)->delivery, first)); /* the same id, the same bytes */
    assert_true(op_id_equal(s_posted(1)->delivery, second));
    assert_true(op_str_equal(s_posted(0)->body, op_buf_str(&body)));
    s_expect_signed(s_posted(0), &hook); /* anew: `t` is the time of this attempt */
    s_answer(first, 204);
    core_restart(&s_core, true);
    assert_int_equal(CORE_COUNT(&s_core, "poster", post), 1);
    assert_true(op_id_equal(s_posted(0)->delivery, second));
    op_buf_free(&body);
}

static void test_the_same_event_is_delivered_once(void **state)
{
    (void)state;
    s_create('a', 'n', EVENTS);
    op_number_event_t event = {.account = core_id('a'),
                               .number = core_id('n'),
                               .type = OP_STR("message.sent"),
                               .event = core_id('e'),
                               .lease = core_id('L')};
    core_tell(&s_core, "ledger", &op_number_event_type, &event);
    assert_int_equal(CORE_COUNT(&s_core, "poster", post), 1);
    core_tell_again(&s_core, "ledger", &op_number_event_type, &event);
    assert_int_equal(CORE_COUNT(&s_core, "poster", post), 0);
    assert_int_equal(drive_rows(s_core.store, "webhook/d"), 1);
}

static void test_a_clock_that_went_back(void **state)
{
    (void)state;
    s_create('a', 'n', EVENTS);
    s_happen('a', 'n', "message.sent");
    s_core.now -= OP_HOUR_MS;
    core_restart(&s_core, true);
    assert_int_equal(CORE_COUNT(&s_core, "poster", post), 1);
    s_happen('a', 'n', "message.received"); /* its id sorts before the other's */
    assert_int_equal(CORE_COUNT(&s_core, "poster", post), 1);
    assert_true(op_str_is(s_header(s_posted(0), "op-event"), "message.received"));
}

/*  ---- Many ---- */

/*  An endpoint is given so many at once; the others wait in the store. */
static void test_an_endpoint_that_hangs_has_its_own_places_only(void **state)
{
    (void)state;
    enum { MORE = 300 };
    s_create('a', 'n', EVENTS);
    s_create('b', 'n', EVENTS);
    op_id_t first = {{0}};
    for (int i = 0; i < OP_POSTS_PER_WEBHOOK + MORE; i++) {
        s_happen('a', 'n', i < OP_POSTS_PER_WEBHOOK ? "message.sent" : "message.failed");
        assert_int_equal(s_posts(), i < OP_POSTS_PER_WEBHOOK);
        if (i == 0)
            first = s_posted(0)->delivery;
    }
    for (int i = 0; i < 20; i++) {
        s_happen('b', 'n', "message.sent");
        assert_int_equal(s_posts(), 1);
        s_answer(s_posted(0)->delivery, 200);
    }
    s_answer(first, 200);
    assert_int_equal(s_posts(), 1);
    assert_true(op_str_is(s_header(s_posted(0), "op-event"), "message.failed"));
    core_restart(&s_core, true); /* nothing is forgotten */
    assert_int_equal(s_posts(), OP_POSTS_PER_WEBHOOK);
    for (int i = 0; i < OP_POSTS_PER_WEBHOOK + MORE - 1; i++) {
        assert_true(s_posts() > 0);
        s_answer(s_posted(0)->delivery, 200);
        if (i == 0) { /* from here on only one place moves */
            assert_int_equal(s_posts(), 1);
        }
        if (s_posts() == 0)
            break;
    }
    assert_int_equal(drive_rows(s_core.store, "webhook/q"), OP_POSTS_PER_WEBHOOK - 1);
}

/*  More endpoints than places: those that found none get theirs when there is room. */
static void test_all_places_taken(void **state)
{
    (void)state;
    enum { ENDPOINTS = OP_POSTS_MAX / OP_POSTS_PER_WEBHOOK, LATE = 3 };
    static op_id_t flying[OP_POSTS_MAX];
    size_t count = 0;
    for (int i = 0; i < ENDPOINTS + LATE; i++) {
        char account = (char)('0' + i / 64), number = (char)('0' + i % 64);
        s_create(account, number, EVENTS);
        for (int k = 0; k < OP_POSTS_PER_WEBHOOK; k++) {
            s_happen(account, number, "message.sent");
            assert_int_equal(s_posts(), i < ENDPOINTS);
            if (i < ENDPOINTS)
                flying[count++] = s_posted(0)->delivery;
        }
    }
    assert_int_equal(count, OP_POSTS_MAX);
    size_t late = 0;
    for (size_t i = 0; i < count; i++) {
        s_answer(flying[i], 200);
        late += s_posts();
        core_advance(&s_core, 10);
        late += s_posts();
    }
    assert_int_equal(late, LATE * OP_POSTS_PER_WEBHOOK);
}

/*  A webhook with more deliveries than one turn ends is deleted. */
static void test_deleting_ends_what_is_pending(void **state)
{
    (void)state;
    hook_t hook = s_create('a', 'n', EVENTS);
    s_happen('a', 'n', "message.sent");
    op_id_t flying = s_posted(0)->delivery;
    for (int i = 0; i < 500; i++)
        s_happen('a', 'n', "message.sent");
    s_delete('a', hook.text, OP_OK);
    core_advance(&s_core, OP_SECOND_MS);
    assert_int_equal(drive_rows(s_core.store, "webhook/q"), 0);
    assert_int_equal(drive_rows(s_core.store, "webhook/l"), 501);
    s_answer(flying, 500);
    core_advance(&s_core, 2 * OP_DAY_MS);
    assert_int_equal(s_posts(), 0);
    core_advance(&s_core, 31 * OP_DAY_MS);
    assert_int_equal(drive_rows(s_core.store, "webhook/"), 1); /* the secret of cursors */
}

static void test_nothing_is_posted_before_it_is_durable(void **state)
{
    (void)state;
    s_create('a', 'n', EVENTS);
    op_number_event_t event = {.account = core_id('a'),
                               .number = core_id('n'),
                               .type = OP_STR("message.sent"),
                               .event = core_id('e'),
                               .lease = core_id('L')};
    op_envelope_t envelope = {
        .kind = OP_FRAME_TELL, .from = OP_STR("ledger"), .to = OP_STR("webhook"), .sequence = 1};
    op_str_t to, frame;
    op_store_memory_fail_after(s_core.store, 0);
    drive_receive(s_core.actor, &envelope, &op_number_event_type, &event, s_core.now);
    assert_int_equal(op_actor_commit(s_core.actor), -1);
    assert_false(op_actor_next(s_core.actor, &to, &frame));
    core_restart(&s_core, true);
    assert_int_equal(CORE_COUNT(&s_core, "poster", post), 0);
}

static void test_old_deliveries_are_forgotten(void **state)
{
    (void)state;
    hook_t hook = s_create('a', 'n', EVENTS);
    s_happen('a', 'n', "message.sent");
    s_answer(s_posted(0)->delivery, 200);
    s_happen('a', 'n', "message.sent");
    s_enable(&hook, false); /* the other one is held */
    s_answer(s_posted(0) ? s_posted(0)->delivery : core_id('?'), 500);
    core_advance(&s_core, 30 * OP_DAY_MS);
    assert_int_equal(drive_rows(s_core.store, "webhook/l"), 2);
    core_advance(&s_core, 2 * OP_HOUR_MS);
    assert_int_equal(drive_rows(s_core.store, "webhook/l"), 0);
    assert_int_equal(drive_rows(s_core.store, "webhook/d"), 0);
    assert_int_equal(drive_rows(s_core.store, "webhook/q"), 0);
    s_enable(&hook, true);
    assert_int_equal(s_posts(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WEBHOOK_TEST(test_an_event_is_posted_signed),
        WEBHOOK_TEST(test_only_what_was_asked_for),
        WEBHOOK_TEST(test_an_answer_ends_a_delivery),
        WEBHOOK_TEST(test_a_restart_posts_again),
        WEBHOOK_TEST(test_the_same_event_is_delivered_once),
        WEBHOOK_TEST(test_a_clock_that_went_back),
        WEBHOOK_TEST(test_an_endpoint_that_hangs_has_its_own_places_only),
        WEBHOOK_TEST(test_all_places_taken),
        WEBHOOK_TEST(test_deleting_ends_what_is_pending),
        WEBHOOK_TEST(test_nothing_is_posted_before_it_is_durable),
        WEBHOOK_TEST(test_old_deliveries_are_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
