/*  http_fixture.h - an op_http_server with a small application, and a raw client for it

    For tests that need every octet to be theirs. */

#ifndef OP_TESTS_HTTP_FIXTURE_H
#define OP_TESTS_HTTP_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/server.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HOST "Host: x\r\n"

enum { PATIENCE_S = 60 }; /* with a server that must say something */

static struct {
    atomic_int handled, prepared;
    sem_t entered, release;
} s_app;

static inline void s_handle(void *arg, const op_http_request_t *request,
                            op_http_response_t *response)
{
    (void)arg;
    atomic_fetch_add(&s_app.handled, 1);
    if (op_str_is(request->path, "/echo")) {
        response->content_type = "text/plain";
        op_buf_add_str(&response->body, request->body);
    } else if (op_str_is(request->path, "/hold")) {
        sem_post(&s_app.entered);
        while (sem_wait(&s_app.release))
            ;
        op_buf_add_str(&response->body, OP_STR("{\"held\":true}"));
    } else if (op_str_starts(request->path, "/show")) {
        size_t count;
        op_str_t twice = op_http_request_header(request, "x-TWICE", &count);
        op_buf_printf(&response->body, "%.*s|%.*s|%.*s|%.*s*%zu|%.*s", (int)request->method.size,
                      request->method.at, (int)request->path.size, request->path.at,
                      (int)request->query.size, request->query.at ? request->query.at : "",
                      (int)twice.size, twice.at ? twice.at : "", count,
                      (int)request->client_ip.size, request->client_ip.at);
    } else if (op_str_is(request->path, "/later")) {
        response->status = 503;
        assert_true(op_http_response_header(response, "Retry-After", OP_STR("17")));
    } else if (op_str_is(request->path, "/gone")) {
        response->status = 204;
    } else {
        op_http_response_error(response, OP_ERROR_NOT_FOUND, NULL, "pa\"th");
    }
}

static inline void s_prepare(void *arg, const op_http_request_t *request,
                             op_http_response_t *response)
{
    (void)arg;
    atomic_fetch_add(&s_app.prepared, 1);
    op_str_t id = op_http_request_id(request);
    assert_string_equal(request->client_ip.at, "127.0.0.1");
    assert_true(op_http_response_header(response, "X-Request-Id", id.size ? id : OP_STR("made")));
    assert_false(op_http_response_header(response, "X-Bad", OP_STR("a\r\nb")));
}

static inline op_http_server_t *s_serve(op_http_server_options_t options)
{
    char error[200];
    options.listen = "127.0.0.1:0";
    options.handle = s_handle;
    options.prepare = s_prepare;
    op_http_server_t *server = op_http_server_new(&options, error, sizeof error);
    if (!server)
        fail_msg("%s", error);
    assert_true(op_http_server_port(server) > 0);
    return server;
}

static op_http_server_t *s_server;

static inline int s_setup(void **state)
{
    (void)state;
    sem_init(&s_app.entered, 0, 0);
    sem_init(&s_app.release, 0, 0);
    /* No connection of a test that is held up is to end for that: not because it idles, and not to make
       room, since workers of earlier tests may still be on their way out. */
    s_server = s_serve((op_http_server_options_t){.threads = 64,
                                                  .max_body = 20000,
                                                  .head_timeout_ms = PATIENCE_S * 1000,
                                                  .body_timeout_ms = PATIENCE_S * 1000,
                                                  .keep_alive_ms = PATIENCE_S * 1000});
    return 0;
}

static inline int s_teardown(void **state)
{
    (void)state;
    assert_true(op_http_server_stop(s_server));
    op_http_server_destroy(&s_server);
    assert_null(s_server);
    op_http_server_destroy(&s_server);
    return 0;
}

/*  ---- A raw client ---- */

typedef struct {
    int fd;
    op_buf_t in; /* what has come and was not yet taken */
    int status;
    char head[4096];
    op_buf_t body;
} s_client_t;

