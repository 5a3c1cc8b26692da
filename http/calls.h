/*  calls.h - asking actors from many threads: one mailbox, and who waits for what

    A worker takes a call, asks with it (once, or several times in turn) and gives it back. A
    question is a request frame from and for the mailbox's name ("http", "http-2"); the worker
    sleeps until the reply to it arrives or its time is up. One receiver thread owns the mailbox and
    wakes the worker whose correlation id the reply repeats. Safe from any thread, but a call
    belongs to one at a time.

    Limits: there are as many calls as were asked for; op_calls_take answers NULL beyond. Nothing is
    queued here: a receiver whose mailbox is full is OP_ASK_FULL at once. */

#ifndef OP_HTTP_CALLS_H
#define OP_HTTP_CALLS_H

#include "transport/messages.h"

enum { OP_CALLS_MAX = 4096 };

typedef struct op_calls op_calls_t;

typedef struct {
    op_arena_t arena;    /* the taker's, empty when taken, cleared when given back */
    op_envelope_t reply; /* of the last answer: its context is what the steps found out */
    op_str_t body;       /* the answer's encoded message; both live until the next question */
} op_call_t;

typedef struct {
    uint64_t late;   /* replies nobody waited for any more */
    uint64_t bad;    /* frames that were no reply, or could not be read */
    uint64_t silent; /* questions without an answer in time */
    uint64_t full;   /* questions that no mailbox took */
} op_calls_counts_t;

/*  Binds the mailbox `name` ("http", "http-2") and starts the receiver. NULL: `error` says why. */
op_calls_t *op_calls_new(const char *name, size_t count, char error[256]) OP_MUST_CHECK;

/*  Waits until every call is back (each is bounded by its question's time), then ends the receiver.
    op_calls_take answers NULL from the moment of the call. Idempotent; destroy does it too. */
void op_calls_stop(op_calls_t *self);
void op_calls_destroy(op_calls_t **self_p);

op_call_t *op_calls_take(op_calls_t *self);
void op_calls_give(op_calls_t *self, op_call_t **call_p);

typedef enum {
    OP_ASK_ANSWERED, /* call->reply and call->body are filled */
    OP_ASK_SILENT,   /* no answer within the time; one that comes later is dropped */
    OP_ASK_FULL,     /* not sent: the actor's mailbox is full, or there is no such actor */
} op_ask_t;

/*  Sends the request and waits. `steps` (count >= 1) is the slip; `to`, an actor of the first
    step's class, gets the frame; empty: the one that is called like its class. All slices are
    copied before it waits. */
op_ask_t op_calls_ask(op_calls_t *self, op_call_t *call, op_str_t to, const uint8_t *steps,
                      size_t step_count, const op_type_t *type, const void *body,
                      const op_context_t *context, op_str_t request_id,
                      int64_t timeout_ms) OP_MUST_CHECK;

op_calls_counts_t op_calls_counts(op_calls_t *self);

#endif
