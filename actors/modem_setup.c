/*  modem_setup.c - the script: everything OP depends on is set at every start, and what there is to
    know is asked

    A table of rows. A row has a command, or makes one (none: it is passed over), and looks at the
    answer. What a modem remembers over a restart cannot be relied on, so nothing is left out because
    it was set before. A line that is up runs the rows marked for a check now and then.

    The PIN: a SIM has three tries, and gateways have killed SIMs by trying a wrong one at each start.
    So the row that remembers a try is durable before the PIN leaves, and is deleted only when the
    SIM is found open: a PIN that was given once and not taken is never given to that SIM again. */

#include "actors/modem_private.h"

#include "base/instant.h"
#include "base/plant.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

typedef enum {
    SETUP = 1,
    CHECK = 2 /* of a line that is up */
} when_t;

/*  What an answer leads to. */
typedef enum {
    NEXT,
    SAME,    /* this row again, at once */
    LATER,   /* this row again, after a pause */
    BACK,    /* the row before, after a pause */
    FAIL,    /* with line->reason */
    STOP,    /* with line->reason */
    RELEASE, /* with line->reason */
    ANEW     /* the script from its beginning */
} then_t;

typedef struct {
    op_modem_t *modem;
    op_line_t *line;
    const op_event_t *event;
    op_turn_t *turn;
} at_t;

enum { COMMAND_SIZE = 64 };

typedef struct {
    const char *command; /* NULL: `make` makes it */
    /* False: pass the row over. */
    bool (*make)(const at_t *at, char command[COMMAND_SIZE]);
    const char *expect;
    then_t (*take)(const at_t *at, const op_at_action_t *done); /* NULL: any answer will do */
    int when;
} row_t;

/*  Of the row that runs; NULL: it was made. */
static const char *s_command_of(const op_line_t *line);

static then_t s_because(op_line_t *line, then_t then, const char *reason)
{
    snprintf(line->reason, sizeof line->reason, "%s", reason);
    return then;
}

static bool s_is_ok(const op_at_action_t *done)
{
    return done->result == OP_AT_OK;
}

/*  The first line of the answer, or the empty slice. */
static op_str_t s_first(const op_at_action_t *done)
{
    return done->line_count ? done->lines[0] : op_str_of(NULL, 0);
}

static then_t s_must(const at_t *at, const op_at_action_t *done)
{
    char reason[OP_REASON_MAX];
    if (s_is_ok(done))
        return NEXT;
    const char *command = s_command_of(at->line);
    snprintf(reason, sizeof reason, "%s was answered with %s", command ? command : "a command",
             op_at_result_name(done->result));
    return s_because(at->line, FAIL, reason);
}

/*  Waits for a while, then fails. */
static then_t s_wait(const at_t *at, then_t then, int64_t most, const char *reason)
{
    op_line_t *line = at->line;
    if (!line->wait_until)
        line->wait_until = at->event->now + most;
    (void)s_because(line, then, reason);
    return at->event->now < line->wait_until ? then : FAIL;
}

/*  ---- Who it is ---- */

static then_t s_maker(const at_t *at, const op_at_action_t *done)
{
    op_vitals_t *is = &at->line->is;
    if (s_is_ok(done))
        op_at_words(s_first(done), "+CGMI:", is->maker, sizeof is->maker);
    at->line->family = op_family_of(is->maker);
    return NEXT;
}

static then_t s_model(const at_t *at, const op_at_action_t *done)
{
    if (s_is_ok(done))
        op_at_words(s_first(done), "+CGMM:", at->line->is.model, sizeof at->line->is.model);
    return NEXT;
}

static then_t s_revision(const at_t *at, const op_at_action_t *done)
{
    op_vitals_t *is = &at->line->is;
    if (s_is_ok(done))
        op_at_words(s_first(done), "+CGMR:", is->revision, sizeof is->revision);
    return NEXT;
}

