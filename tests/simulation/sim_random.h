/*  sim_random.h - the one source of chance of a simulated world

    Fast, seeded, the same on every machine (SplitMix64). Not for anything secret. */

#ifndef OP_SIMULATION_RANDOM_H
#define OP_SIMULATION_RANDOM_H

#include "base/random.h"

typedef struct {
    uint64_t state;
} sim_random_t;

uint64_t sim_random(sim_random_t *self);
/*  Uniform in [0, bound); 0 for a bound of 0. */
uint32_t sim_below(sim_random_t *self, uint32_t bound);
/*  Uniform in [low, high]. */
int64_t sim_between(sim_random_t *self, int64_t low, int64_t high);
/*  True once in `n` times; never for 0. */
bool sim_once_in(sim_random_t *self, uint32_t n);
/*  A wait with this mean: short ones are likelier, as between independent happenings; at most ten
    times the mean. */
int64_t sim_wait(sim_random_t *self, int64_t mean);
void sim_entropy(sim_random_t *self, uint8_t entropy[OP_ENTROPY_SIZE]);

#endif
