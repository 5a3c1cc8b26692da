/*  Declared types as JSON Schema (2020-12, as OpenAPI 3.1 has it), and as examples.

    Requests leave members open: a server ignores what it does not know. Responses are closed and
    name all members that are always there, so that a client may check them: the document describes
    this server, not every later one. */

#include "http/openapi_private.h"

#include <string.h>

static json_t *s_made(json_t *json)
{
    OP_ASSERT(json && "out of memory");
    return json;
}

void op_openapi_set(json_t *object, const char *name, json_t *value)
{
    OP_ASSERT(json_object_set_new(object, name, s_made(value)) == 0);
}

void op_openapi_say(json_t *object, const char *name, const char *text)
{
    if (text && *text)
        op_openapi_set(object, name, json_string(text));
}

json_t *op_openapi_ref(const char *folder, const char *name)
{
    return s_made(json_pack("{s:s+++}", "$ref", "#/components/", folder, "/", name));
}

void op_openapi_type_name(const op_type_t *type, char name[64])
{
    size_t size = 0;
    bool upper = true;
    for (const char *at = type->name; *at && size < 63; at++) {
        if (*at != '_')
            name[size++] = (char)(upper && *at >= 'a' && *at <= 'z' ? *at - 'a' + 'A' : *at);
        upper = *at == '_';
    }
    name[size] = 0;
}

static json_t *s_ref_type(const op_type_t *type)
{
    char path[80] = "schemas/";
    op_openapi_type_name(type, path + strlen(path));
    return s_made(json_pack("{s:s+}", "$ref", "#/components/", path));
}

static json_t *s_words(const op_shape_t *shape)
{
    json_t *list = s_made(json_array());
    for (op_str_t words = op_str(shape->words); words.size;) {
        op_str_t word = op_str_next(&words, ',');
        OP_ASSERT(json_array_append_new(list, json_stringn(word.at, word.size)) == 0);
    }
    return list;
}

static json_t *s_string(const op_field_t *field)
{
    const op_shape_t *shape = field->shape;
    json_t *schema = s_made(json_pack("{s:s}", "type", "string"));
    op_buf_t pattern = {0};
    op_openapi_say(schema, "format", shape->format);
    if (shape->words)
        op_openapi_set(schema, "enum", s_words(shape));
    else if (op_shape_pattern(shape, &pattern))
        op_openapi_set(schema, "pattern", json_stringn(pattern.at, pattern.size));
    else {
        uint64_t most = shape->most ? shape->most : field->max;
        if (shape->least)
            op_openapi_set(schema, "minLength", json_integer((json_int_t)shape->least));
        if (most)
            op_openapi_set(schema, "maxLength", json_integer((json_int_t)most));
    }
    if (field->kind == OP_KIND_URL)
        op_openapi_set(schema, "maxLength", json_integer((json_int_t)field->max));
    op_buf_free(&pattern);
    return schema;
}

static json_t *s_number(const op_shape_t *shape)
{
    json_t *schema =
        s_made(json_pack("{s:s,s:I}", "type", "integer", "minimum", (json_int_t)shape->least));
    if (shape->most)
        op_openapi_set(schema, "maximum", json_integer((json_int_t)shape->most));
    if (shape->standard)
        op_openapi_set(schema, "default", json_integer((json_int_t)shape->standard));
    return schema;
}

static json_t *s_array(const op_field_t *field, op_openapi_way_t way)
{
    if (field->kind == OP_KIND_LIST)
        return s_made(json_pack("{s:s,s:o,s:I}", "type", "array", "items", s_ref_type(field->item),
                                "maxItems", (json_int_t)field->max));
    json_t *item = s_made(json_pack("{s:s}", "type", "string"));
    if (field->shape->words)
        op_openapi_set(item, "enum", s_words(field->shape));
    json_t *schema = s_made(json_pack("{s:s,s:o}", "type", "array", "items", item));
    if (way == OP_OPENAPI_REQUEST) {
        op_openapi_set(schema, "minItems", json_integer(1));
        op_openapi_set(schema, "uniqueItems", json_true());
    }
    return schema;
}

static json_t *s_kind(const op_field_t *field, op_openapi_way_t way)
{
    switch (op_kinds[field->kind].json) {
    case OP_JSON_NUMBER:
        return s_number(field->shape);
    case OP_JSON_BOOLEAN:
        return s_made(json_pack("{s:s}", "type", "boolean"));
    case OP_JSON_INSTANT:
    case OP_JSON_ID:
    case OP_JSON_STRING:
        return s_string(field);
    case OP_JSON_WORDS:
    case OP_JSON_OBJECTS:
        return s_array(field, way);
    case OP_JSON_OBJECT:
        return s_ref_type(field->item);
    case OP_JSON_NONE:
        break;
    }
    OP_ASSERT(false && "a HASH or BYTES field has no JSON");
    return NULL;
}

