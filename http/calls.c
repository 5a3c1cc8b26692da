/*  A call is a slot of a fixed table. Its correlation id is the slot's index and a generation that
    grows with each question, so that a reply which comes after its worker has given up cannot be
    taken for the answer to the slot's next question. Generations start anywhere: replies to this
    process's former life, still under way from another host, fit none of them.

    All workers share one postbox behind a mutex: hundreds of workers with a socket of their own to
    each actor would be hundreds of pipes, each with its own high-water mark, and an actor's mailbox
    would be "full" only after all of them were. Encoding happens outside the mutex, and the send
    never blocks, so the mutex is held for about a microsecond. The mutex is also the memory barrier
    that ZeroMQ asks for when a socket is used by another thread. */

#include "http/calls.h"

#include "transport/clock.h"
#include "transport/mailbox.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

enum {
    S_INDEX_BITS = 16,
    S_START_SHIFT = 18, /* leaves 2^46 of 2^48 generations as the start, and plenty to count */
    S_KEPT_BUFFER = 64 << 10, /* what a slot keeps of its buffers between two calls */
};
_Static_assert(OP_CALLS_MAX < 1 << S_INDEX_BITS, "an index fits its bits");

typedef enum { S_IDLE, S_WAITING, S_ANSWERED } s_state_t;

typedef struct {
    op_call_t call; /* first: a call's address is its slot's */
    uint64_t index;
    uint64_t generation;
    s_state_t state; /* with the mutex held */
    pthread_cond_t arrived;
    op_buf_t out; /* the taker's */
    op_buf_t in;  /* the receiver's while waiting, the taker's otherwise */
    size_t next_free;
} s_slot_t;

struct op_calls {
    char name[OP_ACTOR_NAME_MAX + 1];
    pthread_mutex_t mutex; /* of all below, up to counts */
    pthread_cond_t returned;
    s_slot_t *slots;
    size_t count, taken, first_free; /* first_free == count: none */
    bool stopping;
    op_calls_counts_t counts;

    pthread_mutex_t sending;
    op_postbox_t *postbox; /* with `sending` held */

    op_mailbox_t *mailbox; /* the receiver's, once it runs */
    pthread_t receiver;
    bool running;
    int stop_fd; /* an eventfd: readable means end */
};

/*  ---- The receiver ---- */

/*  Hands the frame to whoever waits for it, by swapping buffers. */
static void s_deliver(op_calls_t *self, op_buf_t *frame, op_arena_t *arena)
{
    op_envelope_t envelope;
    op_str_t body;
    op_decode_t result = op_frame_open(op_buf_str(frame), arena, &envelope, &body);
    bool good = result == OP_DECODE_OK && envelope.kind == OP_FRAME_REPLY;
    pthread_mutex_lock(&self->mutex);
    if (!good) {
        self->counts.bad++;
    } else {
        uint64_t index = envelope.correlation & ((1 << S_INDEX_BITS) - 1);
        s_slot_t *slot = index < self->count ? &self->slots[index] : NULL;
        if (slot && slot->state == S_WAITING &&
            slot->generation == envelope.correlation >> S_INDEX_BITS) {
            op_buf_t other = slot->in;
            slot->in = *frame;
            *frame = other;
            slot->state = S_ANSWERED;
            pthread_cond_signal(&slot->arrived);
        } else {
            self->counts.late++;
        }
    }
    pthread_mutex_unlock(&self->mutex);
    op_arena_clear(arena);
}

static void *s_receive(void *arg)
{
    op_calls_t *self = arg;
    op_buf_t frame = {0};
    op_arena_t arena = {0};
    zmq_pollitem_t items[] = {
        {.socket = op_mailbox_socket(self->mailbox), .events = ZMQ_POLLIN},
        {.fd = self->stop_fd, .events = ZMQ_POLLIN},
    };
    while (!items[1].revents) {
        while (op_mailbox_take(self->mailbox, &frame))
            s_deliver(self, &frame, &arena);
        if (zmq_poll(items, OP_COUNT(items), -1) == -1)
            items[1].revents = zmq_errno() == EINTR ? 0 : ZMQ_POLLIN;
    }
    op_buf_free(&frame);
    op_arena_free(&arena);
    return NULL;
}

