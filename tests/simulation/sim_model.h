/*  sim_model.h - what must be true of OP, seen from outside: the judge of a simulated world

    A second, simple OP in its own words: dictionaries of what people asked for, what they were
    told, what phones and web servers got. It shares no code with the cores, and it never looks at
    what they believe, only at what they say and do. The first thing that cannot be is kept in
    `wrong`; after that nothing is judged any more.

    Requests may stay without an answer, and then nobody knows whether they had their effect. So
    everything that can begin and end has four instants (model_life_t): what was surely there over
    a span, and what was surely gone, is judged; what is in between may be either way.

    All instants are the world's true time, in ms, unless they are said to be a host's clock. The
    model takes nothing over: what it keeps it copies. */

#ifndef OP_SIMULATION_MODEL_H
#define OP_SIMULATION_MODEL_H

#include "base/id.h"
#include "base/phone.h"
#include "base/token.h"

enum {
    MODEL_USERS_MAX = 8,
    MODEL_NUMBERS_MAX = 8,
    MODEL_WORD_MAX = 40, /* an error code, a status, an event type */
    MODEL_NONE = -1
};

/*  What the operator has configured. */
typedef struct {
    uint64_t start_30s, start_hour, start_day, address_hour, console_minute;
    uint64_t send_second, send_minute, read_minute;
    uint64_t day_free, day_paid;
    uint64_t code_tries;
    int64_t code_ttl, text_ttl;
} model_limits_t;

typedef struct {
    int64_t asked;  /* it may be there from here on */
    int64_t made;   /* it is; 0: not known */
    int64_t ending; /* it may be gone from here on; 0: nobody wanted that */
    int64_t ended;  /* it is gone; 0: not known */
} model_life_t;

bool model_surely_there(const model_life_t *life, int64_t from, int64_t to);
bool model_surely_gone(const model_life_t *life, int64_t at);

/*  ---- the dictionaries; others may look, only the model writes ---- */

typedef struct {
    char e164[OP_PHONE_MAX + 1];
    bool known; /* `id` was shown to somebody */
    op_id_t id;
    int64_t absent_until; /* its line is not configured */
    model_life_t retired; /* by the operator */
} model_number_t;

typedef struct {
    int user, number;
    model_life_t life;
    int64_t leased_at; /* as shown */
} model_lease_t;

typedef struct {
    int user;
    model_life_t life; /* asked, started, replaced by a later one, used */
    op_id_t id;
    uint64_t wrong;
    bool used;
} model_verification_t;

typedef struct {
    int user;
    op_hash_t hash;
    model_life_t life;
    int64_t expires; /* as shown */
} model_session_t;

typedef struct {
    int user, number, lease; /* lease: MODEL_NONE on the shared number */
    op_id_t id;
    op_hash_t hash;
    model_life_t life;
} model_key_t;

typedef struct {
    int user, number, lease;
    op_id_t id;
    char secret[65];
    char url[80];
    char events[80];
    model_life_t life;
    int64_t on_since;  /* surely enabled from here on; 0: perhaps it is not */
    int64_t off_at;    /* the last time that something may have switched it off */
    bool unsure;       /* a rotation is not answered yet, or was not: who knows the secret? */
    bool lost;         /* ... was not */
    char previous[65]; /* the secret before; empty: none, or not known */
    bool previous_unsure;
    int64_t grace_until;
    int64_t tested_until; /* a test was asked for, and may be posted until then */
} model_hook_t;

typedef enum { MODEL_ASKED, MODEL_ACCEPTED, MODEL_REFUSED, MODEL_SILENT } model_answer_t;
typedef enum { MODEL_UNSEEN, MODEL_QUEUED, MODEL_SENDING, MODEL_SENT, MODEL_FAILED } model_status_t;

typedef struct {
    char *body;
    int user;               /* the sender; MODEL_NONE: a phone */
    int number, lease, key; /* of the sender; a phone's text: the number it goes to, none, none */
    int target;             /* a number of the pool that an agent texts; else MODEL_NONE */
    char peer[OP_PHONE_MAX + 1];
    model_answer_t answer;
    int64_t asked, answered;
    int64_t clock; /* of the ledger's host, when it was accepted */
    op_id_t id;    /* once accepted */
    model_status_t status;
    char error[MODEL_WORD_MAX + 1];
    int64_t settled; /* first seen settled */
    size_t arrivals; /* at its phone */
    bool broken;     /* a phone's: one of its parts cannot be read */
} model_text_t;

