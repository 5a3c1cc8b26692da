/*  pdu_header.h - the user data header and the elements OP knows (3GPP TS 23.040 9.2.3.24)

    A length octet, then information elements: identifier, length, value. Elements that nobody knows
    and those of another length than theirs are passed over. Of several that exclude each other
    (two concatenations, two pairs of ports) and of repeated ones the last counts. When the last
    element runs over the header's end, or an octet is left behind it, the whole header is ignored.
    Pure. */

#ifndef OP_MODEM_PDU_HEADER_H
#define OP_MODEM_PDU_HEADER_H

#include "modem/gsm7.h"

/*  Elements 00 and 08 (9.2.3.24.1, .8). One with total 0, sequence 0 or past the total is
    ignored. */
typedef struct {
    bool present;
    bool wide;          /* a 16-bit reference (IE 08); else 8 bits (IE 00) */
    uint16_t reference; /* the same in all parts of a message */
    uint8_t total;      /* 1 to 255 */
    uint8_t sequence;   /* 1 to total */
} op_concat_t;

/*  Elements 04 and 05 (9.2.3.24.3, .4): the message is for an application, not for a reader. */
typedef struct {
    bool present;
    bool wide; /* 16-bit ports (IE 05); else 8 bits (IE 04) */
    uint16_t destination, origin;
} op_ports_t;

typedef struct {
    bool ill; /* ignored, as if it were empty: see above */
    op_concat_t concat;
    op_ports_t ports;
    op_gsm7_shift_t shift; /* elements 24 and 25 (9.2.3.24.15, .16) */
} op_header_t;

/*  Reads a header of `size` octets, length octet included; `size` 0 is no header. */
op_header_t op_header_read(const uint8_t *header, size_t size);

enum { OP_HEADER_CONCAT_OCTETS = 7 };

/*  Writes a header with one concatenation, whose total and sequence must be valid, and whose
    reference fits. Returns its octets, 6 or 7. */
size_t op_header_write_concat(op_concat_t concat, uint8_t header[OP_HEADER_CONCAT_OCTETS]);

#endif
