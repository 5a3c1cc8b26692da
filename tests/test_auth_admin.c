/*  The auth actor's steps for the operator: found, suspended, resumed, erased; sessions. */

#include "tests/auth_fixture.h"

typedef struct {
    op_context_t session;
    op_hash_t key;
} human_t;

/*  Signs up (or in), and mints a key. */
static human_t s_human(const char *phone)
{
    human_t human = {.session = s_sign_up(phone)};
    human.session.number = core_id('n');
    op_key_create_t create = {core_id('n'), OP_STR("k")};
    human.key = op_token_hash(
        CORE_ASK(&s_core, &human.session, key_create, &create, key_created, OP_STEP_AUTH_KEY_CREATE)
            ->key);
    return human;
}

/*  How session and key are answered: forwarded, or refused with a sentence that holds this word. */
static void s_expect(const human_t *human, const char *refused)
{
    const op_hash_t *credentials[] = {&human->session.credential, &human->key};
    static const char steps[] = {OP_STEP_AUTH_SESSION, OP_STEP_AUTH_KEY};
    for (size_t i = 0; i < OP_COUNT(steps); i++) {
        op_context_t context = {.credential = *credentials[i]};
        if (!refused) {
            CORE_ASK(&s_core, &context, nothing, &(op_nothing_t){0}, nothing, steps[i],
                     OP_STEP_RATE_READ);
            assert_true(op_id_equal(core_context(&s_core)->account, human->session.account));
            continue;
        }
        const op_refusal_t *refusal =
            CORE_REFUSED(&s_core, &context, nothing, &(op_nothing_t){0}, OP_ERROR_UNAUTHENTICATED,
                         steps[i], OP_STEP_RATE_READ);
        assert_true(memmem(refusal->sentence.at ? refusal->sentence.at : "", refusal->sentence.size,
                           refused, strlen(refused)) != NULL);
    }
}

static const op_account_view_t *s_find(const char *phone)
{
    op_account_find_t find = {.phone = op_str(phone)};
    return CORE_ASK(&s_core, NULL, account_find, &find, account_view, OP_STEP_AUTH_FIND);
}

static void test_found_by_phone_and_by_id(void **state)
{
    (void)state;
    human_t human = s_human(PHONE);
    const op_account_view_t *view = s_find(PHONE);
    assert_true(op_id_equal(view->id, human.session.account));
    assert_true(op_str_is(view->phone, PHONE));
    assert_int_equal(view->sessions, 1);
    assert_int_equal(view->api_keys, 1);
    assert_false(view->suspended);
    op_account_find_t by_id = {.id = human.session.account};
    view = CORE_ASK(&s_core, NULL, account_find, &by_id, account_view, OP_STEP_AUTH_FIND);
    assert_true(op_str_is(view->phone, PHONE));
    op_account_find_t none[] = {
        {.phone = OP_STR(OTHER)}, {.id = core_id('?')}, {.phone = {0}, .id = {{0}}}};
    for (size_t i = 0; i < OP_COUNT(none); i++)
        CORE_REFUSED(&s_core, NULL, account_find, &none[i], OP_ERROR_NOT_FOUND, OP_STEP_AUTH_FIND);
}

static void s_set(const human_t *human, char step, bool suspended)
{
    const op_account_view_t *view =
        CORE_ASK(&s_core, &human->session, nothing, &(op_nothing_t){0}, account_view, step);
    assert_int_equal(view->suspended, suspended);
}

static void test_suspended_and_resumed(void **state)
{
    (void)state;
    human_t human = s_human(PHONE), other = s_human(OTHER);
    s_set(&human, OP_STEP_AUTH_SUSPEND, true);
    s_set(&human, OP_STEP_AUTH_SUSPEND, true); /* twice is once */
    s_expect(&human, "suspended");
    s_expect(&other, NULL);
    core_restart(&s_core, true);
    s_expect(&human, "suspended");
    op_key_create_t create = {core_id('n'), OP_STR("k")}; /* a call that was under way */
    CORE_REFUSED(&s_core, &human.session, key_create, &create, OP_ERROR_UNAUTHENTICATED,
                 OP_STEP_AUTH_KEY_CREATE);
    s_set(&human, OP_STEP_AUTH_RESUME, false);
    s_expect(&human, NULL);
    op_context_t nobody = {.account = core_id('?')};
    CORE_REFUSED(&s_core, &nobody, nothing, &(op_nothing_t){0}, OP_ERROR_NOT_FOUND,
                 OP_STEP_AUTH_SUSPEND);
}

