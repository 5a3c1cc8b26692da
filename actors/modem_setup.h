/*  modem_setup.h - the rows of the setup script, shared by modem_setup.c, which has the table and
    runs it, and the files that look at answers: modem_setup_sim.c, modem_setup_set.c,
    modem_setup_net.c */

#ifndef OP_ACTORS_MODEM_SETUP_H
#define OP_ACTORS_MODEM_SETUP_H

#include "actors/modem_private.h"

enum { OP_SETUP_COMMAND_MAX = 64 };

/*  What an answer leads to. */
typedef enum {
    OP_THEN_NEXT,
    OP_THEN_SAME,    /* this row again, at once */
    OP_THEN_LATER,   /* this row again, after a pause */
    OP_THEN_BACK,    /* the row before, after a pause */
    OP_THEN_FAIL,    /* with line->reason */
    OP_THEN_STOP,    /* with line->reason */
    OP_THEN_RELEASE, /* with line->reason */
    OP_THEN_ANEW     /* the script from its beginning */
} op_then_t;

typedef struct {
    op_modem_t *modem;
    op_line_t *line;
    const op_event_t *event;
    op_turn_t *turn;
} op_setup_at_t;

/*  What rows have in common: a reason for the operator; is the answer OK; its first line; what must
    be OK; waiting for a while, and then failing. The command of the row that runs, NULL: it was
    made. */
op_then_t op_setup_because(op_line_t *line, op_then_t then, const char *reason);
bool op_setup_is_ok(const op_at_action_t *done);
op_str_t op_setup_first(const op_at_action_t *done);
op_then_t op_setup_must(const op_setup_at_t *at, const op_at_action_t *done);
op_then_t op_setup_wait(const op_setup_at_t *at, op_then_t then, int64_t most, const char *reason);
const char *op_setup_command_of(const op_line_t *line);

/*  Rows that make a command: false: they are passed over. And rows that look at an answer. */
op_then_t op_row_maker(const op_setup_at_t *at, const op_at_action_t *done);
op_then_t op_row_model(const op_setup_at_t *at, const op_at_action_t *done);
op_then_t op_row_revision(const op_setup_at_t *at, const op_at_action_t *done);
op_then_t op_row_imei(const op_setup_at_t *at, const op_at_action_t *done);
bool op_row_ask_iccid(const op_setup_at_t *at, char command[OP_SETUP_COMMAND_MAX]);
op_then_t op_row_iccid(const op_setup_at_t *at, const op_at_action_t *done);
bool op_row_ask_iccid_again(const op_setup_at_t *at, char command[OP_SETUP_COMMAND_MAX]);
op_then_t op_row_iccid_again(const op_setup_at_t *at, const op_at_action_t *done);
op_then_t op_row_sim(const op_setup_at_t *at, const op_at_action_t *done);
bool op_row_give_pin(const op_setup_at_t *at, char command[OP_SETUP_COMMAND_MAX]);
op_then_t op_row_pin_given(const op_setup_at_t *at, const op_at_action_t *done);
op_then_t op_row_imsi(const op_setup_at_t *at, const op_at_action_t *done);
op_then_t op_row_radio(const op_setup_at_t *at, const op_at_action_t *done);
bool op_row_radio_on(const op_setup_at_t *at, char command[OP_SETUP_COMMAND_MAX]);
op_then_t op_row_memories(const op_setup_at_t *at, const op_at_action_t *done);
bool op_row_set_memories(const op_setup_at_t *at, char command[OP_SETUP_COMMAND_MAX]);
op_then_t op_row_usage(const op_setup_at_t *at, const op_at_action_t *done);
op_then_t op_row_memories_set(const op_setup_at_t *at, const op_at_action_t *done);
op_then_t op_row_notices(const op_setup_at_t *at, const op_at_action_t *done);
bool op_row_set_service(const op_setup_at_t *at, char command[OP_SETUP_COMMAND_MAX]);
op_then_t op_row_service_set(const op_setup_at_t *at, const op_at_action_t *done);
bool op_row_set_notices(const op_setup_at_t *at, char command[OP_SETUP_COMMAND_MAX]);
op_then_t op_row_notices_set(const op_setup_at_t *at, const op_at_action_t *done);
bool op_row_ask_notices(const op_setup_at_t *at, char command[OP_SETUP_COMMAND_MAX]);
op_then_t op_row_notices_seen(const op_setup_at_t *at, const op_at_action_t *done);
bool op_row_set_notices_again(const op_setup_at_t *at, char command[OP_SETUP_COMMAND_MAX]);
op_then_t op_row_notices_again(const op_setup_at_t *at, const op_at_action_t *done);
bool op_row_unregistered(const op_setup_at_t *at, char command[OP_SETUP_COMMAND_MAX]);
op_then_t op_row_creg(const op_setup_at_t *at, const op_at_action_t *done);
op_then_t op_row_cgreg(const op_setup_at_t *at, const op_at_action_t *done);
op_then_t op_row_cereg(const op_setup_at_t *at, const op_at_action_t *done);
op_then_t op_row_service_centre(const op_setup_at_t *at, const op_at_action_t *done);
op_then_t op_row_operator(const op_setup_at_t *at, const op_at_action_t *done);
op_then_t op_row_signal(const op_setup_at_t *at, const op_at_action_t *done);
op_then_t op_row_ims(const op_setup_at_t *at, const op_at_action_t *done);
bool op_row_has_sisters(const op_setup_at_t *at, char command[OP_SETUP_COMMAND_MAX]);
op_then_t op_row_prompted(const op_setup_at_t *at, const op_at_action_t *done);

#endif
