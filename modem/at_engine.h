/*  at_engine.h - one AT command in flight: what to write, what came back, what came unasked

    The driver's half of a serial line to a modem (3GPP TS 27.005, 27.007, ITU-T V.250), as a pure
    step machine: no clock, no I/O, no callbacks. The driver feeds what it read, then pulls
    actions until there are none, and does what they say:

        op_at_start (&at, OP_STR ("AT+CMGS=24"), OP_STR ("+CMGS:"), pdu, now + 180000);
        for (;;) {
            while (op_at_next (&at, now, &action))
                write (tty, action.bytes) | handle (action.line, action.pdu) | done (action.result)
            wait for the tty, or until op_at_deadline (&at);  op_at_feed (&at, what was read);
        }

    A command ends by a final result that is a whole line, never by one inside another line; PDU
    mode only (AT+CMGF=0): in text mode a text may hold a line that reads "OK". Each line is tried
    as (1) the PDU of a two-line notice, digits or not: other notices may come before it,
    (2) a notice that was not asked for, at any point: between a command and its prompt, between
    payload and answer, within a list, (3) a final
    result, (4) the echo of the command or payload, whole or in part, which is dropped, (5) a line
    of the response. What remains is noise: counted and dropped.

    Payload: it is written, with Ctrl-Z, only after a real prompt; a ">" without its blank is one
    when nothing follows it for OP_AT_QUIET_MS. An error instead of the prompt ends the command
    without it. When the prompt does not come in OP_AT_PROMPT_MS (or before the deadline), ESC is
    written and the command ends as OP_AT_NO_PROMPT: nothing was submitted.

    In doubt: OP_AT_TIMEOUT or OP_AT_LOST with `payload_sent` means that the SMS may or may not
    have left (TS 24.011 10: TR1M alone is 35 to 45 s; vendors document up to 180 s). Nothing here
    sends it again.

    Late answers: after OP_AT_TIMEOUT, OP_AT_NO_PROMPT or OP_AT_LOST (and at first use: what ran
    before may have left a command half-way) the line is "dirty", and an answer that comes late
    must not be taken for that of the next command. Draining cleans it: ESC, then the sentinel AT,
    again every OP_AT_DRAIN_RETRY_MS, until it is answered OK and then the line is silent for
    OP_AT_QUIET_MS; half a line that stays, such as an open prompt, is not silence and begins it
    anew. The driver does it with op_at_drain; where it does not, op_at_start on a dirty line drains
    first, within the command's own deadline. A late "+CMGS:", "+CMS ERROR" or other final result is
    handed out as a notice of kind OP_AT_NOTICE_LATE, so that a driver can settle what was in doubt
    (after a payload it gives the modem its time first: ESC or AT may disturb one that still
    sends).

    Doubled answers: some modems say "+CMGS: 5", "OK" twice. A "+CMGS:" that nobody waits for takes
    the OK behind it along, so that it does not end the next command. And a "+CMGR:" or "+CMGL:"
    that nobody waits for means that answers and commands are out of step: the line is dirty, and
    the next command drains it first.

    Limits: OP_AT_LINE_MAX octets a line (longer ones are dropped as a whole and counted);
    OP_AT_LINES_MAX lines and OP_AT_RESPONSE_MAX octets a response: past either, further lines are
    counted in `cut` and dropped, and the command still runs to its end; OP_AT_COMMAND_MAX and
    OP_AT_PAYLOAD_MAX octets of what is sent; OP_AT_INPUT_MAX octets fed and not yet pulled. */

#ifndef OP_MODEM_AT_ENGINE_H
#define OP_MODEM_AT_ENGINE_H

#include "modem/at_lexer.h"

enum {
    OP_AT_COMMAND_MAX = 512,
    OP_AT_EXPECT_MAX = 32,
    OP_AT_PAYLOAD_MAX = 1024,
    OP_AT_LINES_MAX = 256, /* AT+CMGL of a store of 100 slots has 200 lines */
    OP_AT_RESPONSE_MAX = 64 * 1024,
    OP_AT_INPUT_MAX = 64 * 1024,
    OP_AT_PROMPT_MS = 10000,
    OP_AT_DRAIN_RETRY_MS = 1000,
    OP_AT_QUIET_MS = 300
};

typedef enum {
    OP_AT_OK,
    OP_AT_ERROR,     /* ERROR, COMMAND NOT SUPPORT and the like, without a number */
    OP_AT_CME_ERROR, /* TS 27.007 9.2: `code`, or -1 and `text` where the modem's words are its own */
    OP_AT_CMS_ERROR, /* TS 27.005 3.2.5: the same */
    OP_AT_TIMEOUT,   /* no final result by the deadline */
    OP_AT_NO_PROMPT, /* the payload was never asked for (OK instead of a prompt included) */
    OP_AT_LOST       /* op_at_reset: the port went away */
} op_at_result_t;

