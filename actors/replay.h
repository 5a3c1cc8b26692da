/*  replay.h - an actor once more, from what a tape says it was given. Pure

    A replay has a memory store with the rows the actor started from, and a turn machine of the same
    class. It is given the recorded inputs with their times and entropy, and so must say the same
    frames, octet by octet, and end with the same rows. Where it does not, either the build decides
    differently from the one that recorded, or a core looked at something that is no input.

    op_replay_actor is the whole comparison; the rest is for those who want to do something else
    with what is said (optrace scrub records it anew). */

#ifndef OP_ACTORS_REPLAY_H
#define OP_ACTORS_REPLAY_H

#include "actors/actor.h"
#include "actors/tape.h"

typedef struct op_replay op_replay_t;

/*  An actor of this name, class and outbox with an empty store. NULL: this build has no such class.
    */
op_replay_t *op_replay_new(const op_tape_actor_t *like);
void op_replay_destroy(op_replay_t **self_p);

/*  Puts a row into the store: before the START. Keys in any order. */
void op_replay_row(op_replay_t *self, op_str_t key, op_str_t value);

/*  Gives it START, RECEIVE, TICK, DRAIN or COMMIT (not a SEND). 0; -1: it cannot go on, because the
    setup is not one of its class, a row is damaged, or the like: op_replay_actor reports why. */
int op_replay_give(op_replay_t *self, const op_tape_event_t *event) OP_MUST_CHECK;

/*  The next frame of those that it has said since its last COMMIT and nobody has taken; false: there
    is none. Valid until it is false, or the next op_replay_give. */
bool op_replay_say(op_replay_t *self, op_str_t *frame) OP_MUST_CHECK;

/*  Its rows now, as op_recording_digest counts them. */
void op_replay_digest(op_replay_t *self, uint64_t *rows, op_hash_t *digest);

/*  The store, for whoever wants to see the rows. Lives as long as the replay. */
op_store_t *op_replay_store(op_replay_t *self);

typedef struct {
    bool same;
    size_t events; /* compared */
    size_t event;  /* in the tape: where the first difference is; event_count: at the end */
} op_replay_result_t;

/*  The comparison of one actor, that goes on while its tape is still being read. The tape's events
    stay where they are meanwhile (op_tape_reserve). */
typedef struct op_comparison op_comparison_t;

/*  Of a tape that has the actor's START, or all of it. */
op_comparison_t *op_comparison_new(const op_tape_t *tape, size_t actor);
/*  Goes on with the events below `upto`, and stops at the first difference. What is known so far. */
op_replay_result_t op_comparison_go(op_comparison_t *self, size_t upto);
/*  The tape is read: the rest of it, and what is found out. Of the first difference it appends a
    readable account to `report`, several lines, with frames shown like that. A recording may end
    anywhere: what its last turn would have gone on to say is no difference. */
op_replay_result_t op_comparison_end(op_comparison_t **self_p, op_print_t how, op_buf_t *report);

/*  Of no more use; NULL: nothing happens. */
void op_comparison_destroy(op_comparison_t **self_p);

/*  All of it at once. */
op_replay_result_t op_replay_actor(const op_tape_t *tape, size_t actor, op_print_t how,
                                   op_buf_t *report);

#endif
