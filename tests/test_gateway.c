/*  The gateway behind a real HTTP server: what clients see. */

#include "tests/gateway_fixture.h"

#include <strings.h>

enum { WORKERS = 64 };

static s_client_t s_peer;
static op_network_t s_proxy;

static const char *s_no_http(void *arg, op_str_t url)
{
    (void)arg;
    return op_str_starts(url, "https://") ? NULL : "Use https.";
}

static void s_side(void *arg, op_str_t method, op_str_t path, op_str_t query, op_str_t body,
                   op_http_response_t *response)
{
    OP_ASSERT(arg == &s_gateway);
    op_buf_printf(&response->body, "%.*s %.*s %.*s %.*s", (int)method.size, method.at,
                  (int)path.size, path.at, (int)query.size, query.size ? query.at : "",
                  (int)body.size, body.size ? body.at : "");
}

static int s_group_setup(void **state)
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

static int s_group_teardown(void **state)
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

static int s_connected(void **state)
{
    (void)state;
    s_peer = s_connect(s_server);
    s_play(ANSWER);
    return 0;
}

static int s_disconnected(void **state)
{
    (void)state;
    s_close(&s_peer);
    s_peer = (s_client_t){0};
    return 0;
}

/*  `head` is the request line's "METHOD target" and the headers, each with its CRLF. */
static void s_call(const char *line, const char *headers, const char *body, int status)
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

static void s_assert_no_header(const char *name)
{
    if (strcasestr(s_peer.head, name))
        fail_msg("there is a %s in [%s]", name, s_peer.head);
}

static void s_assert_windows(const char *limit, const char *remaining)
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

static void s_assert_error(const char *code, const char *field, const char *message)
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

static void s_round_trip(void **state)
{
    (void)state;
    s_call("POST /v1/messages", KEY "X-Request-Id: mine-1\r\nIdempotency-Key: once-1\r\n", SEND,
           201);
    s_assert_header(&s_peer, "Location: /v1/messages/msg_" UUID);
    s_assert_header(&s_peer, "X-Request-Id: mine-1");
    s_assert_header(&s_peer, "Content-Type: application/json");
    s_assert_windows("60", "59");
    assert_non_null(strstr(s_peer.body.at, "{\"id\":\"msg_" UUID "\",\"status\":\"queued\""));

    static const uint8_t slip[] = {OP_STEP_AUTH_KEY, OP_STEP_RATE_SEND, OP_STEP_LEDGER_SUBMIT};
    op_hash_t hash = op_token_hash(OP_STR("op_live_" TOKEN)),
              once = op_token_hash(OP_STR("once-1"));
    pthread_mutex_lock(&s_script.mutex);
    const op_envelope_t *sent = &s_script.last;
    assert_true(op_str_equal(sent->slip, op_str_of(slip, sizeof slip)));
    assert_true(op_str_is(sent->from, "http"));
    assert_true(op_str_is(sent->origin, "http"));
    assert_true(op_str_is(sent->to, "auth"));
    assert_true(op_str_is(sent->request_id, "mine-1"));
    assert_true(op_str_is(sent->context.address, "127.0.0.1"));
    assert_memory_equal(&sent->context.credential, &hash, sizeof hash);
    assert_memory_equal(&sent->context.once, &once, sizeof once);
    assert_int_equal(sent->type, op_message_send_type.number);
    int64_t left = sent->deadline - op_clock_now();
    assert_true(left <= OP_REQUEST_DEADLINE_MS);
    assert_null(memmem(s_script.frame.at, s_script.frame.size, TOKEN, 32));
    pthread_mutex_unlock(&s_script.mutex);
    assert_int_equal(s_seen(AUTH), 1);
    assert_int_equal(s_seen(RATE), 0);
}

