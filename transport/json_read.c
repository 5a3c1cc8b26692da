/*  Reading request bodies; json.c prints. A member's fault is found by its kind alone, so that each
    call of the API refuses the same mistake in the same words. */

#include "transport/json.h"

#include "base/limits.h"
#include "transport/shape.h"

#include <jansson.h>
#include <string.h>

/*  Up to here a double tells each whole number from the next. */
#define S_EXACT_MAX 9007199254740992.0

typedef struct {
    const op_json_rules_t *rules;
    op_arena_t *arena;
    op_json_fault_t *fault;
    const op_field_t *field; /* being read */
    char *value;             /* the struct being filled */
} reader_t;

static int s_fault(reader_t *self, op_error_t error, const char *sentence)
{
    *self->fault = (op_json_fault_t){error, self->field ? self->field->name : NULL, sentence};
    return -1;
}

static int s_invalid(reader_t *self, const char *sentence)
{
    return s_fault(self, OP_ERROR_VALIDATION_ERROR, sentence);
}

static void s_set(reader_t *self, const void *bytes, size_t size)
{
    op_field_set(self->field, self->value, bytes, size);
}

static void s_set_text(reader_t *self, op_str_t text)
{
    op_str_t copy = op_arena_copy(self->arena, text);
    s_set(self, &copy, sizeof copy);
}

static int s_check_url(reader_t *self, op_str_t text)
{
    const op_json_rules_t *rules = self->rules;
    const char *sentence = rules->check_url ? rules->check_url(rules->arg, text) : NULL;
    return sentence ? s_invalid(self, sentence) : 0;
}

static int s_read_text(reader_t *self, op_str_t text)
{
    op_shape_fault_t fault;
    if (!op_shape_text(self->field, text, &fault))
        return s_fault(self, fault.error, fault.sentence);
    if (self->field->kind == OP_KIND_URL && text.size == 0)
        return s_invalid(self, "This must not be empty.");
    if (self->field->kind == OP_KIND_URL && s_check_url(self, text) == -1)
        return -1;
    s_set_text(self, text);
    return 0;
}

static int s_read_string(reader_t *self, const json_t *json)
{
    if (!json_is_string(json))
        return s_invalid(self, "This member must be a string.");
    return s_read_text(self, op_str_of(json_string_value(json), json_string_length(json)));
}

/*  Is the i-th item one of those before it? These are good, so where words are listed in a shape
    there are few of them. */
static bool s_came_before(const json_t *array, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (json_equal(json_array_get(array, j), json_array_get(array, i)))
            return true;
    return false;
}

static int s_read_words(reader_t *self, const json_t *json)
{
    if (!json_is_array(json))
        return s_invalid(self, "This member must be an array of strings.");
    if (json_array_size(json) == 0)
        return s_invalid(self, "This member must not be empty.");
    op_buf_t words = {0};
    op_shape_fault_t fault = {OP_OK, NULL};
    for (size_t i = 0; fault.error == OP_OK && i < json_array_size(json); i++) {
        const json_t *word = json_array_get(json, i);
        op_str_t text = op_str_of(json_string_value(word), json_string_length(word));
        if (!json_is_string(word))
            fault = (op_shape_fault_t){OP_ERROR_VALIDATION_ERROR,
                                       "This member must be an array of strings."};
        else if (s_came_before(json, i))
            fault = (op_shape_fault_t){OP_ERROR_VALIDATION_ERROR,
                                       "The strings of this array must differ."};
        else if (op_shape_word(self->field, text, &fault)) {
            if (words.size)
                op_buf_add_byte(&words, ',');
            op_buf_add_str(&words, text);
        }
    }
    if (fault.error == OP_OK && words.size > self->field->max)
        fault = (op_shape_fault_t){OP_ERROR_VALIDATION_ERROR, "This member is too long."};
    if (fault.error == OP_OK)
        s_set_text(self, op_buf_str(&words));
    op_buf_free(&words);
    return fault.error == OP_OK ? 0 : s_fault(self, fault.error, fault.sentence);
}

static int s_read_id(reader_t *self, const json_t *json)
{
    const char *prefix = op_json_id_prefix(self->field->kind);
    op_str_t text = op_str_of(json_string_value(json), json_string_length(json));
    op_id_t id;
    if (!json_is_string(json))
        return s_invalid(self, "This member must be a string.");
    if (!op_str_starts(text, prefix) || !op_id_parse(op_str_skip(text, strlen(prefix)), &id))
        return s_invalid(self, "This is not an id of the server's making.");
    s_set(self, &id, sizeof id);
    return 0;
}

