/*  A response is one mg_write of head and body: two writes meet Nagle's algorithm and a delayed
    ACK, 44 ms for each request of a kept connection. */

#include "http/exchange.h"

#include "base/instant.h"
#include "http/body.h"
#include "http/forwarded.h"
#include "http/guard.h"
#include "transport/clock.h"

#include <civetweb.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum {
    OP_HTTP_DISCARD_MAX = 8 * 1024 * 1024, /* of a body that is refused with 413 */
    OP_HTTP_KEPT_BUFFER = 32 * 1024 /* of each buffer, what a worker keeps between requests */
};

struct op_exchange {
    const op_http_server_options_t *options;
    const op_exchange_shared_t *shared;
    op_guard_t guard;
    op_http_response_t response;
    op_buf_t body, out;
    char path[OP_HTTP_TARGET_MAX + 1];
    char client[OP_IP_TEXT + 1];
    size_t place;
    uint64_t octets;
    const char *buffer; /* where civetweb's begins; NULL: not known yet */
};

op_exchange_t *op_exchange_new(const op_http_server_options_t *options,
                               const op_exchange_shared_t *shared)
{
    op_exchange_t *self = op_alloc(sizeof *self);
    memset(self, 0, sizeof *self);
    self->options = options;
    self->shared = shared;
    self->place = op_connections_place(shared->connections);
    return self;
}

void op_exchange_destroy(op_exchange_t **self_p)
{
    OP_ASSERT(self_p);
    op_exchange_t *self = *self_p;
    if (!self)
        return;
    op_http_response_free(&self->response);
    op_buf_free(&self->body);
    op_buf_free(&self->out);
    free(self);
    *self_p = NULL;
}

void op_exchange_begin(op_exchange_t *self, const struct mg_connection *connection)
{
    self->octets = 0;
    op_connections_enter(self->shared->connections, self->place, connection);
}

void op_exchange_end(op_exchange_t *self)
{
    op_connections_leave(self->shared->connections, self->place);
}

bool op_exchange_is_sent_away(const op_exchange_t *self)
{
    return op_connections_is_sent_away(self->shared->connections, self->place);
}

uint64_t op_exchange_octets(const op_exchange_t *self)
{
    return self->octets;
}

/*  By the clock that X-RateLimit-Reset goes by. */
static void s_date(op_buf_t *out)
{
    char date[OP_INSTANT_HTTP + 1];
    op_instant_print_http(op_clock_now(), date);
    op_buf_printf(out, "Date: %s\r\n", date);
}

/*  A kept connection is promised a second less than it gets: a request that leaves at the promise's
    end must not meet the close. */
static void s_connection(op_exchange_t *self, bool keep)
{
    int promised_s = self->options->keep_alive_ms / 1000 - 1;
    if (keep && promised_s > 0)
        op_buf_printf(&self->out, "Keep-Alive: timeout=%d\r\n", promised_s);
    op_buf_printf(&self->out, "Connection: %s\r\n\r\n", keep ? "keep-alive" : "close");
}

/*  Lets the owner see the response, then writes it in one piece. `keep` false ends the
    connection. */
static void s_write(op_exchange_t *self, struct mg_connection *connection,
                    const op_http_request_t *request, bool keep)
{
    op_http_response_t *response = &self->response;
    op_buf_t *out = &self->out;
    if (self->options->prepare)
        self->options->prepare(self->options->arg, request, response);
    OP_ASSERT(response->status >= 200 && response->status <= 599);

    keep = keep && !response->close && !op_connections_is_full(self->shared->connections) &&
           !op_exchange_is_sent_away(self) && !atomic_load(&self->shared->stopping);
    bool empty = response->status == 204 || response->status == 304;
    op_buf_clear(out);
    op_buf_printf(out, "HTTP/1.1 %d %s\r\n", response->status, op_http_reason(response->status));
    s_date(out);
    if (response->content_type && !empty)
        op_buf_printf(out, "Content-Type: %s\r\n", response->content_type);
    if (!empty)
        op_buf_printf(out, "Content-Length: %zu\r\n", response->body.size);
    op_buf_add_str(out, op_buf_str(&response->headers));
    s_connection(self, keep);
    if (!empty && !op_str_is(request->method, "HEAD"))
        op_buf_add_str(out, op_buf_str(&response->body));

    if (mg_write(connection, out->at, out->size) != (int)out->size)
        keep = false;
    if (!keep)
        mg_disable_connection_keep_alive(connection);
}

