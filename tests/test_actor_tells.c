/*  The turn's tells: durable with the least syncs, and when a commit may wait for company. */

#include "tests/script_fixture.h"

static void s_only_telling(const op_event_t *event, op_turn_t *turn)
{
    if (event->kind == OP_EVENT_NOTE)
        op_turn_tell(turn, "modem", event->type, event->body);
}

static void s_commit_at(int64_t now)
{
    op_actor_tick(s_actor, now, drive_entropy());
    drive_commit(s_actor, &s_out);
}

static void s_told(uint64_t sequence)
{
    op_envelope_t tell = {.kind = OP_FRAME_TELL,
                          .from = OP_STR("modem"),
                          .to = OP_STR("ledger"),
                          .sequence = sequence};
    drive_receive(s_actor, &tell, &op_nothing_type, &(op_nothing_t){0}, DRIVE_NOW);
}

static void s_expect_ack(uint64_t sequence)
{
    assert_int_equal(s_out.count, 1);
    assert_int_equal(s_out.at[0].envelope.kind, OP_FRAME_ACK);
    assert_int_equal(s_out.at[0].envelope.sequence, sequence);
}

static void s_noting(const op_event_t *event, op_turn_t *turn)
{
    if (event->kind == OP_EVENT_TELL)
        op_turn_note(turn, "serial", event->type, event->body);
}

/*  The numbers of a link are durable even where the core itself writes nothing. */
static void test_tells_are_durable(void **state)
{
    (void)state;
    s_script = s_only_telling;
    uint64_t syncs = op_actor_counts(s_actor).syncs;
    s_give(1);
    drive_commit(s_actor, &s_out);
    assert_int_equal(s_out.count, 1);
    assert_int_equal(op_actor_counts(s_actor).syncs, syncs + 1);
    op_envelope_t ack = {.kind = OP_FRAME_ACK,
                         .from = OP_STR("modem"),
                         .to = OP_STR("ledger"),
                         .sequence = 1,
                         .series = s_out.at[0].envelope.series};
    drive_receive(s_actor, &ack, &op_nothing_type, &(op_nothing_t){0}, DRIVE_NOW);
    s_commit_at(DRIVE_NOW + OP_TELL_ERASE_MS - 1); /* an acknowledged row is no reason to write */
    assert_int_equal(op_actor_counts(s_actor).commits, syncs + 1);
    assert_int_equal(drive_rows(s_store, "ledger!o"), 1);
    s_commit_at(DRIVE_NOW + OP_TELL_ERASE_MS); /* but for a while, and without a sync */
    assert_int_equal(op_actor_counts(s_actor).commits, syncs + 2);
    assert_int_equal(op_actor_counts(s_actor).syncs, syncs + 1);
    assert_int_equal(drive_rows(s_store, "ledger!o"), 0);
    assert_true(op_actor_wake_at(s_actor) == 0);
}

/*  Tells wait for company; an answer, a refusal or a note does not. */
static void test_who_hurries(void **state)
{
    (void)state;
    s_script = s_only_telling;
    assert_false(op_actor_hurries(s_actor));
    s_told(1);
    s_give(1);
    assert_false(op_actor_hurries(s_actor));
    s_script = s_refusing;
    s_submit(0);
    assert_true(op_actor_hurries(s_actor));
    drive_commit(s_actor, &s_out);
    assert_false(op_actor_hurries(s_actor));
    s_submit(OP_ERROR_RATE_LIMITED);
    assert_true(op_actor_hurries(s_actor));
    drive_commit(s_actor, &s_out);
    s_script = s_noting;
    s_told(2);
    assert_true(op_actor_hurries(s_actor));
    drive_commit(s_actor, &s_out);
}

/*  A tell that changes nothing is no reason to sync; until something is, its sender does not hear.
    */
static void test_tells_without_effect(void **state)
{
    (void)state;
    s_script = s_only_telling;
    uint64_t syncs = op_actor_counts(s_actor).syncs;
    s_told(1);
    drive_commit(s_actor, &s_out);
    s_told(1); /* again: it was taken, but that could still be forgotten */
    drive_commit(s_actor, &s_out);
    assert_int_equal(op_actor_counts(s_actor).repeats, 1);
    assert_int_equal(s_out.count, 0);
    assert_int_equal(op_actor_counts(s_actor).syncs, syncs);
    assert_true(op_actor_wake_at(s_actor) == DRIVE_NOW + OP_TELL_HOLD_MS);
    op_store_memory_crash(s_store);
    s_restart();
    syncs = op_actor_counts(s_actor).syncs;
    s_told(1);
    s_commit_at(DRIVE_NOW + OP_TELL_HOLD_MS);
    assert_int_equal(op_actor_counts(s_actor).repeats, 0);
    assert_int_equal(op_actor_counts(s_actor).syncs, syncs + 1);
    s_expect_ack(1);
    op_store_memory_crash(s_store);
    s_restart();
    s_told(1);
    drive_commit(s_actor, &s_out);
    s_expect_ack(1);
    assert_int_equal(op_actor_counts(s_actor).repeats, 1);
}

/*  What is synced for another reason takes their numbers along, and many are one. */
static void test_held_numbers_go_along(void **state)
{
    (void)state;
    s_script = s_lazy;
    s_told(1);
    s_give(7); /* written, but not synced */
    drive_commit(s_actor, &s_out);
    assert_int_equal(s_out.count, 0);
    s_script = s_refusing;
    s_told(2);
    s_submit(0);
    drive_commit(s_actor, &s_out);
    assert_int_equal(s_out.count, 3);
    assert_int_equal(s_out.at[1].envelope.kind, OP_FRAME_ACK);
    assert_int_equal(s_out.at[1].envelope.sequence, 2);
    uint64_t syncs = op_actor_counts(s_actor).syncs, last = 2 + OP_TELL_WINDOW / 4;
    for (uint64_t i = 3; i <= last; i++) {
        s_told(i);
        drive_commit(s_actor, &s_out);
        assert_int_equal(s_out.count, i == last);
    }
    s_expect_ack(last);
    assert_int_equal(op_actor_counts(s_actor).syncs, syncs + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_tells_are_durable),
        TEST(test_who_hurries),
        TEST(test_tells_without_effect),
        TEST(test_held_numbers_go_along),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
