#include "tests/simulation/sim_clock.h"

static const int64_t s_million = 1000000;

int64_t sim_clock_local(const sim_clock_t *self, int64_t now)
{
    return now + self->offset + (now - self->since) * self->ppm / s_million;
}

int64_t sim_clock_true(const sim_clock_t *self, int64_t local)
{
    int64_t passed = local - self->offset - self->since;
    int64_t now = self->since + passed * s_million / (s_million + self->ppm) - 2;
    while (sim_clock_local(self, now) < local)
        now++;
    return now;
}

void sim_clock_set(sim_clock_t *self, int64_t now, int64_t jump, int64_t ppm)
{
    self->offset = sim_clock_local(self, now) - now + jump;
    self->since = now;
    self->ppm = ppm;
}

void sim_clock_heal(sim_clock_t *self, int64_t now)
{
    *self = (sim_clock_t){.since = now};
}
