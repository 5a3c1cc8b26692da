/*  sim_answers.c - what users make of an answer, or of none: they tell the model */

#include "tests/simulation/sim_private.h"

#include "base/instant.h"

#include <stdio.h>
#include <string.h>

static op_str_t s_empty(void)
{
    return (op_str_t){0};
}

/*  ---- Signing in ---- */

static void s_verified(sim_t *self, const sim_request_t *request, const op_session_opened_t *opened)
{
    sim_user_t *of = &self->users[request->user];
    model_verified(&self->model, request->ref, request->word, request->asked, opened->user.id,
                   opened->user.created, op_token_hash(opened->session_token));
    of->session = self->model.session_count - 1;
    self->model.sessions[of->session].expires = opened->expires_at;
    of->verification = MODEL_NONE;
}

static void s_code_refused(sim_t *self, const sim_request_t *request, const char *error)
{
    sim_user_t *of = &self->users[request->user];
    model_code_refused(&self->model, request->ref, request->word, error);
    bool locked = self->model.verifications[request->ref].wrong >= self->model.limits.code_tries;
    if (request->ref == of->verification &&
        (strcmp(error, "verification_expired") == 0 || (locked && of->guesses == 0)))
        of->verification = MODEL_NONE;
}

/*  ---- The console ---- */

static void s_numbers(sim_t *self, const sim_request_t *request, const op_numbers_view_t *view)
{
    bool mine = request->what == SIM_DO_MINE;
    bool listed[MODEL_NUMBERS_MAX] = {false};
    for (size_t i = 0; i < view->numbers.count; i++) {
        int number = model_number_of(&self->model, view->numbers.at[i].e164);
        if (number == MODEL_NONE || listed[number]) {
            model_wrong(&self->model, "numbers: one that does not exist, or one twice");
            return;
        }
        model_number_t *of = &self->model.numbers[number];
        if (of->known && !op_id_equal(of->id, view->numbers.at[i].id))
            model_wrong(&self->model, "numbers: the id of %s changed", of->e164);
        of->id = view->numbers.at[i].id;
        of->known = listed[number] = true;
    }
    for (int i = 0; i < self->model.number_count; i++)
        if (self->model.numbers[i].known)
            model_number_listed(&self->model, request->user, i, mine, listed[i], request->asked);
    self->users[request->user].to_check &= ~(uint64_t)(mine ? SIM_CHECK_MINE : SIM_CHECK_AVAILABLE);
}

static void s_keys(sim_t *self, const sim_request_t *request, const op_keys_view_t *view)
{
    op_id_t ids[OP_LIST_MAX];
    for (size_t i = 0; i < view->api_keys.count; i++)
        ids[i] = view->api_keys.at[i].id;
    model_keys_listed(&self->model, request->user, ids, view->api_keys.count, request->asked);
    self->users[request->user].to_check &= ~(uint64_t)SIM_CHECK_KEYS;
}

static void s_hooks(sim_t *self, const sim_request_t *request, const op_webhooks_view_t *view)
{
    op_id_t ids[OP_WEBHOOKS_MAX];
    for (size_t i = 0; i < view->webhooks.count; i++)
        ids[i] = view->webhooks.at[i].id;
    model_hooks_listed(&self->model, request->user, ids, view->webhooks.count, request->asked);
    self->users[request->user].to_check &= ~(uint64_t)SIM_CHECK_HOOKS;
}

static void s_hook_created(sim_t *self, const sim_request_t *request,
                           const op_webhook_created_t *created)
{
    char secret[65], url[80], events[80];
    op_str_copy(created->secret, secret, sizeof secret);
    op_str_copy(created->url, url, sizeof url);
    op_str_copy(created->events, events, sizeof events);
    if (strcmp(url, request->word) != 0)
        model_wrong(&self->model, "webhook: the URL changed in registration");
    (void)model_hook_created(&self->model, request->user, request->ref, created->id, secret, url,
                             events, request->asked);
    sim_hooks_secret(self, url, secret, false);
}

/*  ---- Messages ---- */

