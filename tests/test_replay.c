/*  A replay says the same as the recording, and where it does not, what and where in words. */

#include <setjmp.h>
#include <stdarg.h>

#include "actors/replay.h"
#include "tests/trace_flows.h"

#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct {
    op_buf_t bytes, report;
    op_tape_t tape;
} fixture_t;

static fixture_t s_make(void)
{
    fixture_t self = {.tape = {.actor_count = 0}};
    char error[OP_TRACE_ERROR];
    trace_flow_tiny(&self.bytes);
    assert_int_equal(op_tape_read(&self.tape, op_buf_str(&self.bytes), 0, error), 0);
    return self;
}

static void s_free(fixture_t *self)
{
    op_tape_free(&self->tape);
    op_buf_free(&self->bytes);
    op_buf_free(&self->report);
}

/*  The n-th event of this kind. */
static op_tape_event_t *s_event(fixture_t *self, op_trace_what_t what, size_t n)
{
    for (size_t i = 0; i < self->tape.event_count; i++)
        if (self->tape.events[i].what == what && n-- == 0)
            return &self->tape.events[i];
    fail_msg("no such event");
    return self->tape.events;
}

static void s_remove(fixture_t *self, op_tape_event_t *event)
{
    op_tape_event_t *end = self->tape.events + self->tape.event_count--;
    memmove(event, event + 1, (size_t)(end - event - 1) * sizeof *event);
    memset(self->tape.owners, 0, self->tape.event_count); /* there is one actor */
    self->tape.actors[0].event_count--;
}

static bool s_says(fixture_t *self, const char *text)
{
    return memmem(self->report.at, self->report.size, text, strlen(text)) != NULL;
}

/*  Replays; the difference must be at this event, and the report hold these words. */
static void s_differs(fixture_t *self, size_t at, const char *const *words)
{
    op_replay_result_t result = op_replay_actor(&self->tape, 0, OP_PRINT_MASKED, &self->report);
    assert_false(result.same);
    assert_int_equal(result.event, at);
    for (; *words; words++)
        if (!s_says(self, *words))
            fail_msg("\"%s\" is not in: %.*s", *words, (int)self->report.size, self->report.at);
    s_free(self);
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static size_t s_place(const fixture_t *self, const op_tape_event_t *event)
{
    return (size_t)(event - self->tape.events);
}

static void test_the_same(void **state)
{
    (void)state;
    fixture_t self = s_make();
    op_replay_result_t result = op_replay_actor(&self.tape, 0, OP_PRINT_MASKED, &self.report);
    assert_true(result.same);
    assert_int_equal(result.events, self.tape.event_count);
    assert_int_equal(self.report.size, 0);
    s_free(&self);
}

static void test_it_says_something_else(void **state)
{
    (void)state;
    fixture_t self = s_make();
    op_tape_event_t *first = s_event(&self, OP_TRACE_SEND, 0);
    first->bytes = s_event(&self, OP_TRACE_SEND, 2)->bytes; /* a refusal, for a call too many */
    s_differs(&self, s_place(&self, first),
              WORDS("rate: it says something else", "expected: reply rate > http ~3",
                    "actual  : "
                    "reply rate > http ~1",
                    "they differ from octet"));
}

static void test_it_says_less(void **state)
{
    (void)state;
    fixture_t self = s_make();
    op_tape_event_t *second = s_event(&self, OP_TRACE_SEND, 1);
    op_tape_event_t twice = *second;
    op_tape_add_event(&self.tape, &twice); /* behind the last one */
    s_differs(&self, self.tape.event_count - 1,
              WORDS("something else", "expected: reply rate > http ~2", "actual  : nothing"));
}

static void test_it_says_more(void **state)
{
    (void)state;
    fixture_t self = s_make();
    op_tape_event_t *gone = s_event(&self, OP_TRACE_SEND, 0);
    size_t at = s_place(&self, gone);
    s_remove(&self, gone);
    s_differs(&self, at, WORDS("it says more", "expected: nothing", "actual  : reply rate > http"));
}

/*  Another input: the answer to it is another one. */
static void test_it_was_given_something_else(void **state)
{
    (void)state;
    fixture_t self = s_make();
    op_tape_event_t *input = s_event(&self, OP_TRACE_RECEIVE, 0);
    input->bytes = s_event(&self, OP_TRACE_RECEIVE, 1)->bytes;
    s_differs(&self, s_place(&self, s_event(&self, OP_TRACE_SEND, 0)), WORDS("something else"));
}

static void test_its_rows_differ(void **state)
{
    (void)state;
    fixture_t self = s_make();
    self.tape.actors[0].digest.bytes[0] ^= 1;
    s_differs(&self, self.tape.event_count,
              WORDS("its rows at the end differ", "expected: 1 rows"));
    self = s_make();
    self.tape.actors[0].rows_at_end++;
    s_differs(&self, self.tape.event_count,
              WORDS("its rows at the end differ", "expected: 2 rows"));
}

static void test_it_cannot_start(void **state)
{
    (void)state;
    fixture_t self = s_make();
    self.tape.events[0].type = op_auth_setup_type.number;
    s_differs(&self, 0, WORDS("cannot go on", "not one of this class"));
    self = s_make();
    self.tape.events[0].bytes.size--;
    s_differs(&self, 0, WORDS("cannot go on", "does not decode"));
    self = s_make();
    strcpy(self.tape.actors[0].class, "nobody");
    s_differs(&self, 0, WORDS("no class \"nobody\""));
}

static void test_damaged_rows(void **state)
{
    (void)state;
    fixture_t self = s_make();
    op_tape_add_row(&self.tape, 0, OP_STR("rate!cfrom\0"), OP_STR("no record"));
    s_differs(&self, 2, WORDS("cannot go on", "damaged link row"));
}

/*  A killed process leaves a turn without its end. */
static void test_it_ends_anywhere(void **state)
{
    (void)state;
    for (size_t left = 0;; left++) {
        fixture_t self = s_make();
        size_t all = self.tape.event_count;
        if (left <= all) {
            self.tape.event_count = left;
            self.tape.actors[0].event_count = left;
            self.tape.actors[0].ended = false;
            assert_true(op_replay_actor(&self.tape, 0, OP_PRINT_MASKED, &self.report).same);
        }
        s_free(&self);
        if (left > all)
            break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_same),
        cmocka_unit_test(test_it_says_something_else),
        cmocka_unit_test(test_it_says_less),
        cmocka_unit_test(test_it_says_more),
        cmocka_unit_test(test_it_was_given_something_else),
        cmocka_unit_test(test_its_rows_differ),
        cmocka_unit_test(test_it_cannot_start),
        cmocka_unit_test(test_damaged_rows),
        cmocka_unit_test(test_it_ends_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
