/*  What a core may do within a turn: its keyspace, its timers, and the same again on a replay. */

#include "tests/script_fixture.h"

/*  ---- The keyspace ---- */

enum { ROWS = 24 };
static uint64_t s_model[ROWS]; /* 0: no row */
static uint64_t s_seed;

static uint64_t s_random(uint64_t bound)
{
    s_seed = s_seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (s_seed >> 33) % bound;
}

static void s_compare_walk(op_turn_t *turn, uint64_t low, uint64_t high, bool reverse)
{
    op_key_t from = s_key(low), to = s_key(high);
    op_walk_t *walk = op_turn_walk(turn, &from, &to, reverse);
    op_counter_row_t row;
    op_str_t key;
    for (uint64_t i = low; i < high; i++) {
        uint64_t n = reverse ? high - 1 - (i - low) : i;
        if (!s_model[n])
            continue;
        assert_true(op_turn_walk_next(walk, &op_counter_row_type, &key, &row));
        op_key_t expected = s_key(n);
        assert_true(op_str_equal(key, op_key_str(&expected)));
        assert_true(row.value == s_model[n]);
    }
    assert_false(op_turn_walk_next(walk, &op_counter_row_type, &key, &row));
    op_turn_walk_end(&walk);
    assert_null(walk);
    op_turn_walk_end(&walk);
}

static void s_reading(const op_event_t *event, op_turn_t *turn)
{
    if (event->kind != OP_EVENT_NOTE)
        return;
    for (int i = 0; i < 4; i++) {
        uint64_t n = s_random(ROWS);
        op_key_t key = s_key(n);
        s_model[n] = s_random(3) ? 1 + s_random(1000000) : 0;
        if (s_model[n])
            s_put(turn, n, s_model[n]);
        else
            op_turn_delete(turn, &key);
    }
    for (uint64_t n = 0; n < ROWS; n++)
        assert_true(s_get(turn, n) == s_model[n]);
    uint64_t low = s_random(ROWS), high = low + s_random(ROWS - low + 1);
    s_compare_walk(turn, low, high, false);
    s_compare_walk(turn, low, high, true);
    s_compare_walk(turn, 0, ROWS, s_random(2));
}

static void test_reads_see_writes(void **state)
{
    (void)state;
    memset(s_model, 0, sizeof s_model);
    s_seed = 4;
    s_script = s_reading;
    /* Neighbours in the same store are none of its business. */
    drive_put_raw(s_store, OP_STR("ledger0"), OP_STR("junk"));
    drive_put_raw(s_store, OP_STR("ledger."), OP_STR("junk"));
    drive_put_raw(s_store, OP_STR("ledger2/x"), OP_STR("junk"));
    for (int turn = 0; turn < 300; turn++) {
        for (uint64_t i = s_random(4); i < 4; i++)
            s_give(1);
        drive_commit(s_actor, &s_out);
        if (turn % 50 == 49) {
            op_store_memory_crash(s_store);
            s_restart();
            s_script = s_reading;
        }
    }
}

static void s_reads_all(const op_event_t *event, op_turn_t *turn)
{
    op_key_t low = op_key('x'), high = op_key('y');
    op_counter_row_t row;
    op_str_t key;
    if (event->kind != OP_EVENT_REQUEST)
        return;
    if (OP_BODY(event, refusal)->error == 1)
        (void)s_get(turn, 3);
    else {
        op_walk_t *walk = op_turn_walk(turn, &low, &high, false);
        while (op_turn_walk_next(walk, &op_counter_row_type, &key, &row))
            ;
        op_turn_walk_end(&walk);
    }
    s_put(turn, 9, 9);
    op_turn_reply(turn, &op_nothing_type, &(op_nothing_t){0});
}

static void test_damage_breaks_the_turn(void **state)
{
    (void)state;
    op_str_t to, frame;
    op_buf_t key = {0}, seen = {0};
    op_key_t tail = s_key(3);
    op_buf_add_str(&key, OP_STR("ledger/"));
    op_buf_add_str(&key, op_key_str(&tail));
    op_record_seal(&op_seen_row_type, &(op_seen_row_t){5}, &seen);
    const struct {
        op_str_t value;
        const char *word;
    } table[] = {{OP_STR("junk"), "too short"},
                 {OP_STR("0123456789abcdef"), "checksum mismatch"},
                 {op_buf_str(&seen), "another kind of record"}};
    for (size_t i = 0; i < 2 * OP_COUNT(table); i++) {
        drive_put_raw(s_store, op_buf_str(&key), table[i / 2].value);
        s_restart();
        s_script = s_reads_all;
        s_submit(1 + i % 2);
        assert_int_equal(op_actor_commit(s_actor), -1);
        assert_non_null(strstr(op_actor_error(s_actor), "damaged counter_row"));
        assert_non_null(strstr(op_actor_error(s_actor), table[i / 2].word));
        assert_non_null(strstr(op_actor_error(s_actor), "restore a backup"));
        assert_false(op_actor_next(s_actor, &to, &frame));
        assert_int_equal(drive_rows(s_store, "ledger/"), 1);
    }
    op_buf_free(&key);
    op_buf_free(&seen);
}

