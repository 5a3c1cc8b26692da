#include "opd/links.h"

#include "http/routes.h"
#include "opd/simulation.h"
#include "transport/mailbox.h"

static void s_name_modems(op_opd_links_t *self)
{
    const op_topology_t *topology = &self->topology;
    const char *here = op_topology_here(topology, "modem");
    self->modem_here = here ? here : "";
    snprintf(self->modems, sizeof self->modems, "%s", self->modem_here);
    for (size_t i = 0; i < topology->peer_count; i++) {
        const char *actor = topology->peers[i].actor;
        size_t used = strlen(self->modems);
        if (op_str_is(op_roles_class(op_str(actor)), "modem"))
            snprintf(self->modems + used, sizeof self->modems - used, "%s%s", used ? "," : "",
                     actor);
    }
}

int op_opd_links_prepare(op_opd_links_t *self, const op_config_t *config, char error[256])
{
    op_topology_fault_t fault;
    int rc = op_topology_read(&self->topology, config, op_route_itinerary, &fault);
    OP_ASSERT(rc == 0 && "the configuration has been checked");
    s_name_modems(self);
    if (self->topology.process_count == 0)
        return 0;
    if (config->link_keys[0]) {
        self->curve = op_curve_new(config->link_keys, error);
        if (!self->curve)
            return -1;
    }
    self->links = op_links_new(&self->topology, self->curve);
    if (op_opd_simulated(config))
        self->timeline = op_timeline_new(self->links);
    op_postbox_use(self->links);
    return 0;
}

int op_opd_links_open(op_opd_links_t *self, char error[256])
{
    if (!self->links)
        return 0;
    self->ingress = op_ingress_new(self->links, op_route_itinerary, self->timeline, error);
    return self->ingress ? 0 : -1;
}

static uint64_t s_mark(const op_opd_links_t *self, size_t process)
{
    const op_topology_peer_t *peer = self->topology.peers;
    while (peer->process != process)
        peer++;
    return op_curve_mark(self->curve, op_str(peer->actor));
}

int op_opd_links_reload(op_opd_links_t *self, size_t *changed, char error[256])
{
    uint64_t marks[OP_PEERS_MAX];
    size_t count = self->topology.process_count;
    *changed = 0;
    if (!self->curve)
        return 0;
    for (size_t i = 0; i < count; i++)
        marks[i] = s_mark(self, i);
    if (op_curve_reload(self->curve, error) != 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        *changed += marks[i] != s_mark(self, i);
    op_ingress_reload(self->ingress);
    return 0;
}

void op_opd_links_close(op_opd_links_t *self)
{
    op_ingress_destroy(&self->ingress);
    op_postbox_use(NULL);
    op_timeline_destroy(&self->timeline);
    op_links_destroy(&self->links);
    op_curve_destroy(&self->curve);
}

bool op_opd_links_have_time(const op_opd_links_t *self)
{
    int ledger = self->links ? op_topology_process(&self->topology, OP_STR("ledger")) : -1;
    return ledger < 0 || op_links_up(self->links, ledger);
}

bool op_opd_links_up(const op_opd_links_t *self)
{
    return !self->links || op_links_all_up(self->links);
}

/*  ---- what the operator sees ---- */

/*  Tells of this process's actors for those of another one. */
static uint64_t s_unacknowledged(const op_topology_t *topology, op_runtime_t *runtime, int process)
{
    op_runtime_view_t view;
    uint64_t count = 0;
    for (size_t i = 0; op_runtime_view(runtime, i, &view); i++)
        for (size_t l = 0; l < view.link_count; l++)
            if (op_topology_process(topology, op_str(view.links[l].peer)) == process)
                count += view.links[l].unacknowledged;
    return count;
}

bool op_opd_links_peer(const op_opd_links_t *self, op_runtime_t *runtime, size_t index,
                       op_opd_peer_t *peer)
{
    if (!self->links || index >= self->topology.process_count)
        return false;
    int process = (int)index;
    *peer = (op_opd_peer_t){.endpoint = self->topology.endpoints[index],
                            .up = op_links_up(self->links, process),
                            .connected = op_links_ups(self->links, process),
                            .unacknowledged = s_unacknowledged(&self->topology, runtime, process)};
    op_topology_actors(&self->topology, process, peer->actors, sizeof peer->actors);
    return true;
}

const char *op_opd_links_ingress(const op_opd_links_t *self, size_t index, uint64_t *count)
{
    op_ingress_counts_t counts =
        self->ingress ? op_ingress_counts(self->ingress) : (op_ingress_counts_t){0};
    const struct {
        const char *name;
        uint64_t count;
    } all[] = {{"taken", counts.taken},
               {"refused", counts.refused},
               {"unreadable", counts.unreadable},
               {"foreign", counts.foreign},
               {"misunderstood", counts.misunderstood},
               {"out_of_role", counts.out_of_role},
               {"full", counts.full}};
    if (!self->ingress || index >= OP_COUNT(all))
        return NULL;
    *count = all[index].count;
    return all[index].name;
}

void op_opd_links_measure(const op_opd_links_t *self, op_runtime_t *runtime, op_metrics_t *metrics)
{
    op_opd_peer_t peer;
    const op_str_t none = {0};
    uint64_t count;
    const char *result;
    for (size_t i = 0; op_opd_links_peer(self, runtime, i, &peer); i++) {
        op_str_t name = op_str(peer.actors);
        op_metrics_put(metrics, OP_METRIC_LINK_UP, peer.up, name, none);
        op_metrics_put(metrics, OP_METRIC_LINK_CONNECTED, (int64_t)peer.connected, name, none);
        op_metrics_put(metrics, OP_METRIC_LINK_UNACKNOWLEDGED, (int64_t)peer.unacknowledged, name,
                       none);
    }
    for (size_t i = 0; (result = op_opd_links_ingress(self, i, &count)) != NULL; i++)
        op_metrics_put(metrics, OP_METRIC_INGRESS, (int64_t)count, op_str(result), none);
}
