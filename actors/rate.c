#include "actors/rate.h"

#include "actors/sweep.h"
#include "base/instant.h"
#include "base/plant.h"
#include "base/token.h"
#include "store/records.h"

#include <stdlib.h>
#include <string.h>

/*  Keys: a letter per kind of subject, then the subject.
    'a' address (all other calls)   'A' address (sign-ups)   'p' hash of a phone   's' session
    'k' key (sends)   'r' key (reads). A phone's row outlives its account (erasing it must not give
    back codes), so it does not say whose it is. */

enum { WINDOWS_MAX = 3 };
static const int64_t s_sweep_every_ms = 10 * OP_MINUTE_MS;

typedef struct {
    int64_t length_ms;
    uint64_t limit;
} window_t;

/*  All windows of one kind of subject, shortest first. */
typedef struct {
    bool durable; /* an hour or more: worth a sync */
    size_t count;
    window_t windows[WINDOWS_MAX];
} kind_t;

typedef struct {
    op_rate_setup_t setup;
    op_sweep_t sweep;
    int64_t now; /* of the sweep */
} rate_t;

static kind_t s_kind(const rate_t *self, char letter)
{
    const op_rate_setup_t *s = &self->setup;
    const struct {
        char letter;
        window_t window;
    } all[] = {
        {'a', {OP_MINUTE_MS, s->address_minute}},       {'A', {OP_HOUR_MS, s->start_address_hour}},
        {'p', {30 * OP_SECOND_MS, s->start_phone_30s}}, {'p', {OP_HOUR_MS, s->start_phone_hour}},
        {'p', {OP_DAY_MS, s->start_phone_day}},         {'s', {OP_MINUTE_MS, s->console_minute}},
        {'k', {OP_SECOND_MS, s->send_second}},          {'k', {OP_MINUTE_MS, s->send_minute}},
        {'r', {OP_MINUTE_MS, s->read_minute}},
    };
    kind_t kind = {.durable = false};
    for (size_t i = 0; i < OP_COUNT(all); i++)
        if (all[i].letter == letter) {
            OP_ASSERT(kind.count < WINDOWS_MAX);
            kind.durable |= all[i].window.length_ms >= OP_HOUR_MS;
            kind.windows[kind.count++] = all[i].window;
        }
    return kind;
}

/*  One subject's windows as they stand at the event's time. */
typedef struct {
    kind_t kind;
    op_key_t key;
    int64_t opened[WINDOWS_MAX];
    uint64_t used[WINDOWS_MAX];
} tally_t;

static bool s_closed(int64_t opened, int64_t length, int64_t now)
{
    /* A window that seems to open in the future was opened before the clock went back. */
    return opened == 0 || now >= opened + length || now < opened;
}

static tally_t s_load(const rate_t *self, op_turn_t *turn, char letter, op_str_t subject,
                      int64_t now)
{
    tally_t tally = {.kind = s_kind(self, letter), .key = op_key(letter)};
    op_hash_t hash = op_token_hash(subject);
    if (letter == 'p')
        subject = op_str_of(hash.bytes, sizeof hash.bytes);
    op_key_hash(&tally.key, subject.at, subject.size);
    op_window_row_t row = {0};
    if (op_turn_get(turn, &tally.key, &op_window_row_type, &row)) {
        int64_t opened[] = {row.opened_1, row.opened_2, row.opened_3};
        uint64_t used[] = {row.used_1, row.used_2, row.used_3};
        memcpy(tally.opened, opened, sizeof opened);
        memcpy(tally.used, used, sizeof used);
    }
    for (size_t i = 0; i < tally.kind.count; i++)
        if (s_closed(tally.opened[i], tally.kind.windows[i].length_ms, now)) {
            bool day = tally.kind.windows[i].length_ms == OP_DAY_MS;
            tally.opened[i] = day ? op_instant_day(now) * OP_DAY_MS : now;
            tally.used[i] = 0;
        }
    return tally;
}

