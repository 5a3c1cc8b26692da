/*  sim_send.h - what a simulated modem does with a payload, and with a stored SUBMIT */

#ifndef OP_CARRIER_SIM_SEND_H
#define OP_CARRIER_SIM_SEND_H

#include "carrier/sim_modem.h"

/*  Ctrl-Z behind the prompt: sends, stores or acknowledges, as the prompt was for. */
void op_sim_send_payload(op_sim_modem_t *modem, op_str_t hex, bool too_long);

/*  AT+CMSS: sends the stored SUBMIT, to another recipient if one is given, and marks it as sent.
    Returns an OP_SIM_END value; OP_SIM_END_LATER when the answer comes by itself. */
int op_sim_send_stored(op_sim_modem_t *modem, size_t number, op_str_t recipient);

#endif
