/*  cms_error.h - what a +CMS ERROR says about a text that was submitted

    Codes: 0 to 127 are RP causes (3GPP TS 24.011 E-2), 128 to 255 TP failure causes (TS 23.040
    9.2.3.22), 300 to 511 the modem's own (TS 27.005 3.2.5), from 512 the maker's. */

#ifndef OP_MODEM_CMS_ERROR_H
#define OP_MODEM_CMS_ERROR_H

typedef enum {
    OP_CMS_TEMPORARY,   /* not taken; worth another try later */
    OP_CMS_REJECTED,    /* not taken; the network will not take it */
    OP_CMS_UNREACHABLE, /* not taken; the recipient does not exist or cannot be reached */
    OP_CMS_ACCEPTED,    /* the service centre has it already (197) */
    OP_CMS_IN_DOUBT     /* nobody can say whether it was taken */
} op_cms_class_t;

/*  The class of a code, -1 (an ERROR without a number) included, for a submission whose PDU was
    written. */
op_cms_class_t op_cms_class(int code);

#endif
