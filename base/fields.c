/*  The values are printed one by one, each by a format of its own that is cut out of the whole one;
    a va_list can only be walked that way by whoever knows the conversions. There are few. */

#include "base/fields.h"

#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

/*  In a struct, so that it can be handed on by address on every machine. */
typedef struct {
    va_list list;
} s_values_t;

enum { S_SPEC_MAX = 24 };

/*  One conversion of the format, cut out. */
typedef struct {
    char text[S_SPEC_MAX];
    size_t size;
    int longs; /* how many 'l' */
    bool is_size;
    char conversion;
} s_spec_t;

static void s_spec_add(s_spec_t *spec, char c)
{
    OP_ASSERT(spec->size + 1 < sizeof spec->text);
    spec->text[spec->size++] = c;
}

/*  Reads the conversion at *at, a '%', and moves behind it. A star becomes its number. */
static s_spec_t s_cut(const char **at, s_values_t *values)
{
    s_spec_t spec = {.size = 0};
    s_spec_add(&spec, *(*at)++);
    while (**at && strchr("-+ #0123456789.*lz", **at)) {
        char c = *(*at)++;
        spec.longs += c == 'l';
        spec.is_size |= c == 'z';
        if (c == '*') {
            int size = snprintf(spec.text + spec.size, sizeof spec.text - spec.size, "%d",
                                va_arg(values->list, int));
            spec.size += (size_t)size;
        } else
            s_spec_add(&spec, c);
    }
    spec.conversion = *(*at)++;
    s_spec_add(&spec, spec.conversion);
    return spec;
}

/*  The specification comes out of a format that the compiler has checked against its values. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static int s_print_one(char *text, size_t size, const char *format, ...)
{
    va_list value;
    va_start(value, format);
    int written = vsnprintf(text, size, format, value);
    va_end(value);
    return written;
}
#pragma GCC diagnostic pop

static int s_print_integer(const s_spec_t *spec, s_values_t *values, char *text, size_t size)
{
    if (spec->is_size)
        return s_print_one(text, size, spec->text, va_arg(values->list, size_t));
    if (spec->longs == 2)
        return s_print_one(text, size, spec->text, va_arg(values->list, unsigned long long));
    if (spec->longs == 1)
        return s_print_one(text, size, spec->text, va_arg(values->list, unsigned long));
    return s_print_one(text, size, spec->text, va_arg(values->list, unsigned));
}

static void s_convert(op_buf_t *to, const char **at, s_values_t *values)
{
    char text[OP_FIELD_MAX + 1];
    int size = 0;
    s_spec_t spec = s_cut(at, values);
    if (spec.conversion == '%')
        size = snprintf(text, sizeof text, "%%");
    else if (spec.conversion == 's') {
        const char *value = va_arg(values->list, const char *);
        size = s_print_one(text, sizeof text, spec.text, value ? value : "");
    } else if (spec.conversion == 'f')
        size = s_print_one(text, sizeof text, spec.text, va_arg(values->list, double));
    else {
        OP_ASSERT(strchr("diuxc", spec.conversion));
        size = s_print_integer(&spec, values, text, sizeof text);
    }
    OP_ASSERT(size >= 0);
    op_buf_add(to, text, (size_t)size < sizeof text ? (size_t)size : sizeof text - 1);
}

/*  Prints `format` up to `end`. */
static void s_print(op_buf_t *to, const char *format, const char *end, s_values_t *values)
{
    for (const char *at = format; at < end;)
        if (*at == '%')
            s_convert(to, &at, values);
        else
            op_buf_add_byte(to, (uint8_t)*at++);
}

void op_fields_clean(op_buf_t *to, op_str_t text)
{
    size_t at = 0, kept = to->size;
    uint32_t point;
    while (at < text.size && to->size - kept + OP_UTF8_MAX <= OP_FIELD_MAX) {
        size_t before = at;
        if (!op_utf8_next(text, &at, &point)) {
            op_buf_add_byte(to, '?');
            at++;
        } else if (point < ' ' || (point >= 0x7f && point < 0xa0) || point == 0x2028 ||
                   point == 0x2029)
            op_buf_add_byte(to, '?');
        else
            op_buf_add(to, text.at + before, at - before);
    }
}

