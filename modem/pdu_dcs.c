#include "modem/pdu_dcs.h"

/*  00xx and 01xx; alphabet 3 is reserved. */
static void s_general(uint8_t dcs, op_dcs_t *self)
{
    self->deletable = dcs & 0x40;
    if (dcs & 0x10)
        self->message_class = dcs & 3;
    self->compressed = dcs & 0x20;
    if (self->compressed || (dcs >> 2 & 3) == 1)
        self->alphabet = OP_ALPHABET_8BIT;
    else if ((dcs >> 2 & 3) == 2)
        self->alphabet = OP_ALPHABET_UCS2;
}

static void s_waiting(uint8_t dcs, op_dcs_t *self)
{
    self->waiting = dcs < 0xd0 ? OP_WAITING_DISCARD : OP_WAITING_STORE;
    self->alphabet = dcs < 0xe0 ? OP_ALPHABET_GSM7 : OP_ALPHABET_UCS2;
    self->indicate = dcs & 0x08;
    self->waiting_kind = dcs & 3;
}

op_dcs_t op_dcs_read(uint8_t dcs)
{
    op_dcs_t self = {.alphabet = OP_ALPHABET_GSM7, .message_class = -1, .waiting_kind = -1};
    if (dcs < 0x80) {
        s_general(dcs, &self);
    } else if (dcs >= 0xf0) {
        self.alphabet = dcs & 4 ? OP_ALPHABET_8BIT : OP_ALPHABET_GSM7;
        self.message_class = dcs & 3;
    } else if (dcs >= 0xc0) {
        s_waiting(dcs, &self);
    }
    return self;
}

uint8_t op_dcs_of(op_alphabet_t alphabet)
{
    switch (alphabet) {
    case OP_ALPHABET_GSM7:
        return 0x00;
    case OP_ALPHABET_8BIT:
        return 0x04;
    case OP_ALPHABET_UCS2:
        return 0x08;
    }
    OP_ASSERT(false);
    return 0;
}
