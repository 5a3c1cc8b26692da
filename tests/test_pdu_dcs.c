/*  Every data coding scheme, as the tables of TS 23.038 section 4 have it. */

#include "modem/pdu_dcs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/*  Alphabet G, B or U; class or -; z when compressed; d in the automatic deletion group; - or, for
    message waiting, x (discard) or s (store), + or - (on, off), and the kind of message. */
/* clang-format off */
static const char *const s_rows[256] = {
    "G----", "G----", "G----", "G----", "B----", "B----", "B----", "B----", /* 00 */
    "U----", "U----", "U----", "U----", "G----", "G----", "G----", "G----", /* 08 */
    "G0---", "G1---", "G2---", "G3---", "B0---", "B1---", "B2---", "B3---", /* 10 */
    "U0---", "U1---", "U2---", "U3---", "G0---", "G1---", "G2---", "G3---", /* 18 */
    "B-z--", "B-z--", "B-z--", "B-z--", "B-z--", "B-z--", "B-z--", "B-z--", /* 20 */
    "B-z--", "B-z--", "B-z--", "B-z--", "B-z--", "B-z--", "B-z--", "B-z--", /* 28 */
    "B0z--", "B1z--", "B2z--", "B3z--", "B0z--", "B1z--", "B2z--", "B3z--", /* 30 */
    "B0z--", "B1z--", "B2z--", "B3z--", "B0z--", "B1z--", "B2z--", "B3z--", /* 38 */
    "G--d-", "G--d-", "G--d-", "G--d-", "B--d-", "B--d-", "B--d-", "B--d-", /* 40 */
    "U--d-", "U--d-", "U--d-", "U--d-", "G--d-", "G--d-", "G--d-", "G--d-", /* 48 */
    "G0-d-", "G1-d-", "G2-d-", "G3-d-", "B0-d-", "B1-d-", "B2-d-", "B3-d-", /* 50 */
    "U0-d-", "U1-d-", "U2-d-", "U3-d-", "G0-d-", "G1-d-", "G2-d-", "G3-d-", /* 58 */
    "B-zd-", "B-zd-", "B-zd-", "B-zd-", "B-zd-", "B-zd-", "B-zd-", "B-zd-", /* 60 */
    "B-zd-", "B-zd-", "B-zd-", "B-zd-", "B-zd-", "B-zd-", "B-zd-", "B-zd-", /* 68 */
    "B0zd-", "B1zd-", "B2zd-", "B3zd-", "B0zd-", "B1zd-", "B2zd-", "B3zd-", /* 70 */
    "B0zd-", "B1zd-", "B2zd-", "B3zd-", "B0zd-", "B1zd-", "B2zd-", "B3zd-", /* 78 */
    "G----", "G----", "G----", "G----", "G----", "G----", "G----", "G----", /* 80 */
    "G----", "G----", "G----", "G----", "G----", "G----", "G----", "G----", /* 88 */
    "G----", "G----", "G----", "G----", "G----", "G----", "G----", "G----", /* 90 */
    "G----", "G----", "G----", "G----", "G----", "G----", "G----", "G----", /* 98 */
    "G----", "G----", "G----", "G----", "G----", "G----", "G----", "G----", /* A0 */
    "G----", "G----", "G----", "G----", "G----", "G----", "G----", "G----", /* A8 */
    "G----", "G----", "G----", "G----", "G----", "G----", "G----", "G----", /* B0 */
    "G----", "G----", "G----", "G----", "G----", "G----", "G----", "G----", /* B8 */
    "G---x-0", "G---x-1", "G---x-2", "G---x-3", "G---x-0", "G---x-1", "G---x-2", "G---x-3", /* C0 */
    "G---x+0", "G---x+1", "G---x+2", "G---x+3", "G---x+0", "G---x+1", "G---x+2", "G---x+3", /* C8 */
    "G---s-0", "G---s-1", "G---s-2", "G---s-3", "G---s-0", "G---s-1", "G---s-2", "G---s-3", /* D0 */
    "G---s+0", "G---s+1", "G---s+2", "G---s+3", "G---s+0", "G---s+1", "G---s+2", "G---s+3", /* D8 */
    "U---s-0", "U---s-1", "U---s-2", "U---s-3", "U---s-0", "U---s-1", "U---s-2", "U---s-3", /* E0 */
    "U---s+0", "U---s+1", "U---s+2", "U---s+3", "U---s+0", "U---s+1", "U---s+2", "U---s+3", /* E8 */
    "G0---", "G1---", "G2---", "G3---", "B0---", "B1---", "B2---", "B3---", /* F0 */
    "G0---", "G1---", "G2---", "G3---", "B0---", "B1---", "B2---", "B3---", /* F8 */
};
/* clang-format on */

static void s_row(uint8_t octet, char row[16])
{
    op_dcs_t dcs = op_dcs_read(octet);
    snprintf(row, 16, "%c%c%c%c", "GBU"[dcs.alphabet],
             dcs.message_class < 0 ? '-' : '0' + dcs.message_class, dcs.compressed ? 'z' : '-',
             dcs.deletable ? 'd' : '-');
    if (dcs.waiting == OP_WAITING_NONE) {
        assert_int_equal(dcs.waiting_kind, -1);
        assert_false(dcs.indicate);
        snprintf(row + 4, 12, "-");
    } else {
        snprintf(row + 4, 12, "%c%c%d", dcs.waiting == OP_WAITING_DISCARD ? 'x' : 's',
                 dcs.indicate ? '+' : '-', dcs.waiting_kind);
    }
}

static void s_all(void **state)
{
    (void)state;
    for (unsigned octet = 0; octet < 256; octet++) {
        char row[16];
        s_row((uint8_t)octet, row);
        if (strcmp(row, s_rows[octet]) != 0)
            fail_msg("%02X is %s, not %s", octet, row, s_rows[octet]);
    }
}

static void s_written(void **state)
{
    (void)state;
    for (int a = OP_ALPHABET_GSM7; a <= OP_ALPHABET_UCS2; a++) {
        op_dcs_t dcs = op_dcs_read(op_dcs_of((op_alphabet_t)a));
        assert_int_equal(dcs.alphabet, a);
        assert_int_equal(dcs.message_class, -1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(s_all), cmocka_unit_test(s_written)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
