/*  Sweeping: a bounded slice at a time, over and over, within its range */

#include "actors/sweep.h"
#include "tests/script_fixture.h"

#include "store/records.h"

static op_sweep_t s_sweep;
static bool s_whole;
static size_t s_looked_at;

/*  Rows whose value is below the argument are dead. */
static bool s_is_dead(const void *arg, op_str_t key, const void *row)
{
    assert_true(key.size == 9 && (key.at[0] == 'x'));
    s_looked_at++;
    return ((const op_counter_row_t *)row)->value < *(const uint64_t *)arg;
}

static uint64_t s_limit;

static void s_do_sweep(const op_event_t *event, op_turn_t *turn)
{
    if (event->kind != OP_EVENT_NOTE)
        return;
    s_whole = op_sweep_slice(&s_sweep, &s_limit, turn);
}

static uint64_t s_first_value, s_rows;

/*  Writes s_rows rows of the range, valued from s_first_value on, and one at each side of it. */
static void s_do_fill(const op_event_t *event, op_turn_t *turn)
{
    if (event->kind != OP_EVENT_NOTE)
        return;
    for (uint64_t i = 0; i < s_rows; i++)
        s_put(turn, i, s_first_value + i);
    op_key_t before = op_key('w'), behind = op_key('y');
    op_turn_put(turn, &before, &op_counter_row_type, &(op_counter_row_t){0});
    op_turn_put(turn, &behind, &op_counter_row_type, &(op_counter_row_t){0});
}

static void s_run(void (*script)(const op_event_t *, op_turn_t *))
{
    s_script = script;
    s_looked_at = 0;
    s_give(0);
    drive_commit(s_actor, &s_out);
}

static void s_prepare(uint64_t rows)
{
    s_sweep = op_sweep('x', &op_counter_row_type, s_is_dead);
    s_first_value = 1000;
    s_rows = rows;
    s_run(s_do_fill);
}

static size_t s_left(void)
{
    return drive_rows(s_store, "ledger/x");
}

static void test_a_short_range(void **state)
{
    (void)state;
    s_prepare(10);
    s_limit = 1004;
    s_run(s_do_sweep);
    assert_true(s_whole);
    assert_int_equal(s_looked_at, 10);
    assert_int_equal(s_left(), 6);
    s_run(s_do_sweep);
    assert_true(s_whole);
    assert_int_equal(s_left(), 6);
    s_limit = 5000;
    s_run(s_do_sweep);
    assert_int_equal(s_left(), 0);
    s_run(s_do_sweep);
    assert_true(s_whole);
    /* Its neighbours are none of its business. */
    assert_int_equal(drive_rows(s_store, "ledger/w"), 1);
    assert_int_equal(drive_rows(s_store, "ledger/y"), 1);
}

static void test_slices(void **state)
{
    (void)state;
    static const struct {
        uint64_t rows, limit; /* rows with a number below limit - 1000 die */
        size_t left;
    } table[] = {
        {OP_SWEEP_ROWS - 1, 5000, 0},
        {OP_SWEEP_ROWS, 5000, 0},
        {OP_SWEEP_ROWS + 1, 5000, 0},
        {3 * OP_SWEEP_ROWS, 5000, 0},
        {3 * OP_SWEEP_ROWS + 7, 0,
         3 * OP_SWEEP_ROWS + 7}, /* all live: still one comes to the end */
        {3 * OP_SWEEP_ROWS + 7, 1700, 3 * OP_SWEEP_ROWS + 7 - 700},
    };
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        s_teardown(NULL);
        s_setup(NULL);
        s_prepare(table[i].rows);
        s_limit = table[i].limit;
        size_t slices = 0;
        do {
            size_t before = s_left();
            s_run(s_do_sweep);
            assert_true(s_looked_at <= OP_SWEEP_ROWS + 1);
            assert_true(before - s_left() <= OP_SWEEP_ROWS);
            assert_true(++slices <= 8);
        } while (!s_whole);
        assert_int_equal(s_left(), table[i].left);
    }
}

/*  What comes in behind the place that was reached is seen by the next slice, what comes in
    before it by the next round; nothing is skipped when the row at that place goes away. */
static void test_rows_that_change_meanwhile(void **state)
{
    (void)state;
    s_prepare(OP_SWEEP_ROWS + 20);
    s_limit = 0;
    s_run(s_do_sweep);
    assert_false(s_whole);
    s_first_value = 1; /* now all are dead */
    s_run(s_do_fill);
    s_limit = 1000;
    s_run(s_do_sweep);
    assert_true(s_whole);
    assert_in_range(s_left(), OP_SWEEP_ROWS - 1, OP_SWEEP_ROWS);
    s_run(s_do_sweep);
    s_run(s_do_sweep);
    assert_true(s_whole);
    assert_int_equal(s_left(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_short_range),
        TEST(test_slices),
        TEST(test_rows_that_change_meanwhile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
