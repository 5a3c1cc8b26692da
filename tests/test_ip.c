#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/ip.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#define PUBLIC   OP_IP_PUBLIC
#define LOOPBACK OP_IP_LOOPBACK
#define SPECIAL  OP_IP_SPECIAL

static void test_kind(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        op_ip_kind_t kind;
    } cases[] = {
        {"8.8.8.8", PUBLIC},
        {"1.0.0.1", PUBLIC},
        {"223.255.255.255", PUBLIC},
        /* loopback */
        {"127.0.0.0", LOOPBACK},
        {"127.0.0.1", LOOPBACK},
        {"127.255.255.255", LOOPBACK},
        {"::1", LOOPBACK},
        {"::ffff:127.0.0.1", LOOPBACK},
        /* 0/8 */
        {"0.0.0.0", SPECIAL},
        {"0.255.255.255", SPECIAL},
        {"1.0.0.0", PUBLIC},
        /* 10/8 */
        {"9.255.255.255", PUBLIC},
        {"10.0.0.0", SPECIAL},
        {"10.255.255.255", SPECIAL},
        {"11.0.0.0", PUBLIC},
        /* 100.64/10 */
        {"100.63.255.255", PUBLIC},
        {"100.64.0.0", SPECIAL},
        {"100.127.255.255", SPECIAL},
        {"100.128.0.0", PUBLIC},
        /* around loopback */
        {"126.255.255.255", PUBLIC},
        {"128.0.0.0", PUBLIC},
        /* 169.254/16 */
        {"169.253.255.255", PUBLIC},
        {"169.254.0.0", SPECIAL},
        {"169.254.169.254", SPECIAL},
        {"169.254.255.255", SPECIAL},
        {"169.255.0.0", PUBLIC},
        /* 172.16/12 */
        {"172.15.255.255", PUBLIC},
        {"172.16.0.0", SPECIAL},
        {"172.31.255.255", SPECIAL},
        {"172.32.0.0", PUBLIC},
        /* 192.0.0/24 and what is listed inside */
        {"191.255.255.255", PUBLIC},
        {"192.0.0.0", SPECIAL},
        {"192.0.0.8", SPECIAL},
        {"192.0.0.9", SPECIAL},
        {"192.0.0.10", SPECIAL},
        {"192.0.0.170", SPECIAL},
        {"192.0.0.171", SPECIAL},
        {"192.0.0.255", SPECIAL},
        {"192.0.1.0", PUBLIC},
        /* 192.0.2/24 */
        {"192.0.1.255", PUBLIC},
        {"192.0.2.0", SPECIAL},
        {"192.0.2.255", SPECIAL},
        {"192.0.3.0", PUBLIC},
        /* 192.31.196/24 */
        {"192.31.195.255", PUBLIC},
        {"192.31.196.0", SPECIAL},
        {"192.31.196.255", SPECIAL},
        {"192.31.197.0", PUBLIC},
        /* 192.52.193/24 */
        {"192.52.192.255", PUBLIC},
        {"192.52.193.0", SPECIAL},
        {"192.52.193.255", SPECIAL},
        {"192.52.194.0", PUBLIC},
        /* 192.88.99/24 */
        {"192.88.98.255", PUBLIC},
        {"192.88.99.0", SPECIAL},
        {"192.88.99.1", SPECIAL},
        {"192.88.99.2", SPECIAL},
        {"192.88.99.255", SPECIAL},
        {"192.88.100.0", PUBLIC},
        /* 192.168/16 */
        {"192.167.255.255", PUBLIC},
        {"192.168.0.0", SPECIAL},
        {"192.168.255.255", SPECIAL},
        {"192.169.0.0", PUBLIC},
        /* 192.175.48/24 */
        {"192.175.47.255", PUBLIC},
        {"192.175.48.0", SPECIAL},
        {"192.175.48.255", SPECIAL},
        {"192.175.49.0", PUBLIC},
        /* 198.18/15 */
        {"198.17.255.255", PUBLIC},
        {"198.18.0.0", SPECIAL},
        {"198.19.255.255", SPECIAL},
        {"198.20.0.0", PUBLIC},
        /* 198.51.100/24 */
        {"198.51.99.255", PUBLIC},
        {"198.51.100.0", SPECIAL},
        {"198.51.100.255", SPECIAL},
        {"198.51.101.0", PUBLIC},
        /* 203.0.113/24 */
        {"203.0.112.255", PUBLIC},
        {"203.0.113.0", SPECIAL},
        {"203.0.113.255", SPECIAL},
        {"203.0.114.0", PUBLIC},
        /* 224/4, 240/4, broadcast */
        {"224.0.0.0", SPECIAL},
        {"239.255.255.255", SPECIAL},
        {"240.0.0.0", SPECIAL},
        {"255.255.255.254", SPECIAL},
        {"255.255.255.255", SPECIAL},
        /* IPv4 in IPv6: mapped, compatible, translated */
        {"::ffff:8.8.8.8", PUBLIC},
        {"::ffff:10.0.0.1", SPECIAL},
        {"::ffff:169.254.169.254", SPECIAL},
        {"::ffff:0.0.0.0", SPECIAL},
        {"::", SPECIAL},
        {"::2", SPECIAL},
        {"::8.8.8.8", SPECIAL},
        {"::127.0.0.1", SPECIAL},
        {"::ffff:0:8.8.8.8", SPECIAL},
        {"::fffe:8.8.8.8", SPECIAL},
        /* NAT64: what is behind it */
        {"64:ff9b::808:808", PUBLIC},
        {"64:ff9b::8.8.8.8", PUBLIC},
        {"64:ff9b::7f00:1", SPECIAL},
        {"64:ff9b::10.0.0.1", SPECIAL},
        {"64:ff9b::169.254.169.254", SPECIAL},
        {"64:ff9b::192.0.2.1", SPECIAL},
        {"64:ff9b::255.255.255.255", SPECIAL},
        {"64:ff9b::1:808:808", SPECIAL},
        {"64:ff9b:1::8.8.8.8", SPECIAL},
        {"64:ff9b:1:ffff:ffff:ffff:ffff:ffff", SPECIAL},
        {"64:ff9b:2::1", SPECIAL},
        /* outside of 2000::/3 */
        {"100::", SPECIAL},
        {"100::ffff:ffff:ffff:ffff", SPECIAL},
        {"100:0:0:1::1", SPECIAL},
        {"1fff:ffff::1", SPECIAL},
        {"2000::1", PUBLIC},
        {"3ffe:ffff::1", PUBLIC},
        {"4000::1", SPECIAL},
        {"5f00::1", SPECIAL},
        {"5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff", SPECIAL},
        {"fc00::1", SPECIAL},
        {"fd00:ec2::254", SPECIAL},
        {"fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", SPECIAL},
        {"fe00::1", SPECIAL},
        {"fe80::1", SPECIAL},
        {"febf:ffff::1", SPECIAL},
        {"fec0::1", SPECIAL},
        {"feff:ffff::1", SPECIAL},
        {"ff00::1", SPECIAL},
        {"ff02::1", SPECIAL},
        {"ff0e::1", SPECIAL},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", SPECIAL},
        /* 2001::/23 and what is listed inside */
        {"2001::", SPECIAL},
        {"2001:0:4136:e378:8000:63bf:3fff:fdd2", SPECIAL},
        {"2001:1::1", SPECIAL},
        {"2001:1::2", SPECIAL},
        {"2001:1::3", SPECIAL},
        {"2001:2::1", SPECIAL},
        {"2001:3::1", SPECIAL},
        {"2001:4:112::1", SPECIAL},
        {"2001:5::1", SPECIAL},
        {"2001:10::1", SPECIAL},
        {"2001:20::1", SPECIAL},
        {"2001:30::1", SPECIAL},
        {"2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", SPECIAL},
        {"2001:200::1", PUBLIC},
        /* 2001:db8::/32 */
        {"2001:db7:ffff::1", PUBLIC},
        {"2001:db8::1", SPECIAL},
        {"2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", SPECIAL},
        {"2001:db9::1", PUBLIC},
        /* 2002::/16, whatever it carries */
        {"2001:ffff::1", PUBLIC},
        {"2002::", SPECIAL},
        {"2002:a00:1::", SPECIAL},
        {"2002:7f00:1::", SPECIAL},
        {"2002:808:808::1", SPECIAL},
        {"2002:ffff:ffff::", SPECIAL},
        {"2003::1", PUBLIC},
        /* 2620:4f:8000::/48 */
        {"2620:4f:7fff::1", PUBLIC},
        {"2620:4f:8000::1", SPECIAL},
        {"2620:4f:8000:ffff:ffff:ffff:ffff:ffff", SPECIAL},
        {"2620:4f:8001::1", PUBLIC},
        {"2606:4700::1111", PUBLIC},
        /* 3fff::/20 */
        {"3ffe:ffff:ffff::1", PUBLIC},
        {"3fff::", SPECIAL},
        {"3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", SPECIAL},
        {"3fff:1000::1", PUBLIC},
    };
    for (size_t i = 0; i < OP_COUNT(cases); i++) {
        op_ip_t address;
        assert_true(op_ip_parse(op_str(cases[i].text), &address));
        if (op_ip_kind(&address) != cases[i].kind)
            fail_msg("%s is of kind %d", cases[i].text, op_ip_kind(&address));
    }
}

