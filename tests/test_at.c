/*  The AT engine and its lexer: every exchange whole, octet by octet and in pieces, each at a
    page's end. */

#include "modem/at_engine.h"
#include "modem/at_line.h"
#include "tests/page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/*  One command and what the modem sends, in pieces: `after` is fed when the command was written,
    `later` when the payload was. `want` is what comes out: a line an action. */
typedef struct {
    const char *name;
    const char *command, *expect, *payload;
    const char *after, *later;
    const char *want;
} s_case_t;

#define PDU "0791214365870921040B916171890832F50000"

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

static void s_action(op_buf_t *got, const op_at_action_t *action)
{
    op_str_t bytes = action->bytes;
    bool payload = bytes.size && bytes.at[bytes.size - 1] == 0x1a;
    switch (action->kind) {
    case OP_AT_WRITE:
        if (bytes.size == 1 && bytes.at[0] == 0x1b) {
            op_buf_printf(got, "escape|");
            return;
        }
        assert_true(payload || bytes.at[bytes.size - 1] == '\r');
        op_buf_printf(got, "%s %.*s|", payload ? "payload" : "write", (int)bytes.size - 1,
                      bytes.at[0] == 0x1b ? "ESC" : bytes.at);
        return;
    case OP_AT_NOTICE:
        op_buf_printf(got, "notice %d ", (int)action->notice);
        op_buf_add_str(got, action->line);
        if (action->notice == OP_AT_NOTICE_CMT || action->notice == OP_AT_NOTICE_CDS) {
            op_buf_printf(got, " / ");
            op_buf_add_str(got, action->pdu);
        }
        op_buf_printf(got, "|");
        return;
    case OP_AT_DONE:
        op_buf_printf(got, "done %s%s", action->payload_sent ? "sent " : "",
                      op_at_result_name(action->result));
        if (action->result == OP_AT_CMS_ERROR || action->result == OP_AT_CME_ERROR)
            op_buf_printf(got, " %d", action->code);
        if (action->line_count)
            op_buf_printf(got, " ");
        for (size_t i = 0; i < action->line_count; i++)
            op_buf_printf(got, "[%.*s]", (int)action->lines[i].size, action->lines[i].at);
        op_buf_printf(got, "|");
        return;
    }
}

/*  Pulls all actions. True when the payload was among them. */
static bool s_pull(op_at_t *at, int64_t now, op_buf_t *got)
{
    op_at_action_t action;
    bool payload = false;
    while (op_at_next(at, now, &action)) {
        payload |= action.kind == OP_AT_WRITE && action.bytes.at[action.bytes.size - 1] == 0x1a;
        s_action(got, &action);
    }
    return payload;
}

static bool s_feed(op_at_t *at, const char *text, size_t piece, int64_t now, op_buf_t *got)
{
    size_t size = strlen(text);
    bool payload = false;
    for (size_t i = 0; i < size; i += piece) {
        size_t part = size - i < piece ? size - i : piece;
        uint8_t *exact = page_new(text + i, part);
        op_at_feed(at, op_str_of(exact, part));
        page_free(exact, part);
        payload |= s_pull(at, now, got);
    }
    return payload;
}

static void s_is(op_buf_t *got, const char *want)
{
    op_buf_add_byte(got, 0);
    assert_string_equal(got->at, want);
    op_buf_clear(got);
}

/*  A clean engine: what draining takes is tested apart. */
static void s_clean(op_at_t *at)
{
    op_buf_t got = {0};
    op_at_init(at);
    op_at_drain(at, 0);
    (void)s_pull(at, 1, &got);
    (void)s_feed(at, "\r\nOK\r\n", 99, 2, &got);
    (void)s_pull(at, 2 + OP_AT_QUIET_MS, &got);
    s_is(&got, "write ESC|done ok|");
    assert_false(op_at_dirty(at));
    op_buf_free(&got);
}

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

static void test_timeouts(void **state)
{
    static op_at_t at;
    op_buf_t got = {0};
    (void)state;
    s_clean(&at);
    assert_int_equal(op_at_deadline(&at), 0);

    /*  No prompt: ESC, nothing submitted, dirty. */
    op_at_start(&at, op_str("AT+CMGS=3"), op_str("+CMGS:"), op_str("001122"), 200000);
    assert_true(op_at_deadline(&at) == 1);
    (void)s_pull(&at, 1000, &got);
    assert_int_equal(op_at_deadline(&at), 1000 + OP_AT_PROMPT_MS);
    (void)s_pull(&at, 1000 + OP_AT_PROMPT_MS - 1, &got);
    s_is(&got, "write AT+CMGS=3|");
    (void)s_pull(&at, 1000 + OP_AT_PROMPT_MS, &got);
    s_is(&got, "escape|done no_prompt|");
    assert_true(op_at_dirty(&at));

    /*  A prompt that comes too late writes nothing. */
    (void)s_feed(&at, "\r\n> \r\nOK\r\n", 1, 20000, &got);
    s_is(&got, "notice 10 OK|");

    /*  No answer behind the payload: in doubt; an answer fed before the deadline counts after
     it. */
    op_at_free(&at);
    s_clean(&at);
    op_at_start(&at, op_str("AT+CMGS=3"), op_str("+CMGS:"), op_str("001122"), 200000);
    (void)s_pull(&at, 1000, &got);
    (void)s_feed(&at, "\r\n> ", 1, 1000, &got);
    assert_int_equal(op_at_deadline(&at), 200000);
    op_at_feed(&at, op_str("\r\n+CMGS: 7\r\n"));
    (void)s_pull(&at, 200000, &got);
    s_is(&got, "write AT+CMGS=3|payload 001122|done sent timeout [+CMGS: 7]|");
    op_at_free(&at);

    s_clean(&at);
    op_at_start(&at, op_str("AT"), op_str(""), op_str(""), 5000);
    (void)s_pull(&at, 1000, &got);
    op_at_feed(&at, op_str("\r\nOK\r\n"));
    (void)s_pull(&at, 9000, &got);
    s_is(&got, "write AT|done ok|");

    /*  Too late to begin: nothing is written. */
    op_at_start(&at, op_str("AT"), op_str(""), op_str(""), 5000);
    (void)s_pull(&at, 5000, &got);
    s_is(&got, "done timeout|");
    op_at_free(&at);
    op_buf_free(&got);
}

