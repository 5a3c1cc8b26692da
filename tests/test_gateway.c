/*  The gateway between a real HTTP server and actors that answer by script: one thread owns their
    mailboxes, answers each request for its whole itinerary, and does what s_script says. */

#include "tests/http_fixture.h"

#include "http/gateway.h"
#include "http/routes.h"
#include "transport/clock.h"
#include "transport/mailbox.h"

#include <sched.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <zmq.h>

#define TOKEN   "abcdefghijklmnopqrstuvwxyz012345"
#define KEY     "Authorization: Bearer op_live_" TOKEN "\r\n"
#define SESSION "Authorization: Bearer ses_live_" TOKEN "\r\n"
#define COOKIE  "Cookie: op_session=ses_live_" TOKEN "\r\n"
#define UUID    "01930000-0000-7000-8000-0000000000ab"

typedef enum {
    ANSWER,  /* what the route promises, with a window of 60 */
    REFUSE,  /* s_script.refusal, with that window */
    EARLY,   /* s_script.refusal, before anything was counted */
    SILENT,  /* nothing */
    HOLD,    /* not yet: when the next request comes, or at s_release */
    STRANGE, /* a message that is no answer to this */
    NOISE,   /* rubbish and stray replies first, then as ANSWER */
} s_mode_t;

enum { AUTH, RATE, LEDGER, WEBHOOK, ACTORS };
static const char *const s_names[ACTORS] = {"auth", "rate", "ledger", "webhook"};

static struct {
    pthread_mutex_t mutex;
    s_mode_t mode, count_mode; /* the second one: for rate.address alone */
    op_refusal_t refusal;
    size_t seen[ACTORS], counted; /* requests; those for rate.address alone */
    op_envelope_t last;           /* of the last other one; slices into `frame` */
    op_buf_t frame;
    op_arena_t arena;
    sem_t arrived; /* posted for each request that is held */
} s_script;

static struct {
    pthread_t thread;
    op_mailbox_t *mailboxes[ACTORS];
    op_postbox_t *postbox; /* these two with the script's mutex held */
    op_buf_t held;         /* an answer to be sent later */
    int stop_fd, release_fd;
} s_actors;

/*  ------------------------------------------------------------------------------- the actors */

static void s_reply(const op_envelope_t *request, const op_type_t *type, const void *body,
                    bool counted, op_buf_t *frame)
{
    op_envelope_t reply = {.kind = OP_FRAME_REPLY,
                           .from = request->to,
                           .to = request->origin,
                           .correlation = request->correlation,
                           .context = request->context};
    if (counted) {
        reply.context.limit = 60;
        reply.context.remaining = 59;
        reply.context.reset = 1779304492001;
    }
    op_buf_clear(frame);
    op_frame_encode(&reply, type, body, frame);
}

/*  What the route with these steps promises. */
static void s_promise(const op_envelope_t *request, op_buf_t *frame)
{
    static const op_id_t id = {{0x01, 0x93, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 0xab}};
    const op_session_opened_t opened = {.session_token = OP_STR("ses_live_" TOKEN)};
    const op_message_view_t message = {.id = id, .status = OP_STR("queued")};
    const op_key_created_t key = {.id = id, .key = OP_STR("op_live_" TOKEN)};
    const op_webhook_created_t webhook = {.id = id, .events = OP_STR("message.sent")};
    op_arena_t arena = {0};
    for (unsigned i = 0; i < OP_ROUTE_END; i++) {
        const op_route_t *route = op_route((op_route_name_t)i);
        if (!op_str_equal(op_str_of(route->steps, route->step_count), request->slip))
            continue;
        const op_type_t *type = route->response;
        const void *body = type == &op_session_opened_type    ? (const void *)&opened
                           : type == &op_message_view_type    ? (const void *)&message
                           : type == &op_key_created_type     ? (const void *)&key
                           : type == &op_webhook_created_type ? (const void *)&webhook
                                                              : op_arena_alloc(&arena, type->size);
        if (type == &op_health_view_type) /* rate.address alone answers `nothing` */
            s_reply(request, &op_nothing_type, &(op_nothing_t){0}, true, frame);
        else
            s_reply(request, type, body, true, frame);
    }
    op_arena_free(&arena);
}

