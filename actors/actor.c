/*  The turn machine: steps, one commit, then what they said.

    What comes in is checked here, before a core sees it: the frame, its receiver, its slip, its
    deadline, a tell's number. Each event then is one s_step. The core's writes collect in the
    turn's overlay and its words in turn.said; when the step stands, s_keep_said moves the words to
    turn.out, and a tell gets its number and its row in the outbox. s_commit writes the overlay as
    one batch; only after that do op_actor_next and its like hand out turn.out, and with its end the
    turn's memory is given back.

    What cannot be put right, a damaged row or a store that does not write, breaks the turn for
    good: no step runs any more, and no commit succeeds. The core's memory is then ahead of the
    disk, and only a restart reads a state that is known to be right.

    Keyspace and speaking are in turn.c, the numbers of tells in link.c. */

#include "actors/actor_private.h"

#include "base/instant.h"
#include "base/plant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

op_actor_t *op_actor_new(const op_core_class_t *class, const char *name, op_store_t *store)
{
    op_actor_t *self = op_alloc(sizeof *self);
    *self = (op_actor_t){.class = class, .store = store, .outbox_max = OP_OUTBOX_MAX};
    OP_ASSERT(op_str_copy(op_str(name), self->name, sizeof self->name));
    OP_ASSERT(!strpbrk(name, "/!"));
    self->turn.actor = self;
    self->turn.overlay.arena = &self->turn.arena;
    self->core = class->create();
    return self;
}

void op_actor_destroy(op_actor_t **self_p)
{
    op_actor_t *self = *self_p;
    if (!self)
        return;
    self->class->destroy(&self->core);
    op_overlay_free(&self->turn.overlay);
    op_row_cache_free(&self->rows);
    op_batch_free(&self->turn.batch);
    op_arena_free(&self->turn.arena);
    free(self->turn.said.at);
    free(self->turn.out.at);
    op_buf_free(&self->scratch);
    op_buf_free(&self->value);
    free(self);
    *self_p = NULL;
}

void op_actor_limit_outbox(op_actor_t *self, uint64_t max)
{
    OP_ASSERT(max > 0 && max <= OP_OUTBOX_MAX);
    self->outbox_max = max;
}

const char *op_actor_name(const op_actor_t *self)
{
    return self->name;
}

size_t op_actor_links(const op_actor_t *self, op_actor_link_t links[OP_PEERS_MAX])
{
    for (size_t i = 0; i < self->link_count; i++) {
        const op_link_t *link = &self->links[i];
        memcpy(links[i].peer, link->name, sizeof links[i].peer);
        links[i].told = link->last;
        links[i].unacknowledged = link->last - link->acked;
    }
    return self->link_count;
}

op_actor_counts_t op_actor_counts(const op_actor_t *self)
{
    return self->counts;
}

const char *op_actor_error(const op_actor_t *self)
{
    return self->turn.broken ? self->turn.broken : "";
}

/*  ---- The observer ---- */

void op_actor_observe(op_actor_t *self, const op_actor_observer_t *observer)
{
    self->observer = *observer;
}

static void s_observe(op_actor_t *self, op_trace_what_t what, op_str_t bytes,
                      const uint8_t entropy[OP_ENTROPY_SIZE])
{
    if (!self->observer.event)
        return;
    op_trace_event_t event = {.what = what, .at = self->now, .bytes = bytes};
    if (entropy)
        memcpy(event.entropy.bytes, entropy, sizeof event.entropy.bytes);
    self->observer.event(self->observer.self, &event);
}

static void s_observe_start(op_actor_t *self, const op_type_t *type, const void *setup,
                            const uint8_t entropy[OP_ENTROPY_SIZE])
{
    if (!self->observer.event)
        return;
    op_buf_clear(&self->scratch);
    if (type)
        op_encode(type, setup, &self->scratch);
    op_trace_event_t event = {.what = OP_TRACE_START,
                              .at = self->now,
                              .type = type ? type->number : 0,
                              .bytes = op_buf_str(&self->scratch)};
    memcpy(event.entropy.bytes, entropy, sizeof event.entropy.bytes);
    self->observer.event(self->observer.self, &event);
}

/*  The commit has succeeded, and what the turn says is known: all of it, before any of it
    leaves. */
static void s_observe_commit(op_actor_t *self)
{
    s_observe(self, OP_TRACE_COMMIT, (op_str_t){0}, NULL);
    for (size_t i = 0; self->observer.event && i < self->turn.out.count; i++)
        if (self->turn.out.at[i].what == OP_SAID_FRAME)
            s_observe(self, OP_TRACE_SEND, self->turn.out.at[i].bytes, NULL);
}

