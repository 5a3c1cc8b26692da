/*  ledger_admin.c - the operator's calls: the pool, texts that are nobody's, a message of
    anybody */

#include "actors/ledger_private.h"

#include <string.h>

enum { FIND_SCOPES = 1000 /* of one call */ };

/*  ---- The pool ---- */

static op_pool_number_t s_view(op_turn_t *turn, op_id_t id, const op_number_row_t *row)
{
    op_key_t queue = op_key_of_id('q', id);
    return (op_pool_number_t){.id = id,
                              .e164 = row->e164,
                              .modem = row->modem,
                              .up = row->up,
                              .shared = row->shared,
                              .retired = row->retired,
                              .account = row->account,
                              .leased_at = row->leased,
                              .waiting = op_ledger_count(turn, &queue)};
}

void op_ledger_on_pool(op_ledger_t *self, const op_event_t *event, op_turn_t *turn)
{
    (void)self;
    (void)event;
    op_pool_number_t *views = op_turn_alloc(turn, OP_LIST_MAX * sizeof *views);
    op_pool_view_t answer = {{views, 0}};
    op_id_t id;
    op_number_row_t row;
    op_walk_t *walk = op_ledger_walk_pool(turn);
    while (answer.numbers.count < OP_LIST_MAX && op_ledger_next_number(walk, &id, &row))
        views[answer.numbers.count++] = s_view(turn, id, &row);
    op_turn_walk_end(&walk);
    op_turn_reply(turn, &op_pool_view_type, &answer);
}

static bool s_named(op_turn_t *turn, op_str_t name, op_id_t *id, op_number_row_t *row)
{
    if (op_str_starts(name, "+"))
        return op_ledger_number_at(turn, name, id, row);
    return op_id_parse(name, id) && op_ledger_number(turn, *id, row);
}

/*  A leased number is its lessee's until it is moved or retired. */
static bool s_wish(op_number_row_t *row, op_number_wish_t wish)
{
    if (op_ledger_leased(row) || row->retired)
        return false;
    row->wish = wish;
    row->shared = op_ledger_is_shared(row);
    return true;
}

static bool s_retire(op_turn_t *turn, op_id_t id, op_number_row_t *row)
{
    if (op_ledger_leased(row))
        op_ledger_end_lease(turn, id, row);
    row->retired = true;
    row->shared = false;
    return true;
}

static bool s_add(op_number_row_t *row)
{
    row->retired = false;
    if (!op_ledger_leased(row))
        row->shared = op_ledger_is_shared(row);
    return true;
}

static bool s_move(const op_event_t *event, op_turn_t *turn, op_id_t id, op_number_row_t *row)
{
    op_id_t account = OP_BODY(event, number_change)->account;
    if (row->shared || row->retired || op_id_is_none(account) || op_erase_has(turn, account))
        return false;
    if (op_ledger_leased(row) && op_id_equal(row->account, account))
        return true;
    if (op_ledger_leased(row))
        op_ledger_end_lease(turn, id, row);
    op_ledger_begin_lease(turn, row, account, event->now);
    return true;
}

/*  Its new actor is asked how the line is; until it has said so, the line is down. */
static bool s_assign(const op_event_t *event, op_turn_t *turn, op_number_row_t *row)
{
    op_str_t modem = OP_BODY(event, number_change)->modem;
    op_ledger_ask_lines(turn, modem);
    row->up = row->up && op_str_equal(row->modem, modem);
    row->modem = modem;
    return true;
}

static bool s_change(const op_event_t *event, op_turn_t *turn, op_id_t id, op_number_row_t *row)
{
    op_number_wish_t wish = (op_number_wish_t)OP_BODY(event, number_change)->change;
    switch (wish) {
    case OP_NUMBER_ASSIGN:
        return s_assign(event, turn, row);
    case OP_NUMBER_SHARE:
    case OP_NUMBER_UNSHARE:
        return s_wish(row, wish);
    case OP_NUMBER_RETIRE:
        return s_retire(turn, id, row);
    case OP_NUMBER_ADD:
        return s_add(row);
    case OP_NUMBER_MOVE:
        return s_move(event, turn, id, row);
    }
    return false;
}

void op_ledger_on_change(op_ledger_t *self, const op_event_t *event, op_turn_t *turn)
{
    const op_number_change_t *change = OP_BODY(event, number_change);
    bool assign = change->change == OP_NUMBER_ASSIGN;
    op_id_t id;
    op_number_row_t row;
    if (assign && !op_str_in(change->modem, self->setup.modems)) {
        op_turn_refuse_with(turn, OP_ERROR_NOT_FOUND, "modem", "There is no such modem actor.", 0);
        return;
    }
    if (assign && op_phone_valid(change->number) &&
        !op_ledger_number_at(turn, change->number, &id, &row)) {
        row = (op_number_row_t){.e164 = change->number, .gone = true}; /* no modem has it yet */
        id = op_ledger_join(turn, row.e164);
    } else if (!s_named(turn, change->number, &id, &row)) {
        op_turn_refuse(turn, OP_ERROR_NOT_FOUND, "number");
        return;
    }
    if (!s_change(event, turn, id, &row)) {
        op_turn_refuse_with(
            turn, OP_ERROR_NUMBER_UNAVAILABLE, NULL,
            "The number's state does not allow this: it is shared, leased or retired.", 0);
        return;
    }
    op_ledger_put_number(turn, id, &row);
    op_pool_number_t view = s_view(turn, id, &row);
    op_turn_reply(turn, &op_pool_number_type, &view);
}

