/*  observer.h - what the operator's listener serves: /metrics and /readyz

    Meant for an op_http_server of its own, on loopback or a network of the operator's: it asks
    for no credential and counts no calls.

    GET /metrics   the text format of Prometheus (transport/metrics.h)
    GET /readyz    as on the main listener; of a process without one, what that has itself (ready.h)
    Anything else is answered 404 or 405, in the shape of the API's errors. */

#ifndef OP_HTTP_OBSERVER_H
#define OP_HTTP_OBSERVER_H

#include "http/gateway.h"
#include "transport/metrics.h"

/*  All borrowed. */
typedef struct {
    op_metrics_t *metrics;
    op_gateway_t *gateway;   /* or NULL */
    op_calls_t *calls;       /* to ask with where there is none: OP_OBSERVER_THREADS of them */
    void (*look)(void *arg); /* puts what is measured only when somebody looks; or NULL */
    void *arg;
} op_observer_t;

enum { OP_OBSERVER_THREADS = 4 };

/*  An op_http_handler_t; `observer` is the op_observer_t. */
void op_observer_handle(void *observer, const op_http_request_t *request,
                        op_http_response_t *response);

#endif
