/*  webhook_log.c - a webhook's deliveries, newest first, and once more

    A cursor (cursor.h) is bound to the webhook and the filters; it names the last delivery that was
    looked at. */

#include "actors/webhook_private.h"

#include "actors/cursor.h"
#include "base/utf8.h"

#include <string.h>

static op_str_t s_state(uint64_t state)
{
    switch ((op_delivery_state_t)state) {
    case OP_DELIVERY_PENDING:
        return OP_STR("pending");
    case OP_DELIVERY_DELIVERED:
        return OP_STR("delivered");
    case OP_DELIVERY_FAILED:
        return OP_STR("failed");
    case OP_DELIVERY_ABANDONED:
        return OP_STR("abandoned");
    }
    return OP_STR("pending");
}

/*  What a stranger's server has said, as text: what is none becomes U+FFFD. */
static op_str_t s_text(op_turn_t *turn, op_str_t bytes)
{
    op_buf_t clean = {0};
    for (size_t at = 0; at < bytes.size;) {
        uint32_t point;
        if (!op_utf8_next(bytes, &at, &point)) {
            point = OP_UTF8_REPLACEMENT;
            at++;
        }
        op_utf8_add(&clean, point ? point : OP_UTF8_REPLACEMENT);
    }
    op_str_t text = op_turn_copy(turn, op_buf_str(&clean));
    op_buf_free(&clean);
    return text;
}

/*  `on`: its webhook is enabled; else what waits has no time, but is held. */
static op_delivery_view_t s_view(op_turn_t *turn, op_id_t id, const op_fate_row_t *fate, bool on)
{
    size_t count = fate->attempts.count;
    op_attempt_view_t *attempts = op_turn_alloc(turn, OP_ATTEMPTS_MAX * sizeof *attempts);
    for (size_t i = 0; i < count; i++) {
        const op_attempt_row_t *from = &fate->attempts.at[i];
        attempts[i] = (op_attempt_view_t){from->at, from->status, from->duration_ms, from->error,
                                          s_text(turn, from->answer)};
    }
    return (op_delivery_view_t){.id = id,
                                .event_id = fate->event,
                                .type = fate->type,
                                .state = s_state(fate->state),
                                .created_at = fate->created,
                                .attempts = {attempts, count},
                                .next_attempt_at = on ? fate->next : 0};
}

/*  ---- A page ---- */

/*  What a cursor is good for: this webhook and these filters, which hold no blank. */
static op_str_t s_bound(op_turn_t *turn, const op_hook_t *hook, const op_delivery_list_t *list)
{
    char id[OP_ID_TEXT + 1];
    op_id_print(hook->row.id, id);
    return op_turn_text(turn, "%s %.*s %.*s", id, (int)list->state.size,
                        list->state.size ? list->state.at : "", (int)list->type.size,
                        list->type.size ? list->type.at : "");
}

/*  NULL: the list's filters make sense; else the parameter that does not. */
static const char *s_fault(const op_delivery_list_t *list, const char **sentence)
{
    static const char *const types[] = {"message.received", "message.sent", "message.failed"};
    bool state = !list->state.size, type = !list->type.size;
    for (uint64_t i = OP_DELIVERY_PENDING; i <= OP_DELIVERY_ABANDONED; i++)
        state |= op_str_equal(list->state, s_state(i));
    for (size_t i = 0; i < OP_COUNT(types); i++)
        type |= op_str_is(list->type, types[i]);
    *sentence = "The state is pending, delivered, failed or abandoned.";
    if (!state)
        return "state";
    *sentence = "Events are message.received, message.sent and message.failed.";
    return type ? NULL : "type";
}

static bool s_wanted(const op_delivery_list_t *list, const op_fate_row_t *fate)
{
    return (!list->state.size || op_str_equal(list->state, s_state(fate->state))) &&
           (!list->type.size || op_str_equal(list->type, fate->type));
}

/*  *last: the last delivery that was looked at, if there are more; else none. */
static op_deliveries_view_t s_page(op_turn_t *turn, const op_hook_t *hook,
                                   const op_delivery_list_t *list, const op_key_t *low,
                                   const op_key_t *high, op_id_t *last)
{
    uint64_t limit = list->limit ? list->limit : OP_PAGE_DEFAULT;
    op_delivery_view_t *views = op_turn_alloc(turn, limit * sizeof *views);
    op_deliveries_view_t page = {.data = {views, 0}};
    op_walk_t *walk = op_turn_walk(turn, low, high, true);
    op_fate_row_t fate;
    op_str_t key;
    op_id_t id;
    bool more;
    size_t seen = 0;
    while ((more = op_turn_walk_next(walk, &op_fate_row_type, &key, &fate)) &&
           page.data.count < limit && seen++ < OP_LOG_ROWS_MAX) {
        key = op_str_of(key.at + low->size, key.size - low->size);
        if (op_key_take_id(&key, &id) && s_wanted(list, &fate))
            views[page.data.count++] = s_view(turn, id, &fate, hook->row.enabled);
    }
    op_turn_walk_end(&walk);
    *last = more ? id : (op_id_t){{0}};
    return page;
}

