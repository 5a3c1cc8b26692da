/*  turn.h - what a core may do while it decides

    A core is a function of its state, its keyspace and one event:

        void step(void *core, const op_event_t *event, op_turn_t *turn);

    It does no I/O and knows no clock, randomness, thread or other actor's memory. All it can do is
    below: read and write its own keyspace, speak, and ask to be woken. Nothing that it says leaves,
    and nothing that it writes is durable, before the turn is committed (actors/actor.h).

    Every request must be answered by exactly one of op_turn_reply, op_turn_refuse, op_turn_forward,
    op_turn_promise.
    A refused step leaves nothing behind: its writes, tells and notes are taken back. Only its state
    in memory is the core's own care: it changes that when it can no longer refuse.

    Slices and structs handed out (event bodies, records read, op_turn_alloc) live until the turn
    ends. */

#ifndef OP_ACTORS_TURN_H
#define OP_ACTORS_TURN_H

#include "store/key.h"
#include "transport/messages.h"
#include "transport/metric.h"

typedef enum {
    OP_EVENT_START,   /* first event: `body` is the actor's setup message */
    OP_EVENT_REQUEST, /* `step` is the step to take */
    OP_EVENT_TELL,
    OP_EVENT_NOTE,
    OP_EVENT_TIMER, /* the time asked for has come */
    OP_EVENT_DRAIN  /* the process is about to stop: begin nothing new */
} op_event_kind_t;

typedef struct {
    op_event_kind_t kind;
    int64_t now;           /* ms since 1970; may jump, also backwards */
    op_str_t from;         /* the sending actor */
    op_step_t step;        /* of a request */
    const op_type_t *type; /* of the message; NULL for TIMER and DRAIN */
    const void *body;      /* the decoded message */
    op_context_t *context; /* of a request; changes travel on with it */
} op_event_t;

/*  The body as a struct of the named message. It is a bug to ask for another than event->type. */
#define OP_BODY(event, name) ((const op_##name##_t *)op_event_body(event, &op_##name##_type))
const void *op_event_body(const op_event_t *event, const op_type_t *type);
/*  Is the event's message of this declared type? */
#define OP_IS(event, name) ((event)->type == &op_##name##_type)

typedef struct op_turn op_turn_t;

/*  A kind of actor. `create` makes the state in memory, before the START event; `destroy` frees it
    and nulls the pointer. `busy`, if not NULL, says that work is in flight which a stopping process
    should see through (within OP_DRAIN_DEADLINE_MS). `relays`: being told something may make it
    tell somebody else, so it can be full (actor.h). */
typedef struct {
    const char *name;
    void *(*create)(void);
    void (*destroy)(void **core_p);
    void (*step)(void *core, const op_event_t *event, op_turn_t *turn);
    bool (*busy)(const void *core);
    bool relays;
} op_core_class_t;

/*  ---- Keyspace ---- */

/*  True: found, *value filled. False: no such row. A row that cannot be read (disk, damage) breaks
    the turn: it answers false, and nothing of the turn will be committed or said. */
bool op_turn_get(op_turn_t *self, const op_key_t *key, const op_type_t *record,
                 void *value) OP_MUST_CHECK;
void op_turn_put(op_turn_t *self, const op_key_t *key, const op_type_t *record, const void *value);
/*  The same for a row whose loss at a power cut is harmless: alone, it causes no sync. */
void op_turn_put_lazy(op_turn_t *self, const op_key_t *key, const op_type_t *record,
                      const void *value);
void op_turn_delete(op_turn_t *self, const op_key_t *key);

/*  Walks rows low <= key < high, in order or in reverse, seeing the writes of this turn. No write
    is allowed between begin and end. op_turn_walk_next: true and a row; false at the end (or when
    the turn broke). `key` (without the keyspace's prefix) and *value stay valid until the turn
    ends. */
typedef struct op_walk op_walk_t;
op_walk_t *op_turn_walk(op_turn_t *self, const op_key_t *low, const op_key_t *high, bool reverse);
bool op_turn_walk_next(op_walk_t *walk, const op_type_t *record, op_str_t *key,
                       void *value) OP_MUST_CHECK;
