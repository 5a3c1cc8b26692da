/*  The owner's side of the threads: it starts them, tells all of them something and waits for their
    answers, ends them. What a thread does is in runtime_thread.c.

    It shares with a thread what op_runtime_thread_t names and nothing else; commands and answers go
    through the actor's pipe, in rounds (command.h). Nobody waits without a deadline, so that a
    thread that hangs costs the owner a while and not for ever; only op_runtime_destroy has to see
    each thread end, or the store would be closed under it.

    A thread that fails writes why into the pipe `failure`, which its owner polls along with its
    other descriptors. The process then ends, so the first reason is the one that counts. */

#include "actors/runtime.h"

#include "actors/command.h"
#include "actors/runtime_thread.h"
#include "transport/clock.h"
#include "transport/log.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct op_runtime {
    zactor_t *actors[OP_RUNTIME_ACTORS_MAX];
    op_runtime_thread_t threads[OP_RUNTIME_ACTORS_MAX];
    size_t count;
    op_trace_file_t *trace; /* or NULL */
    op_metrics_t *metrics;  /* or NULL */
    op_views_t *views;
    op_compactor_t *compactor;
    uint64_t round; /* of commands to all, so that a late answer is not taken for a later round's */
    atomic_size_t ended; /* threads that are done with all that is not their own */
    int failure[2];      /* a pipe: the reason of the first failure is written into it */
};

op_runtime_t *op_runtime_new(void)
{
    op_runtime_t *self = op_alloc(sizeof *self);
    *self = (op_runtime_t){.views = op_views_new(), .compactor = op_compactor_new()};
    OP_ASSERT(pipe(self->failure) == 0);
    return self;
}

void op_runtime_destroy(op_runtime_t **self_p)
{
    op_runtime_t *self = *self_p;
    if (!self)
        return;
    for (size_t i = self->count; i > 0; i--)
        zactor_destroy(&self->actors[i - 1]);
    /* zactor waits for each, but through ZeroMQ, which promises no order of what is in memory. */
    OP_ASSERT(atomic_load(&self->ended) == self->count);
    op_compactor_destroy(&self->compactor);
    close(self->failure[0]);
    close(self->failure[1]);
    op_views_destroy(&self->views);
    free(self);
    *self_p = NULL;
}

void op_runtime_record(op_runtime_t *self, op_trace_file_t *trace)
{
    self->trace = trace;
}

void op_runtime_measure(op_runtime_t *self, op_metrics_t *metrics)
{
    self->metrics = metrics;
}

int op_runtime_start(op_runtime_t *self, const op_core_class_t *class, const char *name,
                     op_store_t *store, const op_type_t *setup_type, const void *setup,
                     const op_port_t *port, char error[256])
{
    OP_ASSERT(self->count < OP_RUNTIME_ACTORS_MAX);
    op_runtime_thread_t *thread = &self->threads[self->count];
    *thread = (op_runtime_thread_t){.class = class,
                                    .store = store,
                                    .setup_type = setup_type,
                                    .has_port = port != NULL,
                                    .trace = self->trace,
                                    .metrics = self->metrics,
                                    .views = self->views,
                                    .compactor = self->compactor,
                                    .which = op_views_begin(self->views, name),
                                    .failure_fd = self->failure[1],
                                    .ended = &self->ended};
    OP_ASSERT(op_str_copy(op_str(name), thread->name, sizeof thread->name));
    op_metrics_put(self->metrics, OP_METRIC_MAILBOX_FULL, 0, op_str(name), (op_str_t){0});
    if (setup_type)
        op_encode(setup_type, setup, &thread->setup);
    if (port)
        thread->port = *port;
    zactor_t *actor = zactor_new(op_runtime_thread, thread);
    OP_ASSERT(actor);
    self->actors[self->count++] = actor;

    char *word, *detail;
    bool answered =
        op_command_wait(actor, op_clock_steady() + OP_START_DEADLINE_MS, &word, &detail);
    int rc = answered && strcmp(word, "READY") == 0 ? 0 : -1;
    if (rc != 0)
        snprintf(error, 256, "%s does not start: %s", name,
                 answered && detail ? detail : "no answer in time");
    zstr_free(&word);
    zstr_free(&detail);
    return rc;
}

bool op_runtime_view(op_runtime_t *self, size_t which, op_runtime_view_t *view)
{
    return op_views_look(self->views, which, view);
}

int op_runtime_failure_fd(const op_runtime_t *self)
{
    return self->failure[0];
}

void op_runtime_failure(op_runtime_t *self, char error[256])
{
    ssize_t size = read(self->failure[0], error, 255);
    error[size > 0 ? size : 0] = 0;
}

/*  Tells all actors, and waits until each has answered as it should. */
static bool s_tell_all(op_runtime_t *self, const char *word, const char *answer,
                       int64_t deadline_ms)
{
    const op_command_t command = {.word = word, .answer = answer, .round = ++self->round};
    op_command_tell(&command, self->actors, self->count);
    size_t missing = op_command_await(&command, self->actors, self->count, deadline_ms);
    if (missing < self->count)
        op_log(OP_LOG_WARNING, self->threads[missing].name, "what was told was not done command=%s",
               word);
    return missing == self->count;
}

bool op_runtime_look(op_runtime_t *self, int64_t deadline_ms)
{
    return s_tell_all(self, "LOOK", "LOOKED", deadline_ms);
}

static bool s_runs_here(const op_runtime_t *self, const char *actor)
{
    for (size_t i = 0; i < self->count; i++)
        if (strcmp(self->threads[i].name, actor) == 0)
            return true;
    return false;
}

/*  How much the actors have told each other, or themselves, that is not done yet; *steps: what they
    have done so far. */
static uint64_t s_under_way(op_runtime_t *self, uint64_t *steps)
{
    op_runtime_view_t view;
    uint64_t left = 0;
    *steps = 0;
    for (size_t i = 0; op_runtime_view(self, i, &view); i++) {
        *steps += view.counts.steps;
        for (size_t l = 0; l < view.link_count; l++)
            if (s_runs_here(self, view.links[l].peer))
                left += view.links[l].unacknowledged;
    }
    return left;
}

bool op_runtime_drain(op_runtime_t *self, int64_t deadline_ms)
{
    enum { IDLE_ROUNDS = 3 }; /* a tell is done in one, its acknowledgement heard in the next */
    int64_t end = op_clock_steady() + deadline_ms, now = end - deadline_ms;
    bool drained = s_tell_all(self, "DRAIN", "DRAINED", deadline_ms);
    uint64_t left, steps, left_before = 0, steps_before = 0;
    /* What is held back, because an outbox to another host is full, is not waited for. */
    for (int idle = 0; drained && idle < IDLE_ROUNDS && now < end; now = op_clock_steady()) {
        left = s_under_way(self, &steps);
        if (left == 0)
            break;
        idle = left == left_before && steps == steps_before ? idle + 1 : 0;
        left_before = left;
        steps_before = steps;
        drained = op_runtime_look(self, end - now);
    }
    return drained;
}
