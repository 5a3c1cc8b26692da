#include "actors/compactor.h"

#include "actors/actor.h"
#include "actors/views.h"
#include "transport/clock.h"
#include "transport/log.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

typedef struct {
    op_store_t *store;
    char name[OP_ACTOR_NAME_MAX + 1];
} wish_t;

struct op_compactor {
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    wish_t wishes[OP_RUNTIME_ACTORS_MAX];
    size_t count;
    int64_t due;  /* steady; while there are wishes */
    int64_t last; /* steady: the end of the time before */
    bool ending;
};

/*  Called with the lock. */
static void s_wish(op_compactor_t *self, const wish_t *wish, int64_t now)
{
    for (size_t i = 0; i < self->count; i++)
        if (self->wishes[i].store == wish->store && strcmp(self->wishes[i].name, wish->name) == 0)
            return;
    OP_ASSERT(self->count < OP_RUNTIME_ACTORS_MAX);
    if (self->count == 0) {
        self->due = now + OP_COMPACT_DELAY_MS;
        if (self->last && self->due < self->last + OP_COMPACT_PAUSE_MS)
            self->due = self->last + OP_COMPACT_PAUSE_MS;
    }
    self->wishes[self->count++] = *wish;
}

/*  True: a snapshot is in the way. */
static bool s_compact(const wish_t *wish)
{
    char low[OP_ACTOR_NAME_MAX + 2], high[OP_ACTOR_NAME_MAX + 2];
    op_actor_bounds(wish->name, low, high);
    int64_t began = op_clock_steady();
    int rc = op_store_compact(wish->store, op_str(low), op_str(high));
    if (rc < 0)
        op_log(OP_LOG_ERROR, wish->name, "what was erased may be on the disk yet reason=%s",
               op_store_error(wish->store));
    if (rc == 0)
        op_log(OP_LOG_INFO, wish->name, "what was erased has left the disk ms=%lld",
               (long long)(op_clock_steady() - began));
    return rc > 0;
}

/*  Called with the lock, which is given up meanwhile. */
static void s_work(op_compactor_t *self)
{
    wish_t wishes[OP_RUNTIME_ACTORS_MAX];
    bool left[OP_RUNTIME_ACTORS_MAX];
    size_t count = self->count;
    memcpy(wishes, self->wishes, count * sizeof *wishes);
    self->count = 0;
    pthread_mutex_unlock(&self->lock);
    for (size_t i = 0; i < count; i++)
        left[i] = s_compact(&wishes[i]);
    pthread_mutex_lock(&self->lock);
    self->last = op_clock_steady();
    for (size_t i = 0; i < count; i++)
        if (left[i] && !self->ending)
            s_wish(self, &wishes[i], self->last);
}

static void s_wait(op_compactor_t *self)
{
    if (self->count == 0) {
        pthread_cond_wait(&self->changed, &self->lock);
        return;
    }
    const struct timespec until = {.tv_sec = self->due / 1000,
                                   .tv_nsec = self->due % 1000 * 1000000};
    pthread_cond_timedwait(&self->changed, &self->lock, &until);
}

static void *s_thread(void *argument)
{
    op_compactor_t *self = argument;
    prctl(PR_SET_NAME, "compactor");
    pthread_mutex_lock(&self->lock);
    while (self->count || !self->ending)
        if (self->count && (self->ending || op_clock_steady() >= self->due))
            s_work(self);
        else
            s_wait(self);
    pthread_mutex_unlock(&self->lock);
    return NULL;
}

op_compactor_t *op_compactor_new(void)
{
    op_compactor_t *self = op_alloc(sizeof *self);
    *self = (op_compactor_t){.count = 0};
    pthread_condattr_t steady;
    OP_ASSERT(pthread_condattr_init(&steady) == 0);
    OP_ASSERT(pthread_condattr_setclock(&steady, CLOCK_MONOTONIC) == 0);
    OP_ASSERT(pthread_mutex_init(&self->lock, NULL) == 0);
    OP_ASSERT(pthread_cond_init(&self->changed, &steady) == 0);
    pthread_condattr_destroy(&steady);
    OP_ASSERT(pthread_create(&self->thread, NULL, s_thread, self) == 0);
    return self;
}

void op_compactor_destroy(op_compactor_t **self_p)
{
    op_compactor_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    pthread_mutex_lock(&self->lock);
    self->ending = true;
    pthread_cond_signal(&self->changed);
    pthread_mutex_unlock(&self->lock);
    pthread_join(self->thread, NULL);
    pthread_cond_destroy(&self->changed);
    pthread_mutex_destroy(&self->lock);
    free(self);
}

void op_compactor_ask(op_compactor_t *self, op_store_t *store, const char *name)
{
    wish_t wish = {.store = store};
    OP_ASSERT(op_str_copy(op_str(name), wish.name, sizeof wish.name));
    pthread_mutex_lock(&self->lock);
    s_wish(self, &wish, op_clock_steady());
    pthread_cond_signal(&self->changed);
    pthread_mutex_unlock(&self->lock);
}
