/*  tape.h - a whole trace in memory: read, checked, put into causal order, written. Pure

    transport/trace.h says what a trace is made of, record by record. A tape is all of it, sorted by
    actor: what a replay, or whoever looks at a trace, works on.

    A tape is refused as a whole when a single record of it does not fit: damage has no place in
    something that is to prove anything. Two things can be put up with, and a caller must ask for
    them: a cut last record, as a killed process may leave it, and files that are missing, as a
    recording drops them to stay within its bounds.

    Slices point into the bytes that were read (borrowed: they outlive the tape) or into the tape's
    arena. */

#ifndef OP_ACTORS_TAPE_H
#define OP_ACTORS_TAPE_H

#include "transport/trace.h"

enum { OP_TAPE_ACTORS_MAX = 256, OP_TAPE_GROWTH = 1024 };

typedef struct {
    op_str_t key, value;
} op_tape_row_t;

/*  One life of an actor: from its rows and its START on. A process that was started again has new
    ones of the same names; and what stands after missing files is a life that begins in the middle:
    it can be looked at and not be replayed. */
typedef struct {
    uint64_t number; /* in the file */
    char name[OP_ACTOR_NAME_MAX + 1];
    char class[OP_ACTOR_NAME_MAX + 1];
    uint64_t outbox_max; /* 0: OP_OUTBOX_MAX */
    op_tape_row_t *rows;
    size_t row_count, row_capacity;
    size_t event_count;
    bool middle; /* it has no START */
    bool broken; /* files are missing after its last event */
    bool ended;  /* cleanly: the digest is there */
    uint64_t rows_at_end;
    op_hash_t digest;
} op_tape_actor_t;

typedef struct {
    op_trace_what_t what;
    size_t actor; /* an index into the tape's actors */
    int64_t at;
    op_hash_t entropy;
    uint64_t type; /* of START */
    op_str_t bytes;
} op_tape_event_t;

/*  Zero-initialise it; op_tape_free returns it to zero. */
typedef struct {
    op_trace_header_t header;
    op_tape_actor_t *actors;
    size_t actor_count;
    op_tape_event_t *events; /* in the order of the file */
    uint8_t *owners;         /* their actors once more, so that one's are found fast */
    size_t event_count, event_capacity;
    void (*grows)(void *arg); /* called while it is read, every OP_TAPE_GROWTH events; or NULL */
    void *grows_arg;
    bool gaps;   /* files are missing, at the beginning or in the middle */
    size_t torn; /* octets of a cut last record, which were left out */
    op_arena_t arena;
} op_tape_t;

/*  What a reader puts up with, besides nothing. */
enum {
    OP_TAPE_TORN = 1, /* the bytes may end inside a record. What a whole one follows is damage */
    OP_TAPE_GAPS = 2  /* files may be missing before these bytes */
};

/*  Reads the bytes of a trace's first file, or, called again, of a later one. `lenient`: of those
    above. 0, or -1 and one sentence in `error`; the tape is then of no use. */
int op_tape_read(op_tape_t *self, op_str_t bytes, unsigned lenient,
                 char error[OP_TRACE_ERROR]) OP_MUST_CHECK;
void op_tape_free(op_tape_t *self);

/*  Room for so many events: as long as there are not more, they stay where they are. */
void op_tape_reserve(op_tape_t *self, size_t events);

/*  Appends the tape as the bytes of one file: header, actors (numbered anew), rows, events, digests.
    The same tape gives the same bytes. With a life that begins in the middle it is a later file. */
void op_tape_write(const op_tape_t *self, op_buf_t *out);

/*  ---- Making one. Strings and bytes are borrowed. ---- */

/*  The index of a new actor; OP_TAPE_ACTORS_MAX when there are that many. */
size_t op_tape_add_actor(op_tape_t *self, op_str_t name, op_str_t class, uint64_t outbox_max);
void op_tape_add_row(op_tape_t *self, size_t actor, op_str_t key, op_str_t value);
void op_tape_add_event(op_tape_t *self, const op_tape_event_t *event);

/*  ---- Causal order (tape_order.c) ----

    A frame is received after it was sent, whatever the clocks of two hosts say. Frames are matched
    by their bytes: the n-th RECEIVE of the same bytes belongs to the n-th SEND of them. Within an
    actor the order of the file stands; between actors, where no frame orders them, time; at the
    same time, the order of the file. */

#define OP_TAPE_NONE ((size_t)-1)

/*  Fills order[event_count] with the events' indices, and cause[event_count]: of a RECEIVE the
    index of its SEND, else OP_TAPE_NONE. */
void op_tape_order(const op_tape_t *self, size_t *order, size_t *cause);

#endif
