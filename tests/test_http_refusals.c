/*  What the server must refuse, in the contract's shape and with the connection closed: the framing
    that two readers could see differently, too much, too slow. */

#include "tests/http_fixture.h"

#define POST    "POST /echo HTTP/1.1\r\n"
#define EVIL    "GET /show/evil HTTP/1.1\r\n" HOST "\r\n"
#define INVALID "validation_error"

static const struct {
    const char *what, *bytes;
    int status;
    const char *code;
} s_bad[] = {
    {"TE with CL",
     POST HOST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" EVIL, 411,
     INVALID},
    {"TE chunked", POST HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" EVIL, 411, INVALID},
    {"TE identity", POST HOST "Transfer-Encoding: identity\r\n\r\n" EVIL, 411, INVALID},
    {"TE unknown", POST HOST "Transfer-Encoding: xchunked\r\n\r\n" EVIL, 400, INVALID},
    {"TE blank", POST HOST "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" EVIL, 400, INVALID},
    {"CL blank", POST HOST "Content-Length : 5\r\n\r\nhello" EVIL, 400, INVALID},
    {"two CL", POST HOST "Content-Length: 0\r\nContent-Length: 44\r\n\r\n" EVIL, 400, INVALID},
    {"two equal CL", POST HOST "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello" EVIL, 400,
     INVALID},
    {"CL list", POST HOST "Content-Length: 5, 5\r\n\r\nhello" EVIL, 400, INVALID},
    {"CL tail", POST HOST "Content-Length: 5abc\r\n\r\nhello" EVIL, 400, INVALID},
    {"CL plus", POST HOST "Content-Length: +5\r\n\r\nhello" EVIL, 400, INVALID},
    {"CL minus", POST HOST "Content-Length: -5\r\n\r\nhello" EVIL, 400, INVALID},
    {"CL hex", POST HOST "Content-Length: 0x5\r\n\r\nhello" EVIL, 400, INVALID},
    {"CL empty", POST HOST "Content-Length: \r\n\r\n" EVIL, 400, INVALID},
    {"CL overflow", POST HOST "Content-Length: 18446744073709551621\r\n\r\nhello" EVIL, 400,
     INVALID},
    {"CL 11 digits", POST HOST "Content-Length: 00000000005\r\n\r\nhello" EVIL, 400, INVALID},
    {"CL too much", POST HOST "Content-Length: 9999999999\r\n\r\n" EVIL, 413, "payload_too_large"},
    {"folded", POST HOST "X-A: b\r\n c\r\nContent-Length: 5\r\n\r\nhello" EVIL, 400, INVALID},
    {"folded by tab", POST HOST "X-A: b\r\n\tc\r\nContent-Length: 5\r\n\r\nhello" EVIL, 400,
     INVALID},
    {"folded first", POST " X: y\r\n" HOST "Content-Length: 5\r\n\r\nhello" EVIL, 400, INVALID},
    {"empty name", POST HOST ": y\r\nContent-Length: 5\r\n\r\nhello" EVIL, 400, INVALID},
    {"odd name", POST HOST "X(a): y\r\nContent-Length: 5\r\n\r\nhello" EVIL, 400, INVALID},
    {"no colon", POST HOST "Content-Length\r\n\r\n" EVIL, 400, INVALID},
    {"bare CR", POST HOST "X: y\rContent-Length: 5\r\n\r\nhello" EVIL, 400, INVALID},
    {"CR before a name", POST HOST "X: y\r\n\rContent-Length: 5\r\n\r\nhello" EVIL, 400, INVALID},
    {"bare LF", POST "Host: x\nContent-Length: 5\r\n\r\nhello" EVIL, 400, INVALID},
    {"bare LF last", POST HOST "Content-Length: 5\n\r\n\r\n" EVIL, 400, INVALID},
    {"bare LF LF", POST HOST "Content-Length: 5\n\nhello" EVIL, 400, INVALID},
    {"bare LF LF, forged", POST HOST "Content-Length: 5\n\n\rello" EVIL, 400, INVALID},
    {"bare LF request line", "GET /show HTTP/1.1\nHost: x\r\n\r\n" EVIL, 400, INVALID},
    {"LF only", "GET /show HTTP/1.1\nHost: x\n\n" EVIL, 400, INVALID},
    {"CR LF CR LF in front", "\r\n\r\n" POST HOST "Content-Length: 7\r\n\r\nhellooo" EVIL, 400,
     INVALID},
    {"empty lines in front", "\r\n\r\nGET /show HTTP/1.1\r\n" HOST "\r\n" EVIL, 400, INVALID},
    {"LF LF in front", "\n\nGET /show HTTP/1.1\r\n" HOST "\r\n" EVIL, 400, INVALID},
    {"a blank in front", " GET /show HTTP/1.1\r\n" HOST "\r\n" EVIL, 400, INVALID},
    {"no Host", "GET /show HTTP/1.1\r\nX: y\r\n\r\n" EVIL, 400, INVALID},
    {"no headers", "GET /show HTTP/1.1\r\n\r\n" EVIL, 400, INVALID},
    {"two Hosts", "GET /show HTTP/1.1\r\n" HOST HOST "\r\n" EVIL, 400, INVALID},
    {"empty Host", "GET /show HTTP/1.1\r\nHost: \r\n\r\n" EVIL, 400, INVALID},
    {"two blanks", "GET  /show HTTP/1.1\r\n" HOST "\r\n" EVIL, 400, INVALID},
    {"two blanks later", "GET /show  HTTP/1.1\r\n" HOST "\r\n" EVIL, 400, INVALID},
    {"line break inside", "GET \r\n /show HTTP/1.1\r\n" HOST "\r\n" EVIL, 400, INVALID},
    {"NUL escape", "GET /show%00.txt HTTP/1.1\r\n" HOST "\r\n" EVIL, 400, INVALID},
    {"control escape", "GET /show%0d%0aX HTTP/1.1\r\n" HOST "\r\n" EVIL, 400, INVALID},
    {"bad escape", "GET /show%zz HTTP/1.1\r\n" HOST "\r\n" EVIL, 400, INVALID},
    {"cut escape", "GET /show%4 HTTP/1.1\r\n" HOST "\r\n" EVIL, 400, INVALID},
    {"star", "OPTIONS * HTTP/1.1\r\n" HOST "\r\n" EVIL, 400, INVALID},
    {"absolute", "GET http://other/show HTTP/1.1\r\n" HOST "\r\n" EVIL, 400, INVALID},
    {"authority", "CONNECT x:80 HTTP/1.1\r\n" HOST "\r\n" EVIL, 400, INVALID},
    {"method", "FROB /show HTTP/1.1\r\n" HOST "\r\n" EVIL, 405, "method_not_allowed"},
    {"lower case", "get /show HTTP/1.1\r\n" HOST "\r\n" EVIL, 405, "method_not_allowed"},
    {"trace", "TRACE /show HTTP/1.1\r\n" HOST "\r\n" EVIL, 405, "method_not_allowed"},
    {"odd method", "GE(T /show HTTP/1.1\r\n" HOST "\r\n" EVIL, 400, INVALID},
    {"version 1.2", "GET /show HTTP/1.2\r\n" HOST "\r\n" EVIL, 505, INVALID},
    {"version 2.0", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, INVALID},
    {"no version", "GET /show\r\n\r\n", 400, INVALID},
    {"DEL", "GET /show HTTP/1.1\r\n" HOST "X: a\x7f\r\n\r\n", 400, INVALID},
    {"TLS", "\x16\x03\x01\x02", 400, INVALID},
    {"expectation", POST HOST "Expect: wonders\r\n\r\n" EVIL, 417, INVALID},
};

static void test_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < OP_COUNT(s_bad); i++) {
        int handled = atomic_load(&s_app.handled), prepared = atomic_load(&s_app.prepared);
        s_client_t client = s_connect(s_server);
        s_say(&client, s_bad[i].bytes);
        shutdown(client.fd, SHUT_WR);
        s_response(&client, true);
        if (client.status != s_bad[i].status)
            fail_msg("%s: %d, not %d", s_bad[i].what, client.status, s_bad[i].status);
        s_assert_refused(&client, s_bad[i].code);
        if (atomic_load(&s_app.handled) != handled)
            fail_msg("%s reached the handler", s_bad[i].what);
        assert_int_equal(atomic_load(&s_app.prepared), prepared + 1);
        s_close(&client);
    }
}