static void s_save(const tally_t *tally, op_turn_t *turn)
{
    op_window_row_t row = {tally->opened[0], tally->used[0],   tally->opened[1],
                           tally->used[1],   tally->opened[2], tally->used[2]};
    if (tally->kind.durable)
        op_turn_put(turn, &tally->key, &op_window_row_type, &row);
    else
        op_turn_put_lazy(turn, &tally->key, &op_window_row_type, &row);
}

static int64_t s_ends(const tally_t *tally, size_t i)
{
    return tally->opened[i] + tally->kind.windows[i].length_ms;
}

/*  The full window that stays full longest, or -1. */
static int s_full(const tally_t *tally)
{
    int full = -1;
    for (size_t i = 0; i < tally->kind.count; i++) {
        uint64_t limit = tally->kind.windows[i].limit;
        limit -= OP_PLANTED(QUOTA_EARLY) ? limit / 2 : 0;
        if (tally->used[i] >= limit && (full < 0 || s_ends(tally, i) > s_ends(tally, (size_t)full)))
            full = (int)i;
    }
    return full;
}

static void s_refuse(const tally_t *tally, int full, const op_event_t *event, op_turn_t *turn)
{
    int64_t ends = s_ends(tally, (size_t)full);
    event->context->limit = 0; /* the window that refuses is the one to show */
    op_context_window(event->context, tally->kind.windows[full].limit, 0, ends);
    uint64_t wait = (uint64_t)(ends - event->now + OP_SECOND_MS - 1) / OP_SECOND_MS;
    op_turn_refuse_with(turn, OP_ERROR_RATE_LIMITED, NULL, NULL, wait);
}

static void s_go_on(op_turn_t *turn)
{
    if (op_turn_is_last(turn))
        op_turn_reply(turn, &op_nothing_type, &(op_nothing_t){0});
    else
        op_turn_forward(turn);
}

/*  Counts the call against one or two subjects, or refuses it without counting. */
static void s_count(tally_t *tallies, size_t count, const op_event_t *event, op_turn_t *turn)
{
    const tally_t *worst = NULL;
    int full = -1;
    for (size_t t = 0; t < count; t++) {
        int candidate = s_full(&tallies[t]);
        if (candidate >= 0 &&
            (!worst || s_ends(&tallies[t], (size_t)candidate) > s_ends(worst, (size_t)full))) {
            worst = &tallies[t];
            full = candidate;
        }
    }
    if (worst) {
        s_refuse(worst, full, event, turn);
        return;
    }
    event->context->counted = event->now;
    for (size_t t = 0; t < count; t++) {
        tally_t *tally = &tallies[t];
        for (size_t i = 0; i < tally->kind.count; i++) {
            uint64_t limit = tally->kind.windows[i].limit;
            op_context_window(event->context, limit, limit - ++tally->used[i], s_ends(tally, i));
        }
        s_save(tally, turn);
    }
    s_go_on(turn);
}

static op_str_t s_id(const op_id_t *id)
{
    return op_str_of(id->bytes, sizeof id->bytes);
}

static void s_on_address(rate_t *self, const op_event_t *event, op_turn_t *turn)
{
    tally_t tally = s_load(self, turn, 'a', event->context->address, event->now);
    s_count(&tally, 1, event, turn);
}

static void s_on_look(rate_t *self, const op_event_t *event, op_turn_t *turn)
{
    tally_t tally = s_load(self, turn, 'a', event->context->address, event->now);
    uint64_t limit = tally.kind.windows[0].limit, used = tally.used[0];
    op_context_window(event->context, limit, used < limit ? limit - used : 0, s_ends(&tally, 0));
    s_go_on(turn);
}

static void s_on_start(rate_t *self, const op_event_t *event, op_turn_t *turn)
{
    tally_t tallies[] = {
        s_load(self, turn, 'p', OP_BODY(event, auth_start)->phone, event->now),
        s_load(self, turn, 'A', event->context->address, event->now),
    };
    s_count(tallies, OP_COUNT(tallies), event, turn);
}

static void s_on_console(rate_t *self, const op_event_t *event, op_turn_t *turn)
{
    tally_t tally = s_load(self, turn, 's', s_id(&event->context->session), event->now);
    s_count(&tally, 1, event, turn);
}

