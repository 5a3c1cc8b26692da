/*  The ledger actor: texts handed over and received. The test plays all others. */

#include "tests/ledger_fixture.h"

/*  ---- Handing over ---- */

static void test_a_text_to_a_leased_number_is_handed_over(void **state)
{
    (void)state;
    op_context_t from = s_free_key('a'), to = s_lease('b', s_first);
    op_message_send_t send = {OP_STR(FIRST), OP_STR("inside")};
    const op_message_view_t *view =
        CORE_ASK(&s_core, &from, message_send, &send, message_view, OP_STEP_LEDGER_SUBMIT);
    op_id_t id = view->id;
    assert_true(op_str_is(view->status, "queued"));
    assert_int_equal(CORE_COUNT(&s_core, "modem", text_send), 0); /* without radio */
    assert_int_equal(CORE_COUNT(&s_core, "webhook", number_event), 2);
    s_expect_event(0, 'b', s_first, "message.received");
    s_expect_event(1, 'a', s_shared, "message.sent");
    assert_true(op_str_is(s_get(&from, id)->status, "sent"));
    op_message_list_t list = {.limit = 10};
    const op_messages_view_t *page =
        CORE_ASK(&s_core, &to, message_list, &list, messages_view, OP_STEP_LEDGER_MESSAGES);
    assert_int_equal(page->data.count, 1);
    assert_true(op_str_is(page->data.at[0].direction, "inbound"));
    assert_true(op_str_is(page->data.at[0].from, SHARED));
    assert_true(op_str_is(page->data.at[0].to, FIRST));
    assert_true(op_str_is(page->data.at[0].body, "inside"));
    assert_false(op_id_equal(page->data.at[0].id, id)); /* its own id */
}

static void test_handing_over_needs_no_line_but_counts(void **state)
{
    (void)state;
    op_context_t from = s_lease('a', s_second), to = s_lease('b', s_first);
    for (int i = 0; i < DAY_PAID; i++) /* more than the queue of a line takes */
        s_send(&from, FIRST);
    s_send_refused(&from, FIRST, OP_ERROR_RATE_LIMITED);
    assert_int_equal(s_inbox(&to, "hello"), DAY_PAID);
}

static void test_a_lease_that_ends_before_the_hand_over(void **state)
{
    (void)state;
    op_context_t from = s_free_key('a'), to = s_lease('b', s_first);
    s_core.hold_self = true;
    sent_t sent = s_send(&from, FIRST);
    s_by_id(OP_STEP_LEDGER_RELEASE, 'b', s_first, OP_OK);
    assert_true(op_str_is(s_get(&from, sent.id)->status, "queued"));
    s_core.hold_self = false;
    core_restart(&s_core, true); /* the tell is sent again */
    s_expect_event(0, 'a', s_shared, "message.failed");
    const op_message_view_t *view = s_get(&from, sent.id);
    assert_true(op_str_is(view->status, "failed"));
    assert_true(op_str_is(view->error->code, "unreachable"));
    (void)to;
}

static void test_a_hand_over_survives_a_crash_once(void **state)
{
    (void)state;
    op_context_t from = s_free_key('a'), to = s_lease('b', s_first);
    s_core.hold_self = true;
    sent_t sent = s_send(&from, FIRST);
    assert_int_equal(s_inbox(&to, "hello"), 0);
    s_core.hold_self = false;
    core_restart(&s_core, true);
    assert_int_equal(s_inbox(&to, "hello"), 1);
    core_restart(&s_core, true);
    assert_int_equal(s_inbox(&to, "hello"), 1);
    assert_true(op_str_is(s_get(&from, sent.id)->status, "sent"));
}

/*  ---- Receiving ---- */

