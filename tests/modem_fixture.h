/*  modem_fixture.h - the modem actor with two lines; the test plays ledger, auth, the serial
    port and the modem */

#ifndef OP_TESTS_MODEM_FIXTURE_H
#define OP_TESTS_MODEM_FIXTURE_H

#include "tests/core_fixture.h"

#include "actors/modem.h"
#include "modem/pdu.h"
#include "modem/sms.h"

#include <stdio.h>

#define LINE  "+16176088932"
#define OTHER "+16176088933"
#define PEER  "+14155550777"
#define OK    "\r\nOK\r\n"

enum { SEND_TIMEOUT_MS = 180000, SWEEP_MS = 3600000, DOUBT_MS = 600000 };

static core_t s_core;

static op_line_setup_t s_lines[] = {
    {.device = {"/dev/one", 8}, .number = {LINE, 12}, .shared = true},
    {.device = {"/dev/two", 8}, .number = {OTHER, 12}}};
static op_modem_setup_t s_modem_setup = {.lines = {s_lines, 1},
                                         .send_timeout_ms = SEND_TIMEOUT_MS,
                                         .sweep_ms = SWEEP_MS,
                                         .doubt_ms = DOUBT_MS};

static inline int s_setup(void **state)
{
    (void)state;
    s_modem_setup.lines.count = 1;
    s_modem_setup.resend_unknown = false;
    s_modem_setup.trust_stamps = true;
    s_modem_setup.reports = false;
    s_modem_setup.wide_references = false;
    core_open(&s_core, &op_modem_class, &op_modem_setup_type, &s_modem_setup);
    return 0;
}

static inline int s_setup_up(void **state)
{
    s_setup(state);
    tty_bring_up(&s_core, 0);
    tty_expect(&s_core, "");
    return 0;
}

static inline int s_teardown(void **state)
{
    (void)state;
    core_close(&s_core);
    return 0;
}

/*  ---- the ledger and auth ---- */

static inline void s_queue(const char *from, const char *line, char id, const char *to,
                           const char *body)
{
    op_text_send_t text = {.text = core_id(id),
                           .scope = core_id('S'),
                           .line = op_str(line),
                           .to = op_str(to),
                           .body = op_str(body),
                           .code = strcmp(from, "auth") == 0,
                           .expires = s_core.now + OP_HOUR_MS};
    core_tell(&s_core, from, &op_text_send_type, &text);
}

static inline void s_text(char id, const char *body)
{
    s_queue("ledger", LINE, id, PEER, body);
}

/*  The outcomes that were told since the event began are exactly these: pairs of id and state,
    such as "a2 b4". */
static inline void s_expect_outcomes_to(const char *owner, const char *expected)
{
    op_buf_t told = {0};
    const op_text_outcome_t *outcome;
    for (size_t i = 0; (outcome = CORE_FIND(&s_core, owner, text_outcome, i)) != NULL; i++)
        op_buf_printf(&told, "%s%c%d%s%.*s", i ? " " : "", outcome->text.bytes[0],
                      (int)outcome->state, outcome->code.size ? ":" : "", (int)outcome->code.size,
                      outcome->code.size ? outcome->code.at : "");
    op_buf_add_byte(&told, 0);
    assert_string_equal(told.at, expected);
    op_buf_free(&told);
}

static inline void s_expect_outcomes(const char *expected)
{
    s_expect_outcomes_to("ledger", expected);
}

/*  ---- the modem ---- */

/*  The core wrote AT+CMGS=<n> and nothing else; before the parts of a long text it asks for the
    radio link to stay open. */
static inline void s_expect_submit(void)
{
    const op_serial_bytes_t *first = CORE_FIND(&s_core, "serial", serial_bytes, 0);
    if (first && op_str_is(first->bytes, "AT+CMMS=1\r"))
        tty_say(&s_core, OK);
    assert_int_equal(CORE_COUNT(&s_core, "serial", serial_bytes), 1);
    op_str_t wrote = CORE_FIND(&s_core, "serial", serial_bytes, 0)->bytes;
    assert_true(op_str_starts(wrote, "AT+CMGS=") && wrote.at[wrote.size - 1] == '\r');
}

/*  Prompts, and takes the PDU that the core then writes. */
static inline op_pdu_t s_prompt(void)
{
    op_pdu_t pdu;
    tty_say(&s_core, "\r\n> ");
    assert_int_equal(CORE_COUNT(&s_core, "serial", serial_bytes), 1);
    op_str_t wrote = CORE_FIND(&s_core, "serial", serial_bytes, 0)->bytes;
    assert_int_equal(wrote.at[wrote.size - 1], 0x1a);
    assert_int_equal(op_pdu_decode(op_str_of(wrote.at, wrote.size - 1), &pdu), OP_PDU_OK);
    assert_int_equal(pdu.kind, OP_PDU_SUBMIT);
    return pdu;
}

static inline void s_went_away(void)
{
    op_serial_closed_t closed = {0, OP_STR("it went away")};
    core_note(&s_core, "serial", &op_serial_closed_type, &closed);
}

/*  The drain that follows a silence: nothing comes late. */
static inline void s_drain(void)
{
    tty_say(&s_core, OK);
    core_advance(&s_core, 300);
}

/*  The core submits a text, is prompted, and waits for the answer. */
static inline op_pdu_t s_submitted(void)
{
    s_expect_submit();
    return s_prompt();
}

static inline void s_expect_text(const op_pdu_t *pdu, const char *to, const char *body)
{
    op_buf_t text = {0};
    op_sms_piece_t piece = op_sms_piece(&pdu->user);
    assert_int_equal(op_sms_join(&piece, 1, &text), OP_SMS_OK);
    assert_true(op_str_is(op_buf_str(&text), body));
    assert_string_equal(pdu->peer.text, to);
    op_buf_free(&text);
}

/*  What the operator is shown of the line; valid until the next event. */
static inline const op_line_health_t *s_health(void)
{
    static const op_context_t context;
    const op_lines_health_t *all =
        CORE_ASK(&s_core, &context, nothing, &(op_nothing_t){0}, lines_health, OP_STEP_MODEM_LINES);
    return &all->lines.at[0];
}

/*  What the queue holds durably, paused texts included, and what is held until a status report comes. */
static inline size_t s_queued(void)
{
    return drive_rows(s_core.store, "modem/Q") + drive_rows(s_core.store, "modem/D");
}

static inline size_t s_held(void)
{
    return drive_rows(s_core.store, "modem/H");
}

#define TEST(name)    cmocka_unit_test_setup_teardown(name, s_setup, s_teardown)
#define TEST_UP(name) cmocka_unit_test_setup_teardown(name, s_setup_up, s_teardown)

#endif
