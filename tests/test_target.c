#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/target.h"

#include <stdio.h>
#include <string.h>

#define S_ALLOW OP_STR("10.1.0.0/16,hooks.internal,fd00::5")

static const struct {
    const char *url;
    op_target_t strict, open; /* nothing allowed; http, loopback and the list above allowed */
} s_cases[] = {
    {"https://example.org/hook?a=b", OP_TARGET_OK, OP_TARGET_OK},
    {"HTTPS://Example.ORG:8443/", OP_TARGET_OK, OP_TARGET_OK},
    {"https://8.8.8.8/x", OP_TARGET_OK, OP_TARGET_OK},
    {"https://[2606:4700::1111]/x", OP_TARGET_OK, OP_TARGET_OK},
    {"https://example.org/a@b", OP_TARGET_OK, OP_TARGET_OK},
    {"https://example.org?a@b", OP_TARGET_OK, OP_TARGET_OK},
    {"http://example.org/", OP_TARGET_SCHEME, OP_TARGET_OK},
    {"ftp://example.org/", OP_TARGET_SCHEME, OP_TARGET_SCHEME},
    {"file:///etc/passwd", OP_TARGET_SCHEME, OP_TARGET_SCHEME},
    {"gopher://example.org/", OP_TARGET_SCHEME, OP_TARGET_SCHEME},
    {"https://u:p@example.org/", OP_TARGET_USERINFO, OP_TARGET_USERINFO},
    {"https://u@example.org/", OP_TARGET_USERINFO, OP_TARGET_USERINFO},
    {"https://@example.org/", OP_TARGET_USERINFO, OP_TARGET_USERINFO},
    {"https://8.8.8.8@10.0.0.1/", OP_TARGET_USERINFO, OP_TARGET_USERINFO},
    {"", OP_TARGET_BAD_URL, OP_TARGET_BAD_URL},
    {"example.org", OP_TARGET_BAD_URL, OP_TARGET_BAD_URL},
    {"//example.org/", OP_TARGET_BAD_URL, OP_TARGET_BAD_URL},
    {"https://", OP_TARGET_BAD_URL, OP_TARGET_BAD_URL},
    {"https:///u@example.org/", OP_TARGET_BAD_URL, OP_TARGET_BAD_URL},
    {"https:/example.org/", OP_TARGET_BAD_URL, OP_TARGET_BAD_URL},
    {"https://exam ple.org/", OP_TARGET_BAD_URL, OP_TARGET_BAD_URL},
    {"https://example.org/\r\nX: y", OP_TARGET_BAD_URL, OP_TARGET_BAD_URL},
    {"https://ex\xc3\xa4mple.org/", OP_TARGET_BAD_URL, OP_TARGET_BAD_URL},
    {"https://example.org\\@10.0.0.1/", OP_TARGET_BAD_URL, OP_TARGET_BAD_URL},
    {"https://example.org:99999/", OP_TARGET_BAD_URL, OP_TARGET_BAD_URL},
    {"https://example.org:0/", OP_TARGET_BAD_URL, OP_TARGET_BAD_URL},
    {"https://[fe80::1%25eth0]/", OP_TARGET_BAD_URL, OP_TARGET_BAD_URL},
    {"https://127.0.0.1/", OP_TARGET_ADDRESS, OP_TARGET_OK},
    {"https://127.1/", OP_TARGET_ADDRESS, OP_TARGET_OK},
    {"https://2130706433/", OP_TARGET_ADDRESS, OP_TARGET_OK},
    {"https://0x7f.0.0.1/", OP_TARGET_ADDRESS, OP_TARGET_OK},
    {"https://0177.0.0.1/", OP_TARGET_ADDRESS, OP_TARGET_OK},
    {"https://%31%32%37.0.0.1/", OP_TARGET_ADDRESS, OP_TARGET_OK},
    {"https://[::1]:8080/", OP_TARGET_ADDRESS, OP_TARGET_OK},
    {"https://[::ffff:127.0.0.1]/", OP_TARGET_ADDRESS, OP_TARGET_OK},
    {"https://localhost/", OP_TARGET_ADDRESS, OP_TARGET_OK},
    {"https://LocalHost:1/", OP_TARGET_ADDRESS, OP_TARGET_OK},
    {"https://localhost./", OP_TARGET_ADDRESS, OP_TARGET_OK},
    {"https://op.localhost/", OP_TARGET_ADDRESS, OP_TARGET_OK},
    {"https://a.b.LOCALHOST./", OP_TARGET_ADDRESS, OP_TARGET_OK},
    {"https://notlocalhost/", OP_TARGET_OK, OP_TARGET_OK},
    {"https://localhost.example.org/", OP_TARGET_OK, OP_TARGET_OK},
    {"https://127.0.0.1./", OP_TARGET_ADDRESS, OP_TARGET_OK},
    {"https://127.1./", OP_TARGET_BAD_URL, OP_TARGET_BAD_URL},
    {"https://127.%31/", OP_TARGET_BAD_URL, OP_TARGET_BAD_URL},
    {"https://0x7f%2e1/", OP_TARGET_BAD_URL, OP_TARGET_BAD_URL},
    {"https://2130706433./", OP_TARGET_BAD_URL, OP_TARGET_BAD_URL},
    {"https://example.org./", OP_TARGET_OK, OP_TARGET_OK},
    /* one to four parts, each decimal, octal or hexadecimal */
    {"https://0/", OP_TARGET_ADDRESS, OP_TARGET_ADDRESS},
    {"https://10.1/", OP_TARGET_ADDRESS, OP_TARGET_ADDRESS},
    {"https://10.0.1/", OP_TARGET_ADDRESS, OP_TARGET_ADDRESS},
    {"https://169.254.43518/", OP_TARGET_ADDRESS, OP_TARGET_ADDRESS},
    {"https://2852039166/", OP_TARGET_ADDRESS, OP_TARGET_ADDRESS},
    {"https://0xa9fea9fe/", OP_TARGET_ADDRESS, OP_TARGET_ADDRESS},
    {"https://0XA9.0xFE.0xa9.0xfe/", OP_TARGET_ADDRESS, OP_TARGET_ADDRESS},
    {"https://0251.0376.0251.0376/", OP_TARGET_ADDRESS, OP_TARGET_ADDRESS},
    {"https://025177524776/", OP_TARGET_ADDRESS, OP_TARGET_ADDRESS},
    {"https://0xa9.254.0251.254/", OP_TARGET_ADDRESS, OP_TARGET_ADDRESS},
    {"https://0000000000000000000000000000012.1/", OP_TARGET_ADDRESS, OP_TARGET_ADDRESS},
    {"https://0x8.8.8.8/", OP_TARGET_OK, OP_TARGET_OK},
    {"https://4294967296/", OP_TARGET_BAD_URL, OP_TARGET_BAD_URL},
    {"https://99999999999999999999/", OP_TARGET_BAD_URL, OP_TARGET_BAD_URL},
    {"https://256.0.0.1/", OP_TARGET_BAD_URL, OP_TARGET_BAD_URL},
    {"https://1.2.3.4.5/", OP_TARGET_BAD_URL, OP_TARGET_BAD_URL},
    {"https://0x/", OP_TARGET_BAD_URL, OP_TARGET_BAD_URL},
    {"https://127.0.0.09/", OP_TARGET_BAD_URL, OP_TARGET_BAD_URL},
    {"https://10.0.0.1../", OP_TARGET_BAD_URL, OP_TARGET_BAD_URL},
    {"https://10..0.1/", OP_TARGET_BAD_URL, OP_TARGET_BAD_URL},
    /* escapes, and digits and dots of other alphabets, as octets and escaped */
    {"https://%31%30.0.0.1/", OP_TARGET_ADDRESS, OP_TARGET_ADDRESS},
    {"https://10%2e0%2e0%2e1/", OP_TARGET_ADDRESS, OP_TARGET_ADDRESS},
    {"https://example%2eorg/", OP_TARGET_OK, OP_TARGET_OK},
    {"https://example.org%00.evil/", OP_TARGET_BAD_URL, OP_TARGET_BAD_URL},
    {"https://example.org%2f@10.0.0.1/", OP_TARGET_USERINFO, OP_TARGET_USERINFO},
    {"https://\xef\xbc\x91\xef\xbc\x90.0.0.1/", OP_TARGET_BAD_URL, OP_TARGET_BAD_URL},
    {"https://%ef%bc%91%ef%bc%90.0.0.1/", OP_TARGET_BAD_URL, OP_TARGET_BAD_URL},
    {"https://\xe2\x91\xa0.0.0.1/", OP_TARGET_BAD_URL, OP_TARGET_BAD_URL},
    {"https://10\xe3\x80\x82"
     "0.0.1/",
     OP_TARGET_BAD_URL, OP_TARGET_BAD_URL},
    {"https://10%e3%80%820.0.1/", OP_TARGET_BAD_URL, OP_TARGET_BAD_URL},
    {"https://xn--mnchen-3ya.example/", OP_TARGET_OK, OP_TARGET_OK},
    /* IPv6 and what it carries */
    {"https://[::]/", OP_TARGET_ADDRESS, OP_TARGET_ADDRESS},
    {"https://[::ffff:10.0.0.1]/", OP_TARGET_ADDRESS, OP_TARGET_ADDRESS},
    {"https://[::ffff:a00:1]/", OP_TARGET_ADDRESS, OP_TARGET_ADDRESS},
    {"https://[0:0:0:0:0:ffff:a00:1]/", OP_TARGET_ADDRESS, OP_TARGET_ADDRESS},
    {"https://[::ffff:8.8.8.8]/", OP_TARGET_OK, OP_TARGET_OK},
    {"https://[::ffff:10.1.2.3]/", OP_TARGET_ADDRESS, OP_TARGET_OK},
    {"https://[64:ff9b::10.0.0.1]/", OP_TARGET_ADDRESS, OP_TARGET_ADDRESS},
    {"https://[64:ff9b::8.8.8.8]/", OP_TARGET_OK, OP_TARGET_OK},
    {"https://[2002:a00:1::]/", OP_TARGET_ADDRESS, OP_TARGET_ADDRESS},
    {"https://[FE80::1]/", OP_TARGET_ADDRESS, OP_TARGET_ADDRESS},
    {"https://[fe80::1%eth0]/", OP_TARGET_BAD_URL, OP_TARGET_BAD_URL},
    {"https://[fe80::1%251]/", OP_TARGET_BAD_URL, OP_TARGET_BAD_URL},
    {"https://[2606:4700::1111%251]/", OP_TARGET_BAD_URL, OP_TARGET_BAD_URL},
    {"https://[::1/", OP_TARGET_BAD_URL, OP_TARGET_BAD_URL},
    {"https://[127.0.0.1]/", OP_TARGET_BAD_URL, OP_TARGET_BAD_URL},
    {"https://[v1.fe80::a]/", OP_TARGET_BAD_URL, OP_TARGET_BAD_URL},
    {"https://::1/", OP_TARGET_BAD_URL, OP_TARGET_BAD_URL},
    /* ports */
    {"https://example.org:65535/", OP_TARGET_OK, OP_TARGET_OK},
    {"https://example.org:65536/", OP_TARGET_BAD_URL, OP_TARGET_BAD_URL},
    {"https://example.org:-1/", OP_TARGET_BAD_URL, OP_TARGET_BAD_URL},
    {"https://example.org:443:80/", OP_TARGET_BAD_URL, OP_TARGET_BAD_URL},
    {"https://example.org:x/", OP_TARGET_BAD_URL, OP_TARGET_BAD_URL},
    {"https://10.0.0.1:443/", OP_TARGET_ADDRESS, OP_TARGET_ADDRESS},
    /* who is the host? */
    {"https://10.0.0.1#@example.org/", OP_TARGET_ADDRESS, OP_TARGET_ADDRESS},
    {"https://10.0.0.1?@example.org/", OP_TARGET_ADDRESS, OP_TARGET_ADDRESS},
    {"https://example.org#@10.0.0.1/", OP_TARGET_OK, OP_TARGET_OK},
    {"https://example.org:443@10.0.0.1/", OP_TARGET_USERINFO, OP_TARGET_USERINFO},
    {"https://example.org;10.0.0.1/", OP_TARGET_BAD_URL, OP_TARGET_BAD_URL},
    {"https://example.org,10.0.0.1/", OP_TARGET_BAD_URL, OP_TARGET_BAD_URL},
    {"https:\\\\10.0.0.1/", OP_TARGET_BAD_URL, OP_TARGET_BAD_URL},
    {"https://exa\tmple.org/", OP_TARGET_BAD_URL, OP_TARGET_BAD_URL},
    {"dict://127.0.0.1:11211/stat", OP_TARGET_SCHEME, OP_TARGET_SCHEME},
    {"unix:///var/run/docker.sock", OP_TARGET_SCHEME, OP_TARGET_SCHEME},
    {"https://169.254.169.254/latest", OP_TARGET_ADDRESS, OP_TARGET_ADDRESS},
    {"https://10.0.0.1/", OP_TARGET_ADDRESS, OP_TARGET_ADDRESS},
    {"https://10.1.2.3/", OP_TARGET_ADDRESS, OP_TARGET_OK},
    {"https://[fd00::5]/", OP_TARGET_ADDRESS, OP_TARGET_OK},
    {"https://[fd00::6]/", OP_TARGET_ADDRESS, OP_TARGET_ADDRESS},
    {"https://0.0.0.0/", OP_TARGET_ADDRESS, OP_TARGET_ADDRESS},
    {"https://hooks.internal/", OP_TARGET_OK, OP_TARGET_OK}, /* DNS will tell */
};