/*  Why a text may fail, by line. */
typedef enum {
    MODEL_CAUSE_DOUBT,     /* a part's fate could not be known */
    MODEL_CAUSE_TROUBLE,   /* the line could not send */
    MODEL_CAUSE_REJECTED,  /* the network refused a part for good */
    MODEL_CAUSE_UNREACHED, /* ... because of its recipient */
    MODEL_CAUSE_CLOCK      /* a clock jumped: what waits may expire at any time */
} model_cause_t;

typedef struct model model_t;

struct model {
    char wrong[512]; /* empty: all is well */
    int64_t now;     /* set by the owner before each call */
    model_limits_t limits;
    model_number_t numbers[MODEL_NUMBERS_MAX];
    int number_count;
    char phones[MODEL_USERS_MAX][OP_PHONE_MAX + 1]; /* of the users */
    op_id_t accounts[MODEL_USERS_MAX];              /* none: not yet */
    int user_count;
    size_t silent_keys[MODEL_USERS_MAX], silent_hooks[MODEL_USERS_MAX]; /* nobody knows */
    size_t pending_hooks; /* registrations that are not answered yet */
    model_life_t suspended[MODEL_USERS_MAX];
    int64_t erasing[MODEL_USERS_MAX]; /* since then; 0: it is not */
    bool forgotten[MODEL_USERS_MAX];  /* ... and nobody has its phone's account since */

    model_lease_t *leases;
    int lease_count;
    model_verification_t *verifications;
    int verification_count;
    model_session_t *sessions;
    int session_count;
    model_key_t *keys;
    int key_count;
    model_hook_t *hooks;
    int hook_count;
    model_text_t *texts;
    int text_count;

    int *logged; /* groups of six digits in the logs, and in what http was told */
    int logged_count;
    struct model_code *codes;
    int code_count;
    struct model_window *windows;
    int window_count;
    int64_t rate_died;
    struct model_why *whys;
    int why_count;
    struct model_post *posts;
    int post_count;
    bool silent_off; /* a webhook that nobody knows of was told that its receiver is gone */
    size_t failed_posts;
    int64_t webhook_born; /* when its process was started last */
    struct model_part *parts;
    int part_count;
};

/*  Makes room for one more in a growing array: `at` is the array, `count` how many are in it. */
#define MODEL_ROOM(at, count)                                                                      \
    ((at) = ((count) & ((count)-1))                                                                \
                ? (at)                                                                             \
                : op_realloc((at), (size_t)((count) ? 2 * (count) : 1) * sizeof *(at)))

/*  Notes what is wrong, if nothing was before. */
void model_wrong(model_t *self, const char *format, ...) OP_PRINTF(2, 3);

void model_init(model_t *self, const model_limits_t *limits);
void model_free(model_t *self);
/*  0 is the shared number. */
int model_add_number(model_t *self, const char *e164);
int model_number_of(const model_t *self, op_str_t e164);
int model_add_user(model_t *self, const char *phone);

/*  ---- who may do what (sim_model_access.c) ---- */

/*  Each request is told when it is asked, and what was answered; silence leaves it as asked. */
int model_start(model_t *self, int user);
void model_started(model_t *self, int verification, op_id_t id);
/*  A session was opened, asked for at `asked` with this code. */
void model_verified(model_t *self, int verification, const char *code, int64_t asked,
                    op_id_t account, bool created, op_hash_t token);
void model_code_refused(model_t *self, int verification, const char *code, const char *error);
/*  A code came to its user's phone. */
void model_code_came(model_t *self, int user, op_str_t body);
/*  The latest code that came to the user (or the one so many before it); NULL: none. */
const char *model_code(const model_t *self, int user, int before);

/*  A call with this credential was answered; `error` NULL: it was granted. */
void model_session_used(model_t *self, int session, int64_t asked, const char *error);
void model_key_used(model_t *self, int key, int64_t asked, const char *error);

