/*  metrics.h - counters and measurements, and their text for Prometheus

    The metrics are declared in metrics.def. A series is a metric with the values of its labels; it
    comes to be with its first value. There are at most as many as the declaration says: what comes
    later counts as "other", so no label can grow without end.

    op_metrics_put is safe from any thread and takes no lock once the series is there: a look-up by
    hash and an atomic addition. Counters never go back while the process runs; a histogram's
    buckets and its count are of one moment, its sum may be ahead by what is just being put. */

#ifndef OP_TRANSPORT_METRICS_H
#define OP_TRANSPORT_METRICS_H

#include "base/bytes.h"
#include "transport/metric.h"

enum { OP_METRIC_LABEL_MAX = 64 }; /* octets of a label's value; longer ones are cut */

typedef struct op_metrics op_metrics_t;

op_metrics_t *op_metrics_new(void) OP_MUST_CHECK;
void op_metrics_destroy(op_metrics_t **self_p);

/*  Adds, sets or observes, as the metric's kind says; negative values only for gauges. `first` and
    `second` are the values of its labels, the empty slice where it has none. `self` NULL: nothing
    happens, so that whoever counts need not ask whether anybody looks. */
void op_metrics_put(op_metrics_t *self, op_metric_t metric, int64_t value, op_str_t first,
                    op_str_t second);

/*  Appends all series in the text format (version 0.0.4); a metric without any has its HELP and TYPE
    all the same. */
void op_metrics_print(op_metrics_t *self, op_buf_t *to);
#define OP_METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

/*  Puts what the system knows of this process: the metrics process_*. Call it before printing. */
void op_metrics_put_process(op_metrics_t *self);

#endif
