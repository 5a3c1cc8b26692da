#include "tests/core_fixture.h"

#include <stdio.h>

/*  ---- What leaves ---- */

static void s_keep(drive_out_t *out, op_str_t to, op_str_t frame)
{
    assert_true(out->count < OP_COUNT(out->at));
    size_t i = out->count++;
    op_str_t body;
    op_decode_t result;
    out->at[i].to = op_arena_copy(&out->arena, to);
    out->at[i].frame = op_arena_copy(&out->arena, frame);
    assert_int_equal(op_frame_open(out->at[i].frame, &out->arena, &out->at[i].envelope, &body),
                     OP_DECODE_OK);
    assert_true(op_str_equal(out->at[i].envelope.to, out->at[i].to));
    out->at[i].type = op_message_type(out->at[i].envelope.type);
    out->at[i].body = op_frame_body(out->at[i].type, body, &out->arena, &result);
    assert_non_null(out->at[i].body);
}

static void s_commit(core_t *self)
{
    op_str_t to, frame, line;
    if (op_actor_commit(self->actor) != 0)
        fail_msg("commit: %s", op_actor_error(self->actor));
    drive_out_t *out = &self->out;
    out->compacts |= op_actor_compacts(self->actor);
    while (op_actor_next_log(self->actor, &line)) {
        assert_true(out->log_count < OP_COUNT(out->logs));
        out->warns[out->log_count] = op_actor_log_warns(self->actor);
        out->logs[out->log_count++] = op_arena_copy(&out->arena, line);
    }
    while (op_actor_next(self->actor, &to, &frame))
        s_keep(out, to, frame);
}

static size_t s_peer(core_t *self, op_str_t name)
{
    size_t i = 0;
    while (i < CORE_PEERS_MAX && *self->peers[i].name && !op_str_is(name, self->peers[i].name))
        i++;
    assert_true(i < CORE_PEERS_MAX);
    op_str_copy(name, self->peers[i].name, sizeof self->peers[i].name);
    return i;
}

/*  True: it was taken before, and acknowledged; the actor has only not forgotten it yet. */
static bool s_acknowledge(core_t *self, const op_envelope_t *tell)
{
    uint64_t *taken = &self->peers[s_peer(self, tell->to)].taken;
    bool repeat = tell->sequence <= *taken;
    if (self->hold_acks && !repeat)
        return false;
    *taken = repeat ? *taken : tell->sequence;
    op_envelope_t ack = {.kind = OP_FRAME_ACK,
                         .from = tell->to,
                         .to = op_str(op_actor_name(self->actor)),
                         .sequence = tell->sequence,
                         .series = tell->series};
    drive_receive(self->actor, &ack, &op_nothing_type, &(op_nothing_t){0}, self->now);
    s_commit(self);
    return repeat;
}

static void s_drop(drive_out_t *out, size_t i)
{
    memmove(out->at + i, out->at + i + 1, (--out->count - i) * sizeof out->at[0]);
}

/*  Commits; then lets the others do their part, until nothing more comes of it. */
static void s_finish(core_t *self, size_t seen)
{
    s_commit(self);
    for (size_t i = seen; i < self->out.count; i++) {
        op_envelope_t envelope = self->out.at[i].envelope;
        bool to_itself = op_str_is(envelope.to, op_actor_name(self->actor));
        bool tell = envelope.kind == OP_FRAME_TELL;
        if (to_itself && !self->hold_self) {
            op_actor_receive(self->actor, self->out.at[i].frame, self->now, drive_entropy());
            s_commit(self);
        } else if (tell && !to_itself && s_acknowledge(self, &envelope)) {
            s_drop(&self->out, i--);
        }
    }
}

/*  ---- Life ---- */

static void s_start(core_t *self)
{
    drive_forget(&self->out);
    self->actor = op_actor_new(self->class, self->class->name, self->store);
    if (self->outbox_max)
        op_actor_limit_outbox(self->actor, self->outbox_max);
    op_actor_start(self->actor, self->setup_type, self->setup, self->now, drive_entropy());
    s_finish(self, 0);
}

void core_open(core_t *self, const op_core_class_t *class, const op_type_t *setup_type,
               const void *setup)
{
    memset(self, 0, sizeof *self);
    self->class = class;
    self->setup_type = setup_type;
    self->setup = setup;
    self->store = op_store_memory_new();
    self->now = DRIVE_NOW;
    s_start(self);
}

void core_close(core_t *self)
{
    drive_forget(&self->out);
    op_actor_destroy(&self->actor);
    op_store_destroy(&self->store);
}

void core_restart(core_t *self, bool power_cut)
{
    op_actor_destroy(&self->actor);
    if (power_cut)
        op_store_memory_crash(self->store);
    s_start(self);
}

/*  ---- Events ---- */

void core_tell_again(core_t *self, const char *from, const op_type_t *type, const void *body)
{
    drive_forget(&self->out);
    op_envelope_t envelope = {.kind = OP_FRAME_TELL,
                              .from = op_str(from),
                              .to = op_str(op_actor_name(self->actor)),
                              .sequence = self->peers[s_peer(self, op_str(from))].sequence};
    drive_receive(self->actor, &envelope, type, body, self->now);
    s_finish(self, 0);
}

