/*  One octet at a time through three states: a command is typed, a payload is typed, the modem is
    busy. The network has a SUBMIT at its Ctrl-Z; what the knobs delay or suppress is only the
    answer, since that is how a driver comes to doubt.

    What is said goes to `to`: mostly the tty, but the answer of a slow modem is gathered first. */

#include "carrier/sim_modem.h"

#include "carrier/sim_command.h"
#include "carrier/sim_memory.h"
#include "carrier/sim_receive.h"
#include "carrier/sim_send.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void op_sim_modem_defaults(op_sim_modem_t *self)
{
    memset(&self->settings, 0, sizeof(self->settings));
    self->settings.echo = true;
    self->settings.cfun = 1;
    snprintf(self->settings.csca, sizeof(self->settings.csca), "+12063130004");
}

op_sim_modem_t *op_sim_modem_new(size_t index, const op_sim_family_t *family, op_sim_card_t *card,
                                 op_sim_network_t network)
{
    op_sim_modem_t *self = op_alloc(sizeof(*self));
    memset(self, 0, sizeof(*self));
    self->index = index;
    self->family = family;
    self->card = card;
    self->network = network;
    self->to = &self->out;
    memcpy(self->knobs, family->knobs, sizeof(self->knobs));
    snprintf(self->number, sizeof(self->number), "%s", card->number);
    op_sim_memory_resize(self);
    op_sim_modem_defaults(self);
    self->reg_told = op_sim_modem_registration(self);
    self->stirred = self->knobs[OP_KNOB_NOISE_EVERY_MS] > 0;
    return self;
}

void op_sim_modem_destroy(op_sim_modem_t **self_p)
{
    op_sim_modem_t *self = *self_p;
    if (self == NULL)
        return;
    op_sim_store_free(&self->me);
    op_sim_store_free(&self->sr);
    op_buf_free(&self->typed);
    op_buf_free(&self->answer);
    op_buf_free(&self->out);
    for (size_t i = 0; i < OP_SIM_TTYS; i++)
        op_buf_free(&self->sides[i].out);
    free(self);
    *self_p = NULL;
}

void op_sim_modem_log(op_sim_modem_t *self, op_carrier_what_t what, size_t detail)
{
    op_carrier_event_t event = {self->now, what, (uint32_t)self->index, (uint32_t)detail};
    self->network.log(self->network.context, event);
}

/*  ---- The prompt ---- */

bool op_sim_modem_prompt(op_sim_modem_t *self, op_sim_payload_t payload, unsigned length)
{
    static const char *const forms[] = {"\r\n> ", "\r\n>", "\r\n> \r\n", "> "};
    if (self->to != &self->out && self->to != &self->answer)
        return false; /* a data tty's */
    self->state = OP_SIM_PROMPT;
    self->payload = payload;
    self->length = length;
    if (!op_sim_modem_next(self, OP_KNOB_PROMPT_LOST_NEXT))
        op_sim_modem_put(self, op_str(forms[self->knobs[OP_KNOB_PROMPT_FORM]]));
    op_sim_modem_noise(self, OP_KNOB_NOISE_PROMPT);
    return true;
}

/*  ---- Network and SIM ---- */

int op_sim_modem_sim_trouble(const op_sim_modem_t *self)
{
    const int64_t *knobs = self->knobs;
    if (knobs[OP_KNOB_SIM_OUT])
        return 10;
    if (knobs[OP_KNOB_PIN_TRIES] == 0)
        return knobs[OP_KNOB_PUK_TRIES] ? 12 : 13;
    return knobs[OP_KNOB_PIN_LOCK] && !self->pin_given ? 11 : 0;
}

unsigned op_sim_modem_registration(const op_sim_modem_t *self)
{
    if (self->unplugged || self->boot_at || self->settings.cfun != 1 ||
        self->knobs[OP_KNOB_RADIO_OFF] || op_sim_modem_sim_trouble(self))
        return 0;
    return self->register_at ? 2 : (unsigned)self->knobs[OP_KNOB_REGISTRATION];
}

bool op_sim_modem_in_service(const op_sim_modem_t *self)
{
    unsigned status = op_sim_modem_registration(self);
    return status == 1 || status >= 5;
}

