/*  What optrace makes of traces: scrubbed, cut and merged ones still replay, hold what they should
    and nothing else. The command line itself is tried by optrace.sh. */

#include <setjmp.h>
#include <stdarg.h>

#include "actors/replay.h"
#include "modem/pdu.h"
#include "tests/trace_flows.h"
#include "tools/optrace/optrace.h"
#include "tools/optrace/scrub.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char s_folder[] = "/tmp/optrace.XXXXXX";

/*  ---- Files ---- */

static void s_path(const char *name, char path[256])
{
    snprintf(path, 256, "%s/%s", s_folder, name);
}

static size_t s_flow(const char *name)
{
    size_t n = 0;
    while (trace_flow_name(n) && strcmp(trace_flow_name(n), name) != 0)
        n++;
    assert_non_null(trace_flow_name(n));
    return n;
}

static void s_open_flow(const char *name, op_optrace_t *trace)
{
    char path[256];
    op_buf_t bytes = {0};
    s_path("flow.trace", path);
    trace_flow_record(s_flow(name), &bytes);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes.at, 1, bytes.size, file), bytes.size);
    assert_int_equal(fclose(file), 0);
    op_buf_free(&bytes);
    assert_int_equal(op_optrace_open(trace, path, 0), 0);
}

static void s_replays(const op_tape_t *tape)
{
    op_buf_t report = {0};
    for (size_t i = 0; i < tape->actor_count; i++)
        if (!op_replay_actor(tape, i, OP_PRINT_MASKED, &report).same)
            fail_msg("%.*s", (int)report.size, report.at);
    op_buf_free(&report);
}

static bool s_holds(const op_buf_t *bytes, op_str_t text)
{
    return memmem(bytes->at, bytes->size, text.at, text.size) != NULL;
}

/*  ---- Scrubbing ---- */

/*  Every secret that an actor gave out, and every code. */
static void s_secrets_gone(const op_tape_t *old, const op_buf_t *now, size_t *secrets)
{
    for (size_t i = 0; i < old->event_count; i++) {
        op_arena_t arena = {0};
        op_leaves_t leaves = {0};
        op_frame_t frame;
        if (op_frame_decode(old->events[i].bytes, &arena, &frame))
            op_leaves_add(&leaves, frame.type, frame.body);
        for (size_t l = 0; l < leaves.count; l++) {
            op_str_t text = {0};
            if (leaves.at[l].field->kind == OP_KIND_SECRET ||
                leaves.at[l].field->kind == OP_KIND_BODY)
                text = op_leaf_text(&leaves.at[l]);
            if (text.size == 0)
                continue;
            assert_false(s_holds(now, text));
            ++*secrets;
        }
        free(leaves.at);
        op_arena_free(&arena);
    }
}

static void test_scrub(void **state)
{
    (void)state;
    static const char *const people[] = {
        "4155550101",   "4155550102", "4155550103",    "4155550777", "6176088932", "6176088933",
        "4151550577F7", "my agent",   "agent.example", "abc123",     "127.0.0.1",  "Anybody"};
    size_t secrets = 0;
    for (size_t n = 0; trace_flow_name(n); n++) {
        op_optrace_t trace = {.file_count = 0};
        s_open_flow(trace_flow_name(n), &trace);
        uint8_t key[OP_PSEUDONYM_KEY] = {(uint8_t)n};
        char error[OP_TRACE_ERROR] = "";
        op_tape_t first, again, other;
        op_buf_t bytes = {0}, bytes_again = {0}, bytes_other = {0};
        if (op_optrace_scrubbed(&trace, key, &first, error) != 0)
            fail_msg("%s: %s", trace_flow_name(n), error);
        s_replays(&first);
        op_tape_write(&first, &bytes);
        for (size_t i = 0; i < OP_COUNT(people); i++)
            if (s_holds(&bytes, op_str(people[i])))
                fail_msg("%s: \"%s\" is still there", trace_flow_name(n), people[i]);
        s_secrets_gone(&trace.tape, &bytes, &secrets);
        assert_int_equal(first.event_count, trace.tape.event_count);
        for (size_t i = 0; i < first.event_count; i++) {
            const op_tape_event_t *old = &trace.tape.events[trace.order[i]];
            assert_int_equal(first.events[i].what, old->what);
            assert_int_equal(first.events[i].at, old->at);
        }
        /* The key decides, and nothing else. */
        assert_int_equal(op_optrace_scrubbed(&trace, key, &again, error), 0);
        op_tape_write(&again, &bytes_again);
        assert_true(op_str_equal(op_buf_str(&bytes), op_buf_str(&bytes_again)));
        key[31] = 1;
        assert_int_equal(op_optrace_scrubbed(&trace, key, &other, error), 0);
        op_tape_write(&other, &bytes_other);
        assert_false(op_str_equal(op_buf_str(&bytes), op_buf_str(&bytes_other)));
        op_tape_free(&first);
        op_tape_free(&again);
        op_tape_free(&other);
        op_buf_free(&bytes);
        op_buf_free(&bytes_again);
        op_buf_free(&bytes_other);
        op_optrace_close(&trace);
    }
    assert_true(secrets > 20);
}

