/*  scrub.h - the parts of `optrace scrub`: values, rows, what comes from ttys

    What comes out is in the arena and as long as what went in. */

#ifndef OP_TOOLS_OPTRACE_SCRUB_H
#define OP_TOOLS_OPTRACE_SCRUB_H

#include "tools/optrace/optrace.h"
#include "tools/optrace/pseudonym.h"
#include "tools/optrace/value.h"

/*  ---- scrub.c ---- */

/*  Makes the scrubbed tape under this key; the same key gives the same tape. Free *out in any case.
    -1: `error` says where the run does not survive it. */
int op_optrace_scrubbed(const op_optrace_t *trace, const uint8_t key[OP_PSEUDONYM_KEY],
                        op_tape_t *out, char error[OP_TRACE_ERROR]) OP_MUST_CHECK;

/*  ---- scrub_value.c ---- */

/*  Replaces what is personal or secret in a decoded value. */
void op_scrub_value(const op_pseudonym_t *names, const op_type_t *type, void *value,
                    op_arena_t *arena);

/*  A whole frame. One that does not decode is replaced by octets that do not either. */
op_str_t op_scrub_frame(const op_pseudonym_t *names, op_str_t frame, op_arena_t *arena);

/*  A frame from outside, before anything is scrubbed: actors may know people and texts in it by
    their hashes, in rows. */
void op_scrub_learn_asked(op_pseudonym_t *names, op_str_t frame);

/*  An actor said `old` when it was recorded, and says `now`. True: the same message at the same
    place in the run; then ids, tokens and codes in which they differ are learned. */
bool op_scrub_learn(op_pseudonym_t *names, op_str_t old, op_str_t now);

/*  ---- scrub_tty.c ---- */

/*  A part of what came from a tty that repeats what the actor wrote to it. */
typedef struct {
    size_t event, at; /* of the trace; where it stands in those bytes */
    size_t said, from, size;
} op_echo_t;

typedef struct {
    op_echo_t *echoes; /* by event */
    size_t count, capacity;
} op_scrub_ttys_t;

/*  Replaces all that came from ttys, before the run, because a message may be cut over several
    frames: into bytes[] of their events, and the arena. free() self->echoes in the end. */
void op_scrub_ttys(op_scrub_ttys_t *self, const op_optrace_t *trace, const op_pseudonym_t *names,
                   op_str_t *bytes, op_arena_t *arena);
/*  bytes[event], repeating what the actor has said now. */
op_str_t op_scrub_tty_heard(const op_scrub_ttys_t *self, const op_str_t *bytes, size_t event,
                            op_arena_t *arena);

/*  ---- scrub_row.c ---- */

op_tape_row_t op_scrub_row(const op_pseudonym_t *names, const op_tape_actor_t *actor,
                           const op_tape_row_t *row, op_arena_t *arena);

/*  ---- scrub_serial.c ---- */

/*  A short message in hexadecimal digits: another one with other people and another text, in as
    many digits. What is no such message is replaced by other digits. */
op_str_t op_scrub_pdu(const op_pseudonym_t *names, op_str_t hex, op_arena_t *arena);

/*  What came from a tty, as one stream however it was cut into pieces: messages, phone numbers and
    long runs of digits (IMEI, ICCID) are replaced in place. */
void op_scrub_serial(const op_pseudonym_t *names, char *stream, size_t size);

#endif
