/*  ledger_fixture.h - a ledger with a shared number and two free ones, and short words for its
    calls */

#ifndef OP_TESTS_LEDGER_FIXTURE_H
#define OP_TESTS_LEDGER_FIXTURE_H

#include "actors/ledger.h"
#include "tests/core_fixture.h"

#include <stdio.h>
#include <stdlib.h>

#define SHARED "+16176088932"
#define FIRST  "+16176088933"
#define SECOND "+16176088934"
#define PEER   "+14155550777"

enum { DAY_FREE = 3, DAY_PAID = 6, QUEUE_MAX = 4 };

static core_t s_core;
static op_id_t s_shared, s_first, s_second;

static const op_ledger_setup_t s_ledger_setup = {.prefixes = {"+1", 2},
                                                 .region = {"US", 2},
                                                 .day_free = DAY_FREE,
                                                 .day_paid = DAY_PAID,
                                                 .queue_max = QUEUE_MAX,
                                                 .text_ttl_ms = OP_HOUR_MS,
                                                 .trusted = {"modem,modem-berlin", 18}};

static inline void s_line(const char *number, bool shared, bool up)
{
    op_line_state_t state = {.line = op_str(number), .shared = shared, .up = up};
    core_tell(&s_core, "modem", &op_line_state_type, &state);
}

static inline op_id_t s_number_id(const char *e164)
{
    const op_numbers_view_t *list = CORE_ASK(&s_core, NULL, nothing, &(op_nothing_t){0},
                                             numbers_view, OP_STEP_LEDGER_AVAILABLE);
    for (size_t i = 0; i < list->numbers.count; i++)
        if (op_str_is(list->numbers.at[i].e164, e164))
            return list->numbers.at[i].id;
    return (op_id_t){{0}};
}

static inline int s_setup(void **state)
{
    (void)state;
    core_open(&s_core, &op_ledger_class, &op_ledger_setup_type, &s_ledger_setup);
    s_line(SHARED, true, true);
    s_line(FIRST, false, true);
    s_line(SECOND, false, true);
    s_shared = s_number_id(SHARED);
    s_first = s_number_id(FIRST);
    s_second = s_number_id(SECOND);
    return 0;
}

static inline int s_teardown(void **state)
{
    (void)state;
    core_close(&s_core);
    return 0;
}

/*  ---- Helpers ---- */

/*  Context of an account's calls on /console, and of its key for a number. */
static inline op_context_t s_account(char who)
{
    return (op_context_t){.account = core_id(who)};
}

static inline op_context_t s_free_key(char who)
{
    return (op_context_t){.account = core_id(who), .key = core_id(who), .number = s_shared};
}

/*  Leases the number and gives the context of a key minted under the lease. */
static inline op_context_t s_lease(char who, op_id_t number)
{
    op_context_t context = s_account(who);
    op_by_id_t by_id = {core_id_text(&s_core, number)};
    char text[OP_ID_TEXT + 1];
    op_str_copy(by_id.id, text, sizeof text);
    by_id.id = op_str(text);
    const op_number_view_t *view =
        CORE_ASK(&s_core, &context, by_id, &by_id, number_view, OP_STEP_LEDGER_LEASE);
    assert_true(op_id_equal(view->id, number));
    assert_true(view->leased_at != 0);
    op_key_create_t create = {number, OP_STR("k")};
    CORE_ASK(&s_core, &context, key_create, &create, key_create, OP_STEP_LEDGER_ENTITLED,
             OP_STEP_AUTH_KEY_CREATE);
    context.key = core_id(who);
    context.number = core_context(&s_core)->number;
    context.lease = core_context(&s_core)->lease;
    assert_true(op_id_equal(context.number, number));
    assert_false(op_id_is_none(context.lease));
    return context;
}

static inline const void *s_by_id(op_step_t step, char who, op_id_t number, op_error_t error)
{
    op_context_t context = s_account(who);
    char text[OP_ID_TEXT + 1];
    op_id_print(number, text);
    op_by_id_t by_id = {op_str(text)};
    op_str_t slip = DRIVE_SLIP((char)step);
    if (error != OP_OK)
        return core_ask_refused(&s_core, slip, &context, &op_by_id_type, &by_id, error);
    return core_ask(&s_core, slip, &context, &op_by_id_type, &by_id, &op_number_view_type);
}

/*  A text that was accepted, as its agent and the modem know it. */
typedef struct {
    op_id_t id, scope;
} sent_t;

static inline sent_t s_send(const op_context_t *key, const char *to)
{
    op_message_send_t send = {op_str(to), OP_STR("hello")};
    const op_message_view_t *view =
        CORE_ASK(&s_core, key, message_send, &send, message_view, OP_STEP_LEDGER_SUBMIT);
    assert_true(op_str_is(view->status, "queued"));
    assert_true(op_str_is(view->direction, "outbound"));
    assert_true(op_str_is(view->to, to));
    assert_true(view->created_at == s_core.now);
    sent_t sent = {view->id, op_ledger_scope(key->account, key->number, key->lease)};
    return sent;
}

