/*  sim.c - the world: its beginning, its loop, its end

    The loop takes the earliest of: what was put into the queue, what the carrier waits for, what an
    actor wants to be woken for. Nothing else moves time. */

#include "tests/simulation/sim_private.h"

#include "base/instant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SPIN_MAX = 100000 }; /* rounds without any time passing */

static const int64_t s_rest = 75 * OP_MINUTE_MS; /* until all has converged */
static const int64_t s_reading =
    30 * OP_HOUR_MS; /* at most: a day's quota of sign-ups may be used up */

/*  ---- Beginning ---- */

static void s_draw_faults(sim_t *self)
{
    bool all = sim_once_in(&self->random, 8), none = sim_once_in(&self->random, 16);
    for (int i = 0; i < SIM_FAULT_END; i++) {
        bool drawn = !none && (all || sim_once_in(&self->random, 2));
        self->faults.has[i] = self->options.faults.has[i] && (drawn || self->options.faults.listed);
    }
    self->mischief_mean = sim_between(&self->random, 3, 60) * OP_SECOND_MS;
}

static void s_make_people(sim_t *self)
{
    char phone[40];
    for (size_t i = 0; i < self->line_count; i++)
        (void)model_add_number(&self->model, op_carrier_modem_number(self->carrier, i));
    for (size_t i = 0; i < SIM_PHONES; i++)
        snprintf(self->phones[i], sizeof self->phones[i], "+1415555077%zu", i);
    self->user_count = 2 + sim_pick(self, 4);
    for (size_t i = 0; i < self->user_count; i++) {
        snprintf(phone, sizeof phone, "+1415555010%zu", i);
        (void)model_add_user(&self->model, phone);
        sim_user_begins(self, i);
        sim_queue_put(&self->queue, self->now + sim_between(&self->random, 1000, 30000),
                      SIM_EVENT_USER, i, 0, (op_str_t){0});
    }
}

static void s_begin(sim_t *self, const sim_options_t *options, sim_verdict_t *verdict)
{
    static const model_limits_t limits = {.start_30s = 1,
                                          .start_hour = 6,
                                          .start_day = 15,
                                          .address_hour = 7,
                                          .console_minute = 6,
                                          .send_second = 1,
                                          .send_minute = 6,
                                          .read_minute = 10,
                                          .day_free = 20,
                                          .day_paid = 30,
                                          .code_tries = 5,
                                          .code_ttl = 10 * OP_MINUTE_MS,
                                          .text_ttl = 20 * OP_MINUTE_MS};
    *self = (sim_t){.options = *options, .verdict = verdict};
    self->random.state = options->seed * UINT64_C(0x2545f4914f6cdd1d) + 1;
    for (int i = 0; i < 4; i++)
        (void)sim_random(&self->random);
    /* Any time of a day: midnight, when quotas begin anew, comes along. */
    self->now = INT64_C(1779235200000) + sim_between(&self->random, 0, OP_DAY_MS - 1);
    self->begin = self->now;
    model_init(&self->model, &limits);
    self->model.now = self->now;
    self->line_count = 2 + sim_pick(self, SIM_LINES_MAX - 1);
    sim_air_begin(self);
    crypto_generichash_init(&self->hash, NULL, 0, 16);
    s_draw_faults(self);
    sim_hosts_make(self);
    s_make_people(self);
    sim_queue_put(&self->queue, self->now + 20000, SIM_EVENT_PHONE, 0, 0, (op_str_t){0});
    sim_queue_put(&self->queue, self->now + 5000, SIM_EVENT_MISCHIEF, 0, 0, (op_str_t){0});
    sim_operator_begins(self);
    for (size_t i = 0; i < self->process_count; i++)
        sim_process_restart(self, i);
}

/*  ---- The loop ---- */

static void s_user(sim_t *self, int user)
{
    int64_t think = self->part == SIM_READING ? 2 * OP_SECOND_MS : 6 * OP_SECOND_MS;
    if (self->part == SIM_LIFE)
        sim_user_acts(self, user);
    else if (self->part == SIM_READING)
        sim_user_reads_all(self, user);
    sim_queue_put(&self->queue, self->now + sim_wait(&self->random, think) + 200, SIM_EVENT_USER,
                  (uint64_t)user, 0, (op_str_t){0});
}

static void s_happen(sim_t *self, const sim_event_t *event)
{
    op_str_t bytes = op_str_of(event->bytes, event->size);
    size_t a = (size_t)event->a;
    bool same_life =
        event->kind != SIM_EVENT_TURN && event->kind != SIM_EVENT_NOTE
            ? true
            : self->actors[a].actor && self->processes[self->actors[a].process].life == event->b;
    if (!same_life)
        return;
    switch ((sim_event_kind_t)event->kind) {
    case SIM_EVENT_FRAME:
        sim_network_arrived(self, a, bytes);
        break;
    case SIM_EVENT_TURN:
        sim_actor_turn(self, a);
        break;
    case SIM_EVENT_NOTE:
        if (a == SIM_WEBHOOK)
            sim_hooks_answered(self, bytes);
        sim_actor_mail(self, a, bytes);
        break;
    case SIM_EVENT_RESTART:
        sim_process_restart(self, a);
        break;
    case SIM_EVENT_DEADLINE:
        sim_gateway_deadline(self, a);
        break;
    case SIM_EVENT_USER:
        s_user(self, (int)a);
        break;
    case SIM_EVENT_PHONE:
        if (self->part != SIM_LIFE)
            break;
        sim_phone_acts(self);
        sim_queue_put(&self->queue, self->now + sim_wait(&self->random, 15 * OP_SECOND_MS) + 1,
                      SIM_EVENT_PHONE, 0, 0, (op_str_t){0});
        break;
    case SIM_EVENT_MISCHIEF:
        if (self->part == SIM_LIFE)
            sim_mischief(self);
        break;
    case SIM_EVENT_HEAL_CLOCK:
        sim_heal_clock(self, a);
        break;
    case SIM_EVENT_OPERATOR:
        sim_operator_acts(self);
        break;
    case SIM_EVENT_HOSTS:
        sim_hosts_greet(self);
        break;
    }
}