/*  The answer of a command that timed out is not the next one's. */
static void test_prompts(void **state)
{
    static op_at_t at;
    op_buf_t got = {0};
    (void)state;

    /*  Without its blank: a prompt when nothing follows. */
    s_clean(&at);
    op_at_start(&at, op_str("AT+CMGS=3"), op_str("+CMGS:"), op_str("001122"), 200000);
    (void)s_pull(&at, 1000, &got);
    (void)s_feed(&at, "\r\n>", 1, 1000, &got);
    s_is(&got, "write AT+CMGS=3|");
    assert_int_equal(op_at_deadline(&at), 1000 + OP_AT_QUIET_MS);
    (void)s_pull(&at, 1000 + OP_AT_QUIET_MS, &got);
    s_is(&got, "payload 001122|");
    (void)s_feed(&at, "\r\n+CMGS: 7\r\n\r\nOK\r\n", 3, 2000, &got);
    s_is(&got, "done sent ok [+CMGS: 7]|");
    op_at_free(&at);

    /*  Half a line is none. */
    s_clean(&at);
    op_at_start(&at, op_str("AT+CMGS=3"), op_str("+CMGS:"), op_str("001122"), 200000);
    (void)s_pull(&at, 1000, &got);
    (void)s_feed(&at, "\r\n>x", 1, 1000, &got);
    (void)s_pull(&at, 1000 + OP_AT_QUIET_MS, &got);
    s_is(&got, "write AT+CMGS=3|");
    op_at_free(&at);

    /*  Asked whether there is one: ESC, and nothing is sent. */
    s_clean(&at);
    op_at_ask_prompt(&at, op_str("AT+CMGS=17"), 200000);
    (void)s_pull(&at, 1000, &got);
    (void)s_feed(&at, "\r\n> ", 1, 1000, &got);
    s_is(&got, "write AT+CMGS=17|escape|done ok|");
    assert_true(op_at_dirty(&at));
    op_at_free(&at);
    s_clean(&at);
    op_at_ask_prompt(&at, op_str("AT+CMGS=17"), 200000);
    (void)s_pull(&at, 1000, &got);
    (void)s_feed(&at, "\r\nERROR\r\n", 1, 1000, &got);
    s_is(&got, "write AT+CMGS=17|done error|");
    op_at_free(&at);

    /*  A drain does not end with an open prompt. */
    s_clean(&at);
    op_at_drain(&at, 20000);
    (void)s_pull(&at, 1000, &got);
    (void)s_feed(&at, "\r\nOK\r\n\r\n> ", 1, 1000, &got);
    op_buf_clear(&got);
    (void)s_pull(&at, 1000 + OP_AT_QUIET_MS, &got);
    assert_true(got.size > 0); /* ESC and AT again */
    assert_true(op_at_busy(&at));
    (void)s_feed(&at, "\r\nOK\r\n", 1, 2000, &got);
    (void)s_pull(&at, 2000 + OP_AT_QUIET_MS, &got);
    assert_false(op_at_busy(&at));
    assert_false(op_at_dirty(&at));
    op_at_free(&at);
    op_buf_free(&got);
}

