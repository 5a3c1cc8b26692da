/*  sim_hosts.c - hosts: which actors share one, cuts between them, their time, their configuration

    A host is a process with its actors, its disk and its clock (sim_process.c). Between hosts lie
    links that are cut as a whole, one way or both, for seconds to days. The clocks of machines
    differ; as real hosts do, these measure by how much (transport/handshake.h, with its real code),
    and go by the time of the ledger's. */

#include "tests/simulation/sim_private.h"

#include "base/instant.h"
#include "store/backup.h"
#include "store/memory.h"
#include "store/record.h"
#include "store/records.h"
#include "store/schema.h"

#include <string.h>

static const int64_t s_wait_for_time = 3 * OP_SECOND_MS; /* as opd does when it starts */
static const int64_t s_wrong = 2 * OP_SECOND_MS; /* a clock that is further away explains things */

size_t sim_host_of(const sim_t *self, size_t peer)
{
    return peer < SIM_ACTORS  ? self->actors[peer].process
           : peer == SIM_HTTP ? 0
                              : SIM_PROCESSES_MAX;
}

static size_t s_ledger(const sim_t *self)
{
    return self->actors[SIM_LEDGER].process;
}

/*  ---- Beginning ---- */

/*  One for all; three as most have it; or any, where http's is the first. */
static void s_group(sim_t *self)
{
    static const size_t apart[SIM_ACTORS] = {0, 0, 1, 1, 2};
    size_t names[4] = {0}, kind = sim_pick(self, 4);
    self->process_count = kind < 2 ? 1 : 3;
    for (size_t i = 0; i < SIM_ACTORS; i++)
        self->actors[i].process = kind < 2 ? 0 : apart[i];
    if (kind < 3)
        return;
    self->process_count = 1;
    for (size_t i = 0; i < SIM_ACTORS; i++) {
        size_t drawn = sim_pick(self, OP_COUNT(names));
        if (drawn && !names[drawn])
            names[drawn] = self->process_count++;
        self->actors[i].process = names[drawn];
    }
}

void sim_hosts_make(sim_t *self)
{
    char error[256];
    s_group(self);
    for (size_t i = 0; i < self->process_count; i++) {
        sim_process_t *process = &self->processes[i];
        process->disk = sim_disk_new();
        process->clock.since = self->now;
        OP_ASSERT(op_schema_check(process->disk, error) == 0);
    }
    op_catalogue_describe(&self->catalogue);
    self->follows = self->process_count > 1 && !sim_once_in(&self->random, 4);
    if (sim_has(self, SIM_FAULT_OUTBOX_FULL))
        self->outbox_max = sim_once_in(&self->random, 2) ? 2 + sim_pick(self, 5) : 20;
    for (size_t i = 0;
         self->follows && sim_has(self, SIM_FAULT_CLOCK_APART) && i < self->process_count; i++)
        if (i != s_ledger(self))
            self->processes[i].apart = sim_between(&self->random, -2 * OP_DAY_MS, 2 * OP_DAY_MS);
    sim_queue_put(&self->queue, self->now + OP_LINK_HELLO_MS, SIM_EVENT_HOSTS, 0, 0, (op_str_t){0});
}

/*  ---- Links ---- */

static bool s_is_cut(const sim_t *self, size_t from, size_t to)
{
    return from < self->process_count && to < self->process_count &&
           self->cuts[from][to].until > self->now;
}

bool sim_hosts_lose(sim_t *self, size_t from, size_t to)
{
    size_t a = sim_host_of(self, from), b = sim_host_of(self, to);
    bool lost = s_is_cut(self, a, b);
    if (lost)
        sim_fired(self, self->cuts[a][b].by);
    return lost;
}

/*  Mostly seconds or minutes, or little else would happen. */
static int64_t s_some_time(sim_t *self)
{
    static const int64_t most[] = {10 * OP_SECOND_MS, 10 * OP_SECOND_MS, 5 * OP_MINUTE_MS,
                                   5 * OP_MINUTE_MS,  20 * OP_MINUTE_MS, 3 * OP_HOUR_MS,
                                   3 * OP_DAY_MS};
    return self->now +
           sim_between(&self->random, OP_SECOND_MS, most[sim_pick(self, OP_COUNT(most))]);
}

