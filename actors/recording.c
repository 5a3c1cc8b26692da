#include "actors/recording.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

struct op_recording {
    op_recording_sink_t sink;
    op_actor_observer_t observer;
    op_store_t *store;
    char name[OP_ACTOR_NAME_MAX + 1];
    uint64_t number;
    op_buf_t out; /* records that the sink has not seen */
};

/*  ---- The rows of an actor ---- */

typedef bool (*row_fn)(void *arg, op_str_t key, op_str_t value);

/*  The rows of one space, '!' or '/': all keys between "NAME!" and "NAME\"" say. -1: an error. */
static int s_each_of(op_store_t *store, const char *name, char space, row_fn row, void *arg)
{
    op_buf_t low = {0}, high = {0};
    op_buf_printf(&low, "%s%c", name, space);
    op_buf_printf(&high, "%s%c", name, space + 1);
    op_store_range_t *range = op_store_range(store, op_buf_str(&low), op_buf_str(&high), false);
    op_str_t key, value;
    int rc;
    while ((rc = op_store_range_next(range, &key, &value)) > 0)
        if (!row(arg, key, value))
            break;
    op_store_range_destroy(&range);
    op_buf_free(&low);
    op_buf_free(&high);
    return rc == 0 ? 0 : -1;
}

static int s_each_row(op_store_t *store, const char *name, row_fn row, void *arg)
{
    return s_each_of(store, name, '!', row, arg) == 0 && s_each_of(store, name, '/', row, arg) == 0
               ? 0
               : -1;
}

typedef struct {
    XXH3_state_t *state;
    uint64_t rows;
} digest_t;

static bool s_digest_row(void *arg, op_str_t key, op_str_t value)
{
    digest_t *self = arg;
    uint8_t sizes[8];
    for (unsigned i = 0; i < 4; i++) {
        sizes[i] = (uint8_t)(key.size >> (24 - 8 * i));
        sizes[4 + i] = (uint8_t)(value.size >> (24 - 8 * i));
    }
    XXH3_128bits_update(self->state, sizes, sizeof sizes);
    XXH3_128bits_update(self->state, key.at, key.size);
    XXH3_128bits_update(self->state, value.at, value.size);
    self->rows++;
    return true;
}

int op_recording_digest(op_store_t *store, const char *name, uint64_t *rows, op_hash_t *digest)
{
    digest_t self = {.state = XXH3_createState()};
    OP_ASSERT(self.state && "out of memory");
    XXH3_128bits_reset(self.state);
    int rc = s_each_row(store, name, s_digest_row, &self);
    XXH128_canonical_t sum;
    XXH128_canonicalFromHash(&sum, XXH3_128bits_digest(self.state));
    XXH3_freeState(self.state);
    *digest = (op_hash_t){{0}};
    memcpy(digest->bytes, sum.digest, sizeof sum.digest);
    *rows = self.rows;
    return rc;
}

/*  ---- Recording ---- */

static void s_flush(op_recording_t *self, bool state)
{
    if (self->out.size)
        self->sink.write(self->sink.self, op_buf_str(&self->out), state);
    op_buf_clear(&self->out);
}

static bool s_record_row(void *arg, op_str_t key, op_str_t value)
{
    op_recording_t *self = arg;
    if (self->sink.stopped(self->sink.self) || key.size > OP_TRACE_BYTES_MAX ||
        value.size > OP_TRACE_BYTES_MAX)
        return false;
    op_trace_row_t row = {self->number, key, value};
    op_trace_add(&op_trace_row_type, &row, &self->out);
    if (self->out.size >= OP_RECORDING_CHUNK)
        s_flush(self, true);
    return true;
}

static void s_record_rows(op_recording_t *self)
{
    if (s_each_row(self->store, self->name, s_record_row, self) != 0)
        self->sink.stop(self->sink.self, "the store's rows cannot be read");
    s_flush(self, true);
    op_buf_free(&self->out); /* turns are smaller */
}

static void s_event(void *arg, const op_trace_event_t *event)
{
    op_recording_t *self = arg;
    if (self->sink.stopped(self->sink.self))
        return;
    if (event->what == OP_TRACE_START)
        s_record_rows(self);
    op_trace_event_t numbered = *event;
    numbered.actor = self->number;
    /* What is longer than any frame is refused for its length alone, also in a replay. */
    if (numbered.bytes.size > OP_TRACE_BYTES_MAX)
        numbered.bytes.size = OP_TRACE_BYTES_MAX;
    op_trace_add(&op_trace_event_type, &numbered, &self->out);
    if (self->out.size >= OP_RECORDING_CHUNK)
        s_flush(self, false);
}

static void s_turn(void *arg)
{
    s_flush(arg, false);
}

op_recording_t *op_recording_new(const op_recording_sink_t *sink, op_store_t *store,
                                 const char *name, const char *class)
{
    op_recording_t *self = op_alloc(sizeof *self);
    *self = (op_recording_t){.sink = *sink,
                             .store = store,
                             .observer = {.self = self, .event = s_event, .turn = s_turn}};
    OP_ASSERT(op_str_copy(op_str(name), self->name, sizeof self->name));
    self->number = sink->actor(sink->self, name, class);
    return self;
}

void op_recording_destroy(op_recording_t **self_p)
{
    op_recording_t *self = *self_p;
    if (!self)
        return;
    op_buf_free(&self->out);
    free(self);
    *self_p = NULL;
}

const op_actor_observer_t *op_recording_observer(op_recording_t *self)
{
    return &self->observer;
}

void op_recording_end(op_recording_t *self)
{
    if (self->sink.stopped(self->sink.self))
        return;
    op_trace_digest_t end = {.actor = self->number};
    if (op_recording_digest(self->store, self->name, &end.rows, &end.digest) != 0) {
        self->sink.stop(self->sink.self, "the store's rows cannot be read");
        return;
    }
    op_trace_add(&op_trace_digest_type, &end, &self->out);
    s_flush(self, false);
}
