#include "tools/opbench/constant.h"

#include "base/bytes.h"

#include <civetweb.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static int s_begin_request(struct mg_connection *connection)
{
    const op_buf_t *answer = mg_get_user_data(mg_get_context(connection));
    (void)mg_write(connection, answer->at, answer->size);
    return 200;
}

static void s_make_answer(op_buf_t *answer)
{
    op_buf_printf(answer,
                  "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                  "Cache-Control: no-store\r\nContent-Length: %d\r\n\r\n",
                  OP_BENCH_CONSTANT_SIZE);
    const op_str_t start = OP_STR("{\"data\":\""), end = OP_STR("\"}");
    op_buf_add_str(answer, start);
    for (size_t size = start.size + end.size; size < OP_BENCH_CONSTANT_SIZE; size++)
        op_buf_add_byte(answer, 'x');
    op_buf_add_str(answer, end);
}

static struct mg_context *s_start(const char *listen, unsigned threads, op_buf_t *answer)
{
    char count[16];
    snprintf(count, sizeof count, "%u", threads);
    const char *options[] = {"listening_ports",
                             listen,
                             "num_threads",
                             count,
                             "enable_keep_alive",
                             "yes",
                             "tcp_nodelay",
                             "1",
                             "keep_alive_timeout_ms",
                             "5000",
                             "listen_backlog",
                             "511",
                             NULL};
    const struct mg_callbacks callbacks = {.begin_request = s_begin_request};
    return mg_start(&callbacks, answer, options);
}

static void s_announce(const struct mg_context *context, const char *listen)
{
    struct mg_server_port port = {.port = 0};
    (void)mg_get_server_ports(context, 1, &port);
    const char *colon = strrchr(listen, ':');
    int size = colon == NULL ? 0 : (int)(colon - listen);
    printf("opbench constant is ready on http://%.*s:%d\n", size, listen, port.port);
    fflush(stdout);
}

int op_bench_constant(const char *listen, unsigned threads)
{
    /* Blocked here, so in civetweb's threads too: the signal waits for sigwait. */
    sigset_t ends;
    int which;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    op_buf_t answer = {.size = 0};
    s_make_answer(&answer);
    struct mg_context *context = s_start(listen, threads, &answer);
    if (context == NULL) {
        fprintf(stderr, "opbench: cannot listen on %s\n", listen);
        op_buf_free(&answer);
        return -1;
    }
    s_announce(context, listen);
    while (sigwait(&ends, &which) != 0) {
    }
    mg_stop(context);
    op_buf_free(&answer);
    return 0;
}
