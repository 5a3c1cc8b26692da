/*  modem_private.h - shared by the files of the modem actor, modem*.c

    Keys: 'Q' line, '0' code or '1' other, id   queue_row       'L' line               line_row
          'D' line, instant, the rest as in 'Q': until then it is paused             queue_row
          'H' as 'Q', of a text that is held    queue_row       'I' identity           seen_row
          'I' SIM, memory, index, hash          seen_row
          'P' line, sender, parts, sequence     part_row        'X' id                 quarantine_row
          'R' line, reference, tail, id         report_row      'E' line, id           early_row
          'B' line                              bound_row       'W' SIM and PIN, hashed  pin_row
          's'                                   secret_row */

#ifndef OP_ACTORS_MODEM_PRIVATE_H
#define OP_ACTORS_MODEM_PRIVATE_H

#include "actors/failure.h"
#include "actors/modem.h"
#include "actors/modem_slots.h"
#include "actors/sweep.h"
#include "modem/at_answer.h"
#include "modem/at_engine.h"
#include "modem/pdu.h"
#include "store/records.h"

enum {
    OP_COMMAND_MS = 10 * 1000, /* an ordinary command's answer */
    OP_LIST_MS = 60 * 1000,    /* AT+CMGL of a full storage */
    OP_DRAIN_MS = 10 * 1000,
    OP_SLICE_MS = 100, /* a turn at sending or receiving, when the other waits */
    OP_REOPEN_MIN_MS = 1000,
    OP_REOPEN_MAX_MS = 60 * 1000,
    OP_HOUSEKEEPING_MS = 10 * 1000,
    OP_RETRIES_MAX = 5,         /* of one part, after its first submission */
    OP_REFERENCE_UNKNOWN = 256, /* of a part in doubt, in the keys of report_row */
    OP_LIST_FROM = 3,           /* announced slots of one memory that are listed, not read */
    OP_ACK_MS = 5 * 1000,       /* an acknowledgement that took longer may have been too late */
    OP_HANDED_MAX = 8,          /* texts handed out before it is known to which SIM */
    OP_STUCK_MAX = 256,         /* deletions that are remembered: more than between two sweeps */
    OP_STUCK_NEAR = 8,          /* where a slot's are looked for among them */
    OP_LOOKS_MAX = 3,           /* at a slot that shows no message; then it is emptied */
    OP_DELETIONS_MAX = 3,       /* of one message in one slot; then the slot is dead */
    OP_BARRED_MAX = 3, /* texts barred, none taken between; then none is sent for a while */
    OP_SILENT_MAX = 2, /* texts in a row that the modem says nothing of; then it fails */
    OP_REASON_MAX = 160,

    /* The setup. */
    OP_RADIO_MS = 60 * 1000,        /* AT+CFUN=1 */
    OP_SETUP_PAUSE_MS = 2000,       /* between two looks at a SIM or network that is not ready */
    OP_SIM_WAIT_MS = 60 * 1000,     /* until a SIM must be ready */
    OP_REGISTER_MS = 3 * 60 * 1000, /* until a network must be found */

    /* The ladder (modem_health.c). */
    OP_RESET_EVERY = 4,          /* failures in a row until a modem is restarted, each time */
    OP_FAILURES_MAX = 12,        /* ... until the line stops */
    OP_BOOT_MS = 20 * 1000,      /* from a restart to the next opening */
    OP_REBOOT_MS = 60 * 1000,    /* ... until its device node has come anew, if ever */
    OP_STOP_MS = 10 * 60 * 1000, /* how long it stops */

    /* Devices (modem_device.c). */
    OP_DEVICES_MAX = 512,
    OP_PROBES_MAX = 8,      /* at a time */
    OP_PROBE_MS = 6 * 1000, /* for one that is silent */
    OP_PROBE_AGAIN_MIN_MS = 5 * 1000,
    OP_PROBE_AGAIN_MAX_MS = 60 * 1000
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
    OP_JOB_DELETE,
    OP_JOB_MEMORY,      /* AT+CPMS */
    OP_JOB_RECHECK,     /* reading a slot again before it is deleted */
    OP_JOB_ACKNOWLEDGE, /* AT+CNMA */
    OP_JOB_BURST,       /* AT+CMMS */
    OP_JOB_CHECK,       /* a row of the script, of a line that is up */
    OP_JOB_HANG_UP,
    OP_JOB_RESET
} op_job_t;

