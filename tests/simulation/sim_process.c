/*  sim_process.c - processes and the turns of their actors

    A process dies before a commit (its write fails), after one (nothing of it is said), or between
    two turns. What its disk then holds depends on how: killed, all that was written; without power,
    all that was synced and, of the rest, as sim_fault_t says. */

#include "tests/simulation/sim_private.h"

#include "actors/auth.h"
#include "actors/ledger.h"
#include "actors/modem.h"
#include "actors/rate.h"
#include "actors/webhook.h"
#include "base/instant.h"

#include <string.h>

static const struct {
    const op_core_class_t *class;
    const char *name;
} s_peers[SIM_PEERS] = {{&op_rate_class, "rate"},
                        {&op_auth_class, "auth"},
                        {&op_webhook_class, "webhook"},
                        {&op_ledger_class, "ledger"},
                        {&op_modem_class, "modem"},
                        {NULL, "http"},
                        {NULL, "control"}};

const char *sim_peer_name(size_t peer)
{
    return s_peers[peer].name;
}

size_t sim_peer_named(op_str_t name)
{
    size_t peer = 0;
    while (peer < SIM_PEERS && !op_str_is(name, s_peers[peer].name))
        peer++;
    return peer;
}

int64_t sim_local(const sim_t *self, size_t process)
{
    const sim_process_t *of = &self->processes[process];
    return sim_clock_local(&of->clock, self->now) + of->apart + of->shift;
}

/*  ---- Death ---- */

sim_fault_t sim_any_death(sim_t *self)
{
    static const sim_fault_t ways[] = {SIM_FAULT_KILL, SIM_FAULT_POWER_NONE, SIM_FAULT_POWER_PREFIX,
                                       SIM_FAULT_POWER_SOME};
    return ways[sim_pick(self, OP_COUNT(ways))];
}

static void s_cut_power(sim_t *self, size_t process, sim_fault_t how)
{
    op_random_t random;
    uint8_t entropy[OP_ENTROPY_SIZE];
    sim_entropy(&self->random, entropy);
    op_random_seed(&random, entropy);
    op_memory_keep_t keep = how == SIM_FAULT_POWER_NONE     ? OP_MEMORY_KEEP_NONE
                            : how == SIM_FAULT_POWER_PREFIX ? OP_MEMORY_KEEP_PREFIX
                                                            : OP_MEMORY_KEEP_SOME;
    op_store_memory_crash_keeping(sim_disk_memory(self->processes[process].disk), keep, &random);
}

void sim_process_die(sim_t *self, size_t process, sim_fault_t how)
{
    sim_process_t *dead = &self->processes[process];
    if (!dead->alive)
        return;
    dead->alive = false;
    dead->life++;
    dead->crash = SIM_NO_CRASH;
    self->verdict->deaths++;
    for (size_t i = 0; i < SIM_ACTORS; i++)
        if (self->actors[i].process == process) {
            sim_record_end(self, i, false);
            op_actor_destroy(&self->actors[i].actor);
            op_buf_clear(&self->actors[i].mailbox);
            self->actors[i].turn_due = false;
        }
    bool power =
        how == SIM_FAULT_POWER_NONE || how == SIM_FAULT_POWER_PREFIX || how == SIM_FAULT_POWER_SOME;
    if (power)
        s_cut_power(self, process, how);
    if (how == SIM_FAULT_RESTORED)
        sim_host_restore(self, process);
    sim_fired(self, how);
    if (self->actors[SIM_RATE].process == process)
        model_rate_died(&self->model, power);
    if (process == 0)
        sim_gateway_died(self);
    if (self->actors[SIM_MODEM].process == process)
        sim_air_host_died(self);
    int64_t mean = how == SIM_FAULT_OUTAGE ? 6 * OP_MINUTE_MS : 4 * OP_SECOND_MS;
    int64_t pause = sim_wait(&self->random, mean) + 50;
    sim_queue_put(&self->queue, self->now + pause, SIM_EVENT_RESTART, process, 0, (op_str_t){0});
}

/*  ---- Turns ---- */

