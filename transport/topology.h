/*  topology.h - which actors run in this process, and where the others are

    A process runs some of the actors (`actors/run`), and reaches the rest at the endpoints of the
    section `peers`. It has at most one http and one modem. All that run in one process share its
    one endpoint (`link/listen`) and are reached there, so actors with the same endpoint are one
    peer.

    What is impossible, each a fault:
    - an actor runs here and stands among the peers, or is named twice;
    - an actor that speaks to those of a class (roles.h) has a way to none;
    - others have to reach this process, and it does not listen; or the other way round;
    - a tcp endpoint off loopback without keys;
    - an endpoint that is both this process's own and a peer's.

    Pure. A topology is a plain value of its own. */

#ifndef OP_TRANSPORT_TOPOLOGY_H
#define OP_TRANSPORT_TOPOLOGY_H

#include "transport/config.h"
#include "transport/roles.h"

typedef struct {
    char actor[OP_ACTOR_NAME_MAX + 1];
    size_t process; /* index into `endpoints` */
} op_topology_peer_t;

typedef struct {
    size_t run_count;
    char run[8][OP_ACTOR_NAME_MAX + 1];
    size_t peer_count;
    op_topology_peer_t peers[OP_PEERS_MAX];
    size_t process_count; /* other processes */
    char endpoints[OP_PEERS_MAX][OP_CONFIG_ENDPOINT_MAX + 1];
    char listen[OP_CONFIG_ENDPOINT_MAX + 1]; /* empty: all actors are here */
} op_topology_t;

typedef struct {
    char path[OP_ACTOR_NAME_MAX + 8]; /* the key at fault */
    uint16_t line;                    /* of a peer; 0: the key's own */
    char why[160];
} op_topology_fault_t;

/*  0, or -1 and *fault. */
int op_topology_read(op_topology_t *self, const op_config_t *config,
                     op_roles_itinerary_t *itinerary, op_topology_fault_t *fault) OP_MUST_CHECK;

/*  The name of the actor of this class that runs here, NULL: none. */
const char *op_topology_here(const op_topology_t *self, const char *class_name);

/*  The process of an actor elsewhere, or -1. */
int op_topology_process(const op_topology_t *self, op_str_t actor);

/*  The names of a process's actors, "ledger,webhook", cut at the size of `text`. */
void op_topology_actors(const op_topology_t *self, int process, char *text, size_t size);

#endif
