/*  The gateway behind a real HTTP server: what every response has, whatever was asked; methods,
    origins, proxies. */

#include "tests/gateway_server.h"

static void s_guard_errors(void **state)
{
    (void)state;
    static const struct {
        const char *request;
        int status;
        const char *id;
    } table[] = {
        {"GET /healthz HTTP/1.1\r\n\r\n", 400, NULL}, /* no Host */
        {"rubbish\r\n\r\n", 400, NULL},
        {"POST /v1/messages HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx",
         400, NULL},
        {"POST /v1/messages HTTP/1.1\r\n" HOST
         "X-Request-Id: big\r\nContent-Length: 99999999\r\nExpect: 100-continue\r\n\r\n",
         413, "X-Request-Id: big"},
    };
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        s_ask(&s_peer, table[i].request, table[i].status);
        s_assert_windows("60", "59");
        if (table[i].id)
            s_assert_header(&s_peer, table[i].id);
        s_disconnected(NULL);
        s_peer = s_connect(s_server);
    }
    assert_int_equal(s_seen(-1), OP_COUNT(table));

    s_refusing(ANSWER, (op_refusal_t){.error = OP_ERROR_RATE_LIMITED, .retry_after = 3});
    s_ask(&s_peer, table[0].request, 429);
    s_assert_error("rate_limited", NULL, NULL);
    s_assert_header(&s_peer, "Retry-After: 3");
    s_assert_header(&s_peer, "Connection: close");
}

static void s_request_ids(void **state)
{
    (void)state;
    static const char *const lines[] = {"",
                                        "X-Request-Id: \"quoted\"\r\n",
                                        "X-Request-Id: a\r\nX-Request-Id: b\r\n",
                                        "X-Request-Id: op_live_abc\r\n",
                                        "X-Request-Id: my-ses_live_abc\r\n",
                                        "X-Request-Id: whs_abc\r\n",
                                        "X-Request-Id: 14155550123\r\n",
                                        "X-Request-Id: +14155550123\r\n",
                                        "X-Request-Id: 5550123\r\n"};
    char last[OP_ID_TEXT + 1] = "";
    for (size_t i = 0; i < OP_COUNT(lines); i++) {
        s_call("GET /healthz", lines[i], NULL, 200);
        const char *at = strstr(s_peer.head, "X-Request-Id: ");
        char text[OP_ID_TEXT + 1];
        op_id_t id;
        assert_non_null(at);
        assert_true(op_str_copy(op_str_of(at + 14, OP_ID_TEXT), text, sizeof text));
        assert_true(op_id_parse(op_str(text), &id));
        assert_int_equal(id.bytes[6] >> 4, 7);
        assert_true(strcmp(text, last) > 0);
        strcpy(last, text);
    }
}

static void s_the_side_door(void **state)
{
    (void)state;
    s_call("POST /sim/phones?after=1", "X-Request-Id: s\r\n", "text", 200);
    s_assert_body(&s_peer, "POST /sim/phones after=1 text");
    s_assert_header(&s_peer, "X-Request-Id: s");
    s_assert_windows("60", "59");
    s_assert_no_header("Access-Control");
    s_call("GET /sim", "", NULL, 200);
    s_assert_body(&s_peer, "GET /sim  ");
    assert_int_equal(s_seen(-1), 0);
    s_call("GET /simple", "", NULL, 404);
}

