/*  webhook_deliver.c - from an event to a signed post, and what came of it

    What the poster has is known in memory only (self->flights): after a restart everything that is
    due is posted again. A post leaves no mark in the store, so a row in 'q' is all that a crash at
    any point needs. */

#include "actors/webhook_private.h"

#include "actors/failure.h"
#include "base/instant.h"
#include "base/plant.h"
#include "transport/json.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { ABANDON_ROWS = 200 };

op_key_t op_fate_key(op_id_t webhook, op_id_t delivery)
{
    op_key_t key = op_key_of_id('l', webhook);
    op_key_id(&key, delivery);
    return key;
}

op_key_t op_due_key(op_id_t webhook, op_id_t delivery)
{
    op_key_t key = op_key_of_id('q', webhook);
    op_key_id(&key, delivery);
    return key;
}

/*  ---- Posting ---- */

void op_webhook_sign(op_str_t secret, int64_t now, op_str_t body, char text[OP_SIGNATURE_TEXT])
{
    char stamp[32], hex[2 * crypto_auth_hmacsha256_BYTES + 1];
    uint8_t mac[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_state state;
    int size = snprintf(stamp, sizeof stamp, "%lld", (long long)(now / OP_SECOND_MS));
    crypto_auth_hmacsha256_init(&state, (const uint8_t *)secret.at, secret.size);
    crypto_auth_hmacsha256_update(&state, (const uint8_t *)stamp, (unsigned long long)size);
    crypto_auth_hmacsha256_update(&state, (const uint8_t *)".", 1);
    crypto_auth_hmacsha256_update(&state, (const uint8_t *)body.at, body.size);
    crypto_auth_hmacsha256_final(&state, mac);
    op_hex(mac, sizeof mac, hex);
    snprintf(text, OP_SIGNATURE_TEXT, "t=%s,v1=%s", stamp, hex);
}

void op_webhook_post(const op_event_t *event, op_turn_t *turn, op_id_t delivery, op_str_t type,
                     op_str_t body, op_str_t url, op_str_t secret)
{
    char signature[OP_SIGNATURE_TEXT], id[OP_ID_TEXT + 1];
    int64_t stamp = OP_PLANTED(STALE_STAMP) ? op_id_ms(delivery) : event->now;
    op_webhook_sign(secret, stamp, body, signature);
    op_id_print(delivery, id);
    op_post_header_t headers[] = {
        {OP_STR("content-type"), OP_STR("application/json")},
        {OP_STR("op-signature"), op_str(signature)},
        {OP_STR("op-delivery-id"), op_str(id)},
        {OP_STR("op-event"), type},
    };
    op_post_t post = {delivery, url, {headers, OP_COUNT(headers)}, body};
    op_turn_note(turn, "poster", &op_post_type, &post);
}

bool op_webhook_is_refusal(uint64_t status)
{
    return status == 400 || status == 401 || status == 403;
}

/*  NULL: the poster does not have it. */
static op_flight_t *s_flight(op_webhook_t *self, op_id_t delivery)
{
    for (size_t i = 0; i < self->flight_count; i++)
        if (op_id_equal(self->flights[i].delivery, delivery))
            return &self->flights[i];
    return NULL;
}

bool op_webhook_flies(const op_webhook_t *self, op_id_t delivery)
{
    for (size_t i = 0; i < self->flight_count; i++)
        if (op_id_equal(self->flights[i].delivery, delivery))
            return true;
    return false;
}

static size_t s_places(const op_webhook_t *self, op_id_t webhook)
{
    size_t taken = 0, left = OP_POSTS_MAX - self->flight_count;
    for (size_t i = 0; i < self->flight_count; i++)
        taken += op_id_equal(self->flights[i].webhook, webhook);
    size_t own = taken < OP_POSTS_PER_WEBHOOK ? OP_POSTS_PER_WEBHOOK - taken : 0;
    return own < left ? own : left;
}

/*  The first due deliveries that are not flying, at most `max`. *more: there are others. */
static size_t s_due(const op_webhook_t *self, op_turn_t *turn, op_id_t webhook, bool flying,
                    op_id_t *found, size_t max, bool *more)
{
    op_key_t low = op_key_of_id('q', webhook), high = op_key_end(&low);
    op_walk_t *walk = op_turn_walk(turn, &low, &high, false);
    op_due_row_t row;
    op_str_t key;
    op_id_t id;
    size_t count = 0;
    *more = false;
    while (!*more && op_turn_walk_next(walk, &op_due_row_type, &key, &row)) {
        key = op_str_of(key.at + low.size, key.size - low.size);
        if (!op_key_take_id(&key, &id) || (!flying && op_webhook_flies(self, id)))
            continue;
        if (count < max)
            found[count++] = id;
        else
            *more = true;
    }
    op_turn_walk_end(&walk);
    return count;
}

/*  The webhook is gone: its deliveries end, a slice at a time. */
static void s_abandon(op_webhook_t *self, const op_event_t *event, op_turn_t *turn, op_id_t webhook)
{
    op_id_t *found = op_turn_alloc(turn, ABANDON_ROWS * sizeof *found);
    bool more;
    size_t count = s_due(self, turn, webhook, true, found, ABANDON_ROWS, &more);
    for (size_t i = 0; i < count; i++) {
        op_key_t due = op_due_key(webhook, found[i]), key = op_fate_key(webhook, found[i]);
        op_fate_row_t fate;
        op_turn_delete(turn, &due);
        if (!op_turn_get(turn, &key, &op_fate_row_type, &fate))
            continue;
        fate.state = OP_DELIVERY_ABANDONED;
        op_turn_put(turn, &key, &op_fate_row_type, &fate);
    }
    if (more)
        op_round_begin(self, event, turn);
}

/*  False: there is no such delivery any more, and its row is gone too. */
static bool s_launch(op_webhook_t *self, const op_event_t *event, op_turn_t *turn,
                     const op_hook_t *hook, op_id_t delivery)
{
    op_key_t key = op_key_of_id('d', delivery);
    op_delivery_row_t row;
    if (!op_turn_get(turn, &key, &op_delivery_row_type, &row)) { /* held for 30 days */
        op_key_t due = op_due_key(hook->row.id, delivery);
        op_turn_delete(turn, &due);
        return false;
    }
    op_webhook_post(event, turn, delivery, row.type, row.payload, hook->row.url, hook->row.secret);
    self->flights[self->flight_count++] =
        (op_flight_t){.webhook = hook->row.id, .delivery = delivery, .began = event->now};
    return true;
}

void op_webhook_pump(op_webhook_t *self, const op_event_t *event, op_turn_t *turn, op_id_t webhook)
{
    op_hook_t hook;
    op_id_t found[OP_POSTS_PER_WEBHOOK];
    bool more, stale = false;
    if (!op_hook_find(turn, webhook, &hook)) {
        s_abandon(self, event, turn, webhook);
        return;
    }
    size_t places = s_places(self, webhook);
    if (!hook.row.enabled || (places == 0 && self->flight_count < OP_POSTS_MAX))
        return; /* an answer of its own will make a place */
    size_t count = s_due(self, turn, webhook, false, found, places, &more);
    for (size_t i = 0; i < count; i++)
        stale |= !s_launch(self, event, turn, &hook, found[i]);
    self->starved |= more && self->flight_count == OP_POSTS_MAX;
    if (more && stale)
        op_round_begin(self, event, turn);
}

/*  ---- An event ---- */

/*  The body of the delivery, as it is stored, signed and posted. */
static op_str_t s_payload(op_turn_t *turn, const op_number_event_t *happened)
{
    const op_message_view_t *message = &happened->message;
    op_buf_t json = {0};
    if (op_str_is(happened->type, "message.received")) {
        op_event_received_t body = {happened->event,
                                    happened->type,
                                    happened->at,
                                    {message->id, message->direction, message->to, message->from,
                                     OP_PLANTED(HOOK_BODY) ? message->from : message->body,
                                     message->received_at, message->partial},
                                    false};
        op_json_print(&op_event_received_type, &body, &json);
    } else {
        op_event_settled_t body = {happened->event, happened->type, happened->at, *message};
        op_json_print(&op_event_settled_type, &body, &json);
    }
    op_str_t payload = op_turn_copy(turn, op_buf_str(&json));
    op_buf_free(&json);
    return payload;
}

/*  Has the end of its lease cancelled this text? Nothing else is told to the webhook of one. */
static bool s_is_cancelled(const op_number_event_t *happened)
{
    const op_failure_view_t *error = happened->message.error;
    return error && op_str_is(error->code, op_failure_code(OP_FAILURE_RELEASED));
}

/*  The event goes to the webhook of this account. */
static void s_deliver(op_webhook_t *self, const op_event_t *event, op_turn_t *turn,
                      const op_number_event_t *happened)
{
    op_hook_t hook;
    if (!op_hook_for(turn, happened->account, happened->number, happened->lease, &hook) ||
        !hook.row.enabled || !op_str_in(happened->type, hook.row.events) ||
        (hook.row.ended && !s_is_cancelled(happened)))
        return;
    op_id_t id = op_turn_new_id(turn), webhook = hook.row.id;
    op_delivery_row_t row = {.webhook = webhook,
                             .account = happened->account,
                             .number = happened->number,
                             .type = happened->type,
                             .payload = s_payload(turn, happened),
                             .created = event->now};
    op_fate_row_t fate = {.event = happened->event, .type = row.type, .created = event->now};
    op_key_t key = op_key_of_id('d', id), fate_key = op_fate_key(webhook, id),
             due_key = op_due_key(webhook, id);
    if (OP_PLANTED(EVENT_LOST) && self->flight_count > 0)
        return;
    op_turn_put(turn, &key, &op_delivery_row_type, &row);
    op_turn_put(turn, &fate_key, &op_fate_row_type, &fate);
    op_turn_put(turn, &due_key, &op_due_row_type, &(op_due_row_t){false});
    op_webhook_pump(self, event, turn, webhook);
}

/*  The planted bug: another account with a webhook on the number. */
static bool s_bystander(op_turn_t *turn, op_number_event_t *happened)
{
    op_key_t low = op_key('w'), high = op_key_end(&low);
    op_walk_t *walk = op_turn_walk(turn, &low, &high, false);
    op_webhook_row_t row = {.ended = 0};
    op_str_t key;
    op_id_t account = {{0}}, number;
    bool found = false;
    while (!found && op_turn_walk_next(walk, &op_webhook_row_type, &key, &row)) {
        key = op_str_of(key.at + low.size, key.size - low.size);
        found = op_key_take_id(&key, &account) && op_key_take_id(&key, &number) &&
                op_id_equal(number, happened->number) && !op_id_equal(account, happened->account);
    }
    op_turn_walk_end(&walk);
    happened->account = account;
    happened->lease = row.lease;
    happened->event = op_turn_new_id(turn);
    return found;
}

void op_webhook_on_event(op_webhook_t *self, const op_event_t *event, op_turn_t *turn)
{
    const op_number_event_t *happened = OP_BODY(event, number_event);
    s_deliver(self, event, turn, happened);
    op_number_event_t leaked = *happened;
    if (OP_PLANTED(HOOK_LEAK) && s_bystander(turn, &leaked))
        s_deliver(self, event, turn, &leaked);
}

/*  ---- An answer ---- */

/*  Adds the attempt to those that the log shows; the oldest makes room. */
static void s_note_attempt(op_turn_t *turn, op_fate_row_t *fate, op_attempt_row_t attempt)
{
    op_attempt_row_t *attempts = op_turn_alloc(turn, OP_ATTEMPTS_MAX * sizeof *attempts);
    size_t drop = fate->attempts.count == OP_ATTEMPTS_MAX, count = fate->attempts.count - drop;
    if (count)
        memcpy(attempts, fate->attempts.at + drop, count * sizeof *attempts);
    attempts[count++] = attempt;
    fate->attempts.at = attempts;
    fate->attempts.count = count;
}

/*  All posts of a try: the log shows each, so that one sees which secret was refused. */
static void s_note_try(op_turn_t *turn, const op_flight_t *flight, const op_posted_t *posted,
                       op_fate_row_t *fate)
{
    if (flight->again) {
        op_str_t answer = op_str_of(flight->refused.answer, flight->refused.answer_size);
        s_note_attempt(turn, fate,
                       (op_attempt_row_t){.at = flight->refused.began,
                                          .status = flight->refused.status,
                                          .duration_ms = flight->refused.duration_ms,
                                          .answer = op_turn_copy(turn, answer)});
    }
    s_note_attempt(turn, fate,
                   (op_attempt_row_t){flight->began, posted->status, posted->duration_ms,
                                      posted->error, posted->answer});
}

static void s_given_up(op_turn_t *turn, op_hook_t *hook)
{
    if (++hook->row.failures < OP_FAILURES_MAX)
        op_hook_put(turn, hook);
    else if (hook->row.enabled)
        op_hook_switch_off(turn, hook, "failing");
}

static void s_log(op_turn_t *turn, const op_posted_t *posted)
{
    char id[OP_ID_TEXT + 1];
    op_id_print(posted->delivery, id);
    op_turn_log(turn,
                "a post was not accepted delivery=%s status=%llu duration_ms=%llu error=\"%.*s\"",
                id, (unsigned long long)posted->status, (unsigned long long)posted->duration_ms,
                (int)posted->error.size, posted->error.size ? posted->error.at : "");
}

/*  Decides what the try's end means for the delivery and for its webhook. */
static void s_settle(const op_event_t *event, op_turn_t *turn, const op_flight_t *flight,
                     op_hook_t *hook, op_fate_row_t *fate)
{
    const op_posted_t *posted = OP_BODY(event, posted);
    op_key_t due = op_due_key(flight->webhook, flight->delivery);
    op_key_t key = op_fate_key(flight->webhook, flight->delivery);
    bool asks = posted->status == 429 || posted->status == 503;
    s_note_try(turn, flight, posted, fate);
    op_turn_delete(turn, &due);
    if (posted->status >= 200 && posted->status <= 299) {
        fate->state = OP_DELIVERY_DELIVERED;
        if (hook->row.failures) {
            hook->row.failures = 0;
            op_hook_put(turn, hook);
        }
    } else if (posted->status == 410 && !OP_PLANTED(GONE_IGNORED)) {
        fate->state = OP_DELIVERY_FAILED;
        if (hook->row.enabled)
            op_hook_switch_off(turn, hook, "gone");
    } else {
        s_log(turn, posted);
        fate->tries++;
        if (!op_retry_wait(event, turn, flight->webhook, flight->delivery, fate,
                           asks ? posted->retry_after_s : 0)) {
            fate->state = OP_DELIVERY_FAILED;
            s_given_up(turn, hook);
        }
    }
    op_turn_put(turn, &key, &op_fate_row_type, fate);
}

/*  Until the try has ended, when it is written: of a flight nothing is before. */
static void s_keep_refused(op_flight_t *flight, const op_posted_t *posted)
{
    size_t size = posted->answer.size < OP_ANSWER_MAX ? posted->answer.size : OP_ANSWER_MAX;
    flight->refused.began = flight->began;
    flight->refused.status = posted->status;
    flight->refused.duration_ms = posted->duration_ms;
    flight->refused.answer_size = size;
    if (size)
        memcpy(flight->refused.answer, posted->answer.at, size);
}

/*  Within a rotation's grace: once more, signed with the secret before. False: no. */
static bool s_post_again(const op_event_t *event, op_turn_t *turn, op_flight_t *flight,
                         const op_hook_t *hook)
{
    const op_posted_t *posted = OP_BODY(event, posted);
    op_str_t secret = op_hook_previous(hook, event->now);
    op_key_t key = op_key_of_id('d', flight->delivery);
    op_delivery_row_t row;
    if (flight->again || !secret.size || !op_webhook_is_refusal(posted->status) ||
        !op_turn_get(turn, &key, &op_delivery_row_type, &row))
        return false;
    s_keep_refused(flight, posted);
    flight->again = true;
    flight->began = event->now;
    op_id_t id = flight->delivery;
    if (OP_PLANTED(GRACE_NEW_ID))
        id = flight->delivery = op_turn_new_id(turn);
    op_webhook_post(event, turn, id, row.type, row.payload, hook->row.url, secret);
    return true;
}

static const char *const s_classes[] = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};

