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
        sim_actors_tick(self, true, process); /* as the runtime does: runtime_thread.c, s_tick */
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

/*  A modem actor that has no number says something of one to the ledger: each a single time, so that
    what the ledger forgets when it dies is no tell that is missing. */
static void s_forge(sim_t *self)
{
    static const char *const names[] = {"modem-7", "modem-8", "modem-9"};
    if (!self->actors[SIM_LEDGER].actor || self->forged == OP_COUNT(names))
        return;
    uint8_t entropy[OP_ENTROPY_SIZE];
    sim_entropy(&self->random, entropy);
    op_str_t line = op_str(self->model.numbers[sim_pick(self, self->line_count)].e164);
    op_line_state_t state = {.line = line, .shared = true, .up = true};
    op_text_received_t text = {.line = line,
                               .from = op_str(self->phones[sim_pick(self, SIM_PHONES)]),
                               .body = OP_STR(MODEL_FORGED),
                               .received = sim_local(self, self->actors[SIM_LEDGER].process)};
    op_envelope_t tell = {.kind = OP_FRAME_TELL,
                          .from = op_str(names[self->forged++]),
                          .to = OP_STR("ledger"),
                          .sequence = 1};
    memcpy(tell.series.bytes, entropy, sizeof tell.series.bytes);
    op_buf_t frame = {0};
    if (sim_once_in(&self->random, 2))
        op_frame_encode(&tell, &op_line_state_type, &state, &frame);
    else
        op_frame_encode(&tell, &op_text_received_type, &text, &frame);
    sim_actor_mail(self, SIM_LEDGER, op_buf_str(&frame));
    op_buf_free(&frame);
    sim_fired(self, SIM_FAULT_FORGED);
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
    case SIM_FAULT_NOTICE_OTHER:
    case SIM_FAULT_REPORT_LOST:
    case SIM_FAULT_REPORT_DOUBLE:
    case SIM_FAULT_REPORT_EARLY:
    case SIM_FAULT_REPORT_LATE:
    case SIM_FAULT_REPORT_NATIONAL:
    case SIM_FAULT_REPORT_OTHER:
    case SIM_FAULT_STORE_OTHER:
    case SIM_FAULT_STORE_FULL:
    case SIM_FAULT_SLOT_STUCK:
    case SIM_FAULT_SLOT_FORM:
    case SIM_FAULT_PDU_SURPLUS:
    case SIM_FAULT_PDU_BROKEN:
    case SIM_FAULT_DELIVER_DOUBLE:
    case SIM_FAULT_PART_LATE:
    case SIM_FAULT_COMMAND_ERROR:
    case SIM_FAULT_MODEM_RESET:
    case SIM_FAULT_TTY_CLOSED:
    case SIM_FAULT_COMMAND_LOST:
    case SIM_FAULT_SUBMIT_RESET:
    case SIM_FAULT_TTY_NOISE:
    case SIM_FAULT_SIM_MOVED:
    case SIM_FAULT_TTY_DEAF:
    case SIM_FAULT_SIM_PIN:
    case SIM_FAULT_WRONG_PIN:
    case SIM_FAULT_SIM_OUT:
    case SIM_FAULT_SIM_BUSY:
    case SIM_FAULT_RADIO_OFF:
    case SIM_FAULT_AIR_CME:
    case SIM_FAULT_MODEM_SLOW:
    case SIM_FAULT_MODEM_MANNERS:
    case SIM_FAULT_CALLS:
    case SIM_FAULT_NO_NETWORK:
    case SIM_FAULT_MODEM_HANG:
        sim_hurt_modem(self, fault);
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
    case SIM_FAULT_FORGED:
        s_forge(self);
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
    sim_set(self, line, OP_KNOB_SUBMIT_DELAY_MS, 0);
    if (sim_once_in(&self->random, 4))
        sim_heal_memory(self, line);
    for (size_t i = 0; i < self->line_count; i++)
        if (self->lines[i].help_at && self->lines[i].help_at <= self->now)
            sim_help_modem(self, i);
    s_begin(self, kinds[sim_pick(self, count)]);
    sim_queue_put(&self->queue, self->now + sim_wait(&self->random, self->mischief_mean) + 1,
                  SIM_EVENT_MISCHIEF, 0, 0, (op_str_t){0});
}

void sim_heal(sim_t *self)
{
    memset(self->ways, 0, sizeof self->ways);
    sim_hosts_heal(self);
    for (size_t i = 0; i < self->line_count; i++)
        sim_heal_modem(self, i);
    for (size_t i = 0; i < self->process_count; i++) {
        self->processes[i].crash = SIM_NO_CRASH;
        sim_disk_heal(self->processes[i].disk);
        sim_heal_clock(self, i);
    }
    for (int i = 0; i < self->receiver_count; i++)
        self->receivers[i].until = 0;
}
