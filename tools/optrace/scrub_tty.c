/*  scrub_tty.c - what came from ttys

    A message may be cut over several frames, so all that a line has said is one stream, replaced as
    a whole. A modem with its echo on repeats what was written to it: the messages in there are not
    replaced, but become what the actor writes now. That is known only when the run has come to
    it. */

#include "tools/optrace/scrub.h"

#include <stdlib.h>
#include <string.h>

enum { S_MESSAGE_LEAST = 20 }; /* hexadecimal digits of what is no word */

/*  What one frame brought to a line, or took from it. */
typedef struct {
    size_t event, line, offset, size;
} s_piece_t;

typedef struct {
    const op_optrace_t *trace;
    op_buf_t heard[OP_LINES_MAX], said[OP_LINES_MAX];
    s_piece_t *heard_pieces, *said_pieces;
    size_t heard_count, said_count;
} s_serial_t;

static bool s_is_serial(op_str_t bytes, op_arena_t *arena, op_frame_t *frame)
{
    return op_frame_decode(bytes, arena, frame) && frame->type == &op_serial_bytes_type &&
           ((const op_serial_bytes_t *)frame->body)->line < OP_LINES_MAX;
}

static s_piece_t s_append(op_buf_t *streams, size_t event, const op_serial_bytes_t *body)
{
    op_buf_t *stream = &streams[body->line];
    s_piece_t piece = {event, (size_t)body->line, stream->size, body->bytes.size};
    op_buf_add_str(stream, body->bytes);
    return piece;
}

static void s_collect(s_serial_t *self, size_t actor)
{
    const op_tape_t *tape = &self->trace->tape;
    self->heard_count = self->said_count = 0;
    for (size_t i = 0; i < tape->event_count; i++) {
        const op_tape_event_t *event = &tape->events[i];
        bool heard = event->what == OP_TRACE_RECEIVE && self->trace->cause[i] == OP_TAPE_NONE;
        op_arena_t arena = {0};
        op_frame_t frame;
        if (event->actor == actor && (heard || event->what == OP_TRACE_SEND) &&
            s_is_serial(event->bytes, &arena, &frame)) {
            if (heard)
                self->heard_pieces[self->heard_count++] = s_append(self->heard, i, frame.body);
            else
                self->said_pieces[self->said_count++] = s_append(self->said, i, frame.body);
        }
        op_arena_free(&arena);
    }
}

/*  ---- Echoes ---- */

static void s_add_echo(op_scrub_ttys_t *self, op_echo_t echo)
{
    if (self->count == self->capacity) {
        self->capacity = self->capacity ? 2 * self->capacity : 64;
        self->echoes = op_realloc(self->echoes, self->capacity * sizeof *self->echoes);
    }
    self->echoes[self->count++] = echo;
}

/*  The last of what was written to the line before that event, and holds these digits. */
static const s_piece_t *s_origin(const s_serial_t *serial, const s_piece_t *heard, op_str_t digits,
                                 size_t *from)
{
    enum { LOOK_BACK = 16 }; /* a modem repeats at once */
    size_t looked = 0;
    for (size_t i = serial->said_count; i > 0 && looked < LOOK_BACK; i--) {
        const s_piece_t *said = &serial->said_pieces[i - 1];
        if (said->line != heard->line || said->event > heard->event)
            continue;
        looked++;
        const char *at = serial->said[said->line].at + said->offset;
        const char *found = said->size ? memmem(at, said->size, digits.at, digits.size) : NULL;
        *from = found ? (size_t)(found - at) : 0;
        if (found)
            return said;
    }
    return NULL;
}

/*  The digits at `begin` to `end` of a stream are an echo of `said`: the part of it in each frame
    that brought them. */
static void s_note_echo(op_scrub_ttys_t *self, const s_serial_t *serial, const s_piece_t *said,
                        size_t from, size_t begin, size_t end)
{
    for (size_t i = 0; i < serial->heard_count; i++) {
        const s_piece_t *piece = &serial->heard_pieces[i];
        size_t low = piece->offset > begin ? piece->offset : begin;
        size_t high = piece->offset + piece->size < end ? piece->offset + piece->size : end;
        if (piece->line == said->line && low < high)
            s_add_echo(self, (op_echo_t){piece->event, low - piece->offset, said->event,
                                         from + low - begin, high - low});
    }
}

static bool s_is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
}

/*  Looks for echoes of messages that begin in this piece. */
static void s_find_echoes(op_scrub_ttys_t *self, const s_serial_t *serial, const s_piece_t *piece)
{
    op_str_t stream = op_buf_str(&serial->heard[piece->line]);
    for (size_t at = piece->offset; at < piece->offset + piece->size; at++) {
        if (!s_is_hex(stream.at[at]) || (at && s_is_hex(stream.at[at - 1])))
            continue;
        size_t end = at, from;
        while (end < stream.size && s_is_hex(stream.at[end]))
            end++;
        const s_piece_t *said =
            end - at < S_MESSAGE_LEAST
                ? NULL
                : s_origin(serial, piece, op_str_of(stream.at + at, end - at), &from);
        if (said)
            s_note_echo(self, serial, said, from, at, end);
    }
}

