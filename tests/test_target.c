#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/target.h"

#include <string.h>

static const char *const s_allow[] = {"10.1.0.0/16", "hooks.internal", "fd00::5"};

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
    {"https://127.0.0.1./", OP_TARGET_ADDRESS, OP_TARGET_OK},
    {"https://127.1./", OP_TARGET_BAD_URL, OP_TARGET_BAD_URL},
    {"https://127.%31/", OP_TARGET_BAD_URL, OP_TARGET_BAD_URL},
    {"https://0x7f%2e1/", OP_TARGET_BAD_URL, OP_TARGET_BAD_URL},
    {"https://2130706433./", OP_TARGET_BAD_URL, OP_TARGET_BAD_URL},
    {"https://example.org./", OP_TARGET_OK, OP_TARGET_OK},
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
    const op_target_rules_t open = {.allow_http = true,
                                    .allow_loopback = true,
                                    .allow = s_allow,
                                    .allow_count = OP_COUNT(s_allow)};
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

static void test_length(void **state)
{
    (void)state;
    const op_target_rules_t strict = {0};
    char url[OP_TARGET_URL_MAX + 1] = "https://example.org/";
    memset(url + strlen(url), 'a', sizeof url - strlen(url));
    assert_int_equal(op_target_check(op_str_of(url, OP_TARGET_URL_MAX), &strict), OP_TARGET_OK);
    assert_int_equal(op_target_check(op_str_of(url, OP_TARGET_URL_MAX + 1), &strict),
                     OP_TARGET_TOO_LONG);
}

static void test_host(void **state)
{
    (void)state;
    char host[OP_TARGET_HOST_MAX + 1];
    assert_true(op_target_host(OP_STR("https://Example.ORG:8443/x"), host));
    assert_string_equal(host, "example.org");
    assert_true(op_target_host(OP_STR("https://[FD00::5]/"), host));
    assert_string_equal(host, "fd00::5");
    assert_true(op_target_host(OP_STR("https://127.1/"), host));
    assert_string_equal(host, "127.0.0.1");
    assert_false(op_target_host(OP_STR("nothing"), host));
}

static void test_entries(void **state)
{
    (void)state;
    assert_true(op_target_entry_ok("10.0.0.0/8"));
    assert_true(op_target_entry_ok("::1"));
    assert_true(op_target_entry_ok("my-host.lan"));
    assert_false(op_target_entry_ok(""));
    assert_false(op_target_entry_ok("10.0.0.0/40"));
    assert_false(op_target_entry_ok("https://x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_length),
        cmocka_unit_test(test_host),
        cmocka_unit_test(test_entries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
