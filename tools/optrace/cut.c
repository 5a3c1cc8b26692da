/*  cut.c - a smaller trace that still replays

    By request: actors that it did not touch are left out, the others end behind it.

    By time: an actor's past can only be left out where a START from the rows it had then makes it
    go on as it did. Cores say little about what they remember besides their rows, and the turn
    machine remembers what is in flight; so instead of believing anything, cut tries: the new
    beginning is replayed to the end of the cut, and if one octet of what the actor says or one row
    at the end is not as recorded, the actor keeps its past. The START that is put there, its commit
    and what is said then (tells that were in flight are said again) are the only events of the
    result that did not happen. */

#include "tools/optrace/optrace.h"

#include "actors/replay.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const op_optrace_t *trace;
    op_tape_t out;
    size_t *mine; /* the events of the actor in hand */
    size_t count;
} s_cut_t;

static void s_say(const op_optrace_options_t *options, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void s_say(const op_optrace_options_t *options, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    if (!options->quiet)
        vprintf(format, list);
    va_end(list);
}

static const op_tape_event_t *s_event(const s_cut_t *self, size_t i)
{
    return &self->trace->tape.events[self->mine[i]];
}

static void s_collect(s_cut_t *self, size_t actor)
{
    self->count = 0;
    for (size_t i = 0; i < self->trace->tape.event_count; i++)
        if (self->trace->tape.events[i].actor == actor)
            self->mine[self->count++] = i;
}

/*  Behind the end of the turn that event i belongs to. */
static size_t s_turn_end(const s_cut_t *self, size_t i)
{
    while (i < self->count && s_event(self, i)->what != OP_TRACE_COMMIT)
        i++;
    do
        i++;
    while (i < self->count && s_event(self, i)->what == OP_TRACE_SEND);
    return i < self->count ? i : self->count;
}

static op_replay_t *s_begin(const op_tape_actor_t *actor)
{
    op_replay_t *replay = op_replay_new(actor);
    if (!replay)
        return NULL;
    for (size_t r = 0; r < actor->row_count; r++)
        op_replay_row(replay, actor->rows[r].key, actor->rows[r].value);
    return replay;
}

/*  Replays events begin to end and compares. */
static bool s_run(const s_cut_t *self, op_replay_t *replay, size_t begin, size_t end)
{
    for (size_t i = begin; i < end; i++) {
        const op_tape_event_t *event = s_event(self, i);
        op_str_t said;
        bool has = op_replay_say(replay, &said);
        bool send = event->what == OP_TRACE_SEND;
        if (has != send || (send && !op_str_equal(said, event->bytes)) ||
            (!send && op_replay_give(replay, event) != 0))
            return false;
    }
    op_str_t more;
    return !op_replay_say(replay, &more);
}

static size_t s_add_actor(s_cut_t *self, const op_tape_actor_t *actor)
{
    return op_tape_add_actor(&self->out, op_str(actor->name), op_str(actor->class),
                             actor->outbox_max);
}

static void s_copy_events(s_cut_t *self, size_t to, size_t begin, size_t end)
{
    for (size_t i = begin; i < end; i++) {
        op_tape_event_t event = *s_event(self, i);
        event.actor = to;
        op_tape_add_event(&self->out, &event);
    }
}

static void s_end_with(s_cut_t *self, size_t to, op_replay_t *replay)
{
    op_tape_actor_t *actor = &self->out.actors[to];
    actor->ended = true;
    op_replay_digest(replay, &actor->rows_at_end, &actor->digest);
}

/*  From its start to event `end`. False: the trace itself does not replay. */
static bool s_keep(s_cut_t *self, const op_tape_actor_t *actor, size_t end)
{
    op_replay_t *replay = s_begin(actor);
    bool good = replay && s_run(self, replay, 0, end);
    if (good) {
        size_t to = s_add_actor(self, actor);
        for (size_t r = 0; r < actor->row_count; r++)
            op_tape_add_row(&self->out, to, actor->rows[r].key, actor->rows[r].value);
        s_copy_events(self, to, 0, end);
        s_end_with(self, to, replay);
    }
    op_replay_destroy(&replay);
    if (!good)
        fprintf(stderr, "optrace: %s does not replay: see optrace replay\n", actor->name);
    return good;
}

/*  ---- By time ---- */

/*  All rows of a store, copied. */
static void s_dump(op_replay_t *replay, op_arena_t *arena, op_tape_t *tape, size_t actor)
{
    op_store_range_t *range =
        op_store_range(op_replay_store(replay), (op_str_t){0}, (op_str_t){0}, false);
    op_str_t key, value;
    while (op_store_range_next(range, &key, &value) > 0)
        op_tape_add_row(tape, actor, op_arena_copy(arena, key), op_arena_copy(arena, value));
    op_store_range_destroy(&range);
}

/*  Tries a beginning at event `begin` and adds it to the result: START, COMMIT, what is said then,
    the events. False: it does not go on as it did; nothing was added. */
static bool s_try(s_cut_t *self, const op_tape_actor_t *actor, size_t begin, size_t end)
{
    op_arena_t *arena = &self->out.arena;
    op_tape_t draft = {.actor_count = 0};
    op_replay_t *whole = s_begin(actor), *fresh = op_replay_new(actor);
    bool good = whole && s_run(self, whole, 0, begin);
    if (good) {
        op_tape_add_actor(&draft, op_str(actor->name), op_str(actor->class), actor->outbox_max);
        s_dump(whole, arena, &draft, 0);
        for (size_t r = 0; r < draft.actors[0].row_count; r++)
            op_replay_row(fresh, draft.actors[0].rows[r].key, draft.actors[0].rows[r].value);
        op_tape_event_t event = *s_event(self, 0);
        event.actor = 0;
        event.at = s_event(self, begin - 1)->at;
        op_tape_add_event(&draft, &event);
        good = op_replay_give(fresh, &event) == 0;
        event = (op_tape_event_t){.what = OP_TRACE_COMMIT, .at = event.at};
        op_tape_add_event(&draft, &event);
        good = good && op_replay_give(fresh, &event) == 0;
        op_str_t said;
        while (good && op_replay_say(fresh, &said)) {
            event = (op_tape_event_t){
                .what = OP_TRACE_SEND, .at = event.at, .bytes = op_arena_copy(arena, said)};
            op_tape_add_event(&draft, &event);
        }
        good = good && s_run(self, fresh, begin, end) && s_run(self, whole, begin, end);
    }
    if (good) {
        uint64_t rows, fresh_rows;
        op_hash_t digest, fresh_digest;
        op_replay_digest(whole, &rows, &digest);
        op_replay_digest(fresh, &fresh_rows, &fresh_digest);
        good = rows == fresh_rows && memcmp(&digest, &fresh_digest, sizeof digest) == 0;
    }
    if (good) {
        size_t to = s_add_actor(self, actor);
        const op_tape_actor_t *from = &draft.actors[0];
        for (size_t r = 0; r < from->row_count; r++)
            op_tape_add_row(&self->out, to, from->rows[r].key, from->rows[r].value);
        for (size_t i = 0; i < draft.event_count; i++) {
            op_tape_event_t event = draft.events[i];
            event.actor = to;
            op_tape_add_event(&self->out, &event);
        }
        s_copy_events(self, to, begin, end);
        s_end_with(self, to, fresh);
    }
    op_tape_free(&draft);
    op_replay_destroy(&whole);
    op_replay_destroy(&fresh);
    return good;
}

static bool s_cut_time(s_cut_t *self, const op_optrace_options_t *options)
{
    const op_tape_t *tape = &self->trace->tape;
    for (size_t a = 0; a < tape->actor_count; a++) {
        const op_tape_actor_t *actor = &tape->actors[a];
        s_collect(self, a);
        size_t begin = 0, end = 0;
        for (size_t at = 0; at < self->count; at = s_turn_end(self, at)) {
            size_t last = s_turn_end(self, at);
            if (s_event(self, last - 1)->at < options->from)
                begin = last;
            if (!options->to || s_event(self, last - 1)->at <= options->to)
                end = last;
        }
        while (end && s_event(self, end - 1)->what != OP_TRACE_COMMIT &&
               s_event(self, end - 1)->what != OP_TRACE_SEND)
            end--; /* a last turn without its commit */
        if (end <= begin) {
            s_say(options, "%s: left out, nothing happens in it then\n", actor->name);
            continue;
        }
        if (begin && s_try(self, actor, begin, end)) {
            s_say(options, "%s: %zu events, from rows\n", actor->name, end - begin);
            continue;
        }
        if (!s_keep(self, actor, end))
            return false;
        s_say(options, "%s: %zu events, %s\n", actor->name, end,
              begin ? "from its start: its rows alone would not make it go on as it did"
                    : "from its start");
    }
    return true;
}

/*  ---- By request ---- */

static bool s_cut_request(s_cut_t *self, const char *request, bool *found)
{
    const op_tape_t *tape = &self->trace->tape;
    bool *marked = op_alloc((tape->event_count + 1) * sizeof *marked);
    *found = op_optrace_mark(self->trace, request, marked) > 0;
    bool good = true;
    for (size_t a = 0; good && a < tape->actor_count; a++) {
        s_collect(self, a);
        size_t end = 0;
        for (size_t i = 0; i < self->count; i++)
            if (marked[self->mine[i]])
                end = s_turn_end(self, i);
        if (end)
            good = s_keep(self, &tape->actors[a], end);
        if (end && good)
            printf("%s: %zu events\n", tape->actors[a].name, end);
    }
    free(marked);
    return good;
}

/*  ---- Together ---- */

/*  The result's events stand actor by actor: they are put into causal order. */
static int s_save(s_cut_t *self, const char *path)
{
    op_tape_t sorted = self->out;
    size_t count = self->out.event_count + 1;
    size_t *order = op_alloc(count * sizeof *order), *cause = op_alloc(count * sizeof *cause);
    sorted.events = op_alloc(count * sizeof *sorted.events);
    op_tape_order(&self->out, order, cause);
    for (size_t i = 0; i < self->out.event_count; i++)
        sorted.events[i] = self->out.events[order[i]];
    int rc = op_optrace_save(&sorted, path);
    free(sorted.events);
    free(order);
    free(cause);
    return rc;
}

op_optrace_exit_t op_optrace_cut(const op_optrace_options_t *options)
{
    op_optrace_t trace = {.segments = 0};
    bool by_time = options->from || options->to;
    if (by_time == (options->request != NULL)) {
        fprintf(stderr, "optrace: cut takes either --request or --from and --to; see --help\n");
        return OP_OPTRACE_BAD;
    }
    if (op_optrace_open(&trace, options->files[0], options->torn) != 0)
        return OP_OPTRACE_BAD;
    s_cut_t *self = op_alloc(sizeof *self);
    *self = (s_cut_t){.trace = &trace,
                      .out = {.header = trace.tape.header},
                      .mine = op_alloc((trace.tape.event_count + 1) * sizeof *self->mine)};
    bool found = true;
    bool good = by_time ? s_cut_time(self, options) : s_cut_request(self, options->request, &found);
    op_optrace_exit_t result = OP_OPTRACE_DIFFERS;
    if (good && (!found || self->out.event_count == 0))
        fprintf(stderr, "optrace: nothing in the trace is of that\n");
    else if (good)
        result = s_save(self, options->files[1]) == 0 ? OP_OPTRACE_OK : OP_OPTRACE_BAD;
    op_tape_free(&self->out);
    free(self->mine);
    free(self);
    op_optrace_close(&trace);
    return result;
}