/*  ---- A step ---- */

/*  What the step said now stands: tells get their numbers and rows, the rest waits for the
    commit. */
static void s_keep_said(op_actor_t *self)
{
    op_turn_t *turn = &self->turn;
    for (size_t i = 0; i < turn->said.count; i++) {
        op_said_t said = turn->said.at[i];
        turn->step_said |= said.what == OP_SAID_TELL || said.what == OP_SAID_FRAME;
        turn->hurry |= said.what == OP_SAID_FRAME;
        if (said.what != OP_SAID_TELL) {
            op_said_add(&turn->out, said);
            continue;
        }
        op_link_t *link = op_link_of(self, said.to);
        if (link)
            op_link_tell(self, link, &said);
        else
            op_turn_break(turn, "more than %d peers", OP_PEERS_MAX);
    }
    turn->said.count = 0;
}

static void s_step(op_actor_t *self, op_event_t *event, const op_envelope_t *envelope,
                   op_str_t body, const uint8_t entropy[OP_ENTROPY_SIZE])
{
    op_turn_t *turn = &self->turn;
    if (turn->broken)
        return;
    event->now = self->now;
    turn->event = event;
    turn->envelope = envelope;
    turn->body = body;
    turn->request_id = envelope ? envelope->request_id : (op_str_t){0};
    turn->answered = turn->refused = false;
    turn->step_sync = turn->step_said = false;
    turn->said.count = 0;
    op_random_seed(&turn->random, entropy);
    op_overlay_mark(&turn->overlay);
    self->counts.steps++;
    self->class->step(self->core, event, turn);
    OP_ASSERT(turn->walks == 0 && "a walk was not ended");
    OP_ASSERT(turn->broken || turn->answered == (event->kind == OP_EVENT_REQUEST));
    turn->must_sync |= turn->step_sync;
    s_keep_said(self);
    turn->event = NULL;
}

/*  Wishes for a time are wall-clock times. When the clock jumps back they are suddenly far away, so
    the core gets a TIMER event early and makes its wishes anew. */
static void s_set_now(op_actor_t *self, int64_t now)
{
    if (now < self->now - OP_SECOND_MS)
        self->clock_went_back = true;
    self->now = now;
}

void op_actor_start(op_actor_t *self, const op_type_t *setup_type, const void *setup, int64_t now,
                    const uint8_t entropy[OP_ENTROPY_SIZE])
{
    s_set_now(self, now);
    s_observe_start(self, setup_type, setup, entropy);
    op_link_load(self);
    op_event_t event = {.kind = OP_EVENT_START, .type = setup_type, .body = setup};
    s_step(self, &event, NULL, (op_str_t){0}, entropy);
}

void op_actor_drain(op_actor_t *self, int64_t now, const uint8_t entropy[OP_ENTROPY_SIZE])
{
    s_set_now(self, now);
    s_observe(self, OP_TRACE_DRAIN, (op_str_t){0}, entropy);
    op_event_t event = {.kind = OP_EVENT_DRAIN};
    s_step(self, &event, NULL, (op_str_t){0}, entropy);
}

bool op_actor_busy(const op_actor_t *self)
{
    return self->class->busy && self->class->busy(self->core);
}

/*  ---- A frame ---- */

static void s_receive_request(op_actor_t *self, op_envelope_t *envelope, const op_type_t *type,
                              op_str_t body, const uint8_t entropy[OP_ENTROPY_SIZE])
{
    unsigned step = envelope->slip.size ? (uint8_t)envelope->slip.at[0] : 0;
    const char *actor = op_step_actor(step);
    op_decode_t result;
    const void *value = op_frame_body(type, body, &self->turn.arena, &result);
    bool good = actor && strcmp(actor, self->class->name) == 0 && envelope->origin.size && value;
    for (size_t i = 0; i < envelope->slip.size; i++)
        good &= op_step_takes((uint8_t)envelope->slip.at[i], type);
    if (!good) {
        self->counts.bad++;
        return;
    }
    if (envelope->deadline < self->now) {
        self->counts.late++;
        return;
    }
    op_event_t event = {.kind = OP_EVENT_REQUEST,
                        .from = envelope->from,
                        .step = (op_step_t)step,
                        .type = type,
                        .body = value,
                        .context = &envelope->context};
    s_step(self, &event, envelope, body, entropy);
}

