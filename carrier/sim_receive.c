#include "carrier/sim_receive.h"

#include "carrier/sim_memory.h"
#include "modem/sms.h"

#include <stdio.h>
#include <string.h>

static void s_unstamp(op_buf_t *hex)
{
    op_pdu_t pdu;
    if (op_pdu_decode(op_buf_str(hex), &pdu) != OP_PDU_OK)
        return;
    op_buf_clear(hex);
    pdu.stamp.instant = 0;
    OP_ASSERT(op_pdu_encode(&pdu, hex) == OP_PDU_OK);
}

/*  Malforms a PDU as real modems and SIMs were seen to. */
static void s_malform(op_sim_modem_t *self, op_buf_t *pdu)
{
    switch (self->knobs[OP_KNOB_MALFORMED_FORM]) {
    case 0:
        op_buf_add(pdu, "00", 2);
        return;
    case 1:
        pdu->size = pdu->size > 12 ? (pdu->size - 10) & ~(size_t)1 : pdu->size;
        return;
    case 2:
        memset(pdu->at, 'F', pdu->size);
        return;
    case 3:
        memcpy(pdu->at, pdu->size > 12 ? "0BD0425930378p;=<" : "=p", pdu->size > 17 ? 17 : 2);
        return;
    case 4:
        pdu->size--;
        return;
    case 5:
        s_unstamp(pdu);
        return;
    }
}

/*  Says that a PDU was stored: once, or as the knobs want it. */
static void s_announce(op_sim_modem_t *self, const char *name, op_sim_memory_t memory, size_t slot)
{
    size_t times = op_sim_modem_next(self, OP_KNOB_NOTICE_DOUBLE_NEXT) ? 2 : 1;
    if (op_sim_modem_next(self, OP_KNOB_NOTICE_LOST_NEXT))
        return;
    if (op_sim_modem_next(self, OP_KNOB_NOTICE_OTHER_NEXT))
        memory = memory == OP_SIM_SM ? OP_SIM_ME : OP_SIM_SM;
    for (size_t i = 0; i < times; i++)
        op_sim_modem_say(self, "%s: \"%s\",%zu", name, op_sim_memory_name(memory), slot);
    op_sim_modem_log(self, OP_CARRIER_NOTIFIED, slot);
}

/*  Can what is stored there be read? */
static bool s_reads(const op_sim_modem_t *self, op_sim_memory_t memory)
{
    const op_sim_family_t *family = self->family;
    const char *takes = *family->cpms_takes ? family->cpms_takes : family->cpms;
    return op_sim_takes_word(takes, 0, op_str(op_sim_memory_name(memory)));
}

static bool s_store(op_sim_modem_t *self, op_str_t pdu, bool report, bool announce)
{
    op_sim_memory_t memory = self->settings.memory[2];
    op_sim_memory_t other = memory == OP_SIM_SM ? OP_SIM_ME : OP_SIM_SM;
    bool elsewhere = !report && memory != OP_SIM_MT && self->knobs[OP_KNOB_STORE_OTHER_NEXT] &&
                     (s_reads(self, other) || s_reads(self, OP_SIM_MT)); /* which is both */
    size_t slot;
    if (report && self->knobs[OP_KNOB_REPORT_MEMORY] && s_reads(self, OP_SIM_SR))
        memory = OP_SIM_SR;
    else if (elsewhere)
        memory = other;
    if (!op_sim_memory_add(self, memory, pdu, OP_SIM_UNREAD, &slot))
        return false;
    if (elsewhere)
        (void)op_sim_modem_next(self, OP_KNOB_STORE_OTHER_NEXT);
    op_sim_modem_log(self, OP_CARRIER_STORED, slot);
    if (announce)
        s_announce(self, report ? "+CDSI" : "+CMTI", memory, slot);
    bool full = op_sim_memory_used(self, memory) == op_sim_memory_capacity(self, memory);
    if (full && *self->family->full)
        op_sim_modem_say_text(self, self->family->full, op_sim_memory_name(memory));
    return true;
}

