/*  test_world.c - the main job in one thread, once undisturbed and once for every commit at which
    the process can die */

#include "tests/world.h"

#include "base/token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/*  ---- A user of the world ----

    Each call repeats until it is answered, restarting a world that has died,
    except where the test wants to know that it was not answered. */

static void s_revive(world_t *world)
{
    while (!world->alive) {
        world_start(world);
        world_run(world, 3000);
    }
}

#define STEPS(...) ((const op_step_t[]){__VA_ARGS__, OP_STEP_NONE})

static const void *s_insist(world_t *world, const op_context_t *context, const op_type_t *type,
                            const void *body, const op_step_t *steps)
{
    for (int i = 0; i < 5; i++) {
        s_revive(world);
        const void *reply = world_ask(world, context, type, body, steps);
        if (reply)
            return reply;
    }
    fail_msg("no answer to %s", op_step_name(steps[0]));
    abort();
}

typedef struct {
    op_str_t body;
    char code[7];
} code_t;

static bool s_find_code(void *found_at, const op_carrier_text_t *text)
{
    char *code = found_at; /* the latest text wins */
    op_str_copy(text->body, code, 7);
    return true;
}

/*  Signs a phone up; the context then holds its session. */
static op_context_t s_sign_up(world_t *world, const char *phone)
{
    op_context_t context = {.address = OP_STR("127.0.0.1")};
    for (int tries = 0; tries < 4; tries++) {
        op_auth_start_t start = {op_str(phone)};
        const op_auth_started_t *started =
            s_insist(world, NULL, &op_auth_start_type, &start,
                     STEPS(OP_STEP_LEDGER_CODE_LINE, OP_STEP_AUTH_GUESSES, OP_STEP_RATE_START,
                           OP_STEP_AUTH_START));
        if (world->reply_type != &op_auth_started_type) {
            assert_ptr_equal(world->reply_type, &op_refusal_type); /* no line is up yet */
            world_run(world, 5000);
            continue;
        }
        char id[OP_ID_TEXT + 1], code[7] = "";
        op_id_print(started->verification_id, id);
        for (int i = 0; i < 4; i++) { /* a code in doubt is sent again after a pause */
            world_run(world, 10000);
            s_revive(world);
        }
        op_carrier_inbox(world->carrier, op_str(phone), 0, s_find_code, code);
        op_auth_verify_t verify = {op_str(id), op_str(code)};
        const op_session_opened_t *opened =
            s_insist(world, NULL, &op_auth_verify_type, &verify,
                     STEPS(OP_STEP_RATE_ADDRESS, OP_STEP_AUTH_VERIFY));
        if (world->reply_type != &op_session_opened_type)
            continue; /* it was used by a call whose answer was lost */
        context.credential = op_token_hash(opened->session_token);
        return context;
    }
    fail_msg("cannot sign up");
    return context;
}

static op_id_t s_number(world_t *world, const op_context_t *session, const char *e164)
{
    const op_numbers_view_t *list =
        s_insist(world, session, &op_nothing_type, &(op_nothing_t){0},
                 STEPS(OP_STEP_AUTH_SESSION, OP_STEP_RATE_CONSOLE, OP_STEP_LEDGER_AVAILABLE));
    assert_ptr_equal(world->reply_type, &op_numbers_view_type);
    for (size_t i = 0; i < list->numbers.count; i++)
        if (op_str_is(list->numbers.at[i].e164, e164))
            return list->numbers.at[i].id;
    return (op_id_t){{0}};
}

static op_context_t s_key(world_t *world, const op_context_t *session, op_id_t number)
{
    op_key_create_t create = {number, OP_STR("agent")};
    const op_key_created_t *created =
        s_insist(world, session, &op_key_create_type, &create,
                 STEPS(OP_STEP_AUTH_SESSION, OP_STEP_RATE_CONSOLE, OP_STEP_LEDGER_ENTITLED,
                       OP_STEP_AUTH_KEY_CREATE));
    assert_ptr_equal(world->reply_type, &op_key_created_type);
    return (op_context_t){.credential = op_token_hash(created->key)};
}

