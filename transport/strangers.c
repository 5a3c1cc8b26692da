#include "transport/strangers.h"

#include "base/check.h"

#include <string.h>

enum { EVENTS_MAX = 256 }; /* in one look */

/*  The monitor has a name of its own each time: the socket before may still be closing, and hold the
    last one. */
void op_strangers_watch(op_strangers_t *self, zsock_t *listener)
{
    char address[64];
    snprintf(address, sizeof address, "inproc://strangers-%p-%u", (void *)self, self->watches++);
    int events = ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED;
    OP_ASSERT(zmq_socket_monitor(zsock_resolve(listener), address, events) == 0);
    self->monitor = zsock_new(ZMQ_PAIR);
    OP_ASSERT(self->monitor && zsock_connect(self->monitor, "%s", address) == 0);
    memset(self->waiting, 0, sizeof self->waiting);
}

void op_strangers_forget(op_strangers_t *self, zsock_t *listener)
{
    zmq_socket_monitor(zsock_resolve(listener), NULL, 0);
    zsock_destroy(&self->monitor);
}

void *op_strangers_socket(const op_strangers_t *self)
{
    return self->monitor ? zsock_resolve(self->monitor) : NULL;
}

/*  Has a connection ended that was still waiting for its handshake? */
static bool s_is_refused(op_strangers_t *self, unsigned event, uint32_t fd)
{
    if (fd >= OP_STRANGERS_MAX)
        return false;
    uint8_t *octet = &self->waiting[fd / 8], bit = (uint8_t)(1U << fd % 8);
    bool waited = *octet & bit;
    *octet = (uint8_t)(event == ZMQ_EVENT_ACCEPTED ? *octet | bit : *octet & ~bit);
    return event == ZMQ_EVENT_DISCONNECTED && waited;
}

/*  Each event is two frames: its number and the descriptor, and the address of our own end. */
size_t op_strangers_refused(op_strangers_t *self)
{
    void *handle = zsock_resolve(self->monitor);
    uint8_t event[sizeof(uint16_t) + sizeof(uint32_t)];
    char address[256];
    size_t refused = 0;
    for (int i = 0; i < EVENTS_MAX; i++) {
        uint16_t number;
        uint32_t fd;
        if (zmq_recv(handle, event, sizeof event, ZMQ_DONTWAIT) != (int)sizeof event)
            break;
        memcpy(&number, event, sizeof number);
        memcpy(&fd, event + sizeof number, sizeof fd);
        zmq_recv(handle, address, sizeof address, 0);
        refused += s_is_refused(self, number, fd);
    }
    return refused;
}
