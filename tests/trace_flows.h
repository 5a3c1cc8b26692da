/*  trace_flows.h - the flows that tests/traces holds recordings of

    Each flow is played in a world (world.h) with virtual time and a fixed seed, so that it gives
    the same octets on every machine. What has to be there first (accounts, keys) is played before
    the recording begins; then all actors start anew on the rows that this left. */

#ifndef OP_TESTS_TRACE_FLOWS_H
#define OP_TESTS_TRACE_FLOWS_H

#include "base/bytes.h"

/*  The name of the n-th flow, which is its file's, without ".trace"; NULL behind the last. */
const char *trace_flow_name(size_t n);

/*  Appends the flow's trace to `out`. */
void trace_flow_record(size_t n, op_buf_t *out);

/*  Appends a trace of one small actor that answers a few requests: for tests that try every
    octet. */
void trace_flow_tiny(op_buf_t *out);

#endif
