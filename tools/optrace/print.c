#include "tools/optrace/optrace.h"

#include "base/instant.h"
#include "store/record.h"
#include "store/records.h"
#include "tools/optrace/value.h"
#include "transport/print.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void op_optrace_instant(int64_t at, char text[OP_OPTRACE_INSTANT + 1])
{
    char whole[OP_INSTANT_TEXT + 1];
    op_instant_print(at, whole);
    snprintf(text, OP_OPTRACE_INSTANT + 1, "%.19s.%03dZ", whole,
             (int)((at % OP_SECOND_MS + OP_SECOND_MS) % OP_SECOND_MS));
}

static void s_setup(const op_tape_event_t *event, op_print_t how, op_buf_t *line)
{
    op_arena_t arena = {0};
    op_frame_t setup;
    if (op_setup_decode(event->type, event->bytes, &arena, &setup))
        op_print(setup.type, setup.body, how, line);
    else
        op_buf_add_str(line, OP_STR("a setup that does not decode"));
    op_arena_free(&arena);
}

static void s_event(const op_tape_event_t *event, op_print_t how, op_buf_t *line)
{
    op_buf_printf(line, "%-7s", op_trace_what_name(event->what));
    switch (event->what) {
    case OP_TRACE_START:
        op_buf_add_byte(line, ' ');
        s_setup(event, how, line);
        return;
    case OP_TRACE_RECEIVE:
    case OP_TRACE_SEND:
        op_buf_add_byte(line, ' ');
        op_frame_print(event->bytes, how, line);
        return;
    case OP_TRACE_TICK:
    case OP_TRACE_DRAIN:
    case OP_TRACE_COMMIT:
        return;
    }
}

void op_optrace_event(const op_tape_t *tape, const op_tape_event_t *event, op_print_t how,
                      op_buf_t *line)
{
    char at[OP_OPTRACE_INSTANT + 1];
    op_optrace_instant(event->at, at);
    op_buf_printf(line, "%s %-7s ", at, tape->actors[event->actor].name);
    s_event(event, how, line);
    while (line->size && line->at[line->size - 1] == ' ')
        line->size--;
}

/*  A row: its key by the first octets behind the name and a fingerprint, as keys hold phones. */
static void s_row(const op_tape_actor_t *actor, const op_tape_row_t *row, op_print_t how,
                  op_buf_t *text)
{
    uint8_t hash[crypto_generichash_BYTES_MIN];
    char fingerprint[9];
    op_arena_t arena = {0};
    crypto_generichash(hash, sizeof hash, (const uint8_t *)row->key.at, row->key.size, NULL, 0);
    op_hex(hash, 4, fingerprint);
    size_t name = strlen(actor->name);
    char tag = row->key.size > name + 1 ? row->key.at[name + 1] : '?';
    op_buf_printf(text, "  row %c%c#%s ", row->key.at[name], tag > ' ' && tag < 0x7f ? tag : '?',
                  fingerprint);
    size_t count;
    const op_type_t *const *types = op_record_types(&count);
    const char *damage = "no record";
    for (size_t i = 0; damage && i < count; i++) {
        void *value = op_arena_alloc(&arena, types[i]->size);
        damage = op_record_open(types[i], row->value, &arena, value);
        if (!damage)
            op_print(types[i], value, how, text);
    }
    if (damage)
        op_buf_printf(text, "%zu octets that are no record", row->value.size);
    op_buf_add_byte(text, '\n');
    op_arena_free(&arena);
}

static void s_head(const op_tape_t *tape, op_print_t how, op_buf_t *text)
{
    char at[OP_OPTRACE_INSTANT + 1];
    op_optrace_instant(tape->header.started, at);
    op_buf_printf(text, "trace of %.*s, begun %s\n", (int)tape->header.build.size,
                  tape->header.build.at, at);
    for (size_t i = 0; i < tape->actor_count; i++) {
        const op_tape_actor_t *actor = &tape->actors[i];
        op_buf_printf(text, "actor %s, a %s: %zu rows, %zu events%s\n", actor->name, actor->class,
                      actor->row_count, actor->event_count,
                      actor->middle  ? ", begins in the middle"
                      : actor->ended ? ""
                                     : ", without a clean end");
        for (size_t r = 0; r < actor->row_count; r++)
            s_row(actor, &actor->rows[r], how, text);
    }
}