void core_tell(core_t *self, const char *from, const op_type_t *type, const void *body)
{
    self->peers[s_peer(self, op_str(from))].sequence++;
    core_tell_again(self, from, type, body);
}

void core_note(core_t *self, const char *from, const op_type_t *type, const void *body)
{
    drive_forget(&self->out);
    drive_note(self->actor, from, type, body, self->now);
    s_finish(self, 0);
}

void core_advance(core_t *self, int64_t ms)
{
    int64_t end = self->now + ms;
    int idle = 0; /* ticks in a row without the clock moving */
    drive_forget(&self->out);
    for (;;) {
        int64_t wake = op_actor_wake_at(self->actor);
        if (!wake || wake > end)
            break;
        idle = wake > self->now ? 0 : idle + 1;
        assert_true(idle < 100);
        if (wake > self->now)
            self->now = wake;
        size_t seen = self->out.count;
        op_actor_tick(self->actor, self->now, drive_entropy());
        s_finish(self, seen);
    }
    self->now = end;
}

/*  The frame that answers the request of this event, or passes it on; there is exactly one. */
static size_t s_answer(const core_t *self)
{
    size_t answers = 0, at = 0;
    for (size_t i = 0; i < self->out.count; i++)
        if (self->out.at[i].envelope.kind == OP_FRAME_REPLY ||
            self->out.at[i].envelope.kind == OP_FRAME_REQUEST) {
            answers++;
            at = i;
        }
    assert_int_equal(answers, 1);
    return at;
}

const op_context_t *core_context(const core_t *self)
{
    return &self->out.at[s_answer(self)].envelope.context;
}

void core_request(core_t *self, op_str_t slip, const op_context_t *context, const op_type_t *type,
                  const void *body)
{
    drive_forget(&self->out);
    drive_request(self->actor, slip, context, type, body, self->now);
    s_finish(self, 0);
}

const void *core_ask(core_t *self, op_str_t slip, const op_context_t *context,
                     const op_type_t *type, const void *body, const op_type_t *answer)
{
    core_request(self, slip, context, type, body);
    size_t at = s_answer(self);
    if (self->out.at[at].type == &op_refusal_type && answer != &op_refusal_type) {
        const op_refusal_t *refusal = self->out.at[at].body;
        fail_msg("refused: %s", op_error_code(op_error_from(refusal->error)));
    }
    assert_string_equal(self->out.at[at].type->name, answer->name);
    return self->out.at[at].body;
}

const op_refusal_t *core_ask_refused(core_t *self, op_str_t slip, const op_context_t *context,
                                     const op_type_t *type, const void *body, op_error_t error)
{
    const op_refusal_t *refusal = core_ask(self, slip, context, type, body, &op_refusal_type);
    assert_string_equal(op_error_code(op_error_from(refusal->error)), op_error_code(error));
    return refusal;
}

/*  ---- Looking ---- */

const void *core_find(const core_t *self, const char *to, const op_type_t *type, size_t n)
{
    for (size_t i = 0; i < self->out.count; i++)
        if (op_str_is(self->out.at[i].to, to) && self->out.at[i].type == type &&
            self->out.at[i].envelope.kind != OP_FRAME_ACK && n-- == 0)
            return self->out.at[i].body;
    return NULL;
}

size_t core_count(const core_t *self, const char *to, const op_type_t *type)
{
    size_t count = 0;
    while (core_find(self, to, type, count))
        count++;
    return count;
}

bool core_store_holds(const core_t *self, const char *prefix, op_str_t bytes)
{
    op_str_t key, value;
    bool found = false;
    op_store_range_t *range = op_store_range(self->store, op_str(prefix), (op_str_t){0}, false);
    while (op_store_range_next(range, &key, &value) > 0 && op_str_starts(key, prefix))
        found |= memmem(key.at, key.size, bytes.at, bytes.size) != NULL ||
                 memmem(value.at, value.size, bytes.at, bytes.size) != NULL;
    op_store_range_destroy(&range);
    return found;
}

op_id_t core_id(char letter)
{
    op_id_t id;
    memset(id.bytes, letter, sizeof id.bytes);
    return id;
}

op_str_t core_id_text(const core_t *self, op_id_t id)
{
    char text[OP_ID_TEXT + 1];
    op_id_print(id, text);
    op_arena_t *arena = &((core_t *)(uintptr_t)self)->out.arena; /* lives until the next event */
    return op_arena_copy(arena, op_str(text));
}

/*  ---- The tty ---- */

/*  In pieces of 4 KiB, as the port reads. */
void tty_say_on(core_t *self, uint64_t line, const char *text)
{
    op_str_t rest = op_str(text);
    drive_forget(&self->out);
    do {
        op_str_t piece = op_str_of(rest.at, rest.size < 4096 ? rest.size : 4096);
        op_serial_bytes_t bytes = {line, piece};
        size_t seen = self->out.count;
        drive_note(self->actor, "serial", &op_serial_bytes_type, &bytes, self->now);
        s_finish(self, seen);
        rest = op_str_of(rest.at + piece.size, rest.size - piece.size);
    } while (rest.size);
}

