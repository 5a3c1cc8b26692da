/*  Posts over loopback to an op_http_server, and to sockets that refuse or never answer. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/poster.h"
#include "http/server.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static struct {
    op_http_server_t *server;
    pthread_mutex_t mutex;
    op_buf_t body, seen; /* of the last request: its body, its interesting headers */
    atomic_int hits;
} s_there = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void s_handle(void *arg, const op_http_request_t *request, op_http_response_t *response)
{
    static const char *const names[] = {"Content-Type", "User-Agent", "X-One", "Expect", "Cookie"};
    (void)arg;
    pthread_mutex_lock(&s_there.mutex);
    s_there.hits++;
    op_buf_clear(&s_there.body);
    op_buf_add_str(&s_there.body, request->body);
    op_buf_clear(&s_there.seen);
    op_buf_add_str(&s_there.seen, request->method);
    for (size_t i = 0; i < OP_COUNT(names); i++) {
        op_str_t value = op_http_request_header(request, names[i], NULL);
        op_buf_add_byte(&s_there.seen, '|');
        op_buf_add_str(&s_there.seen, value);
    }
    pthread_mutex_unlock(&s_there.mutex);
    if (op_str_is(request->path, "/away")) {
        response->status = 302;
        op_http_response_header(response, "Location", OP_STR("/here"));
    } else if (op_str_is(request->path, "/later")) {
        response->status = 503;
        op_http_response_header(response, "Retry-After", OP_STR("17"));
    } else if (op_str_is(request->path, "/big")) {
        response->status = 201;
        for (int i = 0; i < 100000; i++)
            op_buf_add_byte(&response->body, 'b');
    } else if (op_str_is(request->path, "/cookie")) {
        op_http_response_header(response, "Set-Cookie", OP_STR("a=b; Path=/"));
    }
}

static int s_setup(void **state)
{
    (void)state;
    char error[200];
    const op_http_server_options_t options = {
        .listen = "127.0.0.1:0", .threads = 16, .handle = s_handle};
    s_there.server = op_http_server_new(&options, error, sizeof error);
    assert_non_null(s_there.server);
    return 0;
}

static int s_teardown(void **state)
{
    (void)state;
    op_http_server_destroy(&s_there.server);
    op_buf_free(&s_there.body);
    op_buf_free(&s_there.seen);
    return 0;
}

static op_poster_t *s_poster(op_poster_options_t options)
{
    char error[200];
    op_poster_t *poster = op_poster_new(&options, error, sizeof error);
    if (!poster)
        fail_msg("%s", error);
    return poster;
}

static void s_assert_seen(const char *seen, op_str_t body)
{
    pthread_mutex_lock(&s_there.mutex);
    assert_true(op_str_is(op_buf_str(&s_there.seen), seen));
    assert_true(op_str_equal(op_buf_str(&s_there.body), body));
    pthread_mutex_unlock(&s_there.mutex);
}

static const op_target_rules_t s_local = {.allow_http = true, .allow_loopback = true};

static op_id_t s_id(uint64_t number)
{
    op_id_t id = {{0}};
    memcpy(id.bytes, &number, sizeof number);
    return id;
}

static uint64_t s_number(op_id_t id)
{
    uint64_t number;
    memcpy(&number, id.bytes, sizeof number);
    return number;
}

static void s_post(op_poster_t *poster, uint64_t id, const char *host, int port, const char *path)
{
    char url[200];
    snprintf(url, sizeof url, "http://%s:%d%s", host, port, path);
    op_poster_post(poster, s_id(id), op_str(url), NULL, 0, OP_STR("{}"));
}

static void s_turn(op_poster_t *poster)
{
    struct pollfd fd = {.fd = op_poster_fd(poster), .events = POLLIN};
    poll(&fd, 1, (int)op_poster_wait_ms(poster));
    op_poster_work(poster);
}