/*  "ok", "error", "cms_error", ... for logs. */
const char *op_at_result_name(op_at_result_t result);

typedef enum {
    OP_AT_NOTICE_CMTI,   /* +CMTI: "SM",3      a received SMS was stored */
    OP_AT_NOTICE_CMT,    /* +CMT: ,24  and PDU a received SMS, not stored */
    OP_AT_NOTICE_CDSI,   /* +CDSI: "SM",3      a status report was stored */
    OP_AT_NOTICE_CDS,    /* +CDS: 24   and PDU a status report, not stored */
    OP_AT_NOTICE_CBM,    /* +CBM: 88   and PDU a cell broadcast */
    OP_AT_NOTICE_NET,    /* +CREG:, +CGREG:, +CEREG:, ^MODE: ... registration changed */
    OP_AT_NOTICE_SIGNAL, /* ^RSSI:, ^HCSQ:, +CESQ: ... chatter about the radio */
    OP_AT_NOTICE_CALL,   /* RING, +CLIP:, NO CARRIER ... */
    OP_AT_NOTICE_BOOT,   /* RDY, ^BOOT:, SMS Ready ...: it may have restarted; set it up again */
    OP_AT_NOTICE_FULL,   /* ^SMMEMFULL: the store is full */
    OP_AT_NOTICE_LATE,   /* an answer to a command that has ended */
    OP_AT_NOTICE_OTHER,  /* known to be unsolicited, of no use to OP */
    OP_AT_NOTICE_POWER   /* UNDER-VOLTAGE WARNNING ...: the supply is out of its bounds */
} op_at_notice_t;

typedef enum { OP_AT_WRITE, OP_AT_NOTICE, OP_AT_DONE } op_at_kind_t;

/*  All slices point into the engine. Those of WRITE and NOTICE are valid until the next call of any
    function on it but op_at_busy and op_at_deadline, those of DONE until the next op_at_start,
    op_at_drain, op_at_reset or op_at_free. */
typedef struct {
    op_at_kind_t kind;

    op_str_t bytes; /* WRITE: all of it, in order, to the tty */

    op_at_notice_t notice; /* NOTICE */
    op_str_t line;         /* the line */
    op_str_t pdu;          /* of +CMT, +CDS and +CBM: the second line, in hexadecimal digits or what
                              the modem had for them. Empty when an answer or another such notice
                              followed: that SMS is not acknowledged by anybody; look into the
                              store */

    op_at_result_t result; /* DONE */
    bool payload_sent;     /* Ctrl-Z was handed out to be written */
    bool drain;            /* it was op_at_drain that ended */
    int code;              /* of CME_ERROR and CMS_ERROR; -1 when there is none */
    op_str_t text;         /* the final result's line; empty when there was none */
    const op_str_t *lines; /* of the response, without the final result */
    size_t line_count;
    size_t cut; /* lines that were dropped because the response was over its limits */
} op_at_action_t;

typedef enum {
    OP_AT_PHASE_IDLE,
    OP_AT_PHASE_SEND,    /* the command is to be written */
    OP_AT_PHASE_PROMPT,  /* written; a payload waits for its prompt */
    OP_AT_PHASE_PAYLOAD, /* the prompt came: the payload is to be written */
    OP_AT_PHASE_ANSWER,  /* all is written */
    OP_AT_PHASE_ESCAPE,  /* no prompt: ESC is to be written */
    OP_AT_PHASE_CLEAN,   /* draining: ESC and the sentinel are to be written */
    OP_AT_PHASE_AGAIN,   /* draining: another sentinel is to be written */
    OP_AT_PHASE_OK,      /* draining: waits for OK */
    OP_AT_PHASE_QUIET,   /* draining: OK came, waits for silence */
    OP_AT_PHASE_END      /* a DONE is to be handed out */
} op_at_phase_t;

