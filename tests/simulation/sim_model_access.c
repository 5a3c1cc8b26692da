/*  sim_model_access.c - who may do what: codes, sessions, leases, keys */

#include "base/instant.h"
#include "tests/simulation/sim_model_private.h"

#include <stdlib.h>
#include <string.h>

/*  A call that got no answer may still take effect: it is in the network for some seconds. */
static const int64_t s_settling = 60 * OP_SECOND_MS;

/*  ---- Codes and sessions ---- */

int model_start(model_t *self, int user)
{
    MODEL_ROOM(self->verifications, self->verification_count);
    self->verifications[self->verification_count] =
        (model_verification_t){.user = user, .life = {.asked = self->now}};
    return self->verification_count++;
}

void model_started(model_t *self, int verification, op_id_t id)
{
    model_verification_t *started = &self->verifications[verification];
    started->id = id;
    started->life.made = self->now;
    /* Every earlier one of the phone is over: they were asked for, and answered or not, before. */
    for (int i = 0; i < verification; i++) {
        model_verification_t *earlier = &self->verifications[i];
        bool settled = earlier->life.made || earlier->life.asked + s_settling < self->now;
        if (earlier->user == started->user && settled && !earlier->life.ended)
            earlier->life.ended = self->now;
    }
}

/*  Did this code come before, with nothing in doubt since, and no later start that may have drawn
    the same digits? */
static bool s_came_again(const model_t *self, const model_code_t *code)
{
    for (const model_code_t *first = self->codes; first < code; first++) {
        bool same = first->user == code->user && strcmp(first->digits, code->digits) == 0;
        bool excused = model_because(self, MODEL_NONE, MODEL_CAUSE_DOUBT,
                                     first->came - 5 * OP_MINUTE_MS, self->now);
        for (int i = 0; i < self->verification_count; i++)
            excused |= self->verifications[i].user == code->user &&
                       self->verifications[i].life.asked > first->came;
        if (same && !excused)
            return true;
    }
    return false;
}

void model_code_came(model_t *self, int user, op_str_t body)
{
    MODEL_ROOM(self->codes, self->code_count);
    model_code_t *code = &self->codes[self->code_count++];
    *code = (model_code_t){.user = user, .came = self->now};
    op_str_copy(body, code->digits, sizeof code->digits);
    if (model_logged(self, code->digits))
        model_wrong(self, "secret: a log line or an answer held a login code");
    if (s_came_again(self, code))
        model_wrong(self, "exactly once: a login code came twice without any doubt");
}

const char *model_code(const model_t *self, int user, int before)
{
    for (int i = self->code_count - 1; i >= 0; i--)
        if (self->codes[i].user == user && before-- == 0)
            return self->codes[i].digits;
    return NULL;
}

static void s_check_account(model_t *self, int user, op_id_t account, bool created)
{
    op_id_t *known = &self->accounts[user];
    if (!op_id_is_none(*known) && !op_id_equal(*known, account))
        model_wrong(self, "access: a phone has two accounts");
    if (!op_id_is_none(*known) && created)
        model_wrong(self, "access: an account was created twice");
    for (int i = 0; i < self->user_count; i++)
        if (i != user && op_id_equal(self->accounts[i], account))
            model_wrong(self, "access: two phones share an account");
    *known = account;
}

void model_verified(model_t *self, int verification, const char *code, int64_t asked,
                    op_id_t account, bool created, op_hash_t token)
{
    model_verification_t *of = &self->verifications[verification];
    bool came = false;
    for (int i = 0; i < self->code_count; i++)
        came |= self->codes[i].user == of->user && strcmp(self->codes[i].digits, code) == 0;
    bool clock = model_because(self, MODEL_NONE, MODEL_CAUSE_CLOCK, of->life.asked, self->now);
    if (!came)
        model_wrong(self, "access: a code that never came opened a session");
    if (of->used)
        model_wrong(self, "access: a used code opened a session");
    if (model_surely_gone(&of->life, asked))
        model_wrong(self, "access: a code that a later one has replaced opened a session");
    if (of->wrong >= self->limits.code_tries)
        model_wrong(self, "access: a locked verification opened a session");
    if (!clock && of->life.made &&
        asked > of->life.made + self->limits.code_ttl + 10 * OP_SECOND_MS)
        model_wrong(self, "access: an expired code opened a session");
    s_check_account(self, of->user, account, created);
    of->used = true;
    MODEL_ROOM(self->sessions, self->session_count);
    self->sessions[self->session_count++] = (model_session_t){
        .user = of->user, .hash = token, .life = {.asked = asked, .made = self->now}};
}

