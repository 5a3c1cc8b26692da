/*  The ledger actor: texts accepted, capped, settled. The test plays all others. */

#include "tests/ledger_fixture.h"

/*  ---- Accepting ---- */

static void test_a_text_is_handed_to_its_modem(void **state)
{
    (void)state;
    op_context_t key = s_lease('a', s_first);
    sent_t sent = s_send(&key, PEER);
    const op_text_send_t *text = CORE_FIND(&s_core, "modem", text_send, 0);
    assert_non_null(text);
    assert_true(op_id_equal(text->text, sent.id));
    assert_true(op_id_equal(text->scope, key.lease));
    assert_true(op_str_is(text->line, FIRST));
    assert_true(op_str_is(text->to, PEER));
    assert_true(op_str_is(text->body, "hello"));
    assert_false(text->code);
    assert_true(text->expires == s_core.now + OP_HOUR_MS);
    assert_true(op_str_is(s_get(&key, sent.id)->status, "queued"));
}

static void test_who_may_not_be_texted(void **state)
{
    (void)state;
    op_context_t free_key = s_free_key('a'), paid = s_lease('a', s_first);
    const struct {
        const op_context_t *key;
        const char *to;
        op_error_t error;
    } table[] = {{&free_key, SHARED, OP_ERROR_SELF_SEND},
                 {&paid, FIRST, OP_ERROR_SELF_SEND},
                 {&paid, SHARED, OP_ERROR_TARGET_IS_POOL},
                 {&paid, SECOND, OP_ERROR_TARGET_IS_POOL},
                 {&free_key, SECOND, OP_ERROR_TARGET_IS_POOL},
                 {&free_key, "+442071838750", OP_ERROR_INVALID_PHONE}};
    for (size_t i = 0; i < OP_COUNT(table); i++)
        assert_true(
            op_str_is(s_send_refused(table[i].key, table[i].to, table[i].error)->field, "to"));
    for (int i = 0; i < DAY_FREE; i++) /* none of these counted */
        s_send(&free_key, PEER);
}

static void test_a_full_queue(void **state)
{
    (void)state;
    op_context_t key = s_lease('a', s_first), others = s_lease('b', s_second);
    sent_t sent[QUEUE_MAX];
    for (int i = 0; i < QUEUE_MAX; i++)
        sent[i] = s_send(&key, PEER);
    assert_true(s_send_refused(&key, PEER, OP_ERROR_UNAVAILABLE)->retry_after > 0);
    s_send(&others, PEER); /* another line's queue */
    s_outcome(sent[0], OP_TEXT_SENDING, "");
    s_send_refused(&key, PEER, OP_ERROR_UNAVAILABLE);
    s_outcome(sent[0], OP_TEXT_SENT, "");
    s_outcome(sent[0], OP_TEXT_SENT, ""); /* makes room once */
    s_send(&key, PEER);
    s_send_refused(&key, PEER, OP_ERROR_UNAVAILABLE);
    s_outcome(sent[1], OP_TEXT_FAILED, "expired");
    s_send(&key, PEER);
    /* The refused ones did not count for the day: this was the sixth. */
    s_outcome(sent[2], OP_TEXT_SENT, "");
    s_send_refused(&key, PEER, OP_ERROR_RATE_LIMITED);
}

static void test_the_daily_cap(void **state)
{
    (void)state;
    op_context_t key = s_free_key('a'), others = s_free_key('b'), paid = s_lease('a', s_first);
    int64_t midnight = (op_instant_day(s_core.now) + 1) * OP_DAY_MS;
    for (uint64_t i = 1; i <= DAY_FREE; i++) {
        sent_t sent = s_send(&key, PEER);
        assert_int_equal(core_context(&s_core)->limit, DAY_FREE);
        assert_int_equal(core_context(&s_core)->remaining, DAY_FREE - i);
        assert_int_equal(core_context(&s_core)->reset, midnight);
        s_outcome(sent, OP_TEXT_FAILED,
                  "expired"); /* accepted ones count, whatever becomes of them */
        core_restart(&s_core, true);
    }
    const op_refusal_t *refusal = s_send_refused(&key, PEER, OP_ERROR_RATE_LIMITED);
    assert_int_equal(refusal->retry_after, (midnight - s_core.now) / 1000);
    assert_int_equal(core_context(&s_core)->remaining, 0);
    assert_int_equal(core_context(&s_core)->reset, midnight);
    /* The other windows get their call back. */
    assert_int_equal(CORE_COUNT(&s_core, "rate", rate_return), 1);
    assert_true(op_id_equal(CORE_FIND(&s_core, "rate", rate_return, 0)->key, key.key));
    s_send(&others, PEER); /* counted per account, and per number */
    assert_int_equal(CORE_COUNT(&s_core, "rate", rate_return), 0);
    s_send(&paid, PEER);
    assert_int_equal(core_context(&s_core)->limit, DAY_PAID);

    core_advance(&s_core, midnight - 1 - s_core.now);
    assert_int_equal(s_send_refused(&key, PEER, OP_ERROR_RATE_LIMITED)->retry_after, 1);
    core_advance(&s_core, 1);
    s_send(&key, PEER);
    assert_int_equal(core_context(&s_core)->remaining, DAY_FREE - 1);
}

