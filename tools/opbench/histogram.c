#include "tools/opbench/histogram.h"

/*  Values of one bit length beyond 7 share 64 buckets, chosen by the six bits below the top one.
    Bit lengths up to 7 (values below 128) fill the first 128 buckets, one value each. */
static size_t s_bucket(uint64_t value)
{
    if (value < 128)
        return (size_t)value;
    unsigned shift = 57 - (unsigned)__builtin_clzll(value); /* bit length - 7 */
    return (size_t)shift * 64 + (size_t)(value >> shift);
}

/*  The largest value of a bucket. */
static uint64_t s_top(size_t bucket)
{
    if (bucket < 128)
        return bucket;
    unsigned shift = (unsigned)(bucket / 64 - 1);
    uint64_t low = (uint64_t)(bucket % 64 + 64) << shift;
    return low + ((UINT64_C(1) << shift) - 1);
}

void op_bench_histogram_add(op_bench_histogram_t *self, uint64_t value)
{
    size_t bucket = s_bucket(value);
    OP_ASSERT(bucket < OP_BENCH_BUCKETS);
    self->buckets[bucket]++;
    self->count++;
    if (value > self->max)
        self->max = value;
}

uint64_t op_bench_histogram_at(const op_bench_histogram_t *self, double percent)
{
    OP_ASSERT(percent > 0 && percent <= 100);
    if (self->count == 0)
        return 0;
    double exact = (double)self->count * percent / 100;
    uint64_t rank = (uint64_t)exact;
    if ((double)rank < exact)
        rank++;
    uint64_t seen = 0;
    for (size_t at = 0; at < OP_BENCH_BUCKETS; at++) {
        seen += self->buckets[at];
        if (self->buckets[at] != 0 && seen >= rank)
            return s_top(at) < self->max ? s_top(at) : self->max;
    }
    return self->max;
}
