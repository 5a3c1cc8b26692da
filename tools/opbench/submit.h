/*  submit.h - the ceiling of texts through modems: a tight loop of AT+CMGS on their ttys

    Each modem gets the next AT+CMGS as soon as it has answered the last one, from one thread that
    waits for all of them. Nothing is checked but the answer; nothing is journalled, or all that
    goes on at the same moment with one write and one fdatasync of 512 octets. With reports, each
    text's status report is waited for, read and deleted before the next text, as OP does. The ttys
    are modems of the simulated carrier (opsim), whose phone +14155550100 gets the texts. */

#ifndef OP_TOOLS_OPBENCH_SUBMIT_H
#define OP_TOOLS_OPBENCH_SUBMIT_H

#include "base/bytes.h"

enum { OP_BENCH_TTYS_MAX = 64, OP_BENCH_SUBMIT_SILENCE_MS = 10 * 1000 };

typedef struct {
    double seconds;
    const char *journal; /* the path of a file that is made or appended to; NULL: none */
    bool reports;
} op_bench_submit_options_t;

typedef struct {
    double seconds;
    uint64_t sent;
} op_bench_submit_t;

/*  Submits for so many seconds on 1 to OP_BENCH_TTYS_MAX ttys (asserted). -1: a tty could not be
    opened, a modem answered wrong or was silent for OP_BENCH_SUBMIT_SILENCE_MS; a line on stderr
    says which. */
int op_bench_submit(char **ttys, size_t count, const op_bench_submit_options_t *options,
                    op_bench_submit_t *result) OP_MUST_CHECK;

#endif
