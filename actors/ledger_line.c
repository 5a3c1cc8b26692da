/*  ledger_line.c - which line is up

    A number's row says what its modem actor last said of its line. Which actor that is decides who
    is sent the number's texts and login codes. One that the operator trusts, as he does the one in
    this process, takes a number by saying that its line is up; any other has the numbers that he
    has assigned to it, and none besides.

    When the link to an actor in another process comes up or goes down, all of its lines are down
    until it has been asked and has said how they are: neither a host that has died nor one that has
    started again is believed to carry texts because it did so before. */

#include "actors/ledger_private.h"
#include "base/plant.h"

#include <string.h>

/*  ---- links ---- */

static bool s_is_cut(const op_ledger_t *self, op_str_t modem)
{
    for (size_t i = 0; i < self->cut_count; i++)
        if (op_str_is(modem, self->cut[i]))
            return true;
    return false;
}

static void s_set_cut(op_ledger_t *self, op_str_t modem, bool cut)
{
    size_t i = 0;
    while (i < self->cut_count && !op_str_is(modem, self->cut[i]))
        i++;
    if (cut && i == self->cut_count && i < OP_COUNT(self->cut))
        op_str_copy(modem, self->cut[self->cut_count++], sizeof self->cut[0]);
    else if (!cut && i < self->cut_count)
        memmove(self->cut[i], self->cut[--self->cut_count], sizeof self->cut[0]);
}

typedef bool s_wanted_t(const op_number_row_t *row, op_str_t modems);

/*  Lines are down, those of the rows that are wanted; with `gone`, for good. A walk does not write:
    so it is some at a time. */
static void s_take_down(op_turn_t *turn, s_wanted_t *wanted, op_str_t modems, bool gone)
{
    op_id_t id, *ids = op_turn_alloc(turn, OP_LINES_MAX * sizeof *ids);
    op_number_row_t row, *rows = op_turn_alloc(turn, OP_LINES_MAX * sizeof *rows);
    size_t count;
    do {
        op_walk_t *walk = op_ledger_walk_pool(turn);
        for (count = 0; count < OP_LINES_MAX && op_ledger_next_number(walk, &id, &row);)
            if (wanted(&row, modems)) {
                ids[count] = id;
                rows[count++] = row;
            }
        op_turn_walk_end(&walk);
        for (size_t i = 0; i < count; i++) {
            rows[i].up = false;
            rows[i].gone |= gone;
            op_ledger_put_number(turn, ids[i], &rows[i]);
        }
    } while (count == OP_LINES_MAX);
}

static bool s_is_up_at(const op_number_row_t *row, op_str_t modem)
{
    return row->up && op_str_equal(row->modem, modem);
}

void op_ledger_ask_lines(op_turn_t *turn, op_str_t modem)
{
    char name[OP_ACTOR_NAME_MAX + 1];
    op_str_copy(modem, name, sizeof name);
    op_turn_tell(turn, name, &op_lines_ask_type, &(op_lines_ask_t){0});
}

void op_ledger_on_link_state(op_ledger_t *self, const op_event_t *event, op_turn_t *turn)
{
    const op_link_state_t *state = OP_BODY(event, link_state);
    s_set_cut(self, state->modem, !state->up);
    s_take_down(turn, s_is_up_at, state->modem, false);
    if (state->up)
        op_ledger_ask_lines(turn, state->modem);
}

/*  ---- what is configured ---- */

static bool s_is_nobodys(const op_number_row_t *row, op_str_t modems)
{
    return !op_str_in(row->modem, modems) && (row->up || !row->gone);
}

void op_ledger_check_modems(op_turn_t *turn, op_str_t modems)
{
    if (modems.size)
        s_take_down(turn, s_is_nobodys, modems, true);
}

/*  ---- whose a number is ---- */

static bool s_is_trusted(const op_ledger_t *self, op_str_t modem)
{
    return op_str_in(modem, self->setup.trusted) || OP_PLANTED(ANY_CLAIM);
}

bool op_ledger_is_heard(const op_ledger_t *self, const op_number_row_t *row, op_str_t actor)
{
    return op_str_equal(row->modem, actor) || op_str_is(actor, "ledger") ||
           s_is_trusted(self, actor);
}