static void s_post(op_str_t frame)
{
    OP_ASSERT(op_postbox_send(s_actors.postbox, OP_STR("http"), frame));
}

static void s_let_go(void)
{
    if (s_actors.held.size)
        s_post(op_buf_str(&s_actors.held));
    op_buf_clear(&s_actors.held);
}

static void s_let_go_now(void)
{
    pthread_mutex_lock(&s_script.mutex);
    s_let_go();
    pthread_mutex_unlock(&s_script.mutex);
}

static void s_noise(const op_envelope_t *request, op_buf_t *frame)
{
    op_envelope_t stray = *request;
    s_post(OP_STR("rubbish"));
    s_post(OP_STR(""));
    op_buf_clear(frame);
    op_frame_encode(request, &op_nothing_type, &(op_nothing_t){0}, frame);
    s_post(op_buf_str(frame)); /* a request is no reply */
    stray.correlation += UINT64_C(1) << 16;
    s_reply(&stray, &op_nothing_type, &(op_nothing_t){0}, true, frame);
    s_post(op_buf_str(frame)); /* a generation that is not yet */
    stray.correlation = UINT64_MAX;
    s_reply(&stray, &op_nothing_type, &(op_nothing_t){0}, true, frame);
    s_post(op_buf_str(frame)); /* no such slot */
}

static void s_perform(s_mode_t mode, const op_envelope_t *request)
{
    op_buf_t frame = {0};
    s_let_go();
    switch (mode) {
    case NOISE:
        s_noise(request, &frame);
        s_promise(request, &frame);
        s_post(op_buf_str(&frame));
        break;
    case ANSWER:
        s_promise(request, &frame);
        s_post(op_buf_str(&frame));
        break;
    case REFUSE:
    case EARLY:
        s_reply(request, &op_refusal_type, &s_script.refusal, mode == REFUSE, &frame);
        s_post(op_buf_str(&frame));
        break;
    case STRANGE:
        s_reply(request, &op_auth_setup_type, &(op_auth_setup_t){0}, true, &frame);
        s_post(op_buf_str(&frame));
        break;
    case HOLD:
        s_promise(request, &s_actors.held);
        sem_post(&s_script.arrived);
        break;
    case SILENT:
        break;
    }
    op_buf_free(&frame);
}

static void s_take_in(int actor, const op_buf_t *frame)
{
    op_envelope_t request;
    op_arena_t arena = {0};
    op_str_t body;
    OP_ASSERT(op_frame_open(op_buf_str(frame), &arena, &request, &body) == OP_DECODE_OK);
    OP_ASSERT(request.kind == OP_FRAME_REQUEST);
    OP_ASSERT(op_str_is(request.to, s_names[actor]));
    op_decode_t result;
    OP_ASSERT(op_frame_body(op_message_type(request.type), body, &arena, &result));

    pthread_mutex_lock(&s_script.mutex);
    s_script.seen[actor]++;
    bool count = request.slip.size == 1 && request.type == op_nothing_type.number;
    s_mode_t mode = count ? s_script.count_mode : s_script.mode;
    if (count) {
        s_script.counted++;
    } else {
        op_buf_clear(&s_script.frame);
        op_arena_clear(&s_script.arena);
        op_buf_add(&s_script.frame, frame->at, frame->size);
        result = op_frame_open(op_buf_str(&s_script.frame), &s_script.arena, &s_script.last, &body);
        OP_ASSERT(result == OP_DECODE_OK);
    }
    s_perform(mode, &request);
    pthread_mutex_unlock(&s_script.mutex);
    op_arena_free(&arena);
}

