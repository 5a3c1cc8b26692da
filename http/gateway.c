/*  A request's way through this file: s_serve finds out what is asked, s_ask asks the actors,
    s_answer writes what they said (answer.h), and s_finish adds the headers that every response
    has. What the server refuses by itself comes only through op_gateway_prepare; a response that
    has been through s_finish is known there by its X-Request-Id.

    All of it runs on the server's workers, each with an s_exchange_t on its stack. They share the
    options, which do not change, the table of calls, which locks for itself, and the source of
    request ids, which has the only mutex here. A worker waits for actors and for nothing else, and
    each wait has a deadline. There is a call for each worker; where more workers are inside than
    that, the request is refused without having been counted, because counting is a call too. */

#include "http/gateway.h"

#include "base/instant.h"
#include "http/answer.h"
#include "http/binding.h"
#include "http/cors.h"
#include "http/credential.h"
#include "http/idempotency.h"
#include "http/ready.h"
#include "http/shared_number.h"
#include "transport/clock.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct op_gateway {
    op_gateway_options_t options;
    op_calls_t *calls;
    pthread_mutex_t mutex; /* of the request ids */
    op_id_clock_t ids;
    op_random_t random;
};

/*  One request being served. */
typedef struct {
    op_gateway_t *gateway;
    const op_http_request_t *request;
    op_http_response_t *response;
    op_call_t *call; /* NULL: none is free */
    char id[OP_REQUEST_ID_MAX + 1];
    op_context_t window; /* its limit, remaining and reset count */
    const op_route_t *route;
    const char *otherwise; /* what it is instead, without a route */
    bool looks;            /* is shown the address's window, without being counted */
    bool page;             /* the answer is one of pages.h */
    bool reads;            /* nothing was done, so that a 429 may stand in place of any answer */
} s_exchange_t;

static const uint8_t s_count_step = OP_STEP_RATE_ADDRESS, s_look_step = OP_STEP_RATE_LOOK;

/*  ---- New and destroy ---- */

op_gateway_t *op_gateway_new(const op_gateway_options_t *options, char error[256])
{
    size_t workers = options->workers ? options->workers : OP_GATEWAY_WORKERS;
    op_calls_t *calls = op_calls_new(options->name ? options->name : "http", workers, error);
    if (!calls)
        return NULL;
    op_gateway_t *self = op_alloc(sizeof *self);
    *self = (op_gateway_t){.options = *options, .calls = calls};
    if (self->options.deadline_ms <= 0)
        self->options.deadline_ms = OP_REQUEST_DEADLINE_MS;
    uint8_t entropy[OP_ENTROPY_SIZE];
    op_clock_entropy(entropy, sizeof entropy);
    op_random_seed(&self->random, entropy);
    pthread_mutex_init(&self->mutex, NULL);
    return self;
}

void op_gateway_stop(op_gateway_t *self)
{
    op_calls_stop(self->calls);
}

void op_gateway_destroy(op_gateway_t **self_p)
{
    OP_ASSERT(self_p);
    op_gateway_t *self = *self_p;
    if (!self)
        return;
    op_calls_destroy(&self->calls);
    pthread_mutex_destroy(&self->mutex);
    free(self);
    *self_p = NULL;
}

op_calls_counts_t op_gateway_counts(op_gateway_t *self)
{
    return op_calls_counts(self->calls);
}

/*  ---- The answer ---- */

static void s_header(s_exchange_t *self, const char *name, const char *value)
{
    op_answer_header(self->response, name, op_str(value));
}

static void s_refuse(s_exchange_t *self, op_error_t error)
{
    op_answer_refuse(self->response, error, NULL, NULL);
}

/*  Does the client's own leg have TLS? */
static bool s_is_https(const s_exchange_t *self)
{
    return self->gateway->options.behind_tls || self->request->https;
}

