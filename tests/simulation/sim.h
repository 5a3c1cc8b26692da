/*  sim.h - a whole OP with its people, networks and disks, on one thread, in virtual time

    Real cores in real turn machines (actors/actor.h), the real carrier simulator, and everything
    else played: links between actors, disks, clocks, ttys, web servers, users, phones. One seed is
    one world: the same seed gives the same bytes. A second, simple model (sim_model.h) judges what
    comes out. A run has three parts: `span` of life with faults, then rest until everything must
    have converged, then every user reads all there is to read, and it must be right. */

#ifndef OP_SIMULATION_SIM_H
#define OP_SIMULATION_SIM_H

#include "base/bytes.h"
#include "tests/simulation/sim_faults.h"

/*  What an operator does. VERB(NAME, "name", sentence). */
#define SIM_VERBS(VERB)                                                                            \
    VERB(SUSPEND, "suspend", "an account is suspended")                                            \
    VERB(RESUME, "resume", "it is taken up again")                                                 \
    VERB(ERASE, "erase", "an account is erased")                                                   \
    VERB(SESSIONS, "sessions", "an account's sessions are listed")                                 \
    VERB(SESSION_REVOKE, "session_revoke", "one of them is ended")                                 \
    VERB(KEY_REVOKE, "key_revoke", "a key is revoked")                                             \
    VERB(RETIRE, "retire", "a number is taken out of the pool")                                    \
    VERB(ADD, "add", "it is in the pool again")                                                    \
    VERB(MOVE, "move", "a number goes to another account")                                         \
    VERB(SHARE, "share", "a number is to be shared, which is already, or is retired")              \
    VERB(POOL, "pool", "the pool is looked at")                                                    \
    VERB(UNCLAIMED, "unclaimed", "texts that are nobody's are looked at")                          \
    VERB(QUARANTINE, "quarantine", "the quarantine is looked at")                                  \
    VERB(FIND, "find", "an account is looked at")

typedef enum {
#define SIM_VERB_ENUM(NAME, name, sentence) SIM_VERB_##NAME,
    SIM_VERBS(SIM_VERB_ENUM)
#undef SIM_VERB_ENUM
        SIM_VERB_END
} sim_verb_t;

const char *sim_verb_name(sim_verb_t verb);
const char *sim_verb_sentence(sim_verb_t verb);

typedef struct {
    uint64_t seed;
    int64_t span;           /* ms of life with faults */
    sim_fault_set_t faults; /* those that may happen */
    op_buf_t *trace;        /* appended: a trace of the end of the run; NULL: none is made */
} sim_options_t;

typedef struct {
    bool good;
    char wrong[512];  /* the broken invariant; empty when good */
    int64_t begin;    /* the world's first instant */
    int64_t at;       /* ms from there to the end of the run */
    char hash[17];    /* over all frames that were delivered, and when */
    op_buf_t context; /* of a bad run: the last frames, one a line */
    uint64_t fired[SIM_FAULT_END];
    uint64_t operated[SIM_VERB_END]; /* by the operator, and granted */
    uint64_t frames, requests, silences, accepted, arrived, inbound, posts, deaths;
} sim_verdict_t;

void sim_run(const sim_options_t *options, sim_verdict_t *verdict);
void sim_verdict_free(sim_verdict_t *verdict);

#endif
