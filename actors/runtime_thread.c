/*  One turn after another: wait, receive, commit if it is time, speak.

    A turn may stay open over several waits, while nobody waits for it (s_settle). A mailbox that is
    never empty keeps the thread neither from its port nor from its owner: after
    TURNS_BETWEEN_POLLS turns all descriptors are looked at again. The wait is never longer than a
    second, because wishes are instants of a clock that may be set.

    A thread whose commit has failed does no turn any more, but goes on answering its owner, with
    FAILED, until it is ended. */

#include "actors/runtime_thread.h"

#include "actors/command.h"
#include "actors/measure.h"
#include "actors/recording_file.h"
#include "transport/clock.h"
#include "transport/log.h"
#include "transport/mailbox.h"

#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { POLL_FIXED = 2, TURNS_BETWEEN_POLLS = 4 };

typedef struct {
    op_runtime_thread_t *given;
    op_port_t *port; /* or NULL */
    zsock_t *pipe;
    op_actor_t *actor;
    op_recording_t *recording; /* or NULL */
    op_mailbox_t *mailbox;
    op_postbox_t *postbox;
    op_buf_t frame;
    op_arena_t arena;
    size_t open;          /* events of the turn that is not committed yet */
    int64_t gather_until; /* steady: until then it need not be, when nobody waits for it */
    int64_t latest;       /* time seen */
    uint8_t entropy[32 * OP_ENTROPY_SIZE];
    size_t entropy_left;
    uint64_t looking;  /* the round that waits until the clock has been looked at, or 0 */
    uint64_t draining; /* the round that waits until all is finished, or 0 */
    bool drained;
    bool failed;
} thread_t;

/*  ---- Sending ---- */

static bool s_post(thread_t *self, op_str_t to, op_str_t frame)
{
    if (op_postbox_send(self->postbox, to, frame))
        return true;
    op_metrics_put(self->given->metrics, OP_METRIC_MAILBOX_FULL, 1, to, (op_str_t){0});
    return false;
}

/*  A request that its next actor cannot take is answered here, so that nobody waits in vain. */
static void s_refuse(thread_t *self, const op_envelope_t *request)
{
    op_postbox_lost(self->postbox, self->given->name, "requests are refused", request->to,
                    request->request_id);
    op_postbox_refuse(self->postbox, op_str(self->given->name), request);
}

static void s_hand_to_port(thread_t *self, op_str_t frame)
{
    op_envelope_t envelope;
    op_str_t bytes;
    op_decode_t result = op_frame_open(frame, &self->arena, &envelope, &bytes);
    OP_ASSERT(result == OP_DECODE_OK);
    const op_type_t *type = op_message_type(envelope.type);
    const void *body = op_frame_body(type, bytes, &self->arena, &result);
    OP_ASSERT(body);
    self->port->take(self->port->self, type, body);
}

static void s_send(thread_t *self, op_str_t to, op_str_t frame)
{
    if (self->port && op_str_is(to, self->port->name)) {
        s_hand_to_port(self, frame);
        return;
    }
    if (s_post(self, to, frame))
        return;
    op_envelope_t envelope;
    op_str_t body;
    if (op_frame_open(frame, &self->arena, &envelope, &body) == OP_DECODE_OK &&
        envelope.kind == OP_FRAME_REQUEST)
        s_refuse(self, &envelope);
}

/*  ---- A turn ---- */

static void s_fail(thread_t *self, const char *reason)
{
    char text[256];
    int size = snprintf(text, sizeof text, "%s: %s", self->given->name, reason);
    if (size >= (int)sizeof text)
        size = sizeof text - 1;
    if (write(self->given->failure_fd, text, (size_t)size) < 0)
        op_log(OP_LOG_ERROR, self->given->name, "%s", text);
    self->failed = true;
}

