/*  auth_fixture.h - the auth actor, and humans who sign up; the test plays http, ledger and modem

    Included by each test once. */

#ifndef OP_TESTS_AUTH_FIXTURE_H
#define OP_TESTS_AUTH_FIXTURE_H

#include "actors/auth.h"
#include "tests/core_fixture.h"

#include <stdio.h>

#define PHONE "+14155550101"
#define OTHER "+14155550102"
#define LINE  "+16176088932"

static core_t s_core;

static const op_auth_setup_t s_auth_setup = {.code_ttl_ms = 600000,
                                             .session_ttl_ms = 30 * OP_DAY_MS,
                                             .tries = 5,
                                             .wrong_per_day = 20,
                                             .keys_max = 4};

static inline int s_setup(void **state)
{
    (void)state;
    core_open(&s_core, &op_auth_class, &op_auth_setup_type, &s_auth_setup);
    return 0;
}

static inline int s_teardown(void **state)
{
    (void)state;
    core_close(&s_core);
    return 0;
}

/*  A verification under way, as its human and agent know it. */
typedef struct {
    char id[OP_ID_TEXT + 1];
    char code[7], wrong[7];
    op_id_t text;
} started_t;

/*  The code goes out by LINE, which this modem serves; "": the only one, which is nowhere named. */
static inline started_t s_begin_by(const char *phone, const char *modem)
{
    started_t started = {.code = ""};
    op_context_t context = {.line = OP_STR(LINE), .modem = op_str(modem)};
    op_auth_start_t start = {op_str(phone)};
    const op_auth_started_t *answer =
        CORE_ASK(&s_core, &context, auth_start, &start, auth_started, OP_STEP_AUTH_START);
    assert_int_equal(answer->expires_in, 600);
    op_id_print(answer->verification_id, started.id);
    const char *to = *modem ? modem : "modem";
    assert_int_equal(CORE_COUNT(&s_core, to, text_send), 1);
    const op_text_send_t *text = CORE_FIND(&s_core, to, text_send, 0);
    assert_true(op_id_equal(text->text, answer->verification_id));
    assert_true(op_str_is(text->line, LINE));
    assert_true(op_str_is(text->to, phone));
    assert_true(text->code);
    assert_true(text->expires == s_core.now + 600000);
    started.text = text->text;
    op_str_copy(text->body, started.code, sizeof started.code);
    assert_int_equal(strspn(started.code, "0123456789"), 6);
    memcpy(started.wrong, started.code, sizeof started.wrong);
    started.wrong[5] = (char)('0' + (started.code[5] - '0' + 1) % 10);
    return started;
}

static inline started_t s_begin(const char *phone)
{
    return s_begin_by(phone, "");
}

static inline const op_session_opened_t *s_verify(const started_t *started)
{
    op_auth_verify_t verify = {op_str(started->id), op_str(started->code)};
    return CORE_ASK(&s_core, NULL, auth_verify, &verify, session_opened, OP_STEP_AUTH_VERIFY);
}

/*  A caller who has signed up (or in): the context in which http and auth.session put it. */
static inline op_context_t s_sign_up(const char *phone)
{
    started_t started = s_begin(phone);
    const op_session_opened_t *opened = s_verify(&started);
    return (op_context_t){.credential = op_token_hash(opened->session_token),
                          .account = opened->user.id};
}

static const op_id_t s_none;

typedef struct {
    op_id_t id;
    char token[65];
    op_hash_t hash;
} minted_t;

static inline minted_t s_mint(const op_context_t *session, op_id_t number, op_id_t lease,
                              const char *name)
{
    op_context_t context = *session;
    context.number = number;
    context.lease = lease;
    op_key_create_t create = {number, op_str(name)};
    const op_key_created_t *created =
        CORE_ASK(&s_core, &context, key_create, &create, key_created, OP_STEP_AUTH_KEY_CREATE);
    minted_t minted = {.id = created->id, .hash = op_token_hash(created->key)};
    assert_true(op_token_shaped(created->key, OP_TOKEN_KEY));
    assert_true(op_str_equal(created->key_prefix, op_str_of(created->key.at, 12)));
    assert_true(op_str_is(created->name, name));
    assert_true(created->created_at == s_core.now);
    op_str_copy(created->key, minted.token, sizeof minted.token);
    return minted;
}

static inline void s_expect_key(const minted_t *minted, bool lives)
{
    op_context_t context = {.credential = minted->hash};
    if (!lives) {
        CORE_REFUSED(&s_core, &context, nothing, &(op_nothing_t){0}, OP_ERROR_UNAUTHENTICATED,
                     OP_STEP_AUTH_KEY, OP_STEP_RATE_READ);
        return;
    }
    CORE_ASK(&s_core, &context, nothing, &(op_nothing_t){0}, nothing, OP_STEP_AUTH_KEY,
             OP_STEP_RATE_READ);
    assert_true(op_id_equal(core_context(&s_core)->key, minted->id));
}

#endif
