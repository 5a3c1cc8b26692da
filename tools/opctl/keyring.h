/*  keyring.h - the folder of keys of links (transport/curve.h), as opctl keygen and opctl host keep it

    Works on files and needs no running server; a running opd reads them at SIGHUP. What it writes is
    whole or not there. Functions answer 0, or -1 and one line in `error`. */

#ifndef OP_TOOLS_OPCTL_KEYRING_H
#define OP_TOOLS_OPCTL_KEYRING_H

#include "transport/curve.h"

enum { OP_KEYRING_ERROR = 512, OP_KEYRING_ACTORS_MAX = 400 };

/*  A host that is let in: a certificate of peers/. */
typedef struct {
    char name[OP_CURVE_NAME_MAX + 1];
    char actors[OP_KEYRING_ACTORS_MAX + 1]; /* comma-separated */
    char key[OP_CURVE_KEY + 1];             /* public, Z85 */
} op_keyring_host_t;

/*  A new key pair for this host; the folder is made when it is missing. Where there is one it is
    refused, unless `rotate`: then the former pair stays as host.cert.old and host.cert_secret.old,
    until the next time. */
int op_keyring_make(const char *folder, bool rotate, char key[OP_CURVE_KEY + 1],
                    char error[OP_KEYRING_ERROR]) OP_MUST_CHECK;

/*  Lets in the host whose public certificate `file` is (its host.cert), as these actors. One of that
    name is replaced: so its key is rotated. Refused: a file with a secret key in it, this host's own
    key, and a key or an actor that another host has. */
int op_keyring_add(const char *folder, const char *name, const char *actors, const char *file,
                   op_keyring_host_t *host, char error[OP_KEYRING_ERROR]) OP_MUST_CHECK;

int op_keyring_remove(const char *folder, const char *name,
                      char error[OP_KEYRING_ERROR]) OP_MUST_CHECK;

/*  All of them by name, *count at most OP_PEERS_MAX. The caller frees *hosts. */
int op_keyring_list(const char *folder, op_keyring_host_t **hosts, size_t *count,
                    char error[OP_KEYRING_ERROR]) OP_MUST_CHECK;

#endif
