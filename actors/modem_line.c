/*  modem_line.c - the life of a line: opened, drained, set up, served, and after a failure all over
    again

    The setup script is a table. It sets everything that OP depends on, at every start: what a modem
    remembers over a restart cannot be relied on. */

#include "actors/modem_private.h"

#include "base/instant.h"

#include <stdio.h>
#include <string.h>

/*  What to do with the answer to a row of the script. */
typedef enum {
    ROW_MUST, /* OK, or the line fails */
    ROW_MAY,  /* any answer will do */
    ROW_PIN,  /* +CPIN: READY */
    ROW_SIM,  /* a line of digits: the SIM's identity */
    ROW_NET   /* +CREG: registered; asked again until it is */
} row_kind_t;

typedef struct {
    const char *command;
    const char *expect;
    row_kind_t kind;
} row_t;

static const row_t s_script[] = {
    {"ATE0", "", ROW_MUST},                               /* no echo (V.250 6.2.4) */
    {"AT+CMEE=1", "", ROW_MAY},                           /* errors as numbers (TS 27.007 9.1) */
    {"AT+CPIN?", "+CPIN:", ROW_PIN},                      /* TS 27.007 8.3 */
    {"AT+CIMI", "", ROW_SIM},                             /* TS 27.007 5.6 */
    {"AT+CMGF=0", "", ROW_MUST},                          /* PDU mode (TS 27.005 3.2.3) */
    {"AT+CPMS=\"SM\",\"SM\",\"SM\"", "+CPMS:", ROW_MUST}, /* all three (TS 27.005 3.2.2) */
    {"AT+CNMI=2,1,0,0,0", "", ROW_MUST},                  /* store and announce (TS 27.005 3.4.1) */
    {"AT+CNMI=2,1,0,2,0", "", ROW_MAY},                   /* status reports as well */
    {"AT+CREG?", "+CREG:", ROW_NET},                      /* TS 27.007 7.2 */
};

enum { REGISTRATION_PAUSE_MS = 2000 };

static uint64_t s_index(const op_modem_t *self, const op_line_t *line)
{
    return (uint64_t)(line - self->lines);
}

void op_line_count(const op_modem_t *self, const op_line_t *line, op_turn_t *turn,
                   op_metric_t metric, int64_t value, const char *class)
{
    char index[24];
    snprintf(index, sizeof index, "%llu", (unsigned long long)s_index(self, line));
    op_turn_count(turn, metric, value, index, class);
}

static void s_log(const op_line_t *line, op_turn_t *turn, const char *what, const char *detail)
{
    char masked[OP_PHONE_MAX + 1];
    op_turn_log(turn, "line=%s device=%s %s%s%s", op_phone_mask(op_str(line->number), masked),
                line->device, what, *detail ? ": " : "", detail);
}

void op_line_tell_state(op_line_t *line, op_turn_t *turn, bool up)
{
    op_key_t key = op_key_of_text('L', op_str(line->number));
    op_line_row_t told = {0}, now = {line->shared, up};
    if (op_turn_get(turn, &key, &op_line_row_type, &told) && told.up == up &&
        told.shared == line->shared)
        return;
    op_turn_put(turn, &key, &op_line_row_type, &now);
    op_line_state_t state = {op_str(line->number), line->shared, up};
    op_turn_tell(turn, "ledger", &op_line_state_type, &state);
}

void op_line_open(op_modem_t *self, op_line_t *line, const op_event_t *event, op_turn_t *turn)
{
    (void)event;
    op_serial_open_t open = {s_index(self, line), op_str(line->device)};
    op_turn_note(turn, "serial", &op_serial_open_type, &open);
    line->phase = OP_LINE_OPENING;
    op_line_count(self, line, turn, OP_METRIC_MODEM_STATE, 0, NULL);
}

void op_line_opened(op_modem_t *self, op_line_t *line, const op_event_t *event, op_turn_t *turn)
{
    op_at_reset(&line->at);
    line->phase = OP_LINE_SETUP;
    line->row = 0;
    line->not_before = 0;
    line->job = OP_JOB_DRAIN;
    op_at_drain(&line->at, event->now + OP_DRAIN_MS);
    op_line_pump(self, line, event, turn);
}