/*  Must a tell from this peer wait, because another one's outbox is full? */
static bool s_must_wait(const op_actor_t *self, const op_link_t *from)
{
    if (!self->class->relays || strcmp(from->name, self->name) == 0)
        return false;
    for (size_t i = 0; i < self->link_count; i++) {
        const op_link_t *link = &self->links[i];
        if (link != from && link->last - link->acked >= self->outbox_max)
            return true;
    }
    return false;
}

static void s_receive_tell(op_actor_t *self, op_envelope_t *envelope, const op_type_t *type,
                           op_str_t body, const uint8_t entropy[OP_ENTROPY_SIZE])
{
    op_link_t *link = op_link_of(self, envelope->from);
    if (!link || envelope->sequence == 0) {
        self->counts.bad++;
        return;
    }
    link->ack_due = true;
    if (!op_link_expects(self, link, envelope) && !OP_PLANTED(SKIP_DEDUPE))
        return;
    if (s_must_wait(self, link)) {
        self->counts.held++;
        if (OP_PLANTED(HELD_TAKEN))
            op_link_taken(self, link, envelope->sequence, true);
        return;
    }
    op_decode_t result;
    const void *value = op_frame_body(type, body, &self->turn.arena, &result);
    if (!value) {
        self->counts.bad++;
        if (!link->stuck)
            op_turn_warn_between(
                &self->turn,
                "a link is stuck: its next tell cannot be read peer=%s tell=%s reason=%s",
                link->name, type->name, op_decode_text(result));
        link->stuck = true;
        return;
    }
    op_event_t event = {.kind = OP_EVENT_TELL, .from = envelope->from, .type = type, .body = value};
    s_step(self, &event, envelope, body, entropy);
    op_link_taken(self, link, envelope->sequence, self->turn.step_sync || self->turn.step_said);
}

void op_actor_receive(op_actor_t *self, op_str_t frame, int64_t now,
                      const uint8_t entropy[OP_ENTROPY_SIZE])
{
    op_turn_t *turn = &self->turn;
    s_set_now(self, now);
    s_observe(self, OP_TRACE_RECEIVE, frame, entropy);
    op_str_t copy = op_arena_copy(&turn->arena, frame);
    op_envelope_t *envelope = op_arena_room(&turn->arena, sizeof *envelope);
    op_str_t body;
    if (op_frame_open(copy, &turn->arena, envelope, &body) != OP_DECODE_OK ||
        !op_str_is(envelope->to, self->name)) {
        self->counts.bad++;
        return;
    }
    const op_type_t *type = op_message_type(envelope->type);
    op_decode_t result;
    op_link_t *link;
    switch ((op_frame_kind_t)envelope->kind) {
    case OP_FRAME_REQUEST:
        s_receive_request(self, envelope, type, body, entropy);
        return;
    case OP_FRAME_TELL:
        s_receive_tell(self, envelope, type, body, entropy);
        return;
    case OP_FRAME_ACK:
        link = op_link_find(self, envelope->from);
        if (link)
            op_link_acknowledged(self, link, envelope);
        else
            self->counts.bad++;
        return;
    case OP_FRAME_RESUME:
        link = op_link_of(self, envelope->from);
        if (link && envelope->sequence)
            op_link_resumed(self, link, envelope);
        else
            self->counts.bad++;
        return;
    case OP_FRAME_NOTE: {
        op_event_t event = {.kind = OP_EVENT_NOTE,
                            .from = envelope->from,
                            .type = type,
                            .body = op_frame_body(type, body, &turn->arena, &result)};
        if (event.body)
            s_step(self, &event, envelope, body, entropy);
        else
            self->counts.bad++;
        return;
    }
    case OP_FRAME_REPLY: /* no core asks */
        self->counts.bad++;
        return;
    }
}

/*  ---- Time and commit ---- */

int64_t op_actor_wake_at(const op_actor_t *self)
{
    int64_t link = op_link_wake_at(self);
    return link && (!self->wake_at || link < self->wake_at) ? link : self->wake_at;
}

void op_actor_tick(op_actor_t *self, int64_t now, const uint8_t entropy[OP_ENTROPY_SIZE])
{
    s_set_now(self, now);
    s_observe(self, OP_TRACE_TICK, (op_str_t){0}, entropy);
    op_link_tick(self);
    if (!self->wake_at || (self->wake_at > now && !self->clock_went_back))
        return;
    self->wake_at = 0;
    self->clock_went_back = false;
    op_event_t event = {.kind = OP_EVENT_TIMER};
    s_step(self, &event, NULL, (op_str_t){0}, entropy);
}

