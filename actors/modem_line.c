/*  modem_line.c - the life of a line: opened, drained, set up (modem_setup.c), served, and after a
    failure all over again

    What fails is climbed as a ladder: drain the line; open the tty anew after a pause that doubles;
    every OP_RESET_EVERY failures restart the modem; after OP_FAILURES_MAX stop for OP_STOP_MS. Each
    is logged once and counted. So a line is healthy again at most OP_STOP_MS after its modem is,
    and at once when its device node comes anew. */

#include "actors/modem_private.h"

#include "base/instant.h"
#include "modem/at_line.h"

#include <stdio.h>
#include <string.h>

void op_line_count(const op_line_t *line, op_turn_t *turn, op_metric_t metric, int64_t value,
                   const char *class)
{
    char index[24];
    snprintf(index, sizeof index, "%llu", (unsigned long long)line->index);
    op_turn_count(turn, metric, value, index, class);
}

void op_line_count_none(const op_line_t *line, op_turn_t *turn)
{
    static const char *const classes[] = {"down", "restarted", "stopped"};
    op_line_count(line, turn, OP_METRIC_MODEM_SENDS, 0, NULL);
    op_line_count(line, turn, OP_METRIC_MODEM_RECEIVED, 0, NULL);
    for (size_t i = 0; i < OP_COUNT(classes); i++)
        op_line_count(line, turn, OP_METRIC_MODEM_ERRORS, 0, classes[i]);
}

void op_line_log(const op_line_t *line, op_turn_t *turn, const char *what, const char *detail)
{
    char masked[OP_PHONE_MAX + 1];
    op_turn_log(turn, "line=%s device=%s %s%s%s", op_phone_mask(op_str(line->number), masked),
                line->device, what, *detail ? ": " : "", detail);
}

void op_line_say_state(const op_line_t *line, op_turn_t *turn, bool up)
{
    op_line_state_t state = {.line = op_str(line->number), .shared = line->shared, .up = up};
    op_turn_tell(turn, "ledger", &op_line_state_type, &state);
}

void op_line_warn(const op_line_t *line, op_turn_t *turn, const char *what, const char *detail)
{
    char masked[OP_PHONE_MAX + 1];
    op_turn_warn(turn, "line=%s device=%s %s%s%s", op_phone_mask(op_str(line->number), masked),
                 line->device, what, *detail ? ": " : "", detail);
}

void op_line_trouble(op_line_t *line, op_turn_t *turn, op_trouble_t trouble)
{
    if (!(line->troubles_said & 1U << trouble))
        op_line_warn(line, turn, op_trouble_text(trouble), "");
    line->troubles_said |= 1U << trouble;
    line->troubles |= 1U << trouble;
}

bool op_line_can_send(const op_line_t *line)
{
    return line->phase == OP_LINE_READY && !line->barred_until;
}

void op_line_tell_state(op_line_t *line, op_turn_t *turn, bool up)
{
    op_key_t key = op_key_of_text('L', op_str(line->number));
    op_line_row_t told = {0}, now = {line->shared, up};
    if (op_turn_get(turn, &key, &op_line_row_type, &told) && told.up == up &&
        told.shared == line->shared)
        return;
    op_turn_put(turn, &key, &op_line_row_type, &now);
    op_line_say_state(line, turn, up);
}

void op_line_open(op_line_t *line, op_turn_t *turn)
{
    op_serial_open_t open = {line->index, op_str(line->device)};
    op_turn_note(turn, "serial", &op_serial_open_type, &open);
    line->phase = OP_LINE_OPENING;
    line->opens++;
    op_line_count(line, turn, OP_METRIC_MODEM_STATE, 0, NULL);
}

static void s_drain(op_line_t *line, const op_event_t *event)
{
    line->job = OP_JOB_DRAIN;
    line->drains++;
    op_at_drain(&line->at, event->now + OP_DRAIN_MS);
}

void op_line_opened(op_modem_t *self, op_line_t *line, const op_event_t *event, op_turn_t *turn)
{
    op_at_reset(&line->at);
    line->phase = OP_LINE_SETUP;
    line->absent = false;
    op_setup_begin(line);
    s_drain(line, event);
    op_line_pump(self, line, event, turn);
}

