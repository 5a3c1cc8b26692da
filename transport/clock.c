#include "transport/clock.h"

#include <sodium.h>
#include <stdatomic.h>
#include <time.h>

static _Atomic int64_t s_ahead, s_shift; /* ms: op_clock_advance, op_clock_follow */

static int64_t s_micros(clockid_t clock)
{
    struct timespec now;
    OP_ASSERT(clock_gettime(clock, &now) == 0);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t s_read(clockid_t clock)
{
    return s_micros(clock) / 1000;
}

int64_t op_clock_now(void)
{
    return op_clock_machine() + atomic_load(&s_ahead) + atomic_load(&s_shift);
}

int64_t op_clock_machine(void)
{
    return s_read(CLOCK_REALTIME);
}

bool op_clock_advance(int64_t by_ms)
{
    int64_t before = atomic_load(&s_ahead);
    do {
        if (by_ms < 0 || by_ms > OP_CLOCK_AHEAD_MAX_MS - before)
            return false;
    } while (!atomic_compare_exchange_weak(&s_ahead, &before, before + by_ms));
    return true;
}

bool op_clock_reach(int64_t ahead_ms)
{
    int64_t before = atomic_load(&s_ahead);
    OP_ASSERT(ahead_ms <= OP_CLOCK_AHEAD_MAX_MS);
    do {
        if (before >= ahead_ms)
            return false;
    } while (!atomic_compare_exchange_weak(&s_ahead, &before, ahead_ms));
    return true;
}

int64_t op_clock_ahead(void)
{
    return atomic_load(&s_ahead);
}

void op_clock_follow(int64_t offset)
{
    atomic_store(&s_shift, offset);
}

int64_t op_clock_steady(void)
{
    return s_read(CLOCK_MONOTONIC);
}

int64_t op_clock_micros(void)
{
    return s_micros(CLOCK_MONOTONIC);
}

void op_clock_entropy(void *entropy, size_t size)
{
    randombytes_buf(entropy, size);
}
