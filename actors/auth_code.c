/*  auth_code.c - login codes: a verification from its start to a session

    A code has a million values, so guessing is what must be bounded: five tries a verification, a
    daily count of wrong codes per phone, few starts per phone (rate.start), and one living
    verification per phone. */

#include "actors/auth_private.h"

#include "base/instant.h"
#include "base/plant.h"

#include <sodium.h>
#include <string.h>

enum { CODE_DIGITS = 6 };

static op_hash_t s_code_hash(op_id_t verification, op_str_t code)
{
    op_hash_t hash;
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, sizeof hash.bytes);
    crypto_generichash_update(&state, verification.bytes, sizeof verification.bytes);
    crypto_generichash_update(&state, (const uint8_t *)code.at, code.size);
    crypto_generichash_final(&state, hash.bytes, sizeof hash.bytes);
    return hash;
}

/*  ---- A phone's day ---- */

static int64_t s_day_end(int64_t now)
{
    return (op_instant_day(now) + 1) * OP_DAY_MS;
}

/*  What is known of a phone, with today's wrong codes. False: nothing. */
static bool s_phone(const op_event_t *event, op_turn_t *turn, op_str_t phone, op_phone_row_t *row)
{
    op_key_t key = op_key_of_text('p', phone);
    if (!op_turn_get(turn, &key, &op_phone_row_type, row))
        return false;
    if (row->day != (uint64_t)op_instant_day(event->now))
        row->wrong = 0;
    return true;
}

/*  No more wrong codes for this phone today: that window is the one to show. */
static void s_refuse_day(const op_auth_t *self, const op_event_t *event, op_turn_t *turn)
{
    int64_t ends = s_day_end(event->now);
    event->context->limit = 0;
    op_context_window(event->context, self->setup.wrong_per_day, 0, ends);
    op_turn_refuse_with(turn, OP_ERROR_RATE_LIMITED, NULL,
                        "Too many wrong codes for this phone today.",
                        (uint64_t)(ends - event->now + OP_SECOND_MS - 1) / OP_SECOND_MS);
}

/*  A code that could not be tried is not texted: asked before the start is counted. */
void op_auth_on_guesses(op_auth_t *self, const op_event_t *event, op_turn_t *turn)
{
    op_phone_row_t phone;
    if (s_phone(event, turn, OP_BODY(event, auth_start)->phone, &phone) &&
        phone.wrong >= self->setup.wrong_per_day)
        s_refuse_day(self, event, turn);
    else
        op_turn_forward(turn);
}

/*  ---- A verification ---- */

/*  What is kept of it is that it has ended. Its phone is not: nobody would find this row when the
    account is erased. */
static void s_end_earlier(op_turn_t *turn, op_id_t verification)
{
    op_key_t key = op_key_of_id('v', verification);
    op_verification_row_t row;
    if (!op_turn_get(turn, &key, &op_verification_row_type, &row) || OP_PLANTED(EARLIER_LIVES))
        return;
    row.ended = true;
    row.phone = (op_str_t){0};
    op_turn_put(turn, &key, &op_verification_row_type, &row);
}

/*  Who serves the line. A ledger of an earlier version does not say: then there is one. */
static void s_modem(const op_context_t *context, char modem[OP_ACTOR_NAME_MAX + 1])
{
    op_str_copy(context->modem.size ? context->modem : OP_STR("modem"), modem,
                OP_ACTOR_NAME_MAX + 1);
}

static void s_text_code(op_turn_t *turn, const op_context_t *context, op_id_t verification,
                        const op_verification_row_t *row, op_str_t code)
{
    op_text_send_t text = {
        .text = verification,
        .line = context->line,
        .to = row->phone,
        .body = op_turn_text(turn,
                             "%.*s is your OP code. It lasts %d minutes. Give it only to the agent "
                             "that you asked to sign you up.",
                             (int)code.size, code.at,
                             (int)((row->expires - row->created) / OP_MINUTE_MS)),
        .code = true,
        .expires = row->expires};
    char modem[OP_ACTOR_NAME_MAX + 1];
    s_modem(context, modem);
    op_turn_tell(turn, modem, &op_text_send_type, &text);
}

