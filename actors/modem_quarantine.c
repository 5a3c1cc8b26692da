/*  modem_quarantine.c - what came in and is no text for a reader: kept raw, for the operator */

#include "actors/cursor.h"
#include "actors/modem_private.h"

#include "base/instant.h"

/*  Long enough for an operator to look, and an end all the same. */
static const int64_t s_keep_ms = 90 * OP_DAY_MS;

bool op_quarantine_is_dead(const void *arg, op_str_t key, const void *row)
{
    (void)key;
    return ((const op_quarantine_row_t *)row)->received + s_keep_ms < *(const int64_t *)arg;
}

void op_quarantine_put(op_line_t *line, const op_event_t *event, op_turn_t *turn, op_str_t hex,
                       const char *reason)
{
    char masked[OP_PHONE_MAX + 1];
    op_key_t key = op_key_of_id('X', op_turn_new_id(turn));
    if (hex.size > OP_PDU_HEX_MAX)
        hex.size = OP_PDU_HEX_MAX;
    op_quarantine_row_t row = {op_str(line->number), hex, op_str(reason), event->now};
    op_turn_put(turn, &key, &op_quarantine_row_type, &row);
    op_turn_log(turn, "line=%s an inbound PDU was put into quarantine: %s",
                op_phone_mask(op_str(line->number), masked), reason);
}

/*  What is not printable ASCII reads "?": a modem can say anything. */
static op_str_t s_printable(op_turn_t *turn, op_str_t bytes)
{
    char *copy = op_turn_alloc(turn, bytes.size + 1);
    for (size_t i = 0; i < bytes.size; i++)
        copy[i] = bytes.at[i] >= ' ' && bytes.at[i] <= '~' ? bytes.at[i] : '?';
    return op_str_of(copy, bytes.size);
}

void op_quarantine_list(op_modem_t *self, const op_event_t *event, op_turn_t *turn)
{
    const op_quarantine_list_t *list = OP_BODY(event, quarantine_list);
    op_str_t bound = OP_STR("quarantine"), bytes;
    uint64_t limit = list->limit ? list->limit : OP_PAGE_DEFAULT;
    op_quarantined_view_t *views = op_turn_alloc(turn, limit * sizeof *views);
    op_quarantine_view_t page = {.data = {views, 0}};
    op_key_t low = op_key('X'), high = op_key_end(&low);
    op_quarantine_row_t row;
    op_id_t before;
    if (list->cursor.size && !op_cursor_open(&self->secret, bound, list->cursor, &before)) {
        op_turn_refuse(turn, OP_ERROR_VALIDATION_ERROR, "cursor");
        return;
    }
    if (list->cursor.size)
        high = op_key_of_id('X', before);
    op_walk_t *walk = op_turn_walk(turn, &low, &high, true);
    bool more = false;
    while (op_turn_walk_next(walk, &op_quarantine_row_type, &bytes, &row) &&
           !(more = page.data.count == limit)) {
        op_quarantined_view_t *view = &views[page.data.count++];
        *view = (op_quarantined_view_t){.line = row.line,
                                        .reason = row.reason,
                                        .received_at = row.received,
                                        .pdu = s_printable(turn, row.pdu)};
        bytes = op_str_of(bytes.at + 1, bytes.size - 1);
        OP_ASSERT(op_key_take_id(&bytes, &view->id));
    }
    op_turn_walk_end(&walk);
    if (more)
        page.next_cursor =
            op_cursor_make(turn, &self->secret, bound, views[page.data.count - 1].id);
    op_turn_reply(turn, &op_quarantine_view_type, &page);
}
