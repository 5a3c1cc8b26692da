/*  pdu_field.h - the fields that short message PDUs are made of (3GPP TS 23.040 9.1.2, 9.2.3)

    Addresses, time stamps, validity periods and user data; the data coding scheme and the user data
    header have files of their own. modem/pdu.h puts them together. Everything is a plain value:
    nothing to free, nothing borrowed. */

#ifndef OP_MODEM_PDU_FIELD_H
#define OP_MODEM_PDU_FIELD_H

#include "modem/pdu_dcs.h"
#include "modem/pdu_header.h"

/*  ---- Addresses (TS 23.040 9.1.2.5) ----

    `text` is "+" and digits for an international number, bare digits for any other (short codes,
    national numbers), where * # a b c count as digits too, or UTF-8 for an alphanumeric sender.
    An empty text is an address without digits; in front of a PDU it is the SIM's default. */

enum {
    OP_ADDRESS_INTERNATIONAL = 0x91, /* types of address: the ISDN plan, E.164 */
    OP_ADDRESS_UNKNOWN = 0x81,
    OP_ADDRESS_NATIONAL = 0xa1,
    OP_ADDRESS_ALPHANUMERIC = 0xd0,
    OP_ADDRESS_DIGITS = 20, /* the standard's limit, in semi-octets; 11 alphanumeric septets */
    OP_ADDRESS_TEXT = 24,   /* octets of text, without the NUL */
    OP_ADDRESS_OCTETS = 12  /* length, type and 20 semi-octets */
};

typedef struct {
    uint8_t type; /* as on the air, bit 7 set */
    char text[OP_ADDRESS_TEXT + 1];
} op_address_t;

/*  Makes an address of text: with "+" international, digits alone unknown, anything else
    alphanumeric. -1 when it is empty, too long or not in the alphabet. */
int op_address_from(op_str_t text, op_address_t *address) OP_MUST_CHECK;

/*  The address in its TPDU form (length in digits, type, digits) or, with `smsc`, the form in front
    of a TPDU (length in octets, TS 24.011 8.2.5.1; empty: one octet 00). Returns the octets written
    or -1 when the text does not fit the type. */
int op_address_write(const op_address_t *address, bool smsc,
                     uint8_t octets[OP_ADDRESS_OCTETS]) OP_MUST_CHECK;

/*  Returns the octets read, 0 when there are too few, -1 when the length is past the limit. */
int op_address_read(const uint8_t *octets, size_t size, bool smsc,
                    op_address_t *address) OP_MUST_CHECK;

/*  ---- Time stamps (TS 23.040 9.2.3.11) ----

    Seven octets of swapped BCD, local time and its offset from UTC. Two-digit years 90 to 99 are
    1990 to 1999, the others 2000 to 2089. */

enum { OP_STAMP_OCTETS = 7 };

typedef struct {
    int64_t instant; /* ms; 0 when the stamp was not a date, which rejects no message */
    int8_t quarters; /* local time minus UTC, in quarters of an hour, -79 to 79 */
} op_stamp_t;

/*  An instant outside 1990 to 2089, and 0, are written as seven zero octets. */
void op_stamp_write(op_stamp_t stamp, uint8_t octets[OP_STAMP_OCTETS]);
op_stamp_t op_stamp_read(const uint8_t octets[OP_STAMP_OCTETS]);

/*  ---- Validity periods (TS 23.040 9.2.3.12.1) ----

    How long the service centre may keep a message that it cannot deliver, in one octet: five
    minutes to twelve hours by five minutes, to a day by half an hour, to 30 days by the day, to 63
    weeks by the week. */

int64_t op_validity_ms(uint8_t validity);
/*  The shortest period of at least so many milliseconds, or the longest there is. */
uint8_t op_validity_of(int64_t ms);

/*  ---- User data (TS 23.040 9.2.3.16, 9.2.3.24) ---- */

enum {
    OP_USER_DATA_OCTETS = 140, /* the standard's limit, header included */
    OP_USER_DATA_UNITS = 255   /* what a reader survives: the largest TP-UDL */
};

/*  `units` are septets, one per octet, for GSM7, else octets (UCS2: big-endian pairs). They begin
    behind the header. `header` is the whole user data header, its length octet in front. */
typedef struct {
    uint8_t dcs;
    op_alphabet_t alphabet; /* of the dcs */
    op_concat_t concat;     /* what the header says; writers look at the header, not here */
    op_ports_t ports;
    op_gsm7_shift_t shift;
    bool header_ill;     /* the header's elements do not fill it: it was ignored (9.2.3.24) */
    uint8_t header_size; /* 0: none; else header[0] + 1 */
    uint8_t count;       /* of units */
    uint8_t header[OP_USER_DATA_UNITS];
    uint8_t units[OP_USER_DATA_UNITS];
} op_user_data_t;

/*  Puts a header with one concatenation element into the user data (9.2.3.24.1, .8) and sets
    `concat`, whose total and sequence must be valid. */
void op_user_data_concat(op_user_data_t *data, op_concat_t concat);

/*  TP-UDL and TP-UD. Returns the octets written, at most 1 + OP_USER_DATA_OCTETS, or -1 when the
    data takes more than the 140 octets or the header's size and its length octet differ. */
int op_user_data_write(const op_user_data_t *data,
                       uint8_t octets[1 + OP_USER_DATA_OCTETS]) OP_MUST_CHECK;

typedef enum {
    OP_USER_DATA_OK,
    OP_USER_DATA_TRUNCATED, /* fewer octets than TP-UDL announces */
    OP_USER_DATA_HEADER     /* the header is longer than the data */
} op_user_data_result_t;

/*  Reads TP-UDL and TP-UD. Octets behind the data are ignored. A TP-UDL above what the standard
    allows (160 septets, 140 octets) is clipped to the octets there are. */
op_user_data_result_t op_user_data_read(const uint8_t *octets, size_t size, uint8_t dcs,
                                        bool has_header, op_user_data_t *data) OP_MUST_CHECK;

#endif
