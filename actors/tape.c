#include "actors/tape.h"

#include "base/instant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(OP_TAPE_ACTORS_MAX - 1 <= UINT8_MAX, "an owner is an octet");

void op_tape_free(op_tape_t *self)
{
    for (size_t i = 0; i < self->actor_count; i++)
        free(self->actors[i].rows);
    free(self->actors);
    free(self->events);
    free(self->owners);
    op_arena_free(&self->arena);
    *self = (op_tape_t){0};
}

/*  ---- Making one ---- */

size_t op_tape_add_actor(op_tape_t *self, op_str_t name, op_str_t class, uint64_t outbox_max)
{
    if (self->actor_count == OP_TAPE_ACTORS_MAX)
        return OP_TAPE_ACTORS_MAX;
    if (!self->actors)
        self->actors = op_alloc(OP_TAPE_ACTORS_MAX * sizeof *self->actors);
    op_tape_actor_t *actor = &self->actors[self->actor_count];
    *actor = (op_tape_actor_t){.number = self->actor_count + 1, .outbox_max = outbox_max};
    OP_ASSERT(op_str_copy(name, actor->name, sizeof actor->name));
    OP_ASSERT(op_str_copy(class, actor->class, sizeof actor->class));
    return self->actor_count++;
}

void op_tape_add_row(op_tape_t *self, size_t actor, op_str_t key, op_str_t value)
{
    op_tape_actor_t *owner = &self->actors[actor];
    if (owner->row_count == owner->row_capacity) {
        owner->row_capacity = owner->row_capacity ? 2 * owner->row_capacity : 64;
        owner->rows = op_realloc(owner->rows, owner->row_capacity * sizeof *owner->rows);
    }
    owner->rows[owner->row_count++] = (op_tape_row_t){key, value};
}

void op_tape_reserve(op_tape_t *self, size_t events)
{
    if (events <= self->event_capacity)
        return;
    self->event_capacity = events;
    self->events = op_realloc(self->events, events * sizeof *self->events);
    self->owners = op_realloc(self->owners, events * sizeof *self->owners);
}

void op_tape_add_event(op_tape_t *self, const op_tape_event_t *event)
{
    if (self->event_count == self->event_capacity)
        op_tape_reserve(self, self->event_capacity ? 2 * self->event_capacity : 1024);
    self->owners[self->event_count] = (uint8_t)event->actor;
    self->events[self->event_count++] = *event;
    self->actors[event->actor].event_count++;
}

/*  ---- Reading ---- */

/*  Files are missing here: what the lives up to here went on to do is not known. */
static void s_gap(op_tape_t *self)
{
    self->gaps = true;
    for (size_t i = 0; i < self->actor_count; i++)
        self->actors[i].broken |= self->actors[i].event_count && !self->actors[i].ended;
}

/*  What is wrong with a record, NULL when nothing is. */
static const char *s_take_header(op_tape_t *self, const op_trace_header_t *header, unsigned lenient,
                                 char error[OP_TRACE_ERROR])
{
    if (op_trace_header_check(header, error) != 0)
        return error;
    bool first = self->header.format == 0;
    uint64_t next = first ? 0 : self->header.segment + 1;
    if (!first && header->started != self->header.started)
        return "a file of another trace";
    if (header->segment < next)
        return "a file of the trace comes twice, or too late";
    if (header->segment > next && !(lenient & OP_TAPE_GAPS))
        return first ? "this is a later file of a trace and begins in the middle: print, stats, "
                       "follow and merge show it, for all else its first one is needed"
                     : "files in the middle of the trace are missing";
    if (header->segment > next)
        s_gap(self);
    if (first) {
        self->header = *header;
        self->header.build = op_arena_copy(&self->arena, header->build);
    }
    self->header.segment = header->segment;
    return NULL;
}

/*  The latest life of that number. */
static op_tape_actor_t *s_actor(op_tape_t *self, uint64_t number)
{
    for (size_t i = self->actor_count; i-- > 0;)
        if (self->actors[i].number == number)
            return &self->actors[i];
    return NULL;
}

/*  The same, to go on with it: after missing files as a life that begins in the middle. NULL: there
    is none, or there are too many. */