static inline s_client_t s_connect(const op_http_server_t *server)
{
    s_client_t self = {.fd = socket(AF_INET, SOCK_STREAM, 0)};
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)op_http_server_port(server)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience = {.tv_sec = PATIENCE_S};
    assert_true(self.fd >= 0);
    setsockopt(self.fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    assert_int_equal(connect(self.fd, (struct sockaddr *)&to, sizeof to), 0);
    return self;
}

static inline void s_send(s_client_t *self, const void *bytes, size_t size)
{
    for (const char *at = bytes; size > 0;) {
        ssize_t sent = send(self->fd, at, size, MSG_NOSIGNAL);
        if (sent < 0)
            return; /* refused early: the answer says why */
        at += sent;
        size -= (size_t)sent;
    }
}

static inline void s_say(s_client_t *self, const char *text)
{
    s_send(self, text, strlen(text));
}

/*  False at the end of the stream. */
static inline bool s_more(s_client_t *self)
{
    char piece[4096];
    ssize_t got = recv(self->fd, piece, sizeof piece, 0);
    if (got > 0)
        op_buf_add(&self->in, piece, (size_t)got);
    return got > 0;
}

static inline void s_response(s_client_t *self, bool has_body)
{
    const char *end;
    while (!self->in.size || !(end = memmem(self->in.at, self->in.size, "\r\n\r\n", 4)))
        if (!s_more(self))
            fail_msg("connection closed before a response: %zu octets", self->in.size);
    size_t head = (size_t)(end - self->in.at) + 4;
    assert_true(op_str_copy(op_str_of(self->in.at, head), self->head, sizeof self->head));
    assert_int_equal(sscanf(self->head, "HTTP/1.1 %d ", &self->status), 1);
    const char *length = strstr(self->head, "Content-Length: ");
    size_t size = length && has_body ? (size_t)strtoul(length + 16, NULL, 10) : 0;
    while (self->in.size < head + size)
        assert_true(s_more(self));
    op_buf_clear(&self->body);
    op_buf_add(&self->body, self->in.at + head, size);
    op_buf_consume(&self->in, head + size);
}

static inline void s_ask(s_client_t *self, const char *request, int status)
{
    s_say(self, request);
    s_response(self, strncmp(request, "HEAD", 4) != 0);
    assert_int_equal(self->status, status);
}

static inline void s_assert_body(const s_client_t *self, const char *text)
{
    op_str_t body = op_buf_str(&self->body);
    if (!op_str_is(body, text))
        fail_msg("body is [%.*s], not [%s]", (int)body.size, body.at ? body.at : "", text);
}

static inline void s_assert_header(const s_client_t *self, const char *line)
{
    char whole[200];
    snprintf(whole, sizeof whole, "\r\n%s\r\n", line);
    if (!strstr(self->head, whole))
        fail_msg("no line [%s] in [%s]", line, self->head);
}

/*  The contract's shape, announced and followed by the end of the connection. */
static inline void s_assert_refused(s_client_t *self, const char *code)
{
    s_assert_header(self, "Connection: close");
    s_assert_header(self, "Content-Type: application/json");
    s_assert_header(self, "X-Request-Id: made");
    json_error_t why;
    json_t *json = json_loadb(self->body.at, self->body.size, 0, &why);
    const char *found = NULL, *message = NULL;
    assert_non_null(json);
    assert_int_equal(
        json_unpack(json, "{s:{s:s,s:s}}", "error", "code", &found, "message", &message), 0);
    assert_string_equal(found, code);
    assert_true(strlen(message) > 0);
    json_decref(json);
    while (s_more(self))
        ;
    assert_int_equal(self->in.size, 0);
}

static inline void s_close(s_client_t *self)
{
    close(self->fd);
    op_buf_free(&self->in);
    op_buf_free(&self->body);
}

#endif
