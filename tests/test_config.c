#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/routes.h"
#include "transport/config.h"

#include <string.h>

static op_config_t s_config, s_before;
static char s_error[OP_CONFIG_ERROR];

static void s_set(const char *setting)
{
    if (op_config_set(&s_config, setting, s_error) != 0)
        fail_msg("%s", s_error);
}

static void test_defaults(void **state)
{
    (void)state;
    memset(&s_config, 0xff, sizeof s_config);
    op_config_init(&s_config);
    const op_config_t *c = &s_config;
    assert_string_equal(c->http_listen, "127.0.0.1:8080");
    assert_string_equal(c->http_public_url, "");
    assert_int_equal(c->http_threads, 1024);
    assert_false(c->http_tls_in_front || c->http_public_listen || c->webhook_allow_http);
    assert_string_equal(c->store_path, "./data");
    assert_int_equal(c->store_cache_mb, 64);
    assert_int_equal(c->limits_start_phone_30s, 1);
    assert_int_equal(c->limits_start_phone_hour, 5);
    assert_int_equal(c->limits_start_phone_day, 10);
    assert_int_equal(c->limits_start_address_hour, 20);
    assert_int_equal(c->limits_wrong_codes, 5);
    assert_int_equal(c->limits_wrong_codes_day, 20);
    assert_int_equal(c->limits_console_minute, 60);
    assert_int_equal(c->limits_send_second, 1);
    assert_int_equal(c->limits_send_minute, 60);
    assert_int_equal(c->limits_day_free, 50);
    assert_int_equal(c->limits_day_paid, 1000);
    assert_int_equal(c->limits_read_minute, 120);
    assert_int_equal(c->limits_address_minute, 6000);
    assert_int_equal(c->limits_queue, 10000);
    assert_int_equal(c->limits_keys, 100);
    assert_int_equal(c->auth_code_ttl_s, 600);
    assert_int_equal(c->auth_session_ttl_s, 2592000);
    assert_string_equal(c->texts_prefixes, "+1");
    assert_string_equal(c->texts_region, "US");
    assert_int_equal(c->texts_ttl_s, 3600);
    assert_int_equal(c->modem_send_timeout_s, 180);
    assert_int_equal(c->modem_sweep_s, 60);
    assert_string_equal(c->modem_on_unknown, "hold");
    assert_int_equal(c->webhook_timeout_ms, 10000);
    assert_string_equal(c->webhook_allow, "");
    assert_int_equal(c->simulate_modems, 0);
    assert_string_equal(c->log_level, "info");
    assert_string_equal(c->log_format, "text");
    assert_string_equal(c->log_access, "debug");
    assert_string_equal(c->metrics_listen, "");
    assert_int_equal(c->modem_count, 0);
    assert_int_equal(op_config_check(&s_config, op_route_itinerary, s_error), 0);
}

static void test_set(void **state)
{
    (void)state;
    op_config_init(&s_config);
    s_set("limits/keys=6");
    s_set("limits/keys=1000");
    s_set("limits/queue=1000000000");
    s_set("log/level=debug");
    s_set("store/path=/a=b c");
    s_set("texts/prefixes=");
    s_set("http/listen=[::1]:0");
    s_set("http/public_url=https://op.example:8443");
    s_set("http/public_url=");
    s_set("http/public_url=http://[::1]:8080");
    s_set("webhook/allow=10.0.0.0/8,fd00::/8,192.168.1.5,hooks.lan");
    assert_int_equal(s_config.limits_keys, 1000);
    assert_int_equal(s_config.limits_queue, 1000000000);
    assert_string_equal(s_config.log_level, "debug");
    assert_string_equal(s_config.store_path, "/a=b c");
    assert_string_equal(s_config.texts_prefixes, "");
    assert_string_equal(s_config.http_listen, "[::1]:0");
    s_set("http/proxies=127.0.0.1,::1,10.0.0.0/8");
    assert_string_equal(s_config.http_proxies, "127.0.0.1,::1,10.0.0.0/8");
    assert_string_equal(s_config.webhook_allow, "10.0.0.0/8,fd00::/8,192.168.1.5,hooks.lan");
    s_set("webhook/allow=::ffff:10.0.0.1,1-2.example,0xz");
    s_set("webhook/allow=");
    s_set("link/listen=");
    s_set("metrics/listen=");
}

