/*  sim_mischief.c - faults begin, at random, and end by themselves or when all is healed */

#include "tests/simulation/sim_private.h"

#include "base/instant.h"

#include <string.h>

static size_t s_process(sim_t *self)
{
    return sim_pick(self, self->process_count);
}

static int64_t s_some_time(sim_t *self, int64_t most)
{
    return self->now + sim_between(&self->random, OP_SECOND_MS, most);
}

/*  ---- The network ---- */

static void s_hurt_way(sim_t *self, sim_way_t *way, sim_fault_t fault)
{
    int64_t until = s_some_time(self, OP_MINUTE_MS);
    if (fault == SIM_FAULT_NET_DELAY) {
        way->slow_until = until;
        way->slow = sim_between(&self->random, 10, 4000);
    } else if (fault == SIM_FAULT_NET_CUT || fault == SIM_FAULT_NET_CUT_ONE_WAY) {
        way->cut_until = until;
        way->cut_by = fault;
    } else if (fault == SIM_FAULT_NET_REORDER)
        way->reorder_until = until;
    else if (fault == SIM_FAULT_NET_DUPLICATE)
        way->duplicate_until = until;
    else
        way->drop_until = until;
}

static void s_hurt_network(sim_t *self, sim_fault_t fault)
{
    size_t from = sim_pick(self, SIM_PEERS), to = sim_pick(self, SIM_PEERS);
    for (size_t i = 0; i < SIM_PEERS; i++)
        for (size_t j = 0; j < SIM_PEERS; j++) {
            bool there = i == from && j == to;
            bool back = i == to && j == from && fault != SIM_FAULT_NET_CUT_ONE_WAY;
            /* Often all that one peer says or hears: single pairs rarely have much to say. */
            bool wide = from == to && i == from;
            if (there || back || wide)
                s_hurt_way(self, &self->ways[i][j], fault);
        }
}

/*  ---- Clocks ---- */

void sim_clock_cause(sim_t *self, size_t process)
{
    model_cause(&self->model, MODEL_NONE, MODEL_CAUSE_CLOCK);
    model_cause(&self->model, MODEL_NONE, MODEL_CAUSE_DOUBT);
    model_cause(&self->model, MODEL_NONE, MODEL_CAUSE_TROUBLE);
    if (self->actors[SIM_RATE].process == process)
        model_rate_confused(&self->model);
}

static void s_hurt_clock(sim_t *self, sim_fault_t fault)
{
    size_t process = s_process(self);
    sim_process_t *of = &self->processes[process];
    int64_t most = sim_once_in(&self->random, 2) ? 10 * OP_SECOND_MS : 3 * OP_HOUR_MS;
    int64_t jump = sim_between(&self->random, OP_SECOND_MS, most), ppm = 0;
    if (fault == SIM_FAULT_CLOCK_BACK)
        jump = -jump;
    if (fault == SIM_FAULT_CLOCK_DRIFT) {
        jump = 0;
        ppm = sim_between(&self->random, -20000, 20000);
    }
    sim_clock_set(&of->clock, self->now, jump, ppm);
    sim_clock_cause(self, process);
    sim_fired(self, fault);
    sim_queue_put(&self->queue, s_some_time(self, 10 * OP_MINUTE_MS), SIM_EVENT_HEAL_CLOCK, process,
                  0, (op_str_t){0});
    if (jump < 0)
        sim_actors_tick(self, true, process); /* as the runtime does: runtime.c, s_tick */
}

void sim_heal_clock(sim_t *self, size_t process)
{
    sim_clock_t *clock = &self->processes[process].clock;
    bool back = sim_clock_local(clock, self->now) > self->now;
    if (clock->offset == 0 && clock->ppm == 0)
        return;
    sim_clock_heal(clock, self->now);
    sim_clock_cause(self, process);
    if (back)
        sim_actors_tick(self, true, process);
}

/*  ---- The air ---- */

static void s_set(sim_t *self, size_t line, op_knob_t knob, int64_t value)
{
    if (op_carrier_set(self->carrier, line, knob, value) != 0)
        model_wrong(&self->model, "simulation: a knob refused its value");
}

