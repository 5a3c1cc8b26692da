/*  pdu_dcs.h - the data coding scheme, TP-DCS (3GPP TS 23.038 section 4)

    One octet in groups by its upper bits; every value means something:

        00-3F  general            alphabet, class, compression
        40-7F  automatic deletion the same; the text may be deleted once it was read
        80-BF  reserved           as 00
        C0-CF  message waiting, the text may be discarded; GSM-7
        D0-DF  message waiting, the text is to be stored; GSM-7
        E0-EF  the same; UCS-2
        F0-FF  alphabet (GSM-7 or 8 bit) and class; bit 3 is reserved and not looked at

    A reserved alphabet is GSM-7. Compressed text (TS 23.042) has no alphabet that OP reads: it
    counts as 8-bit data, whatever else the octet says. Pure. */

#ifndef OP_MODEM_PDU_DCS_H
#define OP_MODEM_PDU_DCS_H

#include "base/check.h"

typedef enum { OP_ALPHABET_GSM7, OP_ALPHABET_8BIT, OP_ALPHABET_UCS2 } op_alphabet_t;

typedef enum {
    OP_WAITING_NONE,    /* no message waiting indication */
    OP_WAITING_DISCARD, /* the text has done its work when the indication is shown */
    OP_WAITING_STORE
} op_waiting_t;

typedef struct {
    op_alphabet_t alphabet;
    int message_class; /* 0 (shown at once, "flash") to 3, or -1 */
    bool compressed;   /* the alphabet says 8BIT */
    bool deletable;    /* of the automatic deletion group */
    op_waiting_t waiting;
    bool indicate;    /* with `waiting`: switch the indication on, not off */
    int waiting_kind; /* with `waiting`: 0 voice mail, 1 fax, 2 e-mail, 3 other; else -1 */
} op_dcs_t;

op_dcs_t op_dcs_read(uint8_t dcs);
/*  The general group's code without a class: 00, 04 or 08. */
uint8_t op_dcs_of(op_alphabet_t alphabet);

#endif
