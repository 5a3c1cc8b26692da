/*  sim_private.h - the world as its own parts see it; nobody else includes it */

#ifndef OP_SIMULATION_PRIVATE_H
#define OP_SIMULATION_PRIVATE_H

#include "actors/actor.h"
#include "carrier/carrier.h"
#include "http/routes.h"
#include "tests/simulation/sim.h"
#include "tests/simulation/sim_clock.h"
#include "tests/simulation/sim_disk.h"
#include "tests/simulation/sim_model.h"
#include "tests/simulation/sim_queue.h"
#include "tests/simulation/sim_random.h"
#include "transport/handshake.h"

#include <sodium.h>

enum {
    SIM_RATE,
    SIM_AUTH,
    SIM_WEBHOOK,
    SIM_LEDGER,
    SIM_MODEM,
    SIM_ACTORS,
    SIM_HTTP = SIM_ACTORS, /* peers without a core */
    SIM_CONTROL,
    SIM_PEERS,
    SIM_PROCESSES_MAX = SIM_PEERS,
    SIM_LINES_MAX = 4,
    SIM_PHONES = 5,
    SIM_RING = 48
};

typedef enum {
    SIM_EVENT_FRAME,    /* a: the peer it arrives at */
    SIM_EVENT_TURN,     /* a: actor; b: life of its process */
    SIM_EVENT_NOTE,     /* a: actor, from its port; b: life of its process */
    SIM_EVENT_RESTART,  /* a: process */
    SIM_EVENT_DEADLINE, /* a: request */
    SIM_EVENT_USER,     /* a: user */
    SIM_EVENT_PHONE,
    SIM_EVENT_MISCHIEF,
    SIM_EVENT_HEAL_CLOCK, /* a: process */
    SIM_EVENT_HOSTS,      /* hosts greet each other */
    SIM_EVENT_OPERATOR
} sim_event_kind_t;

typedef struct {
    op_store_t *disk;
    bool alive;
    uint64_t life;
    sim_clock_t clock;
    enum { SIM_NO_CRASH, SIM_CRASH_BEFORE, SIM_CRASH_AFTER } crash;
    uint64_t crash_in;      /* commits until then */
    uint64_t disk_failures; /* seen so far */
    uint64_t config;        /* a bit for each thing that is configured otherwise (sim_hosts.c) */
    int64_t start_by;       /* it waits until then to hear the ledger's time; 0: it does not */
    int64_t apart;          /* of its machine's clock, since ever */
    int64_t shift;          /* by which it is corrected */
    op_id_t incarnation;
    op_handshake_t ledger; /* what it knows of the ledger's host */
    op_handshake_t heard;  /* what that knows of it */
} sim_process_t;

typedef struct sim_life sim_life_t; /* sim_record.c */

typedef struct {
    size_t process;
    op_actor_t *actor; /* NULL while its process is dead */
    sim_life_t *life;  /* what is recorded of it, or NULL */
    op_buf_t mailbox;  /* size and frame, again and again */
    bool turn_due;
} sim_actor_t;

/*  The way from one peer to another. */
typedef struct {
    int64_t latest; /* when the last frame arrives: none overtakes it */
    int64_t slow_until, slow;
    int64_t cut_until, reorder_until, duplicate_until, drop_until;
    sim_fault_t cut_by;
} sim_way_t;

/*  Knobs that count down, and the fault that each of them is (sim_air.c). */
enum { SIM_COUNTED = 14 };
extern const struct sim_counted {
    op_knob_t knob;
    sim_fault_t fault;
} sim_counted[SIM_COUNTED];

/*  A modem and its tty. Its SIM, and so its number, may be another's of the beginning. */
typedef struct {
    bool open, watched, told; /* whoever watches has been told that the tty is there */
    uint64_t holder;          /* what the modem actor calls it, while it is open */
    int64_t gone_until;       /* the tty is not there */
    int64_t deaf_until;       /* what is written to it is lost */
    int taken_out;            /* the number of its SIM, while that is not in it */
    int64_t help_at;    /* somebody sees to the modem then, or at the end; 0: nothing is wrong */
    op_buf_t payload;   /* the last PDU that was written */
    unsigned deletions; /* tried while slots are stuck */
    uint64_t accepted, refused, deleted;
    int64_t silences, doubles, cmes, lost, twice; /* the knobs as last seen */
    int64_t counted[SIM_COUNTED];                 /* those of sim_counted */
} sim_line_t;

