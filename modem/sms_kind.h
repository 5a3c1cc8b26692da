/*  sms_kind.h - what a received message is for (3GPP TS 23.040 9.2.3.9, 9.2.3.24; TS 23.038 4)

    Not every SMS-DELIVER is a text for a reader. The kind is the first below that fits, and TEXT
    where none does; it is a part's own, told without the other parts. Pure. */

#ifndef OP_MODEM_SMS_KIND_H
#define OP_MODEM_SMS_KIND_H

#include "modem/pdu.h"

typedef enum {
    OP_SMS_KIND_TEXT,       /* for a reader */
    OP_SMS_KIND_SILENT,     /* a "type 0" message (TP-PID 40): to be acknowledged and thrown away */
    OP_SMS_KIND_CARD,       /* for the SIM or the equipment (TP-PID 7C to 7F) */
    OP_SMS_KIND_COMPRESSED, /* by TS 23.042, which OP does not undo */
    OP_SMS_KIND_MMS,        /* a picture message waits: WAP push of that type to port 2948 */
    OP_SMS_KIND_WAP_PUSH,   /* any other to that port, and the later parts of the above */
    OP_SMS_KIND_PORT,       /* for another application port */
    OP_SMS_KIND_BINARY,     /* 8-bit data */
    OP_SMS_KIND_WAITING,    /* a message waiting indication without a text to keep */
    OP_SMS_KIND_EMPTY,      /* no text at all */
    OP_SMS_KIND_FLASH       /* class 0: a text to be shown at once and not kept */
} op_sms_kind_t;

/*  Of a DELIVER; others are judged by the fields they have. */
op_sms_kind_t op_sms_kind(const op_pdu_t *pdu);

/*  A short English phrase, for the quarantine. */
const char *op_sms_kind_text(op_sms_kind_t kind);

/*  Is there a text in it that a reader is meant to have? TEXT and FLASH. */
bool op_sms_kind_is_text(op_sms_kind_t kind);

#endif
