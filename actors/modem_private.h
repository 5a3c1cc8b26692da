/*  modem_private.h - shared by modem.c, modem_line.c, modem_send.c and modem_receive.c

    Keys: 'Q' line, '0' code or '1' other, id   queue_row       'L' line               line_row
          'P' line, sender, parts, sequence     part_row        'I' identity           seen_row
          'X' id                                quarantine_row */

#ifndef OP_ACTORS_MODEM_PRIVATE_H
#define OP_ACTORS_MODEM_PRIVATE_H

#include "actors/modem.h"
#include "actors/sweep.h"
#include "modem/at_engine.h"
#include "store/records.h"

enum {
    OP_SLOTS_MAX = 256, /* slots that wait to be read or deleted; beyond: the next sweep */
    OP_SIM_ID_MAX = 32,
    OP_COMMAND_MS = 10 * 1000, /* an ordinary command's answer */
    OP_LIST_MS = 60 * 1000,    /* AT+CMGL of a full storage */
    OP_DRAIN_MS = 10 * 1000,
    OP_REOPEN_MIN_MS = 1000,
    OP_REOPEN_MAX_MS = 60 * 1000,
    OP_HOUSEKEEPING_MS = 10 * 1000,
    OP_RETRIES_MAX = 5 /* of one part, after its first submission */
};

typedef enum {
    OP_LINE_CLOSED,  /* no tty; opened at reopen_at */
    OP_LINE_OPENING, /* serial_open is out */
    OP_LINE_SETUP,   /* draining, then the setup script */
    OP_LINE_READY
} op_line_phase_t;

/*  What the command in flight is for. */
typedef enum {
    OP_JOB_NONE,
    OP_JOB_DRAIN,
    OP_JOB_SETUP,
    OP_JOB_SUBMIT,
    OP_JOB_LIST,
    OP_JOB_READ,
    OP_JOB_DELETE
} op_job_t;

typedef struct {
    uint16_t at[OP_SLOTS_MAX];
    size_t count;
} op_slots_t;

typedef struct {
    char device[257];
    char number[OP_PHONE_MAX + 1];
    bool shared;
    bool trust_stamps;

    op_line_phase_t phase;
    op_at_t at;
    op_job_t job;
    size_t row; /* of the setup script */
    int64_t reopen_at;
    int64_t reopen_ms;  /* the next back-off */
    int64_t not_before; /* of the next command: a pause within the setup */
    char sim[OP_SIM_ID_MAX + 1];

    bool flying;       /* `flight` is being submitted */
    bool doubt;        /* `flight` is in doubt */
    op_key_t flight;   /* key of its queue_row */
    bool late_answer;  /* a +CMGS came after its time */
    bool send_next;    /* it is the senders' turn: receiving had the last command */
    op_key_t first[2]; /* of codes, of the others: no row of the queue lies before it */
    bool queue_empty;  /* nothing to send before something is queued or `idle_until` */
    int64_t idle_until;
    uint8_t reference; /* of the last long text */

    op_slots_t to_read, to_delete;
    uint16_t slot; /* of the READ or DELETE in flight */
    int64_t sweep_at;
} op_line_t;

typedef struct {
    uint64_t send_timeout_ms, sweep_ms;
    bool resend_unknown;
    bool draining;
    op_line_t *lines;
    size_t count;
    op_sweep_t seen, quarantine;
    int64_t housekeeping_at;
    int64_t now;  /* of the latest event */
    int64_t wake; /* when the next one was to come at the latest */
} op_modem_t;

/*  modem_line.c: the life of a line */
void op_line_open(op_modem_t *self, op_line_t *line, const op_event_t *event, op_turn_t *turn);
void op_line_opened(op_modem_t *self, op_line_t *line, const op_event_t *event, op_turn_t *turn);
void op_line_fail(op_modem_t *self, op_line_t *line, const op_event_t *event, op_turn_t *turn,
                  const char *reason);
/*  Does all that can be done now: what the engine has to say, then the next command. */
void op_line_pump(op_modem_t *self, op_line_t *line, const op_event_t *event, op_turn_t *turn);
void op_line_tell_state(op_line_t *line, op_turn_t *turn, bool up);
/*  Counts for a metric whose first label is the line: its place in the configuration. `class` is
    the second one, NULL without. */
void op_line_count(const op_modem_t *self, const op_line_t *line, op_turn_t *turn,
                   op_metric_t metric, int64_t value, const char *class);
/*  When the line wants to be pumped without input. */
int64_t op_line_wake_at(const op_line_t *line);
void op_line_command(op_line_t *line, op_job_t job, op_str_t command, const char *expect,
                     op_str_t payload, int64_t deadline);

/*  modem_send.c */
void op_send_queue(op_modem_t *self, const op_event_t *event, op_turn_t *turn);
void op_send_cancel(const op_event_t *event, op_turn_t *turn);
/*  The line is not configured any more: all that waits for it fails. */
void op_send_abandon(op_str_t number, op_turn_t *turn);
/*  Starts the next submission, if a text waits. */
bool op_send_next(op_modem_t *self, op_line_t *line, const op_event_t *event, op_turn_t *turn);
void op_send_done(op_modem_t *self, op_line_t *line, const op_event_t *event, op_turn_t *turn,
                  const op_at_action_t *done);
/*  At START: finds what was in the air when the process ended. */
void op_send_find_doubt(op_line_t *line, op_turn_t *turn);
/*  The line is drained: no answer can come any more. */
void op_send_settle_doubt(op_modem_t *self, op_line_t *line, const op_event_t *event,
                          op_turn_t *turn);
/*  Texts that have waited too long fail. */
void op_send_expire(op_line_t *line, const op_event_t *event, op_turn_t *turn);

/*  modem_receive.c */
void op_receive_notice(op_line_t *line, const op_event_t *event, op_turn_t *turn,
                       const op_at_action_t *notice);
bool op_receive_next(op_modem_t *self, op_line_t *line, const op_event_t *event, op_turn_t *turn);
void op_receive_done(op_line_t *line, op_job_t job, const op_event_t *event, op_turn_t *turn,
                     const op_at_action_t *done);
/*  Parts of long texts whose others did not come in a day go into quarantine. */
void op_receive_give_up(op_line_t *line, const op_event_t *event, op_turn_t *turn);
bool op_quarantine_is_dead(const void *arg, op_str_t key, const void *row);
bool op_seen_is_dead(const void *arg, op_str_t key, const void *row);

/*  modem_admin.c */
void op_modem_on_queued(const op_event_t *event, op_turn_t *turn);

#endif