/*  Says +CREG and its like when the registration has changed (27.007 7.2, <n> above 0). */
static void s_tell_registration(op_sim_modem_t *self)
{
    static const char *const names[OP_SIM_REGS] = {"+CREG", "+CGREG", "+CEREG"};
    unsigned status = op_sim_modem_registration(self);
    if (status == self->reg_told || self->state == OP_SIM_PROMPT)
        return;
    self->reg_told = status;
    for (size_t i = 0; i < OP_SIM_REGS; i++)
        if (self->settings.reg[i])
            op_sim_modem_say(self, "%s: %u", names[i], status);
}

static void s_search(op_sim_modem_t *self)
{
    int64_t span = self->knobs[OP_KNOB_REGISTER_MS];
    self->register_at = span ? self->now + span : 0;
}

/*  What any call may have changed: the network, and what it has waiting. */
static void s_settle(op_sim_modem_t *self)
{
    s_tell_registration(self);
    op_sim_receive_flush(self);
}

/*  ---- Typing ---- */

/*  The modem's answer, now that it is time. The line may be that of a slow command. */
static void s_answer(op_sim_modem_t *self)
{
    op_buf_t said = self->answer;
    self->answer = (op_buf_t){0};
    self->state = self->next;
    bool restart = self->restart;
    self->restart = false;
    if (!restart)
        op_sim_modem_put(self, op_buf_str(&said));
    if (self->answer_ok)
        op_sim_modem_log(self, OP_CARRIER_ANSWERED, self->answer_reference);
    self->answer_ok = false;
    op_buf_free(&said);
    if (restart)
        op_sim_modem_reset(self, self->now);
    else
        op_sim_receive_flush(self);
}

void op_sim_modem_answer(op_sim_modem_t *self, int64_t at, op_sim_state_t next)
{
    self->state = OP_SIM_BUSY;
    self->answer_at = at;
    self->next = next;
    if (at <= self->now)
        s_answer(self);
}

/*  The payload's end: Ctrl-Z, or ESC, which is acknowledged with OK. */
static void s_payload_end(op_sim_modem_t *self, bool abort)
{
    self->state = OP_SIM_COMMAND;
    op_sim_modem_noise(self, OP_KNOB_NOISE_PROMPT);
    if (abort)
        op_sim_command_end(self, OP_SIM_END_OK);
    else
        op_sim_send_payload(self, op_str_of(self->line, self->size), self->too_long);
    self->size = 0;
    self->too_long = false;
    op_sim_receive_flush(self);
}

/*  A line that begins with AT has come. */
static void s_command(op_sim_modem_t *self, op_str_t line, bool too_long)
{
    int64_t delay = self->knobs[OP_KNOB_COMMAND_DELAY_MS];
    unsigned radio = self->settings.cfun;
    if (op_sim_modem_next(self, OP_KNOB_COMMAND_LOST_NEXT))
        return;
    op_sim_modem_noise(self, OP_KNOB_NOISE_COMMAND);
    if (delay)
        self->to = &self->answer;
    if (too_long || op_sim_modem_next(self, OP_KNOB_COMMAND_ERROR_NEXT))
        op_sim_command_end(self, OP_SIM_END_ERROR);
    else
        op_sim_command_run(self, line);
    self->to = &self->out;
    if (self->reboot && !delay) {
        op_sim_modem_reset(self, self->now);
        return;
    }
    self->restart |= self->reboot;
    if (self->settings.cfun == 1 && radio != 1)
        s_search(self);
    if (delay && self->state != OP_SIM_BUSY)
        op_sim_modem_answer(self, self->now + delay, self->state);
    s_settle(self);
}

static bool s_is_command(op_str_t line)
{
    return line.size >= 2 && (line.at[0] | 0x20) == 'a' && (line.at[1] | 0x20) == 't';
}

static bool s_echoes(const op_sim_modem_t *self)
{
    int64_t knob = self->knobs[OP_KNOB_ECHO];
    return knob == 0 ? self->settings.echo : knob == 1;
}

static void s_command_end(op_sim_modem_t *self)
{
    char text[OP_SIM_LINE_MAX];
    size_t size = self->size;
    bool too_long = self->too_long;
    if (s_echoes(self) && size)
        op_sim_modem_put(self, OP_STR("\r"));
    memcpy(text, self->line, size);
    self->size = 0;
    self->too_long = false;
    if (s_is_command(op_str_of(text, size)))
        s_command(self, op_str_of(text, size), too_long);
}

