#include "tests/modem_air.h"

#include <stdio.h>

static void s_path(const air_t *self, size_t modem, size_t tty, char path[64])
{
    unsigned plug = self->plugs[modem] % 26;
    char letter[2] = {plug ? (char)('a' + plug - 1) : (char)0, 0};
    snprintf(path, 64, "/sim/%zu-%zu%s", modem, tty, letter);
}

static size_t s_ttys(const air_t *self, size_t modem)
{
    size_t count = op_carrier_modem_family(self->carrier, modem)->tty_count;
    return count ? count : 1;
}

static size_t s_main(const air_t *self, size_t modem)
{
    const op_sim_family_t *family = op_carrier_modem_family(self->carrier, modem);
    size_t tty = 0;
    while (tty < family->tty_count && family->ttys[tty] != OP_SIM_TTY_AT)
        tty++;
    return family->tty_count ? tty : 0;
}

void air_init(air_t *self, size_t modems, const op_sim_family_t *families, size_t count)
{
    memset(self, 0, sizeof *self);
    self->modems = modems;
    self->carrier = count ? op_carrier_new_of(modems, families, count) : op_carrier_new(modems);
    for (size_t i = 0; i < modems; i++) {
        s_path(self, i, s_main(self, i), self->paths[i]);
        self->lines[i] =
            (op_line_setup_t){.device = op_str(self->paths[i]),
                              .number = op_str(op_carrier_modem_number(self->carrier, i)),
                              .shared = i == 0};
    }
    self->setup = (op_modem_setup_t){.lines = {self->lines, modems},
                                     .send_timeout_ms = 180000,
                                     .sweep_ms = 60000,
                                     .trust_stamps = true,
                                     .check_ms = 30000};
}

void air_free(air_t *self)
{
    core_close(&self->core);
    op_carrier_destroy(&self->carrier);
}

/*  ---- The port ---- */

static void s_note(air_t *self, const op_type_t *type, const void *body)
{
    core_note(&self->core, "serial", type, body);
}

static bool s_find(const air_t *self, op_str_t path, size_t *modem, size_t *tty)
{
    char there[64];
    for (*modem = 0; *modem < self->modems; ++*modem)
        for (*tty = 0; *tty < s_ttys(self, *modem); ++*tty) {
            s_path(self, *modem, *tty, there);
            if (op_str_is(path, there))
                return op_carrier_plugged(self->carrier, *modem);
        }
    return false;
}

/*  What the core said, kept while events make new things to say. */
typedef struct {
    enum { SAID_OPEN, SAID_CLOSE, SAID_BYTES, SAID_WATCH } what;
    uint64_t line;
    char text[1200];
    size_t size;
} said_t;

enum { SAID_MAX = 1024 };

static void s_take_said(air_t *self, said_t *said, size_t *count)
{
    drive_out_t *out = &self->core.out;
    for (size_t i = 0; i < out->count; i++) {
        const void *body = out->at[i].body;
        const op_type_t *type = out->at[i].type;
        if (type == &op_text_outcome_type)
            self->outcomes[((const op_text_outcome_t *)body)->state]++;
        if (type == &op_text_received_type)
            self->received++;
        if (!op_str_is(out->at[i].to, "serial"))
            continue;
        assert_true(*count < SAID_MAX);
        said_t *one = &said[(*count)++];
        op_str_t text = {0};
        if (type == &op_serial_open_type) {
            one->what = SAID_OPEN;
            one->line = ((const op_serial_open_t *)body)->line;
            text = ((const op_serial_open_t *)body)->device;
        } else if (type == &op_serial_close_type) {
            one->what = SAID_CLOSE;
            one->line = ((const op_serial_close_t *)body)->line;
        } else if (type == &op_serial_bytes_type) {
            one->what = SAID_BYTES;
            one->line = ((const op_serial_bytes_t *)body)->line;
            text = ((const op_serial_bytes_t *)body)->bytes;
        } else {
            one->what = SAID_WATCH;
            text = ((const op_serial_watch_t *)body)->pattern;
        }
        assert_true(text.size <= sizeof one->text);
        if (text.size)
            memcpy(one->text, text.at, text.size);
        one->size = text.size;
    }
    drive_forget(out);
}

