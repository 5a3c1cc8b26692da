/*  modem_family.c - what makers do differently, as rows

    Only what cannot be asked: everything else is chosen from what a modem says it offers
    (modem/at_answer.h), and tried in turn where it does not do what it says. */

#include "actors/modem_private.h"

#include <string.h>
#include <strings.h>

static const op_family_t s_families[] = {
    {"huawei", "AT^ICCID?", 2},  {"quectel", "AT+QCCID", 2}, {"simcom", "AT+CICCID", 2},
    {"telit", "AT#CCID", 1},     {"sierra", "AT+ICCID?", 2}, {"zte", "AT+ZGETICCID", 2},
    {"cinterion", "AT^SCID", 2}, {"gemalto", "AT^SCID", 2},  {"thales", "AT^SCID", 2},
    {"u-blox", "AT+CCID", 2},    {"", "AT+CCID", 2},
};

/*  Those that several makers know, and then the rest, for a modem that does not say whose it is. */
static const char *const s_iccids[] = {"AT+CCID",   "AT+ICCID",     "AT^ICCID?",
                                       "AT+QCCID",  "AT#CCID",      "AT^SCID",
                                       "AT+CICCID", "AT+ZGETICCID", "AT+ICCID?"};
enum { COMMON = 4 };

const op_family_t *op_family_of(const char *maker)
{
    const op_family_t *family = s_families;
    while (!op_str_starts_nocase(op_str(maker), family->maker))
        family++;
    return family;
}

const char *op_family_iccid(const op_family_t *family, size_t place)
{
    if (place == 0)
        return family->iccid;
    size_t count = *family->maker ? COMMON : OP_COUNT(s_iccids);
    for (size_t i = 0; i < count; i++)
        if (strcmp(s_iccids[i], family->iccid) != 0 && --place == 0)
            return s_iccids[i];
    return NULL;
}
