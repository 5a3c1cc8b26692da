/*  What each +CMS ERROR and +CME ERROR says about a text whose PDU was written */

#include "modem/cms_error.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/*  +CMS ERROR: 0 to 127 are RP causes (3GPP TS 24.011 E-2), 128 to 255 TP failure causes (TS 23.040
    9.2.3.22), 300 to 511 the modem's own (TS 27.005 3.2.5), from 512 the maker's. Every code from
    -1 to 1023 is in exactly one row. */
static const struct {
    int from, to;
    op_cms_class_t class;
    const char *why;
} s_table[] = {
    {INT_MIN, -1, OP_CMS_IN_DOUBT, "no number"},
    {0, 0, OP_CMS_IN_DOUBT, "no cause"},
    {1, 1, OP_CMS_UNREACHABLE, "unassigned number"},
    {2, 7, OP_CMS_IN_DOUBT, "not assigned by TS 24.011"},
    {8, 8, OP_CMS_BARRED, "operator determined barring"},
    {10, 10, OP_CMS_BARRED, "call barred"},
    {11, 16, OP_CMS_IN_DOUBT, "not assigned"},
    {17, 17, OP_CMS_TEMPORARY, "network failure"},
    {21, 21, OP_CMS_ONCE, "short message transfer rejected"},
    {22, 22, OP_CMS_TEMPORARY, "memory capacity exceeded, congestion"},
    {27, 27, OP_CMS_TEMPORARY, "destination out of service"},
    {28, 28, OP_CMS_UNREACHABLE, "unidentified subscriber"},
    {29, 29, OP_CMS_REJECTED, "facility rejected"},
    {30, 30, OP_CMS_UNREACHABLE, "unknown subscriber"},
    {38, 38, OP_CMS_LASTING, "network out of order"},
    {41, 42, OP_CMS_TEMPORARY, "temporary failure, congestion"},
    {47, 47, OP_CMS_TEMPORARY, "resources unavailable"},
    {50, 50, OP_CMS_BARRED, "requested facility not subscribed"},
    {69, 69, OP_CMS_REJECTED, "requested facility not implemented"},
    {81, 81, OP_CMS_REJECTED, "invalid transaction identifier"},
    {95, 99, OP_CMS_REJECTED, "invalid message or information element"},
    {111, 111, OP_CMS_REJECTED, "protocol error"},
    {127, 127, OP_CMS_REJECTED, "interworking"},
    {128, 159, OP_CMS_REJECTED, "TP-PID"},
    {160, 175, OP_CMS_REJECTED, "TP-DCS"},
    {176, 176, OP_CMS_REJECTED, "TPDU not supported"},
    {192, 192, OP_CMS_TEMPORARY, "service centre busy"},
    {193, 193, OP_CMS_REJECTED, "no service centre subscription"},
    {194, 194, OP_CMS_TEMPORARY, "service centre system failure"},
    {195, 196, OP_CMS_UNREACHABLE, "invalid, barred recipient"},
    {197, 197, OP_CMS_ACCEPTED, "rejected as a duplicate"},
    {198, 199, OP_CMS_VALIDITY, "TP-VPF, TP-VP not supported"},
    {208, 209, OP_CMS_FULL, "SIM storage full, no storage"},
    {211, 211, OP_CMS_FULL, "memory capacity exceeded"},
    {300, 300, OP_CMS_IN_DOUBT, "ME failure"},
    {301, 305, OP_CMS_REJECTED, "not allowed, not supported, bad parameter"},
    {306, 309, OP_CMS_IN_DOUBT, "not assigned"},
    {310, 310, OP_CMS_SIM, "SIM not inserted"},
    {311, 313, OP_CMS_SIM, "PIN required, failure"},
    {314, 314, OP_CMS_TEMPORARY, "SIM busy"},
    {315, 318, OP_CMS_SIM, "SIM wrong, PUK required"},
    {320, 320, OP_CMS_TEMPORARY, "memory failure"},
    {322, 322, OP_CMS_FULL, "memory full"},
    {330, 330, OP_CMS_TEMPORARY, "service centre address unknown"},
    {331, 331, OP_CMS_TEMPORARY, "no network service"},
    {332, 332, OP_CMS_IN_DOUBT, "network timeout: the acknowledgement is missing"},
    {500, 500, OP_CMS_IN_DOUBT, "unknown error"},
    {512, 1023, OP_CMS_IN_DOUBT, "the maker's own"},
    {INT_MAX, INT_MAX, OP_CMS_IN_DOUBT, "nonsense"},
};

static void test_classes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof s_table / sizeof s_table[0]; i++) {
        int from = s_table[i].from < -3 ? -3 : s_table[i].from;
        for (int code = from; code <= s_table[i].to; code++) {
            if (op_cms_class(code) != s_table[i].class)
                fail_msg("%d (%s)", code, s_table[i].why);
            if (code == INT_MAX)
                break;
        }
    }
    assert_int_equal(op_cms_class(INT_MIN), OP_CMS_IN_DOUBT);
}

static void test_classes_of_the_modems_own(void **state)
{
    (void)state;
    static const struct {
        int code;
        op_cms_class_t class;
    } table[] =
        {
            {-1, OP_CMS_IN_DOUBT},  {0, OP_CMS_IN_DOUBT},   {3, OP_CMS_TEMPORARY},
            {10, OP_CMS_SIM},       {11, OP_CMS_SIM},       {13, OP_CMS_SIM},
            {14, OP_CMS_TEMPORARY}, {20, OP_CMS_FULL},      {23, OP_CMS_TEMPORARY},
            {30, OP_CMS_TEMPORARY}, {31, OP_CMS_IN_DOUBT}, /* network time-out */
            {100, OP_CMS_IN_DOUBT}, {515, OP_CMS_IN_DOUBT},
        };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        assert_int_equal(op_cme_class(table[i].code), table[i].class);
}

/*  Only one code may ever count as sent. */
static void test_nothing_else_counts_as_accepted(void **state)
{
    (void)state;
    for (int code = -1000; code < 10000; code++) {
        assert_int_equal(op_cms_class(code) == OP_CMS_ACCEPTED, code == 197);
        assert_int_not_equal(op_cme_class(code), OP_CMS_ACCEPTED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_classes),
        cmocka_unit_test(test_classes_of_the_modems_own),
        cmocka_unit_test(test_nothing_else_counts_as_accepted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