static model_shown_t s_shown(const op_message_view_t *view)
{
    return (model_shown_t){.id = view->id,
                           .status = view->status,
                           .direction = view->direction,
                           .to = view->to,
                           .from = view->from,
                           .body = view->body,
                           .error = view->error ? view->error->code : s_empty(),
                           .received_at = view->received_at,
                           .delivered_at = view->delivered_at,
                           .partial = view->partial};
}

static void s_sent(sim_t *self, const sim_request_t *request, const op_message_view_t *view)
{
    model_shown_t shown = s_shown(view);
    if (!op_str_is(view->status, "queued"))
        model_wrong(&self->model, "texts: a new one is not queued");
    model_accepted(&self->model, request->ref, view->id, view->created_at);
    model_shown(&self->model, request->key, &shown);
    self->verdict->accepted++;
}

static void s_send_refused(sim_t *self, const sim_request_t *request, const op_envelope_t *envelope,
                           const char *error)
{
    int64_t clock = sim_local(self, self->actors[SIM_LEDGER].process);
    bool quiet = op_instant_day(clock) == op_instant_day(clock - OP_MINUTE_MS);
    for (size_t i = 0; i < self->process_count; i++)
        quiet &= self->processes[i].clock.since + OP_MINUTE_MS < self->now;
    bool day = strcmp(error, "rate_limited") == 0 && op_str_is(envelope->from, "ledger") && quiet;
    model_send_refused(&self->model, request->ref, error, day, clock);
}

static void s_page(sim_t *self, const sim_request_t *request, const op_messages_view_t *page)
{
    sim_user_t *of = &self->users[request->user];
    if (page->data.count > of->page)
        model_wrong(&self->model, "reading: a page is longer than asked for");
    for (size_t i = 0; i < page->data.count; i++) {
        model_shown_t shown = s_shown(&page->data.at[i]);
        model_read(&self->model, &of->reading, &shown);
    }
    op_str_copy(page->next_cursor, of->cursor, sizeof of->cursor);
    if (page->next_cursor.size)
        return;
    of->reads = false;
    if (self->part != SIM_READING)
        return;
    model_read_all(&self->model, &of->reading);
    model_judge_hook(&self->model, &of->reading);
    of->scopes_read++;
}

/*  ---- All answers ---- */

static void s_granted(sim_t *self, const sim_request_t *request, const void *body)
{
    model_t *model = &self->model;
    switch (request->what) {
    case SIM_DO_START:
        model_started(model, request->ref, ((const op_auth_started_t *)body)->verification_id);
        break;
    case SIM_DO_VERIFY:
        s_verified(self, request, body);
        break;
    case SIM_DO_PEEK:
    case SIM_DO_NUMBER:
        break;
    case SIM_DO_LOGOUT:
        model->sessions[request->session].life.ended = self->now;
        self->users[request->user].session = MODEL_NONE;
        break;
    case SIM_DO_AVAILABLE:
    case SIM_DO_MINE:
        s_numbers(self, request, body);
        break;
    case SIM_DO_LEASE:
        model_leased(model, request->user, request->ref, request->asked,
                     ((const op_number_view_t *)body)->leased_at);
        break;
    case SIM_DO_RELEASE:
        model_released(model, request->user, request->ref, request->asked);
        break;
    case SIM_DO_KEY_CREATE: {
        const op_key_created_t *created = body;
        (void)model_key_created(model, request->user, request->ref, created->id,
                                op_token_hash(created->key), request->asked);
        break;
    }
    case SIM_DO_KEYS:
        s_keys(self, request, body);
        break;
    case SIM_DO_KEY_REVOKE:
        model->keys[request->ref].life.ended = self->now;
        break;
    case SIM_DO_HOOK_CREATE:
        s_hook_created(self, request, body);
        break;
    case SIM_DO_HOOKS:
        s_hooks(self, request, body);
        break;
    case SIM_DO_HOOK_SWITCH:
    case SIM_DO_HOOK_ROTATE:
    case SIM_DO_HOOK_TEST:
    case SIM_DO_HOOK_REPLAY:
    case SIM_DO_HOOK_LOG:
        break;
    case SIM_DO_HOOK_DELETE:
        model->hooks[request->ref].life.ended = self->now;
        break;
    case SIM_DO_SEND:
        s_sent(self, request, body);
        break;
    case SIM_DO_MESSAGE: {
        model_shown_t shown = s_shown(body);
        model_shown(model, request->key, &shown);
        break;
    }
    case SIM_DO_FOREIGN:
        model_wrong(model, "access: somebody else's message was shown");
        break;
    case SIM_DO_LIST:
        s_page(self, request, body);
        break;
    }
}