/*  ---- Choosing ---- */

static bool s_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/*  Is the number there, by itself or in other text, as in what is posted? A longer one is
    another. */
static bool s_mentions(op_str_t text, op_str_t phone)
{
    for (size_t at = 0; phone.size && at + phone.size <= text.size; at++) {
        size_t end = at + phone.size;
        bool apart = (at == 0 || !s_is_digit(text.at[at - 1])) &&
                     (end == text.size || !s_is_digit(text.at[end]));
        if (apart && memcmp(text.at + at, phone.at, phone.size) == 0)
            return true;
    }
    return false;
}

static bool s_has_phone(op_frame_t *frame, op_str_t phone)
{
    op_leaves_t leaves = {0};
    op_leaves_add(&leaves, &op_envelope_type, &frame->envelope);
    op_leaves_add(&leaves, frame->type, frame->body);
    bool found = false;
    for (size_t i = 0; i < leaves.count && !found; i++)
        found = op_leaf_stored(&leaves.at[i]) == OP_STORED_TEXT &&
                s_mentions(op_leaf_text(&leaves.at[i]), phone);
    free(leaves.at);
    return found;
}

/*  What the event carries: a frame, or a setup, which has an empty envelope. */
static bool s_decode(const op_tape_event_t *event, op_arena_t *arena, op_frame_t *out)
{
    if (event->what == OP_TRACE_RECEIVE || event->what == OP_TRACE_SEND)
        return op_frame_decode(event->bytes, arena, out);
    return event->what == OP_TRACE_START && op_setup_decode(event->type, event->bytes, arena, out);
}

static bool s_frame_wanted(const op_tape_event_t *event, const op_optrace_options_t *options)
{
    if (!options->message && !options->phone && !options->request)
        return true;
    op_arena_t arena = {0};
    op_frame_t frame;
    bool wanted = s_decode(event, &arena, &frame) &&
                  (!options->message || strcmp(frame.type->name, options->message) == 0) &&
                  (!options->request || op_str_is(frame.envelope.request_id, options->request)) &&
                  (!options->phone || s_has_phone(&frame, op_str(options->phone)));
    op_arena_free(&arena);
    return wanted;
}

static bool s_wanted(const op_tape_t *tape, const op_tape_event_t *event,
                     const op_optrace_options_t *options)
{
    return (!options->actor || strcmp(options->actor, tape->actors[event->actor].name) == 0) &&
           (!options->from || event->at >= options->from) &&
           (!options->to || event->at <= options->to) && s_frame_wanted(event, options);
}

static bool s_wants_all(const op_optrace_options_t *options)
{
    return !options->actor && !options->message && !options->phone && !options->request &&
           !options->from && !options->to;
}

void op_optrace_listing(const op_optrace_t *trace, const op_optrace_options_t *options,
                        op_buf_t *text, size_t *found)
{
    const op_tape_t *tape = &trace->tape;
    bool all = s_wants_all(options);
    if (all)
        s_head(tape, options->how, text);
    *found = 0;
    for (size_t i = 0; i < tape->event_count; i++) {
        const op_tape_event_t *event = &tape->events[trace->order[i]];
        if (!s_wanted(tape, event, options))
            continue;
        op_optrace_event(tape, event, options->how, text);
        op_buf_add_byte(text, '\n');
        ++*found;
    }
    if (all && tape->torn)
        op_buf_add_str(text, OP_STR("the last record was cut off\n"));
}

op_optrace_exit_t op_optrace_print(const op_optrace_options_t *options)
{
    op_optrace_t trace = {.file_count = 0};
    if (op_optrace_open(&trace, options->files[0], options->lenient) != 0)
        return OP_OPTRACE_BAD;
    op_buf_t text = {0};
    size_t found;
    op_optrace_listing(&trace, options, &text, &found);
    fwrite(text.at, 1, text.size, stdout);
    bool good = found || s_wants_all(options);
    if (!good)
        fprintf(stderr, "optrace: nothing in the trace is of that\n");
    op_buf_free(&text);
    op_optrace_close(&trace);
    return good ? OP_OPTRACE_OK : OP_OPTRACE_DIFFERS;
}