/*  Frames between actors stay one thing at both ends. */
static void test_scrub_keeps_causes(void **state)
{
    (void)state;
    op_optrace_t trace = {.file_count = 0};
    s_open_flow("webhook", &trace);
    uint8_t key[OP_PSEUDONYM_KEY] = {9};
    char error[OP_TRACE_ERROR];
    op_tape_t out;
    assert_int_equal(op_optrace_scrubbed(&trace, key, &out, error), 0);
    size_t count = out.event_count, caused = 0;
    size_t *order = op_alloc(count * sizeof *order), *cause = op_alloc(count * sizeof *cause);
    op_tape_order(&out, order, cause);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(cause[i] == OP_TAPE_NONE, trace.cause[trace.order[i]] == OP_TAPE_NONE);
        caused += cause[i] != OP_TAPE_NONE;
    }
    assert_true(caused > 10);
    free(order);
    free(cause);
    op_tape_free(&out);
    op_optrace_close(&trace);
}

/*  A trace that does not replay cannot be scrubbed. */
static void test_scrub_refuses(void **state)
{
    (void)state;
    op_optrace_t trace = {.file_count = 0};
    s_open_flow("send", &trace);
    for (size_t i = 0; i < trace.tape.event_count; i++)
        if (trace.tape.events[i].what == OP_TRACE_SEND)
            trace.tape.events[i].bytes.size--;
    uint8_t key[OP_PSEUDONYM_KEY] = {9};
    char error[OP_TRACE_ERROR];
    op_tape_t out;
    assert_int_equal(op_optrace_scrubbed(&trace, key, &out, error), -1);
    assert_non_null(strstr(error, "does not replay"));
    op_tape_free(&out);
    op_optrace_close(&trace);
}

/*  ---- Pseudonyms ---- */

static void test_forms(void **state)
{
    (void)state;
    static const struct {
        op_str_t (*make)(const op_pseudonym_t *, op_str_t, op_arena_t *);
        const char *text;
        const char *form; /* d digit, a and A letters, x digit or letter, ? anything else */
    } cases[] = {{op_pseudonym_phone, "+14155550101", "+1dddddddddd"},
                 {op_pseudonym_phone, "+4915112345678", "+49ddddddddddd"},
                 {op_pseudonym_peer, "72345", "ddddd"},
                 {op_pseudonym_peer, "MyBank", "AaAaaa"},
                 {op_pseudonym_words, "Dinner at 8? [x]", "Aaaaaa aa d? [a]"},
                 {op_pseudonym_words, "5 \xe2\x82\xac", "d \xe2\x82\xac"},
                 {op_pseudonym_words, "\xff!", "\xff!"},
                 {op_pseudonym_address, "127.0.0.1", "ddd.d.d.d"},
                 {op_pseudonym_address, "2001:db8::1", "xxxx:xxx::x"},
                 {op_pseudonym_url, "https://a.b/c?d=1", "https://a.a/a?a=d"},
                 {op_pseudonym_secret, "op_live_Ab1", "op_live_Aad"},
                 {op_pseudonym_secret, "123456", "dddddd"},
                 {op_pseudonym_words, "", ""}};
    uint8_t key[OP_PSEUDONYM_KEY] = {5};
    op_pseudonym_t names;
    op_arena_t arena = {0};
    op_pseudonym_init(&names, key);
    for (size_t c = 0; c < OP_COUNT(cases); c++) {
        op_str_t made = cases[c].make(&names, op_str(cases[c].text), &arena);
        op_str_t same = cases[c].make(&names, op_str(cases[c].text), &arena);
        assert_true(op_str_equal(made, same));
        assert_int_equal(made.size, strlen(cases[c].text));
        for (size_t i = 0; i < made.size; i++) {
            char form = cases[c].form[i], one = made.at[i];
            bool digit = one >= '0' && one <= '9', small = one >= 'a' && one <= 'z';
            bool big = one >= 'A' && one <= 'Z';
            bool literal = i < strcspn(cases[c].form, ":/_") && strchr(cases[c].form, '/');
            if (strchr(cases[c].form, '_') && i < 8)
                literal = true;
            bool good = literal       ? one == form
                        : form == 'd' ? digit
                        : form == 'a' ? small
                        : form == 'A' ? big
                        : form == 'x' ? digit || small
                                      : one == form;
            if (!good)
                fail_msg("%s became %.*s", cases[c].text, (int)made.size, made.at);
        }
    }
    op_str_t phone = op_pseudonym_phone(&names, OP_STR("+14155550101"), &arena);
    assert_true(op_phone_valid(phone));
    op_arena_free(&arena);
    op_pseudonym_free(&names);
}

