/*  ledger_number.c - the pool: which numbers there are, and whose they are */

#include "actors/ledger_private.h"

#include "base/plant.h"

#include <string.h>

bool op_ledger_number(op_turn_t *turn, op_id_t id, op_number_row_t *row)
{
    op_key_t key = op_key_of_id('n', id);
    return op_turn_get(turn, &key, &op_number_row_type, row);
}

bool op_ledger_number_at(op_turn_t *turn, op_str_t e164, op_id_t *id, op_number_row_t *row)
{
    op_key_t key = op_key_of_text('e', e164);
    op_number_id_row_t found;
    if (!op_turn_get(turn, &key, &op_number_id_row_type, &found))
        return false;
    *id = found.number;
    return op_ledger_number(turn, found.number, row);
}

bool op_ledger_leased(const op_number_row_t *row)
{
    return !op_id_is_none(row->lease);
}

bool op_ledger_is_shared(const op_number_row_t *row)
{
    return !row->retired && (row->wish ? row->wish == OP_NUMBER_SHARE : row->configured);
}

bool op_ledger_own_number(const op_event_t *event, op_turn_t *turn, op_number_row_t *row)
{
    const op_context_t *context = event->context;
    if (op_ledger_number(turn, context->number, row) && op_id_equal(row->lease, context->lease) &&
        !op_erase_has(turn, context->account) &&
        (op_ledger_leased(row) ? op_id_equal(row->account, context->account) : row->shared))
        return true;
    op_turn_refuse(turn, OP_ERROR_UNAUTHENTICATED, NULL);
    return false;
}

static op_number_view_t s_view(const op_ledger_t *self, op_id_t id, const op_number_row_t *row)
{
    return (op_number_view_t){id, row->e164, self->setup.region, row->shared, row->leased};
}

bool op_ledger_next_number(op_walk_t *walk, op_id_t *id, op_number_row_t *row)
{
    op_str_t key;
    if (!op_turn_walk_next(walk, &op_number_row_type, &key, row))
        return false;
    key = op_str_of(key.at + 1, key.size - 1);
    return op_key_take_id(&key, id);
}

op_walk_t *op_ledger_walk_pool(op_turn_t *turn)
{
    op_key_t low = op_key('n'), high = op_key_end(&low);
    return op_turn_walk(turn, &low, &high, false);
}

static bool s_is_available(const op_number_row_t *row, op_id_t account)
{
    (void)account;
    return !op_ledger_leased(row) && !row->retired && !row->gone;
}

static bool s_is_mine(const op_number_row_t *row, op_id_t account)
{
    return op_ledger_leased(row) && op_id_equal(row->account, account);
}

static void s_list(op_ledger_t *self, const op_event_t *event, op_turn_t *turn,
                   bool (*wanted)(const op_number_row_t *, op_id_t))
{
    op_number_view_t *views = op_turn_alloc(turn, OP_LIST_MAX * sizeof *views);
    op_numbers_view_t answer = {{views, 0}};
    op_id_t id;
    op_number_row_t row;
    op_walk_t *walk = op_ledger_walk_pool(turn);
    while (answer.numbers.count < OP_LIST_MAX && op_ledger_next_number(walk, &id, &row))
        if (wanted(&row, event->context->account))
            views[answer.numbers.count++] = s_view(self, id, &row);
    op_turn_walk_end(&walk);
    op_turn_reply(turn, &op_numbers_view_type, &answer);
}

void op_ledger_on_available(op_ledger_t *self, const op_event_t *event, op_turn_t *turn)
{
    s_list(self, event, turn, s_is_available);
}

void op_ledger_on_mine(op_ledger_t *self, const op_event_t *event, op_turn_t *turn)
{
    s_list(self, event, turn, s_is_mine);
}

void op_ledger_put_number(op_turn_t *turn, op_id_t id, const op_number_row_t *row)
{
    op_key_t key = op_key_of_id('n', id);
    op_turn_put(turn, &key, &op_number_row_type, row);
}

op_id_t op_ledger_join(op_turn_t *turn, op_str_t e164)
{
    char masked[OP_PHONE_MAX + 1];
    op_number_id_row_t number = {op_turn_new_id(turn)};
    op_key_t key = op_key_of_text('e', e164);
    op_turn_put(turn, &key, &op_number_id_row_type, &number);
    op_turn_log(turn, "number=%s joined the pool", op_phone_mask(e164, masked));
    return number.number;
}

static void s_reply_view(op_ledger_t *self, op_turn_t *turn, op_id_t id, const op_number_row_t *row)
{
    op_number_view_t view = s_view(self, id, row);
    op_turn_reply(turn, &op_number_view_type, &view);
}

