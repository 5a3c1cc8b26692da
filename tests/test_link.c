/*  One link, looked at closely: window, resending, clocks, holes, damage. */

#include "tests/link_fixture.h"

static void test_the_window(void **state)
{
    (void)state;
    const uint64_t window = OP_TELL_WINDOW, all = 3 * OP_TELL_WINDOW;
    s_tell_beta(all);
    drive_commit(s_actor, &s_out);
    s_expect_tells(1, window);
    s_acknowledge(100, DRIVE_NOW + 500);
    drive_commit(s_actor, &s_out);
    s_expect_tells(window + 1, 100);
    s_acknowledge(50, DRIVE_NOW + 500);      /* old */
    s_acknowledge(all + 1, DRIVE_NOW + 500); /* of the future */
    s_acknowledge(all + 1, DRIVE_NOW + 500);
    drive_commit(s_actor, &s_out);
    s_expect_tells(0, 0);
    s_expect_log("a copy of files is no backup\x1fpeer=beta");

    assert_true(op_actor_wake_at(s_actor) == DRIVE_NOW + 500 + OP_TELL_RESEND_MS);
    op_actor_tick(s_actor, DRIVE_NOW + 499 + OP_TELL_RESEND_MS, drive_entropy());
    drive_commit(s_actor, &s_out);
    s_expect_tells(0, 0);
    op_actor_tick(s_actor, DRIVE_NOW + 500 + OP_TELL_RESEND_MS, drive_entropy());
    drive_commit(s_actor, &s_out);
    s_expect_resume(101);
    s_expect_tells(101, window);
    assert_int_equal(op_actor_counts(s_actor).resent, 1);

    op_store_memory_crash(s_store); /* the deletions were not synced, all else was */
    s_start(DRIVE_NOW);
    s_expect_resume(1);
    s_expect_tells(1, window);
    s_acknowledge(all, DRIVE_NOW); /* it had taken more than this one knew to have sent */
    drive_commit(s_actor, &s_out);
    s_expect_tells(0, 0);
    assert_int_equal(drive_rows(s_store, "alpha!o"), 0);
    assert_true(op_actor_wake_at(s_actor) == 0);
    s_tell_beta(1);
    drive_commit(s_actor, &s_out);
    s_expect_tells(all + 1, 1);
    s_acknowledge(all + 1, DRIVE_NOW);
    drive_commit(s_actor, &s_out);
    s_start(DRIVE_NOW);
    s_expect_resume(all + 1);
    s_expect_tells(all + 1, 1); /* once more: its row waits for something else to be written */
    s_acknowledge(all + 1, DRIVE_NOW);
    op_actor_tick(s_actor, DRIVE_NOW + OP_TELL_ERASE_MS, drive_entropy());
    drive_commit(s_actor, &s_out);
    s_start(DRIVE_NOW);
    s_expect_tells(0, 0);
    s_tell_beta(1);
    drive_commit(s_actor, &s_out);
    s_expect_resume(all + 2);
    s_expect_tells(all + 2, 1);
}

static void test_the_clock_goes_back(void **state)
{
    (void)state;
    s_tell_beta(2);
    drive_commit(s_actor, &s_out);
    s_expect_tells(1, 2);
    op_actor_tick(s_actor, DRIVE_NOW - OP_DAY_MS, drive_entropy());
    drive_commit(s_actor, &s_out);
    s_expect_tells(0, 0);
    assert_true(op_actor_wake_at(s_actor) == DRIVE_NOW - OP_DAY_MS + OP_TELL_RESEND_MS);
    op_actor_tick(s_actor, DRIVE_NOW - OP_DAY_MS + OP_TELL_RESEND_MS, drive_entropy());
    drive_commit(s_actor, &s_out);
    s_expect_resume(1);
    s_expect_tells(1, 2);
}

