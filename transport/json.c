/*  One loop prints, one reads, both driven by the declared tables; jansson knows the grammar.

    jansson's parser recurses up to 2048 levels, and its callers are many threads with stacks of
    unknown size: the depth is counted before it sees the text. */

#include "transport/json.h"

#include "base/instant.h"
#include "base/limits.h"
#include "base/utf8.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/*  Fields are reached through their offsets, by memcpy, as in codec.c. */
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

static json_t *s_made(json_t *json)
{
    OP_ASSERT(json && "out of memory");
    return json;
}

/*  ------------------------------------------------------------------------------- printing */

static json_t *s_text(op_str_t text)
{
    if (!text.size)
        return s_made(json_stringn("", 0));
    json_t *json = json_stringn(text.at, text.size); /* NULL: not UTF-8 */
    if (json)
        return json;
    op_buf_t clean = {0};
    for (size_t at = 0; at < text.size;) {
        uint32_t point;
        if (!op_utf8_next(text, &at, &point)) {
            point = OP_UTF8_REPLACEMENT;
            at++;
        }
        op_utf8_add(&clean, point);
    }
    json = json_stringn(clean.at, clean.size);
    op_buf_free(&clean);
    return s_made(json);
}

static const char *s_prefix(op_kind_t kind)
{
    return kind == OP_KIND_MSG_ID ? "msg_" : kind == OP_KIND_EVT_ID ? "evt_" : "";
}

static void s_id_print(const op_field_t *field, const void *value, char text[OP_JSON_ID_TEXT + 1])
{
    op_id_t id;
    memcpy(&id, s_at(field, value), sizeof id);
    size_t front = strlen(s_prefix(field->kind));
    memcpy(text, s_prefix(field->kind), front);
    op_id_print(id, text + front);
}

static json_t *s_id(const op_field_t *field, const void *value)
{
    char text[OP_JSON_ID_TEXT + 1];
    if (op_field_is_default(field, value))
        return json_null();
    s_id_print(field, value, text);
    return s_made(json_string(text));
}

static json_t *s_instant(const op_field_t *field, const void *value)
{
    char text[OP_INSTANT_TEXT + 1];
    int64_t instant;
    memcpy(&instant, s_at(field, value), sizeof instant);
    if (instant <= 0 || instant > OP_INSTANT_MAX)
        return json_null();
    op_instant_print(instant, text);
    return s_made(json_string(text));
}

static json_t *s_u64(const op_field_t *field, const void *value)
{
    uint64_t number;
    memcpy(&number, s_at(field, value), sizeof number);
    return s_made(json_integer(number > INT64_MAX ? INT64_MAX : (json_int_t)number));
}

static json_t *s_said(const op_field_t *field, const void *value)
{
    uint64_t said;
    memcpy(&said, s_at(field, value), sizeof said);
    if (said == 0)
        return json_null();
    if (field->kind == OP_KIND_FLAG)
        return json_boolean(said > op_said(false));
    return s_made(json_integer(said > INT64_MAX ? INT64_MAX : (json_int_t)(said - 1)));
}

static json_t *s_words(op_str_t words)
{
    json_t *array = s_made(json_array());
    while (words.size) {
        const char *comma = memchr(words.at, ',', words.size);
        size_t size = comma ? (size_t)(comma - words.at) : words.size;
        OP_ASSERT(json_array_append_new(array, s_text(op_str_of(words.at, size))) == 0);
        size_t taken = size + (comma ? 1 : 0);
        words = op_str_of(words.at + taken, words.size - taken);
    }
    return array;
}

static json_t *s_object(const op_type_t *type, const void *value);

static json_t *s_list(const op_field_t *field, const void *value)
{
    op_list_t list;
    memcpy(&list, s_at(field, value), sizeof list);
    json_t *array = s_made(json_array());
    for (size_t i = 0; i < list.count; i++) {
        const char *item = (const char *)list.at + i * field->item->size;
        OP_ASSERT(json_array_append_new(array, s_object(field->item, item)) == 0);
    }
    return array;
}

static json_t *s_maybe(const op_field_t *field, const void *value)
{
    const void *pointer;
    memcpy(&pointer, s_at(field, value), sizeof pointer);
    return pointer ? s_object(field->item, pointer) : json_null();
}

static json_t *s_member(const op_field_t *field, const void *value)
{
    switch (field->kind) {
    case OP_KIND_U64:
        return s_u64(field, value);
    case OP_KIND_BOOL:
        return json_boolean(*(const bool *)s_at(field, value));
    case OP_KIND_FLAG:
    case OP_KIND_COUNT:
        return s_said(field, value);
    case OP_KIND_INSTANT:
        return s_instant(field, value);
    case OP_KIND_ID:
    case OP_KIND_MSG_ID:
    case OP_KIND_EVT_ID:
        return s_id(field, value);
    case OP_KIND_TEXT:
    case OP_KIND_PHONE:
    case OP_KIND_BODY:
    case OP_KIND_URL:
    case OP_KIND_SECRET:
        return s_text(s_str(field, value));
    case OP_KIND_WORDS:
        return s_words(s_str(field, value));
    case OP_KIND_NESTED:
        return s_object(field->item, s_at(field, value));
    case OP_KIND_MAYBE:
        return s_maybe(field, value);
    case OP_KIND_LIST:
        return s_list(field, value);
    case OP_KIND_HASH:
    case OP_KIND_BYTES:
        break;
    }
    OP_ASSERT(false && "a HASH or BYTES field has no JSON");
    return NULL;
}

static json_t *s_object(const op_type_t *type, const void *value)
{
    json_t *object = s_made(json_object());
    for (size_t i = 0; i < type->field_count; i++) {
        const op_field_t *field = &type->fields[i];
        bool empty = field->presence != OP_REQUIRED && op_field_is_default(field, value);
        if (empty && field->presence == OP_OMITTED)
            continue;
        json_t *member = empty ? json_null() : s_member(field, value);
        OP_ASSERT(json_object_set_new_nocheck(object, field->name, member) == 0);
    }
    return object;
}

static int s_write(const char *bytes, size_t size, void *out)
{
    op_buf_add(out, bytes, size);
    return 0;
}

void op_json_print(const op_type_t *type, const void *value, op_buf_t *out)
{
    json_t *object = s_object(type, value);
    OP_ASSERT(json_dump_callback(object, s_write, out, JSON_COMPACT) == 0);
    json_decref(object);
}

bool op_json_id(const op_type_t *type, const void *value, char text[OP_JSON_ID_TEXT + 1])
{
    for (size_t i = 0; i < type->field_count; i++) {
        const op_field_t *field = &type->fields[i];
        bool is_id = field->kind == OP_KIND_ID || field->kind == OP_KIND_MSG_ID ||
                     field->kind == OP_KIND_EVT_ID;
        if (is_id && strcmp(field->name, "id") == 0) {
            s_id_print(field, value, text);
            return true;
        }
    }
    return false;
}
