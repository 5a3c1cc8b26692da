/*  control.h - the actor "control": the operator's way into a running opd

    A local stream socket (config control/socket), mode 0600, over which opctl speaks the same
    requests and replies as the actors among themselves (transport/control_wire.h): a request's
    envelope carries its slip and context, and control sends it on with itself as the origin. Who
    may open the socket may ask any step, with any account in the context, as no HTTP client may; so
    whoever may read it is the operator. Each request is logged, with the uid and pid of the peer
    (SO_PEERCRED) and without its content.

    It reaches the actors of its own process; for one that runs elsewhere it says where.

    Its own steps: control.status (status_view, the lines of the modem here included), control.drain
    (nothing; then the process is sent SIGTERM) and control.backup: as many replies backup_part as
    it takes, the last one empty. A backup is a snapshot: other requests and all writes go on
    meanwhile.

    Limits: OP_CONTROL_CONNECTIONS at a time, each with a thread; more are closed at once. One that
    says or takes nothing for OP_CONTROL_PATIENCE_S is closed. */

#ifndef OP_OPD_CONTROL_H
#define OP_OPD_CONTROL_H

#include "actors/runtime.h"
#include "opd/links.h"
#include "store/store.h"

enum { OP_CONTROL_CONNECTIONS = 16, OP_CONTROL_PATIENCE_S = 60 };

typedef struct op_control op_control_t;

/*  Binds the socket; who connects waits. NULL: `error` says why. */
op_control_t *op_control_new(const char *path, char error[256]) OP_MUST_CHECK;
/*  Serves. What it is given is borrowed, and outlives it; `links` are open. -1: `error` says why. */
int op_control_serve(op_control_t *self, op_store_t *store, op_runtime_t *runtime,
                     const op_opd_links_t *links, char error[256]) OP_MUST_CHECK;
/*  Cuts all connections and removes the socket. */
void op_control_destroy(op_control_t **self_p);

#endif
