/*  instant.h - points in time

    An instant is milliseconds since 1970-01-01T00:00:00Z, in an int64_t; 0 means "none". Text is
    RFC 3339 in UTC with whole seconds ("2026-05-20T19:14:52Z"): milliseconds are stored, not shown.
    Nothing here reads a clock. */

#ifndef OP_BASE_INSTANT_H
#define OP_BASE_INSTANT_H

#include "base/check.h"

#define OP_SECOND_MS INT64_C(1000)
#define OP_MINUTE_MS (60 * OP_SECOND_MS)
#define OP_HOUR_MS   (60 * OP_MINUTE_MS)
#define OP_DAY_MS    (24 * OP_HOUR_MS)

enum { OP_INSTANT_TEXT = 20 }; /* characters, without the NUL; years 1970 to 9999 */

typedef struct {
    int year, month, day, hour, minute, second; /* month and day count from 1 */
} op_civil_t;

op_civil_t op_civil_from(int64_t instant_ms);
int64_t op_civil_to(op_civil_t civil);

void op_instant_print(int64_t instant_ms, char text[OP_INSTANT_TEXT + 1]);

/*  The same as an IMF-fixdate (RFC 9110 5.6.7), for headers: "Wed, 20 May 2026 19:14:52 GMT". */
enum { OP_INSTANT_HTTP_TEXT = 29 };
void op_instant_http(int64_t instant_ms, char text[OP_INSTANT_HTTP_TEXT + 1]);

/*  The UTC day as a number, days since 1970-01-01. */
int64_t op_instant_day(int64_t instant_ms);

#endif