/*  The words are those of the sentence that says what is wanted. */
static void test_words_of_forms(void **state)
{
    (void)state;
    static const char *const bad[] = {"or", "debug,", "debug, info", "d", ""};
    for (size_t i = 0; i < OP_COUNT(bad); i++) {
        char setting[40];
        snprintf(setting, sizeof setting, "log/level=%s", bad[i]);
        assert_int_equal(op_config_set(&s_config, setting, s_error), -1);
    }
    static const char *const good[] = {"debug", "info", "warning", "error"};
    for (size_t i = 0; i < OP_COUNT(good); i++) {
        char setting[40];
        snprintf(setting, sizeof setting, "log/level=%s", good[i]);
        s_set(setting);
    }
}

#define PUBLIC   "http/public_url: must be http:// or https:// and a host, or nothing, not "
#define LISTEN   "http/listen: must be IP:PORT or localhost:PORT, not "
#define PREFIXES "texts/prefixes: must be prefixes like +1,+44, or nothing, not "
#define ALLOW    "webhook/allow: must be networks, addresses or names, comma-separated, not "
#define PROXIES  "http/proxies: must be networks or addresses, comma-separated, not "
#define LONG50   "a2345678901234567890123456789012345678901234567890"
#define LONG500  LONG50 LONG50 LONG50 LONG50 LONG50 LONG50 LONG50 LONG50 LONG50 LONG50

static void test_set_errors(void **state)
{
    (void)state;
    static const struct {
        const char *setting, *error;
    } cases[] = {
        {"", ": a setting is SECTION/KEY=VALUE"},
        {"log/level", "log/level: a setting is SECTION/KEY=VALUE"},
        {"level=info", "level: no such key"},
        {"/log/level=info", "/log/level: no such key"},
        {"log=info", "log: no such key"},
        {"log/level =info", "log/level : no such key"},
        {"a\nb=info", "a?b: no such key"},
        {"=", ": no such key"},
        {"modems/modem=/dev/a=+14155550100", "modems/modem: cannot be set; use --modem"},
        {"log/level=\"info\"",
         "log/level: must be debug, info, warning or error, not \"\"info\"\""},
        {"log/level=" LONG50, "log/level: must be debug, info, warning or error, not "
                              "\"a234567890123456789012345678901234567890...\""},
        {"log/level=a23456789012345678901234567890123456789\xc3\xa9",
         "log/level: must be debug, info, warning or error, not "
         "\"a23456789012345678901234567890123456789...\""},
        {"http/threads=4097", "http/threads: must be 1 to 4096 threads, not \"4097\""},
        {"http/threads=0", "http/threads: must be 1 to 4096 threads, not \"0\""},
        {"http/threads=18446744073709551616",
         "http/threads: must be 1 to 4096 threads, not \"18446744073709551616\""},
        {"http/threads= 5", "http/threads: must be 1 to 4096 threads, not \" 5\""},
        {"simulate/modems=65", "simulate/modems: must be 0 to 64 modems, not \"65\""},
        {"webhook/timeout_ms=99",
         "webhook/timeout_ms: must be 100 to 60000 milliseconds, not \"99\""},
        {"http/public_listen=1", "http/public_listen: must be true or false, not \"1\""},
        {"http/public_listen=", "http/public_listen: must be true or false, not \"\""},
        {"http/listen=", LISTEN "\"\""},
        {"metrics/listen=:1",
         "metrics/listen: must be IP:PORT or localhost:PORT, or nothing, not \":1\""},
        {"log/format=xml", "log/format: must be text or json, not \"xml\""},
        {"log/access=warning", "log/access: must be off, debug or info, not \"warning\""},
        {"http/public_url=op.example", PUBLIC "\"op.example\""},
        {"http/public_url=https://", PUBLIC "\"https://\""},
        {"http/public_url=https://op.example/", PUBLIC "\"https://op.example/\""},
        {"http/public_url=https://a;b", PUBLIC "\"https://a;b\""},
        {"http/listen=8080", LISTEN "\"8080\""},
        {"http/listen=:8080", LISTEN "\":8080\""},
        {"http/listen=127.0.0.1", LISTEN "\"127.0.0.1\""},
        {"http/listen=127.0.0.1:", LISTEN "\"127.0.0.1:\""},
        {"http/listen=127.0.0.1:65536", LISTEN "\"127.0.0.1:65536\""},
        {"http/listen=127.0.0.1:80s", LISTEN "\"127.0.0.1:80s\""},
        {"http/listen=::1:80", LISTEN "\"::1:80\""},
        {"http/listen=[::1:80", LISTEN "\"[::1:80\""},
        {"http/listen=example.org:80", LISTEN "\"example.org:80\""},
        {"store/path=", "store/path: must be a path, not \"\""},
        {"store/path=" LONG500 LONG50, "store/path: must have at most 512 bytes, not 550"},
        {"modem/on_unknown=drop", "modem/on_unknown: must be hold or resend, not \"drop\""},
        {"texts/region=us", "texts/region: must be two capital letters, not \"us\""},
        {"texts/region=USA", "texts/region: must be two capital letters, not \"USA\""},
        {"texts/prefixes=1", PREFIXES "\"1\""},
        {"texts/prefixes=+", PREFIXES "\"+\""},
        {"texts/prefixes=+0", PREFIXES "\"+0\""},
        {"texts/prefixes=+1,", PREFIXES "\"+1,\""},
        {"texts/prefixes=+1, +44", PREFIXES "\"+1, +44\""},
        {"texts/prefixes=,", PREFIXES "\",\""},
        {"texts/prefixes=+1234567890123456", PREFIXES "\"+1234567890123456\""},
        {"http/proxies=proxy.lan", PROXIES "\"proxy.lan\""},
        {"http/proxies=10.0.0.1,", PROXIES "\"10.0.0.1,\""},
        {"http/proxies=::/129", PROXIES "\"::/129\""},
        {"http/proxies=::1,::1,::1,::1,::1,::1,::1,::1,::1,::1,::1,::1,::1,::1,::1,::1,::1",
         PROXIES "\"::1,::1,::1,::1,::1,::1,::1,::1,::1,::1,...\""},
        {"webhook/allow=10.0.0.0/33", ALLOW "\"10.0.0.0/33\""},
        {"webhook/allow=10.0.0.300", ALLOW "\"10.0.0.300\""},
        {"webhook/allow=fd00::/129", ALLOW "\"fd00::/129\""},
        {"webhook/allow=host.1", ALLOW "\"host.1\""},
        {"webhook/allow=0X7F000001", ALLOW "\"0X7F000001\""},
        {"webhook/allow=a.lan.", ALLOW "\"a.lan.\""},
        {"webhook/allow=a.lan/8", ALLOW "\"a.lan/8\""},
        {"webhook/allow=a.lan,,b.lan", ALLOW "\"a.lan,,b.lan\""},
        {"webhook/allow=http://a.lan", ALLOW "\"http://a.lan\""},
    };
    op_config_init(&s_config);
    s_before = s_config;
    for (size_t i = 0; i < OP_COUNT(cases); i++) {
        assert_int_equal(op_config_set(&s_config, cases[i].setting, s_error), -1);
        assert_string_equal(s_error, cases[i].error);
        assert_memory_equal(&s_before, &s_config, sizeof s_config);
    }
}

