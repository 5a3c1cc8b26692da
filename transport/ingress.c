/*  The thread's work is in three parts: frames (s_take and what it calls), hellos (s_greet,
    s_hear), and the monitor's events. It waits for all of them in one poll, at most until the next
    hello is due, or the timeline has news for one. */

#include "transport/ingress.h"

#include "transport/clock.h"
#include "transport/handshake.h"
#include "transport/log.h"
#include "transport/mailbox.h"
#include "transport/strangers.h"

#include <poll.h>
#include <stdatomic.h>

enum { MAIL_MAX = 256 };

/*  The places of op_ingress_counts_t, in its order. */
typedef enum {
    TAKEN,
    REFUSED,
    UNREADABLE,
    FOREIGN,
    MISUNDERSTOOD,
    OUT_OF_ROLE,
    FULL,
    COUNTS
} count_t;

struct op_ingress {
    op_links_t *links;
    const op_topology_t *topology;
    op_roles_itinerary_t *itinerary;
    op_timeline_t *timeline; /* or NULL */
    zactor_t *actor;
    atomic_ullong counts[COUNTS];
    atomic_bool ended; /* the thread is done with what is its own */

    /* The thread's own. */
    zsock_t *pipe;
    zsock_t *listener;
    op_strangers_t strangers;
    op_postbox_t *postbox; /* to the actors here, and to origins of requests */
    op_id_t incarnation;
    op_buf_t catalogue, actors, frame;
    op_arena_t arena;
    op_handshake_t shakes[OP_PEERS_MAX];
    zsock_t *greeters[OP_PEERS_MAX];
    uint64_t marks[OP_PEERS_MAX]; /* of their keys */
    int64_t renew_at[OP_PEERS_MAX];
    uint64_t listener_mark;
    int64_t greet_at;
    int64_t logged_at[COUNTS];
    struct {
        int64_t since;
        unsigned count;
    } news[OP_PEERS_MAX];
    int64_t shift;
};

/*  ---- counting ---- */

static void s_count(op_ingress_t *self, count_t what, const char *text, op_str_t from)
{
    unsigned long long count = atomic_fetch_add(&self->counts[what], 1) + 1;
    int64_t now = op_clock_steady();
    if (!text || (self->logged_at[what] && now - self->logged_at[what] < OP_INGRESS_LOG_MS))
        return;
    self->logged_at[what] = now;
    op_log(OP_LOG_WARNING, "ingress", "%s from=%.*s count=%llu", text, (int)from.size,
           from.size ? from.at : "", count);
}

op_ingress_counts_t op_ingress_counts(op_ingress_t *self)
{
    uint64_t n[COUNTS];
    for (size_t i = 0; i < COUNTS; i++)
        n[i] = atomic_load(&self->counts[i]);
    return (op_ingress_counts_t){.taken = n[TAKEN],
                                 .refused = n[REFUSED],
                                 .unreadable = n[UNREADABLE],
                                 .foreign = n[FOREIGN],
                                 .misunderstood = n[MISUNDERSTOOD],
                                 .out_of_role = n[OUT_OF_ROLE],
                                 .full = n[FULL]};
}

/*  ---- hellos ---- */

/*  Processes are named in the log by their endpoint. */
static const char *s_name(const op_ingress_t *self, int process)
{
    return self->topology->endpoints[process];
}

/*  May news of the process be logged? It has in its hand how much there is. */
static bool s_is_news(op_ingress_t *self, int process)
{
    int64_t now = op_clock_steady();
    if (now - self->news[process].since >= OP_INGRESS_LOG_MS) {
        self->news[process].since = now;
        self->news[process].count = 0;
    }
    if (++self->news[process].count == OP_INGRESS_NEWS_MAX)
        op_log(OP_LOG_WARNING, "ingress",
               "there is much news of a peer; more is not logged peer=%s", s_name(self, process));
    return self->news[process].count < OP_INGRESS_NEWS_MAX;
}

static void s_set_up(op_ingress_t *self, int process, bool up)
{
    if (op_links_up(self->links, process) == up)
        return;
    op_links_set_up(self->links, process, up);
    if (s_is_news(self, process))
        op_log(up ? OP_LOG_INFO : OP_LOG_WARNING, "ingress", "link is %s peer=%s",
               up ? "up" : "down", s_name(self, process));
}

/*  The ledger's machine has the time: all of one OP must have the same, and the ledger's instants
    are the ones that are stored. */
static void s_follow_clock(op_ingress_t *self, int process)
{
    int64_t shift = self->shakes[process].offset;
    if (shift == self->shift || op_topology_process(self->topology, OP_STR("ledger")) != process)
        return;
    self->shift = shift;
    op_clock_follow(shift);
    if (s_is_news(self, process))
        op_log(OP_LOG_WARNING, "ingress",
               "this machine's clock is corrected to the ledger's by_ms=%lld", (long long)shift);
}

