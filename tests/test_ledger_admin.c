/*  The ledger's steps for the operator: the pool, what is nobody's, a message found, an account
    erased.
 */

#include "tests/ledger_fixture.h"

/*  By E.164; `account` of a move. */
static op_number_change_t s_wish(const char *e164, op_number_wish_t wish, char account)
{
    return (op_number_change_t){.number = op_str(e164),
                                .change = wish,
                                .account = account ? core_id(account) : (op_id_t){{0}}};
}

static const op_pool_number_t *s_change(const char *e164, op_number_wish_t wish, char account)
{
    op_number_change_t change = s_wish(e164, wish, account);
    return CORE_ASK(&s_core, NULL, number_change, &change, pool_number, OP_STEP_LEDGER_CHANGE);
}

static void s_change_refused(const char *e164, op_number_wish_t wish, char account,
                             op_error_t error)
{
    op_number_change_t change = s_wish(e164, wish, account);
    CORE_REFUSED(&s_core, NULL, number_change, &change, error, OP_STEP_LEDGER_CHANGE);
}

static void test_a_wish_outweighs_the_configuration(void **state)
{
    (void)state;
    assert_true(s_change(FIRST, OP_NUMBER_SHARE, 0)->shared);
    s_line(FIRST, false, false); /* its line comes and goes, configured as ever */
    assert_true(s_pooled(FIRST)->shared);
    s_by_id(OP_STEP_LEDGER_LEASE, 'a', s_first, OP_ERROR_NUMBER_UNAVAILABLE);
    assert_false(s_change(FIRST, OP_NUMBER_UNSHARE, 0)->shared);
    s_lease('a', s_first);
    s_change_refused(FIRST, OP_NUMBER_SHARE, 0, OP_ERROR_NUMBER_UNAVAILABLE);
    s_change_refused("+16175550000", OP_NUMBER_SHARE, 0, OP_ERROR_NOT_FOUND);
    s_change_refused(FIRST, (op_number_wish_t)99, 0, OP_ERROR_NUMBER_UNAVAILABLE);
    core_restart(&s_core, true);
    s_line(SHARED, true, true);
    assert_true(s_pooled(SHARED)->shared);
}

static void test_a_retired_number_is_out_of_the_pool(void **state)
{
    (void)state;
    op_context_t key = s_lease('a', s_first);
    const op_pool_number_t *retired = s_change(FIRST, OP_NUMBER_RETIRE, 0);
    assert_true(retired->retired);
    assert_true(op_id_is_none(retired->account));
    assert_int_equal(CORE_COUNT(&s_core, "auth", lease_ended), 1);
    assert_int_equal(CORE_COUNT(&s_core, "webhook", lease_ended), 1);
    assert_int_equal(CORE_COUNT(&s_core, "modem", text_cancel), 1);
    s_send_refused(&key, PEER, OP_ERROR_UNAUTHENTICATED);
    assert_true(op_id_is_none(s_number_id(FIRST)));
    s_by_id(OP_STEP_LEDGER_LEASE, 'a', s_first, OP_ERROR_NUMBER_UNAVAILABLE);
    s_change_refused(FIRST, OP_NUMBER_MOVE, 'b', OP_ERROR_NUMBER_UNAVAILABLE);
    s_line(FIRST, true, true);
    assert_false(s_pooled(FIRST)->shared);
    s_line(SHARED, true, false);
    s_line(SECOND, false, false);
    op_auth_start_t start = {OP_STR(PEER)}; /* only the retired number's line is up */
    CORE_REFUSED(&s_core, NULL, auth_start, &start, OP_ERROR_OTP_DELIVERY_FAILED,
                 OP_STEP_LEDGER_CODE_LINE, OP_STEP_AUTH_START);
    s_receive(FIRST, PEER, "anybody?");
    assert_int_equal(CORE_COUNT(&s_core, "webhook", number_event), 0);
    assert_true(s_change(FIRST, OP_NUMBER_ADD, 0)->shared); /* as configured by now */
    assert_false(op_id_is_none(s_number_id(FIRST)));
}