typedef struct {
    int64_t until;
    sim_fault_t fault;
    char secret[65]; /* the one it knows; empty: it looks at none */
    char next[65];   /* after a rotation: the one it changes over to */
    int64_t change_at;
} sim_receiver_t;

typedef enum {
    SIM_DO_START,
    SIM_DO_VERIFY,
    SIM_DO_PEEK, /* at a verification */
    SIM_DO_LOGOUT,
    SIM_DO_AVAILABLE,
    SIM_DO_MINE,
    SIM_DO_LEASE,
    SIM_DO_RELEASE,
    SIM_DO_KEY_CREATE,
    SIM_DO_KEYS,
    SIM_DO_KEY_REVOKE,
    SIM_DO_HOOK_CREATE,
    SIM_DO_HOOKS,
    SIM_DO_HOOK_DELETE,
    SIM_DO_HOOK_SWITCH,
    SIM_DO_HOOK_ROTATE,
    SIM_DO_HOOK_TEST,
    SIM_DO_HOOK_REPLAY,
    SIM_DO_HOOK_LOG,
    SIM_DO_NUMBER,
    SIM_DO_SEND,
    SIM_DO_MESSAGE,
    SIM_DO_FOREIGN, /* a message of somebody else */
    SIM_DO_LIST
} sim_do_t;

typedef struct {
    bool open;
    int user;
    sim_do_t what;
    op_route_name_t route;
    int ref;     /* what it is about: a verification, number, key, hook, text, reading */
    int session; /* the credential that was presented; MODEL_NONE: none */
    int key;
    int64_t asked;
    char word[80]; /* the code; the hook's URL */
} sim_request_t;

typedef struct {
    bool busy;
    int verification; /* the one to finish; MODEL_NONE: none */
    int guesses;      /* wrong codes still to be tried */
    int64_t started;
    int session;
    model_reading_t reading;
    bool reads;
    char cursor[OP_CURSOR_MAX + 1];
    char direction[12];
    uint64_t page;
    int64_t rest_until; /* told to wait */
    uint64_t to_check;  /* of the end: what was not looked at yet, SIM_CHECK_... */
    int scopes_read;    /* of the end: leases looked at, the shared number first */
    bool gone;          /* the account is being erased, or was */
    bool erased;        /* ... it was */
    bool stays_away;    /* nobody signs up with the phone again */
    bool replaced;      /* another user has the phone */
    bool done;
} sim_user_t;

enum { SIM_CHECK_KEYS = 1, SIM_CHECK_HOOKS = 2, SIM_CHECK_AVAILABLE = 4, SIM_CHECK_MINE = 8 };

/*  What the operator asked for last. */
typedef struct {
    bool open;
    sim_verb_t verb;
    int user, number, key;
    int64_t expires; /* of a session */
    int64_t asked;
    uint64_t correlation;
} sim_operation_t;

typedef enum { SIM_LIFE, SIM_REST, SIM_READING, SIM_OVER } sim_part_t;

typedef struct sim {
    sim_options_t options;
    sim_verdict_t *verdict;
    sim_random_t random;
    sim_fault_set_t faults; /* those of this seed */
    int64_t mischief_mean;
    int64_t begin, now;
    sim_part_t part;
    sim_queue_t queue;
    model_t model;

    size_t process_count;
    sim_process_t processes[SIM_PROCESSES_MAX];
    sim_actor_t actors[SIM_ACTORS];
    sim_way_t ways[SIM_PEERS][SIM_PEERS];
    struct {
        int64_t until;
        sim_fault_t by;
    } cuts[SIM_PROCESSES_MAX][SIM_PROCESSES_MAX]; /* between hosts */
    bool follows;                                 /* hosts correct their clocks to the ledger's */
    uint64_t outbox_max;                          /* 0: as ever */
    int64_t minute;                               /* of the latest look at the clocks */
    op_buf_t catalogue;                           /* for greetings */

    size_t line_count;
    bool served[SIM_LINES_MAX]; /* a text left from the number: its SIM is known */
    sim_line_t lines[SIM_LINES_MAX];
    op_carrier_t *carrier;
    char phones[SIM_PHONES][OP_PHONE_MAX + 1];
    uint64_t phones_seen; /* inbox sequence, over all phones */

    sim_receiver_t *receivers; /* by the number in a hook's URL */
    int receiver_count;

    sim_request_t *requests;
    int request_count;
    size_t user_count;
    sim_user_t users[MODEL_USERS_MAX];

    bool operated; /* somebody operates this world */
    sim_operation_t operation;

    crypto_generichash_state hash;
    struct {
        int64_t at;
        op_buf_t frame;
    } ring[SIM_RING];
    uint64_t ring_next;
    sim_life_t **lives; /* all that were recorded */
    size_t life_count, life_capacity;
    op_arena_t arena; /* of decoding one frame */
    size_t forged;    /* how many modem actors in wrong hands have spoken */
} sim_t;

