/*  A recorded run: what stands in it and in which order, and that it is enough to do the run
    again. */

#include "actors/auth.h"
#include "actors/recording.h"
#include "tests/actor_fixture.h"

#define PHONE "+14155550101"
#define LINE  "+16176088932"

static const op_auth_setup_t s_setup = {.code_ttl_ms = 600000,
                                        .session_ttl_ms = 30 * OP_DAY_MS,
                                        .tries = 5,
                                        .wrong_per_day = 20,
                                        .keys_max = 4};

/*  ---- A sink in memory ---- */

typedef struct {
    op_buf_t bytes;
    uint64_t actors;
    size_t writes, state_writes;
    size_t largest; /* write */
    const char *stopped;
} sink_t;

static uint64_t s_actor(void *at, const char *name, const char *class)
{
    sink_t *self = at;
    op_trace_actor_t actor = {++self->actors, op_str(name), op_str(class), 0};
    op_trace_add(&op_trace_actor_type, &actor, &self->bytes);
    return actor.actor;
}

static void s_write(void *at, op_str_t records, bool state)
{
    sink_t *self = at;
    assert_true(records.size > 0);
    self->writes++;
    self->state_writes += state;
    if (records.size > self->largest)
        self->largest = records.size;
    op_buf_add_str(&self->bytes, records);
}

static void s_stop(void *at, const char *reason)
{
    sink_t *self = at;
    self->stopped = reason;
}

static bool s_stopped(void *at)
{
    sink_t *self = at;
    return self->stopped != NULL;
}

static op_recording_sink_t s_sink(sink_t *self)
{
    return (op_recording_sink_t){self, s_actor, s_write, s_stop, s_stopped};
}

/*  ---- What was recorded ---- */

typedef struct {
    op_arena_t arena;
    op_trace_record_t at[5000];
    size_t count;
} records_t;

static records_t s_records;

static void s_read(const sink_t *sink)
{
    op_arena_free(&s_records.arena);
    s_records.count = 0;
    op_str_t rest = op_buf_str(&sink->bytes);
    const char *reason;
    while (rest.size) {
        assert_true(s_records.count < OP_COUNT(s_records.at));
        assert_int_equal(
            op_trace_read(&rest, &s_records.arena, &s_records.at[s_records.count++], &reason),
            OP_TRACE_RECORD);
    }
}

/*  The i-th record's letter: Actor, row (=), Start, Receive, Tick, drain (D), Commit, send (>),
    digest (#). */
static char s_letter(size_t i)
{
    const op_trace_record_t *record = &s_records.at[i];
    if (record->type == &op_trace_event_type) {
        const op_trace_event_t *event = record->value;
        assert_int_equal(event->actor, 1);
        assert_non_null(op_trace_what_name(event->what));
        return "?SRTDC>"[event->what];
    }
    return record->type == &op_trace_actor_type ? 'A'
           : record->type == &op_trace_row_type ? '='
                                                : '#';
}

static void s_expect(const sink_t *sink, const char *letters)
{
    char found[128];
    s_read(sink);
    assert_true(s_records.count < sizeof found);
    for (size_t i = 0; i < s_records.count; i++)
        found[i] = s_letter(i);
    found[s_records.count] = 0;
    assert_string_equal(found, letters);
}

/*  ---- The run ---- */

static op_actor_t *s_start(op_store_t *store, op_recording_t *recording, int64_t now,
                           drive_out_t *out)
{
    op_actor_t *actor = op_actor_new(&op_auth_class, "auth", store);
    if (recording)
        op_actor_observe(actor, op_recording_observer(recording));
    op_actor_start(actor, &op_auth_setup_type, &s_setup, now, drive_entropy());
    drive_commit(actor, out);
    return actor;
}

static void s_ask_code(op_actor_t *actor, const char *phone, int64_t now)
{
    op_context_t context = {.line = OP_STR(LINE)};
    op_auth_start_t start = {op_str(phone)};
    drive_request(actor, DRIVE_SLIP(OP_STEP_AUTH_START), &context, &op_auth_start_type, &start,
                  now);
}

static void s_sign_up(op_actor_t *actor, int64_t now, drive_out_t *out)
{
    s_ask_code(actor, PHONE, now);
    drive_commit(actor, out);
}

