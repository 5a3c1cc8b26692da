/*  modem_receive.c - the slots of a modem's memories: listed, read, deleted

    Store, read, commit, delete: a slot is deleted only behind the commit of what was read in it
    (modem_inbound.c). A slot that is to be deleted carries a hash of what was read. When the line
    was not quite in step since it came up (an answer that nobody waited for, a line that was
    nobody's), the slot is read once more before it is deleted: what would be deleted must be what
    was read.

    SM, ME and SR, or MT and SR, are searched at each start and every `sweep_ms`, whatever was
    announced: notices get lost, and a modem may store where it was not told to. A memory that the
    modem does not have answers with an error, and is passed over until the next sweep. */

#include "actors/modem_private.h"

#include "base/instant.h"
#include "base/plant.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

const char *const op_memory_name[OP_MEMORIES] = {"SM", "ME", "SR", "MT"};

op_memory_t op_memory_of(const char *name)
{
    op_memory_t memory = OP_MEMORY_SM;
    while (memory < OP_MEMORIES && strcmp(name, op_memory_name[memory]) != 0)
        memory++;
    return memory;
}

/*  Some read their memories as one only; then its slots have numbers of their own. */
static bool s_reads_as_one(const op_line_t *line)
{
    return strcmp(line->memories[0], op_memory_name[OP_MEMORY_MT]) == 0;
}

static unsigned s_swept(const op_line_t *line)
{
    return OP_PLANTED(ALWAYS_SM) || line->unselectable ? 1U << OP_MEMORY_SM
           : s_reads_as_one(line)                      ? 1U << OP_MEMORY_MT | 1U << OP_MEMORY_SR
                                  : 1U << OP_MEMORY_SM | 1U << OP_MEMORY_ME | 1U << OP_MEMORY_SR;
}

/*  ---- Slots ---- */

/*  The first one of the memory that is selected, else the first one. */
static size_t s_slots_pick(const op_line_t *line, const op_slots_t *slots)
{
    for (size_t i = 0; i < slots->count; i++)
        if (slots->at[i].memory == line->memory)
            return i;
    return 0;
}

static uint64_t s_hash(op_str_t pdu)
{
    uint64_t hash;
    uint8_t bytes[16];
    crypto_generichash(bytes, sizeof bytes, (const uint8_t *)pdu.at, pdu.size, NULL, 0);
    memcpy(&hash, bytes, sizeof hash);
    return hash;
}

static uint64_t s_oddities(const op_line_t *line)
{
    return line->at.noise + line->at.late;
}

/*  ---- Notices ---- */

void op_receive_begin(op_line_t *line, const op_event_t *event)
{
    line->to_read.count = line->to_delete.count = 0;
    line->memory = line->unselectable ? OP_MEMORY_SM : OP_MEMORIES;
    line->to_list = 0;
    line->sweep_at = event->now;
    line->oddities = s_oddities(line);
    line->none_in_slots = false;
}

/*  "+CMTI: <mem>,<index>", "+CDSI: <mem>,<index>" */
static void s_announced(op_line_t *line, const op_event_t *event, op_turn_t *turn, op_str_t notice)
{
    char text[64], memory[8];
    unsigned index;
    op_slot_t slot = {.found = event->now};
    op_str_copy(op_str_of(notice.at, notice.size < sizeof text ? notice.size : sizeof text - 1),
                text, sizeof text);
    const char *colon = strchr(text, ':');
    if (!colon || sscanf(colon, ": \"%7[^\"]\",%u", memory, &index) != 2 || index > UINT16_MAX) {
        line->sweep_at = event->now;
        return;
    }
    slot.index = (uint16_t)index;
    slot.memory = op_memory_of(memory);
    if (OP_PLANTED(ALWAYS_SM) || line->unselectable)
        slot.memory = OP_MEMORY_SM;
    bool foreign = s_reads_as_one(line) && !(s_swept(line) & 1U << slot.memory);
    op_slot_t read = {.memory = foreign ? OP_MEMORY_MT : slot.memory, .index = slot.index};
    op_stuck_announced(line, turn, &read, foreign);
    if (slot.memory == OP_MEMORIES || foreign ||
        !op_slots_add(OP_PLANTED(DELETE_UNREAD) ? &line->to_delete : &line->to_read, slot))
        line->sweep_at = event->now;
}