/*  Says a PDU whole; false when it is then held for AT+CNMA. */
static bool s_say(op_sim_modem_t *self, const char *pdu, bool report)
{
    char head[32];
    snprintf(head, sizeof head, "%s%u", report ? "+CDS: " : "+CMT: ,", op_sim_pdu_length(pdu));
    if (self->knobs[OP_KNOB_NOISE_DIRECT]) {
        op_sim_modem_say(self, "%s", head);
        op_sim_modem_noise(self, OP_KNOB_NOISE_DIRECT);
        op_sim_modem_say(self, "%s", pdu);
    } else
        op_sim_modem_say(self, "%s\r\n%s", head, pdu);
    op_sim_modem_log(self, OP_CARRIER_NOTIFIED, 0);
    if (self->settings.csms == 0)
        return true;
    int64_t patience = self->knobs[OP_KNOB_CNMA_TIMEOUT_MS];
    self->held = report ? &self->card->reports : &self->card->delivers;
    self->held_until = patience ? self->now + patience : 0;
    return false;
}

/*  Hands one PDU to the driver's side; false when it must stay in its queue. `mode` is AT+CNMI's
    <mt> or <ds>: 27.005 3.4.1. */
static bool s_hand_over(op_sim_modem_t *self, const char *pdu, bool report)
{
    unsigned mode = self->settings.cnmi[report ? OP_SIM_DS : OP_SIM_MT_MODE];
    if (report && mode == 0)
        return true;
    if (mode == (report ? 1 : 2))
        return s_say(self, pdu, report);
    return s_store(self, op_str(pdu), report, report || mode);
}

static void s_gone(op_sim_modem_t *self, op_sim_queue_t *queue)
{
    op_sim_queue_drop(queue);
    if (queue == &self->card->delivers)
        self->counts.delivered++;
}

/*  A part may come before the answer to the SUBMIT that is on its way, a report only by its
    knob. */
static bool s_reports_may_come(op_sim_modem_t *self)
{
    return self->state != OP_SIM_BUSY || op_sim_modem_next(self, OP_KNOB_REPORT_EARLY_NEXT);
}

void op_sim_receive_flush(op_sim_modem_t *self)
{
    op_sim_queue_t *delivers = &self->card->delivers, *reports = &self->card->reports;
    bool prompt = self->state == OP_SIM_PROMPT && !self->knobs[OP_KNOB_NOTICE_AT_PROMPT];
    if (prompt || self->knobs[OP_KNOB_HANG] || !op_sim_modem_in_service(self))
        return;
    while (!self->held && delivers->count && s_hand_over(self, op_sim_queue_front(delivers), false))
        s_gone(self, delivers);
    while (!self->held && reports->count && s_reports_may_come(self) &&
           s_hand_over(self, op_sim_queue_front(reports), true))
        s_gone(self, reports);
}

bool op_sim_receive_acknowledge(op_sim_modem_t *self)
{
    if (self->held == NULL)
        return false;
    s_gone(self, self->held);
    self->held = NULL;
    return true;
}

size_t op_sim_receive_room(const op_sim_modem_t *self)
{
    return OP_CARRIER_WAITING_MAX - self->card->delivers.count;
}

bool op_sim_receive(op_sim_modem_t *self, op_str_t pdu, bool report, int64_t now)
{
    op_buf_t malformed = {0};
    op_sim_queue_t *queue = report ? &self->card->reports : &self->card->delivers;
    self->now = now;
    if (!report && op_sim_modem_next(self, OP_KNOB_MALFORMED_NEXT)) {
        op_buf_add_str(&malformed, pdu);
        s_malform(self, &malformed);
        pdu = op_buf_str(&malformed);
    }
    bool taken = op_sim_queue_put(queue, pdu);
    /*  Never so many that the rest of a long text finds no room. */
    if (taken && !report && op_sim_receive_room(self) > OP_SMS_PARTS_MAX &&
        op_sim_modem_next(self, OP_KNOB_DELIVER_DOUBLE_NEXT))
        (void)op_sim_queue_put(queue, pdu);
    op_buf_free(&malformed);
    if (taken)
        op_sim_receive_flush(self);
    return taken;
}
