/*  test_traces.c - every recording in tests/traces does what it did

        test_traces FOLDER

    Each *.trace there is replayed: the same octets, the same rows. Beside it stands its listing, as
    `optrace print` gives it, so that a change of what actors say can be read in a review; a listing
    that is not its trace's fails.

    A new one is added by copying a file (scrubbed) into the folder. After an intended change,
    OP_UPDATE_TRACES=1 writes traces and listings anew: the flows of trace_flows.h are played again,
    any other trace is given its own inputs again. One that was recorded with other messages than
    this build's cannot be read, and has to be recorded anew where it came from. */

#include "actors/replay.h"
#include "tests/trace_flows.h"
#include "tools/optrace/optrace.h"

#include <setjmp.h>
#include <stdarg.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { FILES_MAX = 256, NAME_MAX_ = 1024 };

static const char *s_folder;
static char s_names[FILES_MAX][NAME_MAX_]; /* without ".trace" */
static size_t s_count;

static void s_path(size_t n, const char *ending, char path[NAME_MAX_])
{
    int size = snprintf(path, NAME_MAX_, "%s/%s%s", s_folder, s_names[n], ending);
    assert_true(size > 0 && size < NAME_MAX_);
}

static int s_by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void s_find(void)
{
    DIR *folder = opendir(s_folder);
    struct dirent *entry;
    s_count = 0;
    while (folder && (entry = readdir(folder))) {
        size_t size = strlen(entry->d_name);
        if (size <= 6 || strcmp(entry->d_name + size - 6, ".trace") != 0 || s_count == FILES_MAX)
            continue;
        snprintf(s_names[s_count++], NAME_MAX_, "%.*s", (int)size - 6, entry->d_name);
    }
    if (folder)
        closedir(folder);
    qsort(s_names, s_count, sizeof s_names[0], s_by_name);
}

static void s_write(const char *path, op_str_t bytes)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes.at, 1, bytes.size, file), bytes.size);
    assert_int_equal(fclose(file), 0);
}

static void s_read(const char *path, op_buf_t *bytes)
{
    FILE *file = fopen(path, "rb");
    char piece[4096];
    size_t size;
    if (!file)
        return;
    while ((size = fread(piece, 1, sizeof piece, file)) > 0)
        op_buf_add(bytes, piece, size);
    fclose(file);
}

/*  ---- Tests ---- */

static void test_replays(void **state)
{
    (void)state;
    assert_true(s_count >= 8);
    for (size_t n = 0; n < s_count; n++) {
        char path[NAME_MAX_];
        s_path(n, ".trace", path);
        op_optrace_t trace = {.file_count = 0};
        assert_int_equal(op_optrace_open(&trace, path, 0), 0);
        assert_true(trace.tape.actor_count > 0);
        op_buf_t report = {0};
        for (size_t i = 0; i < trace.tape.actor_count; i++) {
            op_replay_result_t result = op_replay_actor(&trace.tape, i, OP_PRINT_MASKED, &report);
            if (!result.same)
                fail_msg("%s: %.*s", path, (int)report.size, report.at);
            assert_int_equal(result.events, trace.tape.actors[i].event_count);
        }
        op_buf_free(&report);
        op_optrace_close(&trace);
    }
}

static void s_list(const char *path, op_buf_t *text)
{
    static const op_optrace_options_t all;
    op_optrace_t trace = {.file_count = 0};
    size_t found;
    assert_int_equal(op_optrace_open(&trace, path, 0), 0);
    op_optrace_listing(&trace, &all, text, &found);
    op_optrace_close(&trace);
}

static void test_listings(void **state)
{
    (void)state;
    for (size_t n = 0; n < s_count; n++) {
        char path[NAME_MAX_];
        op_buf_t expected = {0}, actual = {0};
        s_path(n, ".trace", path);
        s_list(path, &actual);
        s_path(n, ".txt", path);
        s_read(path, &expected);
        if (!op_str_equal(op_buf_str(&expected), op_buf_str(&actual)))
            fail_msg("%s is not what optrace print says now; OP_UPDATE_TRACES=1 writes it anew",
                     path);
        op_buf_free(&expected);
        op_buf_free(&actual);
    }
}

