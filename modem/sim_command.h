/*  sim_command.h - what the commands of a simulated modem do

    The commands that nine real AT clients were seen to need (gammu, smstools, kannel, gnokii,
    oFono, ModemManager and others) are a table; whatever is not in it is an error, as those
    clients expect. PDU mode only: AT+CMGF=1 is refused. */

#ifndef OP_MODEM_SIM_COMMAND_H
#define OP_MODEM_SIM_COMMAND_H

#include "modem/sim_modem.h"

/*  The four forms of a command (ITU-T V.250 5.4.4): AT+X, AT+X?, AT+X=?, AT+X=values. */
typedef enum { OP_SIM_RUN, OP_SIM_READ, OP_SIM_TEST, OP_SIM_SET } op_sim_form_t;

/*  How a command ended: one of these, else above 0 a +CMS ERROR, below 0 a +CME ERROR. */
enum { OP_SIM_END_OK = 0, OP_SIM_END_ERROR = -1000, OP_SIM_END_PROMPT = -1001 };

/*  The values of a set form as numbers; absent ones keep theirs. -1 when one is above its limit, is
    no number, or there are too many. */
int op_sim_numbers(op_str_t values, const unsigned *limits, unsigned *numbers, size_t count);

/*  Runs a command line that begins with AT, without its end, and says what is to be said,
    the final result included. AT+CMGS opens the prompt instead. */
void op_sim_command_run(op_sim_modem_t *modem, op_str_t line);

#endif