void op_line_fail(op_modem_t *self, op_line_t *line, const op_event_t *event, op_turn_t *turn,
                  const char *reason)
{
    s_log(line, turn, "down", reason);
    op_line_count(self, line, turn, OP_METRIC_MODEM_STATE, 0, NULL);
    op_line_count(self, line, turn, OP_METRIC_MODEM_ERRORS, 1, "down");
    op_at_action_t lost;
    op_at_reset(&line->at);
    /* The command in flight is lost; of a submission this says whether its PDU had left. */
    while (op_at_next(&line->at, event->now, &lost))
        if (lost.kind == OP_AT_DONE && line->job == OP_JOB_SUBMIT)
            op_send_done(self, line, event, turn, &lost);
    line->job = OP_JOB_NONE;
    line->phase = OP_LINE_CLOSED;
    line->reopen_at = event->now + line->reopen_ms;
    line->reopen_ms =
        2 * line->reopen_ms < OP_REOPEN_MAX_MS ? 2 * line->reopen_ms : OP_REOPEN_MAX_MS;
    line->to_read.count = line->to_delete.count = 0;
    op_line_tell_state(line, turn, false);
}

int64_t op_line_wake_at(const op_line_t *line)
{
    if (line->phase == OP_LINE_CLOSED)
        return line->reopen_at;
    if (line->phase == OP_LINE_OPENING)
        return 0;
    int64_t wake = op_at_deadline(&line->at);
    if (!op_at_busy(&line->at) && line->phase == OP_LINE_SETUP)
        wake = line->not_before;
    if (!op_at_busy(&line->at) && line->phase == OP_LINE_READY) {
        wake = line->sweep_at;
        if (line->queue_empty && line->idle_until && line->idle_until < wake)
            wake = line->idle_until;
    }
    return wake;
}

void op_line_command(op_line_t *line, op_job_t job, op_str_t command, const char *expect,
                     op_str_t payload, int64_t deadline)
{
    line->job = job;
    op_at_start(&line->at, command, op_str(expect), payload, deadline);
}

/*  ---- Setup ---- */

static void s_ready(const op_modem_t *self, op_line_t *line, const op_event_t *event,
                    op_turn_t *turn)
{
    line->phase = OP_LINE_READY;
    line->reopen_ms = OP_REOPEN_MIN_MS;
    op_receive_begin(line, event); /* finds what came in while nobody listened */
    line->no_burst = false;
    line->burst_at = 0;
    line->queue_empty = false;
    s_log(line, turn, "up", "");
    op_line_count(self, line, turn, OP_METRIC_MODEM_STATE, 1, NULL);
    op_line_tell_state(line, turn, true);
}

/*  "+CREG: <n>,<stat>[,...]": registered at home (1) or roaming (5), or for SMS only (6, 7). */
static bool s_is_registered(const op_at_action_t *done)
{
    if (done->line_count == 0)
        return false;
    char line[64];
    int n, stat;
    op_str_copy(done->lines[0], line, sizeof line);
    return sscanf(line, "+CREG: %d,%d", &n, &stat) == 2 &&
           (stat == 1 || stat == 5 || stat == 6 || stat == 7);
}

static bool s_take_sim(op_line_t *line, const op_at_action_t *done)
{
    for (size_t i = 0; i < done->line_count; i++) {
        op_str_t text = done->lines[i];
        bool digits = text.size >= 6 && text.size <= OP_SIM_ID_MAX;
        for (size_t c = 0; digits && c < text.size; c++)
            digits = text.at[c] >= '0' && text.at[c] <= '9';
        if (digits) {
            op_str_copy(text, line->sim, sizeof line->sim);
            return true;
        }
    }
    return false;
}

static bool s_row_passed(op_line_t *line, const op_event_t *event, const op_at_action_t *done)
{
    bool ok = done->result == OP_AT_OK;
    switch (s_script[line->row].kind) {
    case ROW_MUST:
        return ok;
    case ROW_MAY:
        return true;
    case ROW_PIN:
        return ok && done->line_count && op_str_starts(done->lines[0], "+CPIN: READY");
    case ROW_SIM:
        return ok && s_take_sim(line, done);
    case ROW_NET:
        if (ok && !s_is_registered(done)) {
            line->not_before = event->now + REGISTRATION_PAUSE_MS;
            line->row--; /* the same row again */
        }
        return ok;
    }
    return false;
}

static void s_setup_done(op_modem_t *self, op_line_t *line, const op_event_t *event,
                         op_turn_t *turn, const op_at_action_t *done)
{
    const row_t *row = &s_script[line->row];
    if (!s_row_passed(line, event, done)) {
        char reason[80];
        snprintf(reason, sizeof reason, "%s answered %s", row->command,
                 op_at_result_name(done->result));
        op_line_fail(self, line, event, turn, reason);
        return;
    }
    if (++line->row == OP_COUNT(s_script))
        s_ready(self, line, event, turn);
}

