/*  sim_model_schedule.c - webhooks: when a delivery may be posted once more, and when it must

    A death, a clock that is wrong, a replay and a secret that nobody knows explain a post at
    another time; from then on nobody outside knows how often it was tried, and only its end is
    judged. */

#include "base/instant.h"
#include "tests/simulation/sim_model_private.h"

#include <string.h>

enum { PAUSES = 7 };

static const int64_t s_pauses[PAUSES] = {30 * OP_SECOND_MS, 2 * OP_MINUTE_MS, 10 * OP_MINUTE_MS,
                                         OP_HOUR_MS,        6 * OP_HOUR_MS,   24 * OP_HOUR_MS,
                                         24 * OP_HOUR_MS};
static const int64_t s_slack = 5 * OP_MINUTE_MS;

static bool s_is_final(const model_post_t *post)
{
    return (post->status >= 200 && post->status <= 299) || post->status == 410;
}

static bool s_is_refused(const model_post_t *post)
{
    return post->status == 400 || post->status == 401 || post->status == 403;
}

/*  From the end of the failed attempt to the next one. */
static int64_t s_pause(const model_post_t *post, size_t failed)
{
    int64_t pause = s_pauses[failed - 1], asked = (int64_t)post->retry_after_s * OP_SECOND_MS;
    int64_t most = pause + (failed < PAUSES ? s_pauses[failed] : 0);
    bool asks = post->status == 429 || post->status == 503;
    if (!asks || asked <= pause)
        return pause;
    return asked < most ? asked : most;
}

static void s_on_schedule(model_t *self, model_post_t *known)
{
    const model_hook_t *hook = &self->hooks[known->hook];
    known->tries++;
    if (known->loose)
        return;
    if (known->tries > PAUSES) {
        model_wrong(self, "webhook: a post behind the last one");
        return;
    }
    int64_t due = known->ended + s_pause(known, known->tries);
    bool held = hook->on_since == 0 || hook->on_since > known->ended;
    if (self->now < due)
        model_wrong(self, "webhook: attempt %zu comes %lld ms too early", known->tries + 1,
                    (long long)(due - self->now));
    if (self->now > due + s_slack && !held)
        model_wrong(self, "webhook: attempt %zu comes %lld ms too late", known->tries + 1,
                    (long long)(self->now - due));
}

void model_post_again(model_t *self, model_post_t *known, const model_post_t *post,
                      bool by_previous)
{
    bool clock = model_because(self, MODEL_NONE, MODEL_CAUSE_CLOCK,
                               known->began - 20 * OP_MINUTE_MS, self->now);
    bool replayed = known->replayed && known->replayed > known->began - 10 * OP_SECOND_MS;
    bool again = false;
    const model_hook_t *hook = &self->hooks[known->hook];
    bool held = hook->on_since == 0 || hook->on_since > known->began;
    known->loose |= post->loose;
    int64_t up = known->ended > self->webhook_born ? known->ended : self->webhook_born;
    if (!known->answered && !held && self->now > up + s_slack)
        model_wrong(self, "webhook: a post that a death cut off comes again %lld ms late",
                    (long long)(self->now - up));
    if (clock || replayed || known->life != post->life)
        known->loose = true;
    else if (s_is_final(known))
        model_wrong(self, "webhook: a post behind the end of its delivery");
    else if (self->now < known->ended)
        model_wrong(self, "webhook: two posts of one delivery at once");
    else if (by_previous && s_is_refused(known) && !known->again)
        again = true;
    else if (by_previous && !known->loose)
        model_wrong(self, "webhook: signed with the old secret without being refused");
    else
        s_on_schedule(self, known);
    known->again = again;
    known->answered = false;
    known->began = post->began;
    known->ended = post->ended;
    known->status = post->status;
    known->retry_after_s = post->retry_after_s;
    known->life = post->life;
}

void model_post_answered(model_t *self, op_str_t delivery)
{
    for (int i = 0; i < self->post_count; i++)
        if (op_str_is(delivery, self->posts[i].delivery))
            self->posts[i].answered = true;
}

void model_judge_posts(model_t *self)
{
    for (int i = 0; i < self->post_count; i++) {
        const model_post_t *post = &self->posts[i];
        const model_hook_t *hook = &self->hooks[post->hook];
        bool held = hook->on_since == 0 || hook->on_since > post->began;
        bool ending =
            hook->life.ending || (hook->lease >= 0 && self->leases[hook->lease].life.ending);
        if (ending || held || self->now < post->ended + s_slack)
            continue;
        if (!post->answered)
            model_wrong(self, "webhook: a post that a death cut off was never made again");
        if (s_is_final(post) || post->loose || post->tries >= PAUSES)
            continue;
        if (self->now > post->ended + 2 * s_pause(post, post->tries + 1) + s_slack)
            model_wrong(self, "webhook: attempt %zu never came", post->tries + 2);
    }
}

/*  ---- What owners do ---- */

void model_hook_switch(model_t *self, int number, bool on)
{
    model_hook_t *hook = &self->hooks[number];
    if (on)
        return;
    hook->on_since = 0;
    hook->off_at = self->now;
}

void model_hook_switched(model_t *self, int number, bool on, int64_t asked)
{
    model_hook_t *hook = &self->hooks[number];
    if (!on)
        hook->off_at = self->now;
    else if (hook->on_since == 0 && hook->off_at < asked)
        hook->on_since = self->now;
}

void model_hook_rotate(model_t *self, int number)
{
    self->hooks[number].unsure = true;
}

void model_hook_not_rotated(model_t *self, int number, bool silent)
{
    model_hook_t *hook = &self->hooks[number];
    hook->lost |= silent;
    hook->unsure = hook->lost;
}

void model_hook_rotated(model_t *self, int number, const char *secret, int64_t grace)
{
    model_hook_t *hook = &self->hooks[number];
    hook->previous_unsure = hook->lost;
    hook->lost = false;
    op_str_copy(op_str(hook->secret), hook->previous, sizeof hook->previous);
    op_str_copy(op_str(secret), hook->secret, sizeof hook->secret);
    hook->grace_until = self->now + grace;
    hook->unsure = false;
}

int model_some_post(const model_t *self, int user, size_t draw)
{
    int found = MODEL_NONE;
    for (int i = 0; i < self->post_count; i++) {
        const model_hook_t *hook = &self->hooks[self->posts[i].hook];
        if (hook->user == user && !hook->life.ending && (found == MODEL_NONE || draw-- > 0))
            found = i;
    }
    return found;
}

int model_replay(model_t *self, int number, char delivery[OP_ID_TEXT + 1])
{
    model_post_t *post = &self->posts[number];
    post->replayed = self->now;
    memcpy(delivery, post->delivery, OP_ID_TEXT + 1);
    return post->hook;
}