/*  ---- Start and stop ---- */

static void s_slots_new(op_calls_t *self, size_t count)
{
    pthread_condattr_t steady;
    pthread_condattr_init(&steady);
    pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
    uint8_t entropy[OP_ENTROPY_SIZE];
    uint64_t start;
    op_clock_entropy(entropy, sizeof entropy);
    memcpy(&start, entropy, sizeof start);
    self->slots = op_alloc(count * sizeof *self->slots);
    self->count = count;
    for (size_t i = 0; i < count; i++) {
        self->slots[i] =
            (s_slot_t){.index = i, .generation = start >> S_START_SHIFT, .next_free = i + 1};
        pthread_cond_init(&self->slots[i].arrived, &steady);
    }
    pthread_condattr_destroy(&steady);
}

op_calls_t *op_calls_new(const char *name, size_t count, char error[256])
{
    OP_ASSERT(count > 0 && count <= OP_CALLS_MAX);
    op_mailbox_t *mailbox = op_mailbox_new(name, error);
    if (!mailbox)
        return NULL;
    op_calls_t *self = op_alloc(sizeof *self);
    *self = (op_calls_t){.mailbox = mailbox, .postbox = op_postbox_new()};
    OP_ASSERT(op_str_copy(op_str(name), self->name, sizeof self->name));
    pthread_mutex_init(&self->mutex, NULL);
    pthread_mutex_init(&self->sending, NULL);
    pthread_cond_init(&self->returned, NULL);
    s_slots_new(self, count);
    self->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    self->running =
        self->stop_fd >= 0 && pthread_create(&self->receiver, NULL, s_receive, self) == 0;
    if (!self->running) {
        op_str_copy(OP_STR("no descriptor or thread to ask actors with"), error, 256);
        op_calls_destroy(&self);
    }
    return self;
}

void op_calls_stop(op_calls_t *self)
{
    pthread_mutex_lock(&self->mutex);
    self->stopping = true;
    while (self->taken)
        pthread_cond_wait(&self->returned, &self->mutex);
    pthread_mutex_unlock(&self->mutex);
    if (!self->running)
        return;
    self->running = false;
    OP_ASSERT(eventfd_write(self->stop_fd, 1) == 0);
    OP_ASSERT(pthread_join(self->receiver, NULL) == 0);
}

void op_calls_destroy(op_calls_t **self_p)
{
    OP_ASSERT(self_p);
    op_calls_t *self = *self_p;
    if (!self)
        return;
    op_calls_stop(self);
    for (size_t i = 0; i < self->count; i++) {
        s_slot_t *slot = &self->slots[i];
        op_arena_free(&slot->call.arena);
        op_buf_free(&slot->in);
        op_buf_free(&slot->out);
        pthread_cond_destroy(&slot->arrived);
    }
    free(self->slots);
    op_postbox_destroy(&self->postbox);
    op_mailbox_destroy(&self->mailbox);
    if (self->stop_fd >= 0)
        close(self->stop_fd);
    pthread_cond_destroy(&self->returned);
    pthread_mutex_destroy(&self->sending);
    pthread_mutex_destroy(&self->mutex);
    free(self);
    *self_p = NULL;
}

/*  ---- Calls ---- */

op_call_t *op_calls_take(op_calls_t *self)
{
    s_slot_t *slot = NULL;
    pthread_mutex_lock(&self->mutex);
    if (!self->stopping && self->first_free < self->count) {
        slot = &self->slots[self->first_free];
        self->first_free = slot->next_free;
        self->taken++;
    }
    pthread_mutex_unlock(&self->mutex);
    return slot ? &slot->call : NULL;
}

static void s_trim(op_buf_t *buffer)
{
    if (buffer->capacity > S_KEPT_BUFFER)
        op_buf_free(buffer);
}

