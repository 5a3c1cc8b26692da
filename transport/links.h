/*  links.h - the ways from this process to the others: sockets, and whether they lead anywhere

    Between processes frames travel as within one: PUSH to PULL. Every process has one PULL socket,
    its ingress (ingress.h), on which the frames of all others arrive; every postbox (mailbox.h) has
    a PUSH socket of its own for each process that it writes to, so frames from one actor to another
    stay in order.

    Each socket has the bounds of a mailbox: OP_MAILBOX_HWM frames of at most OP_FRAME_MAX bytes.
    When a link is down (handshake.h) postboxes take nothing for it: requests are refused at once,
    tells stay in the outbox. libzmq connects again by itself, first after OP_LINK_RETRY_MS, then up
    to OP_LINK_RETRY_MAX_MS later; heartbeats end connections that have died in silence. But a
    socket that was refused for its key it gives up for good; so a link with keys that is down gets
    new sockets every OP_LINK_RENEW_MS, and who is let in later needs no restart.

    Safe from any thread; sockets that it makes belong to who asked for them. */

#ifndef OP_TRANSPORT_LINKS_H
#define OP_TRANSPORT_LINKS_H

#include "transport/curve.h"
#include "transport/topology.h"

enum { OP_LINK_RENEW_MS = 5000 };

typedef struct op_links op_links_t;

/*  Both are borrowed and outlive it; `curve` may be NULL: links in clear, for this machine only. */
op_links_t *op_links_new(const op_topology_t *topology, op_curve_t *curve);
void op_links_destroy(op_links_t **self_p);

const op_topology_t *op_links_topology(const op_links_t *self);
op_curve_t *op_links_curve(const op_links_t *self); /* or NULL */

/*  Of a process, by its index in the topology. Down at first. */
bool op_links_up(const op_links_t *self, int process);
void op_links_set_up(op_links_t *self, int process, bool up);
/*  How often it has come up. */
uint64_t op_links_ups(const op_links_t *self, int process);
/*  Readable when one has come up or gone down; who waits for it reads the eventfd(2). For one
    reader. */
int op_links_changed(const op_links_t *self);
/*  Is every one up? */
bool op_links_all_up(const op_links_t *self);

/*  A PUSH socket to the process; with `latest`, of its frames only the last waits to be sent. NULL:
    no certificate names its actors. */
zsock_t *op_links_connect(op_links_t *self, int process, bool latest);
/*  Changes when sockets to the process have to be made anew; of -1: the ingress's. */
uint64_t op_links_mark(const op_links_t *self, int process);
/*  From now on they have, where links have keys. */
void op_links_renew(op_links_t *self, int process);

/*  The ingress's socket. NULL: `error` says why. */
zsock_t *op_links_bind(op_links_t *self, char error[256]) OP_MUST_CHECK;

#endif
