/*  histogram.h - how long things took, in constant memory

    Counts whole numbers (nanoseconds, say) in buckets that are exact below 128 and then at most
    1/64 wide: a percentile is at most 1.6 % above the true one, and never above the largest value,
    which is kept exactly. Pure. */

#ifndef OP_TOOLS_OPBENCH_HISTOGRAM_H
#define OP_TOOLS_OPBENCH_HISTOGRAM_H

#include "base/check.h"

enum { OP_BENCH_BUCKETS = 59 * 64 };

/*  Zero-initialise it. */
typedef struct {
    uint64_t buckets[OP_BENCH_BUCKETS];
    uint64_t count;
    uint64_t max;
} op_bench_histogram_t;

void op_bench_histogram_add(op_bench_histogram_t *self, uint64_t value);

/*  The smallest value that `percent` of all (0 < percent <= 100) do not exceed; 0 when empty. */
uint64_t op_bench_histogram_at(const op_bench_histogram_t *self, double percent);

#endif
