/*  sim_record.c - what the actors of a world were given and said, as a trace (transport/trace.h)

    Each life of an actor, from its rows and START to its death, is recorded by itself. What has
    ended long before the run is left out: a trace begins anywhere an actor does. */

#include "actors/recording.h"
#include "base/instant.h"
#include "tests/simulation/sim_private.h"

#include <stdlib.h>

/*  Lives that ended so long before the end are not in the trace, nor are more than a tape takes. */
static const int64_t s_kept_ms = 10 * OP_MINUTE_MS;
enum { LIVES_MAX = 200 };

struct sim_life {
    op_buf_t records;
    op_recording_t *recording; /* NULL: it has ended */
    uint64_t number, outbox_max;
    int64_t ended;
};

static uint64_t s_actor(void *at, const char *name, const char *class)
{
    sim_life_t *life = at;
    op_trace_actor_t actor = {life->number, op_str(name), op_str(class), life->outbox_max};
    op_trace_add(&op_trace_actor_type, &actor, &life->records);
    return life->number;
}

static void s_write(void *at, op_str_t records, bool state)
{
    (void)state;
    op_buf_add_str(&((sim_life_t *)at)->records, records);
}

static void s_stop(void *at, const char *reason)
{
    (void)at;
    (void)reason; /* a read error of the played disk: the actor meets it too */
}

static bool s_stopped(void *at)
{
    (void)at;
    return false;
}

void sim_record_begin(sim_t *self, size_t actor)
{
    sim_actor_t *of = &self->actors[actor];
    if (!self->options.trace)
        return;
    if (self->life_count == self->life_capacity) {
        self->life_capacity = self->life_capacity ? 2 * self->life_capacity : 64;
        self->lives = op_realloc(self->lives, self->life_capacity * sizeof(sim_life_t *));
    }
    sim_life_t *life = op_alloc(sizeof *life);
    *life = (sim_life_t){.number = self->life_count + 1, .outbox_max = self->outbox_max};
    self->lives[self->life_count++] = life;
    op_recording_sink_t sink = {life, s_actor, s_write, s_stop, s_stopped};
    const char *name = op_actor_name(of->actor);
    life->recording =
        op_recording_new(&sink, sim_disk_memory(self->processes[of->process].disk), name, name);
    op_actor_observe(of->actor, op_recording_observer(life->recording));
    of->life = life;
}

void sim_record_end(sim_t *self, size_t actor, bool clean)
{
    sim_life_t *life = self->actors[actor].life;
    if (!life)
        return;
    if (clean)
        op_recording_end(life->recording);
    life->ended = self->now;
    op_recording_destroy(&life->recording);
    self->actors[actor].life = NULL;
}

void sim_record_write(sim_t *self)
{
    op_buf_t *out = self->options.trace;
    if (!out)
        return;
    op_trace_header_t header = {
        .format = OP_TRACE_FORMAT, .build = OP_STR("opsimulate"), .started = self->begin};
    op_catalogue_hash(&header.catalogue);
    op_trace_add(&op_trace_header_type, &header, out);
    size_t first = self->life_count > LIVES_MAX ? self->life_count - LIVES_MAX : 0;
    for (size_t i = first; i < self->life_count; i++)
        if (self->lives[i]->ended + s_kept_ms >= self->now)
            op_buf_add_str(out, op_buf_str(&self->lives[i]->records));
}

void sim_record_free(sim_t *self)
{
    for (size_t i = 0; i < self->life_count; i++) {
        op_buf_free(&self->lives[i]->records);
        free(self->lives[i]);
    }
    free(self->lives);
}
