#include "carrier/sim_api.h"

#include "base/instant.h"
#include "base/phone.h"
#include "carrier/sim_api_modem.h"
#include "transport/clock.h"
#include "transport/json.h"

#include <jansson.h>
#include <string.h>

enum { EVENTS_MAX = 1000 };

void op_sim_answer(op_http_response_t *response, int status, json_t *answer)
{
    char *text = json_dumps(answer, JSON_COMPACT);
    OP_ASSERT(text);
    response->status = status;
    op_buf_add_str(&response->body, op_str(text));
    free(text);
    json_decref(answer);
}

void op_sim_other_method(op_http_response_t *response, op_str_t method, op_str_t allowed)
{
    if (op_str_is(method, "OPTIONS"))
        response->status = 204;
    else
        op_http_response_error(response, OP_ERROR_METHOD_NOT_ALLOWED, NULL, NULL);
    op_http_response_header(response, "Allow", allowed);
}

json_t *op_sim_object(op_str_t body)
{
    if (body.size == 0 || op_json_too_deep(body))
        return NULL;
    json_t *object = json_loadb(body.at, body.size, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(object))
        return object;
    json_decref(object);
    return NULL;
}

static bool s_add_text(void *list, const op_carrier_text_t *text)
{
    char when[OP_INSTANT_TEXT + 1];
    op_instant_print(text->received_at, when);
    json_t *item =
        json_pack("{s:s%,s:s%,s:s}", "from", text->from.at, text->from.size, "body",
                  text->body.size ? text->body.at : "", text->body.size, "received_at", when);
    OP_ASSERT(item && json_array_append_new(list, item) == 0);
    return true;
}

static void s_list_texts(op_carrier_pty_t *carrier, op_str_t phone, op_http_response_t *response)
{
    json_t *data = json_array();
    op_carrier_pty_inbox(carrier, phone, 0, s_add_text, data);
    op_sim_answer(response, 200, json_pack("{s:o}", "data", data));
}

static void s_refuse(op_http_response_t *response, op_carrier_result_t result)
{
    op_error_t error = OP_ERROR_VALIDATION_ERROR;
    const char *field = "body";
    switch (result) {
    case OP_CARRIER_OK:
    case OP_CARRIER_EMPTY:
    case OP_CARRIER_BAD_TEXT:
        break;
    case OP_CARRIER_NO_NUMBER:
        error = OP_ERROR_NOT_FOUND;
        field = "to";
        break;
    case OP_CARRIER_BAD_PHONE:
        error = OP_ERROR_INVALID_PHONE;
        field = NULL;
        break;
    case OP_CARRIER_TOO_LONG:
        error = OP_ERROR_BODY_TOO_LONG;
        break;
    case OP_CARRIER_FULL:
        error = OP_ERROR_UNAVAILABLE;
        field = NULL;
        break;
    }
    op_http_response_error(response, error, op_carrier_result_text(result), field);
}

static void s_text(op_carrier_pty_t *carrier, op_str_t phone, op_str_t body,
                   op_http_response_t *response)
{
    json_t *text = op_sim_object(body);
    const char *to = NULL, *content = NULL;
    size_t to_size = 0, content_size = 0;
    if (!text ||
        json_unpack(text, "{s:s%,s:s%}", "to", &to, &to_size, "body", &content, &content_size) != 0)
        op_http_response_error(response, OP_ERROR_VALIDATION_ERROR,
                               "The body is a JSON object with the strings to and body.", NULL);
    else {
        op_carrier_result_t result = op_carrier_pty_text(carrier, phone, op_str_of(to, to_size),
                                                         op_str_of(content, content_size));
        if (result == OP_CARRIER_OK)
            op_sim_answer(response, 202, json_pack("{s:s}", "status", "accepted"));
        else
            s_refuse(response, result);
    }
    json_decref(text);
}

static const char *s_what(op_carrier_what_t what)
{
    switch (what) {
    case OP_CARRIER_TEXTED:
        return "texted";
    case OP_CARRIER_STORED:
        return "stored";
    case OP_CARRIER_NOTIFIED:
        return "notified";
    case OP_CARRIER_READ:
        return "read";
    case OP_CARRIER_DELETED:
        return "deleted";
    case OP_CARRIER_SUBMITTING:
        return "submitting";
    case OP_CARRIER_ACCEPTED:
        return "accepted";
    case OP_CARRIER_REFUSED:
        return "refused";
    case OP_CARRIER_ANSWERED:
        return "answered";
    }
    return "?";
}

static void s_list_events(op_carrier_pty_t *carrier, op_str_t query, op_http_response_t *response)
{
    uint64_t after = 0;
    if (op_str_starts(query, "after=") &&
        !op_str_to_u64(op_str_of(query.at + 6, query.size - 6), UINT64_MAX - 1, &after)) {
        op_http_response_error(response, OP_ERROR_VALIDATION_ERROR, "after is a number.", "after");
        return;
    }
    json_t *data = json_array();
    uint64_t end = op_carrier_pty_events(carrier);
    op_carrier_event_t event;
    /* The carrier counts from 0, the caller from 1, so that after=0 means all. */
    for (uint64_t n = after; n < end && json_array_size(data) < EVENTS_MAX; n++)
        if (op_carrier_pty_event(carrier, n, &event))
            json_array_append_new(
                data, json_pack("{s:I,s:I,s:s,s:s,s:i}", "number", (json_int_t)(n + 1), "at_ms",
                                (json_int_t)event.at, "what", s_what(event.what), "modem",
                                op_carrier_pty_number(carrier, event.modem), "detail",
                                (int)event.detail));
    op_sim_answer(response, 200, json_pack("{s:o}", "data", data));
}