static void test_erased(void **state)
{
    (void)state;
    s_human(PHONE); /* of each code that was sent to the phone something is kept */
    human_t human = s_human(PHONE), other = s_human(OTHER);
    op_id_t account = human.session.account;
    CORE_ASK(&s_core, &human.session, nothing, &(op_nothing_t){0}, nothing, OP_STEP_AUTH_ERASE);
    static const char *const told[] = {"ledger", "webhook"};
    for (size_t i = 0; i < OP_COUNT(told); i++) {
        assert_int_equal(CORE_COUNT(&s_core, told[i], account_erased), 1);
        const op_account_erased_t *erased = CORE_FIND(&s_core, told[i], account_erased, 0);
        assert_true(op_id_equal(erased->account, account));
        assert_int_equal(erased->after.size, 0);
    }
    assert_true(s_core.out.compacts);
    core_restart(&s_core, true);
    assert_true(s_core.out.compacts); /* perhaps it has not been done */
    s_expect(&human, "");
    s_expect(&other, NULL);
    assert_false(core_store_holds(&s_core, "auth/", OP_STR(PHONE)));
    assert_false(
        core_store_holds(&s_core, "auth/a", op_str_of(account.bytes, sizeof account.bytes)));
    CORE_REFUSED(&s_core, &human.session, nothing, &(op_nothing_t){0}, OP_ERROR_NOT_FOUND,
                 OP_STEP_AUTH_ERASE);
    human_t again = s_human(PHONE);
    assert_false(op_id_equal(again.session.account, account));
    s_expect(&again, NULL);
}

static const op_sessions_view_t *s_sessions(const human_t *human)
{
    return CORE_ASK(&s_core, &human->session, nothing, &(op_nothing_t){0}, sessions_view,
                    OP_STEP_AUTH_SESSIONS);
}

static void test_sessions_are_listed_and_ended(void **state)
{
    (void)state;
    human_t first = s_human(PHONE), other = s_human(OTHER);
    core_advance(&s_core, OP_MINUTE_MS);
    human_t second = s_human(PHONE);
    const op_sessions_view_t *list = s_sessions(&first);
    assert_int_equal(list->sessions.count, 2);
    assert_true(list->sessions.at[1].expires_at == s_core.now + 30 * OP_DAY_MS);
    char id[OP_ID_TEXT + 1];
    op_id_print(list->sessions.at[0].id, id);
    op_by_id_t by_id = {op_str(id)};
    CORE_REFUSED(&s_core, &other.session, by_id, &by_id, OP_ERROR_NOT_FOUND,
                 OP_STEP_AUTH_SESSION_REVOKE);
    CORE_ASK(&s_core, &first.session, by_id, &by_id, nothing, OP_STEP_AUTH_SESSION_REVOKE);
    CORE_REFUSED(&s_core, &first.session, by_id, &by_id, OP_ERROR_NOT_FOUND,
                 OP_STEP_AUTH_SESSION_REVOKE);
    CORE_REFUSED(&s_core, &first.session, nothing, &(op_nothing_t){0}, OP_ERROR_UNAUTHENTICATED,
                 OP_STEP_AUTH_SESSION, OP_STEP_RATE_CONSOLE);
    s_expect(&second, NULL);
    assert_int_equal(s_sessions(&first)->sessions.count, 1);
    core_advance(&s_core, 31 * OP_DAY_MS); /* expired, and swept away */
    assert_int_equal(s_sessions(&first)->sessions.count, 0);
    assert_false(core_store_holds(&s_core, "auth/i", OP_STR("")));
}

static void test_logging_out_ends_the_listing(void **state)
{
    (void)state;
    human_t human = s_human(PHONE);
    CORE_ASK(&s_core, &human.session, nothing, &(op_nothing_t){0}, nothing, OP_STEP_AUTH_SESSION,
             OP_STEP_RATE_CONSOLE, OP_STEP_AUTH_LOGOUT);
    op_context_t context = *core_context(&s_core);
    CORE_ASK(&s_core, &context, nothing, &(op_nothing_t){0}, nothing, OP_STEP_AUTH_LOGOUT);
    assert_int_equal(s_sessions(&human)->sessions.count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, s_setup, s_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_found_by_phone_and_by_id),
        TEST(test_suspended_and_resumed),
        TEST(test_erased),
        TEST(test_sessions_are_listed_and_ended),
        TEST(test_logging_out_ends_the_listing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