static void s_hurt_air(sim_t *self, sim_fault_t fault)
{
    static const int codes[] = {38, 42, 17, 22, 331, 21, 1, 30, 500, 332};
    size_t line = sim_once_in(&self->random, 2) ? 0 : sim_pick(self, self->line_count);
    sim_line_t *of = &self->lines[line];
    int64_t n = 1 + sim_pick(self, 3);
    if (fault == SIM_FAULT_AIR_DELAY)
        s_set(self, line, OP_KNOB_SUBMIT_DELAY_MS, sim_between(&self->random, 100, 30000));
    else if (fault == SIM_FAULT_AIR_LATE)
        s_set(self, line, OP_KNOB_SUBMIT_DELAY_MS, sim_between(&self->random, 180001, 400000));
    else if (fault == SIM_FAULT_AIR_SILENCE)
        s_set(self, line, OP_KNOB_NO_ANSWER_NEXT, of->silences = n);
    else if (fault == SIM_FAULT_AIR_REFUSAL || fault == SIM_FAULT_AIR_LATE_ERROR) {
        if (fault == SIM_FAULT_AIR_LATE_ERROR)
            s_set(self, line, OP_KNOB_SUBMIT_DELAY_MS, sim_between(&self->random, 180001, 186000));
        s_set(self, line, OP_KNOB_CMS_ERROR_CODE, codes[sim_pick(self, OP_COUNT(codes))]);
        s_set(self, line, OP_KNOB_CMS_ERROR_NEXT, sim_once_in(&self->random, 5) ? 8 : n);
    } else if (fault == SIM_FAULT_AIR_DOUBLE_ANSWER)
        s_set(self, line, OP_KNOB_DOUBLE_ANSWER_NEXT, of->doubles = n);
    else if (fault == SIM_FAULT_NOTICE_LOST)
        s_set(self, line, OP_KNOB_NOTICE_LOST_NEXT, of->lost = n);
    else
        s_set(self, line, OP_KNOB_NOTICE_DOUBLE_NEXT, of->twice = n);
}

/*  A knob that counts down. */
static void s_count_down(sim_t *self, size_t line, op_knob_t knob, int64_t n)
{
    for (size_t i = 0; i < SIM_COUNTED; i++)
        if (sim_counted[i].knob == knob)
            self->lines[line].counted[i] = n;
    s_set(self, line, knob, n);
}

static void s_hurt_reports(sim_t *self, sim_fault_t fault)
{
    size_t line = sim_pick(self, self->line_count);
    if (fault == SIM_FAULT_REPORT_LATE)
        s_set(self, line, OP_KNOB_REPORT_DELAY_MS, sim_between(&self->random, 1000, 1800000));
    else if (fault == SIM_FAULT_REPORT_NATIONAL)
        s_set(self, line, OP_KNOB_REPORT_RECIPIENT, 1);
    else {
        op_knob_t knob = fault == SIM_FAULT_REPORT_LOST     ? OP_KNOB_REPORT_LOST_NEXT
                         : fault == SIM_FAULT_REPORT_DOUBLE ? OP_KNOB_REPORT_DOUBLE_NEXT
                                                            : OP_KNOB_REPORT_EARLY_NEXT;
        s_count_down(self, line, knob, 1 + sim_pick(self, 4));
        return;
    }
    sim_fired(self, fault);
}

static void s_hurt_memory(sim_t *self, sim_fault_t fault)
{
    size_t line = sim_once_in(&self->random, 2) ? 0 : sim_pick(self, self->line_count);
    int64_t n = 1 + sim_pick(self, 3);
    if (fault == SIM_FAULT_STORE_FULL) {
        s_set(self, line, OP_KNOB_SM_SLOTS, n);
        sim_fired(self, fault);
    } else if (fault == SIM_FAULT_SLOT_STUCK) {
        s_set(self, line, OP_KNOB_UNDELETABLE_SLOTS, n);
        s_set(self, line, OP_KNOB_UNDELETABLE_ANSWER, sim_pick(self, 2));
        sim_fired(self, fault);
    } else if (fault == SIM_FAULT_PDU_SURPLUS || fault == SIM_FAULT_PDU_BROKEN) {
        bool surplus = fault == SIM_FAULT_PDU_SURPLUS;
        s_set(self, line, OP_KNOB_MALFORMED_FORM, surplus ? 0 : 1 + sim_pick(self, 2));
        s_count_down(self, line, OP_KNOB_MALFORMED_NEXT, n);
    } else if (fault == SIM_FAULT_PART_LATE) {
        if (sim_has(self, SIM_FAULT_PDU_BROKEN))
            return; /* of a late part that is broken nobody could tell whose it is */
        s_set(self, line, OP_KNOB_PART_LATE_MS, sim_between(&self->random, 1000, 2400000));
        s_count_down(self, line, OP_KNOB_PART_LATE_NEXT, n);
    } else
        s_count_down(self, line,
                     fault == SIM_FAULT_STORE_OTHER      ? OP_KNOB_STORE_OTHER_NEXT
                     : fault == SIM_FAULT_DELIVER_DOUBLE ? OP_KNOB_DELIVER_DOUBLE_NEXT
                                                         : OP_KNOB_COMMAND_ERROR_NEXT,
                     n);
}

