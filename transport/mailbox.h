/*  mailbox.h - where frames arrive, and the way to other mailboxes

    A mailbox is a ZeroMQ PULL socket with an endpoint; a postbox holds one PUSH socket for each
    actor that was written to. Frames from one sender arrive in the order in which they were sent.

    Both belong to one thread. Both are bounded: a mailbox holds OP_MAILBOX_HWM frames and so does
    each link to it; what does not fit is not taken (op_postbox_send answers false), never waited
    for. The sender's policy then: a tell stays in its outbox and is sent again; a request is
    answered with `unavailable` by whoever holds it; a reply, an ack or a note is dropped
    (deadlines, resends and sweeps make up for it).

    Endpoints: by default an actor's is "inproc://<name>". */

#ifndef OP_TRANSPORT_MAILBOX_H
#define OP_TRANSPORT_MAILBOX_H

#include "base/bytes.h"

typedef struct op_mailbox op_mailbox_t;
typedef struct op_postbox op_postbox_t;

/*  Binds the actor's endpoint. NULL: `error` says why (mostly: the name is taken). */
op_mailbox_t *op_mailbox_new(const char *name, char error[256]) OP_MUST_CHECK;
void op_mailbox_destroy(op_mailbox_t **self_p);

/*  The ZeroMQ socket, to be polled for ZMQ_POLLIN. */
void *op_mailbox_socket(op_mailbox_t *self);

/*  Takes the next frame, if one waits; replaces *frame. Never blocks. */
bool op_mailbox_take(op_mailbox_t *self, op_buf_t *frame);

op_postbox_t *op_postbox_new(void);
void op_postbox_destroy(op_postbox_t **self_p);

/*  False: not taken, because the receiver's mailbox (or the link to a name that nobody has bound
    yet) is full. */
bool op_postbox_send(op_postbox_t *self, op_str_t to, op_str_t frame);

#endif
