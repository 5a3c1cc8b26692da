/*  sim_message.h - the message commands of a simulated modem (3GPP TS 27.005)

    Handlers of the table in sim_command.c: where messages are stored, listed, read, deleted, sent
    and announced. Each says its information lines and returns an OP_SIM_END value. */

#ifndef OP_MODEM_SIM_MESSAGE_H
#define OP_MODEM_SIM_MESSAGE_H

#include "modem/sim_command.h"

int op_sim_cnmi(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values);
int op_sim_cpms(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values);
int op_sim_cmgl(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values);
int op_sim_cmgr(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values);
int op_sim_cmgd(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values);
int op_sim_cmgs(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values);
int op_sim_cnma(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values);

#endif
