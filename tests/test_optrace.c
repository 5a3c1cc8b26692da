/*  What optrace makes of traces: cut and merged ones still replay, hold what they should and nothing
    else. The command line itself is tried by optrace.sh. */

#include "tests/optrace_fixture.h"

#include "tools/optrace/scrub.h"

#include <fcntl.h>
#include <sys/stat.h>

/*  ---- Cutting, merging, following: over files, as the sub-commands do it ---- */

static void s_reopen(const char *path, op_optrace_t *trace)
{
    assert_int_equal(op_optrace_open(trace, path, 0), 0);
    s_replays(&trace->tape);
    struct stat about;
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
}

static size_t s_events(const op_tape_t *tape, const char *actor)
{
    size_t index = op_optrace_actor(tape, actor);
    return index == OP_TAPE_NONE ? 0 : tape->actors[index].event_count;
}

static void test_cut(void **state)
{
    (void)state;
    op_optrace_t whole = {.file_count = 0};
    s_open_flow("send", &whole);
    int64_t middle = whole.tape.header.started + 20000;
    static const struct {
        bool by_request, from, to;
    } cases[] = {{true, false, false}, {false, true, false}, {false, false, true}};
    for (size_t c = 0; c < OP_COUNT(cases); c++) {
        char in[256], out[256];
        s_path("flow.trace", in);
        s_path("cut.trace", out);
        unlink(out);
        op_optrace_options_t options = {.files = {in, out},
                                        .file_count = 2,
                                        .request = cases[c].by_request ? "send-9" : NULL,
                                        .from = cases[c].from ? middle : 0,
                                        .to = cases[c].to ? middle : 0};
        assert_int_equal(op_optrace_cut(&options), OP_OPTRACE_OK);
        op_optrace_t cut = {.file_count = 0};
        s_reopen(out, &cut);
        assert_true(cut.tape.event_count < whole.tape.event_count);
        assert_true(s_events(&cut.tape, "ledger") > 0);
        assert_true(s_events(&cut.tape, "ledger") < s_events(&whole.tape, "ledger"));
        op_optrace_close(&cut);
        assert_int_equal(op_optrace_cut(&options), OP_OPTRACE_BAD); /* never over a file */
    }
    op_optrace_options_t none = {.files = {"x", "y"}, .file_count = 2};
    assert_int_equal(op_optrace_cut(&none), OP_OPTRACE_BAD);
    op_optrace_close(&whole);
}

/*  The way to make a test of a trace: what a request touched, or all up to some time (0), then other
    people in it. */
static void test_cut_then_scrub(void **state)
{
    (void)state;
    static const char *const requests[] = {"burst-9", "burst-10", "burst-13", "burst-14", NULL};
    for (size_t n = 0; n < OP_COUNT(requests); n++) {
        op_optrace_t whole = {.file_count = 0}, cut = {.file_count = 0};
        s_open_flow("burst", &whole);
        char in[256], out[256];
        s_path("flow.trace", in);
        s_path("cut.trace", out);
        unlink(out);
        op_optrace_options_t options = {.files = {in, out},
                                        .file_count = 2,
                                        .request = requests[n],
                                        .to = requests[n] ? 0 : INT64_MAX,
                                        .quiet = true};
        assert_int_equal(op_optrace_cut(&options), OP_OPTRACE_OK);
        s_reopen(out, &cut);
        uint8_t key[OP_PSEUDONYM_KEY] = {7};
        char error[OP_TRACE_ERROR] = "";
        op_tape_t scrubbed;
        if (op_optrace_scrubbed(&cut, key, &scrubbed, error) != 0)
            fail_msg("%s: %s", requests[n] ? requests[n] : "all", error);
        s_replays(&scrubbed);
        op_tape_free(&scrubbed);
        op_optrace_close(&cut);
        op_optrace_close(&whole);
    }
}

/*  ---- Rotated traces ---- */

enum { FILE_EVENTS = 3 };

/*  The file of a rotated trace that has the events from FILE_EVENTS * n on. */
static void s_write_segment(const op_tape_t *tape, size_t n, const char *path)
{
    op_buf_t bytes = {0};
    op_trace_header_t header = tape->header;
    header.segment = n;
    op_trace_add(&op_trace_header_type, &header, &bytes);
    for (size_t i = 0; i < tape->actor_count; i++) {
        const op_tape_actor_t *actor = &tape->actors[i];
        op_trace_actor_t record = {i + 1, op_str(actor->name), op_str(actor->class), 0};
        op_trace_add(&op_trace_actor_type, &record, &bytes);
        for (size_t r = 0; n == 0 && r < actor->row_count; r++) {
            op_trace_row_t row = {i + 1, actor->rows[r].key, actor->rows[r].value};
            op_trace_add(&op_trace_row_type, &row, &bytes);
        }
    }
    for (size_t i = FILE_EVENTS * n; i < FILE_EVENTS * (n + 1) && i < tape->event_count; i++) {
        const op_tape_event_t *from = &tape->events[i];
        op_trace_event_t event = {from->actor + 1, from->what, from->at,
                                  from->entropy,   from->type, from->bytes};
        op_trace_add(&op_trace_event_type, &event, &bytes);
    }
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes.at, 1, bytes.size, file), bytes.size);
    assert_int_equal(fclose(file), 0);
    op_buf_free(&bytes);
}

