/*  civetweb 1.15 as Debian ships it, held by a short leash:

    - everything is answered in begin_request, so its files, CGI, CORS, redirects and handlers are
      out of reach; decode_url is off, because its decoder cuts a path at %00;
    - http_error takes over what it would say by itself, and connection_close what it would drop
      without a word (targets like "*" that it does not route);
    - mg_stop cuts writes half-way, so stopping drains first: `running` counts requests from their
      head to the last octet of their answer, and mg_stop comes when it is zero or the time is up;
    - mg_stop waits until all threads have looked up, which they do every two seconds: so all that
      they wait for is shut before.

    To civetweb a late head, a long one and a bad one are all 400: the clock and the kernel tell them
    apart here (s_refuse_head). What becomes of a request whose head has been read is in exchange.c,
    which connections give way when there are many in connections.c. There are never more than
    workers and places in civetweb's queue, and all of them have descriptors.

    Each worker thread owns one s_worker_t. */

#include "http/server.h"

#include "http/body.h"
#include "http/descriptor.h"
#include "http/exchange.h"
#include "http/guard.h"
#include "http/listener.h"

#include <civetweb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/*  A longer head is refused without the guard, which must see what it is to refuse. */
#define S_CIVETWEB_BUFFER 65536
enum {
    S_QUEUE = 128,   /* accepted connections that wait for a worker */
    S_LISTENING = 2, /* the listening socket, and a connection between accept and the queue */
    S_FEW = 64,      /* connections */
    S_LOOK_MS = 10,
    S_ROOM_MIN = 8, /* descriptors for connections, or there is no serving */
    S_OPTIONS = 16, /* civetweb's, as they are set */
    S_NUMBERS = 5   /* of them numbers that are printed */
};
_Static_assert((int)OP_HTTP_HEAD_MAX < S_CIVETWEB_BUFFER, "the guard judges the head");
_Static_assert((int)OP_HTTP_TARGET_MAX < (int)OP_HTTP_HEAD_MAX, "a target is part of the head");

struct op_http_server {
    op_http_server_options_t options; /* listen is not kept */
    struct mg_context *context;
    char address[OP_LISTENER_ADDRESS];
    int port, queue;
    atomic_int running;
    atomic_llong looked_ms; /* for a descriptor, the last time */
    op_exchange_shared_t shared;
    bool stopped, drained, library;
    pthread_mutex_t mutex; /* for the wait in op_http_server_stop */
    pthread_cond_t idle;
};

typedef struct {
    op_http_server_t *server;
    op_exchange_t *exchange;
    int64_t since_ms; /* the connection began, or its last request ended */
    bool answered;    /* by http_error */
} s_worker_t;

static void s_enter(op_http_server_t *self)
{
    atomic_fetch_add(&self->running, 1);
}

static void s_leave(op_http_server_t *self)
{
    if (atomic_fetch_sub(&self->running, 1) == 1 && atomic_load(&self->shared.stopping)) {
        pthread_mutex_lock(&self->mutex);
        pthread_cond_broadcast(&self->idle);
        pthread_mutex_unlock(&self->mutex);
    }
}

/*  ---- civetweb's callbacks ---- */

static void s_end(s_worker_t *worker)
{
    worker->since_ms = op_http_now_ms();
    s_leave(worker->server);
}

static void *s_init_thread(const struct mg_context *context, int type)
{
    if (type != 1)
        return NULL;
    s_worker_t *worker = op_alloc(sizeof *worker);
    memset(worker, 0, sizeof *worker);
    worker->server = mg_get_user_data(context);
    worker->exchange = op_exchange_new(&worker->server->options, &worker->server->shared);
    return worker;
}

static void s_exit_thread(const struct mg_context *context, int type, void *pointer)
{
    (void)context;
    (void)type;
    s_worker_t *worker = pointer;
    if (!worker)
        return;
    op_exchange_destroy(&worker->exchange);
    free(worker);
}

static int s_init_connection(const struct mg_connection *connection, void **data)
{
    s_worker_t *worker = mg_get_thread_pointer(connection);
    *data = NULL;
    op_exchange_begin(worker->exchange, connection);
    worker->since_ms = op_http_now_ms();
    worker->answered = false;
    return 0;
}