/*  How often the deletion of a message was tried. */
typedef struct {
    op_slot_t slot;
    unsigned tries;
    bool emptied; /* the modem says that it is deleted */
    bool said;    /* to the operator */
} op_stuck_t;

/*  What is wrong with a line that is up all the same. */
typedef enum {
    OP_TROUBLE_BARRED, /* until a text is taken */
    OP_TROUBLE_MEMORIES,
    OP_TROUBLE_NOTICES,
    OP_TROUBLE_REPORTS,
    OP_TROUBLE_POWER, /* until it is not said any more */
    OP_TROUBLES
} op_trouble_t;

/*  What a modem and its SIM have said of themselves; empty: nothing. */
typedef struct {
    char maker[33], model[33], revision[49];
    char imei[OP_IMEI_MAX + 1], iccid[OP_ICCID_MAX + 1];
    char operator_name[33];
    int registration; /* TS 27.007 7.2 <stat>; -1 */
    uint64_t signal;  /* 99: unknown */
    bool service_centre;
    int ims; /* -1: unknown */
    uint64_t used, total;
    int64_t last_ok;
} op_vitals_t;

/*  What makers do differently (modem_family.c). */
typedef struct {
    const char *maker; /* how AT+CGMI begins, in any case */
    const char *iccid; /* asks for the ICCID */
    unsigned reports;  /* the <ds> of AT+CNMI to begin with */
} op_family_t;

