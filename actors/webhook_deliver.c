/*  webhook_deliver.c - from an event to a signed post, and what came of it */

#include "actors/webhook_private.h"

#include "base/instant.h"
#include "base/plant.h"
#include "transport/json.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

/*  How long answered deliveries are kept. */
static const int64_t s_keep_ms = 30 * OP_DAY_MS;

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

static void s_post(const op_event_t *event, op_turn_t *turn, op_id_t delivery,
                   const op_delivery_row_t *row, const op_webhook_row_t *webhook)
{
    char signature[OP_SIGNATURE_TEXT], id[OP_ID_TEXT + 1];
    op_webhook_sign(webhook->secret, OP_PLANTED(STALE_STAMP) ? row->created : event->now,
                    row->payload, signature);
    op_id_print(delivery, id);
    op_post_header_t headers[] = {
        {OP_STR("content-type"), OP_STR("application/json")},
        {OP_STR("op-signature"), op_str(signature)},
        {OP_STR("op-delivery-id"), op_str(id)},
        {OP_STR("op-event"), row->type},
    };
    op_post_t post = {delivery, webhook->url, {headers, OP_COUNT(headers)}, row->payload};
    op_turn_note(turn, "poster", &op_post_type, &post);
}

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
                                     message->body, message->received_at}};
        op_json_print(&op_event_received_type, &body, &json);
    } else {
        op_event_settled_t body = {happened->event, happened->type, happened->at, *message};
        op_json_print(&op_event_settled_type, &body, &json);
    }
    op_str_t payload = op_turn_copy(turn, op_buf_str(&json));
    op_buf_free(&json);
    return payload;
}

void op_webhook_on_event(op_webhook_t *self, const op_event_t *event, op_turn_t *turn)
{
    const op_number_event_t *happened = OP_BODY(event, number_event);
    op_key_t key = op_webhook_key(happened->account, happened->number);
    op_webhook_row_t webhook;
    if (!op_turn_get(turn, &key, &op_webhook_row_type, &webhook) || !webhook.enabled ||
        !op_words_have(webhook.events, happened->type))
        return;
    op_id_t id = op_turn_new_id(turn);
    op_delivery_row_t row = {.webhook = webhook.id,
                             .account = happened->account,
                             .number = happened->number,
                             .type = happened->type,
                             .payload = s_payload(turn, happened),
                             .created = event->now};
    op_key_t delivery = op_key_of_id('d', id);
    if (!OP_PLANTED(EVENT_LOST) || self->in_flight == 0)
        op_turn_put(turn, &delivery, &op_delivery_row_type, &row);
    if (memcmp(id.bytes, self->posted.bytes, sizeof id.bytes) < 0) {
        /* The clock went back before this start: the pump is past this id already. */
        s_post(event, turn, id, &row, &webhook);
        self->in_flight++;
    }
    op_webhook_pump(self, event, turn);
}

/*  Moves a delivery to those that are done. */
static void s_done(op_turn_t *turn, op_id_t id, op_delivery_row_t *row, uint64_t status)
{
    op_key_t pending = op_key_of_id('d', id), done = op_key_of_id('o', id);
    row->attempts++;
    row->status = status;
    op_turn_delete(turn, &pending);
    op_turn_put(turn, &done, &op_delivery_row_type, row);
}

void op_webhook_on_posted(op_webhook_t *self, const op_event_t *event, op_turn_t *turn)
{
    const op_posted_t *posted = OP_BODY(event, posted);
    self->in_flight -= self->in_flight > 0;
    op_key_t key = op_key_of_id('d', posted->delivery);
    op_delivery_row_t row;
    if (!op_turn_get(turn, &key, &op_delivery_row_type, &row))
        return;
    char id[OP_ID_TEXT + 1];
    op_id_print(posted->delivery, id);
    if (posted->status < 200 || posted->status > 299)
        op_turn_log(turn, "delivery=%s status=%llu duration_ms=%llu error=\"%.*s\"", id,
                    (unsigned long long)posted->status, (unsigned long long)posted->duration_ms,
                    (int)posted->error.size, posted->error.size ? posted->error.at : "");
    s_done(turn, posted->delivery, &row, posted->status);
    op_webhook_pump(self, event, turn);
}

/*  The next delivery behind those already posted; false when there is none. */
static bool s_next(const op_webhook_t *self, op_turn_t *turn, op_id_t *id, op_delivery_row_t *row)
{
    op_key_t all = op_key('d'), high = op_key_end(&all), low = all;
    if (!op_id_is_none(self->posted)) {
        low = op_key_of_id('d', self->posted);
        low = op_key_end(&low);
    }
    op_walk_t *walk = op_turn_walk(turn, &low, &high, false);
    op_str_t key;
    bool found = op_turn_walk_next(walk, &op_delivery_row_type, &key, row);
    if (found) {
        key = op_str_of(key.at + 1, key.size - 1);
        found = op_key_take_id(&key, id);
    }
    op_turn_walk_end(&walk);
    return found;
}

void op_webhook_pump(op_webhook_t *self, const op_event_t *event, op_turn_t *turn)
{
    op_delivery_row_t row;
    op_webhook_row_t webhook;
    op_id_t id;
    while (self->in_flight < OP_POSTS_MAX && s_next(self, turn, &id, &row)) {
        op_key_t key = op_webhook_key(row.account, row.number);
        self->posted = id;
        if (op_turn_get(turn, &key, &op_webhook_row_type, &webhook) &&
            op_id_equal(webhook.id, row.webhook)) {
            s_post(event, turn, id, &row, &webhook);
            self->in_flight++;
        } else
            s_done(turn, id, &row, 0); /* deleted meanwhile */
    }
}

bool op_delivery_is_dead(const void *arg, op_str_t key, const void *row)
{
    (void)key;
    return ((const op_delivery_row_t *)row)->created + s_keep_ms < *(const int64_t *)arg;
}
