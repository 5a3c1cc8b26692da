#include "tools/opctl/hosts.h"

#include "transport/curve.h"
#include "transport/roles.h"

#include <czmq.h>
#include <dirent.h>
#include <getopt.h>
#include <sys/stat.h>

enum { PATH_SIZE = 1024 };

static int s_sorry(const char *what, const char *why)
{
    fprintf(stderr, "opctl: %s: %s\n", what, why);
    return 1;
}

static int s_usage(const char *text)
{
    fprintf(stderr, "usage: opctl %s\n", text);
    return 2;
}

/*  A folder for its owner only; it may be there already. */
static int s_make_folder(const char *path)
{
    return mkdir(path, 0700) == 0 || errno == EEXIST ? 0 : s_sorry(path, strerror(errno));
}

static void s_path(char path[PATH_SIZE], const char *folder, const char *name)
{
    snprintf(path, PATH_SIZE, "%s/%s", folder, name);
}

/*  ---- keygen ---- */

/*  Written beside the old ones and then renamed: a crash leaves either pair. The secret goes first,
    for it holds both keys and is what a server reads. */
static int s_save(zcert_t *cert, const char *folder)
{
    char fresh[PATH_SIZE], path[PATH_SIZE], old[PATH_SIZE], secret[PATH_SIZE + 8],
        fresh_secret[PATH_SIZE + 8];
    s_path(fresh, folder, "host.cert.new");
    s_path(path, folder, "host.cert");
    s_path(old, folder, "host.cert.old");
    snprintf(fresh_secret, sizeof fresh_secret, "%s_secret", fresh);
    snprintf(secret, sizeof secret, "%s_secret", path);
    mode_t before = umask(0077);
    int rc = zcert_save(cert, fresh);
    umask(before);
    if (rc != 0)
        return s_sorry(fresh, strerror(errno));
    if (access(path, F_OK) == 0 && rename(path, old) != 0)
        return s_sorry(old, strerror(errno));
    if (chmod(fresh_secret, 0600) != 0 || rename(fresh_secret, secret) != 0)
        return s_sorry(secret, strerror(errno));
    return chmod(fresh, 0644) == 0 && rename(fresh, path) == 0 ? 0 : s_sorry(path, strerror(errno));
}

int op_ctl_keygen(int argc, char **argv)
{
    char peers[PATH_SIZE];
    zsys_handler_set(NULL); /* CZMQ would take SIGINT for itself */
    if (argc != 2 || argv[1][0] == '-')
        return s_usage("keygen DIR");
    const char *folder = argv[1];
    s_path(peers, folder, "peers");
    if (s_make_folder(folder) != 0 || s_make_folder(peers) != 0)
        return 1;
    zcert_t *cert = zcert_new();
    if (!cert)
        return s_sorry("keygen", "this libzmq has no CURVE");
    int rc = s_save(cert, folder);
    if (rc == 0)
        printf("key=%s\n"
               "Give %s/host.cert to the other hosts; host.cert_secret stays here.\n",
               zcert_public_txt(cert), folder);
    zcert_destroy(&cert);
    return rc;
}

/*  ---- host ---- */

typedef struct {
    const char *verb, *name;
    const char *actors, *key, *folder;
    char public[41]; /* of `key`, as Z85 */
} request_t;

static int s_host_usage(void)
{
    return s_usage("host add NAME --actors A,B --key FILE [--dir DIR] | host remove NAME "
                   "[--dir DIR] | host list [--dir DIR]");
}

/*  Names become file names: letters, digits and '-'. */
static bool s_name_ok(const char *name)
{
    size_t size = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");
    return size > 0 && size <= OP_CURVE_NAME_MAX && !name[size] && name[0] != '-';
}

static bool s_actors_ok(const char *actors)
{
    if (!*actors || strlen(actors) > 400)
        return false;
    for (op_str_t rest = op_str(actors); rest.size;)
        if (!op_roles_actor_ok(op_str_next(&rest, ',')))
            return false;
    return true;
}

static void s_peer_path(const request_t *request, char path[PATH_SIZE])
{
    snprintf(path, PATH_SIZE, "%s/peers/%s.cert", request->folder, request->name);
}

/*  Visits the hosts that are let in, until a visit answers something else than 0; that. -1: the
    folder cannot be read, which has been said. */
static int s_each_peer(const request_t *request,
                       int (*visit)(const request_t *request, zcert_t *cert))
{
    char folder[PATH_SIZE], path[2 * PATH_SIZE];
    s_path(folder, request->folder, "peers");
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, NULL, alphasort), rc = 0;
    if (count < 0) {
        s_sorry(folder, strerror(errno));
        return -1;
    }
    for (int i = 0; i < count; i++) {
        const char *dot = strrchr(entries[i]->d_name, '.');
        snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        zcert_t *cert = dot && strcmp(dot, ".cert") == 0 ? zcert_load(path) : NULL;
        if (rc == 0 && cert && zcert_meta(cert, "name") && zcert_meta(cert, "actors"))
            rc = visit(request, cert);
        zcert_destroy(&cert);
        free(entries[i]);
    }
    free(entries);
    return rc;
}

static int s_print_peer(const request_t *request, zcert_t *cert)
{
    (void)request;
    printf("%s\t%s\t%s\n", zcert_meta(cert, "name"), zcert_meta(cert, "actors"),
           zcert_public_txt(cert));
    return 0;
}

