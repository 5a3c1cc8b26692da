/*  ledger_idempotency.c - a call with an Idempotency-Key has its effect once

    A client that got no answer cannot know whether its text was accepted. If it said an
    Idempotency-Key, it may ask again with the same one: within a day the same call is answered with
    the text that the first one made, as it is now, and another call is refused. Keys belong to the
    scope, so that two agents cannot meet. What was refused is not remembered: it had no effect. */

#include "actors/ledger_private.h"
#include "base/instant.h"

#include <sodium.h>
#include <string.h>

static const int64_t s_kept_ms = OP_DAY_MS;

static bool s_has_key(const op_context_t *context)
{
    return !sodium_is_zero(context->once.bytes, sizeof context->once.bytes);
}

static op_key_t s_key(const op_context_t *context, op_id_t scope)
{
    op_key_t key = op_key_of_id('y', scope);
    op_key_hash(&key, context->once.bytes, sizeof context->once.bytes);
    return key;
}

op_hash_t op_ledger_request(op_str_t to, op_str_t body)
{
    op_hash_t hash;
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, sizeof hash.bytes);
    crypto_generichash_update(&state, (const uint8_t *)to.at, to.size);
    crypto_generichash_update(&state, (const uint8_t *)"\n", 1);
    crypto_generichash_update(&state, (const uint8_t *)body.at, body.size);
    crypto_generichash_final(&state, hash.bytes, sizeof hash.bytes);
    return hash;
}

bool op_ledger_idempotency_is_dead(const void *now, op_str_t key, const void *row)
{
    (void)key;
    return ((const op_once_row_t *)row)->created + s_kept_ms <= *(const int64_t *)now;
}

bool op_ledger_idempotency_repeats(const op_event_t *event, op_turn_t *turn, op_id_t scope,
                                   op_str_t number)
{
    op_once_row_t row;
    op_text_row_t text;
    if (!s_has_key(event->context))
        return false;
    op_key_t key = s_key(event->context, scope);
    if (!op_turn_get(turn, &key, &op_once_row_type, &row) ||
        op_ledger_idempotency_is_dead(&event->now, (op_str_t){0}, &row))
        return false;
    const op_message_send_t *send = OP_BODY(event, message_send);
    op_hash_t request = op_ledger_request(send->to, send->body);
    op_key_t text_key = op_ledger_text_key(scope, 'o', row.text);
    if (memcmp(&request, &row.request, sizeof request) != 0 ||
        !op_turn_get(turn, &text_key, &op_text_row_type, &text)) {
        op_turn_refuse(turn, OP_ERROR_IDEMPOTENCY_CONFLICT, NULL);
        return true;
    }
    op_message_view_t view = op_ledger_view(turn, row.text, 'o', number, &text);
    op_turn_reply(turn, &op_message_view_type, &view);
    return true;
}

void op_ledger_idempotency_remember(const op_event_t *event, op_turn_t *turn, op_id_t scope,
                                    op_id_t text)
{
    if (!s_has_key(event->context))
        return;
    op_key_t key = s_key(event->context, scope);
    const op_message_send_t *send = OP_BODY(event, message_send);
    op_once_row_t row = {text, op_ledger_request(send->to, send->body), event->now};
    op_turn_put(turn, &key, &op_once_row_type, &row);
}