void op_webhook_on_deliveries(op_webhook_t *self, const op_event_t *event, op_turn_t *turn)
{
    const op_delivery_list_t *list = OP_BODY(event, delivery_list);
    op_hook_t hook;
    op_id_t before, last;
    const char *sentence;
    if (!op_hook_own(event, turn, list->id, &hook))
        return;
    const char *field = s_fault(list, &sentence);
    if (field) {
        op_turn_refuse_with(turn, OP_ERROR_VALIDATION_ERROR, field, sentence, 0);
        return;
    }
    op_str_t bound = s_bound(turn, &hook, list);
    if (list->cursor.size && !op_cursor_open(&self->secret, bound, list->cursor, &before)) {
        op_turn_refuse_with(turn, OP_ERROR_VALIDATION_ERROR, "cursor",
                            "The cursor is not one that this server has given out.", 0);
        return;
    }
    op_key_t low = op_key_of_id('l', hook.row.id);
    op_key_t high = list->cursor.size ? op_fate_key(hook.row.id, before) : op_key_end(&low);
    op_deliveries_view_t page = s_page(turn, &hook, list, &low, &high, &last);
    if (!op_id_is_none(last))
        page.next_cursor = op_cursor_make(turn, &self->secret, bound, last);
    op_turn_reply(turn, &op_deliveries_view_type, &page);
}

/*  ---- Once more ---- */

void op_webhook_on_replay(op_webhook_t *self, const op_event_t *event, op_turn_t *turn)
{
    const op_by_delivery_t *by = OP_BODY(event, by_delivery);
    op_hook_t hook;
    op_id_t id;
    op_fate_row_t fate;
    op_delivery_row_t row;
    if (!op_hook_own(event, turn, by->id, &hook))
        return;
    op_id_t webhook = hook.row.id;
    op_key_t key, fate_key;
    bool found = op_id_parse(by->delivery_id, &id);
    if (found) {
        key = op_key_of_id('d', id);
        fate_key = op_fate_key(webhook, id);
        found = op_turn_get(turn, &fate_key, &op_fate_row_type, &fate) &&
                op_turn_get(turn, &key, &op_delivery_row_type, &row);
    }
    if (!found) {
        op_turn_refuse(turn, OP_ERROR_NOT_FOUND, NULL);
        return;
    }
    op_key_t due = op_due_key(webhook, id);
    op_retry_forget(turn, id, &fate);
    fate.state = OP_DELIVERY_PENDING;
    fate.tries = 0;
    op_turn_put(turn, &due, &op_due_row_type, &(op_due_row_t){false});
    op_turn_put(turn, &fate_key, &op_fate_row_type, &fate);
    op_delivery_view_t view = s_view(turn, id, &fate, hook.row.enabled);
    op_turn_reply(turn, &op_delivery_view_type, &view);
    op_webhook_pump(self, event, turn, webhook);
}

/*  ---- The operator's: whose delivery is it? ---- */

static bool s_is_about(const op_delivery_row_t *row, const char *text)
{
    return row->payload.size &&
           memmem(row->payload.at, row->payload.size, text, strlen(text)) != NULL;
}

/*  A delivery is younger than its message, and ids tell when they were made: the search begins
    there. */
static op_key_t s_search_from(const op_text_find_t *find)
{
    op_key_t low = op_key_of_id('d', op_id_is_none(find->after) ? find->id : find->after);
    if (op_id_is_none(find->after))
        low.size = 1 + 6; /* the time in front of a UUIDv7 */
    return op_id_is_none(find->after) ? low : op_key_end(&low);
}

void op_webhook_on_find(op_webhook_t *self, const op_event_t *event, op_turn_t *turn)
{
    (void)self;
    const op_text_find_t *find = OP_BODY(event, text_find);
    char text[4 + OP_ID_TEXT + 1] = "msg_";
    op_id_print(find->id, text + 4);
    op_key_t low = s_search_from(find), all = op_key('d'), high = op_key_end(&all);
    op_delivery_row_t row;
    op_fate_row_t fate;
    op_id_t id = {{0}};
    op_str_t key;
    bool found = false, more = true;
    op_walk_t *walk = op_turn_walk(turn, &low, &high, false);
    for (size_t i = 0; i < OP_LOG_ROWS_MAX && !found && more; i++) {
        more = op_turn_walk_next(walk, &op_delivery_row_type, &key, &row);
        key = more ? op_str_of(key.at + 1, key.size - 1) : key;
        found = more && op_key_take_id(&key, &id) && s_is_about(&row, text);
    }
    op_turn_walk_end(&walk);
    op_key_t fate_key = op_fate_key(found ? row.webhook : id, id);
    if (found && op_turn_get(turn, &fate_key, &op_fate_row_type, &fate)) {
        op_hook_t hook;
        bool on = op_hook_find(turn, row.webhook, &hook) && hook.row.enabled;
        op_delivery_view_t view = s_view(turn, id, &fate, on);
        op_turn_reply(turn, &op_delivery_view_type, &view);
    } else if (found || !more) {
        op_turn_refuse(turn, OP_ERROR_NOT_FOUND, NULL);
    } else {
        op_turn_reply(turn, &op_search_on_type, &(op_search_on_t){id});
    }
}
