/*  The webhook actor: registering, delivering, signing. The test plays http, ledger, poster and
    a receiver. */

#include "actors/webhook.h"
#include "tests/core_fixture.h"

#include <sodium.h>
#include <stdio.h>

#define URL    "https://agent.example/hook"
#define EVENTS "message.received,message.sent,message.failed"

static core_t s_core;

static const op_webhook_setup_t s_webhook_setup = {10000};

static int s_setup(void **state)
{
    (void)state;
    core_open(&s_core, &op_webhook_class, &op_webhook_setup_type, &s_webhook_setup);
    return 0;
}

static int s_teardown(void **state)
{
    (void)state;
    core_close(&s_core);
    return 0;
}

/*  ---- helpers ---- */

/*  A registered webhook, as its owner knows it. */
typedef struct {
    op_id_t id;
    char text[OP_ID_TEXT + 1];
    char secret[65];
} hook_t;

static op_context_t s_on(char account, char number)
{
    return (op_context_t){.account = core_id(account), .number = core_id(number)};
}

static hook_t s_create(char account, char number, const char *events)
{
    op_context_t context = s_on(account, number);
    context.lease = core_id('L');
    op_webhook_create_t create = {core_id(number), OP_STR(URL), op_str(events)};
    const op_webhook_created_t *created = CORE_ASK(&s_core, &context, webhook_create, &create,
                                                   webhook_created, OP_STEP_WEBHOOK_CREATE);
    assert_true(op_id_equal(created->number_id, core_id(number)));
    assert_true(op_str_is(created->url, URL));
    assert_true(op_str_is(created->events, events));
    assert_true(created->enabled);
    assert_true(created->created_at == s_core.now);
    assert_true(op_token_shaped(created->secret, "whs_"));
    hook_t hook = {.id = created->id};
    op_id_print(created->id, hook.text);
    op_str_copy(created->secret, hook.secret, sizeof hook.secret);
    return hook;
}

static const op_webhooks_view_t *s_list(char account, op_id_t number)
{
    op_context_t context = {.account = core_id(account)};
    op_by_number_t by_number = {number};
    return CORE_ASK(&s_core, &context, by_number, &by_number, webhooks_view, OP_STEP_WEBHOOK_LIST);
}

static void s_happen(char account, char number, const char *type)
{
    bool inbound = strcmp(type, "message.received") == 0;
    op_failure_view_t failure = {OP_STR("expired"), OP_STR("Too late.")};
    op_number_event_t event = {
        .account = core_id(account),
        .number = core_id(number),
        .type = op_str(type),
        .event = core_id('e'),
        .at = s_core.now,
        .message = {.id = core_id('m'),
                    .status = inbound ? OP_STR("received") : OP_STR("sent"),
                    .direction = inbound ? OP_STR("inbound") : OP_STR("outbound"),
                    .to = OP_STR("+16176088932"),
                    .from = OP_STR("+14155550101"),
                    .body = OP_STR("it is \"5\" o'clock \xe2\x82\xac\n"),
                    .created_at = s_core.now,
                    .received_at = inbound ? s_core.now : 0,
                    .error = strcmp(type, "message.failed") == 0 ? &failure : NULL}};
    core_tell(&s_core, "ledger", &op_number_event_type, &event);
}

static const op_post_t *s_posted(size_t n)
{
    return CORE_FIND(&s_core, "poster", post, n);
}

static void s_answer(op_id_t delivery, uint64_t status)
{
    op_posted_t posted = {.delivery = delivery,
                          .status = status,
                          .error = status ? OP_STR("") : OP_STR("refused"),
                          .duration_ms = 5};
    core_note(&s_core, "poster", &op_posted_type, &posted);
}

static op_str_t s_header(const op_post_t *post, const char *name)
{
    size_t found = 0;
    op_str_t value = {0};
    for (size_t i = 0; i < post->headers.count; i++)
        if (op_str_is(post->headers.at[i].name, name)) {
            value = post->headers.at[i].value;
            found++;
        }
    assert_int_equal(found, 1);
    return value;
}

/*  HMAC-SHA256 from its definition (RFC 2104), not from the function that the core calls. */
static void s_hmac(op_str_t key, op_str_t text, char hex[65])
{
    uint8_t pad[64], hash[32];
    crypto_hash_sha256_state state;
    assert_true(key.size <= sizeof pad);
    for (int outer = 0; outer < 2; outer++) {
        memset(pad, outer ? 0x5c : 0x36, sizeof pad);
        for (size_t i = 0; i < key.size; i++)
            pad[i] = (uint8_t)(pad[i] ^ (uint8_t)key.at[i]);
        crypto_hash_sha256_init(&state);
        crypto_hash_sha256_update(&state, pad, sizeof pad);
        if (outer)
            crypto_hash_sha256_update(&state, hash, sizeof hash);
        else
            crypto_hash_sha256_update(&state, (const uint8_t *)text.at, text.size);
        crypto_hash_sha256_final(&state, hash);
    }
    op_hex(hash, sizeof hash, hex);
}

