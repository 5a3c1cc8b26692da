/*  sim_queue.h - what is yet to happen in a simulated world, by time

    Happenings of one instant come out in the order in which they were put in. */

#ifndef OP_SIMULATION_QUEUE_H
#define OP_SIMULATION_QUEUE_H

#include "base/bytes.h"

typedef struct {
    int64_t at;
    uint64_t order;
    int kind;      /* what it means is its owner's business */
    uint64_t a, b; /* ... these too */
    char *bytes;   /* owned by the queue until taken; NULL for none */
    size_t size;
} sim_event_t;

typedef struct {
    sim_event_t *heap;
    size_t count, capacity;
    uint64_t order;
} sim_queue_t;

/*  The bytes are copied. */
void sim_queue_put(sim_queue_t *self, int64_t at, int kind, uint64_t a, uint64_t b, op_str_t bytes);
/*  The time of the next one; 0: there is none. */
int64_t sim_queue_next(const sim_queue_t *self);
/*  Takes the next one; its bytes are the caller's to free. There must be one. */
sim_event_t sim_queue_take(sim_queue_t *self);
void sim_queue_free(sim_queue_t *self);

#endif