static void test_parse(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "1",
                                      "1.2.3",
                                      "1.2.3.4.5",
                                      "1.2.3.256",
                                      "01.2.3.4x",
                                      "0x7f.0.0.1",
                                      "[::1]",
                                      "fe80::1%1",
                                      ":::",
                                      "1.2.3.4 ",
                                      "localhost",
                                      "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000"};
    op_ip_t address;
    for (size_t i = 0; i < OP_COUNT(bad); i++)
        if (op_ip_parse(op_str(bad[i]), &address))
            fail_msg("%s", bad[i]);
    assert_false(op_ip_parse(op_str_of("1.2.3.4\0x", 9), &address));
    assert_true(op_ip_parse(op_str_of("1.2.3.45", 7), &address)); /* only the slice */
    assert_int_equal(address.octets[3], 4);
}

static void test_sockets(void **state)
{
    (void)state;
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a000001)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    op_ip_t address;
    assert_true(op_ip_from((const struct sockaddr *)&in, &address));
    assert_int_equal(op_ip_kind(&address), SPECIAL);
    assert_int_equal(inet_pton(AF_INET6, "::ffff:10.0.0.1", &in6.sin6_addr), 1);
    assert_true(op_ip_from((const struct sockaddr *)&in6, &address));
    assert_false(address.six);
    assert_int_equal(op_ip_kind(&address), SPECIAL);
    assert_false(op_ip_from((const struct sockaddr *)&un, &address));
}

