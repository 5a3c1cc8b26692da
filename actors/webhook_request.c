/*  webhook_request.c - registering, showing, changing and ending webhooks */

#include "actors/erase.h"
#include "actors/webhook_private.h"

#include "base/instant.h"
#include "base/plant.h"

static op_str_t s_new_secret(op_turn_t *turn)
{
    char token[33];
    op_random_token(op_turn_random(turn), token, 32);
    return op_turn_text(turn, "whs_%s", token);
}

static op_webhook_view_t s_view(op_id_t number, const op_webhook_row_t *row)
{
    return (op_webhook_view_t){
        row->id, number, row->url, row->events, row->enabled, row->created, row->disabled_reason};
}

void op_webhook_on_create(op_webhook_t *self, const op_event_t *event, op_turn_t *turn)
{
    (void)self;
    const op_webhook_create_t *create = OP_BODY(event, webhook_create);
    const op_context_t *context = event->context;
    if (op_erase_has(turn, context->account)) {
        op_turn_refuse(turn, OP_ERROR_UNAUTHENTICATED, NULL);
        return;
    }
    op_hook_t hook = {.key = op_webhook_key(context->account, context->number)};
    op_webhook_row_t *row = &hook.row;
    if (op_turn_get(turn, &hook.key, &op_webhook_row_type, row)) {
        op_turn_refuse(turn, OP_ERROR_WEBHOOK_EXISTS, NULL);
        return;
    }
    *row = (op_webhook_row_t){.id = op_turn_new_id(turn),
                              .url = create->url,
                              .events = create->events,
                              .enabled = true,
                              .secret = s_new_secret(turn),
                              .created = event->now,
                              .lease = context->lease};
    op_key_t id_key = op_key_of_id('h', row->id);
    op_webhook_id_row_t owner = {.account = context->account, .number = context->number};
    op_hook_put(turn, &hook);
    op_turn_put(turn, &id_key, &op_webhook_id_row_type, &owner);
    op_webhook_created_t created = {row->id,      context->number,     row->url,
                                    row->events,  row->enabled,        row->secret,
                                    row->created, row->disabled_reason};
    op_turn_reply(turn, &op_webhook_created_type, &created);
}

void op_webhook_on_list(op_webhook_t *self, const op_event_t *event, op_turn_t *turn)
{
    (void)self;
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
            views[answer.webhooks.count++] = s_view(number, &row);
    }
    op_turn_walk_end(&walk);
    op_turn_reply(turn, &op_webhooks_view_type, &answer);
}

void op_webhook_on_show(op_webhook_t *self, const op_event_t *event, op_turn_t *turn)
{
    (void)self;
    op_hook_t hook;
    if (!op_hook_own(event, turn, OP_BODY(event, by_id)->id, &hook))
        return;
    op_webhook_view_t view = s_view(hook.number, &hook.row);
    op_turn_reply(turn, &op_webhook_view_type, &view);
}

void op_webhook_on_update(op_webhook_t *self, const op_event_t *event, op_turn_t *turn)
{
    const op_webhook_update_t *update = OP_BODY(event, webhook_update);
    op_hook_t hook;
    if (!op_hook_own(event, turn, update->id, &hook))
        return;
    op_webhook_row_t *row = &hook.row;
    if (update->url.size)
        row->url = update->url;
    if (update->events.size)
        row->events = update->events;
    bool enable = op_said_or(update->enabled, row->enabled) != 0;
    if (update->enabled && !(enable && row->enabled)) {
        row->enabled = enable;
        row->disabled_reason = (op_str_t){0};
        row->failures = 0;
    }
    if (update->url.size || update->events.size || update->enabled)
        op_hook_put(turn, &hook);
    op_webhook_view_t view = s_view(hook.number, row);
    op_turn_reply(turn, &op_webhook_view_type, &view);
    op_webhook_pump(self, event, turn, row->id); /* what was held */
}

void op_webhook_on_rotate(op_webhook_t *self, const op_event_t *event, op_turn_t *turn)
{
    (void)self;
    const op_webhook_rotate_t *rotate = OP_BODY(event, webhook_rotate);
    uint64_t grace = op_said_or(rotate->grace_seconds, OP_GRACE_DEFAULT_S);
    op_hook_t hook;
    if (!op_hook_own(event, turn, rotate->id, &hook))
        return;
    if (grace > OP_GRACE_MAX_S) {
        op_turn_refuse_with(turn, OP_ERROR_VALIDATION_ERROR, "grace_seconds",
                            "The grace is a number of seconds from 0 to 604800.", 0);
        return;
    }
    hook.row.previous = grace ? hook.row.secret : (op_str_t){0};
    hook.row.previous_until = grace ? event->now + (int64_t)grace * OP_SECOND_MS : 0;
    hook.row.secret = s_new_secret(turn);
    op_hook_put(turn, &hook);
    op_webhook_rotated_t rotated = {hook.row.id, hook.row.secret};
    op_turn_reply(turn, &op_webhook_rotated_type, &rotated);
}

static void s_drop(op_turn_t *turn, const op_hook_t *hook)
{
    op_key_t id_key = op_key_of_id('h', hook->row.id);
    op_turn_delete(turn, &hook->key);
    op_turn_delete(turn, &id_key);
}

void op_webhook_on_delete(op_webhook_t *self, const op_event_t *event, op_turn_t *turn)
{
    op_hook_t hook;
    if (!op_hook_own(event, turn, OP_BODY(event, by_id)->id, &hook))
        return;
    s_drop(turn, &hook);
    op_turn_reply(turn, &op_nothing_type, &(op_nothing_t){0});
    op_webhook_pump(self, event, turn, hook.row.id); /* abandons what is pending */
}

/*  What is pending ends as if its owner had deleted it. What is kept, for the texts that the release
    cancels, has the URL and secrets of the webhook that it was, under an id that no delivery has. */
void op_webhook_on_lease_ended(op_webhook_t *self, const op_event_t *event, op_turn_t *turn)
{
    const op_lease_ended_t *ended = OP_BODY(event, lease_ended);
    op_hook_t hook;
    if (!op_hook_for(turn, ended->account, ended->number, ended->lease, &hook) || hook.row.ended)
        return;
    op_id_t old = hook.row.id;
    s_drop(turn, &hook);
    hook.key = op_key_of_id('v', ended->lease);
    if (!OP_PLANTED(HOOK_STAYS))
        hook.row.id = op_turn_new_id(turn);
    hook.row.ended = event->now;
    op_key_t id_key = op_key_of_id('h', hook.row.id);
    op_webhook_id_row_t owner = {ended->account, ended->number, ended->lease, event->now};
    op_hook_put(turn, &hook);
    op_turn_put(turn, &id_key, &op_webhook_id_row_type, &owner);
    op_webhook_pump(self, event, turn, old); /* abandons what is pending */
}