static op_posted_result_t s_result(op_poster_t *poster)
{
    op_posted_result_t result;
    while (!op_poster_next(poster, &result)) {
        assert_true(op_poster_busy(poster) > 0);
        s_turn(poster);
    }
    if (result.status)
        assert_string_equal(result.error, "");
    else
        assert_true(strlen(result.error) > 0 && !strpbrk(result.error, "\r\n"));
    assert_true(result.duration_ms >= 0);
    return result;
}

/*  A listener that never accepts; with `open` false only a port that nobody listens on. */
static int s_silent(int *port, bool open)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
    *port = ntohs(at.sin_port);
    if (open)
        assert_int_equal(listen(fd, 64), 0);
    return fd;
}

static void test_arrives(void **state)
{
    (void)state;
    op_poster_t *poster = s_poster((op_poster_options_t){.transfer = {.rules = s_local}});
    const op_post_line_t headers[] = {{OP_STR("X-One"), OP_STR("t=1,v1=ab")},
                                      {OP_STR("content-type"), OP_STR("text/x")}};
    static const char body[] = "{\"a\":\"\xc3\xa9\"}\r\n\0\x01";
    char url[100];
    snprintf(url, sizeof url, "http://%s/hook", op_http_server_address(s_there.server));
    op_poster_post(poster, s_id(7), op_str(url), headers, 2, op_str_of(body, sizeof body));
    op_posted_result_t result = s_result(poster);
    assert_int_equal(s_number(result.id), 7);
    assert_int_equal(result.status, 200);
    s_assert_seen("POST|text/x|OP|t=1,v1=ab||", op_str_of(body, sizeof body));
    op_poster_post(poster, s_id(8), op_str(url), NULL, 0, OP_STR(""));
    assert_int_equal(s_result(poster).status, 200);
    s_assert_seen("POST|application/json|OP|||", OP_STR(""));
    assert_int_equal(op_poster_busy(poster), 0);
    assert_false(op_poster_next(poster, &result));
    op_poster_destroy(&poster);
    assert_null(poster);
    op_poster_destroy(&poster);
}

static void test_answers(void **state)
{
    (void)state;
    op_poster_t *poster = s_poster((op_poster_options_t){.transfer = {.rules = s_local}});
    int port = op_http_server_port(s_there.server), hits = s_there.hits;
    s_post(poster, 1, "127.0.0.1", port, "/away");
    assert_int_equal(s_result(poster).status, 302);
    assert_int_equal(s_there.hits, hits + 1); /* not followed */
    s_post(poster, 2, "127.0.0.1", port, "/later");
    op_posted_result_t result = s_result(poster);
    assert_int_equal(result.status, 503);
    assert_int_equal(result.retry_after_s, 17);
    s_post(poster, 3, "127.0.0.1", port, "/big");
    assert_int_equal(s_result(poster).status, 201);
    s_post(poster, 4, "127.0.0.1", port, "/cookie");
    assert_int_equal(s_result(poster).status, 200);
    s_post(poster, 5, "127.0.0.1", port, "/");
    assert_int_equal(s_result(poster).status, 200);
    s_assert_seen("POST|application/json|OP|||", OP_STR("{}"));
    op_poster_destroy(&poster);
}

static void test_many(void **state)
{
    (void)state;
    op_poster_t *poster = s_poster((op_poster_options_t){
        .transfer = {.rules = s_local}, .max_slots = 5, .max_per_endpoint = 3});
    int port = op_http_server_port(s_there.server), hits = s_there.hits;
    bool seen[200] = {false};
    for (size_t i = 0; i < OP_COUNT(seen); i++)
        s_post(poster, i, i % 2 ? "127.0.0.1" : "localhost", port, "/");
    for (size_t i = 0; i < OP_COUNT(seen); i++) {
        op_posted_result_t result = s_result(poster);
        assert_int_equal(result.status, 200);
        uint64_t number = s_number(result.id);
        assert_true(number < OP_COUNT(seen) && !seen[number]);
        seen[number] = true;
    }
    assert_int_equal(s_there.hits, hits + (int)OP_COUNT(seen));
    op_poster_destroy(&poster);
}