static inline bool sim_has(const sim_t *self, sim_fault_t fault)
{
    return self->faults.has[fault];
}
static inline void sim_fired(sim_t *self, sim_fault_t fault)
{
    self->verdict->fired[fault]++;
}
static inline uint32_t sim_pick(sim_t *self, size_t bound)
{
    return sim_below(&self->random, (uint32_t)bound);
}

/*  sim_process.c: processes live, die, restart; actors take turns */
const char *sim_peer_name(size_t peer);
size_t sim_peer_named(op_str_t name); /* SIM_PEERS: no peer */
int64_t sim_local(const sim_t *self, size_t process);
void sim_process_restart(sim_t *self, size_t process);
/*  `how`: KILL, POWER_NONE, POWER_PREFIX or POWER_SOME. */
void sim_process_die(sim_t *self, size_t process, sim_fault_t how);
sim_fault_t sim_any_death(sim_t *self);
void sim_actor_mail(sim_t *self, size_t actor, op_str_t frame);
void sim_actor_turn(sim_t *self, size_t actor);
/*  When the first actor wants to be woken, in true time; 0: never. */
int64_t sim_actors_wake_at(const sim_t *self);
void sim_actors_tick(sim_t *self, bool all_of, size_t process);

/*  sim_hosts.c: which actors share one, what lies between them, and what is the time there */
void sim_hosts_make(sim_t *self);
/*  A peer's; SIM_PROCESSES_MAX: it is on each of them. */
size_t sim_host_of(const sim_t *self, size_t peer);
/*  Is a frame lost because of a cut between two hosts? */
bool sim_hosts_lose(sim_t *self, size_t from, size_t to);
/*  Greetings, every half of a second. */
void sim_hosts_greet(sim_t *self);
/*  May it be started? Where its ledger is elsewhere, it waits for the time, for some seconds. */
bool sim_host_has_time(sim_t *self, size_t process);
void sim_hosts_hurt(sim_t *self, sim_fault_t fault);
/*  Cuts end, and hosts are started as they should be. */
void sim_hosts_heal(sim_t *self);
/*  Changes what a host's modems are configured as, while it is configured otherwise. */
void sim_host_configure(sim_t *self, size_t process, op_ledger_setup_t *ledger,
                        op_modem_setup_t *modem);
/*  Its disk is another one, which a backup was restored to. */
void sim_host_restore(sim_t *self, size_t process);
void sim_outbox_look(sim_t *self, size_t actor);
/*  Of an instant there, in true time. */
int64_t sim_host_true(const sim_t *self, size_t process, int64_t local);

/*  sim_network.c */
void sim_network_send(sim_t *self, size_t from, size_t to, op_str_t frame);
void sim_network_arrived(sim_t *self, size_t to, op_str_t frame);
void sim_trace(sim_t *self, op_str_t frame);
void sim_trace_print(const sim_t *self, op_buf_t *out);

/*  sim_families.c: the makers' modems */
enum { SIM_FAMILIES = 7 };
void sim_family(size_t place, op_sim_family_t *family);