static int s_begin_request(struct mg_connection *connection)
{
    s_worker_t *worker = mg_get_thread_pointer(connection);
    worker->answered = false;
    s_enter(worker->server);
    int status = op_exchange_run(worker->exchange, connection);
    s_end(worker);
    return status;
}

/*  civetweb does not read on behind a method that it does not know ("TRACE", "get"). The target and
    the version are there by then. */
static bool s_is_foreign_method(const struct mg_request_info *info)
{
    return info->request_method && info->request_uri && info->request_uri[0] == '/' &&
           info->http_version &&
           (strcmp(info->http_version, "1.1") == 0 || strcmp(info->http_version, "1.0") == 0) &&
           op_guard_is_token(op_str(info->request_method)) && info->num_headers == 0;
}

/*  With many connections a look at all descriptors costs a millisecond, which nobody may buy with
    each bad request. */
static bool s_may_look(op_http_server_t *self)
{
    long long now = op_http_now_ms(), last = atomic_load(&self->looked_ms);
    return op_connections_count(self->shared.connections) <= S_FEW ||
           (now - last >= S_LOOK_MS &&
            atomic_compare_exchange_strong(&self->looked_ms, &last, now));
}

/*  More has come than civetweb's buffer holds, and no head in it. The descriptor, for the rest that
    is still coming; else -1. */
static int s_oversized(const s_worker_t *worker, const struct mg_connection *connection)
{
    int fd = s_may_look(worker->server) ? op_descriptor_of(connection) : -1;
    uint64_t before = op_exchange_octets(worker->exchange);
    bool long_head = fd >= 0 && op_descriptor_received(fd) >= before + S_CIVETWEB_BUFFER;
    return long_head ? fd : -1;
}

/*  Without a method: the head did not end, or did not begin, as one. */
static void s_refuse_head(s_worker_t *worker, struct mg_connection *connection)
{
    int fd;
    bool late = op_exchange_is_sent_away(worker->exchange) ||
                op_http_now_ms() - worker->since_ms >= worker->server->options.head_timeout_ms;
    if (late) {
        op_exchange_refuse(worker->exchange, connection, 408, OP_ERROR_VALIDATION_ERROR,
                           "The request came too slowly.");
    } else if ((fd = s_oversized(worker, connection)) >= 0) {
        if (op_descriptor_ends_request_line(fd))
            op_exchange_refuse(worker->exchange, connection, 414, OP_ERROR_URI_TOO_LONG, NULL);
        else
            op_exchange_refuse(worker->exchange, connection, 431, OP_ERROR_VALIDATION_ERROR,
                               "The request head is too large.");
        op_descriptor_linger(fd);
    } else {
        op_exchange_refuse(worker->exchange, connection, 400, OP_ERROR_VALIDATION_ERROR,
                           "This is not a well-formed HTTP request.");
    }
}

/*  What civetweb refuses before begin_request. It says 400 for nearly everything, so the clock
    and the kernel have to tell a late head and a long one from a bad one. */
static int s_http_error(struct mg_connection *connection, int status, const char *message)
{
    (void)message; /* civetweb's words stay inside */
    s_worker_t *worker = mg_get_thread_pointer(connection);
    const struct mg_request_info *info = mg_get_request_info(connection);
    s_enter(worker->server);
    worker->answered = true;
    if (status == 505)
        op_exchange_refuse(worker->exchange, connection, 505, OP_ERROR_VALIDATION_ERROR,
                           "Speak HTTP/1.1.");
    else if (status >= 500)
        op_exchange_refuse(worker->exchange, connection, 500, OP_ERROR_INTERNAL, NULL);
    else if (status == 400 && s_is_foreign_method(info))
        op_exchange_refuse(worker->exchange, connection, 405, OP_ERROR_METHOD_NOT_ALLOWED, NULL);
    else if (!info->request_method)
        s_refuse_head(worker, connection);
    else
        op_exchange_refuse(worker->exchange, connection, 400, OP_ERROR_VALIDATION_ERROR,
                           "This is not a well-formed HTTP request.");
    s_end(worker);
    return 0;
}