static void s_every_route(void **state)
{
    (void)state;
    static const struct {
        const char *line, *headers, *body;
        int status;
        const char *header, *answer; /* NULL: any */
    } table[] = {
        {"GET /healthz", "", NULL, 200, NULL, "{\"status\":\"ok\"}"},
        {"POST /auth/start", "", "{\"phone\":\"+14155550123\"}", 200, NULL, NULL},
        {"GET /auth/verifications/" UUID, "", NULL, 200, NULL, NULL},
        {"POST /auth/verify", "", "{\"verification_id\":\"" UUID "\",\"code\":\"123456\"}", 200,
         "Set-Cookie: op_session=ses_live_" TOKEN
         "; HttpOnly; SameSite=Lax; Path=/; Expires=Fri, 19 Jun 2026 21:54:52 GMT",
         NULL},
        {"POST /auth/logout", COOKIE, NULL, 204,
         "Set-Cookie: op_session=; HttpOnly; SameSite=Lax; Path=/; Expires=Thu, 01 Jan 1970 "
         "00:00:00 GMT",
         ""},
        {"GET /console/numbers/available", COOKIE, NULL, 200, NULL, "{\"numbers\":[]}"},
        {"GET /console/numbers/mine", SESSION, NULL, 200, NULL, "{\"numbers\":[]}"},
        {"POST /console/numbers/" UUID "/lease", SESSION, NULL, 200, NULL, NULL},
        {"POST /console/numbers/" UUID "/release", SESSION, "not json", 200, NULL, NULL},
        {"POST /console/api-keys", SESSION, "{\"number_id\":\"" UUID "\",\"name\":\"a\"}", 201,
         "Location: /console/api-keys/" UUID, NULL},
        {"GET /console/api-keys?number_id=", SESSION, NULL, 200, NULL, "{\"api_keys\":[]}"},
        {"DELETE /console/api-keys/" UUID, SESSION, NULL, 204, NULL, ""},
        {"POST /console/webhooks", SESSION,
         "{\"number_id\":\"" UUID "\",\"url\":\"https://x\",\"events\":[\"message.sent\"]}", 201,
         "Location: /console/webhooks/" UUID, NULL},
        {"GET /console/webhooks", SESSION, NULL, 200, NULL, "{\"webhooks\":[]}"},
        {"DELETE /console/webhooks/" UUID, SESSION, NULL, 204, NULL, ""},
        {"GET /v1/number", KEY, NULL, 200, NULL, NULL},
        {"GET /v1/messages/msg_" UUID, KEY, NULL, 200, NULL, NULL},
        {"GET /v1/messages?limit=5", KEY, NULL, 200, NULL, "{\"data\":[],\"next_cursor\":null}"},
        {"HEAD /v1/messages", KEY, NULL, 200, "Content-Length: 30", ""},
    };
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        s_call(table[i].line, table[i].headers, table[i].body, table[i].status);
        s_assert_windows("60", "59");
        if (table[i].header)
            s_assert_header(&s_peer, table[i].header);
        if (table[i].answer)
            s_assert_body(&s_peer, table[i].answer);
    }
    assert_int_equal(s_seen(-1), 1); /* the health check's own itinerary */
}

static void s_local_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *line, *headers, *body;
        int status;
        const char *code, *field, *header;
    } table[] = {
        {"GET /nowhere", "", NULL, 404, "not_found", NULL, NULL},
        {"GET /v1/messages/a%20b", KEY, NULL, 404, "not_found", NULL, NULL},
        {"PUT /v1/messages", "", NULL, 405, "method_not_allowed", NULL,
         "Allow: GET, HEAD, POST, OPTIONS"},
        {"GET /auth/start", "", NULL, 405, "method_not_allowed", NULL, "Allow: POST, OPTIONS"},
        {"GET /v1/number", "", NULL, 401, "unauthenticated", NULL, "WWW-Authenticate: Bearer"},
        {"GET /v1/number", SESSION, NULL, 401, "unauthenticated", NULL, NULL},
        {"GET /v1/number", COOKIE, NULL, 401, "unauthenticated", NULL, NULL},
        {"GET /console/api-keys", KEY, NULL, 401, "unauthenticated", NULL, NULL},
        {"GET /console/api-keys", COOKIE KEY, NULL, 401, "unauthenticated", NULL, NULL},
        {"DELETE /console/api-keys/x", COOKIE "Sec-Fetch-Site: cross-site\r\n", NULL, 403,
         "forbidden", NULL, NULL},
        {"POST /auth/logout", COOKIE "Origin: http://evil.example\r\n", NULL, 403, "forbidden",
         NULL, NULL},
        {"POST /auth/start", "", "{", 422, "validation_error", NULL, NULL},
        {"POST /auth/start", "", "{\"phone\":\"415\"}", 400, "invalid_phone", "phone", NULL},
        {"POST /v1/messages", KEY, "{\"to\":\"+14155550123\"}", 422, "validation_error", "body",
         NULL},
        {"POST /console/webhooks", SESSION,
         "{\"number_id\":\"" UUID "\",\"url\":\"http://x\",\"events\":[\"message.sent\"]}", 422,
         "validation_error", "url", NULL},
        {"POST /v1/messages", KEY "Idempotency-Key: two words\r\n", SEND, 422, "validation_error",
         "Idempotency-Key", NULL},
        {"POST /v1/messages", KEY "Idempotency-Key: a\r\nIdempotency-Key: b\r\n", SEND, 422,
         "validation_error", "Idempotency-Key", NULL},
        {"POST /v1/messages", KEY "Idempotency-Key:\r\n", SEND, 422, "validation_error",
         "Idempotency-Key", NULL},
        {"GET /v1/messages?limit=0", KEY, NULL, 422, "validation_error", "limit", NULL},
    };
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        s_call(table[i].line, table[i].headers, table[i].body, table[i].status);
        s_assert_error(table[i].code, table[i].field, NULL);
        s_assert_windows("60", "59");
        if (table[i].header)
            s_assert_header(&s_peer, table[i].header);
    }
    assert_int_equal(s_seen(AUTH), 0);
    assert_int_equal(s_seen(LEDGER), 0);
    assert_int_equal(s_seen(-1), OP_COUNT(table));
}

