/*  scrub.c - the same run with other people in it

    Replacing octets in a trace would break it: what an actor says follows from what it was given.
    So only what came from outside is replaced (rows, setups, frames from ports and clients,
    entropy); the actors are run on that, and what they say now is recorded, and handed to whoever
    received what they said then. Beside each of them runs another one on the old inputs: it shows
    that the trace replays at all, and what became of a value: where the two say the same message
    with another id, token or code, later inputs that carry the old one get the new one.

    The new run must take the same way: the same messages to the same actors. Where it does not,
    scrub gives up; half a run would prove nothing. */

#include "tools/optrace/optrace.h"

#include "actors/replay.h"
#include "tools/optrace/scrub.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const op_optrace_t *trace;
    op_pseudonym_t names;
    op_replay_t *old[OP_TAPE_ACTORS_MAX], *now[OP_TAPE_ACTORS_MAX];
    op_str_t *bytes; /* by event: what has become of its bytes; at NULL: not known yet */
    op_scrub_ttys_t ttys;
    op_tape_t out;
    const char *wrong;
} s_scrub_t;

/*  ---- What was asked, before anything else: rows hold its hashes ---- */

static void s_learn_asked(s_scrub_t *self)
{
    const op_tape_t *tape = &self->trace->tape;
    for (size_t i = 0; i < tape->event_count; i++)
        if (tape->events[i].what == OP_TRACE_RECEIVE && self->trace->cause[i] == OP_TAPE_NONE)
            op_scrub_learn_asked(&self->names, tape->events[i].bytes);
}

/*  ---- Rows ---- */

/*  The actor's life before this one, if its recorded end is this one's beginning: a store goes on
    where it was. */
static size_t s_life_before(const s_scrub_t *self, size_t index)
{
    const op_tape_t *tape = &self->trace->tape;
    const op_tape_actor_t *actor = &tape->actors[index];
    size_t before = index;
    while (before-- > 0)
        if (strcmp(tape->actors[before].name, actor->name) == 0)
            break;
    if (before == OP_TAPE_NONE || !self->old[before])
        return OP_TAPE_NONE;
    op_store_range_t *range =
        op_store_range(op_replay_store(self->old[before]), (op_str_t){0}, (op_str_t){0}, false);
    op_str_t key, value;
    size_t count = 0;
    bool same = true;
    while (same && op_store_range_next(range, &key, &value) > 0) {
        same = count < actor->row_count && op_str_equal(key, actor->rows[count].key) &&
               op_str_equal(value, actor->rows[count].value);
        count++;
    }
    op_store_range_destroy(&range);
    return same && count == actor->row_count ? before : OP_TAPE_NONE;
}

static void s_add_row(s_scrub_t *self, size_t actor, op_str_t key, op_str_t value)
{
    op_arena_t *arena = &self->out.arena;
    op_replay_row(self->now[actor], key, value);
    op_tape_add_row(&self->out, actor, op_arena_copy(arena, key), op_arena_copy(arena, value));
}

static void s_begin(s_scrub_t *self, size_t index)
{
    const op_tape_actor_t *actor = &self->trace->tape.actors[index];
    self->old[index] = op_replay_new(actor);
    self->now[index] = op_replay_new(actor);
    if (!self->old[index]) {
        self->wrong = "this build has no such actor";
        return;
    }
    for (size_t i = 0; i < actor->row_count; i++)
        op_replay_row(self->old[index], actor->rows[i].key, actor->rows[i].value);
    size_t before = s_life_before(self, index);
    if (before == OP_TAPE_NONE) {
        for (size_t i = 0; i < actor->row_count; i++) {
            op_arena_t arena = {0};
            op_tape_row_t row = op_scrub_row(&self->names, actor, &actor->rows[i], &arena);
            s_add_row(self, index, row.key, row.value);
            op_arena_free(&arena);
        }
        return;
    }
    op_store_range_t *range =
        op_store_range(op_replay_store(self->now[before]), (op_str_t){0}, (op_str_t){0}, false);
    op_str_t key, value;
    while (op_store_range_next(range, &key, &value) > 0)
        s_add_row(self, index, key, value);
    op_store_range_destroy(&range);
}

/*  ---- Events ---- */

static op_str_t s_setup(s_scrub_t *self, const op_tape_event_t *event)
{
    op_arena_t arena = {0};
    op_frame_t setup;
    op_str_t bytes = event->bytes;
    if (op_setup_decode(event->type, event->bytes, &arena, &setup)) {
        op_scrub_value(&self->names, setup.type, setup.body, &arena);
        op_buf_t out = {0};
        op_encode(setup.type, setup.body, &out);
        bytes = op_arena_copy(&self->out.arena, op_buf_str(&out));
        op_buf_free(&out);
    } /* else the old run cannot start either, and says so */
    op_arena_free(&arena);
    return bytes;
}

static op_str_t s_received(s_scrub_t *self, size_t index)
{
    size_t cause = self->trace->cause[index];
    if (cause != OP_TAPE_NONE)
        return self->bytes[cause];
    if (self->bytes[index].at)
        return op_scrub_tty_heard(&self->ttys, self->bytes, index, &self->out.arena);
    op_arena_t arena = {0};
    op_str_t frame = op_scrub_frame(&self->names, self->trace->tape.events[index].bytes, &arena);
    frame = op_arena_copy(&self->out.arena, frame);
    op_arena_free(&arena);
    return frame;
}

