/*  follow.c - what belongs together

    A request is followed by its id or its correlation number; what it made (a message, a session, a
    webhook) by the id in its reply, because nothing behind the reply carries the request's id. So
    marking goes on until nothing new is found, over two kinds of knowledge: the ids that are known
    to belong, and the requests whose frames do. An id is taken over from a reply only, and only the
    one that the reply itself is about (its first): a list shows many ids that have nothing to do
    with it. */

#include "tools/optrace/optrace.h"

#include "tools/optrace/value.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { S_NAMES_MAX = 64 };

/*  ---- What is known ---- */

/*  A set of items of one size, as their octets: sorted by them. It has no more than the trace
    has. */
typedef struct {
    char *at;
    size_t size, count, capacity;
} s_set_t;

/*  Where the item is, or would be. */
static bool s_has(const s_set_t *set, const void *item, size_t *place)
{
    size_t low = 0, high = set->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = memcmp(set->at + middle * set->size, item, set->size);
        if (order == 0)
            return true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *place = low;
    return false;
}

static void s_add(s_set_t *set, const void *item)
{
    size_t place;
    if (s_has(set, item, &place))
        return;
    if (set->count == set->capacity) {
        set->capacity = set->capacity ? 2 * set->capacity : 64;
        set->at = op_realloc(set->at, set->capacity * set->size);
    }
    char *at = set->at + place * set->size;
    memmove(at + set->size, at, (set->count - place) * set->size);
    memcpy(at, item, set->size);
    set->count++;
}

/*  All of its octets count. */
typedef struct {
    char origin[OP_ACTOR_NAME_MAX + 1];
    uint8_t correlation[sizeof(uint64_t)];
} s_request_t;

typedef struct {
    const op_optrace_t *trace;
    bool *marked;
    s_set_t ids, requests;
    op_str_t request_id;
    uint64_t correlation; /* of a request of any origin; 0: none is wanted */
    size_t found;
} s_follow_t;

static bool s_knows_id(const s_follow_t *self, op_id_t id)
{
    size_t place;
    return s_has(&self->ids, id.bytes, &place);
}

static void s_learn_id(s_follow_t *self, op_id_t id)
{
    if (!op_id_is_none(id))
        s_add(&self->ids, id.bytes);
}

static op_str_t s_origin(const op_envelope_t *envelope)
{
    return envelope->kind == OP_FRAME_REPLY ? envelope->to : envelope->origin;
}

static s_request_t s_request(const op_envelope_t *envelope)
{
    s_request_t request;
    memset(&request, 0, sizeof request);
    op_str_copy(s_origin(envelope), request.origin, sizeof request.origin);
    memcpy(request.correlation, &envelope->correlation, sizeof request.correlation);
    return request;
}

static bool s_knows_request(const s_follow_t *self, const op_envelope_t *envelope)
{
    s_request_t request = s_request(envelope);
    size_t place;
    return envelope->correlation == self->correlation || s_has(&self->requests, &request, &place);
}

static void s_learn_request(s_follow_t *self, const op_envelope_t *envelope)
{
    s_request_t request = s_request(envelope);
    if (envelope->correlation)
        s_add(&self->requests, &request);
}

/*  Octets may hold an id as text: the body of a post does. */
static bool s_octets_mention(const s_follow_t *self, op_str_t octets)
{
    enum { DASH = 8 }; /* where a UUID has its first one */
    op_id_t id;
    for (size_t at = 0; at + OP_ID_TEXT <= octets.size; at++)
        if (octets.at[at + DASH] == '-' &&
            op_id_parse(op_str_of(octets.at + at, OP_ID_TEXT), &id) && s_knows_id(self, id))
            return true;
    return false;
}

/*  ---- Marking ---- */

static bool s_leaf_mentions(const s_follow_t *self, const op_leaf_t *leaf)
{
    op_id_t id;
    size_t at;
    if (op_leaf_stored(leaf) == OP_STORED_ID)
        return s_knows_id(self, op_leaf_id(leaf));
    if (op_leaf_stored(leaf) != OP_STORED_TEXT)
        return false;
    if (leaf->field->kind == OP_KIND_BYTES)
        return s_octets_mention(self, op_leaf_text(leaf));
    return op_text_has_id(op_leaf_text(leaf), &id, &at) && s_knows_id(self, id);
}

