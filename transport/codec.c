#include "transport/codec.h"

#include "base/instant.h"
#include "base/phone.h"
#include "transport/reader.h"

#include <msgpack.h>
#include <sodium.h>
#include <string.h>

/*  Fields are reached through their offsets; memcpy and void pointers keep that within the rules of
    aliasing and alignment. */

static const void *s_at(const op_field_t *field, const void *value)
{
    return (const char *)value + field->offset;
}

static op_str_t s_str(const op_field_t *field, const void *value)
{
    op_str_t text;
    memcpy(&text, s_at(field, value), sizeof text);
    return text;
}

static uint64_t s_u64(const op_field_t *field, const void *value)
{
    uint64_t number;
    memcpy(&number, s_at(field, value), sizeof number);
    return number;
}

static op_list_t s_list(const op_field_t *field, const void *value)
{
    op_list_t list;
    memcpy(&list, s_at(field, value), sizeof list);
    return list;
}

static const void *s_pointer(const op_field_t *field, const void *value)
{
    const void *pointer;
    memcpy(&pointer, s_at(field, value), sizeof pointer);
    return pointer;
}

static bool s_all_zero(const void *at, size_t size)
{
    const uint8_t *bytes = at;
    for (size_t i = 0; i < size; i++)
        if (bytes[i])
            return false;
    return true;
}

static size_t s_used_fields(const op_type_t *type, const void *value)
{
    size_t used = type->field_count;
    while (used && op_field_is_default(&type->fields[used - 1], value))
        used--;
    return used;
}

bool op_field_is_default(const op_field_t *field, const void *value)
{
    switch (field->kind) {
    case OP_KIND_U64:
    case OP_KIND_FLAG:
    case OP_KIND_COUNT:
    case OP_KIND_INSTANT:
        return s_u64(field, value) == 0;
    case OP_KIND_BOOL:
        return !*(const bool *)s_at(field, value);
    case OP_KIND_ID:
    case OP_KIND_MSG_ID:
    case OP_KIND_EVT_ID:
        return s_all_zero(s_at(field, value), sizeof(op_id_t));
    case OP_KIND_HASH:
        return s_all_zero(s_at(field, value), sizeof(op_hash_t));
    case OP_KIND_TEXT:
    case OP_KIND_PHONE:
    case OP_KIND_BODY:
    case OP_KIND_URL:
    case OP_KIND_WORDS:
    case OP_KIND_SECRET:
    case OP_KIND_BYTES:
        return s_str(field, value).size == 0;
    case OP_KIND_NESTED:
        return s_used_fields(field->item, s_at(field, value)) == 0;
    case OP_KIND_MAYBE:
        return s_pointer(field, value) == NULL;
    case OP_KIND_LIST:
        return s_list(field, value).count == 0;
    }
    return true;
}

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

static void s_encode_list(msgpack_packer *packer, const op_field_t *field, const void *value)
{
    op_list_t list = s_list(field, value);
    OP_ASSERT(list.count <= field->max);
    msgpack_pack_array(packer, list.count);
    for (size_t i = 0; i < list.count; i++)
        s_encode(packer, field->item, (const char *)list.at + i * field->item->size);
}

static void s_encode_field(msgpack_packer *packer, const op_field_t *field, const void *value)
{
    op_str_t text;
    switch (field->kind) {
    case OP_KIND_U64:
    case OP_KIND_FLAG:
    case OP_KIND_COUNT:
    case OP_KIND_INSTANT:
        msgpack_pack_uint64(packer, s_u64(field, value));
        return;
    case OP_KIND_BOOL:
        if (*(const bool *)s_at(field, value))
            msgpack_pack_true(packer);
        else
            msgpack_pack_false(packer);
        return;
    case OP_KIND_ID:
    case OP_KIND_MSG_ID:
    case OP_KIND_EVT_ID:
        s_encode_bin(packer, s_at(field, value), sizeof(op_id_t));
        return;
    case OP_KIND_HASH:
        s_encode_bin(packer, s_at(field, value), sizeof(op_hash_t));
        return;
    case OP_KIND_TEXT:
    case OP_KIND_PHONE:
    case OP_KIND_BODY:
    case OP_KIND_URL:
    case OP_KIND_WORDS:
    case OP_KIND_SECRET:
        text = s_str(field, value);
        OP_ASSERT(text.size <= field->max);
        msgpack_pack_str(packer, text.size);
        msgpack_pack_str_body(packer, text.at, text.size);
        return;
    case OP_KIND_BYTES:
        text = s_str(field, value);
        OP_ASSERT(text.size <= field->max);
        s_encode_bin(packer, text.at, text.size);
        return;
    case OP_KIND_NESTED:
        s_encode(packer, field->item, s_at(field, value));
        return;
    case OP_KIND_MAYBE:
        s_encode(packer, field->item, s_pointer(field, value));
        return;
    case OP_KIND_LIST:
        s_encode_list(packer, field, value);
        return;
    }
}