static void s_trim(op_buf_t *buffer)
{
    if (buffer->capacity > OP_HTTP_KEPT_BUFFER)
        op_buf_free(buffer);
}

static void s_refuse(op_exchange_t *self, struct mg_connection *connection,
                     const op_http_request_t *request, int status, op_error_t error,
                     const char *message)
{
    op_http_response_reset(&self->response);
    op_http_response_error_as(&self->response, status, error, message);
    s_write(self, connection, request, false);
}

/*  False: the answer is out already. */
static bool s_read_body(op_exchange_t *self, struct mg_connection *connection,
                        op_http_request_t *request)
{
    const op_http_server_options_t *options = self->options;
    op_guard_t *guard = &self->guard;
    int64_t deadline = op_http_now_ms() + options->body_timeout_ms;
    op_buf_clear(&self->body);
    if (guard->body_size > options->max_body) {
        s_refuse(self, connection, request, 413, OP_ERROR_PAYLOAD_TOO_LARGE, NULL);
        /* Closing on unread octets sends a reset, which can overtake the answer. */
        uint64_t rest = guard->expects ? 0 : guard->body_size;
        if (rest <= OP_HTTP_DISCARD_MAX)
            (void)op_http_body_read(connection, rest, deadline, NULL);
        return false;
    }
    if (guard->expects && guard->body_size > 0) {
        static const char go[] = "HTTP/1.1 100 Continue\r\n\r\n";
        (void)mg_write(connection, go, sizeof go - 1);
    }
    op_http_body_t came = op_http_body_read(connection, guard->body_size, deadline, &self->body);
    if (came == OP_HTTP_BODY_CUT && op_exchange_is_sent_away(self))
        came = OP_HTTP_BODY_LATE;
    switch (came) {
    case OP_HTTP_BODY_LATE:
        s_refuse(self, connection, request, 408, OP_ERROR_VALIDATION_ERROR,
                 "The request body came too slowly.");
        return false;
    case OP_HTTP_BODY_CUT:
        s_refuse(self, connection, request, 400, OP_ERROR_VALIDATION_ERROR,
                 "The request body is shorter than its Content-Length.");
        return false;
    case OP_HTTP_BODY_WHOLE:
        break;
    }
    request->body = op_buf_str(&self->body);
    if (!op_guard_body(guard, request->body)) {
        request->body = (op_str_t){0};
        s_refuse(self, connection, request, guard->status, guard->error, guard->message);
        return false;
    }
    return true;
}

/*  civetweb skips blanks and line breaks in front of a request, and then takes the first empty line
    among them for the end of the head: what follows runs as another request. Worse, it reads on
    behind what has come, into what an earlier connection has left in its buffer. So nothing may be
    skipped but one CR LF, which clients of old send behind a body (RFC 9112 2.2).

    A worker has one buffer for life, from malloc, and the first request shows where: at an aligned
    address, or two octets in front of one's method. (Blanks in a multiple of the alignment before a
    worker's very first request are not seen, but then nothing is left in its buffer either.) */
static bool s_begins_clean(op_exchange_t *self, const char *method)
{
    if (!self->buffer || method < self->buffer) {
        size_t skipped = (uintptr_t)method % _Alignof(max_align_t);
        if (skipped != 0 && skipped != 2)
            return false;
        self->buffer = method - skipped;
    }
    ptrdiff_t skipped = method - self->buffer;
    return skipped == 0 || (skipped == 2 && memcmp(self->buffer, "\r\n", 2) == 0);
}

