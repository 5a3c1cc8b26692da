#include "transport/clock.h"

#include <sodium.h>
#include <time.h>

static int64_t s_read(clockid_t clock)
{
    struct timespec now;
    OP_ASSERT(clock_gettime(clock, &now) == 0);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t op_clock_now(void)
{
    return s_read(CLOCK_REALTIME);
}

int64_t op_clock_steady(void)
{
    return s_read(CLOCK_MONOTONIC);
}

void op_clock_entropy(void *entropy, size_t size)
{
    randombytes_buf(entropy, size);
}