/*  May who has this connection speak as the actor? Without keys whoever can connect may. */
static bool s_may_speak(const op_ingress_t *self, const char *key, op_str_t actor)
{
    op_curve_t *curve = op_links_curve(self->links);
    return !curve || op_curve_may_speak(curve, key, actor);
}

/*  The process that a hello is from: that of an actor which runs there, stands among the peers
    here, and is the connection's to speak as. Not every actor there need be a peer of this process.
    -1: there is none. */
static int s_sender(const op_ingress_t *self, op_str_t actors, const char *key)
{
    while (actors.size) {
        const char *comma = memchr(actors.at, ',', actors.size);
        size_t size = comma ? (size_t)(comma - actors.at) : actors.size;
        op_str_t actor = op_str_of(actors.at, size);
        int process = op_topology_process(self->topology, actor);
        if (process >= 0 && s_may_speak(self, key, actor))
            return process;
        size += comma != NULL;
        actors = op_str_of(actors.at + size, actors.size - size);
    }
    return -1;
}

static void s_hear(op_ingress_t *self, op_str_t from, op_str_t body, const char *key)
{
    op_decode_t result;
    const op_hello_t *hello = op_frame_body(&op_hello_type, body, &self->arena, &result);
    op_str_t named = op_roles_actor_ok(from) ? from : (op_str_t){0}; /* for the log: no garbage */
    if (!hello) {
        s_count(self, UNREADABLE, "a hello cannot be read", named);
        return;
    }
    op_str_t actors = hello->actors.size ? hello->actors : from;
    int process = s_sender(self, actors, key);
    if (process < 0) {
        s_count(self, FOREIGN, "a hello is from none of the peers, or not with its key", named);
        return;
    }
    op_handshake_t *shake = &self->shakes[process];
    bool was_refused = *shake->refused;
    int64_t now = op_clock_steady();
    switch (op_handshake_hear(shake, self->incarnation, hello, op_clock_machine(), now)) {
    case OP_HEARD_NO_TIME:
        s_count(self, OUT_OF_ROLE, "a peer's clock is a century away, or at no time at all",
                op_str(s_name(self, process)));
        return;
    case OP_HEARD_NEW:
        if (s_is_news(self, process))
            op_log(OP_LOG_INFO, "ingress", "peer has started peer=%s", s_name(self, process));
        s_set_up(self, process, false);
        self->greet_at = now; /* it waits to be heard */
        break;
    case OP_HEARD_REFUSED:
        if (s_is_news(self, process))
            op_log(OP_LOG_ERROR, "ingress", "peer is refused peer=%s reason=%s",
                   s_name(self, process), shake->refusal);
        self->greet_at = now;
        break;
    case OP_HEARD_AGAIN:
        break;
    }
    if (*shake->refused && !was_refused && s_is_news(self, process))
        op_log(OP_LOG_ERROR, "ingress", "peer refuses this process peer=%s reason=%s",
               s_name(self, process), shake->refused);
    s_follow_clock(self, process);
    if (!(self->timeline ? op_timeline_hear(self->timeline, process, hello->ahead_ms)
                         : hello->ahead_ms == 0))
        s_count(self, OUT_OF_ROLE, "a peer's time is simulated, and not for this process",
                op_str(s_name(self, process)));
    s_set_up(self, process, op_handshake_up(shake, now));
}

/*  New sockets for a link that has been down for long: it may have been refused. */
static void s_renew(op_ingress_t *self, int process, int64_t now)
{
    if (op_links_up(self->links, process) || !self->renew_at[process]) {
        self->renew_at[process] = now + OP_LINK_RENEW_MS;
    } else if (now >= self->renew_at[process]) {
        op_links_renew(self->links, process);
        self->renew_at[process] = now + OP_LINK_RENEW_MS;
    }
}