static void test_networks(void **state)
{
    (void)state;
    static const struct {
        const char *network, *address;
        bool has;
    } cases[] = {
        {"10.0.0.0/8", "10.255.0.1", true},
        {"10.0.0.0/8", "11.0.0.1", false},
        {"10.1.2.3", "10.1.2.3", true},
        {"10.1.2.3", "10.1.2.4", false},
        {"0.0.0.0/0", "203.0.113.1", true},
        {"0.0.0.0/0", "::1", false},
        {"100.64.0.0/10", "100.127.1.1", true},
        {"100.64.0.0/10", "100.128.1.1", false},
        {"fd00::/8", "fdab::1", true},
        {"fd00::/8", "fc00::1", false},
        {"fd00::1", "fd00::1", true},
        {"fd00::/127", "fd00::2", false},
        {"::/0", "fd00::1", true},
        {"10.0.0.0/8", "::ffff:10.0.0.1", true},
    };
    op_network_t network;
    for (size_t i = 0; i < OP_COUNT(cases); i++) {
        op_ip_t address;
        assert_true(op_network_parse(op_str(cases[i].network), &network));
        assert_true(op_ip_parse(op_str(cases[i].address), &address));
        if (op_network_has(&network, &address) != cases[i].has)
            fail_msg("%s in %s", cases[i].address, cases[i].network);
    }
    static const char *const bad[] = {"",       "/8",          "10.0.0.0/",    "10.0.0.0/33",
                                      "::/129", "10.0.0.0/-1", "10.0.0.0/8/8", "example.org/8"};
    for (size_t i = 0; i < OP_COUNT(bad); i++)
        if (op_network_parse(op_str(bad[i]), &network))
            fail_msg("%s", bad[i]);
}

