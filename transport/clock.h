/*  clock.h - the machine's clock and entropy, for those who hand them to cores */

#ifndef OP_TRANSPORT_CLOCK_H
#define OP_TRANSPORT_CLOCK_H

#include "base/random.h"

/*  Milliseconds since 1970-01-01T00:00:00Z. */
int64_t op_clock_now(void);

/*  Milliseconds that never jump, from an arbitrary start: for waits. */
int64_t op_clock_steady(void);

/*  Fills `entropy` with random bytes of the machine's. */
void op_clock_entropy(void *entropy, size_t size);

#endif