static void s_greet(op_ingress_t *self)
{
    int64_t now = op_clock_steady();
    uint64_t ahead = self->timeline ? (uint64_t)op_timeline_say(self->timeline) : 0;
    for (int i = 0; i < (int)self->topology->process_count; i++) {
        s_set_up(self, i, op_handshake_up(&self->shakes[i], now));
        s_renew(self, i, now);
        uint64_t mark = op_links_mark(self->links, i);
        if (mark != self->marks[i])
            zsock_destroy(&self->greeters[i]);
        if (!self->greeters[i])
            self->greeters[i] = op_links_connect(self->links, i, true);
        self->marks[i] = mark;
        if (!self->greeters[i]) { /* its certificate may come with a reload */
            s_count(self, REFUSED, "no certificate names its actors", op_str(s_name(self, i)));
            continue;
        }
        op_hello_t hello = op_handshake_say(&self->shakes[i], self->incarnation,
                                            op_buf_str(&self->catalogue), op_clock_machine(), now);
        hello.ahead_ms = ahead;
        hello.actors = op_buf_str(&self->actors);
        op_envelope_t envelope = {
            .kind = OP_FRAME_NOTE, .from = op_str(self->topology->run[0]), .to = OP_STR("ingress")};
        op_buf_clear(&self->frame);
        op_frame_encode(&envelope, &op_hello_type, &hello, &self->frame);
        zmq_send(zsock_resolve(self->greeters[i]), self->frame.at, self->frame.size, ZMQ_DONTWAIT);
    }
    self->greet_at = now + OP_LINK_HELLO_MS;
}

/*  ---- frames ---- */

static bool s_runs_here(const op_ingress_t *self, op_str_t actor)
{
    for (size_t i = 0; i < self->topology->run_count; i++)
        if (op_str_is(actor, self->topology->run[i]))
            return true;
    return false;
}

static void s_deliver(op_ingress_t *self, const op_envelope_t *envelope, op_str_t frame)
{
    if (!s_runs_here(self, envelope->to)) {
        s_count(self, UNREADABLE, "a frame is for an actor that does not run here", envelope->from);
        return;
    }
    if (envelope->kind == OP_FRAME_REQUEST && !s_runs_here(self, envelope->origin) &&
        op_topology_process(self->topology, envelope->origin) < 0) {
        s_count(self, UNREADABLE, "a request's answer would be for nobody", envelope->from);
        return;
    }
    if (op_postbox_send(self->postbox, envelope->to, frame)) {
        s_count(self, TAKEN, NULL, (op_str_t){0});
        return;
    }
    s_count(self, FULL, "a mailbox is full", envelope->from);
    if (envelope->kind == OP_FRAME_REQUEST)
        op_postbox_refuse(self->postbox, envelope->to, envelope);
}

/*  `key` is the connection's, NULL where there are none. */
static void s_take(op_ingress_t *self, op_str_t frame, const char *key)
{
    op_envelope_t envelope;
    op_str_t body;
    if (op_frame_open(frame, &self->arena, &envelope, &body) != OP_DECODE_OK) {
        s_count(self, UNREADABLE, "a frame cannot be read", (op_str_t){0});
        return;
    }
    if (envelope.kind == OP_FRAME_NOTE && envelope.type == op_hello_type.number &&
        op_str_is(envelope.to, "ingress")) {
        s_hear(self, envelope.from, body, key);
        return;
    }
    int process = op_topology_process(self->topology, envelope.from);
    if (process < 0 || !s_may_speak(self, key, envelope.from))
        s_count(self, FOREIGN, "a frame is from whom its connection is not",
                process < 0 ? (op_str_t){0} : envelope.from);
    else if (!op_handshake_understood(&self->shakes[process]))
        s_count(self, MISUNDERSTOOD, "frames come from a process that is not understood",
                envelope.from);
    else if (!op_roles_allow(&envelope, self->itinerary))
        s_count(self, OUT_OF_ROLE, "a frame is not for such an actor to send", envelope.from);
    else
        s_deliver(self, &envelope, frame);
}

static bool s_take_mail(op_ingress_t *self)
{
    void *handle = zsock_resolve(self->listener);
    size_t count = 0;
    for (; count < MAIL_MAX; count++) {
        zmq_msg_t message;
        zmq_msg_init(&message);
        bool taken = zmq_msg_recv(&message, handle, ZMQ_DONTWAIT) >= 0;
        if (taken)
            s_take(self, op_str_of(zmq_msg_data(&message), zmq_msg_size(&message)),
                   zmq_msg_gets(&message, "User-Id"));
        zmq_msg_close(&message);
        if (!taken)
            break;
    }
    op_arena_clear(&self->arena);
    return count == MAIL_MAX;
}

/*  ---- the listening socket and its monitor ---- */

static void s_count_refusals(op_ingress_t *self)
{
    char address[OP_STRANGERS_ADDRESS];
    for (size_t refused = op_strangers_refused(&self->strangers, address); refused; refused--)
        s_count(self, REFUSED, "a connection was refused: it has no key that is permitted",
                op_str(address));
}

static void s_close(op_ingress_t *self)
{
    if (self->listener) {
        op_strangers_forget(&self->strangers, self->listener);
        zsock_unbind(self->listener, "%s", self->topology->listen);
    }
    zsock_destroy(&self->listener);
}

/*  Only a new key of this process's own needs it: peers' are looked at with every frame. Binding
    again takes a moment when the old socket is still being closed. */