static void test_inbound_for_a_lessee(void **state)
{
    (void)state;
    s_receive(FIRST, PEER, "before"); /* nobody holds the number */
    assert_int_equal(CORE_COUNT(&s_core, "webhook", number_event), 0);
    assert_int_equal(drive_rows(s_core.store, "ledger/u"), 1);
    op_context_t key = s_lease('a', s_first);
    s_receive(FIRST, PEER, "for a");
    s_expect_event(0, 'a', s_first, "message.received");
    const op_message_view_t *view = &CORE_FIND(&s_core, "webhook", number_event, 0)->message;
    assert_true(op_str_is(view->status, "received"));
    assert_true(op_str_is(view->from, PEER));
    assert_true(op_str_is(view->to, FIRST));
    assert_true(view->received_at == s_core.now);
    assert_int_equal(s_inbox(&key, "before"), 0);
    assert_int_equal(s_inbox(&key, "for a"), 1);
    /*  The next lessee sees nothing of the one before; nor does the same account, under a new
        lease. */
    static const char next[] = {'b', 'a'};
    for (size_t i = 0; i < sizeof next; i++) {
        s_by_id(OP_STEP_LEDGER_RELEASE, i ? 'b' : 'a', s_first, OP_OK);
        op_context_t later = s_lease(next[i], s_first);
        assert_int_equal(s_inbox(&later, "for a"), 0);
        s_receive(FIRST, PEER, "for the next");
        assert_int_equal(s_inbox(&later, "for the next"), 1);
    }
}

/*  A modem host that was cut off tells late what it received long ago. */
static void test_a_late_inbound_from_before_the_lease(void **state)
{
    (void)state;
    op_text_received_t text = {.line = OP_STR(FIRST),
                               .from = OP_STR(PEER),
                               .body = OP_STR("for the one before"),
                               .received = s_core.now};
    core_advance(&s_core, OP_MINUTE_MS);
    op_context_t key = s_lease('a', s_first);
    core_tell(&s_core, "modem", &op_text_received_type, &text);
    assert_int_equal(CORE_COUNT(&s_core, "webhook", number_event), 0);
    assert_int_equal(s_inbox(&key, "for the one before"), 0);
    assert_int_equal(drive_rows(s_core.store, "ledger/u"), 1);
}

/*  A text may have waited, in the SIM or at the service centre, since before the lease: its stamp
    decides, where it is to be trusted. */
static void test_an_inbound_that_has_waited(void **state)
{
    (void)state;
    const struct {
        int64_t stamped; /* from the lease's begin */
        size_t listed;
    } rows[] = {
        {-OP_MINUTE_MS, 0}, {-OP_SECOND_MS, 0}, {0, 1}, {OP_SECOND_MS, 1}, {OP_HOUR_MS, 1},
    };
    op_context_t key = s_lease('a', s_first);
    int64_t leased = s_core.now;
    core_advance(&s_core, OP_MINUTE_MS);
    for (size_t i = 0; i < OP_COUNT(rows); i++) {
        char body[16];
        snprintf(body, sizeof body, "row %zu", i);
        op_text_received_t text = {.line = OP_STR(FIRST),
                                   .from = OP_STR(PEER),
                                   .body = op_str(body),
                                   .received = s_core.now,
                                   .stamped =
                                       leased / OP_SECOND_MS * OP_SECOND_MS + rows[i].stamped};
        core_tell(&s_core, "modem", &op_text_received_type, &text);
        assert_int_equal(s_inbox(&key, body), rows[i].listed);
    }
    op_text_received_t text = {.line = OP_STR(FIRST),
                               .from = OP_STR(PEER),
                               .body = OP_STR("no stamp"),
                               .received = s_core.now};
    core_tell(&s_core, "modem", &op_text_received_type, &text);
    assert_int_equal(s_inbox(&key, "no stamp"), 1);
}

static void test_inbound_on_the_shared_number(void **state)
{
    (void)state;
    op_context_t a = s_free_key('a'), b = s_free_key('b'), c = s_free_key('c');
    s_send(&a, PEER);
    s_send(&a, PEER);
    s_send(&b, PEER);
    s_send(&c, "+14155550778");
    s_receive(SHARED, PEER, "reply");
    assert_int_equal(CORE_COUNT(&s_core, "webhook", number_event), 2);
    op_id_t first = CORE_FIND(&s_core, "webhook", number_event, 0)->message.id;
    op_id_t second = CORE_FIND(&s_core, "webhook", number_event, 1)->message.id;
    assert_false(op_id_equal(first, second));
    assert_int_equal(s_inbox(&a, "reply"), 1);
    assert_int_equal(s_inbox(&b, "reply"), 1);
    assert_int_equal(s_inbox(&c, "reply"), 0);
    assert_int_equal(drive_rows(s_core.store, "ledger/u"), 0);
    s_receive(SHARED, "+14155550999", "to nobody");
    s_receive("+16170000000", PEER, "on no line of ours");
    assert_int_equal(CORE_COUNT(&s_core, "webhook", number_event), 0);
    assert_int_equal(drive_rows(s_core.store, "ledger/u"), 2);
    assert_int_equal(s_inbox(&a, "to nobody"), 0);
    /* The same tell again is recognised. */
    op_text_received_t again = {.line = OP_STR(SHARED), .from = OP_STR(PEER), .body = OP_STR("x")};
    core_tell_again(&s_core, "modem", &op_text_received_type, &again);
    assert_int_equal(s_inbox(&a, "x"), 0);
}