static void test_a_move_ends_one_lease_and_begins_another(void **state)
{
    (void)state;
    op_context_t old = s_lease('a', s_first);
    const op_pool_number_t *moved = s_change(FIRST, OP_NUMBER_MOVE, 'b');
    assert_true(op_id_equal(moved->account, core_id('b')));
    assert_true(moved->leased_at == s_core.now);
    assert_int_equal(CORE_COUNT(&s_core, "auth", lease_ended), 1);
    assert_true(op_id_equal(CORE_FIND(&s_core, "auth", lease_ended, 0)->lease, old.lease));
    s_change(FIRST, OP_NUMBER_MOVE, 'b'); /* once more: the same lease */
    assert_int_equal(CORE_COUNT(&s_core, "auth", lease_ended), 0);
    s_send_refused(&old, PEER, OP_ERROR_UNAUTHENTICATED);
    op_context_t key = s_lease('b', s_first);
    s_send(&key, PEER);
    s_change_refused(SHARED, OP_NUMBER_MOVE, 'b', OP_ERROR_NUMBER_UNAVAILABLE);
    s_change_refused(FIRST, OP_NUMBER_MOVE, 0, OP_ERROR_NUMBER_UNAVAILABLE);
    s_change(SECOND, OP_NUMBER_MOVE, 'a'); /* a free one as well */
}

static const op_unclaimed_page_t *s_unclaimed(op_id_t after)
{
    op_page_find_t find = {after};
    return CORE_ASK(&s_core, NULL, page_find, &find, unclaimed_page, OP_STEP_LEDGER_UNCLAIMED);
}

static void test_unclaimed_texts_are_paged_and_deleted(void **state)
{
    (void)state;
    enum { TEXTS = OP_PAGE_MAX + 5 };
    for (int i = 0; i < TEXTS; i++)
        s_receive(SHARED, PEER, "anybody?");
    const op_unclaimed_page_t *page = s_unclaimed((op_id_t){{0}});
    assert_int_equal(page->texts.count, OP_PAGE_MAX);
    assert_true(op_id_equal(page->next, page->texts.at[OP_PAGE_MAX - 1].id));
    assert_true(op_str_is(page->texts.at[0].from, PEER));
    op_id_t next = page->next, last;
    page = s_unclaimed(next);
    assert_int_equal(page->texts.count, TEXTS - OP_PAGE_MAX);
    assert_true(op_id_is_none(page->next));
    last = page->texts.at[0].id;
    char text[OP_ID_TEXT + 1];
    op_id_print(last, text);
    op_by_id_t by_id = {op_str(text)};
    CORE_ASK(&s_core, NULL, by_id, &by_id, nothing, OP_STEP_LEDGER_UNCLAIMED_DELETE);
    CORE_REFUSED(&s_core, NULL, by_id, &by_id, OP_ERROR_NOT_FOUND, OP_STEP_LEDGER_UNCLAIMED_DELETE);
    assert_int_equal(s_unclaimed(next)->texts.count, TEXTS - OP_PAGE_MAX - 1);
}

static void test_a_message_is_found(void **state)
{
    (void)state;
    op_context_t free = s_free_key('a'), leased = s_lease('b', s_first);
    sent_t sent[] = {s_send(&free, PEER), s_send(&leased, PEER)};
    for (size_t i = 0; i < OP_COUNT(sent); i++) {
        op_text_find_t find = {.id = sent[i].id};
        const op_text_found_t *found =
            CORE_ASK(&s_core, NULL, text_find, &find, text_found, OP_STEP_LEDGER_FIND);
        assert_true(op_id_equal(found->message.id, sent[i].id));
        assert_true(op_id_equal(found->scope, sent[i].scope));
        assert_true(op_id_equal(found->account, core_id(i ? 'b' : 'a')));
        assert_true(op_str_is(found->modem, "modem"));
    }
    op_text_find_t none = {.id = core_id('?')};
    CORE_REFUSED(&s_core, NULL, text_find, &none, OP_ERROR_NOT_FOUND, OP_STEP_LEDGER_FIND);
}

/*  ---- Erasing ---- */

static void s_erase(char who)
{
    op_account_erased_t erased = {.account = core_id(who)};
    core_tell(&s_core, "auth", &op_account_erased_type, &erased);
}

static void s_expect_nothing_of(char who)
{
    op_id_t id = core_id(who);
    static const char *const kinds[] = {"ledger/d", "ledger/m", "ledger/n", "ledger/p"};
    for (size_t i = 0; i < OP_COUNT(kinds); i++)
        assert_false(core_store_holds(&s_core, kinds[i], op_str_of(id.bytes, sizeof id.bytes)));
}

