/*  Traces, whatever their files hold. Property: none breaks an assertion; one that is refused is
    refused with a sentence; one that is read has no more events than op_trace_count has counted,
    and is written to octets that are read to the same; its events have an order, each once, every
    cause before its effect; and a listing and a replay of each actor come to an end.

    The input is taken twice: as a file, and as a script that makes records whose checksums are
    right: for each its kind and the actor's number (bits 0 to 2: what an event is, 7: no event;
    bits 3 to 5: which other record), the seconds since the last one, a size in one octet, bytes. */

#include "tests/fuzz/fuzz.h"

#include "actors/replay.h"
#include "base/instant.h"
#include "tools/optrace/optrace.h"

#include <stdlib.h>

enum { S_RECORDS_MAX = 200 };

static void s_check_order(const op_tape_t *tape)
{
    size_t count = tape->event_count;
    size_t *order = op_alloc((count + 1) * sizeof *order);
    size_t *cause = op_alloc((count + 1) * sizeof *cause);
    size_t *place = op_alloc((count + 1) * sizeof *place);
    for (size_t i = 0; i < count; i++)
        place[i] = OP_TAPE_NONE;
    op_tape_order(tape, order, cause);
    for (size_t i = 0; i < count; i++) {
        FUZZ_CHECK(order[i] < count && place[order[i]] == OP_TAPE_NONE);
        place[order[i]] = i;
    }
    for (size_t i = 0; i < count; i++)
        FUZZ_CHECK(cause[i] == OP_TAPE_NONE ||
                   (place[cause[i]] < place[i] && tape->events[i].what == OP_TRACE_RECEIVE &&
                    tape->events[cause[i]].what == OP_TRACE_SEND));
    op_optrace_t trace = {.tape = *tape, .order = order, .cause = cause};
    static const op_optrace_options_t all;
    op_buf_t text = {0};
    size_t found;
    op_optrace_listing(&trace, &all, &text, &found);
    FUZZ_CHECK(found == count);
    op_buf_free(&text);
    free(order);
    free(cause);
    free(place);
}

static void s_check_replay(const op_tape_t *tape)
{
    for (size_t i = 0; i < tape->actor_count; i++) {
        op_buf_t report = {0};
        op_replay_result_t result = op_replay_actor(tape, i, OP_PRINT_MASKED, &report);
        FUZZ_CHECK(result.same == (report.size == 0));
        FUZZ_CHECK(result.events <= tape->actors[i].event_count);
        op_buf_free(&report);
    }
}

static void s_check(op_str_t bytes)
{
    op_tape_t tape = {.actor_count = 0}, again = {.actor_count = 0};
    op_buf_t first = {0}, second = {0};
    char error[OP_TRACE_ERROR] = "";
    if (op_tape_read(&tape, bytes, OP_TAPE_TORN | OP_TAPE_GAPS, error) != 0)
        FUZZ_CHECK(strlen(error) > 10);
    else {
        FUZZ_CHECK(op_trace_count(bytes) >= tape.event_count);
        op_tape_write(&tape, &first);
        FUZZ_CHECK(op_tape_read(&again, op_buf_str(&first), OP_TAPE_GAPS, error) == 0);
        op_tape_write(&again, &second);
        FUZZ_CHECK(op_str_equal(op_buf_str(&first), op_buf_str(&second)));
        s_check_order(&tape);
        s_check_replay(&tape);
    }
    op_tape_free(&tape);
    op_tape_free(&again);
    op_buf_free(&first);
    op_buf_free(&second);
}

/*  ---- A script ---- */

static void s_start(uint64_t actor, int64_t at, op_buf_t *out)
{
    static const op_rate_setup_t setup = {1, 5, 10, 20, 3, 1, 3, 3, 2};
    op_buf_t bytes = {0};
    op_encode(&op_rate_setup_type, &setup, &bytes);
    op_trace_event_t event = {.actor = actor,
                              .what = OP_TRACE_START,
                              .at = at,
                              .type = op_rate_setup_type.number,
                              .bytes = op_buf_str(&bytes)};
    op_trace_add(&op_trace_event_type, &event, out);
    op_buf_free(&bytes);
}

static void s_other(unsigned kind, uint64_t actor, int64_t at, op_str_t bytes, op_buf_t *out)
{
    static const char *const names[] = {"rate", "other", "third"};
    op_trace_actor_t named = {actor, op_str(names[actor % 3]), OP_STR("rate"), 0};
    op_trace_row_t row = {actor, bytes, bytes};
    op_trace_digest_t digest = {.actor = actor, .rows = bytes.size};
    switch (kind) {
    case 0:
    case 1:
        op_trace_add(&op_trace_actor_type, &named, out);
        return;
    case 2:
    case 3:
        op_trace_add(&op_trace_row_type, &row, out);
        return;
    case 4:
    case 5:
        op_trace_add(&op_trace_digest_type, &digest, out);
        return;
    default:
        s_start(actor, at, out);
    }
}

static void s_script(op_str_t input, op_buf_t *out)
{
    int64_t at = INT64_C(1779304492000);
    op_trace_header_t header = {.format = OP_TRACE_FORMAT, .build = OP_STR("fuzz"), .started = at};
    op_catalogue_hash(&header.catalogue);
    op_trace_add(&op_trace_header_type, &header, out);
    for (size_t i = 0; input.size && i < S_RECORDS_MAX; i++) {
        uint8_t how = fuzz_octet(&input);
        at += fuzz_octet(&input) * OP_SECOND_MS;
        op_str_t bytes = fuzz_short(&input);
        unsigned what = how & 7;
        if (what == 7) {
            s_other(how >> 3 & 7, how >> 6, at, bytes, out);
            continue;
        }
        op_trace_event_t event = {
            .actor = how >> 6, .what = what, .at = at, .type = 0x401, .bytes = bytes};
        op_trace_add(&op_trace_event_type, &event, out);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    op_buf_t made = {0};
    s_check(op_str_of(data, size));
    s_script(op_str_of(data, size), &made);
    s_check(op_buf_str(&made));
    op_buf_free(&made);
    return 0;
}
