/*  sim_hooks.c - the poster and the agents' web servers: well, slow, failing, silent or gone */

#include "tests/simulation/sim_private.h"

#include "base/instant.h"

#include <stdio.h>
#include <string.h>

static const char s_host[] = "https://hook.example/";

int sim_hooks_new_url(sim_t *self, char url[80])
{
    MODEL_ROOM(self->receivers, self->receiver_count);
    self->receivers[self->receiver_count] = (sim_receiver_t){.until = 0};
    snprintf(url, 80, "%s%d", s_host, self->receiver_count);
    return self->receiver_count++;
}

/*  NULL: the URL is none of ours. */
static sim_receiver_t *s_receiver(sim_t *self, op_str_t url)
{
    uint64_t number;
    size_t size = sizeof s_host - 1;
    bool ours = op_str_starts(url, s_host) &&
                op_str_to_u64(op_str_of(url.at + size, url.size - size), 1000000, &number) &&
                (int)number < self->receiver_count;
    return ours ? &self->receivers[number] : NULL;
}

void sim_hooks_secret(sim_t *self, const char *url, const char *secret, bool rotated)
{
    sim_receiver_t *receiver = s_receiver(self, op_str(url));
    if (!receiver)
        return;
    op_str_copy(op_str(secret), rotated ? receiver->next : receiver->secret,
                sizeof receiver->secret);
    if (rotated)
        receiver->change_at = self->now + sim_wait(&self->random, 2 * OP_MINUTE_MS);
}

static op_str_t s_header(const op_post_t *post, const char *name)
{
    for (size_t i = 0; i < post->headers.count; i++)
        if (op_str_is(post->headers.at[i].name, name))
            return post->headers.at[i].value;
    return (op_str_t){0};
}

/*  What the receiver answers, and after which time. */
static void s_answer(sim_t *self, sim_receiver_t *receiver, const model_posted_t *seen,
                     op_posted_t *posted)
{
    bool hurt = receiver && receiver->until > self->now;
    sim_fault_t state = hurt ? receiver->fault : SIM_FAULT_END;
    posted->status = 200;
    posted->duration_ms = (uint64_t)sim_between(&self->random, 1, 60);
    if (hurt)
        sim_fired(self, state);
    if (receiver && receiver->change_at && receiver->change_at <= self->now) {
        memcpy(receiver->secret, receiver->next, sizeof receiver->secret);
        receiver->change_at = 0;
    }
    if (state == SIM_FAULT_HOOK_SLOW)
        posted->duration_ms = (uint64_t)sim_between(&self->random, 1000, 9000);
    else if (state == SIM_FAULT_HOOK_ERROR)
        posted->status = 500;
    else if (state == SIM_FAULT_HOOK_TIMEOUT) {
        posted->duration_ms = 10000;
        posted->status = 0;
        posted->error = OP_STR("timed out");
    } else if (state == SIM_FAULT_HOOK_DEAD) {
        posted->status = 0;
        posted->error = OP_STR("connection refused");
    } else if (state == SIM_FAULT_HOOK_GONE)
        posted->status = 410;
    else if (state == SIM_FAULT_HOOK_BUSY) {
        static const uint64_t asked[] = {0, 10, 45, 140, 400, 100000};
        posted->status = sim_once_in(&self->random, 2) ? 429 : 503;
        posted->retry_after_s = asked[sim_pick(self, OP_COUNT(asked))];
    } else if (receiver && receiver->secret[0] && !model_signed(seen, receiver->secret)) {
        static const uint64_t refusals[] = {400, 401, 403};
        posted->status = refusals[sim_pick(self, OP_COUNT(refusals))];
    }
}

/*  A death that cuts a post off shows only where nothing comes behind it: at the end of life. */
static void s_die_late(sim_t *self, sim_process_t *process)
{
    if (self->part != SIM_LIFE || !sim_has(self, SIM_FAULT_CRASH_BEFORE) ||
        self->now < self->begin + self->options.span - 2 * OP_MINUTE_MS)
        return;
    process->crash = SIM_CRASH_BEFORE;
    process->crash_in = 0;
}

void sim_hooks_post(sim_t *self, const op_post_t *post)
{
    size_t process = self->actors[SIM_WEBHOOK].process;
    s_die_late(self, &self->processes[process]);
    model_posted_t seen = {.url = post->url,
                           .body = post->body,
                           .signature = s_header(post, "op-signature"),
                           .delivery = s_header(post, "op-delivery-id"),
                           .event = s_header(post, "op-event"),
                           .clock = sim_local(self, process),
                           .life = self->processes[process].life};
    op_posted_t posted = {.delivery = post->delivery};
    s_answer(self, s_receiver(self, post->url), &seen, &posted);
    seen.takes = (int64_t)posted.duration_ms;
    seen.status = posted.status;
    seen.retry_after_s = posted.retry_after_s;
    model_posted(&self->model, &seen);
    self->verdict->posts++;
    op_envelope_t note = {.kind = OP_FRAME_NOTE, .from = OP_STR("poster"), .to = OP_STR("webhook")};
    op_buf_t frame = {0};
    op_frame_encode(&note, &op_posted_type, &posted, &frame);
    sim_queue_put(&self->queue, self->now + seen.takes, SIM_EVENT_NOTE, SIM_WEBHOOK,
                  self->processes[process].life, op_buf_str(&frame));
    op_buf_free(&frame);
}

void sim_hooks_answered(sim_t *self, op_str_t frame)
{
    op_envelope_t envelope;
    op_str_t bytes;
    op_decode_t result;
    char id[OP_ID_TEXT + 1];
    op_arena_clear(&self->arena);
    if (op_frame_open(frame, &self->arena, &envelope, &bytes) != OP_DECODE_OK ||
        envelope.type != op_posted_type.number)
        return;
    const op_posted_t *posted = op_frame_body(&op_posted_type, bytes, &self->arena, &result);
    if (!posted)
        return;
    op_id_print(posted->delivery, id);
    model_post_answered(&self->model, op_str(id));
}