static void s_port_note(sim_t *self, op_str_t to, op_str_t frame)
{
    op_envelope_t envelope;
    op_str_t bytes;
    op_decode_t result;
    op_arena_t arena = {0};
    if (op_frame_open(frame, &arena, &envelope, &bytes) == OP_DECODE_OK) {
        const op_type_t *type = op_message_type(envelope.type);
        const void *body = op_frame_body(type, bytes, &arena, &result);
        if (envelope.kind == OP_FRAME_TELL)
            model_wrong(&self->model, "forged: %.*s, which has no number, is told %s", (int)to.size,
                        to.at, type->name);
        else if (envelope.kind != OP_FRAME_NOTE)
            ; /* what was forged is acknowledged like any other tell */
        else if (!body)
            model_wrong(&self->model, "frames: a note to a port does not decode");
        else if (op_str_is(to, "serial"))
            sim_air_note(self, type, body);
        else if (type == &op_post_type)
            sim_hooks_post(self, body);
    }
    op_arena_free(&arena);
}

static void s_speak(sim_t *self, size_t actor)
{
    op_actor_t *of = self->actors[actor].actor;
    op_str_t to, frame, line;
    while (op_actor_next_log(of, &line))
        model_log(&self->model, line);
    while (op_actor_next(of, &to, &frame)) {
        size_t peer = sim_peer_named(to);
        if (peer < SIM_PEERS)
            sim_network_send(self, actor, peer, frame);
        else
            s_port_note(self, to, frame);
    }
}

/*  The commit failed: as it was told to, or the actor has met something it should not. */
static void s_stopped(sim_t *self, size_t actor, bool crash)
{
    sim_process_t *process = &self->processes[self->actors[actor].process];
    uint64_t failures = sim_disk_failures(process->disk);
    bool write = strstr(op_actor_error(self->actors[actor].actor), "write") != NULL;
    if (failures == process->disk_failures)
        model_wrong(&self->model, "damage: %s stopped: %s", sim_peer_name(actor),
                    op_actor_error(self->actors[actor].actor));
    process->disk_failures = failures;
    sim_fired(self, crash   ? SIM_FAULT_CRASH_BEFORE
                    : write ? SIM_FAULT_DISK_WRITE
                            : SIM_FAULT_DISK_READ);
    sim_process_die(self, self->actors[actor].process, sim_any_death(self));
}

static void s_commit(sim_t *self, size_t actor)
{
    size_t number = self->actors[actor].process;
    sim_process_t *process = &self->processes[number];
    op_store_t *memory = sim_disk_memory(process->disk);
    uint64_t before = op_store_memory_commits(memory);
    bool due = process->crash != SIM_NO_CRASH && process->crash_in == 0;
    bool crash = due && process->crash == SIM_CRASH_BEFORE;
    if (crash)
        sim_disk_fail_writes(process->disk, 1);
    if (op_actor_commit(self->actors[actor].actor) != 0) {
        s_stopped(self, actor, crash);
        return;
    }
    if (crash) /* the turn wrote nothing: the next one */
        sim_disk_fail_writes(process->disk, 0);
    bool wrote = op_store_memory_commits(memory) > before;
    if (wrote && due) {
        sim_fired(self, SIM_FAULT_CRASH_AFTER);
        sim_process_die(self, number, sim_any_death(self));
        return;
    }
    if (wrote && process->crash_in)
        process->crash_in--;
    sim_outbox_look(self, actor);
    s_speak(self, actor);
}

void sim_actor_mail(sim_t *self, size_t actor, op_str_t frame)
{
    sim_actor_t *of = &self->actors[actor];
    op_buf_add(&of->mailbox, &frame.size, sizeof frame.size);
    op_buf_add_str(&of->mailbox, frame);
    if (of->turn_due)
        return;
    of->turn_due = true;
    /* Now and then the actor is slow to wake, and finds several frames at once. */
    int64_t at = self->now + (sim_once_in(&self->random, 4) ? sim_pick(self, 4) : 0);
    sim_queue_put(&self->queue, at, SIM_EVENT_TURN, actor, self->processes[of->process].life,
                  (op_str_t){0});
}

void sim_actor_turn(sim_t *self, size_t actor)
{
    sim_actor_t *of = &self->actors[actor];
    uint8_t entropy[OP_ENTROPY_SIZE];
    size_t at = 0, count = 0;
    of->turn_due = false;
    while (at < of->mailbox.size && count++ < OP_TURN_MESSAGES_MAX) {
        size_t size;
        memcpy(&size, of->mailbox.at + at, sizeof size);
        op_str_t frame = op_str_of(of->mailbox.at + at + sizeof size, size);
        sim_trace(self, frame);
        sim_entropy(&self->random, entropy);
        op_actor_receive(of->actor, frame, sim_local(self, of->process), entropy);
        at += sizeof size + size;
    }
    op_buf_consume(&of->mailbox, at);
    s_commit(self, actor);
    if (of->actor && of->mailbox.size && !of->turn_due) {
        of->turn_due = true;
        sim_queue_put(&self->queue, self->now, SIM_EVENT_TURN, actor,
                      self->processes[of->process].life, (op_str_t){0});
    }
}