typedef struct {
    size_t index;                   /* among the lines, as configured */
    char device[OP_DEVICE_MAX + 1]; /* empty: none has been found */
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
    char sim[OP_IMSI_MAX + 1];

    bool flying;         /* `flight` is being submitted */
    bool doubt;          /* `flight` is in doubt */
    int64_t doubt_until; /* so long its answer is waited for, whatever the line does */
    op_key_t flight;     /* key of its queue_row */
    char flight_device[OP_DEVICE_MAX + 1], flight_imei[OP_IMEI_MAX + 1]; /* where it went */
    bool late_answer;   /* a +CMGS came after its time */
    int late_reference; /* its reference, -1: none */
    bool late_error;    /* a +CMS ERROR came after its time */
    int late_code;
    unsigned barred;          /* texts that the network has barred since it took one */
    int64_t barred_until;     /* so long nothing is sent; 0: the SIM may send, as far as is known */
    unsigned silent;          /* texts in a row that the modem has said nothing of */
    const char *fail_because; /* why the line fails behind this answer, or NULL */
    bool no_burst;            /* the modem has refused AT+CMMS */
    int64_t burst_at;         /* the latest sign of a radio link that stays open; 0: none */
    bool sends;               /* whose turn it is: sending's, or receiving's */
    int64_t turn_at;          /* since when */
    op_key_t first[2];        /* of codes, of the others: no row of the queue lies before it */
    bool none[2];             /* of either kind there is no row at all: no need to look */
    bool no_early;            /* nor is there an early_row */
    uint64_t waiting;         /* texts not settled yet, held ones too */
    int64_t paused_until;     /* no text is paused until before; 0: not known */
    op_key_t expire_from[3];  /* of paused ones, codes, others: where the next look begins */
    bool queue_empty;         /* nothing to send before something is queued or `idle_until` */
    int64_t idle_until;
    uint64_t reference; /* of the last long text */

    op_slots_t to_read, to_delete;
    op_slot_t slot;              /* of the READ, CHECK or DELETE in flight */
    op_memory_t memory;          /* selected; OP_MEMORIES: not known */
    op_memory_t wanted;          /* of the MEMORY in flight */
    unsigned to_list;            /* a bit for each memory that the sweep has yet to list */
    unsigned full;               /* a bit for each memory that was found full */
    uint64_t slots[OP_MEMORIES]; /* how many each memory has; 0: not known */
    op_stuck_t stuck[OP_STUCK_MAX];
    bool none_in_slots; /* no identity of what is in a slot is kept */
    uint64_t listing;   /* `oddities` as it was when a list was asked for */
    uint64_t oddities;  /* lines that were nobody's, when the line was last known to be in step */
    bool acknowledges;  /* AT+CSMS=1 is in use: what comes directly wants its AT+CNMA */
    unsigned to_acknowledge;
    int64_t handed_at;                              /* what waits longest for its acknowledgement */
    size_t ack_form;                                /* of AT+CNMA: the one that the modem takes */
    bool sim_known;                                 /* `sim` is the one that this setup has found */
    char handed[OP_HANDED_MAX][OP_PDU_HEX_MAX + 1]; /* texts that came before */
    size_t handed_count;
    int64_t sweep_at;

    /* Which modem it is. */
    char home[OP_DEVICE_MAX + 1]; /* the path that is configured, or empty, and then one of: */
    char want_imei[OP_IMEI_MAX + 1], want_iccid[OP_ICCID_MAX + 1];
    char pin[OP_PIN_MAX + 1];
    char bound_imei[OP_IMEI_MAX + 1],
        bound_iccid[OP_ICCID_MAX + 1]; /* of the last one that was up */
    char bound_device[OP_DEVICE_MAX + 1], bound_imsi[OP_IMSI_MAX + 1];

    /* The script (modem_setup.c). */
    const op_family_t *family;
    op_vitals_t is;
    char memories[3][OP_MEMORY_MAX + 1]; /* read and delete, write, receive: of AT+CPMS */
    unsigned cnmi[OP_CNMI];
    char offers[200]; /* what AT+CNMI=? said */
    size_t attempt;   /* of a row that has several forms */
    bool restarted;   /* the modem has restarted: the script begins anew */
    bool pin_wanted;
    int64_t wait_until; /* for the SIM or the network; 0: not waited for */
    bool notices_set;   /* AT+CNMI was taken */
    bool notices_lost;  /* ... and is not in force any more, or may not be */
    bool unselectable;  /* AT+CPMS takes nothing: there is one memory, whichever it is */
    int64_t check_at;   /* when a line that is up is looked at; 0: never */
    bool checking;
    bool ringing;

    /* The ladder (modem_health.c). */
    unsigned failures;
    bool reset_due;
    int64_t restarted_until; /* a device node that comes anew until then is no sign of hope */
    bool stopped;
    bool absent; /* there is no such device, or another program holds it */
    char reason[OP_REASON_MAX + 1], logged[OP_REASON_MAX + 1];
    bool power_warned;                /* since the last check */
    unsigned troubles, troubles_said; /* a bit for each op_trouble_t */
    int64_t since;
    uint64_t drains, opens, resets, stops;
} op_line_t;

/*  A device node that was found. */
typedef struct {
    char path[OP_DEVICE_MAX + 1];
    char imei[OP_IMEI_MAX + 1], iccid[OP_ICCID_MAX + 1];
    bool known;       /* imei and iccid are what it has said */
    bool mute;        /* it has just opened no prompt: its line lets it go */
    int64_t probe_at; /* while no line holds it */
    int64_t probe_ms; /* the next back-off */
} op_device_t;

typedef struct {
    char path[OP_DEVICE_MAX + 1]; /* of the device; empty: this probe is free */
    op_at_t at;
    bool open;
    char late[40]; /* the answer to a text that was in the air; empty: none came */
    size_t row;
    char imei[OP_IMEI_MAX + 1], iccid[OP_ICCID_MAX + 1];
} op_probe_t;

typedef struct {
    uint64_t send_timeout_ms, sweep_ms;
    int64_t doubt_ms; /* how long a text in doubt waits for a status report */
    bool resend_unknown, reports, wide_references;
    bool draining;
    op_hash_t secret; /* of cursors */
    op_line_t *lines;
    size_t count;
    op_sweep_t seen, quarantine, reported, early;
    uint64_t check_ms;
    op_device_t *devices;
    size_t device_count;
    op_probe_t *probes;
    size_t probe_count;
    int64_t housekeeping_at;
    int64_t now;  /* of the latest event */
    int64_t wake; /* when the next one was to come at the latest */
} op_modem_t;