static void s_connection_close(const struct mg_connection *connection)
{
    s_worker_t *worker = mg_get_thread_pointer(connection);
    const struct mg_request_info *info = mg_get_request_info(connection);
    if (!worker->answered && info->request_uri && !info->local_uri) {
        /* Read, but not routed: "OPTIONS *", or an absolute target. */
        s_enter(worker->server);
        op_exchange_refuse(worker->exchange, (struct mg_connection *)(uintptr_t)connection, 400,
                           OP_ERROR_VALIDATION_ERROR, "The request target must be a path.");
        s_end(worker);
    }
    op_exchange_end(worker->exchange);
}

static int s_log_message(const struct mg_connection *connection, const char *message)
{
    (void)connection;
    (void)message; /* it quotes requests, so it is not for our log */
    return 1;
}

/*  ---- Start and stop ---- */

/*  civetweb's accept loop spins without descriptors, so there are never more connections than fit:
    one for each worker, and those that wait for one. */
static bool s_fit(op_http_server_t *self)
{
    size_t room = op_descriptors_room();
    size_t threads = (size_t)self->options.threads, queue = S_QUEUE;
    if (room < S_ROOM_MIN)
        return false;
    if (threads + queue + S_LISTENING > room) {
        queue = room / 4 < queue ? room / 4 : queue;
        if (threads > room - queue - S_LISTENING)
            threads = room - queue - S_LISTENING;
    }
    self->options.threads = (int)threads;
    self->queue = (int)queue;
    return true;
}

static int s_default(int value, int standard)
{
    return value > 0 ? value : standard;
}

static op_http_server_options_t s_with_defaults(const op_http_server_options_t *options)
{
    op_http_server_options_t own = *options;
    own.listen = NULL;
    own.threads = s_default(own.threads, OP_HTTP_THREADS);
    own.max_body = own.max_body ? own.max_body : OP_HTTP_BODY_MAX;
    own.head_timeout_ms = s_default(own.head_timeout_ms, OP_HTTP_HEAD_TIMEOUT_MS);
    own.body_timeout_ms = s_default(own.body_timeout_ms, OP_HTTP_BODY_TIMEOUT_MS);
    own.keep_alive_ms = s_default(own.keep_alive_ms, OP_HTTP_KEEP_ALIVE_MS);
    own.drain_ms = s_default(own.drain_ms, OP_HTTP_DRAIN_MS);
    return own;
}

/*  civetweb's options: names and values in turn, NULL at the end. */
typedef struct {
    const char *list[2 * S_OPTIONS + 1];
    char numbers[S_NUMBERS][16];
} s_civetweb_options_t;

static const char *s_number(char text[16], int number)
{
    snprintf(text, 16, "%d", number);
    return text;
}

static void s_civetweb_options(const op_http_server_t *self, const char *ports,
                               s_civetweb_options_t *to)
{
    const char *const options[][2] = {
        {"listening_ports", ports},
        {"num_threads", s_number(to->numbers[0], self->options.threads)},
        {"max_request_size", s_number(to->numbers[1], S_CIVETWEB_BUFFER)},
        {"request_timeout_ms", s_number(to->numbers[2], self->options.head_timeout_ms)},
        {"keep_alive_timeout_ms", s_number(to->numbers[3], self->options.keep_alive_ms)},
        {"connection_queue", s_number(to->numbers[4], self->queue)},
        {"enable_keep_alive", "yes"},
        {"tcp_nodelay", "1"},
        {"listen_backlog", "511"},
        {"decode_url", "no"},
        {"decode_query_string", "no"},
        {"enable_auth_domain_check", "no"},
        {"enable_directory_listing", "no"},
        {"access_control_allow_origin", ""},
        {"access_control_allow_methods", ""},
        {"access_control_allow_headers", ""},
    };
    _Static_assert(OP_COUNT(options) == S_OPTIONS, "all have room");
    for (size_t i = 0; i < S_OPTIONS; i++) {
        to->list[2 * i] = options[i][0];
        to->list[2 * i + 1] = options[i][1];
    }
    to->list[2 * S_OPTIONS] = NULL;
}