static then_t s_imei(const at_t *at, const op_at_action_t *done)
{
    if (s_is_ok(done))
        (void)op_at_digits(done->lines, done->line_count, 14, OP_IMEI_MAX, at->line->is.imei);
    at->line->attempt = 0;
    return NEXT;
}

static bool s_ask_iccid(const at_t *at, char command[COMMAND_SIZE])
{
    const char *ask = op_family_iccid(at->line->family, at->line->attempt);
    if (ask)
        snprintf(command, COMMAND_SIZE, "%s", ask);
    return ask != NULL;
}

static then_t s_iccid(const at_t *at, const op_at_action_t *done)
{
    op_line_t *line = at->line;
    char *to = line->is.iccid;
    if (s_is_ok(done) && op_at_iccid(done->lines, done->line_count, to))
        line->attempt = 0;
    else if (op_family_iccid(line->family, ++line->attempt))
        return SAME;
    const char *foreign = op_device_judge(at->modem, line, at->event);
    return foreign ? s_because(line, RELEASE, foreign) : NEXT;
}

/*  ---- The SIM ---- */

static op_key_t s_pin_key(const op_line_t *line)
{
    uint8_t hash[16];
    crypto_generichash_state state;
    const char *sim = *line->is.iccid ? line->is.iccid : line->is.imei;
    crypto_generichash_init(&state, NULL, 0, sizeof hash);
    crypto_generichash_update(&state, (const uint8_t *)sim, strlen(sim) + 1);
    crypto_generichash_update(&state, (const uint8_t *)line->pin, strlen(line->pin));
    crypto_generichash_final(&state, hash, sizeof hash);
    op_key_t key = op_key('W');
    op_key_hash(&key, hash, sizeof hash);
    return key;
}

static bool s_pin_was_given(const at_t *at)
{
    op_key_t key = s_pin_key(at->line);
    op_pin_row_t row;
    return op_turn_get(at->turn, &key, &op_pin_row_type, &row) && !OP_PLANTED(PIN_AGAIN);
}

static then_t s_sim_is_open(const at_t *at)
{
    at->line->pin_wanted = false;
    at->line->wait_until = 0;
    if (*at->line->pin && s_pin_was_given(at)) {
        op_key_t key = s_pin_key(at->line);
        op_turn_delete(at->turn, &key);
    }
    return NEXT;
}

static then_t s_sim_wants_pin(const at_t *at)
{
    op_line_t *line = at->line;
    if (!*line->pin)
        return s_because(line, STOP, "the SIM asks for its PIN, and none is configured");
    if (s_pin_was_given(at))
        return s_because(line, STOP,
                         "the SIM did not take the configured PIN; it is not tried again");
    line->pin_wanted = true;
    return NEXT;
}

/*  TS 27.007 8.3; +CME ERROR: 10 to 15 of 9.2.1. */
static then_t s_sim(const at_t *at, const op_at_action_t *done)
{
    op_line_t *line = at->line;
    char says[32];
    op_at_words(s_first(done), "+CPIN:", says, sizeof says);
    bool cme = done->result == OP_AT_CME_ERROR;
    if (cme && done->code == 11)
        return s_sim_wants_pin(at);
    if (cme && done->code == 14)
        return s_wait(at, LATER, OP_SIM_WAIT_MS, "the SIM is busy");
    if ((cme && done->code == 12) || (s_is_ok(done) && op_str_is(op_str(says), "SIM PUK")))
        return s_because(line, STOP, "the SIM is locked and asks for its PUK");
    if (cme && done->code == 10)
        return s_because(line, FAIL, "there is no SIM");
    if (cme && (done->code == 13 || done->code == 15))
        return s_because(line, FAIL, "the SIM is broken, or was put in wrong");
    if (!s_is_ok(done))
        return s_must(at, done);
    if (op_str_is(op_str(says), "SIM PIN"))
        return s_sim_wants_pin(at);
    if (op_str_starts(op_str(says), "READY") || op_str_is(op_str(says), "SIM PIN2") ||
        op_str_is(op_str(says), "SIM PUK2"))
        return s_sim_is_open(at);
    return s_wait(at, LATER, OP_SIM_WAIT_MS, "the SIM is not ready");
}

