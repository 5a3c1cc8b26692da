#include "transport/topology.h"

#include <stdarg.h>
#include <string.h>

/*  Classes, and whether there may be several of one. */
static const struct {
    const char *name;
    bool several;
} s_classes[] = {{"http", true},     {"rate", false},   {"auth", false},
                 {"webhook", false}, {"ledger", false}, {"modem", true}};

/*  To whom each class sends requests, replies, tells and acks: to at least one of each it must have
    a way, here or elsewhere. */
static const struct {
    const char *from, *to;
} s_speaks_to[] = {
    {"http", "auth"},      {"http", "rate"},    {"http", "ledger"},  {"auth", "http"},
    {"auth", "rate"},      {"auth", "ledger"},  {"auth", "modem"},   {"rate", "http"},
    {"rate", "auth"},      {"rate", "ledger"},  {"rate", "webhook"}, {"webhook", "http"},
    {"webhook", "ledger"}, {"ledger", "http"},  {"ledger", "rate"},  {"ledger", "auth"},
    {"ledger", "webhook"}, {"ledger", "modem"}, {"modem", "ledger"}, {"modem", "auth"},
};

op_str_t op_topology_class(op_str_t name)
{
    const char *dash = name.size ? memchr(name.at, '-', name.size) : NULL;
    return op_str_of(name.at, dash ? (size_t)(dash - name.at) : name.size);
}