/*  Commits, and then says what the turn has to say: figures, wishes, lines for the log, frames. */
static bool s_commit(thread_t *self)
{
    op_actor_counts_t before = op_actor_counts(self->actor);
    int64_t began = op_clock_micros();
    if (op_actor_commit(self->actor) != 0)
        return false;
    op_measure_turn(self->given->metrics, self->actor, began, before.commits);
    if (op_actor_counts(self->actor).syncs > before.syncs)
        self->gather_until = op_clock_steady() + OP_TURN_GATHER_MS;
    if (op_actor_compacts(self->actor))
        op_compactor_ask(self->given->compactor, self->given->store, self->given->name);
    op_str_t line;
    while (op_actor_next_log(self->actor, &line))
        op_log_fields(op_actor_log_warns(self->actor) ? OP_LOG_WARNING : OP_LOG_INFO,
                      self->given->name, line);
    return true;
}

static void s_speak(thread_t *self)
{
    op_str_t to, frame;
    while (op_actor_next(self->actor, &to, &frame))
        s_send(self, to, frame);
    op_arena_clear(&self->arena);
}

static void s_finish_turn(thread_t *self)
{
    self->open = 0;
    bool committed = s_commit(self);
    if (!committed)
        s_fail(self, op_actor_error(self->actor));
    /* Before it speaks: who hears of the turn sees it in the figures. */
    op_views_show(self->given->views, self->given->which, self->actor, self->failed);
    if (committed)
        s_speak(self);
}

/*  Commits the open turn, if it is time. All actors' syncs queue for one log: one that nobody waits
    for would hold up those that somebody does. */
static void s_settle(thread_t *self, bool at_once)
{
    if (self->open &&
        (at_once || op_actor_hurries(self->actor) || self->open >= OP_TURN_MESSAGES_MAX ||
         op_clock_steady() >= self->gather_until))
        s_finish_turn(self);
}

/*  The machine's entropy, taken in larger pieces than an event needs; no piece is used twice. */
static const uint8_t *s_entropy(thread_t *self)
{
    if (self->entropy_left == 0) {
        op_clock_entropy(self->entropy, sizeof self->entropy);
        self->entropy_left = sizeof self->entropy;
    }
    self->entropy_left -= OP_ENTROPY_SIZE;
    return self->entropy + self->entropy_left;
}

/*  At the level debug, whatever an actor is given is a line: with its request's id, which tells
    carry too, a message can be followed through all of them. */
static void s_log_frame(thread_t *self, op_str_t frame)
{
    op_envelope_t envelope;
    op_str_t body;
    if (op_frame_open(frame, &self->arena, &envelope, &body) != OP_DECODE_OK)
        return;
    const op_type_t *type = op_message_type(envelope.type);
    op_log(OP_LOG_DEBUG, self->given->name,
           "received kind=%s type=%s from=%.*s sequence=%llu request=%.*s",
           op_frame_kind_name(envelope.kind), type ? type->name : "", (int)envelope.from.size,
           envelope.from.at, (unsigned long long)envelope.sequence, (int)envelope.request_id.size,
           envelope.request_id.at);
}

static void s_receive(thread_t *self, op_str_t frame)
{
    if (op_log_wants(OP_LOG_DEBUG))
        s_log_frame(self, frame);
    op_actor_receive(self->actor, frame, op_clock_now(), s_entropy(self));
}

/*  What waits in the mailbox, up to what the open turn can still take; how many frames. */
static size_t s_receive_mail(thread_t *self)
{
    size_t count = 0;
    while (self->open + count < OP_TURN_MESSAGES_MAX &&
           op_mailbox_take(self->mailbox, &self->frame)) {
        s_receive(self, op_buf_str(&self->frame));
        count++;
    }
    self->open += count;
    op_measure_look(self->given->metrics, self->actor, count);
    return count;
}