static bool s_give_pin(const at_t *at, char command[COMMAND_SIZE])
{
    if (!at->line->pin_wanted)
        return false;
    op_key_t key = s_pin_key(at->line);
    op_pin_row_t row = {at->event->now};
    op_turn_put(at->turn, &key, &op_pin_row_type, &row);
    snprintf(command, COMMAND_SIZE, "AT+CPIN=\"%s\"", at->line->pin);
    return true;
}

static then_t s_pin_given(const at_t *at, const op_at_action_t *done)
{
    at->line->pin_wanted = false;
    if (s_is_ok(done))
        return s_wait(at, BACK, OP_SIM_WAIT_MS, "the SIM has its PIN and is not ready yet");
    if (done->result == OP_AT_CME_ERROR || done->result == OP_AT_ERROR)
        return s_because(at->line, STOP, "the SIM did not take the configured PIN");
    return s_must(at, done); /* nobody knows whether it was taken: the next start sees */
}

static then_t s_imsi(const at_t *at, const op_at_action_t *done)
{
    op_line_t *line = at->line;
    char sim[OP_SIM_ID_MAX + 1];
    bool up = line->phase == OP_LINE_READY;
    if (!s_is_ok(done) || !op_at_digits(done->lines, done->line_count, 6, 15, sim))
        return up && done->result == OP_AT_TIMEOUT
                   ? NEXT
                   : s_because(line, FAIL, "the SIM does not say who it is");
    if (up && strcmp(sim, line->sim) != 0) {
        op_line_log(line, at->turn, "the SIM is another one", "");
        return ANEW;
    }
    memcpy(line->sim, sim, sizeof sim);
    return NEXT;
}

/*  ---- Settings ---- */

static then_t s_radio(const at_t *at, const op_at_action_t *done)
{
    op_line_t *line = at->line;
    uint64_t mode = 1;
    op_str_t rest = op_at_after(s_first(done), "+CFUN:");
    line->attempt = s_is_ok(done) && op_at_field_number(&rest, 100, &mode) && mode != 1;
    return NEXT;
}

static bool s_radio_on(const at_t *at, char command[COMMAND_SIZE])
{
    snprintf(command, COMMAND_SIZE, "AT+CFUN=1");
    return at->line->attempt > 0;
}

static then_t s_memories(const at_t *at, const op_at_action_t *done)
{
    op_at_memories(s_is_ok(done) ? s_first(done) : op_str_of(NULL, 0), at->line->memory);
    at->line->attempt = 0;
    return NEXT;
}

/*  What was chosen, then what some modems take only. */
static bool s_set_memories(const at_t *at, char command[COMMAND_SIZE])
{
    op_line_t *line = at->line;
    static const char *const others[] = {"SM", "ME"};
    if (line->attempt)
        for (size_t i = 0; i < OP_COUNT(line->memory); i++)
            memcpy(line->memory[i], others[line->attempt - 1], sizeof line->memory[i]);
    snprintf(command, COMMAND_SIZE, "AT+CPMS=\"%s\",\"%s\",\"%s\"", line->memory[0],
             line->memory[1], line->memory[2]);
    return true;
}

static then_t s_usage(const at_t *at, const op_at_action_t *done)
{
    op_vitals_t *is = &at->line->is;
    if (s_is_ok(done))
        (void)op_at_usage(s_first(done), &is->used, &is->total);
    return NEXT;
}

static then_t s_memories_set(const at_t *at, const op_at_action_t *done)
{
    bool refused = !s_is_ok(done) && done->result != OP_AT_TIMEOUT;
    if (refused && at->line->attempt < 2) {
        at->line->attempt++;
        return SAME;
    }
    if (refused)
        return s_because(at->line, FAIL, "the modem has no memory for texts");
    return s_is_ok(done) ? s_usage(at, done) : s_must(at, done);
}