static void *s_act(void *arg)
{
    (void)arg;
    op_buf_t frame = {0};
    zmq_pollitem_t items[ACTORS + 2] = {{0}};
    for (int i = 0; i < ACTORS; i++)
        items[i] = (zmq_pollitem_t){.socket = op_mailbox_socket(s_actors.mailboxes[i]),
                                    .events = ZMQ_POLLIN};
    items[ACTORS] = (zmq_pollitem_t){.fd = s_actors.stop_fd, .events = ZMQ_POLLIN};
    items[ACTORS + 1] = (zmq_pollitem_t){.fd = s_actors.release_fd, .events = ZMQ_POLLIN};
    while (!items[ACTORS].revents) {
        OP_ASSERT(zmq_poll(items, ACTORS + 2, -1) > 0);
        eventfd_t value;
        if (items[ACTORS + 1].revents && eventfd_read(s_actors.release_fd, &value) == 0)
            s_let_go_now();
        for (int i = 0; i < ACTORS; i++)
            while (op_mailbox_take(s_actors.mailboxes[i], &frame))
                s_take_in(i, &frame);
    }
    op_buf_free(&frame);
    return NULL;
}

static void s_actors_start(void)
{
    char error[256];
    for (int i = 0; i < ACTORS; i++) {
        s_actors.mailboxes[i] = op_mailbox_new(s_names[i], error);
        assert_non_null(s_actors.mailboxes[i]);
    }
    s_actors.postbox = op_postbox_new();
    s_actors.stop_fd = eventfd(0, EFD_CLOEXEC);
    s_actors.release_fd = eventfd(0, EFD_CLOEXEC);
    sem_init(&s_script.arrived, 0, 0);
    pthread_mutex_init(&s_script.mutex, NULL);
    assert_int_equal(pthread_create(&s_actors.thread, NULL, s_act, NULL), 0);
}

/*  They stop reading; their mailboxes stay. */
static void s_actors_halt(void)
{
    assert_int_equal(eventfd_write(s_actors.stop_fd, 1), 0);
    assert_int_equal(pthread_join(s_actors.thread, NULL), 0);
}

static void s_actors_unbind(void)
{
    for (int i = 0; i < ACTORS; i++)
        op_mailbox_destroy(&s_actors.mailboxes[i]);
    op_postbox_destroy(&s_actors.postbox);
    op_buf_free(&s_actors.held);
    op_buf_free(&s_script.frame);
    op_arena_free(&s_script.arena);
    close(s_actors.stop_fd);
    close(s_actors.release_fd);
    sem_destroy(&s_script.arrived);
    pthread_mutex_destroy(&s_script.mutex);
}

static void s_play_both(s_mode_t mode, s_mode_t count_mode)
{
    pthread_mutex_lock(&s_script.mutex);
    s_script.mode = mode;
    s_script.count_mode = count_mode;
    s_script.refusal = (op_refusal_t){0};
    memset(s_script.seen, 0, sizeof s_script.seen);
    s_script.counted = 0;
    pthread_mutex_unlock(&s_script.mutex);
}

static void s_play(s_mode_t mode)
{
    s_play_both(mode, ANSWER);
}

static void s_refusing(s_mode_t mode, op_refusal_t refusal)
{
    s_play_both(mode, mode == ANSWER ? REFUSE : ANSWER);
    pthread_mutex_lock(&s_script.mutex);
    s_script.refusal = refusal;
    pthread_mutex_unlock(&s_script.mutex);
}

static size_t s_seen(int actor)
{
    pthread_mutex_lock(&s_script.mutex);
    size_t seen = actor < 0 ? s_script.counted : s_script.seen[actor];
    pthread_mutex_unlock(&s_script.mutex);
    return seen;
}

/*  ------------------------------------------------------------------------------- through a server */

