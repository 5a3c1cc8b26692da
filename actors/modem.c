/*  The frame of the modem actor: finds the line, or the probe, that an event is about, looks at all
    of them when time passes, and wishes for the earliest of their times. What a line does is in
    modem_line.c and modem_setup.c, its texts in modem_send.c and modem_receive.c, which
    device has whose SIM in modem_device.c.

    Lines share a core because they share devices: which tty is whose line can only be decided over
    all of them. To the port they are numbers: those below `count` are lines, those behind are
    probes.

    Much is in memory only, the AT engines, phases and deadlines: it is what a modem is in the
    middle of, and a line that is opened begins it afresh. What must outlive that is a row
    (modem_private.h has the keys): the queue, the part in the air, the parts of texts that have
    come, the try of a PIN. */

#include "actors/cursor.h"
#include "actors/modem_private.h"

#include "base/instant.h"

#include <stdlib.h>
#include <string.h>

static op_line_t *s_line_at(op_modem_t *self, uint64_t number)
{
    return number < self->count ? &self->lines[number] : NULL;
}

/*  ---- Start ---- */

/*  Lines that were configured at the last run and are not now are gone. */
static void s_retire_lines(op_modem_t *self, op_turn_t *turn)
{
    op_key_t low = op_key('L'), high = op_key_end(&low), gone[OP_LINES_MAX];
    op_line_row_t row;
    op_str_t key, number;
    size_t count = 0;
    op_walk_t *walk = op_turn_walk(turn, &low, &high, false);
    while (count < OP_LINES_MAX && op_turn_walk_next(walk, &op_line_row_type, &key, &row)) {
        key = op_str_of(key.at + 1, key.size - 1);
        bool configured = !op_key_take_text(&key, &number);
        for (size_t i = 0; i < self->count; i++)
            configured |= op_str_is(number, self->lines[i].number);
        if (!configured)
            gone[count++] = op_key_of_text('L', number);
    }
    op_turn_walk_end(&walk);
    for (size_t i = 0; i < count; i++) {
        number = op_str_of(gone[i].bytes + 1, gone[i].size - 2);
        op_line_state_t state = {.line = number, .gone = true};
        op_turn_tell(turn, "ledger", &op_line_state_type, &state);
        op_turn_delete(turn, &gone[i]);
        op_key_t bound = op_key_of_text('B', number);
        op_turn_delete(turn, &bound); /* its SIM may become another number's */
        op_send_abandon(number, turn);
    }
}

static void s_on_start(op_modem_t *self, const op_event_t *event, op_turn_t *turn)
{
    const op_modem_setup_t *setup = OP_BODY(event, modem_setup);
    self->send_timeout_ms = setup->send_timeout_ms;
    self->sweep_ms = setup->sweep_ms;
    self->check_ms = setup->check_ms;
    self->resend_unknown = setup->resend_unknown;
    self->reports = setup->reports;
    self->doubt_ms = (int64_t)setup->doubt_ms;
    self->wide_references = setup->wide_references;
    self->secret = op_cursor_secret(turn);
    self->housekeeping_at = event->now + OP_HOUSEKEEPING_MS;
    self->count = setup->lines.count;
    self->lines = op_alloc(self->count * sizeof *self->lines);
    for (size_t i = 0; i < self->count; i++) {
        op_line_t *line = &self->lines[i];
        const op_line_setup_t *from = &setup->lines.at[i];
        memset(line, 0, sizeof *line);
        line->index = i;
        OP_ASSERT(op_str_copy(from->device, line->home, sizeof line->home));
        OP_ASSERT(op_str_copy(from->imei, line->want_imei, sizeof line->want_imei));
        OP_ASSERT(op_str_copy(from->iccid, line->want_iccid, sizeof line->want_iccid));
        OP_ASSERT(op_str_copy(from->pin, line->pin, sizeof line->pin));
        memcpy(line->device, line->home, sizeof line->device);
        OP_ASSERT(op_str_copy(from->number, line->number, sizeof line->number));
        line->shared = from->shared;
        line->trust_stamps = setup->trust_stamps;
        line->reopen_ms = OP_REOPEN_MIN_MS;
        line->reference = op_random_below(op_turn_random(turn), 65536);
        line->since = event->now;
        op_at_init(&line->at);
        op_device_load(line, turn);
        op_line_tell_state(line, turn, false);
        op_send_begin(self, line, event, turn);
        op_line_count_none(line, turn);
        op_setup_begin(line);
        if (*line->device)
            op_line_open(line, turn);
    }
    op_device_start(self, setup->devices, turn);
    s_retire_lines(self, turn);
}

