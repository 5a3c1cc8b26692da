/*  mailbox.h - where frames arrive, and the way to other mailboxes

    A mailbox is a ZeroMQ PULL socket with an endpoint; a postbox holds one PUSH socket for each
    actor that was written to. Frames from one sender arrive in the order in which they were sent.

    Both belong to one thread. Both are bounded: a mailbox holds OP_MAILBOX_HWM frames and so does
    each link to it; what does not fit is not taken (op_postbox_send answers false), never waited
    for. The sender's policy then: a tell stays in its outbox and is sent again; a request is
    answered with `unavailable` by whoever holds it; a reply, an ack or a note is dropped
    (deadlines, resends and sweeps make up for it).

    An actor of this process is at "inproc://<name>". The way to the others is the process's links
    (links.h), if it has any; they end in the other process's ingress, which puts frames into
    mailboxes like these. A link that is down takes nothing. */

#ifndef OP_TRANSPORT_MAILBOX_H
#define OP_TRANSPORT_MAILBOX_H

#include "transport/links.h"
#include "transport/messages.h"

typedef struct op_mailbox op_mailbox_t;
typedef struct op_postbox op_postbox_t;

/*  Binds the actor's endpoint. NULL: `error` says why (mostly: the name is taken). */
op_mailbox_t *op_mailbox_new(const char *name, char error[256]) OP_MUST_CHECK;
void op_mailbox_destroy(op_mailbox_t **self_p);

/*  The ZeroMQ socket, to be polled for ZMQ_POLLIN. */
void *op_mailbox_socket(op_mailbox_t *self);

/*  Takes the next frame, if one waits; replaces *frame. Never blocks. */
bool op_mailbox_take(op_mailbox_t *self, op_buf_t *frame);

/*  The links that all postboxes of the process use, borrowed; NULL, as at first: none. Not while
    one exists. */
void op_postbox_use(op_links_t *links);
/*  Those, or NULL. */
const op_links_t *op_postbox_links(void);

op_postbox_t *op_postbox_new(void);
void op_postbox_destroy(op_postbox_t **self_p);

/*  False: not taken, because the receiver's mailbox (or the link to a name that nobody has bound
    yet) is full. */
bool op_postbox_send(op_postbox_t *self, op_str_t to, op_str_t frame);

/*  For the log: a request of `source` ("requests are refused") or something else of its was not
    taken, and is given up. Said once, with the reason, until the receiver takes something again;
    then how many there were. */
void op_postbox_lost(op_postbox_t *self, const char *source, const char *what, op_str_t to,
                     op_str_t request_id);

/*  Answers a request that somebody's mailbox did not take: `unavailable`, from the actor `from`. */
void op_postbox_refuse(op_postbox_t *self, op_str_t from, const op_envelope_t *request);

#endif