static void s_expect_signed(const op_post_t *post, const hook_t *hook)
{
    op_buf_t text = {0}, expected = {0};
    char hex[65];
    op_buf_printf(&text, "%lld.", (long long)(s_core.now / 1000));
    op_buf_printf(&expected, "t=%lld,v1=", (long long)(s_core.now / 1000));
    op_buf_add_str(&text, post->body);
    s_hmac(op_str(hook->secret), op_buf_str(&text), hex);
    op_buf_add_str(&expected, op_str(hex));
    assert_true(op_str_equal(s_header(post, "op-signature"), op_buf_str(&expected)));
    op_buf_free(&text);
    op_buf_free(&expected);
}

static bool s_body_has(const op_post_t *post, const char *what)
{
    return memmem(post->body.at, post->body.size, what, strlen(what)) != NULL;
}

/*  ---- registering ---- */

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

static void s_delete(char account, const char *id, op_error_t error)
{
    op_context_t context = {.account = core_id(account)};
    op_by_id_t by_id = {op_str(id)};
    if (error == OP_OK)
        CORE_ASK(&s_core, &context, by_id, &by_id, nothing, OP_STEP_WEBHOOK_DELETE);
    else
        CORE_REFUSED(&s_core, &context, by_id, &by_id, error, OP_STEP_WEBHOOK_DELETE);
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
    s_happen('a', 'n', "message.received");
    assert_int_equal(CORE_COUNT(&s_core, "poster", post), 0);
    s_happen('a', 'o', "message.received");
    assert_int_equal(CORE_COUNT(&s_core, "poster", post), 1);
    ended.number = core_id('?');
    core_tell(&s_core, "ledger", &op_lease_ended_type, &ended); /* nothing there: nothing happens */
    assert_int_equal(s_list('a', (op_id_t){{0}})->webhooks.count, 1);
}

/*  ---- delivering ---- */

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
    assert_int_equal(drive_rows(s_core.store, "webhook/d"), 1);
    s_answer(delivery, 200);
    assert_int_equal(s_core.out.log_count, 0);
    assert_int_equal(drive_rows(s_core.store, "webhook/d"), 0);
    assert_int_equal(drive_rows(s_core.store, "webhook/o"), 1);
    s_answer(delivery, 200); /* once more, and one that nobody knows */
    s_answer(core_id('?'), 200);
    assert_int_equal(drive_rows(s_core.store, "webhook/o"), 1);
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
                               .event = core_id('e')};
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

/*  The poster is given so many at once; the others wait in the store. */
static void test_a_backlog(void **state)
{
    (void)state;
    enum { AT_ONCE = 1000, MORE = 5 };
    s_create('a', 'n', EVENTS);
    op_id_t first = {{0}};
    for (int i = 0; i < AT_ONCE; i++) {
        s_happen('a', 'n', "message.sent");
        assert_int_equal(CORE_COUNT(&s_core, "poster", post), 1);
        if (i == 0)
            first = s_posted(0)->delivery;
    }
    for (int i = 0; i < MORE; i++) {
        s_happen('a', 'n', "message.failed");
        assert_int_equal(CORE_COUNT(&s_core, "poster", post), 0);
    }
    s_answer(first, 200);
    assert_int_equal(CORE_COUNT(&s_core, "poster", post), 1);
    assert_true(op_str_is(s_header(s_posted(0), "op-event"), "message.failed"));
    core_restart(&s_core, true); /* nothing is forgotten: 999 were not answered, and 5 */
    assert_int_equal(CORE_COUNT(&s_core, "poster", post), AT_ONCE);
    assert_int_equal(drive_rows(s_core.store, "webhook/d"), AT_ONCE - 1 + MORE);
}

static void test_nothing_is_posted_before_it_is_durable(void **state)
{
    (void)state;
    s_create('a', 'n', EVENTS);
    op_number_event_t event = {.account = core_id('a'),
                               .number = core_id('n'),
                               .type = OP_STR("message.sent"),
                               .event = core_id('e')};
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

static void test_answered_deliveries_are_swept(void **state)
{
    (void)state;
    s_create('a', 'n', EVENTS);
    s_happen('a', 'n', "message.sent");
    s_answer(s_posted(0)->delivery, 200);
    s_happen('a', 'n', "message.sent");
    core_advance(&s_core, 30 * OP_DAY_MS);
    assert_int_equal(drive_rows(s_core.store, "webhook/o"), 1);
    core_advance(&s_core, 2 * OP_HOUR_MS);
    assert_int_equal(drive_rows(s_core.store, "webhook/o"), 0);
    assert_int_equal(drive_rows(s_core.store, "webhook/d"), 1); /* one without an answer stays */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, s_setup, s_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_one_per_number_and_account),
        TEST(test_deleting),
        TEST(test_a_lease_takes_its_webhook_along),
        TEST(test_an_event_is_posted_signed),
        TEST(test_only_what_was_asked_for),
        TEST(test_an_answer_ends_a_delivery),
        TEST(test_a_restart_posts_again),
        TEST(test_the_same_event_is_delivered_once),
        TEST(test_a_clock_that_went_back),
        TEST(test_a_backlog),
        TEST(test_nothing_is_posted_before_it_is_durable),
        TEST(test_answered_deliveries_are_swept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
