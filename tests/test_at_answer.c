/*  What lines of many makers mean: each whole, and cut off anywhere, at a page's end */

#include "modem/at_answer.h"
#include "tests/page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct {
    bool asked;
    int stat;
} s_registration_t;

static void s_registration(op_str_t line, void *arg)
{
    s_registration_t *registration = arg;
    registration->stat = op_at_registration(line, registration->asked);
}

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
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        s_registration_t got = {.asked = table[i].asked};
        page_grow(table[i].line, s_registration, &got);
        assert_int_equal(got.stat, table[i].stat);
    }
    for (int stat = -1; stat <= 10; stat++)
        assert_int_equal(op_at_registered(stat), stat == 1 || (stat >= 5 && stat <= 7));
}

/*  Behind a line that was not asked for. */
typedef struct {
    char iccid[OP_ICCID_MAX + 1], imei[OP_IMEI_MAX + 1], words[9];
    bool is_iccid, is_imei;
} s_identity_t;

static void s_identity(op_str_t line, void *arg)
{
    s_identity_t *got = arg;
    op_str_t lines[] = {OP_STR("+ZPSTM: 0,1"), line};
    got->is_iccid = op_at_iccid(lines, OP_COUNT(lines), got->iccid);
    got->is_imei = op_at_digits(lines, OP_COUNT(lines), 14, OP_IMEI_MAX, got->imei);
    op_at_words(line, "+CGMI:", got->words, sizeof got->words);
}

static void test_identities(void **state)
{
    (void)state;
    s_identity_t got;
    static const char *const iccids[] = {"+CCID: 89014103211118510720", "89014103211118510720",
                                         "+ICCID: \"89014103211118510720\"",
                                         "^SCID: 89014103211118510720", "89014103211118510720F"};
    static const char *const no[] = {"+CSQ: 1,2", "12345678901234567", ""};
    for (size_t i = 0; i < OP_COUNT(iccids); i++) {
        page_grow(iccids[i], s_identity, &got);
        assert_true(got.is_iccid);
        assert_string_equal(got.iccid, "89014103211118510720");
    }
    for (size_t i = 0; i < OP_COUNT(no); i++) {
        page_grow(no[i], s_identity, &got);
        assert_false(got.is_iccid);
    }
    page_grow(no[0], s_identity, &got);
    assert_false(got.is_imei);
    page_grow("+CGSN: \"356938035643809\"", s_identity, &got);
    assert_true(got.is_imei);
    assert_string_equal(got.imei, "356938035643809");
    page_grow("+CGMI: \"Quectel\x01 Wireless\"", s_identity, &got);
    assert_string_equal(got.words, "Quectel ");
    page_grow("", s_identity, &got);
    assert_string_equal(got.words, "");
}

typedef struct {
    char memory[3][OP_MEMORY_MAX + 1];
    bool says;
    uint64_t used, total;
} s_storage_t;

static void s_storage(op_str_t line, void *arg)
{
    s_storage_t *got = arg;
    op_at_memories(line, got->memory);
    got->says = op_at_usage(line, &got->used, &got->total);
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
        char all[7];
        s_storage_t got;
        page_grow(table[i].line, s_storage, &got);
        memcpy(all, got.memory[0], 2);
        memcpy(all + 2, got.memory[1], 2);
        memcpy(all + 4, got.memory[2], 3);
        assert_string_equal(all, table[i].memories);
    }
    static const struct {
        const char *line;
        bool says;
        uint64_t used, total;
    } usage[] = {
        {"+CPMS: \"SM\",3,20,\"SM\",3,20,\"ME\",4,50", true, 4, 50},
        {"+CPMS: 1,10,1,10,2,10", true, 2, 10},
        {"+CPMS: 7,10", true, 7, 10},
        {"+CPMS: 7", false, 0, 0},
        {"OK", false, 0, 0},
    };
    for (size_t i = 0; i < OP_COUNT(usage); i++) {
        s_storage_t got;
        page_grow(usage[i].line, s_storage, &got);
        assert_int_equal(got.says, usage[i].says);
        assert_true(!got.says || (got.used == usage[i].used && got.total == usage[i].total));
    }
}

typedef struct {
    unsigned reports;
    size_t place;
    unsigned cnmi[OP_CNMI];
    bool more;
} s_setting_t;

static void s_setting(op_str_t line, void *arg)
{
    s_setting_t *got = arg;
    got->more = op_at_cnmi(line, got->reports, got->place, got->cnmi);
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
        s_setting_t got = {.reports = table[i].reports, .place = table[i].place};
        page_grow(table[i].line, s_setting, &got);
        assert_int_equal(got.more, table[i].cnmi != NULL);
        for (size_t k = 0; got.more && k < OP_CNMI; k++)
            if (got.cnmi[k] != (unsigned)(table[i].cnmi[k] - '0'))
                fail_msg("row %zu: place %zu is %u", i, k, got.cnmi[k]);
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
