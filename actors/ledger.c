/*  The frame of the ledger: which function a step, a tell or the timer is for. The work is in
    ledger_*.c, a file for each thing that the ledger knows about.

    The core has nothing in memory but its configuration, the secret of its cursors and how far its
    sweeps have come: every fact is a row (ledger_private.h has the keys). So a restart forgets
    nothing, and a refused step has nothing to take back.

    Rows that end with time are swept here, a slice per turn: each hour, and each second until a
    sweep is through. A configuration that is read again comes as a note, and is taken as at the
    start. */

#include "actors/ledger_private.h"

#include "actors/cursor.h"
#include "base/instant.h"
#include "base/plant.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

op_id_t op_ledger_scope(op_id_t account, op_id_t number, op_id_t lease)
{
    if (!op_id_is_none(lease))
        return OP_PLANTED(OLD_MESSAGES) ? number : lease;
    op_id_t scope;
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, sizeof scope.bytes);
    crypto_generichash_update(&state, account.bytes, sizeof account.bytes);
    crypto_generichash_update(&state, number.bytes, sizeof number.bytes);
    crypto_generichash_final(&state, scope.bytes, sizeof scope.bytes);
    return scope;
}

static op_ledger_step_fn *const s_on_step[OP_STEP_END] = {
    [OP_STEP_LEDGER_CODE_LINE] = op_ledger_on_code_line,
    [OP_STEP_LEDGER_AVAILABLE] = op_ledger_on_available,
    [OP_STEP_LEDGER_MINE] = op_ledger_on_mine,
    [OP_STEP_LEDGER_LEASE] = op_ledger_on_lease,
    [OP_STEP_LEDGER_RELEASE] = op_ledger_on_release,
    [OP_STEP_LEDGER_ENTITLED] = op_ledger_on_entitled,
    [OP_STEP_LEDGER_NUMBER] = op_ledger_on_number,
    [OP_STEP_LEDGER_SUBMIT] = op_ledger_on_submit,
    [OP_STEP_LEDGER_MESSAGE] = op_ledger_on_message,
    [OP_STEP_LEDGER_MESSAGES] = op_ledger_on_messages,
    [OP_STEP_LEDGER_READY] = op_ledger_on_ready,
    [OP_STEP_LEDGER_SHARED] = op_ledger_on_shared,
    [OP_STEP_LEDGER_POOL] = op_ledger_on_pool,
    [OP_STEP_LEDGER_CHANGE] = op_ledger_on_change,
    [OP_STEP_LEDGER_UNCLAIMED] = op_ledger_on_unclaimed,
    [OP_STEP_LEDGER_UNCLAIMED_DELETE] = op_ledger_on_unclaimed_delete,
    [OP_STEP_LEDGER_FIND] = op_ledger_on_find,
};

static void s_on_start(op_ledger_t *self, const op_event_t *event, op_turn_t *turn)
{
    self->setup = *OP_BODY(event, ledger_setup);
    OP_ASSERT(op_str_copy(self->setup.prefixes, self->prefixes, sizeof self->prefixes));
    OP_ASSERT(op_str_copy(self->setup.region, self->region, sizeof self->region));
    OP_ASSERT(op_str_copy(self->setup.modems, self->modems, sizeof self->modems));
    OP_ASSERT(op_str_copy(self->setup.trusted, self->trusted, sizeof self->trusted));
    self->setup.prefixes = op_str(self->prefixes);
    self->setup.region = op_str(self->region);
    self->setup.modems = op_str(self->modems);
    self->setup.trusted = op_str(self->trusted);
    op_ledger_check_modems(turn, self->setup.modems);
    self->secret = op_cursor_secret(turn);
    op_turn_wake_at(turn, event->now + OP_HOUR_MS);
}

