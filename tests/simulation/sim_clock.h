/*  sim_clock.h - a host's clock in a simulated world: it may be off, and run fast or slow

    The world has one true time; a host sees local = true + offset + drift since `since`. */

#ifndef OP_SIMULATION_CLOCK_H
#define OP_SIMULATION_CLOCK_H

#include "base/check.h"

typedef struct {
    int64_t offset; /* ms at `since` */
    int64_t since;  /* true time */
    int64_t ppm;    /* drift, in millionths */
} sim_clock_t;

int64_t sim_clock_local(const sim_clock_t *self, int64_t now);
/*  The first true instant at which the host sees `local` or later. */
int64_t sim_clock_true(const sim_clock_t *self, int64_t local);
/*  Jumps by so much, from now on with this drift. */
void sim_clock_set(sim_clock_t *self, int64_t now, int64_t jump, int64_t ppm);
/*  Right again, from now on. */
void sim_clock_heal(sim_clock_t *self, int64_t now);

#endif
