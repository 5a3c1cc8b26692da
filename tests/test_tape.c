/*  Traces as a whole: what is read is what was written, what does not fit is refused with a
    sentence, and causes stand before effects. */

#include <setjmp.h>
#include <stdarg.h>

#include "actors/tape.h"
#include "tests/trace_flows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int s_read(op_str_t bytes, unsigned lenient, char error[OP_TRACE_ERROR])
{
    op_tape_t tape = {.actor_count = 0};
    int rc = op_tape_read(&tape, bytes, lenient, error);
    op_tape_free(&tape);
    return rc;
}

static void test_round_trip(void **state)
{
    (void)state;
    for (size_t i = 0; trace_flow_name(i); i++) {
        op_buf_t bytes = {0}, first = {0}, second = {0};
        char error[OP_TRACE_ERROR];
        op_tape_t tape = {.actor_count = 0}, again = {.actor_count = 0};
        trace_flow_record(i, &bytes);
        assert_int_equal(op_tape_read(&tape, op_buf_str(&bytes), 0, error), 0);
        op_tape_write(&tape, &first);
        assert_int_equal(op_tape_read(&again, op_buf_str(&first), 0, error), 0);
        op_tape_write(&again, &second);
        assert_true(op_str_equal(op_buf_str(&first), op_buf_str(&second)));
        assert_int_equal(first.size, bytes.size); /* only the order of records differs */
        assert_int_equal(tape.event_count, again.event_count);
        assert_true(tape.event_count > 20);
        op_tape_free(&tape);
        op_tape_free(&again);
        op_buf_free(&bytes);
        op_buf_free(&first);
        op_buf_free(&second);
    }
}

/*  A trace that ends between two records is one whose process was killed; any other end is refused,
    or with `torn` passed over. */
static void test_every_truncation(void **state)
{
    (void)state;
    op_buf_t bytes = {0};
    char error[OP_TRACE_ERROR];
    trace_flow_tiny(&bytes);
    size_t whole = 0;
    for (size_t size = 0; size < bytes.size; size++) {
        op_str_t cut = op_str_of(bytes.at, size);
        error[0] = 0;
        if (s_read(cut, 0, error) == 0)
            whole++;
        else
            assert_true(strlen(error) > 10);
        int torn = s_read(cut, OP_TAPE_TORN, error);
        assert_int_equal(torn, size < 16 || whole == 0 ? -1 : 0);
    }
    assert_int_equal(s_read(op_buf_str(&bytes), 0, error), 0);
    assert_true(whole > 10 && whole < 40); /* one for each record but the last */
    op_buf_free(&bytes);
}

static void test_every_flip(void **state)
{
    (void)state;
    op_buf_t bytes = {0};
    char error[OP_TRACE_ERROR];
    trace_flow_tiny(&bytes);
    size_t last = bytes.size - OP_TRACE_HEAD;
    while (memcmp(bytes.at + last, OP_TRACE_MAGIC, 4) != 0)
        last--;
    for (size_t i = 0; i < bytes.size; i++)
        for (int bit = 0; bit < 8; bit++) {
            bytes.at[i] = (char)(bytes.at[i] ^ (1 << bit));
            error[0] = 0;
            assert_int_equal(s_read(op_buf_str(&bytes), 0, error), -1);
            assert_true(strlen(error) > 10);
            /* Damage does not look like a cut last record, but in that one. */
            assert_true(s_read(op_buf_str(&bytes), OP_TAPE_TORN, error) == -1 || i >= last);
            bytes.at[i] = (char)(bytes.at[i] ^ (1 << bit));
        }
    assert_int_equal(s_read(op_buf_str(&bytes), 0, error), 0);
    op_buf_free(&bytes);
}

/*  ---- Records that do not fit ---- */

static op_trace_header_t s_header(uint64_t segment)
{
    op_trace_header_t header = {.format = OP_TRACE_FORMAT, .started = 5, .segment = segment};
    op_catalogue_hash(&header.catalogue);
    return header;
}

static void s_add_actor(op_buf_t *out, uint64_t number, const char *name)
{
    op_trace_actor_t actor = {number, op_str(name), OP_STR("rate"), 0};
    op_trace_add(&op_trace_actor_type, &actor, out);
}

