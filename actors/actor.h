/*  actor.h - one actor: a mailbox's worth of frames in, one commit, frames out

    This is the turn (ARCHITECTURE.md), without any thread or socket: the runtime (runtime.h) drives
    it with CZMQ and the real clock, a test or a simulation with whatever it likes.

        op_actor_start                    once
        loop:
            op_actor_receive  ...         what is waiting, at most OP_TURN_MESSAGES_MAX frames
            op_actor_tick                 when op_actor_wake_at has come
            op_actor_commit               writes the turn's one batch; -1: stop the process
            op_actor_next     ...         take the frames that may now leave

    Tells. Each pair of actors has a link each way. A sent tell is a row of the sender's outbox,
    written in the batch of the turn that sent it, under the next number of the link. The receiver's
    turn writes that number as its cursor together with what the tell changed, and acknowledges
    after its commit. A number at or below the cursor is a repeat: dropped, acknowledged again. A
    number beyond cursor + 1 is too early: dropped, its time will come. The sender keeps
    OP_TELL_WINDOW tells in flight, and sends again from the first one not acknowledged when
    OP_TELL_RESEND_MS pass without progress, or after a restart.

    Numbers are worth something only as long as both stores live, and two hosts' stores need not
    live equally long: one is restored from a backup, or begins empty on a new disk. So numbers
    belong to a series, drawn at random when a store first tells a peer something and again when it
    was restored (store/restore.h); every tell and ack names it.
      - Number 1 of an unknown series begins it: the sender's store is new.
      - A restored sender tells what its outbox holds in the former series, in which the receiver
        knows what it has taken since the backup; what it tells from then on, in the new one.
      - When a sender starts over it first sends a resume: the series and number it goes on from,
        all before having been acknowledged. A receiver that is behind that number, or does not
        know the series, goes on from there: what it does not know is lost with its own store, or
        with its peer's. The log says how much.
    A receiver does not return to the series it has just left: what still comes of it is stale.

    Two things that nobody waits for are no reason to write, and go along with what is. The rows of
    acknowledged tells are deleted by the next turn that writes, at the latest after
    OP_TELL_ERASE_MS. And the number of a tell whose step has neither written durably nor said
    anything is synced, and only then acknowledged, with the next turn that syncs, at the latest
    after OP_TELL_HOLD_MS. A restart before that sees such a tell again, as if for the first time.

    A peer that is gone for days does not fill the disk. When OP_OUTBOX_MAX tells wait for it, an
    actor that relays (turn.h) takes no more tells from others, which then wait in their outboxes in
    turn; from that peer itself, and from itself, it does, or two full actors could wait for each
    other. One that relays nothing takes them all, or auth, modem and ledger could wait for each
    other in a circle. Cores ask op_turn_is_full and begin nothing new: the ledger refuses texts,
    auth sign-ups, with `unavailable`; the modem leaves texts in the SIMs, which then leave them at
    the service centre. What had been begun goes on, so a few more may wait. Nothing that waits is
    ever dropped.

    Frames that do not decode, are not for this actor, or come too late are dropped and counted. A
    tell whose body this build cannot decode is not acknowledged: it stays in its sender's outbox
    until a build that can read it runs here. Losing it silently would be worse than a stuck link,
    which is logged.

    Rows in the store: "<actor>/" and the core's keys; "<actor>!o<peer>" NUL <number> the outbox,
    "<actor>!n<peer>" NUL the last number given out, "<actor>!c<peer>" NUL the cursor,
    "<actor>!s<peer>" NUL the series of both, and "<actor>!r" in a restored store, until the actor
    starts. */

#ifndef OP_ACTORS_ACTOR_H
#define OP_ACTORS_ACTOR_H

#include "actors/turn.h"
#include "store/store.h"
#include "transport/trace.h"

typedef struct op_actor op_actor_t;

typedef struct {
    uint64_t turns, commits, syncs;
    uint64_t steps;   /* events given to the core */
    uint64_t bad;     /* frames that did not decode or were not for us */
    uint64_t late;    /* requests behind their deadline */
    uint64_t repeats; /* tells that were taken before */
    uint64_t early;   /* tells beyond the next one */
    uint64_t held;    /* tells left with their sender, because an outbox is full */
    uint64_t resent;  /* times that a link started over */
} op_actor_counts_t;

