/*  What a core's calls do (turn.h).

    A read looks into the overlay first, then into the store or what was read of it before
    (row_cache.h), and a write goes to the overlay only.
    So a step sees what the turn has written before it, and to refuse is to roll back to the mark
    that actor.c has set. Walks merge both; nothing may be written while one is open. Rows are
    sealed and opened here, and one that is damaged breaks the turn. All that is said goes to
    turn.said, where it waits until its step is known to stand.

    A core that contradicts itself, with two answers or a write after a refusal, is a bug of ours
    and asserted. All memory is the turn's arena. */

#include "actors/actor_private.h"

#include "base/fields.h"
#include "base/plant.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void op_said_add(op_said_list_t *list, op_said_t said)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? 2 * list->capacity : 32;
        list->at = op_realloc(list->at, list->capacity * sizeof *list->at);
    }
    list->at[list->count++] = said;
}

OP_PRINTF(2, 0)
static op_str_t s_format(op_turn_t *self, const char *format, va_list arguments)
{
    char text[1024];
    int size = vsnprintf(text, sizeof text, format, arguments);
    OP_ASSERT(size >= 0);
    size_t cut = (size_t)size < sizeof text ? (size_t)size : sizeof text - 1;
    char *copy = op_arena_alloc(&self->arena, cut + 1);
    memcpy(copy, text, cut);
    return op_str_of(copy, cut);
}

void op_turn_break(op_turn_t *self, const char *format, ...)
{
    if (self->broken)
        return;
    va_list arguments;
    va_start(arguments, format);
    self->broken = s_format(self, format, arguments).at;
    va_end(arguments);
}

const void *op_event_body(const op_event_t *event, const op_type_t *type)
{
    OP_ASSERT(event->type == type);
    return event->body;
}

/*  ---- Keyspace ---- */

op_str_t op_turn_full_key(op_turn_t *self, char space, op_str_t key)
{
    size_t name = strlen(self->actor->name);
    char *full = op_arena_room(&self->arena, name + 1 + key.size);
    memcpy(full, self->actor->name, name);
    full[name] = space;
    if (key.size)
        memcpy(full + name + 1, key.at, key.size);
    return op_str_of(full, name + 1 + key.size);
}

/*  `stored`: the bytes come from the store, and not from this process. */
static bool s_open(op_turn_t *self, op_str_t key, op_str_t bytes, bool stored,
                   const op_type_t *record, void *value)
{
    const char *damage = stored ? op_record_open(record, bytes, &self->arena, value)
                                : op_record_read(record, bytes, &self->arena, value);
    if (!damage)
        return true;
    /* A key may hold a phone number: it is named by its letter and a fingerprint. */
    uint8_t hash[crypto_generichash_BYTES_MIN];
    char fingerprint[9];
    crypto_generichash(hash, sizeof hash, (const uint8_t *)key.at, key.size, NULL, 0);
    op_hex(hash, 4, fingerprint);
    size_t prefix = strlen(self->actor->name) + 1;
    op_turn_break(self, "damaged %s in the store (%s), row %c#%s; restore a backup", record->name,
                  damage, key.size > prefix ? key.at[prefix] : '?', fingerprint);
    return false;
}

int op_turn_read(op_turn_t *self, op_str_t full_key, const op_type_t *record, void *value)
{
    op_actor_t *actor = self->actor;
    op_str_t bytes;
    if (op_overlay_get(&self->overlay, full_key, &bytes))
        return bytes.at && s_open(self, full_key, bytes, false, record, value);
    if (op_row_cache_get(&actor->rows, full_key, &bytes))
        return bytes.at &&
               s_open(self, full_key, op_arena_copy(&self->arena, bytes), false, record, value);
    int found = op_store_get(actor->store, full_key, &actor->value);
    if (found < 0)
        op_turn_break(self, "cannot read the store: %s", op_store_error(actor->store));
    bytes = found > 0 ? op_arena_copy(&self->arena, op_buf_str(&actor->value)) : (op_str_t){0};
    if (found < 0 || (found && !s_open(self, full_key, bytes, true, record, value)))
        return 0;
    op_row_cache_put(&actor->rows, full_key, bytes);
    return found;
}

void op_turn_write(op_turn_t *self, op_str_t full_key, const op_type_t *record, const void *value)
{
    op_buf_t *scratch = &self->actor->scratch;
    op_buf_clear(scratch);
    op_record_seal(record, value, scratch);
    op_overlay_put(&self->overlay, full_key, op_buf_str(scratch));
}