static op_gateway_t *s_gateway;
static s_client_t s_peer;

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
    op_gateway_options_t options = {.workers = 4, .check_url = s_no_http};
    options.side.prefix = "/sim";
    options.side.serve = s_side;
    options.side.arg = &s_gateway;
    s_gateway = op_gateway_new(&options, error);
    assert_non_null(s_gateway);
    assert_null(op_gateway_new(&options, error)); /* one process, one "http" */
    assert_true(strlen(error) > 0);
    op_http_server_options_t server = {.listen = "127.0.0.1:0",
                                       .threads = 4,
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
    s_ask(&s_peer, request, status);
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
    s_call("POST /v1/messages", KEY "X-Request-Id: mine-1\r\n",
           "{\"to\":\"+14155550123\",\"body\":\"hi\"}", 201);
    s_assert_header(&s_peer, "Location: /v1/messages/msg_" UUID);
    s_assert_header(&s_peer, "X-Request-Id: mine-1");
    s_assert_header(&s_peer, "Content-Type: application/json");
    s_assert_windows("60", "59");
    assert_non_null(strstr(s_peer.body.at, "{\"id\":\"msg_" UUID "\",\"status\":\"queued\""));

    static const uint8_t slip[] = {OP_STEP_AUTH_KEY, OP_STEP_RATE_SEND, OP_STEP_LEDGER_SUBMIT};
    op_hash_t hash = op_token_hash(OP_STR("op_live_" TOKEN));
    pthread_mutex_lock(&s_script.mutex);
    const op_envelope_t *sent = &s_script.last;
    assert_true(op_str_equal(sent->slip, op_str_of(slip, sizeof slip)));
    assert_true(op_str_is(sent->from, "http"));
    assert_true(op_str_is(sent->origin, "http"));
    assert_true(op_str_is(sent->to, "auth"));
    assert_true(op_str_is(sent->request_id, "mine-1"));
    assert_true(op_str_is(sent->context.address, "127.0.0.1"));
    assert_memory_equal(&sent->context.credential, &hash, sizeof hash);
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
         "; HttpOnly; SameSite=Lax; Path=/; Max-Age=2592000",
         NULL},
        {"POST /auth/logout", COOKIE, NULL, 204,
         "Set-Cookie: op_session=; HttpOnly; SameSite=Lax; Path=/; Max-Age=0", ""},
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
        {"PUT /v1/messages", "", NULL, 405, "method_not_allowed", NULL, "Allow: GET, HEAD, POST"},
        {"GET /auth/start", "", NULL, 405, "method_not_allowed", NULL, "Allow: POST"},
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
    s_assert_no_header("Retry-After");
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
    s_assert_no_header("Allow:");
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
    static const char *const lines[] = {"", "X-Request-Id: \"quoted\"\r\n",
                                        "X-Request-Id: a\r\nX-Request-Id: b\r\n"};
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
    s_call("GET /sim", "", NULL, 200);
    s_assert_body(&s_peer, "GET /sim  ");
    assert_int_equal(s_seen(-1), 0);
    s_call("GET /simple", "", NULL, 404);
}

/*  ------------------------------------------------------------------------------- without a server */

typedef struct {
    op_http_response_t response;
    op_http_header_t header;
    op_http_request_t request;
} s_direct_t;

static void s_direct(s_direct_t *self, const char *method, const char *path)
{
    self->header = (op_http_header_t){OP_STR("Authorization"), OP_STR("Bearer op_live_" TOKEN)};
    self->request = (op_http_request_t){.method = op_str(method),
                                        .path = op_str(path),
                                        .client_ip = OP_STR("192.0.2.1"),
                                        .headers = &self->header,
                                        .header_count = 1};
    op_http_response_reset(&self->response);
    op_gateway_handle(s_gateway, &self->request, &self->response);
    op_buf_add_byte(&self->response.headers, 0);
    op_buf_add_byte(&self->response.body, 0);
}

static bool s_has(const s_direct_t *self, const char *line)
{
    return strstr(self->response.headers.at, line) != NULL;
}

