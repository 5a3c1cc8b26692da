#include "actors/tape.h"

#include "base/instant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void op_tape_free(op_tape_t *self)
{
    for (size_t i = 0; i < self->actor_count; i++)
        free(self->actors[i].rows);
    free(self->actors);
    free(self->events);
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

void op_tape_add_event(op_tape_t *self, const op_tape_event_t *event)
{
    if (self->event_count == self->event_capacity) {
        self->event_capacity = self->event_capacity ? 2 * self->event_capacity : 1024;
        self->events = op_realloc(self->events, self->event_capacity * sizeof *self->events);
    }
    self->events[self->event_count++] = *event;
    self->actors[event->actor].event_count++;
}

/*  ---- Reading ---- */

/*  What is wrong with a record, NULL when nothing is. */
static const char *s_take_header(op_tape_t *self, const op_trace_header_t *header,
                                 char error[OP_TRACE_ERROR])
{
    if (op_trace_header_check(header, error) != 0)
        return error;
    if (self->header.format == 0) {
        if (header->segment != 0)
            return "this is a later file of a trace: its first one is needed";
        self->header = *header;
        self->header.build = op_arena_copy(&self->arena, header->build);
        return NULL;
    }
    if (header->started != self->header.started)
        return "a file of another trace";
    if (header->segment <= self->header.segment)
        return "a file of the trace comes twice, or too late";
    if (header->segment != self->header.segment + 1)
        return "files in the middle of the trace are missing";
    self->header.segment = header->segment;
    return NULL;
}

static op_tape_actor_t *s_actor(op_tape_t *self, uint64_t number)
{
    for (size_t i = 0; i < self->actor_count; i++)
        if (self->actors[i].number == number)
            return &self->actors[i];
    return NULL;
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
    op_tape_actor_t *actor = s_actor(self, record->actor);
    if (!actor)
        return "an event of an actor that was not named";
    if (!op_trace_what_name(record->what))
        return "an event of a kind that this build does not know";
    if ((actor->event_count == 0) != (record->what == OP_TRACE_START))
        return "an actor's first event, and no other, must be its start";
    if (actor->ended)
        return "an event behind its actor's end";
    if (record->at < 0 || record->at > OP_INSTANT_MAX)
        return "an event outside the years 1970 to 9999";
    op_tape_event_t event = {.what = (op_trace_what_t)record->what,
                             .actor = (size_t)(actor - self->actors),
                             .at = record->at,
                             .entropy = record->entropy,
                             .type = record->type,
                             .bytes = record->bytes};
    op_tape_add_event(self, &event);
    return NULL;
}

static const char *s_take_digest(op_tape_t *self, const op_trace_digest_t *record)
{
    op_tape_actor_t *actor = s_actor(self, record->actor);
    if (!actor || actor->ended)
        return "a digest of no actor, or a second one";
    actor->ended = true;
    actor->rows_at_end = record->rows;
    actor->digest = record->digest;
    return NULL;
}

static const char *s_take(op_tape_t *self, const op_trace_record_t *record, bool first,
                          char error[OP_TRACE_ERROR])
{
    if (first != (record->type == &op_trace_header_type))
        return first ? "it does not begin with a header" : "a header in the middle";
    if (record->type == &op_trace_header_type)
        return s_take_header(self, record->value, error);
    if (record->type == &op_trace_actor_type)
        return s_take_actor(self, record->value);
    if (record->type == &op_trace_row_type)
        return s_take_row(self, record->value);
    if (record->type == &op_trace_event_type)
        return s_take_event(self, record->value);
    return s_take_digest(self, record->value);
}

int op_tape_read(op_tape_t *self, op_str_t bytes, bool torn, char error[OP_TRACE_ERROR])
{
    op_str_t rest = bytes;
    op_arena_t scratch = {0};
    const char *wrong = bytes.size ? NULL : "the file is empty";
    char text[OP_TRACE_ERROR];
    size_t at = 0;
    for (bool first = true; !wrong && rest.size; first = false) {
        op_trace_record_t record;
        op_arena_clear(&scratch);
        at = bytes.size - rest.size;
        switch (op_trace_read(&rest, &scratch, &record, &wrong)) {
        case OP_TRACE_RECORD:
            wrong = s_take(self, &record, first, text);
            break;
        case OP_TRACE_MORE:
            if (torn && !first) {
                self->torn = true;
                rest.size = 0;
            } else
                wrong = "the file ends inside a record";
            break;
        case OP_TRACE_BAD:
            break;
        }
    }
    if (wrong)
        snprintf(error, OP_TRACE_ERROR, "at octet %zu: %.200s", at, wrong);
    op_arena_free(&scratch);
    return wrong ? -1 : 0;
}

/*  ---- Writing ---- */

static void s_write_event(const op_tape_t *self, const op_tape_event_t *event, op_buf_t *out)
{
    op_trace_event_t record = {.actor = self->actors[event->actor].number,
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
    op_trace_add(&op_trace_header_type, &header, out);
    for (size_t i = 0; i < self->actor_count; i++) {
        const op_tape_actor_t *actor = &self->actors[i];
        op_trace_actor_t record = {actor->number, op_str(actor->name), op_str(actor->class),
                                   actor->outbox_max};
        op_trace_add(&op_trace_actor_type, &record, out);
        for (size_t r = 0; r < actor->row_count; r++) {
            op_trace_row_t row = {actor->number, actor->rows[r].key, actor->rows[r].value};
            op_trace_add(&op_trace_row_type, &row, out);
        }
    }
    for (size_t i = 0; i < self->event_count; i++)
        s_write_event(self, &self->events[i], out);
    for (size_t i = 0; i < self->actor_count; i++) {
        const op_tape_actor_t *actor = &self->actors[i];
        op_trace_digest_t record = {actor->number, actor->rows_at_end, actor->digest};
        if (actor->ended)
            op_trace_add(&op_trace_digest_type, &record, out);
    }
}
