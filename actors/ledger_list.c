/*  ledger_list.c - showing messages: one, or a page of them, newest first

    Messages lie under scope, direction and id, and ids sort by creation, so a page is a walk
    backwards, or two walks merged. A cursor (cursor.h) holds the id of the last message shown: what
    is older comes next, whatever has arrived meanwhile. */

#include "actors/cursor.h"
#include "actors/failure.h"
#include "actors/ledger_private.h"
#include "base/plant.h"

#include <string.h>

op_key_t op_ledger_text_key(op_id_t scope, char direction, op_id_t id)
{
    op_key_t key = op_key_of_id('m', scope);
    op_key_hash(&key, &direction, 1);
    op_key_id(&key, id);
    return key;
}

static op_str_t s_status(uint64_t state)
{
    switch ((op_text_state_t)state) {
    case OP_TEXT_QUEUED:
        return OP_STR("queued");
    case OP_TEXT_SENDING:
        return OP_STR("sending");
    case OP_TEXT_SENT:
        return OP_STR("sent");
    case OP_TEXT_FAILED:
        return OP_STR("failed");
    }
    return OP_STR("received");
}

op_message_view_t op_ledger_view(op_turn_t *turn, op_id_t id, char direction, op_str_t number,
                                 const op_text_row_t *row)
{
    bool inbound = direction == 'i';
    op_message_view_t view = {.id = id,
                              .status = s_status(row->state),
                              .direction = inbound ? OP_STR("inbound") : OP_STR("outbound"),
                              .to = inbound ? number : row->peer,
                              .from = inbound ? row->peer : number,
                              .body = row->body,
                              .created_at = row->created,
                              .delivered_at = row->delivered,
                              .undelivered_at = row->undelivered,
                              .partial = row->partial};
    if (inbound)
        view.received_at = row->settled;
    else if (row->state == OP_TEXT_SENT)
        view.sent_at = row->settled;
    else if (row->state == OP_TEXT_FAILED) {
        op_failure_view_t *failure = op_turn_alloc(turn, sizeof *failure);
        *failure = (op_failure_view_t){row->failure, op_str(op_failure_sentence(row->failure))};
        view.error = failure;
    }
    return view;
}

void op_ledger_on_message(op_ledger_t *self, const op_event_t *event, op_turn_t *turn)
{
    (void)self;
    op_number_row_t number;
    if (!op_ledger_own_number(event, turn, &number))
        return;
    const op_context_t *context = event->context;
    op_id_t scope = op_ledger_scope(context->account, context->number, context->lease), id;
    op_str_t text = OP_BODY(event, by_id)->id;
    bool parsed =
        op_str_starts(text, "msg_") && op_id_parse(op_str_of(text.at + 4, text.size - 4), &id);
    static const char directions[] = {'o', 'i'};
    for (size_t i = 0; parsed && i < sizeof directions; i++) {
        op_key_t key = op_ledger_text_key(scope, directions[i], id);
        op_text_row_t row;
        if (op_turn_get(turn, &key, &op_text_row_type, &row)) {
            op_message_view_t view = op_ledger_view(turn, id, directions[i], number.e164, &row);
            op_turn_reply(turn, &op_message_view_type, &view);
            return;
        }
    }
    op_turn_refuse(turn, OP_ERROR_NOT_FOUND, NULL);
}

/*  One direction's walk, with its next message looked at. */
typedef struct {
    op_walk_t *walk;
    char direction;
    bool has;
    op_id_t id;
    op_text_row_t row;
} source_t;

static void s_advance(source_t *self)
{
    op_str_t key;
    self->has = op_turn_walk_next(self->walk, &op_text_row_type, &key, &self->row);
    if (!self->has)
        return;
    key = op_str_of(key.at + 18, key.size - 18); /* tag, scope, direction */
    OP_ASSERT(op_key_take_id(&key, &self->id));
}

