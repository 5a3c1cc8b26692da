/*  What no key can tell alone. */

#include "transport/config_private.h"
#include "transport/topology.h"

#include <string.h>

static int s_wrong_in(const op_config_t *self, const char *path, uint16_t line, const char *why,
                      char error[OP_CONFIG_ERROR])
{
    if (line)
        return op_config_say(error, "%s:%d: %s: %s", self->source, (int)line, path, why);
    return op_config_say(error, "%s: %s", path, why);
}

int op_config_wrong(const op_config_t *self, const char *path, const char *why,
                    char error[OP_CONFIG_ERROR])
{
    const op_config_key_t *key = op_config_key(op_str(path));
    return s_wrong_in(self, path, key ? self->lines[key - op_config_keys] : 0, why, error);
}

/*  ---- listeners ---- */

typedef struct {
    const char *path, *listen;
    bool public, used;
    const char *remedy; /* for an address that is not loopback */
} listener_t;

/*  Not loopback, and nobody has said that it may be. */
static int s_check_public(const op_config_t *self, const listener_t *of,
                          char error[OP_CONFIG_ERROR])
{
    char why[OP_CONFIG_WHY];
    if (!*of->listen || of->public || op_config_listen_is_local(op_str(of->listen)))
        return 0;
    snprintf(why, sizeof why, "%s is not loopback; %s", of->listen, of->remedy);
    return op_config_wrong(self, of->path, why, error);
}

static op_str_t s_host(const char *listen)
{
    size_t size = (size_t)(strrchr(listen, ':') - listen);
    op_str_t host = op_str_of(listen, size);
    return op_str_is(host, "localhost") ? OP_STR("127.0.0.1") : host;
}

static bool s_is_any(op_str_t host)
{
    return op_str_is(host, "0.0.0.0") || op_str_is(host, "[::]");
}

/*  Port 0 is any free one, and no other's. */
static bool s_clash(const listener_t *a, const listener_t *b)
{
    if (!a->used || !b->used || !*a->listen || !*b->listen)
        return false;
    op_str_t one = s_host(a->listen), other = s_host(b->listen);
    uint64_t one_port, other_port;
    if (!op_str_to_u64(op_str(strrchr(a->listen, ':') + 1), 65535, &one_port) ||
        !op_str_to_u64(op_str(strrchr(b->listen, ':') + 1), 65535, &other_port))
        return false;
    return one_port && one_port == other_port &&
           (op_str_equal(one, other) || s_is_any(one) || s_is_any(other));
}

static int s_check_listeners(const op_config_t *self, const op_topology_t *topology,
                             char error[OP_CONFIG_ERROR])
{
    const char *link = self->link_listen;
    const listener_t all[] = {
        {"http/listen", self->http_listen, self->http_public_listen,
         op_topology_here(topology, "http") != NULL,
         "put a TLS proxy in front, or set http/public_listen to true"},
        {"metrics/listen", self->metrics_listen, self->metrics_public_listen, true,
         "to serve metrics there, set metrics/public_listen to true"},
        {"simulate/listen", self->simulate_listen, self->http_public_listen, true,
         "to serve /sim there, set http/public_listen to true"},
        {"link/listen", strncmp(link, "tcp://", 6) == 0 ? link + 6 : "", true, true, ""}};
    for (size_t i = 0; i < OP_COUNT(all); i++) {
        if (s_check_public(self, &all[i], error) != 0)
            return -1;
        for (size_t j = 0; j < i; j++) {
            char why[OP_CONFIG_WHY];
            if (!s_clash(&all[i], &all[j]))
                continue;
            snprintf(why, sizeof why, "%s is where %s is, too", all[i].listen, all[j].path);
            return op_config_wrong(self, all[i].path, why, error);
        }
    }
    return 0;
}

/*  ---- modems ---- */

static int s_check_modems(const op_config_t *self, const op_topology_t *topology,
                          char error[OP_CONFIG_ERROR])
{
    char why[OP_CONFIG_WHY];
    if (self->modem_count && !op_topology_here(topology, "modem"))
        return s_wrong_in(self, "modems/modem", self->modem_lines[0],
                          "no modem actor runs here (actors/run): nobody would use it", error);
    if (self->modem_count + self->simulate_modems > OP_LINES_MAX) {
        snprintf(why, sizeof why, "with %zu real modems at most %zu fit", self->modem_count,
                 OP_LINES_MAX - self->modem_count);
        return op_config_wrong(self, "simulate/modems", why, error);
    }
    for (size_t i = 0; i < self->modem_count; i++)
        if ((*self->modems[i].imei || *self->modems[i].iccid) && !*self->modem_devices)
            return s_wrong_in(self, "modem/devices", self->modem_lines[i],
                              "a modem by imei: or iccid: needs to be told where to look for it, "
                              "such as /dev/ttyUSB*",
                              error);
    return 0;
}

int op_config_check(const op_config_t *self, op_roles_itinerary_t *itinerary,
                    char error[OP_CONFIG_ERROR])
{
    op_topology_t topology;
    op_topology_fault_t fault;
    if (op_topology_read(&topology, self, itinerary, &fault) != 0) {
        const op_config_key_t *key = op_config_key(op_str(fault.path));
        uint16_t line = key ? self->lines[key - op_config_keys] : 0;
        return s_wrong_in(self, fault.path, line ? line : fault.line, fault.why, error);
    }
    return s_check_listeners(self, &topology, error) != 0 ? -1
                                                          : s_check_modems(self, &topology, error);
}
