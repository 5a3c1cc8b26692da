/*  The table, and one check per form of value. Which comes first of two faults is part of the API:
    what is wrong in kind, empty or much too long is a validation_error whatever the shape says. */

#include "transport/shape.h"

#include "base/utf8.h"

#include <string.h>

#define OP_PATTERN_UUID    "[0-9A-Fa-f]{8}-([0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}"
#define OP_PATTERN_INSTANT "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"
#define OP_EXAMPLE_UUID    "0193b3a0-c400-7000-8000-a1b2c3d4e5f6"

static bool s_is_uuid(op_str_t text)
{
    op_id_t id;
    return op_id_parse(text, &id);
}

const op_shape_t op_shapes[OP_SHAPE_END] = {
#define KIND(NAME, ...)        [OP_SHAPE_##NAME] = {__VA_ARGS__},
#define SHAPE(NAME, KIND, ...) [OP_SHAPE_##NAME] = {__VA_ARGS__},
#include "transport/shapes.def"
#undef KIND
#undef SHAPE
};

_Static_assert(OP_PAGE_MAX == 100, "as the sentence of PAGE_SIZE says");

bool op_shape_pattern(const op_shape_t *self, op_buf_t *out)
{
    if (self->pattern)
        op_buf_add_str(out, op_str(self->pattern));
    else if (self->alphabet && self->least == self->most)
        op_buf_printf(out, "^%s[%s]{%u}$", self->prefix ? self->prefix : "", self->alphabet,
                      (unsigned)self->most);
    else if (self->alphabet)
        op_buf_printf(out, "^%s[%s]{%u,%u}$", self->prefix ? self->prefix : "", self->alphabet,
                      (unsigned)self->least, (unsigned)self->most);
    return self->pattern || self->alphabet;
}

static bool s_fault(op_shape_fault_t *fault, op_error_t error, const char *sentence)
{
    *fault = (op_shape_fault_t){error, sentence};
    return false;
}

static bool s_invalid(op_shape_fault_t *fault, const char *sentence)
{
    return s_fault(fault, OP_ERROR_VALIDATION_ERROR, sentence);
}

/*  Refuses with the shape's own error; `sentence` is for those without. */
static bool s_refuse(const op_shape_t *shape, op_shape_fault_t *fault, const char *sentence)
{
    if (shape->fault)
        return s_fault(fault, shape->fault, shape->sentence);
    return s_invalid(fault, shape->sentence ? shape->sentence : sentence);
}

/*  Is the character in the alphabet? A '-' at its end is itself. */
static bool s_in_alphabet(const char *alphabet, char c)
{
    for (; *alphabet; alphabet++) {
        if (alphabet[1] == '-' && alphabet[2]) {
            if (c >= alphabet[0] && c <= alphabet[2])
                return true;
            alphabet += 2;
        } else if (*alphabet == c)
            return true;
    }
    return false;
}

static bool s_spelt(const op_shape_t *shape, op_str_t text)
{
    size_t front = shape->prefix ? strlen(shape->prefix) : 0;
    if (front && !op_str_starts(text, shape->prefix))
        return false;
    for (size_t i = front; i < text.size; i++)
        if (!s_in_alphabet(shape->alphabet, text.at[i]))
            return false;
    return text.size - front >= shape->least && text.size - front <= shape->most;
}

/*  What the shape demands of a string that has passed the general checks. */
static bool s_shaped(const op_field_t *field, op_str_t text, op_shape_fault_t *fault)
{
    const op_shape_t *shape = field->shape;
    if (shape->words && !op_str_in(text, op_str(shape->words)))
        return s_refuse(shape, fault, "This is none of the values that are possible here.");
    if (shape->alphabet)
        return s_spelt(shape, text) ||
               s_refuse(shape, fault, "This is not what it must look like.");
    uint64_t points = (uint64_t)op_utf8_count(text);
    if (!shape->most || points <= shape->most)
        return true;
    if (shape->too_long)
        return s_fault(fault, shape->too_long, NULL);
    return s_refuse(shape, fault, "This is too long.");
}

bool op_shape_text(const op_field_t *field, op_str_t text, op_shape_fault_t *fault)
{
    if (field->shape->check)
        return field->shape->check(text) || s_refuse(field->shape, fault, NULL);
    if (text.size == 0)
        return field->presence != OP_REQUIRED || s_invalid(fault, "This must not be empty.");
    if (memchr(text.at, 0, text.size))
        return s_invalid(fault, "This must not hold the character U+0000.");
    if (op_utf8_count(text) < 0)
        return s_invalid(fault, "This must be valid UTF-8.");
    bool measured = field->shape->most > 0; /* in characters: then the octets come second */
    if (!measured && text.size > field->max)
        return s_invalid(fault, "This is too long.");
    if (!s_shaped(field, text, fault))
        return false;
    return text.size <= field->max || s_invalid(fault, "This is too long.");
}

bool op_shape_number(const op_field_t *field, uint64_t number, op_shape_fault_t *fault)
{
    const op_shape_t *shape = field->shape;
    if (number < shape->least || (shape->most && number > shape->most))
        return s_refuse(shape, fault, "This number is out of its bounds.");
    return true;
}

bool op_shape_word(const op_field_t *field, op_str_t word, op_shape_fault_t *fault)
{
    if (word.size == 0 || memchr(word.at, 0, word.size) || memchr(word.at, ',', word.size))
        return s_invalid(fault, "The strings of this array must not be empty or hold a comma.");
    if (field->shape->words && !op_str_in(word, op_str(field->shape->words)))
        return s_refuse(field->shape, fault, "This array holds an unknown value.");
    return true;
}
