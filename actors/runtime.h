/*  runtime.h - the actors of one process as threads: CZMQ mailboxes, the real clock, one turn after
    another

    For each actor: wait for its mailbox, its port or its time; receive what waits;
    commit; then send. A turn that nobody waits for (op_actor_hurries) is not committed sooner than
    OP_TURN_GATHER_MS after the last sync: what comes meanwhile joins it. The policy of full
    mailboxes is in transport/mailbox.h; a request that cannot be sent on is refused with
    `unavailable`.

    An actor whose commit fails, or that meets damage in the store, stops the whole process: its
    memory is ahead of the disk, and a restart is the only state that is known to be right. */

#ifndef OP_ACTORS_RUNTIME_H
#define OP_ACTORS_RUNTIME_H

#include "actors/actor.h"
#include "actors/port.h"
#include "actors/views.h"
#include "transport/metrics.h"
#include "transport/trace_file.h"

typedef struct op_runtime op_runtime_t;

op_runtime_t *op_runtime_new(void);
/*  Ends all threads, without draining, and destroys the ports. */
void op_runtime_destroy(op_runtime_t **self_p);

/*  Every actor started from now on is recorded into this file, and its keyspace's digest when it
    ends without a failure. The file is borrowed and outlives the runtime. */
void op_runtime_record(op_runtime_t *self, op_trace_file_t *trace);

/*  Every actor started from now on counts and measures into this, which is borrowed and outlives
    the runtime. */
void op_runtime_measure(op_runtime_t *self, op_metrics_t *metrics);

/*  Starts an actor and waits for its READY, at most OP_START_DEADLINE_MS. `store` is borrowed.
    `setup` is copied. `port` may be NULL; it is owned from now on, also when
    the start fails. 0, or -1 and one line in `error`. */
int op_runtime_start(op_runtime_t *self, const op_core_class_t *class, const char *name,
                     op_store_t *store, const op_type_t *setup_type, const void *setup,
                     const op_port_t *port, char error[256]) OP_MUST_CHECK;

/*  The actor that was started as `which`, from 0. False: there are not so many. Any thread. */
bool op_runtime_view(op_runtime_t *self, size_t which, op_runtime_view_t *view) OP_MUST_CHECK;

/*  Readable when an actor has failed; then op_runtime_failure says why. */
int op_runtime_failure_fd(const op_runtime_t *self);
void op_runtime_failure(op_runtime_t *self, char error[256]);

/*  The clock was moved: every actor looks at it and runs what is due. Returns when all have, their
    commits included; false: an actor has failed, or the deadline came first, and the log says whose
    answer is missing. So it also tells whether all actors are alive. One call at a time, from any
    thread, and none beside the functions above and below. */
bool op_runtime_look(op_runtime_t *self, int64_t deadline_ms);

/*  Tells every actor, in the order of their start, to finish what is in flight and begin nothing
    new; then waits while they do what they have told each other. False: the deadline came first, or
    an actor has failed; what was in flight is settled at the next start. */
bool op_runtime_drain(op_runtime_t *self, int64_t deadline_ms);

#endif
