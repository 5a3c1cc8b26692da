#include "transport/codec.h"

#include "base/instant.h"
#include "transport/reader.h"

#include <msgpack.h>
#include <string.h>

/*  ---- Encoding, through msgpack-c ---- */

static int s_write(void *data, const char *bytes, size_t size)
{
    op_buf_add(data, bytes, size);
    return 0;
}

static void s_encode(msgpack_packer *packer, const op_type_t *type, const void *value);

static void s_encode_bin(msgpack_packer *packer, const void *bytes, size_t size)
{
    msgpack_pack_bin(packer, size);
    msgpack_pack_bin_body(packer, bytes, size);
}

static void s_encode_text(msgpack_packer *packer, const op_field_t *field, op_str_t text)
{
    OP_ASSERT(text.size <= field->max);
    if (field->kind == OP_KIND_BYTES) {
        s_encode_bin(packer, text.at, text.size);
        return;
    }
    msgpack_pack_str(packer, text.size);
    msgpack_pack_str_body(packer, text.at, text.size);
}

static void s_encode_list(msgpack_packer *packer, const op_field_t *field, op_list_t list)
{
    OP_ASSERT(list.count <= field->max);
    msgpack_pack_array(packer, list.count);
    for (size_t i = 0; i < list.count; i++)
        s_encode(packer, field->item, op_list_item(&list, field, i));
}

static void s_encode_field(msgpack_packer *packer, const op_field_t *field, const void *value)
{
    switch (op_kinds[field->kind].stored) {
    case OP_STORED_NUMBER:
        msgpack_pack_uint64(packer, op_field_number(field, value));
        return;
    case OP_STORED_BOOL:
        if (op_field_bool(field, value))
            msgpack_pack_true(packer);
        else
            msgpack_pack_false(packer);
        return;
    case OP_STORED_ID:
        s_encode_bin(packer, op_field_at(field, value), sizeof(op_id_t));
        return;
    case OP_STORED_HASH:
        s_encode_bin(packer, op_field_at(field, value), sizeof(op_hash_t));
        return;
    case OP_STORED_TEXT:
        s_encode_text(packer, field, op_field_text(field, value));
        return;
    case OP_STORED_NESTED:
    case OP_STORED_MAYBE:
        s_encode(packer, field->item, op_field_item(field, value));
        return;
    case OP_STORED_LIST:
        s_encode_list(packer, field, op_field_list(field, value));
        return;
    }
}

static void s_encode(msgpack_packer *packer, const op_type_t *type, const void *value)
{
    size_t used = op_type_used(type, value);
    msgpack_pack_array(packer, used);
    for (size_t i = 0; i < used; i++)
        if (op_field_is_default(&type->fields[i], value))
            msgpack_pack_nil(packer);
        else
            s_encode_field(packer, &type->fields[i], value);
}

void op_encode(const op_type_t *type, const void *value, op_buf_t *out)
{
    msgpack_packer packer;
    msgpack_packer_init(&packer, out, s_write);
    s_encode(&packer, type, value);
}

/*  ---- Decoding ---- */

static op_decode_t s_decode(const op_type_t *type, op_str_t *bytes, op_arena_t *arena, int depth,
                            void *value);

static op_decode_t s_wrong(op_element_kind_t kind)
{
    return kind == OP_ELEMENT_END ? OP_DECODE_TRUNCATED : OP_DECODE_TYPE;
}

static op_decode_t s_decode_fixed(op_element_t element, void *to, size_t size)
{
    if (element.kind != OP_ELEMENT_BIN || element.bytes.size != size)
        return s_wrong(element.kind);
    memcpy(to, element.bytes.at, size);
    return OP_DECODE_OK;
}