/*  The same, or null. */
static json_t *s_nullable(json_t *schema)
{
    json_t *type = json_object_get(schema, "type"), *words = json_object_get(schema, "enum");
    if (!type)
        return s_made(json_pack("{s:[o,{s:s}]}", "oneOf", schema, "type", "null"));
    op_openapi_set(schema, "type", json_pack("[O,s]", type, "null"));
    if (words)
        OP_ASSERT(json_array_append_new(words, json_null()) == 0);
    return schema;
}

json_t *op_openapi_field(const op_field_t *field, op_openapi_way_t way)
{
    json_t *schema = s_kind(field, way);
    bool null = (way == OP_OPENAPI_REQUEST && field->presence != OP_REQUIRED) ||
                (way == OP_OPENAPI_RESPONSE && field->presence == OP_OPTIONAL);
    return null ? s_nullable(schema) : schema;
}

json_t *op_openapi_schema(const op_type_t *type, op_openapi_way_t way, size_t skip)
{
    json_t *properties = s_made(json_object()), *required = s_made(json_array());
    for (size_t i = skip; i < type->field_count; i++) {
        const op_field_t *field = &type->fields[i];
        bool always = field->presence == OP_REQUIRED ||
                      (way == OP_OPENAPI_RESPONSE && field->presence == OP_OPTIONAL);
        json_t *schema = op_openapi_field(field, way);
        op_openapi_say(schema, "description", field->doc);
        op_openapi_set(properties, field->name, schema);
        if (always)
            OP_ASSERT(json_array_append_new(required, json_string(field->name)) == 0);
    }
    json_t *schema = s_made(json_pack("{s:s,s:s,s:o}", "type", "object", "description", type->doc,
                                      "properties", properties));
    if (json_array_size(required))
        json_object_set(schema, "required", required);
    json_decref(required);
    if (way == OP_OPENAPI_RESPONSE)
        op_openapi_set(schema, "additionalProperties", json_false());
    return schema;
}

/*  ---- Examples ---- */

static json_t *s_scalar_example(const op_field_t *field)
{
    const op_shape_t *shape = field->shape;
    if (shape->words) {
        op_str_t words = op_str(shape->words), word = op_str_next(&words, ',');
        return s_made(json_stringn(word.at, word.size));
    }
    return s_made(json_loads(shape->example, JSON_DECODE_ANY, NULL));
}

json_t *op_openapi_field_example(const op_field_t *field, op_openapi_way_t way)
{
    if (way == OP_OPENAPI_RESPONSE && field->presence == OP_OMITTED)
        return NULL;
    if (way == OP_OPENAPI_RESPONSE && field->presence == OP_OPTIONAL)
        return json_null();
    switch (op_kinds[field->kind].json) {
    case OP_JSON_OBJECT:
        return field->kind == OP_KIND_MAYBE ? NULL : op_openapi_example(field->item, way, 0);
    case OP_JSON_OBJECTS:
        return s_made(json_pack("[o]", op_openapi_example(field->item, way, 0)));
    case OP_JSON_WORDS:
        return field->shape->words ? s_words(field->shape)
                                   : s_made(json_pack("[o]", s_scalar_example(field)));
    case OP_JSON_NUMBER:
    case OP_JSON_BOOLEAN:
    case OP_JSON_INSTANT:
    case OP_JSON_ID:
    case OP_JSON_STRING:
        return s_scalar_example(field);
    case OP_JSON_NONE:
        break;
    }
    return NULL;
}

static const struct {
    const char *where, *members;
} s_examples[] = {
#define EXAMPLE(where, members) {where, members},
#include "http/operations.def"
#undef EXAMPLE
};

/*  Lays what `over` has over `example`: members and items that both have, into each other. */
static void s_lay(json_t *example, json_t *over)
{
    const char *name;
    json_t *value;
    size_t i;
    json_object_foreach(over, name, value)
    {
        json_t *under = json_object_get(example, name);
        if (json_is_object(value) && json_is_object(under))
            s_lay(under, value);
        else if (json_is_array(value) && json_array_size(value) == json_array_size(under))
            for (i = 0; i < json_array_size(value); i++)
                s_lay(json_array_get(under, i), json_array_get(value, i));
        else
            OP_ASSERT(json_object_set(example, name, value) == 0);
    }
}

json_t *op_openapi_true(json_t *example, const char *where)
{
    for (size_t i = 0; i < OP_COUNT(s_examples); i++)
        if (strcmp(s_examples[i].where, where) == 0) {
            json_t *over = s_made(json_loads(s_examples[i].members, 0, NULL));
            s_lay(example, over);
            json_decref(over);
        }
    return example;
}

json_t *op_openapi_example(const op_type_t *type, op_openapi_way_t way, size_t skip)
{
    json_t *example = s_made(json_object());
    for (size_t i = skip; i < type->field_count; i++) {
        json_t *value = op_openapi_field_example(&type->fields[i], way);
        if (value)
            op_openapi_set(example, type->fields[i].name, value);
    }
    return op_openapi_true(example, type->name);
}