static int s_commit(op_actor_t *self)
{
    op_turn_t *turn = &self->turn;
    self->counts.turns++;
    if (turn->broken)
        return -1;
    op_batch_clear(&turn->batch);
    op_link_settle(self);
    op_overlay_batch(&turn->overlay, &turn->batch);
    if (turn->batch.count) {
        if (op_store_write(self->store, &turn->batch, turn->must_sync && !OP_PLANTED(NO_SYNC)) !=
            0) {
            op_turn_break(turn, "cannot write the store: %s", op_store_error(self->store));
            return -1;
        }
        for (size_t i = 0; i < turn->overlay.count && !OP_PLANTED(STALE_ROWS); i++)
            op_row_cache_update(&self->rows, turn->overlay.rows[i].key,
                                turn->overlay.rows[i].value);
        self->counts.commits++;
        self->counts.syncs += turn->must_sync;
    }
    op_overlay_clear(&turn->overlay);
    op_link_release(self, turn->must_sync);
    turn->must_sync = turn->hurry = false;
    turn->committed = !turn->broken;
    return turn->committed ? 0 : -1;
}

bool op_actor_hurries(const op_actor_t *self)
{
    return self->turn.hurry || self->turn.broken;
}

int op_actor_commit(op_actor_t *self)
{
    int rc = s_commit(self);
    if (rc == 0)
        s_observe_commit(self);
    if (self->observer.turn)
        self->observer.turn(self->observer.self);
    return rc;
}

static void s_turn_end(op_actor_t *self)
{
    op_turn_t *turn = &self->turn;
    turn->out.count = 0;
    turn->out_next = turn->log_next = turn->count_next = 0;
    turn->committed = false;
    op_arena_clear(&turn->arena);
}

bool op_actor_next(op_actor_t *self, op_str_t *to, op_str_t *frame)
{
    op_turn_t *turn = &self->turn;
    if (!turn->committed)
        return false;
    while (turn->out_next < turn->out.count) {
        op_said_t *said = &turn->out.at[turn->out_next++];
        if (said->what != OP_SAID_FRAME)
            continue;
        *to = said->to;
        *frame = said->bytes;
        return true;
    }
    s_turn_end(self);
    return false;
}

bool op_actor_next_log(op_actor_t *self, op_str_t *line)
{
    op_turn_t *turn = &self->turn;
    if (!turn->committed)
        return false;
    while (turn->log_next < turn->out.count) {
        op_said_t *said = &turn->out.at[turn->log_next++];
        if (said->what != OP_SAID_LOG)
            continue;
        *line = said->bytes;
        return true;
    }
    return false;
}

bool op_actor_log_warns(const op_actor_t *self)
{
    const op_turn_t *turn = &self->turn;
    return turn->log_next && turn->out.at[turn->log_next - 1].value;
}

bool op_actor_next_count(op_actor_t *self, op_metric_t *metric, int64_t *value, op_str_t *first,
                         op_str_t *second)
{
    op_turn_t *turn = &self->turn;
    if (!turn->committed)
        return false;
    while (turn->count_next < turn->out.count) {
        op_said_t *said = &turn->out.at[turn->count_next++];
        if (said->what != OP_SAID_COUNT)
            continue;
        *metric = said->metric;
        *value = said->value;
        *first = said->to;
        *second = said->bytes;
        return true;
    }
    return false;
}

bool op_actor_compacts(const op_actor_t *self)
{
    const op_turn_t *turn = &self->turn;
    for (size_t i = 0; turn->committed && i < turn->out.count; i++)
        if (turn->out.at[i].what == OP_SAID_COMPACT)
            return true;
    return false;
}

void op_actor_bounds(const char *name, char low[OP_ACTOR_NAME_MAX + 2],
                     char high[OP_ACTOR_NAME_MAX + 2])
{
    /* '!' and '/' follow the name in keys. */
    snprintf(low, OP_ACTOR_NAME_MAX + 2, "%s!", name);
    snprintf(high, OP_ACTOR_NAME_MAX + 2, "%s0", name);
}

uint64_t op_actor_unacknowledged(const op_actor_t *self)
{
    uint64_t count = 0;
    for (size_t i = 0; i < self->link_count; i++)
        count += self->links[i].last - self->links[i].acked;
    return count;
}
