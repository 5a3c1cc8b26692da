/*  sim_command.h - what the commands of a simulated modem do

    The commands that nine real AT clients were seen to need (gammu, smstools, kannel, gnokii,
    oFono, ModemManager and others) are tables, one a group; in front of them are those of the
    modem's family. Whatever is in none is an error, as those clients expect. PDU mode only:
    AT+CMGF=1 is refused. */

#ifndef OP_CARRIER_SIM_COMMAND_H
#define OP_CARRIER_SIM_COMMAND_H

#include "carrier/sim_modem.h"

/*  How a command ended: one of these, else above 0 a +CMS ERROR, below 0 a +CME ERROR. */
enum {
    OP_SIM_END_OK = 0,
    OP_SIM_END_ERROR = -100000,
    OP_SIM_END_UNKNOWN = -100001,  /* nobody knows the command: +CME ERROR 100, or the family's */
    OP_SIM_END_ERROR_OK = -100002, /* both, one behind the other */
    OP_SIM_END_PROMPT = -100003,   /* no final result yet: a payload comes first */
    OP_SIM_END_LATER = -100004     /* the final result comes, or came, by itself */
};

/*  Says its information lines, if any, and returns how it ended. */
typedef int op_sim_handler_t(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values);

/*  How a command fails when the SIM is missing or locked (27.007 9.2.1, 27.005 3.2.5). */
typedef enum { OP_SIM_NO_SIM, OP_SIM_CME, OP_SIM_CMS } op_sim_needs_t;

/*  Answers that never change are columns: an absent one is an error, an empty one says nothing but
    OK. */
typedef struct {
    const char *name;
    op_sim_handler_t *handler; /* or the columns: */
    const char *run, *read, *test;
    bool set; /* any values are accepted, and forgotten */
    op_sim_needs_t needs;
} op_sim_command_t;

typedef struct {
    const op_sim_command_t *at;
    size_t count;
} op_sim_group_t;

/*  Identity and settings; network, SIM and calls; messages. */
op_sim_group_t op_sim_commands_modem(void);
op_sim_group_t op_sim_commands_network(void);
op_sim_group_t op_sim_commands_message(void);

/*  The values of a set form as numbers; absent ones keep theirs. -1 when one is above its limit, is
    no number, or there are too many. */
int op_sim_numbers(op_str_t values, const unsigned *limits, unsigned *numbers, size_t count);
/*  AT+X=n, AT+X?, AT+X=? of one number up to `max`. */
int op_sim_number(op_sim_modem_t *modem, op_sim_form_t form, op_str_t values, const char *name,
                  unsigned max, unsigned *number);

/*  Runs a command line that begins with AT, without its end, and says what is to be said,
    the final result included. AT+CMGS and its like open the prompt instead. */
void op_sim_command_run(op_sim_modem_t *modem, op_str_t line);
/*  Says a final result. */
void op_sim_command_end(op_sim_modem_t *modem, int end);

#endif
