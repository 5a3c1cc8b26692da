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
    uint64_t frames, requests, silences, accepted, arrived, inbound, posts, deaths;
} sim_verdict_t;

void sim_run(const sim_options_t *options, sim_verdict_t *verdict);
void sim_verdict_free(sim_verdict_t *verdict);

#endif
