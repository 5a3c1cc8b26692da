#include "tools/opbench/latency.h"

#include "tools/opbench/account.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { S_POLL_US = 500 };

static const char S_PEER[] = "+14155570001";

typedef struct {
    op_bench_client_t *client;
    const char *key;
    char number[20]; /* what the key sends from */
    int64_t seen;    /* the newest event's number, -1 at first */
    op_bench_latency_t *result;
} s_probe_t;

void op_bench_times_free(op_bench_times_t *self)
{
    free(self->at);
    *self = (op_bench_times_t){.count = 0};
}

double op_bench_times_at(const op_bench_times_t *self, double percent)
{
    if (self->count == 0)
        return 0;
    double exact = (double)self->count * percent / 100;
    size_t rank = (size_t)exact;
    if ((double)rank < exact)
        rank++;
    return self->at[rank == 0 ? 0 : rank - 1];
}

static int s_compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

/*  ---------------------------------------------------------------- the simulator's events */

/*  Looks through the events after the last one seen. 1: found `what`, and *at_ms is its time; 0:
    not among these (*more: there were some); -1: failed. `what` may be NULL: nothing is looked
    for. */
static int s_events(s_probe_t *self, const char *what, double *at_ms, bool *more)
{
    char path[64] = "/sim/events";
    if (self->seen >= 0)
        snprintf(path, sizeof path, "/sim/events?after=%lld", (long long)self->seen);
    json_t *answer = op_bench_json(self->client, "GET", path, NULL, NULL, 200);
    if (answer == NULL)
        return -1;
    int found = 0;
    size_t at;
    json_t *event;
    *more = false;
    json_array_foreach(json_object_get(answer, "data"), at, event)
    {
        int64_t number = json_integer_value(json_object_get(event, "number"));
        const char *name = json_string_value(json_object_get(event, "what"));
        if (number <= self->seen)
            continue;
        self->seen = number;
        *more = true;
        if (what != NULL && name != NULL && strcmp(name, what) == 0) {
            *at_ms = json_number_value(json_object_get(event, "at_ms"));
            found = 1;
            break;
        }
    }
    json_decref(answer);
    return found;
}

/*  Forgets all events so far. */
static int s_catch_up(s_probe_t *self)
{
    bool more = true;
    double at_ms;
    while (more) {
        if (s_events(self, NULL, &at_ms, &more) < 0)
            return -1;
    }
    return 0;
}

static int s_wait_event(s_probe_t *self, const char *what, double *at_ms)
{
    int64_t end_ns = op_bench_now_ns() + (int64_t)OP_BENCH_EVENT_MS * 1000000;
    while (op_bench_now_ns() < end_ns) {
        bool more;
        int found = s_events(self, what, at_ms, &more);
        if (found != 0)
            return found > 0 ? 0 : -1;
        op_bench_pause_us(S_POLL_US);
    }
    fprintf(stderr, "opbench: no \"%s\" within %d s\n", what, OP_BENCH_EVENT_MS / 1000);
    return -1;
}

/*  ---------------------------------------------------------------- one text each way */

/*  POST /v1/messages; *answered_ms is when its answer was there. */
static int s_post(s_probe_t *self, const char *body, char *id, size_t size, double *answered_ms)
{
    json_t *ask = json_pack("{s:s, s:s}", "to", S_PEER, "body", body);
    json_t *answer = op_bench_json(self->client, "POST", "/v1/messages", self->key, ask, 201);
    *answered_ms = op_bench_wall_ms();
    json_decref(ask);
    const char *found = json_string_value(json_object_get(answer, "id"));
    bool fits = found != NULL && op_str_copy(op_str(found), id, size);
    json_decref(answer);
    return fits ? 0 : -1;
}

static int s_wait_sent(s_probe_t *self, const char *id)
{
    char path[128];
    snprintf(path, sizeof path, "/v1/messages/%s", id);
    int64_t end_ns = op_bench_now_ns() + (int64_t)OP_BENCH_SENT_MS * 1000000;
    while (op_bench_now_ns() < end_ns) {
        json_t *answer = op_bench_json(self->client, "GET", path, self->key, NULL, 200);
        if (answer == NULL)
            return -1;
        const char *status = json_string_value(json_object_get(answer, "status"));
        bool sent = status != NULL && strcmp(status, "sent") == 0;
        json_decref(answer);
        if (sent)
            return 0;
        op_bench_pause_us(S_POLL_US);
    }
    fprintf(stderr, "opbench: a text was not sent within %d s\n", OP_BENCH_SENT_MS / 1000);
    return -1;
}

static bool s_lists(const json_t *answer, const char *body)
{
    size_t at;
    json_t *message;
    json_array_foreach(json_object_get(answer, "data"), at, message)
    {
        const char *text = json_string_value(json_object_get(message, "body"));
        if (text != NULL && strcmp(text, body) == 0)
            return true;
    }
    return false;
}