static void s_lease(world_t *world, const op_context_t *session, op_id_t number)
{
    char id[OP_ID_TEXT + 1];
    op_id_print(number, id);
    op_by_id_t by_id = {op_str(id)};
    s_insist(world, session, &op_by_id_type, &by_id,
             STEPS(OP_STEP_AUTH_SESSION, OP_STEP_RATE_CONSOLE, OP_STEP_LEDGER_LEASE));
    assert_ptr_equal(world->reply_type, &op_number_view_type);
}

/*  Registers a webhook on the number; one whose secret was lost with its answer is deleted
    first. */
static void s_hook(world_t *world, const op_context_t *session, op_id_t number)
{
    op_webhook_create_t create = {number, OP_STR("http://127.0.0.1:9/hook"),
                                  OP_STR("message.received,message.sent,message.failed")};
    for (;;) {
        const op_webhook_created_t *created =
            s_insist(world, session, &op_webhook_create_type, &create,
                     STEPS(OP_STEP_AUTH_SESSION, OP_STEP_RATE_CONSOLE, OP_STEP_LEDGER_ENTITLED,
                           OP_STEP_WEBHOOK_CREATE));
        if (world->reply_type == &op_webhook_created_type) {
            op_buf_clear(&world->webhook_secret);
            op_buf_add_str(&world->webhook_secret, created->secret);
            return;
        }
        const op_webhooks_view_t *list =
            s_insist(world, session, &op_by_number_type, &(op_by_number_t){{{0}}},
                     STEPS(OP_STEP_AUTH_SESSION, OP_STEP_RATE_CONSOLE, OP_STEP_WEBHOOK_LIST));
        assert_int_equal(list->webhooks.count, 1);
        char id[OP_ID_TEXT + 1];
        op_id_print(list->webhooks.at[0].id, id);
        op_by_id_t by_id = {op_str(id)};
        s_insist(world, session, &op_by_id_type, &by_id,
                 STEPS(OP_STEP_AUTH_SESSION, OP_STEP_RATE_CONSOLE, OP_STEP_WEBHOOK_DELETE));
    }
}

/*  What the scenario sent, and whether it was accepted. */
typedef struct {
    const char *to;
    const char *body;
    bool accepted;
    char id[OP_ID_TEXT + 5];
} sent_t;

static void s_send(world_t *world, const op_context_t *key, sent_t *sent)
{
    s_revive(world);
    op_message_send_t send = {op_str(sent->to), op_str(sent->body)};
    const op_message_view_t *view =
        world_ask(world, key, &op_message_send_type, &send,
                  STEPS(OP_STEP_AUTH_KEY, OP_STEP_RATE_SEND, OP_STEP_LEDGER_SUBMIT));
    sent->accepted = view && world->reply_type == &op_message_view_type;
    if (!sent->accepted)
        return;
    assert_true(op_str_is(view->status, "queued"));
    memcpy(sent->id, "msg_", 4);
    op_id_print(view->id, sent->id + 4);
}

/*  A message as the API shows it; the view lives until the next call. */
static const op_message_view_t *s_get(world_t *world, const op_context_t *key, const char *id)
{
    op_by_id_t by_id = {op_str(id)};
    const op_message_view_t *view =
        s_insist(world, key, &op_by_id_type, &by_id,
                 STEPS(OP_STEP_AUTH_KEY, OP_STEP_RATE_READ, OP_STEP_LEDGER_MESSAGE));
    assert_ptr_equal(world->reply_type, &op_message_view_type);
    return view;
}

