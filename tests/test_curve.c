/*  Who is let in, by every combination of ZAP handler, domain and enforcement; and by ours */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/keys_fixture.h"
#include "transport/curve.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

enum { ENFORCE = 93, DEADLINE_MS = 60000 };

static char s_root[] = "/tmp/op_curve_XXXXXX";
static char s_folder[64], s_error[256];

static int s_setup(void **state)
{
    (void)state;
    zsys_handler_set(NULL);
    if (!mkdtemp(s_root))
        return -1;
    snprintf(s_folder, sizeof s_folder, "%s/core", s_root);
    s_keys_make(s_root, "core");
    s_keys_make(s_root, "radio");
    s_keys_let_in(s_root, "core", "radio", "modem,modem-2");
    return 0;
}

static int s_teardown(void **state)
{
    (void)state;
    s_keys_remove(s_root);
    return 0;
}

static zcert_t *s_cert(const char *name)
{
    char path[100];
    snprintf(path, sizeof path, "%s/%s/host.cert", s_root, name);
    zcert_t *cert = zcert_load(path);
    assert_non_null(cert);
    return cert;
}

/*  Connects with that certificate: was the handshake completed? */
static bool s_comes_in(zsock_t *server, zcert_t *own, zcert_t *stranger)
{
    zsock_t *client = zsock_new(ZMQ_PUSH);
    zactor_t *monitor = zactor_new(zmonitor, client);
    zcert_apply(stranger, client);
    zsock_set_curve_serverkey(client, zcert_public_txt(own));
    zsock_set_linger(client, 0);
    zstr_sendx(monitor, "LISTEN", "ALL", NULL);
    zstr_sendx(monitor, "START", NULL);
    zsock_wait(monitor);
    zsock_set_rcvtimeo(monitor, DEADLINE_MS);
    assert_int_equal(zsock_connect(client, "%s", zsock_endpoint(server)), 0);
    int in = -1;
    while (in < 0) {
        char *event = NULL, *value = NULL, *address = NULL;
        assert_true(zstr_recvx(monitor, &event, &value, &address, NULL) >= 1);
        if (strcmp(event, "HANDSHAKE_SUCCEEDED") == 0)
            in = 1;
        else if (strncmp(event, "HANDSHAKE_FAILED", 16) == 0 || strcmp(event, "DISCONNECTED") == 0)
            in = 0;
        zstr_free(&event);
        zstr_free(&value);
        zstr_free(&address);
    }
    zactor_destroy(&monitor);
    zsock_destroy(&client);
    return in == 1;
}

typedef enum { NO_HANDLER, DEAD_HANDLER, HANDLER } handler_t;

/*  A stranger at a socket set up like this. */
static bool s_stranger(handler_t handler, bool domain, bool enforce)
{
    char peers[100];
    int yes = 1;
    zcert_t *own = s_cert("core"), *stranger = zcert_new();
    zactor_t *auth = handler == NO_HANDLER ? NULL : zactor_new(zauth, NULL);
    snprintf(peers, sizeof peers, "%s/peers", s_folder);
    if (auth) {
        zstr_sendx(auth, "CURVE", peers, NULL);
        zsock_wait(auth);
    }
    zsock_t *server = zsock_new(ZMQ_PULL);
    zcert_apply(own, server);
    zsock_set_curve_server(server, 1);
    if (domain)
        zsock_set_zap_domain(server, "op");
    if (enforce)
        assert_int_equal(zmq_setsockopt(zsock_resolve(server), ENFORCE, &yes, sizeof yes), 0);
    assert_true(zsock_bind(server, "tcp://127.0.0.1:*") > 0);
    if (handler == DEAD_HANDLER)
        zactor_destroy(&auth);
    bool in = s_comes_in(server, own, stranger);
    zsock_destroy(&server);
    zactor_destroy(&auth);
    zcert_destroy(&own);
    zcert_destroy(&stranger);
    return in;
}

/*  What makes the domain, its enforcement and the self-test necessary. Should a libzmq do better
    one day, this says so. */
static void test_what_libzmq_does(void **state)
{
    (void)state;
    assert_true(s_stranger(NO_HANDLER, false, false));
    assert_true(s_stranger(NO_HANDLER, true, false));
    assert_true(s_stranger(DEAD_HANDLER, true, false));
    assert_true(s_stranger(HANDLER, false, true));
    assert_false(s_stranger(HANDLER, true, false));
}

static void test_what_is_relied_on(void **state)
{
    (void)state;
    assert_false(s_stranger(HANDLER, true, true));
    assert_false(s_stranger(NO_HANDLER, true, true));
    assert_false(s_stranger(DEAD_HANDLER, true, true));
}

static op_curve_t *s_curve(void)
{
    op_curve_t *curve = op_curve_new(s_folder, s_error);
    if (!curve)
        fail_msg("%s", s_error);
    return curve;
}