/*  A word that is a field: where its value begins, or NULL. */
static const char *s_value_of(const char *word, const char *end)
{
    const char *at = word;
    while (at < end && ((*at >= 'a' && *at <= 'z') || *at == '_'))
        at++;
    if (at == word || at + 1 >= end || *at != '=')
        return NULL;
    at++;
    return memchr(at, '%', (size_t)(end - at)) ? at : NULL;
}

static void s_add_words(op_buf_t *to, op_str_t words)
{
    while (words.size && words.at[words.size - 1] == ' ')
        words.size--;
    op_fields_clean(to, words);
}

static void s_add(op_buf_t *to, const char *name, char mark, op_str_t value)
{
    if (value.size == 0 || to->size + strlen(name) + OP_FIELD_MAX + 2 > OP_FIELDS_MAX)
        return;
    op_buf_add_byte(to, OP_FIELD_END);
    op_buf_printf(to, "%s%c", name, mark);
    op_fields_clean(to, value);
}

void op_fields_add(op_buf_t *to, const char *name, op_str_t value)
{
    s_add(to, name, '=', value);
}

/*  "%d", "%llu", "%.3f": one conversion that prints a number as JSON writes it. */
static bool s_is_number(const char *value, const char *end)
{
    size_t size = (size_t)(end - value);
    if (size < 2 || value[0] != '%' || !memchr("diuf", end[-1], 4) || memchr("0+- #", value[1], 5))
        return false;
    return strspn(value + 1, "123456789.0lz") == size - 2;
}

static void s_add_field(op_buf_t *fields, const char *word, const char *value, const char *end,
                        s_values_t *values)
{
    op_buf_t text = {0};
    char name[32];
    bool number = s_is_number(value, end);
    op_str_copy(op_str_of(word, (size_t)(value - 1 - word)), name, sizeof name);
    if (*value == '"' && end - value > 2 && end[-1] == '"') {
        value++;
        end--;
    }
    s_print(&text, value, end, values);
    s_add(fields, name, number ? ':' : '=', op_buf_str(&text));
    op_buf_free(&text);
}

void op_fields_print(op_buf_t *to, const char *format, va_list arguments)
{
    s_values_t values;
    va_copy(values.list, arguments);
    op_buf_t words = {0}, fields = {0};
    while (*format) {
        const char *end = strchr(format, ' ');
        if (!end)
            end = format + strlen(format);
        const char *value = s_value_of(format, end);
        if (value)
            s_add_field(&fields, format, value, end, &values);
        else {
            if (words.size && end > format)
                op_buf_add_byte(&words, ' ');
            s_print(&words, format, end, &values);
        }
        format = *end ? end + 1 : end;
    }
    va_end(values.list);
    s_add_words(to, op_buf_str(&words));
    op_buf_add_str(to, op_buf_str(&fields));
    op_buf_free(&words);
    op_buf_free(&fields);
}

bool op_fields_next(op_str_t *rest, op_str_t *name, op_str_t *value, bool *number)
{
    if (!rest->at)
        return false;
    const char *end = rest->size ? memchr(rest->at, OP_FIELD_END, rest->size) : NULL;
    size_t size = end ? (size_t)(end - rest->at) : rest->size;
    op_str_t piece = op_str_of(rest->at, size);
    bool first = name->at == NULL; /* the sentence has no name, whatever it holds */
    size_t front = 0;              /* octets of the name */
    while (!first && front < size && piece.at[front] != '=' && piece.at[front] != ':')
        front++;
    bool named = !first && front < size;
    *number = named && piece.at[front] == ':';
    *name = op_str_of(piece.at, named ? front : 0);
    *value = named ? op_str_of(piece.at + front + 1, size - front - 1) : piece;
    *rest = end ? op_str_of(end + 1, rest->size - size - 1) : (op_str_t){0};
    return true;
}
