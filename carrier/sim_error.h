/*  sim_error.h - what the numbers of +CMS ERROR and +CME ERROR are in words (AT+CMEE=2)

    3GPP TS 27.005 3.2.5, 27.007 9.2, TS 24.011 E-2. */

#ifndef OP_CARRIER_SIM_ERROR_H
#define OP_CARRIER_SIM_ERROR_H

/*  NULL for a number that has no words here: the number is said then. */
const char *op_sim_cms_text(int code);
const char *op_sim_cme_text(int code);

#endif