static bool s_is_about(s_follow_t *self, op_frame_t *frame, op_leaves_t *leaves)
{
    const op_envelope_t *envelope = &frame->envelope;
    if (envelope->kind == OP_FRAME_ACK || envelope->kind == OP_FRAME_RESUME)
        return false;
    if (self->request_id.size && op_str_equal(envelope->request_id, self->request_id))
        return true;
    if (envelope->correlation && s_knows_request(self, envelope))
        return true;
    leaves->count = 0;
    op_leaves_add(leaves, frame->type, frame->body);
    bool list = frame->type->field_count && frame->type->fields[0].kind == OP_KIND_LIST;
    for (size_t i = 0; !list && i < leaves->count; i++)
        if (s_leaf_mentions(self, &leaves->at[i]))
            return true;
    return false;
}

/*  Is the message about one thing that its first id names? Numbers are left out: half of a trace
    has to do with any of them. */
static bool s_makes(const op_frame_t *frame)
{
    return (frame->envelope.kind == OP_FRAME_REPLY && frame->type != &op_number_view_type) ||
           frame->type == &op_post_type;
}

static void s_mark(s_follow_t *self, size_t index, op_leaves_t *leaves)
{
    const op_tape_event_t *event = &self->trace->tape.events[index];
    if (self->marked[index] || (event->what != OP_TRACE_RECEIVE && event->what != OP_TRACE_SEND))
        return;
    op_arena_t arena = {0};
    op_frame_t frame;
    if (op_frame_decode(event->bytes, &arena, &frame) && s_is_about(self, &frame, leaves)) {
        self->marked[index] = true;
        self->found++;
        s_learn_request(self, &frame.envelope);
        leaves->count = 0;
        op_leaves_add(leaves, frame.type, frame.body);
        if (s_makes(&frame) && leaves->count && leaves->at->field == frame.type->fields &&
            op_leaf_stored(leaves->at) == OP_STORED_ID)
            s_learn_id(self, op_leaf_id(leaves->at));
    }
    op_arena_free(&arena);
}

size_t op_optrace_mark(const op_optrace_t *trace, const char *text, bool *marked)
{
    const op_tape_t *tape = &trace->tape;
    s_follow_t *self = op_alloc(sizeof *self);
    *self = (s_follow_t){.trace = trace,
                         .marked = marked,
                         .ids = {.size = sizeof(op_id_t)},
                         .requests = {.size = sizeof(s_request_t)},
                         .request_id = op_str(text)};
    op_id_t id;
    size_t at, before;
    memset(marked, 0, tape->event_count * sizeof *marked);
    if (op_text_has_id(op_str(text), &id, &at))
        s_learn_id(self, id);
    if (!op_str_to_u64(op_str(text), UINT64_MAX, &self->correlation))
        self->correlation = 0;
    op_leaves_t leaves = {0};
    do {
        before = self->found;
        for (size_t i = 0; i < tape->event_count; i++)
            s_mark(self, trace->order[i], &leaves);
    } while (self->found > before);
    free(leaves.at);
    size_t found = self->found + op_optrace_mark_air(trace, marked);
    free(self->ids.at);
    free(self->requests.at);
    free(self);
    return found;
}

/*  ---- The diagram ---- */

typedef struct {
    op_optrace_arrow_t *arrows;
    size_t arrow_count;
    op_str_t names[S_NAMES_MAX];
    size_t name_count;
    op_arena_t arena;
} s_diagram_t;

static size_t s_column(s_diagram_t *self, op_str_t name)
{
    for (size_t i = 0; i < self->name_count; i++)
        if (op_str_equal(self->names[i], name))
            return i;
    if (self->name_count == S_NAMES_MAX)
        return S_NAMES_MAX - 1;
    self->names[self->name_count] = op_arena_copy(&self->arena, name);
    return self->name_count++;
}

/*  An arrow for each frame: where it was sent, or, when it came from outside, where it arrived. */
static void s_collect(s_diagram_t *self, const op_optrace_t *trace, const bool *marked)
{
    self->arrows = op_alloc((trace->tape.event_count + 1) * sizeof *self->arrows);
    for (size_t i = 0; i < trace->tape.event_count; i++) {
        size_t index = trace->order[i];
        const op_tape_event_t *event = &trace->tape.events[index];
        if (!marked[index] ||
            (event->what == OP_TRACE_RECEIVE && trace->cause[index] != OP_TAPE_NONE))
            continue;
        op_arena_t arena = {0};
        op_envelope_t envelope;
        op_str_t body;
        if (op_frame_open(event->bytes, &arena, &envelope, &body) == OP_DECODE_OK) {
            size_t from = s_column(self, envelope.from), to = s_column(self, envelope.to);
            self->arrows[self->arrow_count++] =
                (op_optrace_arrow_t){event->at, self->names[from], self->names[to], index};
        }
        op_arena_free(&arena);
    }
}

