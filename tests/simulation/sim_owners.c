/*  sim_owners.c - what users do with their webhooks: switch them, change secrets, test, replay */

#include "tests/simulation/sim_private.h"

#include "base/instant.h"

#include <stdio.h>
#include <string.h>

/*  The user's latest webhook that is not deleted; MODEL_NONE: there is none. */
static int s_hook(const sim_t *self, int user)
{
    for (int i = self->model.hook_count - 1; i >= 0; i--)
        if (self->model.hooks[i].user == user && !self->model.hooks[i].life.ending)
            return i;
    return MODEL_NONE;
}

static sim_request_t s_request(const sim_t *self, int user, int hook, sim_do_t what,
                               op_route_name_t route)
{
    sim_request_t request = sim_with_session(self, user, what, route);
    request.ref = hook;
    return request;
}

static void s_switch(sim_t *self, int user, int hook, op_str_t id)
{
    sim_request_t request =
        s_request(self, user, hook, SIM_DO_HOOK_SWITCH, OP_ROUTE_WEBHOOK_UPDATE);
    bool on = !self->model.hooks[hook].on_since || sim_once_in(&self->random, 2);
    snprintf(request.word, sizeof request.word, "%s", on ? "on" : "off");
    model_hook_switch(&self->model, hook, on);
    op_webhook_update_t update = {.id = id, .enabled = op_said(on)};
    sim_ask(self, request, &op_webhook_update_type, &update);
}

static void s_rotate(sim_t *self, int user, int hook, op_str_t id)
{
    static const uint64_t graces[] = {0, 60, 600, 86400};
    sim_request_t request =
        s_request(self, user, hook, SIM_DO_HOOK_ROTATE, OP_ROUTE_WEBHOOK_ROTATE);
    uint64_t grace = graces[sim_pick(self, OP_COUNT(graces))];
    snprintf(request.word, sizeof request.word, "%u", (unsigned)grace);
    model_hook_rotate(&self->model, hook);
    op_webhook_rotate_t rotate = {id, grace == 86400 ? 0 : op_said(grace)};
    sim_ask(self, request, &op_webhook_rotate_type, &rotate);
}

static void s_test(sim_t *self, int user, int hook, op_str_t id)
{
    self->model.hooks[hook].tested_until = self->now + OP_MINUTE_MS;
    op_by_id_t by_id = {id};
    sim_ask(self, s_request(self, user, hook, SIM_DO_HOOK_TEST, OP_ROUTE_WEBHOOK_TEST),
            &op_by_id_type, &by_id);
}

static void s_replay(sim_t *self, int user)
{
    char id[OP_ID_TEXT + 1], delivery[OP_ID_TEXT + 1];
    int post = model_some_post(&self->model, user, sim_pick(self, 8));
    if (post == MODEL_NONE)
        return;
    int hook = model_replay(&self->model, post, delivery);
    op_id_print(self->model.hooks[hook].id, id);
    op_by_delivery_t by = {op_str(id), op_str(delivery)};
    sim_ask(self, s_request(self, user, hook, SIM_DO_HOOK_REPLAY, OP_ROUTE_WEBHOOK_REPLAY),
            &op_by_delivery_type, &by);
}

void sim_owner_acts(sim_t *self, int user)
{
    int hook = s_hook(self, user);
    if (hook == MODEL_NONE)
        return;
    char text[OP_ID_TEXT + 1];
    op_id_print(self->model.hooks[hook].id, text);
    op_delivery_list_t list = {.id = op_str(text), .limit = 1 + sim_pick(self, 40)};
    switch (sim_pick(self, 6)) {
    case 0:
    case 1:
        s_switch(self, user, hook, op_str(text));
        return;
    case 2:
        s_rotate(self, user, hook, op_str(text));
        return;
    case 3:
        s_test(self, user, hook, op_str(text));
        return;
    case 4:
        s_replay(self, user);
        return;
    default:
        sim_ask(self, s_request(self, user, hook, SIM_DO_HOOK_LOG, OP_ROUTE_WEBHOOK_DELIVERIES),
                &op_delivery_list_type, &list);
    }
}

static void s_rotated(sim_t *self, const sim_request_t *request, const op_type_t *type,
                      const void *body)
{
    char secret[65];
    long grace;
    if (type != &op_webhook_rotated_type) {
        model_hook_not_rotated(&self->model, request->ref, type == NULL);
        return;
    }
    OP_ASSERT(sscanf(request->word, "%ld", &grace) == 1);
    op_str_copy(((const op_webhook_rotated_t *)body)->secret, secret, sizeof secret);
    model_hook_rotated(&self->model, request->ref, secret, grace * OP_SECOND_MS);
    sim_hooks_secret(self, self->model.hooks[request->ref].url, secret, true);
}

bool sim_owner_answered(sim_t *self, const sim_request_t *request, const op_type_t *type,
                        const void *body)
{
    bool granted = type && type != &op_refusal_type;
    bool on = strcmp(request->word, "on") == 0;
    if (request->what == SIM_DO_HOOK_ROTATE)
        s_rotated(self, request, type, body);
    else if (request->what == SIM_DO_HOOK_SWITCH && granted) {
        model_hook_switched(&self->model, request->ref, on, request->asked);
        if (((const op_webhook_view_t *)body)->enabled != on)
            model_wrong(&self->model, "webhook: switched, and it is not");
    } else if (request->what == SIM_DO_HOOK_REPLAY && granted &&
               !op_str_is(((const op_delivery_view_t *)body)->state, "pending"))
        model_wrong(&self->model, "webhook: replayed, and it is not pending");
    else
        return request->what == SIM_DO_HOOK_TEST || request->what == SIM_DO_HOOK_LOG ||
               request->what == SIM_DO_HOOK_SWITCH || request->what == SIM_DO_HOOK_REPLAY;
    return true;
}
