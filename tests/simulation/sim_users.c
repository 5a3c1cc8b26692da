/*  sim_users.c - what users do: sign up, guess, lease, mint keys, send, read, and try what they may
    not

    A user does one thing at a time and then thinks. What to do is drawn by weight; some of it
    cannot be done yet, and then the user just thinks again. */

#include "tests/simulation/sim_private.h"

#include "base/instant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static sim_request_t s_request(int user, sim_do_t what, op_route_name_t route)
{
    return (sim_request_t){.user = user,
                           .what = what,
                           .route = route,
                           .ref = MODEL_NONE,
                           .session = MODEL_NONE,
                           .key = MODEL_NONE};
}

sim_request_t sim_with_session(const sim_t *self, int user, sim_do_t what, op_route_name_t route)
{
    sim_request_t request = s_request(user, what, route);
    request.session = self->users[user].session;
    return request;
}

static sim_request_t s_with_key(int user, int key, sim_do_t what, op_route_name_t route)
{
    sim_request_t request = s_request(user, what, route);
    request.key = key;
    return request;
}

static void s_by_id(sim_t *self, sim_request_t request, op_id_t id, const char *prefix)
{
    char text[OP_ID_TEXT + 8];
    snprintf(text, sizeof text, "%s", prefix);
    op_id_print(id, text + strlen(prefix));
    op_by_id_t by_id = {op_str(text)};
    sim_ask(self, request, &op_by_id_type, &by_id);
}

static const op_nothing_t s_nothing = {0};

/*  ---- Signing in ---- */

static void s_start(sim_t *self, int user)
{
    sim_request_t request = s_request(user, SIM_DO_START, OP_ROUTE_AUTH_START);
    request.ref = model_start(&self->model, user);
    self->users[user].verification = request.ref;
    self->users[user].started = self->now;
    self->users[user].guesses = sim_once_in(&self->random, 8) ? (int)sim_pick(self, 8) : 0;
    op_auth_start_t start = {op_str(self->model.phones[user])};
    sim_ask(self, request, &op_auth_start_type, &start);
}

static void s_verify(sim_t *self, int user, int verification, const char *code)
{
    sim_request_t request = s_request(user, SIM_DO_VERIFY, OP_ROUTE_AUTH_VERIFY);
    char id[OP_ID_TEXT + 1];
    request.ref = verification;
    snprintf(request.word, sizeof request.word, "%s", code);
    op_id_print(self->model.verifications[verification].id, id);
    op_auth_verify_t verify = {op_str(id), op_str(code)};
    sim_ask(self, request, &op_auth_verify_type, &verify);
}

static void s_guess(sim_t *self, int user, int verification)
{
    char code[8];
    snprintf(code, sizeof code, "%06u", (unsigned)sim_pick(self, 1000000));
    s_verify(self, user, verification, code);
}

void sim_user_signs_in(sim_t *self, int user)
{
    sim_user_t *of = &self->users[user];
    int verification = of->verification;
    bool old = self->now > of->started + 9 * OP_MINUTE_MS;
    if (verification == MODEL_NONE || old || !self->model.verifications[verification].life.made) {
        s_start(self, user);
        return;
    }
    const char *code = model_code(&self->model, user, 0);
    if (of->guesses > 0) {
        of->guesses--;
        s_guess(self, user, verification);
    } else if (code && self->now > of->started + 5 * OP_SECOND_MS)
        s_verify(self, user, verification, code);
    else if (self->now > of->started + 4 * OP_MINUTE_MS)
        s_start(self, user);
    else
        s_by_id(self, s_request(user, SIM_DO_PEEK, OP_ROUTE_AUTH_VERIFICATION),
                self->model.verifications[verification].id, "");
}

/*  An old verification, with any code that ever came. */
static void s_verify_old(sim_t *self, int user)
{
    int candidates[32], count = 0;
    for (int i = self->model.verification_count - 1; i >= 0 && count < 32; i--)
        if (self->model.verifications[i].user == user && self->model.verifications[i].life.made)
            candidates[count++] = i;
    const char *code = model_code(&self->model, user, (int)sim_pick(self, 3));
    if (count && code)
        s_verify(self, user, candidates[sim_pick(self, (size_t)(count < 4 ? count : 4))], code);
}