/*  Writes what came back: a refusal, or the message that `route` answers with. */
static void s_answer(s_exchange_t *self, const op_route_t *route)
{
    const op_envelope_t *reply = &self->call->reply;
    const op_type_t *type = op_message_type(reply->type);
    /* The itinerary of the health check ends where calls are counted. */
    const op_type_t *expected = route->name == OP_ROUTE_HEALTH ? &op_nothing_type : route->response;
    op_decode_t result = OP_DECODE_TYPE;
    const void *body = op_frame_body(type, self->call->body, &self->call->arena, &result);
    self->window = reply->context;
    if (!body || (type != &op_refusal_type && type != expected))
        s_refuse(self, OP_ERROR_INTERNAL);
    else if (type == &op_refusal_type)
        op_answer_refusal(self->response, body);
    else
        op_answer_success(self->response, route, body, s_is_https(self));
}

/*  ---- The question ---- */

static op_context_t s_context(const s_exchange_t *self, const op_hash_t *credential)
{
    op_str_t address = self->request->client_ip;
    if (address.size > OP_ADDRESS_MAX)
        address.size = OP_ADDRESS_MAX;
    return (op_context_t){.credential = *credential, .address = address};
}

/*  Asks the first `count` steps of the route. False: nobody has answered, which is said. */
static bool s_ask(s_exchange_t *self, const op_route_t *route, size_t count, const op_type_t *type,
                  const void *message, const op_context_t *context)
{
    const op_gateway_options_t *options = &self->gateway->options;
    int deadline_ms = options->deadline_ms;
    if (route->name == OP_ROUTE_WEBHOOK_TEST)
        deadline_ms += options->post_ms;
    if (op_calls_ask(self->gateway->calls, self->call, (op_str_t){0}, route->steps, count, type,
                     message, context, op_str(self->id), deadline_ms) == OP_ASK_ANSWERED)
        return true;
    s_refuse(self, OP_ERROR_UNAVAILABLE);
    return false;
}

/*  The answer, where it is a refusal; else NULL. */
static const op_refusal_t *s_refused(s_exchange_t *self)
{
    op_decode_t result;
    if (self->call->reply.type != op_refusal_type.number)
        return NULL;
    return op_frame_body(&op_refusal_type, self->call->body, &self->call->arena, &result);
}

/*  What is wrong with a call is told to those who may make calls, and is one of theirs: that is for
    the route's first steps to say. */
static void s_fault(s_exchange_t *self, const op_route_t *route, const op_context_t *context,
                    const op_json_fault_t *fault)
{
    static const op_nothing_t nothing = {0};
    const op_refusal_t *refusal = NULL;
    size_t count = op_route_entry(route);
    if (count && !s_ask(self, route, count, &op_nothing_type, &nothing, context))
        return;
    if (count) {
        self->window = self->call->reply.context;
        refusal = s_refused(self);
    }
    if (refusal)
        op_answer_refusal(self->response, refusal);
    else
        op_answer_refuse(self->response, fault->error, fault->sentence, fault->field);
}

static void s_serve_page(s_exchange_t *self)
{
    op_pages_t *pages = self->gateway->options.pages;
    char number[OP_PHONE_MAX + 1];
    op_pages_fact_t shared = {"shared_number", number};
    bool known = op_pages_holds(pages, self->request->path, shared.name) &&
                 op_shared_number_ask(self->gateway->calls, self->call, op_str(self->id), number);
    op_pages_serve(pages, self->request, known ? &shared : NULL, self->response);
}

/*  A page, or whether the server is ready. False: there is nothing of the kind here. */
static bool s_page(s_exchange_t *self)
{
    const op_pages_t *pages = self->gateway->options.pages;
    op_str_t method = self->request->method;
    bool ready = op_str_is(self->request->path, OP_READY_PATH);
    if (!ready && !op_pages_has(pages, self->request->path))
        return false;
    self->otherwise = ready ? "[ready]" : "[page]";
    self->reads = op_str_is(method, "GET") || op_str_is(method, "HEAD");
    self->page = self->reads && !ready;
    if (self->page)
        s_serve_page(self);
    else if (self->reads)
        op_ready_answer(self->gateway->calls, self->call, op_str(self->id), self->response);
    if (self->reads)
        return true;
    s_header(self, "Allow", "GET, HEAD, OPTIONS");
    if (op_str_is(self->request->method, "OPTIONS"))
        self->response->status = 204;
    else
        s_refuse(self, OP_ERROR_METHOD_NOT_ALLOWED);
    return true;
}

