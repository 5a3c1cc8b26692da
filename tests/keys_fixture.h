/*  keys_fixture.h - folders of keys, made as opctl makes them */

#ifndef OP_TESTS_KEYS_FIXTURE_H
#define OP_TESTS_KEYS_FIXTURE_H

#include "tools/opctl/keyring.h"

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

/*  ROOT/<name>, with a key pair, new each time. */
static inline void s_keys_make(const char *root, const char *name)
{
    char folder[200], key[OP_CURVE_KEY + 1], error[OP_KEYRING_ERROR];
    snprintf(folder, sizeof folder, "%s/%s", root, name);
    if (op_keyring_make(folder, true, key, error) != 0)
        fail_msg("%s", error);
}

/*  Lets `peer` in at `name`, to speak as these actors. */
static inline void s_keys_let_in(const char *root, const char *name, const char *peer,
                                 const char *actors)
{
    char folder[200], file[200], error[OP_KEYRING_ERROR];
    op_keyring_host_t host;
    snprintf(folder, sizeof folder, "%s/%s", root, name);
    snprintf(file, sizeof file, "%s/%s/host.cert", root, peer);
    if (op_keyring_add(folder, peer, actors, file, &host, error) != 0)
        fail_msg("%s", error);
}

static inline void s_keys_remove(const char *root)
{
    assert_int_equal(nftw(root, s_keys_unlink, 8, FTW_DEPTH | FTW_PHYS), 0);
}

#endif