static size_t s_listed(world_t *world, const op_context_t *key, const char *body)
{
    op_message_list_t list = {.direction = OP_STR("inbound"), .limit = 100};
    const op_messages_view_t *page =
        s_insist(world, key, &op_message_list_type, &list,
                 STEPS(OP_STEP_AUTH_KEY, OP_STEP_RATE_READ, OP_STEP_LEDGER_MESSAGES));
    assert_ptr_equal(world->reply_type, &op_messages_view_type);
    size_t count = 0;
    for (size_t i = 0; i < page->data.count; i++)
        count += op_str_is(page->data.at[i].body, body);
    return count;
}

/*  ---- The scenario ---- */

#define ALICE "+14155550101"
#define BOB   "+14155550102"
#define PHONE "+14155550777"

static const char s_long[] = "A text of several parts, with the euro sign \xe2\x82\xac and braces "
                             "{} that take two septets each. "
                             "It goes on and on, so that it does not fit one message, nor two of "
                             "them, and each part must arrive "
                             "once, in order, and together make the very same text again. One, "
                             "two, three, four, five, six, seven, "
                             "eight, nine, ten, eleven, twelve.";

static const char s_emoji[] = "\xf0\x9f\x98\x80 a text in UCS-2 whose surrogate pairs must stay "
                              "whole \xf0\x9f\x98\x81 over two "
                              "parts \xf0\x9f\x98\x82 \xf0\x9f\x98\x83";

enum { SENT = 5, INBOUND = 4 };

typedef struct {
    sent_t sent[SENT];
    const char *inbound[INBOUND];
} scenario_t;

static void s_text_in(world_t *world, const char *to, const char *body)
{
    assert_int_equal(
        op_carrier_text(world->carrier, OP_STR(PHONE), op_str(to), op_str(body), world->now),
        OP_CARRIER_OK);
    world_run(world, 1000);
}

/*  How many texts ended as unknown_outcome, over all plays of a test. */
static size_t s_unknown;

static void s_judge(world_t *world, const scenario_t *scenario, const op_context_t *free_key,
                    const op_context_t *paid_key, bool disturbed)
{
    size_t unknown = 0;
    for (size_t i = 0; i < SENT - 1; i++) {
        const sent_t *sent = &scenario->sent[i];
        size_t arrived = world_inbox(world, sent->to, sent->body);
        if (!sent->accepted) { /* nobody was told: at most once */
            assert_true(disturbed);
            assert_true(arrived <= 1);
            continue;
        }
        const op_message_view_t *view = s_get(world, free_key, sent->id);
        if (op_str_is(view->status, "sent"))
            assert_int_equal(arrived, 1);
        else {
            assert_true(disturbed);
            assert_true(op_str_is(view->status, "failed"));
            assert_non_null(view->error);
            assert_true(op_str_is(view->error->code, "unknown_outcome"));
            assert_true(arrived <= 1);
            unknown++;
        }
    }
    s_unknown += unknown;
    assert_true(unknown <= 1); /* only one can have been in the air */
    for (size_t i = 0; i < INBOUND; i++)
        assert_int_equal(
            s_listed(world, i < INBOUND - 1 ? free_key : paid_key, scenario->inbound[i]), 1);
    /* The hand-over: both sides or none. */
    const sent_t *inside = &scenario->sent[SENT - 1];
    size_t taken = s_listed(world, paid_key, inside->body);
    assert_true(taken <= 1);
    if (inside->accepted) {
        assert_int_equal(taken, 1);
        assert_true(op_str_is(s_get(world, free_key, inside->id)->status, "sent"));
    } else
        assert_true(disturbed);
}

/*  Every event of the shared number was posted at least once, each time with the same id,
    signed. */
