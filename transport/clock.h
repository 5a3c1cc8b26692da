/*  clock.h - the machine's clock and entropy, for those who hand them to cores */

#ifndef OP_TRANSPORT_CLOCK_H
#define OP_TRANSPORT_CLOCK_H

#include "base/random.h"

/*  Milliseconds since 1970-01-01T00:00:00Z: by this machine's clock or, in a process whose ledger
    is elsewhere, by that of the ledger's machine (transport/ingress.h). So all actors of one OP
    live in one time: deadlines, texts' time to live and windows hold across hosts whose clocks
    differ. What op_clock_advance has added is in it. */
int64_t op_clock_now(void);

/*  For a server on a simulated carrier: from now on op_clock_now is `by_ms` further ahead of the
    machine's clock, in the whole process. At most OP_CLOCK_AHEAD_MAX_MS in all, and never back:
    false, and nothing has changed. Whoever sleeps until an instant is to be woken by the caller. */
#define OP_CLOCK_AHEAD_MAX_MS (100 * 366 * INT64_C(86400000))
bool op_clock_advance(int64_t by_ms) OP_MUST_CHECK;
/*  The same, to be at least so far ahead (within the maximum). False: it was, and nothing has
    changed. */
bool op_clock_reach(int64_t ahead_ms) OP_MUST_CHECK;
/*  How far ahead it is. */
int64_t op_clock_ahead(void);

/*  This machine's own, which nothing moves. */
int64_t op_clock_machine(void);
/*  From now on op_clock_now is so many milliseconds ahead of that, and what op_clock_advance has
    added. */
void op_clock_follow(int64_t offset);

/*  Milliseconds that never jump, from an arbitrary start: for waits. */
int64_t op_clock_steady(void);
/*  The same in microseconds: for what is measured. */
int64_t op_clock_micros(void);

/*  Fills `entropy` with random bytes of the machine's. */
void op_clock_entropy(void *entropy, size_t size);

#endif
