/*  erase.h - an account is no more: what an actor kept of it goes, a slice of its rows per turn

    account_erased comes from auth once, and then from the actor itself until all is looked at. The
    account is marked first, for a day: calls of it that are still under way must not leave anything
    behind. The mark is a row under the tag 'x', which no other row of the actor may use. */

#ifndef OP_ACTORS_ERASE_H
#define OP_ACTORS_ERASE_H

#include "actors/sweep.h"

/*  Is this account marked? */
bool op_erase_has(op_turn_t *turn, op_id_t account);

void op_erase_mark(const op_event_t *event, op_turn_t *turn, op_id_t account);

/*  The first account_erased, which comes from auth: marks the account and answers true. */
bool op_erase_begins(const op_event_t *event, op_turn_t *turn);

/*  At the START: where an account was erased lately, the process may have ended before its bytes had
    left the disk. */
void op_erase_resume(op_turn_t *turn);

/*  The next slice, of rows of one of these kinds (as a sweep is set up;
    their tags differ), and a tell to `self` for what is left; after the last one the store is to be
    compacted. `arg` is what `dead` is given. */
void op_erase_slice(const op_event_t *event, op_turn_t *turn, const char *self,
                    const op_sweep_t *kinds, size_t count, const void *arg);

/*  For the sweep of the marks. */
bool op_erase_mark_is_dead(const void *now, op_str_t key, const void *row);

#endif