static int s_wait_listed(s_probe_t *self, const char *body, double *listed_ms)
{
    int64_t end_ns = op_bench_now_ns() + (int64_t)OP_BENCH_EVENT_MS * 1000000;
    while (op_bench_now_ns() < end_ns) {
        json_t *answer = op_bench_json(
            self->client, "GET", "/v1/messages?direction=inbound&limit=5", self->key, NULL, 200);
        *listed_ms = op_bench_wall_ms();
        if (answer == NULL)
            return -1;
        bool listed = s_lists(answer, body);
        json_decref(answer);
        if (listed)
            return 0;
        op_bench_pause_us(S_POLL_US);
    }
    fprintf(stderr, "opbench: an inbound text was not listed within %d s\n",
            OP_BENCH_EVENT_MS / 1000);
    return -1;
}

static int s_inbound(s_probe_t *self, size_t turn, double *time)
{
    char body[80], path[80];
    double from_ms, listed_ms, at_ms;
    /* Unlike every earlier one, also of an earlier run against the same server. */
    snprintf(body, sizeof body, "opbench %ld.%lld.%zu", (long)getpid(),
             (long long)op_bench_now_ns(), turn);
    snprintf(path, sizeof path, "/sim/phones/%s/messages", S_PEER);
    if (self->result->events && s_catch_up(self) != 0)
        return -1;
    from_ms = op_bench_wall_ms();
    json_t *ask = json_pack("{s:s, s:s}", "to", self->number, "body", body);
    char *json = json_dumps(ask, JSON_COMPACT);
    json_decref(ask);
    int status = op_bench_call(self->client,
                               &(op_bench_ask_t){"POST", path, OP_STR(""), op_str(json)}, NULL);
    free(json);
    if (status < 200 || status > 299) {
        fprintf(stderr, "opbench: the simulated phone's text was answered %d\n", status);
        return -1;
    }
    if (s_wait_listed(self, body, &listed_ms) != 0)
        return -1;
    /* The first notice behind the text's arrival: earlier ones may be of status reports. */
    if (self->result->events) {
        if (s_wait_event(self, "texted", &at_ms) != 0 ||
            s_wait_event(self, "notified", &from_ms) != 0)
            return -1;
    }
    *time = listed_ms - from_ms;
    return 0;
}

static int s_outbound(s_probe_t *self, size_t turn, double *time)
{
    char body[40], id[OP_BENCH_KEY_SIZE];
    double answered_ms, submitting_ms;
    snprintf(body, sizeof body, "opbench outbound %zu", turn);
    if (s_catch_up(self) != 0 || s_post(self, body, id, sizeof id, &answered_ms) != 0 ||
        s_wait_event(self, "submitting", &submitting_ms) != 0 || s_wait_sent(self, id) != 0)
        return -1;
    *time = submitting_ms - answered_ms;
    return 0;
}

/*  ---------------------------------------------------------------- all of them */

typedef int s_turn_t(s_probe_t *self, size_t turn, double *time);

static int s_series(s_probe_t *self, s_turn_t *turn, size_t count, op_bench_times_t *times)
{
    times->at = op_alloc((count == 0 ? 1 : count) * sizeof *times->at);
    int failed = 0;
    while (times->count < count && failed == 0) {
        failed = turn(self, times->count, &times->at[times->count]);
        if (failed == 0)
            times->count++;
    }
    qsort(times->at, times->count, sizeof *times->at, s_compare);
    return failed;
}

/*  The first call, and whether there are events. */
static int s_prepare(s_probe_t *self)
{
    const op_bench_ask_t ask = {"GET", "/sim/events", OP_STR(""), OP_STR("")};
    self->result->events = op_bench_call(self->client, &ask, NULL) == 200;
    json_t *line = op_bench_json(self->client, "GET", "/v1/number", self->key, NULL, 200);
    const char *number = json_string_value(json_object_get(line, "e164"));
    bool fits = number != NULL && op_str_copy(op_str(number), self->number, sizeof self->number);
    json_decref(line);
    if (!fits)
        return -1;
    /* Replies on the shared number go to those who have texted the peer: be one of them. */
    char id[OP_BENCH_KEY_SIZE];
    double answered_ms;
    if (s_post(self, "opbench says hello", id, sizeof id, &answered_ms) != 0)
        return -1;
    return s_wait_sent(self, id);
}

int op_bench_latency(op_bench_client_t *client, const char *key, size_t count,
                     op_bench_latency_t *result)
{
    OP_ASSERT(count <= OP_BENCH_LATENCY_MAX);
    *result = (op_bench_latency_t){.events = false};
    s_probe_t self = {.client = client, .key = key, .seen = -1, .result = result};
    if (s_prepare(&self) != 0 || s_series(&self, s_inbound, count, &result->inbound) != 0)
        return -1;
    return result->events ? s_series(&self, s_outbound, count, &result->outbound) : 0;
}
