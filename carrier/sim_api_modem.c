#include "carrier/sim_api_modem.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

/*  ---- What is shown ---- */

static json_t *s_ttys(op_carrier_pty_t *carrier, size_t modem)
{
    static const char *const kinds[] = {"at", "data", "diag"};
    const op_sim_family_t *family = op_carrier_pty_family(carrier, modem);
    json_t *list = json_array();
    for (size_t i = 0; i < op_carrier_pty_ttys(carrier, modem); i++) {
        char path[OP_CARRIER_TTY_PATH];
        op_sim_tty_t kind = family->tty_count ? family->ttys[i] : OP_SIM_TTY_AT;
        if (op_carrier_pty_tty(carrier, modem, i, path))
            json_array_append_new(list,
                                  json_pack("{s:s,s:s}", "device", path, "kind", kinds[kind]));
    }
    return list;
}

static json_t *s_modem(op_carrier_pty_t *carrier, size_t modem)
{
    char path[OP_CARRIER_TTY_PATH], sim[OP_PHONE_MAX + 1];
    bool plugged = op_carrier_pty_tty(carrier, modem, op_carrier_pty_main(carrier, modem), path);
    bool card = op_carrier_pty_sim(carrier, modem, sim);
    return json_pack("{s:s,s:s?,s:s?,s:s,s:b,s:o}", "number", op_carrier_pty_number(carrier, modem),
                     "device", plugged ? path : NULL, "sim", card ? sim : NULL, "family",
                     op_carrier_pty_family(carrier, modem)->name, "plugged", plugged, "ttys",
                     s_ttys(carrier, modem));
}

static json_t *s_knob(op_carrier_pty_t *carrier, size_t modem, op_knob_t knob)
{
    int64_t value = op_carrier_pty_get(carrier, modem, knob);
    op_str_t word = op_knob_word(knob, value);
    switch (op_knob_row(knob)->kind) {
    case OP_KNOB_IS_NUMBER:
        return json_integer((json_int_t)value);
    case OP_KNOB_IS_SWITCH:
        return json_boolean(value != 0);
    case OP_KNOB_IS_CHOICE:
        return json_stringn(word.at, word.size);
    }
    return json_null();
}

static void s_show(op_carrier_pty_t *carrier, size_t modem, op_http_response_t *response)
{
    json_t *answer = s_modem(carrier, modem);
    for (int knob = 0; knob < OP_KNOB_END; knob++)
        json_object_set_new(answer, op_knob_name((op_knob_t)knob),
                            s_knob(carrier, modem, (op_knob_t)knob));
    op_sim_answer(response, 200, answer);
}

static void s_list(op_carrier_pty_t *carrier, op_http_response_t *response)
{
    json_t *data = json_array();
    for (size_t i = 0; i < op_carrier_pty_modems(carrier); i++)
        json_array_append_new(data, s_modem(carrier, i));
    op_sim_answer(response, 200, json_pack("{s:o}", "data", data));
}

/*  ---- What is changed ---- */

/*  The knob's value of a JSON value; -1 when it takes no such one. */
static int64_t s_value(op_knob_t knob, const json_t *value)
{
    const op_knob_row_t *row = op_knob_row(knob);
    json_int_t number = json_integer_value(value);
    switch (row->kind) {
    case OP_KNOB_IS_NUMBER:
        return json_is_integer(value) && number >= 0 && number <= row->max ? number : -1;
    case OP_KNOB_IS_SWITCH:
        return json_is_boolean(value) ? json_is_true(value) : -1;
    case OP_KNOB_IS_CHOICE:
        for (int64_t i = 0; json_is_string(value) && i <= row->max; i++)
            if (op_str_equal(op_knob_word(knob, i),
                             op_str_of(json_string_value(value), json_string_length(value))))
                return i;
        return -1;
    }
    return -1;
}

static void s_refuse_knob(op_http_response_t *response, const char *name, op_knob_t knob)
{
    char why[256];
    if (knob == OP_KNOB_END)
        snprintf(why, sizeof why, "There is no such knob.");
    else if (op_knob_row(knob)->kind == OP_KNOB_IS_NUMBER)
        snprintf(why, sizeof why, "It is a whole number from 0 to %lld.",
                 (long long)op_knob_row(knob)->max);
    else if (op_knob_row(knob)->kind == OP_KNOB_IS_SWITCH)
        snprintf(why, sizeof why, "It is true or false.");
    else
        snprintf(why, sizeof why, "It is one of %s.", op_knob_row(knob)->words);
    op_http_response_error(response, OP_ERROR_VALIDATION_ERROR, why,
                           knob == OP_KNOB_END ? NULL : name);
}