/*  HEAD is GET without its body, OPTIONS says what a path has. */
static void s_heads_and_options(void **state)
{
    (void)state;
    static const struct {
        const char *path, *headers;
    } gets[] = {{"/healthz", ""}, {"/v1/messages", KEY}, {"/v1/messages/x", ""}, {"/", ""}};
    for (size_t i = 0; i < OP_COUNT(gets); i++) {
        char line[100], head[sizeof s_peer.head], length[60];
        snprintf(line, sizeof line, "GET %s", gets[i].path);
        s_call(line, gets[i].headers, NULL, 0);
        int status = s_peer.status;
        snprintf(length, sizeof length, "Content-Length: %zu", s_peer.body.size);
        strcpy(head, s_peer.head);
        snprintf(line, sizeof line, "HEAD %s", gets[i].path);
        s_call(line, gets[i].headers, NULL, status);
        s_assert_header(&s_peer, length);
        assert_int_equal(s_peer.in.size, 0);
        assert_int_equal(strlen(head), strlen(s_peer.head)); /* Date and id may differ */
    }
    s_call("OPTIONS /console/api-keys",
           "Origin: https://a\r\nAccess-Control-Request-Method: GET\r\n", NULL, 204);
    s_assert_header(&s_peer, "Allow: GET, HEAD, POST, OPTIONS");
    s_assert_no_header("Access-Control");
    s_assert_no_header("Content-Type");
    s_assert_windows("60", "59");
    s_call("OPTIONS /v1/nothing", "", NULL, 404);
    s_assert_error("not_found", NULL, NULL);
}

/*  What is refused by its head is refused to a page as well, which must be able to see why. */
static void s_other_origins_refused(void **state)
{
    (void)state;
    static const struct {
        const char *request;
        int status;
        bool open;
    } table[] = {
        {"POST /v1/messages HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n", 411, true},
        {"POST /v1/messages HTTP/1.1\r\n" HOST "Expect: wonders\r\n\r\n", 417, true},
        {"GET /v1/messages?limit=5 HTTP/1.1\r\n\r\n", 400, true},
        {"GET /v1/%zz HTTP/1.1\r\n" HOST "\r\n", 400, true},
        {"GET /v1 HTTP/1.2\r\n" HOST "\r\n", 505, true},
        {"GET /v12/%zz HTTP/1.1\r\n" HOST "\r\n", 400, false},
        {"POST /console/api-keys HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n", 411,
         false},
        {"GET http://x/v1/number HTTP/1.1\r\n" HOST "\r\n", 400, false},
        {"rubbish\r\n\r\n", 400, false},
    };
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        s_ask(&s_peer, table[i].request, table[i].status);
        if (table[i].open)
            s_assert_header(&s_peer, "Access-Control-Allow-Origin: *");
        else
            s_assert_no_header("Access-Control");
        s_disconnected(NULL);
        s_peer = s_connect(s_server);
    }
}

/*  An encoded slash parts no segments: no path of ours has one inside a segment. */
static void s_encoded_slashes(void **state)
{
    (void)state;
    static const char *const lines[] = {"GET /v1%2Fmessages",   "GET /v1%2fnumber",
                                        "GET /v1/messages%2Fx", "POST /auth%2Fstart",
                                        "POST /sim%2Fphones",   "GET /%2Fhealthz"};
    for (size_t i = 0; i < OP_COUNT(lines); i++) {
        s_call(lines[i], KEY, NULL, 404);
        s_assert_error("not_found", NULL, NULL);
    }
    s_call("GET /v1/messages/a%2Fb", KEY, NULL, 404); /* is no id */
    s_assert_error("not_found", NULL, NULL);
    s_call("GET /v1/messages/a%2Fb", "", NULL, 401); /* and nobody's to ask for */
    s_call("GET /%68ealthz", "", NULL, 200);
}