/*  Handed out and in no memory: it is here, or nowhere. The acknowledgement leaves behind the
    commit. */
static void s_handed_out(op_line_t *line, const op_event_t *event, op_turn_t *turn, op_str_t hex)
{
    op_inbound_take(line, event, turn, hex, event->now, NULL);
    if (!line->to_acknowledge)
        line->handed_at = event->now;
    line->to_acknowledge += line->acknowledges;
}

/*  A text whose SIM is not known yet; what is too much is not acknowledged. */
static void s_hold(op_line_t *line, op_str_t hex)
{
    if (line->handed_count < OP_HANDED_MAX &&
        op_str_copy(hex, line->handed[line->handed_count], sizeof line->handed[0]))
        line->handed_count++;
}

void op_receive_held(op_line_t *line, const op_event_t *event, op_turn_t *turn)
{
    for (size_t i = 0; i < line->handed_count; i++)
        s_handed_out(line, event, turn, op_turn_copy(turn, op_str(line->handed[i])));
    line->handed_count = 0;
}

void op_receive_notice(op_line_t *line, const op_event_t *event, op_turn_t *turn,
                       const op_at_action_t *notice)
{
    bool announced = notice->notice == OP_AT_NOTICE_CMTI || notice->notice == OP_AT_NOTICE_CDSI;
    bool direct = notice->notice == OP_AT_NOTICE_CMT || notice->notice == OP_AT_NOTICE_CDS;
    bool report = notice->notice == OP_AT_NOTICE_CDS;
    if (direct && notice->pdu.size && (report || line->sim_known))
        s_handed_out(line, event, turn, op_turn_copy(turn, notice->pdu));
    else if (direct && notice->pdu.size)
        s_hold(line, notice->pdu);
    else if (line->phase != OP_LINE_READY)
        return; /* the sweep at the end of the setup finds it */
    else if (announced)
        s_announced(line, event, turn, notice->line);
    else if (direct || notice->notice == OP_AT_NOTICE_FULL)
        line->sweep_at = event->now;
}

/*  ---- Commands ---- */

static bool s_command(op_line_t *line, const op_event_t *event, op_job_t job, const char *name,
                      unsigned index, const char *expect)
{
    char command[32];
    snprintf(command, sizeof command, "AT+%s=%u", name, index);
    op_line_command(line, job, op_str(command), expect, (op_str_t){0}, event->now + OP_COMMAND_MS);
    return true;
}

/*  Selects the memory for reading and deleting, where it is another one. The others stay as they
    were set up: the modem goes on storing where it stores. */
static bool s_select(op_line_t *line, const op_event_t *event, op_memory_t memory)
{
    if (line->memory == memory)
        return false;
    char command[32];
    line->wanted = memory;
    snprintf(command, sizeof command, "AT+CPMS=\"%s\"", op_memory_name[memory]);
    op_line_command(line, OP_JOB_MEMORY, op_str(command), "+CPMS:", (op_str_t){0},
                    event->now + OP_COMMAND_MS);
    return true;
}

static bool s_in_doubt(const op_line_t *line)
{
    return line->oddities != s_oddities(line);
}

static bool s_list(op_line_t *line, const op_event_t *event)
{
    line->to_list &= ~(1U << line->memory);
    line->listing = s_oddities(line);
    op_line_command(line, OP_JOB_LIST, OP_STR("AT+CMGL=4"), "+CMGL:", (op_str_t){0},
                    event->now + OP_LIST_MS);
    return true;
}

/*  Several slots of the selected memory are read with one command, and their commit is one, too.
    What the list then does not show is read by itself. */
static bool s_list_several(op_line_t *line, const op_event_t *event)
{
    size_t fresh = 0;
    for (size_t i = 0; i < line->to_read.count; i++)
        fresh += line->to_read.at[i].memory == line->memory && !line->to_read.at[i].listed;
    if (fresh < OP_LIST_FROM)
        return false;
    for (size_t i = 0; i < line->to_read.count; i++)
        line->to_read.at[i].listed |= line->to_read.at[i].memory == line->memory;
    return s_list(line, event);
}

