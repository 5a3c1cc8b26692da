/*  opd_links.h - the links of opd to other processes: keys, sockets, the door

    A process that runs all actors has none of it, and everything here does nothing. */

#ifndef OP_TOOLS_OPD_LINKS_H
#define OP_TOOLS_OPD_LINKS_H

#include "transport/door.h"

typedef struct {
    op_topology_t topology;
    op_curve_t *curve;
    op_links_t *links;
    op_door_t *door;
} op_opd_links_t;

/*  Before any actor starts. */
int op_opd_links_prepare(op_opd_links_t *self, const op_config_t *config,
                         char error[256]) OP_MUST_CHECK;
/*  Before or after the actors: what comes for one that does not run yet waits in its mailbox. */
int op_opd_links_open(op_opd_links_t *self, char error[256]) OP_MUST_CHECK;
/*  Reads the keys again. */
int op_opd_links_reload(op_opd_links_t *self, char error[256]) OP_MUST_CHECK;
/*  After the last actor has ended. */
void op_opd_links_close(op_opd_links_t *self);

/*  Are all peers up? */
bool op_opd_links_up(const op_opd_links_t *self);
/*  Does this process have the ledger's time? It does where the ledger runs. */
bool op_opd_links_have_time(const op_opd_links_t *self);

#endif
