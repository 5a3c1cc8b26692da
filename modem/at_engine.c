/*  Phases instead of callbacks: op_at_next first does what the phase wants done at once (write,
    hand out a result), then reads tokens until one of them makes an action or moves the phase,
    then looks at the clock it was given. So an answer that was fed before the deadline counts
    even when op_at_next is called after it.

    Draining ends with silence, not with the first OK: that OK may be the late answer to the
    command that timed out, or the modem's acknowledgement of ESC (3GPP TS 27.005 3.5.1). A modem
    answers in order, so once the sentinel is answered and nothing follows, nothing is
    outstanding. The sentinel is not preceded by CR: a half-sent command in the modem's line
    buffer must not be run, since "AT+CMGD=1" may be what a crash left of "AT+CMGD=12"; with ESC
    and "AT" behind it, it is an error. */

#include "modem/at_engine.h"

#include "modem/at_line.h"

#include <string.h>

static const char s_ctrl_z = 0x1a;
static const op_str_t s_escape = {"\x1b", 1};
static const op_str_t s_clean = {"\x1b"
                                 "AT\r",
                                 4};
static const op_str_t s_sentinel = {"AT\r", 3};

void op_at_init(op_at_t *self)
{
    memset(self, 0, sizeof(*self));
    self->phase = OP_AT_PHASE_IDLE;
    self->dirty = true;
}

void op_at_free(op_at_t *self)
{
    op_buf_free(&self->input);
    op_buf_free(&self->response);
    op_at_init(self);
}

bool op_at_busy(const op_at_t *self)
{
    return self->phase != OP_AT_PHASE_IDLE;
}

void op_at_distrust(op_at_t *self)
{
    self->dirty = true;
}

bool op_at_dirty(const op_at_t *self)
{
    return self->dirty;
}

/*  What every command and drain begins with. */
static void s_begin(op_at_t *self, int64_t deadline)
{
    OP_ASSERT(self->phase == OP_AT_PHASE_IDLE);
    self->deadline = deadline;
    self->step_by = 0;
    self->drain = false;
    self->queued = false;
    self->payload_sent = false;
    self->info = false;
    self->command_size = 0;
    self->expect_size = 0;
    self->payload_size = 0;
    self->ask = false;
    self->prompted = false;
    self->bare_by = 0;
    self->odd_size = 0;
    op_buf_clear(&self->response);
    self->line_count = 0;
    self->cut = 0;
    self->code = -1;
    self->text_size = 0;
}

void op_at_start(op_at_t *self, op_str_t command, op_str_t expect, op_str_t payload,
                 int64_t deadline)
{
    OP_ASSERT(command.size > 0 && command.size <= OP_AT_COMMAND_MAX);
    OP_ASSERT(expect.size <= OP_AT_EXPECT_MAX && payload.size <= OP_AT_PAYLOAD_MAX);
    s_begin(self, deadline);
    memcpy(self->command, command.at, command.size);
    self->command[command.size] = '\r';
    self->command_size = command.size + 1;
    if (expect.size)
        memcpy(self->expect, expect.at, expect.size);
    self->expect_size = expect.size;
    if (payload.size) {
        memcpy(self->payload, payload.at, payload.size);
        self->payload[payload.size] = s_ctrl_z;
        self->payload_size = payload.size + 1;
    }
    self->queued = self->dirty;
    self->phase = self->dirty ? OP_AT_PHASE_CLEAN : OP_AT_PHASE_SEND;
}

void op_at_ask_prompt(op_at_t *self, op_str_t command, int64_t deadline)
{
    op_at_start(self, command, (op_str_t){0}, (op_str_t){0}, deadline);
    self->ask = true;
}

void op_at_drain(op_at_t *self, int64_t deadline)
{
    s_begin(self, deadline);
    self->drain = true;
    self->dirty = true;
    self->phase = OP_AT_PHASE_CLEAN;
}

static void s_end(op_at_t *self, op_at_result_t result)
{
    self->result = result;
    self->phase = OP_AT_PHASE_END;
    self->step_by = 0;
}

void op_at_reset(op_at_t *self)
{
    op_at_lexer_reset(&self->lexer);
    op_buf_clear(&self->input);
    self->input_at = 0;
    self->head_size = 0;
    self->held_size = 0;
    self->dirty = true;
    if (op_at_busy(self) && self->phase != OP_AT_PHASE_END)
        s_end(self, OP_AT_LOST);
}

void op_at_feed(op_at_t *self, op_str_t bytes)
{
    if (bytes.size == 0)
        return;
    OP_ASSERT(self->input.size - self->input_at <= OP_AT_INPUT_MAX &&
              bytes.size <= OP_AT_INPUT_MAX - (self->input.size - self->input_at));
    op_buf_add_str(&self->input, bytes);
}