bool op_turn_get(op_turn_t *self, const op_key_t *key, const op_type_t *record, void *value)
{
    return op_turn_read(self, op_turn_full_key(self, '/', op_key_str(key)), record, value) > 0;
}

void op_turn_put(op_turn_t *self, const op_key_t *key, const op_type_t *record, const void *value)
{
    op_turn_put_lazy(self, key, record, value);
    self->step_sync = true;
}

void op_turn_put_lazy(op_turn_t *self, const op_key_t *key, const op_type_t *record,
                      const void *value)
{
    OP_ASSERT(self->walks == 0 && !self->refused);
    op_turn_write(self, op_turn_full_key(self, '/', op_key_str(key)), record, value);
}

void op_turn_delete(op_turn_t *self, const op_key_t *key)
{
    OP_ASSERT(self->walks == 0 && !self->refused);
    op_overlay_delete(&self->overlay, op_turn_full_key(self, '/', op_key_str(key)));
    self->step_sync = true;
}

/*  A walk merges two ordered sources: the store's range and the overlay. Where both have a key, the
    overlay has the word. */
struct op_walk {
    op_turn_t *turn;
    op_store_range_t *range;
    op_str_t low, high; /* full keys */
    bool reverse;
    bool stored; /* stored_key and stored_value hold the store's next row */
    op_str_t stored_key, stored_value;
    size_t place; /* in the overlay: of the next row; in reverse, one behind it */
};

static void s_walk_advance(op_walk_t *self)
{
    int rc = op_store_range_next(self->range, &self->stored_key, &self->stored_value);
    if (rc < 0)
        op_turn_break(self->turn, "cannot read the store: %s",
                      op_store_error(self->turn->actor->store));
    self->stored = rc > 0;
}

op_walk_t *op_turn_walk(op_turn_t *self, const op_key_t *low, const op_key_t *high, bool reverse)
{
    op_walk_t *walk = op_alloc(sizeof *walk);
    *walk = (op_walk_t){.turn = self, .reverse = reverse};
    walk->low = op_turn_full_key(self, '/', op_key_str(low));
    walk->high = op_turn_full_key(self, '/', op_key_str(high));
    walk->range = op_store_range(self->actor->store, walk->low, walk->high, reverse);
    walk->place = op_overlay_find(&self->overlay, reverse ? walk->high : walk->low);
    s_walk_advance(walk);
    self->walks++;
    return walk;
}

/*  The overlay's next row within the bounds, or NULL. */
static const op_overlay_row_t *s_walk_written(const op_walk_t *self)
{
    const op_overlay_t *overlay = &self->turn->overlay;
    if (self->reverse) {
        if (self->place == 0)
            return NULL;
        const op_overlay_row_t *row = &overlay->rows[self->place - 1];
        return op_str_compare(row->key, self->low) >= 0 ? row : NULL;
    }
    if (self->place == overlay->count)
        return NULL;
    const op_overlay_row_t *row = &overlay->rows[self->place];
    return op_str_compare(row->key, self->high) < 0 ? row : NULL;
}

/*  The next row of both sources together, deletions skipped. False at the end. */
static bool s_walk_row(op_walk_t *self, op_str_t *key, op_str_t *value)
{
    for (;;) {
        const op_overlay_row_t *written = s_walk_written(self);
        if (!written && !self->stored)
            return false;
        int order = !written ? 1
                    : !self->stored
                        ? -1
                        : op_str_compare(written->key, self->stored_key) * (self->reverse ? -1 : 1);
        if (order > 0) {
            *key = op_arena_copy(&self->turn->arena, self->stored_key);
            *value = op_arena_copy(&self->turn->arena, self->stored_value);
            s_walk_advance(self);
            return true;
        }
        *key = written->key;
        *value = written->value;
        self->place = self->reverse ? self->place - 1 : self->place + 1;
        if (order == 0)
            s_walk_advance(self);
        if (value->at)
            return true;
    }
}

bool op_turn_walk_next(op_walk_t *self, const op_type_t *record, op_str_t *key, void *value)
{
    op_str_t bytes;
    if (self->turn->broken || !s_walk_row(self, key, &bytes))
        return false;
    if (!s_open(self->turn, *key, bytes, true, record, value))
        return false;
    size_t prefix = strlen(self->turn->actor->name) + 1;
    *key = op_str_of(key->at + prefix, key->size - prefix);
    return true;
}

