/*  tape_order.c - events of several actors in an order in which they can have happened

    Every actor's events form a queue. At each step the earliest of the heads goes next, but a
    RECEIVE waits while its SEND still stands in some queue. When all heads wait (which only frames
    can cause that look alike and were lost on the way), the earliest of them goes nevertheless. */

#include "actors/tape.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/*  All SENDs of the same bytes stand together, sorted by their place in the file. */
typedef struct {
    uint64_t hash;
    size_t event;
} s_sent_t;

typedef struct {
    size_t begin, count;
    size_t out;   /* how many have been put into the order */
    size_t taken; /* how many of those have been received */
} s_group_t;

typedef struct {
    const op_tape_t *tape;
    s_sent_t *sent;
    size_t sent_count;
    s_group_t *groups; /* one per first member, at its place in `sent` */
    size_t *next;      /* by event: the same actor's next one */
    size_t head[OP_TAPE_ACTORS_MAX];
    int64_t now[OP_TAPE_ACTORS_MAX]; /* clocks that go back do not reorder an actor */
} s_order_t;

static uint64_t s_hash(op_str_t bytes)
{
    static const uint8_t key[crypto_shorthash_KEYBYTES] = "frames alike";
    uint64_t hash = 0;
    _Static_assert(sizeof hash == crypto_shorthash_BYTES, "a hash is 64 bits");
    crypto_shorthash((uint8_t *)&hash, (const uint8_t *)bytes.at, bytes.size, key);
    return hash;
}

static int s_compare(const void *a_at, const void *b_at)
{
    const s_sent_t *a = a_at, *b = b_at;
    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    return a->event < b->event ? -1 : a->event > b->event;
}

static s_group_t *s_group(s_order_t *self, op_str_t bytes)
{
    uint64_t hash = s_hash(bytes);
    size_t low = 0, high = self->sent_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (self->sent[middle].hash < hash)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == self->sent_count || self->sent[low].hash != hash ||
        !op_str_equal(self->tape->events[self->sent[low].event].bytes, bytes))
        return NULL;
    return &self->groups[low];
}

static void s_collect(s_order_t *self)
{
    const op_tape_t *tape = self->tape;
    size_t last[OP_TAPE_ACTORS_MAX];
    for (size_t i = 0; i < tape->actor_count; i++)
        self->head[i] = last[i] = OP_TAPE_NONE;
    for (size_t i = 0; i < tape->event_count; i++) {
        const op_tape_event_t *event = &tape->events[i];
        self->next[i] = OP_TAPE_NONE;
        if (last[event->actor] == OP_TAPE_NONE)
            self->head[event->actor] = i;
        else
            self->next[last[event->actor]] = i;
        last[event->actor] = i;
        if (event->what == OP_TRACE_SEND)
            self->sent[self->sent_count++] = (s_sent_t){s_hash(event->bytes), i};
    }
    if (self->sent_count)
        qsort(self->sent, self->sent_count, sizeof *self->sent, s_compare);
    for (size_t i = 0, begin = 0; i < self->sent_count; i++) {
        if (self->sent[i].hash != self->sent[begin].hash)
            begin = i;
        if (i == begin)
            self->groups[i] = (s_group_t){.begin = i};
        self->groups[begin].count++;
    }
}

static bool s_waits(s_order_t *self, const op_tape_event_t *event)
{
    s_group_t *group = event->what == OP_TRACE_RECEIVE ? s_group(self, event->bytes) : NULL;
    return group && group->taken == group->out && group->out < group->count;
}

static int64_t s_time(const s_order_t *self, size_t actor)
{
    int64_t at = self->tape->events[self->head[actor]].at;
    return at > self->now[actor] ? at : self->now[actor];
}

/*  The actor whose head goes next; OP_TAPE_NONE at the end. */
static size_t s_pick(s_order_t *self)
{
    size_t best = OP_TAPE_NONE;
    bool best_waits = false;
    for (size_t i = 0; i < self->tape->actor_count; i++) {
        if (self->head[i] == OP_TAPE_NONE)
            continue;
        bool waits = s_waits(self, &self->tape->events[self->head[i]]);
        bool better = best == OP_TAPE_NONE || (best_waits && !waits);
        if (!better && waits == best_waits) {
            int64_t mine = s_time(self, i), theirs = s_time(self, best);
            better = mine < theirs || (mine == theirs && self->head[i] < self->head[best]);
        }
        if (better) {
            best = i;
            best_waits = waits;
        }
    }
    return best;
}

static void s_take(s_order_t *self, size_t actor, size_t *order, size_t *cause)
{
    size_t index = self->head[actor];
    const op_tape_event_t *event = &self->tape->events[index];
    *order = index;
    *cause = OP_TAPE_NONE;
    self->now[actor] = s_time(self, actor);
    self->head[actor] = self->next[index];
    if (event->what != OP_TRACE_RECEIVE && event->what != OP_TRACE_SEND)
        return;
    s_group_t *group = s_group(self, event->bytes);
    if (group && event->what == OP_TRACE_SEND)
        group->out++;
    else if (group && group->taken < group->out)
        *cause = self->sent[group->begin + group->taken++].event;
}

void op_tape_order(const op_tape_t *tape, size_t *order, size_t *cause)
{
    size_t count = tape->event_count + 1;
    s_order_t self = {.tape = tape,
                      .sent = op_alloc(count * sizeof *self.sent),
                      .groups = op_alloc(count * sizeof *self.groups),
                      .next = op_alloc(count * sizeof *self.next)};
    s_collect(&self);
    for (size_t done = 0; done < tape->event_count;) {
        size_t actor = s_pick(&self), one;
        do { /* what a turn says stands behind its commit */
            s_take(&self, actor, &order[done], &one);
            cause[order[done]] = one;
            done++;
        } while (self.head[actor] != OP_TAPE_NONE &&
                 tape->events[self.head[actor]].what == OP_TRACE_SEND);
    }
    free(self.sent);
    free(self.groups);
    free(self.next);
}