void op_turn_walk_end(op_walk_t **walk_p);

/*  ---- Speaking ---- */

/*  Answer the current request, to its origin. */
void op_turn_reply(op_turn_t *self, const op_type_t *type, const void *body);
/*  Answer it with an error. `field` (may be NULL) is the member at fault, `sentence` (may be NULL)
    stands in place of the error's own, `retry_after` is in seconds (0: none). */
void op_turn_refuse(op_turn_t *self, op_error_t error, const char *field);
void op_turn_refuse_with(op_turn_t *self, op_error_t error, const char *field, const char *sentence,
                         uint64_t retry_after);
/*  Send it on to the next step of its slip, with event->context as it is now. */
void op_turn_forward(op_turn_t *self);
/*  Or promise an answer: *promise is all that is needed to give it in a later turn. It lives in the
    core's memory; if the process dies, or nobody waits any more, nothing comes of it. */
typedef struct {
    char origin[OP_ACTOR_NAME_MAX + 1];
    char request_id[OP_REQUEST_ID_MAX + 1];
    uint64_t correlation;
    uint64_t limit, remaining; /* the rate window of the request's context */
    int64_t reset;
    int64_t deadline; /* after it nobody waits */
} op_promise_t;
void op_turn_promise(op_turn_t *self, op_promise_t *promise);
void op_turn_keep(op_turn_t *self, const op_promise_t *promise, const op_type_t *type,
                  const void *body);
/*  Is the current step the last one of the request's slip? */
bool op_turn_is_last(const op_turn_t *self);

void op_turn_tell(op_turn_t *self, const char *to, const op_type_t *type, const void *body);
void op_turn_note(op_turn_t *self, const char *to, const op_type_t *type, const void *body);

/*  So many tells wait for this peer's acknowledgement that nothing new may be begun that ends in
    another one (actor.h). */
bool op_turn_is_full(const op_turn_t *self, const char *to);

/*  Ask for a TIMER event at this instant or soon after; the earliest wish counts. Every TIMER event
    clears the wish. */
void op_turn_wake_at(op_turn_t *self, int64_t at);

/*  The id of the request that has led to this step, however many tells ago; empty where none has.
    Tells and lines of the log bear it. Work that waits in a row keeps it there, and speaks on
    its behalf when it goes on; the slice lives as long as the turn. */
op_str_t op_turn_request(const op_turn_t *self);
void op_turn_on_behalf(op_turn_t *self, op_str_t request_id);

/*  A line for the operator's log, written when the turn is committed: a sentence and fields, as
    base/fields.h reads the format. Never a code, key, body or full number. */
void op_turn_log(op_turn_t *self, const char *format, ...) OP_PRINTF(2, 3);
/*  The same as a warning: what somebody should look after. */
void op_turn_warn(op_turn_t *self, const char *format, ...) OP_PRINTF(2, 3);

/*  Adds to a counter, or sets a gauge, of transport/metrics.def, when the turn is committed. The
    texts are the values of the metric's labels, copied; NULL: it has none. Like everything said, it
    is taken back with a refused step. */
void op_turn_count(op_turn_t *self, op_metric_t metric, int64_t value, const char *first,
                   const char *second);

/*  What the actor has deleted so far is to leave the disk as well, not only its keyspace: soon after
    the commit (OP_COMPACT_DELAY_MS), and in its own time. For what somebody wants gone for good:
    all that is kept is written anew for it. */
void op_turn_compact(op_turn_t *self);

/*  ---- Resources ---- */

op_id_t op_turn_new_id(op_turn_t *self);
op_random_t *op_turn_random(op_turn_t *self);
void *op_turn_alloc(op_turn_t *self, size_t size);
op_str_t op_turn_copy(op_turn_t *self, op_str_t bytes);
op_str_t op_turn_text(op_turn_t *self, const char *format, ...) OP_PRINTF(2, 3);

/*  Reports one more rate window into the request's context, if it is nearer to empty than the one
    that stands there. */
void op_context_window(op_context_t *context, uint64_t limit, uint64_t remaining, int64_t reset);

#endif