static void s_refused(sim_t *self, const sim_request_t *request, const op_envelope_t *envelope,
                      const op_refusal_t *refusal)
{
    sim_user_t *of = &self->users[request->user];
    const char *error = op_error_code(op_error_from(refusal->error));
    if (strcmp(error, "rate_limited") == 0) {
        int64_t wait = (int64_t)refusal->retry_after * OP_SECOND_MS;
        bool stubborn = self->part == SIM_LIFE && sim_once_in(&self->random, 2);
        if (wait <= 0)
            model_wrong(&self->model, "answers: rate_limited without Retry-After");
        of->rest_until = stubborn || (self->part == SIM_LIFE && wait > OP_MINUTE_MS)
                             ? 0
                             : self->now + wait + 5 * OP_SECOND_MS;
    }
    bool unauthenticated = strcmp(error, "unauthenticated") == 0;
    if (unauthenticated && request->session != MODEL_NONE && of->session == request->session)
        of->session = MODEL_NONE;
    switch (request->what) {
    case SIM_DO_VERIFY:
        s_code_refused(self, request, error);
        break;
    case SIM_DO_START:
        if (!self->model.verifications[request->ref].life.made)
            of->verification = MODEL_NONE;
        break;
    case SIM_DO_LEASE:
        model_lease_refused(&self->model, request->user, request->ref, request->asked, error);
        break;
    case SIM_DO_SEND:
        s_send_refused(self, request, envelope, error);
        break;
    case SIM_DO_LIST:
        if (unauthenticated || strcmp(error, "validation_error") == 0)
            of->reads = false;
        break;
    case SIM_DO_MESSAGE:
        if (strcmp(error, "not_found") == 0)
            model_wrong(&self->model, "texts: #k%d# was accepted and is not found", request->ref);
        break;
    case SIM_DO_KEY_REVOKE:
    case SIM_DO_HOOK_DELETE:
    case SIM_DO_RELEASE:
    case SIM_DO_KEY_CREATE:
    case SIM_DO_PEEK:
    case SIM_DO_LOGOUT:
    case SIM_DO_AVAILABLE:
    case SIM_DO_MINE:
    case SIM_DO_KEYS:
    case SIM_DO_HOOK_CREATE:
    case SIM_DO_HOOKS:
    case SIM_DO_HOOK_SWITCH:
    case SIM_DO_HOOK_ROTATE:
    case SIM_DO_HOOK_TEST:
    case SIM_DO_HOOK_REPLAY:
    case SIM_DO_HOOK_LOG:
    case SIM_DO_NUMBER:
    case SIM_DO_FOREIGN:
        break;
    }
}

void sim_user_answered(sim_t *self, const sim_request_t *request, const op_envelope_t *envelope,
                       const op_type_t *type, const void *body)
{
    (void)sim_owner_answered(self, request, type, body);
    if (type == &op_refusal_type)
        s_refused(self, request, envelope, body);
    else
        s_granted(self, request, body);
}

void sim_user_unanswered(sim_t *self, const sim_request_t *request)
{
    sim_user_t *of = &self->users[request->user];
    if (sim_owner_answered(self, request, NULL, NULL))
        return;
    if (request->what == SIM_DO_SEND)
        self->model.texts[request->ref].answer = MODEL_SILENT;
    else if (request->what == SIM_DO_KEY_CREATE)
        self->model.silent_keys[request->user]++;
    else if (request->what == SIM_DO_HOOK_CREATE)
        self->model.silent_hooks[request->user]++;
    else if (request->what == SIM_DO_START)
        of->verification = MODEL_NONE;
    else if (request->what == SIM_DO_LOGOUT)
        of->session = MODEL_NONE;
}