static void s_reset_modem(sim_t *self)
{
    size_t line = sim_pick(self, self->line_count);
    model_cause(&self->model, (int)line, MODEL_CAUSE_DOUBT);
    model_cause(&self->model, (int)line, MODEL_CAUSE_TROUBLE);
    sim_fired(self, SIM_FAULT_MODEM_RESET);
    op_carrier_reset(self->carrier, line, self->now);
    sim_air_look(self);
}

static void s_close_tty(sim_t *self)
{
    size_t line = sim_pick(self, self->line_count);
    sim_fired(self, SIM_FAULT_TTY_CLOSED);
    if (sim_once_in(&self->random, 2))
        op_carrier_reset(self->carrier, line, self->now);
    sim_air_close(self, line, sim_wait(&self->random, 5 * OP_SECOND_MS));
}

/*  For a while; healing ends it. */
static void s_hurt_modem(sim_t *self, sim_fault_t fault)
{
    enum { HOME = 1, SEARCHING = 2 };
    size_t line = sim_pick(self, self->line_count);
    model_cause(&self->model, (int)line, MODEL_CAUSE_DOUBT);
    model_cause(&self->model, (int)line, MODEL_CAUSE_TROUBLE);
    sim_fired(self, fault);
    sim_help_modem(self, line); /* what was wrong with it before */
    if (fault == SIM_FAULT_NO_NETWORK)
        s_set(self, line, OP_KNOB_REGISTRATION, SEARCHING);
    else if (fault == SIM_FAULT_MODEM_HANG)
        s_set(self, line, OP_KNOB_HANG, 1);
    else {
        s_set(self, line, OP_KNOB_PIN, fault == SIM_FAULT_WRONG_PIN ? 9999 : 1234);
        s_set(self, line, OP_KNOB_PIN_LOCK, 1);
        op_carrier_reset(self->carrier, line, self->now);
    }
    self->lines[line].help_at = s_some_time(self, 10 * OP_MINUTE_MS);
    sim_air_look(self);
}

/*  ---- The rest ---- */

static void s_hurt_receiver(sim_t *self, sim_fault_t fault)
{
    if (self->receiver_count == 0)
        return;
    sim_receiver_t *receiver = &self->receivers[sim_pick(self, (size_t)self->receiver_count)];
    receiver->until = s_some_time(self, 20 * OP_MINUTE_MS);
    receiver->fault = fault;
}

/*  Bytes that are no frame, or the beginning of one. */
static void s_bad_frame(sim_t *self)
{
    size_t actor = sim_pick(self, SIM_ACTORS), size = 1 + sim_pick(self, 60);
    uint8_t bytes[64];
    if (!self->actors[actor].actor)
        return;
    sim_fired(self, SIM_FAULT_BAD_FRAME);
    const op_buf_t *seen = &self->ring[sim_pick(self, SIM_RING)].frame;
    if (seen->size > 1 && sim_once_in(&self->random, 2)) {
        op_buf_t cut = {0};
        op_buf_add(&cut, seen->at, sim_pick(self, seen->size / 4 + 1));
        if (cut.size)
            sim_actor_mail(self, actor, op_buf_str(&cut));
        op_buf_free(&cut);
        return;
    }
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)sim_random(&self->random);
    sim_actor_mail(self, actor, op_str_of(bytes, size));
}

