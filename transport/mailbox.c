#include "transport/mailbox.h"

#include "transport/clock.h"
#include "transport/log.h"

#include <czmq.h>
#include <stdlib.h>
#include <string.h>

struct op_mailbox {
    char endpoint[OP_ACTOR_NAME_MAX + 16];
    zsock_t *socket;
    void *handle; /* the ZeroMQ socket inside */
};

/*  A socket, to one actor here or to all actors of another process. */
typedef struct {
    char name[OP_ACTOR_NAME_MAX + 1]; /* of the actor; empty: a process */
    int process;
    uint64_t mark; /* of the keys it was made with */
    zsock_t *socket;
    void *handle;
} address_t;

/*  A receiver that takes nothing at present. */
typedef struct {
    char name[OP_ACTOR_NAME_MAX + 1], source[OP_ACTOR_NAME_MAX + 1];
    uint64_t count; /* 0: it takes what comes */
    bool cut;       /* its link was down */
    int64_t since;  /* steady */
} deaf_t;

enum { FULL_LOG_MS = 10000 }; /* a mailbox that is full takes something now and then */

struct op_postbox {
    address_t *addresses;
    size_t count;
    deaf_t *deaf;
    size_t deaf_count; /* that there have ever been */
};

static void s_endpoint(const char *name, char endpoint[OP_ACTOR_NAME_MAX + 16])
{
    snprintf(endpoint, OP_ACTOR_NAME_MAX + 16, "inproc://%s", name);
}

op_mailbox_t *op_mailbox_new(const char *name, char error[256])
{
    op_mailbox_t *self = op_alloc(sizeof *self);
    s_endpoint(name, self->endpoint);
    zsock_t *socket = zsock_new(ZMQ_PULL);
    OP_ASSERT(socket);
    zsock_set_rcvhwm(socket, OP_MAILBOX_HWM);
    zsock_set_linger(socket, 0);
    zsock_set_maxmsgsize(socket, OP_FRAME_MAX);
    if (zsock_bind(socket, "%s", self->endpoint) == -1) {
        snprintf(error, 256, "cannot bind %s: %s", self->endpoint, zmq_strerror(zmq_errno()));
        zsock_destroy(&socket);
        free(self);
        return NULL;
    }
    self->socket = socket;
    self->handle = zsock_resolve(socket);
    return self;
}

void op_mailbox_destroy(op_mailbox_t **self_p)
{
    op_mailbox_t *self = *self_p;
    if (!self)
        return;
    /* Closing frees the name only some time later, in the background. */
    zsock_unbind(self->socket, "%s", self->endpoint);
    zsock_destroy(&self->socket);
    free(self);
    *self_p = NULL;
}

void *op_mailbox_socket(op_mailbox_t *self)
{
    return self->handle;
}

bool op_mailbox_take(op_mailbox_t *self, op_buf_t *frame)
{
    zmq_msg_t message;
    zmq_msg_init(&message);
    bool taken = zmq_msg_recv(&message, self->handle, ZMQ_DONTWAIT) >= 0;
    if (taken) {
        op_buf_clear(frame);
        op_buf_add(frame, zmq_msg_data(&message), zmq_msg_size(&message));
    }
    zmq_msg_close(&message);
    return taken;
}

op_postbox_t *op_postbox_new(void)
{
    op_postbox_t *self = op_alloc(sizeof *self);
    *self = (op_postbox_t){0};
    return self;
}

void op_postbox_destroy(op_postbox_t **self_p)
{
    op_postbox_t *self = *self_p;
    if (!self)
        return;
    for (size_t i = 0; i < self->count; i++)
        zsock_destroy(&self->addresses[i].socket);
    free(self->addresses);
    free(self->deaf);
    free(self);
    *self_p = NULL;
}

static op_links_t *s_links;

void op_postbox_use(op_links_t *links)
{
    s_links = links;
}

const op_links_t *op_postbox_links(void)
{
    return s_links;
}

/*  A new place for an address; NULL when there are too many. */
static address_t *s_add(op_postbox_t *self, zsock_t *socket)
{
    if (!socket || self->count == OP_PEERS_MAX) {
        zsock_destroy(&socket);
        return NULL;
    }
    self->addresses = op_realloc(self->addresses, (self->count + 1) * sizeof *self->addresses);
    address_t *address = &self->addresses[self->count++];
    *address = (address_t){.process = -1, .socket = socket, .handle = zsock_resolve(socket)};
    return address;
}

