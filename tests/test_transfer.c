/*  Posts to receivers that answer as nobody should, and to names that resolve as somebody pleases.

    This program has a getaddrinfo and a connect of its own, which libcurl then calls: names ending
    in ".test" are looked up in a table, and every address that is connected to is noted. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/poster.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/*  ---- Names ---- */

enum { ADDRESSES = 8 };

typedef struct {
    struct addrinfo info;
    struct sockaddr_storage at;
} s_found_t;

static struct {
    const char *_Atomic addresses; /* comma-separated: what every name resolves to */
    atomic_int lookups;
    sem_t hang;
    pthread_mutex_t mutex;
    op_ip_t connected[64];
    size_t connected_count;
} s_net = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void s_fill(s_found_t *found, op_str_t text, const char *service)
{
    char copy[INET6_ADDRSTRLEN];
    uint16_t port = htons((uint16_t)(service ? atoi(service) : 0));
    struct sockaddr_in *four = (struct sockaddr_in *)&found->at;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)&found->at;
    assert_true(op_str_copy(text, copy, sizeof copy));
    bool is_four = inet_pton(AF_INET, copy, &four->sin_addr) == 1;
    assert_true(is_four || inet_pton(AF_INET6, copy, &six->sin6_addr) == 1);
    found->at.ss_family = is_four ? AF_INET : AF_INET6;
    *(is_four ? &four->sin_port : &six->sin6_port) = port;
    found->info = (struct addrinfo){.ai_family = found->at.ss_family,
                                    .ai_socktype = SOCK_STREAM,
                                    .ai_addrlen = is_four ? sizeof *four : sizeof *six,
                                    .ai_addr = (struct sockaddr *)&found->at};
}

int getaddrinfo(const char *restrict node, const char *restrict service,
                const struct addrinfo *restrict hints, struct addrinfo **restrict out)
{
    (void)hints;
    atomic_fetch_add(&s_net.lookups, 1);
    if (strncmp(node, "hang", 4) == 0) {
        while (sem_wait(&s_net.hang))
            ;
        return EAI_AGAIN;
    }
    s_found_t *all = calloc(ADDRESSES, sizeof *all);
    size_t count = 0;
    for (const char *at = s_net.addresses; *at && count < ADDRESSES; at += *at == ',') {
        size_t size = strcspn(at, ",");
        s_fill(&all[count], op_str_of(at, size), service);
        if (count > 0)
            all[count - 1].info.ai_next = &all[count].info;
        count++;
        at += size;
    }
    *out = &all[0].info;
    return 0;
}

void freeaddrinfo(struct addrinfo *list)
{
    free(list); /* the first member of what was made above */
}

int connect(int fd, __CONST_SOCKADDR_ARG arg, socklen_t size)
{
    const struct sockaddr *to = arg.__sockaddr__; /* glibc's way to take any kind */
    pthread_mutex_lock(&s_net.mutex);
    assert_true(s_net.connected_count < OP_COUNT(s_net.connected));
    if (op_ip_from(to, &s_net.connected[s_net.connected_count]))
        s_net.connected_count++;
    pthread_mutex_unlock(&s_net.mutex);
    return (int)syscall(SYS_connect, fd, to, size);
}

/*  ---- A receiver ---- */

typedef struct {
    const char *first, *then; /* said once; said for ever */
    bool resets;
} s_manner_t;

static struct {
    int fd, port;
    pthread_t thread;
    s_manner_t manner;
} s_there;

static bool s_say(int fd, const char *text, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(fd, text, size, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        text += sent;
        size -= (size_t)sent;
    }
    return true;
}

static void s_serve_one(int fd)
{
    const s_manner_t *manner = &s_there.manner;
    char got[4096];
    struct linger hard = {1, 0};
    ssize_t size = recv(fd, got, sizeof got, 0); /* a small post comes in one piece */
    if (size > 0 && s_say(fd, manner->first, strlen(manner->first)) && manner->then)
        while (s_say(fd, manner->then, strlen(manner->then)))
            ;
    if (manner->resets)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close(fd);
}

static void *s_serve(void *arg)
{
    (void)arg;
    for (int fd; (fd = accept(s_there.fd, NULL, NULL)) >= 0;)
        s_serve_one(fd);
    return NULL;
}

