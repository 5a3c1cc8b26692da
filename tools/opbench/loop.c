#include "tools/opbench/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

typedef struct {
    int handle;
    bool waiting;        /* for an answer */
    bool blocked;        /* EPOLLOUT is asked for */
    size_t sent;         /* of the request */
    int64_t since_ns;    /* it was asked */
    op_buf_t in;         /* a partial answer; whole ones are read in place */
    const op_buf_t *ask; /* borrowed */
} s_connection_t;

typedef struct {
    const op_bench_load_t *load;
    op_bench_result_t *result;
    s_connection_t *connections;
    int poller;
    size_t in_flight;
    int64_t start_ns, end_ns; /* of the measured time */
} s_loop_t;

static int s_watch(s_loop_t *self, s_connection_t *connection, int operation)
{
    struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = connection}};
    if (connection->blocked)
        event.events |= EPOLLOUT;
    return epoll_ctl(self->poller, operation, connection->handle, &event);
}

/*  Sends what is left of the request. */
static int s_push(s_loop_t *self, s_connection_t *connection)
{
    const op_buf_t *ask = connection->ask;
    bool blocked = false;
    while (connection->sent < ask->size && !blocked) {
        ssize_t sent = send(connection->handle, ask->at + connection->sent,
                            ask->size - connection->sent, MSG_NOSIGNAL);
        if (sent >= 0)
            connection->sent += (size_t)sent;
        else if (errno == EAGAIN)
            blocked = true;
        else
            return -1;
    }
    if (blocked == connection->blocked)
        return 0;
    connection->blocked = blocked;
    return s_watch(self, connection, EPOLL_CTL_MOD);
}

static int s_ask(s_loop_t *self, s_connection_t *connection, int64_t now_ns)
{
    if (now_ns >= self->end_ns)
        return 0;
    connection->waiting = true;
    connection->sent = 0;
    connection->since_ns = now_ns;
    self->in_flight++;
    return s_push(self, connection);
}

static void s_hang_up(s_loop_t *self, s_connection_t *connection)
{
    if (connection->waiting) {
        self->in_flight--;
        if (connection->since_ns >= self->start_ns)
            self->result->broken++;
    }
    connection->waiting = connection->blocked = false;
    op_buf_clear(&connection->in);
    if (connection->handle >= 0)
        close(connection->handle);
    connection->handle = -1;
}

static int s_dial(s_loop_t *self, s_connection_t *connection)
{
    connection->handle = op_bench_connect(self->load->target);
    return connection->handle < 0 ? -1 : s_watch(self, connection, EPOLL_CTL_ADD);
}

/*  Hangs up and dials again, while there is time to measure. */
static int s_again(s_loop_t *self, s_connection_t *connection)
{
    do {
        s_hang_up(self, connection);
        if (op_bench_now_ns() >= self->end_ns)
            return 0;
        if (++self->result->reconnects > OP_BENCH_RECONNECTS_MAX)
            return -1;
    } while (s_dial(self, connection) != 0 || s_ask(self, connection, op_bench_now_ns()) != 0);
    return 0;
}

static void s_count(s_loop_t *self, const s_connection_t *connection, int status, int64_t now_ns)
{
    if (connection->since_ns < self->start_ns)
        return;
    op_bench_result_t *result = self->result;
    OP_ASSERT(status >= 200 && (size_t)status < OP_COUNT(result->statuses));
    result->statuses[status]++;
    if (status >= 300)
        return;
    op_bench_histogram_add(&result->latency, (uint64_t)(now_ns - connection->since_ns));
    if (now_ns < self->end_ns)
        result->in_time++;
}

/*  What came, together with what was there. Most answers come whole and are parsed in place. */
static op_bench_parse_t s_parse(s_connection_t *connection, op_str_t bytes,
                                op_bench_response_t *response)
{
    if (connection->in.size > 0) {
        op_buf_add_str(&connection->in, bytes);
        bytes = op_buf_str(&connection->in);
    }
    op_bench_parse_t parsed = op_bench_parse(bytes, response);
    if (parsed == OP_BENCH_MORE && connection->in.size == 0)
        op_buf_add_str(&connection->in, bytes);
    /* Only one request is in flight: octets behind its answer are nobody's. */
    if (parsed == OP_BENCH_WHOLE && bytes.size != response->head + response->body)
        return OP_BENCH_BAD;
    return parsed;
}