static void test_check(void **state)
{
    (void)state;
    const op_target_rules_t strict = {0};
    const op_target_rules_t open = {.allow_http = true, .allow_loopback = true, .allow = S_ALLOW};
    for (size_t i = 0; i < OP_COUNT(s_cases); i++) {
        op_target_t verdict = op_target_check(op_str(s_cases[i].url), &strict);
        if (verdict != s_cases[i].strict)
            fail_msg("%s, strict: %s", s_cases[i].url, op_target_sentence(verdict));
        verdict = op_target_check(op_str(s_cases[i].url), &open);
        if (verdict != s_cases[i].open)
            fail_msg("%s, open: %s", s_cases[i].url, op_target_sentence(verdict));
    }
    assert_true(op_target_host_allowed("hooks.internal", &open));
    assert_false(op_target_host_allowed("hooks.internal", &strict));
    assert_false(op_target_host_allowed("x.hooks.internal", &open));
}

/*  Who may post to 127.0.0.1 may post to the name that it always has, and not to other addresses. */
static void test_localhost(void **state)
{
    (void)state;
    static const struct {
        const char *allow;
        op_target_t localhost, below;
    } table[] = {
        {"127.0.0.1", OP_TARGET_OK, OP_TARGET_OK},
        {"127.0.0.0/8", OP_TARGET_OK, OP_TARGET_OK},
        {"127.0.0.2", OP_TARGET_ADDRESS, OP_TARGET_ADDRESS},
        {"::1", OP_TARGET_ADDRESS, OP_TARGET_ADDRESS},
        {"localhost", OP_TARGET_OK, OP_TARGET_ADDRESS},
        {"op.localhost", OP_TARGET_ADDRESS, OP_TARGET_OK},
    };
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        const op_target_rules_t rules = {.allow = op_str(table[i].allow)};
        assert_int_equal(op_target_check(OP_STR("https://localhost/"), &rules), table[i].localhost);
        assert_int_equal(op_target_check(OP_STR("https://op.localhost/"), &rules), table[i].below);
    }
}

