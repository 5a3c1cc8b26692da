#include "transport/curve.h"

#include "transport/clock.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef ZMQ_ZAP_ENFORCE_DOMAIN
#define ZMQ_ZAP_ENFORCE_DOMAIN 93 /* works, though zmq.h has it among its drafts */
#endif

enum { ACTORS_MAX = 400 };

typedef struct {
    char name[OP_CURVE_NAME_MAX + 1];
    char key[OP_CURVE_KEY + 1];
    char actors[ACTORS_MAX + 1]; /* comma-separated */
} peer_t;

/*  What the folder says. */
typedef struct {
    zcert_t *own;
    size_t count;
    peer_t peers[OP_PEERS_MAX];
} keys_t;

struct op_curve {
    char folder[600];
    zactor_t *auth;
    pthread_mutex_t mutex; /* of what follows */
    keys_t *keys;
};

/*  ---- Reading the folder ---- */

static void s_keys_destroy(keys_t **keys_p)
{
    if (*keys_p)
        zcert_destroy(&(*keys_p)->own);
    free(*keys_p);
    *keys_p = NULL;
}

/*  By errno; `maker` is the command that makes it, where it is not there. */
static int s_cannot_read(const char *path, const char *maker, char error[256])
{
    bool missing = errno == ENOENT;
    snprintf(error, 256, "%.150s: %s%s%s%s", path, strerror(errno), missing ? " (" : "",
             missing ? maker : "", missing ? " makes it)" : "");
    return -1;
}

