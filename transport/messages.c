#include "transport/messages.h"

#include "transport/print.h"

#include <sodium.h>
#include <string.h>

#define OP_DECLARE_TABLES
#include "transport/declare.h"

#include "transport/messages.def"

#include "transport/undeclare.h"

static const op_type_t *const s_types[] = {
#define OP_DECLARE_LIST
#include "transport/declare.h"

#include "transport/messages.def"

#include "transport/undeclare.h"
};

static const op_type_t *const s_by_number[] = {
#define OP_DECLARE_INDEX
#include "transport/declare.h"

#include "transport/messages.def"

#include "transport/undeclare.h"
};

static const struct {
    const char *actor;
    const char *name;
    const char *takes;
} s_steps[] = {
    {NULL, NULL, NULL},
#define STEP(ACTOR, VERB, actor, verb, takes, doc) {#actor, #actor "." verb, #takes},
#include "transport/steps.def"
#undef STEP
};

_Static_assert(OP_COUNT(s_steps) == OP_STEP_END, "one row per step");
_Static_assert(OP_STEP_END < 256, "a step is one octet of a slip");

const char *op_step_actor(unsigned step)
{
    return step < OP_STEP_END ? s_steps[step].actor : NULL;
}

const char *op_step_name(unsigned step)
{
    return step < OP_STEP_END ? s_steps[step].name : NULL;
}

bool op_step_takes(unsigned step, const op_type_t *type)
{
    if (step == OP_STEP_NONE || step >= OP_STEP_END)
        return false;
    const char *takes = s_steps[step].takes;
    return strcmp(takes, "any") == 0 || strcmp(takes, type->name) == 0;
}

const op_type_t *const *op_message_types(size_t *count)
{
    *count = OP_COUNT(s_types);
    return s_types;
}

const op_type_t *op_message_type(uint64_t number)
{
    return number < OP_COUNT(s_by_number) ? s_by_number[number] : NULL;
}

void op_frame_encode(const op_envelope_t *envelope, const op_type_t *type, const void *body,
                     op_buf_t *out)
{
    op_envelope_t head = *envelope;
    head.type = type->number;
    op_encode(&op_envelope_type, &head, out);
    op_encode(type, body, out);
}

op_decode_t op_frame_open(op_str_t frame, op_arena_t *arena, op_envelope_t *envelope,
                          op_str_t *body)
{
    if (frame.size > OP_FRAME_MAX)
        return OP_DECODE_LIMIT;
    op_str_t rest = frame;
    op_decode_t result = op_decode(&op_envelope_type, &rest, arena, envelope);
    if (result != OP_DECODE_OK)
        return result;
    if (envelope->kind < OP_FRAME_REQUEST || envelope->kind > OP_FRAME_RESUME)
        return OP_DECODE_TYPE;
    if (!op_message_type(envelope->type))
        return OP_DECODE_TYPE;
    *body = rest;
    return OP_DECODE_OK;
}

const void *op_frame_body(const op_type_t *type, op_str_t body, op_arena_t *arena,
                          op_decode_t *result)
{
    void *value = op_arena_room(arena, type->size);
    *result = op_decode(type, &body, arena, value);
    if (*result == OP_DECODE_OK && body.size)
        *result = OP_DECODE_LIMIT; /* something stands behind the message */
    return *result == OP_DECODE_OK ? value : NULL;
}

const char *op_frame_kind_name(uint64_t kind)
{
    static const char *const names[] = {"?", "request", "reply", "tell", "ack", "note", "resume"};
    return kind < OP_COUNT(names) ? names[kind] : "?";
}

/*  A name out of a frame, on one line whatever it holds. */
static void s_print_name(op_str_t name, op_buf_t *out)
{
    for (size_t i = 0; i < name.size; i++)
        op_buf_add_byte(out, name.at[i] > 0x20 && name.at[i] < 0x7f ? (uint8_t)name.at[i] : '?');
}

void op_frame_print(op_str_t frame, op_print_t how, op_buf_t *out)
{
    op_arena_t arena = {0};
    op_envelope_t envelope;
    op_str_t body;
    op_decode_t result = op_frame_open(frame, &arena, &envelope, &body);
    if (result != OP_DECODE_OK) {
        op_buf_printf(out, "bad frame of %zu bytes: %s", frame.size, op_decode_text(result));
        op_arena_free(&arena);
        return;
    }
    op_buf_printf(out, "%s ", op_frame_kind_name(envelope.kind));
    s_print_name(envelope.from, out);
    op_buf_add_str(out, OP_STR(" > "));
    s_print_name(envelope.to, out);
    if (envelope.sequence)
        op_buf_printf(out, " #%llu", (unsigned long long)envelope.sequence);
    if (envelope.correlation)
        op_buf_printf(out, " ~%llu", (unsigned long long)envelope.correlation);
    if (envelope.request_id.size) {
        op_buf_add_str(out, OP_STR(" ["));
        s_print_name(envelope.request_id, out);
        op_buf_add_byte(out, ']');
    }
    for (size_t i = 0; i < envelope.slip.size; i++) {
        const char *name = op_step_name((uint8_t)envelope.slip.at[i]);
        op_buf_printf(out, "%s%s", i ? " " : " @", name ? name : "?");
    }
    op_buf_add_byte(out, ' ');
    const op_type_t *type = op_message_type(envelope.type);
    OP_ASSERT(type); /* op_frame_open has looked */
    const void *value = op_frame_body(type, body, &arena, &result);
    if (value)
        op_print(type, value, how, out);
    else
        op_buf_printf(out, "%s: %s", type->name, op_decode_text(result));
    op_arena_free(&arena);
}

void op_catalogue_hash(op_hash_t *hash)
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, sizeof hash->bytes);
    op_buf_t text = {0};
    for (size_t i = 0; i < OP_COUNT(s_types); i++) {
        const op_type_t *type = s_types[i];
        op_buf_printf(&text, "%s %u\n", type->name, (unsigned)type->number);
        for (size_t f = 0; f < type->field_count; f++)
            op_buf_printf(&text, " %s %d %zu %s\n", type->fields[f].name, (int)type->fields[f].kind,
                          type->fields[f].max,
                          type->fields[f].item ? type->fields[f].item->name : "");
    }
    for (size_t i = 1; i < OP_STEP_END; i++)
        op_buf_printf(&text, "%s\n", s_steps[i].name);
    crypto_generichash_update(&state, (const uint8_t *)text.at, text.size);
    crypto_generichash_final(&state, hash->bytes, sizeof hash->bytes);
    op_buf_free(&text);
}
