#include "actors/erase.h"

#include "base/instant.h"
#include "store/records.h"

/*  Calls that were under way have ended long before. */
static const int64_t s_marked_ms = OP_DAY_MS;

bool op_erase_has(op_turn_t *turn, op_id_t account)
{
    op_key_t key = op_key_of_id('x', account);
    op_erased_row_t row;
    return op_turn_get(turn, &key, &op_erased_row_type, &row);
}

void op_erase_mark(const op_event_t *event, op_turn_t *turn, op_id_t account)
{
    op_key_t key = op_key_of_id('x', account);
    op_turn_put(turn, &key, &op_erased_row_type, &(op_erased_row_t){event->now});
}

bool op_erase_begins(const op_event_t *event, op_turn_t *turn)
{
    const op_account_erased_t *erased = OP_BODY(event, account_erased);
    if (erased->after.size)
        return false;
    op_erase_mark(event, turn, erased->account);
    return true;
}

void op_erase_resume(op_turn_t *turn)
{
    op_key_t low = op_key('x'), high = op_key_end(&low);
    op_str_t key;
    op_erased_row_t row;
    op_walk_t *walk = op_turn_walk(turn, &low, &high, false);
    if (op_turn_walk_next(walk, &op_erased_row_type, &key, &row))
        op_turn_compact(turn);
    op_turn_walk_end(&walk);
}

bool op_erase_mark_is_dead(const void *now, op_str_t key, const void *row)
{
    (void)key;
    return ((const op_erased_row_t *)row)->at + s_marked_ms < *(const int64_t *)now;
}

void op_erase_slice(const op_event_t *event, op_turn_t *turn, const char *self,
                    const op_sweep_t *kinds, size_t count, const void *arg)
{
    op_account_erased_t rest = *OP_BODY(event, account_erased);
    size_t kind = 0;
    while (rest.after.size && kind < count && kinds[kind].low.bytes[0] != rest.after.at[0])
        kind++;
    if (kind == count)
        return;
    op_sweep_t sweep = kinds[kind];
    op_key_hash(&sweep.next, rest.after.at, rest.after.size);
    const op_key_t *next = &sweep.next;
    if (op_sweep_slice(&sweep, arg, turn))
        next = kind + 1 < count ? &kinds[kind + 1].low : NULL;
    if (next) {
        rest.after = op_key_str(next);
        op_turn_tell(turn, self, &op_account_erased_type, &rest);
    } else {
        op_turn_compact(turn);
    }
}