static then_t s_notices(const at_t *at, const op_at_action_t *done)
{
    op_line_t *line = at->line;
    op_str_t first = s_is_ok(done) ? s_first(done) : op_str_of(NULL, 0);
    if (!op_str_copy(first, line->offers, sizeof line->offers))
        line->offers[0] = 0;
    line->attempt = 0;
    return NEXT;
}

static bool s_set_notices(const at_t *at, char command[COMMAND_SIZE])
{
    op_line_t *line = at->line;
    if (!op_at_cnmi(op_str(line->offers), line->family->reports, line->attempt, line->cnmi))
        return false; /* texts are found by looking for them */
    snprintf(command, COMMAND_SIZE, "AT+CNMI=%u,%u,%u,%u,%u", line->cnmi[0], line->cnmi[1],
             line->cnmi[2], line->cnmi[3], line->cnmi[4]);
    return true;
}

static then_t s_notices_set(const at_t *at, const op_at_action_t *done)
{
    if (!s_is_ok(done) && done->result != OP_AT_TIMEOUT) {
        at->line->attempt++;
        return SAME;
    }
    return s_must(at, done);
}

/*  ---- The network ---- */

static bool s_unregistered(const at_t *at, char command[COMMAND_SIZE])
{
    snprintf(command, COMMAND_SIZE, "%s", s_command_of(at->line));
    return !op_at_registered(at->line->is.registration);
}

static void s_take_registration(const at_t *at, const op_at_action_t *done)
{
    int *registration = &at->line->is.registration;
    for (size_t i = 0; s_is_ok(done) && i < done->line_count; i++) {
        int stat = op_at_registration(done->lines[i], true);
        if (stat >= 0 && !op_at_registered(*registration))
            *registration = stat;
    }
}

static then_t s_creg(const at_t *at, const op_at_action_t *done)
{
    at->line->is.registration = -1;
    s_take_registration(at, done);
    return NEXT;
}

static then_t s_cgreg(const at_t *at, const op_at_action_t *done)
{
    s_take_registration(at, done);
    return NEXT;
}

static const char *s_why_unregistered(int registration)
{
    return registration == 3   ? "the network refuses the SIM"
           : registration == 2 ? "the modem searches for a network"
                               : "the modem is in no network";
}

/*  The last of the three that were asked. */
static then_t s_cereg(const at_t *at, const op_at_action_t *done)
{
    op_line_t *line = at->line;
    s_take_registration(at, done);
    if (op_at_registered(line->is.registration)) {
        line->wait_until = 0;
        return NEXT;
    }
    const char *why = s_why_unregistered(line->is.registration);
    if (line->phase == OP_LINE_READY)
        line->wait_until = 0;
    return s_wait(at, LATER, OP_REGISTER_MS, why);
}

static then_t s_service_centre(const at_t *at, const op_at_action_t *done)
{
    op_str_t rest = op_at_after(s_first(done), "+CSCA:"), number;
    at->line->is.service_centre = s_is_ok(done) && op_at_field(&rest, &number) && number.size > 1;
    return NEXT;
}

/*  "+COPS: <mode>[,<format>,<oper>[,<AcT>]]" */
static then_t s_operator(const at_t *at, const op_at_action_t *done)
{
    op_str_t rest = op_at_after(s_first(done), "+COPS:"), field = {0};
    bool there = s_is_ok(done) && op_at_field(&rest, &field) && op_at_field(&rest, &field) &&
                 op_at_field(&rest, &field);
    op_at_words(there ? field : OP_STR(""), "+", at->line->is.operator_name,
                sizeof at->line->is.operator_name);
    return NEXT;
}

static then_t s_signal(const at_t *at, const op_at_action_t *done)
{
    op_str_t rest = op_at_after(s_first(done), "+CSQ:");
    if (!s_is_ok(done) || !op_at_field_number(&rest, 199, &at->line->is.signal))
        at->line->is.signal = 99;
    return NEXT;
}