static op_decode_t s_decode_text(const op_field_t *field, op_element_t element, void *to)
{
    if (element.kind != (field->kind == OP_KIND_BYTES ? OP_ELEMENT_BIN : OP_ELEMENT_STR))
        return s_wrong(element.kind);
    if (element.bytes.size > field->max)
        return OP_DECODE_LIMIT;
    /* An SMS may hold a NUL; names, phones and the like end up in keys of the store, where it ends
       a part. */
    bool free_form = field->kind == OP_KIND_BODY || field->kind == OP_KIND_BYTES;
    if (!free_form && element.bytes.size && memchr(element.bytes.at, 0, element.bytes.size))
        return OP_DECODE_TYPE;
    memcpy(to, &element.bytes, sizeof element.bytes);
    return OP_DECODE_OK;
}

static op_decode_t s_decode_list(const op_field_t *field, op_element_t element, op_str_t *bytes,
                                 op_arena_t *arena, int depth, void *to)
{
    if (element.kind != OP_ELEMENT_ARRAY)
        return s_wrong(element.kind);
    if (element.number > field->max) /* and the reader has checked it against the bytes left */
        return OP_DECODE_LIMIT;
    op_list_t list = {NULL, (size_t)element.number};
    char *items = list.count ? op_arena_alloc(arena, list.count * field->item->size) : NULL;
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

static op_decode_t s_decode_number(const op_field_t *field, op_element_t element, void *to)
{
    if (element.kind != OP_ELEMENT_U64)
        return s_wrong(element.kind);
    if (field->kind == OP_KIND_INSTANT && element.number > (uint64_t)OP_INSTANT_MAX)
        return OP_DECODE_LIMIT;
    memcpy(to, &element.number, sizeof element.number);
    return OP_DECODE_OK;
}

static op_decode_t s_decode_bool(op_element_t element, void *to)
{
    if (element.kind != OP_ELEMENT_BOOL)
        return s_wrong(element.kind);
    *(bool *)to = element.number != 0;
    return OP_DECODE_OK;
}

/*  A struct reads its own array header; where there is none, `to` keeps its default. */
static op_decode_t s_decode_item(const op_field_t *field, op_str_t *bytes, op_arena_t *arena,
                                 int depth, void *to)
{
    void *item = to;
    if (op_kinds[field->kind].stored == OP_STORED_MAYBE) {
        item = op_arena_alloc(arena, field->item->size);
        memcpy(to, &item, sizeof item);
    }
    return s_decode(field->item, bytes, arena, depth + 1, item);
}

static op_decode_t s_decode_field(const op_field_t *field, op_str_t *bytes, op_arena_t *arena,
                                  int depth, void *to)
{
    op_stored_t stored = op_kinds[field->kind].stored;
    op_str_t rest = *bytes;
    op_element_t element = op_reader_next(&rest);
    bool inside = stored == OP_STORED_NESTED || stored == OP_STORED_MAYBE;
    if (inside && element.kind != OP_ELEMENT_NIL)
        return s_decode_item(field, bytes, arena, depth, to);
    *bytes = rest;
    if (element.kind == OP_ELEMENT_NIL)
        return OP_DECODE_OK;
    switch (stored) {
    case OP_STORED_NUMBER:
        return s_decode_number(field, element, to);
    case OP_STORED_BOOL:
        return s_decode_bool(element, to);
    case OP_STORED_ID:
        return s_decode_fixed(element, to, sizeof(op_id_t));
    case OP_STORED_HASH:
        return s_decode_fixed(element, to, sizeof(op_hash_t));
    case OP_STORED_TEXT:
        return s_decode_text(field, element, to);
    case OP_STORED_LIST:
        return s_decode_list(field, element, bytes, arena, depth, to);
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
    op_element_t head = op_reader_next(bytes);
    if (head.kind != OP_ELEMENT_ARRAY)
        return s_wrong(head.kind);
    memset(value, 0, type->size);
    for (uint64_t i = 0; i < head.number; i++) {
        if (i >= type->field_count) {
            if (!op_reader_skip(bytes))
                return OP_DECODE_TRUNCATED;
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
