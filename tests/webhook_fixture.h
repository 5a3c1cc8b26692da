/*  webhook_fixture.h - the webhook actor alone: the test plays http, ledger, poster and a
    receiver */

#ifndef OP_TESTS_WEBHOOK_FIXTURE_H
#define OP_TESTS_WEBHOOK_FIXTURE_H

#include "actors/webhook.h"
#include "tests/core_fixture.h"

#include <sodium.h>
#include <stdio.h>

#define URL    "https://agent.example/hook"
#define EVENTS "message.received,message.sent,message.failed"

static core_t s_core;

static const op_webhook_setup_t s_webhook_setup = {10000};

static inline int s_setup(void **state)
{
    (void)state;
    core_open(&s_core, &op_webhook_class, &op_webhook_setup_type, &s_webhook_setup);
    return 0;
}

static inline int s_teardown(void **state)
{
    (void)state;
    core_close(&s_core);
    return 0;
}

/*  ---- Helpers ---- */

/*  A registered webhook, as its owner knows it. */
typedef struct {
    op_id_t id;
    char text[OP_ID_TEXT + 1];
    char secret[65];
} hook_t;

static inline op_context_t s_on(char account, char number)
{
    return (op_context_t){.account = core_id(account), .number = core_id(number)};
}

static inline hook_t s_create(char account, char number, const char *events)
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

static inline const op_webhooks_view_t *s_list(char account, op_id_t number)
{
    op_context_t context = {.account = core_id(account)};
    op_by_number_t by_number = {number};
    return CORE_ASK(&s_core, &context, by_number, &by_number, webhooks_view, OP_STEP_WEBHOOK_LIST);
}

/*  Something happens to a message of this lease; `code`: why it failed, if it did. */
static inline void s_happen_why(char account, char number, char lease, const char *type,
                                const char *code)
{
    bool inbound = strcmp(type, "message.received") == 0;
    op_failure_view_t failure = {op_str(code), OP_STR("Too late.")};
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
                    .error = strcmp(type, "message.failed") == 0 ? &failure : NULL},
        .lease = core_id(lease)};
    core_tell(&s_core, "ledger", &op_number_event_type, &event);
}

static inline void s_happen_on(char account, char number, char lease, const char *type)
{
    s_happen_why(account, number, lease, type, "expired");
}

static inline void s_happen(char account, char number, const char *type)
{
    s_happen_on(account, number, 'L', type);
}

static inline const op_post_t *s_posted(size_t n)
{
    return CORE_FIND(&s_core, "poster", post, n);
}

static inline void s_answer(op_id_t delivery, uint64_t status)
{
    op_posted_t posted = {.delivery = delivery,
                          .status = status,
                          .error = status ? OP_STR("") : OP_STR("refused"),
                          .duration_ms = 5};
    core_note(&s_core, "poster", &op_posted_type, &posted);
}

/*  The same with more to it. */
static inline void s_answer_with(op_id_t delivery, uint64_t status, uint64_t retry_after_s,
                                 op_str_t answer)
{
    op_posted_t posted = {.delivery = delivery,
                          .status = status,
                          .duration_ms = 5,
                          .retry_after_s = retry_after_s,
                          .answer = answer};
    core_note(&s_core, "poster", &op_posted_type, &posted);
}

static inline size_t s_posts(void)
{
    return CORE_COUNT(&s_core, "poster", post);
}

static inline op_str_t s_header(const op_post_t *post, const char *name)
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
static inline void s_hmac(op_str_t key, op_str_t text, char hex[65])
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

static inline void s_expect_signed_with(const op_post_t *post, const char *secret)
{
    op_buf_t text = {0}, expected = {0};
    char hex[65];
    op_buf_printf(&text, "%lld.", (long long)(s_core.now / 1000));
    op_buf_printf(&expected, "t=%lld,v1=", (long long)(s_core.now / 1000));
    op_buf_add_str(&text, post->body);
    s_hmac(op_str(secret), op_buf_str(&text), hex);
    op_buf_add_str(&expected, op_str(hex));
    assert_true(op_str_equal(s_header(post, "op-signature"), op_buf_str(&expected)));
    op_buf_free(&text);
    op_buf_free(&expected);
}

static inline void s_expect_signed(const op_post_t *post, const hook_t *hook)
{
    s_expect_signed_with(post, hook->secret);
}

static inline bool s_body_has(const op_post_t *post, const char *what)
{
    return memmem(post->body.at, post->body.size, what, strlen(what)) != NULL;
}

/*  The owner's calls; the error is OP_OK where they succeed. */
static inline void s_delete(char account, const char *id, op_error_t error)
{
    op_context_t context = {.account = core_id(account)};
    op_by_id_t by_id = {op_str(id)};
    if (error == OP_OK)
        CORE_ASK(&s_core, &context, by_id, &by_id, nothing, OP_STEP_WEBHOOK_DELETE);
    else
        CORE_REFUSED(&s_core, &context, by_id, &by_id, error, OP_STEP_WEBHOOK_DELETE);
}

static inline const op_webhook_view_t *s_update(char account, op_webhook_update_t update)
{
    op_context_t context = {.account = core_id(account)};
    return CORE_ASK(&s_core, &context, webhook_update, &update, webhook_view,
                    OP_STEP_WEBHOOK_UPDATE);
}

static inline void s_enable(const hook_t *hook, bool enabled)
{
    op_webhook_update_t update = {.id = op_str(hook->text), .enabled = op_said(enabled)};
    assert_true(s_update('a', update)->enabled == enabled);
}

static inline void s_rotate(const hook_t *hook, uint64_t said, char secret[65])
{
    op_context_t context = {.account = core_id('a')};
    op_webhook_rotate_t rotate = {op_str(hook->text), said};
    const op_webhook_rotated_t *rotated = CORE_ASK(&s_core, &context, webhook_rotate, &rotate,
                                                   webhook_rotated, OP_STEP_WEBHOOK_ROTATE);
    assert_true(op_id_equal(rotated->id, hook->id));
    assert_true(op_token_shaped(rotated->secret, "whs_"));
    op_str_copy(rotated->secret, secret, 65);
}

static inline const op_deliveries_view_t *s_log(const hook_t *hook, op_delivery_list_t list)
{
    op_context_t context = {.account = core_id('a')};
    list.id = op_str(hook->text);
    return CORE_ASK(&s_core, &context, delivery_list, &list, deliveries_view,
                    OP_STEP_WEBHOOK_DELIVERIES);
}

/*  Of a webhook with one delivery: its state is this one. */
static inline const op_delivery_view_t *s_expect_state(const hook_t *hook, const char *state)
{
    const op_deliveries_view_t *page = s_log(hook, (op_delivery_list_t){.limit = 0});
    assert_int_equal(page->data.count, 1);
    if (!op_str_is(page->data.at[0].state, state))
        fail_msg("it is %.*s", (int)page->data.at[0].state.size, page->data.at[0].state.at);
    return &page->data.at[0];
}

static inline const op_delivery_view_t *s_replay(const hook_t *hook, op_id_t delivery)
{
    op_context_t context = {.account = core_id('a')};
    char id[OP_ID_TEXT + 1];
    op_id_print(delivery, id);
    op_by_delivery_t by = {op_str(hook->text), op_str(id)};
    return CORE_ASK(&s_core, &context, by_delivery, &by, delivery_view, OP_STEP_WEBHOOK_REPLAY);
}

#define WEBHOOK_TEST(name) cmocka_unit_test_setup_teardown(name, s_setup, s_teardown)

#endif