static void s_cut(sim_t *self, sim_fault_t fault)
{
    size_t a = sim_pick(self, self->process_count), b = sim_pick(self, self->process_count);
    int64_t until = s_some_time(self);
    if (a == b)
        return;
    self->cuts[a][b].until = until;
    self->cuts[a][b].by = fault;
    if (fault == SIM_FAULT_HOST_CUT)
        self->cuts[b][a] = self->cuts[a][b];
}

/*  ---- Outboxes ---- */

void sim_outbox_look(sim_t *self, size_t actor)
{
    op_actor_link_t links[OP_PEERS_MAX];
    if (!self->outbox_max)
        return;
    size_t count = op_actor_links(self->actors[actor].actor, links);
    for (size_t i = 0; i < count; i++)
        if (links[i].unacknowledged >= self->outbox_max)
            sim_fired(self, SIM_FAULT_OUTBOX_FULL);
}

/*  The number of the last tell that modem has taken; its row is `cursor`. */
static uint64_t s_taken(sim_t *self, op_str_t cursor)
{
    size_t host = self->actors[SIM_MODEM].process;
    op_counter_row_t row = {0};
    op_arena_t arena = {0};
    op_buf_t value = {0};
    if (op_store_get(sim_disk_memory(self->processes[host].disk), cursor, &value) <= 0 ||
        op_record_open(&op_counter_row_type, op_buf_str(&value), &arena, &row))
        row.value = 0;
    op_buf_free(&value);
    op_arena_free(&arena);
    return row.value;
}

/*  Texts are what nobody begins while an outbox is full. Rows of texts that were taken wait for the
    next commit only. */
static void s_judge_outbox(sim_t *self, size_t actor, const char *from, const char *to,
                           op_str_t cursor)
{
    size_t host = self->actors[actor].process;
    op_store_range_t *range = op_store_range(sim_disk_memory(self->processes[host].disk),
                                             op_str(from), op_str(to), false);
    op_str_t key, value, body;
    op_arena_t arena = {0};
    size_t count = 0;
    uint64_t taken = s_taken(self, cursor);
    while (op_store_range_next(range, &key, &value) > 0) {
        op_outbox_row_t row;
        op_envelope_t envelope;
        if (!op_record_open(&op_outbox_row_type, value, &arena, &row) &&
            op_frame_open(row.frame, &arena, &envelope, &body) == OP_DECODE_OK)
            count += envelope.type == op_text_send_type.number && envelope.sequence > taken;
    }
    if (self->processes[host].alive && count > self->outbox_max)
        model_wrong(&self->model, "outbox: %zu texts wait for the modem, %llu may", count,
                    (unsigned long long)self->outbox_max);
    op_store_range_destroy(&range);
    op_arena_free(&arena);
}

static void s_judge_outboxes(sim_t *self)
{
    if (!self->outbox_max)
        return;
    s_judge_outbox(self, SIM_LEDGER, "ledger!omodem", "ledger!omodem\x01",
                   op_str_of("modem!cledger", sizeof "modem!cledger"));
    s_judge_outbox(self, SIM_AUTH, "auth!omodem", "auth!omodem\x01",
                   op_str_of("modem!cauth", sizeof "modem!cauth"));
}

/*  ---- Time ---- */

int64_t sim_host_true(const sim_t *self, size_t process, int64_t local)
{
    const sim_process_t *of = &self->processes[process];
    return sim_clock_true(&of->clock, local - of->apart - of->shift);
}

static int64_t s_machine(const sim_t *self, size_t process)
{
    return sim_local(self, process) - self->processes[process].shift;
}