#define INSIDE "inside.example"

/*  What libcurl asks. One name leads inside, so that the check at connecting is met without any name
    server. */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **found)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    void *symbol = dlsym(RTLD_NEXT, "getaddrinfo");
    memcpy(&real, &symbol, sizeof real);
    return real(node && strcmp(node, INSIDE) == 0 ? "127.0.0.1" : node, service, hints, found);
}

static void test_forbidden(void **state)
{
    (void)state;
    const op_str_t lan = OP_STR("127.0.0.0/8,::1"), name = OP_STR(INSIDE);
    int port = op_http_server_port(s_there.server);
    const struct {
        op_target_rules_t rules;
        const char *host;
        int status;
    } cases[] = {
        {{.allow_http = true}, "127.0.0.1", 0},
        {{.allow_http = true}, "localhost", 0},
        {{.allow_http = true}, "op.localhost", 0},
        {{.allow_http = true}, INSIDE, 0},          /* passes the text check, not the connection */
        {{.allow_loopback = true}, "127.0.0.1", 0}, /* http */
        {{.allow_http = true, .allow_loopback = true}, "op.localhost", 200},
        {{.allow_http = true, .allow_loopback = true}, INSIDE, 200},
        {{.allow_http = true, .allow = lan}, "127.0.0.1", 200},
        {{.allow_http = true, .allow = lan}, "op.localhost", 200},
        {{.allow_http = true, .allow = lan}, INSIDE, 200},
        {{.allow_http = true, .allow = name}, INSIDE, 200},
        {{.allow_http = true, .allow = name}, "127.0.0.1", 0},
    };
    for (size_t i = 0; i < OP_COUNT(cases); i++) {
        int hits = s_there.hits;
        op_poster_t *poster =
            s_poster((op_poster_options_t){.transfer = {.rules = cases[i].rules}});
        s_post(poster, 1, cases[i].host, port, "/");
        op_posted_result_t result = s_result(poster);
        if (result.status != cases[i].status)
            fail_msg("case %zu: %d %s", i, result.status, result.error);
        assert_int_equal(s_there.hits, hits + (cases[i].status ? 1 : 0));
        if (!cases[i].status && cases[i].rules.allow_http)
            assert_string_equal(result.error, op_target_sentence(OP_TARGET_ADDRESS));
        op_poster_destroy(&poster);
    }
}

static void test_unreachable(void **state)
{
    (void)state;
    op_poster_t *poster =
        s_poster((op_poster_options_t){.transfer = {.rules = s_local, .timeout_ms = 50}});
    int port, fd = s_silent(&port, false);
    s_post(poster, 1, "127.0.0.1", port, "/");
    assert_int_equal(s_result(poster).status, 0);
    close(fd);
    fd = s_silent(&port, true);
    s_post(poster, 2, "127.0.0.1", port, "/");
    op_posted_result_t result = s_result(poster);
    assert_int_equal(result.status, 0);
    assert_true(result.duration_ms >= 45);
    close(fd);
    op_poster_destroy(&poster);
}

/*  One endpoint that never answers holds its own slots only. */
static void test_dead_endpoint(void **state)
{
    (void)state;
    op_poster_t *poster = s_poster((op_poster_options_t){
        .transfer = {.rules = s_local}, .max_slots = 3, .max_per_endpoint = 2, .max_queued = 4});
    int port, fd = s_silent(&port, true);
    for (uint64_t i = 0; i < 5; i++)
        s_post(poster, i, "127.0.0.1", port, "/");
    s_post(poster, 100, "localhost", op_http_server_port(s_there.server), "/");
    op_posted_result_t result = s_result(poster);
    assert_int_equal(s_number(result.id), 100);
    assert_int_equal(result.status, 200);
    s_post(poster, 6, "127.0.0.1", port, "/"); /* the fourth in the queue */
    s_post(poster, 7, "127.0.0.1", port, "/"); /* one too many */
    result = s_result(poster);
    assert_int_equal(s_number(result.id), 7);
    assert_string_equal(result.error, "Too many posts wait already.");
    assert_int_equal(op_poster_busy(poster), 6);
    op_poster_destroy(&poster); /* cuts and drops them */
    close(fd);
}