static void s_tell_node(air_t *self, size_t modem, size_t tty, bool found)
{
    char path[64];
    s_path(self, modem, tty, path);
    op_serial_found_t there = {op_str(path)};
    op_serial_gone_t gone = {op_str(path)};
    s_note(self, found ? &op_serial_found_type : &op_serial_gone_type,
           found ? (const void *)&there : &gone);
}

static said_t s_said[SAID_MAX];
static size_t s_count;

static void s_open(air_t *self, const said_t *said)
{
    size_t modem, tty;
    self->opens++;
    self->handles[said->line].open = false;
    bool there = s_find(self, op_str_of(said->text, said->size), &modem, &tty);
    for (size_t i = 0; there && i < OP_LINES_MAX; i++)
        there = !(self->handles[i].open && self->handles[i].modem == modem &&
                  self->handles[i].tty == tty);
    if (!there) {
        op_serial_closed_t closed = {said->line, OP_STR("cannot open it")};
        s_note(self, &op_serial_closed_type, &closed);
        return;
    }
    self->handles[said->line].open = true;
    self->handles[said->line].modem = modem;
    self->handles[said->line].tty = tty;
    op_serial_opened_t opened = {said->line};
    s_note(self, &op_serial_opened_type, &opened);
}

static void s_act(air_t *self, const said_t *said)
{
    switch (said->what) {
    case SAID_OPEN:
        s_open(self, said);
        return;
    case SAID_CLOSE:
        self->handles[said->line].open = false;
        return;
    case SAID_BYTES:
        if (self->handles[said->line].open)
            op_carrier_feed_tty(self->carrier, self->handles[said->line].modem,
                                self->handles[said->line].tty, op_str_of(said->text, said->size),
                                self->core.now);
        return;
    case SAID_WATCH:
        if (!memchr(said->text, '*', said->size))
            return;
        self->watched = true;
        for (size_t m = 0; m < self->modems; m++)
            for (size_t t = 0; op_carrier_plugged(self->carrier, m) && t < s_ttys(self, m); t++) {
                s_tell_node(self, m, t, true);
                s_take_said(self, s_said, &s_count);
            }
        return;
    }
}

static bool s_read(air_t *self)
{
    bool any = false;
    for (uint64_t h = 0; h < OP_LINES_MAX; h++) {
        if (!self->handles[h].open)
            continue;
        op_buf_t *out =
            op_carrier_take_tty(self->carrier, self->handles[h].modem, self->handles[h].tty);
        if (out->size == 0)
            continue;
        any = true;
        size_t size = out->size < 4096 ? out->size : 4096;
        op_serial_bytes_t bytes = {h, op_str_of(out->at, size)};
        s_note(self, &op_serial_bytes_type, &bytes);
        op_buf_consume(out, size);
        s_take_said(self, s_said, &s_count);
    }
    return any;
}

/*  Everything that happens at this instant. */
static void s_settle(air_t *self)
{
    s_take_said(self, s_said, &s_count);
    size_t done = 0;
    for (int guard = 0; guard < 100000; guard++) {
        if (done < s_count) {
            said_t one = s_said[done++];
            s_act(self, &one);
            s_take_said(self, s_said, &s_count);
            if (done == s_count)
                done = s_count = 0;
        } else if (!s_read(self))
            return;
    }
    fail_msg("it never comes to rest");
}

void air_start(air_t *self)
{
    core_open(&self->core, &op_modem_class, &op_modem_setup_type, &self->setup);
    s_settle(self);
}

void air_restart(air_t *self, bool power_cut)
{
    memset(self->handles, 0, sizeof self->handles);
    core_restart(&self->core, power_cut);
    s_settle(self);
}

