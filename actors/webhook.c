#include "actors/webhook_private.h"

#include "base/instant.h"

#include <stdlib.h>
#include <string.h>

op_key_t op_webhook_key(op_id_t account, op_id_t number)
{
    op_key_t key = op_key_of_id('w', account);
    op_key_id(&key, number);
    return key;
}

bool op_words_have(op_str_t words, op_str_t word)
{
    const char *at = words.at, *end = words.at + words.size;
    while (words.size && at < end) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        size_t size = (size_t)((comma ? comma : end) - at);
        if (op_str_equal(op_str_of(at, size), word))
            return true;
        at += size + 1;
    }
    return false;
}

static void s_on_create(const op_event_t *event, op_turn_t *turn)
{
    const op_webhook_create_t *create = OP_BODY(event, webhook_create);
    const op_context_t *context = event->context;
    op_key_t key = op_webhook_key(context->account, context->number);
    op_webhook_row_t row;
    if (op_turn_get(turn, &key, &op_webhook_row_type, &row)) {
        op_turn_refuse(turn, OP_ERROR_WEBHOOK_EXISTS, NULL);
        return;
    }
    char token[33];
    op_random_token(op_turn_random(turn), token, 32);
    row = (op_webhook_row_t){.id = op_turn_new_id(turn),
                             .url = create->url,
                             .events = create->events,
                             .enabled = true,
                             .secret = op_turn_text(turn, "whs_%s", token),
                             .created = event->now,
                             .lease = context->lease};
    op_key_t id_key = op_key_of_id('h', row.id);
    op_webhook_id_row_t owner = {context->account, context->number};
    op_turn_put(turn, &key, &op_webhook_row_type, &row);
    op_turn_put(turn, &id_key, &op_webhook_id_row_type, &owner);
    op_webhook_created_t created = {row.id,      context->number, row.url,    row.events,
                                    row.enabled, row.secret,      row.created};
    op_turn_reply(turn, &op_webhook_created_type, &created);
}

static void s_on_list(const op_event_t *event, op_turn_t *turn)
{
    op_id_t wanted = OP_BODY(event, by_number)->number_id;
    op_key_t low = op_key_of_id('w', event->context->account), high = op_key_end(&low);
    op_webhook_view_t *views = op_turn_alloc(turn, OP_WEBHOOKS_MAX * sizeof *views);
    op_webhooks_view_t answer = {{views, 0}};
    op_walk_t *walk = op_turn_walk(turn, &low, &high, false);
    op_webhook_row_t row;
    op_str_t key;
    op_id_t number;
    while (answer.webhooks.count < OP_WEBHOOKS_MAX &&
           op_turn_walk_next(walk, &op_webhook_row_type, &key, &row)) {
        key = op_str_of(key.at + low.size, key.size - low.size);
        if (op_key_take_id(&key, &number) && (op_id_is_none(wanted) || op_id_equal(wanted, number)))
            views[answer.webhooks.count++] =
                (op_webhook_view_t){row.id, number, row.url, row.events, row.enabled, row.created};
    }
    op_turn_walk_end(&walk);
    op_turn_reply(turn, &op_webhooks_view_type, &answer);
}

static void s_remove(op_turn_t *turn, op_id_t account, op_id_t number, op_id_t id)
{
    op_key_t key = op_webhook_key(account, number), id_key = op_key_of_id('h', id);
    op_turn_delete(turn, &key);
    op_turn_delete(turn, &id_key);
}

static void s_on_delete(const op_event_t *event, op_turn_t *turn)
{
    op_id_t id;
    op_webhook_id_row_t owner;
    op_key_t key = op_key('h');
    bool found = op_id_parse(OP_BODY(event, by_id)->id, &id);
    if (found) {
        op_key_id(&key, id);
        found = op_turn_get(turn, &key, &op_webhook_id_row_type, &owner) &&
                op_id_equal(owner.account, event->context->account);
    }
    if (!found) {
        op_turn_refuse(turn, OP_ERROR_NOT_FOUND, NULL);
        return;
    }
    s_remove(turn, owner.account, owner.number, id);
    op_turn_reply(turn, &op_nothing_type, &(op_nothing_t){0});
}

static void s_on_lease_ended(const op_event_t *event, op_turn_t *turn)
{
    const op_lease_ended_t *ended = OP_BODY(event, lease_ended);
    op_key_t key = op_webhook_key(ended->account, ended->number);
    op_webhook_row_t row;
    if (op_turn_get(turn, &key, &op_webhook_row_type, &row) && op_id_equal(row.lease, ended->lease))
        s_remove(turn, ended->account, ended->number, row.id);
}

static void (*const s_on_step[OP_STEP_END])(const op_event_t *, op_turn_t *) = {
    [OP_STEP_WEBHOOK_CREATE] = s_on_create,
    [OP_STEP_WEBHOOK_LIST] = s_on_list,
    [OP_STEP_WEBHOOK_DELETE] = s_on_delete,
};

static void s_on_timer(op_webhook_t *self, const op_event_t *event, op_turn_t *turn)
{
    bool whole = op_sweep_slice(&self->done, &event->now, turn);
    op_turn_wake_at(turn, event->now + (whole ? OP_HOUR_MS : OP_SECOND_MS));
}

static void *s_create(void)
{
    op_webhook_t *self = op_alloc(sizeof *self);
    *self = (op_webhook_t){
        .done = {
            op_key('o'), op_key('p'), &op_delivery_row_type, op_delivery_is_dead, {.size = 0}}};
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
        op_webhook_pump(core, event, turn);
        op_turn_wake_at(turn, event->now + OP_HOUR_MS);
        return;
    case OP_EVENT_REQUEST:
        s_on_step[event->step](event, turn);
        return;
    case OP_EVENT_TELL:
        if (OP_IS(event, number_event))
            op_webhook_on_event(core, event, turn);
        else if (OP_IS(event, lease_ended))
            s_on_lease_ended(event, turn);
        return;
    case OP_EVENT_NOTE:
        if (OP_IS(event, posted))
            op_webhook_on_posted(core, event, turn);
        return;
    case OP_EVENT_TIMER:
        s_on_timer(core, event, turn);
        return;
    case OP_EVENT_DRAIN:
        return;
    }
}

const op_core_class_t op_webhook_class = {"webhook", s_create, s_destroy, s_step, NULL};