/*  Does another host have the key that is to be let in? */
static int s_has_key(const request_t *request, zcert_t *cert)
{
    bool other = strcmp(zcert_meta(cert, "name"), request->name) != 0;
    return other && strcmp(zcert_public_txt(cert), request->public) == 0
               ? s_sorry(zcert_meta(cert, "name"), "has this very key: each host has its own")
               : 0;
}

/*  Is it a key that a host may have to be let in here? 0, or 1 when it has been said why not. Where
    both halves lie beside each other CZMQ reads both, so only the name tells which was meant. */
static int s_judge_key(request_t *request, zcert_t *theirs)
{
    static const char secret[] = "_secret";
    char path[PATH_SIZE];
    size_t size = strlen(request->key), tail = sizeof secret - 1;
    if (size > tail && strcmp(request->key + size - tail, secret) == 0)
        return s_sorry(request->key, "a secret key, which stays on its own host; this one needs "
                                     "that host's host.cert");
    s_path(path, request->folder, "host.cert");
    zcert_t *own = zcert_load(path);
    bool same = own && strcmp(zcert_public_txt(own), zcert_public_txt(theirs)) == 0;
    zcert_destroy(&own);
    if (same)
        return s_sorry(request->key, "this host's own key");
    snprintf(request->public, sizeof request->public, "%s", zcert_public_txt(theirs));
    s_path(path, request->folder, "peers");
    return access(path, F_OK) != 0 || s_each_peer(request, s_has_key) == 0 ? 0 : 1;
}

static void s_say_rest(const request_t *request)
{
    char own[PATH_SIZE];
    s_path(own, request->folder, "host.cert");
    printf("%s may speak as: %s\n"
           "It needs this host's public key, %s, and there:\n"
           "  opctl host add THIS-HOST --actors THE-ACTORS-HERE --key host.cert\n"
           "Send SIGHUP to opd here, if it runs.\n",
           request->name, request->actors, own);
}

static int s_add(request_t *request)
{
    char path[PATH_SIZE], fresh[PATH_SIZE + 8], peers[PATH_SIZE];
    if (!request->actors || !request->key)
        return s_host_usage();
    if (!s_actors_ok(request->actors))
        return s_sorry("--actors", "a list of " OP_ROLES_ACTORS);
    zcert_t *theirs = zcert_load(request->key);
    if (!theirs)
        return s_sorry(request->key, "no certificate");
    if (s_judge_key(request, theirs) != 0) {
        zcert_destroy(&theirs);
        return 1;
    }
    zcert_t *cert = zcert_new_from(zcert_public_key(theirs), zcert_public_key(theirs));
    zcert_destroy(&theirs);
    if (!cert)
        return s_sorry(request->key, "no public key in it");
    zcert_set_meta(cert, "name", "%s", request->name);
    zcert_set_meta(cert, "actors", "%s", request->actors);
    s_path(peers, request->folder, "peers");
    s_peer_path(request, path);
    snprintf(fresh, sizeof fresh, "%s.new", path);
    int rc = s_make_folder(request->folder) || s_make_folder(peers);
    if (rc == 0 && (zcert_save_public(cert, fresh) != 0 || rename(fresh, path) != 0))
        rc = s_sorry(path, strerror(errno));
    zcert_destroy(&cert);
    if (rc == 0)
        s_say_rest(request);
    return rc;
}

static int s_remove(const request_t *request)
{
    char path[PATH_SIZE];
    s_peer_path(request, path);
    if (remove(path) != 0)
        return s_sorry(path, strerror(errno));
    printf("%s is let in no more, once opd has got a SIGHUP.\n", request->name);
    return 0;
}

static int s_list(const request_t *request)
{
    return s_each_peer(request, s_print_peer) < 0 ? 1 : 0;
}

static bool s_read(int argc, char **argv, request_t *request)
{
    static const struct option flags[] = {{"actors", required_argument, NULL, 'a'},
                                          {"key", required_argument, NULL, 'k'},
                                          {"dir", required_argument, NULL, 'd'},
                                          {NULL, 0, NULL, 0}};
    int flag;
    *request = (request_t){.folder = "keys"};
    optind = 0; /* from the beginning, and with what getopt remembers forgotten */
    while ((flag = getopt_long(argc, argv, "", flags, NULL)) != -1)
        if (flag == 'a')
            request->actors = optarg;
        else if (flag == 'k')
            request->key = optarg;
        else if (flag == 'd')
            request->folder = optarg;
        else
            return false;
    if (optind < argc)
        request->verb = argv[optind++];
    if (optind < argc)
        request->name = argv[optind++];
    return request->verb && optind == argc;
}

int op_ctl_host(int argc, char **argv)
{
    request_t request;
    zsys_handler_set(NULL);
    if (!s_read(argc, argv, &request))
        return s_host_usage();
    bool lists = strcmp(request.verb, "list") == 0;
    if (lists != !request.name)
        return s_host_usage();
    if (lists)
        return s_list(&request);
    if (!s_name_ok(request.name))
        return s_sorry(request.name, "a host's name is letters, digits and '-'");
    if (strcmp(request.verb, "add") == 0)
        return s_add(&request);
    if (strcmp(request.verb, "remove") == 0)
        return s_remove(&request);
    return s_host_usage();
}