void model_code_refused(model_t *self, int verification, const char *code, const char *error)
{
    model_verification_t *of = &self->verifications[verification];
    bool came = false;
    for (int i = 0; i < self->code_count; i++)
        came |= self->codes[i].user == of->user && strcmp(self->codes[i].digits, code) == 0;
    if (!came && strcmp(error, "verification_invalid") == 0)
        of->wrong++;
}

void model_session_used(model_t *self, int session, int64_t asked, const char *error)
{
    const model_life_t *life = &self->sessions[session].life;
    int user = self->sessions[session].user;
    bool refused = error && strcmp(error, "unauthenticated") == 0;
    if (refused && model_surely_there(life, asked, self->now) &&
        !model_perhaps_suspended(self, user, asked, self->now))
        model_wrong(self, "access: a living session was refused");
    if (!error && model_surely_suspended(self, user, asked, self->now))
        model_wrong(self, "access: a suspended account's session is good");
    if (!error && model_surely_gone(life, asked))
        model_wrong(self, "access: a session that was ended is still good");
}

void model_key_used(model_t *self, int key, int64_t asked, const char *error)
{
    bool refused = error && strcmp(error, "unauthenticated") == 0;
    const model_key_t *of = &self->keys[key];
    if (refused && model_key_sure(self, key, asked, self->now) &&
        !model_perhaps_suspended(self, of->user, asked, self->now))
        model_wrong(self, "access: a living key was refused");
    if (!error && model_surely_suspended(self, of->user, asked, self->now))
        model_wrong(self, "access: a suspended account's key is good");
    bool gone = model_surely_gone(&of->life, asked) ||
                (of->lease >= 0 && model_surely_gone(&self->leases[of->lease].life, asked));
    if (!error && gone)
        model_wrong(self,
                    "access: a key that was revoked, or whose lease has ended, is still good");
}

/*  ---- Leases ---- */

int model_lease_of(const model_t *self, int user, int number)
{
    for (int i = self->lease_count - 1; i >= 0; i--)
        if (self->leases[i].user == user && self->leases[i].number == number &&
            !self->leases[i].life.ended)
            return i;
    return MODEL_NONE;
}

bool model_lease_sure(const model_t *self, int lease, int64_t from, int64_t to)
{
    return model_surely_there(&self->leases[lease].life, from, to);
}

bool model_surely_leased(const model_t *self, int number, int64_t from, int64_t to)
{
    for (int i = 0; i < self->lease_count; i++)
        if (self->leases[i].number == number && model_lease_sure(self, i, from, to))
            return true;
    return false;
}

bool model_surely_free(const model_t *self, int number, int64_t from, int64_t to)
{
    if (model_perhaps_retired(self, number, from, to))
        return false;
    for (int i = 0; i < self->lease_count; i++) {
        const model_life_t *life = &self->leases[i].life;
        if (self->leases[i].number == number && life->asked <= to && !model_surely_gone(life, from))
            return false;
    }
    return true;
}

int model_lease(model_t *self, int user, int number)
{
    int lease = model_lease_of(self, user, number);
    if (lease != MODEL_NONE)
        return lease;
    MODEL_ROOM(self->leases, self->lease_count);
    self->leases[self->lease_count] =
        (model_lease_t){.user = user, .number = number, .life = {.asked = self->now}};
    return self->lease_count++;
}

/*  What was made after a release that got no answer was asked for belongs to the old lease or the
    new one: to the new one, but it is not sure to be there. */
