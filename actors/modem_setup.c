/*  modem_setup.c - the script: everything OP depends on is set at every start, and what there is to
    know is asked

    A table of rows. A row has a command, or makes one (none: it is passed over), and looks at the
    answer. What a modem remembers over a restart cannot be relied on, so nothing is left out
    because it was set before. A line that is up runs the rows marked for a check now and then. */

#include "actors/modem_setup.h"

#include <stdio.h>
#include <string.h>

typedef enum {
    SETUP = 1,
    CHECK = 2 /* of a line that is up */
} when_t;

typedef struct {
    const char *command; /* NULL: `make` makes it */
    /* False: pass the row over. */
    bool (*make)(const op_setup_at_t *at, char command[OP_SETUP_COMMAND_MAX]);
    const char *expect;
    op_then_t (*take)(const op_setup_at_t *at,
                      const op_at_action_t *done); /* NULL: any answer will do */
    int when;
} row_t;

op_then_t op_setup_because(op_line_t *line, op_then_t then, const char *reason)
{
    snprintf(line->reason, sizeof line->reason, "%s", reason);
    return then;
}

bool op_setup_is_ok(const op_at_action_t *done)
{
    return done->result == OP_AT_OK;
}

/*  The first line of the answer, or the empty slice. */
op_str_t op_setup_first(const op_at_action_t *done)
{
    return done->line_count ? done->lines[0] : op_str_of(NULL, 0);
}

op_then_t op_setup_must(const op_setup_at_t *at, const op_at_action_t *done)
{
    char reason[OP_REASON_MAX];
    if (op_setup_is_ok(done))
        return OP_THEN_NEXT;
    const char *command = op_setup_command_of(at->line);
    snprintf(reason, sizeof reason, "%s was answered with %s", command ? command : "a command",
             op_at_result_name(done->result));
    return op_setup_because(at->line, OP_THEN_FAIL, reason);
}

/*  Waits for a while, then fails. */
op_then_t op_setup_wait(const op_setup_at_t *at, op_then_t then, int64_t most, const char *reason)
{
    op_line_t *line = at->line;
    if (!line->wait_until)
        line->wait_until = at->event->now + most;
    (void)op_setup_because(line, then, reason);
    return at->event->now < line->wait_until ? then : OP_THEN_FAIL;
}

/*  ---- The table ---- */

static const row_t s_rows[] = {
    {"ATE0", NULL, "", op_setup_must, SETUP},   /* no echo (V.250 6.2.4) */
    {"AT+CMEE=1", NULL, "", NULL, SETUP},       /* errors as numbers (TS 27.007 9.1) */
    {"AT+CGMI", NULL, "", op_row_maker, SETUP}, /* TS 27.007 5.1 to 5.4 */
    {"AT+CGMM", NULL, "", op_row_model, SETUP},
    {"AT+CGMR", NULL, "", op_row_revision, SETUP},
    {"AT+CGSN", NULL, "", op_row_imei, SETUP},
    {NULL, op_row_ask_iccid, "", op_row_iccid, SETUP},
    {"AT+CPIN?", NULL, "+CPIN:", op_row_sim, SETUP}, /* TS 27.007 8.3 */
    {NULL, op_row_give_pin, "", op_row_pin_given, SETUP},
    {NULL, op_row_ask_iccid_again, "", op_row_iccid_again, SETUP | CHECK},
    {"AT+CIMI", NULL, "", op_row_imsi, SETUP | CHECK}, /* TS 27.007 5.6 */
    {"AT+CFUN?", NULL, "+CFUN:", op_row_radio, SETUP}, /* TS 27.007 8.2 */
    {NULL, op_row_radio_on, "", NULL, SETUP},
    {"AT+CMGF=0", NULL, "", op_setup_must, SETUP}, /* PDU mode (TS 27.005 3.2.3) */
    {"AT+CPMS=?", NULL, "+CPMS:", op_row_memories, SETUP},
    {NULL, op_row_set_memories, "+CPMS:", op_row_memories_set,
     SETUP}, /* all three (TS 27.005 3.2.2) */
    {"AT+CNMI=?", NULL, "+CNMI:", op_row_notices, SETUP},
    {NULL, op_row_set_service, "", op_row_service_set,
     SETUP}, /* acknowledgements or none (TS 27.005 3.2.1) */
    {NULL, op_row_set_notices, "", op_row_notices_set,
     SETUP}, /* store and announce (TS 27.005 3.4.1) */
    {NULL, op_row_ask_notices, "+CNMI:", op_row_notices_seen, CHECK},
    {NULL, op_row_set_notices_again, "", op_row_notices_again, CHECK},
    {"AT+CREG=1", NULL, "", NULL, SETUP}, /* say when it is lost (TS 27.007 7.2) */
    {"AT+CREG?", NULL, "+CREG:", op_row_creg, SETUP | CHECK},
    {"AT+CGREG?", op_row_unregistered, "+CGREG:", op_row_cgreg, SETUP | CHECK},
    {"AT+CEREG?", op_row_unregistered, "+CEREG:", op_row_cereg, SETUP | CHECK},
    {"AT+CSCA?", NULL, "+CSCA:", op_row_service_centre, SETUP}, /* TS 27.005 3.3.1 */
    {"AT+COPS?", NULL, "+COPS:", op_row_operator, SETUP | CHECK},
    {"AT+CSQ", NULL, "+CSQ:", op_row_signal, SETUP | CHECK},
    {"AT+CIREG?", NULL, "+CIREG:", op_row_ims, SETUP},
    {"AT+CPMS?", NULL, "+CPMS:", op_row_usage, CHECK},
    {NULL, op_row_has_sisters, "", op_row_prompted, SETUP},
};