static void test_counts_of_days_gone_by_are_swept(void **state)
{
    (void)state;
    op_context_t key = s_free_key('a');
    s_send(&key, PEER);
    assert_int_equal(drive_rows(s_core.store, "ledger/d"), 1);
    core_advance(&s_core, OP_DAY_MS);
    assert_int_equal(drive_rows(s_core.store, "ledger/d"), 1);
    core_advance(&s_core, 2 * OP_DAY_MS);
    assert_int_equal(drive_rows(s_core.store, "ledger/d"), 0);
}

/*  ---- Settling ---- */

static void test_outcomes(void **state)
{
    (void)state;
    static const struct {
        op_text_state_t tells[4];
        const char *status; /* the last two of them change nothing where it was settled */
        size_t events;
    } table[] = {
        {{OP_TEXT_SENDING, OP_TEXT_SENT, OP_TEXT_FAILED, OP_TEXT_SENDING}, "sent", 1},
        {{OP_TEXT_SENDING, OP_TEXT_FAILED, OP_TEXT_SENT, OP_TEXT_QUEUED}, "failed", 1},
        {{OP_TEXT_SENT, OP_TEXT_SENDING, OP_TEXT_SENT, OP_TEXT_FAILED}, "sent", 1},
        {{OP_TEXT_FAILED, OP_TEXT_FAILED, OP_TEXT_SENDING, OP_TEXT_SENT}, "failed", 1},
        {{OP_TEXT_SENDING, OP_TEXT_SENDING, OP_TEXT_QUEUED, OP_TEXT_SENDING}, "sending", 0},
        {{OP_TEXT_QUEUED, (op_text_state_t)0, (op_text_state_t)5, (op_text_state_t)99},
         "queued",
         0},
    };
    op_context_t key = s_lease('a', s_first);
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        if (i == 3)
            core_advance(&s_core, OP_DAY_MS); /* for the cap's sake */
        sent_t sent = s_send(&key, PEER);
        size_t events = 0;
        for (size_t t = 0; t < 4; t++) {
            op_text_state_t told = table[i].tells[t];
            s_outcome(sent, told, told == OP_TEXT_FAILED ? "unreachable" : "");
            events += CORE_COUNT(&s_core, "webhook", number_event);
        }
        assert_int_equal(events, table[i].events);
        const op_message_view_t *view = s_get(&key, sent.id);
        assert_true(op_str_is(view->status, table[i].status));
        assert_int_equal(view->error != NULL, op_str_is(view->status, "failed"));
        assert_int_equal(view->sent_at != 0, op_str_is(view->status, "sent"));
        if (view->error) {
            assert_true(op_str_is(view->error->code, "unreachable"));
            assert_true(view->error->message.size > 10);
        }
    }
}

static void test_outcomes_of_nobodys_texts(void **state)
{
    (void)state;
    op_context_t key = s_lease('a', s_first);
    sent_t sent = s_send(&key, PEER);
    s_outcome((sent_t){core_id('x'), sent.scope}, OP_TEXT_SENT, "");
    s_outcome((sent_t){sent.id, core_id('x')}, OP_TEXT_SENT, "");
    assert_true(op_str_is(s_get(&key, sent.id)->status, "queued"));
    /* An outcome that comes when the lease is over settles the text all the same. */
    s_by_id(OP_STEP_LEDGER_RELEASE, 'a', s_first, OP_OK);
    s_outcome(sent, OP_TEXT_FAILED, "released");
    s_expect_event(0, 'a', s_first, "message.failed");
}

