#include "tools/opd_ready.h"

#include "transport/clock.h"

#include <czmq.h>

bool op_opd_line_is_up(op_mailbox_t *mailbox, op_postbox_t *postbox, uint64_t number)
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