static bool s_write(op_at_action_t *action, const char *bytes, size_t size)
{
    action->kind = OP_AT_WRITE;
    action->bytes = op_str_of(bytes, size);
    return true;
}

static bool s_notice(op_at_action_t *action, op_at_notice_t kind, op_str_t line)
{
    action->kind = OP_AT_NOTICE;
    action->notice = kind;
    action->line = line;
    return true;
}

static bool s_done(op_at_t *self, op_at_action_t *action)
{
    size_t start = 0;
    for (size_t i = 0; i < self->line_count; i++) {
        self->lines[i] = op_str_of(self->response.at + start, self->line_ends[i] - start);
        start = self->line_ends[i];
    }
    action->kind = OP_AT_DONE;
    action->result = self->result;
    action->payload_sent = self->payload_sent;
    action->drain = self->drain;
    action->code = self->code;
    action->text = op_str_of(self->text, self->text_size);
    action->lines = self->lines;
    action->line_count = self->line_count;
    action->cut = self->cut;
    self->phase = OP_AT_PHASE_IDLE;
    self->drain = false;
    return true;
}

static int64_t s_earlier(int64_t a, int64_t b)
{
    if (a == 0 || b == 0)
        return a ? a : b;
    return a < b ? a : b;
}

static bool s_wants_prompt(const op_at_t *self)
{
    return self->payload_size > 0 || self->ask;
}

/*  What the phase wants done at once; false when it waits. */
static bool s_act(op_at_t *self, int64_t now, op_at_action_t *action)
{
    switch (self->phase) {
    case OP_AT_PHASE_IDLE:
    case OP_AT_PHASE_PROMPT:
    case OP_AT_PHASE_ANSWER:
    case OP_AT_PHASE_OK:
    case OP_AT_PHASE_QUIET:
        return false;
    case OP_AT_PHASE_SEND:
        if (self->deadline && now >= self->deadline)
            return false; /* too late to begin: s_expire ends it */
        /* A "> " from before is not this command's prompt. */
        op_at_lexer_age(&self->lexer);
        self->phase = s_wants_prompt(self) ? OP_AT_PHASE_PROMPT : OP_AT_PHASE_ANSWER;
        self->step_by = s_wants_prompt(self) ? s_earlier(now + OP_AT_PROMPT_MS, self->deadline)
                                             : self->deadline;
        return s_write(action, self->command, self->command_size);
    case OP_AT_PHASE_PAYLOAD:
        self->phase = OP_AT_PHASE_ANSWER;
        self->step_by = self->deadline;
        self->payload_sent = true;
        return s_write(action, self->payload, self->payload_size);
    case OP_AT_PHASE_ESCAPE:
        self->dirty = true;
        s_end(self, self->prompted ? OP_AT_OK : OP_AT_NO_PROMPT);
        return s_write(action, s_escape.at, s_escape.size);
    case OP_AT_PHASE_CLEAN:
    case OP_AT_PHASE_AGAIN: {
        op_str_t bytes = self->phase == OP_AT_PHASE_CLEAN ? s_clean : s_sentinel;
        self->phase = OP_AT_PHASE_OK;
        self->step_by = now + OP_AT_DRAIN_RETRY_MS;
        return s_write(action, bytes.at, bytes.size);
    }
    case OP_AT_PHASE_END:
        return s_done(self, action);
    }
    return false;
}

static void s_keep(op_at_t *self, op_str_t line)
{
    if (self->cut || self->line_count == OP_AT_LINES_MAX ||
        line.size > OP_AT_RESPONSE_MAX - self->response.size) {
        self->cut++;
        return;
    }
    op_buf_add_str(&self->response, line);
    self->line_ends[self->line_count++] = self->response.size;
}

/*  The line behind an information line of AT+CMGR or AT+CMGL that was no PDU: with no PDU behind it
    it is what the modem has in its place, and the reader must see it, or the slot is never freed.
    */
static void s_keep_odd(op_at_t *self)
{
    if (self->odd_size)
        s_keep(self, op_str_of(self->odd, self->odd_size));
    self->odd_size = 0;
}

static bool s_is_list(op_str_t line)
{
    return op_str_starts(line, "+CMGR:") || op_str_starts(line, "+CMGL:");
}