static int64_t s_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/*  Ninety-nine endpoints that never answer, each with more than it may have under way, leave the
    hundredth alone: before any of them has timed out, and after. */
static void test_hanging_endpoints(void **state)
{
    (void)state;
    enum { HANGING = 99, EACH = 20, LIVE = 50 };
    op_poster_t *poster =
        s_poster((op_poster_options_t){.transfer = {.rules = s_local, .timeout_ms = 60 * 1000}});
    int ports[HANGING], fds[HANGING], live = op_http_server_port(s_there.server);
    for (size_t i = 0; i < HANGING; i++)
        fds[i] = s_silent(&ports[i], true);
    for (size_t turn = 0; turn < EACH; turn++)
        for (size_t i = 0; i < HANGING; i++)
            s_post(poster, 0, "127.0.0.1", ports[i], "/");
    int64_t start = s_now_ms();
    for (uint64_t i = 1; i <= LIVE; i++) {
        s_post(poster, i, "127.0.0.1", live, "/");
        op_posted_result_t result = s_result(poster);
        assert_int_equal(s_number(result.id), i);
        assert_int_equal(result.status, 200);
    }
    assert_true(s_now_ms() - start < 60 * 1000); /* none of the others came to its end */
    assert_int_equal(op_poster_busy(poster), HANGING * EACH);
    op_poster_destroy(&poster);
    for (size_t i = 0; i < HANGING; i++)
        close(fds[i]);
}

static void test_bad_posts(void **state)
{
    (void)state;
    op_poster_t *poster = s_poster((op_poster_options_t){.transfer = {.rules = s_local}});
    const op_post_line_t bad[] = {{OP_STR("X"), OP_STR("a\r\nY: b")},
                                  {OP_STR("X\n"), OP_STR("a")},
                                  {OP_STR("X:"), OP_STR("a")},
                                  {OP_STR(""), OP_STR("a")},
                                  {OP_STR("Host"), OP_STR("")}};
    int hits = s_there.hits;
    char url[100];
    snprintf(url, sizeof url, "http://%s/", op_http_server_address(s_there.server));
    for (size_t i = 0; i < OP_COUNT(bad); i++) {
        op_poster_post(poster, s_id(1), op_str(url), &bad[i], 1, OP_STR(""));
        assert_int_equal(s_result(poster).status, 0);
    }
    op_poster_post(poster, s_id(1), OP_STR("nonsense"), NULL, 0, OP_STR(""));
    assert_int_equal(s_result(poster).status, 0);
    assert_int_equal(s_there.hits, hits);
    op_poster_destroy(&poster);

    char error[100];
    const op_poster_options_t options = {
        .transfer = {.rules = {.allow = OP_STR("::1,10.0.0.0/99,x")}}};
    assert_null(op_poster_new(&options, error, sizeof error));
    assert_non_null(strstr(error, "10.0.0.0/99"));
    const op_poster_options_t nothing = {.transfer = {.ca_file = "/nothing/here.pem"}};
    assert_null(op_poster_new(&nothing, error, sizeof error));
    assert_non_null(strstr(error, "/nothing/here.pem"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arrives),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_forbidden),
        cmocka_unit_test(test_unreachable),
        cmocka_unit_test(test_dead_endpoint),
        cmocka_unit_test(test_hanging_endpoints),
        cmocka_unit_test(test_bad_posts),
    };
    return cmocka_run_group_tests(tests, s_setup, s_teardown);
}
