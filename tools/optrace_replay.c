#include "tools/optrace.h"

#include "actors/replay.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

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

op_optrace_exit_t op_optrace_replay(const op_optrace_options_t *options)
{
    op_optrace_t trace = {.segments = 0};
    if (op_optrace_open(&trace, options->files[0], options->torn) != 0)
        return OP_OPTRACE_BAD;
    const op_tape_t *tape = &trace.tape;
    op_optrace_exit_t exit = OP_OPTRACE_OK;
    size_t events = 0, actors = 0;
    op_buf_t report = {0};
    double begin = s_seconds();
    for (size_t i = 0; i < tape->actor_count; i++) {
        const op_tape_actor_t *actor = &tape->actors[i];
        if (options->actor && strcmp(options->actor, actor->name) != 0)
            continue;
        actors++;
        op_buf_clear(&report);
        op_replay_result_t result = op_replay_actor(tape, i, &report);
        events += result.events;
        if (result.same)
            printf("%s: %zu events, the same%s\n", actor->name, result.events,
                   actor->ended ? ", and so are its rows" : "; it has no clean end");
        else {
            exit = OP_OPTRACE_DIFFERS;
            fwrite(report.at, 1, report.size, stdout);
        }
    }
    double took = s_seconds() - begin, recorded = s_recorded(tape, options->actor);
    if (took < 1e-6)
        took = 1e-6;
    printf("%zu events in %.3f s: %.0f a second, %.0f times as fast as they were recorded\n",
           events, took, (double)events / took, recorded / took);
    if (actors == 0) {
        fprintf(stderr, "optrace: no such actor in the trace\n");
        exit = OP_OPTRACE_DIFFERS;
    }
    op_buf_free(&report);
    op_optrace_close(&trace);
    return exit;
}