static const char *s_class(uint64_t status)
{
    return s_classes[status / 100 < OP_COUNT(s_classes) ? status / 100 : 0];
}

void op_webhook_count_none(op_turn_t *turn)
{
    for (size_t i = 0; i < OP_COUNT(s_classes); i++)
        op_turn_count(turn, OP_METRIC_WEBHOOK_ATTEMPTS, 0, s_classes[i], NULL);
}

void op_webhook_on_posted(op_webhook_t *self, const op_event_t *event, op_turn_t *turn)
{
    const op_posted_t *posted = OP_BODY(event, posted);
    op_flight_t *at = s_flight(self, posted->delivery);
    op_turn_count(turn, OP_METRIC_WEBHOOK_ATTEMPTS, 1, s_class(posted->status), NULL);
    if (!at) {
        (void)op_webhook_on_test_posted(self, event, turn);
        return;
    }
    op_hook_t hook;
    op_fate_row_t fate;
    op_key_t key = op_fate_key(at->webhook, at->delivery);
    bool pending = op_hook_find(turn, at->webhook, &hook) &&
                   op_turn_get(turn, &key, &op_fate_row_type, &fate) &&
                   fate.state == OP_DELIVERY_PENDING;
    if (pending && s_post_again(event, turn, at, &hook))
        return;
    op_flight_t flight = *at;
    *at = self->flights[--self->flight_count];
    if (pending)
        s_settle(event, turn, &flight, &hook, &fate);
    else { /* abandoned or forgotten meanwhile */
        op_key_t due = op_due_key(flight.webhook, flight.delivery);
        op_turn_delete(turn, &due);
    }
    op_webhook_pump(self, event, turn, flight.webhook);
    if (self->starved && self->flight_count <= OP_POSTS_MAX / 2)
        op_round_begin(self, event, turn);
}