static void s_add_event(op_buf_t *out, uint64_t actor, uint64_t what, int64_t at, op_str_t bytes)
{
    op_trace_event_t event = {.actor = actor, .what = what, .at = at, .bytes = bytes};
    op_trace_add(&op_trace_event_type, &event, out);
}

static void s_add_row(op_buf_t *out, uint64_t actor, op_str_t key)
{
    op_trace_row_t row = {actor, key, OP_STR("value")};
    op_trace_add(&op_trace_row_type, &row, out);
}

static void s_misfit(op_buf_t *out, int which)
{
    op_trace_header_t header = s_header(which == 2);
    op_trace_digest_t digest = {.actor = 1};
    if (which == 0)
        header.catalogue.bytes[0] ^= 1;
    if (which == 1)
        header.format++;
    if (which != 3)
        op_trace_add(&op_trace_header_type, &header, out);
    s_add_actor(out, 1, which == 4 ? "a/b" : "rate");
    s_add_row(out, 1, which == 5 ? OP_STR("auth/x") : OP_STR("rate/x"));
    if (which == 6)
        s_add_row(out, 2, OP_STR("rate/x"));
    if (which == 7)
        s_add_actor(out, 1, "auth");
    s_add_event(out, 1, which == 8 ? OP_TRACE_COMMIT : OP_TRACE_START, 5, OP_STR(""));
    if (which == 9)
        s_add_event(out, 1, OP_TRACE_START, 5, OP_STR(""));
    if (which == 10)
        s_add_row(out, 1, OP_STR("rate/y"));
    if (which == 11)
        s_add_event(out, 1, 7, 5, OP_STR(""));
    if (which == 12)
        s_add_event(out, 1, OP_TRACE_TICK, INT64_MAX, OP_STR(""));
    if (which == 13)
        op_trace_add(&op_trace_header_type, &header, out);
    op_trace_add(&op_trace_digest_type, &digest, out);
    if (which == 14)
        op_trace_add(&op_trace_digest_type, &digest, out);
    if (which == 15)
        s_add_event(out, 1, OP_TRACE_TICK, 6, OP_STR(""));
}

static void test_misfits(void **state)
{
    (void)state;
    static const char *const sentences[] = {"other messages",
                                            "format",
                                            "first one is needed",
                                            "begin with a header",
                                            "name is none",
                                            "outside its actor's keyspace",
                                            "not named",
                                            "same number",
                                            "must be its start",
                                            "must be its start",
                                            "behind its actor's start",
                                            "does not know",
                                            "does not decode",
                                            "in the middle",
                                            "second one",
                                            "behind its actor's end"};
    char error[OP_TRACE_ERROR] = "";
    for (int i = 0; i <= (int)OP_COUNT(sentences); i++) {
        op_buf_t bytes = {0};
        s_misfit(&bytes, i);
        int rc = s_read(op_buf_str(&bytes), 0, error);
        assert_int_equal(rc, i < (int)OP_COUNT(sentences) ? -1 : 0);
        if (rc != 0 && !strstr(error, sentences[i]))
            fail_msg("misfit %d: %s", i, error);
        op_buf_free(&bytes);
    }
}

static void test_files_that_continue(void **state)
{
    (void)state;
    static const struct {
        uint64_t segments[3];
        const char *sentence;
    } cases[] = {{{0, 1, 2}, NULL},
                 {{0, 2, 3}, "missing"},
                 {{0, 1, 1}, "twice"},
                 {{1, 2, 3}, "first one is needed"}};
    for (size_t c = 0; c < OP_COUNT(cases); c++) {
        op_tape_t tape = {.actor_count = 0};
        op_buf_t files[3] = {{0}};
        char error[OP_TRACE_ERROR] = "";
        int rc = 0;
        for (size_t i = 0; i < 3 && rc == 0; i++) {
            op_trace_header_t header = s_header(cases[c].segments[i]);
            op_trace_add(&op_trace_header_type, &header, &files[i]);
            s_add_actor(&files[i], 1, "rate");
            s_add_event(&files[i], 1, i ? OP_TRACE_TICK : OP_TRACE_START, 5, OP_STR(""));
            rc = op_tape_read(&tape, op_buf_str(&files[i]), 0, error);
        }
        assert_int_equal(rc, cases[c].sentence ? -1 : 0);
        if (cases[c].sentence)
            assert_non_null(strstr(error, cases[c].sentence));
        else
            assert_int_equal(tape.event_count, 3);
        op_tape_free(&tape);
        for (size_t i = 0; i < 3; i++)
            op_buf_free(&files[i]);
    }
}