static void s_typed(op_sim_modem_t *self, char byte)
{
    bool prompt = self->state == OP_SIM_PROMPT;
    if (prompt && (byte == 0x1a || byte == 0x1b)) {
        s_payload_end(self, byte == 0x1b);
    } else if (!prompt && byte == '\r') {
        s_command_end(self);
    } else if ((unsigned char)byte < 0x20) {
        return; /* CR within a PDU; LF, ESC, NUL and the like between commands */
    } else {
        if (s_echoes(self))
            op_sim_modem_put(self, op_str_of(&byte, 1));
        if (self->size < sizeof(self->line))
            self->line[self->size++] = byte;
        else
            self->too_long = true;
    }
}

static bool s_deaf(const op_sim_modem_t *self)
{
    return self->knobs[OP_KNOB_HANG] || self->boot_at || self->unplugged;
}

void op_sim_modem_feed(op_sim_modem_t *self, op_str_t bytes, int64_t now)
{
    self->now = now;
    size_t i = 0;
    while (i < bytes.size && self->state != OP_SIM_BUSY && !s_deaf(self))
        s_typed(self, bytes.at[i++]);
    size_t room = OP_SIM_TYPED_MAX - self->typed.size;
    size_t rest = bytes.size - i < room ? bytes.size - i : room;
    if (rest && !s_deaf(self))
        op_buf_add(&self->typed, bytes.at + i, rest);
}

/*  ---- More ttys ---- */

static bool s_is_main(const op_sim_modem_t *self, size_t tty)
{
    OP_ASSERT(tty == 0 || tty < self->family->tty_count);
    return self->family->tty_count == 0 || self->family->ttys[tty] == OP_SIM_TTY_AT;
}

static void s_side_end(op_sim_modem_t *self, op_sim_side_t *side)
{
    op_str_t line = op_str_of(side->line, side->size);
    if (s_is_command(line)) {
        self->to = &side->out;
        if (side->too_long)
            op_sim_command_end(self, OP_SIM_END_ERROR);
        else
            op_sim_command_run(self, line);
        self->to = &self->out;
    }
    side->size = 0;
    side->too_long = false;
    s_settle(self);
}

void op_sim_modem_feed_tty(op_sim_modem_t *self, size_t tty, op_str_t bytes, int64_t now)
{
    if (s_is_main(self, tty)) {
        op_sim_modem_feed(self, bytes, now);
        return;
    }
    op_sim_side_t *side = &self->sides[tty];
    self->now = now;
    if (s_deaf(self) || self->family->ttys[tty] == OP_SIM_TTY_DIAG)
        return;
    for (size_t i = 0; i < bytes.size; i++) {
        if (bytes.at[i] == '\r')
            s_side_end(self, side);
        else if ((unsigned char)bytes.at[i] >= 0x20 && side->size < sizeof(side->line))
            side->line[side->size++] = bytes.at[i];
        else if ((unsigned char)bytes.at[i] >= 0x20)
            side->too_long = true;
    }
}

op_buf_t *op_sim_modem_out(op_sim_modem_t *self, size_t tty)
{
    return s_is_main(self, tty) ? &self->out : &self->sides[tty].out;
}

/*  ---- Time ---- */

static void s_banner(op_sim_modem_t *self)
{
    self->boot_at = 0;
    s_search(self);
    self->reg_told = op_sim_modem_registration(self);
    for (size_t i = 0; i < self->family->banners; i++)
        if (*self->family->banner[i])
            op_sim_modem_say_text(self, self->family->banner[i], NULL);
    if (self->family->banners == 0)
        op_sim_modem_say(self, "RDY");
}

void op_sim_modem_reset(op_sim_modem_t *self, int64_t now)
{
    int64_t boot = self->knobs[OP_KNOB_BOOT_MS];
    self->now = now;
    self->state = OP_SIM_COMMAND;
    self->size = 0;
    self->too_long = false;
    self->answer_ok = self->restart = self->reboot = self->pin_given = false;
    self->held = NULL;
    self->late = NULL;
    op_buf_clear(&self->typed);
    op_buf_clear(&self->answer);
    for (size_t i = 0; i < OP_SIM_TTYS; i++)
        self->sides[i].size = 0;
    op_sim_modem_defaults(self);
    self->boot_at = boot ? now + boot : 0;
    if (!boot)
        s_banner(self);
}

