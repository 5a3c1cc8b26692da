/*  at_fixture.h - feeds an AT engine, and writes down what comes out of it: "write AT|done ok|" */

#ifndef OP_TESTS_AT_FIXTURE_H
#define OP_TESTS_AT_FIXTURE_H

#include "modem/at_engine.h"
#include "modem/at_line.h"
#include "tests/page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define PDU "0791214365870921040B916171890832F50000"

static inline void s_action(op_buf_t *got, const op_at_action_t *action)
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
static inline bool s_pull(op_at_t *at, int64_t now, op_buf_t *got)
{
    op_at_action_t action;
    bool payload = false;
    while (op_at_next(at, now, &action)) {
        payload |= action.kind == OP_AT_WRITE && action.bytes.at[action.bytes.size - 1] == 0x1a;
        s_action(got, &action);
    }
    return payload;
}

static inline bool s_feed(op_at_t *at, const char *text, size_t piece, int64_t now, op_buf_t *got)
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

static inline void s_is(op_buf_t *got, const char *want)
{
    op_buf_add_byte(got, 0);
    assert_string_equal(got->at, want);
    op_buf_clear(got);
}

/*  A clean engine: what draining takes is tested apart. */
static inline void s_clean(op_at_t *at)
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

#endif