static void s_inherit(model_t *self, int before, int lease)
{
    const model_lease_t *old = &self->leases[before];
    for (int i = 0; i < self->key_count; i++) {
        model_key_t *key = &self->keys[i];
        if (key->lease != before || key->life.asked < old->life.ending)
            continue;
        key->lease = lease;
        key->life.made = 0;
        for (int t = 0; t < self->text_count; t++)
            if (self->texts[t].user != MODEL_NONE && self->texts[t].key == i) {
                self->texts[t].lease = lease;
                if (self->texts[t].answer == MODEL_ACCEPTED)
                    self->texts[t].answer = MODEL_SILENT; /* the old lease may have it */
            }
    }
    for (int i = 0; i < self->hook_count; i++) {
        model_hook_t *hook = &self->hooks[i];
        if (hook->lease != before || hook->life.asked < old->life.ending)
            continue;
        hook->lease = lease;
        hook->life.made = 0;
    }
}

void model_leased(model_t *self, int user, int number, int64_t asked, int64_t leased_at)
{
    if (number == 0)
        model_wrong(self, "lease: the shared number was leased");
    if (model_surely_retired(self, number, asked, self->now))
        model_wrong(self, "lease: a retired number was leased");
    for (int i = 0; i < self->lease_count; i++)
        if (self->leases[i].number == number && self->leases[i].user != user &&
            model_lease_sure(self, i, asked, self->now))
            model_wrong(self, "lease: %s has two lessees", self->numbers[number].e164);
    int lease = model_lease_of(self, user, number), before = lease;
    bool another = lease != MODEL_NONE && self->leases[lease].leased_at &&
                   self->leases[lease].leased_at != leased_at;
    if (another) { /* the release that got no answer had its effect */
        if (!self->leases[lease].life.ending)
            model_wrong(self, "lease: it began anew without an end");
        self->leases[lease].life.ended = self->now;
    }
    if (another || lease == MODEL_NONE)
        lease = model_lease(self, user, number);
    model_lease_t *of = &self->leases[lease];
    if (another) {
        of->life.asked = self->leases[before].life.ending;
        s_inherit(self, before, lease);
    }
    if (!of->life.made)
        of->life.made = self->now;
    of->leased_at = leased_at;
}

/*  Its line was not configured at some time, and the ledger has not heard of it yet, or not that it
    is again: tells take as long as a link is cut. */
static bool s_perhaps_gone(const model_t *self, int number)
{
    return self->numbers[number].absent_until != 0;
}

void model_lease_refused(model_t *self, int user, int number, int64_t asked, const char *error)
{
    int own = model_lease_of(self, user, number);
    if (own != MODEL_NONE && model_lease_sure(self, own, asked, self->now) &&
        strcmp(error, "number_unavailable") == 0)
        model_wrong(self, "lease: the lessee was told that the number is another's");
    if (number > 0 && strcmp(error, "number_unavailable") == 0 &&
        model_surely_free(self, number, asked, asked) && !s_perhaps_gone(self, number)) {
        bool another = false;
        for (int i = 0; i < self->lease_count; i++)
            another |= self->leases[i].number == number && self->leases[i].user != user &&
                       self->leases[i].life.asked <= self->now && !self->leases[i].life.ended;
        if (!another)
            model_wrong(self, "lease: a free number was refused");
    }
    /* It was never made, if nobody answered otherwise before. */
    if (own != MODEL_NONE && !self->leases[own].life.made && self->leases[own].life.asked == asked)
        self->leases[own].life.ended = self->now;
}

void model_release(model_t *self, int user, int number)
{
    int lease = model_lease_of(self, user, number);
    if (lease != MODEL_NONE && !self->leases[lease].life.ending)
        self->leases[lease].life.ending = self->now;
}

void model_released(model_t *self, int user, int number, int64_t asked)
{
    for (int i = 0; i < self->lease_count; i++) {
        model_lease_t *lease = &self->leases[i];
        if (lease->user == user && lease->number == number && !lease->life.ended &&
            lease->life.asked < asked && /* else it came behind this release (model_leased) */
            (lease->life.made || asked > lease->life.asked + s_settling))
            lease->life.ended = self->now;
    }
}

