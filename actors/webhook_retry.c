/*  webhook_retry.c - the schedule: what waits, and what is due by now

    There is a queue for each pause of the schedule, ordered by time: the first rows of a handful of
    queues are all that is looked at, however many deliveries wait. In a queue nothing can rightly
    be further away than its pause is long; what is, was put there before the clock was set back,
    stands at the queue's end, and is moved to within its pause. */

#include "actors/webhook_private.h"

#include "base/instant.h"
#include "base/plant.h"

#include <string.h>

enum { PAUSES = 7, QUEUES = 2 * PAUSES, SLICE = 200, ROUND_WEBHOOKS = 64 };

static const int64_t s_pauses[PAUSES] = {30 * OP_SECOND_MS, 2 * OP_MINUTE_MS, 10 * OP_MINUTE_MS,
                                         OP_HOUR_MS,        6 * OP_HOUR_MS,   24 * OP_HOUR_MS,
                                         24 * OP_HOUR_MS};

/*  The longest that a delivery may wait in a queue. The queues of the second half are for what a
    Retry-After has moved. */
static int64_t s_longest(uint64_t queue)
{
    if (queue < PAUSES)
        return s_pauses[queue];
    uint64_t pause = queue - PAUSES;
    return s_pauses[pause] + (pause + 1 < PAUSES ? s_pauses[pause + 1] : 0);
}

static op_key_t s_key(uint64_t queue, int64_t at)
{
    op_key_t key = op_key('r');
    op_key_number(&key, queue);
    op_key_number(&key, (uint64_t)at);
    return key;
}

static op_key_t s_row_key(uint64_t queue, int64_t at, op_id_t delivery)
{
    op_key_t key = s_key(queue, at);
    op_key_id(&key, delivery);
    return key;
}

static op_key_t s_queue_end(uint64_t queue)
{
    op_key_t key = op_key('r');
    op_key_number(&key, queue);
    return op_key_end(&key);
}

/*  ---- One delivery ---- */

static void s_put(op_turn_t *turn, op_id_t webhook, op_id_t delivery, const op_fate_row_t *fate)
{
    op_key_t key = s_row_key(fate->queue, fate->next, delivery);
    op_turn_put(turn, &key, &op_waiting_row_type, &(op_waiting_row_t){webhook});
    op_turn_wake_at(turn, fate->next);
}

bool op_retry_wait(const op_event_t *event, op_turn_t *turn, op_id_t webhook, op_id_t delivery,
                   op_fate_row_t *fate, uint64_t retry_after_s)
{
    OP_ASSERT(fate->tries > 0);
    if (fate->tries > PAUSES)
        return false;
    uint64_t queue = fate->tries - 1;
    int64_t pause = s_pauses[queue], longest = s_longest(queue + PAUSES);
    int64_t asked = retry_after_s < (uint64_t)(longest / OP_SECOND_MS)
                        ? (int64_t)retry_after_s * OP_SECOND_MS
                        : longest;
    if (asked > pause) {
        queue += PAUSES;
        pause = asked;
    }
    fate->queue = queue;
    fate->next = event->now + (OP_PLANTED(PAUSE_HALVED) ? pause / 2 : pause);
    s_put(turn, webhook, delivery, fate);
    return true;
}

void op_retry_forget(op_turn_t *turn, op_id_t delivery, op_fate_row_t *fate)
{
    if (!fate->next)
        return;
    op_key_t key = s_row_key(fate->queue, fate->next, delivery);
    if (!OP_PLANTED(WAITING_STAYS))
        op_turn_delete(turn, &key);
    fate->next = 0;
}

/*  ---- Many ---- */

typedef struct {
    op_key_t key;
    op_id_t webhook, delivery;
} waiting_t;

/*  The first rows of a range of a queue, at most SLICE. */
static size_t s_rows(op_turn_t *turn, const op_key_t *low, const op_key_t *high, waiting_t *rows)
{
    op_walk_t *walk = op_turn_walk(turn, low, high, false);
    op_waiting_row_t row;
    op_str_t key;
    size_t count = 0;
    while (count < SLICE && op_turn_walk_next(walk, &op_waiting_row_type, &key, &row)) {
        waiting_t *at = &rows[count];
        at->webhook = row.webhook;
        at->key.size = 0;
        op_key_hash(&at->key, key.at, key.size);
        key = op_str_of(key.at + key.size - sizeof(op_id_t), sizeof(op_id_t));
        count += op_key_take_id(&key, &at->delivery);
    }
    op_turn_walk_end(&walk);
    return count;
}