/*  For reading only, and only the counters. */
typedef struct {
    uint64_t noise; /* lines that were nobody's */
    uint64_t echo;  /* lines dropped as echo */
    uint64_t late;  /* answers to commands that had ended */

    op_at_lexer_t lexer;
    op_buf_t input;
    size_t input_at; /* of `input`, what the lexer has consumed */
    op_at_phase_t phase;
    bool dirty;   /* a late answer may come */
    bool late_ok; /* a late "+CMGS:" came: the OK behind it is its own */
    bool drain;   /* op_at_drain is in flight */
    bool queued;  /* a command follows the drain that op_at_start put before it */
    bool payload_sent;
    int64_t deadline;
    int64_t step_by; /* prompt, sentinel or silence: the phase's own instant; 0 none */

    char command[OP_AT_COMMAND_MAX + 1]; /* with its CR */
    size_t command_size;
    char expect[OP_AT_EXPECT_MAX];
    size_t expect_size;
    char payload[OP_AT_PAYLOAD_MAX + 1]; /* with its Ctrl-Z */
    size_t payload_size;                 /* 0: none */

    op_buf_t response;
    size_t line_ends[OP_AT_LINES_MAX];
    op_str_t lines[OP_AT_LINES_MAX];
    size_t line_count;
    size_t cut;

    char head[OP_AT_LINE_MAX]; /* the first line of a two-line notice */
    size_t head_size;          /* 0: none waits */
    op_at_notice_t head_kind;
    size_t held_size; /* of the lexer's line, which is to be looked at again; 0: none */
    bool info;        /* the last response line was an information line: its PDU may follow */
    char odd[OP_AT_LINE_MAX]; /* what followed instead, until more is known */
    size_t odd_size;
    bool ask;        /* op_at_ask_prompt is in flight */
    bool prompted;   /* ... and the prompt came */
    int64_t bare_by; /* a ">" has come, and nothing behind it: then it is a prompt; 0: none */

    op_at_result_t result;
    int code;
    char text[OP_AT_LINE_MAX];
    size_t text_size;
} op_at_t;

/*  `self` need not be initialised; about 30 KiB, best not on a small stack. The line is dirty. */
void op_at_init(op_at_t *self);
/*  Frees what it owns; it may be initialised again. Idempotent. */
void op_at_free(op_at_t *self);

/*  Starts a command, given without its CR. Everything is copied. Asserts that none is in flight
    and that the limits above hold. Pull op_at_next right after it: nothing is written before.

      expect    what its information lines start with ("+CMGR:"); a line of hexadecimal digits
                behind such a line belongs to it (the PDU). Of "+CMGR:" and "+CMGL:" so does a line
                of anything else, when no PDU follows: a damaged message must be seen to be kept and
                deleted. Empty: any line not otherwise known.
      payload   what follows the prompt, without Ctrl-Z; empty for none.
      deadline  the instant at which it ends as OP_AT_TIMEOUT, 0 for never. */
void op_at_start(op_at_t *self, op_str_t command, op_str_t expect, op_str_t payload,
                 int64_t deadline);

/*  Does the command (AT+CMGS=<n>) open a prompt here? It ends as OP_AT_OK when the prompt came: it
    was closed again with ESC, and nothing was sent. Otherwise as the command ended, OP_AT_NO_PROMPT
    where it did not. The line is dirty afterwards. */
void op_at_ask_prompt(op_at_t *self, op_str_t command, int64_t deadline);

/*  Cleans the line, see "Late answers": ends with DONE and `drain`, OP_AT_OK or OP_AT_TIMEOUT (the
    modem is silent: reopen the port, or reset the modem). Asserts that no command is in flight. */
void op_at_drain(op_at_t *self, int64_t deadline);

/*  An answer made no sense: the line is dirty, so the next command drains it first. */
void op_at_distrust(op_at_t *self);

/*  The port was closed or opened again: unread input is forgotten and the line is dirty. A command
    in flight ends: the next op_at_next hands out its DONE with OP_AT_LOST. */
void op_at_reset(op_at_t *self);

/*  Appends what was read. Asserts that no more than OP_AT_INPUT_MAX octets wait, that is, that
    op_at_next is pulled until it says false between reads. */
void op_at_feed(op_at_t *self, op_str_t bytes);

/*  Fills in the next action; false when there is none until more is fed or op_at_deadline passes.
    Input that has been fed is looked at before the deadline is. */
bool op_at_next(op_at_t *self, int64_t now, op_at_action_t *action) OP_MUST_CHECK;

/*  When op_at_next wants to be called although nothing was fed; 0: never. Right after op_at_start
    and op_at_drain call it at once. */
int64_t op_at_deadline(const op_at_t *self);

/*  The clock was set, back (`by` is negative) or ahead: what is in flight keeps the time that it
    had left. */
void op_at_shift(op_at_t *self, int64_t by);

/*  A command or a drain is in flight: its DONE was not handed out yet. */
bool op_at_busy(const op_at_t *self);

/*  A late answer may come: op_at_drain is due. */
bool op_at_dirty(const op_at_t *self);

#endif
