#include "transport/codec.h"

#include "base/instant.h"
#include "transport/reader.h"

#include <msgpack.h>
#include <string.h>

/*  ---- Encoding, through msgpack-c ----

    Its packer calls a function for each token; the templates that it is made of write into a buffer
    of ours as well. What they define is named s_pack_... here. */

#define msgpack_pack_inline_func(name)        static inline int s_pack##name
#define msgpack_pack_inline_func_cint(name)   static inline int s_pack##name
#define msgpack_pack_inline_func_fixint(name) static inline int s_pack_fix##name
#define msgpack_pack_user                     op_buf_t *
#define msgpack_pack_append_buffer(buf, bytes, size)                                               \
    do {                                                                                           \
        op_buf_add(buf, bytes, size);                                                              \
        return 0;                                                                                  \
    } while (false)
#include <msgpack/pack_template.h>

static void s_encode(op_buf_t *out, const op_type_t *type, const void *value);

static void s_encode_bin(op_buf_t *out, const void *bytes, size_t size)
{
    s_pack_bin(out, size);
    s_pack_bin_body(out, bytes, size);
}

static void s_encode_text(op_buf_t *out, const op_field_t *field, op_str_t text)
{
    OP_ASSERT(text.size <= field->max);
    if (field->kind == OP_KIND_BYTES) {
        s_encode_bin(out, text.at, text.size);
        return;
    }
    s_pack_str(out, text.size);
    s_pack_str_body(out, text.at, text.size);
}

static void s_encode_list(op_buf_t *out, const op_field_t *field, op_list_t list)
{
    OP_ASSERT(list.count <= field->max);
    s_pack_array(out, list.count);
    for (size_t i = 0; i < list.count; i++)
        s_encode(out, field->item, op_list_item(&list, field, i));
}

static void s_encode_field(op_buf_t *out, const op_field_t *field, const void *value)
{
    switch (op_kinds[field->kind].stored) {
    case OP_STORED_NUMBER:
        s_pack_uint64(out, op_field_number(field, value));
        return;
    case OP_STORED_BOOL:
        if (op_field_bool(field, value))
            s_pack_true(out);
        else
            s_pack_false(out);
        return;
    case OP_STORED_ID:
        s_encode_bin(out, op_field_at(field, value), sizeof(op_id_t));
        return;
    case OP_STORED_HASH:
        s_encode_bin(out, op_field_at(field, value), sizeof(op_hash_t));
        return;
    case OP_STORED_TEXT:
        s_encode_text(out, field, op_field_text(field, value));
        return;
    case OP_STORED_NESTED:
    case OP_STORED_MAYBE:
        s_encode(out, field->item, op_field_item(field, value));
        return;
    case OP_STORED_LIST:
        s_encode_list(out, field, op_field_list(field, value));
        return;
    }
}

static void s_encode(op_buf_t *out, const op_type_t *type, const void *value)
{
    size_t used = op_type_used(type, value);
    s_pack_array(out, used);
    for (size_t i = 0; i < used; i++)
        if (i + 1 < used && op_field_is_default(&type->fields[i], value)) /* the last is not */
            s_pack_nil(out);
        else
            s_encode_field(out, &type->fields[i], value);
}

void op_encode(const op_type_t *type, const void *value, op_buf_t *out)
{
    s_encode(out, type, value);
}

/*  ---- Decoding ---- */

static op_decode_t s_decode(const op_type_t *type, op_str_t *bytes, op_arena_t *arena, int depth,
                            void *value);

static op_decode_t s_wrong(op_element_kind_t kind)
{
    return kind == OP_ELEMENT_END ? OP_DECODE_TRUNCATED : OP_DECODE_TYPE;
}

static op_decode_t s_decode_fixed(const op_element_t *element, void *to, size_t size)
{
    if (element->kind != OP_ELEMENT_BIN || element->bytes.size != size)
        return s_wrong(element->kind);
    memcpy(to, element->bytes.at, size);
    return OP_DECODE_OK;
}

static op_decode_t s_decode_text(const op_field_t *field, const op_element_t *element, void *to)
{
    if (element->kind != (field->kind == OP_KIND_BYTES ? OP_ELEMENT_BIN : OP_ELEMENT_STR))
        return s_wrong(element->kind);
    if (element->bytes.size > field->max)
        return OP_DECODE_LIMIT;
    /* An SMS may hold a NUL; names, phones and the like end up in keys of the store, where it ends
       a part. */
    bool free_form = field->kind == OP_KIND_BODY || field->kind == OP_KIND_BYTES;
    if (!free_form && element->bytes.size && memchr(element->bytes.at, 0, element->bytes.size))
        return OP_DECODE_TYPE;
    memcpy(to, &element->bytes, sizeof element->bytes);
    return OP_DECODE_OK;
}

