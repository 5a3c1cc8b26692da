/*  sim_model_hook.c - webhooks: at least once, always under the same delivery id, signed, and only
    for those who asked */

#include "base/instant.h"
#include "tests/simulation/sim_model_private.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

int model_hook_created(model_t *self, int user, int number, op_id_t id, const char *secret,
                       const char *url, const char *events, int64_t asked)
{
    int lease = number > 0 ? model_lease_of(self, user, number) : MODEL_NONE;
    if (number > 0 && lease == MODEL_NONE)
        model_wrong(self, "access: a webhook for a number that the user does not lease");
    for (int i = 0; i < self->hook_count; i++) {
        const model_hook_t *hook = &self->hooks[i];
        bool leased = hook->lease < 0 || model_lease_sure(self, hook->lease, asked, self->now);
        if (hook->user == user && hook->number == number && leased &&
            model_surely_there(&hook->life, asked, self->now))
            model_wrong(self, "webhook: a second one on a number was accepted");
    }
    MODEL_ROOM(self->hooks, self->hook_count);
    model_hook_t *hook = &self->hooks[self->hook_count];
    *hook = (model_hook_t){.user = user,
                           .number = number,
                           .lease = lease,
                           .id = id,
                           .life = {.asked = asked, .made = self->now},
                           .on_since = self->now};
    op_str_copy(op_str(secret), hook->secret, sizeof hook->secret);
    op_str_copy(op_str(url), hook->url, sizeof hook->url);
    op_str_copy(op_str(events), hook->events, sizeof hook->events);
    return self->hook_count++;
}

bool model_signed(const model_posted_t *post, const char *secret)
{
    char text[200], stamp[32], expected[crypto_auth_hmacsha256_BYTES * 2 + 1];
    long long seconds;
    char hex[65];
    op_str_copy(post->signature, text, sizeof text);
    if (sscanf(text, "t=%lld,v1=%64s", &seconds, hex) != 2)
        return false;
    crypto_auth_hmacsha256_state state;
    uint8_t mac[crypto_auth_hmacsha256_BYTES];
    int size = snprintf(stamp, sizeof stamp, "%lld.", seconds);
    crypto_auth_hmacsha256_init(&state, (const uint8_t *)secret, strlen(secret));
    crypto_auth_hmacsha256_update(&state, (const uint8_t *)stamp, (unsigned long long)size);
    crypto_auth_hmacsha256_update(&state, (const uint8_t *)post->body.at, post->body.size);
    crypto_auth_hmacsha256_final(&state, mac);
    op_hex(mac, sizeof mac, expected);
    int64_t apart = post->clock / OP_SECOND_MS - seconds;
    return strcmp(hex, expected) == 0 && apart >= -1 && apart <= 1;
}

/*  The UUID behind the first `mark` in the body. */
static bool s_find_id(op_str_t body, const char *mark, char id[OP_ID_TEXT + 1])
{
    const char *at = memmem(body.at, body.size, mark, strlen(mark));
    if (!at || at + strlen(mark) + OP_ID_TEXT > body.at + body.size)
        return false;
    op_str_copy(op_str_of(at + strlen(mark), OP_ID_TEXT), id, OP_ID_TEXT + 1);
    return true;
}

static bool s_is_word(const char *words, op_str_t word)
{
    char list[100], wanted[60], within[104];
    op_str_copy(word, wanted, sizeof wanted);
    snprintf(list, sizeof list, ",%s,", wanted);
    snprintf(within, sizeof within, ",%s,", words);
    return strstr(within, list) != NULL;
}

/*  Answers whether it is signed with the secret before. */
static bool s_check_signature(model_t *self, const model_hook_t *hook, const model_posted_t *post)
{
    bool now = model_signed(post, hook->secret);
    bool grace = hook->grace_until + 10 * OP_SECOND_MS > self->now ||
                 model_because(self, MODEL_NONE, MODEL_CAUSE_CLOCK, 0, self->now);
    bool before = !now && grace && hook->previous[0] && model_signed(post, hook->previous);
    bool unknown = hook->unsure || (grace && hook->previous_unsure);
    if (!now && !before && !unknown)
        model_wrong(self, "webhook: a wrong signature");
    return before || (!now && unknown);
}

static void s_check_test(model_t *self, const model_hook_t *hook, const model_posted_t *post)
{
    (void)s_check_signature(self, hook, post);
    if (self->now > hook->tested_until)
        model_wrong(self, "webhook: a test that nobody asked for");
    if (!op_str_is(post->event, "message.received"))
        model_wrong(self, "webhook: a test of another kind");
}

static void s_check_post(model_t *self, int number, const model_posted_t *post)
{
    const model_hook_t *hook = &self->hooks[number];
    if (!s_is_word(hook->events, post->event))
        model_wrong(self, "webhook: an event that it was not registered for");
    if (model_surely_gone(&hook->life, self->now))
        model_wrong(self, "webhook: a post to one that was deleted");
    if (model_long_gone(self, NULL, hook->lease, self->now) &&
        !op_str_is(post->event, "message.failed"))
        model_wrong(self, "webhook: a post for a lease that has ended");
}