/*  A final result. True when it is late: nobody waits for it. */
static bool s_final(op_at_t *self, int64_t now, op_at_result_t result, int code, op_str_t line)
{
    if (self->late_ok && result == OP_AT_OK) {
        self->late_ok = false;
        return true;
    }
    if (self->phase == OP_AT_PHASE_OK || self->phase == OP_AT_PHASE_QUIET) {
        if (result == OP_AT_OK)
            self->phase = OP_AT_PHASE_QUIET;
        if (self->phase == OP_AT_PHASE_QUIET)
            self->step_by = now + OP_AT_QUIET_MS;
        return result != OP_AT_OK;
    }
    if (self->phase != OP_AT_PHASE_PROMPT && self->phase != OP_AT_PHASE_ANSWER)
        return true;
    s_keep_odd(self);
    memcpy(self->text, line.at, line.size);
    self->text_size = line.size;
    self->code = code;
    if (self->phase == OP_AT_PHASE_PROMPT && result == OP_AT_OK)
        self->phase = OP_AT_PHASE_ESCAPE; /* it may still prompt: take it back */
    else
        s_end(self, result);
    return false;
}

/*  A line that is no notice and no final result. */
static void s_other(op_at_t *self, int64_t now, op_str_t line)
{
    bool waits = self->phase == OP_AT_PHASE_PROMPT || self->phase == OP_AT_PHASE_ANSWER;
    op_str_t command = op_str_of(self->command, self->command_size ? self->command_size - 1 : 0);
    op_str_t payload = op_str_of(self->payload, self->payload_sent ? self->payload_size - 1 : 0);
    op_str_t expect = op_str_of(self->expect, self->expect_size);
    if (self->phase == OP_AT_PHASE_QUIET)
        self->step_by = now + OP_AT_QUIET_MS;
    if (op_str_is(line, "AT") || (waits && !self->line_count && op_at_line_echo(line, command)) ||
        (waits && op_at_line_echo(line, payload))) {
        self->echo++;
        return;
    }
    bool information = line.size >= expect.size &&
                       (expect.size == 0 || memcmp(line.at, expect.at, expect.size) == 0);
    if (s_is_list(line) && (expect.size == 0 || !information))
        self->dirty = true;
    if (self->phase == OP_AT_PHASE_ANSWER && information) {
        s_keep_odd(self);
        self->info = true;
        s_keep(self, line);
    } else if (self->phase == OP_AT_PHASE_ANSWER && self->info && op_at_line_hex(line)) {
        self->noise += self->odd_size > 0;
        self->odd_size = 0;
        self->info = false;
        s_keep(self, line);
    } else if (self->phase == OP_AT_PHASE_ANSWER && self->info && s_is_list(expect) &&
               !self->odd_size) {
        memcpy(self->odd, line.at, line.size);
        self->odd_size = line.size;
    } else {
        self->noise++;
    }
}

/*  The line behind the first one of a two-line notice. */
static bool s_second(op_at_t *self, op_str_t line, op_str_t command, op_at_action_t *action)
{
    op_str_t head = op_str_of(self->head, self->head_size);
    self->head_size = 0;
    if (op_at_line_may_be_pdu(line, command))
        action->pdu = line;
    else
        self->held_size = line.size;
    return s_notice(action, self->head_kind, head);
}

static bool s_line(op_at_t *self, int64_t now, op_str_t line, op_at_action_t *action)
{
    bool waits = self->phase == OP_AT_PHASE_PROMPT || self->phase == OP_AT_PHASE_ANSWER;
    op_str_t command = op_str_of(self->command, waits ? self->command_size - 1 : 0);
    op_str_t expect = op_str_of(self->expect, waits ? self->expect_size : 0);
    op_at_notice_t kind;
    op_at_result_t result;
    bool pdu;
    int code;
    bool notice = op_at_line_notice(line, command, expect, &kind, &pdu);
    if (notice && !pdu)
        return s_notice(action, kind, line);
    if (self->head_size)
        return s_second(self, line, command, action);
    if (notice) {
        memcpy(self->head, line.at, line.size);
        self->head_size = line.size;
        self->head_kind = kind;
        return false;
    }
    bool awaited = self->phase == OP_AT_PHASE_ANSWER && self->payload_sent;
    bool late = !awaited && op_str_starts(line, "+CMGS:");
    if (op_at_line_final(line, command, &result, &code))
        late = s_final(self, now, result, code, line);
    else if (late && self->phase == OP_AT_PHASE_QUIET)
        self->step_by = now + OP_AT_QUIET_MS;
    else if (!late)
        s_other(self, now, line);
    if (!late)
        return false;
    self->late++;
    bool drains = self->phase == OP_AT_PHASE_OK || self->phase == OP_AT_PHASE_QUIET;
    self->late_ok = !drains && op_str_starts(line, "+CMGS:");
    return s_notice(action, OP_AT_NOTICE_LATE, line);
}

static void s_prompted(op_at_t *self)
{
    self->bare_by = 0;
    self->prompted = self->ask;
    self->phase = self->ask ? OP_AT_PHASE_ESCAPE : OP_AT_PHASE_PAYLOAD;
}

/*  Some modems send no blank behind the ">": only time tells that it is not the beginning of a
    line. */