static void test_an_outcome_is_an_event(void **state)
{
    (void)state;
    op_context_t key = s_free_key('a');
    sent_t sent = s_send(&key, PEER);
    s_outcome(sent, OP_TEXT_SENDING, "");
    assert_int_equal(CORE_COUNT(&s_core, "webhook", number_event), 0);
    s_outcome(sent, OP_TEXT_SENT, "");
    assert_int_equal(CORE_COUNT(&s_core, "webhook", number_event), 1);
    s_expect_event(0, 'a', s_shared, "message.sent");
    const op_message_view_t *message = &CORE_FIND(&s_core, "webhook", number_event, 0)->message;
    assert_true(op_id_equal(message->id, sent.id));
    assert_true(op_str_is(message->from, SHARED));
    assert_true(message->sent_at == s_core.now);
}

static void s_report(sent_t sent, uint64_t parts, bool delivered)
{
    op_text_reported_t report = {sent.id, sent.scope, parts, delivered, s_core.now};
    core_tell(&s_core, "modem", &op_text_reported_type, &report);
}

static void test_reports(void **state)
{
    (void)state;
    op_context_t key = s_free_key('a');
    sent_t sent = s_send(&key, PEER);
    s_outcome(sent, OP_TEXT_SENDING, "");
    s_report(sent, 2, true); /* of the first part, before the second is sent */
    s_outcome(sent, OP_TEXT_SENT, "");
    assert_true(s_get(&key, sent.id)->delivered_at == 0);
    s_core.now += OP_MINUTE_MS;
    s_report(sent, 2, true);
    assert_int_equal(CORE_COUNT(&s_core, "webhook", number_event), 0);
    const op_message_view_t *view = s_get(&key, sent.id);
    assert_true(view->delivered_at == s_core.now);
    assert_true(op_str_is(view->status, "sent"));
}

/*  What is settled stays as it is: that it came, or will not, is said beside it. */
static void test_reports_change_no_status(void **state)
{
    (void)state;
    op_context_t key = s_free_key('a');
    sent_t gone = s_send(&key, PEER);
    s_outcome(gone, OP_TEXT_SENT, "");
    s_report(gone, 1, false);
    const op_message_view_t *view = s_get(&key, gone.id);
    assert_true(view->undelivered_at == s_core.now && view->delivered_at == 0);
    assert_true(op_str_is(view->status, "sent"));
    s_core.now += OP_SECOND_MS;
    sent_t doubt = s_send(&key, PEER);
    s_outcome(doubt, OP_TEXT_FAILED, "unknown_outcome");
    s_report(doubt, 1, true);
    view = s_get(&key, doubt.id);
    assert_true(view->delivered_at == s_core.now);
    assert_true(op_str_is(view->status, "failed"));
    assert_true(op_str_is(view->error->code, "unknown_outcome"));
}

/*  ---- A peer is away, and its outbox full (actors/actor.h) ---- */

static void s_fill(uint64_t max)
{
    s_core.outbox_max = max;
    core_restart(&s_core, false);
    s_core.hold_acks = true;
}

static void s_drain(void)
{
    s_core.hold_acks = false;
    core_advance(&s_core, OP_TELL_RESEND_MS);
    assert_int_equal(op_actor_unacknowledged(s_core.actor), 0);
}

static void test_a_modem_that_is_away(void **state)
{
    (void)state;
    op_context_t key = s_free_key('a'), inside = s_lease('b', s_first);
    s_fill(2);
    sent_t first = s_send(&key, PEER);
    s_send(&key, PEER);
    assert_int_equal(s_send_refused(&key, PEER, OP_ERROR_UNAVAILABLE)->retry_after,
                     OP_FULL_RETRY_S);
    s_send_refused(&inside, PEER, OP_ERROR_UNAVAILABLE);
    s_outcome(first, OP_TEXT_SENT, ""); /* from the modem itself, about what was begun */
    assert_true(op_str_is(s_get(&key, first.id)->status, "sent"));
    core_restart(&s_core, true);
    s_send_refused(&key, PEER, OP_ERROR_UNAVAILABLE);
    s_drain();
    s_send(&key, PEER); /* what was refused has not counted */
    s_send_refused(&key, PEER, OP_ERROR_RATE_LIMITED);
    s_send(&inside, PEER);
}