/*  The flows still give these very files: their code and their recordings belong together. */
static void test_flows(void **state)
{
    (void)state;
    for (size_t i = 0; trace_flow_name(i); i++) {
        op_buf_t recorded = {0}, played = {0};
        char path[NAME_MAX_];
        snprintf(path, sizeof path, "%s/%s.trace", s_folder, trace_flow_name(i));
        s_read(path, &recorded);
        trace_flow_record(i, &played);
        if (!op_str_equal(op_buf_str(&recorded), op_buf_str(&played)))
            fail_msg("%s is not what its flow gives now; OP_UPDATE_TRACES=1 writes it anew", path);
        op_buf_free(&recorded);
        op_buf_free(&played);
    }
}

/*  ---- Writing anew ---- */

/*  The same inputs in the same order, as a millisecond may hold many; what is said to them now. */
static void s_again(const op_tape_t *tape, op_tape_t *out)
{
    op_replay_t *replays[OP_TAPE_ACTORS_MAX];
    for (size_t a = 0; a < tape->actor_count; a++) {
        const op_tape_actor_t *from = &tape->actors[a];
        replays[a] = op_replay_new(from);
        assert_non_null(replays[a]);
        op_tape_add_actor(out, op_str(from->name), op_str(from->class), from->outbox_max);
        for (size_t r = 0; r < from->row_count; r++) {
            op_replay_row(replays[a], from->rows[r].key, from->rows[r].value);
            op_tape_add_row(out, a, from->rows[r].key, from->rows[r].value);
        }
    }
    for (size_t i = 0; i < tape->event_count; i++) {
        const op_tape_event_t *event = &tape->events[i];
        if (event->what == OP_TRACE_SEND)
            continue;
        op_tape_add_event(out, event);
        assert_int_equal(op_replay_give(replays[event->actor], event), 0);
        op_str_t said;
        while (event->what == OP_TRACE_COMMIT && op_replay_say(replays[event->actor], &said)) {
            op_tape_event_t send = {.what = OP_TRACE_SEND,
                                    .actor = event->actor,
                                    .at = event->at,
                                    .bytes = op_arena_copy(&out->arena, said)};
            op_tape_add_event(out, &send);
        }
    }
    for (size_t a = 0; a < tape->actor_count; a++) {
        out->actors[a].ended = tape->actors[a].ended;
        op_replay_digest(replays[a], &out->actors[a].rows_at_end, &out->actors[a].digest);
        op_replay_destroy(&replays[a]);
    }
}

static bool s_is_flow(const char *name)
{
    for (size_t i = 0; trace_flow_name(i); i++)
        if (strcmp(name, trace_flow_name(i)) == 0)
            return true;
    return false;
}

static void s_update_other(const char *path)
{
    op_optrace_t trace = {.file_count = 0};
    assert_int_equal(op_optrace_open(&trace, path, 0), 0);
    op_tape_t out = {.header = trace.tape.header};
    s_again(&trace.tape, &out);
    op_buf_t bytes = {0};
    op_tape_write(&out, &bytes);
    s_write(path, op_buf_str(&bytes));
    op_buf_free(&bytes);
    op_tape_free(&out);
    op_optrace_close(&trace);
}

static void test_update(void **state)
{
    (void)state;
    for (size_t i = 0; trace_flow_name(i); i++) {
        op_buf_t bytes = {0};
        char path[NAME_MAX_];
        snprintf(path, sizeof path, "%s/%s.trace", s_folder, trace_flow_name(i));
        trace_flow_record(i, &bytes);
        s_write(path, op_buf_str(&bytes));
        op_buf_free(&bytes);
    }
    s_find();
    for (size_t n = 0; n < s_count; n++) {
        char path[NAME_MAX_];
        op_buf_t text = {0};
        s_path(n, ".trace", path);
        if (!s_is_flow(s_names[n]))
            s_update_other(path);
        s_list(path, &text);
        s_path(n, ".txt", path);
        s_write(path, op_buf_str(&text));
        op_buf_free(&text);
    }
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    s_folder = argv[1];
    s_find();
    const struct CMUnitTest update[] = {cmocka_unit_test(test_update)};
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_replays),
                                       cmocka_unit_test(test_listings),
                                       cmocka_unit_test(test_flows)};
    const char *wanted = getenv("OP_UPDATE_TRACES");
    if (wanted && strcmp(wanted, "1") == 0 && cmocka_run_group_tests(update, NULL, NULL) != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
