/*  latency.h - how long a text takes through OP, both ways, one at a time

    Inbound: a simulated phone texts the number, and GET /v1/messages?direction=inbound is asked
    until it lists the text. The time runs from the modem's unsolicited line (+CMTI or +CMT, the
    simulator's event "notified") to the listing answer.

    Outbound: POST /v1/messages; the time runs from its answer to AT+CMGS at the modem (the event
    "submitting"). It is negative when the modem was quicker than the answer.

    Events are whole milliseconds of the same host's clock, so each figure is within 1 ms. Without
    GET /sim/events inbound is measured from the phone's POST, and outbound not at all. */

#ifndef OP_TOOLS_OPBENCH_LATENCY_H
#define OP_TOOLS_OPBENCH_LATENCY_H

#include "tools/opbench/client.h"

enum { OP_BENCH_LATENCY_MAX = 10000, OP_BENCH_EVENT_MS = 10 * 1000, OP_BENCH_SENT_MS = 30 * 1000 };

/*  Milliseconds, sorted. Zero-initialise it; op_bench_times_free. */
typedef struct {
    double *at;
    size_t count;
} op_bench_times_t;

void op_bench_times_free(op_bench_times_t *self);
/*  The smallest that `percent` of all do not exceed; 0 when there is none. */
double op_bench_times_at(const op_bench_times_t *self, double percent);

typedef struct {
    op_bench_times_t inbound, outbound;
    bool events; /* the server tells the simulator's events */
} op_bench_latency_t;

/*  `count` texts each way (at most OP_BENCH_LATENCY_MAX, asserted) with that API key. -1: something
    failed, with a line on stderr. `result` is filled either way and the caller's to free. */
int op_bench_latency(op_bench_client_t *client, const char *key, size_t count,
                     op_bench_latency_t *result) OP_MUST_CHECK;

#endif