/*  ---- Down ---- */

/*  Out of whatever it was doing, with nothing in flight. */
static void s_leave(op_modem_t *self, op_line_t *line, const op_event_t *event, op_turn_t *turn,
                    const char *reason)
{
    op_at_action_t lost;
    op_line_count(line, turn, OP_METRIC_MODEM_STATE, 0, NULL);
    op_at_reset(&line->at);
    /* The command in flight is lost; of a submission this says whether its PDU had left. */
    while (op_at_next(&line->at, event->now, &lost))
        if (lost.kind == OP_AT_DONE && line->job == OP_JOB_SUBMIT)
            op_send_done(self, line, event, turn, &lost);
    line->job = OP_JOB_NONE;
    if (line->phase == OP_LINE_READY || !line->since)
        line->since = event->now;
    line->phase = OP_LINE_CLOSED;
    line->to_read.count = line->to_delete.count = 0;
    line->handed_count = 0; /* the next modem may have another SIM */
    if (reason != line->reason)
        snprintf(line->reason, sizeof line->reason, "%s", reason);
    op_line_tell_state(line, turn, false);
}

void op_line_fail(op_modem_t *self, op_line_t *line, const op_event_t *event, op_turn_t *turn,
                  const char *reason)
{
    bool news = line->phase == OP_LINE_READY || strcmp(reason, line->logged) != 0;
    line->absent = line->phase == OP_LINE_OPENING;
    op_line_count(line, turn, OP_METRIC_MODEM_ERRORS, 1, "down");
    if (news)
        op_line_warn(line, turn, "down", reason);
    snprintf(line->logged, sizeof line->logged, "%s", reason);
    s_leave(self, line, event, turn, reason);
    line->failures++;
    line->reset_due |= !line->absent && line->failures % OP_RESET_EVERY == 0;
    if (!line->absent && line->failures >= OP_FAILURES_MAX) {
        op_line_stop(self, line, event, turn, reason);
        return;
    }
    line->reopen_at = event->now + line->reopen_ms;
    line->reopen_ms =
        2 * line->reopen_ms < OP_REOPEN_MAX_MS ? 2 * line->reopen_ms : OP_REOPEN_MAX_MS;
}

void op_line_stop(op_modem_t *self, op_line_t *line, const op_event_t *event, op_turn_t *turn,
                  const char *reason)
{
    bool news = !line->stopped || strcmp(reason, line->logged) != 0;
    if (news) {
        op_line_warn(line, turn, "stopped for ten minutes at a time", reason);
        line->stops++;
        op_line_count(line, turn, OP_METRIC_MODEM_ERRORS, 1, "stopped");
    }
    snprintf(line->logged, sizeof line->logged, "%s", reason);
    s_leave(self, line, event, turn, reason);
    line->stopped = true;
    line->reset_due = true; /* with the next try */
    line->reopen_at = event->now + OP_STOP_MS;
}

void op_line_release(op_modem_t *self, op_line_t *line, const op_event_t *event, op_turn_t *turn,
                     const char *reason)
{
    op_serial_close_t close = {line->index};
    op_line_log(line, turn, "gives its device back", reason);
    op_turn_note(turn, "serial", &op_serial_close_type, &close);
    s_leave(self, line, event, turn, reason);
    op_device_known(self, event, op_str(line->device), line->is.imei, line->is.iccid);
    line->device[0] = 0;
    line->reopen_at = 0;
    op_device_match(self, event, turn);
}

void op_line_try_now(op_line_t *line, const op_event_t *event)
{
    bool restarted = event->now < line->restarted_until;
    line->reopen_at = event->now;
    line->restarted_until = 0;
    if (restarted) /* as it was told to */
        return;
    line->failures = 0;
    line->stopped = line->reset_due = false;
    line->reopen_ms = OP_REOPEN_MIN_MS;
}

/*  A modem at a USB port goes away, and comes anew. */
static void s_is_restarted(op_line_t *line, const op_event_t *event, op_turn_t *turn)
{
    line->reset_due = false;
    line->restarted_until = event->now + OP_REBOOT_MS;
    line->resets++;
    op_line_count(line, turn, OP_METRIC_MODEM_ERRORS, 1, "restarted");
}