/*  ZeroMQ gives a name free some time after its socket was closed. */
static void s_open(op_gateway_options_t options)
{
    char error[256];
    int64_t end = op_clock_steady() + 20000;
    while (!(s_gateway = op_gateway_new(&options, error)) && op_clock_steady() < end)
        sched_yield();
    assert_non_null(s_gateway);
    s_play(ANSWER);
    pthread_mutex_lock(&s_script.mutex);
    op_postbox_destroy(&s_actors.postbox); /* it leads to the mailbox before */
    s_actors.postbox = op_postbox_new();
    op_buf_clear(&s_actors.held);
    pthread_mutex_unlock(&s_script.mutex);
}

static int s_shut(void **state)
{
    (void)state;
    op_gateway_destroy(&s_gateway);
    return 0;
}

/*  Silence ends at the deadline, and what comes later is nobody's. */
static void s_silence(void **state)
{
    (void)state;
    s_direct_t call = {0};
    s_open((op_gateway_options_t){.workers = 1, .deadline_ms = 50});
    s_play_both(HOLD, SILENT);
    int64_t before = op_clock_steady();
    s_direct(&call, "GET", "/v1/number");
    assert_true(op_clock_steady() - before >= 100); /* both questions had their time */
    assert_int_equal(call.response.status, 503);
    assert_non_null(strstr(call.response.body.at, "\"unavailable\""));
    assert_true(s_has(&call, "Retry-After: 1\r\n"));
    assert_true(s_has(&call, "X-RateLimit-Limit: 0\r\nX-RateLimit-Remaining: 0\r\n"));
    assert_true(s_has(&call, "X-RateLimit-Reset: 1") || s_has(&call, "X-RateLimit-Reset: 2"));
    assert_int_equal(op_gateway_counts(s_gateway).silent, 2);
    assert_int_equal(op_gateway_counts(s_gateway).late, 0);

    /* The actors let go of the held answer just before the next one. A slow machine may need a few
       tries to answer within the deadline. */
    s_play(ANSWER);
    for (int i = 0; i < 200; i++) {
        s_direct(&call, "GET", "/v1/messages");
        if (call.response.status == 200)
            break;
    }
    assert_int_equal(call.response.status, 200);
    assert_string_equal(call.response.body.at, "{\"data\":[],\"next_cursor\":null}");
    assert_true(op_gateway_counts(s_gateway).late >= 1);
    op_http_response_free(&call.response);
}

static void *s_fill(void *arg)
{
    (void)arg;
    s_direct_t call = {0};
    for (int i = 0; i < 4 * OP_MAILBOX_HWM && op_gateway_counts(s_gateway).full == 0; i++)
        s_direct(&call, "GET", "/v1/number");
    op_http_response_free(&call.response);
    return NULL;
}

/*  Nobody reads: 503 as soon as the mailbox is full, without a wait. */
static void s_full(void **state)
{
    (void)state;
    pthread_t threads[16];
    s_actors_halt();
    s_open((op_gateway_options_t){.workers = OP_COUNT(threads), .deadline_ms = 1});
    for (size_t i = 0; i < OP_COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, s_fill, NULL), 0);
    for (size_t i = 0; i < OP_COUNT(threads); i++)
        pthread_join(threads[i], NULL);
    op_calls_counts_t before = op_gateway_counts(s_gateway);
    assert_true(before.full > 0);
    /* Either of the two mailboxes may have been the first; this fills the other one too. */
    s_direct_t call = {0};
    for (int i = 0; i < 4 * OP_MAILBOX_HWM; i++) {
        before = op_gateway_counts(s_gateway);
        s_direct(&call, "GET", "/v1/number");
        if (op_gateway_counts(s_gateway).full - before.full == 2)
            break;
    }
    assert_int_equal(op_gateway_counts(s_gateway).full - before.full, 2);
    assert_int_equal(op_gateway_counts(s_gateway).silent, before.silent);
    assert_int_equal(call.response.status, 503);
    assert_true(s_has(&call, "Retry-After: 1\r\n"));
    assert_true(s_has(&call, "X-RateLimit-Limit: 0\r\n"));
    op_http_response_free(&call.response);
    op_gateway_destroy(&s_gateway);
    s_actors_unbind();
}

