/*  Certificates are read as ZPL here and not by zcert_load, which prefers the secret one beside the
    file that it is given. */

#include "tools/opctl/keyring.h"

#include "base/path.h"
#include "transport/roles.h"

#include <dirent.h>
#include <sys/stat.h>

enum { PATH_SIZE = 1024 };

static int s_sorry(char error[OP_KEYRING_ERROR], const char *what, const char *why)
{
    snprintf(error, OP_KEYRING_ERROR, "%.250s: %s", what, why);
    return -1;
}

static int s_errno(char error[OP_KEYRING_ERROR], const char *what)
{
    return s_sorry(error, what, strerror(errno));
}

/*  A folder for its owner only; it may be there already. */
static int s_make_folder(const char *path, char error[OP_KEYRING_ERROR])
{
    char parent[OP_PATH_MAX];
    if (mkdir(path, 0700) == 0 || errno == EEXIST)
        return 0;
    return s_errno(error, op_path_blame(path, errno, parent));
}

static void s_path(char path[PATH_SIZE], const char *folder, const char *name)
{
    snprintf(path, PATH_SIZE, "%.900s/%s", folder, name);
}

static int s_make_folders(const char *folder, char error[OP_KEYRING_ERROR])
{
    char peers[PATH_SIZE];
    s_path(peers, folder, "peers");
    return s_make_folder(folder, error) || s_make_folder(peers, error) ? -1 : 0;
}

/*  ---- This host's own pair ---- */

/*  The file under another name as well, in place of what has that name. */
static int s_keep(const char *path, const char *old, char error[OP_KEYRING_ERROR])
{
    if ((unlink(old) != 0 && errno != ENOENT) || (link(path, old) != 0 && errno != ENOENT))
        return s_errno(error, old);
    return 0;
}

/*  Written beside the old ones and then renamed: a crash leaves either pair. The secret goes first,
    for it holds both keys and is what a server reads. */
static int s_save(zcert_t *cert, const char *folder, char error[OP_KEYRING_ERROR])
{
    char fresh[PATH_SIZE], fresh_secret[PATH_SIZE], path[PATH_SIZE], secret[PATH_SIZE],
        old[PATH_SIZE], old_secret[PATH_SIZE];
    s_path(fresh, folder, "host.cert.new");
    s_path(fresh_secret, folder, "host.cert.new_secret");
    s_path(path, folder, "host.cert");
    s_path(secret, folder, "host.cert_secret");
    s_path(old, folder, "host.cert.old");
    s_path(old_secret, folder, "host.cert_secret.old");
    mode_t before = umask(0077);
    int rc = zcert_save(cert, fresh);
    umask(before);
    if (rc != 0 || chmod(fresh_secret, 0600) != 0 || chmod(fresh, 0644) != 0)
        return s_errno(error, fresh);
    if (s_keep(secret, old_secret, error) != 0 || s_keep(path, old, error) != 0)
        return -1;
    if (rename(fresh_secret, secret) != 0)
        return s_errno(error, secret);
    return rename(fresh, path) == 0 ? 0 : s_errno(error, path);
}

int op_keyring_make(const char *folder, bool rotate, char key[OP_CURVE_KEY + 1],
                    char error[OP_KEYRING_ERROR])
{
    char secret[PATH_SIZE];
    zsys_handler_set(NULL); /* CZMQ would take SIGINT for itself */
    s_path(secret, folder, "host.cert_secret");
    if (!rotate && access(secret, F_OK) == 0)
        return s_sorry(error, secret, "is there already; --rotate puts a new one in its place");
    if (s_make_folders(folder, error) != 0)
        return -1;
    zcert_t *cert = zcert_new();
    if (!cert)
        return s_sorry(error, "keygen", "this libzmq has no CURVE");
    int rc = s_save(cert, folder, error);
    snprintf(key, OP_CURVE_KEY + 1, "%s", zcert_public_txt(cert));
    zcert_destroy(&cert);
    return rc;
}

/*  ---- Certificates ---- */

/*  What this very file says; members it has not are empty. -1: it is no certificate. */
static int s_read(const char *path, op_keyring_host_t *host, bool *secret,
                  char error[OP_KEYRING_ERROR])
{
    if (access(path, R_OK) != 0)
        return s_errno(error, path);
    zconfig_t *root = zconfig_load(path);
    const char *key = root ? zconfig_get(root, "curve/public-key", "") : "";
    uint8_t bytes[32];
    *host = (op_keyring_host_t){.name = ""};
    bool good = strlen(key) == OP_CURVE_KEY && zmq_z85_decode(bytes, key);
    if (good) {
        snprintf(host->key, sizeof host->key, "%s", key);
        snprintf(host->name, sizeof host->name, "%s", zconfig_get(root, "metadata/name", ""));
        snprintf(host->actors, sizeof host->actors, "%s", zconfig_get(root, "metadata/actors", ""));
        *secret = zconfig_get(root, "curve/secret-key", NULL) != NULL;
    }
    zconfig_destroy(&root);
    return good ? 0 : s_sorry(error, path, "no certificate with a public key");
}

static int s_is_certificate(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return dot && strcmp(dot, ".cert") == 0;
}