static void s_hurt_process(sim_t *self, sim_fault_t fault)
{
    size_t process = s_process(self);
    sim_process_t *of = &self->processes[process];
    if (fault == SIM_FAULT_CRASH_BEFORE || fault == SIM_FAULT_CRASH_AFTER) {
        of->crash = fault == SIM_FAULT_CRASH_BEFORE ? SIM_CRASH_BEFORE : SIM_CRASH_AFTER;
        of->crash_in = sim_pick(self, 12);
    } else if (fault == SIM_FAULT_DISK_WRITE)
        sim_disk_fail_writes(of->disk, 1 + sim_pick(self, 3));
    else if (fault == SIM_FAULT_DISK_READ)
        sim_disk_fail_read(of->disk, sim_pick(self, 30));
    else if (fault != SIM_FAULT_OUTAGE ||
             sim_once_in(&self->random, 4)) /* or little else happens */
        sim_process_die(self, process, fault);
}

static void s_begin(sim_t *self, sim_fault_t fault)
{
    switch (fault) {
    case SIM_FAULT_NET_DELAY:
    case SIM_FAULT_NET_CUT:
    case SIM_FAULT_NET_CUT_ONE_WAY:
    case SIM_FAULT_NET_REORDER:
    case SIM_FAULT_NET_DUPLICATE:
    case SIM_FAULT_NET_DROP:
        s_hurt_network(self, fault);
        return;
    case SIM_FAULT_CRASH_BEFORE:
    case SIM_FAULT_CRASH_AFTER:
    case SIM_FAULT_KILL:
    case SIM_FAULT_OUTAGE:
    case SIM_FAULT_POWER_NONE:
    case SIM_FAULT_POWER_PREFIX:
    case SIM_FAULT_POWER_SOME:
    case SIM_FAULT_DISK_WRITE:
    case SIM_FAULT_DISK_READ:
        s_hurt_process(self, fault);
        return;
    case SIM_FAULT_CLOCK_FORWARD:
    case SIM_FAULT_CLOCK_BACK:
    case SIM_FAULT_CLOCK_DRIFT:
        s_hurt_clock(self, fault);
        return;
    case SIM_FAULT_AIR_DELAY:
    case SIM_FAULT_AIR_LATE:
    case SIM_FAULT_AIR_SILENCE:
    case SIM_FAULT_AIR_REFUSAL:
    case SIM_FAULT_AIR_LATE_ERROR:
    case SIM_FAULT_AIR_DOUBLE_ANSWER:
    case SIM_FAULT_NOTICE_LOST:
    case SIM_FAULT_NOTICE_DOUBLE:
        s_hurt_air(self, fault);
        return;
    case SIM_FAULT_REPORT_LOST:
    case SIM_FAULT_REPORT_DOUBLE:
    case SIM_FAULT_REPORT_EARLY:
    case SIM_FAULT_REPORT_LATE:
    case SIM_FAULT_REPORT_NATIONAL:
        s_hurt_reports(self, fault);
        return;
    case SIM_FAULT_STORE_OTHER:
    case SIM_FAULT_STORE_FULL:
    case SIM_FAULT_SLOT_STUCK:
    case SIM_FAULT_PDU_SURPLUS:
    case SIM_FAULT_PDU_BROKEN:
    case SIM_FAULT_DELIVER_DOUBLE:
    case SIM_FAULT_PART_LATE:
    case SIM_FAULT_COMMAND_ERROR:
        s_hurt_memory(self, fault);
        return;
    case SIM_FAULT_MODEM_RESET:
        s_reset_modem(self);
        return;
    case SIM_FAULT_TTY_CLOSED:
        s_close_tty(self);
        return;
    case SIM_FAULT_TTY_DEAF:
        self->lines[sim_pick(self, self->line_count)].deaf_until = s_some_time(self, OP_MINUTE_MS);
        return;
    case SIM_FAULT_HOOK_SLOW:
    case SIM_FAULT_HOOK_ERROR:
    case SIM_FAULT_HOOK_TIMEOUT:
    case SIM_FAULT_HOOK_DEAD:
    case SIM_FAULT_HOOK_GONE:
    case SIM_FAULT_HOOK_BUSY:
        s_hurt_receiver(self, fault);
        return;
    case SIM_FAULT_BAD_FRAME:
        s_bad_frame(self);
        return;
    case SIM_FAULT_SIM_PIN:
    case SIM_FAULT_WRONG_PIN:
    case SIM_FAULT_NO_NETWORK:
    case SIM_FAULT_MODEM_HANG:
        s_hurt_modem(self, fault);
        return;
    case SIM_FAULT_HOST_CUT:
    case SIM_FAULT_HOST_CUT_ONE_WAY:
    case SIM_FAULT_BLACKOUT:
    case SIM_FAULT_CONFIG:
    case SIM_FAULT_RESTORED:
        sim_hosts_hurt(self, fault);
        return;
    case SIM_FAULT_CLOCK_APART: /* these lie in the world from its beginning */
    case SIM_FAULT_OUTBOX_FULL:
        return;
    case SIM_FAULT_END:
        return;
    }
}