static void test_an_erased_account_leaves_nothing(void **state)
{
    (void)state;
    op_context_t free = s_free_key('a'), leased = s_lease('a', s_first), other = s_free_key('b');
    sent_t waiting = s_send(&free, PEER), flying = s_send(&leased, PEER);
    sent_t kept = s_send(&other, PEER);
    s_outcome(flying, OP_TEXT_SENDING, "");
    s_receive(SHARED, PEER, "for both");
    s_receive(FIRST, PEER, "for the lessee");
    assert_int_equal(s_pooled(SHARED)->waiting, 2);
    s_erase('a');
    assert_true(s_core.out.compacts);
    assert_int_equal(CORE_COUNT(&s_core, "auth", lease_ended), 1);
    bool cancelled[2] = {false, false};
    for (size_t i = 0; i < CORE_COUNT(&s_core, "modem", text_cancel); i++) {
        op_id_t scope = CORE_FIND(&s_core, "modem", text_cancel, i)->scope;
        cancelled[0] |= op_id_equal(scope, waiting.scope);
        cancelled[1] |= op_id_equal(scope, flying.scope);
        assert_false(op_id_equal(scope, kept.scope));
    }
    assert_true(cancelled[0] && cancelled[1]);
    s_expect_nothing_of('a');
    assert_int_equal(s_pooled(SHARED)->waiting, 1);
    assert_int_equal(s_pooled(FIRST)->waiting, 0);
    s_outcome(waiting, OP_TEXT_FAILED, "cancelled"); /* the modem's last word, to nobody */
    assert_int_equal(CORE_COUNT(&s_core, "webhook", number_event), 0);
    assert_int_equal(s_pooled(SHARED)->waiting, 1);
    assert_true(op_str_is(s_get(&other, kept.id)->status, "queued"));
    assert_int_equal(s_inbox(&other, "for both"), 1);
    /* Calls that were under way, and what comes in from now on, leave nothing either. */
    s_send_refused(&free, PEER, OP_ERROR_UNAUTHENTICATED);
    s_by_id(OP_STEP_LEDGER_LEASE, 'a', s_second, OP_ERROR_UNAUTHENTICATED);
    s_change_refused(SECOND, OP_NUMBER_MOVE, 'a', OP_ERROR_NUMBER_UNAVAILABLE);
    s_receive(SHARED, PEER, "again");
    s_expect_nothing_of('a');
    assert_int_equal(s_inbox(&other, "again"), 1);
    core_advance(&s_core, 2 * OP_DAY_MS);
    op_id_t id = core_id('a');
    assert_false(core_store_holds(&s_core, "ledger/", op_str_of(id.bytes, sizeof id.bytes)));
}

/*  More than a slice holds, with a crash between two. */
static void test_a_long_erasure_goes_on_after_a_crash(void **state)
{
    (void)state;
    enum { TEXTS = 1200 };
    op_context_t mine = s_lease('a', s_first);
    op_context_t theirs = s_lease('b', s_second);
    for (int i = 0; i < TEXTS; i++)
        s_receive(i % 3 ? FIRST : SECOND, PEER, i % 3 ? "mine" : "theirs");
    s_core.hold_self = true;
    s_erase('a');
    op_id_t id = core_id('a');
    assert_true(core_store_holds(&s_core, "ledger/m", op_str_of(id.bytes, sizeof id.bytes)));
    s_core.hold_self = false;
    core_restart(&s_core, true);
    core_advance(&s_core, OP_MINUTE_MS);
    s_expect_nothing_of('a');
    (void)mine;
    size_t left = 0;
    op_str_t key, value;
    op_store_range_t *range =
        op_store_range(s_core.store, OP_STR("ledger/m"), OP_STR("ledger/n"), false);
    while (op_store_range_next(range, &key, &value) > 0)
        left++;
    op_store_range_destroy(&range);
    assert_int_equal(left, TEXTS / 3);
    assert_int_equal(s_inbox(&theirs, "theirs"), 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_wish_outweighs_the_configuration),
        TEST(test_a_retired_number_is_out_of_the_pool),
        TEST(test_a_move_ends_one_lease_and_begins_another),
        TEST(test_unclaimed_texts_are_paged_and_deleted),
        TEST(test_a_message_is_found),
        TEST(test_an_erased_account_leaves_nothing),
        TEST(test_a_long_erasure_goes_on_after_a_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
