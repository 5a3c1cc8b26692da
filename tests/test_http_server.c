/*  A real server on a free port, spoken to over raw sockets: what it serves, how it stops. */

#include "tests/http_fixture.h"

static void test_keep_alive(void **state)
{
    (void)state;
    s_client_t client = s_connect(s_server);
    s_ask(&client, "GET /show/a%20b%2Fc?q=%41 HTTP/1.1\r\n" HOST "X-Twice: 1 \r\nx-twice:2\r\n\r\n",
          200);
    s_assert_body(&client, "GET|/show/a b%2Fc|q=%41|1*2|127.0.0.1");
    s_assert_header(&client, "Connection: keep-alive");
    s_assert_header(&client, "Keep-Alive: timeout=59"); /* PATIENCE_S, and a second to spare */
    s_assert_header(&client, "Content-Type: application/json");
    s_assert_header(&client, "X-Request-Id: made");
    assert_non_null(strstr(client.head, "\r\nDate: "));
    s_ask(&client,
          "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5\r\nX-Request-Id: me.1\r\n\r\nhello",
          200);
    s_assert_body(&client, "hello");
    s_assert_header(&client, "Content-Type: text/plain");
    s_assert_header(&client, "X-Request-Id: me.1");
    s_ask(&client, "\r\nPOST /echo HTTP/1.1\r\n" HOST "\r\n", 200); /* RFC 9112 2.2 */
    s_assert_body(&client, "");
    s_ask(&client, "HEAD /show HTTP/1.1\r\n" HOST "X-Request-Id: no blanks\r\n\r\n", 200);
    s_assert_header(&client, "X-Request-Id: made");
    assert_non_null(strstr(client.head, "\r\nContent-Length: 24\r\n"));
    s_ask(&client, "DELETE /gone HTTP/1.1\r\n" HOST "\r\n", 204);
    assert_null(strstr(client.head, "Content-Length"));
    s_ask(&client, "GET /nothing HTTP/1.1\r\n" HOST "\r\n", 404);
    s_assert_body(&client,
                  "{\"error\":{\"code\":\"not_found\",\"message\":\"There is no such thing "
                  "here.\",\"field\":\"pa\\\"th\"}}");
    s_ask(&client,
          "OPTIONS /show HTTP/1.1\r\n" HOST
          "Origin: http://a\r\nAccess-Control-Request-Method: POST\r\n\r\n",
          200);
    assert_null(strstr(client.head, "Access-Control"));
    s_ask(&client, "GET /show HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", 200);
    s_assert_header(&client, "Connection: close");
    assert_null(strstr(client.head, "Keep-Alive"));
    assert_false(s_more(&client));
    s_close(&client);
}

static void test_pipelined(void **state)
{
    (void)state;
    s_client_t client = s_connect(s_server);
    s_say(&client, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\none"
                   "HEAD /echo HTTP/1.1\r\n" HOST "\r\n"
                   "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nthree"
                   "GET /x HTTP/1.1\r\n" HOST "\r\n");
    s_response(&client, true);
    s_assert_body(&client, "one");
    s_response(&client, false);
    s_response(&client, true);
    s_assert_body(&client, "three");
    s_response(&client, true);
    assert_int_equal(client.status, 404);
    s_close(&client);
}

