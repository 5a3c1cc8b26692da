#include "http/shared_number.h"

#include "http/ready.h"

bool op_shared_number_ask(op_calls_t *calls, op_call_t *call, op_str_t request_id,
                          char number[OP_PHONE_MAX + 1])
{
    static const uint8_t step = OP_STEP_LEDGER_SHARED;
    op_context_t context = {0};
    op_decode_t result;
    if (op_calls_ask(calls, call, (op_str_t){0}, &step, 1, &op_nothing_type, &(op_nothing_t){0},
                     &context, request_id, OP_READY_MS) != OP_ASK_ANSWERED ||
        call->reply.type != op_line_view_type.number)
        return false;
    const op_line_view_t *line =
        op_frame_body(&op_line_view_type, call->body, &call->arena, &result);
    return line && op_str_copy(line->e164, number, OP_PHONE_MAX + 1);
}
