/*  ledger_erase.c - an erased account's leases, texts and counts

    No list of an account's messages is kept: they lie under leases, old ones too. So erasing is a
    walk through all messages, for which nobody waits. */

#include "actors/ledger_private.h"
#include "base/plant.h"

#include <string.h>

static void s_cancel(op_turn_t *turn, op_id_t account, op_id_t number, const op_number_row_t *row)
{
    char modem[OP_ACTOR_NAME_MAX + 1];
    op_text_cancel_t cancel = {row->e164, op_ledger_scope(account, number, (op_id_t){{0}})};
    op_str_copy(row->modem, modem, sizeof modem);
    op_turn_tell(turn, modem, &op_text_cancel_type, &cancel);
}

static void s_leave_numbers(op_turn_t *turn, op_id_t account)
{
    op_id_t *ids = op_turn_alloc(turn, OP_LIST_MAX * sizeof *ids);
    size_t count = 0;
    op_number_row_t row;
    op_walk_t *walk = op_ledger_walk_pool(turn);
    while (count < OP_LIST_MAX && op_ledger_next_number(walk, &ids[count], &row))
        count++;
    op_turn_walk_end(&walk);
    for (size_t i = 0; i < count; i++) {
        if (!op_ledger_number(turn, ids[i], &row))
            continue;
        if (op_ledger_leased(&row) && op_id_equal(row.account, account)) {
            op_ledger_end_lease(turn, ids[i], &row);
            op_ledger_put_number(turn, ids[i], &row);
        }
        s_cancel(turn, account, ids[i], &row); /* it is shared, or was when a text was taken */
    }
}

/*  Whose rows go, and the numbers of the texts among them that still counted as waiting. */
typedef struct {
    op_turn_t *turn;
    op_id_t account;
    op_id_t waiting[OP_SWEEP_ROWS];
    size_t waiting_count;
} going_t;

static bool s_stands_at(const void *arg, op_str_t key, size_t from_end)
{
    const going_t *self = *(going_t *const *)arg;
    return key.size > from_end &&
           memcmp(key.at + key.size - from_end, &self->account, sizeof self->account) == 0;
}

static bool s_day_goes(const void *arg, op_str_t key, const void *row)
{
    (void)row;
    return s_stands_at(arg, key, 2 * sizeof(op_id_t)); /* day, account, number */
}

static bool s_peer_goes(const void *arg, op_str_t key, const void *row)
{
    (void)row;
    return s_stands_at(arg, key, sizeof(op_id_t)); /* number, peer, account */
}

static bool s_text_goes(const void *arg, op_str_t key, const void *row)
{
    (void)key;
    going_t *self = *(going_t *const *)arg;
    const op_text_row_t *text = row;
    op_id_t id;
    op_number_row_t inside;
    if (!op_id_equal(text->account, self->account) || OP_PLANTED(ERASED_TEXTS))
        return false;
    bool open = text->state == OP_TEXT_QUEUED || text->state == OP_TEXT_SENDING;
    if (open && !op_ledger_number_at(self->turn, text->peer, &id, &inside))
        self->waiting[self->waiting_count++] = text->number;
    return true;
}

void op_ledger_on_erased(const op_event_t *event, op_turn_t *turn)
{
    op_id_t account = OP_BODY(event, account_erased)->account;
    going_t *going = op_turn_alloc(turn, sizeof *going);
    *going = (going_t){.turn = turn, .account = account};
    const op_sweep_t kinds[] = {
        op_sweep('d', &op_counter_row_type, s_day_goes),
        op_sweep('m', &op_text_row_type, s_text_goes),
        op_sweep('p', &op_counter_row_type, s_peer_goes),
        op_sweep('g', &op_partial_row_type, s_peer_goes),
    };
    if (op_erase_begins(event, turn))
        s_leave_numbers(turn, account);
    op_erase_slice(event, turn, "ledger", kinds, OP_COUNT(kinds), &going);
    for (size_t i = 0; i < going->waiting_count; i++)
        op_ledger_count_down(turn, going->waiting[i]);
}
