#include "transport/timeline.h"

#include "transport/clock.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { LINKS_MS = 100 }; /* how often a wait looks whether a link has gone down */

struct op_timeline {
    const op_links_t *links;
    int news, moved; /* event descriptors */
    pthread_mutex_t lock;
    pthread_cond_t heard;
    int64_t begun;
    int64_t peers[OP_PEERS_MAX];
};

op_timeline_t *op_timeline_new(const op_links_t *links)
{
    pthread_condattr_t steady;
    op_timeline_t *self = op_alloc(sizeof *self);
    *self = (op_timeline_t){.links = links,
                            .news = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
                            .moved = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    OP_ASSERT(self->news >= 0 && self->moved >= 0);
    pthread_mutex_init(&self->lock, NULL);
    pthread_condattr_init(&steady);
    pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
    pthread_cond_init(&self->heard, &steady);
    pthread_condattr_destroy(&steady);
    return self;
}

void op_timeline_destroy(op_timeline_t **self_p)
{
    op_timeline_t *self = *self_p;
    if (!self)
        return;
    close(self->news);
    close(self->moved);
    pthread_cond_destroy(&self->heard);
    pthread_mutex_destroy(&self->lock);
    free(self);
    *self_p = NULL;
}

static void s_ring(int bell)
{
    OP_ASSERT(eventfd_write(bell, 1) == 0);
}

static void s_silence(int bell)
{
    eventfd_t count;
    (void)eventfd_read(bell, &count); /* it may be silent */
}

/*  ---- The ingress's side ---- */

int op_timeline_news(const op_timeline_t *self)
{
    return self->news;
}

int64_t op_timeline_say(op_timeline_t *self)
{
    s_silence(self->news);
    pthread_mutex_lock(&self->lock);
    int64_t begun = self->begun;
    pthread_mutex_unlock(&self->lock);
    return begun;
}

bool op_timeline_hear(op_timeline_t *self, int process, uint64_t ahead)
{
    if (ahead > (uint64_t)OP_CLOCK_AHEAD_MAX_MS)
        return false;
    pthread_mutex_lock(&self->lock);
    self->peers[process] = (int64_t)ahead;
    pthread_cond_broadcast(&self->heard);
    pthread_mutex_unlock(&self->lock);
    if (op_clock_reach((int64_t)ahead))
        s_ring(self->moved);
    return true;
}

/*  ---- The process's side ---- */

int op_timeline_moved(const op_timeline_t *self)
{
    return self->moved;
}

int64_t op_timeline_due(op_timeline_t *self)
{
    s_silence(self->moved); /* before the look at the clock, so that no later move is missed */
    return op_clock_ahead();
}

void op_timeline_begun(op_timeline_t *self, int64_t ahead)
{
    pthread_mutex_lock(&self->lock);
    if (ahead > self->begun)
        self->begun = ahead;
    pthread_mutex_unlock(&self->lock);
    s_ring(self->news);
}

static bool s_all(const op_timeline_t *self, int64_t ahead)
{
    for (int i = 0; i < (int)op_links_topology(self->links)->process_count; i++)
        if (op_links_up(self->links, i) && self->peers[i] < ahead)
            return false;
    return true;
}

bool op_timeline_wait(op_timeline_t *self, int64_t ahead, int64_t deadline_ms)
{
    int64_t end = op_clock_steady() + deadline_ms, now;
    bool all;
    pthread_mutex_lock(&self->lock);
    while (!(all = s_all(self, ahead)) && (now = op_clock_steady()) < end) {
        int64_t until = now + LINKS_MS < end ? now + LINKS_MS : end;
        struct timespec at = {until / 1000, until % 1000 * 1000000};
        pthread_cond_timedwait(&self->heard, &self->lock, &at);
    }
    pthread_mutex_unlock(&self->lock);
    return all;
}
