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

/*  ---- Replaying

    An actor knows of no other, so several are replayed at once, and while the trace is still being
    read: whoever has time takes the actor that is furthest behind what was read, and goes on with
    it for a while. ---- */

enum { THREADS_MAX = 16, SLICE = 8192 /* events of the tape */ };

typedef struct {
    op_comparison_t *comparison; /* NULL: it has not begun, or it is over */
    op_replay_result_t result;   /* so far */
    op_buf_t report;
    bool begun, over;
    bool taken; /* by a thread */
} job_t;

typedef struct {
    const op_tape_t *tape;
    const char *only; /* this actor; NULL: all */
    job_t jobs[OP_TAPE_ACTORS_MAX];
    op_print_t how;
    pthread_mutex_t mutex; /* over all that follows, and over the jobs that are not taken */
    pthread_cond_t changed;
    size_t events;                     /* read so far */
    size_t counts[OP_TAPE_ACTORS_MAX]; /* of them, by actor */
    size_t actors;
    bool complete; /* all is read */
    bool stopped;  /* nobody wants to know any more */
} work_t;

static bool s_is_wanted(const work_t *self, size_t actor)
{
    return !self->only || strcmp(self->only, self->tape->actors[actor].name) == 0;
}

/*  What was read up to here can be replayed. */
static void s_publish(work_t *self, bool complete, bool stopped)
{
    const op_tape_t *tape = self->tape;
    pthread_mutex_lock(&self->mutex);
    self->events = tape->event_count;
    self->actors = tape->actor_count;
    self->complete = complete;
    self->stopped = stopped;
    for (size_t i = 0; i < self->actors; i++)
        self->counts[i] = tape->actors[i].event_count;
    pthread_cond_broadcast(&self->changed);
    pthread_mutex_unlock(&self->mutex);
}

static void s_grows(void *arg)
{
    s_publish(arg, false, false);
}

/*  The free job that is furthest behind, NULL: none is. When all is read, one that is not behind, or
    differs, is to be ended. */
static job_t *s_next(work_t *self)
{
    job_t *next = NULL;
    size_t most = 0;
    for (size_t i = 0; i < self->actors; i++) {
        job_t *job = &self->jobs[i];
        if (job->taken || job->over || !s_is_wanted(self, i))
            continue;
        bool differs = job->begun && !job->result.same;
        size_t behind = differs ? 0 : self->counts[i] - job->result.events;
        behind += self->complete;
        if (behind > most) {
            next = job;
            most = behind;
        }
    }
    return next;
}

static bool s_is_any_taken(const work_t *self)
{
    for (size_t i = 0; i < self->actors; i++)
        if (self->jobs[i].taken)
            return true;
    return false;
}

/*  Goes on with a job up to there, or to its end. The mutex is not held. */
static void s_go_on(work_t *self, job_t *job, size_t upto, bool end)
{
    if (!job->begun)
        job->comparison = op_comparison_new(self->tape, (size_t)(job - self->jobs));
    job->begun = true;
    job->result = op_comparison_go(job->comparison, upto);
    job->over = end;
    if (end)
        job->result = op_comparison_end(&job->comparison, self->how, &job->report);
}

static void *s_work(void *arg)
{
    work_t *self = arg;
    pthread_mutex_lock(&self->mutex);
    while (!self->stopped) {
        job_t *job = s_next(self);
        if (!job && self->complete && !s_is_any_taken(self))
            break;
        if (!job) {
            pthread_cond_wait(&self->changed, &self->mutex);
            continue;
        }
        size_t left = self->events - job->result.event, slice = left < SLICE ? left : SLICE;
        job->taken = true;
        bool differs = job->begun && !job->result.same;
        bool end = self->complete && (differs || slice == left);
        pthread_mutex_unlock(&self->mutex);
        s_go_on(self, job, job->result.event + slice, end);
        pthread_mutex_lock(&self->mutex);
        job->taken = false;
        pthread_cond_broadcast(&self->changed);
    }
    pthread_mutex_unlock(&self->mutex);
    return NULL;
}

/*  Reads the trace, and replays it on as many threads as there are processors. -1: stderr says why
    it cannot be read. */
static int s_replay(work_t *self, op_optrace_t *trace, const op_optrace_options_t *options)
{
    pthread_t threads[THREADS_MAX];
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t wanted = processors > THREADS_MAX ? THREADS_MAX
                    : processors > 1         ? (size_t)processors
                                             : 1;
    size_t started = 0;
    trace->tape.grows = s_grows;
    trace->tape.grows_arg = self;
    while (started + 1 < wanted && pthread_create(&threads[started], NULL, s_work, self) == 0)
        started++;
    int rc = op_optrace_read(trace, options->files[0], options->lenient);
    s_publish(self, rc == 0, rc != 0);
    s_work(self); /* this one is a thread too */
    while (started)
        pthread_join(threads[--started], NULL);
    return rc;
}

/*  ---- What came of it ---- */

static op_optrace_exit_t s_tell(const op_tape_actor_t *actor, const job_t *job)
{
    if (!job->result.same) {
        fwrite(job->report.at, 1, job->report.size, stdout);
        return OP_OPTRACE_DIFFERS;
    }
    printf("%s: %zu events, the same%s\n", actor->name, job->result.events,
           actor->ended ? ", and so are its rows" : "; it has no clean end");
    return OP_OPTRACE_OK;
}

static op_optrace_exit_t s_tell_all(const work_t *self, double took)
{
    op_optrace_exit_t exit = OP_OPTRACE_OK;
    size_t count = 0, events = 0;
    for (size_t i = 0; i < self->actors; i++) {
        if (!s_is_wanted(self, i))
            continue;
        if (s_tell(&self->tape->actors[i], &self->jobs[i]) != OP_OPTRACE_OK)
            exit = OP_OPTRACE_DIFFERS;
        events += self->jobs[i].result.events;
        count++;
    }
    if (count == 0) {
        fprintf(stderr, self->only ? "optrace: no such actor in the trace\n"
                                   : "optrace: nothing to replay: no actor was recorded\n");
        return self->only ? OP_OPTRACE_DIFFERS : OP_OPTRACE_OK;
    }
    double recorded = s_recorded(self->tape, self->only);
    if (took < 1e-6)
        took = 1e-6;
    printf("%zu events in %.3f s: %.0f a second, %.0f times as fast as they were recorded\n",
           events, took, (double)events / took, recorded / took);
    return exit;
}

op_optrace_exit_t op_optrace_replay(const op_optrace_options_t *options)
{
    op_optrace_t trace = {.file_count = 0};
    work_t *work = op_alloc(sizeof *work);
    *work = (work_t){.tape = &trace.tape, .only = options->actor, .how = options->how};
    pthread_mutex_init(&work->mutex, NULL);
    pthread_cond_init(&work->changed, NULL);
    double begin = s_seconds();
    op_optrace_exit_t exit = s_replay(work, &trace, options) == 0 ? OP_OPTRACE_OK : OP_OPTRACE_BAD;
    double took = s_seconds() - begin;
    if (exit == OP_OPTRACE_OK)
        exit = s_tell_all(work, took);
    for (size_t i = 0; i < OP_TAPE_ACTORS_MAX; i++) {
        op_comparison_destroy(&work->jobs[i].comparison);
        op_buf_free(&work->jobs[i].report);
    }
    pthread_cond_destroy(&work->changed);
    pthread_mutex_destroy(&work->mutex);
    free(work);
    op_optrace_close(&trace);
    return exit;
}
