/*  The turn: requests that walk, refusals that leave nothing, one commit, and nothing before it. */

#include "tests/script_fixture.h"

/*  ---- Requests ---- */

static void s_walking(const op_event_t *event, op_turn_t *turn)
{
    if (event->kind != OP_EVENT_REQUEST)
        return;
    assert_true(event->now == DRIVE_NOW);
    assert_int_equal(OP_BODY(event, message_send)->to.size, 12);
    if (event->step == OP_STEP_AUTH_KEY) {
        assert_true(op_str_is(event->from, "http"));
        assert_false(op_turn_is_last(turn));
        event->context->account = (op_id_t){{5}};
        op_context_window(event->context, 60, 59, DRIVE_NOW + 1000);
        op_turn_forward(turn);
        return;
    }
    assert_int_equal(event->step, OP_STEP_LEDGER_NUMBER);
    assert_true(op_turn_is_last(turn));
    assert_true(op_str_is(event->from, "auth"));
    assert_int_equal(event->context->account.bytes[0], 5);
    op_turn_reply(turn, &op_by_id_type, &(op_by_id_t){OP_STR("done")});
}

static void test_a_request_walks(void **state)
{
    (void)state;
    op_actor_t *auth = drive_start(&s_auth, "auth", s_store, &op_nothing_type, &(op_nothing_t){0},
                                   DRIVE_NOW, &s_out);
    s_script = s_walking;
    op_message_send_t send = {OP_STR("+14155550123"), OP_STR("hello")};
    drive_request(auth, DRIVE_SLIP(OP_STEP_AUTH_KEY, OP_STEP_LEDGER_NUMBER), NULL,
                  &op_message_send_type, &send, DRIVE_NOW);
    drive_commit(auth, &s_out);
    assert_int_equal(s_out.count, 1);
    assert_true(op_str_is(s_out.at[0].to, "ledger"));
    const op_envelope_t *envelope = &s_out.at[0].envelope;
    assert_int_equal(envelope->kind, OP_FRAME_REQUEST);
    assert_true(op_str_equal(envelope->slip, DRIVE_SLIP(OP_STEP_LEDGER_NUMBER)));
    assert_true(op_str_is(envelope->from, "auth") && op_str_is(envelope->origin, "http"));
    assert_true(envelope->deadline == DRIVE_NOW + OP_REQUEST_DEADLINE_MS);
    assert_true(op_str_is(DRIVE_BODY(&s_out, 0, message_send)->body, "hello"));

    op_actor_receive(s_actor, s_out.at[0].frame, DRIVE_NOW, drive_entropy());
    drive_commit(s_actor, &s_out);
    assert_int_equal(s_out.count, 1);
    assert_true(op_str_is(s_out.at[0].to, "http"));
    envelope = &s_out.at[0].envelope;
    assert_int_equal(envelope->kind, OP_FRAME_REPLY);
    assert_int_equal(envelope->correlation, 77);
    assert_true(op_str_is(envelope->request_id, "req-77"));
    assert_int_equal(envelope->context.limit, 60);
    assert_int_equal(envelope->context.remaining, 59);
    assert_true(envelope->context.reset == DRIVE_NOW + 1000);
    assert_true(op_id_is_none(envelope->context.account)); /* not the origin's business */
    assert_true(op_str_is(DRIVE_BODY(&s_out, 0, by_id)->id, "done"));
    op_actor_destroy(&auth);
}

static void test_a_refusal_leaves_nothing(void **state)
{
    (void)state;
    s_script = s_refusing;
    s_submit(0);
    s_submit(OP_ERROR_RATE_LIMITED);
    s_submit(0);
    drive_commit(s_actor, &s_out);
    assert_int_equal(s_out.count, 5); /* three answers, two tells */
    const op_refusal_t *refusal = DRIVE_BODY(&s_out, 1, refusal);
    assert_int_equal(refusal->error, OP_ERROR_RATE_LIMITED);
    assert_true(op_str_is(refusal->field, "to"));
    assert_true(op_str_is(refusal->sentence, "Not that one."));
    assert_int_equal(refusal->retry_after, 30);
    assert_int_equal(s_out.at[1].envelope.correlation, 77);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(s_out.at[3 + i].envelope.kind, OP_FRAME_TELL);
        assert_int_equal(s_out.at[3 + i].envelope.sequence, i + 1);
        assert_int_equal(DRIVE_BODY(&s_out, 3 + i, serial_opened)->line, i + 1);
    }
    assert_int_equal(s_out.log_count, 2);
    assert_true(op_str_is(s_out.logs[1], "granted 2\x1frequest=req-77"));
    assert_int_equal(drive_rows(s_store, "ledger/"), 1);
    assert_int_equal(drive_rows(s_store, "ledger!o"), 2);

    uint64_t commits = op_store_memory_commits(s_store);
    s_submit(OP_ERROR_NOT_FOUND); /* alone it does not even write */
    drive_commit(s_actor, &s_out);
    assert_int_equal(s_out.count, 1);
    assert_int_equal(op_store_memory_commits(s_store), commits);
}