/*  What is told to the owner of a request that is refused by its head, as far as civetweb could
    read it: which path was meant, for what every answer under it says, and the client's id of the
    request. Nobody has judged the head, so nothing else is taken from it. */
static void s_hear(op_exchange_t *self, const struct mg_request_info *info,
                   op_http_request_t *request)
{
    op_http_header_t *headers = self->guard.headers;
    if (!info->request_method || !info->request_uri || !info->http_version)
        return;
    op_str_t raw = op_str_of(info->request_uri, strcspn(info->request_uri, "?"));
    int size = raw.size <= (size_t)OP_HTTP_TARGET_MAX ? op_http_path_decode(raw, self->path) : -1;
    request->path = size < 0 ? raw : op_str_of(self->path, (size_t)size);
    request->headers = headers;
    for (int i = 0; i < info->num_headers && i < OP_HTTP_HEADERS_MAX; i++) {
        op_str_t name = op_str(info->http_headers[i].name);
        if (op_str_is_nocase(name, "X-Request-Id"))
            headers[request->header_count++] =
                (op_http_header_t){name, op_str_trim(op_str(info->http_headers[i].value))};
    }
}

static void s_exchange(op_exchange_t *self, struct mg_connection *connection)
{
    const struct mg_request_info *info = mg_get_request_info(connection);
    op_guard_t *guard = &self->guard;
    op_http_request_t request = {.client_ip = op_str(info->remote_addr)};

    bool passed = op_guard_check(guard, info);
    request.method = guard->method;
    if (!passed) {
        s_hear(self, info, &request);
        s_refuse(self, connection, &request, guard->status, guard->error, guard->message);
        return;
    }
    if (!s_begins_clean(self, info->request_method)) {
        s_hear(self, info, &request);
        s_refuse(self, connection, &request, 400, OP_ERROR_VALIDATION_ERROR,
                 "Nothing may stand before the request line.");
        return;
    }
    request.query = guard->query;
    request.headers = guard->headers;
    request.header_count = guard->header_count;
    op_forwarded_apply(&request, self->options->proxies, self->options->proxy_count, self->client);
    int size = op_http_path_decode(guard->raw_path, self->path);
    if (size < 0) {
        request.path = guard->raw_path;
        s_refuse(self, connection, &request, 400, OP_ERROR_VALIDATION_ERROR,
                 "The path holds a malformed escape or a control character.");
        return;
    }
    request.path = op_str_of(self->path, (size_t)size);
    if (atomic_load(&self->shared->stopping)) {
        op_http_response_reset(&self->response);
        op_http_response_header(&self->response, "Retry-After", OP_STR("5"));
        op_http_response_error(&self->response, OP_ERROR_UNAVAILABLE, NULL, NULL);
        s_write(self, connection, &request, false);
        return;
    }
    if (!s_read_body(self, connection, &request))
        return;
    self->octets += guard->head_size + guard->body_size;
    op_connections_serve(self->shared->connections, self->place);
    op_http_response_reset(&self->response);
    self->options->handle(self->options->arg, &request, &self->response);
    s_write(self, connection, &request, guard->keep_alive);
}

int op_exchange_run(op_exchange_t *self, struct mg_connection *connection)
{
    op_connections_hear(self->shared->connections, self->place);
    s_exchange(self, connection);
    op_connections_rest(self->shared->connections, self->place);
    s_trim(&self->out);
    s_trim(&self->body);
    s_trim(&self->response.body);
    return self->response.status;
}

void op_exchange_refuse(op_exchange_t *self, struct mg_connection *connection, int status,
                        op_error_t error, const char *message)
{
    const struct mg_request_info *info = mg_get_request_info(connection);
    op_http_request_t request = {.client_ip = op_str(info->remote_addr),
                                 .method = op_str(info->request_method)};
    s_hear(self, info, &request);
    s_refuse(self, connection, &request, status, error, message);
}
