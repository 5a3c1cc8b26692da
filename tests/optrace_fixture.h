/*  optrace_fixture.h - recorded flows in a folder of the test program, opened as optrace opens them */

#ifndef OP_TESTS_OPTRACE_FIXTURE_H
#define OP_TESTS_OPTRACE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>

#include "actors/replay.h"
#include "tests/trace_flows.h"
#include "tools/optrace/optrace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char s_folder[] = "/tmp/optrace.XXXXXX";

static inline void s_path(const char *name, char path[256])
{
    snprintf(path, 256, "%s/%s", s_folder, name);
}

static inline size_t s_flow(const char *name)
{
    size_t n = 0;
    while (trace_flow_name(n) && strcmp(trace_flow_name(n), name) != 0)
        n++;
    assert_non_null(trace_flow_name(n));
    return n;
}

static inline void s_open_flow(const char *name, op_optrace_t *trace)
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

static inline void s_replays(const op_tape_t *tape)
{
    op_buf_t report = {0};
    for (size_t i = 0; i < tape->actor_count; i++)
        if (!op_replay_actor(tape, i, OP_PRINT_MASKED, &report).same)
            fail_msg("%.*s", (int)report.size, report.at);
    op_buf_free(&report);
}

static inline bool s_holds(const op_buf_t *bytes, op_str_t text)
{
    return memmem(bytes->at, bytes->size, text.at, text.size) != NULL;
}

static inline int s_make_folder(void **state)
{
    (void)state;
    return mkdtemp(s_folder) ? 0 : -1;
}

static inline int s_remove_folder(void **state)
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

#endif