static int64_t s_next(const sim_t *self)
{
    int64_t next = sim_queue_next(&self->queue);
    int64_t carrier = op_carrier_wake_at(self->carrier), actors = sim_actors_wake_at(self);
    if (carrier && (!next || carrier < next))
        next = carrier;
    return actors && (!next || actors < next) ? actors : next;
}

static bool s_all_done(const sim_t *self)
{
    for (size_t i = 0; i < self->user_count; i++)
        if (!self->users[i].done)
            return false;
    return true;
}

static void s_run_until(sim_t *self, int64_t end)
{
    int spins = 0;
    while (!self->model.wrong[0]) {
        int64_t next = s_next(self);
        if (!next || next > end || (self->part == SIM_READING && s_all_done(self)))
            break;
        spins = next > self->now ? 0 : spins + 1;
        if (spins > SPIN_MAX)
            model_wrong(&self->model, "time: the world spins without moving on");
        if (next > self->now)
            self->now = next;
        self->model.now = self->now;
        op_carrier_tick(self->carrier, self->now);
        sim_air_look(self);
        sim_actors_tick(self, false, 0);
        while (sim_queue_next(&self->queue) && sim_queue_next(&self->queue) <= self->now &&
               spins++ < SPIN_MAX) {
            sim_event_t event = sim_queue_take(&self->queue);
            s_happen(self, &event);
            free(event.bytes);
        }
    }
    if (!self->model.wrong[0] && self->now < end && self->part != SIM_READING)
        self->now = end;
    self->model.now = self->now;
}

/*  ---- End ---- */

static void s_tell(sim_t *self)
{
    sim_verdict_t *verdict = self->verdict;
    uint8_t hash[16];
    crypto_generichash_final(&self->hash, hash, sizeof hash);
    op_hex(hash, 8, verdict->hash);
    verdict->good = self->model.wrong[0] == 0;
    memcpy(verdict->wrong, self->model.wrong, sizeof verdict->wrong);
    verdict->begin = self->begin;
    verdict->at = self->now - self->begin;
    if (verdict->good)
        return;
    sim_trace_print(self, &verdict->context);
    op_buf_printf(&verdict->context, "rows in the stores:\n");
    sim_count_rows(self, &verdict->context);
}

static void s_free(sim_t *self)
{
    for (size_t i = 0; i < SIM_ACTORS; i++) {
        sim_record_end(self, i, false);
        op_actor_destroy(&self->actors[i].actor);
        op_buf_free(&self->actors[i].mailbox);
    }
    for (size_t i = 0; i < self->process_count; i++)
        op_store_destroy(&self->processes[i].disk);
    for (size_t i = 0; i < self->line_count; i++)
        op_buf_free(&self->lines[i].payload);
    for (size_t i = 0; i < self->user_count; i++)
        model_reading_free(&self->users[i].reading);
    for (size_t i = 0; i < SIM_RING; i++)
        op_buf_free(&self->ring[i].frame);
    op_carrier_destroy(&self->carrier);
    model_free(&self->model);
    sim_queue_free(&self->queue);
    op_arena_free(&self->arena);
    op_buf_free(&self->catalogue);
    sim_record_free(self);
    free(self->receivers);
    free(self->requests);
}

void sim_run(const sim_options_t *options, sim_verdict_t *verdict)
{
    sim_t *self = op_alloc(sizeof *self);
    *verdict = (sim_verdict_t){.good = false};
    s_begin(self, options, verdict);
    s_run_until(self, self->now + options->span);
    self->part = SIM_REST;
    sim_heal(self);
    s_run_until(self, self->now + s_rest);
    self->part = SIM_READING;
    for (size_t i = 0; i < self->user_count; i++)
        self->users[i].reads = false;
    s_run_until(self, self->now + s_reading);
    for (size_t i = 0; i < self->user_count; i++)
        if (!self->users[i].done)
            model_wrong(&self->model,
                        "rest: user %zu could not read everything within hours: session %d, "
                        "verification %d, scopes %d, must wait %lld s",
                        i, self->users[i].session, self->users[i].verification,
                        self->users[i].scopes_read,
                        (long long)(self->users[i].rest_until - self->now) / 1000);
    self->part = SIM_OVER;
    s_run_until(self, self->now + 5 * OP_MINUTE_MS);
    if (!self->model.wrong[0]) {
        model_judge_texts(&self->model);
        model_judge_posts(&self->model);
        sim_judge_rest(self);
    }
    for (size_t i = 0; i < SIM_ACTORS; i++)
        sim_record_end(self, i, true);
    sim_record_write(self);
    s_tell(self);
    s_free(self);
    free(self);
}

void sim_verdict_free(sim_verdict_t *verdict)
{
    op_buf_free(&verdict->context);
}