void op_calls_give(op_calls_t *self, op_call_t **call_p)
{
    s_slot_t *slot = (s_slot_t *)*call_p;
    *call_p = NULL;
    if (slot->call.arena.used > S_KEPT_BUFFER)
        op_arena_free(&slot->call.arena);
    else
        op_arena_clear(&slot->call.arena);
    s_trim(&slot->in);
    s_trim(&slot->out);
    pthread_mutex_lock(&self->mutex);
    slot->next_free = self->first_free;
    self->first_free = slot->index;
    if (--self->taken == 0 && self->stopping)
        pthread_cond_broadcast(&self->returned);
    pthread_mutex_unlock(&self->mutex);
}

/*  From here on a reply to this question is taken. */
static uint64_t s_expect(op_calls_t *self, s_slot_t *slot)
{
    pthread_mutex_lock(&self->mutex);
    slot->state = S_WAITING;
    uint64_t correlation = ++slot->generation << S_INDEX_BITS | slot->index;
    pthread_mutex_unlock(&self->mutex);
    return correlation;
}

static bool s_send(op_calls_t *self, op_str_t to, op_str_t frame)
{
    pthread_mutex_lock(&self->sending);
    bool sent = op_postbox_send(self->postbox, to, frame);
    pthread_mutex_unlock(&self->sending);
    return sent;
}

/*  Ends the question: with its answer if `until_ms` (of the steady clock) is not reached first. */
static bool s_wait(op_calls_t *self, s_slot_t *slot, int64_t until_ms)
{
    struct timespec until = {.tv_sec = (time_t)(until_ms / 1000),
                             .tv_nsec = (long)(until_ms % 1000) * 1000000};
    int late = 0;
    pthread_mutex_lock(&self->mutex);
    while (slot->state == S_WAITING && !late)
        late = pthread_cond_timedwait(&slot->arrived, &self->mutex, &until);
    bool answered = slot->state == S_ANSWERED;
    slot->state = S_IDLE;
    if (!answered)
        self->counts.silent++;
    pthread_mutex_unlock(&self->mutex);
    return answered;
}

static void s_forget(op_calls_t *self, s_slot_t *slot)
{
    pthread_mutex_lock(&self->mutex);
    slot->state = S_IDLE;
    self->counts.full++;
    pthread_mutex_unlock(&self->mutex);
}

op_ask_t op_calls_ask(op_calls_t *self, op_call_t *call, op_str_t to, const uint8_t *steps,
                      size_t step_count, const op_type_t *type, const void *body,
                      const op_context_t *context, op_str_t request_id, int64_t timeout_ms)
{
    s_slot_t *slot = (s_slot_t *)call;
    int64_t until = op_clock_steady() + timeout_ms;
    if (to.size == 0)
        to = op_str(op_step_actor(steps[0]));
    op_envelope_t envelope = {.kind = OP_FRAME_REQUEST,
                              .from = op_str(self->name),
                              .to = to,
                              .correlation = s_expect(self, slot),
                              .origin = op_str(self->name),
                              .deadline = op_clock_now() + timeout_ms,
                              .request_id = request_id,
                              .slip = op_str_of(steps, step_count),
                              .context = *context};
    op_buf_clear(&slot->out);
    op_frame_encode(&envelope, type, body, &slot->out);
    if (!s_send(self, to, op_buf_str(&slot->out))) {
        s_forget(self, slot);
        return OP_ASK_FULL;
    }
    if (!s_wait(self, slot, until))
        return OP_ASK_SILENT;
    /* The receiver has opened this frame once already. */
    op_decode_t result =
        op_frame_open(op_buf_str(&slot->in), &call->arena, &call->reply, &call->body);
    OP_ASSERT(result == OP_DECODE_OK);
    return OP_ASK_ANSWERED;
}

op_calls_counts_t op_calls_counts(op_calls_t *self)
{
    pthread_mutex_lock(&self->mutex);
    op_calls_counts_t counts = self->counts;
    pthread_mutex_unlock(&self->mutex);
    return counts;
}