/*  ---- The console ---- */

static void s_available(sim_t *self, int user)
{
    sim_ask(self, sim_with_session(self, user, SIM_DO_AVAILABLE, OP_ROUTE_NUMBERS_AVAILABLE),
            &op_nothing_type, &s_nothing);
}

static void s_mine(sim_t *self, int user)
{
    sim_ask(self, sim_with_session(self, user, SIM_DO_MINE, OP_ROUTE_NUMBERS_MINE),
            &op_nothing_type, &s_nothing);
}

static void s_lease(sim_t *self, int user)
{
    int number = (int)sim_pick(self, self->line_count);
    if (!self->model.numbers[number].known)
        return;
    sim_request_t request = sim_with_session(self, user, SIM_DO_LEASE, OP_ROUTE_NUMBER_LEASE);
    request.ref = number;
    if (number > 0)
        (void)model_lease(&self->model, user, number);
    s_by_id(self, request, self->model.numbers[number].id, "");
}

static void s_release(sim_t *self, int user)
{
    int number = (int)sim_pick(self, self->line_count);
    if (!self->model.numbers[number].known)
        return;
    sim_request_t request = sim_with_session(self, user, SIM_DO_RELEASE, OP_ROUTE_NUMBER_RELEASE);
    request.ref = number;
    model_release(&self->model, user, number);
    s_by_id(self, request, self->model.numbers[number].id, "");
}

void sim_user_creates_key(sim_t *self, int user, int number)
{
    enum { LOST_MAX = 20 }; /* answers to this: an account may have fifty keys */
    bool careful = self->part == SIM_LIFE && self->model.silent_keys[user] > LOST_MAX;
    if (!self->model.numbers[number].known || careful) {
        s_available(self, user);
        return;
    }
    sim_request_t request = sim_with_session(self, user, SIM_DO_KEY_CREATE, OP_ROUTE_KEY_CREATE);
    request.ref = number;
    op_key_create_t create = {self->model.numbers[number].id, OP_STR("agent")};
    sim_ask(self, request, &op_key_create_type, &create);
}

static void s_list_of(sim_t *self, int user, sim_do_t what, op_route_name_t route)
{
    op_by_number_t all = {{{0}}};
    sim_ask(self, sim_with_session(self, user, what, route), &op_by_number_type, &all);
}

void sim_user_asks_list(sim_t *self, int user, sim_do_t what)
{
    if (what == SIM_DO_KEYS)
        s_list_of(self, user, what, OP_ROUTE_KEYS);
    else if (what == SIM_DO_HOOKS)
        s_list_of(self, user, what, OP_ROUTE_WEBHOOKS);
    else if (what == SIM_DO_MINE)
        s_mine(self, user);
    else
        s_available(self, user);
}

/*  One of the user's keys: mostly one that may be alive. */
static int s_some_key(sim_t *self, int user, bool any)
{
    int keys[64], count = 0;
    for (int i = self->model.key_count - 1; i >= 0 && count < 64; i--)
        if (self->model.keys[i].user == user && (any || !self->model.keys[i].life.ending))
            keys[count++] = i;
    return count ? keys[sim_pick(self, (size_t)count)] : MODEL_NONE;
}

static void s_revoke(sim_t *self, int user)
{
    int key = s_some_key(self, user, false);
    if (key == MODEL_NONE)
        return;
    sim_request_t request = sim_with_session(self, user, SIM_DO_KEY_REVOKE, OP_ROUTE_KEY_REVOKE);
    request.ref = key;
    self->model.keys[key].life.ending = self->now;
    s_by_id(self, request, self->model.keys[key].id, "");
}

static void s_create_hook(sim_t *self, int user)
{
    static const char *const events[] = {"message.received,message.sent,message.failed",
                                         "message.received", "message.sent,message.failed"};
    int number = sim_once_in(&self->random, 2) ? 0 : (int)sim_pick(self, self->line_count);
    if (!self->model.numbers[number].known)
        return;
    sim_request_t request =
        sim_with_session(self, user, SIM_DO_HOOK_CREATE, OP_ROUTE_WEBHOOK_CREATE);
    request.ref = number;
    (void)sim_hooks_new_url(self, request.word);
    self->model.pending_hooks++;
    op_webhook_create_t create = {self->model.numbers[number].id, op_str(request.word),
                                  op_str(events[sim_pick(self, OP_COUNT(events))])};
    sim_ask(self, request, &op_webhook_create_type, &create);
}

