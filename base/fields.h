/*  fields.h - a line for the log: what happened, and fields, out of one printf format

    "joined the pool number=%s" is a sentence and a field. A word of the format that reads
    name=%... (or name="%...") is a field, everything else is the sentence. The format decides that,
    before any value is put in, so no value can pretend to be a field or a line of its own.

    The written form, which the log (transport/log.h) turns into key=value or JSON:

        sentence US name=value US name:value ...       US is 0x1f, which is in no value

    ':' stands before a number: a value that is one plain %d, %i, %u or %f and nothing else.

    Values and sentence are clean: control octets and what is not UTF-8 come out as '?'. Each is cut
    at OP_FIELD_MAX octets, the whole at OP_FIELDS_MAX.

    Conversions: %s %.*s %c %d %i %u %x %f with flags, digits, and the lengths l, ll and z. */

#ifndef OP_BASE_FIELDS_H
#define OP_BASE_FIELDS_H

#include "base/bytes.h"

#include <stdarg.h>

enum { OP_FIELD_END = 0x1f, OP_FIELD_MAX = 400, OP_FIELDS_MAX = 2000 };

/*  Appends the written form. */
void op_fields_print(op_buf_t *to, const char *format, va_list arguments) OP_PRINTF(2, 0);
/*  Appends one more field to a written form, unless the value is empty. */
void op_fields_add(op_buf_t *to, const char *name, op_str_t value);

/*  Takes the next piece off the front of a written form; *name is {0} before the first call, which
    gives the sentence, with an empty name. *number: the value is one. False at the end. */
bool op_fields_next(op_str_t *rest, op_str_t *name, op_str_t *value, bool *number) OP_MUST_CHECK;

/*  Appends the text with what is not printable UTF-8 as '?'. */
void op_fields_clean(op_buf_t *to, op_str_t text);

#endif