/*  modem_line.c: the life of a line */
void op_line_open(op_line_t *line, op_turn_t *turn);
void op_line_opened(op_modem_t *self, op_line_t *line, const op_event_t *event, op_turn_t *turn);
void op_line_fail(op_modem_t *self, op_line_t *line, const op_event_t *event, op_turn_t *turn,
                  const char *reason);
/*  Does all that can be done now: what the engine has to say, then the next command. */
void op_line_pump(op_modem_t *self, op_line_t *line, const op_event_t *event, op_turn_t *turn);
/*  To the ledger: the first only what it has not been told already. */
void op_line_tell_state(op_line_t *line, op_turn_t *turn, bool up);
void op_line_say_state(const op_line_t *line, op_turn_t *turn, bool up);
/*  Counts for a metric whose first label is the line: its place in the configuration. `class` is
    the second one, NULL without. */
void op_line_count(const op_line_t *line, op_turn_t *turn, op_metric_t metric, int64_t value,
                   const char *class);
/*  Its counters begin at 0, so that their first step is seen as one. */
void op_line_count_none(const op_line_t *line, op_turn_t *turn);
/*  When the line wants to be pumped without input. */
int64_t op_line_wake_at(const op_line_t *line);
void op_line_command(op_line_t *line, op_job_t job, op_str_t command, const char *expect,
                     op_str_t payload, int64_t deadline);

/*  modem_line.c, too: for the script and the ladder. */
void op_line_log(const op_line_t *line, op_turn_t *turn, const char *what, const char *detail);
/*  The same for what somebody should look after. */
void op_line_warn(const op_line_t *line, op_turn_t *turn, const char *what, const char *detail);
/*  It is shown in the line's health, and said once. */
void op_line_trouble(op_line_t *line, op_turn_t *turn, op_trouble_t trouble);
void op_line_ready(op_modem_t *self, op_line_t *line, const op_event_t *event, op_turn_t *turn);
/*  It stays down, for long: what is wrong does not mend by itself. */
void op_line_stop(op_modem_t *self, op_line_t *line, const op_event_t *event, op_turn_t *turn,
                  const char *reason);
/*  Its device is not its own: gives it back and waits for another. */
void op_line_release(op_modem_t *self, op_line_t *line, const op_event_t *event, op_turn_t *turn,
                     const char *reason);
/*  It is up, and may send. */
bool op_line_can_send(const op_line_t *line);
/*  It was up, and begins to be set up again. */
void op_line_not_up(op_line_t *line, const op_event_t *event, op_turn_t *turn);
/*  There is hope: it is tried at once. */
void op_line_try_now(op_line_t *line, const op_event_t *event);
/*  AT+CFUN=1,1 to a modem that answers; the line opens it again when it has restarted. */
void op_line_restart(op_line_t *line, const op_event_t *event, op_turn_t *turn);

/*  modem_health.c */
const char *op_trouble_text(op_trouble_t trouble);
const char *op_line_state_name(const op_line_t *line);
void op_health_answer(const op_modem_t *self, op_turn_t *turn);

/*  modem_family.c: never NULL. */
const op_family_t *op_family_of(const char *maker);
/*  The `place`-th way to ask for an ICCID, the maker's own first; NULL: there are no more. */
const char *op_family_iccid(const op_family_t *family, size_t place);

/*  modem_setup.c: the script. Begins it; the next command, false: it waits; and its answer. A line
    that is up runs the rows of a check. */
void op_setup_begin(op_line_t *line);
bool op_setup_next(op_modem_t *self, op_line_t *line, const op_event_t *event, op_turn_t *turn);
void op_setup_done(op_modem_t *self, op_line_t *line, const op_event_t *event, op_turn_t *turn,
                   const op_at_action_t *done);

