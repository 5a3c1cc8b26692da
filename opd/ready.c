#include "opd/ready.h"

#include "transport/clock.h"
#include "transport/log.h"
#include "transport/mailbox.h"

#include <czmq.h>

/*  Asks, and waits for the answer at most a second. The mailbox is that of the name "opd"; `number`
    is new for every call. */
static bool s_line_is_up(op_mailbox_t *mailbox, op_postbox_t *postbox, uint64_t number)
{
    uint8_t slip = OP_STEP_LEDGER_READY;
    op_envelope_t request = {.kind = OP_FRAME_REQUEST,
                             .from = OP_STR("opd"),
                             .to = OP_STR("ledger"),
                             .correlation = number,
                             .deadline = op_clock_now() + OP_REQUEST_DEADLINE_MS,
                             .origin = OP_STR("opd"),
                             .slip = op_str_of(&slip, 1)};
    op_buf_t frame = {0};
    op_arena_t arena = {0};
    bool ready = false;
    op_frame_encode(&request, &op_nothing_type, &(op_nothing_t){0}, &frame);
    zmq_pollitem_t item = {.socket = op_mailbox_socket(mailbox), .events = ZMQ_POLLIN};
    if (op_postbox_send(postbox, OP_STR("ledger"), op_buf_str(&frame)) &&
        zmq_poll(&item, 1, 1000) > 0 && op_mailbox_take(mailbox, &frame)) {
        op_envelope_t reply;
        op_str_t body;
        ready = op_frame_open(op_buf_str(&frame), &arena, &reply, &body) == OP_DECODE_OK &&
                reply.type == op_nothing_type.number;
    }
    op_arena_free(&arena);
    op_buf_free(&frame);
    return ready;
}

bool op_opd_wait_for_line(op_pause_t pause)
{
    char error[256];
    op_mailbox_t *mailbox = op_mailbox_new("opd", error);
    OP_ASSERT(mailbox);
    op_postbox_t *postbox = op_postbox_new();
    int64_t until = op_clock_steady() + OP_READY_WAIT_MS;
    bool ready = false, stopped = false;
    for (uint64_t n = 1; !ready && !stopped && op_clock_steady() < until; n++) {
        ready = s_line_is_up(mailbox, postbox, n);
        stopped = !ready && pause.pause(pause.arg);
    }
    if (!ready && !stopped)
        op_log(OP_LOG_WARNING, "opd", "no line is up yet: nobody can sign up until one is");
    op_postbox_destroy(&postbox);
    op_mailbox_destroy(&mailbox);
    return !stopped;
}

/*  False: stopped. */
static bool s_wait(bool (*there)(const op_opd_links_t *), const op_opd_links_t *links,
                   op_pause_t pause, int64_t ms)
{
    int64_t until = op_clock_steady() + ms;
    while (!there(links) && op_clock_steady() <= until)
        if (pause.pause(pause.arg))
            return false;
    return true;
}

bool op_opd_wait_for_links(const op_opd_links_t *links, op_pause_t pause)
{
    if (!s_wait(op_opd_links_up, links, pause, OP_READY_WAIT_MS))
        return false;
    for (int i = 0; !op_opd_links_up(links) && i < (int)links->topology.process_count; i++) {
        char actors[200];
        op_topology_actors(&links->topology, i, actors, sizeof actors);
        if (!op_links_up(links->links, i))
            op_log(OP_LOG_WARNING, "opd", "a peer is not up yet peer=%s actors=%s",
                   links->topology.endpoints[i], actors);
    }
    return true;
}

bool op_opd_wait_for_time(const op_opd_links_t *links, op_pause_t pause)
{
    bool go_on = s_wait(op_opd_links_have_time, links, pause, OP_LINK_SILENCE_MS);
    if (go_on && !op_opd_links_have_time(links))
        op_log(OP_LOG_WARNING, "opd",
               "the ledger is not heard: this machine's clock is gone by until it is");
    return go_on;
}