/*  What waits for longer than it may: the clock has been set back. True: that was all. */
static bool s_follow_clock(const op_event_t *event, op_turn_t *turn, waiting_t *rows)
{
    bool whole = true;
    for (uint64_t queue = 0; queue < QUEUES; queue++) {
        int64_t latest = event->now + s_longest(queue);
        op_key_t low = s_key(queue, latest + 1), high = s_queue_end(queue);
        size_t count = s_rows(turn, &low, &high, rows);
        whole &= count < SLICE;
        for (size_t i = 0; i < count; i++) {
            op_key_t key = op_fate_key(rows[i].webhook, rows[i].delivery);
            op_fate_row_t fate;
            op_turn_delete(turn, &rows[i].key);
            if (!op_turn_get(turn, &key, &op_fate_row_type, &fate))
                continue;
            fate.next = latest;
            op_turn_put(turn, &key, &op_fate_row_type, &fate);
            s_put(turn, rows[i].webhook, rows[i].delivery, &fate);
        }
    }
    return whole;
}

/*  Moves what is due to where the pump finds it. True: that was all. */
static bool s_move_due(op_webhook_t *self, const op_event_t *event, op_turn_t *turn,
                       waiting_t *rows)
{
    bool whole = true;
    for (uint64_t queue = 0; queue < QUEUES; queue++) {
        op_key_t low = s_key(queue, 0), high = s_key(queue, event->now + 1);
        size_t count = s_rows(turn, &low, &high, rows);
        whole &= count < SLICE;
        for (size_t i = 0; i < count; i++) {
            op_key_t key = op_fate_key(rows[i].webhook, rows[i].delivery);
            op_key_t due = op_due_key(rows[i].webhook, rows[i].delivery);
            op_fate_row_t fate;
            op_turn_delete(turn, &rows[i].key);
            if (!op_turn_get(turn, &key, &op_fate_row_type, &fate))
                continue;
            fate.next = 0;
            op_turn_put(turn, &key, &op_fate_row_type, &fate);
            op_turn_put(turn, &due, &op_due_row_type, &(op_due_row_t){false});
        }
        for (size_t i = 0; i < count; i++)
            op_webhook_pump(self, event, turn, rows[i].webhook);
    }
    return whole;
}

/*  When the first of those that wait is due; 0: none waits. */
static int64_t s_next(op_turn_t *turn)
{
    int64_t first = 0;
    for (uint64_t queue = 0; queue < QUEUES; queue++) {
        op_key_t low = s_key(queue, 0), high = s_queue_end(queue);
        op_walk_t *walk = op_turn_walk(turn, &low, &high, false);
        op_waiting_row_t row;
        op_str_t key;
        uint64_t at;
        if (op_turn_walk_next(walk, &op_waiting_row_type, &key, &row)) {
            key = op_str_of(key.at + 9, key.size - 9); /* tag, queue */
            if (op_key_take_number(&key, &at) && (!first || (int64_t)at < first))
                first = (int64_t)at;
        }
        op_turn_walk_end(&walk);
    }
    return first;
}

/*  ---- The round: every webhook that has something due ---- */

void op_round_begin(op_webhook_t *self, const op_event_t *event, op_turn_t *turn)
{
    self->starved = false;
    self->laps = op_id_is_none(self->round_at) ? 1 : 2; /* from here on, and all before */
    op_turn_wake_at(turn, event->now);
}

/*  The first webhook behind round_at that has something due; false: there is none. */
static bool s_round_next(op_webhook_t *self, op_turn_t *turn)
{
    op_key_t all = op_key('q'), high = op_key_end(&all), low = all;
    if (!op_id_is_none(self->round_at)) {
        op_key_t last = op_key_of_id('q', self->round_at);
        low = op_key_end(&last);
    }
    op_walk_t *walk = op_turn_walk(turn, &low, &high, false);
    op_due_row_t row;
    op_str_t key;
    bool found = op_turn_walk_next(walk, &op_due_row_type, &key, &row);
    if (found) {
        key = op_str_of(key.at + 1, key.size - 1);
        found = op_key_take_id(&key, &self->round_at);
    }
    op_turn_walk_end(&walk);
    return found;
}

static void s_go_round(op_webhook_t *self, const op_event_t *event, op_turn_t *turn)
{
    for (int i = 0; self->laps && i < ROUND_WEBHOOKS; i++) {
        if (self->flight_count == OP_POSTS_MAX) { /* it goes on here when there are places */
            self->starved = true;
            self->laps = 0;
        } else if (s_round_next(self, turn))
            op_webhook_pump(self, event, turn, self->round_at);
        else {
            self->laps--;
            self->round_at = (op_id_t){{0}};
        }
    }
}

/*  ---- Time ---- */

void op_webhook_work(op_webhook_t *self, const op_event_t *event, op_turn_t *turn)
{
    waiting_t *rows = op_turn_alloc(turn, SLICE * sizeof *rows);
    if (self->clock_is_back)
        self->clock_is_back = !s_follow_clock(event, turn, rows);
    bool whole = s_move_due(self, event, turn, rows);
    s_go_round(self, event, turn);
    int64_t next = s_next(turn);
    if (next)
        op_turn_wake_at(turn, next);
    if (!whole || self->laps || self->clock_is_back)
        op_turn_wake_at(turn, event->now);
}