void op_line_restart(op_line_t *line, const op_event_t *event, op_turn_t *turn)
{
    s_is_restarted(line, event, turn);
    op_line_log(line, turn, "the modem is restarted", line->logged);
    op_line_command(line, OP_JOB_RESET, OP_STR("AT+CFUN=1,1"), "", (op_str_t){0},
                    event->now + OP_COMMAND_MS);
}

/*  It may be gone already, or be about to: either way it is left alone until it has started. */
static void s_restarting(op_modem_t *self, op_line_t *line, const op_event_t *event,
                         op_turn_t *turn)
{
    op_serial_close_t close = {line->index};
    op_turn_note(turn, "serial", &op_serial_close_type, &close);
    s_leave(self, line, event, turn, line->reason);
    line->reopen_at = event->now + OP_BOOT_MS;
}

void op_line_not_up(op_line_t *line, const op_event_t *event, op_turn_t *turn)
{
    line->phase = OP_LINE_SETUP;
    line->since = event->now;
    op_line_count(line, turn, OP_METRIC_MODEM_STATE, 0, NULL);
    op_line_tell_state(line, turn, false);
}

int64_t op_line_wake_at(const op_line_t *line)
{
    if (line->phase == OP_LINE_CLOSED)
        return *line->device ? line->reopen_at : 0;
    if (line->phase == OP_LINE_OPENING)
        return 0;
    int64_t wake = op_at_deadline(&line->at);
    if (!op_at_busy(&line->at) && line->phase == OP_LINE_SETUP)
        wake = line->not_before;
    if (!op_at_busy(&line->at) && line->phase == OP_LINE_READY) {
        wake = line->checking ? line->not_before + (line->not_before == 0) : line->sweep_at;
        if (!line->checking && line->check_at && line->check_at < wake)
            wake = line->check_at;
        if (line->queue_empty && line->idle_until && line->idle_until < wake)
            wake = line->idle_until;
        if (line->barred_until && line->barred_until < wake)
            wake = line->barred_until;
    }
    return wake;
}

void op_line_command(op_line_t *line, op_job_t job, op_str_t command, const char *expect,
                     op_str_t payload, int64_t deadline)
{
    line->job = job;
    op_at_start(&line->at, command, op_str(expect), payload, deadline);
}

/*  ---- Up ---- */

void op_line_ready(op_modem_t *self, op_line_t *line, const op_event_t *event, op_turn_t *turn)
{
    line->phase = OP_LINE_READY;
    line->reopen_ms = OP_REOPEN_MIN_MS;
    op_receive_begin(line, event); /* finds what came in while nobody listened */
    line->sends = false;
    line->turn_at = event->now;
    line->no_burst = false;
    line->burst_at = 0;
    if (!line->silent) /* else only a text that is taken shows that it works */
        line->failures = 0;
    line->stopped = line->reset_due = false;
    line->reason[0] = line->logged[0] = 0;
    line->since = event->now;
    line->check_at = self->check_ms ? event->now + (int64_t)self->check_ms : 0;
    line->queue_empty = false;
    op_line_log(line, turn, "up", line->is.service_centre ? "" : "its SIM has no service centre");
    op_line_count(line, turn, OP_METRIC_MODEM_STATE, 1, NULL);
    op_line_tell_state(line, turn, op_line_can_send(line));
    op_device_bind(line, turn);
}

/*  The modem may still be sending, and say so: it is asked on and on, neither closed nor restarted.
    */
static void s_wait_for_answer(op_line_t *line, const op_event_t *event, op_turn_t *turn)
{
    snprintf(line->reason, sizeof line->reason, "the modem does not say what became of a text");
    if (line->phase == OP_LINE_READY) {
        op_line_warn(line, turn, "down", line->reason);
        op_line_not_up(line, event, turn);
        op_setup_begin(line);
    }
    s_drain(line, event);
}

/*  What an answer has shown: the line cannot go on. */
static bool s_fails(op_modem_t *self, op_line_t *line, const op_event_t *event, op_turn_t *turn)
{
    const char *why = line->fail_because;
    line->fail_because = NULL;
    if (why)
        op_line_fail(self, line, event, turn, why);
    return why != NULL;
}

