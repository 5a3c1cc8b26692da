/*  modem_setup_sim.c - who the modem is, and its SIM

    The SIM is known by its ICCID, which is asked for before anything is done to it. One that starts
    is busy for seconds: it is waited for. Some modems show the ICCID only of an open SIM: it is asked
    for again behind the PIN, and before a text is taken for the line's.

    The PIN: a SIM has three tries, and gateways have killed SIMs by trying a wrong one at each
    start. So the row that remembers a try is durable before the PIN leaves, and is deleted only
    when the SIM is found open: a PIN that was given once and not taken is never given to that SIM
    again. There are rows of what the try was made on: of the SIM, or, where its ICCID could not be
    read, of the modem, for every SIM in it; and one more of the modem, for the SIMs in it whose
    ICCID cannot be read later. A modem that says neither is given none. */

#include "actors/modem_setup.h"
#include "base/instant.h"
#include "base/plant.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

/*  ---- Who it is ---- */

op_then_t op_row_maker(const op_setup_at_t *at, const op_at_action_t *done)
{
    op_vitals_t *is = &at->line->is;
    if (op_setup_is_ok(done))
        op_at_words(op_setup_first(done), "+CGMI:", is->maker, sizeof is->maker);
    at->line->family = op_family_of(is->maker);
    return OP_THEN_NEXT;
}

op_then_t op_row_model(const op_setup_at_t *at, const op_at_action_t *done)
{
    if (op_setup_is_ok(done))
        op_at_words(op_setup_first(done), "+CGMM:", at->line->is.model, sizeof at->line->is.model);
    return OP_THEN_NEXT;
}

op_then_t op_row_revision(const op_setup_at_t *at, const op_at_action_t *done)
{
    op_vitals_t *is = &at->line->is;
    if (op_setup_is_ok(done))
        op_at_words(op_setup_first(done), "+CGMR:", is->revision, sizeof is->revision);
    return OP_THEN_NEXT;
}

op_then_t op_row_imei(const op_setup_at_t *at, const op_at_action_t *done)
{
    if (op_setup_is_ok(done))
        (void)op_at_digits(done->lines, done->line_count, 14, OP_IMEI_MAX, at->line->is.imei);
    at->line->attempt = 0;
    return OP_THEN_NEXT;
}

bool op_row_ask_iccid(const op_setup_at_t *at, char command[OP_SETUP_COMMAND_MAX])
{
    const char *ask = op_family_iccid(at->line->family, at->line->attempt);
    if (ask)
        snprintf(command, OP_SETUP_COMMAND_MAX, "%s", ask);
    return ask != NULL;
}

/*  Is it the line's? */
static op_then_t s_judge(const op_setup_at_t *at)
{
    const char *foreign = op_device_judge(at->modem, at->line, at->event);
    return foreign ? op_setup_because(at->line, OP_THEN_RELEASE, foreign) : OP_THEN_NEXT;
}

static bool s_is_busy(const op_at_action_t *done)
{
    return done->result == OP_AT_CME_ERROR && done->code == 14;
}

/*  OP_THEN_NEXT: it is known, or the modem does not say it. */
static op_then_t s_iccid(const op_setup_at_t *at, const op_at_action_t *done)
{
    op_line_t *line = at->line;
    if (op_setup_is_ok(done) && op_at_iccid(done->lines, done->line_count, line->is.iccid)) {
        line->attempt = 0;
        line->wait_until = 0;
        return OP_THEN_NEXT;
    }
    if (s_is_busy(done))
        return op_setup_wait(at, OP_THEN_LATER, OP_SIM_WAIT_MS, "the SIM is busy");
    if (op_family_iccid(line->family, ++line->attempt))
        return OP_THEN_SAME;
    line->attempt = 0;
    line->wait_until = 0;
    return OP_THEN_NEXT;
}

op_then_t op_row_iccid(const op_setup_at_t *at, const op_at_action_t *done)
{
    const op_line_t *line = at->line;
    op_then_t then = s_iccid(at, done);
    bool judged = *line->is.iccid || !*line->want_iccid;
    return then == OP_THEN_NEXT && judged ? s_judge(at) : then;
}

