/*  Frames. Property: a frame decodes or is refused, with memory bounded by a small multiple of its
    size; it prints as one line either way; and what decodes is the same value after it has been
    encoded and decoded once more. */

#include "tests/fuzz/fuzz.h"
#include "tests/value_fixture.h"

/*  The largest item of a list, plus what stands around it. An octet can declare one item. */
enum { S_ARENA_BASE = 2048, S_ARENA_FACTOR = 512 };

static void s_again(const op_envelope_t *envelope, const op_type_t *type, const void *value)
{
    op_arena_t arena = {0};
    op_buf_t first = {0}, second = {0};
    op_envelope_t again;
    op_str_t body;
    op_decode_t result;
    op_frame_encode(envelope, type, value, &first);
    FUZZ_CHECK(op_frame_open(op_buf_str(&first), &arena, &again, &body) == OP_DECODE_OK);
    FUZZ_CHECK(value_equal(&op_envelope_type, envelope, &again));
    const void *value_again = op_frame_body(type, body, &arena, &result);
    FUZZ_CHECK(value_again && value_equal(type, value, value_again));
    op_frame_encode(&again, type, value_again, &second);
    FUZZ_CHECK(op_str_equal(op_buf_str(&first), op_buf_str(&second)));
    op_buf_free(&first);
    op_buf_free(&second);
    op_arena_free(&arena);
}

static void s_print(op_str_t frame)
{
    op_buf_t line = {0};
    op_frame_print(frame, OP_PRINT_MASKED, &line);
    FUZZ_CHECK(line.size > 0);
    for (size_t i = 0; i < line.size; i++)
        FUZZ_CHECK((uint8_t)line.at[i] >= ' ');
    op_buf_free(&line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    op_str_t frame = op_str_of(data, size), body;
    op_arena_t arena = {0};
    op_envelope_t envelope;
    s_print(frame);
    if (op_frame_open(frame, &arena, &envelope, &body) == OP_DECODE_OK) {
        op_decode_t result;
        const op_type_t *type = op_message_type(envelope.type);
        FUZZ_CHECK(type);
        const void *value = op_frame_body(type, body, &arena, &result);
        FUZZ_CHECK((value != NULL) == (result == OP_DECODE_OK));
        if (value)
            s_again(&envelope, type, value);
    }
    FUZZ_CHECK(arena.used <= S_ARENA_BASE + S_ARENA_FACTOR * size);
    op_arena_free(&arena);
    return 0;
}