static void s_segment_path(size_t n, char path[256])
{
    char name[32] = "many.trace";
    if (n)
        snprintf(name, sizeof name, "many.trace.%zu", n);
    s_path(name, path);
}

static size_t s_middles(const op_tape_t *tape)
{
    size_t count = 0;
    for (size_t i = 0; i < tape->actor_count; i++)
        count += tape->actors[i].middle;
    return count;
}

/*  More files than a hundred are all read; with files missing, what is left is shown and merged, and
    replayed only up to where they are missing. */
static void test_rotated(void **state)
{
    (void)state;
    enum { GAP = 60, GAP_END = 90 };
    op_optrace_t whole = {.file_count = 0}, many = {.file_count = 0};
    s_open_flow("burst", &whole);
    const op_tape_t *tape = &whole.tape;
    size_t files = (tape->event_count + FILE_EVENTS - 1) / FILE_EVENTS;
    assert_true(files > 100);
    char path[256], first[256], merged[256];
    for (size_t n = 0; n < files; n++) {
        s_segment_path(n, path);
        s_write_segment(tape, n, path);
    }
    s_segment_path(0, first);
    assert_int_equal(op_optrace_open(&many, first, 0), 0);
    assert_int_equal(many.file_count, files);
    assert_int_equal(many.tape.event_count, tape->event_count);
    s_replays(&many.tape);
    op_optrace_close(&many);
    for (size_t n = GAP; n < GAP_END; n++) {
        s_segment_path(n, path);
        assert_int_equal(unlink(path), 0);
    }
    size_t before = FILE_EVENTS * GAP, after = tape->event_count - FILE_EVENTS * GAP_END;
    assert_int_equal(op_optrace_open(&many, first, 0), -1);
    assert_int_equal(op_optrace_open(&many, first, OP_TAPE_TORN), 0);
    assert_int_equal(many.tape.event_count, before);
    s_replays(&many.tape);
    op_optrace_close(&many);
    assert_int_equal(op_optrace_open(&many, first, OP_TAPE_GAPS), 0);
    assert_int_equal(many.tape.event_count, before + after);
    size_t middles = s_middles(&many.tape);
    assert_true(middles >= 3 && many.tape.actor_count == tape->actor_count + middles);
    op_buf_t report = {0};
    for (size_t i = 0; i < many.tape.actor_count; i++)
        assert_int_equal(op_replay_actor(&many.tape, i, OP_PRINT_MASKED, &report).same,
                         !many.tape.actors[i].middle);
    op_buf_free(&report);
    op_optrace_close(&many);
    /* The end alone, and as it is written again. */
    s_segment_path(files - 1, path);
    s_path("merged.trace", merged);
    unlink(merged);
    assert_int_equal(op_optrace_open(&many, path, 0), -1);
    assert_int_equal(op_optrace_open(&many, path, OP_TAPE_GAPS), 0);
    assert_true(many.tape.event_count > 0 && many.tape.event_count <= FILE_EVENTS);
    op_optrace_close(&many);
    op_optrace_options_t options = {
        .files = {merged, first}, .file_count = 2, .lenient = OP_TAPE_GAPS};
    assert_int_equal(op_optrace_merge(&options), OP_OPTRACE_OK);
    assert_int_equal(op_optrace_open(&many, merged, 0), -1);
    assert_int_equal(op_optrace_open(&many, merged, OP_TAPE_GAPS), 0);
    assert_int_equal(many.tape.event_count, before + after);
    assert_int_equal(s_middles(&many.tape), middles);
    op_optrace_close(&many);
    op_optrace_close(&whole);
    unlink(merged);
    for (size_t n = 0; n < files; n++) {
        s_segment_path(n, path);
        unlink(path);
    }
}

