/*  Which processes are possible, and what is said about those that are not */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/routes.h"
#include "transport/topology.h"

#include <string.h>

static op_config_t s_config;
static op_topology_t s_topology;
static op_topology_fault_t s_fault;

static void s_run(const char *run, const char *listen, const char *keys)
{
    op_config_init(&s_config);
    assert_true(op_str_copy(op_str(run), s_config.actors_run, sizeof s_config.actors_run));
    assert_true(op_str_copy(op_str(listen), s_config.link_listen, sizeof s_config.link_listen));
    assert_true(op_str_copy(op_str(keys), s_config.link_keys, sizeof s_config.link_keys));
}

static void s_peer(const char *peer)
{
    char error[OP_CONFIG_ERROR] = "";
    if (op_config_add_peer(&s_config, peer, error) != 0)
        fail_msg("%s", error);
}

static void s_good(void)
{
    if (op_topology_read(&s_topology, &s_config, op_route_itinerary, &s_fault) != 0)
        fail_msg("%s: %s", s_fault.path, s_fault.why);
}

static void s_bad(const char *path, const char *why)
{
    assert_int_equal(op_topology_read(&s_topology, &s_config, op_route_itinerary, &s_fault), -1);
    assert_string_equal(s_fault.path, path);
    if (!strstr(s_fault.why, why))
        fail_msg("\"%s\" is not in \"%s\"", why, s_fault.why);
}

static void test_all_in_one(void **state)
{
    (void)state;
    op_config_init(&s_config);
    s_good();
    assert_int_equal(s_topology.run_count, 6);
    assert_int_equal(s_topology.process_count, 0);
    assert_string_equal(op_topology_here(&s_topology, "modem"), "modem");
}

static void test_one_of_three(void **state)
{
    (void)state;
    s_run("modem-berlin", "tcp://10.0.0.3:7001", "keys");
    s_peer("ledger=tcp://10.0.0.2:7001");
    s_peer("webhook=tcp://10.0.0.2:7001");
    s_peer("auth=tcp://10.0.0.1:7001");
    s_good();
    assert_int_equal(s_topology.process_count, 2);
    assert_int_equal(op_topology_process(&s_topology, OP_STR("ledger")),
                     op_topology_process(&s_topology, OP_STR("webhook")));
    assert_int_not_equal(op_topology_process(&s_topology, OP_STR("ledger")),
                         op_topology_process(&s_topology, OP_STR("auth")));
    assert_int_equal(op_topology_process(&s_topology, OP_STR("modem-berlin")), -1);
    assert_string_equal(op_topology_here(&s_topology, "modem"), "modem-berlin");
    assert_null(op_topology_here(&s_topology, "ledger"));
    int core = op_topology_process(&s_topology, OP_STR("ledger"));
    char names[32];
    op_topology_actors(&s_topology, core, names, sizeof names);
    assert_string_equal(names, "ledger,webhook");
    op_topology_actors(&s_topology, core, names, 9);
    assert_string_equal(names, "ledger,w");
}

static void test_impossible(void **state)
{
    (void)state;
    s_run("http,rate,auth,webhook", "ipc:///x", "");
    s_peer("modem=ipc:///y");
    s_bad("actors/run", "no route from http to ledger");
    s_run("modem", "ipc:///x", "");
    s_peer("ledger=ipc:///y");
    s_bad("actors/run", "no route from modem to auth");
    s_run("auth", "ipc:///x", "");
    s_peer("http=ipc:///y");
    s_peer("rate=ipc:///y");
    s_peer("ledger=ipc:///y");
    s_peer("modem=ipc:///y");
    s_bad("actors/run", "no route from auth to webhook");
    s_peer("webhook=ipc:///y");
    s_good();
    s_run("webhook", "ipc:///x", "");
    s_peer("http=ipc:///y");
    s_peer("ledger=ipc:///y");
    s_bad("actors/run", "no route from webhook to auth");

    s_run("http,rate,auth,webhook,ledger,modem", "ipc:///x", "");
    s_peer("ledger=ipc:///y");
    s_bad("peers/ledger", "no actor has two owners");
    s_run("modem,modem-2", "", "");
    s_bad("actors/run", "a process has one modem");
    s_run("ledger,ledger", "", "");
    s_bad("actors/run", "a process has one ledger");

    s_run("http,rate,auth,webhook,ledger", "", "");
    s_peer("modem=ipc:///y");
    s_bad("link/listen", "must be set");
    s_run("http,rate,auth,webhook,ledger,modem", "ipc:///x", "");
    s_bad("link/listen", "of no use");
    s_run("http,rate,auth,webhook,ledger", "ipc:///x", "");
    s_peer("modem=ipc:///x");
    s_bad("peers/modem", "itself listens");
}

static void test_open_to_others(void **state)
{
    static const char *const open[] = {"tcp://0.0.0.0:7001", "tcp://10.0.0.1:7001",
                                       "tcp://[2001:db8::1]:7001"};
    static const char *const local[] = {"tcp://127.0.0.1:7001", "tcp://127.9.9.9:1", "ipc:///x",
                                        "tcp://[::1]:7001"};
    (void)state;
    for (size_t i = 0; i < OP_COUNT(open); i++) {
        s_run("http,rate,auth,webhook,ledger", open[i], "");
        s_peer("modem=ipc:///y");
        s_bad("link/listen", "set link/keys");
        s_run("http,rate,auth,webhook,ledger", open[i], "keys");
        s_peer("modem=ipc:///y");
        s_good();
    }
    for (size_t i = 0; i < OP_COUNT(local); i++) {
        s_run("http,rate,auth,webhook,ledger", local[i], "");
        s_peer("modem=ipc:///y");
        s_good();
    }
    s_run("http,rate,auth,webhook,ledger", "ipc:///x", "");
    s_peer("modem=tcp://10.0.0.3:7001");
    s_bad("peers/modem", "set link/keys");
}

static void test_endpoints(void **state)
{
    static const char *const bad[] = {"modem=",
                                      "modem",
                                      "modem=tcp://host:1",
                                      "modem=tcp://10.0.0.1",
                                      "modem=tcp://10.0.0.1:0",
                                      "modem=tcp://10.0.0.1:65536",
                                      "modem=tcp://*:7001",
                                      "modem=ipc://",
                                      "modem=inproc://x",
                                      "ledger-2=ipc:///x"};
    char error[OP_CONFIG_ERROR];
    (void)state;
    op_config_init(&s_config);
    for (size_t i = 0; i < OP_COUNT(bad); i++) {
        assert_int_equal(op_config_add_peer(&s_config, bad[i], error), -1);
        assert_int_equal(s_config.peer_count, 0);
        assert_null(strchr(error, '\n'));
    }
    s_peer("modem=ipc:///a");
    s_peer("modem=ipc:///b");
    assert_int_equal(s_config.peer_count, 1);
    assert_string_equal(s_config.peers[0].endpoint, "ipc:///b");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_in_one), cmocka_unit_test(test_one_of_three),
        cmocka_unit_test(test_impossible), cmocka_unit_test(test_open_to_others),
        cmocka_unit_test(test_endpoints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
