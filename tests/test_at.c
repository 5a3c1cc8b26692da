/*  The AT engine and its lexer: every exchange whole, octet by octet and in pieces, each at a
    page's end. */

#include "tests/at_fixture.h"

/*  One command and what the modem sends, in pieces: `after` is fed when the command was written,
    `later` when the payload was. `want` is what comes out: a line an action. */
typedef struct {
    const char *name;
    const char *command, *expect, *payload;
    const char *after, *later;
    const char *want;
} s_case_t;

static const s_case_t s_cases[] = {
    {"plain", "AT", "", "", "\r\nOK\r\n", "", "write AT|done ok|"},
    {"error", "AT+X", "", "", "\r\nERROR\r\n", "", "write AT+X|done error|"},
    {"line feeds alone", "AT", "", "", "\nOK\n", "", "write AT|done ok|"},
    {"echo", "AT+CGMI", "", "", "AT+CGMI\r\r\nOP\r\n\r\nOK\r\n", "", "write AT+CGMI|done ok [OP]|"},
    {"echo without its beginning", "AT+CGMI", "", "", "CGMI\r\r\nOP\r\n\r\nOK\r\n", "",
     "write AT+CGMI|done ok [OP]|"},
    {"echo without its end", "AT+CGMI", "", "", "AT+CG\r\nOP\r\n\r\nOK\r\n", "",
     "write AT+CGMI|done ok [OP]|"},
    {"cms number", "AT+CMGR=1", "+CMGR:", "", "\r\n+CMS ERROR: 321\r\n", "",
     "write AT+CMGR=1|done cms_error 321|"},
    {"cms text", "AT+CMGR=1", "+CMGR:", "", "\r\n+CMS ERROR: SIM busy\r\n", "",
     "write AT+CMGR=1|done cms_error 314|"},
    {"cms text of its own", "AT+CMGR=1", "+CMGR:", "", "\r\n+CMS ERROR: out of cheese\r\n", "",
     "write AT+CMGR=1|done cms_error -1|"},
    {"cme number", "AT+CPIN?", "+CPIN:", "", "\r\n+CME ERROR: 10\r\n", "",
     "write AT+CPIN?|done cme_error 10|"},
    {"makers' error", "AT^X", "", "", "\r\nCOMMAND NOT SUPPORT\r\n", "", "write AT^X|done error|"},
    {"terminators inside lines", "AT+CMGL", "", "",
     "\r\n+CMGL: 1,\"REC READ\",\"OK\"\r\nOK then, see you\r\nthat is OK\r\n> not a prompt\r\n"
     "ERROR 5\r\n\r\nOK\r\n",
     "",
     "write AT+CMGL|done ok [+CMGL: 1,\"REC READ\",\"OK\"][OK then, see you][that is OK]"
     "[> not a prompt][ERROR 5]|"},
    {"asked for", "AT+CREG?", "+CREG:", "", "\r\n+CREG: 2,1\r\n\r\nOK\r\n", "",
     "write AT+CREG?|done ok [+CREG: 2,1]|"},
    {"not asked for", "AT+CREG=2", "", "", "\r\n+CREG: 1,\"1A\",\"2B\"\r\n\r\nOK\r\n", "",
     "write AT+CREG=2|notice 5 +CREG: 1,\"1A\",\"2B\"|done ok|"},
    {"two asked for", "AT+CREG?;+CSQ", "", "", "\r\n+CREG: 0,1\r\n\r\n+CSQ: 9,9\r\n\r\nOK\r\n", "",
     "write AT+CREG?;+CSQ|done ok [+CREG: 0,1][+CSQ: 9,9]|"},
    {"notices in a list", "AT+CMGL=4", "+CMGL:", "",
     "\r\n+CMGL: 1,0,,20\r\n\r\n+CMTI: \"SM\",7\r\n" PDU "\r\n^RSSI: 12\r\n+CMGL: 2,0,,20\r\n" PDU
     "\r\nRING\r\nrubbish\r\n\r\nOK\r\n",
     "",
     "write AT+CMGL=4|notice 0 +CMTI: \"SM\",7|notice 6 ^RSSI: 12|notice 7 RING|done ok "
     "[+CMGL: 1,0,,20][" PDU "][+CMGL: 2,0,,20][" PDU "]|noise 1"},
    {"two-line notice in a list", "AT+CMGL=4", "+CMGL:", "",
     "\r\n+CMGL: 1,0,,20\r\n+CMT: ,19\r\n07AA\r\n" PDU "\r\n\r\nOK\r\n", "",
     "write AT+CMGL=4|notice 1 +CMT: ,19 / 07AA|done ok [+CMGL: 1,0,,20][" PDU "]|"},
    {"a damaged message is handed on", "AT+CMGL=4", "+CMGL:", "",
     "\r\n+CMGL: 1,0,,20\r\n07p19=<\r\n+CMGL: 2,0,,20\r\n" PDU "\r\n\r\nOK\r\n", "",
     "write AT+CMGL=4|done ok [+CMGL: 1,0,,20][07p19=<][+CMGL: 2,0,,20][" PDU "]|"},
    {"a damaged message at the end", "AT+CMGR=1", "+CMGR:", "",
     "\r\n+CMGR: 0,,20\r\nFF:FF\r\n\r\nOK\r\n", "",
     "write AT+CMGR=1|done ok [+CMGR: 0,,20][FF:FF]|"},
    {"noise before a message", "AT+CMGR=1", "+CMGR:", "",
     "\r\n+CMGR: 0,,20\r\nrubbish\r\n" PDU "\r\n\r\nOK\r\n", "",
     "write AT+CMGR=1|done ok [+CMGR: 0,,20][" PDU "]|noise 1"},
    {"second line missing", "AT", "", "", "\r\n+CDS: 24\r\n\r\nOK\r\n", "",
     "write AT|notice 3 +CDS: 24 / |done ok|"},
    {"another second line first", "AT", "", "",
     "\r\n+CDS: 24\r\n\r\n+CMT: ,19\r\n07AA\r\n\r\nOK\r\n", "",
     "write AT|notice 3 +CDS: 24 / |notice 1 +CMT: ,19 / 07AA|done ok|"},
    {"notices before the second line", "AT", "", "",
     "\r\n+CMT: ,19\r\n\r\n^RSSI: 12\r\n\r\n+CMTI: \"SM\",7\r\n07AA\r\n\r\nOK\r\n", "",
     "write AT|notice 6 ^RSSI: 12|notice 0 +CMTI: \"SM\",7|notice 1 +CMT: ,19 / 07AA|done ok|"},
    {"a second line that is no PDU", "AT", "", "",
     "\r\n+CMT: ,19\r\n07p19=<\r\n\r\n+CDS: 24\r\n07A\r\n\r\nOK\r\n", "",
     "write AT|notice 1 +CMT: ,19 / 07p19=<|notice 3 +CDS: 24 / 07A|done ok|"},
    {"an answer instead of the second line", "AT+CMGS=3", "+CMGS:", "001122", "\r\n> ",
     "\r\n+CMT: ,19\r\n+CMGS: 5\r\n\r\nOK\r\n",
     "write AT+CMGS=3|payload 001122|notice 1 +CMT: ,19 / |done sent ok [+CMGS: 5]|"},
    {"an echo instead of the second line", "AT+CGMI", "", "",
     "\r\n+CMT: ,19\r\nAT+CGMI\r\r\nOP\r\n\r\nOK\r\n", "",
     "write AT+CGMI|notice 1 +CMT: ,19 / |done ok [OP]|"},
    {"payload", "AT+CMGS=3", "+CMGS:", "001122", "\r\n> ", "\r\n+CMGS: 5\r\n\r\nOK\r\n",
     "write AT+CMGS=3|payload 001122|done sent ok [+CMGS: 5]|"},
    {"payload with echo", "AT+CMGS=3", "+CMGS:", "001122", "AT+CMGS=3\r\r\n> ",
     "001122\x1a\r\n+CMGS: 5\r\n\r\nOK\r\n",
     "write AT+CMGS=3|payload 001122|done sent ok [+CMGS: 5]|"},
    {"prompt on a line of its own", "AT+CMGS=3", "+CMGS:", "001122", "\r\n>\r\n",
     "\r\n+CMGS: 5\r\n\r\nOK\r\n", "write AT+CMGS=3|payload 001122|done sent ok [+CMGS: 5]|"},
    {"no prompt inside a line", "AT+CMGS=3", "+CMGS:", "001122", "\r\nx> \r\n>x> \r\n\r\nERROR\r\n",
     "", "write AT+CMGS=3|done error|noise 2"},
    {"notices around the prompt", "AT+CMGS=3", "+CMGS:", "001122",
     "\r\n+CMTI: \"ME\",1\r\n\r\n+CDS: 2\r\n0011\r\n\r\n> ",
     "\r\n+CMTI: \"ME\",2\r\n\r\n+CDS: 2\r\n0022\r\n\r\nNO CARRIER\r\n\r\n+CMGS: 255\r\n\r\nOK\r\n",
     "write AT+CMGS=3|notice 0 +CMTI: \"ME\",1|notice 3 +CDS: 2 / 0011|payload 001122|"
     "notice 0 +CMTI: \"ME\",2|notice 3 +CDS: 2 / 0022|notice 7 NO CARRIER|"
     "done sent ok [+CMGS: 255]|"},
    {"error instead of prompt", "AT+CMGS=3", "+CMGS:", "001122", "\r\n+CMS ERROR: 304\r\n", "",
     "write AT+CMGS=3|done cms_error 304|"},
    {"ok instead of prompt", "AT+CMGS=3", "+CMGS:", "001122", "\r\nOK\r\n", "",
     "write AT+CMGS=3|escape|done no_prompt|"},
    {"error after the payload", "AT+CMGS=3", "+CMGS:", "001122", "\r\n> ", "\r\n+CMS ERROR: 38\r\n",
     "write AT+CMGS=3|payload 001122|done sent cms_error 38|"},
    {"prompt is noise without payload", "AT+CMGR=1", "+CMGR:", "", "\r\n> \r\n\r\nOK\r\n", "",
     "write AT+CMGR=1|done ok|noise 1"},
    {"call results end calls only", "ATH", "", "", "\r\nNO CARRIER\r\n", "",
     "write ATH|done error|"},
};