static void s_drained(op_modem_t *self, op_line_t *line, const op_event_t *event, op_turn_t *turn,
                      const op_at_action_t *done)
{
    if (done->result != OP_AT_OK && line->doubt && event->now < line->doubt_until) {
        s_wait_for_answer(line, event, turn);
        return;
    }
    if (done->result != OP_AT_OK && line->reset_due) { /* it may still hear */
        op_serial_bytes_t reset = {line->index, OP_STR("\x1b"
                                                       "AT+CFUN=1,1\r")};
        op_line_log(line, turn, "the modem is told to restart", "it does not answer");
        op_turn_note(turn, "serial", &op_serial_bytes_type, &reset);
        s_is_restarted(line, event, turn);
    }
    if (done->result != OP_AT_OK) {
        op_line_fail(self, line, event, turn, "the modem does not answer");
        return;
    }
    op_send_settle_doubt(self, line, event, turn);
    if (s_fails(self, line, event, turn))
        return;
    if (line->reset_due && line->phase == OP_LINE_SETUP)
        op_line_restart(line, event, turn);
}

/*  ---- The pump ---- */

static void s_done(op_modem_t *self, op_line_t *line, const op_event_t *event, op_turn_t *turn,
                   const op_at_action_t *done)
{
    op_job_t job = line->job;
    line->job = OP_JOB_NONE;
    if (done->result == OP_AT_OK)
        line->is.last_ok = event->now;
    switch (job) {
    case OP_JOB_NONE:
        return;
    case OP_JOB_DRAIN:
        s_drained(self, line, event, turn, done);
        return;
    case OP_JOB_SETUP:
        op_setup_done(self, line, event, turn, done);
        if (line->phase == OP_LINE_SETUP && done->result == OP_AT_TIMEOUT)
            break;
        return;
    case OP_JOB_RESET:
        s_restarting(self, line, event, turn);
        return;
    case OP_JOB_CHECK:
        op_setup_done(self, line, event, turn, done);
        break;
    case OP_JOB_HANG_UP: /* TS 27.007 6.5, or V.250 6.3.6 where that is not known */
        if (done->result == OP_AT_ERROR || done->result == OP_AT_CME_ERROR)
            op_line_command(line, OP_JOB_NONE, OP_STR("ATH"), "", (op_str_t){0},
                            event->now + OP_COMMAND_MS);
        break;
    case OP_JOB_SUBMIT:
        op_send_done(self, line, event, turn, done);
        break;
    case OP_JOB_BURST:
        op_send_burst_done(line, event, done);
        break;
    case OP_JOB_LIST:
    case OP_JOB_READ:
    case OP_JOB_DELETE:
    case OP_JOB_MEMORY:
    case OP_JOB_RECHECK:
    case OP_JOB_ACKNOWLEDGE:
        op_receive_done(line, job, event, turn, done);
        break;
    }
    (void)s_fails(self, line, event, turn);
    bool up = line->phase == OP_LINE_READY || line->phase == OP_LINE_SETUP;
    if (up && (done->result == OP_AT_TIMEOUT || done->result == OP_AT_NO_PROMPT))
        s_drain(line, event);
}

/*  What the modem was told is forgotten. "+CPIN: READY" is also what follows a PIN. */
static void s_booted(op_line_t *line, const op_event_t *event, op_turn_t *turn, op_str_t what)
{
    if (op_str_starts(what, "+CPIN: NOT"))
        line->handed_count = 0;
    if (line->phase == OP_LINE_SETUP) {
        line->restarted |= line->row > 0 && !op_str_is(what, "+CPIN: READY");
        return;
    }
    op_line_log(line, turn, "the modem has restarted", "");
    op_line_not_up(line, event, turn);
    op_setup_begin(line);
    line->restarted = line->job == OP_JOB_CHECK; /* its answer is none to the script's first row */
}