static void test_ours(void **state)
{
    (void)state;
    op_curve_t *curve = s_curve();
    zcert_t *own = s_cert("core"), *radio = s_cert("radio"), *stranger = zcert_new();
    zsock_t *server = zsock_new(ZMQ_PULL);
    op_curve_serve(curve, server);
    assert_true(zsock_bind(server, "tcp://127.0.0.1:*") > 0);
    assert_true(s_comes_in(server, own, radio));
    assert_false(s_comes_in(server, own, stranger));
    assert_int_equal(op_curve_self_test(curve, zsock_endpoint(server), s_error), 0);
    op_curve_destroy(&curve); /* and with it the handler */
    assert_false(s_comes_in(server, own, radio));
    assert_false(s_comes_in(server, own, stranger));
    zsock_destroy(&server);
    zcert_destroy(&own);
    zcert_destroy(&radio);
    zcert_destroy(&stranger);
}

/*  A socket that lets everybody in, and one at which nobody answers. */
static void test_the_self_test_can_fail(void **state)
{
    (void)state;
    op_curve_t *curve = s_curve();
    zcert_t *own = s_cert("core");
    zsock_t *server = zsock_new(ZMQ_PULL);
    zcert_apply(own, server);
    zsock_set_curve_server(server, 1);
    int yes = 1; /* without a domain: then nobody is asked */
    assert_int_equal(zmq_setsockopt(zsock_resolve(server), ENFORCE, &yes, sizeof yes), 0);
    assert_true(zsock_bind(server, "tcp://127.0.0.1:*") > 0);
    assert_int_equal(op_curve_self_test(curve, zsock_endpoint(server), s_error), -1);
    assert_non_null(strstr(s_error, "was let in"));
    zsock_destroy(&server);
    assert_int_equal(op_curve_self_test(curve, "ipc:///tmp/op_curve_nobody", s_error), -1);
    assert_non_null(strstr(s_error, "not refused in time"));
    zcert_destroy(&own);
    op_curve_destroy(&curve);
}

static void test_who_may_speak(void **state)
{
    (void)state;
    op_curve_t *curve = s_curve();
    zcert_t *radio = s_cert("radio"), *own = s_cert("core");
    const char *key = zcert_public_txt(radio);
    assert_true(op_curve_may_speak(curve, key, OP_STR("modem")));
    assert_true(op_curve_may_speak(curve, key, OP_STR("modem-2")));
    assert_false(op_curve_may_speak(curve, key, OP_STR("modem-")));
    assert_false(op_curve_may_speak(curve, key, OP_STR("mode")));
    assert_false(op_curve_may_speak(curve, key, OP_STR("auth")));
    assert_false(op_curve_may_speak(curve, key, (op_str_t){0}));
    assert_false(op_curve_may_speak(curve, NULL, OP_STR("modem")));
    assert_false(op_curve_may_speak(curve, zcert_public_txt(own), OP_STR("modem")));

    uint64_t serves = op_curve_mark(curve, OP_STR("")),
             modem = op_curve_mark(curve, OP_STR("modem"));
    s_keys_make(s_root, "radio");
    s_keys_let_in(s_root, "core", "radio", "modem");
    assert_true(op_curve_may_speak(curve, key, OP_STR("modem"))); /* until it is read again */
    assert_int_equal(op_curve_reload(curve, s_error), 0);
    assert_false(op_curve_may_speak(curve, key, OP_STR("modem")));
    assert_true(op_curve_mark(curve, OP_STR("")) == serves);
    assert_false(op_curve_mark(curve, OP_STR("modem")) == modem);
    zcert_destroy(&radio);
    radio = s_cert("radio");
    assert_true(op_curve_may_speak(curve, zcert_public_txt(radio), OP_STR("modem")));
    assert_false(op_curve_may_speak(curve, zcert_public_txt(radio), OP_STR("modem-2")));
    zcert_destroy(&radio);
    zcert_destroy(&own);
    op_curve_destroy(&curve);
}

/*  The folder and the certificate in it have changed at that time. */
static void s_changed_at(time_t at)
{
    char peers[100], radio[120];
    snprintf(peers, sizeof peers, "%s/peers", s_folder);
    snprintf(radio, sizeof radio, "%s/radio.cert", peers);
    struct timespec times[2] = {{.tv_sec = at}, {.tv_sec = at}};
    assert_int_equal(utimensat(AT_FDCWD, radio, times, 0), 0);
    assert_int_equal(utimensat(AT_FDCWD, peers, times, 0), 0);
}

/*  A key that is rotated within the second in which zauth has looked. */
static void test_rotated_at_once(void **state)
{
    (void)state;
    const time_t at = 1700000000;
    s_keys_let_in(s_root, "core", "radio", "modem,modem-2");
    s_changed_at(at);
    op_curve_t *curve = s_curve();
    zcert_t *own = s_cert("core"), *before = s_cert("radio");
    zsock_t *server = zsock_new(ZMQ_PULL);
    op_curve_serve(curve, server);
    assert_true(zsock_bind(server, "tcp://127.0.0.1:*") > 0);
    assert_true(s_comes_in(server, own, before));
    s_keys_make(s_root, "radio");
    s_keys_let_in(s_root, "core", "radio", "modem,modem-2");
    s_changed_at(at);
    zcert_t *after = s_cert("radio");
    assert_int_equal(op_curve_reload(curve, s_error), 0);
    assert_true(s_comes_in(server, own, after));
    assert_false(s_comes_in(server, own, before));
    zsock_destroy(&server);
    op_curve_destroy(&curve);
    zcert_destroy(&own);
    zcert_destroy(&before);
    zcert_destroy(&after);
}

