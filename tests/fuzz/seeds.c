/*  seeds.c - writes the corpora whose files hold encoded messages

        fuzz_seeds CORPUS

    makes CORPUS/frame, CORPUS/record and CORPUS/actor anew from the declarations. Worth running when
    these have changed: a seed that no longer decodes still passes, but explores nothing. */

#include "tests/fuzz/fuzz.h"
#include "tests/value_fixture.h"

#include "base/instant.h"
#include "store/record.h"

#include <stdio.h>

enum { S_FILES_MAX = 40, S_SIZE_MAX = 2048 };

#define S_NOW INT64_C(1779304492000)

static int s_status;

static void s_write(const char *corpus, const char *target, const char *name, op_buf_t *bytes)
{
    op_buf_t path = {0};
    op_buf_printf(&path, "%s/%s/%s", corpus, target, name);
    op_buf_add_byte(&path, 0);
    FILE *file = bytes->size <= S_SIZE_MAX ? fopen(path.at, "wb") : NULL;
    if (!file || fwrite(bytes->at, 1, bytes->size, file) != bytes->size || fclose(file) != 0) {
        fprintf(stderr, "%s: not written\n", path.at);
        s_status = 1;
    }
    op_buf_free(&path);
    op_buf_clear(bytes);
}

static op_envelope_t s_envelope(op_frame_kind_t kind, op_str_t slip)
{
    return (op_envelope_t){
        .kind = kind,
        .from = OP_STR("http"),
        .to = OP_STR("rate"),
        .origin = OP_STR("http"),
        .correlation = 77,
        .request_id = OP_STR("req-77"),
        .deadline = S_NOW + OP_DAY_MS,
        .slip = slip,
        .context = {.address = OP_STR("192.0.2.9"), .session = {{7}}, .key = {{8}}, .limit = 60}};
}

/*  Messages in turn under all kinds of envelope. With more types than files, every second or third
    one: their fields are of the same kinds. */
static void s_frames(const char *corpus, op_arena_t *arena, op_buf_t *bytes)
{
    size_t count;
    uint64_t seed = 1;
    const op_type_t *const *types = op_message_types(&count);
    for (size_t i = 0; i < count; i += 1 + count / S_FILES_MAX) {
        op_envelope_t envelope =
            s_envelope((op_frame_kind_t)(OP_FRAME_REQUEST + i % OP_FRAME_NOTE), OP_STR("\x0d\x16"));
        const void *value = value_make(types[i], VALUE_TYPICAL, &seed, arena);
        op_frame_encode(&envelope, types[i], value, bytes);
        s_write(corpus, "frame", types[i]->name, bytes);
    }
}

/*  The octet that chooses the type, then what stands behind the head. */
static void s_records(const char *corpus, op_arena_t *arena, op_buf_t *bytes)
{
    size_t count;
    uint64_t seed = 2;
    const op_type_t *const *types = op_record_types(&count);
    for (size_t i = 0; i < count && i < S_FILES_MAX; i++) {
        op_buf_add_byte(bytes, (uint8_t)i);
        op_encode(types[i], value_make(types[i], VALUE_TYPICAL, &seed, arena), bytes);
        s_write(corpus, "record", types[i]->name, bytes);
    }
}

/*  Appends a line of the actor's script (fuzz_actor.c). */
static void s_line(op_buf_t *script, uint8_t how, const op_envelope_t *envelope,
                   const op_type_t *type, const void *body)
{
    op_buf_t frame = {0};
    op_frame_encode(envelope, type, body, &frame);
    op_buf_add_byte(script, how);
    op_buf_add_byte(script, (uint8_t)(frame.size >> 8));
    op_buf_add_byte(script, (uint8_t)frame.size);
    op_buf_add_str(script, op_buf_str(&frame));
    op_buf_free(&frame);
}

static void s_request(op_buf_t *script, uint8_t how, uint8_t step, uint8_t next,
                      const op_type_t *type, const void *body)
{
    char steps[] = {(char)step, (char)next};
    op_envelope_t envelope =
        s_envelope(OP_FRAME_REQUEST, op_str_of(steps, next ? sizeof steps : 1));
    s_line(script, how, &envelope, type, body);
}

static void s_scripts(const char *corpus, op_buf_t *bytes)
{
    op_nothing_t nothing = {0};
    op_auth_start_t start = {OP_STR("+14155550100")};
    op_message_send_t send = {OP_STR("+14155550101"), OP_STR("hello")};
    op_rate_return_t back = {.key = {{8}}};
    for (uint8_t i = 0; i < 4; i++)
        s_request(bytes, 0, OP_STEP_RATE_ADDRESS, 0, &op_nothing_type, &nothing);
    s_write(corpus, "actor", "address", bytes);
    for (uint8_t i = 0; i < 3; i++)
        s_request(bytes, 0x40 | 20, OP_STEP_RATE_START, OP_STEP_AUTH_START, &op_auth_start_type,
                  &start);
    s_write(corpus, "actor", "start", bytes);
    s_request(bytes, 0, OP_STEP_RATE_CONSOLE, OP_STEP_AUTH_LOGOUT, &op_nothing_type, &nothing);
    s_request(bytes, 0x80, OP_STEP_RATE_READ, OP_STEP_LEDGER_NUMBER, &op_nothing_type, &nothing);
    s_write(corpus, "actor", "console_and_read", bytes);
    op_envelope_t note = s_envelope(OP_FRAME_NOTE, (op_str_t){0});
    s_request(bytes, 0, OP_STEP_RATE_SEND, OP_STEP_LEDGER_SUBMIT, &op_message_send_type, &send);
    s_line(bytes, 0x40, &note, &op_rate_return_type, &back);
    s_request(bytes, 1, OP_STEP_RATE_SEND, OP_STEP_LEDGER_SUBMIT, &op_message_send_type, &send);
    s_write(corpus, "actor", "send_and_return", bytes);
    op_envelope_t tell = s_envelope(OP_FRAME_TELL, (op_str_t){0});
    for (tell.sequence = 1; tell.sequence <= 3; tell.sequence++)
        s_line(bytes, 0, &tell, &op_nothing_type, &nothing);
    tell.sequence = 9;
    s_line(bytes, 0x40, &tell, &op_nothing_type, &nothing);
    op_envelope_t ack = s_envelope(OP_FRAME_ACK, (op_str_t){0});
    ack.sequence = 2;
    s_line(bytes, 0xff, &ack, &op_nothing_type, &nothing);
    s_write(corpus, "actor", "tells", bytes);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s CORPUS\n", argv[0]);
        return 2;
    }
    op_arena_t arena = {0};
    op_buf_t bytes = {0};
    s_frames(argv[1], &arena, &bytes);
    s_records(argv[1], &arena, &bytes);
    s_scripts(argv[1], &bytes);
    op_arena_free(&arena);
    op_buf_free(&bytes);
    return s_status;
}
