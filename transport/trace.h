/*  trace.h - a recorded run as bytes: records, how they are framed, and how they are read. Pure.

    A trace holds what its actors were given, which is enough to replay them byte for byte, and what
    they said, to compare. The records are declared in trace.def:

        header                              first in every file
        actor                               an actor's number, name and class
        row ...                             its keyspace as it was before START
        event START                         setup, time, entropy
        event COMMIT                        the turn's batch is durable
        event SEND ...                      the frames that left behind it, in their order
        then, turn by turn: RECEIVE, TICK, DRAIN in the order in which the actor got them, COMMIT,
        SEND ...
        digest                              its keyspace at the end; only after a clean one

    Records of different actors may stand between each other, though those of one turn stand
    together as a rule. A turn whose commit failed has no COMMIT; nothing of that actor follows it.

    Framing of a record, numbers big-endian:

        octets 0..3     OP_TRACE_MAGIC
        octets 4..7     size of the payload
        octets 8..15    XXH3 (64 bits, seed 0) of the payload: against damage, not against an enemy
        payload         2 octets: the type's number; then the record as codec.h encodes it

    A trace of a process that was killed ends with a whole record or in the middle of one.

    A trace holds what messages hold: phone numbers, SMS texts, login codes, and tokens on their way
    to their owner. It is as secret as the store. */

#ifndef OP_TRANSPORT_TRACE_H
#define OP_TRANSPORT_TRACE_H

#include "transport/messages.h"

/*  0xf0: no text, no msgpack array of a few fields. The last octet changes with the framing. */
#define OP_TRACE_MAGIC "\xf0OP2"

enum {
    OP_TRACE_FORMAT = 2,
    OP_TRACE_BUILD_MAX = 64,
    OP_TRACE_HEAD = 16,                       /* octets in front of a payload */
    OP_TRACE_BYTES_MAX = OP_FRAME_MAX + 4096, /* a frame, or a row that holds one */
    OP_TRACE_PAYLOAD_MAX = 2 * OP_TRACE_BYTES_MAX + 256,
    OP_TRACE_ERROR = 256 /* bytes of a sentence, its NUL included */
};

#include "transport/declare.h"

#include "transport/trace.def"

#include "transport/undeclare.h"

/*  What a trace_event is. */
typedef enum {
    OP_TRACE_START = 1,
    OP_TRACE_RECEIVE,
    OP_TRACE_TICK,
    OP_TRACE_DRAIN,
    OP_TRACE_COMMIT,
    OP_TRACE_SEND
} op_trace_what_t;

/*  "start", "receive", ...; NULL: no such event. */
const char *op_trace_what_name(uint64_t what);

/*  The type of a record by its number, NULL: none. All of them, in the order of trace.def. */
const op_type_t *op_trace_type(uint64_t number);
const op_type_t *const *op_trace_types(size_t *count);

/*  Appends a framed record. `type` is one of trace.def, `value` its struct. */
void op_trace_add(const op_type_t *type, const void *value, op_buf_t *out);

/*  A record that was read. Slices and structs live in the bytes and in the arena. */
typedef struct {
    const op_type_t *type;
    const void *value; /* *type's struct */
    op_str_t framed;   /* all of it, to be copied as it is */
} op_trace_record_t;

typedef enum {
    OP_TRACE_RECORD, /* *record is filled, *bytes stands behind it */
    OP_TRACE_MORE,   /* the bytes end inside a record, or there are none: *bytes untouched */
    OP_TRACE_BAD     /* *reason says why in one sentence; *bytes untouched */
} op_trace_read_t;

/*  Reads one record off the front of *bytes. *reason is set (a literal) only with OP_TRACE_BAD. Not
    even one more octet than OP_TRACE_HEAD + OP_TRACE_PAYLOAD_MAX is ever needed. */
op_trace_read_t op_trace_read(op_str_t *bytes, op_arena_t *arena, op_trace_record_t *record,
                              const char **reason) OP_MUST_CHECK;

/*  How many records there are at most: as many as stand one behind another, by their sizes. Nothing
    of them is checked. */
size_t op_trace_count(op_str_t bytes);

/*  After OP_TRACE_BAD: how many octets to leave out until the next that may begin a record (the
    magic, or the beginning of one at the end of the bytes); at least 1, at most bytes.size. Behind
    such a gap a trace can be looked at, but not replayed. */
size_t op_trace_skip(op_str_t bytes);

/*  Can this build understand the trace? 0, or -1 and a sentence: another format, or messages that
    differ from this build's. */
int op_trace_header_check(const op_trace_header_t *header,
                          char error[OP_TRACE_ERROR]) OP_MUST_CHECK;

#endif