/*  Slots that were stuck, and a SIM that was small, as they should be. */
static void s_heal_memory(sim_t *self, size_t line)
{
    static const op_knob_t knobs[] = {OP_KNOB_SM_SLOTS, OP_KNOB_UNDELETABLE_SLOTS,
                                      OP_KNOB_REPORT_DELAY_MS, OP_KNOB_REPORT_RECIPIENT};
    for (size_t i = 0; i < OP_COUNT(knobs); i++)
        s_set(self, line, knobs[i], op_knob_row(knobs[i])->value);
}

void sim_mischief(sim_t *self)
{
    sim_fault_t kinds[SIM_FAULT_END];
    size_t count = 0;
    for (int i = 0; i < SIM_FAULT_END; i++)
        if (sim_has(self, (sim_fault_t)i))
            kinds[count++] = (sim_fault_t)i;
    if (count == 0)
        return;
    /* A slow modem is slow for a while only. */
    size_t line = sim_pick(self, self->line_count);
    s_set(self, line, OP_KNOB_SUBMIT_DELAY_MS, 0);
    if (sim_once_in(&self->random, 4))
        s_heal_memory(self, line);
    for (size_t i = 0; i < self->line_count; i++)
        if (self->lines[i].help_at && self->lines[i].help_at <= self->now)
            sim_help_modem(self, i);
    s_begin(self, kinds[sim_pick(self, count)]);
    sim_queue_put(&self->queue, self->now + sim_wait(&self->random, self->mischief_mean) + 1,
                  SIM_EVENT_MISCHIEF, 0, 0, (op_str_t){0});
}

/*  Somebody comes and sees to the modem. */
void sim_help_modem(sim_t *self, size_t line)
{
    bool hung = op_carrier_get(self->carrier, line, OP_KNOB_HANG) != 0;
    self->lines[line].help_at = 0;
    s_set(self, line, OP_KNOB_REGISTRATION, 1);
    s_set(self, line, OP_KNOB_HANG, 0);
    s_set(self, line, OP_KNOB_PIN_LOCK, 0);
    s_set(self, line, OP_KNOB_PIN, 1234);
    s_set(self, line, OP_KNOB_PIN_TRIES, 3);
    if (hung)
        op_carrier_reset(self->carrier, line, self->now);
}

void sim_heal(sim_t *self)
{
    memset(self->ways, 0, sizeof self->ways);
    sim_hosts_heal(self);
    for (size_t i = 0; i < self->line_count; i++) {
        self->lines[i].deaf_until = 0;
        sim_help_modem(self, i);
        s_set(self, i, OP_KNOB_SUBMIT_DELAY_MS, 0);
        s_set(self, i, OP_KNOB_NO_ANSWER_NEXT, self->lines[i].silences = 0);
        s_set(self, i, OP_KNOB_CMS_ERROR_NEXT, 0);
        s_set(self, i, OP_KNOB_DOUBLE_ANSWER_NEXT, self->lines[i].doubles = 0);
        s_set(self, i, OP_KNOB_NOTICE_LOST_NEXT, self->lines[i].lost = 0);
        s_set(self, i, OP_KNOB_NOTICE_DOUBLE_NEXT, self->lines[i].twice = 0);
        for (size_t k = 0; k < SIM_COUNTED; k++)
            s_count_down(self, i, sim_counted[k].knob, 0);
        s_heal_memory(self, i);
    }
    for (size_t i = 0; i < self->process_count; i++) {
        self->processes[i].crash = SIM_NO_CRASH;
        sim_disk_heal(self->processes[i].disk);
        sim_heal_clock(self, i);
    }
    for (int i = 0; i < self->receiver_count; i++)
        self->receivers[i].until = 0;
}