/*  A line that is up asks in one way only, and waits for nothing. */
bool op_row_ask_iccid_again(const op_setup_at_t *at, char command[OP_SETUP_COMMAND_MAX])
{
    if (at->line->phase == OP_LINE_READY)
        at->line->attempt = 0;
    return !*at->line->is.iccid && op_row_ask_iccid(at, command);
}

op_then_t op_row_iccid_again(const op_setup_at_t *at, const op_at_action_t *done)
{
    op_line_t *line = at->line;
    bool up = line->phase == OP_LINE_READY;
    bool known = op_setup_is_ok(done) && op_at_iccid(done->lines, done->line_count, line->is.iccid);
    op_then_t then = known || up ? OP_THEN_NEXT : s_iccid(at, done);
    if (then == OP_THEN_NEXT)
        then = s_judge(at);
    if (known && up && then == OP_THEN_NEXT)
        op_device_bind(line, at->turn);
    return then;
}

/*  ---- The SIM ---- */

/*  On whom a PIN was tried. */
typedef enum { ON_SIM, ON_ANY_IN, ON_SOME_IN } tried_t;

static op_key_t s_pin_key(const op_line_t *line, tried_t on)
{
    uint8_t hash[16];
    crypto_generichash_state state;
    const char *whom = on == ON_SIM ? line->is.iccid : line->is.imei, *some = "some SIM";
    crypto_generichash_init(&state, NULL, 0, sizeof hash);
    crypto_generichash_update(&state, (const uint8_t *)whom, strlen(whom) + 1);
    crypto_generichash_update(&state, (const uint8_t *)line->pin, strlen(line->pin));
    if (on == ON_SOME_IN)
        crypto_generichash_update(&state, (const uint8_t *)some, strlen(some));
    crypto_generichash_final(&state, hash, sizeof hash);
    op_key_t key = op_key('W');
    op_key_hash(&key, hash, sizeof hash);
    return key;
}

static bool s_is_tried(const op_setup_at_t *at, tried_t on)
{
    op_key_t key = s_pin_key(at->line, on);
    op_pin_row_t row;
    return op_turn_get(at->turn, &key, &op_pin_row_type, &row);
}

static bool s_pin_was_given(const op_setup_at_t *at)
{
    bool known = *at->line->is.iccid;
    return (s_is_tried(at, ON_ANY_IN) || s_is_tried(at, known ? ON_SIM : ON_SOME_IN)) &&
           !OP_PLANTED(PIN_AGAIN);
}

static void s_note_try(const op_setup_at_t *at)
{
    const tried_t on[] = {*at->line->is.iccid ? ON_SIM : ON_ANY_IN, ON_SOME_IN};
    op_pin_row_t row = {at->event->now};
    for (size_t i = 0; i < OP_COUNT(on); i++) {
        op_key_t key = s_pin_key(at->line, on[i]);
        op_turn_put(at->turn, &key, &op_pin_row_type, &row);
    }
}

static void s_forget_try(const op_setup_at_t *at)
{
    for (tried_t on = ON_SIM; on <= ON_SOME_IN; on++) {
        op_key_t key = s_pin_key(at->line, on);
        if (s_is_tried(at, on))
            op_turn_delete(at->turn, &key);
    }
}

static op_then_t s_sim_is_open(const op_setup_at_t *at)
{
    at->line->pin_wanted = false;
    at->line->wait_until = 0;
    if (*at->line->pin)
        s_forget_try(at);
    return OP_THEN_NEXT;
}

static op_then_t s_sim_wants_pin(const op_setup_at_t *at)
{
    op_line_t *line = at->line;
    if (!*line->pin)
        return op_setup_because(line, OP_THEN_STOP,
                                "the SIM asks for its PIN, and none is configured");
    if (!*line->is.iccid && !*line->is.imei)
        return op_setup_because(line, OP_THEN_FAIL,
                                "the SIM asks for its PIN, and nothing says which SIM it is");
    if (s_pin_was_given(at))
        return op_setup_because(line, OP_THEN_STOP,
                                "the SIM did not take the configured PIN; it is not tried again");
    line->pin_wanted = true;
    return OP_THEN_NEXT;
}