#define PLACE_FORM "modems/modem: imei: wants 14 to 17 digits behind it, iccid: 18 to 22"
#define MODEM_FORM                                                                                 \
    "modems/modem: must be DEVICE=E164, with ,shared or ,pin=PIN (4 to 8 digits) or both behind "  \
    "it"
#define E164_FORM "modems/modem: the number must be in E.164 form, like +14155550123"

static void test_modems(void **state)
{
    (void)state;
    static const struct {
        const char *modem, *error;
    } cases[] = {
        {"", MODEM_FORM},
        {"/dev/b", MODEM_FORM},
        {"=+14155550101", MODEM_FORM},
        {"/dev/b=+14155550101,", MODEM_FORM},
        {"/dev/b=+14155550101,shard", MODEM_FORM},
        {"/dev/b=+14155550101,shared,shared", MODEM_FORM},
        {"/dev/b=", E164_FORM},
        {"/dev/b=,shared", E164_FORM},
        {"/dev/b=4155550101", E164_FORM},
        {"+14155550101=/dev/b", E164_FORM},
        {"/dev/\nb=+14155550101",
         "modems/modem: the device must have at most 256 bytes, without control characters"},
        {LONG500 "=+14155550101",
         "modems/modem: the device must have at most 256 bytes, without control characters"},
        {"/dev/a=+14155550101", "modems/modem: the device /dev/a is there twice"},
        {"/dev/b=+14155550100", "modems/modem: the number +1********00 is there twice"},
    };
    op_config_init(&s_config);
    assert_int_equal(op_config_add_modem(&s_config, "/dev/a=+14155550100", s_error), 0);
    s_before = s_config;
    for (size_t i = 0; i < OP_COUNT(cases); i++) {
        assert_int_equal(op_config_add_modem(&s_config, cases[i].modem, s_error), -1);
        assert_string_equal(s_error, cases[i].error);
        assert_memory_equal(&s_before, &s_config, sizeof s_config);
    }
    for (int i = 1; i < OP_LINES_MAX; i++) {
        char modem[64];
        snprintf(modem, sizeof modem, "/dev/tty%d=+1415555%04d", i, 1000 + i);
        assert_int_equal(op_config_add_modem(&s_config, modem, s_error), 0);
    }
    assert_int_equal(s_config.modem_count, OP_LINES_MAX);
    assert_int_equal(op_config_add_modem(&s_config, "/dev/z=+14155559999", s_error), -1);
    assert_string_equal(s_error, "modems/modem: more than 256 modems");
}