int model_lease(model_t *self, int user, int number);
void model_leased(model_t *self, int user, int number, int64_t asked, int64_t leased_at);
void model_lease_refused(model_t *self, int user, int number, int64_t asked, const char *error);
void model_release(model_t *self, int user, int number);
void model_released(model_t *self, int user, int number, int64_t asked);
/*  The lease that the user has, or may have, on the number: MODEL_NONE if surely none. */
int model_lease_of(const model_t *self, int user, int number);
bool model_lease_sure(const model_t *self, int lease, int64_t from, int64_t to);
/*  Is the number surely leased (by anybody), surely free? */
bool model_surely_leased(const model_t *self, int number, int64_t from, int64_t to);
bool model_surely_free(const model_t *self, int number, int64_t from, int64_t to);
/*  The list of available numbers, or of the user's own, held this one or did not. */
void model_number_listed(model_t *self, int user, int number, bool mine, bool listed,
                         int64_t asked);

int model_key_created(model_t *self, int user, int number, op_id_t id, op_hash_t hash,
                      int64_t asked);
bool model_key_sure(const model_t *self, int key, int64_t from, int64_t to);
/*  The user's list of keys or hooks, complete: ids that surely must, and must not, be on it. */
void model_keys_listed(model_t *self, int user, const op_id_t *ids, size_t count, int64_t asked);
void model_hooks_listed(model_t *self, int user, const op_id_t *ids, size_t count, int64_t asked);

/*  ---- texts (sim_model_text.c) ---- */

/*  An agent wants to send; the body holds the tag of model_tag. */
int model_send(model_t *self, int key, const char *to, const char *body);
/*  "#k17#": what every body holds, once; text_count is the number of the next one. */
void model_tag(const model_t *self, char tag[16]);
void model_accepted(model_t *self, int text, op_id_t id, int64_t clock);
/*  `day`: it was the daily cap that refused, at this time of the ledger's host. */
void model_send_refused(model_t *self, int text, const char *error, bool day, int64_t clock);
/*  A phone texts a number. */
int model_text_in(model_t *self, const char *from, int number, const char *body);
/*  A phone got a text. */
void model_arrived(model_t *self, op_str_t phone, op_str_t from, op_str_t body);
/*  A part of several reached the network. */
void model_part(model_t *self, int line, op_str_t to, op_str_t header, op_str_t units);
/*  A part, reached or not: is it cut between characters? */
void model_part_whole(model_t *self, bool ucs2, op_str_t units);
void model_cause(model_t *self, int line, model_cause_t cause);
/*  To whom something is shown: the scope of a key or a webhook. */
typedef struct {
    int user, number, lease; /* lease: MODEL_NONE on the shared number */
    bool unsure;             /* it may be that lease or one before it */
} model_holder_t;
/*  A message was shown: alone, or in a list, or posted. */
typedef struct {
    op_id_t id;
    op_str_t status, direction, to, from, body, error;
    int64_t received_at, delivered_at;
    bool partial;
} model_shown_t;
void model_shown(model_t *self, int key, const model_shown_t *shown);
/*  The body of a delivery was posted. */
void model_post_says(model_t *self, int hook, op_str_t event, op_str_t body);

/*  What a key's holder read, page by page, to its end. */
typedef struct {
    int key;
    int64_t asked; /* of the first page */
    op_id_t *ids;
    int *texts; /* which text each one is; MODEL_NONE: one that is there in part */
    bool *inbound;
    bool incomplete; /* a text is there in part that could be whole */
    int count;
} model_reading_t;
void model_read_begin(model_reading_t *reading, int key, int64_t asked);
void model_read(model_t *self, model_reading_t *reading, const model_shown_t *shown);
/*  All was read after everything had come to rest: it must be complete. */
void model_read_all(model_t *self, const model_reading_t *reading);
void model_reading_free(model_reading_t *reading);

/*  At the end: no accepted text without an end, nothing arrived that should not. */
void model_judge_texts(model_t *self);

/*  ---- webhooks (sim_model_hook.c) ---- */

int model_hook_created(model_t *self, int user, int number, op_id_t id, const char *secret,
                       const char *url, const char *events, int64_t asked);
