/*  at_line.h - what one line of a modem is: a final result, or a notice nobody asked for

    Tables and the functions that search them; no state. Used by the engine (modem/at_engine.h),
    whose types they fill in. */

#ifndef OP_MODEM_AT_LINE_H
#define OP_MODEM_AT_LINE_H

#include "modem/at_engine.h"

/*  Is the whole line a final result of `command`? Fills in the result, and `code` with the number
    of +CME ERROR and +CMS ERROR, which may be said in words (modem/error_words.h), or -1. NO CARRIER, BUSY and the other results of a call end only
    the commands that make, take or end one: while anything else is in flight they tell of a call
    that somebody else ended, and must not pass for the failure of an SMS. */
bool op_at_line_final(op_str_t line, op_str_t command, op_at_result_t *result, int *code);

/*  Is it a notice? `command` and `expect` are those in flight, empty for none: some lines come both
    as an answer (+CREG: to AT+CREG?) and unasked. `pdu` says that a second line follows. */
bool op_at_line_notice(op_str_t line, op_str_t command, op_str_t expect, op_at_notice_t *kind,
                       bool *pdu);

/*  Does this notice of a call say that one comes in (V.250 6.3, TS 27.007 6.11)? */
bool op_at_line_rings(op_str_t line);

/*  An even count of hexadecimal digits, at least two. */
bool op_at_line_hex(op_str_t line);

/*  May it be what the modem has in the place of a PDU, in whatever state? An answer, a name in front,
    or an echo is not, even where a PDU was lost. */
bool op_at_line_may_be_pdu(op_str_t line, op_str_t command);

/*  A piece of what was sent, at its beginning or at its end, as an echo that lost some of it
    shows. */
bool op_at_line_echo(op_str_t line, op_str_t sent);

#endif