/*  ---- Time ---- */

static int64_t s_wake_at(const sim_t *self, size_t actor)
{
    const sim_actor_t *of = &self->actors[actor];
    int64_t wake = of->actor ? op_actor_wake_at(of->actor) : 0;
    if (!wake)
        return 0;
    wake = sim_host_true(self, of->process, wake);
    return wake > self->now ? wake : self->now;
}

int64_t sim_actors_wake_at(const sim_t *self)
{
    int64_t first = 0;
    for (size_t i = 0; i < SIM_ACTORS; i++) {
        int64_t at = s_wake_at(self, i);
        if (at && (!first || at < first))
            first = at;
    }
    return first;
}

void sim_actors_tick(sim_t *self, bool all_of, size_t process)
{
    uint8_t entropy[OP_ENTROPY_SIZE];
    for (size_t i = 0; i < SIM_ACTORS; i++) {
        sim_actor_t *of = &self->actors[i];
        int64_t wake = s_wake_at(self, i);
        bool due = wake && wake <= self->now;
        if (!of->actor || !(due || (all_of && of->process == process)))
            continue;
        sim_entropy(&self->random, entropy);
        op_actor_tick(of->actor, sim_local(self, of->process), entropy);
        s_commit(self, i);
    }
}

/*  ---- Birth ---- */

static void s_start(sim_t *self, size_t actor)
{
    const model_limits_t *m = &self->model.limits;
    op_line_setup_t lines[SIM_LINES_MAX];
    static const char *const devices[SIM_LINES_MAX] = {"tty0", "tty1", "tty2", "tty3"};
    for (size_t i = 0; i < self->line_count; i++)
        lines[i] = (op_line_setup_t){.device = op_str(devices[i]),
                                     .number = op_str(op_carrier_modem_number(self->carrier, i)),
                                     .shared = i == 0,
                                     .pin = OP_STR("1234")};
    op_rate_setup_t rate = {m->start_30s,    m->start_hour,     m->start_day,
                            m->address_hour, m->console_minute, m->send_second,
                            m->send_minute,  m->read_minute,    100000};
    op_auth_setup_t auth = {(uint64_t)m->code_ttl, 30 * OP_DAY_MS, m->code_tries, 20, 50};
    op_webhook_setup_t webhook = {10000};
    op_ledger_setup_t ledger = {.prefixes = OP_STR("+1"),
                                .region = OP_STR("US"),
                                .day_free = m->day_free,
                                .day_paid = m->day_paid,
                                .queue_max = 200,
                                .text_ttl_ms = (uint64_t)m->text_ttl,
                                .trusted = OP_STR("modem")};
    op_modem_setup_t modem = {.lines = {lines, self->line_count},
                              .send_timeout_ms = 180000,
                              .sweep_ms = 60000,
                              .trust_stamps = true,
                              .reports = true,
                              .doubt_ms = 600000,
                              .check_ms = 60000};
    const struct {
        const op_type_t *type;
        const void *body;
    } setups[SIM_ACTORS] = {{&op_rate_setup_type, &rate},
                            {&op_auth_setup_type, &auth},
                            {&op_webhook_setup_type, &webhook},
                            {&op_ledger_setup_type, &ledger},
                            {&op_modem_setup_type, &modem}};
    sim_actor_t *of = &self->actors[actor];
    uint8_t entropy[OP_ENTROPY_SIZE];
    sim_host_configure(self, of->process, &ledger, &modem);
    sim_entropy(&self->random, entropy);
    of->actor =
        op_actor_new(s_peers[actor].class, s_peers[actor].name, self->processes[of->process].disk);
    if (self->outbox_max)
        op_actor_limit_outbox(of->actor, self->outbox_max);
    sim_record_begin(self, actor);
    op_actor_start(of->actor, setups[actor].type, setups[actor].body, sim_local(self, of->process),
                   entropy);
    s_commit(self, actor);
}

void sim_process_restart(sim_t *self, size_t process)
{
    if (self->processes[process].alive || !sim_host_has_time(self, process))
        return;
    self->processes[process].alive = true;
    if (self->actors[SIM_WEBHOOK].process == process)
        self->model.webhook_born = self->now;
    for (size_t i = 0; i < SIM_ACTORS && self->processes[process].alive; i++)
        if (self->actors[i].process == process)
            s_start(self, i);
}
