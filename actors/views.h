/*  views.h - what an actor was after its latest turn, for other threads to look at

    Each actor's thread writes its own view when a turn is over; whoever looks gets a copy. */

#ifndef OP_ACTORS_VIEWS_H
#define OP_ACTORS_VIEWS_H

#include "actors/actor.h"

enum { OP_RUNTIME_ACTORS_MAX = 32 };

typedef struct {
    char name[OP_ACTOR_NAME_MAX + 1];
    bool failed;
    int64_t started; /* by the steady clock */
    op_actor_counts_t counts;
    size_t link_count;
    op_actor_link_t links[OP_PEERS_MAX];
} op_runtime_view_t;

typedef struct op_views op_views_t;

op_views_t *op_views_new(void);
void op_views_destroy(op_views_t **self_p);

/*  Begins the next actor's view: its number, from 0. */
size_t op_views_begin(op_views_t *self, const char *name);
void op_views_show(op_views_t *self, size_t which, const op_actor_t *actor, bool failed);
/*  False: there are not so many. */
bool op_views_look(op_views_t *self, size_t which, op_runtime_view_t *view) OP_MUST_CHECK;

#endif