/*  ---- Order ---- */

static void s_happens(op_tape_t *tape, size_t actor, op_trace_what_t what, int64_t at,
                      const char *bytes)
{
    op_tape_event_t event = {.what = what, .actor = actor, .at = at, .bytes = op_str(bytes)};
    op_tape_add_event(tape, &event);
}

/*  b's clock is far behind a's, and its file comes first. */
static void test_causes_come_first(void **state)
{
    (void)state;
    op_tape_t tape = {.actor_count = 0};
    size_t b = op_tape_add_actor(&tape, OP_STR("b"), OP_STR("rate"), 0);
    size_t a = op_tape_add_actor(&tape, OP_STR("a"), OP_STR("rate"), 0);
    s_happens(&tape, b, OP_TRACE_START, 10, "");
    s_happens(&tape, b, OP_TRACE_RECEIVE, 11, "ping");
    s_happens(&tape, b, OP_TRACE_COMMIT, 11, "");
    s_happens(&tape, b, OP_TRACE_SEND, 11, "pong");
    s_happens(&tape, b, OP_TRACE_RECEIVE, 12, "ping");
    s_happens(&tape, b, OP_TRACE_RECEIVE, 13, "from elsewhere");
    s_happens(&tape, a, OP_TRACE_START, 1000, "");
    s_happens(&tape, a, OP_TRACE_COMMIT, 1000, "");
    s_happens(&tape, a, OP_TRACE_SEND, 1000, "ping");
    s_happens(&tape, a, OP_TRACE_RECEIVE, 1001, "pong");
    s_happens(&tape, a, OP_TRACE_COMMIT, 1001, "");
    s_happens(&tape, a, OP_TRACE_SEND, 1001, "ping");
    static const size_t expected[] = {0, 6, 7, 8, 1, 2, 3, 9, 10, 11, 4, 5};
    size_t order[12], cause[12];
    op_tape_order(&tape, order, cause);
    for (size_t i = 0; i < 12; i++)
        assert_int_equal(order[i], expected[i]);
    assert_int_equal(cause[1], 8);
    assert_int_equal(cause[4], 11);
    assert_int_equal(cause[9], 3);
    assert_int_equal(cause[5], OP_TAPE_NONE);
    assert_int_equal(cause[0], OP_TAPE_NONE);
    op_tape_free(&tape);
}

/*  Frames that would each have to come before the other end the wait, not the program. */
static void test_no_order_is_possible(void **state)
{
    (void)state;
    op_tape_t tape = {.actor_count = 0};
    size_t a = op_tape_add_actor(&tape, OP_STR("a"), OP_STR("rate"), 0);
    size_t b = op_tape_add_actor(&tape, OP_STR("b"), OP_STR("rate"), 0);
    s_happens(&tape, a, OP_TRACE_RECEIVE, 1, "x");
    s_happens(&tape, a, OP_TRACE_SEND, 1, "y");
    s_happens(&tape, b, OP_TRACE_RECEIVE, 1, "y");
    s_happens(&tape, b, OP_TRACE_SEND, 1, "x");
    size_t order[4], cause[4];
    op_tape_order(&tape, order, cause);
    assert_int_equal(order[0], 0);
    assert_int_equal(cause[0], OP_TAPE_NONE);
    assert_int_equal(cause[2], 1);
    op_tape_free(&tape);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),           cmocka_unit_test(test_every_truncation),
        cmocka_unit_test(test_every_flip),           cmocka_unit_test(test_misfits),
        cmocka_unit_test(test_files_that_continue),  cmocka_unit_test(test_causes_come_first),
        cmocka_unit_test(test_no_order_is_possible),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