/*  ---- Events ---- */

/*  Which line of the port's a note is about: a line's, or behind them a probe's. */
static uint64_t s_place_of(const op_event_t *event)
{
    return OP_IS(event, serial_opened)   ? OP_BODY(event, serial_opened)->line
           : OP_IS(event, serial_closed) ? OP_BODY(event, serial_closed)->line
           : OP_IS(event, serial_bytes)  ? OP_BODY(event, serial_bytes)->line
                                         : UINT64_MAX;
}

static void s_on_note(op_modem_t *self, const op_event_t *event, op_turn_t *turn)
{
    uint64_t place = s_place_of(event);
    op_line_t *line = s_line_at(self, place);
    if (!line && place != UINT64_MAX)
        op_probe_note(self, event, turn, place - self->count);
    else if (!line)
        op_device_note(self, event, turn);
    else if (OP_IS(event, serial_opened)) {
        if (line->phase == OP_LINE_OPENING)
            op_line_opened(self, line, event, turn);
    } else if (OP_IS(event, serial_closed)) {
        char reason[OP_SENTENCE_MAX + 1];
        op_str_copy(OP_BODY(event, serial_closed)->reason, reason, sizeof reason);
        if (line->phase != OP_LINE_CLOSED)
            op_line_fail(self, line, event, turn, reason);
    } else if (line->phase == OP_LINE_SETUP || line->phase == OP_LINE_READY) {
        op_at_feed(&line->at, OP_BODY(event, serial_bytes)->bytes);
        op_line_pump(self, line, event, turn);
    }
}

static void s_on_tell(op_modem_t *self, const op_event_t *event, op_turn_t *turn)
{
    if (OP_IS(event, text_send))
        op_send_queue(self, event, turn);
    else if (OP_IS(event, text_cancel))
        op_send_cancel(self, event, turn);
    else if (OP_IS(event, lines_ask))
        for (size_t i = 0; i < self->count; i++)
            op_line_say_state(&self->lines[i], turn, op_line_can_send(&self->lines[i]));
}

static void s_on_request(op_modem_t *self, const op_event_t *event, op_turn_t *turn)
{
    if (event->step == OP_STEP_MODEM_QUEUED)
        op_modem_on_queued(event, turn);
    else if (event->step == OP_STEP_MODEM_QUARANTINE)
        op_quarantine_list(self, event, turn);
    else if (event->step == OP_STEP_MODEM_LINES)
        op_health_answer(self, turn);
    else
        op_turn_refuse(turn, OP_ERROR_INTERNAL, NULL);
}

static void s_on_timer(op_modem_t *self, const op_event_t *event, op_turn_t *turn)
{
    bool housekeeping = event->now >= self->housekeeping_at ||
                        event->now < self->housekeeping_at - OP_HOUSEKEEPING_MS;
    for (size_t i = 0; i < self->count; i++) {
        op_line_t *line = &self->lines[i];
        if (housekeeping) {
            op_send_expire(self, line, event, turn);
            op_parts_expire(line, event, turn);
        }
        if (line->phase == OP_LINE_CLOSED && *line->device && line->reopen_at <= event->now)
            op_line_open(line, turn);
        else
            op_line_pump(self, line, event, turn);
    }
    if (op_device_is_wanted(self))
        op_device_match(self, event, turn);
    if (housekeeping) {
        op_sweep_slice(&self->seen, &event->now, turn);
        op_sweep_slice(&self->quarantine, &event->now, turn);
        op_sweep_slice(&self->reported, &event->now, turn);
        op_sweep_slice(&self->early, &event->now, turn);
        self->housekeeping_at = event->now + OP_HOUSEKEEPING_MS;
    }
}

