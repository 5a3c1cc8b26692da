#include "http/ready.h"

typedef struct {
    op_step_t step;
    const op_type_t *type;
    const char *silent;
    const char *refused; /* NULL: a refusal is an answer */
} s_question_t;

/*  Steps that only read. Without a credential auth refuses, which is answer enough. */
static const s_question_t s_questions[] = {
    {OP_STEP_AUTH_SESSION, &op_nothing_type, "auth: no answer", NULL},
    {OP_STEP_RATE_LOOK, &op_nothing_type, "rate: no answer", NULL},
    {OP_STEP_WEBHOOK_LIST, &op_by_number_type, "webhook: no answer", NULL},
    {OP_STEP_LEDGER_READY, &op_nothing_type, "ledger: no answer", "modem: no line is up"},
};

/*  NULL: nothing is missing. */
static const char *s_missing(const s_question_t *question, op_calls_t *calls, op_call_t *call,
                             op_str_t request_id)
{
    static const op_by_number_t all = {.number_id = {{0}}};
    static const op_nothing_t nothing = {0};
    const void *body = question->type == &op_by_number_type ? (const void *)&all : &nothing;
    op_context_t context = {0};
    uint8_t step = (uint8_t)question->step;
    if (op_calls_ask(calls, call, (op_str_t){0}, &step, 1, question->type, body, &context,
                     request_id, OP_READY_MS) != OP_ASK_ANSWERED)
        return question->silent;
    return call->reply.type == op_refusal_type.number ? question->refused : NULL;
}

void op_ready_answer(op_calls_t *calls, op_call_t *call, op_str_t request_id,
                     op_http_response_t *response)
{
    op_buf_t missing = {0};
    for (size_t i = 0; i < OP_COUNT(s_questions); i++) {
        const char *what = s_missing(&s_questions[i], calls, call, request_id);
        if (!what)
            continue;
        if (missing.size)
            op_buf_add_byte(&missing, ',');
        op_http_json_string(&missing, op_str(what));
    }
    response->status = missing.size ? 503 : 200;
    if (missing.size)
        (void)op_http_response_header(response, "Retry-After", OP_STR("1"));
    op_buf_printf(&response->body, "{\"status\":\"%s\",\"missing\":[",
                  missing.size ? "unready" : "ready");
    op_buf_add_str(&response->body, op_buf_str(&missing));
    op_buf_printf(&response->body, "]}");
    op_buf_free(&missing);
}
