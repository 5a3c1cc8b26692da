/*  links.h - the links of opd to other processes: keys, sockets, the ingress

    A process that runs all actors has none of it, and everything here does nothing. */

#ifndef OP_OPD_LINKS_H
#define OP_OPD_LINKS_H

#include "actors/port.h"
#include "actors/runtime.h"
#include "transport/ingress.h"

typedef struct {
    op_topology_t topology;
    op_curve_t *curve;
    op_links_t *links;
    op_timeline_t *timeline; /* or NULL: time is not simulated */
    op_ingress_t *ingress;
    const char *modem_here; /* the modem actor of this process; "": none runs here */
    char modems[OP_PEERS_MAX * (OP_ACTOR_NAME_MAX + 1) + 1]; /* all there are, here and elsewhere */
} op_opd_links_t;

/*  Before any actor starts. */
int op_opd_links_prepare(op_opd_links_t *self, const op_config_t *config,
                         char error[256]) OP_MUST_CHECK;
/*  Before or after the actors: what comes for one that does not run yet waits in its mailbox. */
int op_opd_links_open(op_opd_links_t *self, char error[256]) OP_MUST_CHECK;
/*  Reads the keys again; *changed: for how many other processes they are others now; for all,
    when this one's own is. -1: they stay as they were. */
int op_opd_links_reload(op_opd_links_t *self, size_t *changed, char error[256]) OP_MUST_CHECK;
/*  After the last actor has ended. */
void op_opd_links_close(op_opd_links_t *self);

/*  The ledger's port "links", where modem actors run in other processes: it says of each whether its
    link is up, at first and whenever that changes. False: there is none. */
bool op_opd_links_port(op_opd_links_t *self, op_port_t *port) OP_MUST_CHECK;

/*  Are all peers up? */
bool op_opd_links_up(const op_opd_links_t *self);
/*  Does this process have the ledger's time? It does where the ledger runs. */
bool op_opd_links_have_time(const op_opd_links_t *self);

/*  How one is. Any thread, once it is open; so are the functions below. */
typedef struct {
    char actors[201];
    const char *endpoint; /* the configuration's */
    bool up;
    uint64_t connected;
    uint64_t unacknowledged;
} op_opd_peer_t;
/*  Of the process with this index. False: there are not so many. */
bool op_opd_links_peer(const op_opd_links_t *self, op_runtime_t *runtime, size_t index,
                       op_opd_peer_t *peer) OP_MUST_CHECK;

/*  What the ingress has counted, one thing after the other, by its name in op_ingress_counts_t.
    NULL: no more. */
const char *op_opd_links_ingress(const op_opd_links_t *self, size_t index, uint64_t *count);

/*  All of that, as metrics. */
void op_opd_links_measure(const op_opd_links_t *self, op_runtime_t *runtime, op_metrics_t *metrics);

#endif