static op_tape_actor_t *s_living(op_tape_t *self, uint64_t number)
{
    op_tape_actor_t *actor = s_actor(self, number);
    if (!actor || !actor->broken)
        return actor;
    size_t added =
        op_tape_add_actor(self, op_str(actor->name), op_str(actor->class), actor->outbox_max);
    if (added == OP_TAPE_ACTORS_MAX)
        return NULL;
    self->actors[added].number = number;
    self->actors[added].middle = true;
    return &self->actors[added];
}

static bool s_is_name(op_str_t name)
{
    for (size_t i = 0; i < name.size; i++)
        if (name.at[i] <= ' ' || name.at[i] >= 0x7f || name.at[i] == '/' || name.at[i] == '!')
            return false;
    return name.size > 0;
}

static const char *s_take_actor(op_tape_t *self, const op_trace_actor_t *record)
{
    op_tape_actor_t *known = s_actor(self, record->actor);
    if (known)
        return op_str_is(record->name, known->name) && op_str_is(record->class, known->class)
                   ? NULL
                   : "two actors have the same number";
    if (!s_is_name(record->name) || !s_is_name(record->class))
        return "an actor's name is none";
    size_t added = op_tape_add_actor(self, record->name, record->class, record->outbox_max);
    if (added == OP_TAPE_ACTORS_MAX)
        return "more actors than this build reads";
    if (record->outbox_max > OP_OUTBOX_MAX)
        return "an actor's outbox is larger than any";
    self->actors[added].number = record->actor;
    return NULL;
}

static const char *s_take_row(op_tape_t *self, const op_trace_row_t *record)
{
    op_tape_actor_t *actor = s_actor(self, record->actor);
    if (!actor)
        return "a row of an actor that was not named";
    if (actor->event_count)
        return "a row behind its actor's start";
    size_t name = strlen(actor->name);
    if (record->key.size <= name || memcmp(record->key.at, actor->name, name) != 0 ||
        (record->key.at[name] != '/' && record->key.at[name] != '!'))
        return "a row outside its actor's keyspace";
    op_tape_add_row(self, (size_t)(actor - self->actors), record->key, record->value);
    return NULL;
}

static const char *s_take_event(op_tape_t *self, const op_trace_event_t *record)
{
    op_tape_actor_t *actor = s_living(self, record->actor);
    if (!actor)
        return "an event of an actor that was not named";
    if (!op_trace_what_name(record->what))
        return "an event of a kind that this build does not know";
    if (self->gaps && actor->event_count == 0 && record->what != OP_TRACE_START)
        actor->middle = true;
    if ((actor->event_count == 0 && !actor->middle) != (record->what == OP_TRACE_START))
        return "an actor's first event, and no other, must be its start";
    if (actor->ended)
        return "an event behind its actor's end";
    op_tape_event_t event = {.what = (op_trace_what_t)record->what,
                             .actor = (size_t)(actor - self->actors),
                             .at = record->at,
                             .entropy = record->entropy,
                             .type = record->type,
                             .bytes = record->bytes};
    op_tape_add_event(self, &event);
    if (self->grows && self->event_count % OP_TAPE_GROWTH == 0)
        self->grows(self->grows_arg);
    return NULL;
}

static const char *s_take_digest(op_tape_t *self, const op_trace_digest_t *record)
{
    op_tape_actor_t *actor = s_living(self, record->actor);
    if (!actor || actor->ended)
        return "a digest of no actor, or a second one";
    if (self->gaps && actor->event_count == 0) /* else others may look at it already */
        actor->middle = true;
    actor->ended = true;
    actor->rows_at_end = record->rows;
    actor->digest = record->digest;
    return NULL;
}

static const char *s_take(op_tape_t *self, const op_trace_record_t *record, bool first,
                          unsigned lenient, char error[OP_TRACE_ERROR])
{
    if (first != (record->type == &op_trace_header_type))
        return first ? "it does not begin with a header" : "a header in the middle";
    if (record->type == &op_trace_header_type)
        return s_take_header(self, record->value, lenient, error);
    if (record->type == &op_trace_actor_type)
        return s_take_actor(self, record->value);
    if (record->type == &op_trace_row_type)
        return s_take_row(self, record->value);
    if (record->type == &op_trace_event_type)
        return s_take_event(self, record->value);
    return s_take_digest(self, record->value);
}