static void s_drained(op_modem_t *self, op_line_t *line, const op_event_t *event, op_turn_t *turn,
                      const op_at_action_t *done)
{
    if (done->result != OP_AT_OK) {
        op_line_fail(self, line, event, turn, "the modem does not answer");
        return;
    }
    op_send_settle_doubt(self, line, event, turn);
}

/*  ---- The pump ---- */

static void s_done(op_modem_t *self, op_line_t *line, const op_event_t *event, op_turn_t *turn,
                   const op_at_action_t *done)
{
    op_job_t job = line->job;
    line->job = OP_JOB_NONE;
    switch (job) {
    case OP_JOB_NONE:
        return;
    case OP_JOB_DRAIN:
        s_drained(self, line, event, turn, done);
        return;
    case OP_JOB_SETUP:
        s_setup_done(self, line, event, turn, done);
        return;
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
    case OP_JOB_CHECK:
    case OP_JOB_ACKNOWLEDGE:
        if (job == OP_JOB_READ && done->result == OP_AT_OK && done->line_count > 1)
            op_line_count(self, line, turn, OP_METRIC_MODEM_RECEIVED, 1, NULL);
        op_receive_done(line, job, event, turn, done);
        break;
    }
    if (done->result == OP_AT_TIMEOUT || done->result == OP_AT_NO_PROMPT) {
        line->job = OP_JOB_DRAIN;
        op_at_drain(&line->at, event->now + OP_DRAIN_MS);
    }
    if (line->reset)
        op_line_fail(self, line, event, turn, line->reset);
    line->reset = NULL;
}

/*  "+CSQ: <rssi>,<ber>"; 99: not known (TS 27.007 8.5). */
static void s_signal(const op_modem_t *self, const op_line_t *line, op_turn_t *turn, op_str_t text)
{
    char csq[32];
    int signal;
    op_str_copy(text, csq, sizeof csq);
    if (sscanf(csq, "+CSQ: %d", &signal) == 1 && signal >= 0 && signal <= 31)
        op_line_count(self, line, turn, OP_METRIC_MODEM_SIGNAL, signal, NULL);
}

static void s_notice(op_modem_t *self, op_line_t *line, const op_event_t *event, op_turn_t *turn,
                     const op_at_action_t *notice)
{
    if (notice->notice == OP_AT_NOTICE_LATE)
        op_send_late(line, notice->line);
    else if (notice->notice == OP_AT_NOTICE_BOOT && line->phase == OP_LINE_READY) {
        s_log(line, turn, "the modem has restarted", "");
        line->phase = OP_LINE_SETUP;
        line->row = 0;
        line->not_before = 0;
    } else if (notice->notice == OP_AT_NOTICE_SIGNAL)
        s_signal(self, line, turn, notice->line);
    else
        op_receive_notice(line, event, turn, notice);
}

/*  The next command of a line that has none in flight. Receiving and sending take turns. False:
    nothing to do. */
static bool s_next_command(op_modem_t *self, op_line_t *line, const op_event_t *event,
                           op_turn_t *turn)
{
    if (line->phase == OP_LINE_SETUP) {
        if (line->not_before > event->now && line->not_before <= event->now + REGISTRATION_PAUSE_MS)
            return false;
        const row_t *row = &s_script[line->row];
        op_line_command(line, OP_JOB_SETUP, op_str(row->command), row->expect, (op_str_t){0},
                        event->now + OP_COMMAND_MS);
        return true;
    }
    if (line->phase != OP_LINE_READY)
        return false;
    if (line->send_next && op_send_next(self, line, event, turn)) {
        line->send_next = false;
        return true;
    }
    line->send_next = true;
    return op_receive_next(self, line, event, turn) || op_send_next(self, line, event, turn);
}

void op_line_pump(op_modem_t *self, op_line_t *line, const op_event_t *event, op_turn_t *turn)
{
    op_at_action_t action;
    do {
        while ((line->phase == OP_LINE_SETUP || line->phase == OP_LINE_READY) &&
               op_at_next(&line->at, event->now, &action))
            switch (action.kind) {
            case OP_AT_WRITE: {
                op_serial_bytes_t write = {s_index(self, line), action.bytes};
                op_turn_note(turn, "serial", &op_serial_bytes_type, &write);
                break;
            }
            case OP_AT_NOTICE:
                s_notice(self, line, event, turn, &action);
                break;
            case OP_AT_DONE:
                s_done(self, line, event, turn, &action);
                break;
            }
        if (line->phase == OP_LINE_CLOSED || line->phase == OP_LINE_OPENING)
            return;
    } while (op_at_busy(&line->at) ? false : s_next_command(self, line, event, turn));
}
