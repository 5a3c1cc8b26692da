#include "tools/opbench/client.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

/*  ---------------------------------------------------------------- the target */

static int s_resolve(op_bench_target_t *self, const char *host, const char *port, char *error,
                     size_t size)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int why = getaddrinfo(host, port, &hints, &found);
    if (why != 0 || found == NULL) {
        snprintf(error, size, "%s: %s", host, gai_strerror(why));
        return -1;
    }
    OP_ASSERT(found->ai_addrlen <= sizeof self->address);
    memcpy(&self->address, found->ai_addr, found->ai_addrlen);
    self->address_size = found->ai_addrlen;
    freeaddrinfo(found);
    return 0;
}

/*  Splits "host:port", "[v6]:port" or either without a port. */
static int s_split(op_str_t authority, char *host, size_t host_size, char *port, size_t port_size)
{
    const char *at = authority.at, *end = at + authority.size;
    const char *host_end, *rest;
    if (at < end && *at == '[') {
        host_end = memchr(at, ']', authority.size);
        if (host_end == NULL)
            return -1;
        rest = host_end + 1;
        at++;
    } else {
        host_end = memchr(at, ':', authority.size);
        if (host_end == NULL)
            host_end = end;
        rest = host_end;
    }
    uint64_t number = 80;
    if (rest < end) {
        op_str_t digits = op_str_of(rest + 1, (size_t)(end - rest) - 1);
        if (*rest != ':' || !op_str_to_u64(digits, 65535, &number))
            return -1;
    }
    snprintf(port, port_size, "%u", (unsigned)number);
    op_str_t name = op_str_of(at, (size_t)(host_end - at));
    return name.size > 0 && op_str_copy(name, host, host_size) ? 0 : -1;
}

int op_bench_target(op_bench_target_t *self, const char *url, char *error, size_t size)
{
    *self = (op_bench_target_t){.address_size = 0};
    op_str_t rest = op_str(url);
    char host[128], port[8];
    snprintf(error, size, "not a URL like http://127.0.0.1:8080/path");
    if (!op_str_starts(rest, "http://"))
        return -1;
    rest = op_str_of(rest.at + 7, rest.size - 7);
    size_t cut = strcspn(rest.at, "/?#");
    op_str_t authority = op_str_of(rest.at, cut);
    op_str_t path = op_str_of(rest.at + cut, strcspn(rest.at + cut, "#"));
    if (path.size == 0 || *path.at != '/')
        path = OP_STR("/");
    if (s_split(authority, host, sizeof host, port, sizeof port) != 0 ||
        !op_str_copy(authority, self->authority, sizeof self->authority) ||
        !op_str_copy(path, self->path, sizeof self->path))
        return -1;
    return s_resolve(self, host, port, error, size);
}

/*  ---------------------------------------------------------------- requests and responses */

void op_bench_request(op_buf_t *out, const op_bench_target_t *target, const op_bench_ask_t *ask)
{
    op_buf_printf(out, "%s %s HTTP/1.1\r\nHost: %s\r\n", ask->method, ask->path, target->authority);
    if (ask->token.size > 0) {
        op_buf_add_str(out, OP_STR("Authorization: Bearer "));
        op_buf_add_str(out, ask->token);
        op_buf_add_str(out, OP_STR("\r\n"));
    }
    if (ask->json.size > 0)
        op_buf_printf(out, "Content-Type: application/json\r\nContent-Length: %zu\r\n",
                      ask->json.size);
    else if (strcmp(ask->method, "GET") != 0)
        op_buf_add_str(out, OP_STR("Content-Length: 0\r\n"));
    op_buf_add_str(out, OP_STR("\r\n"));
    op_buf_add_str(out, ask->json);
}

/*  The value of a header line when it has that name (RFC 9110 5.1: in any case). */
static bool s_header(op_str_t line, const char *name, op_str_t *value)
{
    size_t size = strlen(name);
    if (line.size <= size || line.at[size] != ':' || !op_str_starts_nocase(line, name))
        return false;
    *value = op_str_trim(op_str_skip(line, size + 1));
    return true;
}

static bool s_header_lines(op_str_t lines, op_bench_response_t *response)
{
    bool length_known = response->status == 204 || response->status == 304;
    while (lines.size > 0) {
        const char *end = memmem(lines.at, lines.size, "\r\n", 2);
        size_t size = end == NULL ? lines.size : (size_t)(end - lines.at);
        op_str_t line = op_str_of(lines.at, size), value;
        uint64_t length;
        if (s_header(line, "Content-Length", &value)) {
            if (!op_str_to_u64(value, OP_BENCH_BODY_MAX, &length))
                return false;
            response->body = (size_t)length;
            length_known = true;
        } else if (s_header(line, "Transfer-Encoding", &value)) {
            return false;
        } else if (s_header(line, "Connection", &value)) {
            response->close = op_str_is_nocase(value, "close");
        }
        size_t used = end == NULL ? size : size + 2;
        lines = op_str_of(lines.at + used, lines.size - used);
    }
    return length_known;
}

op_bench_parse_t op_bench_parse(op_str_t bytes, op_bench_response_t *response)
{
    const char *end = bytes.size == 0 ? NULL : memmem(bytes.at, bytes.size, "\r\n\r\n", 4);
    if (end == NULL)
        return bytes.size > OP_BENCH_HEAD_MAX ? OP_BENCH_BAD : OP_BENCH_MORE;
    size_t size = (size_t)(end - bytes.at);
    *response = (op_bench_response_t){.head = size + 4};
    uint64_t status;
    if (size < 12 || size > OP_BENCH_HEAD_MAX || memcmp(bytes.at, "HTTP/1.1 ", 9) != 0 ||
        !op_str_to_u64(op_str_of(bytes.at + 9, 3), 599, &status) || status < 200)
        return OP_BENCH_BAD;
    response->status = (int)status;
    const char *line_end = memmem(bytes.at, size + 2, "\r\n", 2);
    OP_ASSERT(line_end != NULL);
    size_t first = (size_t)(line_end - bytes.at) + 2;
    op_str_t lines = first < size ? op_str_of(bytes.at + first, size - first) : OP_STR("");
    if (!s_header_lines(lines, response))
        return OP_BENCH_BAD;
    return bytes.size < response->head + response->body ? OP_BENCH_MORE : OP_BENCH_WHOLE;
}