void op_sim_modem_plug(op_sim_modem_t *self, bool in, int64_t now)
{
    if (in)
        self->knobs[OP_KNOB_HANG] = 0;
    self->unplugged = false;
    op_sim_modem_reset(self, now); /* what it says is heard by nobody when it goes */
    op_buf_clear(&self->out);
    for (size_t i = 0; i < OP_SIM_TTYS; i++)
        op_buf_clear(&self->sides[i].out);
    self->unplugged = !in;
    if (in && !self->boot_at)
        s_banner(self);
    self->stirred = in;
}

void op_sim_modem_set(op_sim_modem_t *self, op_knob_t knob, int64_t value)
{
    bool slots = knob >= OP_KNOB_SM_SLOTS && knob <= OP_KNOB_SR_SLOTS;
    self->knobs[knob] = value;
    if (slots)
        op_sim_memory_resize(self);
    if (slots || knob == OP_KNOB_HANG || knob == OP_KNOB_NOISE_EVERY_MS || knob >= OP_KNOB_SIM_OUT)
        self->stirred = true;
}

void op_sim_modem_card(op_sim_modem_t *self, op_sim_card_t *card, int64_t now)
{
    self->now = now;
    self->card = card;
    self->pin_given = false;
    self->held = NULL;
    op_sim_memory_resize(self);
    s_search(self);
    self->stirred = true;
}

/*  Whether the instant has come; it is then cleared. */
static bool s_due(int64_t *at, int64_t now)
{
    if (*at == 0 || now < *at)
        return false;
    *at = 0;
    return true;
}

/*  27.007 6.11, 7.6. */
static void s_ring(op_sim_modem_t *self)
{
    self->knobs[OP_KNOB_RING_NEXT]--;
    op_sim_modem_say(self, "%s",
                     self->settings.crc             ? "+CRING: VOICE"
                     : self->settings.short_results ? "2"
                                                    : "RING");
    if (self->settings.clip)
        op_sim_modem_say(self, "+CLIP: \"+14155550100\",145");
}

/*  What the modem says by itself. */
static void s_tick_notices(op_sim_modem_t *self)
{
    int64_t every = self->knobs[OP_KNOB_NOISE_EVERY_MS];
    bool quiet =
        self->boot_at || (self->state == OP_SIM_PROMPT && !self->knobs[OP_KNOB_NOISE_PROMPT]);
    if (s_due(&self->noise_at, self->now) && !quiet)
        op_sim_modem_noise(self, OP_KNOB_NOISE_EVERY_MS);
    if (self->noise_at == 0 && every)
        self->noise_at = self->now + every;
    (void)s_due(&self->ring_at, self->now);
    if (self->ring_at == 0 && self->knobs[OP_KNOB_RING_NEXT]) {
        if (!quiet)
            s_ring(self);
        self->ring_at = self->now + OP_SIM_RING_MS;
    }
}

void op_sim_modem_tick(op_sim_modem_t *self, int64_t now)
{
    bool settle = self->stirred;
    self->now = now;
    self->stirred = false;
    bool booted = s_due(&self->boot_at, now);
    if (booted)
        s_banner(self);
    settle |= booted;
    settle |= s_due(&self->register_at, now);
    if (self->held && self->held_until && now >= self->held_until) {
        /*  27.005 3.4.4: what nobody acknowledges goes back, and is not forwarded any more. */
        self->held = NULL;
        self->settings.cnmi[OP_SIM_MT_MODE] = self->settings.cnmi[OP_SIM_DS] = 0;
        settle = true;
    }
    s_tick_notices(self);
    if (settle)
        s_settle(self);
    if (self->state != OP_SIM_BUSY || now < self->answer_at)
        return;
    s_answer(self);
    size_t i = 0;
    while (i < self->typed.size && self->state != OP_SIM_BUSY && !s_deaf(self))
        s_typed(self, self->typed.at[i++]);
    op_buf_consume(&self->typed,
                   i < self->typed.size ? i : self->typed.size); /* a restart forgets */
}

int64_t op_sim_modem_wake_at(const op_sim_modem_t *self)
{
    const int64_t at[] = {
        self->stirred ? 1 : 0,
        self->boot_at,
        self->register_at,
        self->noise_at,
        self->ring_at,
        self->held ? self->held_until : 0,
        self->state == OP_SIM_BUSY ? self->answer_at : 0,
    };
    int64_t first = 0;
    for (size_t i = 0; i < OP_COUNT(at); i++)
        if (at[i] && (first == 0 || at[i] < first))
            first = at[i];
    return first;
}
