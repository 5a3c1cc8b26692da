#include "http/observer.h"

#include "http/ready.h"

static void s_put_asks(const op_observer_t *self)
{
    op_calls_counts_t counts = op_gateway_counts(self->gateway);
    const struct {
        op_str_t result;
        uint64_t count;
    } asks[] = {{OP_STR("silent"), counts.silent},
                {OP_STR("full"), counts.full},
                {OP_STR("late"), counts.late},
                {OP_STR("bad"), counts.bad}};
    for (size_t i = 0; i < OP_COUNT(asks); i++)
        op_metrics_put(self->metrics, OP_METRIC_HTTP_ASKS, (int64_t)asks[i].count, asks[i].result,
                       (op_str_t){0});
}

static void s_metrics(const op_observer_t *self, op_http_response_t *response)
{
    if (self->gateway)
        s_put_asks(self);
    if (self->look)
        self->look(self->arg);
    op_metrics_put_process(self->metrics);
    op_metrics_print(self->metrics, &response->body);
    response->content_type = OP_METRICS_CONTENT_TYPE;
}

static void s_ready(const op_observer_t *self, op_http_response_t *response)
{
    if (self->gateway) {
        op_gateway_ready(self->gateway, response);
        return;
    }
    op_call_t *call = op_calls_take(self->calls);
    if (!call) {
        op_http_response_error(response, OP_ERROR_UNAVAILABLE, NULL, NULL);
        return;
    }
    op_ready_answer(self->calls, call, (op_str_t){0}, response);
    op_calls_give(self->calls, &call);
}

void op_observer_handle(void *observer, const op_http_request_t *request,
                        op_http_response_t *response)
{
    const op_observer_t *self = observer;
    bool metrics = op_str_is(request->path, "/metrics");
    if (!metrics && !op_str_is(request->path, OP_READY_PATH))
        op_http_response_error(response, OP_ERROR_NOT_FOUND, NULL, NULL);
    else if (!op_str_is(request->method, "GET") && !op_str_is(request->method, "HEAD")) {
        op_http_response_error(response, OP_ERROR_METHOD_NOT_ALLOWED, NULL, NULL);
        (void)op_http_response_header(response, "Allow", OP_STR("GET, HEAD"));
    } else if (metrics)
        s_metrics(self, response);
    else
        s_ready(self, response);
    (void)op_http_response_header(response, "Cache-Control", OP_STR("no-store"));
}
