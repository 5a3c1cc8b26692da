/*  cms_error.h - what an error says about a text that was submitted: one table for both kinds

    +CMS ERROR: 0 to 127 are RP causes (3GPP TS 24.011 E-2), 128 to 255 TP failure causes (TS 23.040
    9.2.3.22), 300 to 511 the modem's own (TS 27.005 3.2.5), from 512 the maker's.
    +CME ERROR: TS 27.007 9.2; the modem's own trouble, mostly before anything left.

    The class is for a submission whose PDU was written. An error in place of the prompt needs none:
    nothing has left. */

#ifndef OP_MODEM_CMS_ERROR_H
#define OP_MODEM_CMS_ERROR_H

typedef enum {
    OP_CMS_TEMPORARY,   /* not taken; worth another try soon */
    OP_CMS_LASTING,     /* not taken; the trouble lasts: another try in minutes */
    OP_CMS_ONCE,        /* not taken; one more try in minutes, and then it is rejected */
    OP_CMS_SIM,         /* not taken; the SIM is missing, locked or broken: set the line up again */
    OP_CMS_FULL,        /* not taken; the storage is full: clean it, then try again */
    OP_CMS_VALIDITY,    /* not taken; without a validity period it may be */
    OP_CMS_BARRED,      /* not taken; the SIM may not send: the line is in trouble */
    OP_CMS_REJECTED,    /* not taken; the network or the modem will not take this message */
    OP_CMS_UNREACHABLE, /* not taken; the recipient does not exist or is barred */
    OP_CMS_ACCEPTED,    /* the service centre has it already (197) */
    OP_CMS_IN_DOUBT     /* nobody can say whether it was taken */
} op_cms_class_t;

/*  The class of a +CMS ERROR's number; -1: an ERROR without one. */
op_cms_class_t op_cms_class(int code);
/*  The class of a +CME ERROR's number, -1 included. */
op_cms_class_t op_cme_class(int code);
/*  "temporary", "rejected", ... for logs. */
const char *op_cms_class_name(op_cms_class_t class);

#endif
