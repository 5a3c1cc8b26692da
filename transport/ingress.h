/*  ingress.h - where the frames of other processes come in, and who keeps the links

    One thread. It owns the process's listening socket and looks at every frame before it reaches a
    mailbox:

    1. it can be read, and is for an actor that runs here;
    2. it comes from an actor that the configuration knows elsewhere and, where links have keys, the
       connection's key may speak as that actor (curve.h): so a host cannot pass for another;
    3. its process is understood (handshake.h);
    4. actors of the sender's class say such things to the receiver's (roles.h): so a host that
       somebody has broken into gains nothing besides its own role;
    5. of a request: its answer would be for an http that is here or a peer. Others would each get a
       place in a postbox of whoever answers, until there is none left.

    What fails is dropped and counted, and logged at most once every OP_INGRESS_LOG_MS; in that time
    at most OP_INGRESS_NEWS_MAX lines tell of a peer that it has started, is up, and so on.
    Connections without a permitted key never come so far; they are counted as `refused`. What
    passes goes into the mailbox; when that is full, a request is answered `unavailable`, the rest
    is dropped, as within one process.

    It also sends the hellos, says which links are up, and keeps op_clock_now in step with the
    machine of the ledger. */

#ifndef OP_TRANSPORT_INGRESS_H
#define OP_TRANSPORT_INGRESS_H

#include "transport/links.h"
#include "transport/roles.h"
#include "transport/timeline.h"

enum { OP_INGRESS_LOG_MS = 10000, OP_INGRESS_NEWS_MAX = 20 };

typedef struct op_ingress op_ingress_t;

typedef struct {
    uint64_t taken;      /* frames that went to a mailbox */
    uint64_t refused;    /* connections: no permitted key, or no ZeroMQ at all */
    uint64_t unreadable; /* frames: cannot be read, or for nobody here, or their answer would be */
    uint64_t foreign;    /* ... from whom the connection is not */
    uint64_t misunderstood; /* ... from a process that is refused, or not heard yet */
    uint64_t out_of_role;   /* ... that such an actor does not say; times that no clock has */
    uint64_t full;          /* ... that no mailbox took */
} op_ingress_counts_t;

/*  Binds, tests that strangers are refused, and starts the thread. `links` is borrowed and outlives
    it; what comes for an actor whose mailbox is not bound yet waits for it, as in a mailbox. So is
    `timeline`, NULL where time is not simulated: who says there that it is oversteps its role.
    NULL: `error` says why. */
op_ingress_t *op_ingress_new(op_links_t *links, op_roles_itinerary_t *itinerary,
                             op_timeline_t *timeline, char error[256]) OP_MUST_CHECK;
void op_ingress_destroy(op_ingress_t **self_p);

/*  After op_curve_reload: listens and speaks with the new keys. Links whose keys have not changed
    stay up. */
void op_ingress_reload(op_ingress_t *self);

op_ingress_counts_t op_ingress_counts(op_ingress_t *self);

#endif