static int s_readable(s_loop_t *self, s_connection_t *connection)
{
    char bytes[16384];
    ssize_t got = recv(connection->handle, bytes, sizeof bytes, 0);
    if (got < 0 && errno == EAGAIN)
        return 0;
    if (got <= 0 || !connection->waiting)
        return s_again(self, connection);
    op_bench_response_t response;
    switch (s_parse(connection, op_str_of(bytes, (size_t)got), &response)) {
    case OP_BENCH_MORE:
        return 0;
    case OP_BENCH_BAD:
        return s_again(self, connection);
    case OP_BENCH_WHOLE:
        break;
    }
    int64_t now_ns = op_bench_now_ns();
    s_count(self, connection, response.status, now_ns);
    connection->waiting = false;
    self->in_flight--;
    op_buf_clear(&connection->in);
    if (response.close || connection->sent < connection->ask->size ||
        s_ask(self, connection, now_ns) != 0)
        return s_again(self, connection);
    return 0;
}

static int s_ready(s_loop_t *self, s_connection_t *connection, uint32_t events)
{
    if ((events & EPOLLOUT) != 0 && connection->blocked && s_push(self, connection) != 0)
        return s_again(self, connection);
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
        return s_readable(self, connection);
    return 0;
}

/*  The clock starts when all connections are there. */
static int s_start(s_loop_t *self)
{
    const op_bench_load_t *load = self->load;
    for (size_t at = 0; at < load->connections; at++) {
        if (s_dial(self, &self->connections[at]) != 0)
            return -1;
    }
    self->start_ns = op_bench_now_ns() + (int64_t)(load->warmup_seconds * 1e9);
    self->end_ns = self->start_ns + (int64_t)(load->seconds * 1e9);
    for (size_t at = 0; at < load->connections; at++) {
        s_connection_t *connection = &self->connections[at];
        if (s_ask(self, connection, op_bench_now_ns()) != 0 && s_again(self, connection) != 0)
            return -1;
    }
    return 0;
}

static int s_run(s_loop_t *self)
{
    int64_t last_ns = self->end_ns + (int64_t)OP_BENCH_GRACE_MS * 1000000;
    for (;;) {
        int64_t now_ns = op_bench_now_ns();
        if (now_ns >= last_ns || (now_ns >= self->end_ns && self->in_flight == 0))
            return 0;
        int64_t until_ns = now_ns < self->end_ns ? self->end_ns : last_ns;
        struct epoll_event events[256];
        int count = epoll_wait(self->poller, events, (int)OP_COUNT(events),
                               (int)((until_ns - now_ns) / 1000000) + 1);
        if (count < 0 && errno != EINTR)
            return -1;
        for (int at = 0; at < count; at++) {
            if (s_ready(self, events[at].data.ptr, events[at].events) != 0)
                return -1;
        }
    }
}

int op_bench_load(const op_bench_load_t *load, op_bench_result_t *result)
{
    OP_ASSERT(load->connections >= 1 && load->connections <= OP_BENCH_CONNECTIONS_MAX);
    *result = (op_bench_result_t){.seconds = load->seconds};
    s_loop_t self = {.load = load, .result = result, .poller = epoll_create1(EPOLL_CLOEXEC)};
    if (self.poller < 0)
        return -1;
    self.connections = op_alloc(load->connections * sizeof *self.connections);
    for (size_t at = 0; at < load->connections; at++)
        self.connections[at] = (s_connection_t){.handle = -1, .ask = &load->requests[at]};
    int failed = s_start(&self);
    if (failed == 0)
        failed = s_run(&self);
    for (size_t at = 0; at < load->connections; at++) {
        s_connection_t *connection = &self.connections[at];
        if (connection->waiting && connection->since_ns >= self.start_ns)
            result->unanswered++;
        connection->waiting = false;
        s_hang_up(&self, connection);
        op_buf_free(&connection->in);
    }
    free(self.connections);
    close(self.poller);
    return failed;
}

uint64_t op_bench_errors(const op_bench_result_t *result)
{
    uint64_t errors = result->broken + result->unanswered;
    for (size_t status = 300; status < OP_COUNT(result->statuses); status++)
        errors += result->statuses[status];
    return errors;
}
