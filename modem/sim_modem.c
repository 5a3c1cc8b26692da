/*  One octet at a time through three states: a command is typed, a payload is typed, the modem is
    busy sending. The network has a SUBMIT at its Ctrl-Z; what the knobs delay or suppress is only
    the answer, since that is how a driver comes to doubt. */

#include "modem/sim_modem.h"

#include "modem/sim_command.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void s_queue_free(op_sim_queue_t *self)
{
    for (size_t i = 0; i < self->count; i++)
        free(self->at[(self->first + i) % self->capacity]);
    free(self->at);
    memset(self, 0, sizeof(*self));
}

static bool s_queue_put(op_sim_queue_t *self, op_str_t pdu)
{
    if (self->count == OP_CARRIER_WAITING_MAX)
        return false;
    if (self->count == self->capacity) {
        size_t capacity = self->capacity ? 2 * self->capacity : 16;
        char **at = op_alloc(capacity * sizeof(*at));
        for (size_t i = 0; i < self->count; i++)
            at[i] = self->at[(self->first + i) % self->capacity];
        free(self->at);
        *self = (op_sim_queue_t){.at = at, .count = self->count, .capacity = capacity};
    }
    self->at[(self->first + self->count++) % self->capacity] = op_strdup(pdu);
    return true;
}

static void s_queue_drop(op_sim_queue_t *self)
{
    free(self->at[self->first]);
    self->first = (self->first + 1) % self->capacity;
    self->count--;
}

void op_sim_modem_defaults(op_sim_modem_t *self)
{
    memset(&self->settings, 0, sizeof(self->settings));
    self->settings.echo = true;
    self->settings.cfun = 1;
    snprintf(self->settings.csca, sizeof(self->settings.csca), "+12063130004");
}

op_sim_modem_t *op_sim_modem_new(size_t index, op_str_t number, op_sim_network_t network)
{
    op_sim_modem_t *self = op_alloc(sizeof(*self));
    memset(self, 0, sizeof(*self));
    self->index = index;
    self->network = network;
    bool whole = op_str_copy(number, self->number, sizeof(self->number));
    OP_ASSERT(whole);
    op_sim_store_init(&self->stores[OP_SIM_SM], OP_SIM_SM_SLOTS);
    op_sim_store_init(&self->stores[OP_SIM_ME], OP_SIM_ME_SLOTS);
    op_sim_modem_defaults(self);
    return self;
}

void op_sim_modem_destroy(op_sim_modem_t **self_p)
{
    op_sim_modem_t *self = *self_p;
    if (self == NULL)
        return;
    for (size_t i = 0; i < OP_SIM_STORES; i++)
        op_sim_store_free(&self->stores[i]);
    s_queue_free(&self->delivers);
    s_queue_free(&self->reports);
    op_buf_free(&self->typed);
    op_buf_free(&self->answer);
    op_buf_free(&self->out);
    free(self);
    *self_p = NULL;
}

void op_sim_modem_log(op_sim_modem_t *self, op_carrier_what_t what, size_t detail)
{
    op_carrier_event_t event = {self->now, what, (uint32_t)self->index, (uint32_t)detail};
    self->network.log(self->network.context, event);
}

/*  What nobody reads is lost once the limit is reached. */
static void s_out(op_sim_modem_t *self, op_str_t bytes)
{
    if (bytes.size <= OP_CARRIER_OUT_MAX && self->out.size <= OP_CARRIER_OUT_MAX - bytes.size)
        op_buf_add_str(&self->out, bytes);
}

void op_sim_modem_say(op_sim_modem_t *self, const char *format, ...)
{
    char text[OP_SIM_LINE_MAX];
    va_list values;
    va_start(values, format);
    int size = vsnprintf(text, sizeof(text), format, values);
    va_end(values);
    OP_ASSERT(size >= 0 && (size_t)size < sizeof(text));
    s_out(self, OP_STR("\r\n"));
    s_out(self, op_str_of(text, (size_t)size));
    s_out(self, OP_STR("\r\n"));
}

void op_sim_modem_prompt(op_sim_modem_t *self, bool sending, unsigned length)
{
    self->state = OP_SIM_PROMPT;
    self->sending = sending;
    self->length = length;
    s_out(self, OP_STR("\r\n> "));
}