/*  The client's own id of a request is known wherever its header lines could be read. */
static void test_bad_ones_keep_their_id(void **state)
{
    (void)state;
#define MINE HOST "X-Request-Id: mine\r\n"
    static const struct {
        const char *bytes;
        int status;
        bool made;
    } table[] = {
        {POST MINE "Transfer-Encoding: chunked\r\n\r\n", 411, false},
        {POST MINE "Expect: wonders\r\n\r\n", 417, false},
        {POST MINE "Content-Length: 5abc\r\n\r\n", 400, false},
        {POST "X-Request-Id: mine\r\n\r\n", 400, false},
        {POST MINE HOST "\r\n", 400, false},
        {"GET /show%zz HTTP/1.1\r\n" MINE "\r\n", 400, false},
        {"GET http://other/show HTTP/1.1\r\n" MINE "\r\n", 400, false},
        {"OPTIONS * HTTP/1.1\r\n" MINE "\r\n", 400, false},
        {"GET /show HTTP/1.2\r\n" MINE "\r\n", 505, false},
        {"GET  /show HTTP/1.1\r\n" MINE "\r\n", 400, false},
        {POST MINE "X(a): y\r\n\r\n", 400, false},
        {POST MINE "X-Request-Id: other\r\nExpect: wonders\r\n\r\n", 417, true},
        {POST HOST "X-Request-Id: op_live_abc\r\nExpect: wonders\r\n\r\n", 417, true},
        {POST HOST "X-Request-Id: a b\r\nExpect: wonders\r\n\r\n", 417, true},
        {"FROB /show HTTP/1.1\r\n" MINE "\r\n", 405, true}, /* civetweb reads no further */
    };
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        s_client_t client = s_connect(s_server);
        s_say(&client, table[i].bytes);
        s_response(&client, true);
        if (client.status != table[i].status ||
            !strstr(client.head,
                    table[i].made ? "X-Request-Id: made\r\n" : "X-Request-Id: mine\r\n"))
            fail_msg("row %zu: %s", i, client.head);
        s_close(&client);
    }