static void s_delete_hook(sim_t *self, int user)
{
    for (int i = self->model.hook_count - 1; i >= 0; i--) {
        model_hook_t *hook = &self->model.hooks[i];
        if (hook->user != user || hook->life.ending)
            continue;
        sim_request_t request =
            sim_with_session(self, user, SIM_DO_HOOK_DELETE, OP_ROUTE_WEBHOOK_DELETE);
        request.ref = i;
        hook->life.ending = self->now;
        s_by_id(self, request, hook->id, "");
        return;
    }
}

static void s_logout(sim_t *self, int user)
{
    sim_request_t request = sim_with_session(self, user, SIM_DO_LOGOUT, OP_ROUTE_AUTH_LOGOUT);
    model_life_t *life = &self->model.sessions[request.session].life;
    if (!life->ending)
        life->ending = self->now;
    sim_ask(self, request, &op_nothing_type, &s_nothing);
}

/*  ---- The runtime calls ---- */

static const char *s_recipient(sim_t *self, int user, int key)
{
    uint32_t kind = sim_pick(self, 20);
    if (kind < 12)
        return self->phones[sim_pick(self, SIM_PHONES)];
    if (kind < 14)
        return self->model.phones[sim_pick(self, self->user_count)];
    if (kind < 18)
        return self->model.numbers[sim_pick(self, self->line_count)].e164;
    if (kind < 19)
        return self->model.numbers[self->model.keys[key].number].e164;
    return sim_once_in(&self->random, 2) ? "+442071838750" : self->model.phones[user];
}

static void s_send(sim_t *self, int user, int key)
{
    char tag[16];
    sim_request_t request = s_with_key(user, key, SIM_DO_SEND, OP_ROUTE_MESSAGE_SEND);
    const char *to = s_recipient(self, user, key);
    model_tag(&self->model, tag);
    char *body = sim_some_text(self, tag);
    request.ref = model_send(&self->model, key, to, body);
    op_message_send_t send = {op_str(to), op_str(body)};
    sim_ask(self, request, &op_message_send_type, &send);
    free(body);
}

static void s_message(sim_t *self, int user, int key, bool foreign)
{
    for (int tries = 0; tries < 20 && self->model.text_count; tries++) {
        int number = (int)sim_pick(self, (size_t)self->model.text_count);
        const model_text_t *text = &self->model.texts[number];
        const model_key_t *by = &self->model.keys[key];
        bool own = text->user == by->user && text->number == by->number && text->lease == by->lease;
        bool other = text->user != by->user;
        if (text->user == MODEL_NONE || text->answer != MODEL_ACCEPTED || (foreign ? !other : !own))
            continue;
        sim_request_t request =
            s_with_key(user, key, foreign ? SIM_DO_FOREIGN : SIM_DO_MESSAGE, OP_ROUTE_MESSAGE);
        request.ref = number;
        s_by_id(self, request, text->id, "msg_");
        return;
    }
}

void sim_user_lists(sim_t *self, int user, int key)
{
    static const char *const directions[] = {"", "", "inbound", "outbound"};
    sim_user_t *of = &self->users[user];
    sim_request_t request = s_with_key(user, key, SIM_DO_LIST, OP_ROUTE_MESSAGES);
    if (!of->reads) {
        bool whole = self->part == SIM_READING;
        model_read_begin(&of->reading, key, self->now);
        of->reads = true;
        of->cursor[0] = 0;
        of->page = whole ? 20 + sim_pick(self, 81) : 1 + sim_pick(self, 30);
        snprintf(of->direction, sizeof of->direction, "%s",
                 whole ? "" : directions[sim_pick(self, OP_COUNT(directions))]);
    }
    op_message_list_t list = {op_str(of->direction), op_str(of->cursor), of->page};
    sim_ask(self, request, &op_message_list_type, &list);
}