/*  modem_device.c: which device is which line's. */
void op_device_start(op_modem_t *self, op_str_t patterns, op_turn_t *turn);
void op_device_note(op_modem_t *self, const op_event_t *event, op_turn_t *turn);
/*  What a device has said of itself; then it may be somebody's. */
op_device_t *op_device_of(op_modem_t *self, op_str_t path);
void op_device_known(op_modem_t *self, const op_event_t *event, op_str_t path, const char *imei,
                     const char *iccid);
void op_device_match(op_modem_t *self, const op_event_t *event, op_turn_t *turn);
/*  Is the modem in the line's hands its own? NULL, or why not. */
const char *op_device_judge(op_modem_t *self, op_line_t *line, const op_event_t *event);
/*  The same where the modem does not show its SIM's ICCID. */
const char *op_device_judge_imsi(const op_modem_t *self, const op_line_t *line, const char *imsi);
/*  Did the port find it, by a pattern? Then it has sisters, and which takes commands is to be seen.
    */
bool op_device_is_found(op_modem_t *self, const op_line_t *line);
bool op_device_is_held(const op_modem_t *self, const char *path);
/*  A line is without its device, so others are worth a look. */
bool op_device_is_wanted(const op_modem_t *self);
void op_device_load(op_line_t *line, op_turn_t *turn);
void op_device_bind(op_line_t *line, op_turn_t *turn);

/*  modem_probe.c: a few at a time ask devices who they are. */
void op_probe_note(op_modem_t *self, const op_event_t *event, op_turn_t *turn, uint64_t place);
void op_probe_pump(op_modem_t *self, const op_event_t *event, op_turn_t *turn);
/*  It is asked again, after a back-off. */
void op_device_later(op_device_t *device, int64_t now);
void op_probe_cancel(op_modem_t *self, op_str_t path, op_turn_t *turn);
int64_t op_probe_wake_at(const op_modem_t *self);
bool op_probe_is_at_work(const op_modem_t *self, const char *path);

/*  modem_queue.c */
void op_send_queue(op_modem_t *self, const op_event_t *event, op_turn_t *turn);
void op_send_cancel(op_modem_t *self, const op_event_t *event, op_turn_t *turn);
/*  The line is not configured any more: all that waits for it fails. */
void op_send_abandon(op_str_t number, op_turn_t *turn);
/*  At START: counts what waits, and finds what was in the air when the process ended. */
void op_send_begin(const op_modem_t *self, op_line_t *line, const op_event_t *event,
                   op_turn_t *turn);
/*  Texts that have waited too long, for the line or for a report, fail. */
void op_send_expire(const op_modem_t *self, op_line_t *line, const op_event_t *event,
                    op_turn_t *turn);
/*  The first text whose time has come. False: none; line->idle_until says when to look again. */
bool op_queue_pick(op_line_t *line, const op_event_t *event, op_turn_t *turn, op_key_t *key,
                   op_queue_row_t *row);
void op_queue_tell(op_turn_t *turn, const op_queue_row_t *row, op_text_state_t state,
                   op_failure_t failure);
/*  Tells the outcome and forgets the text; `line` NULL: it is configured no more. */
void op_queue_settle(op_line_t *line, op_turn_t *turn, const op_key_t *key,
                     const op_queue_row_t *row, op_text_state_t state, op_failure_t failure);
/*  How long to wait before the next try, the first of which is number 0. */
int64_t op_queue_pause(uint64_t tries);
/*  Takes a text out of the queue until that instant, op_queue_pause at most. */
void op_queue_postpone(op_line_t *line, op_turn_t *turn, const op_key_t *key, op_queue_row_t *row,
                       int64_t until);
/*  Takes a text in doubt out of the queue until a report comes, doubt_ms at most. */
void op_queue_hold(const op_modem_t *self, const op_event_t *event, op_turn_t *turn,
                   const op_key_t *key, op_queue_row_t *row);
/*  The text with this id in its key; one that was held or paused is in the
    queue again. */
bool op_queue_find(op_line_t *line, op_turn_t *turn, bool code, op_id_t id, op_key_t *key,
                   op_queue_row_t *row);
