/*  The poster as a port: a post note goes out over HTTP, a posted note comes back */

#include "http/poster_port.h"
#include "tests/http_fixture.h"

#include "transport/messages.h"

static op_port_t s_port;

/*  A port in front of the fixture's server. */
static void s_open(const op_poster_options_t *options)
{
    char error[256] = "";
    if (op_poster_port(options, &s_port, error) != 0)
        fail_msg("%s", error);
    assert_string_equal(s_port.name, "poster");
}

static const op_poster_options_t s_local = {
    .transfer = {.timeout_ms = 5000, .rules = {.allow_http = true, .allow_loopback = true}}};

static op_id_t s_id(uint8_t number)
{
    return (op_id_t){{number, 1}};
}

static void s_post(uint8_t delivery, const char *url, const char *body)
{
    static const op_post_header_t headers[] = {{{"op-event", 8}, {"message.sent", 12}},
                                               {{"X-Twice", 7}, {"signed", 6}}};
    op_post_t post = {s_id(delivery), op_str(url), {headers, OP_COUNT(headers)}, op_str(body)};
    s_port.take(s_port.self, &op_post_type, &post);
}

/*  The next note; waits for it as the runtime does. */
static const op_posted_t *s_posted(void)
{
    const op_type_t *type;
    const void *body;
    for (int tries = 0; tries < 10000; tries++) {
        if (s_port.next(s_port.self, &type, &body)) {
            assert_ptr_equal(type, &op_posted_type);
            return body;
        }
        struct pollfd fds[OP_PORT_FDS_MAX];
        int64_t timeout = 1000;
        size_t count = s_port.fds(s_port.self, fds, OP_PORT_FDS_MAX, &timeout);
        assert_true(timeout >= 0 && timeout <= 1000);
        assert_true(poll(fds, count, (int)timeout) >= 0);
        s_port.work(s_port.self, fds, count);
    }
    fail_msg("nothing came of a post");
    return NULL;
}

static void test_a_post(void **state)
{
    (void)state;
    op_http_server_t *server = s_serve((op_http_server_options_t){.threads = 4});
    char url[80];
    static const struct {
        const char *path;
        uint64_t status, retry_after_s;
        const char *answer; /* its beginning */
    } table[] = {{"/echo", 200, 0, "{\"a\":1}"},
                 {"/show", 200, 0, "POST|/show|"},
                 {"/gone", 204, 0, ""},
                 {"/later", 503, 17, ""},
                 {"/nothing-here", 404, 0, "{\"error\":"}};
    s_open(&s_local);
    for (uint8_t i = 0; i < OP_COUNT(table); i++) {
        snprintf(url, sizeof url, "http://127.0.0.1:%d%s", op_http_server_port(server),
                 table[i].path);
        s_post(i, url, "{\"a\":1}");
        const op_posted_t *posted = s_posted();
        assert_int_equal(posted->status, table[i].status);
        assert_int_equal(posted->error.size, 0);
        assert_int_equal(posted->retry_after_s, table[i].retry_after_s);
        assert_true(op_str_starts(posted->answer, table[i].answer));
        assert_true(posted->answer.size <= OP_ANSWER_MAX);
        op_id_t wanted = s_id(i);
        assert_memory_equal(&posted->delivery, &wanted, sizeof wanted);
    }
    s_port.destroy(s_port.self);
    op_http_server_destroy(&server);
}

static void test_many_at_once(void **state)
{
    (void)state;
    enum { POSTS = 100 };
    op_http_server_t *server = s_serve((op_http_server_options_t){.threads = 16});
    char url[80];
    bool heard[POSTS] = {false};
    s_open(&s_local);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/echo", op_http_server_port(server));
    for (uint8_t i = 0; i < POSTS; i++)
        s_post(i, url, "{}");
    for (size_t i = 0; i < POSTS; i++) { /* each delivery once, in whatever order */
        const op_posted_t *posted = s_posted();
        assert_int_equal(posted->status, 200);
        assert_true(posted->delivery.bytes[0] < POSTS && !heard[posted->delivery.bytes[0]]);
        heard[posted->delivery.bytes[0]] = true;
    }
    s_port.destroy(s_port.self);
    op_http_server_destroy(&server);
}

static void test_what_cannot_be_posted(void **state)
{
    (void)state;
    static const char *const urls[] = {"http://127.0.0.1:1/refused", "http://10.1.2.3/private",
                                       "nonsense", ""};
    s_open(&s_local);
    for (uint8_t i = 0; i < OP_COUNT(urls); i++) {
        s_post(i, urls[i], "{}");
        const op_posted_t *posted = s_posted();
        op_id_t wanted = s_id(i);
        assert_int_equal(posted->status, 0);
        assert_true(posted->error.size > 0);
        assert_memory_equal(&posted->delivery, &wanted, sizeof wanted);
    }
    s_port.destroy(s_port.self);
}

static void test_a_full_queue(void **state)
{
    (void)state;
    enum { POSTS = 20 };
    op_poster_options_t options = s_local;
    options.max_slots = 1;
    options.max_queued = 2;
    op_http_server_t *server = s_serve((op_http_server_options_t){.threads = 4});
    char url[80];
    bool heard[POSTS] = {false};
    size_t refused = 0;
    s_open(&options);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/echo", op_http_server_port(server));
    for (uint8_t i = 0; i < POSTS; i++)
        s_post(i, url, "{}");
    for (size_t i = 0; i < POSTS; i++) { /* none is forgotten */
        const op_posted_t *posted = s_posted();
        assert_true(posted->delivery.bytes[0] < POSTS && !heard[posted->delivery.bytes[0]]);
        heard[posted->delivery.bytes[0]] = true;
        if (posted->status == 0) {
            assert_true(posted->error.size > 0);
            refused++;
        }
    }
    assert_in_range(refused, POSTS - 4, POSTS - 2);
    s_port.destroy(s_port.self);
    op_http_server_destroy(&server);
}

static void test_bad_rules(void **state)
{
    (void)state;
    op_poster_options_t options = s_local;
    char error[256] = "";
    options.transfer.rules.allow = OP_STR("10.0.0.0/99");
    assert_int_equal(op_poster_port(&options, &s_port, error), -1);
    assert_non_null(strstr(error, "10.0.0.0/99"));
}

/*  Ending with posts under way leaks nothing and waits for nothing. */
static void test_ending_at_once(void **state)
{
    (void)state;
    s_open(&s_local);
    for (uint8_t i = 0; i < 10; i++)
        s_post(i, "http://127.0.0.1:1/", "{}");
    s_port.destroy(s_port.self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_post),
        cmocka_unit_test(test_many_at_once),
        cmocka_unit_test(test_what_cannot_be_posted),
        cmocka_unit_test(test_a_full_queue),
        cmocka_unit_test(test_bad_rules),
        cmocka_unit_test(test_ending_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
