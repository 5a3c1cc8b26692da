/*  modem_setup_set.c - what the modem is set to: radio, memories, notices; and whether its tty
    takes texts */

#include "actors/modem_setup.h"

#include <stdio.h>
#include <string.h>

/*  ---- Settings ---- */

op_then_t op_row_radio(const op_setup_at_t *at, const op_at_action_t *done)
{
    op_line_t *line = at->line;
    uint64_t mode = 1;
    op_str_t rest = op_at_after(op_setup_first(done), "+CFUN:");
    line->attempt = op_setup_is_ok(done) && op_at_field_number(&rest, 100, &mode) && mode != 1;
    return OP_THEN_NEXT;
}

bool op_row_radio_on(const op_setup_at_t *at, char command[OP_SETUP_COMMAND_MAX])
{
    snprintf(command, OP_SETUP_COMMAND_MAX, "AT+CFUN=1");
    return at->line->attempt > 0;
}

op_then_t op_row_memories(const op_setup_at_t *at, const op_at_action_t *done)
{
    op_at_memories(op_setup_is_ok(done) ? op_setup_first(done) : op_str_of(NULL, 0),
                   at->line->memories);
    at->line->attempt = 0;
    return OP_THEN_NEXT;
}

/*  What was chosen, then what some modems take only: one memory for all, and fewer than three of
    them. */
static const struct {
    const char *memory; /* NULL: the chosen ones */
    int count;
} s_memories[] = {{NULL, 3}, {"SM", 3}, {"ME", 3}, {"SM", 2}, {"ME", 2}, {"SM", 1}, {"ME", 1}};

bool op_row_set_memories(const op_setup_at_t *at, char command[OP_SETUP_COMMAND_MAX])
{
    op_line_t *line = at->line;
    const char *memory = s_memories[line->attempt].memory;
    int count = s_memories[line->attempt].count, size = 0;
    for (size_t i = 0; memory && i < OP_COUNT(line->memories); i++)
        memcpy(line->memories[i], memory, sizeof line->memories[i]);
    for (int i = 0; i < count; i++)
        size += snprintf(command + size, OP_SETUP_COMMAND_MAX - (size_t)size, "%s\"%s\"",
                         i ? "," : "AT+CPMS=", line->memories[i]);
    return true;
}

op_then_t op_row_usage(const op_setup_at_t *at, const op_at_action_t *done)
{
    op_line_t *line = at->line;
    op_vitals_t *is = &line->is;
    op_memory_t memory = line->unselectable ? OP_MEMORY_SM : op_memory_of(line->memories[2]);
    if (op_setup_is_ok(done) && op_at_usage(op_setup_first(done), &is->used, &is->total) &&
        op_receive_usage(line, at->turn, memory, is->used, is->total))
        line->sweep_at = at->event->now;
    return OP_THEN_NEXT;
}

op_then_t op_row_memories_set(const op_setup_at_t *at, const op_at_action_t *done)
{
    bool refused = !op_setup_is_ok(done) && done->result != OP_AT_TIMEOUT;
    at->line->unselectable = refused;
    if (refused && at->line->attempt + 1 < OP_COUNT(s_memories)) {
        at->line->attempt++;
        return OP_THEN_SAME;
    }
    if (refused) {
        op_line_trouble(at->line, at->turn, OP_TROUBLE_MEMORIES);
        return OP_THEN_NEXT;
    }
    return op_setup_is_ok(done) ? op_row_usage(at, done) : op_setup_must(at, done);
}

op_then_t op_row_notices(const op_setup_at_t *at, const op_at_action_t *done)
{
    op_line_t *line = at->line;
    op_str_t first = op_setup_is_ok(done) ? op_setup_first(done) : op_str_of(NULL, 0);
    if (!op_str_copy(first, line->offers, sizeof line->offers))
        line->offers[0] = 0;
    line->attempt = 0;
    line->notices_set = line->notices_lost = false;
    return OP_THEN_NEXT;
}

/*  A modem that cannot store and announce hands texts out: then each is acknowledged behind its
    commit, where the modem waits for that. */
bool op_row_set_service(const op_setup_at_t *at, char command[OP_SETUP_COMMAND_MAX])
{
    op_line_t *line = at->line;
    line->cnmi[1] = 1;
    (void)op_at_cnmi(op_str(line->offers), line->family->reports, 0, line->cnmi);
    line->acknowledges = line->cnmi[1] == 2;
    snprintf(command, OP_SETUP_COMMAND_MAX, "AT+CSMS=%d", line->acknowledges);
    return true;
}