static bool s_next_slot(op_line_t *line, const op_event_t *event)
{
    op_slots_t *slots = line->to_delete.count ? &line->to_delete : &line->to_read;
    size_t at = s_slots_pick(line, slots);
    if (s_select(line, event, slots->at[at].memory))
        return true;
    bool deletes = slots == &line->to_delete;
    if (!deletes && s_list_several(line, event))
        return true;
    line->slot = slots->at[at];
    op_slots_drop(slots, at);
    if (!deletes)
        return s_command(line, event, OP_JOB_READ, "CMGR", line->slot.index, "+CMGR:");
    if (line->slot.hash && !line->slot.checked && s_in_doubt(line))
        return s_command(line, event, OP_JOB_RECHECK, "CMGR", line->slot.index, "+CMGR:");
    op_stuck_count(line, &line->slot, event->now);
    return s_command(line, event, OP_JOB_DELETE, "CMGD", line->slot.index, "");
}

/*  AT+CNMA, in the forms that modems take (TS 27.005 3.4.4, 4.7). */
static const char *const s_acks[] = {"AT+CNMA", "AT+CNMA=1", "AT+CNMA=0"};

/*  One that is refused in all forms came too late, or is not to be had, and one that is taken may
    have been too late: such a modem hands nothing out any more until AT+CNMI is set again, which is
    done next. */
static void s_acknowledged(op_line_t *line, const op_event_t *event, const op_at_action_t *done)
{
    int64_t took = event->now - line->handed_at;
    bool late = done->result == OP_AT_CMS_ERROR && done->code == 340;
    bool refused = done->result != OP_AT_OK && done->result != OP_AT_TIMEOUT && !late;
    if (refused && ++line->ack_form < OP_COUNT(s_acks))
        return;
    line->ack_form = refused ? 0 : line->ack_form;
    line->to_acknowledge--;
    if (done->result == OP_AT_OK && took >= 0 && took < OP_ACK_MS)
        return;
    line->notices_lost = true;
    line->check_at = event->now;
}

bool op_receive_next(op_modem_t *self, op_line_t *line, const op_event_t *event, op_turn_t *turn)
{
    if (line->to_acknowledge) { /* the modem waits for it, for seconds */
        op_line_command(line, OP_JOB_ACKNOWLEDGE, op_str(s_acks[line->ack_form]), "", (op_str_t){0},
                        event->now + OP_COMMAND_MS);
        return true;
    }
    if (line->to_delete.count)
        return s_next_slot(line, event);
    if (op_turn_is_full(turn, "ledger")) { /* what cannot be told is safer in the SIM than here */
        line->sweep_at = event->now + (int64_t)self->sweep_ms;
        return false;
    }
    if (line->to_read.count)
        return s_next_slot(line, event);
    bool clock_went_back = line->sweep_at > event->now + (int64_t)self->sweep_ms;
    if (!line->to_list && (line->sweep_at <= event->now || clock_went_back)) {
        line->sweep_at = event->now + (int64_t)self->sweep_ms;
        line->to_list = OP_PLANTED(NO_SWEEP) ? 0 : s_swept(line);
    }
    if (!line->to_list)
        return false;
    op_memory_t memory = OP_MEMORY_SM;
    while (!(line->to_list & 1U << memory))
        memory++;
    return s_select(line, event, memory) || s_list(line, event);
}

/*  ---- Answers ---- */

bool op_receive_usage(op_line_t *line, op_turn_t *turn, op_memory_t memory, uint64_t used,
                      uint64_t total)
{
    char masked[OP_PHONE_MAX + 1];
    if (memory == OP_MEMORIES)
        return false;
    unsigned bit = 1U << memory;
    bool full = total && used >= total, news = full && !(line->full & bit);
    if (news) /* what can be emptied is, now */
        op_turn_warn(turn, "line=%s memory=%s is full: %llu of %llu",
                     op_phone_mask(op_str(line->number), masked), op_memory_name[memory],
                     (unsigned long long)used, (unsigned long long)total);
    line->slots[memory] = total;
    line->full = full ? line->full | bit : line->full & ~bit;
    return news;
}

