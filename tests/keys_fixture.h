/*  keys_fixture.h - folders of keys, made by opctl's own sub-commands */

#ifndef OP_TESTS_KEYS_FIXTURE_H
#define OP_TESTS_KEYS_FIXTURE_H

#include "tools/opctl/hosts.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline int s_keys_unlink(const char *path, const struct stat *status, int type,
                                struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

/*  ROOT/<name>, with a key pair. */
static inline void s_keys_make(const char *root, const char *name)
{
    char folder[200];
    snprintf(folder, sizeof folder, "%s/%s", root, name);
    char verb[] = "keygen";
    char *arguments[] = {verb, folder, NULL};
    assert_int_equal(op_ctl_keygen(2, arguments), 0);
}

/*  `host add` at `name` of `peer`, with that file as its key, to speak as these actors: its exit
    status. */
static inline int s_keys_add(const char *root, const char *name, const char *peer, const char *file,
                             const char *actors)
{
    char folder[200], key[200], peer_name[64], list[200];
    snprintf(folder, sizeof folder, "%s/%s", root, name);
    snprintf(key, sizeof key, "%s/%s", root, file);
    snprintf(peer_name, sizeof peer_name, "%s", peer);
    snprintf(list, sizeof list, "%s", actors);
    char host[] = "host", add[] = "add", as[] = "--actors", with[] = "--key", in[] = "--dir";
    char *arguments[] = {host, add, peer_name, as, list, with, key, in, folder, NULL};
    return op_ctl_host(9, arguments);
}

/*  Lets `peer` in at `name`, to speak as these actors. */
static inline void s_keys_let_in(const char *root, const char *name, const char *peer,
                                 const char *actors)
{
    char file[100];
    snprintf(file, sizeof file, "%s/host.cert", peer);
    assert_int_equal(s_keys_add(root, name, peer, file, actors), 0);
}

static inline void s_keys_remove(const char *root)
{
    assert_int_equal(nftw(root, s_keys_unlink, 8, FTW_DEPTH | FTW_PHYS), 0);
}

#endif