static op_decode_t s_decode_list(const op_field_t *field, const op_element_t *element,
                                 op_str_t *bytes, op_arena_t *arena, int depth, void *to)
{
    if (element->kind != OP_ELEMENT_ARRAY)
        return s_wrong(element->kind);
    if (element->number > field->max) /* and the reader has checked it against the bytes left */
        return OP_DECODE_LIMIT;
    op_list_t list = {NULL, (size_t)element->number};
    char *items = list.count ? op_arena_room(arena, list.count * field->item->size) : NULL;
    list.at = items;
    for (size_t i = 0; i < list.count; i++) {
        op_decode_t result =
            s_decode(field->item, bytes, arena, depth + 1, items + i * field->item->size);
        if (result != OP_DECODE_OK)
            return result;
    }
    memcpy(to, &list, sizeof list);
    return OP_DECODE_OK;
}

static op_decode_t s_decode_number(const op_field_t *field, const op_element_t *element, void *to)
{
    if (element->kind != OP_ELEMENT_U64)
        return s_wrong(element->kind);
    if (field->kind == OP_KIND_INSTANT && element->number > (uint64_t)OP_INSTANT_MAX)
        return OP_DECODE_LIMIT;
    memcpy(to, &element->number, sizeof element->number);
    return OP_DECODE_OK;
}

static op_decode_t s_decode_bool(const op_element_t *element, void *to)
{
    if (element->kind != OP_ELEMENT_BOOL)
        return s_wrong(element->kind);
    *(bool *)to = element->number != 0;
    return OP_DECODE_OK;
}

/*  A struct reads its own array header; where there is none, `to` keeps its default. */
static op_decode_t s_decode_item(const op_field_t *field, op_str_t *bytes, op_arena_t *arena,
                                 int depth, void *to)
{
    void *item = to;
    if (op_kinds[field->kind].stored == OP_STORED_MAYBE) {
        item = op_arena_room(arena, field->item->size);
        memcpy(to, &item, sizeof item);
    }
    return s_decode(field->item, bytes, arena, depth + 1, item);
}

/*  Not a nil. */
static op_decode_t s_decode_field(const op_field_t *field, op_str_t *bytes, op_arena_t *arena,
                                  int depth, void *to)
{
    op_stored_t stored = op_kinds[field->kind].stored;
    if (stored == OP_STORED_NESTED || stored == OP_STORED_MAYBE)
        return s_decode_item(field, bytes, arena, depth, to);
    op_element_t element;
    op_reader_next(bytes, &element);
    switch (stored) {
    case OP_STORED_NUMBER:
        return s_decode_number(field, &element, to);
    case OP_STORED_BOOL:
        return s_decode_bool(&element, to);
    case OP_STORED_ID:
        return s_decode_fixed(&element, to, sizeof(op_id_t));
    case OP_STORED_HASH:
        return s_decode_fixed(&element, to, sizeof(op_hash_t));
    case OP_STORED_TEXT:
        return s_decode_text(field, &element, to);
    case OP_STORED_LIST:
        return s_decode_list(field, &element, bytes, arena, depth, to);
    case OP_STORED_NESTED:
    case OP_STORED_MAYBE:
        break;
    }
    return OP_DECODE_TYPE;
}

static op_decode_t s_decode(const op_type_t *type, op_str_t *bytes, op_arena_t *arena, int depth,
                            void *value)
{
    if (depth > OP_READER_DEPTH)
        return OP_DECODE_LIMIT;
    op_element_t head;
    op_reader_next(bytes, &head);
    if (head.kind != OP_ELEMENT_ARRAY)
        return s_wrong(head.kind);
    memset(value, 0, type->size);
    for (uint64_t i = 0; i < head.number; i++) {
        if (i >= type->field_count) {
            if (!op_reader_skip(bytes))
                return OP_DECODE_TRUNCATED;
            continue;
        }
        if (bytes->size && (uint8_t)bytes->at[0] == OP_READER_NIL) { /* most are */
            *bytes = op_str_of(bytes->at + 1, bytes->size - 1);
            continue;
        }
        const op_field_t *field = &type->fields[i];
        op_decode_t result =
            s_decode_field(field, bytes, arena, depth, (char *)value + field->offset);
        if (result != OP_DECODE_OK)
            return result;
    }
    return OP_DECODE_OK;
}

op_decode_t op_decode(const op_type_t *type, op_str_t *bytes, op_arena_t *arena, void *value)
{
    op_str_t rest = *bytes;
    op_decode_t result = s_decode(type, &rest, arena, 0, value);
    if (result == OP_DECODE_OK)
        *bytes = rest;
    return result;
}

const char *op_decode_text(op_decode_t result)
{
    switch (result) {
    case OP_DECODE_OK:
        return "ok";
    case OP_DECODE_TRUNCATED:
        return "truncated";
    case OP_DECODE_TYPE:
        return "an element of the wrong type";
    case OP_DECODE_LIMIT:
        return "longer, more or deeper than declared";
    }
    return "?";
}