void air_run(air_t *self, int64_t ms)
{
    int64_t end = self->core.now + ms;
    s_settle(self);
    for (;;) {
        int64_t wake = op_actor_wake_at(self->core.actor);
        int64_t carrier = op_carrier_wake_at(self->carrier);
        int64_t next = wake && (!carrier || wake < carrier) ? wake : carrier;
        if (!next || next > end)
            break;
        if (next > self->core.now)
            self->core.now = next;
        if (carrier && carrier <= self->core.now)
            op_carrier_tick(self->carrier, self->core.now);
        core_advance(&self->core, 0);
        s_settle(self);
    }
    self->core.now = end;
}

/*  ---- The operator ---- */

const op_line_health_t *air_health(air_t *self, size_t line)
{
    static const op_context_t context;
    const op_lines_health_t *all = CORE_ASK(&self->core, &context, nothing, &(op_nothing_t){0},
                                            lines_health, OP_STEP_MODEM_LINES);
    assert_int_equal(all->lines.count, self->modems);
    return &all->lines.at[line];
}

int64_t air_until(air_t *self, size_t line, const char *state, int64_t ms)
{
    int64_t begin = self->core.now;
    for (;;) {
        const op_line_health_t *health = air_health(self, line);
        if (op_str_is(health->state, state))
            return self->core.now - begin;
        if (self->core.now - begin >= ms)
            fail_msg("line %zu is not %s but %.*s: %.*s", line, state, (int)health->state.size,
                     health->state.at, (int)health->reason.size, health->reason.at);
        air_run(self, 100);
    }
}

void air_plug(air_t *self, size_t modem, bool in)
{
    if (in) {
        self->plugs[modem]++;
        op_carrier_plug(self->carrier, modem, true, self->core.now);
    }
    if (!in) {
        op_carrier_plug(self->carrier, modem, false, self->core.now);
        for (uint64_t h = 0; h < OP_LINES_MAX; h++)
            if (self->handles[h].open && self->handles[h].modem == modem) {
                op_serial_closed_t closed = {h, OP_STR("it went away")};
                self->handles[h].open = false;
                s_note(self, &op_serial_closed_type, &closed);
                s_settle(self);
            }
    }
    for (size_t t = 0; self->watched && t < s_ttys(self, modem); t++) {
        s_tell_node(self, modem, t, in);
        s_settle(self);
    }
}

void air_set(air_t *self, size_t modem, op_knob_t knob, int64_t value)
{
    assert_int_equal(op_carrier_set(self->carrier, modem, knob, value), 0);
}

void air_text(air_t *self, size_t line, char id, const char *to, const char *body)
{
    op_text_send_t text = {.text = core_id(id),
                           .scope = core_id('S'),
                           .line = op_str(op_carrier_modem_number(self->carrier, line)),
                           .to = op_str(to),
                           .body = op_str(body),
                           .expires = self->core.now + OP_HOUR_MS};
    core_tell(&self->core, "ledger", &op_text_send_type, &text);
    s_settle(self);
}

size_t air_inbox(const air_t *self, const char *phone)
{
    return op_carrier_inbox_size(self->carrier, op_str(phone));
}

void air_expect_service(air_t *self, size_t line, char id)
{
    char phone[20], body[8];
    snprintf(phone, sizeof phone, "+1415556%04u", (unsigned)(unsigned char)id);
    snprintf(body, sizeof body, "to %c", id);
    size_t before = air_inbox(self, phone), received = self->received;
    air_text(self, line, id, phone, body);
    air_run(self, 20000);
    assert_int_equal(air_inbox(self, phone), before + 1);
    op_carrier_result_t result = op_carrier_text(
        self->carrier, op_str(phone), op_str(op_carrier_modem_number(self->carrier, line)),
        OP_STR("hello"), self->core.now);
    assert_int_equal(result, OP_CARRIER_OK);
    air_run(self, 65000); /* the sweep finds what is not announced */
    assert_int_equal(self->received, received + 1);
}