/*  Does a run of auth: a first life that leaves rows, then a recorded one. */
static void s_run(op_store_t *store, sink_t *sink, uint64_t *rows, op_hash_t *digest)
{
    static drive_out_t out;
    op_actor_t *actor = s_start(store, NULL, DRIVE_NOW, &out);
    s_sign_up(actor, DRIVE_NOW, &out);
    op_actor_destroy(&actor);

    op_recording_sink_t to = s_sink(sink);
    op_recording_t *recording = op_recording_new(&to, store, "auth", "auth");
    actor = s_start(store, recording, DRIVE_NOW + 1000, &out); /* the tell goes out again */
    assert_int_equal(out.count, 2);                            /* behind a resume */
    op_actor_receive(actor, OP_STR("no frame"), DRIVE_NOW + 2000, drive_entropy());
    s_sign_up(actor, DRIVE_NOW + 2000, &out);
    op_actor_tick(actor, DRIVE_NOW + 2500, drive_entropy());
    drive_commit(actor, &out);
    op_actor_drain(actor, DRIVE_NOW + 3000, drive_entropy());
    drive_commit(actor, &out);
    op_recording_end(recording);
    assert_int_equal(op_recording_digest(store, "auth", rows, digest), 0);
    op_actor_destroy(&actor);
    op_recording_destroy(&recording);
    assert_null(recording);
    op_recording_destroy(&recording);
    drive_forget(&out);
}

static void test_events_in_order(void **state)
{
    (void)state;
    sink_t sink = {.actors = 0};
    op_store_t *store = op_store_memory_new();
    drive_put_raw(store, OP_STR("aut!x"), OP_STR("of others"));
    drive_put_raw(store, OP_STR("auth0"), OP_STR("of others"));
    drive_put_raw(store, OP_STR("authy/x"), OP_STR("of others"));
    uint64_t rows;
    op_hash_t digest;
    s_run(store, &sink, &rows, &digest);
    s_read(&sink);

    /* What was there: the link to modem with its tell, and the rows of a verification. */
    size_t i = 1;
    const op_trace_actor_t *actor = s_records.at[0].value;
    assert_true(op_str_is(actor->name, "auth"));
    while (s_letter(i) == '=') {
        const op_trace_row_t *row = s_records.at[i++].value;
        assert_true(op_str_starts(row->key, "auth!") || op_str_starts(row->key, "auth/"));
    }
    assert_true(i > 3);
    const op_trace_event_t *start = s_records.at[i].value;
    assert_int_equal(start->what, OP_TRACE_START);
    assert_int_equal(start->type, op_auth_setup_type.number);
    assert_int_equal(start->at, DRIVE_NOW + 1000);
    assert_true(start->bytes.size > 0);

    char letters[64] = "A", *end = letters + 1;
    for (size_t n = 1; n < i; n++)
        *end++ = '=';
    strcpy(
        end,
        "SC>>RRC>>TC>>>DC#"); /* the bad frame too; a reply and a tell; again both tells, behind a resume */
    s_expect(&sink, letters);
    assert_int_equal(sink.state_writes, 1);
    assert_int_equal(sink.writes, 6); /* the rows, four turns, the digest */
    const op_trace_digest_t *last = s_records.at[s_records.count - 1].value;
    assert_int_equal(last->rows, rows);
    assert_memory_equal(&last->digest, &digest, sizeof digest);
    op_buf_free(&sink.bytes);
    op_store_destroy(&store);
}

/*  ---- The run again, from the records alone ---- */

static void s_give(op_actor_t *actor, const op_trace_event_t *event)
{
    static op_auth_setup_t setup;
    op_str_t bytes = event->bytes;
    switch ((op_trace_what_t)event->what) {
    case OP_TRACE_START:
        assert_int_equal(op_decode(&op_auth_setup_type, &bytes, &s_records.arena, &setup),
                         OP_DECODE_OK);
        op_actor_start(actor, &op_auth_setup_type, &setup, event->at, event->entropy.bytes);
        return;
    case OP_TRACE_RECEIVE:
        op_actor_receive(actor, event->bytes, event->at, event->entropy.bytes);
        return;
    case OP_TRACE_TICK:
        op_actor_tick(actor, event->at, event->entropy.bytes);
        return;
    case OP_TRACE_DRAIN:
        op_actor_drain(actor, event->at, event->entropy.bytes);
        return;
    case OP_TRACE_COMMIT:
        assert_int_equal(op_actor_commit(actor), 0);
        return;
    case OP_TRACE_SEND: {
        op_str_t to, frame;
        assert_true(op_actor_next(actor, &to, &frame));
        assert_true(op_str_equal(frame, event->bytes));
        return;
    }
    }
    fail();
}

static void test_it_is_enough(void **state)
{
    (void)state;
    sink_t sink = {.actors = 0};
    op_store_t *store = op_store_memory_new(), *again = op_store_memory_new();
    uint64_t rows;
    op_hash_t digest;
    s_run(store, &sink, &rows, &digest);
    s_read(&sink);
    op_actor_t *actor = op_actor_new(&op_auth_class, "auth", again);
    op_str_t to, frame;
    for (size_t i = 0; i < s_records.count; i++) {
        char letter = s_letter(i);
        if (letter == '=') {
            const op_trace_row_t *row = s_records.at[i].value;
            drive_put_raw(again, row->key, row->value);
        } else if (letter != 'A' && letter != '#') {
            const op_trace_event_t *event = s_records.at[i].value;
            if (event->what != OP_TRACE_SEND)
                assert_false(op_actor_next(actor, &to, &frame)); /* nothing else was said */
            s_give(actor, event);
        }
    }
    assert_false(op_actor_next(actor, &to, &frame));
    uint64_t rows_again;
    op_hash_t digest_again;
    assert_int_equal(op_recording_digest(again, "auth", &rows_again, &digest_again), 0);
    assert_int_equal(rows_again, rows);
    assert_memory_equal(&digest_again, &digest, sizeof digest);
    op_actor_destroy(&actor);
    op_buf_free(&sink.bytes);
    op_store_destroy(&store);
    op_store_destroy(&again);
}