/*  May it serve the number, which another actor serves, or (`known` false) none? */
static bool s_may_take(const op_ledger_t *self, const op_event_t *event, op_turn_t *turn,
                       const op_number_row_t *row, bool known)
{
    const op_line_state_t *state = OP_BODY(event, line_state);
    char masked[OP_PHONE_MAX + 1];
    if (state->gone)
        return false; /* it has moved to another host, which has said so */
    if (s_is_trusted(self, event->from))
        return !known || row->gone || state->up;
    op_turn_warn(turn,
                 "number=%s modem=%.*s is not assigned to this actor: see opctl numbers assign",
                 op_phone_mask(state->line, masked), (int)event->from.size, event->from.at);
    return false;
}

static void s_configure(const op_event_t *event, op_turn_t *turn, op_number_row_t *row)
{
    const op_line_state_t *state = OP_BODY(event, line_state);
    char masked[OP_PHONE_MAX + 1];
    if (op_ledger_leased(row) && state->shared)
        op_turn_log(turn, "number=%s is configured as shared, but leased: it stays leased",
                    op_phone_mask(state->line, masked));
    row->configured = state->shared;
    if (!op_ledger_leased(row))
        row->shared = op_ledger_is_shared(row);
}

void op_ledger_on_line_state(op_ledger_t *self, const op_event_t *event, op_turn_t *turn)
{
    const op_line_state_t *state = OP_BODY(event, line_state);
    char masked[OP_PHONE_MAX + 1];
    op_id_t id;
    op_number_row_t row = {.e164 = state->line};
    bool known = op_ledger_number_at(turn, state->line, &id, &row);
    if (!op_str_equal(row.modem, event->from) && !s_may_take(self, event, turn, &row, known))
        return;
    if (!known)
        id = op_ledger_join(turn, state->line);
    if (state->gone && !row.gone)
        op_turn_log(turn, "number=%s is configured no more", op_phone_mask(state->line, masked));
    if (s_is_trusted(self, event->from))
        s_configure(event, turn, &row);
    row.modem = event->from;
    row.up = state->up && !s_is_cut(self, event->from);
    row.gone = state->gone;
    op_ledger_put_number(turn, id, &row);
}

/*  ---- login codes ---- */

/*  The line for one: a shared number's if one is up, else a free one's. */
static op_str_t s_code_line(op_turn_t *turn, op_str_t *modem)
{
    op_str_t line = {0};
    *modem = line;
    op_id_t id;
    op_number_row_t row;
    op_walk_t *walk = op_ledger_walk_pool(turn);
    while (op_ledger_next_number(walk, &id, &row)) {
        if (!row.up || row.retired || op_ledger_leased(&row))
            continue;
        if (row.shared || !line.size) {
            line = row.e164;
            *modem = row.modem;
        }
        if (row.shared)
            break;
    }
    op_turn_walk_end(&walk);
    return line;
}

void op_ledger_on_code_line(op_ledger_t *self, const op_event_t *event, op_turn_t *turn)
{
    op_str_t phone = OP_BODY(event, auth_start)->phone;
    op_id_t id;
    op_number_row_t row;
    if (!op_phone_allowed(phone, self->setup.prefixes)) {
        op_turn_refuse_with(turn, OP_ERROR_INVALID_PHONE, "phone",
                            "This server does not text numbers with this prefix.", 0);
        return;
    }
    if (op_ledger_number_at(turn, phone, &id, &row)) {
        op_turn_refuse(turn, OP_ERROR_PHONE_IS_POOL_NUMBER, "phone");
        return;
    }
    event->context->line = s_code_line(turn, &event->context->modem);
    if (event->context->line.size)
        op_turn_forward(turn);
    else
        op_turn_refuse(turn, OP_ERROR_OTP_DELIVERY_FAILED, NULL);
}

void op_ledger_on_ready(op_ledger_t *self, const op_event_t *event, op_turn_t *turn)
{
    (void)event;
    enum { NAMED = 4 }; /* a sentence has room for so many */
    op_str_t modem, names = {0};
    if (s_code_line(turn, &modem).size) {
        op_turn_reply(turn, &op_nothing_type, &(op_nothing_t){0});
        return;
    }
    for (size_t i = 0; i < self->cut_count && i < NAMED; i++)
        names = op_turn_text(turn, "%.*s%s%s", (int)names.size, names.size ? names.at : "",
                             names.size ? ", " : "", self->cut[i]);
    const char *sentence = "modem: no line is up";
    if (names.size)
        sentence = op_turn_text(turn, "%.*s: no link%c", (int)names.size, names.at, 0).at;
    op_turn_refuse_with(turn, OP_ERROR_UNAVAILABLE, NULL, sentence, 0);
}
