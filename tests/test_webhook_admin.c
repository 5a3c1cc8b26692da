/*  The webhook actor's steps for the operator: a message's delivery, and an erased account. */

#include "tests/webhook_fixture.h"

static void s_erase(char who)
{
    op_account_erased_t erased = {.account = core_id(who)};
    core_tell(&s_core, "auth", &op_account_erased_type, &erased);
}

static void test_an_erased_account_leaves_nothing(void **state)
{
    (void)state;
    s_create('a', 'n', EVENTS);
    s_create('b', 'n', EVENTS);
    s_happen('a', 'n', "message.sent"); /* is being posted */
    op_id_t flying = s_posted(0)->delivery;
    s_happen('a', 'n', "message.sent"); /* will be tried again */
    s_answer(s_posted(0)->delivery, 500);
    s_happen('b', 'n', "message.sent");
    op_id_t theirs = s_posted(0)->delivery;
    op_lease_ended_t ended = {core_id('a'), core_id('n'), core_id('L')};
    core_tell(&s_core, "ledger", &op_lease_ended_type, &ended);
    s_create('a', 'm', EVENTS);
    s_erase('a');
    assert_true(s_core.out.compacts);
    op_id_t id = core_id('a');
    assert_int_equal(s_list('a', (op_id_t){{0}})->webhooks.count, 0);
    assert_int_equal(s_list('b', (op_id_t){{0}})->webhooks.count, 1);
    static const char *const kinds[] = {"webhook/w", "webhook/h", "webhook/d"};
    for (size_t i = 0; i < OP_COUNT(kinds); i++)
        assert_false(core_store_holds(&s_core, kinds[i], op_str_of(id.bytes, sizeof id.bytes)));
    assert_false(core_store_holds(&s_core, "webhook/v", OP_STR("")));
    assert_false(core_store_holds(&s_core, "webhook/r", OP_STR("")));
    assert_false(
        core_store_holds(&s_core, "webhook/", op_str_of(flying.bytes, sizeof flying.bytes)));
    s_answer(flying, 200); /* comes to nobody */
    s_happen('a', 'n', "message.sent");
    assert_null(s_posted(0));
    core_advance(&s_core, OP_HOUR_MS);
    assert_null(s_posted(0));
    op_context_t context = s_on('a', 'n'); /* a call that was under way */
    op_webhook_create_t create = {core_id('n'), OP_STR(URL), OP_STR(EVENTS)};
    CORE_REFUSED(&s_core, &context, webhook_create, &create, OP_ERROR_UNAUTHENTICATED,
                 OP_STEP_WEBHOOK_CREATE);
    assert_true(
        core_store_holds(&s_core, "webhook/d", op_str_of(theirs.bytes, sizeof theirs.bytes)));
    core_advance(&s_core, 2 * OP_DAY_MS);
    assert_false(core_store_holds(&s_core, "webhook/", op_str_of(id.bytes, sizeof id.bytes)));
}

static void test_a_message_s_delivery_is_found(void **state)
{
    (void)state;
    s_create('a', 'n', EVENTS);
    s_happen('a', 'n', "message.sent"); /* of the message core_id ('m') */
    op_id_t delivery = s_posted(0)->delivery;
    s_answer(delivery, 200);
    op_id_t message = core_id('m');
    memset(message.bytes, 0, 6); /* as if it were old: ids tell when things were made */
    op_text_find_t none = {.id = message};
    CORE_REFUSED(&s_core, NULL, text_find, &none, OP_ERROR_NOT_FOUND, OP_STEP_WEBHOOK_FIND);
    op_text_find_t young = {.id = core_id('m')}; /* from behind all deliveries on */
    CORE_REFUSED(&s_core, NULL, text_find, &young, OP_ERROR_NOT_FOUND, OP_STEP_WEBHOOK_FIND);
    op_id_t before = {{0}};
    before.bytes[15] = 1;
    op_text_find_t find = {.id = core_id('m'), .after = before};
    const op_delivery_view_t *view =
        CORE_ASK(&s_core, NULL, text_find, &find, delivery_view, OP_STEP_WEBHOOK_FIND);
    assert_true(op_id_equal(view->id, delivery));
    assert_true(op_str_is(view->state, "delivered"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_an_erased_account_leaves_nothing, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_a_message_s_delivery_is_found, s_setup, s_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
