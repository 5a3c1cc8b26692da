/*  The auth actor: codes, sessions, what is kept. The test plays http, ledger and modem. */

#include "tests/auth_fixture.h"

/*  ---- Helpers ---- */

static const op_refusal_t *s_verify_refused(const char *id, const char *code, op_error_t error)
{
    op_auth_verify_t verify = {op_str(id), op_str(code)};
    return CORE_REFUSED(&s_core, NULL, auth_verify, &verify, error, OP_STEP_AUTH_VERIFY);
}

static bool s_session_lives(const op_context_t *session)
{
    op_context_t context = {.credential = session->credential};
    drive_forget(&s_core.out);
    drive_request(s_core.actor, DRIVE_SLIP(OP_STEP_AUTH_SESSION, OP_STEP_RATE_CONSOLE), &context,
                  &op_nothing_type, &(op_nothing_t){0}, s_core.now);
    drive_commit(s_core.actor, &s_core.out);
    assert_int_equal(s_core.out.count, 1);
    if (s_core.out.at[0].type == &op_refusal_type) {
        assert_int_equal(DRIVE_BODY(&s_core.out, 0, refusal)->error, OP_ERROR_UNAUTHENTICATED);
        return false;
    }
    assert_true(op_str_is(s_core.out.at[0].to, "rate"));
    assert_true(op_id_equal(core_context(&s_core)->account, session->account));
    assert_false(op_id_is_none(core_context(&s_core)->session));
    return true;
}

static void s_expect_status(const started_t *started, const char *status)
{
    op_by_id_t by_id = {op_str(started->id)};
    const op_verification_view_t *view =
        CORE_ASK(&s_core, NULL, by_id, &by_id, verification_view, OP_STEP_AUTH_VERIFICATION);
    assert_true(op_str_is(view->delivery_status, status));
    assert_true(op_id_equal(view->verification_id, started->text));
}

/*  ---- Codes ---- */

static void test_a_code_lives_600_seconds(void **state)
{
    (void)state;
    started_t first = s_begin(PHONE), second;
    core_advance(&s_core, 599999);
    assert_true(s_verify(&first)->user.created);
    second = s_begin("+14155550102");
    core_advance(&s_core, 600000);
    s_verify_refused(second.id, second.code, OP_ERROR_VERIFICATION_EXPIRED);
    core_advance(&s_core, OP_HOUR_MS);
    s_verify_refused(second.id, second.code, OP_ERROR_VERIFICATION_EXPIRED);
}

static void test_a_code_works_once(void **state)
{
    (void)state;
    started_t started = s_begin(PHONE);
    s_verify(&started);
    s_verify_refused(started.id, started.code, OP_ERROR_VERIFICATION_EXPIRED);
    core_restart(&s_core, true);
    s_verify_refused(started.id, started.code, OP_ERROR_VERIFICATION_EXPIRED);
}

static void test_four_wrong_codes_are_forgiven(void **state)
{
    (void)state;
    started_t started = s_begin(PHONE);
    for (int i = 0; i < 4; i++)
        assert_true(op_str_is(
            s_verify_refused(started.id, started.wrong, OP_ERROR_VERIFICATION_INVALID)->field,
            "code"));
    s_verify(&started);
}

static void test_five_wrong_codes_lock(void **state)
{
    (void)state;
    started_t started = s_begin(PHONE);
    for (int i = 0; i < 5; i++) {
        s_verify_refused(started.id, started.wrong, OP_ERROR_VERIFICATION_INVALID);
        if (i == 2)
            core_restart(&s_core, true); /* a crash forgives nobody */
    }
    s_verify_refused(started.id, started.code, OP_ERROR_VERIFICATION_INVALID);
    core_advance(&s_core, 600000);
    s_verify_refused(started.id, started.code, OP_ERROR_VERIFICATION_INVALID);
    started = s_begin(PHONE);
    s_verify(&started);
}

/*  The rate window that the last answer shows. */
static void s_expect_window(uint64_t limit, uint64_t remaining, int64_t reset)
{
    const op_context_t *context = core_context(&s_core);
    assert_int_equal(context->limit, limit);
    assert_int_equal(context->remaining, remaining);
    assert_true(context->reset == reset);
}