bool op_topology_actor_ok(op_str_t name)
{
    op_str_t class = op_topology_class(name);
    if (name.size > OP_ACTOR_NAME_MAX || name.size == class.size + 1)
        return false;
    for (size_t i = class.size + 1; i < name.size; i++) {
        char c = name.at[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9'))
            return false;
    }
    for (size_t i = 0; i < OP_COUNT(s_classes); i++)
        if (op_str_is(class, s_classes[i].name))
            return name.size == class.size || s_classes[i].several;
    return false;
}

static int s_fault(op_topology_fault_t *fault, const char *path, uint16_t line, const char *format,
                   ...) OP_PRINTF(4, 5);
static int s_fault(op_topology_fault_t *fault, const char *path, uint16_t line, const char *format,
                   ...)
{
    va_list arguments;
    snprintf(fault->path, sizeof fault->path, "%s", path);
    fault->line = line;
    va_start(arguments, format);
    vsnprintf(fault->why, sizeof fault->why, format, arguments);
    va_end(arguments);
    return -1;
}

/*  ---- reading ---- */

const char *op_topology_here(const op_topology_t *self, const char *class_name)
{
    for (size_t i = 0; i < self->run_count; i++)
        if (op_str_is(op_topology_class(op_str(self->run[i])), class_name))
            return self->run[i];
    return NULL;
}

static int s_add_run(op_topology_t *self, op_str_t name, op_topology_fault_t *fault)
{
    char class[OP_ACTOR_NAME_MAX + 1];
    op_str_copy(op_topology_class(name), class, sizeof class);
    const char *other = op_topology_here(self, class);
    if (other)
        return s_fault(fault, "actors/run", 0, "%.*s and %s: a process has one %s", (int)name.size,
                       name.at, other, class);
    /* One of each class at most: they always fit. */
    op_str_copy(name, self->run[self->run_count++], sizeof self->run[0]);
    return 0;
}

static int s_read_run(op_topology_t *self, const char *list, op_topology_fault_t *fault)
{
    for (const char *at = list; *at;) {
        op_str_t name = op_str_of(at, strcspn(at, ","));
        if (s_add_run(self, name, fault) != 0)
            return -1;
        at += name.size + (at[name.size] != 0);
    }
    return 0;
}

static size_t s_process(op_topology_t *self, const char *endpoint)
{
    size_t i = 0;
    while (i < self->process_count && strcmp(self->endpoints[i], endpoint) != 0)
        i++;
    if (i == self->process_count)
        strcpy(self->endpoints[self->process_count++], endpoint);
    return i;
}

/*  Can only this machine reach it? */
static bool s_is_local(const char *endpoint)
{
    return strncmp(endpoint, "ipc://", 6) == 0 || strncmp(endpoint, "tcp://127.", 10) == 0 ||
           strncmp(endpoint, "tcp://[::1]:", 12) == 0;
}

static int s_read_peers(op_topology_t *self, const op_config_t *config, op_topology_fault_t *fault)
{
    char path[sizeof fault->path];
    for (size_t i = 0; i < config->peer_count; i++) {
        const op_config_peer_t *peer = &config->peers[i];
        snprintf(path, sizeof path, "peers/%s", peer->actor);
        for (size_t j = 0; j < self->run_count; j++)
            if (strcmp(self->run[j], peer->actor) == 0)
                return s_fault(fault, path, peer->line,
                               "runs here (actors/run): no actor has two owners");
        if (strcmp(peer->endpoint, self->listen) == 0)
            return s_fault(fault, path, peer->line, "%.60s is where this process itself listens",
                           peer->endpoint);
        if (!s_is_local(peer->endpoint) && !config->link_keys[0])
            return s_fault(fault, path, peer->line, "%.60s is not on this machine: set link/keys",
                           peer->endpoint);
        op_topology_peer_t *slot = &self->peers[self->peer_count++];
        strcpy(slot->actor, peer->actor);
        slot->process = s_process(self, peer->endpoint);
    }
    return 0;
}

/*  ---- checking ---- */

static bool s_known(const op_topology_t *self, const char *class_name)
{
    if (op_topology_here(self, class_name))
        return true;
    for (size_t i = 0; i < self->peer_count; i++)
        if (op_str_is(op_topology_class(op_str(self->peers[i].actor)), class_name))
            return true;
    return false;
}

static int s_check_ways(const op_topology_t *self, op_topology_fault_t *fault)
{
    for (size_t i = 0; i < OP_COUNT(s_speaks_to); i++)
        if (op_topology_here(self, s_speaks_to[i].from) && !s_known(self, s_speaks_to[i].to))
            return s_fault(fault, "actors/run", 0,
                           "no route from %s to %s: run it here, or say in peers where it is",
                           s_speaks_to[i].from, s_speaks_to[i].to);
    return 0;
}

static int s_check_listen(const op_topology_t *self, const op_config_t *config,
                          op_topology_fault_t *fault)
{
    if (self->peer_count && !self->listen[0])
        return s_fault(fault, "link/listen", 0,
                       "must be set: there are peers, and they answer through it");
    if (!self->peer_count && self->listen[0])
        return s_fault(fault, "link/listen", 0, "is of no use: there are no peers");
    if (self->listen[0] && !s_is_local(self->listen) && !config->link_keys[0])
        return s_fault(
            fault, "link/listen", 0,
            "%.60s is open to other machines: set link/keys, so that links are encrypted",
            self->listen);
    return 0;
}

int op_topology_read(op_topology_t *self, const op_config_t *config, op_topology_fault_t *fault)
{
    memset(self, 0, sizeof *self);
    strcpy(self->listen, config->link_listen);
    if (s_read_run(self, config->actors_run, fault) != 0 ||
        s_read_peers(self, config, fault) != 0 || s_check_listen(self, config, fault) != 0)
        return -1;
    return s_check_ways(self, fault);
}

int op_topology_process(const op_topology_t *self, op_str_t actor)
{
    for (size_t i = 0; i < self->peer_count; i++)
        if (op_str_is(actor, self->peers[i].actor))
            return (int)self->peers[i].process;
    return -1;
}

void op_topology_actors(const op_topology_t *self, int process, char *text, size_t size)
{
    size_t used = 0;
    text[0] = 0;
    for (size_t i = 0; i < self->peer_count; i++) {
        if (self->peers[i].process != (size_t)process || used >= size)
            continue;
        int more =
            snprintf(text + used, size - used, "%s%s", used ? "," : "", self->peers[i].actor);
        used += more > 0 ? (size_t)more : 0;
    }
}
