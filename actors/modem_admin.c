/*  modem_admin.c - the operator's calls: how far is a text? */

#include "actors/modem_private.h"

void op_modem_on_queued(const op_event_t *event, op_turn_t *turn)
{
    const op_queued_find_t *find = OP_BODY(event, queued_find);
    static const char tags[] = {'Q', 'D', 'H'}; /* waiting, paused, held */
    op_queue_row_t row;
    op_str_t key;
    bool found = false;
    for (size_t i = 0; i < sizeof tags && !found; i++) {
        op_key_t low = op_key_of_text(tags[i], find->line), high = op_key_end(&low);
        op_walk_t *walk = op_turn_walk(turn, &low, &high, false);
        while (!found && op_turn_walk_next(walk, &op_queue_row_type, &key, &row))
            found = op_id_equal(row.text, find->id);
        op_turn_walk_end(&walk);
    }
    if (!found) {
        op_turn_refuse(turn, OP_ERROR_NOT_FOUND, NULL);
        return;
    }
    op_queued_view_t view = {row.sent,       row.in_air,  row.tries,
                             row.not_before, row.expires, row.error};
    op_turn_reply(turn, &op_queued_view_type, &view);
}
