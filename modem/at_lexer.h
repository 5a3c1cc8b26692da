/*  at_lexer.h - bytes of a serial line into lines and prompts, and lines into fields

    The lowest layer of the AT engine (modem/at_engine.h): framing only, it knows no command.
    Pure.

    A line ends at CR or at LF (ITU-T V.250 5.7.1 frames an answer as CR LF text CR LF; an echo
    ends in CR alone, and some modems end in LF alone); so CR LF ends one line and makes one empty
    one, and empty lines are dropped. NUL, and blanks and Ctrl-Z at the end of a line, are dropped
    too. A line longer than OP_AT_LINE_MAX is dropped as a whole, to its end, and counted: a cut
    line could look like another one.

    A prompt (3GPP TS 27.005 3.5.1: CR LF > space) has no line end, so that only whoever waits for
    one can tell it from a line: it is recognised only when `prompt` is set, and only at the start
    of a line, as "> " (or as a line of ">" alone, which some modems send; a ">" that nothing
    follows, not even a line end, is the engine's to wait for). */

#ifndef OP_MODEM_AT_LEXER_H
#define OP_MODEM_AT_LEXER_H

#include "base/bytes.h"

enum { OP_AT_LINE_MAX = 4096 }; /* octets of a line, without its end */

typedef enum {
    OP_AT_TOKEN_NONE,  /* all bytes are consumed and no line is whole: more are needed */
    OP_AT_TOKEN_LINE,  /* *line is a line: not empty, without its end */
    OP_AT_TOKEN_PROMPT /* the modem waits for a payload */
} op_at_token_t;

/*  Zero-initialise it; it owns no memory. */
typedef struct {
    char line[OP_AT_LINE_MAX];
    size_t size;       /* of the line so far */
    bool skipping;     /* the line was too long: drop up to its end */
    bool old;          /* the line began before op_at_lexer_age: it is no prompt */
    uint64_t too_long; /* lines dropped for their length */
} op_at_lexer_t;

/*  Consumes from the front of *bytes up to the end of the next token. *line points into the lexer
    and is valid until the next call. */
op_at_token_t op_at_lex(op_at_lexer_t *self, op_str_t *bytes, bool prompt,
                        op_str_t *line) OP_MUST_CHECK;

/*  Forgets a half-read line. */
void op_at_lexer_reset(op_at_lexer_t *self);
/*  A half-read line is kept, but it is not the prompt of what is written from now on. */
void op_at_lexer_age(op_at_lexer_t *self);

/*  Something other than blanks has come, and not the end of its line. */
bool op_at_lexer_is_within(const op_at_lexer_t *self);

/*  Takes the next comma-separated field off *rest: blanks around it and one pair of quotes are
    removed; a comma inside quotes or parentheses does not separate. False when nothing is left.
    An empty field is a field: `,,x` has three. *rest starts behind the name: of +CMTI: "SM",3
    op_at_after(line, "+CMTI:") is ` "SM",3`, whose fields are SM and 3. */
bool op_at_field(op_str_t *rest, op_str_t *field);
/*  The same for a decimal number of at most `max`; false when there is none or it is not one. */
bool op_at_field_number(op_str_t *rest, uint64_t max, uint64_t *number);
/*  What follows `prefix`, which the caller knows to be there; the empty slice otherwise. */
op_str_t op_at_after(op_str_t line, const char *prefix);

#endif
