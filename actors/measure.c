#include "actors/measure.h"

#include "transport/clock.h"

static void s_put_counts(op_metrics_t *metrics, const op_actor_t *actor)
{
    op_str_t name = op_str(op_actor_name(actor)), none = {0};
    op_actor_counts_t counts = op_actor_counts(actor);
    const struct {
        op_metric_t metric;
        op_str_t label;
        uint64_t value;
    } totals[] = {
        {OP_METRIC_TURNS, none, counts.turns},
        {OP_METRIC_STEPS, none, counts.steps},
        {OP_METRIC_COMMITS, none, counts.commits},
        {OP_METRIC_SYNCS, none, counts.syncs},
        {OP_METRIC_RESENT, none, counts.resent},
        {OP_METRIC_UNACKNOWLEDGED, none, op_actor_unacknowledged(actor)},
        {OP_METRIC_DROPPED, OP_STR("bad"), counts.bad},
        {OP_METRIC_DROPPED, OP_STR("late"), counts.late},
        {OP_METRIC_DROPPED, OP_STR("repeat"), counts.repeats},
        {OP_METRIC_DROPPED, OP_STR("early"), counts.early},
    };
    for (size_t i = 0; i < OP_COUNT(totals); i++)
        op_metrics_put(metrics, totals[i].metric, (int64_t)totals[i].value, name, totals[i].label);
}

void op_measure_turn(op_metrics_t *metrics, op_actor_t *actor, int64_t began, uint64_t commits)
{
    op_metric_t metric;
    int64_t value;
    op_str_t first, second;
    if (!metrics)
        return;
    while (op_actor_next_count(actor, &metric, &value, &first, &second))
        op_metrics_put(metrics, metric, value, first, second);
    s_put_counts(metrics, actor);
    if (op_actor_counts(actor).commits > commits)
        op_metrics_put(metrics, OP_METRIC_COMMIT_DURATION, op_clock_micros() - began,
                       op_str(op_actor_name(actor)), (op_str_t){0});
}

void op_measure_look(op_metrics_t *metrics, const op_actor_t *actor, size_t waiting)
{
    op_str_t name = op_str(op_actor_name(actor)), none = {0};
    op_metrics_put(metrics, OP_METRIC_MAILBOX_DEPTH, (int64_t)waiting, name, none);
    op_metrics_put(metrics, OP_METRIC_LOOKED, op_clock_now(), name, none);
}