static bool s_start(op_http_server_t *self, const char *ports, char *error, size_t size)
{
    s_civetweb_options_t options;
    s_civetweb_options(self, ports, &options);
    const struct mg_callbacks callbacks = {.begin_request = s_begin_request,
                                           .http_error = s_http_error,
                                           .connection_close = s_connection_close,
                                           .log_message = s_log_message,
                                           .init_thread = s_init_thread,
                                           .exit_thread = s_exit_thread,
                                           .init_connection = s_init_connection};
    unsigned code = 0;
    struct mg_init_data init = {
        .callbacks = &callbacks, .user_data = self, .configuration_options = options.list};
    char reason[128] = ""; /* without the address */
    struct mg_error_data why = {.code = &code, .text = reason, .text_buffer_size = sizeof reason};
    self->context = mg_start2(&init, &why);
    if (!self->context) {
        snprintf(error, size, "cannot listen on %s: %s", ports, reason);
        return false;
    }
    struct mg_server_port port;
    if (mg_get_server_ports(self->context, 1, &port) != 1)
        return false;
    self->port = port.port;
    snprintf(self->address, sizeof self->address, "%.*s:%d", (int)(strrchr(ports, ':') - ports),
             ports, self->port);
    return true;
}

op_http_server_t *op_http_server_new(const op_http_server_options_t *options, char *error,
                                     size_t size)
{
    char ports[OP_LISTENER_ADDRESS];
    OP_ASSERT(options && options->handle && error && size > 0);
    *error = 0;
    if (!op_listener_read(options->listen, ports, sizeof ports, error, size))
        return NULL;
    if (options->threads > 4096 || options->max_body > 16 * 1024 * 1024) {
        snprintf(error, size, "at most 4096 threads and 16 MiB of body");
        return NULL;
    }
    op_http_server_t *self = op_alloc(sizeof *self);
    memset(self, 0, sizeof *self);
    self->options = s_with_defaults(options);
    if (!s_fit(self)) {
        snprintf(error, size, "cannot serve: too few open files are allowed (ulimit -n)");
        free(self);
        return NULL;
    }
    self->shared.connections = op_connections_new((size_t)self->options.threads);
    atomic_init(&self->running, 0);
    atomic_init(&self->shared.stopping, false);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&self->mutex, NULL);
    pthread_cond_init(&self->idle, &monotonic);
    pthread_condattr_destroy(&monotonic);

    self->library = true;
    mg_init_library(MG_FEATURES_DEFAULT);
    if (!s_start(self, ports, error, size)) {
        const char *why = op_listener_why_not(ports);
        snprintf(error, size, "cannot listen on %s: %s", ports,
                 why ? why : "the HTTP library refuses");
        op_http_server_destroy(&self);
    }
    return self;
}

const char *op_http_server_address(const op_http_server_t *self)
{
    return self->address;
}

int op_http_server_threads(const op_http_server_t *self)
{
    return self->options.threads;
}

int op_http_server_port(const op_http_server_t *self)
{
    return self->port;
}

bool op_http_server_stop(op_http_server_t *self)
{
    if (self->stopped)
        return self->drained;
    int64_t end_ms = op_http_now_ms() + self->options.drain_ms;
    struct timespec end = {.tv_sec = (time_t)(end_ms / 1000),
                           .tv_nsec = (long)(end_ms % 1000) * 1000000};
    pthread_mutex_lock(&self->mutex);
    atomic_store(&self->shared.stopping, true);
    int waited = 0;
    while (atomic_load(&self->running) > 0 && waited == 0)
        waited = pthread_cond_timedwait(&self->idle, &self->mutex, &end);
    self->drained = atomic_load(&self->running) == 0;
    pthread_mutex_unlock(&self->mutex);
    if (self->context) {
        op_listener_shut(self->address);
        op_connections_end(self->shared.connections);
        mg_stop(self->context);
    }
    self->context = NULL;
    self->stopped = true;
    return self->drained;
}

void op_http_server_destroy(op_http_server_t **self_p)
{
    OP_ASSERT(self_p);
    op_http_server_t *self = *self_p;
    if (!self)
        return;
    (void)op_http_server_stop(self);
    if (self->library)
        mg_exit_library();
    op_connections_destroy(&self->shared.connections);
    pthread_cond_destroy(&self->idle);
    pthread_mutex_destroy(&self->mutex);
    free(self);
    *self_p = NULL;
}