void op_auth_on_start(op_auth_t *self, const op_event_t *event, op_turn_t *turn)
{
    char modem[OP_ACTOR_NAME_MAX + 1];
    s_modem(event->context, modem);
    if (op_turn_is_full(turn, modem)) {
        op_turn_refuse_with(turn, OP_ERROR_UNAVAILABLE, NULL, NULL, OP_FULL_RETRY_S);
        return;
    }
    op_str_t phone = OP_BODY(event, auth_start)->phone;
    op_key_t phone_key = op_key_of_text('p', phone);
    op_phone_row_t known = {0};
    if (op_turn_get(turn, &phone_key, &op_phone_row_type, &known))
        s_end_earlier(turn, known.verification);

    op_id_t id = op_turn_new_id(turn);
    char digits[CODE_DIGITS + 1];
    uint32_t number = op_random_below(op_turn_random(turn), 1000000);
    for (int i = CODE_DIGITS - 1; i >= 0; i--, number /= 10)
        digits[i] = (char)('0' + number % 10);
    op_str_t code = op_turn_copy(turn, op_str_of(digits, CODE_DIGITS));

    op_verification_row_t row = {.phone = phone,
                                 .code_hash = s_code_hash(id, code),
                                 .created = event->now,
                                 .expires = event->now + (int64_t)self->setup.code_ttl_ms,
                                 .delivery = OP_TEXT_QUEUED};
    op_key_t key = op_key_of_id('v', id);
    op_turn_put(turn, &key, &op_verification_row_type, &row);
    known.verification = id;
    op_turn_put(turn, &phone_key, &op_phone_row_type, &known);
    if (OP_PLANTED(CODE_LOGGED))
        op_turn_log(turn, "code=%.*s", (int)code.size, code.at);
    s_text_code(turn, event->context, id, &row, code);
    sodium_memzero(digits, sizeof digits);

    op_auth_started_t started = {id, self->setup.code_ttl_ms / OP_SECOND_MS};
    op_turn_reply(turn, &op_auth_started_type, &started);
}

/*  The outcome of the text that carries a code: its `text` is the verification's id. */
void op_auth_on_outcome(const op_event_t *event, op_turn_t *turn)
{
    const op_text_outcome_t *outcome = OP_BODY(event, text_outcome);
    op_key_t key = op_key_of_id('v', outcome->text);
    op_verification_row_t row;
    if (!op_turn_get(turn, &key, &op_verification_row_type, &row))
        return;
    row.delivery = outcome->state;
    op_turn_put(turn, &key, &op_verification_row_type, &row);
}

void op_auth_on_verification(op_auth_t *self, const op_event_t *event, op_turn_t *turn)
{
    (void)self;
    op_id_t id;
    op_verification_row_t row;
    if (!op_id_parse(OP_BODY(event, by_id)->id, &id)) {
        op_turn_refuse(turn, OP_ERROR_NOT_FOUND, NULL);
        return;
    }
    op_key_t key = op_key_of_id('v', id);
    if (!op_turn_get(turn, &key, &op_verification_row_type, &row)) {
        op_turn_refuse(turn, OP_ERROR_NOT_FOUND, NULL);
        return;
    }
    const char *status = row.delivery == OP_TEXT_SENT     ? "sent"
                         : row.delivery == OP_TEXT_FAILED ? "delivery_failed"
                                                          : "pending";
    op_verification_view_t view = {id, op_str(status), row.expires};
    op_turn_reply(turn, &op_verification_view_type, &view);
}

/*  Shows how many more wrong codes the verification allows, or its phone's day where that allows
    fewer. */
static void s_show_tries(const op_auth_t *self, const op_event_t *event,
                         const op_verification_row_t *row, const op_phone_row_t *phone)
{
    uint64_t tries = self->setup.tries, day = self->setup.wrong_per_day;
    op_context_window(event->context, tries, row->wrong < tries ? tries - row->wrong : 0,
                      row->expires);
    op_context_window(event->context, day, phone->wrong < day ? day - phone->wrong : 0,
                      s_day_end(event->now));
}

/*  Counts a wrong code against the verification and against its phone's day. Unlike other refusals
    this one must leave a trace, so it is answered as a reply. */
