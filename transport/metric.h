/*  metric.h - the names of what is counted (metrics.def); cores may know these and no more */

#ifndef OP_TRANSPORT_METRIC_H
#define OP_TRANSPORT_METRIC_H

typedef enum {
#define METRIC(NAME, name, KIND, UNIT, first, second, most, help) OP_METRIC_##NAME,
#include "transport/metrics.def"
#undef METRIC
    OP_METRIC_END
} op_metric_t;

#endif