void op_ledger_begin_lease(op_turn_t *turn, op_number_row_t *row, op_id_t account, int64_t now)
{
    row->account = account;
    row->lease = op_turn_new_id(turn);
    row->leased = now;
}

void op_ledger_end_lease(op_turn_t *turn, op_id_t id, op_number_row_t *row)
{
    op_lease_ended_t ended = {row->account, id, row->lease};
    op_turn_tell(turn, "auth", &op_lease_ended_type, &ended);
    op_turn_tell(turn, "webhook", &op_lease_ended_type, &ended);
    op_text_cancel_t cancel = {row->e164, row->lease};
    char modem[OP_ACTOR_NAME_MAX + 1];
    op_str_copy(row->modem, modem, sizeof modem);
    op_turn_tell(turn, modem, &op_text_cancel_type, &cancel);
    row->account = row->lease = (op_id_t){{0}};
    row->leased = 0;
}

void op_ledger_on_lease(op_ledger_t *self, const op_event_t *event, op_turn_t *turn)
{
    op_id_t id, account = event->context->account;
    op_number_row_t row;
    if (!op_id_parse(OP_BODY(event, by_id)->id, &id) || !op_ledger_number(turn, id, &row)) {
        op_turn_refuse(turn, OP_ERROR_NOT_FOUND, NULL);
        return;
    }
    bool another = op_ledger_leased(&row) && !s_is_mine(&row, account) && !OP_PLANTED(LEASE_SHARED);
    bool retired = row.retired && !OP_PLANTED(RETIRED_LEASED);
    bool gone = row.gone && !op_ledger_leased(&row);
    if (row.shared || retired || gone || another) {
        op_turn_refuse(turn, OP_ERROR_NUMBER_UNAVAILABLE, NULL);
        return;
    }
    if (op_erase_has(turn, account)) {
        op_turn_refuse(turn, OP_ERROR_UNAUTHENTICATED, NULL);
        return;
    }
    if (!op_ledger_leased(&row)) {
        op_ledger_begin_lease(turn, &row, account, event->now);
        op_ledger_put_number(turn, id, &row);
    }
    s_reply_view(self, turn, id, &row);
}

void op_ledger_on_release(op_ledger_t *self, const op_event_t *event, op_turn_t *turn)
{
    op_id_t id, account = event->context->account;
    op_number_row_t row;
    if (!op_id_parse(OP_BODY(event, by_id)->id, &id) || !op_ledger_number(turn, id, &row) ||
        !s_is_mine(&row, account)) {
        op_turn_refuse(turn, OP_ERROR_NOT_FOUND, NULL);
        return;
    }
    op_ledger_end_lease(turn, id, &row);
    op_ledger_put_number(turn, id, &row);
    s_reply_view(self, turn, id, &row);
}

void op_ledger_on_entitled(op_ledger_t *self, const op_event_t *event, op_turn_t *turn)
{
    (void)self;
    op_context_t *context = event->context;
    op_id_t id = {0}; /* of any other message: none, which is no number */
    if (OP_IS(event, webhook_create))
        id = OP_BODY(event, webhook_create)->number_id;
    else if (OP_IS(event, key_create))
        id = OP_BODY(event, key_create)->number_id;
    op_number_row_t row;
    if (!op_ledger_number(turn, id, &row) || !(row.shared || s_is_mine(&row, context->account))) {
        op_turn_refuse(turn, OP_ERROR_NOT_FOUND, "number_id");
        return;
    }
    if (row.gone && OP_IS(event, key_create)) {
        op_turn_refuse(turn, OP_ERROR_NUMBER_UNAVAILABLE, "number_id");
        return;
    }
    context->number = id;
    context->lease = row.lease;
    op_turn_forward(turn);
}

void op_ledger_on_number(op_ledger_t *self, const op_event_t *event, op_turn_t *turn)
{
    op_number_row_t row;
    if (!op_ledger_own_number(event, turn, &row))
        return;
    op_line_view_t view = {event->context->number, row.e164, self->setup.region,
                           op_ledger_leased(&row) ? OP_STR("paid") : OP_STR("free")};
    op_turn_reply(turn, &op_line_view_type, &view);
}

void op_ledger_on_shared(op_ledger_t *self, const op_event_t *event, op_turn_t *turn)
{
    (void)event;
    op_line_view_t view = {.region = self->setup.region, .tier = OP_STR("free")};
    op_number_row_t row;
    op_walk_t *walk = op_ledger_walk_pool(turn);
    bool found = false;
    while (!found && op_ledger_next_number(walk, &view.id, &row))
        found = row.shared && !row.retired && !row.gone;
    op_turn_walk_end(&walk);
    view.e164 = row.e164;
    if (found)
        op_turn_reply(turn, &op_line_view_type, &view);
    else
        op_turn_refuse(turn, OP_ERROR_NOT_FOUND, NULL);
}
