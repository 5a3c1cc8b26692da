/*  modem_health.c - how the lines are, for whoever operates them */

#include "actors/modem_private.h"

#include <string.h>

const char *op_line_state_name(const op_line_t *line)
{
    switch (line->phase) {
    case OP_LINE_READY:
        return "up";
    case OP_LINE_SETUP:
        return "starting";
    case OP_LINE_OPENING:
    case OP_LINE_CLOSED:
        break;
    }
    return line->stopped ? "stopped" : line->absent || !*line->device ? "absent" : "waiting";
}

/*  A number that identifies a person is nobody's business in full. */
static op_str_t s_last_four(const char *digits)
{
    size_t size = strlen(digits), shown = size < 4 ? size : 4;
    return op_str_of(digits + size - shown, shown);
}

static op_line_health_t s_health(const op_line_t *line)
{
    const op_vitals_t *is = &line->is;
    bool up = line->phase == OP_LINE_READY;
    const char *reason = *line->reason                  ? line->reason
                         : line->phase == OP_LINE_SETUP ? "the modem is being set up"
                                                        : "no modem has been found";
    return (op_line_health_t){
        .number = op_str(line->number),
        .state = op_str(op_line_state_name(line)),
        .reason = op_str(up ? "" : reason),
        .since = line->since,
        .last_ok = is->last_ok,
        .device = op_str(line->device),
        .maker = op_str(is->maker),
        .model = op_str(is->model),
        .revision = op_str(is->revision),
        .imei = s_last_four(is->imei),
        .iccid = s_last_four(is->iccid),
        .operator= op_str(is->operator_name),
        .registered = op_at_registered(is->registration),
        .signal = is->signal,
        .service_centre = is->service_centre,
        .ims = op_str(is->ims < 0 ? "unknown"
                      : is->ims   ? "yes"
                                  : "no"),
        .used = is->used,
        .total = is->total,
        .failures = line->failures,
        .drains = line->drains,
        .opens = line->opens,
        .resets = line->resets,
        .stops = line->stops,
    };
}

void op_health_answer(const op_modem_t *self, op_turn_t *turn)
{
    op_line_health_t *lines = op_turn_alloc(turn, (self->count + 1) * sizeof *lines);
    for (size_t i = 0; i < self->count; i++)
        lines[i] = s_health(&self->lines[i]);
    op_lines_health_t answer = {{lines, self->count}};
    op_turn_reply(turn, &op_lines_health_type, &answer);
}