/*  One hello. False: it was lost. */
static bool s_hello(sim_t *self, size_t from, op_handshake_t *knows, size_t to,
                    op_handshake_t *learns)
{
    if (s_is_cut(self, from, to))
        return false;
    op_hello_t hello =
        op_handshake_say(knows, self->processes[from].incarnation, op_buf_str(&self->catalogue),
                         s_machine(self, from), self->now);
    (void)op_handshake_hear(learns, self->processes[to].incarnation, &hello, s_machine(self, to),
                            self->now);
    return true;
}

static void s_follow(sim_t *self, size_t process)
{
    sim_process_t *of = &self->processes[process];
    int64_t by = of->ledger.offset - of->shift;
    if (by == 0)
        return;
    of->shift += by;
    if (of->alive && (by < -OP_SECOND_MS || by > OP_SECOND_MS))
        sim_clock_cause(self, process); /* it jumps, as the ledger's has */
    if (of->apart)
        sim_fired(self, SIM_FAULT_CLOCK_APART);
    if (by < 0 && of->alive)
        sim_actors_tick(self, true, process);
}

/*  The host and the ledger's say hello to each other, if both are there. Where both are heard, they
    have one time. */
static void s_greet(sim_t *self, size_t process)
{
    sim_process_t *of = &self->processes[process];
    size_t ledger = s_ledger(self);
    if (!self->processes[ledger].alive || process == ledger)
        return;
    bool heard = s_hello(self, process, &of->ledger, ledger, &of->heard);
    heard &= s_hello(self, ledger, &of->heard, process, &of->ledger);
    s_follow(self, process);
    int64_t off = sim_local(self, process) - s_machine(self, ledger);
    if (heard && (off < -OP_LINK_CLOCK_SLACK_MS || off > OP_LINK_CLOCK_SLACK_MS))
        model_wrong(&self->model, "clock: a host that hears the ledger's has another time");
}

/*  A host that follows may go by a time that was wrong for as long as it is cut off: whatever that
    explains happens all the time. */
static void s_look_each_minute(sim_t *self)
{
    if (self->now < self->minute + OP_MINUTE_MS)
        return;
    self->minute = self->now;
    s_judge_outboxes(self);
    for (size_t i = 0; self->follows && i < self->process_count; i++) {
        int64_t off = sim_local(self, i) - self->now;
        if (self->processes[i].alive && (off < -s_wrong || off > s_wrong))
            sim_clock_cause(self, i);
    }
}

void sim_hosts_greet(sim_t *self)
{
    for (size_t i = 0; self->follows && i < self->process_count; i++)
        if (self->processes[i].alive)
            s_greet(self, i);
    s_look_each_minute(self);
    sim_queue_put(&self->queue, self->now + OP_LINK_HELLO_MS, SIM_EVENT_HOSTS, 0, 0, (op_str_t){0});
}

bool sim_host_has_time(sim_t *self, size_t process)
{
    sim_process_t *of = &self->processes[process];
    uint8_t entropy[OP_ENTROPY_SIZE];
    if (!self->follows)
        return true;
    if (!of->start_by) {
        sim_entropy(&self->random, entropy);
        memcpy(of->incarnation.bytes, entropy, sizeof of->incarnation.bytes);
        of->ledger = (op_handshake_t){.offset = 0};
        of->shift = 0;
        of->start_by = self->now + s_wait_for_time;
    }
    s_greet(self, process);
    bool heard = process == s_ledger(self) || of->ledger.hears;
    if (!heard && self->now < of->start_by) {
        sim_queue_put(&self->queue, self->now + OP_LINK_HELLO_MS, SIM_EVENT_RESTART, process, 0,
                      (op_str_t){0});
        return false;
    }
    of->start_by = 0;
    int64_t off = sim_local(self, process) - self->now;
    if (off < -s_wrong || off > s_wrong)
        sim_clock_cause(self, process);
    return true;
}

/*  ---- Configuration ---- */

enum {
    S_SWEEPS_OFTEN = 1,
    S_NO_REPORTS = 2,
    S_WIDE_REFERENCES = 4,
    S_SHORT_DOUBT = 8,
    S_LAST_LINE_GONE = 16,
    S_SHORT_QUEUE = 32,
    S_CONFIGS = 64
};

