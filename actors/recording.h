/*  recording.h - an actor's run into a trace

    Make one for each actor, before its start, and let the actor be observed by it:

        op_recording_t *recording = op_recording_new(&sink, store, name, class);
        op_actor_observe(actor, op_recording_observer(recording));
        op_actor_start(actor, ...) ...
        op_recording_end(recording);         after the last turn of a clean run
        op_actor_destroy(&actor);
        op_recording_destroy(&recording);

    At START it writes the actor's rows, as they are in the store, then every event as a record of
    trace.def. What belongs to a turn is encoded into one buffer and handed to the sink when the
    turn ends, before its first frame leaves: what was said to anybody is in the trace. Larger than
    OP_RECORDING_CHUNK, a turn (or the rows) is handed over in several pieces, each of whole
    records.

    Pure, but for the sink. */

#ifndef OP_ACTORS_RECORDING_H
#define OP_ACTORS_RECORDING_H

#include "actors/actor.h"

enum { OP_RECORDING_CHUNK = 1 << 20 }; /* octets; one record more may be in a piece */

/*  Where records go: a file in a server (recording_file.h), a buffer in a test. `write` gets whole
    records; `state` says that they are rows of a keyspace. */
typedef struct {
    void *self;
    uint64_t (*actor)(void *self, const char *name, const char *class); /* its number */
    void (*write)(void *self, op_str_t records, bool state);
    void (*stop)(void *self, const char *reason); /* the rows cannot be read */
    bool (*stopped)(void *self);
} op_recording_sink_t;

typedef struct op_recording op_recording_t;

/*  The sink is copied; what it points to and `store` are borrowed and outlive the recording. */
op_recording_t *op_recording_new(const op_recording_sink_t *sink, op_store_t *store,
                                 const char *name, const char *class);
/*  What was not handed to the sink yet is lost. */
void op_recording_destroy(op_recording_t **self_p);

/*  Valid as long as the recording. */
const op_actor_observer_t *op_recording_observer(op_recording_t *self);

/*  Writes the digest record: the run ended between two turns. */
void op_recording_end(op_recording_t *self);

/*  How many rows the actor has in the store, and XXH3 (128 bits, seed 0, then zeros) over them: for
    each row, in the order of the keys ("NAME!" before "NAME/"), size of the key and size of the
    value (32 bits each, big-endian), key, value. 0, or -1: the store cannot be read. */
int op_recording_digest(op_store_t *store, const char *name, uint64_t *rows,
                        op_hash_t *digest) OP_MUST_CHECK;

#endif