static void s_open(s_manner_t manner)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    s_there.manner = manner;
    s_there.fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(s_there.fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(s_there.fd, 64), 0);
    assert_int_equal(getsockname(s_there.fd, (struct sockaddr *)&at, &size), 0);
    s_there.port = ntohs(at.sin_port);
    assert_int_equal(pthread_create(&s_there.thread, NULL, s_serve, NULL), 0);
    s_net.connected_count = 0;
}

static void s_close(void)
{
    shutdown(s_there.fd, SHUT_RDWR);
    pthread_join(s_there.thread, NULL);
    close(s_there.fd);
}

/*  ---- Posts ---- */

static op_poster_t *s_poster(int timeout_ms, op_target_rules_t rules)
{
    char error[200];
    const op_poster_options_t options = {.transfer = {.timeout_ms = timeout_ms, .rules = rules}};
    op_poster_t *poster = op_poster_new(&options, error, sizeof error);
    if (!poster)
        fail_msg("%s", error);
    return poster;
}

static const op_target_rules_t s_local = {.allow_http = true, .allow_loopback = true};

static void s_post(op_poster_t *poster, const char *host)
{
    char url[200];
    snprintf(url, sizeof url, "http://%s:%d/", host, s_there.port);
    op_poster_post(poster, (op_id_t){{1}}, op_str(url), NULL, 0, OP_STR("{}"));
}

static op_posted_result_t s_result(op_poster_t *poster)
{
    op_posted_result_t result;
    while (!op_poster_next(poster, &result)) {
        assert_true(op_poster_busy(poster) > 0);
        struct pollfd fd = {.fd = op_poster_fd(poster), .events = POLLIN};
        poll(&fd, 1, (int)op_poster_wait_ms(poster));
        op_poster_work(poster);
    }
    assert_true(!result.status == (strlen(result.error) > 0));
    return result;
}

/*  One post to a receiver of this manner. */
static op_posted_result_t s_try(s_manner_t manner, int timeout_ms)
{
    s_open(manner);
    op_poster_t *poster = s_poster(timeout_ms, s_local);
    s_post(poster, "127.0.0.1");
    op_posted_result_t result = s_result(poster);
    op_poster_destroy(&poster);
    s_close();
    return result;
}

#define OK "HTTP/1.1 200 OK\r\n"

/*  What has no end is cut, long before the time is over. */
static void test_without_end(void **state)
{
    (void)state;
    static const struct {
        s_manner_t manner;
        int status;
    } cases[] = {
        {{.first = OK, .then = "X-Line: 1234567890123456789012345678901234567890\r\n"}, 0},
        {{.first = "", .then = "HTTP/1.1 100 Continue\r\n\r\n"}, 0},
        {{.first = "", .then = "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"}, 0},
        {{.first = OK "Content-Length: 99999999999\r\n\r\n", .then = "some body "}, 200},
        {{.first = OK "\r\n", .then = "body until the end of time "}, 200},
        {{.first = OK "Transfer-Encoding: chunked\r\n\r\n", .then = "5\r\nchunk\r\n"}, 200},
        {{.first = OK "Transfer-Encoding: chunked\r\n\r\n0\r\n", .then = "Trailer: x\r\n"}, 200},
        {{.first = OK "X-Line: ", .then = "a header line without an end "}, 0},
        {{.first = "HTTP/1.1 200 ", .then = "a status line without an end "}, 0},
        {{.first = "", .then = "no HTTP at all "}, 0},
    };
    for (size_t i = 0; i < OP_COUNT(cases); i++) {
        op_posted_result_t result = s_try(cases[i].manner, 60 * 1000);
        if (result.status != cases[i].status)
            fail_msg("case %zu: %d %s", i, result.status, result.error);
        if (strstr(result.error, "timed out"))
            fail_msg("case %zu: it was not cut", i);
    }
    op_posted_result_t result = s_try(cases[0].manner, 60 * 1000);
    assert_string_equal(result.error, "The answer's head is too long.");
}