/*  ---- What does not go well ---- */

static void test_a_failed_commit(void **state)
{
    (void)state;
    static drive_out_t out;
    sink_t sink = {.actors = 0};
    op_store_t *store = op_store_memory_new();
    op_recording_sink_t to = s_sink(&sink);
    op_recording_t *recording = op_recording_new(&to, store, "auth", "auth");
    op_actor_t *actor = s_start(store, recording, DRIVE_NOW, &out);
    op_store_memory_fail_after(store, 0);
    s_ask_code(actor, PHONE, DRIVE_NOW);
    assert_int_equal(op_actor_commit(actor), -1);
    s_expect(&sink, "ASCR"); /* what it died of is there; nothing was said */
    op_actor_destroy(&actor);
    op_recording_destroy(&recording);
    drive_forget(&out);
    op_buf_free(&sink.bytes);
    op_store_destroy(&store);
}

static void test_a_recording_that_has_ended(void **state)
{
    (void)state;
    static drive_out_t out;
    sink_t sink = {.actors = 0};
    op_store_t *store = op_store_memory_new();
    op_recording_sink_t to = s_sink(&sink);
    op_recording_t *recording = op_recording_new(&to, store, "auth", "auth");
    op_actor_t *actor = s_start(store, recording, DRIVE_NOW, &out);
    sink.stopped = "the disk is full";
    s_sign_up(actor, DRIVE_NOW, &out);
    assert_int_equal(out.count, 2); /* the actor does not notice */
    op_recording_end(recording);
    s_expect(&sink, "ASC");
    op_actor_destroy(&actor);
    op_recording_destroy(&recording);
    drive_forget(&out);
    op_buf_free(&sink.bytes);
    op_store_destroy(&store);
}

/*  Large keyspaces and large turns go to the sink in pieces. */
static void test_pieces(void **state)
{
    (void)state;
    static drive_out_t out;
    sink_t sink = {.actors = 0};
    op_store_t *store = op_store_memory_new();
    char *large = op_alloc(OP_FRAME_MAX / 4);
    memset(large, 'x', OP_FRAME_MAX / 4);
    for (int i = 0; i < 12; i++) {
        char key[] = "auth/zzzA"; /* no kind of row that auth looks at */
        key[8] = (char)(key[8] + i);
        drive_put_raw(store, op_str(key), op_str_of(large, OP_FRAME_MAX / 4));
    }
    op_recording_sink_t to = s_sink(&sink);
    op_recording_t *recording = op_recording_new(&to, store, "auth", "auth");
    op_actor_t *actor = s_start(store, recording, DRIVE_NOW, &out);
    assert_int_equal(sink.state_writes, 3);
    for (int i = 0; i < 12; i++)
        op_actor_receive(actor, op_str_of(large, OP_FRAME_MAX / 4), DRIVE_NOW, drive_entropy());
    drive_commit(actor, &out);
    assert_true(sink.largest < OP_RECORDING_CHUNK + OP_FRAME_MAX / 2);
    s_expect(&sink, "A============SCRRRRRRRRRRRRC");

    /* A frame that is longer than any is recorded as far as it matters: it is refused. */
    char *huge = op_alloc(2 * OP_FRAME_MAX);
    memset(huge, 'x', 2 * OP_FRAME_MAX);
    op_actor_receive(actor, op_str_of(huge, 2 * OP_FRAME_MAX), DRIVE_NOW, drive_entropy());
    drive_commit(actor, &out);
    s_expect(&sink, "A============SCRRRRRRRRRRRRCRC");
    const op_trace_event_t *event = s_records.at[s_records.count - 2].value;
    assert_int_equal(event->bytes.size, OP_TRACE_BYTES_MAX);
    free(huge);
    free(large);
    op_actor_destroy(&actor);
    op_recording_destroy(&recording);
    drive_forget(&out);
    op_buf_free(&sink.bytes);
    op_store_destroy(&store);
}

static int s_forget(void **state)
{
    (void)state;
    op_arena_free(&s_records.arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_events_in_order), cmocka_unit_test(test_it_is_enough),
        cmocka_unit_test(test_a_failed_commit), cmocka_unit_test(test_a_recording_that_has_ended),
        cmocka_unit_test(test_pieces)};
    return cmocka_run_group_tests(tests, NULL, s_forget);
}
