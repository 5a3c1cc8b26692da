/*  cut.c - a smaller trace that still replays

    By request, actors that it did not touch are left out; the others begin with the turn in which it
    first touched them, and end after it. By time, all begin and end then.

    An actor's past can only be left out where a START from the rows it had then makes it
    go on as it did. Cores say little about what they remember besides their rows, and the turn
    machine remembers what is in flight; so instead of believing anything, cut tries: the new
    beginning is replayed to the end of the cut, and if one octet of what the actor says or one row
    at the end is not as recorded, it tries an earlier one, and in the end keeps all of the past. The
    START that is put there, its commit
    and what is said then (tells that were in flight are said again) are the only events of the
    result that did not happen. */

#include "tools/optrace/optrace.h"

#include "actors/replay.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*  What the result has of an actor: those of its events that stand in the trace at `begin` to `end`
    (not included), and before them, where it does not begin at its recorded START, another one. */
typedef struct {
    size_t to; /* in the result; OP_TAPE_NONE: left out */
    size_t begin, end;
    op_tape_t start; /* START, COMMIT, and what is said then */
    size_t start_at; /* its events stand after this one of the trace */
} s_part_t;

typedef struct {
    const op_optrace_t *trace;
    op_tape_t out;
    s_part_t parts[OP_TAPE_ACTORS_MAX]; /* by actor of the trace */
    size_t *mine;                       /* the events of the actor in hand */
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

/*  The first event after the turn that event i belongs to. */
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

/*  The actor's events `begin` to `end` go into the result; its rows at the end are known. */
static s_part_t *s_add(s_cut_t *self, const op_tape_actor_t *actor, size_t begin, size_t end,
                       op_replay_t *replay)
{
    s_part_t *part = &self->parts[actor - self->trace->tape.actors];
    part->to =
        op_tape_add_actor(&self->out, op_str(actor->name), op_str(actor->class), actor->outbox_max);
    part->begin = self->mine[begin];
    part->end = self->mine[end - 1] + 1;
    op_tape_actor_t *added = &self->out.actors[part->to];
    added->ended = true;
    op_replay_digest(replay, &added->rows_at_end, &added->digest);
    return part;
}

static void s_add_rows(s_cut_t *self, size_t to, const op_tape_actor_t *from)
{
    for (size_t r = 0; r < from->row_count; r++)
        op_tape_add_row(&self->out, to, from->rows[r].key, from->rows[r].value);
}

/*  From its start to event `end`. False: the trace itself does not replay. */
static bool s_keep(s_cut_t *self, const op_tape_actor_t *actor, size_t end)
{
    op_replay_t *replay = s_begin(actor);
    bool good = replay && s_run(self, replay, 0, end);
    if (good)
        s_add_rows(self, s_add(self, actor, 0, end, replay)->to, actor);
    op_replay_destroy(&replay);
    if (!good)
        fprintf(stderr, "optrace: %s does not replay: see optrace replay\n", actor->name);
    return good;
}

/*  ---- From rows ---- */

/*  All rows of a store, copied. */
static void s_dump(op_replay_t *replay, op_tape_t *tape)
{
    op_store_range_t *range =
        op_store_range(op_replay_store(replay), (op_str_t){0}, (op_str_t){0}, false);
    op_str_t key, value;
    while (op_store_range_next(range, &key, &value) > 0)
        op_tape_add_row(tape, 0, op_arena_copy(&tape->arena, key),
                        op_arena_copy(&tape->arena, value));
    op_store_range_destroy(&range);
}

/*  A START from the rows that `whole` has now, at the time of event `last`. */
static bool s_start(const s_cut_t *self, const op_tape_actor_t *actor, size_t last,
                    op_replay_t *whole, op_replay_t *fresh, op_tape_t *start)
{
    op_tape_add_actor(start, op_str(actor->name), op_str(actor->class), actor->outbox_max);
    s_dump(whole, start);
    for (size_t r = 0; r < start->actors[0].row_count; r++)
        op_replay_row(fresh, start->actors[0].rows[r].key, start->actors[0].rows[r].value);
    op_tape_event_t event = *s_event(self, 0);
    event.actor = 0;
    event.at = s_event(self, last)->at;
    op_tape_add_event(start, &event);
    if (op_replay_give(fresh, &event) != 0)
        return false;
    event = (op_tape_event_t){.what = OP_TRACE_COMMIT, .at = event.at};
    op_tape_add_event(start, &event);
    if (op_replay_give(fresh, &event) != 0)
        return false;
    op_str_t said;
    while (op_replay_say(fresh, &said)) {
        event = (op_tape_event_t){
            .what = OP_TRACE_SEND, .at = event.at, .bytes = op_arena_copy(&start->arena, said)};
        op_tape_add_event(start, &event);
    }
    return true;
}

static bool s_same_rows(op_replay_t *a, op_replay_t *b)
{
    uint64_t a_rows, b_rows;
    op_hash_t a_digest, b_digest;
    op_replay_digest(a, &a_rows, &a_digest);
    op_replay_digest(b, &b_rows, &b_digest);
    return a_rows == b_rows && memcmp(&a_digest, &b_digest, sizeof a_digest) == 0;
}

/*  Tries a beginning at event `begin`, not the first, and adds it to the result. False: it does not
    go on as it did; nothing was added. */
static bool s_try(s_cut_t *self, const op_tape_actor_t *actor, size_t begin, size_t end)
{
    op_tape_t start = {.actor_count = 0};
    op_replay_t *whole = s_begin(actor), *fresh = op_replay_new(actor);
    bool good = whole && s_run(self, whole, 0, begin) &&
                s_start(self, actor, begin - 1, whole, fresh, &start) &&
                s_run(self, fresh, begin, end) && s_run(self, whole, begin, end) &&
                s_same_rows(fresh, whole);
    if (good) {
        s_part_t *part = s_add(self, actor, begin, end, fresh);
        s_add_rows(self, part->to, &start.actors[0]);
        part->start = start;
        part->start_at = self->mine[begin - 1];
    } else
        op_tape_free(&start);
    op_replay_destroy(&whole);
    op_replay_destroy(&fresh);
    return good;
}

/*  From event `begin` or else a turn from which it would go on as it did, 1, 2, 4 ... turns before;
    or else from its start. `end` is the end of a turn. False: the trace itself does not replay. */
static bool s_take(s_cut_t *self, const op_optrace_options_t *options, size_t index, size_t begin,
                   size_t end)
{
    const op_tape_actor_t *actor = &self->trace->tape.actors[index];
    size_t *turns = op_alloc((self->count + 1) * sizeof *turns), turn = 0;
    for (size_t at = 0; at < begin; at = s_turn_end(self, at))
        turns[turn++] = at;
    size_t from = begin;
    bool good = false;
    for (size_t back = 1; !good && from > 0; back *= 2) {
        good = s_try(self, actor, from, end);
        if (!good)
            from = back < turn ? turns[turn - back] : 0;
    }
    free(turns);
    if (!good && !s_keep(self, actor, end))
        return false;
    s_say(options, "%s: %zu events, %s\n", actor->name, end - from,
          from             ? "from rows"
          : begin && !from ? "from its start: its rows alone would not make it go on as it did"
                           : "from its start");
    return true;
}

/*  ---- By time, by request ---- */

static bool s_cut_time(s_cut_t *self, const op_optrace_options_t *options)
{
    const op_tape_t *tape = &self->trace->tape;
    for (size_t a = 0; a < tape->actor_count; a++) {
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
            s_say(options, "%s: left out, nothing happens in it then\n", tape->actors[a].name);
            continue;
        }
        if (!s_take(self, options, a, begin, end))
            return false;
    }
    return true;
}

