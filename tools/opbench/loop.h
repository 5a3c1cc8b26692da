/*  loop.h - N connections, each asking again as soon as it has its answer (a closed loop)

    One thread and epoll, so that on a host of two cores the other is the server's. A latency is
    the time from the first octet sent to the last one received, in nanoseconds. What is in flight
    at the end is waited for and counted in the latencies, so that a stall cannot hide there, but
    not in the throughput. */

#ifndef OP_TOOLS_OPBENCH_LOOP_H
#define OP_TOOLS_OPBENCH_LOOP_H

#include "tools/opbench/client.h"
#include "tools/opbench/histogram.h"

enum {
    OP_BENCH_CONNECTIONS_MAX = 1024,
    OP_BENCH_RECONNECTS_MAX = 1000, /* then the run gives up */
    OP_BENCH_GRACE_MS = 10 * 1000   /* for what is in flight at the end */
};

typedef struct {
    const op_bench_target_t *target;
    const op_buf_t *requests; /* borrowed: one for each connection, sent again and again */
    size_t connections;       /* 1 to OP_BENCH_CONNECTIONS_MAX, asserted */
    double warmup_seconds;    /* asked, but not counted */
    double seconds;
} op_bench_load_t;

typedef struct {
    op_bench_histogram_t latency; /* ns, of proper answers with status 2xx */
    uint64_t statuses[600];       /* answers by status */
    uint64_t in_time;             /* 2xx within the measured time */
    uint64_t broken;              /* malformed, or the connection ended without an answer */
    uint64_t unanswered;          /* still nothing at the end of the grace */
    uint64_t reconnects;
    double seconds; /* measured */
} op_bench_result_t;

/*  -1: a connection could not be made, or OP_BENCH_RECONNECTS_MAX; `result` holds what there
    was. */
int op_bench_load(const op_bench_load_t *load, op_bench_result_t *result) OP_MUST_CHECK;

/*  Everything but 2xx. */
uint64_t op_bench_errors(const op_bench_result_t *result);

#endif
