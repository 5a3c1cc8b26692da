/*  core_fixture.h - one real core in its real turn machine, on a memory store, in virtual time

    The test plays all the others. Every event (start, request, tell, note, passing time) is
    followed by a commit; what leaves is collected in `out` until the next event. Tells to
    others are acknowledged as their receivers would, tells to itself are delivered, so that an
    outbox is empty when an event is over, unless the test wants them held back. */

#ifndef OP_TESTS_CORE_FIXTURE_H
#define OP_TESTS_CORE_FIXTURE_H

#include "tests/actor_fixture.h"

enum { CORE_PEERS_MAX = 12 };

typedef struct {
    const op_core_class_t *class;
    const op_type_t *setup_type;
    const void *setup; /* borrowed */
    op_store_t *store;
    op_actor_t *actor;
    int64_t now;
    struct {
        char name[OP_ACTOR_NAME_MAX + 1];
        uint64_t sequence; /* of its last tell; outlives restarts of the actor */
        uint64_t taken;    /* of the actor's tells to it: a repeat is acknowledged and not kept */
    } peers[CORE_PEERS_MAX];
    bool hold_self;      /* tells to itself are not delivered */
    bool hold_acks;      /* tells to others are not acknowledged */
    uint64_t outbox_max; /* from the next restart on (op_actor_limit_outbox); 0: as ever */
    drive_out_t out;
} core_t;

/*  A new store and a started actor, at DRIVE_NOW. `self` is not initialised before. */
void core_open(core_t *self, const op_core_class_t *class, const op_type_t *setup_type,
               const void *setup);
void core_close(core_t *self);
/*  The process dies and starts again; with `power_cut`, what was not synced is gone. */
void core_restart(core_t *self, bool power_cut);

/*  Events. Each forgets `out` first. */
void core_tell(core_t *self, const char *from, const op_type_t *type, const void *body);
void core_note(core_t *self, const char *from, const op_type_t *type, const void *body);
/*  The same tell again, with the number of the peer's last one. */
void core_tell_again(core_t *self, const char *from, const op_type_t *type, const void *body);
/*  Time passes, with a tick whenever the actor asked for one. */
void core_advance(core_t *self, int64_t ms);
/*  A request along `slip`. Returns the body of the one frame that answers or forwards it. */
const void *core_ask(core_t *self, op_str_t slip, const op_context_t *context,
                     const op_type_t *type, const void *body, const op_type_t *answer);
/*  The same for a call that is not answered now. */
void core_request(core_t *self, op_str_t slip, const op_context_t *context, const op_type_t *type,
                  const void *body);
/*  The same for a call that is refused; returns the refusal. */
const op_refusal_t *core_ask_refused(core_t *self, op_str_t slip, const op_context_t *context,
                                     const op_type_t *type, const void *body, op_error_t error);
/*  The context with which a request was forwarded or answered. */
const op_context_t *core_context(const core_t *self);

/*  The n-th (from 0) message of this type to this peer in `out`, or NULL; and how many. */
const void *core_find(const core_t *self, const char *to, const op_type_t *type, size_t n);
size_t core_count(const core_t *self, const char *to, const op_type_t *type);

#define CORE_ASK(self, context, name, body, answer, ...)                                           \
    ((const op_##answer##_t *)core_ask(self, DRIVE_SLIP(__VA_ARGS__), context, &op_##name##_type,  \
                                       body, &op_##answer##_type))
#define CORE_REFUSED(self, context, name, body, error, ...)                                        \
    core_ask_refused(self, DRIVE_SLIP(__VA_ARGS__), context, &op_##name##_type, body, error)
#define CORE_FIND(self, to, name, n)                                                               \
    ((const op_##name##_t *)core_find(self, to, &op_##name##_type, n))
#define CORE_COUNT(self, to, name) core_count(self, to, &op_##name##_type)

/*  Do these bytes stand anywhere in the store's rows whose keys begin with `prefix`? */
bool core_store_holds(const core_t *self, const char *prefix, op_str_t bytes);

/*  An id that differs from others by its letter, and its text. */
op_id_t core_id(char letter);
op_str_t core_id_text(const core_t *self, op_id_t id);

/*  ---- The modem's tty, line 0 unless said otherwise ---- */

/*  Bytes from the modem. */
void tty_say_on(core_t *self, uint64_t line, const char *text);
void tty_say(core_t *self, const char *text);
/*  What the core wrote since the event began is exactly this. */
void tty_expect_on(const core_t *self, uint64_t line, const char *bytes);
void tty_expect(const core_t *self, const char *bytes);
/*  The modem says `text`, whereupon the core writes `bytes`. */
void tty_dialogue(core_t *self, const char *text, const char *bytes);
/*  What a plain modem answers to a command of the setup; valid until the next call. */
const char *tty_answer_to(uint64_t line, const char *command);
/*  The tty has opened and is drained; the setup's first command is out. */
void tty_open(core_t *self, uint64_t line);
/*  The setup runs, well answered, until a command that begins so is out and waits for its answer.
    */
void tty_set_up_until(core_t *self, uint64_t line, const char *last);
/*  The tty has opened: drain and setup script, until AT+CMGL has been answered with an empty
    list. The modem has the memory SM alone. */
void tty_bring_up(core_t *self, uint64_t line);

#endif