op_then_t op_row_service_set(const op_setup_at_t *at, const op_at_action_t *done)
{
    at->line->acknowledges &= op_setup_is_ok(done);
    return OP_THEN_NEXT;
}

static void s_say_notices(const op_line_t *line, char command[OP_SETUP_COMMAND_MAX])
{
    snprintf(command, OP_SETUP_COMMAND_MAX, "AT+CNMI=%u,%u,%u,%u,%u", line->cnmi[0], line->cnmi[1],
             line->cnmi[2], line->cnmi[3], line->cnmi[4]);
}

bool op_row_set_notices(const op_setup_at_t *at, char command[OP_SETUP_COMMAND_MAX])
{
    op_line_t *line = at->line;
    if (!op_at_cnmi(op_str(line->offers), line->family->reports, line->attempt, line->cnmi)) {
        op_line_trouble(line, at->turn, OP_TROUBLE_NOTICES);
        return false;
    }
    s_say_notices(line, command);
    return true;
}

op_then_t op_row_notices_set(const op_setup_at_t *at, const op_at_action_t *done)
{
    if (!op_setup_is_ok(done) && done->result != OP_AT_TIMEOUT) {
        at->line->attempt++;
        return OP_THEN_SAME;
    }
    at->line->notices_set = op_setup_is_ok(done);
    if (at->line->notices_set && at->modem->reports && at->line->cnmi[3] == 0)
        op_line_trouble(at->line, at->turn, OP_TROUBLE_REPORTS);
    return op_setup_must(at, done);
}

bool op_row_ask_notices(const op_setup_at_t *at, char command[OP_SETUP_COMMAND_MAX])
{
    snprintf(command, OP_SETUP_COMMAND_MAX, "AT+CNMI?");
    return at->line->notices_set;
}

/*  A modem that has waited for an acknowledgement in vain announces nothing more (TS 27.005 3.4.1),
    and others forget it. What decides is how texts and reports come. */
op_then_t op_row_notices_seen(const op_setup_at_t *at, const op_at_action_t *done)
{
    op_line_t *line = at->line;
    op_str_t rest = op_at_after(op_setup_first(done), "+CNMI:");
    uint64_t is[OP_CNMI];
    for (size_t i = 0; i < OP_CNMI; i++)
        if (!op_setup_is_ok(done) || !op_at_field_number(&rest, 9, &is[i]))
            return OP_THEN_NEXT;
    line->notices_lost |= is[1] != line->cnmi[1] || is[3] != line->cnmi[3];
    return OP_THEN_NEXT;
}

bool op_row_set_notices_again(const op_setup_at_t *at, char command[OP_SETUP_COMMAND_MAX])
{
    op_line_t *line = at->line;
    bool lost = line->notices_set && line->notices_lost;
    line->notices_lost = false;
    s_say_notices(line, command);
    if (lost)
        op_line_log(line, at->turn, "the modem has stopped announcing: it is told again", "");
    return lost;
}

/*  What came meanwhile was not announced. */
op_then_t op_row_notices_again(const op_setup_at_t *at, const op_at_action_t *done)
{
    (void)done;
    at->line->sweep_at = at->event->now;
    return OP_THEN_NEXT;
}

/*  ---- The port for commands ---- */

/*  Of several ttys of a modem some run commands, but take no texts. A prompt can also be lost, or
    refused for a while: a tty that opened none is asked again, after a back-off. */
bool op_row_has_sisters(const op_setup_at_t *at, char command[OP_SETUP_COMMAND_MAX])
{
    snprintf(command, OP_SETUP_COMMAND_MAX, "AT+CMGS=17");
    return op_device_is_found(at->modem, at->line);
}

op_then_t op_row_prompted(const op_setup_at_t *at, const op_at_action_t *done)
{
    op_device_t *device = op_device_of(at->modem, op_str(at->line->device));
    if (op_setup_is_ok(done) || !device)
        return OP_THEN_NEXT;
    op_device_later(device, at->event->now);
    device->mute = true;
    return op_setup_because(at->line, OP_THEN_RELEASE,
                            "this tty takes no texts: its modem has another one");
}
