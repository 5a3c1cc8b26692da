/*  pdu_field.h - the fields that short message PDUs are made of (3GPP TS 23.040 9.1.2, 9.2.3)

    Addresses, time stamps, data coding schemes and user data with its header. modem/pdu.h puts them
    together. Everything is a plain value: nothing to free, nothing borrowed. */

#ifndef OP_MODEM_PDU_FIELD_H
#define OP_MODEM_PDU_FIELD_H

#include "base/bytes.h"

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

/*  ---- Data coding scheme (TS 23.038 section 4) ---- */

typedef enum { OP_ALPHABET_GSM7, OP_ALPHABET_8BIT, OP_ALPHABET_UCS2 } op_alphabet_t;

typedef struct {
    op_alphabet_t alphabet; /* reserved codings are GSM7, as the standard asks */
    int message_class;      /* 0 (flash) to 3, or -1 */
    bool compressed;        /* by TS 23.042, which OP does not undo: the alphabet says 8BIT */
    bool waiting;           /* a message waiting indication, with or without text */
} op_dcs_t;

op_dcs_t op_dcs_read(uint8_t dcs);
/*  The general group's code without a class: 00, 04 or 08. */
uint8_t op_dcs_of(op_alphabet_t alphabet);

/*  ---- User data (TS 23.040 9.2.3.16, 9.2.3.24) ---- */

enum {
    OP_USER_DATA_OCTETS = 140, /* the standard's limit, header included */
    OP_USER_DATA_UNITS = 255   /* what a reader survives: the largest TP-UDL */
};

typedef struct {
    bool present;
    bool wide;          /* a 16-bit reference (IE 08); else 8 bits (IE 00) */
    uint16_t reference; /* the same in all parts of a message */
    uint8_t total;      /* 1 to 255 */
    uint8_t sequence;   /* 1 to total */
} op_concat_t;

/*  `units` are septets, one per octet, for GSM7, else octets (UCS2: big-endian pairs). They begin
    behind the header. `header` is the whole user data header, its length octet in front. */
typedef struct {
    uint8_t dcs;
    op_alphabet_t alphabet; /* of the dcs */
    op_concat_t concat;     /* what the header says; writers look at the header, not here */
    uint8_t header_size;    /* 0: none; else header[0] + 1 */
    uint8_t count;          /* of units */
    uint8_t header[OP_USER_DATA_UNITS];
    uint8_t units[OP_USER_DATA_UNITS];
} op_user_data_t;

/*  Puts a header with one concatenation element into the user data (9.2.3.24.1, .8) and sets
    `concat`, whose total and sequence must be valid. */
void op_user_data_concat(op_user_data_t *data, op_concat_t concat);

/*  Finds the concatenation in a header. Elements nobody knows are passed over; of several valid
    ones the last counts; total 0, sequence 0 or past the total make it invalid; an element that
    runs over the header's end voids the whole header (9.2.3.24). */
op_concat_t op_concat_find(const uint8_t *header, size_t size);

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
