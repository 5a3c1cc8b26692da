#include "http/access_log.h"

#include <stdio.h>

void op_access_log(const op_access_log_options_t *options, const op_access_log_entry_t *entry)
{
    char route[OP_METRIC_LABEL_MAX + 1], status[12];
    if (entry->route)
        snprintf(route, sizeof route, "%s %s", entry->route->method, entry->route->path);
    else
        snprintf(route, sizeof route, "%s", entry->otherwise);
    snprintf(status, sizeof status, "%d", entry->status);
    op_metrics_put(options->metrics, OP_METRIC_HTTP_REQUESTS, 1, op_str(route), op_str(status));
    op_metrics_put(options->metrics, OP_METRIC_HTTP_DURATION, entry->micros, op_str(route),
                   (op_str_t){0});
    if (options->logs)
        op_log(options->level, "http",
               "served route=%s status=%d duration_ms=%.3f address=%.*s request=%.*s", route,
               entry->status, (double)entry->micros / 1000, (int)entry->address.size,
               entry->address.at, (int)entry->request_id.size, entry->request_id.at);
}