static void s_judge_posts(const world_t *world, const scenario_t *scenario)
{
    for (size_t i = 0; i < world->post_count; i++) {
        assert_true(world->posts[i].signed_right);
        for (size_t j = 0; j < i; j++) {
            bool same_delivery = op_id_equal(world->posts[i].delivery, world->posts[j].delivery);
            bool same_body =
                op_str_equal(op_buf_str(&world->posts[i].body), op_buf_str(&world->posts[j].body));
            assert_int_equal(same_delivery, same_body);
        }
    }
    for (size_t i = 0; i < SENT; i++) {
        if (!scenario->sent[i].accepted)
            continue;
        size_t settled = 0;
        for (size_t p = 0; p < world->post_count; p++) {
            op_str_t body = op_buf_str(&world->posts[p].body);
            bool about = memmem(body.at, body.size, scenario->sent[i].id,
                                strlen(scenario->sent[i].id)) != NULL;
            settled += about && strcmp(world->posts[p].type, "message.received") != 0;
        }
        assert_true(settled >= 1);
    }
}

/*  Runs the main job; dies at commit `die_at`. Returns the number of commits it took. */
static uint64_t s_play(uint64_t die_at, bool die_after)
{
    world_t world;
    world_init(&world, 7);
    world.die_at = die_at;
    world.die_after = die_after;
    scenario_t scenario = {.sent = {{.to = PHONE, .body = "one part"},
                                    {.to = PHONE, .body = s_long},
                                    {.to = PHONE, .body = s_emoji},
                                    {.to = PHONE, .body = "the last one by radio"},
                                    {.to = "+16176088933", .body = "inside the house"}},
                           .inbound = {"hello", s_long, "and again", "to the leased number"}};
    world_start(&world);
    world_run(&world, 3000);

    op_context_t alice = s_sign_up(&world, ALICE), bob = s_sign_up(&world, BOB);
    op_id_t shared = s_number(&world, &alice, "+16176088932");
    op_id_t leased = s_number(&world, &bob, "+16176088933");
    assert_false(op_id_is_none(shared));
    assert_false(op_id_is_none(leased));
    s_lease(&world, &bob, leased);
    op_context_t free_key = s_key(&world, &alice, shared), paid_key = s_key(&world, &bob, leased);
    s_hook(&world, &alice, shared);

    for (size_t i = 0; i < SENT; i++)
        s_send(&world, &free_key, &scenario.sent[i]);
    bool claimed = false; /* inbound on the shared number reaches those who have texted the phone */
    for (size_t i = 0; i < SENT - 1; i++)
        claimed |= scenario.sent[i].accepted;
    assert_true(claimed);
    for (size_t i = 0; i < INBOUND; i++)
        s_text_in(&world, i < INBOUND - 1 ? "+16176088932" : "+16176088933", scenario.inbound[i]);

    for (int i = 0; i < 3; i++) {
        s_revive(&world);
        world_run(&world, 120000);
    }
    if (die_at) /* a text in doubt is held for a status report */
        world_run(&world, 660000);
    s_judge(&world, &scenario, &free_key, &paid_key, die_at != 0);
    s_judge_posts(&world, &scenario);
    uint64_t commits = world.commits;
    world_free(&world);
    return commits;
}

static void test_undisturbed(void **state)
{
    (void)state;
    assert_true(s_play(0, false) > 50);
}

static void test_same_seed_same_world(void **state)
{
    (void)state;
    assert_int_equal(s_play(0, false), s_play(0, false));
}

static void test_dying_before_every_commit(void **state)
{
    (void)state;
    uint64_t commits = s_play(0, false);
    s_unknown = 0;
    for (uint64_t at = 2; at <= commits; at++)
        s_play(at, false);
    assert_true(s_unknown > 0); /* the deaths did hit texts in the air */
}

static void test_dying_after_every_commit(void **state)
{
    (void)state;
    uint64_t commits = s_play(0, false);
    for (uint64_t at = 2; at <= commits; at++)
        s_play(at, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_undisturbed),
        cmocka_unit_test(test_same_seed_same_world),
        cmocka_unit_test(test_dying_before_every_commit),
        cmocka_unit_test(test_dying_after_every_commit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
