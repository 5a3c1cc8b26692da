/*  measure.h - an actor's figures, put into the metrics by the thread that drives it

    Nothing here decides or changes anything; `metrics` may be NULL everywhere. */

#ifndef OP_ACTORS_MEASURE_H
#define OP_ACTORS_MEASURE_H

#include "actors/actor.h"
#include "transport/metrics.h"

/*  After op_actor_commit, which began at `began` (op_clock_micros), and before the last
    op_actor_next: what the core has counted, and how the turn went. `commits` is what
    op_actor_counts said before it. */
void op_measure_turn(op_metrics_t *metrics, op_actor_t *actor, int64_t began, uint64_t commits);

/*  The actor has looked into its mailbox, and found so many messages. */
void op_measure_look(op_metrics_t *metrics, const op_actor_t *actor, size_t waiting);

#endif
