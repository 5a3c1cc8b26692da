/*  constant.h - the ceiling: plain civetweb, one constant answer

    The HTTP library that OP stands on, with OP's thread count, keep-alive and tcp_nodelay, and
    nothing of OP: every request gets 200 and the same JSON body of OP_BENCH_CONSTANT_SIZE octets in
    one write. What OP's own calls reach is read beside it. */

#ifndef OP_TOOLS_OPBENCH_CONSTANT_H
#define OP_TOOLS_OPBENCH_CONSTANT_H

#include "base/check.h"

enum { OP_BENCH_CONSTANT_SIZE = 300, OP_BENCH_CONSTANT_THREADS = 256 };

/*  Serves at `listen` ("127.0.0.1:8080"; port 0: any free one) with that many worker threads, says
    "opbench constant is ready on http://..." on stdout and returns 0 after SIGINT or SIGTERM; -1
    when it could not listen, with a line on stderr. To be called before any thread is started. */
int op_bench_constant(const char *listen, unsigned threads) OP_MUST_CHECK;

#endif
