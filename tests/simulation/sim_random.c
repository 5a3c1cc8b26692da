#include "tests/simulation/sim_random.h"

#include <string.h>

uint64_t sim_random(sim_random_t *self)
{
    uint64_t z = self->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

uint32_t sim_below(sim_random_t *self, uint32_t bound)
{
    return (uint32_t)(((sim_random(self) >> 32) * bound) >> 32);
}

int64_t sim_between(sim_random_t *self, int64_t low, int64_t high)
{
    return low + (int64_t)(sim_random(self) % (uint64_t)(high - low + 1));
}

bool sim_once_in(sim_random_t *self, uint32_t n)
{
    return n && sim_below(self, n) == 0;
}

/*  The product of halvings, in integers: the world must not depend on how a machine rounds. */
int64_t sim_wait(sim_random_t *self, int64_t mean)
{
    int64_t wait = sim_between(self, 0, 2 * mean);
    while (wait < 10 * mean && sim_once_in(self, 4))
        wait += sim_between(self, 0, 2 * mean);
    if (sim_once_in(self, 2))
        wait = wait / (1 + sim_below(self, 8));
    return wait < 10 * mean ? wait : 10 * mean;
}

void sim_entropy(sim_random_t *self, uint8_t entropy[OP_ENTROPY_SIZE])
{
    for (size_t i = 0; i < OP_ENTROPY_SIZE; i += sizeof(uint64_t)) {
        uint64_t word = sim_random(self);
        memcpy(entropy + i, &word, sizeof word);
    }
}