static void test_length(void **state)
{
    (void)state;
    const op_target_rules_t strict = {0};
    char url[OP_URL_MAX + 1] = "https://example.org/";
    memset(url + strlen(url), 'a', sizeof url - strlen(url));
    assert_int_equal(op_target_check(op_str_of(url, OP_URL_MAX), &strict), OP_TARGET_OK);
    assert_int_equal(op_target_check(op_str_of(url, OP_URL_MAX + 1), &strict), OP_TARGET_TOO_LONG);
}

static void test_host(void **state)
{
    (void)state;
    char host[OP_HOST_NAME_MAX + 1];
    assert_true(op_target_host(OP_STR("https://Example.ORG:8443/x"), host));
    assert_string_equal(host, "example.org");
    assert_true(op_target_host(OP_STR("https://[FD00::5]/"), host));
    assert_string_equal(host, "fd00::5");
    assert_true(op_target_host(OP_STR("https://127.1/"), host));
    assert_string_equal(host, "127.0.0.1");
    assert_false(op_target_host(OP_STR("nothing"), host));
}

static void test_endpoint(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"https://example.org/hook", "https://example.org:443"},
        {"https://Example.ORG.:443/other?x", "https://example.org:443"},
        {"https://example.org:8443/", "https://example.org:8443"},
        {"http://example.org", "http://example.org:80"},
        {"https://127.1:1/", "https://127.0.0.1:1"},
        {"https://[FD00::5]/", "https://fd00::5:443"},
    };
    char endpoint[OP_TARGET_ENDPOINT_SIZE];
    for (size_t i = 0; i < OP_COUNT(cases); i++) {
        assert_true(op_target_endpoint(op_str(cases[i][0]), endpoint));
        assert_string_equal(endpoint, cases[i][1]);
    }
    assert_false(op_target_endpoint(OP_STR("nothing"), endpoint));
}

/*  No entry of a long list is forgotten. */
static void test_long_list(void **state)
{
    (void)state;
    enum { ENTRIES = 200 };
    op_buf_t list = {0};
    char url[64];
    for (int i = 0; i < ENTRIES; i++)
        op_buf_printf(&list, "%s10.0.0.%d", i ? "," : "", i);
    const op_target_rules_t rules = {.allow = op_buf_str(&list)};
    for (int i = 0; i <= ENTRIES; i++) {
        snprintf(url, sizeof url, "https://10.0.0.%d/", i);
        assert_int_equal(op_target_check(op_str(url), &rules),
                         i < ENTRIES ? OP_TARGET_OK : OP_TARGET_ADDRESS);
    }
    op_buf_free(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check),     cmocka_unit_test(test_length),
        cmocka_unit_test(test_localhost), cmocka_unit_test(test_host),
        cmocka_unit_test(test_endpoint),  cmocka_unit_test(test_long_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