static void s_switch(op_carrier_pty_t *carrier, op_str_t phone, op_str_t body,
                     op_http_response_t *response)
{
    json_t *object = op_sim_object(body);
    int on = 0;
    if (!object || json_unpack(object, "{s:b!}", "on", &on) != 0) {
        op_http_response_error(response, OP_ERROR_VALIDATION_ERROR,
                               "The body is {\"on\": true} or {\"on\": false}.", "on");
    } else {
        op_carrier_result_t result = op_carrier_pty_phone(carrier, phone, on != 0);
        if (result == OP_CARRIER_OK)
            op_sim_answer(response, 200, json_pack("{s:b}", "on", on));
        else
            s_refuse(response, result);
    }
    json_decref(object);
}

/*  `rest` is what lies behind /sim/phones. */
static void s_serve_phones(op_carrier_pty_t *carrier, op_str_t method, op_str_t rest, op_str_t body,
                           op_http_response_t *response)
{
    bool get = op_str_is(method, "GET") || op_str_is(method, "HEAD");
    size_t end = 1;
    while (end < rest.size && rest.at[end] != '/')
        end++;
    op_str_t phone = op_str_of(rest.at + 1, rest.size ? end - 1 : 0);
    op_str_t behind = op_str_of(rest.at + end, rest.size > end ? rest.size - end : 0);
    bool messages = op_str_is(behind, "/messages");
    if (phone.size == 0 || (behind.size && !messages))
        op_http_response_error(response, OP_ERROR_NOT_FOUND, NULL, NULL);
    else if (!op_phone_valid(phone))
        op_http_response_error(response, OP_ERROR_INVALID_PHONE, NULL, NULL);
    else if (messages && get)
        s_list_texts(carrier, phone, response);
    else if (messages && op_str_is(method, "POST"))
        s_text(carrier, phone, body, response);
    else if (messages)
        op_sim_other_method(response, method, OP_STR("GET, HEAD, POST, OPTIONS"));
    else if (get)
        op_sim_answer(response, 200,
                      json_pack("{s:b}", "on", op_carrier_pty_phone_on(carrier, phone)));
    else if (op_str_is(method, "PATCH"))
        s_switch(carrier, phone, body, response);
    else
        op_sim_other_method(response, method, OP_STR("GET, HEAD, PATCH, OPTIONS"));
}

/*  Is the path `head`, or below it? What is behind it goes to *rest. */
static bool s_below(op_str_t path, const char *head, op_str_t *rest)
{
    size_t size = strlen(head);
    if (!op_str_starts(path, head) || (path.size > size && path.at[size] != '/'))
        return false;
    *rest = op_str_of(path.at + size, path.size - size);
    return true;
}

static void s_show_clock(op_http_response_t *response)
{
    char now[OP_INSTANT_TEXT + 1];
    op_instant_print(op_clock_now(), now);
    op_sim_answer(response, 200,
                  json_pack("{s:s,s:I}", "now", now, "ahead_s",
                            (json_int_t)(op_clock_ahead() / OP_SECOND_MS)));
}

static void s_move_clock(const op_sim_t *sim, op_str_t body, op_http_response_t *response)
{
    static const int64_t most = OP_CLOCK_AHEAD_MAX_MS / OP_SECOND_MS;
    json_t *wanted = op_sim_object(body);
    const json_t *seconds = json_object_get(wanted, "advance_s");
    int64_t by = json_is_integer(seconds) ? json_integer_value(seconds) : -1;
    json_decref(wanted);
    if (by < 0 || by > most || !op_clock_advance(by * OP_SECOND_MS))
        op_http_response_error(response, OP_ERROR_VALIDATION_ERROR,
                               "advance_s is how many seconds shall pass, a century at most.",
                               "advance_s");
    else if (op_carrier_pty_look(sim->carrier), sim->moved(sim->arg))
        s_show_clock(response);
    else
        op_http_response_error(response, OP_ERROR_UNAVAILABLE, NULL, NULL);
}

static void s_serve_clock(const op_sim_t *sim, op_str_t method, op_str_t body,
                          op_http_response_t *response)
{
    if (op_str_is(method, "GET") || op_str_is(method, "HEAD"))
        s_show_clock(response);
    else if (op_str_is(method, "POST"))
        s_move_clock(sim, body, response);
    else
        op_sim_other_method(response, method, OP_STR("GET, HEAD, POST, OPTIONS"));
}

void op_sim_serve(void *arg, op_str_t method, op_str_t path, op_str_t query, op_str_t body,
                  op_http_response_t *response)
{
    const op_sim_t *sim = arg;
    op_carrier_pty_t *carrier = sim->carrier;
    op_str_t rest;
    if (sim->moved && op_str_is(path, "/sim/clock"))
        s_serve_clock(sim, method, body, response);
    else if (s_below(path, "/sim/phones", &rest))
        s_serve_phones(carrier, method, rest, body, response);
    else if (s_below(path, "/sim/modems", &rest))
        op_sim_serve_modems(carrier, method, rest, body, response);
    else if (!op_str_is(path, "/sim/events"))
        op_http_response_error(response, OP_ERROR_NOT_FOUND, NULL, NULL);
    else if (op_str_is(method, "GET") || op_str_is(method, "HEAD"))
        s_list_events(carrier, query, response);
    else
        op_sim_other_method(response, method, OP_STR("GET, HEAD, OPTIONS"));
}
