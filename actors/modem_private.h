/*  modem_private.h - shared by the files of the modem actor

    Keys: 'Q' line, '0' code or '1' other, id   queue_row       'L' line               line_row
          'H' the same, of a text that is held  queue_row       'I' identity           seen_row
          'P' line, sender, parts, sequence     part_row        'X' id                 quarantine_row
          'R' line, reference, id               report_row      'E' line, id           early_row
          's'                                   secret_row */

#ifndef OP_ACTORS_MODEM_PRIVATE_H
#define OP_ACTORS_MODEM_PRIVATE_H

#include "actors/failure.h"
#include "actors/modem.h"
#include "actors/sweep.h"
#include "modem/at_engine.h"
#include "modem/pdu.h"
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
    OP_RETRIES_MAX = 5,         /* of one part, after its first submission */
    OP_REFERENCE_UNKNOWN = 256, /* of a part in doubt, in the keys of report_row */
    OP_STUCK_MAX = 64,          /* slots whose deletions are counted */
    OP_DELETIONS_MAX = 3        /* of one message in one slot; then the slot is dead */
};

/*  Where messages lie in a modem (TS 27.005 3.1). All but MT are searched. */
typedef enum {
    OP_MEMORY_SM, /* the SIM */
    OP_MEMORY_ME, /* the modem itself */
    OP_MEMORY_SR, /* status reports */
    OP_MEMORY_MT, /* all of them, as some announce it */
    OP_MEMORIES
} op_memory_t;

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
    OP_JOB_DELETE,
    OP_JOB_MEMORY,      /* AT+CPMS */
    OP_JOB_CHECK,       /* reading a slot again before it is deleted */
    OP_JOB_ACKNOWLEDGE, /* AT+CNMA */
    OP_JOB_BURST        /* AT+CMMS */
} op_job_t;

typedef struct {
    op_memory_t memory;
    uint16_t index;
    bool checked;  /* it was read a second time */
    uint64_t hash; /* of the PDU that was read in it */
    int64_t found; /* when it was announced or listed */
} op_slot_t;

typedef struct {
    op_slot_t at[OP_SLOTS_MAX];
    size_t count;
} op_slots_t;

/*  How often the deletion of a message was tried. */
typedef struct {
    op_slot_t slot;
    unsigned tries;
    bool said; /* to the operator */
} op_stuck_t;

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

    bool flying;        /* `flight` is being submitted */
    bool doubt;         /* `flight` is in doubt */
    op_key_t flight;    /* key of its queue_row */
    bool late_answer;   /* a +CMGS came after its time */
    int late_reference; /* its reference, -1: none */
    bool late_error;    /* a +CMS ERROR came after its time */
    int late_code;
    const char *reset; /* why the line is to be set up again, or NULL */
    bool no_burst;     /* the modem has refused AT+CMMS */
    int64_t burst_at;  /* the latest sign of a radio link that stays open; 0: none */
    bool send_next;    /* it is the senders' turn: receiving had the last command */
    op_key_t first[2]; /* of codes, of the others: no row of the queue lies before it */
    bool queue_empty;  /* nothing to send before something is queued or `idle_until` */
    int64_t idle_until;
    uint64_t reference; /* of the last long text */

    op_slots_t to_read, to_delete;
    op_slot_t slot;     /* of the READ, CHECK or DELETE in flight */
    op_memory_t memory; /* selected; OP_MEMORIES: not known */
    op_memory_t wanted; /* of the MEMORY in flight */
    unsigned to_list;   /* a bit for each memory that the sweep has yet to list */
    unsigned full;      /* a bit for each memory that was found full */
    op_stuck_t stuck[OP_STUCK_MAX];
    size_t stuck_next;
    uint64_t oddities; /* lines that were nobody's, when the line was last known to be in step */
    bool acknowledges; /* AT+CSMS=1 is in use: what comes directly wants its AT+CNMA */
    unsigned to_acknowledge;
    int64_t sweep_at;
} op_line_t;

