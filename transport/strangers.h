/*  strangers.h - connections to a listener that end before their handshake has succeeded

    They were refused: a key that is not permitted, none at all, or octets that are no ZeroMQ.
    libzmq tells of the last kind by no event of its own, so all connections are followed, by their
    descriptors, through the listener's monitor (zmq_socket_monitor(3)). */

#ifndef OP_TRANSPORT_STRANGERS_H
#define OP_TRANSPORT_STRANGERS_H

#include <czmq.h>

enum { OP_STRANGERS_MAX = 65536 }; /* descriptors; connections beyond are not counted */

/*  Zero-initialise it. One thread. */
typedef struct {
    zsock_t *monitor;                      /* NULL: nothing is watched */
    unsigned watches;                      /* monitors so far */
    uint8_t waiting[OP_STRANGERS_MAX / 8]; /* by descriptor: connected, and no handshake yet */
} op_strangers_t;

void op_strangers_watch(op_strangers_t *self, zsock_t *listener);
/*  Before the listener is destroyed. */
void op_strangers_forget(op_strangers_t *self, zsock_t *listener);

/*  To poll for ZMQ_POLLIN; NULL: nothing is watched. */
void *op_strangers_socket(const op_strangers_t *self);
/*  How many were refused since the last call, of what the monitor has told so far; a bounded look,
    after which there may be more. */
size_t op_strangers_refused(op_strangers_t *self);

#endif
