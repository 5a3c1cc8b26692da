/*  Series live in two kinds of lists that only grow: by hash, for those who put, and by metric, for
    the one who prints. Appending is done under a mutex and published by an atomic pointer, so that
    walking needs none. */

#include "transport/metrics.h"

#include "base/fields.h"
#include "transport/clock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

typedef enum { S_COUNTER, S_TOTAL, S_GAUGE, S_HISTOGRAM } s_kind_t;
typedef enum { S_ONE = 1, S_MILLI = 1000, S_MICRO = 1000000 } s_unit_t;

typedef struct {
    const char *name;
    s_kind_t kind;
    s_unit_t unit;
    const char *labels[2];
    size_t most;
    const char *help;
} s_metric_t;

static const s_metric_t s_metrics[] = {
#define METRIC(NAME, name, KIND, UNIT, first, second, most, help)                                  \
    {name, S_##KIND, S_##UNIT, {first, second}, most, help},
#include "transport/metrics.def"
#undef METRIC
};

/*  Upper bounds in microseconds: from a cached read to the deadline of a request. */
static const int64_t s_bounds[] = {500,    1000,   2500,   5000,    10000,   25000,   50000,
                                   100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000};

enum { S_BUCKETS = OP_COUNT(s_bounds) + 1, S_HASHES = 512 };

typedef struct series {
    _Atomic(struct series *) next_by_hash;
    _Atomic(struct series *) next_by_metric;
    op_metric_t metric;
    uint32_t hash;
    char labels[2][OP_METRIC_LABEL_MAX + 1];
    atomic_int_least64_t value; /* of a histogram: the sum */
    atomic_int_least64_t buckets[];
} series_t;

struct op_metrics {
    pthread_mutex_t mutex; /* of appending */
    _Atomic(series_t *) by_hash[S_HASHES];
    _Atomic(series_t *) by_metric[OP_METRIC_END];
    size_t counts[OP_METRIC_END];
};

op_metrics_t *op_metrics_new(void)
{
    op_metrics_t *self = op_alloc(sizeof *self);
    memset(self, 0, sizeof *self);
    pthread_mutex_init(&self->mutex, NULL);
    op_metrics_put(self, OP_METRIC_PROCESS_START, op_clock_now(), (op_str_t){0}, (op_str_t){0});
    return self;
}

void op_metrics_destroy(op_metrics_t **self_p)
{
    op_metrics_t *self = *self_p;
    if (!self)
        return;
    for (size_t i = 0; i < OP_METRIC_END; i++)
        for (series_t *at = atomic_load(&self->by_metric[i]), *next; at; at = next) {
            next = atomic_load(&at->next_by_metric);
            free(at);
        }
    pthread_mutex_destroy(&self->mutex);
    free(self);
    *self_p = NULL;
}

/*  ---- Finding a series ---- */

/*  FNV-1a: short texts of our own, nobody attacks it. */
static uint32_t s_hash(uint32_t hash, op_str_t text)
{
    for (size_t i = 0; i < text.size; i++)
        hash = (hash ^ (uint8_t)text.at[i]) * UINT32_C(16777619);
    return (hash ^ 0xff) * UINT32_C(16777619);
}

static series_t *s_find(op_metrics_t *self, op_metric_t metric, uint32_t hash, op_str_t first,
                        op_str_t second)
{
    series_t *at = atomic_load_explicit(&self->by_hash[hash % S_HASHES], memory_order_acquire);
    while (at && !(at->hash == hash && at->metric == metric && op_str_is(first, at->labels[0]) &&
                   op_str_is(second, at->labels[1])))
        at = atomic_load_explicit(&at->next_by_hash, memory_order_acquire);
    return at;
}

static void s_append(op_metrics_t *self, series_t *series)
{
    _Atomic(series_t *) *end = &self->by_metric[series->metric];
    _Atomic(series_t *) *bucket = &self->by_hash[series->hash % S_HASHES];
    while (atomic_load(end))
        end = &atomic_load(end)->next_by_metric;
    atomic_store_explicit(&series->next_by_hash, atomic_load(bucket), memory_order_relaxed);
    atomic_store_explicit(end, series, memory_order_release);
    atomic_store_explicit(bucket, series, memory_order_release);
}

static series_t *s_make(op_metrics_t *self, op_metric_t metric, uint32_t hash, op_str_t first,
                        op_str_t second)
{
    bool buckets = s_metrics[metric].kind == S_HISTOGRAM;
    size_t size = sizeof(series_t) + (buckets ? S_BUCKETS * sizeof(atomic_int_least64_t) : 0);
    series_t *series = op_alloc(size);
    memset(series, 0, size);
    series->metric = metric;
    series->hash = hash;
    op_str_copy(first, series->labels[0], sizeof series->labels[0]);
    op_str_copy(second, series->labels[1], sizeof series->labels[1]);
    s_append(self, series);
    return series;
}

static series_t *s_series(op_metrics_t *self, op_metric_t metric, op_str_t first, op_str_t second)
{
    uint32_t hash = s_hash(s_hash(UINT32_C(2166136261) + (uint32_t)metric, first), second);
    series_t *series = s_find(self, metric, hash, first, second);
    if (series)
        return series;
    pthread_mutex_lock(&self->mutex);
    series = s_find(self, metric, hash, first, second);
    bool full = !series && self->counts[metric] >= s_metrics[metric].most;
    if (!series && !full) {
        self->counts[metric]++;
        series = s_make(self, metric, hash, first, second);
    } else if (full) {
        first = *s_metrics[metric].labels[0] ? OP_STR("other") : OP_STR("");
        second = *s_metrics[metric].labels[1] ? OP_STR("other") : OP_STR("");
        hash = s_hash(s_hash(UINT32_C(2166136261) + (uint32_t)metric, first), second);
        series = s_find(self, metric, hash, first, second);
        if (!series)
            series = s_make(self, metric, hash, first, second);
    }
    pthread_mutex_unlock(&self->mutex);
    return series;
}

/*  ---- Putting ---- */

static op_str_t s_cut(op_str_t label)
{
    return op_str_of(label.at, label.size < OP_METRIC_LABEL_MAX ? label.size : OP_METRIC_LABEL_MAX);
}

void op_metrics_put(op_metrics_t *self, op_metric_t metric, int64_t value, op_str_t first,
                    op_str_t second)
{
    if (!self)
        return;
    const s_metric_t *declared = &s_metrics[metric];
    OP_ASSERT((*declared->labels[0] || !first.size) && (*declared->labels[1] || !second.size));
    OP_ASSERT(value >= 0 || declared->kind == S_GAUGE);
    series_t *series = s_series(self, metric, s_cut(first), s_cut(second));
    switch (declared->kind) {
    case S_COUNTER:
        atomic_fetch_add_explicit(&series->value, value, memory_order_relaxed);
        return;
    case S_TOTAL:
    case S_GAUGE:
        atomic_store_explicit(&series->value, value, memory_order_relaxed);
        return;
    case S_HISTOGRAM: {
        size_t bucket = 0;
        while (bucket < OP_COUNT(s_bounds) && value > s_bounds[bucket])
            bucket++;
        atomic_fetch_add_explicit(&series->value, value, memory_order_relaxed);
        atomic_fetch_add_explicit(&series->buckets[bucket], 1, memory_order_relaxed);
        return;
    }
    }
}

/*  ---- Printing ---- */

/*  A whole number of units, as a decimal fraction without zeros at its end. */
static void s_number(op_buf_t *to, int64_t value, s_unit_t unit)
{
    uint64_t size = value < 0 ? 0 - (uint64_t)value : (uint64_t)value, part = size % (uint64_t)unit;
    op_buf_printf(to, "%s%llu", value < 0 ? "-" : "", (unsigned long long)(size / (uint64_t)unit));
    if (part == 0)
        return;
    op_buf_printf(to, ".%0*llu", unit == S_MICRO ? 6 : 3, (unsigned long long)part);
    while (to->at[to->size - 1] == '0')
        to->size--;
}

static void s_label(op_buf_t *to, const char *name, const char *value, bool *open)
{
    if (!*name)
        return;
    op_buf_t clean = {0};
    op_fields_clean(&clean, op_str(value));
    op_buf_printf(to, "%s%s=\"", *open ? "," : "{", name);
    for (size_t i = 0; i < clean.size; i++) {
        if (clean.at[i] == '"' || clean.at[i] == '\\')
            op_buf_add_byte(to, '\\');
        op_buf_add_byte(to, (uint8_t)clean.at[i]);
    }
    op_buf_add_byte(to, '"');
    op_buf_free(&clean);
    *open = true;
}

/*  "name_suffix{labels,le="..."} "; `le` NULL: none. */
static void s_head(op_buf_t *to, const series_t *series, const char *suffix, const char *le)
{
    const s_metric_t *metric = &s_metrics[series->metric];
    bool open = false;
    op_buf_printf(to, "%s%s", metric->name, suffix);
    for (size_t i = 0; i < 2; i++)
        s_label(to, metric->labels[i], series->labels[i], &open);
    s_label(to, le ? "le" : "", le ? le : "", &open);
    op_buf_printf(to, "%s ", open ? "}" : "");
}

static void s_print_histogram(op_buf_t *to, series_t *series)
{
    int64_t sum = 0, total = atomic_load(&series->value);
    for (size_t i = 0; i < S_BUCKETS; i++) {
        op_buf_t bound = {0};
        if (i < OP_COUNT(s_bounds))
            s_number(&bound, s_bounds[i], s_metrics[series->metric].unit);
        else
            op_buf_printf(&bound, "+Inf");
        op_buf_add_byte(&bound, 0);
        sum += atomic_load(&series->buckets[i]);
        s_head(to, series, "_bucket", bound.at);
        op_buf_printf(to, "%lld\n", (long long)sum);
        op_buf_free(&bound);
    }
    s_head(to, series, "_sum", NULL);
    s_number(to, total, s_metrics[series->metric].unit);
    op_buf_add_byte(to, '\n');
    s_head(to, series, "_count", NULL);
    op_buf_printf(to, "%lld\n", (long long)sum);
}

void op_metrics_print(op_metrics_t *self, op_buf_t *to)
{
    static const char *const kinds[] = {"counter", "counter", "gauge", "histogram"};
    for (size_t i = 0; i < OP_METRIC_END; i++) {
        series_t *series = atomic_load_explicit(&self->by_metric[i], memory_order_acquire);
        const s_metric_t *metric = &s_metrics[i];
        op_buf_printf(to, "# HELP %s %s\n# TYPE %s %s\n", metric->name, metric->help, metric->name,
                      kinds[metric->kind]);
        for (; series;
             series = atomic_load_explicit(&series->next_by_metric, memory_order_acquire)) {
            if (metric->kind == S_HISTOGRAM) {
                s_print_histogram(to, series);
                continue;
            }
            s_head(to, series, "", NULL);
            s_number(to, atomic_load(&series->value), metric->unit);
            op_buf_add_byte(to, '\n');
        }
    }
}