enum { ROWS = OP_COUNT(s_rows) };

const char *op_setup_command_of(const op_line_t *line)
{
    return s_rows[line->row].command;
}

static size_t s_row_of(op_then_t (*take)(const op_setup_at_t *, const op_at_action_t *))
{
    size_t row = 0;
    while (s_rows[row].take != take)
        row++;
    return row;
}

/*  ---- Running it ---- */

void op_setup_begin(op_line_t *line)
{
    line->row = 0;
    line->attempt = 0;
    line->not_before = 0;
    line->wait_until = 0;
    line->restarted = line->checking = line->pin_wanted = false;
    line->sim_known = false;
    line->troubles &=
        1U << OP_TROUBLE_BARRED; /* the SIM's; the rest is the modem's, and found again */
    line->to_acknowledge = 0;
    line->family = op_family_of("");
    line->is =
        (op_vitals_t){.registration = -1, .signal = 99, .ims = -1, .last_ok = line->is.last_ok};
}

static bool s_is_asked(const row_t *row)
{
    return row->take == op_row_prompted;
}

static void s_end(op_modem_t *self, op_line_t *line, const op_event_t *event, op_turn_t *turn)
{
    if (line->phase == OP_LINE_SETUP) {
        op_line_ready(self, line, event, turn);
        return;
    }
    line->checking = false;
    line->check_at = self->check_ms ? event->now + (int64_t)self->check_ms : 0;
    if (!line->power_warned)
        line->troubles &= ~(1U << OP_TROUBLE_POWER);
    line->power_warned = false;
}

bool op_setup_next(op_modem_t *self, op_line_t *line, const op_event_t *event, op_turn_t *turn)
{
    const op_setup_at_t at = {self, line, event, turn};
    bool up = line->phase == OP_LINE_READY;
    if (line->not_before > event->now && line->not_before <= event->now + OP_SETUP_PAUSE_MS)
        return false;
    for (; line->row < ROWS; line->row++) {
        const row_t *row = &s_rows[line->row];
        char command[OP_SETUP_COMMAND_MAX];
        if (!(row->when & (up ? CHECK : SETUP)))
            continue;
        if (row->make ? !row->make(&at, command)
                      : snprintf(command, sizeof command, "%s", row->command) < 0)
            continue;
        int64_t most = row->make == op_row_radio_on ? OP_RADIO_MS : OP_COMMAND_MS;
        if (s_is_asked(row)) {
            line->job = OP_JOB_SETUP;
            op_at_ask_prompt(&line->at, op_str(command), event->now + most);
        } else
            op_line_command(line, up ? OP_JOB_CHECK : OP_JOB_SETUP, op_str(command), row->expect,
                            (op_str_t){0}, event->now + most);
        return true;
    }
    s_end(self, line, event, turn);
    return false;
}

static void s_then(const op_setup_at_t *at, op_then_t then)
{
    op_modem_t *self = at->modem;
    op_line_t *line = at->line;
    char reason[OP_REASON_MAX + 1];
    memcpy(reason, line->reason, sizeof reason);
    switch (then) {
    case OP_THEN_NEXT:
        line->row++;
        return;
    case OP_THEN_SAME:
        return;
    case OP_THEN_LATER:
        if (s_rows[line->row].take ==
            op_row_cereg) { /* all three again, and until then it is not up */
            line->row = s_row_of(op_row_creg);
            if (line->phase == OP_LINE_READY) {
                op_line_warn(line, at->turn, "down", reason);
                op_line_not_up(line, at->event, at->turn);
            }
        }
        line->not_before = at->event->now + OP_SETUP_PAUSE_MS;
        return;
    case OP_THEN_BACK:
        line->row--;
        line->not_before = at->event->now + OP_SETUP_PAUSE_MS;
        return;
    case OP_THEN_FAIL:
        op_line_fail(self, line, at->event, at->turn, reason);
        return;
    case OP_THEN_STOP:
        op_line_stop(self, line, at->event, at->turn, reason);
        return;
    case OP_THEN_RELEASE:
        op_line_release(self, line, at->event, at->turn, reason);
        return;
    case OP_THEN_ANEW:
        op_line_not_up(line, at->event, at->turn);
        op_setup_begin(line);
        return;
    }
}

void op_setup_done(op_modem_t *self, op_line_t *line, const op_event_t *event, op_turn_t *turn,
                   const op_at_action_t *done)
{
    const op_setup_at_t at = {self, line, event, turn};
    if (line->restarted) { /* whatever this was the answer to, it is forgotten */
        op_setup_begin(line);
        return;
    }
    if (line->phase == OP_LINE_READY && done->result == OP_AT_TIMEOUT) {
        line->row++; /* the drain that follows shows whether the modem is there */
        return;
    }
    op_then_t (*take)(const op_setup_at_t *, const op_at_action_t *) = s_rows[line->row].take;
    if (done->result == OP_AT_TIMEOUT && take != op_row_sim && take != op_row_pin_given)
        take = op_setup_must;
    s_then(&at, take ? take(&at, done) : OP_THEN_NEXT);
}