/*  All of the members or, when one is wrong, none. */
static void s_patch(op_carrier_pty_t *carrier, size_t modem, op_str_t body,
                    op_http_response_t *response)
{
    json_t *object = op_sim_object(body), *value;
    const char *name;
    if (!object) {
        op_http_response_error(response, OP_ERROR_VALIDATION_ERROR,
                               "The body is a JSON object of knobs.", NULL);
        return;
    }
    json_object_foreach(object, name, value)
    {
        op_knob_t knob = op_knob_named(op_str(name));
        if (knob != OP_KNOB_END && s_value(knob, value) >= 0)
            continue;
        s_refuse_knob(response, name, knob);
        json_decref(object);
        return;
    }
    json_object_foreach(object, name, value)
    {
        op_knob_t knob = op_knob_named(op_str(name));
        int failed = op_carrier_pty_set(carrier, modem, knob, s_value(knob, value));
        OP_ASSERT(failed == 0);
    }
    json_decref(object);
    s_show(carrier, modem, response);
}

static bool s_find(const op_carrier_pty_t *carrier, op_str_t number, size_t *modem)
{
    for (*modem = 0; *modem < op_carrier_pty_modems(carrier); ++*modem)
        if (op_str_is(number, op_carrier_pty_number(carrier, *modem)))
            return true;
    return false;
}

static void s_swap(op_carrier_pty_t *carrier, size_t modem, op_str_t body,
                   op_http_response_t *response)
{
    json_t *object = op_sim_object(body);
    const char *with = NULL;
    size_t size = 0, other;
    if (!object || json_unpack(object, "{s:s%}", "with", &with, &size) != 0 ||
        !s_find(carrier, op_str_of(with, size), &other))
        op_http_response_error(response, OP_ERROR_VALIDATION_ERROR,
                               "The body names another modem: {\"with\": \"+1...\"}.", "with");
    else {
        op_carrier_pty_swap_sims(carrier, modem, other);
        s_show(carrier, modem, response);
    }
    json_decref(object);
}

static void s_plug(op_carrier_pty_t *carrier, size_t modem, bool in, op_http_response_t *response)
{
    if (op_carrier_pty_plug(carrier, modem, in) != 0)
        op_http_response_error(response, OP_ERROR_UNAVAILABLE, strerror(errno), NULL);
    else
        s_show(carrier, modem, response);
}

/*  ---- Paths ---- */

static void s_act(op_carrier_pty_t *carrier, size_t modem, op_str_t act, op_str_t method,
                  op_str_t body, op_http_response_t *response)
{
    bool plug = op_str_is(act, "/plug"), unplug = op_str_is(act, "/unplug");
    bool reset = op_str_is(act, "/reset"), swap = op_str_is(act, "/swap");
    if (!plug && !unplug && !reset && !swap)
        op_http_response_error(response, OP_ERROR_NOT_FOUND, NULL, NULL);
    else if (!op_str_is(method, "POST"))
        op_sim_other_method(response, method, OP_STR("POST, OPTIONS"));
    else if (swap)
        s_swap(carrier, modem, body, response);
    else if (reset) {
        op_carrier_pty_reset(carrier, modem);
        s_show(carrier, modem, response);
    } else
        s_plug(carrier, modem, plug, response);
}

void op_sim_serve_modems(op_carrier_pty_t *carrier, op_str_t method, op_str_t rest, op_str_t body,
                         op_http_response_t *response)
{
    bool get = op_str_is(method, "GET") || op_str_is(method, "HEAD");
    size_t end = 1, modem;
    while (end < rest.size && rest.at[end] != '/')
        end++;
    if (rest.size == 0 && !get)
        op_sim_other_method(response, method, OP_STR("GET, HEAD, OPTIONS"));
    else if (rest.size == 0)
        s_list(carrier, response);
    else if (!s_find(carrier, op_str_of(rest.at + 1, end - 1), &modem))
        op_http_response_error(response, OP_ERROR_NOT_FOUND, NULL, NULL);
    else if (end < rest.size)
        s_act(carrier, modem, op_str_of(rest.at + end, rest.size - end), method, body, response);
    else if (get)
        s_show(carrier, modem, response);
    else if (op_str_is(method, "PATCH"))
        s_patch(carrier, modem, body, response);
    else
        op_sim_other_method(response, method, OP_STR("GET, HEAD, PATCH, OPTIONS"));
}