static void *s_held_call(void *arg)
{
    s_direct_t *call = arg;
    s_direct(call, "GET", "/v1/number");
    return NULL;
}

static void *s_stop(void *arg)
{
    (void)arg;
    op_gateway_stop(s_gateway);
    return NULL;
}

/*  More requests than workers are refused; stopping waits for those that are under way. */
static void s_busy_and_stop(void **state)
{
    (void)state;
    pthread_t held, stopper;
    s_direct_t first = {0}, second = {0};
    s_open((op_gateway_options_t){.workers = 1, .deadline_ms = 60000});
    s_play(HOLD);
    assert_int_equal(pthread_create(&held, NULL, s_held_call, &first), 0);
    while (sem_wait(&s_script.arrived))
        ;
    s_direct(&second, "GET", "/v1/number");
    assert_int_equal(second.response.status, 503);
    assert_true(s_has(&second, "Retry-After: 1\r\n"));
    assert_true(s_has(&second, "X-RateLimit-Limit: 0\r\n"));
    assert_int_equal(s_seen(AUTH), 1);

    assert_int_equal(pthread_create(&stopper, NULL, s_stop, NULL), 0);
    assert_int_equal(eventfd_write(s_actors.release_fd, 1), 0);
    pthread_join(held, NULL);
    pthread_join(stopper, NULL);
    assert_int_equal(first.response.status, 200);
    assert_true(s_has(&first, "X-RateLimit-Limit: 60\r\n"));

    s_direct(&second, "GET", "/v1/number");
    assert_int_equal(second.response.status, 503);
    op_http_response_free(&first.response);
    op_http_response_free(&second.response);
}

static void s_behind_tls(void **state)
{
    (void)state;
    s_direct_t call = {0};
    s_open((op_gateway_options_t){.workers = 1, .behind_tls = true});
    call.request = (op_http_request_t){
        .method = OP_STR("POST"),
        .path = OP_STR("/auth/verify"),
        .body = OP_STR("{\"verification_id\":\"" UUID "\",\"code\":\"123456\"}"),
        .client_ip = OP_STR("2001:0db8:0000:0000:0000:0000:0000:0001%a-long-interface-name")};
    op_http_response_reset(&call.response);
    op_gateway_handle(s_gateway, &call.request, &call.response);
    assert_int_equal(call.response.status, 200);
    op_buf_add_byte(&call.response.headers, 0);
    assert_true(s_has(&call, "; Max-Age=2592000; Secure\r\n"));
    op_http_response_free(&call.response);
}

#define SERVED(test) cmocka_unit_test_setup_teardown(test, s_connected, s_disconnected)
#define DIRECT(test) cmocka_unit_test_teardown(test, s_shut)

int main(void)
{
    const struct CMUnitTest served[] = {
        SERVED(s_round_trip),      SERVED(s_every_route),  SERVED(s_local_refusals),
        SERVED(s_same_origin),     SERVED(s_refusals),     SERVED(s_address_is_full),
        SERVED(s_strange_answers), SERVED(s_guard_errors), SERVED(s_request_ids),
        SERVED(s_the_side_door),
    };
    const struct CMUnitTest direct[] = {
        DIRECT(s_silence), DIRECT(s_busy_and_stop), DIRECT(s_behind_tls),
        DIRECT(s_full), /* the last one: it stops the actors */
    };
    int failed = cmocka_run_group_tests(served, s_group_setup, s_group_teardown);
    return failed + cmocka_run_group_tests(direct, NULL, NULL);
}
