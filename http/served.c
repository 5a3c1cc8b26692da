#include "http/served.h"

#include <stdio.h>

void op_served(const op_served_options_t *options, const op_served_t *request)
{
    char route[OP_METRIC_LABEL_MAX + 1], status[12];
    if (request->route)
        snprintf(route, sizeof route, "%s %s", request->route->method, request->route->path);
    else
        snprintf(route, sizeof route, "%s", request->otherwise);
    snprintf(status, sizeof status, "%d", request->status);
    op_metrics_put(options->metrics, OP_METRIC_HTTP_REQUESTS, 1, op_str(route), op_str(status));
    op_metrics_put(options->metrics, OP_METRIC_HTTP_DURATION, request->micros, op_str(route),
                   (op_str_t){0});
    if (options->logs)
        op_log(options->level, "http",
               "served route=%s status=%d duration_ms=%.3f address=%.*s request=%.*s", route,
               request->status, (double)request->micros / 1000, (int)request->address.size,
               request->address.at, (int)request->request_id.size, request->request_id.at);
}