/*  The trace of two processes: one with the ledger alone, whose clock is not that of the other. */
static void test_merge(void **state)
{
    (void)state;
    op_optrace_t whole = {.file_count = 0};
    s_open_flow("hand_over", &whole);
    const op_tape_t *tape = &whole.tape;
    size_t ledger = op_optrace_actor(tape, "ledger");
    char paths[3][256];
    s_path("merged.trace", paths[0]);
    s_path("one.trace", paths[1]);
    s_path("two.trace", paths[2]);
    for (int side = 0; side < 2; side++) {
        op_tape_t half = {.header = tape->header};
        size_t place[OP_TAPE_ACTORS_MAX];
        for (size_t i = 0; i < tape->actor_count; i++) {
            const op_tape_actor_t *actor = &tape->actors[i];
            if ((i == ledger) != (side == 0))
                continue;
            place[i] = op_tape_add_actor(&half, op_str(actor->name), op_str(actor->class), 0);
            for (size_t r = 0; r < actor->row_count; r++)
                op_tape_add_row(&half, place[i], actor->rows[r].key, actor->rows[r].value);
        }
        for (size_t i = 0; i < tape->event_count; i++) {
            op_tape_event_t event = tape->events[i];
            if ((event.actor == ledger) != (side == 0))
                continue;
            event.actor = place[event.actor];
            op_tape_add_event(&half, &event);
        }
        assert_int_equal(op_optrace_save(&half, paths[side + 1]), 0);
        op_tape_free(&half);
    }
    op_optrace_options_t options = {.files = {paths[0], paths[1], paths[2]}, .file_count = 3};
    assert_int_equal(op_optrace_merge(&options), OP_OPTRACE_OK);
    op_optrace_t merged = {.file_count = 0};
    s_reopen(paths[0], &merged);
    assert_int_equal(merged.tape.event_count, tape->event_count);
    assert_int_equal(merged.tape.actor_count, tape->actor_count);
    size_t caused = 0;
    for (size_t i = 0; i < merged.tape.event_count; i++) {
        if (merged.cause[i] == OP_TAPE_NONE)
            continue;
        assert_true(merged.cause[i] < i); /* in the file itself */
        caused++;
    }
    assert_true(caused > 10);
    op_optrace_close(&merged);
    op_optrace_close(&whole);
}

static void test_follow(void **state)
{
    (void)state;
    op_optrace_t trace = {.file_count = 0};
    s_open_flow("webhook", &trace);
    bool *marked = op_alloc(trace.tape.event_count * sizeof *marked);
    assert_int_equal(op_optrace_mark(&trace, "nobody's", marked), 0);
    assert_int_equal(op_optrace_mark(&trace, "msg_00000000-0000-7000-8000-000000000000", marked),
                     0);
    size_t by_request = op_optrace_mark(&trace, "webhook-10", marked);
    assert_true(by_request > 5);
    /* From the request over the message to its event's post, and through the air. */
    bool send = false, text = false, post = false;
    size_t heard = 0, written = 0;
    char id[OP_ID_TEXT + 5] = "msg_";
    for (size_t i = 0; i < trace.tape.event_count; i++) {
        op_arena_t arena = {0};
        op_frame_t frame;
        if (marked[i] && op_frame_decode(trace.tape.events[i].bytes, &arena, &frame)) {
            send |= frame.type == &op_message_send_type;
            text |= frame.type == &op_text_send_type;
            post |= frame.type == &op_post_type;
            if (frame.type == &op_serial_bytes_type)
                ++*(trace.tape.events[i].what == OP_TRACE_SEND ? &written : &heard);
            assert_true(frame.type != &op_text_received_type); /* another message */
            if (frame.type == &op_message_view_type)
                op_id_print(((const op_message_view_t *)frame.body)->id, id + 4);
        }
        op_arena_free(&arena);
    }
    assert_true(send && text && post);
    assert_int_equal(written, 2); /* AT+CMGS, and the text */
    assert_int_equal(heard, 2);   /* the prompt, and the answer */
    assert_int_equal(op_optrace_mark(&trace, id, marked), by_request);
    assert_int_equal(op_optrace_mark(&trace, id + 4, marked), by_request);
    free(marked);
    op_optrace_close(&trace);
}

/*  ---- Made-up traces ---- */

static void s_heard(op_tape_t *tape, op_envelope_t envelope, const op_type_t *type,
                    const void *body)
{
    op_buf_t frame = {0};
    op_frame_encode(&envelope, type, body, &frame);
    op_tape_event_t event = {.what = OP_TRACE_RECEIVE,
                             .at = 1779304490000,
                             .bytes = op_arena_copy(&tape->arena, op_buf_str(&frame))};
    op_tape_add_event(tape, &event);
    op_buf_free(&frame);
}

static void s_put_in_order(op_optrace_t *trace)
{
    size_t count = trace->tape.event_count + 1;
    trace->order = op_alloc(count * sizeof *trace->order);
    trace->cause = op_alloc(count * sizeof *trace->cause);
    op_tape_order(&trace->tape, trace->order, trace->cause);
}