/*  What is counted comes out once, behind the commit, and not from a refused step; tells bear the
    id of the request, and another where the core speaks on its behalf. */
static void test_counts_and_request_ids(void **state)
{
    (void)state;
    op_metric_t metric;
    int64_t value;
    op_str_t first, second;
    s_script = s_refusing;
    s_submit(0);
    assert_false(op_actor_next_count(s_actor, &metric, &value, &first, &second));
    s_submit(OP_ERROR_RATE_LIMITED);
    s_submit(0);
    assert_int_equal(op_actor_commit(s_actor), 0);
    for (int64_t i = 1; i <= 2; i++) {
        assert_true(op_actor_next_count(s_actor, &metric, &value, &first, &second));
        assert_int_equal(metric, OP_METRIC_MODEM_SENDS);
        assert_int_equal(value, i);
        assert_true(op_str_is(first, "7") && second.size == 0);
    }
    assert_false(op_actor_next_count(s_actor, &metric, &value, &first, &second));
    drive_take(s_actor, &s_out);
    assert_int_equal(s_out.count, 5);
    assert_true(op_str_is(s_out.at[3].envelope.request_id, "req-77"));
    assert_true(op_str_is(s_out.at[4].envelope.request_id, "req-77"));
    assert_int_equal(op_actor_unacknowledged(s_actor), 2);
    drive_commit(s_actor, &s_out);
    assert_false(op_actor_next_count(s_actor, &metric, &value, &first, &second));
}

static void test_late_requests(void **state)
{
    (void)state;
    s_script = s_refusing;
    static const struct {
        int64_t deadline;
        bool late;
    } table[] = {{DRIVE_NOW - 1, true}, {DRIVE_NOW, false}, {DRIVE_NOW + 1, false}, {0, true}};
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        uint64_t late = op_actor_counts(s_actor).late;
        op_envelope_t envelope = {.kind = OP_FRAME_REQUEST,
                                  .to = OP_STR("ledger"),
                                  .origin = OP_STR("http"),
                                  .deadline = table[i].deadline,
                                  .slip = DRIVE_SLIP(OP_STEP_LEDGER_NUMBER)};
        drive_receive(s_actor, &envelope, &op_refusal_type, &(op_refusal_t){.error = 3}, DRIVE_NOW);
        drive_commit(s_actor, &s_out);
        assert_int_equal(op_actor_counts(s_actor).late - late, table[i].late);
        assert_int_equal(s_out.count, !table[i].late);
    }
}

/*  ---- Bad frames ---- */

static void s_unreachable(const op_event_t *event, op_turn_t *turn)
{
    (void)event;
    (void)turn;
    fail_msg("a bad frame reached the core");
}

static void s_expect_bad(op_str_t frame)
{
    uint64_t bad = op_actor_counts(s_actor).bad, commits = op_store_memory_commits(s_store);
    char *exact = op_strdup(frame);
    op_actor_receive(s_actor, op_str_of(exact, frame.size), DRIVE_NOW, drive_entropy());
    free(exact);
    drive_commit(s_actor, &s_out);
    assert_int_equal(op_actor_counts(s_actor).bad, bad + 1);
    assert_int_equal(s_out.count, 0);
    assert_int_equal(op_store_memory_commits(s_store), commits);
}

static void s_expect_bad_envelope(op_envelope_t envelope, op_str_t body)
{
    op_buf_t frame = {0};
    op_encode(&op_envelope_type, &envelope, &frame);
    op_buf_add_str(&frame, body);
    s_expect_bad(op_buf_str(&frame));
    op_buf_free(&frame);
}

static void test_bad_frames(void **state)
{
    (void)state;
    s_script = s_unreachable;
    const op_envelope_t good = {.kind = OP_FRAME_REQUEST,
                                .type = op_nothing_type.number,
                                .from = OP_STR("http"),
                                .to = OP_STR("ledger"),
                                .origin = OP_STR("http"),
                                .deadline = OP_INSTANT_MAX,
                                .slip = DRIVE_SLIP(OP_STEP_LEDGER_NUMBER)};
    op_str_t body = op_str_of("\x90", 1);
    op_envelope_t bad = good;
    bad.to = OP_STR("auth");
    s_expect_bad_envelope(bad, body);
    bad.to = (op_str_t){0};
    s_expect_bad_envelope(bad, body);
    bad = good;
    bad.type = 0xabcd;
    s_expect_bad_envelope(bad, body);
    bad = good;
    bad.origin = (op_str_t){0};
    s_expect_bad_envelope(bad, body);
    bad = good;
    bad.slip = (op_str_t){0};
    s_expect_bad_envelope(bad, body);
    bad.slip = DRIVE_SLIP(OP_STEP_AUTH_KEY); /* not this actor's */
    s_expect_bad_envelope(bad, body);
    bad.slip = DRIVE_SLIP(OP_STEP_END);
    s_expect_bad_envelope(bad, body);
    bad.slip = DRIVE_SLIP(OP_STEP_LEDGER_NUMBER, OP_STEP_NONE); /* no such second step */
    s_expect_bad_envelope(bad, body);
    s_expect_bad_envelope(good, op_str_of("\xa1x", 2)); /* a body of the wrong kind */
    s_expect_bad_envelope(good, OP_STR(""));
    bad = good;
    bad.kind = OP_FRAME_REPLY;
    s_expect_bad_envelope(bad, body);
    bad.kind = OP_FRAME_NOTE;
    s_expect_bad_envelope(bad, OP_STR("junk"));
    bad.kind = OP_FRAME_TELL; /* without a number */
    s_expect_bad_envelope(bad, body);
    bad.from = (op_str_t){0};
    bad.sequence = 1;
    s_expect_bad_envelope(bad, body);
    for (char c = 'a'; c <= 'z'; c++) { /* strangers' acks make no links */
        char from[] = {c, 0};
        bad = good;
        bad.kind = OP_FRAME_ACK;
        bad.from = op_str(from);
        s_expect_bad_envelope(bad, body);
    }

    op_buf_t frame = {0};
    op_frame_encode(&good, &op_nothing_type, &(op_nothing_t){0}, &frame);
    for (size_t size = 0; size < frame.size; size++)
        s_expect_bad(op_str_of(frame.at, size));
    op_buf_free(&frame);

    op_random_t random;
    op_random_seed(&random, drive_entropy());
    for (int i = 0; i < 2000; i++) {
        char noise[64];
        op_random_bytes(&random, noise, sizeof noise);
        s_expect_bad(op_str_of(noise, (size_t)i % sizeof noise));
    }
    assert_int_equal(op_actor_counts(s_actor).steps, 1); /* START */
}