/*  The configuration was read again: whoever is trusted now may have numbers that were not taken. */
static void s_on_reload(op_ledger_t *self, const op_event_t *event, op_turn_t *turn)
{
    s_on_start(self, event, turn);
    for (op_str_t rest = self->setup.trusted; rest.size;)
        op_ledger_ask_lines(turn, op_str_next(&rest, ','));
}

static void s_on_tell(op_ledger_t *self, const op_event_t *event, op_turn_t *turn)
{
    if (OP_IS(event, text_outcome))
        op_ledger_on_outcome(event, turn);
    else if (OP_IS(event, text_reported))
        op_ledger_on_reported(event, turn);
    else if (OP_IS(event, text_received))
        op_ledger_on_received(self, event, turn);
    else if (OP_IS(event, text_send))
        op_ledger_on_handover(event, turn);
    else if (OP_IS(event, line_state))
        op_ledger_on_line_state(self, event, turn);
    else if (OP_IS(event, account_erased))
        op_ledger_on_erased(event, turn);
}

/*  Counts of days gone by have no use. */
static bool s_day_is_dead(const void *arg, op_str_t key, const void *row)
{
    (void)row;
    uint64_t day;
    key = op_str_of(key.at + 1, key.size - 1);
    return op_key_take_number(&key, &day) && (int64_t)day < *(const int64_t *)arg;
}

/*  What nobody was entitled to is kept for the operator, and in the end forgotten. */
static bool s_unclaimed_is_dead(const void *arg, op_str_t key, const void *row)
{
    (void)key;
    const int64_t *now = arg;
    return ((const op_unclaimed_row_t *)row)->received + 90 * OP_DAY_MS < *now;
}

/*  Longer than a part is kept (modem_parts.c). */
static bool s_partial_is_dead(const void *arg, op_str_t key, const void *row)
{
    (void)key;
    return ((const op_partial_row_t *)row)->shown + 10 * OP_DAY_MS < *(const int64_t *)arg;
}

static void s_on_timer(op_ledger_t *self, const op_event_t *event, op_turn_t *turn)
{
    int64_t yesterday = op_instant_day(event->now) - 1;
    bool whole = op_ledger_give_up(self, event, turn);
    whole &= op_sweep_slice(&self->days, &yesterday, turn);
    whole &= op_sweep_slice(&self->unclaimed, &event->now, turn);
    whole &= op_sweep_slice(&self->once, &event->now, turn);
    whole &= op_sweep_slice(&self->erased, &event->now, turn);
    whole &= op_sweep_slice(&self->partial, &event->now, turn);
    op_turn_wake_at(turn, event->now + (whole ? OP_HOUR_MS : OP_SECOND_MS));
}

static void *s_create(void)
{
    op_ledger_t *self = op_alloc(sizeof *self);
    *self = (op_ledger_t){.days = op_sweep('d', &op_counter_row_type, s_day_is_dead),
                          .unclaimed = op_sweep('u', &op_unclaimed_row_type, s_unclaimed_is_dead),
                          .partial = op_sweep('g', &op_partial_row_type, s_partial_is_dead),
                          .once = op_sweep('y', &op_once_row_type, op_ledger_idempotency_is_dead),
                          .erased = op_sweep('x', &op_erased_row_type, op_erase_mark_is_dead)};
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
        s_on_start(core, event, turn);
        op_erase_resume(turn);
        return;
    case OP_EVENT_REQUEST:
        s_on_step[event->step](core, event, turn);
        return;
    case OP_EVENT_TELL:
        s_on_tell(core, event, turn);
        return;
    case OP_EVENT_TIMER:
        s_on_timer(core, event, turn);
        return;
    case OP_EVENT_NOTE:
        if (OP_IS(event, ledger_setup))
            s_on_reload(core, event, turn);
        else if (OP_IS(event, link_state))
            op_ledger_on_link_state(core, event, turn);
        return;
    case OP_EVENT_DRAIN:
        return;
    }
}

const op_core_class_t op_ledger_class = {"ledger", s_create, s_destroy, s_step, NULL, true};