static void test_a_wrong_code_shows_the_tries_that_are_left(void **state)
{
    (void)state;
    int64_t midnight = (op_instant_day(s_core.now) + 1) * OP_DAY_MS;
    for (uint64_t verification = 0; verification < 4; verification++) {
        started_t started = s_begin(PHONE);
        for (uint64_t left = 5; left-- > 0;) {
            s_verify_refused(started.id, started.wrong, OP_ERROR_VERIFICATION_INVALID);
            bool day = verification == 3; /* allows no more either, and for longer */
            s_expect_window(day ? 20 : 5, left, day ? midnight : s_core.now + 600000);
        }
        s_verify_refused(started.id, started.code, OP_ERROR_VERIFICATION_INVALID);
        s_expect_window(5, 0, s_core.now + 600000);
    }
    started_t started = s_begin(PHONE);
    const op_refusal_t *refusal = s_verify_refused(started.id, started.code, OP_ERROR_RATE_LIMITED);
    assert_int_equal(refusal->retry_after, (midnight - s_core.now + 999) / 1000);
    s_expect_window(20, 0, midnight);
}

static void test_the_day_counts_where_it_allows_less(void **state)
{
    (void)state;
    int64_t midnight = (op_instant_day(s_core.now) + 1) * OP_DAY_MS;
    started_t started = {.code = ""};
    for (int wrong = 0; wrong < 17; wrong++) {
        if (wrong % 4 == 0)
            started = s_begin(PHONE);
        s_verify_refused(started.id, started.wrong, OP_ERROR_VERIFICATION_INVALID);
    }
    s_expect_window(20, 3, midnight);
}

static void test_a_second_start_ends_the_first(void **state)
{
    (void)state;
    started_t first = s_begin(PHONE), other = s_begin("+14155550102"), second = s_begin(PHONE);
    s_verify_refused(first.id, first.code, OP_ERROR_VERIFICATION_EXPIRED);
    s_verify(&second);
    s_verify(&other);
}

static void test_ids_that_nobody_gave_out(void **state)
{
    (void)state;
    started_t started = s_begin(PHONE);
    static const char *const ids[] = {"01939999-0000-7000-8000-000000000000", "", "nonsense",
                                      "msg_01939999-0000-7000-8000-000000000000"};
    for (size_t i = 0; i < OP_COUNT(ids); i++) {
        s_verify_refused(ids[i], started.code, OP_ERROR_VERIFICATION_INVALID);
        op_by_id_t by_id = {op_str(ids[i])};
        CORE_REFUSED(&s_core, NULL, by_id, &by_id, OP_ERROR_NOT_FOUND, OP_STEP_AUTH_VERIFICATION);
    }
}

static void test_codes_that_are_not_the_code(void **state)
{
    (void)state;
    started_t started = s_begin(PHONE);
    char longer[9], shorter[6];
    snprintf(longer, sizeof longer, "%s0", started.code);
    snprintf(shorter, sizeof shorter, "%.5s", started.code);
    s_verify_refused(started.id, longer, OP_ERROR_VERIFICATION_INVALID);
    s_verify_refused(started.id, shorter, OP_ERROR_VERIFICATION_INVALID);
    s_verify_refused(started.id, "", OP_ERROR_VERIFICATION_INVALID);
    s_verify(&started);
    /* Another phone's code is no better than a guess. */
    started_t mine = s_begin(PHONE), theirs = s_begin("+14155550102");
    if (strcmp(mine.code, theirs.code) != 0)
        s_verify_refused(mine.id, theirs.code, OP_ERROR_VERIFICATION_INVALID);
}

