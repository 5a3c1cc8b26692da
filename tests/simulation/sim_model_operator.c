/*  sim_model_operator.c - what the operator does to accounts and numbers, and what must come of it

    An account that is erased is a user who is gone. Who signs up with the same phone afterwards is
    another user. */

#include "base/instant.h"
#include "tests/simulation/sim_model_private.h"

#include <string.h>

/*  As in sim_model_access.c: calls without an answer are in the network for so long. */
static const int64_t s_settling = 60 * OP_SECOND_MS;

static bool s_perhaps(const model_life_t *life, int64_t from, int64_t to)
{
    return life->asked && life->asked <= to && !model_surely_gone(life, from);
}

static void s_ask(model_t *self, model_life_t *life)
{
    if (!life->asked || life->ended)
        *life = (model_life_t){.asked = self->now};
    else
        life->ending = 0; /* whatever became of the wish to end it */
    life->made = 0;
}

static void s_ask_end(model_t *self, model_life_t *life)
{
    if (!life->ending)
        life->ending = self->now;
}

/*  ---- Accounts ---- */

bool model_surely_suspended(const model_t *self, int user, int64_t from, int64_t to)
{
    return model_surely_there(&self->suspended[user], from, to);
}

bool model_perhaps_suspended(const model_t *self, int user, int64_t from, int64_t to)
{
    return s_perhaps(&self->suspended[user], from, to);
}

void model_suspend(model_t *self, int user)
{
    s_ask(self, &self->suspended[user]);
}

void model_suspended(model_t *self, int user)
{
    self->suspended[user].made = self->now;
}

void model_resume(model_t *self, int user)
{
    s_ask_end(self, &self->suspended[user]);
}

void model_resumed(model_t *self, int user)
{
    self->suspended[user].ended = self->now;
}

void model_erase(model_t *self, int user)
{
    self->erasing[user] = self->now;
    for (int i = 0; i < self->session_count; i++)
        if (self->sessions[i].user == user)
            s_ask_end(self, &self->sessions[i].life);
    for (int i = 0; i < self->key_count; i++)
        if (self->keys[i].user == user)
            s_ask_end(self, &self->keys[i].life);
    for (int i = 0; i < self->hook_count; i++)
        if (self->hooks[i].user == user)
            s_ask_end(self, &self->hooks[i].life);
    for (int i = 0; i < self->lease_count; i++)
        if (self->leases[i].user == user)
            s_ask_end(self, &self->leases[i].life);
}

/*  Sessions and keys end at once; the others hear of it by tells. */
void model_erased(model_t *self, int user)
{
    self->suspended[user] = (model_life_t){.asked = 0};
    for (int i = 0; i < self->session_count; i++)
        if (self->sessions[i].user == user && !self->sessions[i].life.ended)
            self->sessions[i].life.ended = self->now;
    for (int i = 0; i < self->key_count; i++)
        if (self->keys[i].user == user && !self->keys[i].life.ended)
            self->keys[i].life.ended = self->now;
}

/*  The user whose message has this tag, and who is erased; MODEL_NONE: none such. What was handed
    over to another user is that one's. */
static int s_writer(const model_t *self, const char *at, const char *end)
{
    int number = 0, digits = 0;
    for (; at < end && *at >= '0' && *at <= '9' && digits < 8; at++, digits++)
        number = 10 * number + (*at - '0');
    if (!digits || at == end || *at != '#' || number >= self->text_count)
        return MODEL_NONE;
    const model_text_t *text = &self->texts[number];
    bool kept = text->user == MODEL_NONE || text->target != MODEL_NONE;
    return kept || !self->erasing[text->user] ? MODEL_NONE : text->user;
}

static bool s_has(op_str_t bytes, const char *what)
{
    return bytes.size && memmem(bytes.at, bytes.size, what, strlen(what));
}

/*  Does the URL stand there, and not as the beginning of a longer one? */
static bool s_has_url(op_str_t bytes, const char *url)
{
    size_t size = strlen(url);
    const char *at = bytes.size ? memmem(bytes.at, bytes.size, url, size) : NULL;
    const char *behind = at ? at + size : NULL;
    return at && (behind == bytes.at + bytes.size || *behind < '0' || *behind > '9');
}

void model_row_of_nobody(model_t *self, op_str_t key, op_str_t value)
{
    const char *end = value.at + value.size;
    for (const char *at = value.at;
         value.size && (at = memmem(at, (size_t)(end - at), "#k", 2)) != NULL; at += 2)
        if (s_writer(self, at + 2, end) != MODEL_NONE)
            model_wrong(self, "erased: a text of user %d, who was erased, is still in a store",
                        s_writer(self, at + 2, end));
    bool webhook = key.size > 8 && memcmp(key.at, "webhook/", 8) == 0;
    for (int i = 0; webhook && i < self->hook_count; i++)
        if (self->erasing[self->hooks[i].user] && s_has_url(value, self->hooks[i].url))
            model_wrong(self, "erased: a webhook of user %d, who was erased, is still in a store",
                        self->hooks[i].user);
    bool auth = key.size > 5 && memcmp(key.at, "auth/", 5) == 0;
    for (int i = 0; auth && i < self->user_count; i++)
        if (self->forgotten[i] && (s_has(value, self->phones[i]) || s_has(key, self->phones[i])))
            model_wrong(self, "erased: the phone of user %d, who was erased, is still in a store",
                        i);
}

/*  ---- Sessions ---- */

void model_session_revoke(model_t *self, int user, int64_t expires)
{
    for (int i = 0; i < self->session_count; i++)
        if (self->sessions[i].user == user && self->sessions[i].expires == expires)
            s_ask_end(self, &self->sessions[i].life);
}

