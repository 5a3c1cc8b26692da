#include "modem/cms_error.h"

#include <stddef.h>

typedef enum { S_CMS, S_CME } s_kind_t;

/*  What is in no row is in doubt: 300 and 500, 332 (the network's acknowledgement is missing), the
    maker's own, causes that nobody has assigned, and no number at all. */
static const struct {
    s_kind_t kind;
    int from, to;
    op_cms_class_t class;
} s_classes[] = {
    {S_CMS, 1, 1, OP_CMS_UNREACHABLE},     /* unassigned number */
    {S_CMS, 8, 8, OP_CMS_BARRED},          /* barred by the operator */
    {S_CMS, 10, 10, OP_CMS_BARRED},        /* call barred */
    {S_CMS, 17, 17, OP_CMS_TEMPORARY},     /* network failure */
    {S_CMS, 21, 21, OP_CMS_ONCE},          /* transfer rejected */
    {S_CMS, 22, 22, OP_CMS_TEMPORARY},     /* congestion */
    {S_CMS, 27, 27, OP_CMS_TEMPORARY},     /* destination out of service, for now */
    {S_CMS, 28, 28, OP_CMS_UNREACHABLE},   /* unidentified subscriber */
    {S_CMS, 29, 29, OP_CMS_REJECTED},      /* facility rejected */
    {S_CMS, 30, 30, OP_CMS_UNREACHABLE},   /* unknown subscriber */
    {S_CMS, 38, 38, OP_CMS_LASTING},       /* network out of order */
    {S_CMS, 39, 47, OP_CMS_TEMPORARY},     /* temporary failure, congestion, no resources */
    {S_CMS, 50, 50, OP_CMS_BARRED},        /* not subscribed */
    {S_CMS, 51, 127, OP_CMS_REJECTED},     /* not implemented, protocol errors */
    {S_CMS, 128, 191, OP_CMS_REJECTED},    /* PID, DCS, command or TPDU not supported */
    {S_CMS, 192, 192, OP_CMS_TEMPORARY},   /* service centre busy */
    {S_CMS, 193, 193, OP_CMS_REJECTED},    /* no service centre subscription */
    {S_CMS, 194, 194, OP_CMS_TEMPORARY},   /* service centre failure */
    {S_CMS, 195, 196, OP_CMS_UNREACHABLE}, /* invalid or barred recipient */
    {S_CMS, 197, 197, OP_CMS_ACCEPTED},    /* rejected as a duplicate of one that it holds */
    {S_CMS, 198, 199, OP_CMS_VALIDITY},    /* TP-VPF, TP-VP not supported */
    {S_CMS, 200, 207, OP_CMS_REJECTED},    /* reserved */
    {S_CMS, 208, 209, OP_CMS_FULL},        /* SIM storage full, none in the SIM */
    {S_CMS, 210, 210, OP_CMS_TEMPORARY},   /* error in the equipment */
    {S_CMS, 211, 211, OP_CMS_FULL},        /* memory capacity exceeded */
    {S_CMS, 212, 299, OP_CMS_TEMPORARY},   /* SIM application, the network's own */
    {S_CMS, 301, 305, OP_CMS_REJECTED},    /* not allowed, not supported, a bad parameter */
    {S_CMS, 310, 313, OP_CMS_SIM},         /* not inserted, PIN wanted, failure */
    {S_CMS, 314, 314, OP_CMS_TEMPORARY},   /* SIM busy */
    {S_CMS, 315, 318, OP_CMS_SIM},         /* wrong, PUK wanted */
    {S_CMS, 320, 321, OP_CMS_TEMPORARY},   /* memory failure, bad index */
    {S_CMS, 322, 322, OP_CMS_FULL},        /* memory full */
    {S_CMS, 330, 331, OP_CMS_TEMPORARY},   /* service centre unknown, no network */
    {S_CME, 1, 9, OP_CMS_TEMPORARY},       /* no connection, not allowed, not supported */
    {S_CME, 10, 13, OP_CMS_SIM},           /* not inserted, PIN or PUK wanted, failure */
    {S_CME, 14, 14, OP_CMS_TEMPORARY},     /* SIM busy */
    {S_CME, 15, 18, OP_CMS_SIM},           /* wrong, PIN2 or PUK2 wanted */
    {S_CME, 20, 20, OP_CMS_FULL},          /* memory full */
    {S_CME, 21, 30, OP_CMS_TEMPORARY},     /* bad index, memory failure, no network */
    {S_CME, 32, 49, OP_CMS_TEMPORARY},     /* emergency calls only, personalisation */
};

static op_cms_class_t s_class(s_kind_t kind, int code)
{
    for (size_t i = 0; i < sizeof s_classes / sizeof s_classes[0]; i++)
        if (kind == s_classes[i].kind && code >= s_classes[i].from && code <= s_classes[i].to)
            return s_classes[i].class;
    return OP_CMS_IN_DOUBT;
}

op_cms_class_t op_cms_class(int code)
{
    return s_class(S_CMS, code);
}

op_cms_class_t op_cme_class(int code)
{
    return s_class(S_CME, code);
}

const char *op_cms_class_name(op_cms_class_t class)
{
    switch (class) {
    case OP_CMS_TEMPORARY:
        return "temporary";
    case OP_CMS_LASTING:
        return "lasting";
    case OP_CMS_ONCE:
        return "once_more";
    case OP_CMS_SIM:
        return "sim";
    case OP_CMS_FULL:
        return "full";
    case OP_CMS_VALIDITY:
        return "validity";
    case OP_CMS_BARRED:
        return "barred";
    case OP_CMS_REJECTED:
        return "rejected";
    case OP_CMS_UNREACHABLE:
        return "unreachable";
    case OP_CMS_ACCEPTED:
        return "accepted";
    case OP_CMS_IN_DOUBT:
        return "in_doubt";
    }
    return "unknown";
}