/*  A power cut may bring back some deleted outbox rows and not others. */
static void test_holes_in_the_outbox(void **state)
{
    (void)state;
    s_tell_beta(6);
    drive_commit(s_actor, &s_out);
    op_store_t *before = op_store_snapshot(s_store);
    static const char *const survivors[] = {"123456", "12456", "1256", "2456", "12346", "1236",
                                            "12345",  "123",   "6",    "45",   ""};
    static const uint64_t acked[] = {0, 3, 4, 3, 5, 5, 6, 6, 5, 6, 6};
    for (size_t i = 0; i < OP_COUNT(survivors); i++) {
        op_batch_t batch = {0};
        for (uint64_t n = 1; n <= 6; n++) {
            op_key_t tail = op_key_of_text('o', OP_STR("beta"));
            op_key_number(&tail, n);
            op_buf_t key = {0}, value = {0};
            op_buf_add_str(&key, OP_STR("alpha!"));
            op_buf_add_str(&key, op_key_str(&tail));
            assert_int_equal(op_store_get(before, op_buf_str(&key), &value), 1);
            if (strchr(survivors[i], (int)('0' + n)))
                op_batch_put(&batch, op_buf_str(&key), op_buf_str(&value));
            else
                op_batch_delete(&batch, op_buf_str(&key));
            op_buf_free(&key);
            op_buf_free(&value);
        }
        assert_int_equal(op_store_write(s_store, &batch, true), 0);
        op_batch_free(&batch);
        s_start(DRIVE_NOW);
        if (acked[i] < 6)
            s_expect_resume(acked[i] + 1);
        s_expect_tells(acked[i] + 1, 6 - acked[i]);
        assert_int_equal(drive_rows(s_store, "alpha!o"), 6 - acked[i]);
    }
    op_store_destroy(&before);
}

/*  A row that goes missing while the actor runs is damage: it stops, and says nothing. */
static void test_a_missing_tell(void **state)
{
    (void)state;
    op_str_t to, frame;
    s_tell_beta(3);
    drive_commit(s_actor, &s_out);
    op_key_t tail = op_key_of_text('o', OP_STR("beta"));
    op_key_number(&tail, 2);
    op_buf_t key = {0};
    op_buf_add_str(&key, OP_STR("alpha!"));
    op_buf_add_str(&key, op_key_str(&tail));
    op_batch_t batch = {0};
    op_batch_delete(&batch, op_buf_str(&key));
    assert_int_equal(op_store_write(s_store, &batch, true), 0);
    op_batch_free(&batch);
    op_buf_free(&key);
    op_actor_tick(s_actor, DRIVE_NOW + OP_TELL_RESEND_MS, drive_entropy());
    assert_int_equal(op_actor_commit(s_actor), -1);
    assert_string_equal(op_actor_error(s_actor), "tell 2 to beta is missing in the store");
    assert_false(op_actor_next(s_actor, &to, &frame));
}

static void test_an_undecodable_tell(void **state)
{
    (void)state;
    s_tell_alpha(1, "\x91\x01");
    drive_commit(s_actor, &s_out);
    s_expect_ack(1);
    for (int i = 0; i < 5; i++) {
        s_tell_alpha(2, "\xa4junk"); /* not acknowledged, whatever stands behind it */
        s_tell_alpha(3, "\x91\x03");
        drive_commit(s_actor, &s_out);
        s_expect_ack(1);
        assert_int_equal(s_out.log_count, i == 0); /* said once */
        if (i == 0)
            s_expect_log("cannot be read\x1fpeer=beta\x1ftell=");
    }
    assert_int_equal(op_actor_counts(s_actor).bad, 5);
    s_start(DRIVE_NOW); /* a build that reads it takes it */
    s_tell_alpha(2, "\x91\x02");
    s_tell_alpha(3, "\x91\x03");
    drive_commit(s_actor, &s_out);
    s_expect_ack(3);
    s_expect_taken(s_store, "alpha", 3);
}

static void test_the_ack_follows_the_commit(void **state)
{
    (void)state;
    s_tell_alpha(1, "\x91\x01");
    s_tell_alpha(2, "\x91\x02");
    op_store_memory_fail_after(s_store, 0);
    op_str_t to, frame;
    assert_int_equal(op_actor_commit(s_actor), -1);
    assert_false(op_actor_next(s_actor, &to, &frame));
    op_store_memory_crash(s_store);
    s_start(DRIVE_NOW);
    s_expect_tells(0, 0);
    s_tell_alpha(2, "\x91\x02"); /* early: the first one was never taken */
    drive_commit(s_actor, &s_out);
    s_expect_ack(0);
    s_tell_alpha(1, "\x91\x01");
    s_tell_alpha(2, "\x91\x02");
    drive_commit(s_actor, &s_out);
    s_expect_ack(2);
    op_store_memory_crash(s_store);
    s_start(DRIVE_NOW); /* the cursor is in the store */
    s_tell_alpha(2, "\x91\x02");
    drive_commit(s_actor, &s_out);
    s_expect_ack(2);
    s_expect_taken(s_store, "alpha", 2);
    assert_int_equal(op_actor_counts(s_actor).repeats, 1);
}