static void test_late(void **state)
{
    static op_at_t at;
    op_buf_t got = {0};
    (void)state;
    s_clean(&at);
    op_at_start(&at, op_str("AT+CMGS=3"), op_str("+CMGS:"), op_str("001122"), 60000);
    (void)s_pull(&at, 1000, &got);
    (void)s_feed(&at, "\r\n> ", 1, 1000, &got);
    (void)s_pull(&at, 60000, &got);
    s_is(&got, "write AT+CMGS=3|payload 001122|done sent timeout|");

    /*  Idle, it is told. */
    (void)s_feed(&at, "\r\n+CMGS: 9\r\n\r\nOK\r\n", 1, 61000, &got);
    s_is(&got, "notice 10 +CMGS: 9|notice 10 OK|");
    assert_int_equal(at.late, 2);

    /*  The next command drains first: ESC and AT, AT again, and the late answer in the middle. */
    op_at_start(&at, op_str("AT+CMGS=3"), op_str("+CMGS:"), op_str("003344"), 120000);
    (void)s_pull(&at, 62000, &got);
    s_is(&got, "write ESC|");
    assert_int_equal(op_at_deadline(&at), 62000 + OP_AT_DRAIN_RETRY_MS);
    (void)s_pull(&at, 62000 + OP_AT_DRAIN_RETRY_MS, &got);
    s_is(&got, "write AT|");
    (void)s_feed(&at, "AT\r\r\n+CMGS: 9\r\n\r\nOK\r\n", 1, 63100, &got);
    s_is(&got, "notice 10 +CMGS: 9|");
    (void)s_feed(&at, "\r\n+CMS ERROR: 500\r\n\r\nOK\r\n", 1, 63000 + OP_AT_QUIET_MS, &got);
    s_is(&got, "notice 10 +CMS ERROR: 500|");
    (void)s_pull(&at, 63000 + 2 * OP_AT_QUIET_MS - 1, &got);
    s_is(&got, "");
    (void)s_pull(&at, 63000 + 2 * OP_AT_QUIET_MS, &got);
    s_is(&got, "write AT+CMGS=3|");
    assert_false(op_at_dirty(&at));
    (void)s_feed(&at, "\r\n> ", 1, 64000, &got);
    (void)s_feed(&at, "\r\n+CMGS: 10\r\n\r\nOK\r\n", 1, 64000, &got);
    s_is(&got, "payload 003344|done sent ok [+CMGS: 10]|");

    /*  An answer that is said twice ends no other command, not even one that waits for its
        prompt. */
    op_at_start(&at, op_str("AT+CMGR=1"), op_str("+CMGR:"), op_str(""), 66000);
    (void)s_pull(&at, 64000, &got);
    (void)s_feed(&at, "\r\n+CMGS: 10\r\n\r\nOK\r\n", 1, 64000, &got);
    s_is(&got, "write AT+CMGR=1|notice 10 +CMGS: 10|notice 10 OK|");
    (void)s_feed(&at, "\r\n+CMGR: 0,,20\r\n" PDU "\r\n\r\nOK\r\n", 1, 64000, &got);
    s_is(&got, "done ok [+CMGR: 0,,20][" PDU "]|");
    op_at_start(&at, op_str("AT+CMGS=3"), op_str("+CMGS:"), op_str("003344"), 120000);
    (void)s_pull(&at, 64000, &got);
    (void)s_feed(&at, "\r\n+CMGS: 10\r\n\r\nOK\r\n\r\n> ", 1, 64000, &got);
    (void)s_feed(&at, "\r\n+CMGS: 11\r\n\r\nOK\r\n", 1, 64000, &got);
    s_is(&got, "write AT+CMGS=3|notice 10 +CMGS: 10|notice 10 OK|payload 003344|"
               "done sent ok [+CMGS: 11]|");

    /*  Another command's answer: the two are out of step. */
    assert_false(op_at_dirty(&at));
    op_at_start(&at, op_str("AT+CMGD=1"), op_str(""), op_str(""), 66000);
    (void)s_pull(&at, 64000, &got);
    (void)s_feed(&at, "\r\n+CMGR: 0,,20\r\n" PDU "\r\n\r\nOK\r\n", 1, 64000, &got);
    got.size = 0;
    assert_true(op_at_dirty(&at));

    /*  A silent modem: the drain ends at its deadline, the line stays dirty. */
    op_at_drain(&at, 70000);
    (void)s_pull(&at, 69500, &got);
    (void)s_pull(&at, 70000, &got);
    s_is(&got, "write ESC|done timeout|");
    assert_true(op_at_dirty(&at));
    op_at_free(&at);
    op_buf_free(&got);
}

static void test_reset(void **state)
{
    static op_at_t at;
    op_buf_t got = {0};
    (void)state;
    s_clean(&at);
    op_at_start(&at, op_str("AT+CMGS=3"), op_str("+CMGS:"), op_str("001122"), 60000);
    (void)s_pull(&at, 1000, &got);
    (void)s_feed(&at, "\r\n> ", 1, 1000, &got);
    (void)s_feed(&at, "\r\n+CMT: ,19\r\n\r\n+CM", 1, 1000, &got);
    op_at_reset(&at);
    (void)s_pull(&at, 1001, &got);
    s_is(&got, "write AT+CMGS=3|payload 001122|done sent lost|");
    assert_true(op_at_dirty(&at));
    assert_false(op_at_busy(&at));
    (void)s_feed(&at, "TI: \"SM\",1\r\n", 1, 1002, &got);
    s_is(&got, "");
    op_at_free(&at);
    op_at_free(&at);
    op_buf_free(&got);
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
        cmocka_unit_test(test_cases),   cmocka_unit_test(test_timeouts),
        cmocka_unit_test(test_prompts), cmocka_unit_test(test_late),
        cmocka_unit_test(test_reset),   cmocka_unit_test(test_limits),
        cmocka_unit_test(test_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
