/*  A link between stores that do not live equally long: new ones, and backups that are stores again. */

#include "tests/link_fixture.h"

#define S(n) ((op_id_t){{n}})

/*  What alpha has taken so far, and the next tell of this series: is it taken, too? */
static void s_expect_next(op_id_t series, uint64_t number, bool taken)
{
    uint64_t before = s_stored(s_store, "alpha", op_key('c'));
    s_tell_alpha_in(series, number, "\x91\x07");
    drive_commit(s_actor, &s_out);
    assert_true(s_stored(s_store, "alpha", op_key('c')) == before + taken);
}

static void test_a_sender_with_a_new_store(void **state)
{
    (void)state;
    s_expect_next(S(11), 1, true);
    assert_true(op_id_equal(s_out.at[0].envelope.series, S(11)));
    s_expect_next(S(11), 2, true);
    s_expect_next(S(22), 2, false); /* not the first of its series */
    s_expect_next(S(22), 1, true);
    assert_int_equal(s_out.log_count, 1);
    s_expect_ack(1);
    assert_true(op_id_equal(s_out.at[0].envelope.series, S(22)));
    s_expect_next(S(11), 3, false); /* stale, and so is the next one */
    s_expect_next(S(11), 1, false);
    s_resume_alpha(S(11), 3);
    s_start(DRIVE_NOW);
    s_expect_next(S(11), 3, false);
    s_expect_next(S(22), 2, true);
    s_expect_ack(2);
}

static void test_a_receiver_with_a_restored_store(void **state)
{
    (void)state;
    for (uint64_t number = 1; number <= 3; number++)
        s_expect_next(S(11), number, true);
    op_store_t *before = op_store_snapshot(s_store);
    s_expect_next(S(11), 6, false);
    s_expect_ack(3);
    s_resume_alpha(S(11), 3); /* says nothing new */
    assert_int_equal(s_out.log_count, 0);
    s_resume_alpha(S(11), 6);
    assert_int_equal(s_out.log_count, 1);
    s_expect_log("\x1fpeer=beta\x1ftells:2"); /* fields, not words */
    s_expect_next(S(11), 5, false);
    s_expect_next(S(11), 6, true);
    s_expect_ack(6);
    s_start(DRIVE_NOW);
    s_expect_next(S(11), 7, true);
    op_store_destroy(&before);
}

static void test_a_receiver_with_a_new_store(void **state)
{
    (void)state;
    s_expect_next(S(11), 282, false);
    s_resume_alpha(S(11), 282);
    s_expect_log("\x1fpeer=beta\x1ftells:281");
    s_expect_next(S(11), 282, true);
    s_expect_ack(282);
}

/*  The store as it was, with the mark of store/restore.h. */
static void s_restore(op_store_t **before, op_id_t mark)
{
    op_actor_destroy(&s_actor);
    op_store_t *store = op_store_memory_new();
    op_store_range_t *range = op_store_range(*before, (op_str_t){0}, (op_str_t){0}, false);
    op_str_t key, value;
    while (op_store_range_next(range, &key, &value) > 0)
        drive_put_raw(store, key, value);
    op_store_range_destroy(&range);
    op_store_destroy(before);
    op_store_destroy(&s_store);
    s_store = store;
    op_buf_t row = {0};
    op_record_seal(&op_link_row_type, &(op_link_row_t){.series = mark}, &row);
    drive_put_raw(s_store, OP_STR("alpha!r"), op_buf_str(&row));
    op_buf_free(&row);
}

static void test_a_sender_with_a_restored_store(void **state)
{
    (void)state;
    s_tell_beta(3);
    drive_commit(s_actor, &s_out);
    s_expect_tells(1, 3);
    const op_id_t former = s_series;
    s_acknowledge(1, DRIVE_NOW);
    drive_commit(s_actor, &s_out);
    op_store_t *before = op_store_snapshot(s_store);
    s_tell_beta(2); /* beta takes these, too; the backup does not know of them */
    drive_commit(s_actor, &s_out);
    s_expect_tells(4, 2);

    s_restore(&before, S(99));
    s_start(DRIVE_NOW);
    assert_int_equal(drive_rows(s_store, "alpha!r"), 0);
    uint64_t first = s_out.at[0].envelope.sequence; /* a row may have been acknowledged already */
    s_expect_resume(first);
    s_expect_tells(first, 4 - first);
    assert_true(op_id_equal(s_series, former));
    s_tell_beta(2);
    drive_commit(s_actor, &s_out);
    s_expect_tells(0, 0); /* the new series waits for the former one */
    s_acknowledge_in(S(99), 4, DRIVE_NOW);
    drive_commit(s_actor, &s_out);
    s_acknowledge_in(former, 5, DRIVE_NOW); /* of which beta knows more */
    drive_commit(s_actor, &s_out);
    assert_true(op_id_equal(s_out.at[0].envelope.series, S(99)));
    s_expect_resume(4);
    s_expect_tells(4, 2);
    assert_true(op_id_equal(s_series, S(99)));
    s_acknowledge_in(former, 5, DRIVE_NOW); /* once more: says nothing of 4 and 5 */
    op_actor_tick(s_actor, DRIVE_NOW + OP_TELL_ERASE_MS, drive_entropy());
    drive_commit(s_actor, &s_out);
    s_expect_resume(4);
    s_expect_tells(4, 2);
    s_start(DRIVE_NOW);
    s_expect_resume(4);
    s_expect_tells(4, 2);
    s_acknowledge_in(S(99), 5, DRIVE_NOW);
    drive_commit(s_actor, &s_out);
    s_tell_beta(1);
    drive_commit(s_actor, &s_out);
    s_expect_tells(6, 1);
    assert_true(op_id_equal(s_series, S(99)));
}

/*  Restored again before the peer has heard of it: what the outbox holds of both is told in order. */
static void test_restored_twice(void **state)
{
    (void)state;
    s_tell_beta(2);
    drive_commit(s_actor, &s_out);
    s_expect_tells(1, 2);
    const op_id_t former = s_series;
    op_store_t *before = op_store_snapshot(s_store);
    s_restore(&before, S(98));
    s_start(DRIVE_NOW);
    s_tell_beta(1);
    drive_commit(s_actor, &s_out);
    before = op_store_snapshot(s_store);
    s_restore(&before, S(99));
    s_start(DRIVE_NOW);
    s_expect_resume(1);
    s_expect_tells(1, 2);
    assert_true(op_id_equal(s_series, former));
    s_acknowledge_in(former, 2, DRIVE_NOW);
    drive_commit(s_actor, &s_out);
    assert_true(op_id_equal(s_out.at[0].envelope.series, S(99)));
    s_expect_resume(3);
    s_expect_tells(3, 1);
    assert_true(op_id_equal(s_series, S(99)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LINK_TEST(test_a_sender_with_a_new_store),
        LINK_TEST(test_a_receiver_with_a_restored_store),
        LINK_TEST(test_a_receiver_with_a_new_store),
        LINK_TEST(test_a_sender_with_a_restored_store),
        LINK_TEST(test_restored_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