void model_session_revoked(model_t *self, int user, int64_t expires, int64_t asked)
{
    int which = MODEL_NONE;
    for (int i = 0; i < self->session_count; i++)
        if (self->sessions[i].user == user && self->sessions[i].expires == expires) {
            if (which != MODEL_NONE)
                return; /* two of the same moment: it may be either */
            which = i;
        }
    if (which != MODEL_NONE && self->sessions[which].life.asked <= asked &&
        !self->sessions[which].life.ended)
        self->sessions[which].life.ended = self->now;
}

void model_sessions_listed(model_t *self, int user, const int64_t *expires, size_t count,
                           int64_t asked)
{
    for (int i = 0; i < self->session_count; i++) {
        const model_session_t *session = &self->sessions[i];
        bool listed = false, twin = false;
        for (size_t k = 0; k < count; k++)
            listed |= expires[k] == session->expires;
        for (int k = 0; k < self->session_count; k++)
            twin |= k != i && self->sessions[k].expires == session->expires;
        if (session->user != user || twin)
            continue;
        if (!listed && model_surely_there(&session->life, asked, self->now))
            model_wrong(self, "operator: a living session is not listed");
        if (listed && model_surely_gone(&session->life, asked))
            model_wrong(self, "operator: a session that was ended is still listed");
    }
}

/*  ---- Numbers ---- */

bool model_perhaps_retired(const model_t *self, int number, int64_t from, int64_t to)
{
    return s_perhaps(&self->numbers[number].retired, from, to);
}

bool model_surely_retired(const model_t *self, int number, int64_t from, int64_t to)
{
    return model_surely_there(&self->numbers[number].retired, from, to);
}

/*  Leases of the number end, but for this user's. */
static void s_end_leases(model_t *self, int number, int user)
{
    for (int i = 0; i < self->lease_count; i++)
        if (self->leases[i].number == number && self->leases[i].user != user &&
            !self->leases[i].life.ended)
            s_ask_end(self, &self->leases[i].life);
}

static void s_leases_ended(model_t *self, int number, int user, int64_t asked)
{
    for (int i = 0; i < self->lease_count; i++) {
        model_life_t *life = &self->leases[i].life;
        bool settled = life->made || asked > life->asked + s_settling;
        if (self->leases[i].number == number && self->leases[i].user != user && !life->ended &&
            life->asked <= asked && settled)
            life->ended = self->now;
    }
}

void model_retire(model_t *self, int number)
{
    s_ask(self, &self->numbers[number].retired);
    s_end_leases(self, number, MODEL_NONE);
}

void model_retired(model_t *self, int number, int64_t asked)
{
    self->numbers[number].retired.made = self->now;
    s_leases_ended(self, number, MODEL_NONE, asked);
}

void model_add(model_t *self, int number)
{
    s_ask_end(self, &self->numbers[number].retired);
}

void model_added(model_t *self, int number)
{
    self->numbers[number].retired.ended = self->now;
}

void model_move(model_t *self, int number, int user)
{
    s_end_leases(self, number, user);
    (void)model_lease(self, user, number);
}

void model_moved(model_t *self, int number, int user, int64_t asked, int64_t leased_at)
{
    s_leases_ended(self, number, user, asked);
    model_leased(self, user, number, asked, leased_at);
}

void model_not_moved(model_t *self, int number, int user, int64_t asked)
{
    int lease = model_lease_of(self, user, number);
    if (lease != MODEL_NONE && !self->leases[lease].life.made &&
        self->leases[lease].life.asked == asked)
        self->leases[lease].life.ended = self->now;
}

void model_pooled(model_t *self, int number, op_id_t account, bool retired, bool shared,
                  int64_t asked)
{
    if (retired && !model_perhaps_retired(self, number, asked, self->now))
        model_wrong(self, "operator: a number is retired that nobody retired");
    if (!retired && model_surely_retired(self, number, asked, self->now))
        model_wrong(self, "operator: a retired number is not");
    if (shared != (number == 0))
        model_wrong(self, "operator: a number is shared, or is not, unlike its line");
    bool may = op_id_is_none(account);
    for (int i = 0; i < self->lease_count; i++) {
        const model_lease_t *lease = &self->leases[i];
        bool same = op_id_equal(self->accounts[lease->user], account);
        if (lease->number != number)
            continue;
        if (!same && model_surely_there(&lease->life, asked, self->now))
            model_wrong(self, "operator: a leased number is shown as another's, or as free");
        may |= same && !model_surely_gone(&lease->life, asked);
    }
    if (!may)
        model_wrong(self, "operator: a number is shown as leased by one who has no lease");
}

/*  Those who must see it, by what is sure, while no clock was wrong. */
void model_unclaimed(model_t *self, int number, op_str_t from, op_str_t body)
{
    int which = model_text_of(self, body);
    bool partial = body.size && memmem(body.at, body.size, "[...]", 5);
    if (which == MODEL_NONE) {
        if (!partial && !op_str_is(body, MODEL_FORGED))
            model_wrong(self, "operator: a text is nobody's that nobody wrote");
        return;
    }
    const model_text_t *text = &self->texts[which];
    if (text->user != MODEL_NONE || text->number != number || !op_str_is(from, text->peer))
        model_wrong(self, "operator: #k%d# is nobody's, and came another way", which);
    for (int i = 0; number == 0 && i < self->text_count; i++) {
        const model_text_t *own = &self->texts[i];
        if (own->user != MODEL_NONE && !self->erasing[own->user] && own->number == 0 &&
            own->answer == MODEL_ACCEPTED && own->answered <= text->asked &&
            strcmp(own->peer, text->peer) == 0)
            model_wrong(self, "operator: #k%d# is nobody's, and user %d is entitled to it", which,
                        own->user);
    }
}