static void s_same_origin(void **state)
{
    (void)state;
    s_call("DELETE /console/api-keys/x", COOKIE "Sec-Fetch-Site: same-origin\r\n", NULL, 204);
    s_call("DELETE /console/api-keys/x", COOKIE "Origin: http://x\r\n", NULL, 204);
    s_call("DELETE /console/api-keys/x", SESSION "Origin: http://evil.example\r\n", NULL, 204);
    s_call("GET /console/api-keys", COOKIE "Sec-Fetch-Site: cross-site\r\n", NULL, 200);
}

static void s_refusals(void **state)
{
    (void)state;
    s_refusing(REFUSE, (op_refusal_t){.error = OP_ERROR_SELF_SEND,
                                      .field = OP_STR("to"),
                                      .sentence = OP_STR("That is \"you\".")});
    s_call("GET /v1/number", KEY, NULL, 400);
    s_assert_error("self_send", "to", "That is \"you\".");
    s_assert_no_header("\nRetry-After");
    s_assert_windows("60", "59");
    assert_int_equal(s_seen(-1), 0);

    s_refusing(REFUSE, (op_refusal_t){.error = OP_ERROR_RATE_LIMITED, .retry_after = 17});
    s_call("GET /v1/number", KEY, NULL, 429);
    s_assert_error("rate_limited", NULL, op_error_sentence(OP_ERROR_RATE_LIMITED));
    s_assert_header(&s_peer, "Retry-After: 17");

    s_refusing(REFUSE, (op_refusal_t){.error = OP_ERROR_UNAVAILABLE});
    s_call("GET /v1/number", KEY, NULL, 503);
    s_assert_header(&s_peer, "Retry-After: 1");

    static const uint64_t strange[] = {0, OP_ERROR_END, UINT64_MAX};
    for (size_t i = 0; i < OP_COUNT(strange); i++) {
        s_refusing(REFUSE, (op_refusal_t){.error = strange[i]});
        s_call("GET /v1/number", KEY, NULL, 500);
        s_assert_error("internal", NULL, NULL);
    }

    /* Refused before it was counted: counted against the address. */
    s_refusing(EARLY, (op_refusal_t){.error = OP_ERROR_UNAUTHENTICATED});
    s_call("GET /v1/number", KEY, NULL, 401);
    s_assert_error("unauthenticated", NULL, NULL);
    s_assert_header(&s_peer, "WWW-Authenticate: Bearer");
    s_assert_windows("60", "59");
    assert_int_equal(s_seen(-1), 1);
}

static void s_address_is_full(void **state)
{
    (void)state;
    s_refusing(ANSWER, (op_refusal_t){.error = OP_ERROR_RATE_LIMITED, .retry_after = 9});
    s_call("PUT /v1/messages", "", NULL, 429);
    s_assert_error("rate_limited", NULL, NULL);
    s_assert_header(&s_peer, "Retry-After: 9");
    s_assert_no_header("\nAllow:");
    s_assert_windows("60", "59");
    s_call("GET /v1/number", KEY, NULL, 200); /* counted elsewhere */
}

static void s_strange_answers(void **state)
{
    (void)state;
    s_play(STRANGE);
    s_call("GET /v1/number", KEY, NULL, 500);
    s_assert_error("internal", NULL, NULL);
    s_assert_windows("60", "59");

    op_calls_counts_t before = op_gateway_counts(s_gateway);
    s_play(NOISE);
    s_call("GET /v1/messages", KEY, NULL, 200);
    s_assert_body(&s_peer, "{\"data\":[],\"next_cursor\":null}");
    op_calls_counts_t after = op_gateway_counts(s_gateway);
    assert_int_equal(after.bad - before.bad, 3);
    assert_int_equal(after.late - before.late, 2);
}

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

/*  The server trusts this machine as a proxy: see s_group_setup. */
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

#define SERVED(test) cmocka_unit_test_setup_teardown(test, s_connected, s_disconnected)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVED(s_round_trip),      SERVED(s_every_route),       SERVED(s_local_refusals),
        SERVED(s_same_origin),     SERVED(s_refusals),          SERVED(s_address_is_full),
        SERVED(s_strange_answers), SERVED(s_guard_errors),      SERVED(s_request_ids),
        SERVED(s_the_side_door),   SERVED(s_heads_and_options), SERVED(s_other_origins),
        SERVED(s_foreign_methods), SERVED(s_behind_a_proxy),
    };
    return cmocka_run_group_tests(tests, s_group_setup, s_group_teardown);
}