/*  ---- What next ---- */

static void s_bad_request(sim_t *self, int user)
{
    sim_request_t request = s_request(user, SIM_DO_PEEK, OP_ROUTE_AUTH_VERIFICATION);
    op_by_id_t bad = {sim_once_in(&self->random, 2)
                          ? OP_STR("not-an-id")
                          : OP_STR("019e0000-0000-7000-8000-000000000000")};
    sim_ask(self, request, &op_by_id_type, &bad);
}

/*  A session that has been ended: what does it still open? */
static void s_use_old_session(sim_t *self, int user)
{
    for (int i = self->model.session_count - 1; i >= 0; i--) {
        const model_session_t *session = &self->model.sessions[i];
        if (session->user != user || !session->life.ended)
            continue;
        sim_request_t request = s_request(user, SIM_DO_KEYS, OP_ROUTE_KEYS);
        op_by_number_t all = {{{0}}};
        request.session = i;
        sim_ask(self, request, &op_by_number_type, &all);
        return;
    }
}

static void s_use_key(sim_t *self, int user)
{
    int key = s_some_key(self, user, sim_once_in(&self->random, 15));
    if (key == MODEL_NONE) {
        sim_user_creates_key(self, user, 0);
        return;
    }
    if (self->users[user].reads && sim_pick(self, 3)) {
        sim_user_lists(self, user, self->users[user].reading.key);
        return;
    }
    uint32_t kind = sim_pick(self, 40);
    if (kind < 24)
        s_send(self, user, key);
    else if (kind < 29)
        s_message(self, user, key, false);
    else if (kind < 31)
        s_message(self, user, key, true);
    else if (kind < 38)
        sim_user_lists(self, user, self->users[user].reads ? self->users[user].reading.key : key);
    else
        sim_ask(self, s_with_key(user, key, SIM_DO_NUMBER, OP_ROUTE_NUMBER), &op_nothing_type,
                &s_nothing);
}

static void s_use_console(sim_t *self, int user)
{
    uint32_t kind = sim_pick(self, 50);
    if (kind >= 40)
        sim_owner_acts(self, user);
    else if (kind < 6)
        s_available(self, user);
    else if (kind < 9)
        s_mine(self, user);
    else if (kind < 16)
        s_lease(self, user);
    else if (kind < 19)
        s_release(self, user);
    else if (kind < 25)
        sim_user_creates_key(self, user, (int)sim_pick(self, self->line_count));
    else if (kind < 27)
        s_list_of(self, user, SIM_DO_KEYS, OP_ROUTE_KEYS);
    else if (kind < 29)
        s_revoke(self, user);
    else if (kind < 34)
        s_create_hook(self, user);
    else if (kind < 35)
        s_list_of(self, user, SIM_DO_HOOKS, OP_ROUTE_WEBHOOKS);
    else if (kind < 37)
        s_delete_hook(self, user);
    else if (kind < 38 && sim_once_in(&self->random, 3))
        s_logout(self, user);
    else if (sim_once_in(&self->random, 4))
        s_start(self, user); /* once more, while signed in */
}

void sim_user_begins(sim_t *self, size_t user)
{
    self->users[user] = (sim_user_t){.verification = MODEL_NONE,
                                     .session = MODEL_NONE,
                                     .to_check = SIM_CHECK_KEYS | SIM_CHECK_HOOKS |
                                                 SIM_CHECK_AVAILABLE | SIM_CHECK_MINE};
}

void sim_user_acts(sim_t *self, int user)
{
    sim_user_t *of = &self->users[user];
    if (of->gone || of->busy || of->rest_until > self->now)
        return;
    uint32_t kind = sim_pick(self, 100);
    if (kind < 2)
        s_bad_request(self, user);
    else if (kind < 3)
        s_use_old_session(self, user);
    else if (kind < 6)
        s_verify_old(self, user);
    else if (of->session == MODEL_NONE || of->verification != MODEL_NONE)
        sim_user_signs_in(self, user);
    else if (kind < 40)
        s_use_console(self, user);
    else
        s_use_key(self, user);
}
