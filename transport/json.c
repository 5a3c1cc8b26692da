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

static json_t *s_made(json_t *json)
{
    OP_ASSERT(json && "out of memory");
    return json;
}

/*  ---- Printing ---- */

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

static void s_id_print(const op_field_t *field, const void *value, char text[OP_JSON_ID_TEXT + 1])
{
    const char *prefix = op_json_id_prefix(field->kind);
    size_t front = strlen(prefix);
    memcpy(text, prefix, front);
    op_id_print(op_field_id(field, value), text + front);
}

static json_t *s_id(const op_field_t *field, const void *value)
{
    char text[OP_JSON_ID_TEXT + 1];
    if (op_field_is_default(field, value))
        return json_null();
    s_id_print(field, value, text);
    return s_made(json_string(text));
}

static json_t *s_instant(int64_t instant)
{
    char text[OP_INSTANT_TEXT + 1];
    if (instant <= 0 || instant > OP_INSTANT_MAX)
        return json_null();
    op_instant_print(instant, text);
    return s_made(json_string(text));
}

static json_t *s_integer(uint64_t number)
{
    return s_made(json_integer(number > INT64_MAX ? INT64_MAX : (json_int_t)number));
}

static json_t *s_number(const op_field_t *field, uint64_t number)
{
    if (field->kind != OP_KIND_COUNT)
        return s_integer(number);
    return number ? s_integer(op_said_or(number, 0)) : json_null();
}

static json_t *s_boolean(const op_field_t *field, const void *value)
{
    if (field->kind == OP_KIND_BOOL)
        return json_boolean(op_field_bool(field, value));
    uint64_t said = op_field_number(field, value);
    return said ? json_boolean(op_said_or(said, false)) : json_null();
}

static json_t *s_words(op_str_t words)
{
    json_t *array = s_made(json_array());
    while (words.size)
        OP_ASSERT(json_array_append_new(array, s_text(op_str_next(&words, ','))) == 0);
    return array;
}

static json_t *s_object(const op_type_t *type, const void *value);

static json_t *s_list(const op_field_t *field, op_list_t list)
{
    json_t *array = s_made(json_array());
    for (size_t i = 0; i < list.count; i++) {
        json_t *item = s_object(field->item, op_list_item(&list, field, i));
        OP_ASSERT(json_array_append_new(array, item) == 0);
    }
    return array;
}

static json_t *s_item(const op_field_t *field, const void *item)
{
    return item ? s_object(field->item, item) : json_null();
}

static json_t *s_member(const op_field_t *field, const void *value)
{
    switch (op_kinds[field->kind].json) {
    case OP_JSON_NUMBER:
        return s_number(field, op_field_number(field, value));
    case OP_JSON_BOOLEAN:
        return s_boolean(field, value);
    case OP_JSON_INSTANT:
        return s_instant((int64_t)op_field_number(field, value));
    case OP_JSON_ID:
        return s_id(field, value);
    case OP_JSON_STRING:
        return s_text(op_field_text(field, value));
    case OP_JSON_WORDS:
        return s_words(op_field_text(field, value));
    case OP_JSON_OBJECT:
        return s_item(field, op_field_item(field, value));
    case OP_JSON_OBJECTS:
        return s_list(field, op_field_list(field, value));
    case OP_JSON_NONE:
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

const char *op_json_id_prefix(op_kind_t kind)
{
    return kind == OP_KIND_MSG_ID ? "msg_" : kind == OP_KIND_EVT_ID ? "evt_" : "";
}

bool op_json_id(const op_type_t *type, const void *value, char text[OP_JSON_ID_TEXT + 1])
{
    for (size_t i = 0; i < type->field_count; i++) {
        const op_field_t *field = &type->fields[i];
        if (op_kinds[field->kind].json == OP_JSON_ID && strcmp(field->name, "id") == 0) {
            s_id_print(field, value, text);
            return true;
        }
    }
    return false;
}
