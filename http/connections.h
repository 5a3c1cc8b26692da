/*  connections.h - which connections there are; those that only wait give way when there are many

    civetweb serves one connection with one thread. Whoever opens connections and says nothing, or
    says it drop by drop, holds threads for as long as the time-outs grant; with enough of them
    nobody else would be served. So each place (a thread) knows whether its connection waits for
    octets of its peer: for a request's head or body. A newcomer that finds more than three quarters
    of the places taken sends waiting connections away until five eighths are left: from the
    address that has most of them first (an IPv6 /64 is one address), and of these the one that has
    waited longest. A connection that has had an answer may rest OP_CONNECTIONS_REST_MS before it is
    asked to go, so that kept connections in use are not cut. One that is being served never is.

    To send away is to shut the socket down for reading: the worker's read ends, and an answer that
    is under way still leaves. op_connections_enter does this for many at a time, because finding
    their descriptors costs a look at all that are open (descriptor.h).

    Any thread may call; a place belongs to one worker. */

#ifndef OP_HTTP_CONNECTIONS_H
#define OP_HTTP_CONNECTIONS_H

#include "base/bytes.h"

enum { OP_CONNECTIONS_REST_MS = 1000 };

struct mg_connection;

typedef struct op_connections op_connections_t;

op_connections_t *op_connections_new(size_t places) OP_MUST_CHECK;
void op_connections_destroy(op_connections_t **self_p);

/*  A place for a worker, for good: 0 to places - 1. */
size_t op_connections_place(op_connections_t *self);

/*  A connection takes its worker's place, and waits; perhaps others are sent away for it. It is
    borrowed until op_connections_leave, which must come before its descriptor is closed. */
void op_connections_enter(op_connections_t *self, size_t place,
                          const struct mg_connection *connection);
void op_connections_leave(op_connections_t *self, size_t place);

/*  A request's head has come whole; the request is being served; the connection waits again, now
    with an answer behind it. */
void op_connections_hear(op_connections_t *self, size_t place);
void op_connections_serve(op_connections_t *self, size_t place);
void op_connections_rest(op_connections_t *self, size_t place);

/*  All that wait are sent away: the server stops. */
void op_connections_end(op_connections_t *self);

/*  How many connections there are, without those that were sent away. */
size_t op_connections_count(op_connections_t *self);
/*  More than three quarters are taken: a kept connection should end with its answer. */
bool op_connections_is_full(op_connections_t *self);
/*  The place's connection has been sent away. */
bool op_connections_is_sent_away(op_connections_t *self, size_t place);

#endif