static void test_lists(void **state)
{
    (void)state;
    op_network_t found[3];
    char text[OP_IP_TEXT + 1];
    assert_int_equal(op_networks_parse(OP_STR(""), found, 3), 0);
    assert_int_equal(op_networks_parse(OP_STR("10.0.0.0/8,2001:DB8:0::1"), found, 3), 2);
    assert_int_equal(found[0].prefix, 8);
    op_ip_print(&found[0].address, text);
    assert_string_equal(text, "10.0.0.0");
    op_ip_print(&found[1].address, text);
    assert_string_equal(text, "2001:db8::1");
    assert_int_equal(op_networks_parse(OP_STR("::1,::1,::1"), found, 3), 3);
    static const char *const bad[] = {"::1,::1,::1,::1", ",", "::1,", ",::1", "::1, ::1", "name"};
    for (size_t i = 0; i < OP_COUNT(bad); i++)
        assert_int_equal(op_networks_parse(op_str(bad[i]), found, 3), -1);
}

static void test_host_names(void **state)
{
    (void)state;
    static const char *const good[] = {"a",      "localhost", "my-host.lan",     "a_b.example",
                                       "1-2",    "0xg",       "1.2.3.4.example", "xn--p1ai",
                                       "0x1.org"};
    static const char *const bad[] = {
        "",   "host.1", "10.1", "10.0.0.300", "017", "1",   "0x7f000001", "0X7F", "a.0x",
        "a.", ".",      "a b",  "a/b",        "a:1", "[a]", "a,b",        "a%31", "\xc3\xa9"};
    for (size_t i = 0; i < OP_COUNT(good); i++)
        if (!op_host_name_ok(op_str(good[i])))
            fail_msg("%s", good[i]);
    for (size_t i = 0; i < OP_COUNT(bad); i++)
        if (op_host_name_ok(op_str(bad[i])))
            fail_msg("%s", bad[i]);
    assert_false(op_host_name_ok(op_str_of("a\0b", 3)));

    char name[OP_HOST_NAME_MAX + 1];
    memset(name, 'a', sizeof name);
    assert_true(op_host_name_ok(op_str_of(name, OP_HOST_NAME_MAX)));
    assert_false(op_host_name_ok(op_str_of(name, OP_HOST_NAME_MAX + 1)));

    assert_true(op_host_pattern_ok(OP_STR("10.0.0.0/8")));
    assert_true(op_host_pattern_ok(OP_STR("::1")));
    assert_true(op_host_pattern_ok(OP_STR("::ffff:10.0.0.1")));
    assert_true(op_host_pattern_ok(OP_STR("my-host.lan")));
    assert_false(op_host_pattern_ok(OP_STR("10.1"))); /* URLs come out in four parts */
    assert_false(op_host_pattern_ok(OP_STR("10.0.0.0/40")));
    assert_false(op_host_pattern_ok(OP_STR("https://x")));
    assert_false(op_host_pattern_ok(OP_STR("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kind),       cmocka_unit_test(test_parse),
        cmocka_unit_test(test_host_names), cmocka_unit_test(test_sockets),
        cmocka_unit_test(test_networks),   cmocka_unit_test(test_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