typedef struct {
    uint64_t send_timeout_ms, sweep_ms;
    int64_t doubt_ms; /* how long a text in doubt waits for a status report */
    bool resend_unknown, reports, wide_references;
    bool draining;
    op_hash_t secret; /* of cursors */
    op_line_t *lines;
    size_t count;
    op_sweep_t seen, quarantine, reported, early;
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

/*  modem_queue.c */
void op_send_queue(op_modem_t *self, const op_event_t *event, op_turn_t *turn);
void op_send_cancel(const op_event_t *event, op_turn_t *turn);
/*  The line is not configured any more: all that waits for it fails. */
void op_send_abandon(op_str_t number, op_turn_t *turn);
/*  At START: finds what was in the air when the process ended. */
void op_send_find_doubt(op_line_t *line, op_turn_t *turn);
/*  Texts that have waited too long, for the line or for a report, fail. */
void op_send_expire(const op_modem_t *self, op_line_t *line, const op_event_t *event,
                    op_turn_t *turn);
/*  The first text whose time has come. False: none; line->idle_until says when to look again. */
bool op_queue_pick(op_line_t *line, const op_event_t *event, op_turn_t *turn, op_key_t *key,
                   op_queue_row_t *row);
void op_queue_tell(op_turn_t *turn, const op_queue_row_t *row, op_text_state_t state,
                   op_failure_t failure);
/*  Tells the outcome and forgets the text. */
void op_queue_settle(op_turn_t *turn, const op_key_t *key, const op_queue_row_t *row,
                     op_text_state_t state, op_failure_t failure);
/*  How long to wait before the next try, the first of which is number 0. */
int64_t op_queue_pause(uint64_t tries);
/*  Takes a text in doubt out of the queue until a report comes, doubt_ms at most. */
void op_queue_hold(const op_modem_t *self, const op_event_t *event, op_turn_t *turn,
                   const op_key_t *key, op_queue_row_t *row);
/*  The text with this id in its key; one that was held is in the queue again. */
bool op_queue_find(op_line_t *line, op_turn_t *turn, bool code, op_id_t id, op_key_t *key,
                   op_queue_row_t *row);
op_key_t op_key_copy(op_str_t bytes);

/*  modem_send.c */
/*  Starts the next submission, if a text waits. */
bool op_send_next(op_modem_t *self, op_line_t *line, const op_event_t *event, op_turn_t *turn);
void op_send_done(op_modem_t *self, op_line_t *line, const op_event_t *event, op_turn_t *turn,
                  const op_at_action_t *done);
void op_send_burst_done(op_line_t *line, const op_event_t *event, const op_at_action_t *done);
/*  An answer that came after its time. */
void op_send_late(op_line_t *line, op_str_t answer);
/*  The line is drained: no answer can come any more. */
void op_send_settle_doubt(op_modem_t *self, op_line_t *line, const op_event_t *event,
                          op_turn_t *turn);
/*  A report says that the part was taken which had this doubt. */
void op_send_proven(op_line_t *line, op_turn_t *turn, const op_report_row_t *report, op_id_t doubt);

/*  modem_report.c */
/*  A report may come for the row's next part, whose reference is this one. */
void op_report_expect(op_line_t *line, const op_event_t *event, op_turn_t *turn,
                      const op_key_t *queued, const op_queue_row_t *row, uint64_t reference);
void op_report_take(op_line_t *line, const op_event_t *event, op_turn_t *turn, op_str_t hex,
                    const op_pdu_t *pdu);
op_sweep_dead_fn op_report_is_dead, op_early_is_dead;

/*  modem_receive.c */
/*  The line is ready: nothing is known of what lies in its modem. */
void op_receive_begin(op_line_t *line, const op_event_t *event);
void op_receive_notice(op_line_t *line, const op_event_t *event, op_turn_t *turn,
                       const op_at_action_t *notice);
bool op_receive_next(op_modem_t *self, op_line_t *line, const op_event_t *event, op_turn_t *turn);
void op_receive_done(op_line_t *line, op_job_t job, const op_event_t *event, op_turn_t *turn,
                     const op_at_action_t *done);

/*  modem_inbound.c */
/*  A PDU was read, as hexadecimal digits or what the modem gave for them; found: when. */
void op_inbound_take(op_line_t *line, const op_event_t *event, op_turn_t *turn, op_str_t hex,
                     int64_t found);
op_sweep_dead_fn op_seen_is_dead;

/*  modem_parts.c */
void op_parts_take(op_line_t *line, const op_event_t *event, op_turn_t *turn, op_str_t hex,
                   const op_pdu_t *pdu, int64_t found);
/*  Long texts whose parts are late are shown without them; what waits too long is forgotten. */
void op_parts_expire(op_line_t *line, const op_event_t *event, op_turn_t *turn);

/*  modem_quarantine.c */
void op_quarantine_put(op_line_t *line, const op_event_t *event, op_turn_t *turn, op_str_t hex,
                       const char *reason);
/*  The step modem.quarantine. */
void op_quarantine_list(op_modem_t *self, const op_event_t *event, op_turn_t *turn);
op_sweep_dead_fn op_quarantine_is_dead;

/*  modem_admin.c */
void op_modem_on_queued(const op_event_t *event, op_turn_t *turn);

#endif