typedef struct {
    op_str_t url, body, signature, delivery, event;
    int64_t clock; /* of the sending host */
    uint64_t life; /* of the sending process */
    /* What the receiver will answer, after so many ms. */
    int64_t takes;
    uint64_t status, retry_after_s;
} model_posted_t;
void model_posted(model_t *self, const model_posted_t *post);
/*  Is it signed with this secret, as the contract says? */
bool model_signed(const model_posted_t *post, const char *secret);
/*  The answer has reached the sender. */
void model_post_answered(model_t *self, op_str_t delivery);
/*  Its owner switches it on or off: asked, and granted. */
void model_hook_switch(model_t *self, int hook, bool on);
void model_hook_switched(model_t *self, int hook, bool on, int64_t asked);
/*  Its owner asks for a new secret; gets it, or a refusal, or silence. */
void model_hook_rotate(model_t *self, int hook);
void model_hook_not_rotated(model_t *self, int hook, bool silent);
void model_hook_rotated(model_t *self, int hook, const char *secret, int64_t grace);
/*  One of the user's deliveries: MODEL_NONE if none. */
int model_some_post(const model_t *self, int user, size_t draw);
/*  Its owner asks for it once more. The hook is told, and its id. */
int model_replay(model_t *self, int post, char delivery[OP_ID_TEXT + 1]);
/*  At the end: no attempt was forgotten. */
void model_judge_posts(model_t *self);
/*  At the end, by somebody who has read all: this message has had its event. */
void model_judge_hook(model_t *self, const model_reading_t *reading);

/*  ---- what the operator does (sim_model_operator.c) ---- */

bool model_surely_suspended(const model_t *self, int user, int64_t from, int64_t to);
bool model_perhaps_suspended(const model_t *self, int user, int64_t from, int64_t to);
/*  Asked for, and granted. */
void model_suspend(model_t *self, int user);
void model_suspended(model_t *self, int user);
void model_resume(model_t *self, int user);
void model_resumed(model_t *self, int user);
/*  From here on the user is nobody's: whoever has the phone then is another user. */
void model_erase(model_t *self, int user);
void model_erased(model_t *self, int user);
bool model_perhaps_retired(const model_t *self, int number, int64_t from, int64_t to);
bool model_surely_retired(const model_t *self, int number, int64_t from, int64_t to);
void model_retire(model_t *self, int number);
void model_retired(model_t *self, int number, int64_t asked);
void model_add(model_t *self, int number);
void model_added(model_t *self, int number);
void model_move(model_t *self, int number, int user);
void model_moved(model_t *self, int number, int user, int64_t asked, int64_t leased_at);
void model_not_moved(model_t *self, int number, int user, int64_t asked);
/*  Sessions are named by when they expire: that is all that both sides see. */
void model_session_revoke(model_t *self, int user, int64_t expires);
void model_session_revoked(model_t *self, int user, int64_t expires, int64_t asked);
void model_sessions_listed(model_t *self, int user, const int64_t *expires, size_t count,
                           int64_t asked);
/*  The pool, as its keeper sees it: this number is leased to this account (none: to nobody). */
void model_pooled(model_t *self, int number, op_id_t account, bool retired, bool shared,
                  int64_t asked);
/*  An inbound text is shown as nobody's. */
#define MODEL_FORGED "a text that nobody has sent"
void model_unclaimed(model_t *self, int number, op_str_t from, op_str_t body);
/*  A row of a store that is at rest: nothing in it may be an erased account's. */
void model_row_of_nobody(model_t *self, op_str_t key, op_str_t value);

/*  ---- quotas (sim_model.c) ---- */

/*  rate has let a call pass. kind: 'p' and 'A' sign-ups by phone and address, 's' session, 'k'
    sends and 'r' reads by key. `clock` is that of rate's host. */
void model_counted(model_t *self, char kind, int subject, int64_t clock);
/*  rate has refused a call of these kinds, counted by this subject. */
void model_limited(model_t *self, const char *kinds, int subject, int64_t clock);
/*  The daily cap refused a send that rate had let pass. */
void model_given_back(model_t *self, int subject);
/*  rate's process died, after a turn perhaps that counted and never spoke. `power`: it may also
    have forgotten windows shorter than an hour. */
void model_rate_died(model_t *self, bool power);
/*  The clock of rate's host jumped, or ran wrong: what was open may be closed. */
void model_rate_confused(model_t *self);

/*  ---- secrets (sim_model_secret.c) ---- */

/*  A line of a log; what is posted; a frame, by the name of its message. */
void model_log(model_t *self, op_str_t line);
void model_post_secrets(model_t *self, op_str_t body);
void model_frame(model_t *self, const char *message, op_str_t to, op_str_t frame);
/*  A row of a store that is at rest. */
void model_row(model_t *self, op_str_t value);

#endif
