/*  webhook_test.c - a made-up event, posted once, for the webhook's owner to see what happens

    Nothing of it is written: who asks waits for the answer, and asks again if there is none. It is
    signed with the newest secret, within a rotation's grace too: a receiver that has not taken it
    yet must be seen to refuse it. */

#include "actors/webhook_private.h"

#include "transport/json.h"

#include <string.h>

/*  The body of the test. */
static op_str_t s_payload(op_turn_t *turn, int64_t now)
{
    op_event_received_t event = {.id = op_turn_new_id(turn),
                                 .type = OP_STR("message.received"),
                                 .created_at = now,
                                 .data = {.id = op_turn_new_id(turn),
                                          .direction = OP_STR("inbound"),
                                          .to = OP_STR("+15555550100"),
                                          .from = OP_STR("+15555550199"),
                                          .body = OP_STR("This is a test of your webhook."),
                                          .received_at = now},
                                 .test = true};
    op_buf_t json = {0};
    op_json_print(&op_event_received_type, &event, &json);
    op_str_t payload = op_turn_copy(turn, op_buf_str(&json));
    op_buf_free(&json);
    return payload;
}

/*  A place for one more; NULL: too many wait. Those that nobody waits for any more make room. */
static op_webhook_test_t *s_place(op_webhook_t *self, int64_t now)
{
    for (size_t i = 0; self->test_count == OP_TESTS_MAX && i < self->test_count; i++)
        if (self->tests[i].promise.deadline < now)
            self->tests[i] = self->tests[--self->test_count];
    return self->test_count < OP_TESTS_MAX ? &self->tests[self->test_count] : NULL;
}

void op_webhook_on_test(op_webhook_t *self, const op_event_t *event, op_turn_t *turn)
{
    op_hook_t hook;
    if (!op_hook_own(event, turn, OP_BODY(event, by_id)->id, &hook))
        return;
    op_webhook_test_t *test = s_place(self, event->now);
    if (!test) {
        op_turn_refuse_with(turn, OP_ERROR_UNAVAILABLE, NULL,
                            "Too many tests of webhooks are under way.", 0);
        return;
    }
    self->test_count++;
    test->delivery = op_turn_new_id(turn);
    op_turn_promise(turn, &test->promise);
    op_webhook_post(event, turn, test->delivery, OP_STR("message.received"),
                    s_payload(turn, event->now), hook.row.url, hook.row.secret);
}

bool op_webhook_on_test_posted(op_webhook_t *self, const op_event_t *event, op_turn_t *turn)
{
    const op_posted_t *posted = OP_BODY(event, posted);
    op_webhook_test_t *test = NULL;
    for (size_t i = 0; i < self->test_count; i++)
        if (op_id_equal(self->tests[i].delivery, posted->delivery))
            test = &self->tests[i];
    if (!test)
        return false;
    op_webhook_tested_t tested = {.delivery_id = posted->delivery,
                                  .status = posted->status,
                                  .duration_ms = posted->duration_ms,
                                  .error = posted->error};
    op_turn_keep(turn, &test->promise, &op_webhook_tested_type, &tested);
    *test = self->tests[--self->test_count];
    return true;
}
