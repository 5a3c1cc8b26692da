/*  The gateway's limits and deadlines, without a server: its hook is called as a worker would. */

#include "tests/gateway_fixture.h"

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
        zmq_poll(NULL, 0, 1); /* not at once: its thread is to run */
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
    while (sem_wait(&s_script.arrived))
        ;
    assert_int_equal(op_gateway_counts(s_gateway).silent, 2);
    assert_int_equal(op_gateway_counts(s_gateway).late, 0);

    /* It may yet be done, so it is not turned into a 429. */
    s_refusing(ANSWER, (op_refusal_t){.error = OP_ERROR_RATE_LIMITED, .retry_after = 9});
    pthread_mutex_lock(&s_script.mutex);
    s_script.mode = HOLD;
    pthread_mutex_unlock(&s_script.mutex);
    s_direct(&call, "GET", "/v1/number");
    while (sem_wait(&s_script.arrived))
        ;
    assert_int_equal(call.response.status, 503);
    assert_true(s_has(&call, "Retry-After: 1\r\n"));

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
    assert_true(s_has(&call, "; Expires=Fri, 19 Jun 2026 21:54:52 GMT; Secure\r\n"));
    op_http_response_free(&call.response);
}

static int s_group_setup(void **state)
{
    (void)state;
    s_actors_start();
    return 0;
}

static int s_group_teardown(void **state)
{
    (void)state;
    s_actors_unbind();
    return 0;
}

#define DIRECT(test) cmocka_unit_test_teardown(test, s_shut)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DIRECT(s_silence), DIRECT(s_busy_and_stop), DIRECT(s_behind_tls),
        DIRECT(s_full), /* the last one: it halts the actors */
    };
    return cmocka_run_group_tests(tests, s_group_setup, s_group_teardown);
}