/*  A whole number, however it is written: to JSON Schema 60.0 and 6e1 are 60. */
static bool s_whole(const json_t *json, uint64_t *number)
{
    double real = json_real_value(json);
    if (json_is_integer(json) && json_integer_value(json) >= 0)
        *number = (uint64_t)json_integer_value(json);
    else if (json_is_real(json) && real >= 0 && real <= S_EXACT_MAX)
        *number = (uint64_t)real;
    else
        return false;
    return json_is_integer(json) || real - (double)*number <= 0;
}

static int s_read_u64(reader_t *self, const json_t *json)
{
    uint64_t number;
    if (!s_whole(json, &number))
        return s_invalid(self, "This member must be a whole number, 0 or more.");
    op_shape_fault_t fault;
    if (!op_shape_number(self->field, number, &fault))
        return s_fault(self, fault.error, fault.sentence);
    if (self->field->kind == OP_KIND_COUNT)
        number = op_said(number);
    s_set(self, &number, sizeof number);
    return 0;
}

static int s_read_bool(reader_t *self, const json_t *json)
{
    if (!json_is_boolean(json))
        return s_invalid(self, "This member must be true or false.");
    bool yes = json_is_true(json);
    uint64_t said = op_said(yes);
    if (self->field->kind == OP_KIND_FLAG)
        s_set(self, &said, sizeof said);
    else
        s_set(self, &yes, sizeof yes);
    return 0;
}

static int s_read_member(reader_t *self, const json_t *json)
{
    switch (op_kinds[self->field->kind].json) {
    case OP_JSON_NUMBER:
        return s_read_u64(self, json);
    case OP_JSON_BOOLEAN:
        return s_read_bool(self, json);
    case OP_JSON_ID:
        return s_read_id(self, json);
    case OP_JSON_STRING:
        return s_read_string(self, json);
    case OP_JSON_WORDS:
        return s_read_words(self, json);
    case OP_JSON_NONE:
    case OP_JSON_INSTANT:
    case OP_JSON_OBJECT:
    case OP_JSON_OBJECTS:
        break;
    }
    OP_ASSERT(false && "no request body holds a field of this kind");
    return -1;
}

static int s_read_object(reader_t *self, const op_type_t *type, const json_t *object)
{
    for (size_t i = 0; i < type->field_count; i++) {
        self->field = &type->fields[i];
        bool given = self->rules->id.size && strcmp(self->field->name, "id") == 0;
        const json_t *json = json_object_get(object, self->field->name);
        int result = 0;
        if (given)
            result = s_read_text(self, self->rules->id);
        else if (json && !json_is_null(json))
            result = s_read_member(self, json);
        else if (self->field->presence == OP_REQUIRED)
            result = s_invalid(self, "This member is required.");
        if (result == -1)
            return -1;
    }
    return 0;
}

/*  Counts brackets outside of strings. What is no JSON at all may be counted wrong, and fails
    later. */
bool op_json_too_deep(op_str_t text)
{
    int depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.at[i];
        if (quoted && c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && (c == '{' || c == '['))
            depth++;
        else if (!quoted && (c == '}' || c == ']'))
            depth--;
        if (depth > OP_JSON_DEPTH_MAX)
            return true;
    }
    return false;
}

static const char *s_why_not(const json_error_t *error)
{
    enum json_error_code code = json_error_code(error);
    if (code == json_error_numeric_overflow)
        return "A number in this JSON is too large: whole ones have 64 bits, others are doubles.";
    if (code == json_error_duplicate_key)
        return "A member stands in this JSON twice.";
    return "This is not well-formed JSON.";
}

int op_json_read(const op_type_t *type, op_str_t text, const op_json_rules_t *rules,
                 op_arena_t *arena, void *value, op_json_fault_t *fault)
{
    static const op_json_rules_t none = {0};
    reader_t self = {rules ? rules : &none, arena, fault, NULL, value};
    memset(value, 0, type->size);
    if (text.size == 0)
        return s_invalid(&self, "A JSON object is required.");
    if (op_json_too_deep(text))
        return s_invalid(&self, "The JSON is nested too deeply.");
    /* JSON_ALLOW_NUL: so that U+0000 is refused with the member's name. JSON_DECODE_ANY: so that
       what is good JSON, but no object, is told so. */
    json_error_t error;
    json_t *json = json_loadb(text.at, text.size,
                              JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_ANY, &error);
    if (!json)
        return s_invalid(&self, s_why_not(&error));
    int result = json_is_object(json) ? s_read_object(&self, type, json)
                                      : s_invalid(&self, "A JSON object is required.");
    json_decref(json);
    return result;
}