static void s_other_origins(void **state)
{
    (void)state;
    s_call("OPTIONS /v1/messages", "Origin: https://a\r\nAccess-Control-Request-Method: POST\r\n",
           NULL, 204);
    s_assert_header(&s_peer, "Access-Control-Allow-Origin: *");
    s_assert_header(&s_peer, "Access-Control-Allow-Methods: GET, HEAD, POST, OPTIONS");
    s_assert_header(&s_peer,
                    "Access-Control-Allow-Headers: Authorization, Content-Type, X-Request-Id, "
                    "Idempotency-Key");
    s_assert_header(&s_peer, "Access-Control-Max-Age: 3600");
    s_assert_no_header("Access-Control-Allow-Credentials");
    s_call("OPTIONS /v1/messages", "", NULL, 204); /* no preflight */
    s_assert_no_header("Access-Control-Allow-Methods");

    static const struct {
        const char *line, *headers, *body;
        int status;
    } open[] = {{"GET /v1/number", KEY, NULL, 200},
                {"GET /v1/number", "Origin: https://a\r\n", NULL, 401},
                {"PUT /v1/messages", "", NULL, 405},
                {"GET /v1", "", NULL, 404},
                {"POST /v1/messages", KEY, "{", 422}};
    for (size_t i = 0; i < OP_COUNT(open); i++) {
        s_call(open[i].line, open[i].headers, open[i].body, open[i].status);
        s_assert_header(&s_peer, "Access-Control-Allow-Origin: *");
        s_assert_header(&s_peer, "Access-Control-Expose-Headers: X-RateLimit-Limit, "
                                 "X-RateLimit-Remaining, X-RateLimit-Reset, Retry-After, Location, "
                                 "X-Request-Id");
    }
    s_refusing(ANSWER, (op_refusal_t){.error = OP_ERROR_RATE_LIMITED, .retry_after = 9});
    s_call("GET /v1/nothing", "", NULL, 429);
    s_assert_header(&s_peer, "Access-Control-Allow-Origin: *");
    s_play(ANSWER);
    static const char *const closed[] = {"GET /healthz", "GET /console/api-keys",
                                         "GET /v11/messages", "POST /auth/logout"};
    for (size_t i = 0; i < OP_COUNT(closed); i++) {
        s_call(closed[i], SESSION "Origin: https://a\r\n", NULL, 0);
        s_assert_no_header("Access-Control");
    }
}

/*  Methods that the HTTP library does not know. */
static void s_foreign_methods(void **state)
{
    (void)state;
    static const char *const lines[] = {"TRACE /v1/messages", "get /v1/messages",
                                        "FROB /v1/messages?a=b", "TRACE /v1/nothing"};
    for (size_t i = 0; i < OP_COUNT(lines); i++) {
        bool known = i < 3;
        s_call(lines[i], "", NULL, known ? 405 : 404);
        s_assert_error(known ? "method_not_allowed" : "not_found", NULL, NULL);
        if (known)
            s_assert_header(&s_peer, "Allow: GET, HEAD, POST, OPTIONS");
        s_assert_header(&s_peer, "Connection: close");
        s_assert_windows("60", "59");
        assert_false(s_more(&s_peer));
        s_disconnected(NULL);
        s_peer = s_connect(s_server);
    }
}

static void s_behind_a_proxy(void **state)
{
    (void)state;
#define SEEN "X-Forwarded-For: 203.0.113.7, 198.51.100.2:1\r\nX-Forwarded-Proto: https\r\n"
    s_call("POST /auth/verify", SEEN, "{\"verification_id\":\"" UUID "\",\"code\":\"123456\"}",
           200);
    assert_non_null(strstr(s_peer.head, "GMT; Secure\r\n"));
    pthread_mutex_lock(&s_script.mutex);
    assert_true(op_str_is(s_script.last.context.address, "198.51.100.2"));
    pthread_mutex_unlock(&s_script.mutex);
    s_call("DELETE /console/api-keys/x", COOKIE SEEN "Origin: https://x\r\n", NULL, 204);
    s_call("DELETE /console/api-keys/x", COOKIE SEEN "Origin: http://x\r\n", NULL, 403);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVED(s_guard_errors),      SERVED(s_request_ids),     SERVED(s_the_side_door),
        SERVED(s_heads_and_options), SERVED(s_other_origins),   SERVED(s_other_origins_refused),
        SERVED(s_encoded_slashes),   SERVED(s_foreign_methods), SERVED(s_behind_a_proxy),
    };
    return cmocka_run_group_tests(tests, s_group_setup, s_group_teardown);
}
