/*  modem_health.c - how the lines are, for whoever operates them */

#include "actors/modem_private.h"

#include <string.h>

const char *op_trouble_text(op_trouble_t trouble)
{
    switch (trouble) {
    case OP_TROUBLE_BARRED:
        return "the network bars the SIM from sending";
    case OP_TROUBLE_MEMORIES:
        return "the modem does not say where it stores texts";
    case OP_TROUBLE_NOTICES:
        return "the modem announces nothing: texts are found by looking for them";
    case OP_TROUBLE_REPORTS:
        return "the modem hands over no status reports: what is in doubt stays in doubt";
    case OP_TROUBLE_POWER:
        return "the modem's supply voltage is out of its bounds";
    case OP_TROUBLES:
        break;
    }
    return "";
}

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
    if (op_str_starts(op_str(line->reason), "another program holds it"))
        return "held";
    return line->stopped ? "stopped" : line->absent || !*line->device ? "absent" : "waiting";
}

/*  Of a line that is up. */
static op_str_t s_troubles(const op_line_t *line, op_turn_t *turn)
{
    op_str_t all = {0};
    for (op_trouble_t trouble = 0; trouble < OP_TROUBLES; trouble++)
        if (line->troubles & 1U << trouble)
            all = op_turn_text(turn, "%.*s%s%s", (int)all.size, all.size ? all.at : "",
                               all.size ? "; " : "", op_trouble_text(trouble));
    return op_str_of(all.at, all.size < OP_REASON_MAX ? all.size : OP_REASON_MAX);
}

static op_line_health_t s_health(const op_line_t *line, op_turn_t *turn)
{
    const op_vitals_t *is = &line->is;
    bool up = line->phase == OP_LINE_READY;
    const char *reason = *line->reason                  ? line->reason
                         : line->phase == OP_LINE_SETUP ? "the modem is being set up"
                                                        : "no modem has been found";
    return (op_line_health_t){
        .number = op_str(line->number),
        .state = op_str(op_line_state_name(line)),
        .reason = up ? s_troubles(line, turn) : op_str(reason),
        .since = line->since,
        .last_ok = is->last_ok,
        .device = op_str(line->device),
        .maker = op_str(is->maker),
        .model = op_str(is->model),
        .revision = op_str(is->revision),
        .imei = op_str(is->imei),
        .iccid = op_str(is->iccid),
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
        lines[i] = s_health(&self->lines[i], turn);
    op_lines_health_t answer = {{lines, self->count}};
    op_turn_reply(turn, &op_lines_health_type, &answer);
}
