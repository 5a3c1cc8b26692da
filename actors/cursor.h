/*  cursor.h - where the next page of a list begins, as text that only this server can make

    A cursor is the id of the last thing shown and a BLAKE2b-128 of it under the actor's own secret,
    over what the list was bound to as well: who asks, and by which filters. So a cursor of another
    key or of another filter, or one made up, is refused. Pure. */

#ifndef OP_ACTORS_CURSOR_H
#define OP_ACTORS_CURSOR_H

#include "actors/turn.h"

/*  The actor's secret, made when there is none yet: a row under the tag 's', which no other row of
    the actor may use. Call it at START. */
op_hash_t op_cursor_secret(op_turn_t *turn);

/*  The cursor behind `id`, in the turn's memory. `bound` is any bytes; lists that may share a
    cursor have the same. */
op_str_t op_cursor_make(op_turn_t *turn, const op_hash_t *secret, op_str_t bound, op_id_t id);

/*  False: not one that was made for this list. */
bool op_cursor_open(const op_hash_t *secret, op_str_t bound, op_str_t cursor,
                    op_id_t *id) OP_MUST_CHECK;

#endif
