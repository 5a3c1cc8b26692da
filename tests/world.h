/*  world.h - the whole system on one thread: real cores and turn machines, a memory store that
    crashes, the simulated carrier, virtual time

    The world plays the parts of the runtime, the ttys, the poster and the http actor. Frames travel
    in the order in which they were sent. It can die at any commit: just before it (nothing of the
    turn is durable) or just after it (durable, but nothing was said); the carrier lives on. */

#ifndef OP_TESTS_WORLD_H
#define OP_TESTS_WORLD_H

#include "actors/recording.h"
#include "carrier/carrier.h"
#include "store/memory.h"

enum { WORLD_MODEMS = 3, WORLD_ACTORS = 5, WORLD_POSTS_MAX = 256 };

typedef struct {
    op_id_t delivery;
    char type[33];
    op_buf_t body;
    bool signed_right;
} world_post_t;

typedef struct world {
    int64_t now;
    op_random_t random; /* for entropy */
    op_store_t *store;
    op_carrier_t *carrier;
    op_actor_t *actors[WORLD_ACTORS];
    bool alive;

    /* Where a life that begins is recorded to; NULL: it is not. Borrowed. */
    const op_recording_sink_t *sink;
    op_recording_t *recordings[WORLD_ACTORS];

    op_buf_t wire; /* frames on their way: size, to, frame */
    size_t wire_at;
    bool opened[WORLD_MODEMS];

    /* Dying: at the commit with this number (counted over all lives, from 1; 0: never). */
    uint64_t die_at;
    bool die_after;
    uint64_t commits;

    /* The last reply to "http". */
    uint64_t asks;
    const char *request_id; /* of the requests, before "-" and their number; NULL: none */
    uint64_t asked;
    bool replied;
    op_arena_t reply_arena;
    op_envelope_t reply;
    const op_type_t *reply_type;
    const void *reply_body;

    world_post_t posts[WORLD_POSTS_MAX];
    size_t post_count;
    op_buf_t webhook_secret;
} world_t;

void world_init(world_t *self, uint64_t seed);
void world_free(world_t *self);

/*  Starts (or restarts, after a death) all actors on the store as it is. */
void world_start(world_t *self);

/*  Ends all actors in good order. What is not synced is kept, as by a kernel that goes on. */
void world_stop(world_t *self);

/*  Lets everything happen that happens within this much virtual time. Returns early when the world
    dies. */
void world_run(world_t *self, int64_t ms);

/*  Sends a request along these steps (ended by 0) and runs until it is answered, at most 5 s. NULL:
    no answer (the world died, or silence). Else the reply's body; its type is in reply_type; valid
    until the next call. */
const void *world_ask(world_t *self, const op_context_t *context, const op_type_t *type,
                      const void *body, const op_step_t *steps);

/*  How many texts with this body the phone has received. */
size_t world_inbox(const world_t *self, const char *phone, const char *body);

#endif