static void test_check(void **state)
{
    (void)state;
    static const struct {
        const char *listen;
        bool local;
    } cases[] = {
        {"http/listen=127.0.0.1:0", true},           {"http/listen=127.9.9.9:80", true},
        {"http/listen=localhost:80", true},          {"http/listen=[::1]:80", true},
        {"http/listen=[::ffff:127.0.0.1]:80", true}, {"http/listen=0.0.0.0:80", false},
        {"http/listen=10.0.0.1:65535", false},       {"http/listen=[::]:80", false},
        {"http/listen=[::ffff:10.0.0.1]:80", false},
    };
    for (size_t i = 0; i < OP_COUNT(cases); i++) {
        op_config_init(&s_config);
        s_set(cases[i].listen);
        assert_int_equal(op_config_check(&s_config, op_route_itinerary, s_error),
                         cases[i].local ? 0 : -1);
        s_set("http/public_listen=true");
        assert_int_equal(op_config_check(&s_config, op_route_itinerary, s_error), 0);
    }
    op_config_init(&s_config);
    s_set("http/listen=0.0.0.0:80");
    assert_int_equal(op_config_check(&s_config, op_route_itinerary, s_error), -1);
    assert_string_equal(s_error,
                        "http/listen: 0.0.0.0:80 is not loopback; put a TLS proxy in front, "
                        "or set http/public_listen to true");

    op_config_init(&s_config);
    s_set("metrics/listen=127.0.0.1:9464");
    assert_int_equal(op_config_check(&s_config, op_route_itinerary, s_error), 0);
    s_set("metrics/listen=0.0.0.0:9464");
    assert_int_equal(op_config_check(&s_config, op_route_itinerary, s_error), -1);
    assert_string_equal(s_error, "metrics/listen: 0.0.0.0:9464 is not loopback; to serve metrics "
                                 "there, set metrics/public_listen to true");
    s_set("metrics/public_listen=true");
    assert_int_equal(op_config_check(&s_config, op_route_itinerary, s_error), 0);

    op_config_init(&s_config);
    assert_int_equal(
        op_config_add_modem(&s_config, "imei:356938035643809=+14155550101,pin=1234", s_error), 0);
    assert_int_equal(
        op_config_add_modem(&s_config,
                            "iccid:89014103211118510720=+14155550102,pin=12345678,shared", s_error),
        0);
    assert_int_equal(op_config_add_modem(&s_config, "imei:356938035643809=+14155550103", s_error),
                     -1);
    assert_string_equal(s_error, "modems/modem: the device imei: is there twice");
    assert_string_equal(s_config.modems[0].imei, "356938035643809");
    assert_string_equal(s_config.modems[0].pin, "1234");
    assert_string_equal(s_config.modems[1].iccid, "89014103211118510720");
    assert_string_equal(s_config.modems[1].device, "");
    assert_true(s_config.modems[1].shared);
    assert_int_equal(op_config_check(&s_config, op_route_itinerary, s_error), -1);
    assert_true(strncmp(s_error, "modem/devices: ", 15) == 0);
    s_set("modem/devices=/dev/ttyUSB*");
    assert_int_equal(op_config_check(&s_config, op_route_itinerary, s_error), 0);
    op_config_init(&s_config);
    s_set("simulate/modems=64");
    s_config.modem_count = OP_LINES_MAX - 64;
    assert_int_equal(op_config_check(&s_config, op_route_itinerary, s_error), 0);
    s_config.modem_count++;
    assert_int_equal(op_config_check(&s_config, op_route_itinerary, s_error), -1);
    assert_string_equal(s_error, "simulate/modems: with 193 real modems at most 63 fit");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),       cmocka_unit_test(test_set),
        cmocka_unit_test(test_words_of_forms), cmocka_unit_test(test_set_errors),
        cmocka_unit_test(test_modems),         cmocka_unit_test(test_check),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