void sim_host_configure(sim_t *self, size_t process, op_ledger_setup_t *ledger,
                        op_modem_setup_t *modem)
{
    uint64_t config = self->processes[process].config;
    if (config & S_SHORT_QUEUE)
        ledger->queue_max = 3;
    if (config & S_SWEEPS_OFTEN)
        modem->sweep_ms = 20000;
    if (config & S_NO_REPORTS)
        modem->reports = false;
    if (config & S_WIDE_REFERENCES)
        modem->wide_references = true;
    if (config & S_SHORT_DOUBT)
        modem->doubt_ms = 60000;
    bool gone = (config & S_LAST_LINE_GONE) != 0;
    modem->lines.count -= gone;
    model_number_t *last = &self->model.numbers[self->line_count - 1];
    if (self->actors[SIM_MODEM].process == process && (gone || last->absent_until))
        last->absent_until = gone ? INT64_MAX : self->now;
}

/*  ---- Its store goes to another machine, as opctl backup and opctl restore do it ---- */

typedef struct {
    op_buf_t stream;
    size_t at;
    op_store_t *store;
} restore_t;

static long s_source(void *arg, void *bytes, size_t size)
{
    restore_t *self = arg;
    size_t left = self->stream.size - self->at;
    size = size < left ? size : left;
    memcpy(bytes, self->stream.at + self->at, size);
    self->at += size;
    return (long)size;
}

static int s_row(void *arg, op_str_t key, op_str_t value, char error[256])
{
    op_batch_t batch = {0};
    (void)error;
    op_batch_put(&batch, key, value);
    int rc = op_store_write(((restore_t *)arg)->store, &batch, true);
    op_batch_free(&batch);
    return rc;
}

void sim_host_restore(sim_t *self, size_t process)
{
    op_store_t *disk = self->processes[process].disk;
    restore_t restore = {.store = op_store_memory_new()};
    op_store_t *frozen = op_store_snapshot(sim_disk_memory(disk));
    op_backup_t *backup = op_backup_new(frozen, self->now);
    op_buf_t piece = {0};
    op_backup_facts_t facts;
    char error[256];
    int rc;
    while ((rc = op_backup_next(backup, &piece)) > 0)
        op_buf_add_str(&restore.stream, op_buf_str(&piece));
    op_backup_reader_t reader = {s_source, s_row, &restore};
    if (rc != 0 || op_backup_read(&reader, &facts, error) != 0)
        model_wrong(&self->model, "backup: it cannot be restored");
    op_backup_destroy(&backup);
    op_store_destroy(&frozen);
    op_buf_free(&piece);
    op_buf_free(&restore.stream);
    sim_disk_replace(disk, restore.store);
}

/*  ---- Faults ---- */

static void s_black_out(sim_t *self)
{
    static const sim_fault_t ways[] = {SIM_FAULT_POWER_NONE, SIM_FAULT_POWER_PREFIX,
                                       SIM_FAULT_POWER_SOME};
    sim_fired(self, SIM_FAULT_BLACKOUT);
    for (size_t i = 0; i < self->process_count; i++)
        sim_process_die(self, i, ways[sim_pick(self, OP_COUNT(ways))]);
}

void sim_hosts_hurt(sim_t *self, sim_fault_t fault)
{
    size_t process = sim_pick(self, self->process_count);
    if (fault == SIM_FAULT_HOST_CUT || fault == SIM_FAULT_HOST_CUT_ONE_WAY)
        s_cut(self, fault);
    else if (fault == SIM_FAULT_BLACKOUT)
        s_black_out(self);
    else if (self->processes[process].alive) {
        if (fault == SIM_FAULT_CONFIG)
            self->processes[process].config = sim_pick(self, S_CONFIGS);
        sim_process_die(self, process, fault);
    }
}

void sim_hosts_heal(sim_t *self)
{
    memset(self->cuts, 0, sizeof self->cuts);
    for (size_t i = 0; i < self->process_count; i++)
        if (self->processes[i].config) {
            self->processes[i].config = 0;
            sim_process_die(self, i, SIM_FAULT_CONFIG);
        }
}