unsigned op_sim_pdu_length(const char *pdu)
{
    uint8_t smsc = 0;
    if (op_unhex(op_str_of(pdu, 2), &smsc, 1) != 1)
        return 0;
    size_t octets = strlen(pdu) / 2;
    return octets > (size_t)smsc + 1 ? (unsigned)(octets - smsc - 1) : 0;
}

/*  Takes a knob that counts down. */
static bool s_knob_next(op_sim_modem_t *self, op_knob_t knob)
{
    if (self->knobs[knob] == 0)
        return false;
    self->knobs[knob]--;
    return true;
}

/*  Says that a PDU was stored: once, or as the knobs want it. */
static void s_announce(op_sim_modem_t *self, const char *name, op_sim_memory_t memory, size_t slot)
{
    size_t times = s_knob_next(self, OP_KNOB_NOTICE_DOUBLE_NEXT) ? 2 : 1;
    if (s_knob_next(self, OP_KNOB_NOTICE_LOST_NEXT))
        return;
    for (size_t i = 0; i < times; i++)
        op_sim_modem_say(self, "%s: \"%s\",%zu", name, memory == OP_SIM_SM ? "SM" : "ME", slot);
    op_sim_modem_log(self, OP_CARRIER_NOTIFIED, slot);
}

/*  Hands one PDU to the driver's side; false when it must wait for a free slot. `mode` is AT+CNMI's
    <mt> or <ds>: 27.005 3.4.1. */
static bool s_hand_over(op_sim_modem_t *self, const char *pdu, bool report)
{
    unsigned mode = self->settings.cnmi[report ? OP_SIM_DS : OP_SIM_MT];
    op_sim_memory_t memory = self->settings.memory[2];
    if (mode == (report ? 1 : 2)) {
        if (report)
            op_sim_modem_say(self, "+CDS: %u\r\n%s", op_sim_pdu_length(pdu), pdu);
        else
            op_sim_modem_say(self, "+CMT: ,%u\r\n%s", op_sim_pdu_length(pdu), pdu);
        op_sim_modem_log(self, OP_CARRIER_NOTIFIED, 0);
        return true;
    }
    size_t slot = op_sim_store_add(&self->stores[memory], op_str(pdu));
    if (slot == 0)
        return false;
    op_sim_modem_log(self, OP_CARRIER_STORED, slot);
    if (report || mode)
        s_announce(self, report ? "+CDSI" : "+CMTI", memory, slot);
    return true;
}

void op_sim_modem_flush(op_sim_modem_t *self)
{
    if (self->state == OP_SIM_PROMPT || self->settings.cfun != 1)
        return;
    while (self->delivers.count &&
           s_hand_over(self, self->delivers.at[self->delivers.first], false)) {
        s_queue_drop(&self->delivers);
        self->counts.delivered++;
    }
    if (self->state == OP_SIM_BUSY)
        return;
    while (self->reports.count) {
        if (self->settings.cnmi[OP_SIM_DS] &&
            !s_hand_over(self, self->reports.at[self->reports.first], true))
            break;
        s_queue_drop(&self->reports);
    }
}

size_t op_sim_modem_room(const op_sim_modem_t *self)
{
    return OP_CARRIER_WAITING_MAX - self->delivers.count;
}

bool op_sim_modem_deliver(op_sim_modem_t *self, op_str_t pdu, bool report, int64_t now)
{
    self->now = now;
    if (!s_queue_put(report ? &self->reports : &self->delivers, pdu))
        return false;
    op_sim_modem_flush(self);
    return true;
}

/*  The modem's answer, now or later; 27.005 3.5.1. */
static void s_answer(op_sim_modem_t *self)
{
    self->state = OP_SIM_COMMAND;
    s_out(self, op_buf_str(&self->answer));
    if (self->answer_ok)
        op_sim_modem_log(self, OP_CARRIER_ANSWERED, self->answer_reference);
    op_buf_clear(&self->answer);
    op_sim_modem_flush(self);
}

/*  Why this SUBMIT is refused, as +CMS ERROR; 0: it goes out. */
static int s_refusal(op_sim_modem_t *self, op_pdu_t *pdu)
{
    if (self->too_long || op_pdu_decode(op_str_of(self->line, self->size), pdu) != OP_PDU_OK ||
        pdu->kind != OP_PDU_SUBMIT || pdu->size != self->length)
        return 304; /* invalid PDU mode parameter */
    if (self->settings.cfun != 1)
        return 331; /* no network service */
    if (s_knob_next(self, OP_KNOB_CMS_ERROR_NEXT))
        return (int)self->knobs[OP_KNOB_CMS_ERROR_CODE];
    return 0;
}