static void s_run(const s_case_t *each, size_t piece)
{
    static op_at_t at;
    op_buf_t got = {0};
    s_clean(&at);
    op_at_start(&at, op_str(each->command), op_str(each->expect), op_str(each->payload), 200000);
    (void)s_pull(&at, 1000, &got);
    bool payload = s_feed(&at, each->after, piece, 1000, &got);
    if (*each->later)
        assert_true(payload);
    (void)s_feed(&at, each->later, piece, 1000, &got);
    if (at.noise)
        op_buf_printf(&got, "noise %d", (int)at.noise);
    s_is(&got, each->want);
    assert_false(op_at_busy(&at));
    op_at_free(&at);
    op_buf_free(&got);
}

static void test_cases(void **state)
{
    static const size_t pieces[] = {100000, 1, 8, 3};
    (void)state;
    for (size_t i = 0; i < OP_COUNT(s_cases); i++) {
        for (size_t j = 0; j < OP_COUNT(pieces); j++) {
            print_message("%s, pieces of %zu\n", s_cases[i].name, pieces[j]);
            s_run(&s_cases[i], pieces[j]);
        }
    }
}

/*  Past its limits a response loses lines, counted, and still ends. */
static void test_limits(void **state)
{
    static op_at_t at;
    static char line[OP_AT_LINE_MAX + 3];
    op_at_action_t action;
    (void)state;
    s_clean(&at);
    op_at_start(&at, op_str("AT+CMGL=4"), op_str(""), op_str(""), 60000);
    while (op_at_next(&at, 1, &action))
        continue;
    for (int i = 0; i < OP_AT_LINES_MAX + 5; i++) {
        op_at_feed(&at, op_str("line\r\n"));
        assert_false(op_at_next(&at, 1, &action));
    }
    op_at_feed(&at, op_str("OK\r\n"));
    assert_true(op_at_next(&at, 1, &action));
    assert_int_equal(action.result, OP_AT_OK);
    assert_int_equal(action.line_count, OP_AT_LINES_MAX);
    assert_int_equal(action.cut, 5);

    /*  By octets; a line of the greatest length passes, a longer one is dropped as a whole. */
    memset(line, 'x', sizeof(line));
    op_at_start(&at, op_str("AT+CMGL=4"), op_str(""), op_str(""), 60000);
    while (op_at_next(&at, 1, &action))
        continue;
    for (int i = 0; i < OP_AT_RESPONSE_MAX / OP_AT_LINE_MAX + 2; i++) {
        op_at_feed(&at, op_str_of(line, OP_AT_LINE_MAX));
        op_at_feed(&at, op_str("\r\n"));
        assert_false(op_at_next(&at, 1, &action));
    }
    op_at_feed(&at, op_str_of(line, OP_AT_LINE_MAX + 1));
    op_at_feed(&at, op_str("\r\nOK\r\n"));
    assert_true(op_at_next(&at, 1, &action));
    assert_int_equal(action.line_count, OP_AT_RESPONSE_MAX / OP_AT_LINE_MAX);
    assert_int_equal(action.cut, 2);
    assert_int_equal(action.lines[0].size, OP_AT_LINE_MAX);
    assert_int_equal(at.lexer.too_long, 1);
    op_at_free(&at);
}

