#include "transport/links.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct op_links {
    const op_topology_t *topology;
    op_curve_t *curve;
    int changed;
    atomic_bool up[OP_PEERS_MAX];
    atomic_ullong ups[OP_PEERS_MAX], renewals[OP_PEERS_MAX];
};

op_links_t *op_links_new(const op_topology_t *topology, op_curve_t *curve)
{
    op_links_t *self = op_alloc(sizeof *self);
    self->topology = topology;
    self->curve = curve;
    self->changed = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    OP_ASSERT(self->changed >= 0);
    for (size_t i = 0; i < OP_PEERS_MAX; i++) {
        atomic_init(&self->up[i], false);
        atomic_init(&self->ups[i], 0);
        atomic_init(&self->renewals[i], 0);
    }
    return self;
}

void op_links_destroy(op_links_t **self_p)
{
    if (!*self_p)
        return;
    close((*self_p)->changed);
    free(*self_p);
    *self_p = NULL;
}

const op_topology_t *op_links_topology(const op_links_t *self)
{
    return self->topology;
}

op_curve_t *op_links_curve(const op_links_t *self)
{
    return self->curve;
}

bool op_links_up(const op_links_t *self, int process)
{
    return atomic_load(&self->up[process]);
}

void op_links_set_up(op_links_t *self, int process, bool up)
{
    if (atomic_exchange(&self->up[process], up) == up)
        return;
    if (up)
        atomic_fetch_add(&self->ups[process], 1);
    OP_ASSERT(eventfd_write(self->changed, 1) == 0 || errno == EAGAIN);
}

int op_links_changed(const op_links_t *self)
{
    return self->changed;
}

uint64_t op_links_ups(const op_links_t *self, int process)
{
    return atomic_load(&self->ups[process]);
}

bool op_links_all_up(const op_links_t *self)
{
    for (int i = 0; i < (int)self->topology->process_count; i++)
        if (!op_links_up(self, i))
            return false;
    return true;
}

/*  ---- sockets ---- */

/*  What both ends have. A peer that is gone is noticed within OP_LINK_SILENCE_MS, whatever its TCP
    thinks: data to a host behind a cut link would be sent again by the kernel for a quarter of an
    hour. */
static void s_bound(zsock_t *socket)
{
    zsock_set_linger(socket, 0);
    zsock_set_maxmsgsize(socket, OP_FRAME_MAX);
    zsock_set_handshake_ivl(socket, OP_LINK_HANDSHAKE_MS);
    zsock_set_heartbeat_ivl(socket, OP_LINK_SILENCE_MS / 3);
    zsock_set_heartbeat_timeout(socket, OP_LINK_SILENCE_MS);
    zsock_set_heartbeat_ttl(socket, OP_LINK_SILENCE_MS);
    zsock_set_ipv6(socket, 1);
}

/*  An actor of the process, whose certificate is the process's. */
static op_str_t s_actor(const op_links_t *self, int process)
{
    const op_topology_t *topology = self->topology;
    size_t i = 0;
    while (topology->peers[i].process != (size_t)process)
        i++;
    return op_str(topology->peers[i].actor);
}

uint64_t op_links_mark(const op_links_t *self, int process)
{
    if (!self->curve)
        return 0;
    if (process < 0)
        return op_curve_mark(self->curve, OP_STR(""));
    /* The one is a hash, the other a count: with either their sum is another. */
    return op_curve_mark(self->curve, s_actor(self, process)) +
           atomic_load(&self->renewals[process]);
}

void op_links_renew(op_links_t *self, int process)
{
    atomic_fetch_add(&self->renewals[process], 1);
}

zsock_t *op_links_connect(op_links_t *self, int process, bool latest)
{
    zsock_t *socket = zsock_new(ZMQ_PUSH);
    OP_ASSERT(socket);
    s_bound(socket);
    zsock_set_sndhwm(socket, OP_MAILBOX_HWM);
    zsock_set_conflate(socket, latest);
    zsock_set_connect_timeout(socket, OP_LINK_CONNECT_MS);
    zsock_set_reconnect_ivl(socket, OP_LINK_RETRY_MS);
    zsock_set_reconnect_ivl_max(socket, OP_LINK_RETRY_MAX_MS);
    if ((self->curve && !op_curve_join(self->curve, socket, s_actor(self, process))) ||
        zsock_connect(socket, "%s", self->topology->endpoints[process]) == -1)
        zsock_destroy(&socket);
    return socket;
}

/*  A socket file is for the owner only: who may connect may speak. */
static int s_listen(zsock_t *socket, const char *endpoint)
{
    mode_t before = umask(0077);
    int rc = zsock_bind(socket, "%s", endpoint);
    umask(before);
    return rc;
}

zsock_t *op_links_bind(op_links_t *self, char error[256])
{
    const char *endpoint = self->topology->listen;
    zsock_t *socket = zsock_new(ZMQ_PULL);
    OP_ASSERT(socket);
    s_bound(socket);
    zsock_set_rcvhwm(socket, OP_MAILBOX_HWM);
    if (self->curve)
        op_curve_serve(self->curve, socket);
    if (s_listen(socket, endpoint) != -1)
        return socket;
    snprintf(error, 256, "link/listen: cannot listen at %s: %s", endpoint,
             zmq_strerror(zmq_errno()));
    zsock_destroy(&socket);
    return NULL;
}
