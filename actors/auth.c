#include "actors/auth_private.h"

#include "actors/erase.h"
#include "base/instant.h"
#include "base/plant.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

op_str_t op_auth_new_token(op_turn_t *turn, const char *prefix)
{
    char text[OP_TOKEN_CHARACTERS + 1];
    op_random_token(op_turn_random(turn), text, OP_TOKEN_CHARACTERS);
    op_str_t token = op_turn_text(turn, "%s%s", prefix, text);
    sodium_memzero(text, sizeof text);
    return token;
}

op_key_t op_auth_session_key(const op_hash_t *hash)
{
    op_key_t key = op_key('s');
    op_key_hash(&key, hash->bytes, sizeof hash->bytes);
    return key;
}

bool op_auth_admits(op_turn_t *turn, op_id_t account)
{
    op_key_t key = op_key_of_id('a', account);
    op_account_row_t row;
    if (!op_turn_get(turn, &key, &op_account_row_type, &row))
        op_turn_refuse(turn, OP_ERROR_UNAUTHENTICATED, NULL);
    else if (row.suspended && !OP_PLANTED(SUSPENDED_SENDS))
        op_turn_refuse_with(turn, OP_ERROR_UNAUTHENTICATED, NULL,
                            "The server's operator has suspended this account.", 0);
    else
        return true;
    return false;
}

static void s_on_session(op_auth_t *self, const op_event_t *event, op_turn_t *turn)
{
    (void)self;
    op_key_t key = op_auth_session_key(&event->context->credential);
    op_session_row_t row;
    if (!op_turn_get(turn, &key, &op_session_row_type, &row) || row.expires <= event->now) {
        op_turn_refuse(turn, OP_ERROR_UNAUTHENTICATED, NULL);
        return;
    }
    if (!op_auth_admits(turn, row.account))
        return;
    event->context->account = row.account;
    event->context->session = row.id;
    op_turn_forward(turn);
}

static void s_on_logout(op_auth_t *self, const op_event_t *event, op_turn_t *turn)
{
    (void)self;
    op_key_t key = op_auth_session_key(&event->context->credential);
    op_key_t id_key = op_auth_session_id_key(event->context->account, event->context->session);
    op_turn_delete(turn, &id_key);
    if (!OP_PLANTED(LOGOUT_IDLE))
        op_turn_delete(turn, &key);
    op_turn_reply(turn, &op_nothing_type, &(op_nothing_t){0});
}

static op_auth_step_fn *const s_on_step[OP_STEP_END] = {
    [OP_STEP_AUTH_SESSION] = s_on_session,
    [OP_STEP_AUTH_KEY] = op_auth_on_key,
    [OP_STEP_AUTH_START] = op_auth_on_start,
    [OP_STEP_AUTH_GUESSES] = op_auth_on_guesses,
    [OP_STEP_AUTH_VERIFICATION] = op_auth_on_verification,
    [OP_STEP_AUTH_VERIFY] = op_auth_on_verify,
    [OP_STEP_AUTH_LOGOUT] = s_on_logout,
    [OP_STEP_AUTH_KEY_CREATE] = op_auth_on_key_create,
    [OP_STEP_AUTH_KEYS] = op_auth_on_keys,
    [OP_STEP_AUTH_KEY_SHOW] = op_auth_on_key_show,
    [OP_STEP_AUTH_KEY_REVOKE] = op_auth_on_key_revoke,
    [OP_STEP_AUTH_FIND] = op_auth_on_find,
    [OP_STEP_AUTH_SUSPEND] = op_auth_on_suspend,
    [OP_STEP_AUTH_RESUME] = op_auth_on_resume,
    [OP_STEP_AUTH_ERASE] = op_auth_on_erase,
    [OP_STEP_AUTH_SESSIONS] = op_auth_on_sessions,
    [OP_STEP_AUTH_SESSION_REVOKE] = op_auth_on_session_revoke,
};

/*  Verifications are kept a day longer, so that a late call still hears "expired", not
    "invalid". */
static bool s_verification_is_dead(const void *arg, op_str_t key, const void *row)
{
    (void)key;
    return ((const op_verification_row_t *)row)->expires + OP_DAY_MS < *(const int64_t *)arg;
}

static bool s_session_is_dead(const void *arg, op_str_t key, const void *row)
{
    (void)key;
    return ((const op_session_row_t *)row)->expires < *(const int64_t *)arg;
}

static bool s_session_id_is_dead(const void *arg, op_str_t key, const void *row)
{
    (void)key;
    return ((const op_session_id_row_t *)row)->expires < *(const int64_t *)arg;
}

static void s_on_timer(op_auth_t *self, const op_event_t *event, op_turn_t *turn)
{
    bool whole = op_sweep_slice(&self->verifications, &event->now, turn);
    whole &= op_sweep_slice(&self->sessions, &event->now, turn);
    whole &= op_sweep_slice(&self->session_ids, &event->now, turn);
    whole &= op_sweep_slice(&self->erased, &event->now, turn);
    op_turn_wake_at(turn, event->now + (whole ? OP_HOUR_MS : OP_SECOND_MS));
}

static void s_on_start(op_auth_t *self, const op_event_t *event, op_turn_t *turn)
{
    self->setup = *OP_BODY(event, auth_setup);
    op_turn_wake_at(turn, event->now + OP_HOUR_MS);
}

static void *s_create(void)
{
    op_auth_t *self = op_alloc(sizeof *self);
    *self = (op_auth_t){.verifications =
                            op_sweep('v', &op_verification_row_type, s_verification_is_dead),
                        .sessions = op_sweep('s', &op_session_row_type, s_session_is_dead),
                        .session_ids = op_sweep('i', &op_session_id_row_type, s_session_id_is_dead),
                        .erased = op_sweep('x', &op_erased_row_type, op_erase_mark_is_dead)};
    return self;
}

static void s_destroy(void **self_p)
{
    free(*self_p);
    *self_p = NULL;
}

static void s_step(void *core, const op_event_t *event, op_turn_t *turn)
{
    switch (event->kind) {
    case OP_EVENT_START:
        s_on_start(core, event, turn);
        op_erase_resume(turn);
        return;
    case OP_EVENT_REQUEST:
        s_on_step[event->step](core, event, turn);
        return;
    case OP_EVENT_TELL:
        if (OP_IS(event, text_outcome))
            op_auth_on_outcome(event, turn);
        else if (OP_IS(event, lease_ended))
            op_auth_on_lease_ended(event, turn);
        return;
    case OP_EVENT_TIMER:
        s_on_timer(core, event, turn);
        return;
    case OP_EVENT_NOTE: /* the configuration was read again */
        if (OP_IS(event, auth_setup))
            s_on_start(core, event, turn);
        return;
    case OP_EVENT_DRAIN:
        return;
    }
}

const op_core_class_t op_auth_class = {"auth", s_create, s_destroy, s_step, NULL, false};