/*  CZMQ says of no certificate why it cannot have it. */
static bool s_can_read(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static int s_read_own(keys_t *keys, const char *folder, char error[256])
{
    char path[640];
    struct stat status;
    snprintf(path, sizeof path, "%s/host.cert_secret", folder);
    if (stat(path, &status) != 0 || !s_can_read(path))
        return s_cannot_read(path, "opctl keygen", error);
    if (status.st_mode & 077) {
        snprintf(error, 256, "%.150s: others than its owner may read it: chmod 600", path);
        return -1;
    }
    snprintf(path, sizeof path, "%s/host.cert", folder);
    keys->own = zcert_load(path);
    if (keys->own && strspn(zcert_secret_txt(keys->own), "0") != OP_CURVE_KEY)
        return 0;
    snprintf(error, 256, "%.150s: no certificate with its secret key", path);
    return -1;
}

/*  Is there a key or an actor that another certificate has as well? */
static const peer_t *s_rival(const keys_t *keys, const peer_t *peer)
{
    for (size_t i = 0; i < keys->count; i++) {
        const peer_t *other = &keys->peers[i];
        if (strcmp(other->key, peer->key) == 0)
            return other;
        for (op_str_t rest = op_str(peer->actors); rest.size;)
            if (op_str_in(op_str_next(&rest, ','), op_str(other->actors)))
                return other;
    }
    return NULL;
}

static int s_read_peer(keys_t *keys, const char *path, char error[256])
{
    if (!s_can_read(path))
        return s_cannot_read(path, "opctl host add", error);
    zcert_t *cert = zcert_load(path);
    const char *name = cert ? zcert_meta(cert, "name") : NULL;
    const char *actors = cert ? zcert_meta(cert, "actors") : NULL;
    const char *sorry = NULL;
    if (!cert)
        sorry = "no certificate";
    else if (!name || !actors || strlen(name) > OP_CURVE_NAME_MAX || strlen(actors) > ACTORS_MAX)
        sorry = "no name or actors in it: opctl host add writes such files";
    else if (keys->count == OP_PEERS_MAX)
        sorry = "too many certificates";
    if (!sorry) {
        peer_t *peer = &keys->peers[keys->count];
        strcpy(peer->name, name);
        strcpy(peer->actors, actors);
        snprintf(peer->key, sizeof peer->key, "%s", zcert_public_txt(cert));
        if (s_rival(keys, peer))
            sorry = "another certificate has its key, or names one of its actors";
        keys->count += !sorry;
    }
    zcert_destroy(&cert);
    if (!sorry)
        return 0;
    snprintf(error, 256, "%.150s: %s", path, sorry);
    return -1;
}

static int s_read_peers(keys_t *keys, const char *folder, char error[256])
{
    char path[1024];
    snprintf(path, sizeof path, "%s/peers", folder);
    DIR *peers = opendir(path);
    if (!peers)
        return s_cannot_read(path, "opctl host add", error);
    int rc = 0;
    const struct dirent *entry;
    while (rc == 0 && (entry = readdir(peers)) != NULL) {
        const char *dot = strrchr(entry->d_name, '.');
        if (!dot || strcmp(dot, ".cert") != 0)
            continue;
        snprintf(path, sizeof path, "%s/peers/%s", folder, entry->d_name);
        rc = s_read_peer(keys, path, error);
    }
    closedir(peers);
    return rc;
}

static keys_t *s_read(const char *folder, char error[256])
{
    keys_t *keys = op_alloc(sizeof *keys);
    memset(keys, 0, sizeof *keys);
    if (s_read_own(keys, folder, error) != 0 || s_read_peers(keys, folder, error) != 0)
        s_keys_destroy(&keys);
    return keys;
}

/*  ---- New, reload, destroy ---- */

/*  Zauth looks at the folder by itself, but sees no change that leaves its size as it is within a
    second of the last: a key that is rotated. Told again, it reads all anew. */
static void s_tell_auth(op_curve_t *self)
{
    char peers[640];
    snprintf(peers, sizeof peers, "%s/peers", self->folder);
    zstr_sendx(self->auth, "CURVE", peers, NULL);
    zsock_wait(self->auth);
}

int op_curve_check(const char *folder, char error[256])
{
    keys_t *keys = s_read(folder, error);
    if (!keys)
        return -1;
    s_keys_destroy(&keys);
    return 0;
}

op_curve_t *op_curve_new(const char *folder, char error[256])
{
    keys_t *keys = s_read(folder, error);
    if (!keys)
        return NULL;
    zactor_t *auth = zactor_new(zauth, NULL);
    if (!auth) {
        s_keys_destroy(&keys);
        snprintf(error, 256, "the ZAP handler does not start");
        return NULL;
    }
    op_curve_t *self = op_alloc(sizeof *self);
    *self = (op_curve_t){.auth = auth, .keys = keys};
    pthread_mutex_init(&self->mutex, NULL);
    snprintf(self->folder, sizeof self->folder, "%s", folder);
    s_tell_auth(self);
    return self;
}

void op_curve_destroy(op_curve_t **self_p)
{
    op_curve_t *self = *self_p;
    if (!self)
        return;
    zactor_destroy(&self->auth);
    s_keys_destroy(&self->keys);
    pthread_mutex_destroy(&self->mutex);
    free(self);
    *self_p = NULL;
}

int op_curve_reload(op_curve_t *self, char error[256])
{
    keys_t *keys = s_read(self->folder, error);
    if (!keys)
        return -1;
    pthread_mutex_lock(&self->mutex);
    keys_t *old = self->keys;
    self->keys = keys;
    s_tell_auth(self);
    pthread_mutex_unlock(&self->mutex);
    s_keys_destroy(&old);
    return 0;
}

/*  FNV-1a: only to see a difference. */
static uint64_t s_mark(uint64_t mark, const char *text)
{
    for (; *text; text++)
        mark = (mark ^ (uint8_t)*text) * 1099511628211u;
    return mark;
}

static const peer_t *s_peer_of(const keys_t *keys, op_str_t actor)
{
    for (size_t i = 0; i < keys->count; i++)
        if (op_str_in(actor, op_str(keys->peers[i].actors)))
            return &keys->peers[i];
    return NULL;
}

uint64_t op_curve_mark(op_curve_t *self, op_str_t actor)
{
    pthread_mutex_lock(&self->mutex);
    const peer_t *peer = s_peer_of(self->keys, actor);
    uint64_t mark = s_mark(14695981039346656037u, zcert_public_txt(self->keys->own));
    mark = s_mark(mark, peer ? peer->key : "");
    pthread_mutex_unlock(&self->mutex);
    return mark;
}

/*  ---- Sockets ---- */

void op_curve_serve(op_curve_t *self, zsock_t *socket)
{
    int yes = 1;
    pthread_mutex_lock(&self->mutex);
    zcert_apply(self->keys->own, socket);
    pthread_mutex_unlock(&self->mutex);
    zsock_set_curve_server(socket, 1);
    zsock_set_zap_domain(socket, "op");
    OP_ASSERT(zmq_setsockopt(zsock_resolve(socket), ZMQ_ZAP_ENFORCE_DOMAIN, &yes, sizeof yes) == 0);
}

bool op_curve_join(op_curve_t *self, zsock_t *socket, op_str_t actor)
{
    pthread_mutex_lock(&self->mutex);
    const peer_t *peer = s_peer_of(self->keys, actor);
    if (peer) {
        zcert_apply(self->keys->own, socket);
        zsock_set_curve_serverkey(socket, peer->key);
    }
    pthread_mutex_unlock(&self->mutex);
    return peer != NULL;
}

bool op_curve_may_speak(op_curve_t *self, const char *key, op_str_t actor)
{
    bool may = false;
    pthread_mutex_lock(&self->mutex);
    const keys_t *keys = self->keys;
    for (size_t i = 0; key && i < keys->count; i++)
        if (strcmp(keys->peers[i].key, key) == 0)
            may = op_str_in(actor, op_str(keys->peers[i].actors));
    pthread_mutex_unlock(&self->mutex);
    return may;
}

/*  ---- The self-test ---- */

/*  The next event of the socket's monitor, 0: none in time. */
static int s_event(zactor_t *monitor, int64_t until)
{
    int64_t left = until - op_clock_steady();
    zmq_pollitem_t item = {.socket = zsock_resolve(monitor), .events = ZMQ_POLLIN};
    if (left <= 0 || zmq_poll(&item, 1, (long)left) <= 0)
        return 0;
    char *name = NULL, *value = NULL, *address = NULL;
    zstr_recvx(monitor, &name, &value, &address, NULL);
    int event = !name                                        ? 0
                : strcmp(name, "HANDSHAKE_SUCCEEDED") == 0   ? ZMQ_EVENT_HANDSHAKE_SUCCEEDED
                : strcmp(name, "HANDSHAKE_FAILED_AUTH") == 0 ? ZMQ_EVENT_HANDSHAKE_FAILED_AUTH
                                                             : ZMQ_EVENT_CONNECTED;
    zstr_free(&name);
    zstr_free(&value);
    zstr_free(&address);
    return event;
}

int op_curve_self_test(op_curve_t *self, const char *endpoint, char error[256])
{
    zsock_t *stranger = zsock_new(ZMQ_PUSH);
    zcert_t *cert = zcert_new();
    zactor_t *monitor = zactor_new(zmonitor, stranger);
    OP_ASSERT(stranger && cert && monitor);
    zcert_apply(cert, stranger);
    pthread_mutex_lock(&self->mutex);
    zsock_set_curve_serverkey(stranger, zcert_public_txt(self->keys->own));
    pthread_mutex_unlock(&self->mutex);
    zsock_set_linger(stranger, 0);
    zstr_sendx(monitor, "LISTEN", "ALL", NULL);
    zstr_sendx(monitor, "START", NULL);
    zsock_wait(monitor);
    int event = 0;
    int64_t until = op_clock_steady() + OP_LINK_HANDSHAKE_MS;
    if (zsock_connect(stranger, "%s", endpoint) == 0)
        do
            event = s_event(monitor, until);
        while (event == ZMQ_EVENT_CONNECTED); /* or whatever else comes before the end */
    zactor_destroy(&monitor);
    zsock_destroy(&stranger);
    zcert_destroy(&cert);
    if (event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)
        return 0;
    snprintf(error, 256, "%.150s: %s", endpoint,
             event ? "a stranger's key was let in: the ZAP handler does not work"
                   : "a stranger's key was not refused in time: the ZAP handler does not answer");
    return -1;
}
