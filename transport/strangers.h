/*  strangers.h - connections to a listener that end before their handshake has succeeded

    They were refused: a key that is not permitted, none at all, or octets that are no ZeroMQ.
    libzmq tells of the last kind by no event of its own, so all connections are followed, by their
    descriptors, through the listener's monitor (zmq_socket_monitor(3)).

    Whose they were is asked of the kernel when a connection is told of. It may have ended by then,
    and its descriptor be another's: one that is no connection to the listener's port is not taken
    for it, and of one that comes to that port the worst is a stranger's name for another's. */

#ifndef OP_TRANSPORT_STRANGERS_H
#define OP_TRANSPORT_STRANGERS_H

#include <czmq.h>

enum {
    OP_STRANGERS_MAX = 65536,  /* descriptors; connections beyond are not counted */
    OP_STRANGERS_KNOWN = 256,  /* addresses that are kept */
    OP_STRANGERS_ADDRESS = 64, /* "[ADDRESS]:PORT" and its NUL */
};

/*  Zero-initialise it. One thread. */
typedef struct {
    zsock_t *monitor;                      /* NULL: nothing is watched */
    unsigned watches;                      /* monitors so far */
    uint8_t waiting[OP_STRANGERS_MAX / 8]; /* by descriptor: connected, and no handshake yet */
    struct {
        uint32_t fd;
        char address[OP_STRANGERS_ADDRESS];
    } known[OP_STRANGERS_KNOWN]; /* of the latest ones: by descriptor, modulo the size */
} op_strangers_t;

void op_strangers_watch(op_strangers_t *self, zsock_t *listener);
/*  Before the listener is destroyed. */
void op_strangers_forget(op_strangers_t *self, zsock_t *listener);

/*  To poll for ZMQ_POLLIN; NULL: nothing is watched. */
void *op_strangers_socket(const op_strangers_t *self);
/*  How many were refused since the last call, of what the monitor has told so far; a bounded look,
    after which there may be more. `address` is the last one's, as IP:PORT, when there was one; empty
    where it is not known, as of a socket that has none. */
size_t op_strangers_refused(op_strangers_t *self, char address[OP_STRANGERS_ADDRESS]);

#endif
