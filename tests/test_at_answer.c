/*  What lines of many makers mean */

#include "modem/at_answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_registration(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        bool asked;
        int stat;
    } table[] = {
        {"+CREG: 0,1", true, 1},
        {"+CREG: 2,5,\"1A2B\",\"00C0FFEE\",7", true, 5},
        {"+CEREG:0, 3", true, 3},
        {"+CGREG: 2,1, 1A2B ,C0FFEE", true, 1},
        {"+CREG: 1", false, 1},
        {"+CREG: 5,\"1234\",\"00C3\"", false, 5},
        {"+CREG: 0", true, -1},
        {"+CREG:", true, -1},
        {"+CREG: 0,", true, -1},
        {"+CREG: 1,\"1234\"", true, -1}, /* a notice in between: no status has that many digits */
        {"OK", true, -1},
        {"", false, -1},
    };
    for (size_t i = 0; i < OP_COUNT(table); i++)
        assert_int_equal(op_at_registration(op_str(table[i].line), table[i].asked), table[i].stat);
    for (int stat = -1; stat <= 10; stat++)
        assert_int_equal(op_at_registered(stat), stat == 1 || (stat >= 5 && stat <= 7));
}

static void test_identities(void **state)
{
    (void)state;
    char to[OP_ICCID_MAX + 1], imei[OP_IMEI_MAX + 1], words[9];
    static const char *const iccids[] = {"+CCID: 89014103211118510720", "89014103211118510720",
                                         "+ICCID: \"89014103211118510720\"",
                                         "^SCID: 89014103211118510720", "89014103211118510720F"};
    for (size_t i = 0; i < OP_COUNT(iccids); i++) {
        op_str_t lines[] = {OP_STR("+ZPSTM: 0,1"), op_str(iccids[i])};
        assert_true(op_at_iccid(lines, 2, to));
        assert_string_equal(to, "89014103211118510720");
    }
    op_str_t no[] = {OP_STR("+CSQ: 1,2"), OP_STR("12345678901234567"), OP_STR("")};
    assert_false(op_at_iccid(no, 3, to));
    assert_false(op_at_digits(no, 1, 14, OP_IMEI_MAX, imei));
    op_str_t serial[] = {OP_STR("+ZPSTM: 0,1"), OP_STR("+CGSN: \"356938035643809\"")};
    assert_true(op_at_digits(serial, 2, 14, OP_IMEI_MAX, imei));
    assert_string_equal(imei, "356938035643809");
    op_at_words(OP_STR("+CGMI: \"Quectel\x01 Wireless\""), "+CGMI:", words, sizeof words);
    assert_string_equal(words, "Quectel ");
    op_at_words(OP_STR(""), "+CGMI:", words, sizeof words);
    assert_string_equal(words, "");
}

static void test_memories(void **state)
{
    (void)state;
    static const struct {
        const char *line, *memories;
    } table[] = {
        {"+CPMS: (\"SM\",\"ME\"),(\"SM\",\"ME\"),(\"SM\",\"ME\")", "SMSMSM"},
        {"+CPMS: (\"ME\",\"MT\"),(\"ME\",\"SM\",\"MT\"),(\"SM\",\"MT\")", "MTSMSM"},
        {"+CPMS: \"ME\",\"MT\",\"SM\"", "SMSMSM"},
        {"+CPMS: (\"ME\"),(\"ME\"),(\"ME\")", "MEMEME"},
        {"+CPMS: ((\"SM\",\"BM\",\"SR\"),(\"SM\"))", "SMSMSM"},
        {"+CPMS: (),(),()", "SMSMSM"},
        {"+CPMS: (\"MT\" \"ME\")", "MEMEME"},
        {"", "SMSMSM"},
        {"+CPMS: (((((", "SMSMSM"},
    };
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        char memory[3][OP_MEMORY_MAX + 1], all[7];
        op_at_memories(op_str(table[i].line), memory);
        memcpy(all, memory[0], 2);
        memcpy(all + 2, memory[1], 2);
        memcpy(all + 4, memory[2], 3);
        assert_string_equal(all, table[i].memories);
    }
    uint64_t used = 0, total = 0;
    assert_true(op_at_usage(OP_STR("+CPMS: \"SM\",3,20,\"SM\",3,20,\"ME\",4,50"), &used, &total));
    assert_true(used == 4 && total == 50);
    assert_true(op_at_usage(OP_STR("+CPMS: 1,10,1,10,2,10"), &used, &total));
    assert_true(used == 2 && total == 10);
    assert_true(op_at_usage(OP_STR("+CPMS: 7,10"), &used, &total));
    assert_int_equal(used, 7);
    assert_false(op_at_usage(OP_STR("+CPMS: 7"), &used, &total));
    assert_false(op_at_usage(OP_STR("OK"), &used, &total));
}

static void test_notices(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        unsigned reports;
        size_t place;
        const char *cnmi; /* NULL: no more */
    } table[] = {
        {"+CNMI: (0-3),(0-3),(0-3),(0-2),(0,1)", 2, 0, "21020"},
        {"+CNMI: (0-3),(0-3),(0-3),(0-2),(0,1)", 2, 1, "11020"},
        {"+CNMI: (0-3),(0-3),(0-3),(0-2),(0,1)", 2, 2, "31020"},
        {"+CNMI: (0-3),(0-3),(0-3),(0-2),(0,1)", 2, 3, "21010"},
        {"+CNMI: (0-3),(0-3),(0-3),(0-2),(0,1)", 2, 6, "21000"},
        {"+CNMI: (0-3),(0-3),(0-3),(0-2),(0,1)", 2, 8, "31000"},
        {"+CNMI: (0-3),(0-3),(0-3),(0-2),(0,1)", 2, 9, NULL},
        {"+CNMI: (0-3),(0-3),(0-3),(0-2),(0,1)", 1, 0, "21010"},
        {"+CNMI: (0,1,2),(0,1),(0),(0,1,2),(1)", 2, 0, "21021"},
        {"+CNMI: (0,1),(0,1),(0,2),(0,2),(0,1)", 1, 0, "11020"},
        {"+CNMI: (1, 2),(0 - 1),(2),(0),(0)", 2, 0, "21200"},
        {"+CNMI: (1, 2),(0 - 1),(2),(0),(0)", 2, 1, "11200"},
        {"+CNMI: (1, 2),(0 - 1),(2),(0),(0)", 2, 2, NULL},
        {"+CNMI: (2),(0,1),(0),(2),(1)", 2, 0, "21021"}, /* it may take none of what it offers */
        {"+CNMI: (2),(0,1),(0),(2),(1)", 2, 1, "11001"},
        {"+CNMI: (2),(0,1),(0),(2),(1)", 2, 2, NULL},
        {"", 2, 0, "21020"},
        {"+CNMI: (0-", 2, 0, "21020"},
        {"+CNMI: (10),(12)", 2, 0, "21020"},
    };
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        unsigned cnmi[OP_CNMI];
        bool more = op_at_cnmi(op_str(table[i].line), table[i].reports, table[i].place, cnmi);
        assert_int_equal(more, table[i].cnmi != NULL);
        for (size_t k = 0; more && k < OP_CNMI; k++)
            if (cnmi[k] != (unsigned)(table[i].cnmi[k] - '0'))
                fail_msg("row %zu: place %zu is %u", i, k, cnmi[k]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registration),
        cmocka_unit_test(test_identities),
        cmocka_unit_test(test_memories),
        cmocka_unit_test(test_notices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