/*  TS 27.007 8.3; +CME ERROR: 10 to 15 of 9.2.1. */
op_then_t op_row_sim(const op_setup_at_t *at, const op_at_action_t *done)
{
    op_line_t *line = at->line;
    char says[32];
    op_at_words(op_setup_first(done), "+CPIN:", says, sizeof says);
    bool cme = done->result == OP_AT_CME_ERROR;
    if (cme && done->code == 11)
        return s_sim_wants_pin(at);
    if (s_is_busy(done))
        return op_setup_wait(at, OP_THEN_LATER, OP_SIM_WAIT_MS, "the SIM is busy");
    if ((cme && done->code == 12) || (op_setup_is_ok(done) && op_str_is(op_str(says), "SIM PUK")))
        return op_setup_because(line, OP_THEN_STOP, "the SIM is locked and asks for its PUK");
    if (cme && done->code == 10)
        return op_setup_because(line, OP_THEN_FAIL, "there is no SIM");
    if (cme && (done->code == 13 || done->code == 15))
        return op_setup_because(line, OP_THEN_FAIL, "the SIM is broken, or was put in wrong");
    if (op_str_starts(op_str(says), "READY")) /* some say no more than that */
        return s_sim_is_open(at);
    if (!op_setup_is_ok(done))
        return op_setup_must(at, done);
    if (op_str_is(op_str(says), "SIM PIN"))
        return s_sim_wants_pin(at);
    if (op_str_is(op_str(says), "SIM PIN2") || op_str_is(op_str(says), "SIM PUK2"))
        return s_sim_is_open(at);
    return op_setup_wait(at, OP_THEN_LATER, OP_SIM_WAIT_MS, "the SIM is not ready");
}

bool op_row_give_pin(const op_setup_at_t *at, char command[OP_SETUP_COMMAND_MAX])
{
    if (!at->line->pin_wanted)
        return false;
    s_note_try(at);
    snprintf(command, OP_SETUP_COMMAND_MAX, "AT+CPIN=\"%s\"", at->line->pin);
    return true;
}

op_then_t op_row_pin_given(const op_setup_at_t *at, const op_at_action_t *done)
{
    at->line->pin_wanted = false;
    if (op_setup_is_ok(done))
        return op_setup_wait(at, OP_THEN_BACK, OP_SIM_WAIT_MS,
                             "the SIM has its PIN and is not ready yet");
    if (done->result == OP_AT_CME_ERROR || done->result == OP_AT_ERROR)
        return op_setup_because(at->line, OP_THEN_STOP, "the SIM did not take the configured PIN");
    return op_setup_must(at, done); /* nobody knows whether it was taken: the next start sees */
}

op_then_t op_row_imsi(const op_setup_at_t *at, const op_at_action_t *done)
{
    op_line_t *line = at->line;
    char sim[OP_IMSI_MAX + 1];
    bool up = line->phase == OP_LINE_READY;
    if (s_is_busy(done))
        return op_setup_wait(at, OP_THEN_LATER, OP_SIM_WAIT_MS, "the SIM is busy");
    line->wait_until = 0;
    if (!op_setup_is_ok(done) || !op_at_digits(done->lines, done->line_count, 6, 15, sim))
        return up && done->result == OP_AT_TIMEOUT
                   ? OP_THEN_NEXT
                   : op_setup_because(line, OP_THEN_FAIL, "the SIM does not say who it is");
    if (up && strcmp(sim, line->sim) != 0) {
        op_line_log(line, at->turn, "the SIM is another one", "");
        return OP_THEN_ANEW;
    }
    const char *foreign = op_device_judge_imsi(at->modem, line, sim);
    if (foreign)
        return op_setup_because(line, OP_THEN_FAIL, foreign);
    if (strcmp(sim, line->sim) != 0) {
        line->barred = 0;
        line->barred_until = 0;
    }
    memcpy(line->sim, sim, sizeof sim);
    line->sim_known = true;
    op_receive_held(line, at->event, at->turn);
    return OP_THEN_NEXT;
}