/*  ---- Time, the end, and replays ---- */

static int s_timers, s_drains;

static void s_waking(const op_event_t *event, op_turn_t *turn)
{
    s_timers += event->kind == OP_EVENT_TIMER;
    s_drains += event->kind == OP_EVENT_DRAIN;
    if (event->kind == OP_EVENT_NOTE)
        op_turn_wake_at(turn, DRIVE_NOW + (int64_t)OP_BODY(event, serial_opened)->line);
}

static void test_timers(void **state)
{
    (void)state;
    s_timers = s_drains = 0;
    s_script = s_waking;
    assert_true(op_actor_wake_at(s_actor) == 0);
    s_give(500);
    s_give(300); /* the earliest wish counts */
    s_give(400);
    assert_true(op_actor_wake_at(s_actor) == DRIVE_NOW + 300);
    op_actor_tick(s_actor, DRIVE_NOW + 299, drive_entropy());
    assert_int_equal(s_timers, 0);
    op_actor_tick(s_actor, DRIVE_NOW + 300, drive_entropy());
    assert_int_equal(s_timers, 1);
    assert_true(op_actor_wake_at(s_actor) == 0); /* and is gone with its event */
    op_actor_tick(s_actor, DRIVE_NOW + 9000, drive_entropy());
    assert_int_equal(s_timers, 1);
    op_actor_drain(s_actor, DRIVE_NOW, drive_entropy());
    assert_int_equal(s_drains, 1);
    s_is_busy = true;
    assert_true(op_actor_busy(s_actor));
    s_is_busy = false;
    assert_false(op_actor_busy(s_actor));
    drive_commit(s_actor, &s_out);
    assert_string_equal(op_actor_name(s_actor), "ledger");
}

static void s_drawing(const op_event_t *event, op_turn_t *turn)
{
    if (event->kind != OP_EVENT_NOTE)
        return;
    char token[17];
    op_random_token(op_turn_random(turn), token, 16);
    op_key_t key = op_key_of_id('i', op_turn_new_id(turn));
    op_turn_put(turn, &key, &op_counter_row_type, &(op_counter_row_t){1});
    op_turn_tell(turn, "modem", &op_by_id_type, &(op_by_id_t){op_turn_text(turn, "%s!", token)});
}

static void test_the_same_events_give_the_same_bytes(void **state)
{
    (void)state;
    uint8_t digests[2][OP_MEMORY_DIGEST_SIZE];
    op_buf_t said[2] = {{0}, {0}};
    for (int run = 0; run < 2; run++) {
        op_store_t *store = op_store_memory_new();
        op_actor_t *actor = drive_start(&s_ledger, "ledger", store, &op_nothing_type,
                                        &(op_nothing_t){0}, DRIVE_NOW, &s_out);
        s_script = s_drawing;
        for (uint8_t i = 0; i < 20; i++) {
            uint8_t entropy[OP_ENTROPY_SIZE] = {i};
            op_buf_t frame = {0};
            op_envelope_t envelope = {.kind = OP_FRAME_NOTE, .to = OP_STR("ledger")};
            op_frame_encode(&envelope, &op_nothing_type, &(op_nothing_t){0}, &frame);
            op_actor_receive(actor, op_buf_str(&frame), DRIVE_NOW + i / 3, entropy);
            op_buf_free(&frame);
            drive_commit(actor, &s_out);
            assert_int_equal(s_out.count, 1);
            op_buf_add_str(&said[run], s_out.at[0].frame);
        }
        op_store_memory_digest(store, digests[run]);
        op_actor_destroy(&actor);
        op_store_destroy(&store);
        s_script = NULL;
    }
    assert_memory_equal(digests[0], digests[1], OP_MEMORY_DIGEST_SIZE);
    assert_true(op_str_equal(op_buf_str(&said[0]), op_buf_str(&said[1])));
    op_buf_free(&said[0]);
    op_buf_free(&said[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_reads_see_writes),
        TEST(test_damage_breaks_the_turn),
        TEST(test_timers),
        TEST(test_the_same_events_give_the_same_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
