/*  access_log.h - what is kept of each request: two figures (metrics.h) and, if wanted, a line of
    the log

    A request is known by the pattern of its route: what a client wrote into a path, a query or a
    method nobody knows is nowhere kept. */

#ifndef OP_HTTP_ACCESS_LOG_H
#define OP_HTTP_ACCESS_LOG_H

#include "http/routes.h"
#include "transport/log.h"
#include "transport/metrics.h"

typedef struct {
    op_metrics_t *metrics; /* NULL: nobody counts; borrowed */
    bool logs;             /* a line for each request, */
    op_log_level_t level;  /* of this level */
} op_access_log_options_t;

typedef struct {
    const op_route_t *route; /* NULL: none */
    const char *otherwise;   /* without a route: "[page]" and the like */
    int status;
    int64_t micros; /* from the request to its answer */
    op_str_t address, request_id;
} op_access_log_entry_t;

void op_access_log(const op_access_log_options_t *options, const op_access_log_entry_t *entry);

#endif
