/*  The auth actor: API keys */

#include "tests/auth_fixture.h"

static const op_keys_view_t *s_keys(const op_context_t *session, op_id_t number)
{
    op_by_number_t by_number = {number};
    return CORE_ASK(&s_core, session, by_number, &by_number, keys_view, OP_STEP_AUTH_KEYS);
}

static void test_keys_are_listed(void **state)
{
    (void)state;
    op_context_t mine = s_sign_up(PHONE), theirs = s_sign_up("+14155550102");
    op_id_t shared = core_id('a'), leased = core_id('b');
    assert_int_equal(s_keys(&mine, s_none)->api_keys.count, 0);
    minted_t one = s_mint(&mine, shared, s_none, "one");
    minted_t two = s_mint(&mine, leased, core_id('L'), "two");
    minted_t three = s_mint(&mine, shared, s_none, "");
    minted_t other = s_mint(&theirs, shared, s_none, "other");
    const op_keys_view_t *list = s_keys(&mine, s_none);
    assert_int_equal(list->api_keys.count, 3);
    assert_true(op_id_equal(list->api_keys.at[0].id, one.id));
    assert_true(op_id_equal(list->api_keys.at[1].id, two.id));
    assert_true(op_id_equal(list->api_keys.at[2].id, three.id));
    assert_true(op_id_equal(list->api_keys.at[1].number_id, leased));
    assert_true(op_str_is(list->api_keys.at[1].name, "two"));
    assert_memory_equal(list->api_keys.at[1].key_prefix.at, two.token, 12);
    list = s_keys(&mine, leased);
    assert_int_equal(list->api_keys.count, 1);
    assert_true(op_id_equal(list->api_keys.at[0].id, two.id));
    assert_int_equal(s_keys(&mine, core_id('z'))->api_keys.count, 0);
    list = s_keys(&theirs, s_none);
    assert_int_equal(list->api_keys.count, 1);
    assert_true(op_id_equal(list->api_keys.at[0].id, other.id));
}

static void test_a_key_says_who_calls(void **state)
{
    (void)state;
    op_context_t mine = s_sign_up(PHONE);
    minted_t key = s_mint(&mine, core_id('b'), core_id('L'), "k");
    core_restart(&s_core, true);
    s_expect_key(&key, true);
    const op_context_t *context = core_context(&s_core);
    assert_true(op_id_equal(context->account, mine.account));
    assert_true(op_id_equal(context->number, core_id('b')));
    assert_true(op_id_equal(context->lease, core_id('L')));
    minted_t nobodys = {.hash = {{9}}};
    s_expect_key(&nobodys, false);
}

static void test_keys_are_revoked(void **state)
{
    (void)state;
    op_context_t mine = s_sign_up(PHONE), theirs = s_sign_up("+14155550102");
    minted_t one = s_mint(&mine, core_id('a'), s_none, "one");
    minted_t two = s_mint(&mine, core_id('a'), s_none, "two");
    op_by_id_t by_id = {core_id_text(&s_core, one.id)};
    char id[OP_ID_TEXT + 1];
    op_str_copy(by_id.id, id, sizeof id);
    by_id.id = op_str(id);
    const op_key_view_t *shown =
        CORE_ASK(&s_core, &mine, by_id, &by_id, key_view, OP_STEP_AUTH_KEY_SHOW);
    assert_true(op_id_equal(shown->id, one.id) && op_id_equal(shown->number_id, core_id('a')));
    assert_true(op_str_is(shown->name, "one"));
    assert_true(op_str_equal(shown->key_prefix, op_str_of(one.token, 12)));
    CORE_REFUSED(&s_core, &theirs, by_id, &by_id, OP_ERROR_NOT_FOUND, OP_STEP_AUTH_KEY_SHOW);
    CORE_REFUSED(&s_core, &theirs, by_id, &by_id, OP_ERROR_NOT_FOUND, OP_STEP_AUTH_KEY_REVOKE);
    s_expect_key(&one, true);
    CORE_ASK(&s_core, &mine, by_id, &by_id, nothing, OP_STEP_AUTH_KEY_REVOKE);
    s_expect_key(&one, false);
    s_expect_key(&two, true);
    CORE_REFUSED(&s_core, &mine, by_id, &by_id, OP_ERROR_NOT_FOUND, OP_STEP_AUTH_KEY_SHOW);
    CORE_REFUSED(&s_core, &mine, by_id, &by_id, OP_ERROR_NOT_FOUND, OP_STEP_AUTH_KEY_REVOKE);
    by_id.id = OP_STR("nonsense");
    CORE_REFUSED(&s_core, &mine, by_id, &by_id, OP_ERROR_NOT_FOUND, OP_STEP_AUTH_KEY_REVOKE);
    assert_int_equal(s_keys(&mine, s_none)->api_keys.count, 1);
}

static void test_an_account_has_so_many_keys(void **state)
{
    (void)state;
    op_context_t mine = s_sign_up(PHONE), theirs = s_sign_up("+14155550102");
    for (int i = 0; i < 4; i++)
        s_mint(&mine, core_id('a'), s_none, "k");
    op_key_create_t create = {core_id('a'), OP_STR("k")};
    CORE_REFUSED(&s_core, &mine, key_create, &create, OP_ERROR_VALIDATION_ERROR,
                 OP_STEP_AUTH_KEY_CREATE);
    s_mint(&theirs, core_id('a'), s_none, "k");
}

static void test_a_lease_takes_its_keys_along(void **state)
{
    (void)state;
    op_context_t mine = s_sign_up(PHONE), theirs = s_sign_up("+14155550102");
    op_id_t number = core_id('b');
    minted_t shared = s_mint(&mine, core_id('a'), s_none, "shared");
    minted_t ended = s_mint(&mine, number, core_id('L'), "ended");
    minted_t again = s_mint(&mine, number, core_id('M'), "leased again");
    minted_t other = s_mint(&theirs, core_id('c'), core_id('N'), "another's");
    op_lease_ended_t tell = {mine.account, number, core_id('L')};
    core_tell(&s_core, "ledger", &op_lease_ended_type, &tell);
    s_expect_key(&ended, false);
    s_expect_key(&shared, true);
    s_expect_key(&again, true);
    s_expect_key(&other, true);
    assert_int_equal(s_keys(&mine, s_none)->api_keys.count, 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, s_setup, s_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_keys_are_listed),
        TEST(test_a_key_says_who_calls),
        TEST(test_keys_are_revoked),
        TEST(test_an_account_has_so_many_keys),
        TEST(test_a_lease_takes_its_keys_along),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
