/*  pdu.h - short message PDUs, as the AT commands of 3GPP TS 27.005 carry them

    One line of hexadecimal digits: the service centre's address, then a TPDU (3GPP TS 23.040
    9.2.2): DELIVER (9.2.2.1), SUBMIT (9.2.2.2) or STATUS-REPORT (9.2.2.3). One struct serves them
    all, both ways; which fields a kind has is said at each field, the others are zero after
    decoding and not looked at in encoding.

    The kind is told by TP-MTI alone: what memory and network hand to OP is never a SUBMIT-REPORT, a
    DELIVER-REPORT or a COMMAND. The reserved value 3 is taken for a DELIVER (9.2.3.1).

    Decoding is for the whole world's equipment: it refuses only what cannot be understood, and the
    caller keeps the raw line of what is refused. Octets behind the TPDU's end are ignored, as
    9.2.2.1 asks. Pure; nothing to free. */

#ifndef OP_MODEM_PDU_H
#define OP_MODEM_PDU_H

#include "modem/pdu_field.h"

enum {
    OP_PDU_OCTETS_MAX = 512, /* of a line, address included; a longer one is refused */
    OP_PDU_HEX_MAX = 2 * OP_PDU_OCTETS_MAX
};

typedef enum { OP_PDU_DELIVER = 0, OP_PDU_SUBMIT = 1, OP_PDU_REPORT = 2 } op_pdu_kind_t;

typedef struct {
    op_pdu_kind_t kind;
    op_address_t smsc; /* empty text: the SIM's default */
    op_address_t peer; /* the sender of a DELIVER, else the recipient */
    uint8_t reference; /* TP-MR; SUBMIT (0: the modem chooses), REPORT */
    uint8_t pid;       /* TP-PID */
    bool report;       /* SUBMIT: a report is wanted (TP-SRR). DELIVER: TP-SRI. REPORT: TP-SRQ */
    bool reply_path;   /* TP-RP; DELIVER, SUBMIT */
    bool more;         /* more messages wait in the service centre (TP-MMS); DELIVER, REPORT */
    bool reject_duplicates; /* TP-RD; SUBMIT */
    bool has_validity;      /* SUBMIT: `validity` is there; other forms are decoded over */
    uint8_t validity;       /* TP-VP, relative form (9.2.3.12.1): 167 is a day, 170 four days */
    op_stamp_t stamp;       /* TP-SCTS; DELIVER, REPORT */
    op_stamp_t discharge;   /* TP-DT; REPORT */
    uint8_t status;         /* TP-ST; REPORT: see op_pdu_outcome */
    op_user_data_t user;    /* all kinds; a REPORT mostly has none */
    uint16_t size; /* out: octets without the service centre's address, as AT+CMGS counts */
} op_pdu_t;

typedef enum {
    OP_PDU_OK,
    OP_PDU_BAD_HEX,     /* not hexadecimal, or an odd count of digits */
    OP_PDU_TOO_LONG,    /* more than OP_PDU_OCTETS_MAX */
    OP_PDU_TRUNCATED,   /* ends before its mandatory fields or its user data do */
    OP_PDU_BAD_ADDRESS, /* decoding: a length past the standard's; encoding: not to be written */
    OP_PDU_BAD_HEADER,  /* the user data header is longer than the user data */
    OP_PDU_BAD_DATA     /* encoding: more than 140 octets of user data */
} op_pdu_result_t;

/*  A short English phrase, for the quarantine. */
const char *op_pdu_result_text(op_pdu_result_t result);

/*  Decodes a line of hexadecimal digits, either case. *pdu is unspecified unless OP_PDU_OK. */
op_pdu_result_t op_pdu_decode(op_str_t hex, op_pdu_t *pdu) OP_MUST_CHECK;

/*  Appends upper-case digits to `hex` and sets pdu->size, the number for AT+CMGS= and the like.
    Nothing is appended on an error. A REPORT without header, units and dcs ends at TP-ST. */
op_pdu_result_t op_pdu_encode(op_pdu_t *pdu, op_buf_t *hex) OP_MUST_CHECK;

/*  What a TP-ST means (9.2.3.15). The upper half of each group of 32 is the service centre's own;
    reserved values are read as 63, "service rejected", as the standard asks. */
typedef enum {
    OP_PDU_OUTCOME_DELIVERED, /* 00-02, 10-1F: the transaction is complete */
    OP_PDU_OUTCOME_TRYING,    /* 20-25, 30-3F: temporary error, the centre goes on trying */
    OP_PDU_OUTCOME_FAILED,    /* 40-49, 50-5F: permanent error */
    OP_PDU_OUTCOME_GIVEN_UP   /* 60-65, 70-7F, reserved: temporary error, no further try */
} op_pdu_outcome_t;

op_pdu_outcome_t op_pdu_outcome(uint8_t status);

#endif