static void s_wake(op_modem_t *self, op_turn_t *turn)
{
    int64_t wake = self->housekeeping_at;
    for (size_t i = 0; i < self->count; i++) {
        int64_t at = op_line_wake_at(&self->lines[i]);
        if (at && at < wake)
            wake = at;
    }
    int64_t probe = op_probe_wake_at(self);
    if (probe && probe < wake)
        wake = probe;
    op_turn_wake_at(turn, wake);
    self->wake = wake;
}

/*  ---- The class ---- */

static void *s_create(void)
{
    op_modem_t *self = op_alloc(sizeof *self);
    *self =
        (op_modem_t){.seen = op_sweep('I', &op_seen_row_type, op_seen_is_dead),
                     .quarantine = op_sweep('X', &op_quarantine_row_type, op_quarantine_is_dead),
                     .reported = op_sweep('R', &op_report_row_type, op_report_is_dead),
                     .early = op_sweep('E', &op_early_row_type, op_early_is_dead)};
    return self;
}

static void s_destroy(void **self_p)
{
    op_modem_t *self = *self_p;
    if (!self)
        return;
    for (size_t i = 0; i < self->count; i++)
        op_at_free(&self->lines[i].at);
    for (size_t i = 0; i < self->probe_count; i++)
        op_at_free(&self->probes[i].at);
    free(self->probes);
    free(self->devices);
    free(self->lines);
    free(self);
    *self_p = NULL;
}

static bool s_busy(const void *core)
{
    const op_modem_t *self = core;
    for (size_t i = 0; i < self->count; i++)
        if (self->lines[i].flying)
            return true;
    return false;
}

/*  Deadlines and pauses are instants. When the clock is set back they would be far away, and a line
    whose modem has fallen silent would wait for as long as the clock has jumped. When it is set
    ahead, or the machine has slept, nobody has looked when the time had come: what the modem has
    said is still to be read, so the command in flight keeps the time that it had left. */
static void s_follow_clock(op_modem_t *self, int64_t now)
{
    int64_t due =
        self->wake > self->now ? self->wake : self->now; /* what was due already came now */
    int64_t by = now - self->now, late = self->wake ? now - due : 0;
    for (size_t i = 0; late > OP_SECOND_MS && i < self->count; i++)
        op_at_shift(&self->lines[i].at, late);
    for (size_t i = 0; by < -OP_SECOND_MS && i < self->count; i++) {
        op_line_t *line = &self->lines[i];
        int64_t *instants[] = {&line->reopen_at,   &line->not_before,   &line->sweep_at,
                               &line->idle_until,  &line->wait_until,   &line->check_at,
                               &line->doubt_until, &line->barred_until, &line->restarted_until};
        op_at_shift(&line->at, by);
        line->paused_until = 0;
        for (size_t k = 0; k < OP_COUNT(instants); k++)
            if (*instants[k])
                *instants[k] += by;
        for (size_t k = 0; k < OP_STUCK_MAX; k++)
            line->stuck[k].slot.found += by;
    }
    for (size_t i = 0; by < -OP_SECOND_MS && i < self->probe_count; i++)
        op_at_shift(&self->probes[i].at, by);
    self->now = now;
}

static void s_step(void *core, const op_event_t *event, op_turn_t *turn)
{
    op_modem_t *self = core;
    s_follow_clock(self, event->now);
    switch (event->kind) {
    case OP_EVENT_START:
        s_on_start(self, event, turn);
        break;
    case OP_EVENT_NOTE:
        s_on_note(self, event, turn);
        break;
    case OP_EVENT_TELL:
        s_on_tell(self, event, turn);
        break;
    case OP_EVENT_TIMER:
        s_on_timer(self, event, turn);
        break;
    case OP_EVENT_DRAIN:
        self->draining = true;
        break;
    case OP_EVENT_REQUEST:
        s_on_request(self, event, turn);
        break;
    }
    op_probe_pump(self, event, turn);
    s_wake(self, turn);
}

const op_core_class_t op_modem_class = {"modem", s_create, s_destroy, s_step, s_busy, true};