/*  Somebody who is told what the actor is given and does: a recording (recording.h), a replay, a
    test. It only looks: it must not call the actor.

    event   START, RECEIVE, TICK and DRAIN, each before the core sees it; COMMIT when the batch is
            durable, then a SEND for each frame that op_actor_next is going to give out, in that
            order, while none has left yet. event->actor is 0; slices die with the call.
    turn    the turn is over: behind its last SEND, or, when the commit failed, without a COMMIT. */
typedef struct {
    void *self;
    void (*event)(void *self, const op_trace_event_t *event);
    void (*turn)(void *self);
} op_actor_observer_t;

/*  `store` is borrowed and outlives the actor. Every actor of a store has its own name. */
op_actor_t *op_actor_new(const op_core_class_t *class, const char *name, op_store_t *store);
void op_actor_destroy(op_actor_t **self_p);

/*  Before op_actor_start. The observer is copied; what it points to outlives the actor. */
void op_actor_observe(op_actor_t *self, const op_actor_observer_t *observer);

/*  Before op_actor_start: so many tells make an outbox full, instead of OP_OUTBOX_MAX. For tests
    and simulations, which cannot wait for days; a trace says it (trace.def). */
void op_actor_limit_outbox(op_actor_t *self, uint64_t max);

/*  Reads the links from the store and gives the core its START event. Commit afterwards. */
void op_actor_start(op_actor_t *self, const op_type_t *setup_type, const void *setup, int64_t now,
                    const uint8_t entropy[OP_ENTROPY_SIZE]);

/*  The frame is copied. */
void op_actor_receive(op_actor_t *self, op_str_t frame, int64_t now,
                      const uint8_t entropy[OP_ENTROPY_SIZE]);

/*  The instant at which op_actor_tick has something to do; 0: none. */
int64_t op_actor_wake_at(const op_actor_t *self);
void op_actor_tick(op_actor_t *self, int64_t now, const uint8_t entropy[OP_ENTROPY_SIZE]);

/*  Gives the core its DRAIN event. Afterwards op_actor_busy says whether work is still in
    flight. */
void op_actor_drain(op_actor_t *self, int64_t now, const uint8_t entropy[OP_ENTROPY_SIZE]);
bool op_actor_busy(const op_actor_t *self);

/*  Does anybody wait for this turn to be committed? Not where it says nothing, or nothing but tells
    and acknowledgements: their receivers have no deadline. */
bool op_actor_hurries(const op_actor_t *self);

/*  0: what the turn wrote is durable. -1: it is not, op_actor_error says why; nothing of the turn
    may leave, and since the core's memory is now ahead of the store, the actor must not go on. */
int op_actor_commit(op_actor_t *self) OP_MUST_CHECK;
const char *op_actor_error(const op_actor_t *self);

/*  After a commit: the next frame to send, and to whom. False at the end, which also ends the turn:
    the slices given out before die with it. False, too, before a commit and after one that
    failed. */
bool op_actor_next(op_actor_t *self, op_str_t *to, op_str_t *frame) OP_MUST_CHECK;
/*  After a commit, before the last op_actor_next: the lines for the log (base/fields.h), and what
    was counted (op_turn_count). False at the end. */
bool op_actor_next_log(op_actor_t *self, op_str_t *line) OP_MUST_CHECK;
/*  Is the line that was given out last a warning? */
bool op_actor_log_warns(const op_actor_t *self);
bool op_actor_next_count(op_actor_t *self, op_metric_t *metric, int64_t *value, op_str_t *first,
                         op_str_t *second) OP_MUST_CHECK;

/*  After a commit, before the last op_actor_next: the store is to be compacted (op_turn_compact)
    between these bounds, which hold all rows of the actor. */
bool op_actor_compacts(const op_actor_t *self);
void op_actor_bounds(const char *name, char low[OP_ACTOR_NAME_MAX + 2],
                     char high[OP_ACTOR_NAME_MAX + 2]);

const char *op_actor_name(const op_actor_t *self);

/*  The actor's tells to another. */
typedef struct {
    char peer[OP_ACTOR_NAME_MAX + 1];
    uint64_t told; /* since the store was made */
    uint64_t unacknowledged;
} op_actor_link_t;
/*  All of them; how many. */
size_t op_actor_links(const op_actor_t *self, op_actor_link_t links[OP_PEERS_MAX]);

op_actor_counts_t op_actor_counts(const op_actor_t *self);
/*  Tells in the outbox, to all peers. */
uint64_t op_actor_unacknowledged(const op_actor_t *self);

#endif