void model_number_listed(model_t *self, int user, int number, bool mine, bool listed, int64_t asked)
{
    int lease = model_lease_of(self, user, number);
    bool sure = lease != MODEL_NONE && model_lease_sure(self, lease, asked, self->now);
    if (mine && sure && !listed)
        model_wrong(self, "lease: a lease is not on its lessee's list");
    if (!mine && listed && model_surely_retired(self, number, asked, self->now))
        model_wrong(self, "lease: a retired number is listed as available");
    if (!mine && listed && number > 0 && model_surely_leased(self, number, asked, self->now))
        model_wrong(self, "lease: a leased number is listed as available");
    if (!mine && !listed && !s_perhaps_gone(self, number) &&
        (number == 0 || model_surely_free(self, number, asked, self->now)))
        model_wrong(self, "lease: a free number is not listed");
    if (!mine || !listed)
        return;
    bool may = false;
    for (int i = 0; i < self->lease_count; i++)
        may |= self->leases[i].user == user && self->leases[i].number == number &&
               !model_surely_gone(&self->leases[i].life, asked);
    if (!may)
        model_wrong(self, "lease: a number is on the list of one who has no lease");
}

/*  ---- Keys ---- */

int model_key_created(model_t *self, int user, int number, op_id_t id, op_hash_t hash,
                      int64_t asked)
{
    int lease = MODEL_NONE;
    if (number > 0) {
        lease = model_lease_of(self, user, number);
        if (lease == MODEL_NONE) {
            model_wrong(self, "access: a key for a number that the user does not lease");
            return MODEL_NONE;
        }
    }
    MODEL_ROOM(self->keys, self->key_count);
    self->keys[self->key_count] = (model_key_t){.user = user,
                                                .number = number,
                                                .lease = lease,
                                                .id = id,
                                                .hash = hash,
                                                .life = {.asked = asked, .made = self->now}};
    return self->key_count++;
}

bool model_key_sure(const model_t *self, int key, int64_t from, int64_t to)
{
    const model_key_t *of = &self->keys[key];
    return model_surely_there(&of->life, from, to) &&
           (of->lease < 0 || model_lease_sure(self, of->lease, of->life.asked, to));
}

static bool s_listed(const op_id_t *ids, size_t count, op_id_t id)
{
    for (size_t i = 0; i < count; i++)
        if (op_id_equal(ids[i], id))
            return true;
    return false;
}

bool model_long_gone(const model_t *self, const model_life_t *life, int lease, int64_t at)
{
    return (life && model_surely_gone(life, at)) ||
           (lease >= 0 && self->leases[lease].life.ended &&
            model_surely_gone(&self->leases[lease].life, at - 30 * OP_MINUTE_MS));
}

void model_keys_listed(model_t *self, int user, const op_id_t *ids, size_t count, int64_t asked)
{
    size_t known = 0;
    for (int i = 0; i < self->key_count; i++) {
        const model_key_t *key = &self->keys[i];
        bool listed = s_listed(ids, count, key->id);
        if (listed && key->user != user)
            model_wrong(self, "access: another user's key was listed");
        if (key->user != user)
            continue;
        known += listed;
        if (!listed && model_key_sure(self, i, asked, self->now))
            model_wrong(self, "access: a living key is not listed");
        if (listed && model_long_gone(self, &key->life, key->lease, asked))
            model_wrong(self, "access: a key that is gone is still listed");
    }
    if (count - known > self->silent_keys[user])
        model_wrong(self, "access: a key is listed that nobody made");
}

void model_hooks_listed(model_t *self, int user, const op_id_t *ids, size_t count, int64_t asked)
{
    size_t known = 0;
    for (int i = 0; i < self->hook_count; i++) {
        const model_hook_t *hook = &self->hooks[i];
        bool listed = s_listed(ids, count, hook->id);
        if (listed && hook->user != user)
            model_wrong(self, "access: another user's webhook was listed");
        if (hook->user != user)
            continue;
        known += listed;
        bool sure =
            model_surely_there(&hook->life, asked, self->now) &&
            (hook->lease < 0 || model_lease_sure(self, hook->lease, hook->life.asked, self->now));
        if (!listed && sure)
            model_wrong(self, "access: a living webhook is not listed");
        if (listed && model_long_gone(self, &hook->life, hook->lease, asked))
            model_wrong(self, "access: a webhook that is gone is still listed");
    }
    if (count - known > self->silent_hooks[user])
        model_wrong(self, "access: a webhook is listed that nobody made");
}