void op_turn_walk_end(op_walk_t **walk_p)
{
    op_walk_t *self = *walk_p;
    if (!self)
        return;
    self->turn->walks--;
    op_store_range_destroy(&self->range);
    free(self);
    *walk_p = NULL;
}

/*  ---- Speaking ---- */

op_str_t op_turn_encode(op_turn_t *self, const op_envelope_t *envelope, const op_type_t *type,
                        const void *body)
{
    op_buf_t *scratch = &self->actor->scratch;
    op_buf_clear(scratch);
    op_frame_encode(envelope, type, body, scratch);
    return op_arena_copy(&self->arena, op_buf_str(scratch));
}

static void s_say_frame(op_turn_t *self, op_str_t to, op_str_t frame)
{
    op_said_add(&self->said, (op_said_t){.what = OP_SAID_FRAME, .to = to, .bytes = frame});
}

void op_turn_promise(op_turn_t *self, op_promise_t *promise)
{
    OP_ASSERT(self->event->kind == OP_EVENT_REQUEST && !self->answered);
    self->answered = true;
    const op_envelope_t *request = self->envelope;
    const op_context_t *context = self->event->context;
    /* Of the context only the rate window is the origin's business. */
    *promise = (op_promise_t){.correlation = request->correlation,
                              .limit = context->limit,
                              .remaining = context->remaining,
                              .reset = context->reset,
                              .deadline = request->deadline};
    op_str_copy(request->origin, promise->origin, sizeof promise->origin);
    op_str_copy(request->request_id, promise->request_id, sizeof promise->request_id);
}

void op_turn_keep(op_turn_t *self, const op_promise_t *promise, const op_type_t *type,
                  const void *body)
{
    op_str_t origin = op_turn_copy(self, op_str(promise->origin));
    op_envelope_t reply = {.kind = OP_FRAME_REPLY,
                           .from = op_str(self->actor->name),
                           .to = origin,
                           .correlation = promise->correlation,
                           .request_id = op_str(promise->request_id),
                           .context = {.limit = promise->limit,
                                       .remaining = promise->remaining,
                                       .reset = promise->reset}};
    s_say_frame(self, origin, op_turn_encode(self, &reply, type, body));
}

void op_turn_reply(op_turn_t *self, const op_type_t *type, const void *body)
{
    op_promise_t promise;
    op_turn_promise(self, &promise);
    op_turn_keep(self, &promise, type, body);
}

void op_turn_refuse(op_turn_t *self, op_error_t error, const char *field)
{
    op_turn_refuse_with(self, error, field, NULL, 0);
}

void op_turn_refuse_with(op_turn_t *self, op_error_t error, const char *field, const char *sentence,
                         uint64_t retry_after)
{
    OP_ASSERT(error != OP_OK && !self->answered);
    op_overlay_rollback(&self->overlay);
    self->step_sync = false;
    self->said.count = 0;
    op_refusal_t refusal = {error, op_str(field), op_str(sentence), retry_after};
    op_turn_reply(self, &op_refusal_type, &refusal);
    self->refused = true;
}

void op_turn_forward(op_turn_t *self)
{
    OP_ASSERT(self->event->kind == OP_EVENT_REQUEST && !self->answered);
    if (op_turn_is_last(self)) { /* a slip that no route of ours has written */
        op_turn_refuse(self, OP_ERROR_INTERNAL, NULL);
        return;
    }
    self->answered = true;
    op_envelope_t next = *self->envelope;
    next.slip = op_str_of(next.slip.at + 1, next.slip.size - 1);
    next.from = op_str(self->actor->name);
    next.to = op_str(op_step_actor((uint8_t)next.slip.at[0]));
    next.context = *self->event->context;
    op_buf_t *scratch = &self->actor->scratch;
    op_buf_clear(scratch);
    op_encode(&op_envelope_type, &next, scratch);
    op_buf_add_str(scratch, self->body);
    s_say_frame(self, next.to, op_arena_copy(&self->arena, op_buf_str(scratch)));
}

bool op_turn_is_last(const op_turn_t *self)
{
    return self->envelope->slip.size <= 1;
}

op_str_t op_turn_request(const op_turn_t *self)
{
    return self->request_id;
}

