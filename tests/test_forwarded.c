/*  Who is believed about whom. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/forwarded.h"

#include <string.h>

#define CLIENT "203.0.113.7"
#define PROXY  "10.0.0.1"
#define FOR    "X-Forwarded-For"
#define PROTO  "X-Forwarded-Proto"

static op_network_t s_proxies[2];

static int s_setup(void **state)
{
    (void)state;
    return op_networks_parse(OP_STR("10.0.0.0/8,2001:db8::/32"), s_proxies, 2) == 2 ? 0 : -1;
}

typedef struct {
    const char *name, *value;
} s_line_t;

/*  What becomes of a request from `peer` with these two lines (NULL: none). */
static op_http_request_t s_apply(const char *peer, const s_line_t lines[2], size_t proxies,
                                 char text[OP_IP_TEXT + 1])
{
    static op_http_header_t headers[3];
    op_http_request_t request = {.client_ip = op_str(peer), .headers = headers};
    headers[request.header_count++] = (op_http_header_t){OP_STR("Host"), OP_STR("x")};
    for (size_t i = 0; i < 2; i++)
        if (lines[i].name)
            headers[request.header_count++] =
                (op_http_header_t){op_str(lines[i].name), op_str(lines[i].value)};
    op_forwarded_apply(&request, s_proxies, proxies, text);
    return request;
}

static void test_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *peer;
        s_line_t lines[2];
        const char *client;
    } table[] = {
        {CLIENT, {{NULL, NULL}}, CLIENT},
        {CLIENT, {{FOR, "192.0.2.1"}}, CLIENT}, /* anybody may write that */
        {"11.0.0.1", {{FOR, "192.0.2.1"}}, "11.0.0.1"},
        {PROXY, {{NULL, NULL}}, PROXY},
        {PROXY, {{FOR, CLIENT}}, CLIENT},
        {PROXY, {{"x-forwarded-FOR", CLIENT}}, CLIENT},
        {PROXY, {{FOR, "1.1.1.1, " CLIENT}}, CLIENT},
        {PROXY, {{FOR, "1.1.1.1," CLIENT ",10.0.0.2 , 10.9.9.9"}}, CLIENT},
        {PROXY, {{FOR, "1.1.1.1"}, {FOR, CLIENT ", 10.0.0.2"}}, CLIENT}, /* two lines, one list */
        {PROXY, {{FOR, CLIENT}, {FOR, "10.0.0.2"}}, CLIENT},
        {PROXY, {{FOR, "10.0.0.3, 10.0.0.2"}}, "10.0.0.3"}, /* nobody but proxies */
        {PROXY, {{FOR, CLIENT ":4711"}}, CLIENT},
        {PROXY, {{FOR, "[2001:0DB9::1]:443"}}, "2001:db9::1"},
        {PROXY, {{FOR, "[2001:db9::1]"}}, "2001:db9::1"},
        {PROXY, {{FOR, "2001:DB9:0:0::1"}}, "2001:db9::1"},
        {PROXY, {{FOR, "::ffff:203.0.113.7"}}, CLIENT},
        {"::ffff:10.0.0.1", {{FOR, CLIENT}}, CLIENT},
        {"2001:db8::5", {{FOR, CLIENT}}, CLIENT},
        /* Malformed: whoever is known so far. */
        {PROXY, {{FOR, ""}}, PROXY},
        {PROXY, {{FOR, "unknown"}}, PROXY},
        {PROXY, {{FOR, CLIENT ","}}, PROXY},
        {PROXY, {{FOR, CLIENT ", nonsense, 10.0.0.2"}}, "10.0.0.2"},
        {PROXY, {{FOR, "203.0.113.7.1"}}, PROXY},
        {PROXY, {{FOR, "203.0.113.7:x"}}, PROXY},
        {PROXY, {{FOR, "203.0.113.7:"}}, PROXY},
        {PROXY, {{FOR, "203.0.113.7:65536"}}, PROXY},
        {PROXY, {{FOR, "[203.0.113.7]"}}, PROXY},
        {PROXY, {{FOR, "[2001:db9::1"}}, PROXY},
        {PROXY, {{FOR, "[2001:db9::1]x"}}, PROXY},
        {PROXY, {{FOR, "2001:db9::1%eth0"}}, PROXY},
        {PROXY, {{FOR, "[]"}}, PROXY},
        {PROXY, {{FOR, ":"}}, PROXY},
    };
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        char text[OP_IP_TEXT + 1];
        op_http_request_t request = s_apply(table[i].peer, table[i].lines, 2, text);
        if (!op_str_is(request.client_ip, table[i].client))
            fail_msg("row %zu: %.*s", i, (int)request.client_ip.size, request.client_ip.at);
        request = s_apply(table[i].peer, table[i].lines, 0, text);
        assert_true(op_str_is(request.client_ip, table[i].peer)); /* nobody is trusted */
    }
}

static void test_many(void **state)
{
    (void)state;
    for (int proxies = OP_FORWARDED_MAX - 2; proxies <= OP_FORWARDED_MAX; proxies++) {
        char list[1024] = CLIENT, text[OP_IP_TEXT + 1];
        for (int i = 0; i < proxies; i++)
            strcat(list, ",10.0.0.2");
        const s_line_t lines[2] = {{FOR, list}};
        op_http_request_t request = s_apply(PROXY, lines, 2, text);
        assert_true(op_str_is(request.client_ip, proxies < OP_FORWARDED_MAX ? CLIENT : "10.0.0.2"));
    }
}

static void test_tls(void **state)
{
    (void)state;
    static const struct {
        const char *peer;
        s_line_t lines[2];
        bool https;
    } table[] = {
        {PROXY, {{NULL, NULL}}, false},
        {PROXY, {{PROTO, "https"}}, true},
        {PROXY, {{PROTO, "HTTPS"}}, true},
        {PROXY, {{PROTO, "http"}}, false},
        {PROXY, {{PROTO, "https, http"}}, false}, /* the nearest proxy's word is the last */
        {PROXY, {{PROTO, "http, https"}}, true},
        {PROXY, {{PROTO, "https"}, {PROTO, "http"}}, false},
        {PROXY, {{PROTO, "httpsx"}}, false},
        {PROXY, {{PROTO, ""}}, false},
        {CLIENT, {{PROTO, "https"}}, false},
        {CLIENT, {{PROTO, "https"}, {FOR, PROXY}}, false},
    };
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        char text[OP_IP_TEXT + 1];
        op_http_request_t request = s_apply(table[i].peer, table[i].lines, 2, text);
        if (request.https != table[i].https)
            fail_msg("row %zu", i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_tls),
    };
    return cmocka_run_group_tests(tests, s_setup, NULL);
}