/*  Does a whole record stand anywhere in what looks like the beginning of one? */
static bool s_goes_on(op_str_t rest)
{
    op_arena_t scratch = {0};
    const char *reason;
    op_trace_record_t record;
    bool found = false;
    while (rest.size && !found) {
        size_t skip = op_trace_skip(rest);
        rest = op_str_of(rest.at + skip, rest.size - skip);
        op_str_t behind = rest;
        op_arena_clear(&scratch);
        found = op_trace_read(&behind, &scratch, &record, &reason) == OP_TRACE_RECORD;
    }
    op_arena_free(&scratch);
    return found;
}

/*  The bytes end before the next record does. What is wrong with that; NULL: it is left out. */
static const char *s_cut_off(op_tape_t *self, op_str_t rest, bool torn)
{
    if (s_goes_on(rest))
        return "a damaged record: a whole one stands inside it";
    if (!torn)
        return "the file ends inside a record (a killed process? --torn reads up to there)";
    self->torn = rest.size;
    return NULL;
}

/*  A file that does not begin with a record of ours: `wrong`, or what says more. */
static const char *s_no_trace(op_str_t bytes, const char *wrong)
{
    size_t size = strlen(OP_TRACE_MAGIC);
    if (bytes.size >= size && memcmp(bytes.at, OP_TRACE_MAGIC, size) == 0)
        return wrong;
    if (bytes.size >= size && memcmp(bytes.at, OP_TRACE_MAGIC, size - 1) == 0)
        return "a trace of another format: of another version of OP";
    return "this is no OP trace";
}

int op_tape_read(op_tape_t *self, op_str_t bytes, unsigned lenient, char error[OP_TRACE_ERROR])
{
    op_str_t rest = bytes;
    op_arena_t scratch = {0};
    const char *wrong = NULL;
    char text[OP_TRACE_ERROR];
    size_t at = 0;
    bool begun = self->header.format != 0; /* a first file without its header is none */
    if (!bytes.size && !(begun && (lenient & OP_TAPE_TORN)))
        wrong = "the file is empty";
    for (bool first = true; !wrong && rest.size; first = false) {
        op_trace_record_t record;
        op_arena_clear(&scratch);
        at = bytes.size - rest.size;
        switch (op_trace_read(&rest, &scratch, &record, &wrong)) {
        case OP_TRACE_RECORD:
            wrong = s_take(self, &record, first, lenient, text);
            break;
        case OP_TRACE_MORE:
            wrong = s_cut_off(self, rest, (lenient & OP_TAPE_TORN) && (begun || !first));
            rest.size = 0;
            break;
        case OP_TRACE_BAD:
            if (at == 0)
                wrong = s_no_trace(bytes, wrong);
            break;
        }
    }
    if (wrong)
        snprintf(error, OP_TRACE_ERROR, "at octet %zu: %.200s", at, wrong);
    op_arena_free(&scratch);
    return wrong ? -1 : 0;
}

/*  ---- Writing ---- */

static void s_write_event(const op_tape_event_t *event, op_buf_t *out)
{
    op_trace_event_t record = {.actor = event->actor + 1,
                               .what = event->what,
                               .at = event->at,
                               .entropy = event->entropy,
                               .type = event->type,
                               .bytes = event->bytes};
    op_trace_add(&op_trace_event_type, &record, out);
}

void op_tape_write(const op_tape_t *self, op_buf_t *out)
{
    op_trace_header_t header = self->header;
    header.segment = 0;
    for (size_t i = 0; i < self->actor_count; i++)
        header.segment |= self->actors[i].middle;
    op_trace_add(&op_trace_header_type, &header, out);
    for (size_t i = 0; i < self->actor_count; i++) {
        const op_tape_actor_t *actor = &self->actors[i];
        op_trace_actor_t record = {i + 1, op_str(actor->name), op_str(actor->class),
                                   actor->outbox_max};
        op_trace_add(&op_trace_actor_type, &record, out);
        for (size_t r = 0; r < actor->row_count; r++) {
            op_trace_row_t row = {i + 1, actor->rows[r].key, actor->rows[r].value};
            op_trace_add(&op_trace_row_type, &row, out);
        }
    }
    for (size_t i = 0; i < self->event_count; i++)
        s_write_event(&self->events[i], out);
    for (size_t i = 0; i < self->actor_count; i++) {
        const op_tape_actor_t *actor = &self->actors[i];
        op_trace_digest_t record = {i + 1, actor->rows_at_end, actor->digest};
        if (actor->ended)
            op_trace_add(&op_trace_digest_type, &record, out);
    }
}