/*  "+CSQ: <rssi>,<ber>"; 99: not known (TS 27.007 8.5). */
static void s_signal(const op_line_t *line, op_turn_t *turn, op_str_t text)
{
    char csq[32];
    int signal;
    op_str_copy(text, csq, sizeof csq);
    if (sscanf(csq, "+CSQ: %d", &signal) == 1 && signal >= 0 && signal <= 31)
        op_line_count(line, turn, OP_METRIC_MODEM_SIGNAL, signal, NULL);
}

static void s_notice(op_line_t *line, const op_event_t *event, op_turn_t *turn,
                     const op_at_action_t *notice)
{
    if (notice->notice == OP_AT_NOTICE_LATE)
        op_send_late(line, "", notice->line);
    else if (notice->notice == OP_AT_NOTICE_BOOT)
        s_booted(line, event, turn, notice->line);
    else if (notice->notice == OP_AT_NOTICE_POWER) {
        op_line_trouble(line, turn, OP_TROUBLE_POWER);
        line->power_warned = true;
    } else if (notice->notice == OP_AT_NOTICE_SIGNAL)
        s_signal(line, turn, notice->line);
    else if (notice->notice == OP_AT_NOTICE_CALL && op_at_line_rings(notice->line))
        line->ringing = true;
    else if (notice->notice == OP_AT_NOTICE_NET && line->phase == OP_LINE_READY && line->check_at &&
             op_str_starts(notice->line, "+CREG:") &&
             !op_at_registered(op_at_registration(notice->line, false)))
        line->check_at = event->now;
    else
        op_receive_notice(line, event, turn, notice);
}

static void s_pass(op_line_t *line, const op_event_t *event)
{
    line->sends = !line->sends;
    line->turn_at = event->now;
}

/*  Receiving and sending take turns. A command that takes long is a turn. Of quick ones a turn has
    many: what came of a text and that the next one is in the air are then one commit, as no other
    command is between the two. */
static bool s_take_turns(op_modem_t *self, op_line_t *line, const op_event_t *event,
                         op_turn_t *turn)
{
    int64_t taken = event->now - line->turn_at;
    if (taken < 0 || taken >= OP_SLICE_MS)
        s_pass(line, event);
    for (int i = 0; i < 2; i++) {
        if (line->sends ? op_send_next(self, line, event, turn)
                        : op_receive_next(self, line, event, turn))
            return true;
        s_pass(line, event);
    }
    return false;
}

/*  The next command of a line that has none in flight. False: nothing to do. */
static bool s_next_command(op_modem_t *self, op_line_t *line, const op_event_t *event,
                           op_turn_t *turn)
{
    if (line->ringing && (line->phase == OP_LINE_SETUP || line->phase == OP_LINE_READY)) {
        line->ringing = false;
        op_line_command(line, OP_JOB_HANG_UP, OP_STR("AT+CHUP"), "", (op_str_t){0},
                        event->now + OP_COMMAND_MS);
        return true;
    }
    if (line->phase == OP_LINE_SETUP && op_setup_next(self, line, event, turn))
        return true;
    if (line->phase != OP_LINE_READY)
        return false;
    if (line->check_at && line->check_at <= event->now && !line->checking && !self->draining) {
        line->checking = true;
        line->row = 0;
        line->not_before = 0;
    }
    if (line->checking && op_setup_next(self, line, event, turn))
        return true;
    return s_take_turns(self, line, event, turn);
}

void op_line_pump(op_modem_t *self, op_line_t *line, const op_event_t *event, op_turn_t *turn)
{
    op_at_action_t action;
    do {
        while ((line->phase == OP_LINE_SETUP || line->phase == OP_LINE_READY) &&
               op_at_next(&line->at, event->now, &action))
            switch (action.kind) {
            case OP_AT_WRITE: {
                op_serial_bytes_t write = {line->index, action.bytes};
                op_turn_note(turn, "serial", &op_serial_bytes_type, &write);
                break;
            }
            case OP_AT_NOTICE:
                s_notice(line, event, turn, &action);
                break;
            case OP_AT_DONE:
                s_done(self, line, event, turn, &action);
                break;
            }
        if (line->phase == OP_LINE_CLOSED || line->phase == OP_LINE_OPENING)
            return;
    } while (op_at_busy(&line->at) ? false : s_next_command(self, line, event, turn));
}