static int s_by_event(const void *a_at, const void *b_at)
{
    const op_echo_t *a = a_at, *b = b_at;
    return a->event < b->event ? -1 : a->event > b->event;
}

/*  ---- Together ---- */

/*  The frame again, with other bytes in it. */
static op_str_t s_reframe(op_frame_t *frame, op_str_t bytes, op_arena_t *arena)
{
    op_serial_bytes_t *body = frame->body;
    op_buf_t out = {0};
    body->bytes = bytes;
    op_frame_encode(&frame->envelope, frame->type, body, &out);
    op_str_t copy = op_arena_copy(arena, op_buf_str(&out));
    op_buf_free(&out);
    return copy;
}

static void s_put_piece(const s_serial_t *serial, const s_piece_t *piece, op_str_t *bytes,
                        op_arena_t *to)
{
    op_arena_t arena = {0};
    op_frame_t frame;
    op_str_t now = op_str_of(serial->heard[piece->line].at + piece->offset, piece->size);
    if (s_is_serial(serial->trace->tape.events[piece->event].bytes, &arena, &frame))
        bytes[piece->event] = s_reframe(&frame, now, to);
    op_arena_free(&arena);
}

void op_scrub_ttys(op_scrub_ttys_t *self, const op_optrace_t *trace, const op_pseudonym_t *names,
                   op_str_t *bytes, op_arena_t *arena)
{
    const op_tape_t *tape = &trace->tape;
    s_serial_t *serial = op_alloc(sizeof *serial);
    *serial = (s_serial_t){.trace = trace};
    serial->heard_pieces = op_alloc((tape->event_count + 1) * sizeof *serial->heard_pieces);
    serial->said_pieces = op_alloc((tape->event_count + 1) * sizeof *serial->said_pieces);
    for (size_t actor = 0; actor < tape->actor_count; actor++) {
        s_collect(serial, actor);
        for (size_t i = 0; i < serial->heard_count; i++)
            s_find_echoes(self, serial, &serial->heard_pieces[i]);
        for (size_t i = 0; i < OP_LINES_MAX; i++)
            op_scrub_serial(names, serial->heard[i].at, serial->heard[i].size);
        for (size_t i = 0; i < serial->heard_count; i++)
            s_put_piece(serial, &serial->heard_pieces[i], bytes, arena);
        for (size_t i = 0; i < OP_LINES_MAX; i++) {
            op_buf_clear(&serial->heard[i]);
            op_buf_clear(&serial->said[i]);
        }
    }
    if (self->count)
        qsort(self->echoes, self->count, sizeof *self->echoes, s_by_event);
    for (size_t i = 0; i < OP_LINES_MAX; i++) {
        op_buf_free(&serial->heard[i]);
        op_buf_free(&serial->said[i]);
    }
    free(serial->heard_pieces);
    free(serial->said_pieces);
    free(serial);
}

/*  Octets of what the actor has written now into what is heard of it. */
static void s_repeat(const op_echo_t *echo, op_str_t said, char *heard)
{
    op_arena_t arena = {0};
    op_frame_t frame;
    if (s_is_serial(said, &arena, &frame)) {
        op_str_t written = ((const op_serial_bytes_t *)frame.body)->bytes;
        if (echo->from + echo->size <= written.size)
            memcpy(heard + echo->at, written.at + echo->from, echo->size);
    }
    op_arena_free(&arena);
}

op_str_t op_scrub_tty_heard(const op_scrub_ttys_t *self, const op_str_t *bytes, size_t event,
                            op_arena_t *to)
{
    size_t low = 0, high = self->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (self->echoes[middle].event < event)
            low = middle + 1;
        else
            high = middle;
    }
    op_arena_t arena = {0};
    op_frame_t frame;
    op_str_t now = bytes[event];
    if (low < self->count && self->echoes[low].event == event &&
        s_is_serial(bytes[event], &arena, &frame)) {
        op_str_t old = ((const op_serial_bytes_t *)frame.body)->bytes;
        char *heard = op_arena_alloc(&arena, old.size + 1);
        memcpy(heard, old.at, old.size);
        for (; low < self->count && self->echoes[low].event == event; low++)
            s_repeat(&self->echoes[low], bytes[self->echoes[low].said], heard);
        now = s_reframe(&frame, op_str_of(heard, old.size), to);
    }
    op_arena_free(&arena);
    return now;
}