static void s_submit(op_sim_modem_t *self)
{
    op_pdu_t pdu;
    int refusal = s_refusal(self, &pdu);
    bool silent = false;
    self->state = OP_SIM_BUSY;
    self->answer_ok = refusal == 0;
    if (refusal) {
        self->counts.refused++;
        op_sim_modem_log(self, OP_CARRIER_REFUSED, (size_t)refusal);
        op_buf_printf(&self->answer, "\r\n+CMS ERROR: %d\r\n", refusal);
    } else {
        uint8_t reference = self->reference++;
        self->counts.accepted++;
        op_sim_modem_log(self, OP_CARRIER_ACCEPTED, reference);
        self->answer_reference = reference;
        size_t times = s_knob_next(self, OP_KNOB_DOUBLE_ANSWER_NEXT) ? 2 : 1;
        for (size_t i = 0; i < times; i++)
            op_buf_printf(&self->answer, "\r\n+CMGS: %u\r\n\r\nOK\r\n", reference);
        silent = s_knob_next(self, OP_KNOB_NO_ANSWER_NEXT);
        self->network.submit(self->network.context, self->index, &pdu, reference, self->now);
    }
    self->answer_at = self->now + self->knobs[OP_KNOB_SUBMIT_DELAY_MS];
    if (silent) {
        op_buf_clear(&self->answer);
        self->answer_ok = false;
    }
    if (silent || self->answer_at == self->now)
        s_answer(self);
}

/*  The payload's end: Ctrl-Z, or ESC, which is acknowledged with OK. */
static void s_payload_end(op_sim_modem_t *self, bool abort)
{
    self->state = OP_SIM_COMMAND;
    if (abort || !self->sending)
        op_sim_modem_say(self, "OK");
    else
        s_submit(self);
    self->size = 0;
    self->too_long = false;
    op_sim_modem_flush(self);
}

static void s_command_end(op_sim_modem_t *self)
{
    char text[OP_SIM_LINE_MAX];
    size_t size = self->size;
    bool too_long = self->too_long;
    if (self->settings.echo && size)
        s_out(self, OP_STR("\r"));
    memcpy(text, self->line, size);
    self->size = 0;
    self->too_long = false;
    if (size < 2 || (text[0] | 0x20) != 'a' || (text[1] | 0x20) != 't')
        return;
    if (too_long)
        op_sim_modem_say(self, "ERROR");
    else
        op_sim_command_run(self, op_str_of(text, size));
    op_sim_modem_flush(self);
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
        if (self->settings.echo)
            s_out(self, op_str_of(&byte, 1));
        if (self->size < sizeof(self->line))
            self->line[self->size++] = byte;
        else
            self->too_long = true;
    }
}

void op_sim_modem_feed(op_sim_modem_t *self, op_str_t bytes, int64_t now)
{
    self->now = now;
    size_t i = 0;
    while (i < bytes.size && self->state != OP_SIM_BUSY)
        s_typed(self, bytes.at[i++]);
    size_t room = OP_SIM_TYPED_MAX - self->typed.size;
    size_t rest = bytes.size - i < room ? bytes.size - i : room;
    if (rest)
        op_buf_add(&self->typed, bytes.at + i, rest);
}

void op_sim_modem_reset(op_sim_modem_t *self, int64_t now)
{
    self->now = now;
    self->state = OP_SIM_COMMAND;
    self->size = 0;
    self->too_long = false;
    op_buf_clear(&self->typed);
    op_buf_clear(&self->answer);
    op_sim_modem_defaults(self);
    op_sim_modem_say(self, "RDY");
}

int64_t op_sim_modem_wake_at(const op_sim_modem_t *self)
{
    return self->state == OP_SIM_BUSY ? self->answer_at : 0;
}

void op_sim_modem_tick(op_sim_modem_t *self, int64_t now)
{
    self->now = now;
    if (self->state != OP_SIM_BUSY || now < self->answer_at)
        return;
    s_answer(self);
    size_t i = 0;
    while (i < self->typed.size && self->state != OP_SIM_BUSY)
        s_typed(self, self->typed.at[i++]);
    op_buf_consume(&self->typed, i);
}
