#include "tools/opd_links.h"

#include "http/routes.h"
#include "transport/mailbox.h"

int op_opd_links_prepare(op_opd_links_t *self, const op_config_t *config, char error[256])
{
    op_topology_fault_t fault;
    int rc = op_topology_read(&self->topology, config, &fault);
    OP_ASSERT(rc == 0 && "the configuration has been checked");
    if (self->topology.process_count == 0)
        return 0;
    if (config->link_keys[0]) {
        self->curve = op_curve_new(config->link_keys, error);
        if (!self->curve)
            return -1;
    }
    self->links = op_links_new(&self->topology, self->curve);
    op_postbox_use(self->links);
    return 0;
}

int op_opd_links_open(op_opd_links_t *self, char error[256])
{
    if (!self->links)
        return 0;
    self->door = op_door_new(self->links, op_route_leads, error);
    return self->door ? 0 : -1;
}

int op_opd_links_reload(op_opd_links_t *self, char error[256])
{
    if (!self->curve)
        return 0;
    if (op_curve_reload(self->curve, error) != 0)
        return -1;
    op_door_reload(self->door);
    return 0;
}

void op_opd_links_close(op_opd_links_t *self)
{
    op_door_destroy(&self->door);
    op_postbox_use(NULL);
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
