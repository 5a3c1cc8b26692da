/*  Webhook URLs from strangers. Property: a verdict has a sentence; a URL that passes the strictest
    rules is https, printable, without userinfo, names a host, and if that is an address, a public
    one; whatever passes them passes laxer ones; the host is bounded, in lower case and its own
    host when written into a URL again. */

#include "tests/fuzz/fuzz.h"

#include "http/target.h"

static void s_check_host(const char *host)
{
    char again[OP_HOST_NAME_MAX + 1];
    op_buf_t url = {0};
    size_t size = strnlen(host, OP_HOST_NAME_MAX + 1);
    FUZZ_CHECK(size > 0 && size <= OP_HOST_NAME_MAX);
    bool six = strchr(host, ':') != NULL;
    for (size_t i = 0; i < size; i++) {
        FUZZ_CHECK((uint8_t)host[i] > ' ' && (uint8_t)host[i] < 127);
        FUZZ_CHECK(!(host[i] >= 'A' && host[i] <= 'Z') && !strchr("@/?#\\", host[i]));
    }
    op_buf_printf(&url, six ? "https://[%s]/" : "https://%s/", host);
    FUZZ_CHECK(op_target_host(op_buf_str(&url), again) && strcmp(host, again) == 0);
    op_buf_free(&url);
}

static void s_check_passed(op_str_t url, const char *host)
{
    op_ip_t address;
    size_t authority = url.size;
    FUZZ_CHECK(url.size <= OP_URL_MAX && url.size > 8);
    for (size_t i = 0; i < url.size; i++) {
        FUZZ_CHECK((uint8_t)url.at[i] > ' ' && (uint8_t)url.at[i] < 127);
        FUZZ_CHECK(i >= 8 || (url.at[i] | 0x20) == ("https://"[i] | 0x20));
        if (i >= 8 && authority == url.size && strchr("/?#", url.at[i]))
            authority = i;
        FUZZ_CHECK(i >= authority || url.at[i] != '@');
    }
    FUZZ_CHECK(strcmp(host, "localhost") != 0);
    FUZZ_CHECK(!op_ip_parse(op_str(host), &address) || op_ip_kind(&address) == OP_IP_PUBLIC);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const op_target_rules_t strict = {0};
    const op_target_rules_t lax = {true, true, OP_STR("10.1.0.0/16,fd00::/8,hooks.internal")};
    char host[OP_HOST_NAME_MAX + 1];
    op_str_t url = op_str_of(data, size);
    bool has_host = op_target_host(url, host);
    if (has_host)
        s_check_host(host);
    op_target_t verdict = op_target_check(url, &strict), other = op_target_check(url, &lax);
    FUZZ_CHECK(op_target_sentence(other)[0]);
    if (verdict == OP_TARGET_OK) {
        FUZZ_CHECK(has_host && other == OP_TARGET_OK);
        s_check_passed(url, host);
    } else {
        FUZZ_CHECK(op_target_sentence(verdict)[0]);
    }
    return 0;
}
