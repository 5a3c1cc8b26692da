/*  seeds.c - writes the corpora whose files hold encoded messages

        fuzz_seeds CORPUS

    makes CORPUS/frame, CORPUS/record and CORPUS/actor anew from the declarations. Worth running
    when these have changed: a seed that no longer decodes still passes, but explores nothing. */

#include "tests/fuzz/fuzz.h"
#include "tests/value_fixture.h"

#include "base/instant.h"
#include "store/record.h"

#include <stdio.h>

enum { S_FILES_MAX = 40, S_SIZE_MAX = 2048 };

/*  In the order of fuzz_actor.c. */
static const char *const s_cores[] = {"rate", "auth", "ledger", "modem", "webhook"};

#define S_NOW   INT64_C(1779304492000)
#define S_PHONE "+14155550100"

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
        op_envelope_t envelope = s_envelope(
            (op_frame_kind_t)(OP_FRAME_REQUEST + i % OP_FRAME_RESUME), OP_STR("\x0d\x16"));
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

/*  Values with which a core gets further than with random ones: the same phone, the same id,
    one. */
static void s_plausible(const op_type_t *type, char *value)
{
    static const op_id_t id = {{7}};
    const op_str_t phone = OP_STR(S_PHONE), text = OP_STR("07000000-0000-0000-0000-000000000000");
    for (size_t i = 0; i < type->field_count; i++) {
        const op_field_t *field = &type->fields[i];
        bool names = strstr(field->name, "number") || strstr(field->name, "line") ||
                     strcmp(field->name, "from") == 0 || strcmp(field->name, "to") == 0;
        if (field->kind == OP_KIND_PHONE || (field->kind == OP_KIND_TEXT && names))
            memcpy(value + field->offset, &phone, sizeof phone);
        else if (field->kind == OP_KIND_TEXT && strstr(field->name, "id") &&
                 field->max >= text.size)
            memcpy(value + field->offset, &text, sizeof text);
        else if (field->kind == OP_KIND_ID || field->kind == OP_KIND_MSG_ID)
            memcpy(value + field->offset, &id, sizeof id);
        else if (field->kind == OP_KIND_U64)
            memcpy(value + field->offset, &(uint64_t){1}, sizeof(uint64_t));
        else if (field->kind == OP_KIND_NESTED)
            s_plausible(field->item, value + field->offset);
    }
}

/*  A script for one core (fuzz_actor.c), written to a new file whenever one is full. */
typedef struct {
    const char *corpus;
    size_t core;
    const char *what;
    unsigned files;
    op_buf_t bytes;
} s_script_t;

static void s_flush(s_script_t *self)
{
    if (self->bytes.size == 0)
        return;
    op_buf_t name = {0};
    op_buf_printf(&name, "%s_%s_%u", s_cores[self->core], self->what, ++self->files);
    op_buf_add_byte(&name, 0);
    s_write(self->corpus, "actor", name.at, &self->bytes);
    op_buf_free(&name);
}

/*  Twice each: the second one finds what the first has left. */
static void s_line(s_script_t *self, const op_envelope_t *envelope, const op_type_t *type,
                   const void *body)
{
    op_buf_t frame = {0};
    op_frame_encode(envelope, type, body, &frame);
    if (self->bytes.size + 2 * (3 + frame.size) > S_SIZE_MAX - 1)
        s_flush(self);
    if (self->bytes.size == 0)
        op_buf_add_byte(&self->bytes, (uint8_t)self->core);
    for (int i = 0; i < 2; i++) {
        op_buf_add_byte(&self->bytes, i ? 0x41 : 0x80);
        op_buf_add_byte(&self->bytes, (uint8_t)(frame.size >> 8));
        op_buf_add_byte(&self->bytes, (uint8_t)frame.size);
        op_buf_add_str(&self->bytes, op_buf_str(&frame));
    }
    op_buf_free(&frame);
}

static void s_requests(s_script_t *script, const op_type_t *type, const void *body)
{
    static bool any[OP_STEP_END]; /* one message is enough for a step that takes all */
    for (unsigned step = 1; step < OP_STEP_END; step++) {
        bool takes_all = op_step_takes(step, &op_nothing_type);
        if (strcmp(op_step_actor(step), s_cores[script->core]) != 0 || any[step] ||
            !op_step_takes(step, type))
            continue;
        any[step] = takes_all;
        const char slip[] = {(char)step, OP_STEP_RATE_ADDRESS}; /* somewhere to forward to */
        op_envelope_t envelope = s_envelope(OP_FRAME_REQUEST, op_str_of(slip, sizeof slip));
        envelope.to = op_str(s_cores[script->core]);
        s_line(script, &envelope, type, body);
    }
}

/*  Numbers of messages: 0x100 and up, requests and replies; 0x200, tells; 0x300, notes. */
static void s_scripts(const char *corpus, size_t core, op_arena_t *arena)
{
    size_t count;
    uint64_t seed = 3, sequence = 0;
    s_script_t requests = {corpus, core, "requests", 0, {0}};
    s_script_t tells = {corpus, core, "tells", 0, {0}}, notes = {corpus, core, "notes", 0, {0}};
    const op_type_t *const *types = op_message_types(&count);
    for (size_t i = 0; i < count; i++) {
        void *body = value_make(types[i], VALUE_TYPICAL, &seed, arena);
        s_plausible(types[i], body);
        op_envelope_t envelope = s_envelope(OP_FRAME_NOTE, (op_str_t){0});
        envelope.to = op_str(s_cores[core]);
        if (types[i]->number >= 0x100 && types[i]->number < 0x200) {
            s_requests(&requests, types[i], body);
        } else if (types[i]->number >= 0x200 && types[i]->number < 0x300) {
            envelope.kind = OP_FRAME_TELL;
            envelope.sequence = ++sequence;
            s_line(&tells, &envelope, types[i], body);
        } else if (types[i]->number >= 0x300 && types[i]->number < 0x400) {
            s_line(&notes, &envelope, types[i], body);
        }
    }
    s_flush(&requests);
    s_flush(&tells);
    s_flush(&notes);
    op_buf_free(&requests.bytes);
    op_buf_free(&tells.bytes);
    op_buf_free(&notes.bytes);
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
    for (size_t core = 0; core < OP_COUNT(s_cores); core++)
        s_scripts(argv[1], core, &arena);
    op_arena_free(&arena);
    op_buf_free(&bytes);
    return s_status;
}