static void test_learned(void **state)
{
    (void)state;
    uint8_t key[OP_PSEUDONYM_KEY] = {5};
    op_pseudonym_t names;
    op_pseudonym_init(&names, key);
    op_str_t now;
    assert_false(op_pseudonym_known(&names, OP_STR("x"), &now));
    char old[16], later[16];
    for (int i = 0; i < 1000; i++) {
        snprintf(old, sizeof old, "old %d", i);
        snprintf(later, sizeof later, "new %d", i);
        op_pseudonym_learn(&names, op_str(old), op_str(later));
    }
    op_pseudonym_learn(&names, OP_STR("old 7"), OP_STR("another"));
    for (int i = 0; i < 1000; i++) {
        snprintf(old, sizeof old, "old %d", i);
        snprintf(later, sizeof later, "new %d", i);
        assert_true(op_pseudonym_known(&names, op_str(old), &now));
        assert_true(op_str_is(now, later));
    }
    assert_false(op_pseudonym_known(&names, OP_STR("old 1000"), &now));
    op_pseudonym_free(&names);
}

/*  A message from a tty, in every alphabet: another sender and text, the same form. */
static void test_pdus(void **state)
{
    (void)state;
    static const op_alphabet_t alphabets[] = {OP_ALPHABET_GSM7, OP_ALPHABET_8BIT, OP_ALPHABET_UCS2};
    static const char text[] = "Hi 5 [\x1b(";
    uint8_t key[OP_PSEUDONYM_KEY] = {6};
    op_pseudonym_t names;
    op_arena_t arena = {0};
    op_pseudonym_init(&names, key);
    for (size_t a = 0; a < OP_COUNT(alphabets); a++) {
        op_pdu_t pdu = {.kind = OP_PDU_DELIVER,
                        .user = {.dcs = op_dcs_of(alphabets[a]), .alphabet = alphabets[a]}};
        assert_int_equal(op_address_from(OP_STR("+14155550777"), &pdu.peer), 0);
        pdu.stamp.instant = INT64_C(1779304492000);
        pdu.user.count = 8;
        memcpy(pdu.user.units, text, 8);
        op_buf_t hex = {0}, stream = {0};
        assert_int_equal(op_pdu_encode(&pdu, &hex), OP_PDU_OK);
        op_str_t other = op_scrub_pdu(&names, op_buf_str(&hex), &arena);
        op_pdu_t now;
        assert_int_equal(op_pdu_decode(other, &now), OP_PDU_OK);
        assert_int_equal(other.size, hex.size);
        assert_int_equal(now.user.count, 8);
        assert_int_equal(now.stamp.instant, pdu.stamp.instant);
        assert_true(op_phone_valid(op_str(now.peer.text)));
        assert_string_not_equal(now.peer.text, pdu.peer.text);
        assert_memory_not_equal(now.user.units, pdu.user.units, 8);
        /* The same in a stream, between what stays; a number and an IMEI. */
        op_buf_printf(&stream,
                      "\r\n+CMGR: 0,,33\r\n%.*s\r\n\r\nOK\r\n+CNUM: ,\"+14155550777\",145"
                      "\r\n867530901234567\r\n+CMS ERROR: 500\r\n",
                      (int)hex.size, hex.at);
        size_t size = stream.size;
        op_scrub_serial(&names, stream.at, stream.size);
        assert_int_equal(stream.size, size);
        assert_true(s_holds(&stream, other));
        assert_true(s_holds(&stream, OP_STR("\r\n+CMGR: 0,,33\r\n")));
        assert_true(s_holds(&stream, OP_STR("\",145\r\n")));
        assert_true(s_holds(&stream, OP_STR("\r\n+CMS ERROR: 500\r\n")));
        assert_true(s_holds(&stream, op_str(now.peer.text))); /* the same person */
        assert_false(s_holds(&stream, OP_STR("4155550777")));
        assert_false(s_holds(&stream, OP_STR("8675309")));
        op_buf_free(&hex);
        op_buf_free(&stream);
    }
    op_arena_free(&arena);
    op_pseudonym_free(&names);
}

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

static int s_make_folder(void **state)
{
    (void)state;
    return mkdtemp(s_folder) ? 0 : -1;
}

static int s_remove_folder(void **state)
{
    (void)state;
    static const char *const names[] = {"flow.trace", "cut.trace", "merged.trace", "one.trace",
                                        "two.trace"};
    for (size_t i = 0; i < OP_COUNT(names); i++) {
        char path[256];
        s_path(names[i], path);
        unlink(path);
    }
    return rmdir(s_folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scrub),         cmocka_unit_test(test_scrub_keeps_causes),
        cmocka_unit_test(test_scrub_refuses), cmocka_unit_test(test_forms),
        cmocka_unit_test(test_learned),       cmocka_unit_test(test_pdus),
        cmocka_unit_test(test_cut),           cmocka_unit_test(test_cut_then_scrub),
        cmocka_unit_test(test_rotated),       cmocka_unit_test(test_merge),
        cmocka_unit_test(test_follow),
    };
    return cmocka_run_group_tests(tests, s_make_folder, s_remove_folder);
}
