#include "http/ready.h"

#include "transport/mailbox.h"
#include "transport/roles.h"

typedef struct {
    op_step_t step;
    const op_type_t *type;
    bool near; /* is asked only where a process has no http, for the actor that it runs */
} s_question_t;

/*  Steps that only read. Without a credential auth refuses, which is answer enough. */
static const s_question_t s_questions[] = {
    {OP_STEP_AUTH_SESSION, &op_nothing_type, false},
    {OP_STEP_RATE_LOOK, &op_nothing_type, false},
    {OP_STEP_WEBHOOK_LIST, &op_by_number_type, false},
    {OP_STEP_LEDGER_READY, &op_nothing_type, false},
    {OP_STEP_MODEM_LINES, &op_nothing_type, true},
};

/*  What is missing so far, as members of a JSON array. */
typedef struct {
    op_calls_t *calls;
    op_call_t *call;
    op_str_t request_id;
    const op_topology_t *topology; /* NULL: all actors are here */
    bool http;                     /* is here */
    bool modem_cut;                /* a link to a modem is among what is missing */
    op_buf_t missing;
} s_look_t;

static void s_add(s_look_t *self, const char *what, const char *how)
{
    char text[300];
    snprintf(text, sizeof text, "%s%s", what, how);
    if (self->missing.size)
        op_buf_add_byte(&self->missing, ',');
    op_http_json_string(&self->missing, op_str(text));
}

/*  ---- links ---- */

/*  A process with http needs those that it asks; the ledger says the rest. */
static bool s_is_needed(const s_look_t *self, op_str_t class)
{
    bool asked = !self->http;
    for (size_t i = 0; i < OP_COUNT(s_questions); i++)
        asked |= !s_questions[i].near && op_str_is(class, op_step_actor(s_questions[i].step));
    return asked;
}

static bool s_is_cut(const op_topology_peer_t *peer)
{
    return !op_links_up(op_postbox_links(), (int)peer->process);
}

static void s_look_at_links(s_look_t *self)
{
    for (size_t i = 0; self->topology && i < self->topology->peer_count; i++) {
        const op_topology_peer_t *peer = &self->topology->peers[i];
        op_str_t class = op_roles_class(op_str(peer->actor));
        if (!s_is_cut(peer) || !s_is_needed(self, class))
            continue;
        s_add(self, peer->actor, ": no link");
        self->modem_cut |= op_str_is(class, "modem");
    }
}

/*  ---- actors ---- */

/*  The actor to ask; NULL: it is none of this process's concern, or cannot be reached. */
static const char *s_whom(const s_look_t *self, const s_question_t *question)
{
    const char *class = op_step_actor(question->step);
    const char *here = self->topology ? op_topology_here(self->topology, class) : class;
    if (here || !self->http)
        return question->near && self->http ? NULL : here;
    for (size_t i = 0; i < self->topology->peer_count; i++)
        if (op_str_is(op_roles_class(op_str(self->topology->peers[i].actor)), class))
            return question->near || s_is_cut(&self->topology->peers[i]) ? NULL : class;
    return NULL;
}

static void s_look_at_lines(s_look_t *self, const op_lines_health_t *health, const char *whom)
{
    for (size_t i = 0; i < health->lines.count; i++)
        if (op_str_is(health->lines.at[i].state, "up"))
            return;
    s_add(self, whom, ": no line is up");
}

static void s_look_at_answer(s_look_t *self, const s_question_t *question, const char *whom)
{
    op_decode_t result;
    op_arena_t *arena = &self->call->arena;
    const op_type_t *type = op_message_type(self->call->reply.type);
    const void *body = op_frame_body(type, op_arena_copy(arena, self->call->body), arena, &result);
    if (type == &op_lines_health_type && body)
        s_look_at_lines(self, body, whom);
    if (type != &op_refusal_type || question->step != OP_STEP_LEDGER_READY || !body)
        return;
    op_str_t sentence = ((const op_refusal_t *)body)->sentence;
    char text[201];
    op_str_copy(sentence, text, sizeof text);
    if (!self->modem_cut) /* else it says the same */
        s_add(self, sentence.size ? text : "modem: no line is up", "");
}

static void s_ask(s_look_t *self, const s_question_t *question, const char *whom)
{
    static const op_by_number_t all = {.number_id = {{0}}};
    static const op_nothing_t nothing = {0};
    const void *body = question->type == &op_by_number_type ? (const void *)&all : &nothing;
    uint8_t step = (uint8_t)question->step;
    if (op_calls_ask(self->calls, self->call, op_str(whom), &step, 1, question->type, body,
                     &(op_context_t){0}, self->request_id, OP_READY_MS) == OP_ASK_ANSWERED)
        s_look_at_answer(self, question, whom);
    else
        s_add(self, whom, ": no answer");
}

void op_ready_answer(op_calls_t *calls, op_call_t *call, op_str_t request_id,
                     op_http_response_t *response)
{
    const op_links_t *links = op_postbox_links();
    s_look_t look = {.calls = calls,
                     .call = call,
                     .request_id = request_id,
                     .topology = links ? op_links_topology(links) : NULL};
    look.http = !look.topology || op_topology_here(look.topology, "http");
    s_look_at_links(&look);
    for (size_t i = 0; i < OP_COUNT(s_questions); i++) {
        const char *whom = s_whom(&look, &s_questions[i]);
        if (whom)
            s_ask(&look, &s_questions[i], whom);
    }
    response->status = look.missing.size ? 503 : 200;
    if (look.missing.size)
        (void)op_http_response_header(response, "Retry-After", OP_STR("1"));
    op_buf_printf(&response->body, "{\"status\":\"%s\",\"missing\":[",
                  look.missing.size ? "unready" : "ready");
    op_buf_add_str(&response->body, op_buf_str(&look.missing));
    op_buf_printf(&response->body, "]}");
    op_buf_free(&look.missing);
}
