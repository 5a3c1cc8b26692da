/*  sim_network.c - the links between actors

    As with CZMQ's PUSH sockets, frames of one pair arrive in order, unless the fault net_reorder
    says otherwise: tells must survive even that. Between two actors only goes what another process
    would take (transport/roles.h), whether these two share one or not. Only tells and acks arrive twice: a request is at
    most once by the transport's promise (ARCHITECTURE.md), so doubling one would prove nothing. */

#include "tests/simulation/sim_private.h"

#include "base/instant.h"
#include "http/routes.h"
#include "transport/roles.h"

#include <stdio.h>
#include <string.h>

void sim_trace(sim_t *self, op_str_t frame)
{
    uint8_t head[16];
    uint64_t size = frame.size;
    memcpy(head, &self->now, sizeof self->now);
    memcpy(head + 8, &size, sizeof size);
    crypto_generichash_update(&self->hash, head, sizeof head);
    crypto_generichash_update(&self->hash, (const uint8_t *)frame.at, frame.size);
    size_t place = self->ring_next++ % SIM_RING;
    self->ring[place].at = self->now;
    op_buf_clear(&self->ring[place].frame);
    op_buf_add_str(&self->ring[place].frame, frame);
    self->verdict->frames++;
}

void sim_trace_print(const sim_t *self, op_buf_t *out)
{
    uint64_t first = self->ring_next > SIM_RING ? self->ring_next - SIM_RING : 0;
    for (uint64_t i = first; i < self->ring_next; i++) {
        int64_t at = self->ring[i % SIM_RING].at - self->begin;
        op_buf_printf(out, "  %10lld.%03lld  ", (long long)(at / OP_SECOND_MS),
                      (long long)(at % OP_SECOND_MS));
        op_frame_print(op_buf_str(&self->ring[i % SIM_RING].frame), OP_PRINT_FULL, out);
        op_buf_add_byte(out, '\n');
    }
}

/*  When a frame that leaves now arrives. */
static int64_t s_arrival(sim_t *self, sim_way_t *way)
{
    int64_t at = self->now + sim_between(&self->random, 0, 2);
    if (way->slow_until > self->now) {
        at += sim_between(&self->random, 0, way->slow);
        sim_fired(self, SIM_FAULT_NET_DELAY);
    }
    if (way->reorder_until > self->now) {
        at += sim_between(&self->random, 0, 200);
        if (at < way->latest)
            sim_fired(self, SIM_FAULT_NET_REORDER);
        else
            way->latest = at;
        return at;
    }
    if (at < way->latest)
        at = way->latest;
    way->latest = at;
    return at;
}

static bool s_is_lost(sim_t *self, const sim_way_t *way)
{
    if (way->cut_until > self->now) {
        sim_fired(self, way->cut_by);
        return true;
    }
    if (way->drop_until > self->now && sim_once_in(&self->random, 4)) {
        sim_fired(self, SIM_FAULT_NET_DROP);
        return true;
    }
    return false;
}

void sim_network_send(sim_t *self, size_t from, size_t to, op_str_t frame)
{
    op_envelope_t envelope;
    op_str_t body;
    op_arena_clear(&self->arena);
    op_decode_t result = op_frame_open(frame, &self->arena, &envelope, &body);
    if (result != OP_DECODE_OK || !op_str_is(envelope.from, sim_peer_name(from))) {
        model_wrong(&self->model, "frames: %s sends what is no frame of its own",
                    sim_peer_name(from));
        return;
    }
    if (op_roles_apply(&envelope) && !op_roles_allow(&envelope, op_route_itinerary)) {
        model_wrong(&self->model, "frames: %s tells %.*s what no other process would take",
                    sim_peer_name(from), (int)envelope.to.size, envelope.to.at);
        return;
    }
    const op_type_t *type = op_message_type(envelope.type);
    model_frame(&self->model, type->name, envelope.to, frame);
    sim_gateway_watch(self, from, &envelope, type, body);
    sim_way_t *way = &self->ways[from][to];
    if (sim_hosts_lose(self, from, to) || s_is_lost(self, way))
        return;
    sim_queue_put(&self->queue, s_arrival(self, way), SIM_EVENT_FRAME, to, 0, frame);
    bool repeatable = envelope.kind == OP_FRAME_TELL || envelope.kind == OP_FRAME_ACK ||
                      envelope.kind == OP_FRAME_RESUME;
    if (repeatable && way->duplicate_until > self->now && sim_once_in(&self->random, 2)) {
        sim_fired(self, SIM_FAULT_NET_DUPLICATE);
        sim_queue_put(&self->queue, s_arrival(self, way), SIM_EVENT_FRAME, to, 0, frame);
    }
}

void sim_network_arrived(sim_t *self, size_t to, op_str_t frame)
{
    if (to < SIM_ACTORS) {
        if (self->actors[to].actor)
            sim_actor_mail(self, to, frame);
        return;
    }
    if (to == SIM_HTTP && !self->processes[0].alive)
        return;
    op_envelope_t envelope;
    op_str_t bytes;
    op_decode_t result;
    sim_trace(self, frame);
    op_arena_clear(&self->arena);
    if (op_frame_open(frame, &self->arena, &envelope, &bytes) != OP_DECODE_OK)
        return;
    const op_type_t *type = op_message_type(envelope.type);
    const void *body = op_frame_body(type, bytes, &self->arena, &result);
    if (!body)
        model_wrong(&self->model, "frames: an answer does not decode");
    else if (to == SIM_CONTROL)
        sim_operator_answered(self, &envelope, type, body);
    else
        sim_gateway_frame(self, &envelope, type, body);
}
