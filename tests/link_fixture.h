/*  link_fixture.h - alpha, whose link with beta is looked at: a test is beta */

#ifndef OP_TESTS_LINK_FIXTURE_H
#define OP_TESTS_LINK_FIXTURE_H

#include "tests/tell_fixture.h"

static op_store_t *s_store;
static op_actor_t *s_actor;
static drive_out_t s_out;

static inline void s_start(int64_t now)
{
    op_actor_destroy(&s_actor);
    s_actor =
        drive_start(&s_class, "alpha", s_store, &op_nothing_type, &(op_nothing_t){0}, now, &s_out);
}

static inline int s_setup(void **state)
{
    (void)state;
    s_store = op_store_memory_new();
    s_start(DRIVE_NOW);
    return 0;
}

static inline int s_teardown(void **state)
{
    (void)state;
    drive_forget(&s_out);
    op_actor_destroy(&s_actor);
    op_store_destroy(&s_store);
    return 0;
}

static inline void s_tell_beta(uint64_t tells)
{
    op_by_id_t note = {OP_STR("beta")};
    s_more_tells = tells;
    drive_note(s_actor, "port", &op_by_id_type, &note, DRIVE_NOW);
}

static op_id_t s_series; /* of alpha's latest tells to beta */

static inline void s_acknowledge_in(op_id_t series, uint64_t number, int64_t now)
{
    op_envelope_t ack = {.kind = OP_FRAME_ACK,
                         .from = OP_STR("beta"),
                         .to = OP_STR("alpha"),
                         .sequence = number,
                         .series = series};
    drive_receive(s_actor, &ack, &op_nothing_type, &(op_nothing_t){0}, now);
}

static inline void s_acknowledge(uint64_t number, int64_t now)
{
    s_acknowledge_in(s_series, number, now);
}

/*  A resume in front of what left, to beta, with this number? Forgets it. */
static inline void s_expect_resume(uint64_t number)
{
    assert_true(s_out.count > 0);
    const op_envelope_t *resume = &s_out.at[0].envelope;
    assert_int_equal(resume->kind, OP_FRAME_RESUME);
    assert_true(op_str_is(s_out.at[0].to, "beta"));
    assert_true(resume->sequence == number);
    memmove(s_out.at, s_out.at + 1, --s_out.count * sizeof s_out.at[0]);
}

/*  Everything that left are tells first, first + 1, ... to beta. */
static inline void s_expect_tells(uint64_t first, size_t count)
{
    assert_int_equal(s_out.count, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(s_out.at[i].envelope.kind, OP_FRAME_TELL);
        assert_true(op_str_is(s_out.at[i].to, "beta"));
        assert_true(s_out.at[i].envelope.sequence == first + i);
        assert_true(DRIVE_BODY(&s_out, i, serial_opened)->line == first + i);
        s_series = s_out.at[i].envelope.series;
    }
}

/*  One line, a warning; US is in front of a field (base/fields.h). */
static inline void s_expect_log(const char *part)
{
    assert_int_equal(s_out.log_count, 1);
    assert_true(s_out.warns[0]);
    op_buf_t line = {0};
    op_buf_printf(&line, "%.*s", (int)s_out.logs[0].size, s_out.logs[0].at);
    assert_non_null(memmem(line.at, line.size, part, strlen(part)));
    op_buf_free(&line);
}

static inline void s_tell_alpha_in(op_id_t series, uint64_t number, const char *body)
{
    op_envelope_t tell = {.kind = OP_FRAME_TELL,
                          .type = op_serial_opened_type.number,
                          .from = OP_STR("beta"),
                          .to = OP_STR("alpha"),
                          .sequence = number,
                          .series = series};
    op_buf_t frame = {0};
    op_encode(&op_envelope_type, &tell, &frame);
    op_buf_add_str(&frame, op_str(body));
    op_actor_receive(s_actor, op_buf_str(&frame), DRIVE_NOW, drive_entropy());
    op_buf_free(&frame);
}

static inline void s_tell_alpha(uint64_t number, const char *body)
{
    s_tell_alpha_in((op_id_t){{0}}, number, body);
}

static inline void s_resume_alpha(op_id_t series, uint64_t number)
{
    op_envelope_t resume = {.kind = OP_FRAME_RESUME,
                            .from = OP_STR("beta"),
                            .to = OP_STR("alpha"),
                            .sequence = number,
                            .series = series};
    drive_receive(s_actor, &resume, &op_nothing_type, &(op_nothing_t){0}, DRIVE_NOW);
    drive_commit(s_actor, &s_out);
}

static inline void s_expect_ack(uint64_t number)
{
    assert_int_equal(s_out.count, 1);
    assert_int_equal(s_out.at[0].envelope.kind, OP_FRAME_ACK);
    assert_true(op_str_is(s_out.at[0].to, "beta"));
    assert_true(s_out.at[0].envelope.sequence == number);
}

#define LINK_TEST(name) cmocka_unit_test_setup_teardown(name, s_setup, s_teardown)

#endif