/*  sim_air.c: ttys, the carrier, phones */
void sim_air_begin(sim_t *self);
void sim_air_note(sim_t *self, const op_type_t *type, const void *body);
void sim_air_host_died(sim_t *self);
/*  A modem loses its SIM. */
void sim_air_take_out(sim_t *self, size_t line);
/*  What the modems say is read, what they did is seen. */
void sim_air_look(sim_t *self);
void sim_air_close(sim_t *self, size_t line, int64_t gone);
/*  Something has befallen a modem: whichever number it serves. */
void sim_air_cause(sim_t *self, size_t line, model_cause_t cause);
void sim_phone_acts(sim_t *self);
/*  A text of a random kind with this tag, at most 1600 characters; the caller frees it. */
char *sim_some_text(sim_t *self, const char *tag);

/*  sim_hooks.c: the poster and the web servers */
void sim_hooks_post(sim_t *self, const op_post_t *post);
int sim_hooks_new_url(sim_t *self, char url[80]);
/*  The owner of this webhook's receiver learns its secret, now or, of a rotation, soon. */
void sim_hooks_secret(sim_t *self, const char *url, const char *secret, bool rotated);
/*  A note from the poster reaches the webhook actor. */
void sim_hooks_answered(sim_t *self, op_str_t frame);

/*  sim_gateway.c: the http actor */
void sim_ask(sim_t *self, sim_request_t request, const op_type_t *type, const void *body);
void sim_gateway_frame(sim_t *self, const op_envelope_t *envelope, const op_type_t *type,
                       const void *body);
void sim_gateway_deadline(sim_t *self, size_t request);
void sim_gateway_died(sim_t *self);
/*  A frame leaves an actor: what it says about quotas. */
void sim_gateway_watch(sim_t *self, size_t from, const op_envelope_t *envelope,
                       const op_type_t *type, op_str_t body);

/*  sim_owners.c: what a user does with a webhook that is there */
void sim_owner_acts(sim_t *self, int user);
/*  True: the answer was to one of those. NULL: none came. */
bool sim_owner_answered(sim_t *self, const sim_request_t *request, const op_type_t *type,
                        const void *body);

/*  sim_operator.c */
void sim_operator_begins(sim_t *self);
void sim_operator_acts(sim_t *self);
void sim_operator_answered(sim_t *self, const op_envelope_t *envelope, const op_type_t *type,
                           const void *body);

/*  sim_users.c, sim_answers.c, sim_reader.c */
void sim_user_begins(sim_t *self, size_t user);
void sim_user_acts(sim_t *self, int user);
void sim_user_signs_in(sim_t *self, int user);
void sim_user_reads_all(sim_t *self, int user);
void sim_user_asks_list(sim_t *self, int user, sim_do_t what);
void sim_user_lists(sim_t *self, int user, int key);
void sim_user_creates_key(sim_t *self, int user, int number);
sim_request_t sim_with_session(const sim_t *self, int user, sim_do_t what, op_route_name_t route);
void sim_user_answered(sim_t *self, const sim_request_t *request, const op_envelope_t *envelope,
                       const op_type_t *type, const void *body);
void sim_user_unanswered(sim_t *self, const sim_request_t *request);

/*  sim_mischief.c */
void sim_mischief(sim_t *self);
void sim_heal(sim_t *self);
/*  sim_mischief_modem.c: a fault of one of the modems, or of two */
void sim_hurt_modem(sim_t *self, sim_fault_t fault);
void sim_set(sim_t *self, size_t line, op_knob_t knob, int64_t value);
void sim_help_modem(sim_t *self, size_t line);
void sim_heal_memory(sim_t *self, size_t line);
void sim_heal_modem(sim_t *self, size_t line);
void sim_heal_clock(sim_t *self, size_t process);
/*  What waits for a time may come early or late, commands time out too soon. */
void sim_clock_cause(sim_t *self, size_t process);

/*  sim_record.c: with options.trace, an actor's life goes into a trace. Begin before its start; a
    clean end is one between two turns. */
void sim_record_begin(sim_t *self, size_t actor);
void sim_record_end(sim_t *self, size_t actor, bool clean);
void sim_record_write(sim_t *self);
void sim_record_free(sim_t *self);

/*  sim_rest.c: is everything empty that should be? */
void sim_judge_rest(sim_t *self);
/*  For the reader of a bad run: how many rows of each kind the stores hold. */
void sim_count_rows(sim_t *self, op_buf_t *out);

#endif
