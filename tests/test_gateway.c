/*  The gateway behind a real HTTP server: routes, what actors answer, and what becomes of it. */

#include "tests/gateway_server.h"

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
        {"GET /console/api-keys?number_id=" UUID, SESSION, NULL, 200, NULL, "{\"api_keys\":[]}"},
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

/*  A call that says who makes it, and is wrong otherwise. */
static const struct {
    const char *line, *headers, *body;
    op_step_t steps[2]; /* that look at the credential, and count */
    int status;
    const char *code, *field;
} s_malformed[] = {
    {"GET /v1/messages/a%20b",
     KEY,
     NULL,
     {OP_STEP_AUTH_KEY, OP_STEP_RATE_READ},
     404,
     "not_found",
     NULL},
    {"GET /v1/messages?limit=0",
     KEY,
     NULL,
     {OP_STEP_AUTH_KEY, OP_STEP_RATE_READ},
     422,
     "validation_error",
     "limit"},
    {"POST /v1/messages",
     KEY,
     "{}",
     {OP_STEP_AUTH_KEY, OP_STEP_RATE_SEND},
     422,
     "validation_error",
     "to"},
    {"POST /v1/messages",
     KEY "Idempotency-Key: two words\r\n",
     SEND,
     {OP_STEP_AUTH_KEY, OP_STEP_RATE_SEND},
     422,
     "validation_error",
     "Idempotency-Key"},
    {"POST /v1/messages",
     KEY "Idempotency-Key: a\r\nIdempotency-Key: b\r\n",
     SEND,
     {OP_STEP_AUTH_KEY, OP_STEP_RATE_SEND},
     422,
     "validation_error",
     "Idempotency-Key"},
    {"POST /v1/messages",
     KEY "Idempotency-Key:\r\n",
     SEND,
     {OP_STEP_AUTH_KEY, OP_STEP_RATE_SEND},
     422,
     "validation_error",
     "Idempotency-Key"},
    {"POST /console/webhooks",
     SESSION,
     "{\"number_id\":\"" UUID "\",\"url\":\"http://x\",\"events\":[\"message.sent\"]}",
     {OP_STEP_AUTH_SESSION, OP_STEP_RATE_CONSOLE},
     422,
     "validation_error",
     "url"},
};

/*  It is told what is wrong, and counted, if it may call at all. */
static void s_malformed_calls(void **state)
{
    (void)state;
    for (size_t i = 0; i < OP_COUNT(s_malformed); i++) {
        const char *line = s_malformed[i].line, *headers = s_malformed[i].headers,
                   *body = s_malformed[i].body;
        s_play(ANSWER);
        s_call(line, headers, body, s_malformed[i].status);
        s_assert_error(s_malformed[i].code, s_malformed[i].field, NULL);
        s_assert_windows("60", "59");
        assert_int_equal(s_seen(AUTH), 1);
        assert_int_equal(s_seen(RATE), 0); /* nothing else has counted it */
        const uint8_t steps[] = {(uint8_t)s_malformed[i].steps[0],
                                 (uint8_t)s_malformed[i].steps[1]};
        pthread_mutex_lock(&s_script.mutex);
        assert_true(op_str_equal(s_script.last.slip, op_str_of(steps, sizeof steps)));
        assert_int_equal(s_script.last.type, op_nothing_type.number);
        pthread_mutex_unlock(&s_script.mutex);

        s_refusing(EARLY, (op_refusal_t){.error = OP_ERROR_UNAUTHENTICATED});
        s_call(line, headers, body, 401);
        s_assert_error("unauthenticated", NULL, NULL);
        s_assert_header(&s_peer, "WWW-Authenticate: Bearer");
        assert_int_equal(s_seen(-1), 1); /* against the address */
        s_refusing(REFUSE, (op_refusal_t){.error = OP_ERROR_RATE_LIMITED, .retry_after = 17});
        s_call(line, headers, body, 429);
        s_assert_header(&s_peer, "Retry-After: 17");
        assert_int_equal(s_seen(-1), 0);
    }
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVED(s_round_trip),      SERVED(s_every_route),     SERVED(s_local_refusals),
        SERVED(s_malformed_calls), SERVED(s_same_origin),     SERVED(s_refusals),
        SERVED(s_address_is_full), SERVED(s_strange_answers),
    };
    return cmocka_run_group_tests(tests, s_group_setup, s_group_teardown);
}