/*  TS 27.007 8.71: "+CIREG: <n>,<reg_info>[,<ext_info>]", of which bit 2 (4) is SMS over IP. */
static then_t s_ims(const at_t *at, const op_at_action_t *done)
{
    op_str_t rest = op_at_after(s_first(done), "+CIREG:");
    uint64_t mode, registered, services = 4;
    at->line->is.ims = -1;
    if (s_is_ok(done) && op_at_field_number(&rest, 9, &mode) &&
        op_at_field_number(&rest, 9, &registered)) {
        (void)op_at_field_number(&rest, UINT32_MAX, &services);
        at->line->is.ims = registered == 1 && (services & 4) != 0;
    }
    return NEXT;
}

/*  ---- The port for commands ---- */

/*  Of several ttys of a modem some run commands, but take no texts. */
static bool s_has_sisters(const at_t *at, char command[COMMAND_SIZE])
{
    snprintf(command, COMMAND_SIZE, "AT+CMGS=17");
    return op_device_is_found(at->modem, at->line);
}

static then_t s_prompted(const at_t *at, const op_at_action_t *done)
{
    op_device_t *device = op_device_of(at->modem, op_str(at->line->device));
    if (s_is_ok(done) || !device)
        return NEXT;
    device->mute = true;
    return s_because(at->line, RELEASE, "this tty takes no texts: its modem has another one");
}

/*  ---- The table ---- */

static const row_t s_rows[] = {
    {"ATE0", NULL, "", s_must, SETUP},     /* no echo (V.250 6.2.4) */
    {"AT+CMEE=1", NULL, "", NULL, SETUP},  /* errors as numbers (TS 27.007 9.1) */
    {"AT+CGMI", NULL, "", s_maker, SETUP}, /* TS 27.007 5.1 to 5.4 */
    {"AT+CGMM", NULL, "", s_model, SETUP},
    {"AT+CGMR", NULL, "", s_revision, SETUP},
    {"AT+CGSN", NULL, "", s_imei, SETUP},
    {NULL, s_ask_iccid, "", s_iccid, SETUP},
    {"AT+CPIN?", NULL, "+CPIN:", s_sim, SETUP}, /* TS 27.007 8.3 */
    {NULL, s_give_pin, "", s_pin_given, SETUP},
    {"AT+CIMI", NULL, "", s_imsi, SETUP | CHECK}, /* TS 27.007 5.6 */
    {"AT+CFUN?", NULL, "+CFUN:", s_radio, SETUP}, /* TS 27.007 8.2 */
    {NULL, s_radio_on, "", NULL, SETUP},
    {"AT+CMGF=0", NULL, "", s_must, SETUP}, /* PDU mode (TS 27.005 3.2.3) */
    {"AT+CSMS=0", NULL, "", NULL, SETUP},   /* no acknowledgements (TS 27.005 3.2.1) */
    {"AT+CPMS=?", NULL, "+CPMS:", s_memories, SETUP},
    {NULL, s_set_memories, "+CPMS:", s_memories_set, SETUP}, /* all three (TS 27.005 3.2.2) */
    {"AT+CNMI=?", NULL, "+CNMI:", s_notices, SETUP},
    {NULL, s_set_notices, "", s_notices_set, SETUP}, /* store and announce (TS 27.005 3.4.1) */
    {"AT+CREG=1", NULL, "", NULL, SETUP},            /* say when it is lost (TS 27.007 7.2) */
    {"AT+CREG?", NULL, "+CREG:", s_creg, SETUP | CHECK},
    {"AT+CGREG?", s_unregistered, "+CGREG:", s_cgreg, SETUP | CHECK},
    {"AT+CEREG?", s_unregistered, "+CEREG:", s_cereg, SETUP | CHECK},
    {"AT+CSCA?", NULL, "+CSCA:", s_service_centre, SETUP}, /* TS 27.005 3.3.1 */
    {"AT+COPS?", NULL, "+COPS:", s_operator, SETUP | CHECK},
    {"AT+CSQ", NULL, "+CSQ:", s_signal, SETUP | CHECK},
    {"AT+CIREG?", NULL, "+CIREG:", s_ims, SETUP},
    {"AT+CPMS?", NULL, "+CPMS:", s_usage, CHECK},
    {NULL, s_has_sisters, "", s_prompted, SETUP},
};

