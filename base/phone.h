/*  phone.h - telephone numbers in E.164 form

    "+", then 7 to 15 digits, the first not 0 (ITU-T E.164 6.2); behind +1 exactly ten digits (the
    North American plan). Anything else is refused: OP never guesses a country of what a client
    says. */

#ifndef OP_BASE_PHONE_H
#define OP_BASE_PHONE_H

#include "base/bytes.h"

enum { OP_PHONE_MAX = 16 }; /* characters: "+" and 15 digits */

bool op_phone_valid(op_str_t phone);

/*  The full form of a number that the network has handed over to `home` without its country. True
    where there is no doubt: behind +1 ten digits, or eleven of which the first is 1; elsewhere what
    the network calls `national`, of seven digits at least, the first not 0. Short codes are none. */
bool op_phone_complete(op_str_t home, op_str_t digits, bool national,
                       char text[OP_PHONE_MAX + 1]) OP_MUST_CHECK;

/*  For logs: all but the last two digits are hidden ("+1********34"). Returns `text`. */
const char *op_phone_mask(op_str_t phone, char text[OP_PHONE_MAX + 1]);

/*  For logs: the last four digits of an IMEI or ICCID. */
op_str_t op_serial_tail(op_str_t digits);

/*  Does `phone` begin with one of the prefixes of a comma-separated list, such as "+1,+44"?
    An empty list allows every number. */
bool op_phone_allowed(op_str_t phone, op_str_t prefixes);

#endif