static void s_on_send(rate_t *self, const op_event_t *event, op_turn_t *turn)
{
    tally_t tally = s_load(self, turn, 'k', s_id(&event->context->key), event->now);
    s_count(&tally, 1, event, turn);
}

static void s_on_read(rate_t *self, const op_event_t *event, op_turn_t *turn)
{
    tally_t tally = s_load(self, turn, 'r', s_id(&event->context->key), event->now);
    s_count(&tally, 1, event, turn);
}

static void (*const s_on_step[OP_STEP_END])(rate_t *, const op_event_t *, op_turn_t *) = {
    [OP_STEP_RATE_ADDRESS] = s_on_address, [OP_STEP_RATE_START] = s_on_start,
    [OP_STEP_RATE_CONSOLE] = s_on_console, [OP_STEP_RATE_SEND] = s_on_send,
    [OP_STEP_RATE_READ] = s_on_read,       [OP_STEP_RATE_LOOK] = s_on_look,
};

static void s_give_back(rate_t *self, const op_event_t *event, op_turn_t *turn)
{
    const op_rate_return_t *back = OP_BODY(event, rate_return);
    tally_t tally = s_load(self, turn, 'k', s_id(&back->key), event->now);
    for (size_t i = 0; i < tally.kind.count; i++) {
        bool closed_since = tally.opened[i] > back->counted;
        if (tally.used[i] && !closed_since)
            tally.used[i]--;
        if (!tally.used[i])
            tally.opened[i] = 0; /* no call is left in it: the next one opens it */
    }
    s_save(&tally, turn);
}

/*  A row may go when all its windows have closed. */
static bool s_is_dead(const void *arg, op_str_t key, const void *row_at)
{
    const op_window_row_t *row = row_at;
    int64_t opened[] = {row->opened_1, row->opened_2, row->opened_3};
    const rate_t *self = arg;
    kind_t kind = s_kind(self, key.at[0]);
    for (size_t i = 0; i < kind.count; i++)
        if (!s_closed(opened[i], kind.windows[i].length_ms, self->now) && !OP_PLANTED(LOSE_QUOTA))
            return false;
    return true;
}

static void s_on_timer(rate_t *self, const op_event_t *event, op_turn_t *turn)
{
    self->now = event->now;
    bool whole = op_sweep_slice(&self->sweep, self, turn);
    op_turn_wake_at(turn, event->now + (whole ? s_sweep_every_ms : OP_SECOND_MS));
}

static void *s_create(void)
{
    rate_t *self = op_alloc(sizeof *self);
    *self = (rate_t){.sweep = {.low = op_key('A'),
                               .high = op_key('z'),
                               .record = &op_window_row_type,
                               .dead = s_is_dead}};
    return self;
}

static void s_destroy(void **self_p)
{
    free(*self_p);
    *self_p = NULL;
}

static void s_step(void *core, const op_event_t *event, op_turn_t *turn)
{
    rate_t *self = core;
    switch (event->kind) {
    case OP_EVENT_START:
        self->setup = *OP_BODY(event, rate_setup);
        op_turn_wake_at(turn, event->now + s_sweep_every_ms);
        if (OP_PLANTED(QUOTA_RESTART)) {
            self->now = INT64_MAX;
            (void)op_sweep_slice(&self->sweep, self, turn);
        }
        return;
    case OP_EVENT_REQUEST:
        s_on_step[event->step](self, event, turn);
        return;
    case OP_EVENT_NOTE:
        if (OP_IS(event, rate_return))
            s_give_back(self, event, turn);
        else if (OP_IS(event, rate_setup)) /* the configuration was read again */
            self->setup = *OP_BODY(event, rate_setup);
        return;
    case OP_EVENT_TIMER:
        s_on_timer(self, event, turn);
        return;
    case OP_EVENT_TELL:
    case OP_EVENT_DRAIN:
        return;
    }
}

const op_core_class_t op_rate_class = {"rate", s_create, s_destroy, s_step, NULL, false};
