/*  checker.h - what was promised, and whether a store keeps it */

#ifndef OP_TESTS_POWERLOSS_CHECKER_H
#define OP_TESTS_POWERLOSS_CHECKER_H

#include "store/store.h"
#include "tests/powerloss/plan.h"

/*  What may have become of a batch's outbox rows. */
typedef enum {
    CHECKER_KEPT,     /* nobody removed them */
    CHECKER_REMOVING, /* an unsynced removal may or may not be there */
    CHECKER_REMOVED,  /* it has returned */
    CHECKER_GONE,     /* and a synced write after it has, too: they stay away */
} checker_outbox_t;

typedef struct {
    unsigned written[PLAN_THREADS]; /* the last synced batch that was acknowledged */
    checker_outbox_t outbox[PLAN_THREADS][PLAN_NUMBERS];
} checker_t;

/*  Takes the writer's lines (plan.h); the last may be cut short. Returns how many acknowledged a
    synced batch. */
unsigned checker_listen(checker_t *self, op_str_t lines);

/*  After a power cut: what was unsynced may be there or not from now on. */
void checker_cut(checker_t *self);

/*  0: everything acknowledged is there, nothing is there by halves, no holes. Else -1 with one
    line in `problem`. */
int checker_check(const checker_t *self, op_store_t *store,
                  char problem[OP_STORE_ERROR_SIZE]) OP_MUST_CHECK;

#endif
