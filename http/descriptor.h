/*  descriptor.h - the sockets behind civetweb's connections

    civetweb does not tell which descriptor a connection has. It is found among the process's own by
    the addresses of its two ends, which no other live socket shares. That costs a look at each open
    descriptor, about half a microsecond: nothing for rare things, too much for each request.

    A descriptor is only good while its connection is known to be open: on the connection's own
    worker thread, or while its close is held back (connections.h). */

#ifndef OP_HTTP_DESCRIPTOR_H
#define OP_HTTP_DESCRIPTOR_H

#include "base/bytes.h"

struct mg_connection;

/*  False ends the visit. */
typedef bool op_descriptor_visit_t(void *arg, int fd, const char *peer, int peer_port,
                                   int own_port);

/*  Calls `visit` for each connected IPv4 or IPv6 socket of the process. */
void op_descriptors_visit(op_descriptor_visit_t *visit, void *arg);

/*  The socket with which the process listens there ("127.0.0.1:8080"); -1: it does not. */
int op_descriptor_listening(const char *address);

/*  Raises the soft RLIMIT_NOFILE to the hard one. How many descriptors connections may then have:
    what is left of those that are open by now, and of a quarter of all (32 to 512) for the store's
    files, webhooks and whatever comes. */
size_t op_descriptors_room(void);

/*  The connection's descriptor; -1: not found. */
int op_descriptor_of(const struct mg_connection *connection);

/*  How many octets of its peer the kernel has taken so far, read or not; 0: unknown. */
uint64_t op_descriptor_received(int fd);

/*  Both read and forget what the peer still sends: at most OP_LINGER_OCTETS, OP_LINGER_MS long. */
enum { OP_LINGER_MS = 1000, OP_LINGER_OCTETS = 1 << 20 };

/*  Reads to the next end of a line. Is that the request line, as its end says: "HTTP/1.1"? */
bool op_descriptor_ends_request_line(int fd);

/*  Says that nothing more will come, and reads to the peer's own end. Closing on unread octets
    would send a reset, which can overtake the answer. */
void op_descriptor_linger(int fd);

#endif
