/*  air.c - the way of a text through the serial port

    Nothing on a tty carries an id, so a text is found by what it is: a submission to its recipient
    whose text is the text, or one part of it, after the modem was given it. With the submission goes
    the conversation on that line, from AT+CMGS to the answer. */

#include "tools/optrace/optrace.h"

#include "modem/pdu.h"
#include "modem/sms.h"
#include "tools/optrace/value.h"

#include <string.h>

/*  What was said on a line. False: the event is nothing of that kind. */
static bool s_said(const op_tape_event_t *event, op_arena_t *arena, op_serial_bytes_t *said)
{
    op_frame_t frame;
    if ((event->what != OP_TRACE_SEND && event->what != OP_TRACE_RECEIVE) ||
        !op_frame_decode(event->bytes, arena, &frame) || frame.type != &op_serial_bytes_type)
        return false;
    *said = *(const op_serial_bytes_t *)frame.body;
    return true;
}

static bool s_has(op_str_t bytes, const char *word)
{
    return bytes.size && memmem(bytes.at, bytes.size, word, strlen(word));
}

/*  A submission, ended by Ctrl-Z, that carries the text or a part of it. */
static bool s_carries(op_str_t bytes, const op_text_send_t *text)
{
    op_pdu_t pdu;
    if (bytes.size < 2 || bytes.at[bytes.size - 1] != 0x1a ||
        op_pdu_decode(op_str_of(bytes.at, bytes.size - 1), &pdu) != OP_PDU_OK ||
        pdu.kind != OP_PDU_SUBMIT || !op_str_is(text->to, pdu.peer.text))
        return false;
    op_sms_piece_t piece = op_sms_piece(&pdu.user);
    op_buf_t part = {0};
    bool carries =
        op_sms_join(&piece, 1, &part) == OP_SMS_OK &&
        (pdu.user.header_size ? memmem(text->body.at, text->body.size, part.at, part.size) != NULL
                              : op_str_equal(op_buf_str(&part), text->body));
    op_buf_free(&part);
    return carries;
}

typedef struct {
    const op_optrace_t *trace;
    bool *marked;
    size_t found;
} s_air_t;

static void s_mark(s_air_t *self, size_t index)
{
    self->found += !self->marked[index];
    self->marked[index] = true;
}

/*  The conversation on the line around its submission, the event `at` of the order. */
static void s_conversation(s_air_t *self, size_t at, size_t actor, uint64_t line)
{
    const op_tape_t *tape = &self->trace->tape;
    for (int step = -1; step <= 1; step += 2)
        for (size_t i = at; i < tape->event_count; i += (size_t)step) {
            size_t index = self->trace->order[i];
            const op_tape_event_t *event = &tape->events[index];
            op_arena_t arena = {0};
            op_serial_bytes_t said;
            bool here = event->actor == actor && s_said(event, &arena, &said) && said.line == line;
            bool last = here && (step < 0 ? s_has(said.bytes, "AT+CMGS")
                                          : s_has(said.bytes, "OK") || s_has(said.bytes, "ERROR"));
            if (here)
                s_mark(self, index);
            op_arena_free(&arena);
            if (last)
                break;
        }
}

/*  From the text's arrival at the modem, the event `from` of the order, on. */
static void s_follow(s_air_t *self, size_t from, const op_text_send_t *text)
{
    const op_tape_t *tape = &self->trace->tape;
    size_t actor = tape->events[self->trace->order[from]].actor;
    for (size_t i = from; i < tape->event_count; i++) {
        const op_tape_event_t *event = &tape->events[self->trace->order[i]];
        op_arena_t arena = {0};
        op_serial_bytes_t said;
        if (event->actor == actor && event->what == OP_TRACE_SEND && s_said(event, &arena, &said) &&
            s_carries(said.bytes, text))
            s_conversation(self, i, actor, said.line);
        op_arena_free(&arena);
    }
}

size_t op_optrace_mark_air(const op_optrace_t *trace, bool *marked)
{
    s_air_t self = {.trace = trace, .marked = marked};
    for (size_t i = 0; i < trace->tape.event_count; i++) {
        const op_tape_event_t *event = &trace->tape.events[trace->order[i]];
        op_arena_t arena = {0};
        op_frame_t frame;
        if (marked[trace->order[i]] && event->what == OP_TRACE_RECEIVE &&
            op_frame_decode(event->bytes, &arena, &frame) && frame.type == &op_text_send_type)
            s_follow(&self, i, frame.body);
        op_arena_free(&arena);
    }
    return self.found;
}