/*  ---- Inbound texts that are nobody's ---- */

void op_ledger_on_unclaimed(op_ledger_t *self, const op_event_t *event, op_turn_t *turn)
{
    (void)self;
    op_id_t after = OP_BODY(event, page_find)->after, id;
    op_key_t low = op_key('u'), high = op_key_end(&low);
    if (!op_id_is_none(after)) {
        low = op_key_of_id('u', after);
        low = op_key_end(&low);
    }
    op_unclaimed_view_t *views = op_turn_alloc(turn, OP_PAGE_MAX * sizeof *views);
    op_unclaimed_page_t page = {.texts = {views, 0}};
    op_unclaimed_row_t row;
    op_str_t key;
    size_t bytes = 0; /* a page of very long texts ends early, so that it fits a frame */
    op_walk_t *walk = op_turn_walk(turn, &low, &high, false);
    bool more;
    while ((more = op_turn_walk_next(walk, &op_unclaimed_row_type, &key, &row)) &&
           page.texts.count < OP_PAGE_MAX && (bytes += row.body.size) < OP_FRAME_MAX / 2) {
        key = op_str_of(key.at + 1, key.size - 1);
        if (op_key_take_id(&key, &id))
            views[page.texts.count++] =
                (op_unclaimed_view_t){id, row.line, row.peer, row.received, row.body};
    }
    op_turn_walk_end(&walk);
    if (more && page.texts.count)
        page.next = views[page.texts.count - 1].id;
    op_turn_reply(turn, &op_unclaimed_page_type, &page);
}

void op_ledger_on_unclaimed_delete(op_ledger_t *self, const op_event_t *event, op_turn_t *turn)
{
    (void)self;
    op_id_t id;
    op_unclaimed_row_t row;
    op_key_t key = op_key('u');
    bool found = op_id_parse(OP_BODY(event, by_id)->id, &id);
    if (found) {
        op_key_id(&key, id);
        found = op_turn_get(turn, &key, &op_unclaimed_row_type, &row);
    }
    if (!found) {
        op_turn_refuse(turn, OP_ERROR_NOT_FOUND, NULL);
        return;
    }
    op_turn_delete(turn, &key);
    op_turn_reply(turn, &op_nothing_type, &(op_nothing_t){0});
}

/*  ---- A message, whosever it is ---- */

/*  The first scope at or behind `low` that holds a message; false at the end. */
static bool s_scope(op_turn_t *turn, const op_key_t *low, op_id_t *scope)
{
    op_key_t all = op_key('m'), high = op_key_end(&all);
    op_text_row_t row;
    op_str_t key;
    op_walk_t *walk = op_turn_walk(turn, low, &high, false);
    bool found = op_turn_walk_next(walk, &op_text_row_type, &key, &row);
    op_turn_walk_end(&walk);
    if (!found)
        return false;
    key = op_str_of(key.at + 1, key.size - 1);
    return op_key_take_id(&key, scope);
}

static bool s_reply_found(op_turn_t *turn, op_id_t scope, op_id_t id)
{
    static const char directions[] = {'o', 'i'};
    op_text_row_t row;
    op_number_row_t number;
    for (size_t i = 0; i < sizeof directions; i++) {
        op_key_t key = op_ledger_text_key(scope, directions[i], id);
        if (!op_turn_get(turn, &key, &op_text_row_type, &row) ||
            !op_ledger_number(turn, row.number, &number))
            continue;
        op_text_found_t found = {op_ledger_view(turn, id, directions[i], number.e164, &row),
                                 row.account, row.number, scope, number.modem};
        op_turn_reply(turn, &op_text_found_type, &found);
        return true;
    }
    return false;
}

/*  Messages lie under their scopes; there are far fewer of those than of messages, and in each the
    id is looked up. */
void op_ledger_on_find(op_ledger_t *self, const op_event_t *event, op_turn_t *turn)
{
    (void)self;
    const op_text_find_t *find = OP_BODY(event, text_find);
    op_key_t low = op_key('m');
    op_id_t scope = find->after;
    if (!op_id_is_none(scope)) {
        op_key_id(&low, scope);
        low = op_key_end(&low);
    }
    for (size_t i = 0; i < FIND_SCOPES; i++) {
        if (!s_scope(turn, &low, &scope)) {
            op_turn_refuse(turn, OP_ERROR_NOT_FOUND, NULL);
            return;
        }
        if (s_reply_found(turn, scope, find->id))
            return;
        low = op_key_of_id('m', scope);
        low = op_key_end(&low);
    }
    op_turn_reply(turn, &op_search_on_type, &(op_search_on_t){scope});
}