op_key_t op_key_copy(op_str_t bytes);

/*  modem_send.c */
/*  Starts the next submission, if a text waits. */
bool op_send_next(op_modem_t *self, op_line_t *line, const op_event_t *event, op_turn_t *turn);
void op_send_done(op_modem_t *self, op_line_t *line, const op_event_t *event, op_turn_t *turn,
                  const op_at_action_t *done);
void op_send_burst_done(op_line_t *line, const op_event_t *event, const op_at_action_t *done);
/*  This part is in the air, or was when the process died. */
void op_send_remember(op_line_t *line, const op_key_t *key, const op_queue_row_t *row);
/*  An answer that came after its time, from the line's device; `imei` is that of the modem, or
    empty. */
void op_send_late(op_line_t *line, const char *imei, op_str_t answer);
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

/*  modem_stuck.c */
/*  How often this was tried within the hour; NULL: not at all. */
op_stuck_t *op_stuck_find(op_line_t *line, const op_slot_t *slot, int64_t now);
/*  A deletion is tried, or a slot without a message looked at. */
void op_stuck_count(op_line_t *line, const op_slot_t *slot, int64_t now);
/*  The modem says that the slot is empty now. */
void op_stuck_emptied(op_line_t *line, const op_slot_t *slot, int64_t now);
/*  The slot is announced, or, where `any`, one of its memory: what was emptied before holds another
    message now. */
void op_stuck_announced(op_line_t *line, op_turn_t *turn, const op_slot_t *slot, bool any);
/*  A list of this memory shows these slots and no others: the rest is empty. */
void op_stuck_listed(op_line_t *line, op_memory_t memory, const op_slots_t *shown);
/*  It was tried often enough. */
bool op_stuck_is_dead(op_line_t *line, const op_slot_t *slot, int64_t now, op_turn_t *turn);

/*  modem_receive.c */
extern const char *const op_memory_name[OP_MEMORIES];
/*  OP_MEMORIES: none that is known. */
op_memory_t op_memory_of(const char *name);
/*  The line is ready: nothing is known of what lies in its modem. */
void op_receive_begin(op_line_t *line, const op_event_t *event);
/*  It is known which SIM it is: what was handed out before. */
void op_receive_held(op_line_t *line, const op_event_t *event, op_turn_t *turn);
void op_receive_notice(op_line_t *line, const op_event_t *event, op_turn_t *turn,
                       const op_at_action_t *notice);
/*  A memory holds so many messages, of as many as it can. True: it was not full before. */
bool op_receive_usage(op_line_t *line, op_turn_t *turn, op_memory_t memory, uint64_t used,
                      uint64_t total);
bool op_receive_next(op_modem_t *self, op_line_t *line, const op_event_t *event, op_turn_t *turn);
void op_receive_done(op_line_t *line, op_job_t job, const op_event_t *event, op_turn_t *turn,
                     const op_at_action_t *done);

/*  modem_inbound.c */
/*  A PDU was read, as hexadecimal digits or what the modem gave for them; found: when; the slot that
    it lies in, its hash included, or NULL: it was handed out. */
void op_inbound_take(op_line_t *line, const op_event_t *event, op_turn_t *turn, op_str_t hex,
                     int64_t found, const op_slot_t *slot);
/*  The slot is announced anew: what is read in it from now on is another message. */
void op_inbound_anew(op_line_t *line, op_turn_t *turn, const op_slot_t *slot);
/*  So it is with all slots of this memory that are not shown. */
void op_inbound_listed(op_line_t *line, op_turn_t *turn, op_memory_t memory,
                       const op_slots_t *shown);
/*  Who sent it, in full form where the number is one of the line's own country. */
op_str_t op_inbound_sender(const op_line_t *line, op_turn_t *turn, const op_address_t *peer);
/*  Writes a row of what came in: the slot is emptied, or the text acknowledged, behind its commit.
    */
void op_inbound_put(const op_line_t *line, op_turn_t *turn, const op_key_t *key,
                    const op_type_t *record, const void *row);
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