static void s_reopen(op_ingress_t *self)
{
    char error[256];
    if (self->listener && self->listener_mark == op_links_mark(self->links, -1))
        return;
    self->listener_mark = op_links_mark(self->links, -1);
    s_close(self);
    int64_t until = op_clock_steady() + OP_LINK_SILENCE_MS;
    do
        self->listener = op_links_bind(self->links, error);
    while (!self->listener && op_clock_steady() < until && poll(NULL, 0, 10) == 0);
    if (self->listener)
        op_strangers_watch(&self->strangers, self->listener);
    else
        op_log(OP_LOG_ERROR, "ingress", "links are down until a restart reason=%s", error);
}

/*  ---- the thread ---- */

/*  False: the end. */
static bool s_obey(op_ingress_t *self)
{
    char *command = zstr_recv(self->pipe);
    bool go_on = command && strcmp(command, "$TERM") != 0;
    if (go_on)
        s_reopen(self);
    zstr_free(&command);
    return go_on;
}

static void s_thread(zsock_t *pipe, void *argument)
{
    op_ingress_t *self = argument;
    self->pipe = pipe;
    self->postbox = op_postbox_new();
    zsock_signal(pipe, 0);
    bool more = false, go_on = true;
    while (go_on) {
        int64_t wait = self->greet_at - op_clock_steady();
        if (wait <= 0)
            s_greet(self);
        zmq_pollitem_t items[] = {
            {.socket = zsock_resolve(pipe), .events = ZMQ_POLLIN},
            {.fd = self->timeline ? op_timeline_news(self->timeline) : -1, .events = ZMQ_POLLIN},
            {.socket = self->listener ? zsock_resolve(self->listener) : NULL, .events = ZMQ_POLLIN},
            {.socket = op_strangers_socket(&self->strangers), .events = ZMQ_POLLIN}};
        if (zmq_poll(items, self->listener ? 4 : 2, more || wait <= 0 ? 0 : (long)wait) < 0 &&
            zmq_errno() != EINTR)
            break;
        if (items[1].revents)
            self->greet_at = op_clock_steady();
        if (self->listener) {
            s_count_refusals(self);
            more = s_take_mail(self);
        }
        go_on = !items[0].revents || s_obey(self);
    }
    s_close(self);
    for (size_t i = 0; i < OP_PEERS_MAX; i++)
        zsock_destroy(&self->greeters[i]);
    op_postbox_destroy(&self->postbox);
    atomic_store(&self->ended, true);
}

/*  ---- new and destroy ---- */

static void s_free(op_ingress_t *self)
{
    s_close(self);
    op_buf_free(&self->catalogue);
    op_buf_free(&self->actors);
    op_buf_free(&self->frame);
    op_arena_free(&self->arena);
    free(self);
}

op_ingress_t *op_ingress_new(op_links_t *links, op_roles_itinerary_t *itinerary,
                             op_timeline_t *timeline, char error[256])
{
    uint8_t entropy[OP_ENTROPY_SIZE];
    op_random_t random;
    op_id_clock_t ids = {0};
    op_ingress_t *self = op_alloc(sizeof *self);
    memset(self, 0, sizeof *self);
    self->links = links;
    self->topology = op_links_topology(links);
    self->itinerary = itinerary;
    self->timeline = timeline;
    op_clock_entropy(entropy, sizeof entropy);
    op_random_seed(&random, entropy);
    self->incarnation = op_id_next(&ids, op_clock_machine(), &random);
    op_catalogue_describe(&self->catalogue);
    for (size_t i = 0; i < self->topology->run_count; i++) {
        if (i > 0)
            op_buf_add_byte(&self->actors, ',');
        op_buf_add_str(&self->actors, op_str(self->topology->run[i]));
    }
    self->listener_mark = op_links_mark(links, -1);
    self->listener = op_links_bind(links, error);
    if (!self->listener ||
        (op_links_curve(links) &&
         op_curve_self_test(op_links_curve(links), self->topology->listen, error) != 0)) {
        s_free(self);
        return NULL;
    }
    op_strangers_watch(&self->strangers, self->listener);
    self->actor = zactor_new(s_thread, self);
    OP_ASSERT(self->actor);
    return self;
}

void op_ingress_destroy(op_ingress_t **self_p)
{
    if (!*self_p)
        return;
    zactor_destroy(&(*self_p)->actor);
    /* zactor waits, but through ZeroMQ, which promises no order of what is in memory. */
    OP_ASSERT(atomic_load(&(*self_p)->ended));
    s_free(*self_p);
    *self_p = NULL;
}

void op_ingress_reload(op_ingress_t *self)
{
    zstr_send(self->actor, "REOPEN");
}