static inline const op_refusal_t *s_send_refused(const op_context_t *key, const char *to,
                                                 op_error_t error)
{
    op_message_send_t send = {op_str(to), OP_STR("hello")};
    const op_refusal_t *refusal =
        CORE_REFUSED(&s_core, key, message_send, &send, error, OP_STEP_LEDGER_SUBMIT);
    assert_int_equal(CORE_COUNT(&s_core, "modem", text_send), 0);
    return refusal;
}

static inline const op_message_view_t *s_get(const op_context_t *key, op_id_t id)
{
    char text[OP_ID_TEXT + 5] = "msg_";
    op_id_print(id, text + 4);
    op_by_id_t by_id = {op_str(text)};
    return CORE_ASK(&s_core, key, by_id, &by_id, message_view, OP_STEP_LEDGER_MESSAGE);
}

static inline void s_outcome(sent_t sent, op_text_state_t state, const char *code)
{
    op_text_outcome_t outcome = {sent.id, sent.scope, state, op_str(code)};
    core_tell(&s_core, "modem", &op_text_outcome_type, &outcome);
}

static inline void s_receive(const char *line, const char *from, const char *body)
{
    op_text_received_t text = {.line = op_str(line),
                               .from = op_str(from),
                               .body = op_str(body),
                               .received = s_core.now,
                               .stamped = s_core.now};
    core_tell(&s_core, "modem", &op_text_received_type, &text);
}

static inline size_t s_inbox(const op_context_t *key, const char *body)
{
    op_message_list_t list = {.direction = OP_STR("inbound"), .limit = 100};
    const op_messages_view_t *page =
        CORE_ASK(&s_core, key, message_list, &list, messages_view, OP_STEP_LEDGER_MESSAGES);
    size_t count = 0;
    for (size_t i = 0; i < page->data.count; i++)
        count += op_str_is(page->data.at[i].body, body);
    return count;
}

static inline void s_expect_event(size_t n, char who, op_id_t number, const char *type)
{
    const op_number_event_t *event = CORE_FIND(&s_core, "webhook", number_event, n);
    assert_non_null(event);
    assert_true(op_id_equal(event->account, core_id(who)));
    assert_true(op_id_equal(event->number, number));
    assert_true(op_str_is(event->type, type));
    assert_true(event->at == s_core.now);
}

static inline size_t s_listed(op_step_t step, char who)
{
    op_context_t context = s_account(who);
    const op_numbers_view_t *list =
        core_ask(&s_core, DRIVE_SLIP((char)step), &context, &op_nothing_type, &(op_nothing_t){0},
                 &op_numbers_view_type);
    for (size_t i = 0; i < list->numbers.count; i++) {
        assert_true(op_str_is(list->numbers.at[i].region, "US"));
        assert_int_equal(list->numbers.at[i].shared, op_id_equal(list->numbers.at[i].id, s_shared));
    }
    return list->numbers.count;
}

static inline void s_expect_code_line(const char *line)
{
    op_auth_start_t start = {OP_STR(PEER)};
    CORE_ASK(&s_core, NULL, auth_start, &start, auth_start, OP_STEP_LEDGER_CODE_LINE,
             OP_STEP_AUTH_GUESSES, OP_STEP_RATE_START, OP_STEP_AUTH_START);
    assert_true(op_str_is(core_context(&s_core)->line, line));
    CORE_ASK(&s_core, NULL, nothing, &(op_nothing_t){0}, nothing, OP_STEP_LEDGER_READY);
}

static inline void s_expect_no_code(const char *phone, op_error_t error)
{
    op_auth_start_t start = {op_str(phone)};
    CORE_REFUSED(&s_core, NULL, auth_start, &start, error, OP_STEP_LEDGER_CODE_LINE,
                 OP_STEP_AUTH_GUESSES, OP_STEP_RATE_START, OP_STEP_AUTH_START);
}

/*  A number of the pool as the operator sees it; is it one? */
static inline const op_pool_number_t *s_pooled(const char *e164)
{
    const op_pool_view_t *pool =
        CORE_ASK(&s_core, NULL, nothing, &(op_nothing_t){0}, pool_view, OP_STEP_LEDGER_POOL);
    for (size_t i = 0; i < pool->numbers.count; i++)
        if (op_str_is(pool->numbers.at[i].e164, e164))
            return &pool->numbers.at[i];
    fail_msg("%s is not in the pool", e164);
    abort();
}

static inline bool s_is_pooled(const char *e164)
{
    const op_pool_view_t *pool =
        CORE_ASK(&s_core, NULL, nothing, &(op_nothing_t){0}, pool_view, OP_STEP_LEDGER_POOL);
    bool found = false;
    for (size_t i = 0; i < pool->numbers.count; i++)
        found |= op_str_is(pool->numbers.at[i].e164, e164);
    return found;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, s_setup, s_teardown)

#endif