/*  A method that the path has no route for; OPTIONS, which every path has, is one of them. */
static void s_no_route(s_exchange_t *self)
{
    if (s_page(self))
        return;
    op_buf_t allow = {0};
    if (!op_route_allow(self->request->path, &allow)) {
        s_refuse(self, OP_ERROR_NOT_FOUND);
        return;
    }
    OP_ASSERT(op_http_response_header(self->response, "Allow", op_buf_str(&allow)));
    if (op_str_is(self->request->method, "OPTIONS")) {
        self->response->status = 204;
        op_cors_preflight(self->request, op_buf_str(&allow), self->response);
    } else {
        s_refuse(self, OP_ERROR_METHOD_NOT_ALLOWED);
    }
    op_buf_free(&allow);
}

/*  What the request asks for; NULL: *fault says what is wrong with it. */
static const void *s_read(s_exchange_t *self, const op_route_t *route,
                          const op_str_t ids[OP_ROUTE_IDS_MAX], op_context_t *context,
                          op_json_fault_t *fault)
{
    const op_gateway_options_t *options = &self->gateway->options;
    op_json_rules_t rules = {.check_url = options->check_url, .arg = options->url_arg};
    const void *message =
        op_binding_read(route, self->request, ids, &rules, &self->call->arena, fault);
    if (!message || op_idempotency_read(route, self->request, &context->once))
        return message;
    *fault = (op_json_fault_t){OP_ERROR_VALIDATION_ERROR, "Idempotency-Key",
                               "It must be one header of 1 to 255 visible ASCII characters."};
    return NULL;
}

static void s_serve(s_exchange_t *self)
{
    op_str_t ids[OP_ROUTE_IDS_MAX];
    const op_route_t *route = op_route_find(self->request->method, self->request->path, ids);
    self->route = route;
    if (!route) {
        s_no_route(self);
        return;
    }
    op_hash_t credential;
    op_error_t error = op_credential_check(route, self->request, s_is_https(self), &credential);
    if (error != OP_OK) {
        s_refuse(self, error);
        return;
    }
    op_context_t context = s_context(self, &credential);
    op_json_fault_t fault;
    const void *message = s_read(self, route, ids, &context, &fault);
    if (!message)
        s_fault(self, route, &context, &fault);
    else if (s_ask(self, route, route->step_count, route->request, message, &context))
        s_answer(self, route);
}

/*  ---- Every response ---- */

/*  Headers that belong to the answer which the 429 replaces. */
static void s_drop_headers(s_exchange_t *self)
{
    op_buf_clear(&self->response->headers);
    self->response->header_count = 0;
}

/*  Was the call granted, or may it have been? Then no 429 may say that it was not: a client would
    send its text again. */
static bool s_may_be_done(int status)
{
    return status < 400 || status == op_error_status(OP_ERROR_INTERNAL) ||
           status == op_error_status(OP_ERROR_UNAVAILABLE);
}

/*  Has the call counted against its address, when no step has counted it. */
static void s_count(s_exchange_t *self)
{
    static const op_hash_t nobody = {0};
    static const op_nothing_t nothing = {0};
    int timeout_ms = self->gateway->options.deadline_ms;
    op_context_t context = s_context(self, &nobody);
    if (timeout_ms > OP_GATEWAY_COUNT_MS)
        timeout_ms = OP_GATEWAY_COUNT_MS;
    if (!self->call ||
        op_calls_ask(self->gateway->calls, self->call, (op_str_t){0},
                     self->looks ? &s_look_step : &s_count_step, 1, &op_nothing_type, &nothing,
                     &context, op_str(self->id), timeout_ms) != OP_ASK_ANSWERED)
        return;
    self->window = self->call->reply.context;
    const op_refusal_t *refusal = s_refused(self);
    if (refusal && (self->reads || !s_may_be_done(self->response->status))) {
        s_drop_headers(self);
        op_answer_refusal(self->response, refusal);
        self->page = false;
    }
}

