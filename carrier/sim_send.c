#include "carrier/sim_send.h"

#include "carrier/sim_command.h"
#include "carrier/sim_memory.h"
#include "carrier/sim_receive.h"

/*  Why a SUBMIT is refused, as an OP_SIM_END value; OP_SIM_END_OK: it goes out. */
static int s_refusal(op_sim_modem_t *self)
{
    op_sim_memory_t memory = self->settings.memory[2];
    switch (op_sim_modem_sim_trouble(self)) {
    case 0:
        break;
    case 11:
        return 311;
    case 12:
        return 316;
    default:
        return self->knobs[OP_KNOB_SIM_OUT] ? 310 : 313;
    }
    if (!op_sim_modem_in_service(self))
        return 331; /* no network service */
    if (op_sim_modem_next(self, OP_KNOB_CMS_ERROR_NEXT))
        return (int)self->knobs[OP_KNOB_CMS_ERROR_CODE];
    if (op_sim_modem_next(self, OP_KNOB_CME_ERROR_NEXT))
        return -(int)self->knobs[OP_KNOB_CME_ERROR_CODE];
    if (self->knobs[OP_KNOB_SEND_NEEDS_ROOM] &&
        op_sim_memory_used(self, memory) >= op_sim_memory_capacity(self, memory))
        return 322; /* memory full */
    return OP_SIM_END_OK;
}

static void s_refuse(op_sim_modem_t *self, int refusal)
{
    self->counts.refused++;
    op_sim_modem_log(self, OP_CARRIER_REFUSED, (size_t)(refusal < 0 ? -refusal : refusal));
    op_sim_command_end(self, refusal);
}

/*  The network has it; the answer is gathered. */
static void s_accept(op_sim_modem_t *self, const char *name)
{
    uint8_t reference = (uint8_t)self->knobs[OP_KNOB_REFERENCE];
    self->knobs[OP_KNOB_REFERENCE] = (uint8_t)(reference + 1);
    self->counts.accepted++;
    op_sim_modem_log(self, OP_CARRIER_ACCEPTED, reference);
    self->answer_reference = reference;
    size_t times = op_sim_modem_next(self, OP_KNOB_DOUBLE_ANSWER_NEXT) ? 2 : 1;
    for (size_t i = 0; i < times; i++) {
        op_sim_modem_say(self, "%s: %u", name, reference);
        op_sim_command_end(self, OP_SIM_END_OK);
    }
}

/*  27.005 3.5.1: the answer comes now or later. `refusal` is one already known. */
static void s_submit(op_sim_modem_t *self, const char *name, const op_pdu_t *pdu, int refusal)
{
    op_buf_t *to = self->to;
    bool silent = false;
    if (refusal == OP_SIM_END_OK)
        refusal = s_refusal(self);
    self->state = OP_SIM_BUSY;
    self->answer_ok = refusal == OP_SIM_END_OK;
    self->to = &self->answer;
    if (refusal == OP_SIM_END_OK)
        s_accept(self, name);
    else
        s_refuse(self, refusal);
    self->to = to;
    if (refusal == OP_SIM_END_OK) {
        silent = op_sim_modem_next(self, OP_KNOB_NO_ANSWER_NEXT);
        self->restart = op_sim_modem_next(self, OP_KNOB_SUBMIT_RESET_NEXT);
        self->answer_ok = !silent && !self->restart;
        if (op_sim_modem_next(self, OP_KNOB_SUBMIT_LOST_NEXT))
            self->counts.undelivered++;
        else
            self->network.submit(self->network.context, self->index, pdu, self->answer_reference,
                                 self->now);
    }
    if (silent)
        op_buf_clear(&self->answer);
    int64_t delay = silent ? 0 : self->knobs[OP_KNOB_SUBMIT_DELAY_MS];
    op_sim_modem_answer(self, self->now + delay, OP_SIM_COMMAND);
}

static bool s_decode(const op_sim_modem_t *self, op_str_t hex, bool too_long, op_pdu_t *pdu)
{
    return !too_long && op_pdu_decode(hex, pdu) == OP_PDU_OK && pdu->size == self->length;
}

/*  27.005 4.4: +CMGW. */
static void s_write(op_sim_modem_t *self, op_str_t hex, bool too_long)
{
    op_pdu_t pdu;
    size_t number;
    if (!s_decode(self, hex, too_long, &pdu)) {
        op_sim_command_end(self, 304);
    } else if (!op_sim_memory_add(self, self->settings.memory[1], hex, self->stat, &number)) {
        op_sim_command_end(self, 322);
    } else {
        op_sim_modem_log(self, OP_CARRIER_STORED, number);
        op_sim_modem_say(self, "+CMGW: %zu", number);
        op_sim_command_end(self, OP_SIM_END_OK);
    }
}

void op_sim_send_payload(op_sim_modem_t *self, op_str_t hex, bool too_long)
{
    op_pdu_t pdu;
    switch (self->payload) {
    case OP_SIM_TO_SEND: {
        bool good = s_decode(self, hex, too_long, &pdu) && pdu.kind == OP_PDU_SUBMIT;
        s_submit(self, "+CMGS", &pdu, good ? OP_SIM_END_OK : 304);
        return;
    }
    case OP_SIM_TO_WRITE:
        s_write(self, hex, too_long);
        return;
    case OP_SIM_TO_ACKNOWLEDGE: /* the PDU is not looked at */
        op_sim_command_end(
            self, self->settings.csms && !op_sim_receive_acknowledge(self) ? 340 : OP_SIM_END_OK);
        return;
    }
}

int op_sim_send_stored(op_sim_modem_t *self, size_t number, op_str_t recipient)
{
    op_pdu_t pdu;
    op_sim_slot_t *slot = op_sim_memory_at(self, self->settings.memory[1], number);
    if (self->to != &self->out && self->to != &self->answer)
        return 302; /* operation not allowed: it is for the tty of commands */
    if (slot == NULL)
        return 321;
    if (slot->stat != OP_SIM_UNSENT && slot->stat != OP_SIM_SENT)
        return 302;
    if (op_pdu_decode(op_str(slot->pdu), &pdu) != OP_PDU_OK || pdu.kind != OP_PDU_SUBMIT ||
        (recipient.size && op_address_from(recipient, &pdu.peer) != 0))
        return 304;
    uint64_t before = self->counts.accepted;
    op_sim_modem_log(self, OP_CARRIER_SUBMITTING, pdu.size);
    s_submit(self, "+CMSS", &pdu, OP_SIM_END_OK);
    if (self->counts.accepted > before && !self->knobs[OP_KNOB_SENT_STAYS_UNSENT])
        slot->stat = OP_SIM_SENT;
    return OP_SIM_END_LATER;
}
