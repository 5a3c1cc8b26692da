/*  log.h - the operator's log: one line an event, on standard error

    As key=value (logfmt), or as one JSON object a line, with the same members:

        time=2026-05-20T19:14:52.123Z level=info source=modem event="up" line=+1******88 ...
        {"time":"2026-05-20T19:14:52.123Z","level":"info","source":"modem","event":"up",...}

    `event` is the sentence and the other members are the fields of the format (base/fields.h):
    op_log(OP_LOG_INFO, "http", "listening address=%s", address). What was caused by a request has
    its id as `request`, in whichever actor and process the line is written. Values are quoted where
    they need it, and in JSON numbers are numbers; a line never holds a line break but its own.

    Never a code, key, body or full phone number. Safe to call from any thread; a line is written
    whole, and one that cannot be written is lost: no reason to stop. */

#ifndef OP_TRANSPORT_LOG_H
#define OP_TRANSPORT_LOG_H

#include "base/bytes.h"

typedef enum { OP_LOG_DEBUG, OP_LOG_INFO, OP_LOG_WARNING, OP_LOG_ERROR } op_log_level_t;
typedef enum { OP_LOG_TEXT, OP_LOG_JSON } op_log_form_t;

/*  Lines below this level are not written. The default is OP_LOG_INFO. At any time. */
void op_log_threshold(op_log_level_t level);
bool op_log_wants(op_log_level_t level);

/*  The default is OP_LOG_TEXT. Set it before threads start. */
void op_log_form(op_log_form_t form);

void op_log(op_log_level_t level, const char *source, const char *format, ...) OP_PRINTF(3, 4);
/*  The same for a line that is written already (op_fields_print): what a core has said. */
void op_log_fields(op_log_level_t level, const char *source, op_str_t fields);

/*  Appends the line as op_log_fields writes it at this instant, its line break included. */
void op_log_print(op_buf_t *to, op_log_form_t form, int64_t now, op_log_level_t level,
                  const char *source, op_str_t fields);

#endif
