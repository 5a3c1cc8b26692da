#include "modem/pdu_header.h"

/*  TS 23.040 9.2.3.24: identifiers. */
enum {
    S_CONCAT_8 = 0x00,
    S_PORTS_8 = 0x04,
    S_PORTS_16 = 0x05,
    S_CONCAT_16 = 0x08,
    S_SINGLE_SHIFT = 0x24,
    S_LOCKING_SHIFT = 0x25
};

static uint16_t s_pair(const uint8_t *octets)
{
    return (uint16_t)(octets[0] << 8 | octets[1]);
}

static void s_concat(bool wide, const uint8_t *value, op_concat_t *concat)
{
    op_concat_t read = {.present = true, .wide = wide};
    read.reference = wide ? s_pair(value) : value[0];
    read.total = value[wide ? 2 : 1];
    read.sequence = value[wide ? 3 : 2];
    if (read.sequence > 0 && read.sequence <= read.total)
        *concat = read;
}

static void s_element(uint8_t identifier, const uint8_t *value, size_t length, op_header_t *self)
{
    if (identifier == S_CONCAT_8 && length == 3)
        s_concat(false, value, &self->concat);
    else if (identifier == S_CONCAT_16 && length == 4)
        s_concat(true, value, &self->concat);
    else if (identifier == S_PORTS_8 && length == 2)
        self->ports = (op_ports_t){true, false, value[0], value[1]};
    else if (identifier == S_PORTS_16 && length == 4)
        self->ports = (op_ports_t){true, true, s_pair(value), s_pair(value + 2)};
    else if (identifier == S_SINGLE_SHIFT && length == 1)
        self->shift.single = value[0];
    else if (identifier == S_LOCKING_SHIFT && length == 1)
        self->shift.locking = value[0];
}

op_header_t op_header_read(const uint8_t *header, size_t size)
{
    op_header_t self = {0};
    for (size_t at = 1; at < size;) {
        if (size - at < 2 || size - at - 2 < header[at + 1])
            return (op_header_t){.ill = true};
        s_element(header[at], header + at + 2, header[at + 1], &self);
        at += 2 + (size_t)header[at + 1];
    }
    return self;
}

size_t op_header_write_concat(op_concat_t concat, uint8_t header[OP_HEADER_CONCAT_OCTETS])
{
    OP_ASSERT(concat.total > 0 && concat.sequence > 0 && concat.sequence <= concat.total);
    OP_ASSERT(concat.wide || concat.reference <= 0xff);
    uint8_t *at = header;
    *at++ = concat.wide ? 6 : 5;
    *at++ = concat.wide ? S_CONCAT_16 : S_CONCAT_8;
    *at++ = concat.wide ? 4 : 3;
    if (concat.wide)
        *at++ = (uint8_t)(concat.reference >> 8);
    *at++ = (uint8_t)(concat.reference & 0xff);
    *at++ = concat.total;
    *at++ = concat.sequence;
    return (size_t)(at - header);
}
