#include "http/binding.h"

#include "base/utf8.h"
#include "transport/shape.h"

#include <string.h>

static void *s_fault(op_json_fault_t *fault, op_error_t error, const char *field,
                     const char *sentence)
{
    *fault = (op_json_fault_t){error, field, sentence};
    return NULL;
}

/*  ---- The path's id ---- */

/*  Whatever a route reads its message from, the id in its path is declared in by_id. */
static bool s_is_id(op_str_t text, op_json_fault_t *fault)
{
    op_shape_fault_t wrong;
    if (op_shape_text(&op_by_id_type.fields[0], text, &wrong))
        return true;
    *fault = (op_json_fault_t){OP_ERROR_NOT_FOUND, NULL, NULL}; /* not UTF-8 is no id either */
    return false;
}

/*  Sets the members that the path gives. */
static const void *s_with_ids(const op_type_t *type, const op_str_t ids[OP_ROUTE_IDS_MAX],
                              char *value, op_json_fault_t *fault)
{
    for (size_t i = 0; value && i < OP_ROUTE_IDS_MAX && ids[i].size; i++) {
        const op_field_t *field = &type->fields[i];
        OP_ASSERT(i < type->field_count && field->kind == OP_KIND_TEXT);
        if (!s_is_id(ids[i], fault))
            return NULL;
        op_field_set(field, value, &ids[i], sizeof ids[i]);
    }
    return value;
}

/*  ---- The query ---- */

static bool s_decode(op_str_t raw, op_arena_t *arena, op_str_t *text)
{
    char *decoded = op_arena_alloc(arena, raw.size + 1);
    int size = op_http_query_decode(raw, decoded);
    *text = op_str_of(decoded, size < 0 ? 0 : (size_t)size);
    return size >= 0 && op_utf8_count(*text) >= 0;
}

/*  Behind those that the path gives. */
static const op_field_t *s_field(const op_type_t *type, size_t ids, op_str_t name)
{
    for (size_t i = ids; i < type->field_count; i++)
        if (op_str_is(name, type->fields[i].name))
            return &type->fields[i];
    return NULL;
}

static bool s_is_plain_number(op_str_t text)
{
    size_t digits = 0;
    while (digits < text.size && op_is_digit(text.at[digits]))
        digits++;
    return digits == text.size && digits > 0 && (digits == 1 || text.at[0] != '0');
}

static bool s_parameter(const op_field_t *field, op_str_t text, char *value,
                        op_shape_fault_t *fault)
{
    op_id_t id;
    uint64_t number;
    *fault = (op_shape_fault_t){OP_ERROR_VALIDATION_ERROR, NULL};
    if (field->kind == OP_KIND_ID) {
        if (!op_id_parse(text, &id)) {
            fault->sentence = "This is not an id of the server's making.";
            return false;
        }
        op_field_set(field, value, &id, sizeof id);
        return true;
    }
    if (field->kind == OP_KIND_U64) {
        if (!s_is_plain_number(text)) {
            fault->sentence = "This must be a whole number, without zeros in front.";
            return false;
        }
        bool fits = op_str_to_u64(text, INT64_MAX, &number);
        number = fits ? number : INT64_MAX;
        fault->sentence = "This number is out of its bounds.";
        op_field_set(field, value, &number, sizeof number);
        return op_shape_number(field, number, fault) && fits;
    }
    OP_ASSERT(field->kind == OP_KIND_TEXT);
    op_field_set(field, value, &text, sizeof text);
    return op_shape_text(field, text, fault);
}

bool op_binding_may_be_empty(const op_field_t *field)
{
    return field->kind == OP_KIND_ID && field->presence != OP_REQUIRED;
}

static void *s_from_query(const op_type_t *type, size_t ids, op_str_t query, op_arena_t *arena,
                          op_json_fault_t *fault)
{
    char *value = op_arena_alloc(arena, type->size);
    uint64_t seen = 0;
    OP_ASSERT(type->field_count <= 64);
    while (query.size) {
        op_str_t raw = op_str_next(&query, '&'), name, text;
        op_str_t raw_name = op_str_next(&raw, '=');
        if (!s_decode(raw_name, arena, &name))
            return s_fault(fault, OP_ERROR_VALIDATION_ERROR, NULL,
                           "The query holds a broken escape, or is not UTF-8.");
        const op_field_t *field = s_field(type, ids, name);
        const char *known = field ? field->name : NULL;
        if (!s_decode(raw, arena, &text))
            return s_fault(fault, OP_ERROR_VALIDATION_ERROR, known,
                           "The query holds a broken escape, or is not UTF-8.");
        if (!field)
            continue;
        uint64_t bit = UINT64_C(1) << (field - type->fields);
        if (seen & bit)
            return s_fault(fault, OP_ERROR_VALIDATION_ERROR, known,
                           "This parameter stands in the query twice.");
        seen |= bit;
        op_shape_fault_t wrong;
        if (!text.size && op_binding_may_be_empty(field))
            continue;
        if (!text.size)
            return s_fault(fault, OP_ERROR_VALIDATION_ERROR, known, "This must not be empty.");
        if (!s_parameter(field, text, value, &wrong))
            return s_fault(fault, wrong.error, known, wrong.sentence);
    }
    return value;
}

/*  ---- The body ---- */

static bool s_speaks_of_json(op_str_t content_type)
{
    for (size_t i = 0; i < content_type.size; i++)
        if (op_str_starts_nocase(op_str_skip(content_type, i), "json"))
            return true;
    return false;
}

static const void *s_from_body(const op_type_t *type, const op_http_request_t *request, op_str_t id,
                               const op_json_rules_t *rules, op_arena_t *arena,
                               op_json_fault_t *fault)
{
    op_json_rules_t own = *rules;
    own.id = id;
    if (id.size && !s_is_id(id, fault))
        return NULL;
    op_str_t body = id.size && !request->body.size ? OP_STR("{}") : request->body;
    size_t count;
    op_str_t content_type = op_http_request_header(request, "Content-Type", &count);
    if (count && request->body.size && !s_speaks_of_json(content_type))
        return s_fault(fault, OP_ERROR_VALIDATION_ERROR, NULL,
                       "Send the body as JSON, with Content-Type: application/json.");
    void *value = op_arena_alloc(arena, type->size);
    return op_json_read(type, body, &own, arena, value, fault) == 0 ? value : NULL;
}

const void *op_binding_read(const op_route_t *route, const op_http_request_t *request,
                            const op_str_t ids[OP_ROUTE_IDS_MAX], const op_json_rules_t *rules,
                            op_arena_t *arena, op_json_fault_t *fault)
{
    const op_type_t *type = route->request;
    size_t count = 0;
    while (count < OP_ROUTE_IDS_MAX && ids[count].size)
        count++;
    switch (route->source) {
    case OP_FROM_NONE:
        return op_arena_alloc(arena, type->size);
    case OP_FROM_PATH:
        return s_with_ids(type, ids, op_arena_alloc(arena, type->size), fault);
    case OP_FROM_QUERY:
        return s_with_ids(type, ids, s_from_query(type, count, request->query, arena, fault),
                          fault);
    case OP_FROM_BODY:
        return s_from_body(type, request, ids[0], rules, arena, fault);
    }
    return NULL;
}