static void test_old_clients(void **state)
{
    (void)state;
    static const char *const requests[] = {
        "GET /show HTTP/1.0\r\n\r\n",
        "GET /show HTTP/1.0\r\n" HOST "Connection: keep-alive\r\n\r\n",
        "GET /show HTTP/1.1\r\n" HOST "Connection: keep-alive, close\r\n\r\n",
        "GET /show HTTP/1.1\r\n" HOST "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    };
    for (size_t i = 0; i < OP_COUNT(requests); i++) {
        s_client_t client = s_connect(s_server);
        s_ask(&client, requests[i], 200);
        s_assert_header(&client, "Connection: close");
        assert_false(s_more(&client));
        s_close(&client);
    }
}

/*  Bodies beyond civetweb's own buffer, in many pieces, up to the limit. */
static void test_body_sizes(void **state)
{
    (void)state;
    static char big[20000];
    memset(big, 'b', sizeof big);
    s_client_t client = s_connect(s_server);
    for (size_t size = 1; size <= sizeof big; size = size * 3 + 1) {
        char head[200];
        snprintf(head, sizeof head, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: %zu\r\n\r\n",
                 size);
        s_say(&client, head);
        for (size_t at = 0; at < size; at += 1000)
            s_send(&client, big + at, size - at < 1000 ? size - at : 1000);
        s_response(&client, true);
        assert_int_equal(client.body.size, size);
        assert_memory_equal(client.body.at, big, size);
    }
    s_close(&client);
}

static void test_expect(void **state)
{
    (void)state;
    s_client_t client = s_connect(s_server);
    s_ask(&client,
          "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n", 100);
    s_ask(&client, "ok", 200);
    s_assert_body(&client, "ok");
    s_ask(&client,
          "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 20001\r\nExpect: 100-continue\r\n\r\n",
          413);
    s_assert_refused(&client, "payload_too_large");
    s_close(&client);
}

/*  Idle connections give their worker back where most are held. */
static void test_connections_give_way(void **state)
{
    (void)state;
    op_http_server_t *server = s_serve((op_http_server_options_t){.threads = 4});
    s_client_t clients[5];
    for (size_t i = 0; i < OP_COUNT(clients); i++) {
        clients[i] = s_connect(server);
        s_ask(&clients[i], "GET /show HTTP/1.1\r\n" HOST "\r\n", 200);
        s_assert_header(&clients[i], i < 3 ? "Connection: keep-alive" : "Connection: close");
    }
    for (size_t i = 0; i < OP_COUNT(clients); i++)
        s_close(&clients[i]);
    op_http_server_destroy(&server);
}

enum { MANY = 60 };
static const char *const s_words[] = {"", "GET /show HTTP/1.1\r\nX-Slow: ",
                                      "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhe"};

/*  One more has been sent away, and was told so if it had said anything; it is closed. Which one is
    the scheduler's choice: a worker may be held up between taking a connection and counting it, and
    then the connection counts as a late one. */
static void s_assert_one_sent_away(s_client_t *waiting)
{
    struct pollfd polls[MANY];
    for (size_t i = 0; i < MANY; i++)
        polls[i] = (struct pollfd){.fd = waiting[i].fd, .events = POLLIN}; /* poll skips -1 */
    assert_true(poll(polls, MANY, PATIENCE_S * 1000) > 0);
    size_t one = 0;
    while (!polls[one].revents)
        one++;
    if (*s_words[one % OP_COUNT(s_words)]) {
        s_response(&waiting[one], true);
        assert_int_equal(waiting[one].status, 408);
        s_assert_refused(&waiting[one], "validation_error");
    }
    assert_false(s_more(&waiting[one]));
    s_close(&waiting[one]);
    waiting[one].fd = -1;
}

/*  Many that say nothing, half a head, or half a body; and somebody who wants an answer. */
static void test_waiting_ones_give_way(void **state)
{
    (void)state;
    op_http_server_t *server = s_serve((op_http_server_options_t){
        .threads = 8, .head_timeout_ms = 3600000, .body_timeout_ms = 3600000});
    s_client_t waiting[MANY];
    for (size_t i = 0; i < MANY; i++) {
        waiting[i] = s_connect(server);
        s_say(&waiting[i], s_words[i % OP_COUNT(s_words)]);
        s_client_t client = s_connect(server);
        s_ask(&client, "GET /show HTTP/1.1\r\n" HOST "\r\n", 200);
        s_close(&client);
    }
    /* No more of them are left than there are workers. */
    for (size_t left = MANY; left > 8; left--)
        s_assert_one_sent_away(waiting);
    for (size_t i = 0; i < MANY; i++)
        if (waiting[i].fd >= 0)
            s_close(&waiting[i]);
    op_http_server_destroy(&server);
}

static void *s_stopper(void *server)
{
    return op_http_server_stop(server) ? server : NULL;
}

static void test_stop_in_flight(void **state)
{
    (void)state;
    op_http_server_t *server = s_serve((op_http_server_options_t){.threads = 3, .drain_ms = 60000});
    s_client_t held = s_connect(server);
    s_say(&held, "GET /hold HTTP/1.1\r\n" HOST "\r\n");
    while (sem_wait(&s_app.entered))
        ;
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, s_stopper, server), 0);
    for (int status = 200; status == 200;) {
        s_client_t client = s_connect(server);
        s_say(&client, "GET /show HTTP/1.1\r\n" HOST "\r\n");
        s_response(&client, true);
        status = client.status;
        if (status != 200) {
            assert_int_equal(status, 503);
            s_assert_header(&client, "Retry-After: 5");
            s_assert_refused(&client, "unavailable");
        }
        s_close(&client);
    }
    sem_post(&s_app.release);
    s_response(&held, true);
    assert_int_equal(held.status, 200);
    s_assert_header(&held, "Connection: close");
    s_assert_body(&held, "{\"held\":true}");
    assert_false(s_more(&held));
    s_close(&held);
    void *drained;
    pthread_join(thread, &drained);
    assert_ptr_equal(drained, server);
    op_http_server_destroy(&server);
}

static void test_listen(void **state)
{
    (void)state;
    static const char *const bad[] = {"",         "8080",           ":8080",           "1.2.3:80",
                                      "1.2.3.4:", "1.2.3.4:99999",  "1.2.3.4:80s",     "::1:80",
                                      "[::1:80",  "example.org:80", "127.0.0.1:80,81", "[::g]:80"};
    char error[200];
    op_http_server_options_t options = {.handle = s_handle, .threads = 1};
    for (size_t i = 0; i < OP_COUNT(bad); i++) {
        options.listen = bad[i];
        assert_null(op_http_server_new(&options, error, sizeof error));
        assert_true(strlen(error) > 0);
    }
    options.listen = op_http_server_address(s_server); /* taken */
    assert_null(op_http_server_new(&options, error, sizeof error));
    assert_true(strlen(error) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keep_alive),
        cmocka_unit_test(test_pipelined),
        cmocka_unit_test(test_old_clients),
        cmocka_unit_test(test_body_sizes),
        cmocka_unit_test(test_expect),
        cmocka_unit_test(test_connections_give_way),
        cmocka_unit_test(test_waiting_ones_give_way),
        cmocka_unit_test(test_stop_in_flight),
        cmocka_unit_test(test_listen),
    };
    return cmocka_run_group_tests(tests, s_setup, s_teardown);
}