static size_t s_receive_port(thread_t *self)
{
    const op_type_t *type;
    const void *body;
    size_t count = 0;
    while (self->port && count < OP_TURN_MESSAGES_MAX &&
           self->port->next(self->port->self, &type, &body)) {
        op_envelope_t note = {.kind = OP_FRAME_NOTE,
                              .from = op_str(self->port->name),
                              .to = op_str(self->given->name)};
        op_buf_clear(&self->frame);
        op_frame_encode(&note, type, body, &self->frame);
        s_receive(self, op_buf_str(&self->frame));
        count++;
    }
    self->open += count;
    return count;
}

static bool s_tick(thread_t *self)
{
    int64_t wake = op_actor_wake_at(self->actor), now = op_clock_now();
    bool went_back = now < self->latest;
    self->latest = now;
    if (!went_back && (!wake || wake > now))
        return false;
    op_actor_tick(self->actor, now, s_entropy(self));
    self->open++;
    return true;
}

/*  ---- The loop ---- */

static void s_drain(thread_t *self, uint64_t round)
{
    op_actor_drain(self->actor, op_clock_now(), s_entropy(self));
    self->draining = round;
    s_finish_turn(self);
}

/*  False: $TERM, or the pipe is gone. */
static bool s_obey(thread_t *self)
{
    char command[OP_COMMAND_MAX];
    uint64_t round = op_command_receive(self->pipe, command);
    if (strcmp(command, "DRAIN") == 0)
        s_drain(self, round);
    if (strcmp(command, "LOOK") == 0)
        self->looking = round;
    return *command && strcmp(command, "$TERM") != 0;
}

static long s_timeout(thread_t *self, int64_t port_timeout)
{
    int64_t wake = op_actor_wake_at(self->actor);
    int64_t timeout = port_timeout;
    if (wake) {
        int64_t until = wake - op_clock_now();
        if (until < 0)
            until = 0;
        if (timeout < 0 || until < timeout)
            timeout = until;
    }
    if (self->open) {
        int64_t until = self->gather_until - op_clock_steady();
        if (timeout < 0 || until < timeout)
            timeout = until > 0 ? until : 0;
    }
    /* Wall-clock wishes are looked at again at least once a second, in case the clock jumps. */
    return timeout < 0 || timeout > 1000 ? 1000 : (long)timeout;
}

/*  Waits until there is something to do; `more`: there is, so it only looks. Fills in what has come
    of the port's descriptors. False: the thread is to end. */
static bool s_wait(thread_t *self, bool more, struct pollfd fds[OP_PORT_FDS_MAX], size_t *count)
{
    zmq_pollitem_t items[POLL_FIXED + OP_PORT_FDS_MAX];
    int64_t port_timeout = -1;
    *count =
        self->port ? self->port->fds(self->port->self, fds, OP_PORT_FDS_MAX, &port_timeout) : 0;
    items[0] = (zmq_pollitem_t){.socket = op_mailbox_socket(self->mailbox), .events = ZMQ_POLLIN};
    items[1] = (zmq_pollitem_t){.socket = zsock_resolve(self->pipe), .events = ZMQ_POLLIN};
    for (size_t i = 0; i < *count; i++)
        items[POLL_FIXED + i] =
            (zmq_pollitem_t){.fd = fds[i].fd,
                             .events = (short)((fds[i].events & POLLIN ? ZMQ_POLLIN : 0) |
                                               (fds[i].events & POLLOUT ? ZMQ_POLLOUT : 0))};
    int rc = zmq_poll(items, (int)(POLL_FIXED + *count), more ? 0 : s_timeout(self, port_timeout));
    if (rc < 0 && zmq_errno() != EINTR)
        return false;
    if (items[1].revents && !s_obey(self))
        return false;
    for (size_t i = 0; i < *count; i++) {
        short got = items[POLL_FIXED + i].revents;
        fds[i].revents =
            (short)((got & ZMQ_POLLIN ? POLLIN : 0) | (got & ZMQ_POLLOUT ? POLLOUT : 0) |
                    (got & ZMQ_POLLERR ? POLLERR : 0));
    }
    return true;
}