void tty_say(core_t *self, const char *text)
{
    tty_say_on(self, 0, text);
}

void tty_expect_on(const core_t *self, uint64_t line, const char *bytes)
{
    op_buf_t wrote = {0};
    const op_serial_bytes_t *write;
    for (size_t i = 0; (write = CORE_FIND(self, "serial", serial_bytes, i)) != NULL; i++)
        if (write->line == line)
            op_buf_add_str(&wrote, write->bytes);
    op_buf_add_byte(&wrote, 0);
    assert_string_equal(wrote.at, bytes);
    op_buf_free(&wrote);
}

void tty_expect(const core_t *self, const char *bytes)
{
    tty_expect_on(self, 0, bytes);
}

void tty_dialogue(core_t *self, const char *text, const char *bytes)
{
    tty_say(self, text);
    tty_expect(self, bytes);
}

/*  What a plain modem answers in the setup, by how the command begins; anything else is OK. */
const char *tty_answer_to(uint64_t line, const char *command)
{
    static char own[80]; /* each modem and SIM is another one */
    if (strncmp(command, "AT+CCID", 7) == 0 || strncmp(command, "AT+CGSN", 7) == 0) {
        bool sim = command[4] == 'C';
        snprintf(own, sizeof own, "\r\n%s%04u\r\n\r\nOK\r\n",
                 sim ? "+CCID: 8901410321111851" : "35693803564", 3809U + (unsigned)line);
        return own;
    }
    static const struct {
        const char *command, *answer;
    } table[] = {
        {"AT+CGMI", "\r\nMaker\r\n\r\nOK\r\n"},
        {"AT+CPIN?", "\r\n+CPIN: READY\r\n\r\nOK\r\n"},
        {"AT+CIMI", "\r\n310260123456789\r\n\r\nOK\r\n"},
        {"AT+CFUN?", "\r\n+CFUN: 1\r\n\r\nOK\r\n"},
        {"AT+CPMS=?", "\r\n+CPMS: (\"SM\"),(\"SM\"),(\"SM\")\r\n\r\nOK\r\n"},
        {"AT+CPMS=\"ME\"", "\r\n+CMS ERROR: 302\r\n"},
        {"AT+CPMS=\"SR\"", "\r\n+CMS ERROR: 302\r\n"},
        {"AT+CPMS", "\r\n+CPMS: 0,10,0,10,0,10\r\n\r\nOK\r\n"},
        {"AT+CNMI=?", "\r\n+CNMI: (0-2),(0,1),(0,2),(0-2),(0,1)\r\n\r\nOK\r\n"},
        {"AT+CREG?", "\r\n+CREG: 1,1\r\n\r\nOK\r\n"},
        {"AT+CSCA?", "\r\n+CSCA: \"+12063130004\",145\r\n\r\nOK\r\n"},
        {"AT+COPS?", "\r\n+COPS: 0,0,\"Test\",7\r\n\r\nOK\r\n"},
        {"AT+CSQ", "\r\n+CSQ: 20,99\r\n\r\nOK\r\n"},
        {"AT+CIREG?", "\r\nERROR\r\n"},
    };
    for (size_t i = 0; i < OP_COUNT(table); i++)
        if (strncmp(command, table[i].command, strlen(table[i].command)) == 0)
            return table[i].answer;
    return "\r\nOK\r\n";
}

/*  The one command that the core wrote, without its CR. */
static void s_written(const core_t *self, uint64_t line, char command[80])
{
    const op_serial_bytes_t *write;
    size_t count = 0;
    for (size_t i = 0; (write = CORE_FIND(self, "serial", serial_bytes, i)) != NULL; i++)
        if (write->line == line) {
            count++;
            assert_true(op_str_copy(write->bytes, command, 80));
        }
    assert_int_equal(count, 1);
    command[strcspn(command, "\r")] = 0;
}

void tty_set_up_until(core_t *self, uint64_t line, const char *last)
{
    char command[80];
    for (size_t i = 0; i < 40; i++) {
        s_written(self, line, command);
        if (strncmp(command, last, strlen(last)) == 0)
            return;
        tty_say_on(self, line, tty_answer_to(line, command));
    }
    fail_msg("the setup has no %s", last);
}

void tty_open(core_t *self, uint64_t line)
{
    op_serial_opened_t opened = {line};
    core_note(self, "serial", &op_serial_opened_type, &opened);
    tty_expect_on(self, line,
                  "\x1b"
                  "AT\r");
    tty_say_on(self, line, "\r\nOK\r\n");
    core_advance(self, 300);
}

void tty_bring_up(core_t *self, uint64_t line)
{
    tty_open(self, line);
    tty_set_up_until(self, line, "AT+CPMS=\"SR\"");
    tty_say_on(self, line, "\r\n+CMS ERROR: 302\r\n");
}