int op_keyring_list(const char *folder, op_keyring_host_t **hosts, size_t *count,
                    char error[OP_KEYRING_ERROR])
{
    char peers[PATH_SIZE], path[PATH_SIZE + 256];
    struct dirent **entries = NULL;
    bool secret;
    zsys_handler_set(NULL);
    s_path(peers, folder, "peers");
    int found = scandir(peers, &entries, s_is_certificate, alphasort), rc = 0;
    if (found < 0)
        return s_errno(error, peers);
    *hosts = op_alloc(OP_PEERS_MAX * sizeof **hosts);
    *count = 0;
    for (int i = 0; i < found; i++) {
        snprintf(path, sizeof path, "%s/%s", peers, entries[i]->d_name);
        if (rc == 0 && *count == OP_PEERS_MAX)
            rc = s_sorry(error, peers, "too many certificates");
        if (rc == 0)
            rc = s_read(path, &(*hosts)[(*count)++], &secret, error);
        free(entries[i]);
    }
    free(entries);
    if (rc != 0) {
        free(*hosts);
        *hosts = NULL;
    }
    return rc;
}

/*  ---- Letting in ---- */

/*  Names become file names: letters, digits and '-'. */
static bool s_name_ok(const char *name)
{
    size_t size = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");
    return size > 0 && size <= OP_CURVE_NAME_MAX && !name[size] && name[0] != '-';
}

static bool s_actors_ok(const char *actors)
{
    if (!*actors || strlen(actors) > OP_KEYRING_ACTORS_MAX)
        return false;
    for (op_str_t rest = op_str(actors); rest.size;)
        if (!op_roles_actor_ok(op_str_next(&rest, ',')))
            return false;
    return true;
}

static int s_no_name(const char *name, char error[OP_KEYRING_ERROR])
{
    return s_sorry(error, name, "a host's name is letters, digits and '-'");
}

static bool s_share_an_actor(const op_keyring_host_t *one, const op_keyring_host_t *other)
{
    for (op_str_t rest = op_str(one->actors); rest.size;)
        if (op_str_in(op_str_next(&rest, ','), op_str(other->actors)))
            return true;
    return false;
}

/*  0: nobody else has its key or one of its actors (transport/curve.h). */
static int s_check_rivals(const char *folder, const op_keyring_host_t *host,
                          char error[OP_KEYRING_ERROR])
{
    char path[PATH_SIZE], why[200] = "";
    op_keyring_host_t own, *hosts;
    size_t count;
    bool secret;
    s_path(path, folder, "host.cert");
    if (access(path, F_OK) == 0 && s_read(path, &own, &secret, error) != 0)
        return -1;
    if (access(path, F_OK) == 0 && strcmp(own.key, host->key) == 0)
        return s_sorry(error, host->name, "that is this host's own key");
    if (op_keyring_list(folder, &hosts, &count, error) != 0)
        return -1;
    for (size_t i = 0; i < count && !*why; i++) {
        if (strcmp(hosts[i].name, host->name) == 0)
            continue;
        if (strcmp(hosts[i].key, host->key) == 0)
            snprintf(why, sizeof why, "%s has that key already", hosts[i].name);
        else if (s_share_an_actor(&hosts[i], host))
            snprintf(why, sizeof why, "%s may speak as one of these actors already", hosts[i].name);
    }
    free(hosts);
    return *why ? s_sorry(error, host->name, why) : 0;
}

static int s_save_host(const char *folder, const op_keyring_host_t *host,
                       char error[OP_KEYRING_ERROR])
{
    char path[PATH_SIZE], fresh[PATH_SIZE + 8];
    snprintf(path, sizeof path, "%.900s/peers/%s.cert", folder, host->name);
    snprintf(fresh, sizeof fresh, "%s.new", path);
    uint8_t key[32];
    zcert_t *cert = zmq_z85_decode(key, host->key) ? zcert_new_from(key, key) : NULL;
    if (!cert)
        return s_sorry(error, host->name, "no public key");
    zcert_set_meta(cert, "name", "%s", host->name);
    zcert_set_meta(cert, "actors", "%s", host->actors);
    int rc =
        zcert_save_public(cert, fresh) == 0 && rename(fresh, path) == 0 ? 0 : s_errno(error, path);
    zcert_destroy(&cert);
    return rc;
}

int op_keyring_add(const char *folder, const char *name, const char *actors, const char *file,
                   op_keyring_host_t *host, char error[OP_KEYRING_ERROR])
{
    bool secret = false;
    zsys_handler_set(NULL);
    if (!s_name_ok(name))
        return s_no_name(name, error);
    if (!s_actors_ok(actors))
        return s_sorry(error, "--actors", "a list of " OP_ROLES_ACTORS);
    if (s_read(file, host, &secret, error) != 0)
        return -1;
    if (secret)
        return s_sorry(error, file,
                       "a secret key is in it, which no other host may have: take its host.cert");
    snprintf(host->name, sizeof host->name, "%s", name);
    snprintf(host->actors, sizeof host->actors, "%s", actors);
    if (s_make_folders(folder, error) != 0 || s_check_rivals(folder, host, error) != 0)
        return -1;
    return s_save_host(folder, host, error);
}

int op_keyring_remove(const char *folder, const char *name, char error[OP_KEYRING_ERROR])
{
    char path[PATH_SIZE];
    if (!s_name_ok(name))
        return s_no_name(name, error);
    snprintf(path, sizeof path, "%.900s/peers/%s.cert", folder, name);
    return remove(path) == 0 ? 0 : s_errno(error, path);
}