/*  One request id with many requests, each of which made something. */
static void test_follow_many(void **state)
{
    (void)state;
    enum { MANY = 300, EACH = 3 };
    op_optrace_t trace = {.file_count = 0};
    op_tape_add_actor(&trace.tape, OP_STR("ledger"), OP_STR("ledger"), 0);
    for (uint64_t i = 1; i <= MANY; i++) {
        op_str_t who = i % 2 ? OP_STR("http-2") : OP_STR("control");
        op_envelope_t ask = {.kind = OP_FRAME_REQUEST,
                             .from = who,
                             .to = OP_STR("ledger"),
                             .correlation = i,
                             .origin = who,
                             .request_id = OP_STR("many")};
        op_envelope_t reply = {
            .kind = OP_FRAME_REPLY, .from = OP_STR("ledger"), .to = who, .correlation = i};
        op_envelope_t tell = {
            .kind = OP_FRAME_TELL, .from = OP_STR("modem"), .to = OP_STR("ledger"), .sequence = i};
        op_message_view_t view = {.id = {{(uint8_t)i, (uint8_t)(i >> 8), 7}}};
        op_text_outcome_t outcome = {.text = view.id};
        s_heard(&trace.tape, ask, &op_nothing_type, &(op_nothing_t){0});
        s_heard(&trace.tape, reply, &op_message_view_type, &view);
        s_heard(&trace.tape, tell, &op_text_outcome_type, &outcome);
    }
    s_put_in_order(&trace);
    bool *marked = op_alloc(trace.tape.event_count * sizeof *marked);
    assert_int_equal(op_optrace_mark(&trace, "many", marked), MANY * EACH);
    /* By its correlation number, whoever asked. */
    assert_int_equal(op_optrace_mark(&trace, "201", marked), EACH);
    assert_int_equal(op_optrace_mark(&trace, "202", marked), EACH);
    assert_int_equal(op_optrace_mark(&trace, "0", marked), 0);
    free(marked);
    op_optrace_close(&trace);
}

/*  A text may hold what XML does not. */
static void test_svg_is_xml(void **state)
{
    (void)state;
    op_optrace_t trace = {.file_count = 0};
    op_tape_add_actor(&trace.tape, OP_STR("ledger"), OP_STR("ledger"), 0);
    op_envelope_t tell = {
        .kind = OP_FRAME_TELL, .from = OP_STR("modem"), .to = OP_STR("ledger"), .sequence = 1};
    op_text_received_t received = {.body = OP_STR("a\xef\xbf\xbe\xef\xbf\xbf<\xc3\xa9")};
    s_heard(&trace.tape, tell, &op_text_received_type, &received);
    op_str_t names[] = {OP_STR("modem"), OP_STR("ledger")};
    op_optrace_arrow_t arrow = {.from = names[0], .to = names[1]};
    op_buf_t picture = {0};
    op_optrace_svg(&trace.tape, names, 2, &arrow, 1, OP_PRINT_FULL, &picture);
    assert_true(s_holds(&picture, OP_STR("\"a\xef\xbf\xbd\xef\xbf\xbd&lt;\xc3\xa9\"")));
    op_buf_free(&picture);
    op_optrace_close(&trace);
}

/*  All events are the same, and the rows at the end are not; or one has no clean end. */
static void test_diff_of_ends(void **state)
{
    (void)state;
    op_optrace_t whole = {.file_count = 0};
    s_open_flow("send", &whole);
    char in[256], out[256];
    s_path("flow.trace", in);
    s_path("one.trace", out);
    op_optrace_options_t options = {.files = {in, out}, .file_count = 2};
    op_tape_actor_t *actor = &whole.tape.actors[0];
    assert_true(actor->ended);
    for (int change = 0; change < 4; change++) {
        actor->ended = change != 1;
        actor->rows_at_end += change == 2;
        actor->digest.bytes[31] ^= change == 3;
        unlink(out);
        assert_int_equal(op_optrace_save(&whole.tape, out), 0);
        assert_int_equal(op_optrace_diff(&options), change ? OP_OPTRACE_DIFFERS : OP_OPTRACE_OK);
        actor->rows_at_end -= change == 2;
    }
    unlink(out);
    op_optrace_close(&whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut),        cmocka_unit_test(test_cut_then_scrub),
        cmocka_unit_test(test_rotated),    cmocka_unit_test(test_merge),
        cmocka_unit_test(test_follow),     cmocka_unit_test(test_follow_many),
        cmocka_unit_test(test_svg_is_xml), cmocka_unit_test(test_diff_of_ends),
    };
    return cmocka_run_group_tests(tests, s_make_folder, s_remove_folder);
}
