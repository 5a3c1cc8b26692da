#include "base/instant.h"

#include <stdio.h>

/*  Days from civil date and back, by the 400-year cycle of the Gregorian calendar, with years that
    begin in March so that the leap day is the last of its year. */

op_civil_t op_civil_from(int64_t instant_ms)
{
    int64_t days = op_instant_day(instant_ms);
    int64_t in_day = instant_ms / OP_SECOND_MS - days * 86400;
    int64_t z = days + 719468;
    int64_t era = z / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    int month = (int)(mp < 10 ? mp + 3 : mp - 9);
    return (op_civil_t){.year = (int)(yoe + era * 400 + (month <= 2)),
                        .month = month,
                        .day = (int)(doy - (153 * mp + 2) / 5 + 1),
                        .hour = (int)(in_day / 3600),
                        .minute = (int)(in_day / 60 % 60),
                        .second = (int)(in_day % 60)};
}

int64_t op_civil_to(op_civil_t c)
{
    int64_t y = c.year - (c.month <= 2);
    int64_t era = y / 400;
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * (c.month > 2 ? c.month - 3 : c.month + 9) + 2) / 5 + c.day - 1;
    int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    int64_t days = era * 146097 + doe - 719468;
    return ((days * 24 + c.hour) * 60 + c.minute) * OP_MINUTE_MS + c.second * OP_SECOND_MS;
}

void op_instant_print(int64_t instant_ms, char text[OP_INSTANT_TEXT + 1])
{
    op_civil_t c = op_civil_from(instant_ms);
    OP_ASSERT(c.year >= 1970 && c.year <= 9999);
    char wide[96];
    snprintf(wide, sizeof wide, "%04d-%02d-%02dT%02d:%02d:%02dZ", c.year, c.month, c.day, c.hour,
             c.minute, c.second);
    snprintf(text, OP_INSTANT_TEXT + 1, "%.20s", wide);
}

void op_instant_http(int64_t instant_ms, char text[OP_INSTANT_HTTP_TEXT + 1])
{
    static const char days[7][4] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    op_civil_t c = op_civil_from(instant_ms);
    OP_ASSERT(c.year >= 1970 && c.year <= 9999);
    char wide[96];
    snprintf(wide, sizeof wide, "%s, %02d %s %04d %02d:%02d:%02d GMT",
             days[op_instant_day(instant_ms) % 7], c.day, months[c.month - 1], c.year, c.hour,
             c.minute, c.second);
    snprintf(text, OP_INSTANT_HTTP_TEXT + 1, "%.29s", wide);
}

int64_t op_instant_day(int64_t instant_ms)
{
    OP_ASSERT(instant_ms >= 0);
    return instant_ms / OP_DAY_MS;
}