/*  "+CPMS: <used>,<total>,..." of the memory that was selected. */
static void s_selected(op_line_t *line, op_turn_t *turn, const op_at_action_t *done)
{
    char text[64];
    unsigned used, total;
    line->memory = line->wanted;
    if (!done->line_count)
        return;
    op_str_t head = done->lines[0];
    op_str_copy(op_str_of(head.at, head.size < sizeof text ? head.size : sizeof text - 1), text,
                sizeof text);
    if (sscanf(text, "+CPMS: %u,%u", &used, &total) == 2)
        (void)op_receive_usage(line, turn, line->memory, used, total);
}

/*  The modem has no such memory, or not now. */
static void s_passed_over(op_line_t *line)
{
    line->to_list &= ~(1U << line->wanted);
    op_slots_forget(&line->to_read, line->wanted);
    op_slots_forget(&line->to_delete, line->wanted);
}

static void s_to_delete(op_line_t *line, const op_event_t *event, op_slot_t slot)
{
    if (!op_slots_add(&line->to_delete, slot))
        line->sweep_at = event->now + OP_SECOND_MS;
}

/*  A header and no PDU: damaged on its way, or all that there is. What was so each time that it was
    looked at would stay for ever: the header is kept for the operator, and the slot emptied. */
static void s_take_bare(op_line_t *line, const op_event_t *event, op_turn_t *turn, op_str_t header,
                        op_slot_t slot)
{
    slot.hash = s_hash(header);
    op_stuck_count(line, &slot, event->now);
    op_stuck_t *looks = op_stuck_find(line, &slot, event->now);
    if (looks->tries < OP_LOOKS_MAX)
        return;
    looks->tries = 0;
    slot.hash = ~slot.hash; /* the tries to delete it are counted for themselves */
    if (op_stuck_is_dead(line, &slot, event->now, turn))
        return;
    op_quarantine_put(line, event, turn, op_turn_copy(turn, header), "a slot without a message");
    slot.checked = true;
    s_to_delete(line, event, slot);
}

/*  What a list does not show is empty, where nothing of it was cut off or damaged. */
static void s_not_listed(op_line_t *line, op_turn_t *turn, const op_at_action_t *done,
                         const op_slots_t *shown)
{
    if (done->cut || line->listing != s_oddities(line))
        return;
    op_stuck_listed(line, line->memory, shown);
    op_inbound_listed(line, turn, line->memory, shown);
}

/*  There was no room for all that a memory holds. When what was new is deleted, its list is shorter;
    where nothing was, what lies behind these slots is read by itself, once a sweep. */
static void s_list_on(op_line_t *line, const op_event_t *event, const op_slots_t *shown, bool news)
{
    op_slot_t slot = {.memory = line->memory, .listed = true, .found = event->now};
    if (news) {
        line->sweep_at = event->now + OP_SECOND_MS;
        return;
    }
    for (size_t i = 0; i < shown->count; i++)
        if (shown->at[i].index > slot.index)
            slot.index = shown->at[i].index;
    while (slot.index++ < line->slots[line->memory] && op_slots_add(&line->to_read, slot))
        continue;
}

