/*  The AT engine, with an SMS in flight and a modem that says anything. Property: the command ends
    once, by its deadline; it is written at most once; the payload is written at most once, and only
    after a prompt that came behind the command; the result says truly whether it was written.

    The input: an octet (bit 0: the line is dirty, so that a drain comes first), then pieces: tenths
    of a second to wait, a size, what the modem says. */

#include "tests/fuzz/fuzz.h"

#include "modem/at_engine.h"

#define S_COMMAND "AT+CMGS=17"
#define S_PAYLOAD "0001000B911416555501F000000AE8329BFD4697D9EC37"

enum { S_DEADLINE_MS = 180000 };

typedef struct {
    op_at_t at;
    int64_t now;
    op_buf_t heard;  /* all that was fed, without the control characters that a lexer drops */
    size_t asked_at; /* size of `heard` when the command was written */
    unsigned commands, payloads, ends;
    bool payload_sent; /* as the result says */
} s_line_t;

/*  Did the modem say "> ", or ">" and nothing else, at the beginning of a line? */
static bool s_prompted(const s_line_t *self)
{
    for (size_t i = self->asked_at; i + 1 < self->heard.size; i++) {
        const char *at = self->heard.at + i;
        if (*at == '>' && (i == 0 || strchr("\r\n", at[-1])) && strchr("\r\n\t ", at[1]))
            return true;
    }
    return false;
}

static void s_pull(s_line_t *self)
{
    op_at_action_t action;
    size_t actions = 0;
    while (op_at_next(&self->at, self->now, &action)) {
        FUZZ_CHECK(++actions <= self->heard.size + 16);
        if (action.kind == OP_AT_DONE) {
            self->ends++;
            self->payload_sent = action.payload_sent;
            FUZZ_CHECK(action.line_count <= OP_AT_LINES_MAX);
        } else if (action.kind == OP_AT_WRITE && op_str_is(action.bytes, S_COMMAND "\r")) {
            self->commands++;
            self->asked_at = self->heard.size;
        } else if (action.kind == OP_AT_WRITE && op_str_is(action.bytes, S_PAYLOAD "\x1a")) {
            FUZZ_CHECK(self->commands == 1 && s_prompted(self));
            self->payloads++;
        } else if (action.kind == OP_AT_WRITE) {
            FUZZ_CHECK(op_str_is(action.bytes, "\x1b") || op_str_is(action.bytes, "AT\r") ||
                       op_str_is(action.bytes, "\x1b"
                                               "AT\r"));
        }
    }
}

static void s_say(s_line_t *self, op_str_t bytes)
{
    for (size_t i = 0; i < bytes.size; i++)
        if ((uint8_t)bytes.at[i] >= ' ' || (bytes.at[i] && strchr("\r\n\t", bytes.at[i])))
            op_buf_add_byte(&self->heard, (uint8_t)bytes.at[i]);
    op_at_feed(&self->at, bytes);
    s_pull(self);
}

static void s_clean(s_line_t *self)
{
    op_at_drain(&self->at, self->now + S_DEADLINE_MS);
    s_pull(self);
    s_say(self, OP_STR("\r\nOK\r\n"));
    self->now += OP_AT_QUIET_MS;
    s_pull(self);
    FUZZ_CHECK(self->ends == 1 && !op_at_dirty(&self->at));
    self->ends = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    op_str_t input = op_str_of(data, size);
    static s_line_t line;
    memset(&line, 0, sizeof line);
    line.now = INT64_C(1779304492000);
    op_at_init(&line.at);
    if (!(fuzz_octet(&input) & 1))
        s_clean(&line);
    int64_t deadline = line.now + S_DEADLINE_MS;
    op_at_start(&line.at, OP_STR(S_COMMAND), OP_STR("+CMGS:"), OP_STR(S_PAYLOAD), deadline);
    s_pull(&line);
    while (input.size) {
        line.now += fuzz_octet(&input) * 100;
        s_pull(&line);
        s_say(&line, fuzz_short(&input));
    }
    for (unsigned steps = 0; op_at_busy(&line.at); steps++) {
        int64_t due = op_at_deadline(&line.at);
        FUZZ_CHECK(due && steps < S_DEADLINE_MS / OP_AT_QUIET_MS);
        FUZZ_CHECK(due <= deadline);
        line.now = due > line.now ? due : line.now;
        s_pull(&line);
    }
    FUZZ_CHECK(line.ends == 1 && line.commands <= 1 && line.payloads <= 1);
    FUZZ_CHECK(line.payload_sent == (line.payloads == 1));
    op_at_free(&line.at);
    op_buf_free(&line.heard);
    return 0;
}