/*  Who of `count` accounts has got the text, and how often at most. */
static void s_expect_fanned_out(unsigned count)
{
    op_context_t key = {.number = s_shared};
    for (unsigned i = 0; i < count; i++) {
        key.account = (op_id_t){{1, (uint8_t)(i >> 8), (uint8_t)i}};
        assert_int_equal(s_inbox(&key, "to all"), 1);
    }
}

static void s_many_accounts(unsigned count)
{
    op_message_send_t send = {OP_STR(PEER), OP_STR("hi")};
    for (unsigned i = 0; i < count; i++) {
        op_context_t key = {.account = {{1, (uint8_t)(i >> 8), (uint8_t)i}}, .number = s_shared};
        const op_message_view_t *view =
            CORE_ASK(&s_core, &key, message_send, &send, message_view, OP_STEP_LEDGER_SUBMIT);
        s_outcome((sent_t){view->id, op_ledger_scope(key.account, s_shared, (op_id_t){{0}})},
                  OP_TEXT_SENT, "");
    }
}

static void test_a_long_fan_out(void **state)
{
    (void)state;
    static const unsigned counts[] = {200, 450}; /* one slice and its end; two and a half */
    for (size_t i = 0; i < OP_COUNT(counts); i++) {
        s_teardown(NULL);
        s_setup(NULL);
        s_many_accounts(counts[i]);
        s_receive(SHARED, PEER, "to all");
        assert_int_equal(CORE_COUNT(&s_core, "webhook", number_event), counts[i]);
        s_expect_fanned_out(counts[i]);
        assert_int_equal(drive_rows(s_core.store, "ledger/u"), 0);
    }
}

static void test_a_fan_out_survives_a_crash_once(void **state)
{
    (void)state;
    s_many_accounts(450);
    s_core.hold_self = true;
    s_receive(SHARED, PEER, "to all"); /* the first slice */
    assert_int_equal(CORE_COUNT(&s_core, "webhook", number_event), 200);
    core_restart(&s_core, true); /* the tell of the rest leaves again, and is lost again */
    assert_int_equal(CORE_COUNT(&s_core, "ledger", text_received), 1);
    s_core.hold_self = false;
    core_restart(&s_core, false);
    assert_int_equal(CORE_COUNT(&s_core, "webhook", number_event), 250);
    s_expect_fanned_out(450);
    core_restart(&s_core, false);
    assert_int_equal(CORE_COUNT(&s_core, "webhook", number_event), 0);
    s_expect_fanned_out(450);
}

/*  ---- Long texts that are shown in part ---- */

static void s_receive_part(const char *line, char group, const char *body, bool partial)
{
    op_text_received_t text = {.line = op_str(line),
                               .from = OP_STR(PEER),
                               .body = op_str(body),
                               .received = s_core.now,
                               .group = core_id(group),
                               .partial = partial};
    core_tell(&s_core, "modem", &op_text_received_type, &text);
}

static op_message_view_t s_only(const op_context_t *key)
{
    op_message_list_t list = {.direction = OP_STR("inbound"), .limit = 100};
    const op_messages_view_t *page =
        CORE_ASK(&s_core, key, message_list, &list, messages_view, OP_STEP_LEDGER_MESSAGES);
    assert_int_equal(page->data.count, 1);
    return page->data.at[0];
}