/*  "+CMGL: <index>,<stat>,[<alpha>],<length>" and the PDU, again and again. */
static void s_listed(op_line_t *line, const op_event_t *event, op_turn_t *turn,
                     const op_at_action_t *done)
{
    op_slots_t *shown = op_turn_alloc(turn, sizeof *shown);
    bool news = false;
    shown->count = 0;
    for (size_t i = 0; i < done->line_count; i++) {
        char head[64];
        unsigned index;
        op_str_copy(done->lines[i], head, sizeof head);
        if (sscanf(head, "+CMGL: %u", &index) != 1 || index > UINT16_MAX)
            continue;
        op_slot_t slot = {.memory = line->memory, .index = (uint16_t)index, .found = event->now};
        (void)op_slots_add(shown, slot);
        if (i + 1 == done->line_count || op_str_starts(done->lines[i + 1], "+CMGL:")) {
            if (i + 1 < done->line_count || !done->cut)
                s_take_bare(line, event, turn, done->lines[i], slot);
            continue;
        }
        op_str_t hex = op_turn_copy(turn, done->lines[++i]);
        slot.hash = s_hash(hex);
        int64_t found = op_slots_take(&line->to_read, &slot);
        if (op_stuck_is_dead(line, &slot, event->now, turn))
            continue; /* it was taken when it was read first */
        op_inbound_take(line, event, turn, hex, found, &slot);
        s_to_delete(line, event, slot);
        news = true;
    }
    s_not_listed(line, turn, done, shown);
    if (done->cut)
        s_list_on(line, event, shown, news);
}

static void s_read(op_line_t *line, const op_event_t *event, op_turn_t *turn,
                   const op_at_action_t *done)
{
    op_str_t hex = op_turn_copy(turn, done->lines[1]);
    line->slot.hash = s_hash(hex);
    if (op_stuck_is_dead(line, &line->slot, event->now, turn))
        return;
    op_inbound_take(line, event, turn, hex, line->slot.found, &line->slot);
    s_to_delete(line, event, line->slot);
}

/*  Is what lies in the slot what was read? Then it is deleted next. */
static void s_checked(op_line_t *line, const op_event_t *event, const op_at_action_t *done)
{
    op_slots_t *slots = &line->to_delete;
    bool same = s_hash(done->lines[1]) == line->slot.hash;
    if (same && slots->count < OP_SLOTS_MAX) {
        line->slot.checked = true;
        memmove(slots->at + 1, slots->at, slots->count++ * sizeof slots->at[0]);
        slots->at[0] = line->slot;
        return;
    }
    if (!same)
        op_at_distrust(&line->at);
    line->sweep_at = event->now;
}

static void s_answered(op_line_t *line, op_job_t job, const op_event_t *event, op_turn_t *turn,
                       const op_at_action_t *done)
{
    bool read = done->line_count > 1 && op_str_starts(done->lines[0], "+CMGR:");
    bool reading = job == OP_JOB_READ || job == OP_JOB_RECHECK;
    if (job == OP_JOB_MEMORY)
        s_selected(line, turn, done);
    else if (job == OP_JOB_LIST && (!done->line_count || op_str_starts(done->lines[0], "+CMGL:")))
        s_listed(line, event, turn, done);
    else if (job == OP_JOB_READ && read)
        s_read(line, event, turn, done);
    else if (job == OP_JOB_RECHECK && read)
        s_checked(line, event, done);
    else if (job == OP_JOB_DELETE)
        op_stuck_emptied(line, &line->slot, event->now);
    else if (reading)
        /* An empty slot answers OK alone: somebody deleted it, or it was read by a sweep. But that
           OK may as well be another command's: taking the next answer for this slot's would delete
           a text that nobody has read. */
        op_at_distrust(&line->at);
}

void op_receive_done(op_line_t *line, op_job_t job, const op_event_t *event, op_turn_t *turn,
                     const op_at_action_t *done)
{
    bool refused = done->result == OP_AT_ERROR || done->result == OP_AT_CME_ERROR ||
                   done->result == OP_AT_CMS_ERROR;
    if (line->phase != OP_LINE_READY)
        return;
    if (job == OP_JOB_ACKNOWLEDGE && line->to_acknowledge)
        s_acknowledged(line, event, done);
    /* What failed is found again by the next sweep: nothing was deleted that was not taken. */
    if (done->result == OP_AT_OK)
        s_answered(line, job, event, turn, done);
    else if (job == OP_JOB_MEMORY && refused)
        s_passed_over(line);
    else if (job == OP_JOB_MEMORY)
        line->memory = OP_MEMORIES;
    /* A memory is used at once, and a sweep with nothing in it is one turn. */
    bool slots = line->to_delete.count || line->to_read.count;
    if (job == OP_JOB_MEMORY || (line->to_list && !slots)) {
        line->sends = false;
        line->turn_at = event->now;
    }
}
