#include "transport/strangers.h"

#include "base/check.h"

#include <netdb.h>
#include <string.h>
#include <sys/socket.h>

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

/*  The port behind the last ':', as a text; "" for an address without. */
static const char *s_port(const char *address)
{
    const char *colon = strrchr(address, ':');
    return colon && strncmp(address, "tcp://", 6) == 0 ? colon + 1 : "";
}

/*  An IPv4 address that has come to a socket of both families is shown as what it is. */
static void s_print(const char *host, const char *port, char address[OP_STRANGERS_ADDRESS])
{
    static const char mapped[] = "::ffff:";
    if (strncmp(host, mapped, sizeof mapped - 1) == 0 && strchr(host, '.'))
        host += sizeof mapped - 1;
    snprintf(address, OP_STRANGERS_ADDRESS, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
}

/*  Keeps whose connection this is, to our own end `local`. */
static void s_know(op_strangers_t *self, uint32_t fd, const char *local)
{
    struct sockaddr_storage own, peer;
    socklen_t own_size = sizeof own, peer_size = sizeof peer;
    char host[48], port[8], *address = self->known[fd % OP_STRANGERS_KNOWN].address;
    const int numbers = NI_NUMERICHOST | NI_NUMERICSERV;
    self->known[fd % OP_STRANGERS_KNOWN].fd = fd;
    *address = 0;
    if (getsockname((int)fd, (struct sockaddr *)&own, &own_size) != 0 ||
        getnameinfo((struct sockaddr *)&own, own_size, NULL, 0, port, sizeof port, numbers) != 0 ||
        strcmp(port, s_port(local)) != 0)
        return;
    if (getpeername((int)fd, (struct sockaddr *)&peer, &peer_size) == 0 &&
        getnameinfo((struct sockaddr *)&peer, peer_size, host, sizeof host, port, sizeof port,
                    numbers) == 0)
        s_print(host, port, address);
}

/*  Each event is two frames: its number and the descriptor, and the address of our own end. */
size_t op_strangers_refused(op_strangers_t *self, char address[OP_STRANGERS_ADDRESS])
{
    void *handle = zsock_resolve(self->monitor);
    uint8_t event[sizeof(uint16_t) + sizeof(uint32_t)];
    char local[256];
    size_t refused = 0;
    for (int i = 0; i < EVENTS_MAX; i++) {
        uint16_t number;
        uint32_t fd;
        if (zmq_recv(handle, event, sizeof event, ZMQ_DONTWAIT) != (int)sizeof event)
            break;
        memcpy(&number, event, sizeof number);
        memcpy(&fd, event + sizeof number, sizeof fd);
        int size = zmq_recv(handle, local, sizeof local - 1, 0);
        local[size < 0 ? 0 : size < (int)sizeof local ? size : (int)sizeof local - 1] = 0;
        if (number == ZMQ_EVENT_ACCEPTED)
            s_know(self, fd, local);
        if (!s_is_refused(self, number, fd))
            continue;
        refused++;
        bool known = self->known[fd % OP_STRANGERS_KNOWN].fd == fd;
        snprintf(address, OP_STRANGERS_ADDRESS, "%s",
                 known ? self->known[fd % OP_STRANGERS_KNOWN].address : "");
    }
    return refused;
}
