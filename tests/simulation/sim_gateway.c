/*  sim_gateway.c - the http actor: requests out, answers in, each within its deadline */

#include "tests/simulation/sim_private.h"

#include "base/instant.h"

#include <stdio.h>
#include <string.h>

void sim_ask(sim_t *self, sim_request_t request, const op_type_t *type, const void *body)
{
    MODEL_ROOM(self->requests, self->request_count);
    size_t number = (size_t)self->request_count++;
    const op_route_t *route = op_route(request.route);
    char address[32];
    request.open = true;
    request.asked = self->now;
    self->requests[number] = request;
    self->users[request.user].busy = true;
    self->verdict->requests++;
    /* A test of a webhook waits for its receiver, perhaps twice. */
    int64_t deadline = OP_REQUEST_DEADLINE_MS;
    deadline += request.what == SIM_DO_HOOK_TEST ? 2 * 10 * OP_SECOND_MS : 0;
    sim_queue_put(&self->queue, self->now + deadline, SIM_EVENT_DEADLINE, number, 0, (op_str_t){0});
    if (!self->processes[0].alive)
        return; /* nobody listens: the deadline tells */
    snprintf(address, sizeof address, "10.0.0.%d", request.user + 1);
    op_envelope_t envelope = {.kind = OP_FRAME_REQUEST,
                              .from = OP_STR("http"),
                              .to = op_str(op_step_actor(route->steps[0])),
                              .correlation = number + 1,
                              .origin = OP_STR("http"),
                              .deadline = sim_local(self, 0) + deadline,
                              .slip = op_str_of(route->steps, route->step_count),
                              .context.address = op_str(address)};
    if (request.key != MODEL_NONE)
        envelope.context.credential = self->model.keys[request.key].hash;
    else if (request.session != MODEL_NONE)
        envelope.context.credential = self->model.sessions[request.session].hash;
    op_buf_t frame = {0};
    op_frame_encode(&envelope, type, body, &frame);
    sim_network_send(self, SIM_HTTP, sim_peer_named(envelope.to), op_buf_str(&frame));
    op_buf_free(&frame);
}

static const char *s_error(const op_type_t *type, const void *body)
{
    if (type != &op_refusal_type)
        return NULL;
    return op_error_code(op_error_from(((const op_refusal_t *)body)->error));
}

/*  Was the credential taken, whatever became of the call? Some errors come from before its
    check. */
static void s_check_credential(sim_t *self, const sim_request_t *request, const char *error)
{
    bool says_nothing = error && strcmp(error, "unauthenticated") != 0;
    if (says_nothing)
        return;
    if (request->key != MODEL_NONE)
        model_key_used(&self->model, request->key, request->asked, error);
    else if (request->session != MODEL_NONE)
        model_session_used(&self->model, request->session, request->asked, error);
}

void sim_gateway_frame(sim_t *self, const op_envelope_t *envelope, const op_type_t *type,
                       const void *body)
{
    if (envelope->kind != OP_FRAME_REPLY || envelope->correlation == 0 ||
        envelope->correlation > (uint64_t)self->request_count) {
        model_wrong(&self->model, "answers: a frame to http that answers nothing");
        return;
    }
    sim_request_t *open = &self->requests[envelope->correlation - 1];
    if (!open->open)
        return; /* too late */
    open->open = false;
    sim_request_t request = *open;
    const char *error = s_error(type, body);
    if (!error && type != op_route(request.route)->response) {
        model_wrong(&self->model, "answers: a call was answered with a %s", type->name);
        return;
    }
    if (error && strcmp(error, "internal") == 0)
        model_wrong(&self->model, "answers: a call ended in an internal error");
    self->users[request.user].busy = false;
    self->model.pending_hooks -= request.what == SIM_DO_HOOK_CREATE;
    s_check_credential(self, &request, error);
    sim_user_answered(self, &request, envelope, type, body);
}

static void s_give_up(sim_t *self, size_t number)
{
    sim_request_t *open = &self->requests[number];
    if (!open->open)
        return;
    open->open = false;
    sim_request_t request = *open;
    self->users[request.user].busy = false;
    self->model.pending_hooks -= request.what == SIM_DO_HOOK_CREATE;
    self->verdict->silences++;
    if (self->part == SIM_READING)
        model_wrong(&self->model, "answers: a call got none, long after all faults");
    sim_user_unanswered(self, &request);
}

void sim_gateway_deadline(sim_t *self, size_t request)
{
    s_give_up(self, request);
}

void sim_gateway_died(sim_t *self)
{
    int first = self->request_count > 100 ? self->request_count - 100 : 0;
    for (int i = first; i < self->request_count; i++)
        s_give_up(self, (size_t)i);
}

/*  ---- What rate and the daily cap let pass ---- */

/*  Counts the request where rate does: by the windows of the step, against whom it concerns. */
static void s_count(sim_t *self, const sim_request_t *request)
{
    const struct {
        op_step_t step;
        char kind; /* as the model's windows are named */
        int subject;
    } table[] = {
        {OP_STEP_RATE_START, 'p', request->user},      {OP_STEP_RATE_START, 'A', request->user},
        {OP_STEP_RATE_CONSOLE, 's', request->session}, {OP_STEP_RATE_SEND, 'k', request->key},
        {OP_STEP_RATE_READ, 'r', request->key},
    };
    const op_route_t *route = op_route(request->route);
    int64_t clock = sim_local(self, self->actors[SIM_RATE].process);
    for (size_t i = 0; i < route->step_count; i++)
        for (size_t k = 0; k < OP_COUNT(table); k++)
            if (route->steps[i] == table[k].step)
                model_counted(&self->model, table[k].kind, table[k].subject, clock);
}

void sim_gateway_watch(sim_t *self, size_t from, const op_envelope_t *envelope,
                       const op_type_t *type, op_str_t bytes)
{
    bool known = envelope->correlation && envelope->correlation <= (uint64_t)self->request_count;
    if (!known || op_str_is(envelope->origin, "control") || op_str_is(envelope->to, "control"))
        return;
    const sim_request_t *request = &self->requests[envelope->correlation - 1];
    if (from == SIM_RATE && envelope->kind == OP_FRAME_REQUEST)
        s_count(self, request);
    if (from != SIM_LEDGER || envelope->kind != OP_FRAME_REPLY || type != &op_refusal_type ||
        request->what != SIM_DO_SEND)
        return;
    op_decode_t result;
    const op_refusal_t *refusal = op_frame_body(type, bytes, &self->arena, &result);
    if (refusal && refusal->error == OP_ERROR_RATE_LIMITED)
        model_given_back(&self->model, request->key);
}