enum { ROWS = OP_COUNT(s_rows) };

static const char *s_command_of(const op_line_t *line)
{
    return s_rows[line->row].command;
}

static size_t s_row_of(then_t (*take)(const at_t *, const op_at_action_t *))
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
    line->family = op_family_of("");
    line->is =
        (op_vitals_t){.registration = -1, .signal = 99, .ims = -1, .last_ok = line->is.last_ok};
}

static bool s_is_asked(const row_t *row)
{
    return row->take == s_prompted;
}

static void s_end(op_modem_t *self, op_line_t *line, const op_event_t *event, op_turn_t *turn)
{
    if (line->phase == OP_LINE_SETUP) {
        op_line_ready(self, line, event, turn);
        return;
    }
    line->checking = false;
    line->check_at = event->now + (int64_t)self->check_ms;
}

bool op_setup_next(op_modem_t *self, op_line_t *line, const op_event_t *event, op_turn_t *turn)
{
    const at_t at = {self, line, event, turn};
    bool up = line->phase == OP_LINE_READY;
    if (line->not_before > event->now && line->not_before <= event->now + OP_SETUP_PAUSE_MS)
        return false;
    for (; line->row < ROWS; line->row++) {
        const row_t *row = &s_rows[line->row];
        char command[COMMAND_SIZE];
        if (!(row->when & (up ? CHECK : SETUP)))
            continue;
        if (row->make ? !row->make(&at, command)
                      : snprintf(command, sizeof command, "%s", row->command) < 0)
            continue;
        int64_t most = row->make == s_radio_on ? OP_RADIO_MS : OP_COMMAND_MS;
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

static void s_then(const at_t *at, then_t then)
{
    op_modem_t *self = at->modem;
    op_line_t *line = at->line;
    char reason[OP_REASON_MAX + 1];
    memcpy(reason, line->reason, sizeof reason);
    switch (then) {
    case NEXT:
        line->row++;
        return;
    case SAME:
        return;
    case LATER:
        if (s_rows[line->row].take == s_cereg) { /* all three again, and until then it is not up */
            line->row = s_row_of(s_creg);
            if (line->phase == OP_LINE_READY) {
                op_line_log(line, at->turn, "down", reason);
                line->phase = OP_LINE_SETUP;
                line->since = at->event->now;
                op_line_tell_state(line, at->turn, false);
            }
        }
        line->not_before = at->event->now + OP_SETUP_PAUSE_MS;
        return;
    case BACK:
        line->row--;
        line->not_before = at->event->now + OP_SETUP_PAUSE_MS;
        return;
    case FAIL:
        op_line_fail(self, line, at->event, at->turn, reason);
        return;
    case STOP:
        op_line_stop(self, line, at->event, at->turn, reason);
        return;
    case RELEASE:
        op_line_release(self, line, at->event, at->turn, reason);
        return;
    case ANEW:
        line->phase = OP_LINE_SETUP;
        line->since = at->event->now;
        op_line_tell_state(line, at->turn, false);
        op_setup_begin(line);
        return;
    }
}

void op_setup_done(op_modem_t *self, op_line_t *line, const op_event_t *event, op_turn_t *turn,
                   const op_at_action_t *done)
{
    const at_t at = {self, line, event, turn};
    if (line->restarted) { /* whatever this was the answer to, it is forgotten */
        op_setup_begin(line);
        return;
    }
    if (line->phase == OP_LINE_READY && done->result == OP_AT_TIMEOUT) {
        line->row++; /* the drain that follows shows whether the modem is there */
        return;
    }
    then_t (*take)(const at_t *, const op_at_action_t *) = s_rows[line->row].take;
    if (done->result == OP_AT_TIMEOUT && take != s_sim && take != s_pin_given)
        take = s_must;
    s_then(&at, take ? take(&at, done) : NEXT);
}
