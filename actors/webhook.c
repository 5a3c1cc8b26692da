#include "actors/webhook_private.h"

#include "actors/cursor.h"
#include "actors/erase.h"
#include "base/instant.h"
#include "base/plant.h"

#include <stdlib.h>

/*  How long deliveries are kept, and the webhooks of ended leases. */
static const int64_t s_keep_ms = 30 * OP_DAY_MS;

/*  Of rows whose key ends in a delivery's id: ids tell when they were made. */
static bool s_is_old(const void *arg, op_str_t key, const void *row)
{
    (void)row;
    op_id_t id;
    key = op_str_of(key.at + key.size - sizeof id, sizeof id);
    return op_key_take_id(&key, &id) && op_id_ms(id) + s_keep_ms < *(const int64_t *)arg;
}

static bool s_has_ended(const void *arg, op_str_t key, const void *row)
{
    (void)key;
    int64_t ended = ((const op_webhook_row_t *)row)->ended;
    return ended && ended + s_keep_ms < *(const int64_t *)arg;
}

static bool s_id_has_ended(const void *arg, op_str_t key, const void *row)
{
    (void)key;
    int64_t ended = ((const op_webhook_id_row_t *)row)->ended;
    return ended && ended + s_keep_ms < *(const int64_t *)arg;
}

static void s_sweep(op_webhook_t *self, const op_event_t *event, op_turn_t *turn)
{
    bool whole = true;
    for (size_t i = 0; i < OP_WEBHOOK_SWEEPS; i++)
        whole &= op_sweep_slice(&self->sweeps[i], &event->now, turn);
    self->sweep_at = event->now + (whole ? OP_HOUR_MS : OP_SECOND_MS);
}

static void s_on_timer(op_webhook_t *self, const op_event_t *event, op_turn_t *turn)
{
    op_webhook_work(self, event, turn);
    if (event->now >= self->sweep_at || event->now < self->sweep_at - OP_HOUR_MS)
        s_sweep(self, event, turn);
    op_turn_wake_at(turn, self->sweep_at);
}

static void s_on_start(op_webhook_t *self, const op_event_t *event, op_turn_t *turn)
{
    self->secret = op_cursor_secret(turn);
    op_webhook_count_none(turn);
    self->clock_is_back = true; /* perhaps, while nobody looked */
    self->sweep_at = event->now + OP_HOUR_MS;
    if (!OP_PLANTED(START_IDLE))
        self->laps = 1;
    s_on_timer(self, event, turn);
}

static op_webhook_step_fn *const s_on_step[OP_STEP_END] = {
    [OP_STEP_WEBHOOK_CREATE] = op_webhook_on_create,
    [OP_STEP_WEBHOOK_LIST] = op_webhook_on_list,
    [OP_STEP_WEBHOOK_SHOW] = op_webhook_on_show,
    [OP_STEP_WEBHOOK_UPDATE] = op_webhook_on_update,
    [OP_STEP_WEBHOOK_ROTATE] = op_webhook_on_rotate,
    [OP_STEP_WEBHOOK_TEST] = op_webhook_on_test,
    [OP_STEP_WEBHOOK_DELETE] = op_webhook_on_delete,
    [OP_STEP_WEBHOOK_DELIVERIES] = op_webhook_on_deliveries,
    [OP_STEP_WEBHOOK_REPLAY] = op_webhook_on_replay,
    [OP_STEP_WEBHOOK_FIND] = op_webhook_on_find,
};

static void *s_create(void)
{
    op_webhook_t *self = op_alloc(sizeof *self);
    *self = (op_webhook_t){.sweeps = {op_sweep('d', &op_delivery_row_type, s_is_old),
                                      op_sweep('l', &op_fate_row_type, s_is_old),
                                      op_sweep('q', &op_due_row_type, s_is_old),
                                      op_sweep('v', &op_webhook_row_type, s_has_ended),
                                      op_sweep('h', &op_webhook_id_row_type, s_id_has_ended),
                                      op_sweep('x', &op_erased_row_type, op_erase_mark_is_dead)}};
    return self;
}

static void s_destroy(void **self_p)
{
    free(*self_p);
    *self_p = NULL;
}

static void s_step(void *core, const op_event_t *event, op_turn_t *turn)
{
    op_webhook_t *self = core;
    if (event->now < self->now - OP_SECOND_MS) { /* what waits must not wait for that long more */
        self->clock_is_back = true;
        op_turn_wake_at(turn, event->now);
    }
    self->now = event->now;
    switch (event->kind) {
    case OP_EVENT_START:
        s_on_start(self, event, turn);
        op_erase_resume(turn);
        return;
    case OP_EVENT_REQUEST:
        s_on_step[event->step](self, event, turn);
        return;
    case OP_EVENT_TELL:
        if (OP_IS(event, number_event))
            op_webhook_on_event(self, event, turn);
        else if (OP_IS(event, lease_ended))
            op_webhook_on_lease_ended(self, event, turn);
        else if (OP_IS(event, account_erased))
            op_webhook_on_erased(self, event, turn);
        return;
    case OP_EVENT_NOTE:
        if (OP_IS(event, posted))
            op_webhook_on_posted(self, event, turn);
        return;
    case OP_EVENT_TIMER:
        s_on_timer(self, event, turn);
        return;
    case OP_EVENT_DRAIN:
        return;
    }
}

const op_core_class_t op_webhook_class = {"webhook", s_create, s_destroy, s_step, NULL, false};