/*  May a start go on to be counted, and to text a code? */
static void s_expect_start(const char *phone, bool goes_on)
{
    op_auth_start_t start = {op_str(phone)};
    if (goes_on) {
        CORE_ASK(&s_core, NULL, auth_start, &start, auth_start, OP_STEP_AUTH_GUESSES,
                 OP_STEP_RATE_START, OP_STEP_AUTH_START);
        assert_int_equal(core_context(&s_core)->limit, 0);
        return;
    }
    const op_refusal_t *refusal =
        CORE_REFUSED(&s_core, NULL, auth_start, &start, OP_ERROR_RATE_LIMITED, OP_STEP_AUTH_GUESSES,
                     OP_STEP_RATE_START, OP_STEP_AUTH_START);
    int64_t midnight = (op_instant_day(s_core.now) + 1) * OP_DAY_MS;
    assert_int_equal(refusal->retry_after, (uint64_t)(midnight - s_core.now + 999) / 1000);
    s_expect_window(20, 0, midnight);
    assert_int_equal(CORE_COUNT(&s_core, "modem", text_send), 0);
}

static void test_twenty_wrong_codes_a_day(void **state)
{
    (void)state;
    started_t started = {.code = ""};
    for (int i = 0; i < 20; i++) {
        if (i % 5 == 0)
            started = s_begin(PHONE);
        s_verify_refused(started.id, started.wrong, OP_ERROR_VERIFICATION_INVALID);
    }
    core_restart(&s_core, true);
    s_expect_start(PHONE, false);
    s_expect_start("+14155550102", true); /* counted per phone */
    started = s_begin(PHONE);             /* the step before it would have refused */
    const op_refusal_t *refusal = s_verify_refused(started.id, started.code, OP_ERROR_RATE_LIMITED);
    int64_t midnight = (op_instant_day(s_core.now) + 1) * OP_DAY_MS;
    assert_in_range(refusal->retry_after, (uint64_t)(midnight - s_core.now) / 1000,
                    (uint64_t)(midnight - s_core.now) / 1000 + 1);
    started_t other = s_begin("+14155550102");
    s_verify(&other);

    core_advance(&s_core, midnight - 1000 - s_core.now);
    started = s_begin(PHONE);
    s_verify_refused(started.id, started.code, OP_ERROR_RATE_LIMITED);
    s_expect_start(PHONE, false);
    core_advance(&s_core, 1000);
    s_expect_start(PHONE, true);
    s_verify_refused(started.id, started.wrong, OP_ERROR_VERIFICATION_INVALID);
    s_verify(&started); /* the next UTC day, and nothing was used up by the refusals */
}

static void test_a_returning_login(void **state)
{
    (void)state;
    started_t started = s_begin(PHONE);
    const op_session_opened_t *opened = s_verify(&started);
    op_id_t account = opened->user.id;
    assert_true(opened->user.created);
    assert_true(op_str_is(opened->user.phone, PHONE));
    assert_true(op_token_shaped(opened->session_token, OP_TOKEN_SESSION));
    assert_true(opened->expires_at == s_core.now + 30 * OP_DAY_MS);
    core_restart(&s_core, true);
    started = s_begin(PHONE);
    opened = s_verify(&started);
    assert_false(opened->user.created);
    assert_true(op_id_equal(opened->user.id, account));
    started = s_begin("+14155550102");
    opened = s_verify(&started);
    assert_true(opened->user.created);
    assert_false(op_id_equal(opened->user.id, account));
}

static void test_how_far_the_code_has_come(void **state)
{
    (void)state;
    static const struct {
        op_text_state_t state;
        const char *status;
    } table[] = {
        {OP_TEXT_SENDING, "pending"}, {OP_TEXT_SENT, "sent"}, {OP_TEXT_FAILED, "delivery_failed"}};
    started_t started = s_begin(PHONE);
    s_expect_status(&started, "pending");
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        op_text_outcome_t outcome = {.text = started.text, .state = table[i].state};
        core_tell(&s_core, "modem", &op_text_outcome_type, &outcome);
        s_expect_status(&started, table[i].status);
    }
    op_text_outcome_t nobodys = {.text = core_id('x'), .state = OP_TEXT_SENT};
    core_tell(&s_core, "modem", &op_text_outcome_type, &nobodys);
    s_expect_status(&started, "delivery_failed");
}

/*  ---- Sessions ---- */

