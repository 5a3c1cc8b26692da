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

static sim_fault_t s_state(const sim_t *self, op_str_t url)
{
    uint64_t number;
    size_t size = sizeof s_host - 1;
    bool ours = op_str_starts(url, s_host) &&
                op_str_to_u64(op_str_of(url.at + size, url.size - size), 1000000, &number) &&
                (int)number < self->receiver_count;
    if (!ours || self->receivers[number].until <= self->now)
        return SIM_FAULT_END;
    return self->receivers[number].fault;
}

static op_str_t s_header(const op_post_t *post, const char *name)
{
    for (size_t i = 0; i < post->headers.count; i++)
        if (op_str_is(post->headers.at[i].name, name))
            return post->headers.at[i].value;
    return (op_str_t){0};
}

void sim_hooks_post(sim_t *self, const op_post_t *post)
{
    size_t process = self->actors[SIM_WEBHOOK].process;
    model_posted_t seen = {.url = post->url,
                           .body = post->body,
                           .signature = s_header(post, "op-signature"),
                           .delivery = s_header(post, "op-delivery-id"),
                           .event = s_header(post, "op-event"),
                           .clock = sim_local(self, process)};
    model_posted(&self->model, &seen);
    self->verdict->posts++;
    sim_fault_t state = s_state(self, post->url);
    op_posted_t posted = {.delivery = post->delivery, .status = 200};
    int64_t takes = sim_between(&self->random, 1, 60);
    if (state != SIM_FAULT_END)
        sim_fired(self, state);
    if (state == SIM_FAULT_HOOK_SLOW)
        takes = sim_between(&self->random, 1000, 9000);
    else if (state == SIM_FAULT_HOOK_ERROR)
        posted.status = 500;
    else if (state == SIM_FAULT_HOOK_TIMEOUT) {
        takes = 10000;
        posted.status = 0;
        posted.error = OP_STR("timed out");
    } else if (state == SIM_FAULT_HOOK_DEAD) {
        posted.status = 0;
        posted.error = OP_STR("connection refused");
    }
    posted.duration_ms = (uint64_t)takes;
    op_envelope_t note = {.kind = OP_FRAME_NOTE, .from = OP_STR("poster"), .to = OP_STR("webhook")};
    op_buf_t frame = {0};
    op_frame_encode(&note, &op_posted_type, &posted, &frame);
    sim_queue_put(&self->queue, self->now + takes, SIM_EVENT_NOTE, SIM_WEBHOOK,
                  self->processes[process].life, op_buf_str(&frame));
    op_buf_free(&frame);
}