#undef MINE
}

static void test_too_much(void **state)
{
    (void)state;
    static const struct {
        size_t target, lines, line;
        int status;
        const char *code;
    } cases[] = {
        {8000, 1, 10, 404, "not_found"},         {9000, 1, 10, 414, "uri_too_long"},
        {50000, 1, 10, 414, "uri_too_long"},     {10, 61, 10, 404, "not_found"},
        {10, 63, 10, 431, "validation_error"},   {10, 64, 10, 431, "validation_error"},
        {10, 200, 10, 431, "validation_error"},  {10, 8, 4200, 431, "validation_error"},
        {10, 20, 4000, 431, "validation_error"}, {10, 60, 4000, 431, "validation_error"},
        {70000, 1, 10, 414, "uri_too_long"},     {500000, 1, 10, 414, "uri_too_long"},
        {10, 1, 70000, 431, "validation_error"}, {10, 1, 500000, 431, "validation_error"},
    };
    for (size_t i = 0; i < OP_COUNT(cases); i++) {
        op_buf_t out = {0};
        op_buf_add_str(&out, OP_STR("GET /"));
        for (size_t n = 1; n < cases[i].target; n++)
            op_buf_add_byte(&out, n % 2 ? 'a' : '?');
        op_buf_add_str(&out, OP_STR(" HTTP/1.1\r\n" HOST));
        for (size_t n = 0; n < cases[i].lines; n++) {
            op_buf_printf(&out, "X-%zu: ", n);
            for (size_t k = 0; k < cases[i].line; k++)
                op_buf_add_byte(&out, 'v');
            op_buf_add_str(&out, OP_STR("\r\n"));
        }
        op_buf_add_str(&out, OP_STR("Connection: close\r\n\r\n"));
        s_client_t client = s_connect(s_server);
        /* What the connection has carried before makes no difference. */
        for (size_t n = 0; n < 3; n++)
            s_ask(&client, POST HOST "Content-Length: 3\r\n\r\nabc", 200);
        s_send(&client, out.at, out.size);
        s_response(&client, true);
        if (client.status != cases[i].status)
            fail_msg("case %zu: %d, not %d", i, client.status, cases[i].status);
        assert_non_null(
            memmem(client.body.at, client.body.size, cases[i].code, strlen(cases[i].code)));
        s_close(&client);
        op_buf_free(&out);
    }
}