/*  ---- Commits ---- */

static void test_nothing_before_the_commit(void **state)
{
    (void)state;
    op_str_t to, frame, line;
    s_script = s_refusing;
    s_submit(0);
    assert_false(op_actor_next(s_actor, &to, &frame));
    assert_false(op_actor_next_log(s_actor, &line));
    assert_int_equal(drive_rows(s_store, ""), 0);
    drive_commit(s_actor, &s_out);
    assert_int_equal(s_out.count, 2);
    assert_false(op_actor_next(s_actor, &to, &frame));
    assert_int_equal(op_actor_counts(s_actor).syncs, 1);
    op_store_memory_crash(s_store);                     /* what was said is durable */
    assert_int_equal(drive_rows(s_store, "ledger"), 4); /* outbox, number, series, the core's */
}

static void test_a_failing_commit(void **state)
{
    (void)state;
    op_str_t to, frame, line;
    s_script = s_refusing;
    op_store_memory_fail_after(s_store, 0);
    s_submit(0);
    assert_int_equal(op_actor_commit(s_actor), -1);
    assert_non_null(strstr(op_actor_error(s_actor), "cannot write the store"));
    assert_false(op_actor_next(s_actor, &to, &frame));
    assert_false(op_actor_next_log(s_actor, &line));
    assert_int_equal(drive_rows(s_store, ""), 0);
    s_submit(0); /* and it stays broken */
    assert_int_equal(op_actor_commit(s_actor), -1);
    assert_non_null(strstr(op_actor_error(s_actor), "cannot write the store"));
    assert_false(op_actor_next(s_actor, &to, &frame));
    s_restart();
    s_script = s_refusing;
    s_submit(0);
    drive_commit(s_actor, &s_out);
    assert_int_equal(s_out.count, 2);
}

static void test_one_batch_a_turn(void **state)
{
    (void)state;
    op_actor_counts_t before = op_actor_counts(s_actor), after;
    uint64_t commits = op_store_memory_commits(s_store);
    s_script = s_refusing;
    for (int i = 0; i < 50; i++)
        s_submit(0);
    drive_commit(s_actor, &s_out);
    assert_int_equal(s_out.count, 100);
    assert_int_equal(op_store_memory_commits(s_store), commits + 1);

    drive_commit(s_actor, &s_out); /* nothing written, nothing to write */
    s_give(3);
    drive_commit(s_actor, &s_out);
    after = op_actor_counts(s_actor);
    assert_int_equal(op_store_memory_commits(s_store), commits + 1);
    assert_int_equal(after.turns - before.turns, 3);
    assert_int_equal(after.commits - before.commits, 1);
    assert_int_equal(after.syncs - before.syncs, 1);

    s_script = s_lazy;
    s_give(7);
    drive_commit(s_actor, &s_out);
    after = op_actor_counts(s_actor);
    assert_int_equal(after.commits - before.commits, 2);
    assert_int_equal(after.syncs - before.syncs, 1);
    op_store_memory_crash(s_store);
    s_restart();
    s_script = s_lazy;
    s_give(8);
    s_script = s_refusing; /* its put takes the lazy one along */
    s_submit(0);
    drive_commit(s_actor, &s_out);
    assert_int_equal(op_actor_counts(s_actor).syncs, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_request_walks),
        TEST(test_a_refusal_leaves_nothing),
        TEST(test_counts_and_request_ids),
        TEST(test_late_requests),
        TEST(test_bad_frames),
        TEST(test_nothing_before_the_commit),
        TEST(test_a_failing_commit),
        TEST(test_one_batch_a_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