static void s_refused(const char *why)
{
    op_curve_t *curve = op_curve_new(s_folder, s_error);
    assert_null(curve);
    if (!strstr(s_error, why))
        fail_msg("\"%s\" is not in \"%s\"", why, s_error);
}

static void test_bad_folders(void **state)
{
    (void)state;
    char path[100];
    s_keys_make(s_root, "other");
    s_keys_let_in(s_root, "core", "other", "auth");
    snprintf(path, sizeof path, "%s/peers/other.cert", s_folder);
    zconfig_t *other = zconfig_load(path);
    assert_non_null(other);
    zconfig_put(other, "metadata/actors", "modem"); /* which radio is */
    assert_int_equal(zconfig_save(other, path), 0);
    zconfig_destroy(&other);
    s_refused("names one of its actors");
    s_keys_let_in(s_root, "core", "other", "auth");
    snprintf(path, sizeof path, "%s/peers/x.cert", s_folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("curve\n    public-key = \"abc\"\n", file);
    fclose(file);
    s_refused("x.cert");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("x.cert", path), 0); /* for any reason it cannot be read */
    s_refused("x.cert: Too many levels of symbolic links");
    assert_int_equal(unlink(path), 0);
    snprintf(path, sizeof path, "%s/host.cert_secret", s_folder);
    assert_int_equal(chmod(path, 0640), 0);
    s_refused("others than its owner");
    assert_int_equal(unlink(path), 0);
    s_refused("host.cert_secret: No such file or directory (opctl keygen makes it)");
    assert_int_equal(symlink("host.cert_secret", path), 0);
    s_refused("host.cert_secret: Too many levels of symbolic links");
    assert_null(strstr(s_error, "keygen"));
}

/*  What op_keyring_add says of this. */
static void s_not_let_in(const char *name, const char *actors, const char *file, const char *why)
{
    char error[OP_KEYRING_ERROR];
    op_keyring_host_t host;
    assert_int_equal(op_keyring_add(s_folder, name, actors, file, &host, error), -1);
    if (!strstr(error, why))
        fail_msg("\"%s\" is not in \"%s\"", why, error);
}

static void test_what_a_keyring_refuses(void **state)
{
    (void)state;
    char own[100], radio[100], secret[100], other[100], key[OP_CURVE_KEY + 1],
        error[OP_KEYRING_ERROR];
    s_keys_make(s_root, "core");
    s_keys_make(s_root, "other");
    s_keys_let_in(s_root, "core", "radio", "modem");
    snprintf(own, sizeof own, "%s/core/host.cert", s_root);
    snprintf(radio, sizeof radio, "%s/radio/host.cert", s_root);
    snprintf(other, sizeof other, "%s/other/host.cert", s_root);
    snprintf(secret, sizeof secret, "%s/other/host.cert_secret", s_root);
    s_not_let_in("new", "http", own, "own key");
    s_not_let_in("new", "http", radio, "radio has that key");
    s_not_let_in("new", "http,modem", other, "radio may speak as one of these");
    s_not_let_in("new", "http", secret, "secret key");
    s_not_let_in("new", "http", "/dev/null", "no certificate");
    s_not_let_in("new", "http", "/nonexistent", "/nonexistent: No such file");
    s_not_let_in("new", "nobody", other, "--actors");
    s_not_let_in("../new", "http", other, "name");

    zcert_t *before = s_cert("other"); /* the pair that is there stays, and then as .old */
    assert_int_equal(op_keyring_make(s_folder, false, key, error), -1);
    assert_non_null(strstr(error, "--rotate"));
    char folder[100], old[140];
    snprintf(folder, sizeof folder, "%s/other", s_root);
    assert_int_equal(op_keyring_make(folder, true, key, error), 0);
    snprintf(old, sizeof old, "%s/host.cert.old", folder);
    zcert_t *kept = zcert_load(old), *after = s_cert("other");
    assert_string_equal(zcert_public_txt(kept), zcert_public_txt(before));
    assert_string_equal(zcert_public_txt(after), key);
    assert_string_not_equal(key, zcert_public_txt(before));
    snprintf(old, sizeof old, "%s/host.cert_secret.old", folder);
    struct stat status;
    assert_int_equal(stat(old, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    zcert_destroy(&before);
    zcert_destroy(&kept);
    zcert_destroy(&after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_libzmq_does),
        cmocka_unit_test(test_what_is_relied_on),
        cmocka_unit_test(test_ours),
        cmocka_unit_test(test_the_self_test_can_fail),
        cmocka_unit_test(test_who_may_speak),
        cmocka_unit_test(test_rotated_at_once),
        cmocka_unit_test(test_what_a_keyring_refuses),
        cmocka_unit_test(test_bad_folders),
    };
    return cmocka_run_group_tests(tests, s_setup, s_teardown);
}