static void test_a_modem_that_is_away_is_not_asked_inside(void **state)
{
    (void)state;
    op_context_t key = s_free_key('a');
    s_lease('b', s_first);
    s_fill(2);
    s_send(&key, PEER);
    s_send(&key, PEER);
    sent_t over = s_send(&key, FIRST);
    assert_true(op_str_is(s_get(&key, over.id)->status, "sent"));
}

/*  What would be told to it stays with those who tell: a modem then leaves it in the SIM. */
static void test_a_webhook_that_is_away(void **state)
{
    (void)state;
    op_context_t key = s_free_key('a'), inside = s_lease('b', s_first);
    s_fill(2);
    s_send(&key, FIRST); /* handed over: an event for each side */
    s_send_refused(&key, FIRST, OP_ERROR_UNAVAILABLE);
    s_send_refused(&inside, PEER, OP_ERROR_UNAVAILABLE);
    s_receive(FIRST, PEER, "held");
    assert_int_equal(op_actor_counts(s_core.actor).held, 1);
    assert_int_equal(s_inbox(&inside, "held"), 0);
    s_drain();
    op_text_received_t text = {.line = OP_STR(FIRST),
                               .from = OP_STR(PEER),
                               .body = OP_STR("held"),
                               .received = s_core.now,
                               .stamped = s_core.now};
    core_tell_again(&s_core, "modem", &op_text_received_type, &text);
    assert_int_equal(s_inbox(&inside, "held"), 1);
    core_tell_again(&s_core, "modem", &op_text_received_type, &text);
    assert_int_equal(s_inbox(&inside, "held"), 1);
    s_send(&inside, PEER);
}

/*  ---- Without any outcome ---- */

static void test_a_text_of_which_nothing_is_heard(void **state)
{
    (void)state;
    op_context_t key = s_lease('a', s_first);
    sent_t lost = s_send(&key, PEER), stuck = s_send(&key, PEER), third = s_send(&key, PEER);
    sent_t settled = s_send(&key, PEER);
    s_outcome(stuck, OP_TEXT_SENDING, "");
    s_outcome(settled, OP_TEXT_SENT, "");
    assert_int_equal(drive_rows(s_core.store, "ledger/o"), 3);
    core_advance(&s_core, OP_HOUR_MS + 7 * OP_DAY_MS);
    assert_true(op_str_is(s_get(&key, lost.id)->status, "queued"));
    core_restart(&s_core, true);
    core_advance(&s_core, 2 * OP_HOUR_MS);
    const sent_t gone[] = {lost, stuck, third};
    for (size_t i = 0; i < OP_COUNT(gone); i++) {
        const op_message_view_t *view = s_get(&key, gone[i].id);
        assert_true(op_str_is(view->status, "failed"));
        assert_true(op_str_is(view->error->code, "unknown_outcome"));
    }
    assert_true(op_str_is(s_get(&key, settled.id)->status, "sent"));
    assert_int_equal(drive_rows(s_core.store, "ledger/o"), 0);
    s_outcome(lost, OP_TEXT_SENT, ""); /* after all: what was said is for good */
    assert_true(op_str_is(s_get(&key, lost.id)->status, "failed"));
    for (size_t i = 0; i < QUEUE_MAX; i++) /* they wait no more */
        s_send(&key, PEER);
    s_send_refused(&key, PEER, OP_ERROR_UNAVAILABLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_text_is_handed_to_its_modem),
        TEST(test_who_may_not_be_texted),
        TEST(test_a_full_queue),
        TEST(test_the_daily_cap),
        TEST(test_counts_of_days_gone_by_are_swept),
        TEST(test_outcomes),
        TEST(test_outcomes_of_nobodys_texts),
        TEST(test_an_outcome_is_an_event),
        TEST(test_reports),
        TEST(test_reports_change_no_status),
        TEST(test_a_modem_that_is_away),
        TEST(test_a_modem_that_is_away_is_not_asked_inside),
        TEST(test_a_webhook_that_is_away),
        TEST(test_a_text_of_which_nothing_is_heard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