/*  ---------------------------------------------------------------- sockets and time */

int64_t op_bench_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

double op_bench_wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

void op_bench_pause_us(unsigned time)
{
    const struct timespec pause = {.tv_nsec = (long)(time > 999999 ? 999999 : time) * 1000};
    (void)nanosleep(&pause, NULL);
}

/*  Waits for `events` until `deadline_ns`. */
static int s_wait(int handle, short events, int64_t deadline_ns)
{
    for (;;) {
        int64_t left = deadline_ns - op_bench_now_ns();
        if (left <= 0) {
            errno = ETIMEDOUT;
            return -1;
        }
        struct pollfd item = {.fd = handle, .events = events};
        int ready = poll(&item, 1, (int)(left / 1000000) + 1);
        if (ready > 0)
            return 0;
        if (ready < 0 && errno != EINTR)
            return -1;
    }
}

static int64_t s_deadline(void)
{
    return op_bench_now_ns() + (int64_t)OP_BENCH_CALL_MS * 1000000;
}

static int s_connected(int handle, const op_bench_target_t *target)
{
    int one = 1, why = 0;
    socklen_t size = sizeof why;
    (void)setsockopt(handle, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(handle, (const struct sockaddr *)&target->address, target->address_size) == 0)
        return 0;
    if (errno != EINPROGRESS || s_wait(handle, POLLOUT, s_deadline()) != 0 ||
        getsockopt(handle, SOL_SOCKET, SO_ERROR, &why, &size) != 0)
        return -1;
    errno = why;
    return why == 0 ? 0 : -1;
}

int op_bench_connect(const op_bench_target_t *target)
{
    int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
    int handle = socket(target->address.ss_family, type, 0);
    if (handle < 0)
        return -1;
    if (s_connected(handle, target) != 0) {
        int why = errno;
        close(handle);
        errno = why;
        return -1;
    }
    return handle;
}

/*  ---------------------------------------------------------------- calls one after the other */

struct op_bench_client {
    const op_bench_target_t *target;
    int handle; /* -1: none */
    op_buf_t out, in;
};

op_bench_client_t *op_bench_client_new(const op_bench_target_t *target)
{
    op_bench_client_t *self = op_alloc(sizeof *self);
    *self = (op_bench_client_t){.target = target, .handle = -1};
    return self;
}

static void s_close(op_bench_client_t *self)
{
    if (self->handle >= 0)
        close(self->handle);
    self->handle = -1;
}

void op_bench_client_destroy(op_bench_client_t **self_p)
{
    OP_ASSERT(self_p != NULL);
    op_bench_client_t *self = *self_p;
    if (self == NULL)
        return;
    s_close(self);
    op_buf_free(&self->out);
    op_buf_free(&self->in);
    free(self);
    *self_p = NULL;
}

/*  A kept connection that has something to say between two calls has been closed. */
static int s_open(op_bench_client_t *self)
{
    struct pollfd item = {.fd = self->handle, .events = POLLIN};
    if (self->handle >= 0 && poll(&item, 1, 0) != 0)
        s_close(self);
    if (self->handle < 0)
        self->handle = op_bench_connect(self->target);
    return self->handle < 0 ? -1 : 0;
}

static int s_send(op_bench_client_t *self, int64_t deadline_ns)
{
    while (self->out.size > 0) {
        ssize_t sent = send(self->handle, self->out.at, self->out.size, MSG_NOSIGNAL);
        if (sent >= 0)
            op_buf_consume(&self->out, (size_t)sent);
        else if (errno != EAGAIN || s_wait(self->handle, POLLOUT, deadline_ns) != 0)
            return -1;
    }
    return 0;
}

static int s_receive(op_bench_client_t *self, op_bench_response_t *response, int64_t deadline_ns)
{
    op_buf_clear(&self->in);
    for (;;) {
        char bytes[16384];
        ssize_t got = recv(self->handle, bytes, sizeof bytes, 0);
        if (got == 0)
            return -1;
        if (got < 0) {
            if (errno != EAGAIN || s_wait(self->handle, POLLIN, deadline_ns) != 0)
                return -1;
            continue;
        }
        op_buf_add(&self->in, bytes, (size_t)got);
        switch (op_bench_parse(op_buf_str(&self->in), response)) {
        case OP_BENCH_MORE:
            break;
        case OP_BENCH_WHOLE:
            return 0;
        case OP_BENCH_BAD:
            return -1;
        }
    }
}

int op_bench_call(op_bench_client_t *self, const op_bench_ask_t *ask, op_str_t *body)
{
    op_bench_response_t response;
    int64_t deadline_ns = s_deadline();
    op_buf_clear(&self->out);
    op_bench_request(&self->out, self->target, ask);
    if (s_open(self) != 0 || s_send(self, deadline_ns) != 0 ||
        s_receive(self, &response, deadline_ns) != 0) {
        s_close(self);
        return -1;
    }
    if (response.close)
        s_close(self);
    if (body != NULL)
        *body = op_str_of(self->in.at + response.head, response.body);
    return response.status;
}
