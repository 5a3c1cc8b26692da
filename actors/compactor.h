/*  compactor.h - a thread that compacts what actors want to be gone (op_turn_compact)

    Actors do not wait for it: compacting takes as long as all that they keep is large. A wish is
    fulfilled OP_COMPACT_DELAY_MS later, together with those of other actors that came meanwhile, and
    not within OP_COMPACT_PAUSE_MS of the time before; what is left at the end, at once. */

#ifndef OP_ACTORS_COMPACTOR_H
#define OP_ACTORS_COMPACTOR_H

#include "store/store.h"

typedef struct op_compactor op_compactor_t;

op_compactor_t *op_compactor_new(void);
/*  Waits until nothing is left. Before the stores are closed. */
void op_compactor_destroy(op_compactor_t **self_p);

/*  Any thread. `store` is borrowed; `name` is the actor's. */
void op_compactor_ask(op_compactor_t *self, op_store_t *store, const char *name);

#endif
