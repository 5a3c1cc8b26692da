/*  The ledger's port: links to modem actors, as the ingress (transport/ingress.h) finds them. */

#include "opd/links.h"

#include <sys/eventfd.h>

typedef struct {
    bool said, up;
    uint64_t ups; /* a link that was down for less than a look has come up once more */
} seen_t;

typedef struct {
    op_links_t *links;
    seen_t seen[OP_PEERS_MAX]; /* of each peer of the topology */
    size_t next;               /* to be looked at */
    op_link_state_t note;
} port_t;

static size_t s_fds(void *port, struct pollfd *fds, size_t max, int64_t *timeout_ms)
{
    const port_t *self = port;
    (void)timeout_ms;
    OP_ASSERT(max > 0);
    fds[0] = (struct pollfd){op_links_changed(self->links), POLLIN, 0};
    return 1;
}

static void s_work(void *port, const struct pollfd *fds, size_t count)
{
    port_t *self = port;
    eventfd_t changes;
    if (count == 0 || !(fds[0].revents & POLLIN))
        return;
    (void)eventfd_read(fds[0].fd, &changes);
    self->next = 0;
}

/*  Is there something to say of this peer? */
static bool s_look(port_t *self, size_t which)
{
    const op_topology_peer_t *peer = &op_links_topology(self->links)->peers[which];
    seen_t *seen = &self->seen[which];
    uint64_t ups = op_links_ups(self->links, (int)peer->process);
    bool up = op_links_up(self->links, (int)peer->process);
    if (!op_str_is(op_roles_class(op_str(peer->actor)), "modem") ||
        (seen->said && seen->up == up && (!up || seen->ups == ups)))
        return false;
    *seen = (seen_t){true, up, ups};
    self->note = (op_link_state_t){op_str(peer->actor), up};
    return true;
}

static bool s_next(void *port, const op_type_t **type, const void **body)
{
    port_t *self = port;
    while (self->next < op_links_topology(self->links)->peer_count)
        if (s_look(self, self->next++)) {
            *type = &op_link_state_type;
            *body = &self->note;
            return true;
        }
    return false;
}

static void s_take(void *port, const op_type_t *type, const void *body)
{
    (void)port;
    (void)type;
    (void)body;
}

static void s_destroy(void *port)
{
    free(port);
}

bool op_opd_links_port(op_opd_links_t *self, op_port_t *port)
{
    bool elsewhere = false;
    for (size_t i = 0; i < self->topology.peer_count; i++)
        elsewhere |= op_str_is(op_roles_class(op_str(self->topology.peers[i].actor)), "modem");
    if (!elsewhere)
        return false;
    port_t *links = op_alloc(sizeof *links);
    *links = (port_t){.links = self->links};
    *port = (op_port_t){.name = "links",
                        .self = links,
                        .fds = s_fds,
                        .work = s_work,
                        .next = s_next,
                        .take = s_take,
                        .destroy = s_destroy};
    return true;
}