/*  The PUSH socket to an actor here, connected at the first use. */
static void *s_near(op_postbox_t *self, op_str_t to)
{
    for (size_t i = 0; i < self->count; i++)
        if (self->addresses[i].process < 0 && op_str_is(to, self->addresses[i].name))
            return self->addresses[i].handle;
    if (to.size == 0 || to.size > OP_ACTOR_NAME_MAX)
        return NULL;
    char endpoint[OP_ACTOR_NAME_MAX + 16], name[OP_ACTOR_NAME_MAX + 1];
    zsock_t *socket = zsock_new(ZMQ_PUSH);
    OP_ASSERT(socket);
    op_str_copy(to, name, sizeof name);
    s_endpoint(name, endpoint);
    zsock_set_sndhwm(socket, OP_MAILBOX_HWM);
    zsock_set_linger(socket, 0);
    if (zsock_connect(socket, "%s", endpoint) == -1)
        zsock_destroy(&socket);
    address_t *address = s_add(self, socket);
    if (address)
        strcpy(address->name, name);
    return address ? address->handle : NULL;
}

/*  The PUSH socket to another process, made anew when keys have changed. NULL: it cannot be
    reached. */
static void *s_far(op_postbox_t *self, int process)
{
    if (!op_links_up(s_links, process))
        return NULL;
    uint64_t mark = op_links_mark(s_links, process);
    address_t *address = NULL;
    for (size_t i = 0; i < self->count && !address; i++)
        if (self->addresses[i].process == process)
            address = &self->addresses[i];
    if (address && address->mark == mark)
        return address->handle;
    zsock_t *socket = op_links_connect(s_links, process, false);
    if (address && socket) {
        zsock_destroy(&address->socket);
        address->socket = socket;
        address->handle = zsock_resolve(socket);
    } else if (!address) {
        address = s_add(self, socket);
    } else {
        return NULL;
    }
    if (!address)
        return NULL;
    address->process = process;
    address->mark = mark;
    return address->handle;
}

/*  ---- what is given up ---- */

static bool s_is_cut(op_str_t to)
{
    int process = s_links ? op_topology_process(op_links_topology(s_links), to) : -1;
    return process >= 0 && !op_links_up(s_links, process);
}

static deaf_t *s_deaf(const op_postbox_t *self, op_str_t to)
{
    for (size_t i = 0; i < self->deaf_count; i++)
        if (op_str_is(to, self->deaf[i].name))
            return &self->deaf[i];
    return NULL;
}

void op_postbox_lost(op_postbox_t *self, const char *source, const char *what, op_str_t to,
                     op_str_t request_id)
{
    deaf_t *deaf = s_deaf(self, to);
    if (!deaf && (self->deaf_count == OP_PEERS_MAX || to.size > OP_ACTOR_NAME_MAX))
        return;
    if (!deaf) {
        self->deaf = op_realloc(self->deaf, (self->deaf_count + 1) * sizeof *self->deaf);
        deaf = &self->deaf[self->deaf_count++];
        *deaf = (deaf_t){.count = 0};
        op_str_copy(to, deaf->name, sizeof deaf->name);
    }
    if (deaf->count++ > 0)
        return;
    deaf->cut = s_is_cut(to);
    deaf->since = op_clock_steady();
    op_str_copy(op_str(source), deaf->source, sizeof deaf->source);
    op_log(OP_LOG_WARNING, source, "%s, because %s mailbox=%s request=%.*s", what,
           deaf->cut ? "the link is down" : "a mailbox is full", deaf->name, (int)request_id.size,
           request_id.at);
}

static void s_heard(op_postbox_t *self, op_str_t to)
{
    deaf_t *deaf = s_deaf(self, to);
    if (!deaf || deaf->count == 0 || (!deaf->cut && op_clock_steady() - deaf->since < FULL_LOG_MS))
        return;
    op_log(OP_LOG_INFO, deaf->source, "messages are taken again mailbox=%s lost=%llu", deaf->name,
           (unsigned long long)deaf->count);
    deaf->count = 0;
}

/*  ---- sending ---- */

bool op_postbox_send(op_postbox_t *self, op_str_t to, op_str_t frame)
{
    int process = s_links ? op_topology_process(op_links_topology(s_links), to) : -1;
    void *handle = process < 0 ? s_near(self, to) : s_far(self, process);
    bool taken = handle && zmq_send(handle, frame.at, frame.size, ZMQ_DONTWAIT) >= 0;
    if (taken && self->deaf_count)
        s_heard(self, to);
    return taken;
}

void op_postbox_refuse(op_postbox_t *self, op_str_t from, const op_envelope_t *request)
{
    op_envelope_t reply = {.kind = OP_FRAME_REPLY,
                           .from = from,
                           .to = request->origin,
                           .correlation = request->correlation,
                           .request_id = request->request_id};
    op_refusal_t refusal = {.error = OP_ERROR_UNAVAILABLE, .retry_after = 1};
    op_buf_t frame = {0};
    op_frame_encode(&reply, &op_refusal_type, &refusal, &frame);
    if (!op_postbox_send(self, request->origin, op_buf_str(&frame)))
        op_postbox_lost(self, "postbox", "replies are dropped", request->origin,
                        request->request_id);
    op_buf_free(&frame);
}
