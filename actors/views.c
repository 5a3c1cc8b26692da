#include "actors/views.h"

#include "transport/clock.h"

#include <pthread.h>
#include <stdlib.h>

struct op_views {
    pthread_mutex_t mutex;
    size_t count;
    op_runtime_view_t views[OP_RUNTIME_ACTORS_MAX];
};

op_views_t *op_views_new(void)
{
    op_views_t *self = op_alloc(sizeof *self);
    *self = (op_views_t){.count = 0};
    pthread_mutex_init(&self->mutex, NULL);
    return self;
}

void op_views_destroy(op_views_t **self_p)
{
    OP_ASSERT(self_p);
    if (!*self_p)
        return;
    pthread_mutex_destroy(&(*self_p)->mutex);
    free(*self_p);
    *self_p = NULL;
}

size_t op_views_begin(op_views_t *self, const char *name)
{
    pthread_mutex_lock(&self->mutex);
    OP_ASSERT(self->count < OP_RUNTIME_ACTORS_MAX);
    op_runtime_view_t *view = &self->views[self->count];
    OP_ASSERT(op_str_copy(op_str(name), view->name, sizeof view->name));
    view->started = op_clock_steady();
    size_t which = self->count++;
    pthread_mutex_unlock(&self->mutex);
    return which;
}

void op_views_show(op_views_t *self, size_t which, const op_actor_t *actor, bool failed)
{
    pthread_mutex_lock(&self->mutex);
    op_runtime_view_t *view = &self->views[which];
    view->failed = failed;
    view->counts = op_actor_counts(actor);
    view->link_count = op_actor_links(actor, view->links);
    pthread_mutex_unlock(&self->mutex);
}

bool op_views_look(op_views_t *self, size_t which, op_runtime_view_t *view)
{
    pthread_mutex_lock(&self->mutex);
    bool there = which < self->count;
    if (there)
        *view = self->views[which];
    pthread_mutex_unlock(&self->mutex);
    return there;
}