static void s_encode(msgpack_packer *packer, const op_type_t *type, const void *value)
{
    size_t used = s_used_fields(type, value);
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

static op_decode_t s_decode_str(const op_field_t *field, op_element_t element, void *to)
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

static op_decode_t s_decode_field(const op_field_t *field, op_str_t *bytes, op_arena_t *arena,
                                  int depth, void *to)
{
    /* A struct reads its own array header. */
    if ((field->kind == OP_KIND_NESTED || field->kind == OP_KIND_MAYBE) && bytes->size &&
        (uint8_t)bytes->at[0] != 0xc0) {
        if (field->kind == OP_KIND_NESTED)
            return s_decode(field->item, bytes, arena, depth + 1, to);
        void *item = op_arena_alloc(arena, field->item->size);
        memcpy(to, &item, sizeof item);
        return s_decode(field->item, bytes, arena, depth + 1, item);
    }
    op_element_t element = op_reader_next(bytes);
    if (element.kind == OP_ELEMENT_NIL)
        return OP_DECODE_OK;
    switch (field->kind) {
    case OP_KIND_INSTANT:
        if (element.kind == OP_ELEMENT_U64 && element.number > (uint64_t)OP_INSTANT_MAX)
            return OP_DECODE_LIMIT;
        goto number;
    case OP_KIND_FLAG:
    case OP_KIND_U64:
    case OP_KIND_COUNT:
    number:
        if (element.kind != OP_ELEMENT_U64)
            return s_wrong(element.kind);
        memcpy(to, &element.number, sizeof element.number);
        return OP_DECODE_OK;
    case OP_KIND_BOOL:
        if (element.kind != OP_ELEMENT_BOOL)
            return s_wrong(element.kind);
        *(bool *)to = element.number != 0;
        return OP_DECODE_OK;
    case OP_KIND_ID:
    case OP_KIND_MSG_ID:
    case OP_KIND_EVT_ID:
        return s_decode_fixed(element, to, sizeof(op_id_t));
    case OP_KIND_HASH:
        return s_decode_fixed(element, to, sizeof(op_hash_t));
    case OP_KIND_TEXT:
    case OP_KIND_PHONE:
    case OP_KIND_BODY:
    case OP_KIND_URL:
    case OP_KIND_WORDS:
    case OP_KIND_SECRET:
    case OP_KIND_BYTES:
        return s_decode_str(field, element, to);
    case OP_KIND_LIST:
        return s_decode_list(field, element, bytes, arena, depth, to);
    case OP_KIND_NESTED:
    case OP_KIND_MAYBE:
        return s_wrong(element.kind);
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

/*  ---- Printing ---- */

static void s_print_fingerprint(op_str_t bytes, op_buf_t *out)
{
    /* 32 bits of a hash: enough to follow a secret through a trace, useless to recover it. */
    uint8_t hash[crypto_generichash_BYTES_MIN];
    char text[9];
    crypto_generichash(hash, sizeof hash, (const uint8_t *)bytes.at, bytes.size, NULL, 0);
    op_hex(hash, 4, text);
    op_buf_printf(out, "#%s(%zu)", text, bytes.size);
}

/*  What a person could guess (a six-digit code, the text around it, a PDU of that) is not told even
    by a hash: its fingerprint could be looked up. */
enum { S_UNGUESSABLE = 20 };

static void s_print_size(op_str_t bytes, op_buf_t *out)
{
    op_buf_printf(out, "#(%zu)", bytes.size);
}

static void s_print_clean(op_str_t text, op_buf_t *out)
{
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = (uint8_t)text.at[i];
        if (c < 0x20 || c == '"' || c == '\\' || c == 0x7f)
            op_buf_printf(out, "\\x%02x", c);
        else
            op_buf_add_byte(out, c);
    }
}

static void s_print_text(op_str_t text, op_buf_t *out)
{
    char phone[OP_PHONE_MAX + 1];
    if (op_phone_valid(text)) /* peers are texts, because not every sender is a phone */
        text = op_str(op_phone_mask(text, phone));
    op_buf_add_byte(out, '"');
    s_print_clean(text, out);
    op_buf_add_byte(out, '"');
}

static void s_print_field(const op_field_t *field, const void *value, op_buf_t *out)
{
    char id[OP_ID_TEXT + 1], phone[OP_PHONE_MAX + 1], when[OP_INSTANT_TEXT + 1];
    op_id_t uuid;
    op_list_t list;
    switch (field->kind) {
    case OP_KIND_FLAG:
        op_buf_printf(out, "%s", op_said_or(s_u64(field, value), 0) ? "true" : "false");
        return;
    case OP_KIND_COUNT:
        op_buf_printf(out, "%llu", (unsigned long long)op_said_or(s_u64(field, value), 0));
        return;
    case OP_KIND_U64:
        op_buf_printf(out, "%llu", (unsigned long long)s_u64(field, value));
        return;
    case OP_KIND_BOOL:
        op_buf_printf(out, "%s", *(const bool *)s_at(field, value) ? "true" : "false");
        return;
    case OP_KIND_INSTANT:
        if (s_u64(field, value) > (uint64_t)OP_INSTANT_MAX) {
            op_buf_printf(out, "%llums", (unsigned long long)s_u64(field, value));
            return;
        }
        op_instant_print((int64_t)s_u64(field, value), when);
        op_buf_printf(out, "%.19s.%03uZ", when, (unsigned)(s_u64(field, value) % 1000));
        return;
    case OP_KIND_ID:
    case OP_KIND_MSG_ID:
    case OP_KIND_EVT_ID:
        memcpy(&uuid, s_at(field, value), sizeof uuid);
        op_id_print(uuid, id);
        op_buf_printf(out, "%s", id);
        return;
    case OP_KIND_HASH:
        s_print_fingerprint(op_str_of(s_at(field, value), sizeof(op_hash_t)), out);
        return;
    case OP_KIND_PHONE:
        s_print_clean(op_str(op_phone_mask(s_str(field, value), phone)), out);
        return;
    case OP_KIND_TEXT:
    case OP_KIND_URL:
    case OP_KIND_WORDS:
        s_print_text(s_str(field, value), out);
        return;
    case OP_KIND_SECRET:
        if (s_str(field, value).size >= S_UNGUESSABLE) {
            s_print_fingerprint(s_str(field, value), out);
            return;
        }
        s_print_size(s_str(field, value), out);
        return;
    case OP_KIND_BODY:
    case OP_KIND_BYTES:
        s_print_size(s_str(field, value), out);
        return;
    case OP_KIND_NESTED:
        op_print(field->item, s_at(field, value), out);
        return;
    case OP_KIND_MAYBE:
        op_print(field->item, s_pointer(field, value), out);
        return;
    case OP_KIND_LIST:
        list = s_list(field, value);
        op_buf_add_byte(out, '[');
        for (size_t i = 0; i < list.count; i++) {
            if (i)
                op_buf_add_byte(out, ' ');
            op_print(field->item, (const char *)list.at + i * field->item->size, out);
        }
        op_buf_add_byte(out, ']');
        return;
    }
}

void op_print(const op_type_t *type, const void *value, op_buf_t *out)
{
    op_buf_printf(out, "%s{", type->name);
    bool first = true;
    for (size_t i = 0; i < type->field_count; i++) {
        const op_field_t *field = &type->fields[i];
        if (op_field_is_default(field, value))
            continue;
        op_buf_printf(out, first ? "%s=" : " %s=", field->name);
        first = false;
        s_print_field(field, value, out);
    }
    op_buf_add_byte(out, '}');
}