void op_turn_on_behalf(op_turn_t *self, op_str_t request_id)
{
    self->request_id = request_id;
}

void op_turn_tell(op_turn_t *self, const char *to, const op_type_t *type, const void *body)
{
    OP_ASSERT(!self->refused);
    op_buf_t *scratch = &self->actor->scratch;
    op_buf_clear(scratch);
    op_encode(type, body, scratch);
    op_said_add(&self->said, (op_said_t){.what = OP_SAID_TELL,
                                         .to = op_turn_copy(self, op_str(to)),
                                         .type = type,
                                         .bytes = op_arena_copy(&self->arena, op_buf_str(scratch)),
                                         .request_id = self->request_id});
}

void op_turn_note(op_turn_t *self, const char *to, const op_type_t *type, const void *body)
{
    OP_ASSERT(!self->refused);
    op_str_t peer = op_turn_copy(self, op_str(to));
    op_envelope_t note = {.kind = OP_FRAME_NOTE, .from = op_str(self->actor->name), .to = peer};
    s_say_frame(self, peer, op_turn_encode(self, &note, type, body));
}

/*  Tells to this peer that it has not yet acknowledged. */
static uint64_t s_backlog(const op_turn_t *self, const char *to)
{
    for (size_t i = 0; i < self->actor->link_count; i++) {
        const op_link_t *link = &self->actor->links[i];
        if (strcmp(link->name, to) == 0)
            return link->last - link->acked;
    }
    return 0;
}

bool op_turn_is_full(const op_turn_t *self, const char *to)
{
    return s_backlog(self, to) >= self->actor->outbox_max && !OP_PLANTED(FULL_ACCEPTS);
}

void op_turn_wake_at(op_turn_t *self, int64_t at)
{
    op_actor_t *actor = self->actor;
    if (actor->wake_at == 0 || at < actor->wake_at)
        actor->wake_at = at > 0 ? at : 1;
}

OP_PRINTF(4, 0)
static void s_add_line(op_turn_t *self, op_said_list_t *to, bool warning, const char *format,
                       va_list arguments)
{
    op_buf_t line = {0};
    op_fields_print(&line, format, arguments);
    if (to == &self->said)
        op_fields_add(&line, "request", self->request_id);
    op_said_add(to, (op_said_t){.what = OP_SAID_LOG,
                                .bytes = op_turn_copy(self, op_buf_str(&line)),
                                .value = warning});
    op_buf_free(&line);
}

void op_turn_log(op_turn_t *self, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    s_add_line(self, &self->said, false, format, arguments);
    va_end(arguments);
}

void op_turn_warn(op_turn_t *self, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    s_add_line(self, &self->said, true, format, arguments);
    va_end(arguments);
}

void op_turn_warn_between(op_turn_t *self, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    s_add_line(self, &self->out, true, format, arguments);
    va_end(arguments);
}

void op_turn_count(op_turn_t *self, op_metric_t metric, int64_t value, const char *first,
                   const char *second)
{
    op_said_add(&self->said, (op_said_t){.what = OP_SAID_COUNT,
                                         .metric = metric,
                                         .value = value,
                                         .to = op_turn_copy(self, op_str(first)),
                                         .bytes = op_turn_copy(self, op_str(second))});
}

void op_turn_compact(op_turn_t *self)
{
    op_said_add(&self->said, (op_said_t){.what = OP_SAID_COMPACT});
}

/*  ---- Resources ---- */

op_id_t op_turn_new_id(op_turn_t *self)
{
    return op_id_next(&self->actor->ids, self->event->now, &self->random);
}

op_random_t *op_turn_random(op_turn_t *self)
{
    return &self->random;
}

void *op_turn_alloc(op_turn_t *self, size_t size)
{
    return op_arena_alloc(&self->arena, size);
}

op_str_t op_turn_copy(op_turn_t *self, op_str_t bytes)
{
    return op_arena_copy(&self->arena, bytes);
}

op_str_t op_turn_text(op_turn_t *self, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    op_str_t text = s_format(self, format, arguments);
    va_end(arguments);
    return text;
}

void op_context_window(op_context_t *context, uint64_t limit, uint64_t remaining, int64_t reset)
{
    bool nearer = context->limit == 0 || remaining < context->remaining ||
                  (remaining == context->remaining && reset > context->reset);
    if (!nearer)
        return;
    context->limit = limit;
    context->remaining = remaining;
    context->reset = reset;
}