static op_str_t s_said(s_scrub_t *self, const op_tape_event_t *event)
{
    op_str_t old, now;
    if (!op_replay_say(self->old[event->actor], &old) || !op_str_equal(old, event->bytes)) {
        self->wrong = "the trace itself does not replay; see optrace replay";
        return (op_str_t){0};
    }
    if (!op_replay_say(self->now[event->actor], &now) || !op_scrub_learn(&self->names, old, now)) {
        self->wrong = "with other people in it the run takes another way";
        return (op_str_t){0};
    }
    return op_arena_copy(&self->out.arena, now);
}

static void s_give(s_scrub_t *self, const op_tape_event_t *old, const op_tape_event_t *now)
{
    op_str_t said;
    bool more = op_replay_say(self->old[old->actor], &said);
    if (more || op_replay_give(self->old[old->actor], old) != 0)
        self->wrong = "the trace itself does not replay; see optrace replay";
    else if (op_replay_say(self->now[old->actor], &said) ||
             op_replay_give(self->now[old->actor], now) != 0)
        self->wrong = "with other people in it the run takes another way";
}

static void s_event(s_scrub_t *self, size_t index)
{
    const op_tape_event_t *event = &self->trace->tape.events[index];
    op_tape_event_t now = *event;
    bool entropy = false;
    switch (event->what) {
    case OP_TRACE_START:
        s_begin(self, event->actor);
        now.bytes = s_setup(self, event);
        entropy = true;
        break;
    case OP_TRACE_RECEIVE:
        now.bytes = s_received(self, index);
        entropy = true;
        break;
    case OP_TRACE_TICK:
    case OP_TRACE_DRAIN:
        entropy = true;
        break;
    case OP_TRACE_COMMIT:
        break;
    case OP_TRACE_SEND:
        now.bytes = self->bytes[index] = s_said(self, event);
        break;
    }
    if (entropy)
        op_pseudonym_octets(&self->names, event->entropy.bytes, sizeof event->entropy.bytes,
                            now.entropy.bytes);
    if (!self->wrong && event->what != OP_TRACE_SEND)
        s_give(self, event, &now);
    op_tape_add_event(&self->out, &now);
}

/*  ---- Together ---- */

static void s_end(s_scrub_t *self)
{
    for (size_t i = 0; i < self->out.actor_count; i++) {
        op_tape_actor_t *actor = &self->out.actors[i];
        actor->ended = self->trace->tape.actors[i].ended && self->now[i];
        if (actor->ended)
            op_replay_digest(self->now[i], &actor->rows_at_end, &actor->digest);
        op_replay_destroy(&self->old[i]);
        op_replay_destroy(&self->now[i]);
    }
}

int op_optrace_scrubbed(const op_optrace_t *trace, const uint8_t key[OP_PSEUDONYM_KEY],
                        op_tape_t *out, char error[OP_TRACE_ERROR])
{
    const op_tape_t *tape = &trace->tape;
    s_scrub_t *self = op_alloc(sizeof *self);
    *self = (s_scrub_t){.trace = trace, .out = {.header = tape->header}};
    op_pseudonym_init(&self->names, key);
    memset(self->out.header.configuration.bytes, 0, sizeof(op_hash_t));
    self->bytes = op_alloc((tape->event_count + 1) * sizeof *self->bytes);
    memset(self->bytes, 0, (tape->event_count + 1) * sizeof *self->bytes);
    for (size_t i = 0; i < tape->actor_count; i++)
        op_tape_add_actor(&self->out, op_str(tape->actors[i].name), op_str(tape->actors[i].class),
                          tape->actors[i].outbox_max);
    s_learn_asked(self);
    op_scrub_ttys(&self->ttys, trace, &self->names, self->bytes, &self->out.arena);
    for (size_t i = 0; i < tape->event_count && !self->wrong; i++) {
        s_event(self, trace->order[i]);
        if (self->wrong)
            snprintf(error, OP_TRACE_ERROR, "%s, at event %zu: %s",
                     tape->actors[tape->events[trace->order[i]].actor].name, i + 1, self->wrong);
    }
    s_end(self);
    int rc = self->wrong ? -1 : 0;
    *out = self->out;
    op_pseudonym_free(&self->names);
    free(self->ttys.echoes);
    free(self->bytes);
    free(self);
    return rc;
}

op_optrace_exit_t op_optrace_scrub(const op_optrace_options_t *options)
{
    op_optrace_t trace = {.file_count = 0};
    if (op_optrace_open(&trace, options->files[0], options->lenient) != 0)
        return OP_OPTRACE_BAD;
    uint8_t key[OP_PSEUDONYM_KEY];
    char error[OP_TRACE_ERROR];
    op_tape_t out;
    randombytes_buf(key, sizeof key);
    op_optrace_exit_t result = OP_OPTRACE_DIFFERS;
    if (op_optrace_scrubbed(&trace, key, &out, error) != 0)
        fprintf(stderr, "optrace: %s\n", error);
    else
        result = op_optrace_save(&out, options->files[1]) == 0 ? OP_OPTRACE_OK : OP_OPTRACE_BAD;
    sodium_memzero(key, sizeof key);
    op_tape_free(&out);
    op_optrace_close(&trace);
    return result;
}
