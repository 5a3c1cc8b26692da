/*  sim_family.h - what one maker's modems are like, as data

    A family is a text of lines `key = value`; a line that begins with # and an empty one say
    nothing. What it does not say is as in the plain modem (op_sim_family_init). tests/modems has
    several.

      name = text             how it is called here
      manufacturer = text     +CGMI, +GMI
      model = text            +CGMM, +GMM
      revision = text         +CGMR, +GMR
      identity = text         ATI; empty: manufacturer, model and revision
      tac = digits            the first eight of the IMEI; the rest is the modem's place
      unknown = text          said instead of ERROR to commands nobody knows
      full = text             said when a text finds no free slot; $MEMORY is the memory's name
      cnmi = text             what AT+CNMI=? says behind its name: five lists of ranges
      cnmi_takes = text       what AT+CNMI= accepts, when that is less
      cpms = text             what AT+CPMS=? says behind its name
      cpms_takes = text       three lists of memories that AT+CPMS= accepts, when that is not `cpms`
      csms = text             what AT+CSMS=? says behind its name
      ttys = words            the device nodes of a modem in their order: `at` (once), `data` (answers
                              commands, but has no prompts and hears no notices), `diag` (deaf)
      banner = text           said after a restart; repeatable, in order; empty: nothing is
      noise = text            the lines for the knobs noise_*; repeatable, in turn
      command X = text        what the command X says before OK; X is +NAME, +NAME?, +NAME=? or +NAME=
                              (with any values); empty: nothing but OK; repeatable
      refuse +NAME = word     the command does not exist here; the word is `yes`; repeatable
      knob NAME = value       where a knob of these modems stands (carrier/sim_knob.h); repeatable

    In texts \r, \n and \\ are what they are in C, and $IMEI, $IMSI, $ICCID and $NUMBER stand for
    the modem's own. A SIM's own commands fail without a SIM only where the plain modem knows them.

    Lines longer than OP_SIM_FAMILY_LINE, unknown keys and values past their limit are errors.
    Pure. */

#ifndef OP_CARRIER_SIM_FAMILY_H
#define OP_CARRIER_SIM_FAMILY_H

#include "carrier/sim_knob.h"

enum {
    OP_SIM_FAMILY_LINE = 512,
    OP_SIM_TEXT = 160, /* of a value, with its NUL */
    OP_SIM_BANNERS = 8,
    OP_SIM_NOISES = 8,
    OP_SIM_OWN_COMMANDS = 64,
    OP_SIM_TTYS = 8,
    OP_SIM_CNMI = 5
};

typedef enum { OP_SIM_TTY_AT, OP_SIM_TTY_DATA, OP_SIM_TTY_DIAG } op_sim_tty_t;

/*  The four forms of a command (ITU-T V.250 5.4.4): AT+X, AT+X?, AT+X=?, AT+X=values. */
typedef enum { OP_SIM_RUN, OP_SIM_READ, OP_SIM_TEST, OP_SIM_SET } op_sim_form_t;

typedef struct {
    char name[16];
    op_sim_form_t form;
    bool refused; /* in all its forms */
    char answer[OP_SIM_TEXT];
} op_sim_own_t;

typedef struct {
    char name[OP_SIM_TEXT];
    char manufacturer[OP_SIM_TEXT];
    char model[OP_SIM_TEXT];
    char revision[OP_SIM_TEXT];
    char identity[OP_SIM_FAMILY_LINE];
    char tac[OP_SIM_TEXT];
    char unknown[OP_SIM_TEXT];
    char full[OP_SIM_TEXT];
    char cnmi[OP_SIM_TEXT];
    char cnmi_takes[OP_SIM_TEXT];
    char cpms[OP_SIM_TEXT];
    char cpms_takes[OP_SIM_TEXT];
    char csms[OP_SIM_TEXT];
    char banner[OP_SIM_BANNERS][OP_SIM_TEXT];
    size_t banners;
    char noise[OP_SIM_NOISES][OP_SIM_TEXT];
    size_t noises;
    op_sim_own_t own[OP_SIM_OWN_COMMANDS];
    size_t owns;
    op_sim_tty_t ttys[OP_SIM_TTYS];
    size_t tty_count;
    int64_t knobs[OP_KNOB_END];
} op_sim_family_t;

/*  The plain modem. */
void op_sim_family_init(op_sim_family_t *self);

/*  Reads a family's text. -1 with a line number and a reason in `error`. */
enum { OP_SIM_FAMILY_ERROR = 160 };
int op_sim_family_read(op_str_t text, op_sim_family_t *self,
                       char error[OP_SIM_FAMILY_ERROR]) OP_MUST_CHECK;

/*  Is `value` in the list of that place (0 first) of parenthesised lists: numbers and ranges as in
    (0-2),(1,3); words as in ("SM","ME")? */
bool op_sim_takes(const char *lists, size_t place, unsigned value);
bool op_sim_takes_word(const char *lists, size_t place, op_str_t word);

/*  Takes the form off a command: +X, +X?, +X=? or +X=values (set to *values). */
op_sim_form_t op_sim_form(op_str_t *command, op_str_t *values);

#endif