static void s_finish(s_exchange_t *self)
{
    if (self->window.limit == 0)
        s_count(self);
    if (self->window.limit == 0) {
        self->window.remaining = 0;
        self->window.reset = op_clock_now() + OP_SECOND_MS;
    }
    uint64_t reset = (uint64_t)(self->window.reset > 0 ? self->window.reset : 0);
    s_header(self, "X-Request-Id", self->id);
    op_answer_number(self->response, "X-RateLimit-Limit", self->window.limit);
    op_answer_number(self->response, "X-RateLimit-Remaining", self->window.remaining);
    op_answer_number(self->response, "X-RateLimit-Reset",
                     (reset + OP_SECOND_MS - 1) / OP_SECOND_MS);
    if (!self->page)
        s_header(self, "Cache-Control", "no-store");
    op_cors_expose(self->request, self->response);
}

static void s_choose_id(s_exchange_t *self)
{
    op_str_t own = op_http_request_id(self->request);
    if (own.size && op_str_copy(own, self->id, sizeof self->id))
        return;
    op_gateway_t *gateway = self->gateway;
    pthread_mutex_lock(&gateway->mutex);
    op_id_t id = op_id_next(&gateway->ids, op_clock_now(), &gateway->random);
    pthread_mutex_unlock(&gateway->mutex);
    op_id_print(id, self->id);
}

static bool s_is_side(const op_gateway_t *self, op_str_t path)
{
    const char *prefix = self->options.side.prefix;
    if (!prefix || !op_str_starts(path, prefix))
        return false;
    size_t front = strlen(prefix);
    return path.size == front || path.at[front] == '/';
}

static void s_side(s_exchange_t *self)
{
    const op_gateway_options_t *options = &self->gateway->options;
    const op_http_request_t *request = self->request;
    self->looks = true;
    self->otherwise = "[side]";
    options->side.serve(options->side.arg, request->method, request->path, request->query,
                        request->body, self->response);
}

static void s_run(s_exchange_t *self, void (*serve)(s_exchange_t *))
{
    op_calls_t *calls = self->gateway->calls;
    int64_t began = op_clock_micros();
    self->otherwise = serve ? "[none]" : "[refused]";
    self->call = op_calls_take(calls);
    if (serve && self->call)
        serve(self);
    else if (serve)
        s_refuse(self, OP_ERROR_UNAVAILABLE);
    s_finish(self);
    if (self->call)
        op_calls_give(calls, &self->call);
    op_access_log_entry_t entry = {.route = self->route,
                                   .otherwise = self->otherwise,
                                   .status = self->response->status,
                                   .micros = op_clock_micros() - began,
                                   .address = self->request->client_ip,
                                   .request_id = op_str(self->id)};
    op_access_log(&self->gateway->options.access_log, &entry);
}

void op_gateway_handle(void *gateway, const op_http_request_t *request,
                       op_http_response_t *response)
{
    s_exchange_t self = {.gateway = gateway, .request = request, .response = response};
    s_choose_id(&self);
    s_run(&self, s_is_side(gateway, request->path) ? s_side : s_serve);
}

static bool s_is_finished(const op_http_response_t *response)
{
    static const char mark[] = "X-Request-Id: ";
    return response->headers.size &&
           memmem(response->headers.at, response->headers.size, mark, sizeof mark - 1) != NULL;
}

void op_gateway_prepare(void *gateway, const op_http_request_t *request,
                        op_http_response_t *response)
{
    if (s_is_finished(response))
        return;
    s_exchange_t self = {.gateway = gateway, .request = request, .response = response};
    s_choose_id(&self);
    /* A method that the server cannot read is no method of the path either. */
    s_run(&self, response->status == 405 ? s_no_route : NULL);
}

void op_gateway_ready(op_gateway_t *self, op_http_response_t *response)
{
    op_call_t *call = op_calls_take(self->calls);
    if (!call) {
        op_http_response_error(response, OP_ERROR_UNAVAILABLE, NULL, NULL);
        return;
    }
    op_ready_answer(self->calls, call, (op_str_t){0}, response);
    op_calls_give(self->calls, &call);
}
