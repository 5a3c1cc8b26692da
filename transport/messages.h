/*  messages.h - the catalogue of messages, and the frames they travel in

    A frame is an envelope followed by one message, each encoded as codec.h says. It is bytes and
    nothing else, over inproc too, so that every message can be recorded, replayed and moved to
    another host.

    Kinds of frame:
    request  at most once. Walks the steps on its slip; the last one, or whoever refuses, replies to
             the origin. Has a deadline.
    reply    the answer to a request, straight to its origin. A late one is dropped.
    tell     durable, in order, exactly once (actors/actor.h). Numbered per pair of actors.
    ack      the receiver of tells has taken, durably, all up to `sequence`.
    note     at most once, without an answer. */

#ifndef OP_TRANSPORT_MESSAGES_H
#define OP_TRANSPORT_MESSAGES_H

#include "base/error.h"
#include "base/limits.h"
#include "transport/codec.h"
#include "transport/print.h"

#include "transport/declare.h"

#include "transport/messages.def"

#include "transport/undeclare.h"

typedef enum {
    OP_FRAME_REQUEST = 1,
    OP_FRAME_REPLY,
    OP_FRAME_TELL,
    OP_FRAME_ACK,
    OP_FRAME_NOTE,
    OP_FRAME_RESUME
} op_frame_kind_t;

/*  The state of an outbound text, in records and in text_outcome. */
typedef enum { OP_TEXT_QUEUED = 1, OP_TEXT_SENDING, OP_TEXT_SENT, OP_TEXT_FAILED } op_text_state_t;

/*  What the operator does to a number, in number_change. */
typedef enum {
    OP_NUMBER_SHARE = 1, /* all free accounts share it, however its line is configured */
    OP_NUMBER_UNSHARE,   /* it may be leased, however its line is configured */
    OP_NUMBER_RETIRE,    /* ends its lease and takes it out of the pool */
    OP_NUMBER_ADD,       /* takes it back into the pool */
    OP_NUMBER_MOVE,      /* leases it to an account, ending the lease that there is */
    OP_NUMBER_ASSIGN     /* lets a modem actor serve it; one that is new joins the pool */
} op_number_wish_t;

/*  The steps of itineraries (steps.def). 0 is no step. */
typedef enum {
    OP_STEP_NONE,
#define STEP(ACTOR, VERB, actor, verb, takes, doc) OP_STEP_##ACTOR##_##VERB,
#include "transport/steps.def"
#undef STEP
    OP_STEP_END
} op_step_t;

/*  The actor that takes a step ("auth"), and the step's name ("auth.session"). NULL: no such
    step. */
const char *op_step_actor(unsigned step);
const char *op_step_name(unsigned step);
/*  Is the step for messages of this type? */
bool op_step_takes(unsigned step, const op_type_t *type);

/*  The declared type with this number or this name, NULL when there is none. */
const op_type_t *op_message_type(uint64_t number);
/*  All of them, in the order of messages.def. */
const op_type_t *const *op_message_types(size_t *count);

/*  Appends a frame. `body` is *type's struct. envelope->type is set from `type`. */
void op_frame_encode(const op_envelope_t *envelope, const op_type_t *type, const void *body,
                     op_buf_t *out);

/*  Decodes the envelope and leaves the message's bytes in *body: OP_DECODE_OK, or why not. Checks
    the kind and, for all but acks, that the type is known. */
op_decode_t op_frame_open(op_str_t frame, op_arena_t *arena, op_envelope_t *envelope,
                          op_str_t *body) OP_MUST_CHECK;

/*  Decodes the message itself into the arena. NULL: *result says why. */
const void *op_frame_body(const op_type_t *type, op_str_t body, op_arena_t *arena,
                          op_decode_t *result) OP_MUST_CHECK;

/*  "tell", "ack", ...; "?" for what is no kind. */
const char *op_frame_kind_name(uint64_t kind);

/*  One line for people: kind, from > to, steps, the message as op_print shows it. */
void op_frame_print(op_str_t frame, op_print_t how, op_buf_t *out);

/*  A hash of all declarations: two builds with the same one speak the same language. */
void op_catalogue_hash(op_hash_t *hash);

#endif