/*  The whole body is on its way when the answer comes: it must arrive, not be reset away. */
static void test_oversize_body(void **state)
{
    (void)state;
    static char big[1024 * 1024];
    memset(big, 'b', sizeof big);
    s_client_t client = s_connect(s_server);
    s_say(&client, POST HOST "Content-Length: 1048576\r\n\r\n");
    for (size_t at = 0; at < sizeof big;) {
        ssize_t sent = send(client.fd, big + at, sizeof big - at, MSG_NOSIGNAL);
        assert_true(sent > 0);
        at += (size_t)sent;
    }
    s_response(&client, true);
    assert_int_equal(client.status, 413);
    s_assert_refused(&client, "payload_too_large");
    int broken = 0;
    socklen_t size = sizeof broken;
    assert_int_equal(getsockopt(client.fd, SOL_SOCKET, SO_ERROR, &broken, &size), 0);
    assert_int_equal(broken, 0); /* an end, not a reset */
    s_close(&client);
}

static void test_slow(void **state)
{
    (void)state;
    op_http_server_t *server = s_serve(
        (op_http_server_options_t){.threads = 2, .head_timeout_ms = 1000, .body_timeout_ms = 100});
    s_client_t client = s_connect(server); /* a silent body */
    s_ask(&client, POST HOST "Content-Length: 10\r\n\r\nabc", 408);
    s_assert_refused(&client, "validation_error");
    s_close(&client);

    client = s_connect(server); /* a dripping body */
    s_say(&client, POST HOST "Content-Length: 60000\r\n\r\n");
    struct pollfd answer = {.fd = client.fd, .events = POLLIN};
    while (poll(&answer, 1, 2) == 0)
        s_say(&client, "x");
    s_response(&client, true);
    assert_int_equal(client.status, 408);
    s_close(&client);

    client = s_connect(server); /* a dripping head */
    s_say(&client, "GET /show HTTP/1.1\r\nX: ");
    answer.fd = client.fd;
    while (poll(&answer, 1, 2) == 0)
        s_say(&client, "x");
    s_response(&client, true);
    assert_int_equal(client.status, 408);
    s_close(&client);

    op_http_server_destroy(&server);
}

/*  A connection that is kept, and idle, ends without a word. */
static void test_idle(void **state)
{
    (void)state;
    op_http_server_t *server =
        s_serve((op_http_server_options_t){.threads = 2, .keep_alive_ms = 50});
    s_client_t client = s_connect(server);
    s_ask(&client, "GET /show HTTP/1.1\r\n" HOST "\r\n", 200);
    assert_null(strstr(client.head, "Keep-Alive")); /* less than a second is no promise */
    assert_false(s_more(&client));
    assert_int_equal(client.in.size, 0);
    s_close(&client);
    op_http_server_destroy(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad),      cmocka_unit_test(test_bad_ones_keep_their_id),
        cmocka_unit_test(test_too_much), cmocka_unit_test(test_oversize_body),
        cmocka_unit_test(test_slow),     cmocka_unit_test(test_idle),
    };
    return cmocka_run_group_tests(tests, s_setup, s_teardown);
}
