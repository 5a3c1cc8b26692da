/*  hosts.c - the keys of links: what opctl keygen and opctl host print */

#include "tools/opctl/keyring.h"
#include "tools/opctl/opctl.h"

#include "transport/config.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *s_folder(const op_ctl_t *self)
{
    if (self->dir)
        return self->dir;
    return *self->config->link_keys ? self->config->link_keys : "keys";
}

int op_ctl_keygen(op_ctl_t *self, const op_ctl_command_t *command, char **arguments)
{
    char key[OP_CURVE_KEY + 1], error[OP_KEYRING_ERROR];
    const char *folder = arguments[0];
    (void)command;
    int rc = op_ctl_as_owner(folder);
    if (rc != OP_CTL_OK)
        return rc;
    if (op_keyring_make(folder, self->rotate, key, error) != 0)
        return op_ctl_fail(OP_CTL_REFUSED, "%s", error);
    if (self->json)
        op_ctl_show(self, json_pack("{s:s,s:o}", "key", key, "certificate",
                                    json_sprintf("%s/host.cert", folder)));
    else
        printf("key=%s\n"
               "Give %s/host.cert to the other hosts; host.cert_secret stays here.\n",
               key, folder);
    return OP_CTL_OK;
}

static json_t *s_actors(const char *actors)
{
    json_t *list = json_array();
    for (op_str_t rest = op_str(actors); rest.size;) {
        op_str_t actor = op_str_next(&rest, ',');
        json_array_append_new(list, json_stringn(actor.at, actor.size));
    }
    return list;
}

static json_t *s_host(const op_keyring_host_t *host)
{
    return json_pack("{s:s,s:o,s:s}", "name", host->name, "actors", s_actors(host->actors), "key",
                     host->key);
}

/*  The same must be done there. What the configuration says is filled in, the rest is named. */
static void s_say_rest(const op_ctl_t *self, const op_keyring_host_t *host)
{
    const op_config_t *config = self->config;
    const char *actors = self->configured ? config->actors_run : "ACTORS";
    printf("%s may speak as: %s\n"
           "Send SIGHUP to opd here, if it runs.\n"
           "\n"
           "Let this host in at %s, too: copy %s/host.cert there, and\n"
           "  opctl host add NAME --actors %s --key host.cert\n"
           "with a NAME of your choice for this host%s.\n",
           host->name, host->actors, host->name, s_folder(self), actors,
           self->configured ? "" : ", and for ACTORS what runs here (actors/run)");
    if (self->configured && *config->link_listen)
        printf("Its section peers names for each of them %s, where this host listens.\n",
               config->link_listen);
    else
        printf("Its section peers names for each of them where this host listens (link/listen).\n");
}

int op_ctl_host_add(op_ctl_t *self, const op_ctl_command_t *command, char **arguments)
{
    char error[OP_KEYRING_ERROR];
    op_keyring_host_t host;
    (void)command;
    if (!self->actors || !self->key)
        return op_ctl_fail(OP_CTL_USAGE, "host add needs --actors A,B and --key FILE; see --help");
    int rc = op_ctl_as_owner(s_folder(self));
    if (rc != OP_CTL_OK)
        return rc;
    if (op_keyring_add(s_folder(self), arguments[0], self->actors, self->key, &host, error) != 0)
        return op_ctl_fail(OP_CTL_REFUSED, "%s", error);
    if (self->json)
        op_ctl_show(self, s_host(&host));
    else
        s_say_rest(self, &host);
    return OP_CTL_OK;
}

int op_ctl_host_remove(op_ctl_t *self, const op_ctl_command_t *command, char **arguments)
{
    char error[OP_KEYRING_ERROR];
    (void)command;
    if (op_keyring_remove(s_folder(self), arguments[0], error) != 0)
        return op_ctl_fail(OP_CTL_REFUSED, "%s", error);
    if (self->json)
        op_ctl_show(self, json_object());
    else
        printf("%s is let in no more, once opd has got a SIGHUP.\n", arguments[0]);
    return OP_CTL_OK;
}

int op_ctl_host_list(op_ctl_t *self, const op_ctl_command_t *command, char **arguments)
{
    char error[OP_KEYRING_ERROR];
    op_keyring_host_t *hosts;
    size_t count;
    (void)command;
    (void)arguments;
    if (op_keyring_list(s_folder(self), &hosts, &count, error) != 0)
        return op_ctl_fail(OP_CTL_REFUSED, "%s", error);
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, s_host(&hosts[i]));
    free(hosts);
    op_ctl_show(self, json_pack("{s:o}", "hosts", list));
    return OP_CTL_OK;
}