static source_t s_source(op_turn_t *turn, op_id_t scope, char direction, const op_id_t *before)
{
    op_key_t low = op_key_of_id('m', scope);
    op_key_hash(&low, &direction, 1);
    op_key_t high = before ? op_ledger_text_key(scope, direction, *before) : op_key_end(&low);
    source_t source = {.walk = op_turn_walk(turn, &low, &high, true), .direction = direction};
    s_advance(&source);
    return source;
}

/*  The newer of the sources' next messages, or NULL. */
static source_t *s_newest(source_t *sources, size_t count)
{
    source_t *newest = NULL;
    for (size_t i = 0; i < count; i++)
        if (sources[i].has && (!newest || memcmp(&sources[i].id, &newest->id, sizeof(op_id_t)) > 0))
            newest = &sources[i];
    return newest;
}

/*  A cursor is for the key and the direction that it was made for. */
typedef struct {
    uint8_t bytes[sizeof(op_id_t) + 1];
} bound_t;

static bound_t s_bound(const op_context_t *context, op_str_t direction)
{
    bound_t bound;
    memcpy(bound.bytes, context->key.bytes, sizeof context->key.bytes);
    bound.bytes[sizeof context->key.bytes] = direction.size ? (uint8_t)direction.at[0] : 0;
    return bound;
}

/*  *last is the last message shown, where another page follows; else none. */
static op_messages_view_t s_page(op_turn_t *turn, op_str_t number, source_t *sources, size_t count,
                                 uint64_t limit, op_id_t *last)
{
    op_message_view_t *views = op_turn_alloc(turn, limit * sizeof *views);
    op_messages_view_t page = {.data = {views, 0}};
    size_t bytes = 0; /* a page of very long texts ends early, so that it fits a frame */
    source_t *next;
    while ((next = s_newest(sources, count)) != NULL && page.data.count < limit &&
           (bytes += next->row.body.size) < OP_FRAME_MAX / 2) {
        views[page.data.count++] =
            op_ledger_view(turn, next->id, next->direction, number, &next->row);
        s_advance(next);
    }
    *last = (op_id_t){{0}};
    if (next && page.data.count)
        *last = OP_PLANTED(SKIP_MESSAGE) ? next->id : views[page.data.count - 1].id;
    return page;
}

void op_ledger_on_messages(op_ledger_t *self, const op_event_t *event, op_turn_t *turn)
{
    const op_message_list_t *list = OP_BODY(event, message_list);
    const op_context_t *context = event->context;
    op_number_row_t number;
    op_id_t before, last;
    if (!op_ledger_own_number(event, turn, &number))
        return;
    bound_t bound = s_bound(context, list->direction);
    op_str_t bytes = op_str_of(bound.bytes, sizeof bound.bytes);
    if (list->cursor.size && !op_cursor_open(&self->secret, bytes, list->cursor, &before)) {
        op_turn_refuse_with(turn, OP_ERROR_VALIDATION_ERROR, "cursor",
                            "The cursor is not one that this server has given out for this list.",
                            0);
        return;
    }
    op_id_t scope = op_ledger_scope(context->account, context->number, context->lease);
    const op_id_t *from = list->cursor.size ? &before : NULL;
    source_t sources[2];
    size_t count = 0;
    if (!op_str_is(list->direction, "inbound"))
        sources[count++] = s_source(turn, scope, 'o', from);
    if (!op_str_is(list->direction, "outbound"))
        sources[count++] = s_source(turn, scope, 'i', from);
    op_messages_view_t page = s_page(turn, number.e164, sources, count,
                                     list->limit ? list->limit : OP_PAGE_DEFAULT, &last);
    if (!op_id_is_none(last))
        page.next_cursor = op_cursor_make(turn, &self->secret, bytes, last);
    for (size_t i = 0; i < count; i++)
        op_turn_walk_end(&sources[i].walk);
    op_turn_reply(turn, &op_messages_view_type, &page);
}