/*  Receives what waits and settles the turn. True: there may be more. */
static bool s_work(thread_t *self)
{
    size_t mail = s_receive_mail(self), notes = s_receive_port(self);
    bool ticked = s_tick(self);
    s_settle(self, ticked || self->looking || self->draining);
    /* Under load more has come while the turn was written: a poll would only say so. */
    for (int again = 0; mail && again < TURNS_BETWEEN_POLLS && !self->failed; again++) {
        mail = s_receive_mail(self);
        s_settle(self, self->looking || self->draining);
    }
    return mail > 0 || notes > 0;
}

static void s_loop(thread_t *self)
{
    struct pollfd fds[OP_PORT_FDS_MAX];
    size_t count;
    bool more = true; /* a turn was full, or the start left something to do */
    while (!self->failed && s_wait(self, more, fds, &count)) {
        if (self->port)
            self->port->work(self->port->self, fds, count);
        more = s_work(self);
        if (self->looking && !self->failed) {
            op_command_answer(self->pipe, "LOOKED", self->looking);
            self->looking = 0;
        }
        if (self->draining && !self->drained && !more && !op_actor_busy(self->actor)) {
            self->drained = true;
            op_command_answer(self->pipe, "DRAINED", self->draining);
        }
    }
}

/*  ---- Its life ---- */

static void s_record(thread_t *self)
{
    if (!self->given->trace)
        return;
    op_recording_sink_t sink = op_recording_to_file(self->given->trace);
    self->recording =
        op_recording_new(&sink, self->given->store, self->given->name, self->given->class->name);
    op_actor_observe(self->actor, op_recording_observer(self->recording));
}

static const void *s_setup(thread_t *self)
{
    if (!self->given->setup_type)
        return NULL;
    op_decode_t result;
    const void *setup = op_frame_body(self->given->setup_type, op_buf_str(&self->given->setup),
                                      &self->arena, &result);
    OP_ASSERT(setup);
    return setup;
}

static bool s_open(thread_t *self, char error[256])
{
    self->mailbox = op_mailbox_new(self->given->name, error);
    if (!self->mailbox)
        return false;
    self->postbox = op_postbox_new();
    self->actor = op_actor_new(self->given->class, self->given->name, self->given->store);
    s_record(self);
    op_actor_start(self->actor, self->given->setup_type, s_setup(self), op_clock_now(),
                   s_entropy(self));
    if (s_commit(self))
        return true;
    snprintf(error, 256, "%s", op_actor_error(self->actor));
    return false;
}

void op_runtime_thread(zsock_t *pipe, void *argument)
{
    op_runtime_thread_t *given = argument;
    thread_t self = {.given = given, .port = given->has_port ? &given->port : NULL, .pipe = pipe};
    char error[256] = "";
    prctl(PR_SET_NAME, given->name); /* what top -H shows; the kernel cuts it */
    zsock_signal(pipe, 0);           /* zactor_new returns now, whatever comes of the start */
    bool ready = s_open(&self, error);
    zstr_sendx(pipe, ready ? "READY" : "FAILED", error, NULL);
    if (ready) {
        s_speak(&self);
        s_loop(&self);
        if (!self.failed)
            s_settle(&self, true);
        if (self.failed)
            op_command_refuse(pipe, self.looking);
        if (self.recording && !self.failed)
            op_recording_end(self.recording);
    }
    op_actor_destroy(&self.actor);
    op_recording_destroy(&self.recording);
    op_postbox_destroy(&self.postbox);
    op_mailbox_destroy(&self.mailbox);
    if (self.port)
        self.port->destroy(self.port->self);
    op_buf_free(&given->setup);
    op_buf_free(&self.frame);
    op_arena_free(&self.arena);
    atomic_fetch_add(given->ended, 1);
}