/*  Compares a post with those of the same event or delivery; notes it. */
static void s_remember(model_t *self, model_post_t post, bool by_previous)
{
    for (int i = 0; i < self->post_count; i++) {
        model_post_t *known = &self->posts[i];
        bool event = strcmp(known->event, post.event) == 0;
        bool delivery = strcmp(known->delivery, post.delivery) == 0;
        if (event != delivery)
            model_wrong(self, "webhook: the delivery id of an event changed, or serves two");
        else if (event && (known->body != post.body || known->hook != post.hook))
            model_wrong(self, "webhook: a delivery changed its content or its receiver");
        else if (event) {
            model_post_again(self, known, &post, by_previous);
            return;
        } else if (known->hook == post.hook && strcmp(known->message, post.message) == 0 &&
                   strcmp(known->type, post.type) == 0)
            model_wrong(self, "webhook: one message has two events of a kind");
    }
    MODEL_ROOM(self->posts, self->post_count);
    self->posts[self->post_count++] = post;
}

void model_posted(model_t *self, const model_posted_t *posted)
{
    model_post_t post = {.hook = MODEL_NONE,
                         .body = model_hash(0, posted->body),
                         .began = self->now,
                         .ended = self->now + posted->takes,
                         .status = posted->status,
                         .retry_after_s = posted->retry_after_s,
                         .life = posted->life};
    bool ours = self->pending_hooks > 0;
    model_post_secrets(self, posted->body);
    self->failed_posts += posted->status < 200 || posted->status > 299;
    for (int i = 0; i < self->hook_count; i++)
        if (op_str_is(posted->url, self->hooks[i].url))
            post.hook = i;
    for (size_t i = 0; i < MODEL_USERS_MAX; i++)
        ours |= self->silent_hooks[i] > 0;
    if (post.hook == MODEL_NONE) { /* of one whose registration was not answered: who knows */
        if (!ours)
            model_wrong(self, "webhook: a post to an address that nobody registered");
        self->silent_off |= posted->status == 410;
        return;
    }
    model_hook_t *hook = &self->hooks[post.hook];
    if (memmem(posted->body.at, posted->body.size, "\"test\":true", 11)) {
        s_check_test(self, hook, posted);
        return;
    }
    if (posted->status == 410) {
        hook->on_since = 0;
        hook->off_at = post.ended;
    }
    post.loose = hook->unsure || hook->previous_unsure;
    bool by_previous = s_check_signature(self, hook, posted);
    s_check_post(self, post.hook, posted);
    model_post_says(self, post.hook, posted->event, posted->body);
    op_str_copy(posted->delivery, post.delivery, sizeof post.delivery);
    op_str_copy(posted->event, post.type, sizeof post.type);
    if (!s_find_id(posted->body, "\"evt_", post.event) ||
        !s_find_id(posted->body, "\"msg_", post.message)) {
        model_wrong(self, "webhook: a post without event or message id");
        return;
    }
    s_remember(self, post, by_previous);
}

static bool s_was_posted(const model_t *self, int hook, op_id_t message, const char *type)
{
    char id[OP_ID_TEXT + 1];
    op_id_print(message, id);
    for (int i = 0; i < self->post_count; i++)
        if (self->posts[i].hook == hook && strcmp(self->posts[i].message, id) == 0 &&
            strcmp(self->posts[i].type, type) == 0)
            return true;
    return false;
}

static void s_judge(model_t *self, int number, const model_reading_t *reading)
{
    const model_hook_t *hook = &self->hooks[number];
    for (int i = 0; i < reading->count; i++) {
        if (reading->texts[i] == MODEL_NONE)
            continue;
        const model_text_t *text = &self->texts[reading->texts[i]];
        const char *type = reading->inbound[i]            ? "message.received"
                           : text->status == MODEL_SENT   ? "message.sent"
                           : text->status == MODEL_FAILED ? "message.failed"
                                                          : "";
        bool since = hook->on_since && text->asked >= hook->on_since;
        if (since && s_is_word(hook->events, op_str(type)) &&
            !s_was_posted(self, number, reading->ids[i], type))
            model_wrong(self, "webhook: no %s was ever posted for #k%d#", type, reading->texts[i]);
    }
}

void model_judge_hook(model_t *self, const model_reading_t *reading)
{
    const model_key_t *key = &self->keys[reading->key];
    for (int i = 0; i < self->hook_count; i++) {
        const model_hook_t *hook = &self->hooks[i];
        bool same =
            hook->user == key->user && hook->number == key->number && hook->lease == key->lease;
        bool there =
            model_surely_there(&hook->life, hook->life.made, self->now) &&
            (hook->lease < 0 || model_lease_sure(self, hook->lease, hook->life.asked, self->now));
        if (same && there)
            s_judge(self, i, reading);
    }
}