static void test_sessions(void **state)
{
    (void)state;
    op_context_t first = s_sign_up(PHONE), second = s_sign_up(PHONE);
    op_context_t nobody = {.credential = {{1, 2, 3}}};
    assert_true(s_session_lives(&first));
    assert_true(s_session_lives(&second));
    assert_false(s_session_lives(&nobody));
    assert_false(s_session_lives(&(op_context_t){.account = {{0}}}));
    CORE_ASK(&s_core, &first, nothing, &(op_nothing_t){0}, nothing, OP_STEP_AUTH_LOGOUT);
    assert_false(s_session_lives(&first));
    assert_true(s_session_lives(&second));
    CORE_ASK(&s_core, &first, nothing, &(op_nothing_t){0}, nothing, OP_STEP_AUTH_LOGOUT);
    s_core.now += 30 * OP_DAY_MS - 1;
    assert_true(s_session_lives(&second));
    s_core.now += 1;
    assert_false(s_session_lives(&second));
}

/*  ---- What is kept ---- */

static void test_no_secret_lies_in_the_store(void **state)
{
    (void)state;
    started_t started = s_begin(PHONE);
    assert_true(core_store_holds(&s_core, "auth/", OP_STR(PHONE))); /* the search does find */
    /* The text itself, which holds the code, has been taken by modem: its row is gone. */
    core_advance(&s_core, OP_TELL_ERASE_MS);
    assert_false(core_store_holds(&s_core, "auth", op_str(started.code)));
    const op_session_opened_t *opened = s_verify(&started);
    char token[65];
    op_str_copy(opened->session_token, token, sizeof token);
    op_context_t mine = {.account = opened->user.id};
    minted_t key = s_mint(&mine, core_id('a'), s_none, "k");
    assert_false(core_store_holds(&s_core, "", op_str(started.code)));
    assert_false(core_store_holds(&s_core, "", op_str(token + strlen(OP_TOKEN_SESSION))));
    assert_false(core_store_holds(&s_core, "", op_str(key.token + 12)));
    assert_true(core_store_holds(&s_core, "auth/k", op_str_of(key.token, 12)));
    for (size_t i = 0; i < s_core.out.log_count; i++)
        assert_null(memmem(s_core.out.logs[i].at, s_core.out.logs[i].size, PHONE, strlen(PHONE)));
}

static void test_sweeping(void **state)
{
    (void)state;
    enum { PHONES = 700 };
    char phone[16];
    for (int i = 0; i < PHONES; i++) {
        snprintf(phone, sizeof phone, "+1415556%04d", i);
        s_begin(phone);
    }
    op_context_t mine = s_sign_up(PHONE);
    assert_int_equal(drive_rows(s_core.store, "auth/v"), PHONES + 1);
    core_advance(&s_core, OP_DAY_MS); /* a late call still hears "expired" */
    assert_int_equal(drive_rows(s_core.store, "auth/v"), PHONES + 1);
    core_advance(&s_core, 2 * OP_HOUR_MS); /* in slices, so not at one stroke */
    assert_int_equal(drive_rows(s_core.store, "auth/v"), 0);
    assert_int_equal(drive_rows(s_core.store, "auth/s"), 1);
    assert_true(s_session_lives(&mine));
    core_advance(&s_core, 30 * OP_DAY_MS);
    assert_int_equal(drive_rows(s_core.store, "auth/s"), 0);
    assert_int_equal(drive_rows(s_core.store, "auth/a"), 1); /* the account stays */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, s_setup, s_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_a_code_lives_600_seconds),
        TEST(test_a_code_works_once),
        TEST(test_four_wrong_codes_are_forgiven),
        TEST(test_five_wrong_codes_lock),
        TEST(test_a_wrong_code_shows_the_tries_that_are_left),
        TEST(test_the_day_counts_where_it_allows_less),
        TEST(test_a_second_start_ends_the_first),
        TEST(test_ids_that_nobody_gave_out),
        TEST(test_codes_that_are_not_the_code),
        TEST(test_twenty_wrong_codes_a_day),
        TEST(test_a_returning_login),
        TEST(test_how_far_the_code_has_come),
        TEST(test_sessions),
        TEST(test_no_secret_lies_in_the_store),
        TEST(test_sweeping),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