static void test_fields(void **state)
{
    static const struct {
        const char *line;
        const char *want;
    } cases[] = {
        {" \"SM\",3", "[SM][3]"},
        {"", ""},
        {" ", "[]"},
        {"1,,24", "[1][][24]"},
        {",,", "[][][]"},
        {"(\"SM\",\"ME\"),(1,2)", "[(\"SM\",\"ME\")][(1,2)]"},
        {"\"a,b\" , c", "[a,b][c]"},
        {"\"open", "[\"open]"},
    };
    (void)state;
    for (size_t i = 0; i < OP_COUNT(cases); i++) {
        op_str_t rest = *cases[i].line ? op_str(cases[i].line) : op_str_of(NULL, 0);
        op_str_t field;
        op_buf_t got = {0};
        while (op_at_field(&rest, &field))
            op_buf_printf(&got, "[%.*s]", (int)field.size, field.at);
        s_is(&got, cases[i].want);
        op_buf_free(&got);
    }
    uint64_t number = 0;
    op_str_t rest = op_at_after(op_str("+CMTI: \"SM\",12"), "+CMTI:");
    op_str_t field;
    assert_true(op_at_field(&rest, &field));
    assert_true(op_at_field_number(&rest, 255, &number));
    assert_int_equal(number, 12);
    assert_false(op_at_field_number(&rest, 255, &number));
    assert_int_equal(op_at_after(op_str("+CMT: 1"), "+CMTI:").size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