enum { S_WIDTH = 10 };

static void s_draw_line(s_diagram_t *self, const op_optrace_t *trace,
                        const op_optrace_arrow_t *arrow, int64_t begin, op_print_t how,
                        op_buf_t *out)
{
    size_t from = s_column(self, arrow->from), to = s_column(self, arrow->to);
    char line[S_NAMES_MAX * S_WIDTH + 2];
    size_t width = self->name_count * S_WIDTH;
    memset(line, ' ', width);
    for (size_t i = 0; i < self->name_count; i++)
        line[i * S_WIDTH] = '|';
    size_t low = (from < to ? from : to) * S_WIDTH, high = (from < to ? to : from) * S_WIDTH;
    if (from == to) { /* to itself */
        line[low + 1] = '<';
        memset(line + low + 2, '-', 3);
    } else {
        memset(line + low + 1, '-', high - low - 1);
        line[from < to ? high - 1 : low + 1] = from < to ? '>' : '<';
    }
    op_buf_printf(out, "%8" PRId64 " ms  %.*s ", arrow->at - begin, (int)width, line);
    op_frame_print(trace->tape.events[arrow->event].bytes, how, out);
    op_buf_add_byte(out, '\n');
}

static void s_draw(s_diagram_t *self, const op_optrace_t *trace, op_print_t how, op_buf_t *out)
{
    int64_t begin = self->arrow_count ? self->arrows[0].at : 0;
    char at[OP_OPTRACE_INSTANT + 1];
    op_optrace_instant(begin, at);
    op_buf_printf(out, "%zu frames from %s on\n\n%13s", self->arrow_count, at, "");
    for (size_t i = 0; i < self->name_count; i++)
        op_buf_printf(out, "%-*.*s", S_WIDTH,
                      S_WIDTH - 1 < (int)self->names[i].size ? S_WIDTH - 1
                                                             : (int)self->names[i].size,
                      self->names[i].at);
    while (out->size && out->at[out->size - 1] == ' ')
        out->size--;
    op_buf_add_byte(out, '\n');
    for (size_t i = 0; i < self->arrow_count; i++)
        s_draw_line(self, trace, &self->arrows[i], begin, how, out);
}

static op_optrace_exit_t s_write_svg(s_diagram_t *self, const op_optrace_t *trace, op_print_t how,
                                     const char *path)
{
    op_buf_t out = {0};
    op_optrace_svg(&trace->tape, self->names, self->name_count, self->arrows, self->arrow_count,
                   how, &out);
    int rc = op_optrace_write(op_buf_str(&out), path, true);
    op_buf_free(&out);
    return rc == 0 ? OP_OPTRACE_OK : OP_OPTRACE_BAD;
}

op_optrace_exit_t op_optrace_follow(const op_optrace_options_t *options)
{
    op_optrace_t trace = {.file_count = 0};
    if (op_optrace_open(&trace, options->files[0], options->lenient) != 0)
        return OP_OPTRACE_BAD;
    bool *marked = op_alloc((trace.tape.event_count + 1) * sizeof *marked);
    op_optrace_exit_t result = OP_OPTRACE_DIFFERS;
    if (op_optrace_mark(&trace, options->files[1], marked) == 0)
        fprintf(stderr, "optrace: nothing in the trace carries \"%s\"\n", options->files[1]);
    else {
        s_diagram_t diagram = {.arrow_count = 0};
        op_buf_t out = {0};
        s_collect(&diagram, &trace, marked);
        s_draw(&diagram, &trace, options->how, &out);
        fwrite(out.at, 1, out.size, stdout);
        result = options->svg ? s_write_svg(&diagram, &trace, options->how, options->svg)
                              : OP_OPTRACE_OK;
        op_buf_free(&out);
        free(diagram.arrows);
        op_arena_free(&diagram.arena);
    }
    free(marked);
    op_optrace_close(&trace);
    return result;
}
