/*  gateway_server.h - a gateway behind a real HTTP server, and a client that calls it

    The actors behind it answer by script (gateway_fixture.h). The server trusts this machine as a
    proxy. Included by each test once. */

#ifndef OP_TESTS_GATEWAY_SERVER_H
#define OP_TESTS_GATEWAY_SERVER_H

#include "tests/gateway_fixture.h"

#include <strings.h>

enum { WORKERS = 64 };

static s_client_t s_peer;
static op_network_t s_proxy;

static inline const char *s_no_http(void *arg, op_str_t url)
{
    (void)arg;
    return op_str_starts(url, "https://") ? NULL : "Use https.";
}

static inline void s_side(void *arg, op_str_t method, op_str_t path, op_str_t query, op_str_t body,
                          op_http_response_t *response)
{
    OP_ASSERT(arg == &s_gateway);
    op_buf_printf(&response->body, "%.*s %.*s %.*s %.*s", (int)method.size, method.at,
                  (int)path.size, path.at, (int)query.size, query.size ? query.at : "",
                  (int)body.size, body.size ? body.at : "");
}

static inline int s_group_setup(void **state)
{
    (void)state;
    char error[256];
    s_actors_start();
    op_gateway_options_t options = {.workers = WORKERS, .check_url = s_no_http};
    options.side.prefix = "/sim";
    options.side.serve = s_side;
    options.side.arg = &s_gateway;
    s_gateway = op_gateway_new(&options, error);
    assert_non_null(s_gateway);
    assert_null(op_gateway_new(&options, error)); /* one process, one "http" */
    assert_true(strlen(error) > 0);
    assert_int_equal(op_networks_parse(OP_STR("127.0.0.0/8"), &s_proxy, 1), 1);
    op_http_server_options_t server = {.listen = "127.0.0.1:0",
                                       .threads = WORKERS, /* never full, see http_fixture.h */
                                       .head_timeout_ms = PATIENCE_S * 1000,
                                       .body_timeout_ms = PATIENCE_S * 1000,
                                       .keep_alive_ms = PATIENCE_S * 1000,
                                       .proxies = &s_proxy,
                                       .proxy_count = 1,
                                       .handle = op_gateway_handle,
                                       .prepare = op_gateway_prepare,
                                       .arg = s_gateway};
    s_server = op_http_server_new(&server, error, sizeof error);
    assert_non_null(s_server);
    return 0;
}

static inline int s_group_teardown(void **state)
{
    (void)state;
    assert_true(op_http_server_stop(s_server));
    op_gateway_stop(s_gateway);
    op_gateway_stop(s_gateway);
    op_http_server_destroy(&s_server);
    op_gateway_destroy(&s_gateway);
    op_gateway_destroy(&s_gateway);
    s_actors_halt();
    s_actors_unbind();
    return 0;
}

static inline int s_connected(void **state)
{
    (void)state;
    s_peer = s_connect(s_server);
    s_play(ANSWER);
    return 0;
}

static inline int s_disconnected(void **state)
{
    (void)state;
    s_close(&s_peer);
    s_peer = (s_client_t){0};
    return 0;
}

/*  `head` is the request line's "METHOD target" and the headers, each with its CRLF. */
static inline void s_call(const char *line, const char *headers, const char *body, int status)
{
    char request[2048];
    snprintf(request, sizeof request, "%s HTTP/1.1\r\n" HOST "%s", line, headers);
    size_t size = strlen(request);
    if (body)
        snprintf(request + size, sizeof request - size, "Content-Length: %zu\r\n\r\n%s",
                 strlen(body), body);
    else
        snprintf(request + size, sizeof request - size, "\r\n");
    s_say(&s_peer, request);
    s_response(&s_peer, strncmp(line, "HEAD", 4) != 0);
    if (status) /* 0: any */
        assert_int_equal(s_peer.status, status);
}

static inline void s_assert_no_header(const char *name)
{
    if (strcasestr(s_peer.head, name))
        fail_msg("there is a %s in [%s]", name, s_peer.head);
}

static inline void s_assert_windows(const char *limit, const char *remaining)
{
    char line[100];
    snprintf(line, sizeof line, "X-RateLimit-Limit: %s", limit);
    s_assert_header(&s_peer, line);
    snprintf(line, sizeof line, "X-RateLimit-Remaining: %s", remaining);
    s_assert_header(&s_peer, line);
    if (strcmp(limit, "60") == 0)
        s_assert_header(&s_peer, "X-RateLimit-Reset: 1779304493"); /* rounded up */
    assert_non_null(strstr(s_peer.head, "\r\nX-RateLimit-Reset: "));
    assert_non_null(strstr(s_peer.head, "\r\nX-Request-Id: "));
    s_assert_header(&s_peer, "Cache-Control: no-store");
}

#define SEND "{\"to\":\"+14155550123\",\"body\":\"hi\"}"

static inline void s_assert_error(const char *code, const char *field, const char *message)
{
    json_t *json = json_loadb(s_peer.body.at, s_peer.body.size, 0, NULL);
    const char *found = NULL, *said = NULL, *where = NULL;
    assert_non_null(json);
    assert_int_equal(json_unpack(json, "{s:{s:s,s:s,s?s}}", "error", "code", &found, "message",
                                 &said, "field", &where),
                     0);
    assert_string_equal(found, code);
    if (message)
        assert_string_equal(said, message);
    assert_string_equal(where ? where : "-", field ? field : "-");
    json_decref(json);
    s_assert_header(&s_peer, "Content-Type: application/json");
}

#define SERVED(test) cmocka_unit_test_setup_teardown(test, s_connected, s_disconnected)

#endif
