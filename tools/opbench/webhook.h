/*  webhook.h - how long an event takes to its receiver while others hang

    Accounts on the shared number, each with a webhook at an endpoint of its own on this machine.
    One endpoint answers at once; the others take the connection and never say a word. Every
    OP_BENCH_TEXT_MS a phone texts the number: the first OP_BENCH_FIRST times and then every
    OP_BENCH_ALL_MS one that all accounts have texted, so that posts always hang at all of the
    others; else one that only the live account has texted. A time runs from just before the phone's
    text to the event's receipt: the modem's part and both commits are within.

    Needs opd --simulate on this machine, with its limits raised. */

#ifndef OP_TOOLS_OPBENCH_WEBHOOK_H
#define OP_TOOLS_OPBENCH_WEBHOOK_H

#include "tools/opbench/latency.h"

enum {
    OP_BENCH_HANGING_MAX = 500,
    OP_BENCH_FIRST = 8,
    OP_BENCH_TEXT_MS = 100,
    OP_BENCH_ALL_MS = 5000,
    OP_BENCH_RECEIPT_MS = 30 * 1000 /* how long the last receipts are waited for */
};

/*  `count` texts (at most OP_BENCH_LATENCY_MAX, asserted). Fills `times`, which is the caller's to
    free, with those received. -1: something failed, with a line on stderr. */
int op_bench_webhooks(op_bench_client_t *client, size_t hanging, size_t count,
                      op_bench_times_t *times) OP_MUST_CHECK;

#endif
