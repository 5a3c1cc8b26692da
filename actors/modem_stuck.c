/*  modem_stuck.c - slots that cannot be emptied, or show no message: how often that was tried

    A modem may say that a slot is empty and leave it as it was. So what counts is what is seen: the
    same bytes in a slot are the same message, not emptied yet, until a list lacks the slot or it is
    announced anew behind a deletion that was taken. Then the network has delivered again. */

#include "actors/modem_private.h"

#include "base/instant.h"
#include "base/plant.h"

/*  A dead slot is tried again. */
static const int64_t s_stuck_ms = OP_HOUR_MS;

static bool s_is_fresh(const op_stuck_t *stuck, int64_t now)
{
    return stuck->tries && stuck->slot.found <= now && stuck->slot.found + s_stuck_ms > now;
}

/*  A slot is remembered in one of a few places, from its index on: SIMs have up to 255 slots, so
    each has its own, and what comes and goes in one pushes nothing out that is stuck elsewhere. */
static op_stuck_t *s_place(op_line_t *line, const op_slot_t *slot, size_t i)
{
    return &line->stuck[(slot->index + i) % OP_STUCK_MAX];
}

op_stuck_t *op_stuck_find(op_line_t *line, const op_slot_t *slot, int64_t now)
{
    for (size_t i = 0; i < OP_STUCK_NEAR; i++) {
        op_stuck_t *stuck = s_place(line, slot, i);
        if (s_is_fresh(stuck, now) && op_slot_is(&stuck->slot, slot) &&
            stuck->slot.hash == slot->hash)
            return stuck;
    }
    return NULL;
}

/*  What is forgotten first: what is old, then what was tried once, which nearly always was enough.
    */
static op_stuck_t *s_least_stuck(op_line_t *line, const op_slot_t *slot, int64_t now)
{
    op_stuck_t *least = NULL;
    unsigned fewest = 0;
    for (size_t i = 0; i < OP_STUCK_NEAR; i++) {
        op_stuck_t *stuck = s_place(line, slot, i);
        unsigned tries = !s_is_fresh(stuck, now) ? 0 : stuck->tries > 1 ? 2 : 1;
        if (!least || tries < fewest ||
            (tries == fewest && stuck->slot.found < least->slot.found)) {
            least = stuck;
            fewest = tries;
        }
    }
    return least;
}

/*  A deletion is tried, or a slot without a message looked at. */
void op_stuck_count(op_line_t *line, const op_slot_t *slot, int64_t now)
{
    op_stuck_t *stuck = op_stuck_find(line, slot, now);
    if (!stuck) {
        stuck = s_least_stuck(line, slot, now);
        *stuck = (op_stuck_t){.slot = *slot};
        stuck->slot.found = now;
    }
    stuck->tries++;
    stuck->emptied = false;
}

void op_stuck_emptied(op_line_t *line, const op_slot_t *slot, int64_t now)
{
    op_stuck_t *stuck = op_stuck_find(line, slot, now);
    if (stuck)
        stuck->emptied = true;
}

void op_stuck_announced(op_line_t *line, op_turn_t *turn, const op_slot_t *slot, bool any)
{
    for (size_t i = 0; i < OP_STUCK_MAX; i++) {
        op_stuck_t *stuck = &line->stuck[i];
        bool is = any ? stuck->slot.memory == slot->memory : op_slot_is(&stuck->slot, slot);
        if (!stuck->emptied || !is)
            continue;
        op_inbound_anew(line, turn, &stuck->slot);
        stuck->emptied = false;
        if (!any) /* else it may be another one: its tries count on */
            *stuck = (op_stuck_t){0};
    }
}

void op_stuck_listed(op_line_t *line, op_memory_t memory, const op_slots_t *shown)
{
    for (size_t i = 0; i < OP_STUCK_MAX; i++) {
        op_stuck_t *stuck = &line->stuck[i];
        if (stuck->tries && stuck->slot.memory == memory && !op_slots_have(shown, &stuck->slot))
            *stuck = (op_stuck_t){0};
    }
}

bool op_stuck_is_dead(op_line_t *line, const op_slot_t *slot, int64_t now, op_turn_t *turn)
{
    op_stuck_t *stuck = op_stuck_find(line, slot, now);
    if (!stuck || stuck->tries < OP_DELETIONS_MAX || OP_PLANTED(STUCK_LOOP))
        return false;
    char masked[OP_PHONE_MAX + 1];
    if (!stuck->said)
        op_turn_warn(turn, "line=%s memory=%s slot=%u cannot be emptied; it is left as it is",
                     op_phone_mask(op_str(line->number), masked), op_memory_name[slot->memory],
                     slot->index);
    stuck->said = true;
    return true;
}