static void test_a_text_in_part_is_completed(void **state)
{
    (void)state;
    op_context_t key = s_lease('a', s_first);
    s_receive_part(FIRST, 'g', "be[...]", true);
    s_expect_event(0, 'a', s_first, "message.received");
    assert_true(CORE_FIND(&s_core, "webhook", number_event, 0)->message.partial);
    op_message_view_t part = s_only(&key);
    assert_true(part.partial && op_str_is(part.body, "be[...]"));
    op_id_t id = part.id;
    core_restart(&s_core, true);
    s_receive_part(FIRST, 'g', "beginning", false);
    assert_int_equal(CORE_COUNT(&s_core, "webhook", number_event), 0); /* posted once */
    op_message_view_t whole = s_only(&key);
    assert_true(!whole.partial && op_str_is(whole.body, "beginning"));
    assert_true(op_id_equal(whole.id, id));
    s_receive_part(FIRST, 'g', "again", false);
    assert_true(op_str_is(s_only(&key).body, "beginning"));
}

/*  On the shared number each has his own; who became entitled in between gets the whole as new; and
    a part that is told behind the whole changes nothing. */
static void test_parts_on_the_shared_number(void **state)
{
    (void)state;
    op_context_t a = s_free_key('a'), b = s_free_key('b');
    (void)s_send(&a, PEER);
    s_receive_part(SHARED, 'g', "be[...]", true);
    (void)s_send(&b, PEER);
    s_receive_part(SHARED, 'g', "beginning", false);
    assert_int_equal(CORE_COUNT(&s_core, "webhook", number_event), 1);
    s_expect_event(0, 'b', s_shared, "message.received");
    s_receive_part(SHARED, 'g', "be[...]", true);
    assert_int_equal(CORE_COUNT(&s_core, "webhook", number_event), 0);
    assert_int_equal(s_inbox(&a, "beginning"), 1);
    assert_int_equal(s_inbox(&b, "beginning"), 1);
    assert_int_equal(s_inbox(&a, "be[...]") + s_inbox(&b, "be[...]"), 0);
}

/*  The modem's clock was set back between two parts: the text is completed all the same. */
static void test_the_rest_by_a_wrong_clock(void **state)
{
    (void)state;
    op_context_t key = s_lease('a', s_first);
    s_receive_part(FIRST, 'g', "be[...]", true);
    s_core.now += OP_SECOND_MS;
    op_text_received_t text = {.line = OP_STR(FIRST),
                               .from = OP_STR(PEER),
                               .body = OP_STR("beginning"),
                               .received = s_core.now - 2 * OP_HOUR_MS,
                               .group = core_id('g')};
    core_tell(&s_core, "modem", &op_text_received_type, &text);
    assert_true(op_str_is(s_only(&key).body, "beginning"));
}

/*  The rest comes when the number is another's: he does not see it. */
static void test_the_rest_after_the_lease(void **state)
{
    (void)state;
    (void)s_lease('a', s_first);
    op_text_received_t text = {.line = OP_STR(FIRST),
                               .from = OP_STR(PEER),
                               .body = OP_STR("be[...]"),
                               .received = s_core.now,
                               .group = core_id('g'),
                               .partial = true};
    core_tell(&s_core, "modem", &op_text_received_type, &text);
    s_by_id(OP_STEP_LEDGER_RELEASE, 'a', s_first, OP_OK);
    s_core.now += OP_HOUR_MS;
    op_context_t b = s_lease('b', s_first);
    text.body = OP_STR("beginning");
    text.partial = false;
    core_tell(&s_core, "modem", &op_text_received_type, &text);
    assert_int_equal(s_inbox(&b, "beginning"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_text_to_a_leased_number_is_handed_over),
        TEST(test_handing_over_needs_no_line_but_counts),
        TEST(test_a_lease_that_ends_before_the_hand_over),
        TEST(test_a_hand_over_survives_a_crash_once),
        TEST(test_inbound_for_a_lessee),
        TEST(test_a_late_inbound_from_before_the_lease),
        TEST(test_an_inbound_that_has_waited),
        TEST(test_inbound_on_the_shared_number),
        TEST(test_a_long_fan_out),
        TEST(test_a_fan_out_survives_a_crash_once),
        TEST(test_a_text_in_part_is_completed),
        TEST(test_parts_on_the_shared_number),
        TEST(test_the_rest_by_a_wrong_clock),
        TEST(test_the_rest_after_the_lease),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
