#include "transport/mailbox.h"

#include "base/limits.h"

#include <czmq.h>
#include <stdlib.h>
#include <string.h>

struct op_mailbox {
    char endpoint[OP_ACTOR_NAME_MAX + 16];
    zsock_t *socket;
    void *handle; /* the ZeroMQ socket inside */
};

typedef struct {
    char name[OP_ACTOR_NAME_MAX + 1];
    zsock_t *socket;
    void *handle;
} address_t;

struct op_postbox {
    address_t *addresses;
    size_t count;
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
    free(self);
    *self_p = NULL;
}

/*  The PUSH socket to a name, connected at the first use; NULL when there are too many. */
static void *s_handle(op_postbox_t *self, op_str_t to)
{
    for (size_t i = 0; i < self->count; i++)
        if (op_str_is(to, self->addresses[i].name))
            return self->addresses[i].handle;
    if (self->count == OP_PEERS_MAX || to.size == 0 || to.size > OP_ACTOR_NAME_MAX)
        return NULL;
    char endpoint[OP_ACTOR_NAME_MAX + 16];
    address_t address = {.socket = zsock_new(ZMQ_PUSH)};
    OP_ASSERT(address.socket);
    op_str_copy(to, address.name, sizeof address.name);
    s_endpoint(address.name, endpoint);
    zsock_set_sndhwm(address.socket, OP_MAILBOX_HWM);
    zsock_set_linger(address.socket, 0);
    if (zsock_connect(address.socket, "%s", endpoint) == -1) {
        zsock_destroy(&address.socket);
        return NULL;
    }
    address.handle = zsock_resolve(address.socket);
    self->addresses = op_realloc(self->addresses, (self->count + 1) * sizeof address);
    self->addresses[self->count++] = address;
    return address.handle;
}

bool op_postbox_send(op_postbox_t *self, op_str_t to, op_str_t frame)
{
    void *handle = s_handle(self, to);
    return handle && zmq_send(handle, frame.at, frame.size, ZMQ_DONTWAIT) >= 0;
}