static void s_count_wrong(const op_auth_t *self, const op_event_t *event, op_turn_t *turn,
                          const op_key_t *key, op_verification_row_t *row, op_phone_row_t *phone)
{
    op_key_t phone_key = op_key_of_text('p', row->phone);
    row->wrong += !OP_PLANTED(TRIES_FREE);
    op_turn_put(turn, key, &op_verification_row_type, row);
    phone->day = (uint64_t)op_instant_day(event->now);
    phone->wrong++;
    op_turn_put(turn, &phone_key, &op_phone_row_type, phone);
    s_show_tries(self, event, row, phone);
    op_refusal_t refusal = {.error = OP_ERROR_VERIFICATION_INVALID, .field = OP_STR("code")};
    op_turn_reply(turn, &op_refusal_type, &refusal);
}

static op_id_t s_account_of(const op_event_t *event, op_turn_t *turn, op_str_t phone,
                            op_phone_row_t *known, bool *created)
{
    *created = op_id_is_none(known->account);
    if (!*created)
        return known->account;
    known->account = op_turn_new_id(turn);
    op_key_t key = op_key_of_id('a', known->account);
    op_account_row_t account = {.phone = phone, .created = event->now};
    op_turn_put(turn, &key, &op_account_row_type, &account);
    return known->account;
}

static void s_open_session(op_auth_t *self, const op_event_t *event, op_turn_t *turn,
                           op_verification_row_t *row, op_phone_row_t *known)
{
    bool created;
    op_id_t account = s_account_of(event, turn, row->phone, known, &created);
    op_key_t phone_key = op_key_of_text('p', row->phone);
    op_turn_put(turn, &phone_key, &op_phone_row_type, known);

    op_str_t token = op_auth_new_token(turn, OP_TOKEN_SESSION);
    op_hash_t hash = op_token_hash(token);
    op_session_row_t session = {op_turn_new_id(turn), account,
                                event->now + (int64_t)self->setup.session_ttl_ms};
    op_session_id_row_t listed = {hash, session.expires};
    op_key_t key = op_auth_session_key(&hash), id_key = op_auth_session_id_key(account, session.id);
    op_turn_put(turn, &key, &op_session_row_type, &session);
    op_turn_put(turn, &id_key, &op_session_id_row_type, &listed);

    op_session_opened_t opened = {{account, row->phone, created}, token, session.expires};
    op_turn_reply(turn, &op_session_opened_type, &opened);
}

void op_auth_on_verify(op_auth_t *self, const op_event_t *event, op_turn_t *turn)
{
    const op_auth_verify_t *verify = OP_BODY(event, auth_verify);
    op_id_t id;
    op_verification_row_t row;
    op_key_t key = op_key('v');
    bool known_id = op_id_parse(verify->verification_id, &id);
    if (known_id) {
        op_key_id(&key, id);
        known_id = op_turn_get(turn, &key, &op_verification_row_type, &row);
    }
    if (!known_id) {
        op_turn_refuse(turn, OP_ERROR_VERIFICATION_INVALID, "verification_id");
        return;
    }
    if (row.wrong >= self->setup.tries) {
        op_context_window(event->context, self->setup.tries, 0, row.expires);
        op_turn_refuse(turn, OP_ERROR_VERIFICATION_INVALID, "code");
        return;
    }
    if (row.ended || row.expires <= event->now) {
        op_turn_refuse(turn, OP_ERROR_VERIFICATION_EXPIRED, NULL);
        return;
    }
    op_phone_row_t phone;
    if (!s_phone(event, turn, row.phone, &phone)) {
        op_turn_refuse(turn, OP_ERROR_VERIFICATION_INVALID, "verification_id");
        return;
    }
    if (phone.wrong >= self->setup.wrong_per_day) {
        s_refuse_day(self, event, turn);
        return;
    }
    op_hash_t hash = s_code_hash(id, verify->code);
    if (sodium_memcmp(hash.bytes, row.code_hash.bytes, sizeof hash.bytes) != 0) {
        s_count_wrong(self, event, turn, &key, &row, &phone);
        return;
    }
    row.ended = !OP_PLANTED(USED_CODE);
    op_turn_put(turn, &key, &op_verification_row_type, &row);
    s_open_session(self, event, turn, &row, &phone);
}