static void test_answers(void **state)
{
    (void)state;
    char date[64], dated[128];
    time_t later = time(NULL) + 3600;
    struct tm utc;
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&later, &utc));
    snprintf(dated, sizeof dated, "HTTP/1.1 503 X\r\nRetry-After: %s\r\nContent-Length: 0\r\n\r\n",
             date);
    const struct {
        s_manner_t manner;
        int status;
        int64_t retry_min, retry_max;
        const char *answer;
    } cases[] = {
        {{.first = OK "Content-Length: 5\r\n\r\nhello"}, 200, 0, 0, "hello"},
        {{.first = OK "\r\nuntil the end"}, 200, 0, 0, "until the end"},
        {{.first = OK "Content-Length: 100\r\n\r\ncut"}, 200, 0, 0, "cut"},
        {{.first = OK "Content-Length: 100\r\n\r\n", .resets = true}, 200, 0, 0, ""},
        {{.first = "HTTP/1.1 100 C\r\n\r\nHTTP/1.1 410 Gone\r\n\r\n"}, 410, 0, 0, ""},
        {{.first = "HTTP/1.1 429 X\r\nRetry-After: 120\r\n\r\nslow"}, 429, 120, 120, "slow"},
        {{.first = "HTTP/1.1 429 X\r\nRetry-After: -5\r\n\r\n"}, 429, 0, 0, ""},
        {{.first = "HTTP/1.1 429 X\r\nRetry-After: soon\r\n\r\n"}, 429, 0, 0, ""},
        {{.first = "HTTP/1.1 503 X\r\nRetry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n"},
         503,
         0,
         0,
         ""},
        {{.first = dated}, 503, 3000, 3600, ""},
        {{.first = "HTTP/1.1 301 X\r\nLocation: http://169.254.169.254/\r\n\r\n"}, 301, 0, 0, ""},
        {{.first = "HTTP/1.1 307 X\r\nLocation: http://127.0.0.1:1/\r\n\r\n"}, 307, 0, 0, ""},
        {{.first = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"}, 0, 0, 0, ""},
        {{.first = "HTTP/1.1 200"}, 0, 0, 0, ""},
        {{.first = ""}, 0, 0, 0, ""},
        {{.first = "", .resets = true}, 0, 0, 0, ""},
        {{.first = "SSH-2.0-OpenSSH_9.2p1\r\n"}, 0, 0, 0, ""},
        {{.first = "\x16\x03\x01\x02"}, 0, 0, 0, ""},
    };
    for (size_t i = 0; i < OP_COUNT(cases); i++) {
        op_posted_result_t result = s_try(cases[i].manner, 60 * 1000);
        if (result.status != cases[i].status || result.retry_after_s < cases[i].retry_min ||
            result.retry_after_s > cases[i].retry_max ||
            !op_str_is(op_str_of(result.answer, result.answer_size), cases[i].answer))
            fail_msg("case %zu: %d after %lld s [%.*s] %s", i, result.status,
                     (long long)result.retry_after_s, (int)result.answer_size, result.answer,
                     result.error);
        assert_int_equal(s_net.connected_count, 1);
    }
    op_posted_result_t result =
        s_try((s_manner_t){.first = OK "\r\n", .then = "0123456789abcdef"}, 60 * 1000);
    assert_int_equal(result.answer_size, OP_ANSWER_MAX);
    for (size_t i = 0; i < OP_ANSWER_MAX; i++)
        assert_int_equal(result.answer[i], "0123456789abcdef"[i % 16]);
}

/*  ---- Names that lie ---- */

static void test_every_address_is_judged(void **state)
{
    (void)state;
    static const char *const lan[] = {"10.255.255.0/24", "host.test"};
    static const struct {
        const char *addresses;
        op_target_rules_t rules;
        const char *host;
        int status;
        const char *may; /* the network that may be connected to */
    } cases[] = {
        {"127.0.0.1", {true, true, NULL, 0}, "x.test", 200, "127.0.0.0/8"},
        {"127.0.0.1", {true, false, NULL, 0}, "x.test", 0, NULL},
        {"169.254.169.254", {true, true, NULL, 0}, "x.test", 0, NULL},
        {"10.0.0.1,169.254.169.254,127.0.0.1", {true, true, NULL, 0}, "x.test", 200, "127.0.0.1"},
        {"127.0.0.1,10.0.0.1", {true, true, NULL, 0}, "x.test", 200, "127.0.0.1"},
        {"10.0.0.1,192.168.0.1,::ffff:10.0.0.1,fe80::1,fd00::1,::,0.0.0.0,64:ff9b::7f00:1",
         {true, true, NULL, 0},
         "x.test",
         0,
         NULL},
        {"127.0.0.1,::1,::ffff:127.0.0.1", {true, false, NULL, 0}, "x.test", 0, NULL},
        {"127.0.0.1", {true, false, lan, 2}, "x.test", 0, NULL},
        {"127.0.0.1", {true, false, lan, 2}, "host.test", 200, "127.0.0.1"},
        {"127.0.0.1", {true, false, lan, 2}, "HOST.test.", 200, "127.0.0.1"},
        {"127.0.0.1", {true, false, lan, 2}, "x.host.test", 0, NULL},
    };
    s_open((s_manner_t){.first = OK "Content-Length: 0\r\n\r\n"});
    for (size_t i = 0; i < OP_COUNT(cases); i++) {
        s_net.addresses = cases[i].addresses;
        s_net.connected_count = 0;
        op_poster_t *poster = s_poster(60 * 1000, cases[i].rules);
        s_post(poster, cases[i].host);
        op_posted_result_t result = s_result(poster);
        if (result.status != cases[i].status)
            fail_msg("case %zu: %d %s", i, result.status, result.error);
        if (!result.status)
            assert_string_equal(result.error, op_target_sentence(OP_TARGET_ADDRESS));
        op_network_t may;
        for (size_t k = 0; k < s_net.connected_count; k++)
            if (!cases[i].may || !op_network_parse(op_str(cases[i].may), &may) ||
                !op_network_has(&may, &s_net.connected[k]))
                fail_msg("case %zu: connected to what is not allowed", i);
        assert_int_equal(s_net.connected_count > 0, cases[i].status != 0);
        assert_true(result.duration_ms < 15 * 1000); /* no address waits for a time-out */
        op_poster_destroy(&poster);
    }
    s_close();
}

/*  The name leads elsewhere the second time: neither the URL's check nor an earlier success helps
    it. */
static void test_rebinding(void **state)
{
    (void)state;
    s_open((s_manner_t){.first = OK "Content-Length: 0\r\n\r\n"});
    static const char *const turns[] = {"127.0.0.1", "169.254.169.254", "10.0.0.1", "127.0.0.1"};
    for (size_t i = 0; i < OP_COUNT(turns); i++) {
        s_net.addresses = turns[i];
        s_net.connected_count = 0;
        op_poster_t *poster = s_poster(60 * 1000, s_local); /* without what libcurl remembers */
        int lookups = s_net.lookups;
        s_post(poster, "rebind.test");
        int wanted = strcmp(turns[i], "127.0.0.1") == 0 ? 200 : 0;
        assert_int_equal(s_result(poster).status, wanted);
        assert_int_equal(s_net.lookups, lookups + 1);
        assert_int_equal(s_net.connected_count, wanted ? 1 : 0);
        op_poster_destroy(&poster);
    }
    s_close();
}

/*  A name server that does not answer blocks nobody: the lookup is still stuck when its post has
    timed out and another's has arrived. */
static void test_lookup_that_hangs(void **state)
{
    (void)state;
    sem_init(&s_net.hang, 0, 0);
    s_open((s_manner_t){.first = OK "Content-Length: 0\r\n\r\n"});
    op_poster_t *poster = s_poster(300, s_local);
    s_post(poster, "hang.test");
    s_post(poster, "hang.test");
    for (int i = 0; i < 2; i++) {
        op_posted_result_t result = s_result(poster);
        assert_int_equal(result.status, 0);
        assert_true(result.duration_ms >= 290);
    }
    op_poster_destroy(&poster);
    poster = s_poster(60 * 1000, s_local);
    s_post(poster, "hang.test");
    s_post(poster, "127.0.0.1");
    assert_int_equal(s_result(poster).status, 200);
    op_poster_destroy(&poster); /* nor does ending wait for it */
    for (int i = 0; i < 3; i++)
        sem_post(&s_net.hang);
    s_close();
}

int main(void)
{
    /* A proxy of the environment would be the way around every check. */
    static const char *const proxies[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
                                          "ALL_PROXY"};
    for (size_t i = 0; i < OP_COUNT(proxies); i++)
        setenv(proxies[i], "http://127.0.0.1:1", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_end),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_every_address_is_judged),
        cmocka_unit_test(test_rebinding),
        cmocka_unit_test(test_lookup_that_hangs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
