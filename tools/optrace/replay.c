#include "tools/optrace/optrace.h"

#include "actors/replay.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static double s_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/*  From the first to the last event of these actors, in seconds. */
static double s_recorded(const op_tape_t *tape, const char *actor)
{
    int64_t first = 0, last = 0;
    for (size_t i = 0; i < tape->event_count; i++) {
        const op_tape_event_t *event = &tape->events[i];
        if (actor && strcmp(actor, tape->actors[event->actor].name) != 0)
            continue;
        if (!first || event->at < first)
            first = event->at;
        if (event->at > last)
            last = event->at;
    }
    return (double)(last - first) / 1000;
}

/*  ---- Replaying: an actor knows of no other, so each can be replayed by a thread of its own
    ---- */

typedef struct {
    const op_tape_t *tape;
    size_t actor; /* of the tape */
    op_print_t how;
    op_replay_result_t result;
    op_buf_t report;
} job_t;

typedef struct {
    job_t *jobs;
    size_t count;
    atomic_size_t next;
} work_t;

static int s_longer(const void *a_at, const void *b_at)
{
    const job_t *a = a_at, *b = b_at;
    size_t a_count = a->tape->actors[a->actor].event_count;
    size_t b_count = b->tape->actors[b->actor].event_count;
    return a_count > b_count ? -1 : a_count < b_count;
}

static int s_in_order(const void *a_at, const void *b_at)
{
    const job_t *a = a_at, *b = b_at;
    return a->actor < b->actor ? -1 : a->actor > b->actor;
}

static void *s_work(void *arg)
{
    work_t *work = arg;
    size_t i;
    while ((i = atomic_fetch_add(&work->next, 1)) < work->count)
        work->jobs[i].result = op_replay_actor(work->jobs[i].tape, work->jobs[i].actor,
                                               work->jobs[i].how, &work->jobs[i].report);
    return NULL;
}

/*  All jobs, on as many threads as there are processors; the longest begin first. */
static void s_replay_all(job_t *jobs, size_t count)
{
    enum { THREADS_MAX = 16 };
    pthread_t threads[THREADS_MAX];
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t wanted = processors > THREADS_MAX ? THREADS_MAX
                    : processors > 1         ? (size_t)processors
                                             : 1;
    size_t started = 0;
    work_t work = {jobs, count, 0};
    qsort(jobs, count, sizeof *jobs, s_longer);
    while (started + 1 < wanted && started + 1 < count &&
           pthread_create(&threads[started], NULL, s_work, &work) == 0)
        started++;
    s_work(&work); /* this one is a thread too */
    while (started)
        pthread_join(threads[--started], NULL);
    qsort(jobs, count, sizeof *jobs, s_in_order);
}

static op_optrace_exit_t s_tell(const job_t *job)
{
    const op_tape_actor_t *actor = &job->tape->actors[job->actor];
    if (!job->result.same) {
        fwrite(job->report.at, 1, job->report.size, stdout);
        return OP_OPTRACE_DIFFERS;
    }
    printf("%s: %zu events, the same%s\n", actor->name, job->result.events,
           actor->ended ? ", and so are its rows" : "; it has no clean end");
    return OP_OPTRACE_OK;
}

op_optrace_exit_t op_optrace_replay(const op_optrace_options_t *options)
{
    op_optrace_t trace = {.file_count = 0};
    double begin = s_seconds();
    if (op_optrace_read(&trace, options->files[0], options->lenient) != 0)
        return OP_OPTRACE_BAD;
    const op_tape_t *tape = &trace.tape;
    job_t jobs[OP_TAPE_ACTORS_MAX];
    size_t count = 0, events = 0;
    for (size_t i = 0; i < tape->actor_count; i++)
        if (!options->actor || strcmp(options->actor, tape->actors[i].name) == 0)
            jobs[count++] = (job_t){.tape = tape, .actor = i, .how = options->how};
    s_replay_all(jobs, count);
    double took = s_seconds() - begin, recorded = s_recorded(tape, options->actor);
    op_optrace_exit_t exit = OP_OPTRACE_OK;
    for (size_t i = 0; i < count; i++) {
        if (s_tell(&jobs[i]) != OP_OPTRACE_OK)
            exit = OP_OPTRACE_DIFFERS;
        events += jobs[i].result.events;
        op_buf_free(&jobs[i].report);
    }
    if (took < 1e-6)
        took = 1e-6;
    printf("%zu events in %.3f s: %.0f a second, %.0f times as fast as they were recorded\n",
           events, took, (double)events / took, recorded / took);
    if (count == 0) {
        fprintf(stderr, "optrace: no such actor in the trace\n");
        exit = OP_OPTRACE_DIFFERS;
    }
    op_optrace_close(&trace);
    return exit;
}
