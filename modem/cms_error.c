#include "modem/cms_error.h"

#include <stddef.h>

static const struct {
    int from, to;
    op_cms_class_t class;
} s_classes[] = {
    {1, 1, OP_CMS_UNREACHABLE},   /* unassigned number */
    {8, 10, OP_CMS_REJECTED},     /* barred by the operator, call barred */
    {17, 17, OP_CMS_TEMPORARY},   /* network failure */
    {21, 21, OP_CMS_REJECTED},    /* transfer rejected */
    {22, 22, OP_CMS_TEMPORARY},   /* congestion */
    {27, 27, OP_CMS_UNREACHABLE}, /* destination out of service */
    {28, 28, OP_CMS_UNREACHABLE}, /* unidentified subscriber */
    {29, 29, OP_CMS_REJECTED},    /* facility rejected */
    {30, 30, OP_CMS_UNREACHABLE}, /* unknown subscriber */
    {38, 47, OP_CMS_TEMPORARY}, /* network out of order, temporary failure, congestion, resources */
    {50, 127, OP_CMS_REJECTED}, /* not subscribed, not implemented, protocol errors */
    {128, 191, OP_CMS_REJECTED},    /* PID, DCS, command or TPDU not supported */
    {192, 192, OP_CMS_TEMPORARY},   /* service centre busy */
    {193, 193, OP_CMS_REJECTED},    /* no service centre subscription */
    {194, 194, OP_CMS_TEMPORARY},   /* service centre failure */
    {195, 196, OP_CMS_UNREACHABLE}, /* invalid or barred recipient */
    {197, 197, OP_CMS_ACCEPTED},    /* rejected as a duplicate of one that it holds */
    {198, 207, OP_CMS_REJECTED},
    {208, 299, OP_CMS_TEMPORARY}, /* SIM full, memory exceeded, application errors */
    {301, 305, OP_CMS_REJECTED},  /* not allowed, not supported, a bad parameter: it never left */
    {310, 318, OP_CMS_TEMPORARY}, /* SIM missing, locked or busy: it never left */
    {320, 322, OP_CMS_TEMPORARY}, /* memory: it never left */
    {330, 331, OP_CMS_TEMPORARY}, /* service centre unknown, no network: it never left */
};

op_cms_class_t op_cms_class(int code)
{
    for (size_t i = 0; i < sizeof s_classes / sizeof s_classes[0]; i++)
        if (code >= s_classes[i].from && code <= s_classes[i].to)
            return s_classes[i].class;
    /* 300, 332 (the network's acknowledgement is missing), 500, the maker's own, and no number at
       all. */
    return OP_CMS_IN_DOUBT;
}