static bool s_cut_request(s_cut_t *self, const op_optrace_options_t *options, bool *found)
{
    const op_tape_t *tape = &self->trace->tape;
    bool *marked = op_alloc((tape->event_count + 1) * sizeof *marked);
    *found = op_optrace_mark(self->trace, options->request, marked) > 0;
    bool good = true;
    for (size_t a = 0; good && a < tape->actor_count; a++) {
        s_collect(self, a);
        size_t begin = 0, end = 0;
        for (size_t at = 0; at < self->count; at = s_turn_end(self, at)) {
            size_t last = s_turn_end(self, at);
            bool touched = false;
            for (size_t i = at; i < last && !touched; i++)
                touched = marked[self->mine[i]];
            if (touched && !end)
                begin = at;
            if (touched)
                end = last;
        }
        if (end)
            good = s_take(self, options, a, begin, end);
    }
    free(marked);
    return good;
}

/*  ---- Together ---- */

/*  In the order of the trace: within a millisecond nothing else says what came first. */
static void s_assemble(s_cut_t *self)
{
    const op_tape_t *tape = &self->trace->tape;
    for (size_t i = 0; i < tape->event_count; i++) {
        op_tape_event_t event = tape->events[i];
        const s_part_t *part = &self->parts[event.actor];
        if (part->to == OP_TAPE_NONE)
            continue;
        event.actor = part->to;
        if (i >= part->begin && i < part->end)
            op_tape_add_event(&self->out, &event);
        for (size_t n = 0; i == part->start_at && n < part->start.event_count; n++) {
            event = part->start.events[n];
            event.actor = part->to;
            op_tape_add_event(&self->out, &event);
        }
    }
}

op_optrace_exit_t op_optrace_cut(const op_optrace_options_t *options)
{
    op_optrace_t trace = {.file_count = 0};
    bool by_time = options->from || options->to;
    if (by_time == (options->request != NULL)) {
        fprintf(stderr, "optrace: cut takes either --request or --from and --to; see --help\n");
        return OP_OPTRACE_BAD;
    }
    if (op_optrace_open(&trace, options->files[0], options->lenient) != 0)
        return OP_OPTRACE_BAD;
    s_cut_t *self = op_alloc(sizeof *self);
    *self = (s_cut_t){.trace = &trace,
                      .out = {.header = trace.tape.header},
                      .mine = op_alloc((trace.tape.event_count + 1) * sizeof *self->mine)};
    for (size_t a = 0; a < trace.tape.actor_count; a++)
        self->parts[a].to = OP_TAPE_NONE;
    bool found = true;
    bool good = by_time ? s_cut_time(self, options) : s_cut_request(self, options, &found);
    s_assemble(self);
    op_optrace_exit_t result = OP_OPTRACE_DIFFERS;
    if (good && (!found || self->out.event_count == 0))
        fprintf(stderr, "optrace: nothing in the trace is of that\n");
    else if (good)
        result =
            op_optrace_save(&self->out, options->files[1]) == 0 ? OP_OPTRACE_OK : OP_OPTRACE_BAD;
    for (size_t a = 0; a < trace.tape.actor_count; a++)
        op_tape_free(&self->parts[a].start);
    op_tape_free(&self->out);
    free(self->mine);
    free(self);
    op_optrace_close(&trace);
    return result;
}