static void test_tells_to_itself(void **state)
{
    (void)state;
    op_by_id_t note = {OP_STR("alpha")};
    s_more_tells = 5;
    drive_note(s_actor, "port", &op_by_id_type, &note, DRIVE_NOW);
    drive_commit(s_actor, &s_out);
    assert_int_equal(s_out.count, 5);
    op_store_memory_crash(s_store);
    s_start(DRIVE_NOW);
    for (int round = 0; round < 4 && s_out.count; round++) {
        op_buf_t frames[8];
        size_t count = s_out.count;
        assert_true(count <= OP_COUNT(frames));
        for (size_t i = 0; i < count; i++) {
            frames[i] = (op_buf_t){0};
            assert_true(op_str_is(s_out.at[i].to, "alpha"));
            op_buf_add_str(&frames[i], s_out.at[i].frame);
        }
        for (size_t i = 0; i < count; i++) {
            op_actor_receive(s_actor, op_buf_str(&frames[i]), DRIVE_NOW, drive_entropy());
            op_buf_free(&frames[i]);
        }
        drive_commit(s_actor, &s_out);
    }
    assert_int_equal(s_out.count, 0);
    op_actor_tick(s_actor, DRIVE_NOW + OP_TELL_ERASE_MS, drive_entropy());
    drive_commit(s_actor, &s_out);
    s_expect_taken(s_store, "alpha", 5);
    assert_int_equal(drive_rows(s_store, "alpha!o"), 0);
    assert_true(op_actor_wake_at(s_actor) == 0);
}

static void test_damaged_links(void **state)
{
    (void)state;
    static const char *const keys[] = {"alpha!nbeta", "alpha!cbeta", "alpha!obeta\0number10"};
    for (size_t i = 0; i < OP_COUNT(keys); i++) {
        op_store_t *store = op_store_memory_new();
        op_str_t key = op_str_of(keys[i], i == 2 ? 20 : 12); /* with the NUL */
        if (i == 2) { /* a row beyond the numbers given out */
            op_buf_t last = {0};
            op_record_seal(&op_counter_row_type, &(op_counter_row_t){3}, &last);
            drive_put_raw(store, op_str_of("alpha!nbeta", 12), op_buf_str(&last));
            op_buf_free(&last);
        }
        drive_put_raw(store, key, OP_STR("junk"));
        op_actor_t *actor = op_actor_new(&s_class, "alpha", store);
        op_actor_start(actor, &op_nothing_type, &(op_nothing_t){0}, DRIVE_NOW, drive_entropy());
        assert_int_equal(op_actor_commit(actor), -1);
        assert_non_null(strstr(op_actor_error(actor), "damaged"));
        assert_non_null(strstr(op_actor_error(actor), i == 2 ? "outbox" : "link"));
        op_actor_destroy(&actor);
        op_store_destroy(&store);
    }
}

static void s_tell_from(const char *from, uint64_t sequence)
{
    op_envelope_t tell = {
        .kind = OP_FRAME_TELL, .from = op_str(from), .to = OP_STR("alpha"), .sequence = sequence};
    drive_receive(s_actor, &tell, &op_serial_opened_type, &(op_serial_opened_t){sequence},
                  DRIVE_NOW);
    drive_commit(s_actor, &s_out);
}

/*  A peer is gone for days: others' tells stay with them, the peer's own are taken. */
static void test_a_full_outbox(void **state)
{
    (void)state;
    s_tell_beta(OP_OUTBOX_MAX - 1);
    drive_commit(s_actor, &s_out);
    s_series = s_out.at[0].envelope.series;
    s_tell_from("gamma", 1);
    assert_true(s_stored(s_store, "alpha", op_key('c')) == 1);
    s_tell_beta(1);
    drive_commit(s_actor, &s_out);
    s_tell_from("gamma", 2);
    assert_true(s_stored(s_store, "alpha", op_key('c')) == 1);
    assert_int_equal(op_actor_counts(s_actor).held, 1);
    assert_int_equal(s_out.count, 1); /* what gamma hears again: the first one is taken */
    assert_true(s_out.at[0].envelope.kind == OP_FRAME_ACK && s_out.at[0].envelope.sequence == 1);
    s_tell_from("beta", 1);
    assert_true(s_stored(s_store, "alpha", op_key('c')) == 2);
    s_start(DRIVE_NOW); /* it is as full behind a restart */
    s_tell_from("gamma", 2);
    assert_int_equal(op_actor_counts(s_actor).held, 1);
    s_acknowledge(1, DRIVE_NOW);
    s_tell_from("gamma", 2);
    assert_true(s_stored(s_store, "alpha", op_key('c')) == 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LINK_TEST(test_the_window),          LINK_TEST(test_the_clock_goes_back),
        LINK_TEST(test_holes_in_the_outbox), LINK_TEST(test_a_missing_tell),
        LINK_TEST(test_an_undecodable_tell), LINK_TEST(test_the_ack_follows_the_commit),
        LINK_TEST(test_a_full_outbox),       LINK_TEST(test_tells_to_itself),
        LINK_TEST(test_damaged_links),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