static bool s_bare_prompt(op_at_t *self, int64_t now)
{
    const op_at_lexer_t *lexer = &self->lexer;
    bool bare = self->phase == OP_AT_PHASE_PROMPT && lexer->size == 1 && lexer->line[0] == '>' &&
                !lexer->old;
    if (!bare)
        self->bare_by = 0;
    else if (!self->bare_by)
        self->bare_by = now + OP_AT_QUIET_MS;
    if (!bare || now < self->bare_by)
        return false;
    op_at_lexer_reset(&self->lexer);
    s_prompted(self);
    return true;
}

/*  Reads until there is an action, the phase has something to do, or the input is used up. */
static bool s_read(op_at_t *self, int64_t now, op_at_action_t *action)
{
    op_at_phase_t phase = self->phase;
    while (self->phase == phase) {
        op_str_t line;
        if (self->held_size) {
            line = op_str_of(self->lexer.line, self->held_size);
            self->held_size = 0;
            if (s_line(self, now, line, action))
                return true;
            continue;
        }
        if (self->input_at == self->input.size)
            return false;
        op_str_t rest =
            op_str_of(self->input.at + self->input_at, self->input.size - self->input_at);
        op_at_token_t token = op_at_lex(&self->lexer, &rest, phase == OP_AT_PHASE_PROMPT, &line);
        self->input_at = self->input.size - rest.size;
        if (rest.size == 0) {
            op_buf_clear(&self->input);
            self->input_at = 0;
        }
        if (token == OP_AT_TOKEN_PROMPT)
            s_prompted(self);
        else if (token == OP_AT_TOKEN_LINE && s_line(self, now, line, action))
            return true;
    }
    return false;
}

/*  Moves a phase whose time is over. True when it moved. */
static bool s_expire(op_at_t *self, int64_t now)
{
    bool over = self->deadline && now >= self->deadline;
    bool step = over || (self->step_by && now >= self->step_by);
    op_at_phase_t phase = self->phase;
    if (!step)
        return false;
    if (phase == OP_AT_PHASE_PROMPT) {
        self->phase = OP_AT_PHASE_ESCAPE;
    } else if (phase == OP_AT_PHASE_ANSWER) {
        self->dirty = true;
        s_end(self, OP_AT_TIMEOUT);
    } else if (phase == OP_AT_PHASE_QUIET && !over && op_at_lexer_is_within(&self->lexer)) {
        self->phase = OP_AT_PHASE_CLEAN; /* ESC closes an open prompt */
    } else if (phase == OP_AT_PHASE_QUIET && self->step_by && now >= self->step_by &&
               !op_at_lexer_is_within(&self->lexer)) {
        self->dirty = false;
        if (self->queued)
            self->phase = OP_AT_PHASE_SEND;
        else
            s_end(self, OP_AT_OK);
        self->queued = false;
    } else if (over && (phase == OP_AT_PHASE_SEND || phase == OP_AT_PHASE_OK ||
                        phase == OP_AT_PHASE_QUIET)) {
        s_end(self, OP_AT_TIMEOUT);
    } else if (phase == OP_AT_PHASE_OK) {
        self->phase = OP_AT_PHASE_AGAIN;
    }
    return self->phase != phase;
}

bool op_at_next(op_at_t *self, int64_t now, op_at_action_t *action)
{
    memset(action, 0, sizeof(*action));
    action->code = -1;
    for (;;) {
        op_at_phase_t phase = self->phase;
        if (s_act(self, now, action) || s_read(self, now, action))
            return true;
        if (self->phase == phase && !s_bare_prompt(self, now) && !s_expire(self, now))
            return false;
    }
}

void op_at_shift(op_at_t *self, int64_t by)
{
    if (self->deadline)
        self->deadline += by;
    if (self->step_by)
        self->step_by += by;
    if (self->bare_by)
        self->bare_by += by;
}

int64_t op_at_deadline(const op_at_t *self)
{
    if (self->held_size || self->input.size > self->input_at)
        return 1;
    switch (self->phase) {
    case OP_AT_PHASE_IDLE:
        return 0;
    case OP_AT_PHASE_PROMPT:
    case OP_AT_PHASE_ANSWER:
    case OP_AT_PHASE_OK:
    case OP_AT_PHASE_QUIET:
        return s_earlier(self->bare_by, s_earlier(self->step_by, self->deadline));
    case OP_AT_PHASE_SEND:
    case OP_AT_PHASE_PAYLOAD:
    case OP_AT_PHASE_ESCAPE:
    case OP_AT_PHASE_CLEAN:
    case OP_AT_PHASE_AGAIN:
    case OP_AT_PHASE_END:
        return 1; /* at once: an instant long past */
    }
    return 0;
}
