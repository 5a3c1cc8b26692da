/*  modem_setup_net.c - the network the modem is in */

#include "actors/modem_setup.h"

#include <stdio.h>

/*  ---- The network ---- */

bool op_row_unregistered(const op_setup_at_t *at, char command[OP_SETUP_COMMAND_MAX])
{
    snprintf(command, OP_SETUP_COMMAND_MAX, "%s", op_setup_command_of(at->line));
    return !op_at_registered(at->line->is.registration);
}

static void s_take_registration(const op_setup_at_t *at, const op_at_action_t *done)
{
    int *registration = &at->line->is.registration;
    for (size_t i = 0; op_setup_is_ok(done) && i < done->line_count; i++) {
        int stat = op_at_registration(done->lines[i], true);
        if (stat >= 0 && !op_at_registered(*registration))
            *registration = stat;
    }
}

op_then_t op_row_creg(const op_setup_at_t *at, const op_at_action_t *done)
{
    at->line->is.registration = -1;
    s_take_registration(at, done);
    return OP_THEN_NEXT;
}

op_then_t op_row_cgreg(const op_setup_at_t *at, const op_at_action_t *done)
{
    s_take_registration(at, done);
    return OP_THEN_NEXT;
}

static const char *s_why_unregistered(int registration)
{
    return registration == 3   ? "the network refuses the SIM"
           : registration == 2 ? "the modem searches for a network"
                               : "the modem is in no network";
}

/*  The last of the three that were asked. */
op_then_t op_row_cereg(const op_setup_at_t *at, const op_at_action_t *done)
{
    op_line_t *line = at->line;
    s_take_registration(at, done);
    if (op_at_registered(line->is.registration)) {
        line->wait_until = 0;
        return OP_THEN_NEXT;
    }
    const char *why = s_why_unregistered(line->is.registration);
    if (line->phase == OP_LINE_READY)
        line->wait_until = 0;
    return op_setup_wait(at, OP_THEN_LATER, OP_REGISTER_MS, why);
}

op_then_t op_row_service_centre(const op_setup_at_t *at, const op_at_action_t *done)
{
    op_str_t rest = op_at_after(op_setup_first(done), "+CSCA:"), number;
    at->line->is.service_centre =
        op_setup_is_ok(done) && op_at_field(&rest, &number) && number.size > 1;
    return OP_THEN_NEXT;
}

/*  "+COPS: <mode>[,<format>,<oper>[,<AcT>]]" */
op_then_t op_row_operator(const op_setup_at_t *at, const op_at_action_t *done)
{
    op_str_t rest = op_at_after(op_setup_first(done), "+COPS:"), field = {0};
    bool there = op_setup_is_ok(done) && op_at_field(&rest, &field) && op_at_field(&rest, &field) &&
                 op_at_field(&rest, &field);
    op_at_words(there ? field : OP_STR(""), "+", at->line->is.operator_name,
                sizeof at->line->is.operator_name);
    return OP_THEN_NEXT;
}

op_then_t op_row_signal(const op_setup_at_t *at, const op_at_action_t *done)
{
    op_str_t rest = op_at_after(op_setup_first(done), "+CSQ:");
    if (!op_setup_is_ok(done) || !op_at_field_number(&rest, 199, &at->line->is.signal))
        at->line->is.signal = 99;
    if (at->line->is.signal <= 31)
        op_line_count(at->line, at->turn, OP_METRIC_MODEM_SIGNAL, (int64_t)at->line->is.signal,
                      NULL);
    return OP_THEN_NEXT;
}

/*  TS 27.007 8.71: "+CIREG: <n>,<reg_info>[,<ext_info>]", of which bit 2 (4) is SMS over IP. */
op_then_t op_row_ims(const op_setup_at_t *at, const op_at_action_t *done)
{
    op_str_t rest = op_at_after(op_setup_first(done), "+CIREG:");
    uint64_t mode, registered, services = 4;
    at->line->is.ims = -1;
    if (op_setup_is_ok(done) && op_at_field_number(&rest, 9, &mode) &&
        op_at_field_number(&rest, 9, &registered)) {
        (void)op_at_field_number(&rest, UINT32_MAX, &services);
        at->line->is.ims = registered == 1 && (services & 4) != 0;
    }
    return OP_THEN_NEXT;
}
