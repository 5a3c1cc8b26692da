/*  exchange.h - one request and its answer over a civetweb connection

    What server.c does with a request once civetweb has parsed its head: guard, path, body, handler,
    `prepare`, and the answer in one write. Private to the server; one per worker thread, reused, so
    that a request allocates nothing once its buffers are warm. */

#ifndef OP_HTTP_EXCHANGE_H
#define OP_HTTP_EXCHANGE_H

#include "http/connections.h"
#include "http/server.h"

#include <stdatomic.h>

struct mg_connection;

typedef struct op_exchange op_exchange_t;

/*  What all workers share, kept by the server. */
typedef struct {
    atomic_bool stopping;
    op_connections_t *connections; /* a place for each worker */
} op_exchange_shared_t;

/*  Borrows both for its life, and takes a place among the connections. The options have their
    defaults filled in. */
op_exchange_t *op_exchange_new(const op_http_server_options_t *options,
                               const op_exchange_shared_t *shared);
void op_exchange_destroy(op_exchange_t **self_p);

/*  A connection comes to this worker, and goes, before its descriptor is closed. */
void op_exchange_begin(op_exchange_t *self, const struct mg_connection *connection);
void op_exchange_end(op_exchange_t *self);
/*  The connection has been asked to go, for others. */
bool op_exchange_is_sent_away(const op_exchange_t *self);
/*  Octets of the requests that the connection has brought so far. */
uint64_t op_exchange_octets(const op_exchange_t *self);

/*  Judges, serves and answers the request; returns the status. */
int op_exchange_run(op_exchange_t *self, struct mg_connection *connection);

/*  Answers a request that the guard never saw, and ends the connection. `message` NULL: the error's
    own sentence. With 405, the request's path is known too. */
void op_exchange_refuse(op_exchange_t *self, struct mg_connection *connection, int status,
                        op_error_t error, const char *message);

#endif
