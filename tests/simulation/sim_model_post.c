/*  sim_model_post.c - what a webhook is told: a text as it is, and only to those whose it is

    The status is not judged here beyond the event's name: a post repeats what was true when its
    event came. */

#include "tests/simulation/sim_model_private.h"

#include <jansson.h>
#include <string.h>

static op_str_t s_member(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return json_is_string(value) ? op_str_of(json_string_value(value), json_string_length(value))
                                 : (op_str_t){0};
}

static bool s_message_id(op_str_t text, op_id_t *id)
{
    return op_str_starts(text, "msg_") && op_id_parse(op_str_of(text.at + 4, text.size - 4), id);
}

static void s_judge(model_t *self, int number, op_str_t event, const json_t *json)
{
    const model_hook_t *hook = &self->hooks[number];
    const json_t *data = json_object_get(json, "data");
    model_shown_t shown = {.status = s_member(data, "status"),
                           .direction = s_member(data, "direction"),
                           .to = s_member(data, "to"),
                           .from = s_member(data, "from"),
                           .body = s_member(data, "body"),
                           .partial = json_is_true(json_object_get(data, "partial"))};
    bool received = op_str_is(event, "message.received");
    bool failed = op_str_is(event, "message.failed");
    const char *status = failed ? "failed" : "sent";
    if (!s_message_id(s_member(data, "id"), &shown.id))
        model_wrong(self, "webhook: a post without a message's id");
    else if (!op_str_equal(s_member(json, "type"), event) ||
             !op_str_is(shown.direction, received ? "inbound" : "outbound") ||
             (!received && !op_str_is(shown.status, status)) ||
             json_is_object(json_object_get(data, "error")) != failed)
        model_wrong(self, "webhook: a post says something else than its event");
    else {
        model_holder_t holder = {hook->user, hook->number, hook->lease, !hook->life.made};
        (void)model_seen(self, &holder, &shown);
    }
}

void model_post_says(model_t *self, int hook, op_str_t event, op_str_t body)
{
    json_t *json = json_loadb(body.at, body.size, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(json))
        model_wrong(self, "webhook: a post whose body is no JSON object");
    else
        s_judge(self, hook, event, json);
    json_decref(json);
}
