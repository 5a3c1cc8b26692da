/*  print.c - any answer, for people or for programs

    Both start from the JSON that the declared types give (transport/json.h). For people an object
    is
    lines of "member  value", a list of objects is a table. Before that phones are masked and texts
    replaced by their length, unless --full was said. */

#include "tools/opctl/opctl.h"

#include "base/utf8.h"
#include "transport/json.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INDENT = 2, COLUMNS_MAX = 12 /* of a table; objects with more members are blocks */ };

/*  ---- masking ---- */

static void s_mask(op_arena_t *arena, const op_type_t *type, void *value);

static op_str_t s_masked_phone(op_arena_t *arena, op_str_t phone)
{
    char text[OP_PHONE_MAX + 1];
    return op_phone_valid(phone) ? op_arena_copy(arena, op_str(op_phone_mask(phone, text))) : phone;
}

static op_str_t s_length(op_arena_t *arena, op_str_t body)
{
    char text[40];
    size_t count = 0, at = 0;
    uint32_t point;
    while (at < body.size && op_utf8_next(body, &at, &point))
        count++;
    snprintf(text, sizeof text, "(%zu characters)", count);
    return op_arena_copy(arena, op_str(text));
}

static void s_mask_list(op_arena_t *arena, const op_field_t *field, op_list_t *list)
{
    char *items = op_arena_alloc(arena, (list->count + 1) * field->item->size);
    if (list->count)
        memcpy(items, list->at, list->count * field->item->size);
    for (size_t i = 0; i < list->count; i++)
        s_mask(arena, field->item, items + i * field->item->size);
    list->at = items;
}

static void s_mask_field(op_arena_t *arena, const op_field_t *field, void *at)
{
    op_str_t text;
    switch (field->kind) {
    case OP_KIND_PHONE:
    case OP_KIND_TEXT: /* a peer that is a phone */
        memcpy(&text, at, sizeof text);
        text = s_masked_phone(arena, text);
        memcpy(at, &text, sizeof text);
        return;
    case OP_KIND_BODY:
        memcpy(&text, at, sizeof text);
        text = s_length(arena, text);
        memcpy(at, &text, sizeof text);
        return;
    case OP_KIND_NESTED:
        s_mask(arena, field->item, at);
        return;
    case OP_KIND_LIST:
        s_mask_list(arena, field, at);
        return;
    case OP_KIND_MAYBE:
    case OP_KIND_U64:
    case OP_KIND_BOOL:
    case OP_KIND_FLAG:
    case OP_KIND_COUNT:
    case OP_KIND_INSTANT:
    case OP_KIND_ID:
    case OP_KIND_MSG_ID:
    case OP_KIND_EVT_ID:
    case OP_KIND_HASH:
    case OP_KIND_URL:
    case OP_KIND_WORDS:
    case OP_KIND_SECRET:
    case OP_KIND_BYTES:
        return;
    }
}

static void s_mask(op_arena_t *arena, const op_type_t *type, void *value)
{
    for (size_t i = 0; i < type->field_count; i++)
        s_mask_field(arena, &type->fields[i], (char *)value + type->fields[i].offset);
}

/*  ---- for people ---- */

/*  A value on one line, without what a terminal would obey. The caller frees it. */
static char *s_cell(const json_t *value)
{
    op_buf_t text = {0};
    size_t index;
    const json_t *item;
    if (json_is_string(value)) {
        op_buf_add_str(&text, op_str(json_string_value(value)));
    } else if (json_is_integer(value)) {
        op_buf_printf(&text, "%lld", (long long)json_integer_value(value));
    } else if (json_is_array(value)) {
        json_array_foreach((json_t *)value, index, item)
        {
            char *cell = s_cell(item);
            op_buf_printf(&text, "%s%s", index ? "," : "", cell);
            free(cell);
        }
    } else if (json_is_object(value)) {
        char *inside = json_dumps(value, JSON_COMPACT);
        op_buf_add_str(&text, op_str(inside));
        free(inside);
    } else {
        op_buf_add_str(&text, json_is_true(value)    ? OP_STR("yes")
                              : json_is_false(value) ? OP_STR("no")
                                                     : OP_STR("-"));
    }
    for (size_t i = 0; i < text.size; i++)
        if ((unsigned char)text.at[i] < 0x20 || text.at[i] == 0x7f)
            text.at[i] = ' ';
    char *copy = op_strdup(op_buf_str(&text));
    op_buf_free(&text);
    return copy;
}

static bool s_is_table(const json_t *value)
{
    return json_is_array(value) &&
           (json_array_size(value) == 0 || json_is_object(json_array_get(value, 0)));
}

static size_t s_width(const json_t *rows, const char *column)
{
    size_t width = strlen(column), index;
    const json_t *row;
    json_array_foreach((json_t *)rows, index, row)
    {
        char *cell = s_cell(json_object_get(row, column));
        size_t size = strlen(cell);
        width = size > width ? size : width;
        free(cell);
    }
    return width;
}

static void s_object(json_t *object, int indent);

static void s_blocks(const json_t *rows, int indent)
{
    size_t index;
    json_t *row;
    json_array_foreach((json_t *)rows, index, row)
    {
        if (index)
            putchar('\n');
        s_object(row, indent);
    }
}

/*  Columns are the members of the first row: all rows are of one type. */
static void s_table(const json_t *rows, int indent)
{
    const char *column;
    json_t *value;
    size_t index;
    const json_t *row;
    json_t *first = json_array_get(rows, 0);
    if (!first) {
        printf("%*s(none)\n", indent, "");
        return;
    }
    if (json_object_size(first) > COLUMNS_MAX) {
        s_blocks(rows, indent);
        return;
    }
    printf("%*s", indent, "");
    json_object_foreach(first, column, value) printf("%-*s  ", (int)s_width(rows, column), column);
    putchar('\n');
    json_array_foreach((json_t *)rows, index, row)
    {
        printf("%*s", indent, "");
        json_object_foreach(first, column, value)
        {
            char *cell = s_cell(json_object_get(row, column));
            printf("%-*s  ", (int)s_width(rows, column), cell);
            free(cell);
        }
        putchar('\n');
    }
}

static void s_object(json_t *object, int indent)
{
    const char *name;
    json_t *value;
    size_t width = 0;
    json_object_foreach(object, name, value) width = strlen(name) > width ? strlen(name) : width;
    json_object_foreach(object, name, value)
    {
        if (s_is_table(value) || json_is_object(value)) {
            printf("%*s%s\n", indent, "", name);
            if (json_is_object(value))
                s_object(value, indent + INDENT);
            else
                s_table(value, indent + INDENT);
            continue;
        }
        char *cell = s_cell(value);
        printf("%*s%-*s  %s\n", indent, "", (int)width, name, cell);
        free(cell);
    }
}

void op_ctl_print(op_ctl_t *self, const op_type_t *type, const void *value)
{
    if (type == &op_nothing_type && !self->json)
        return;
    void *shown = op_arena_alloc(&self->arena, type->size);
    memcpy(shown, value, type->size);
    if (!self->full)
        s_mask(&self->arena, type, shown);
    op_buf_t text = {0};
    op_json_print(type, shown, &text);
    if (self->json) {
        printf("%.*s\n", (int)text.size, text.at);
    } else {
        json_t *object = json_loadb(text.at, text.size, 0, NULL);
        OP_ASSERT(object);
        /* A message that is one list is that list. */
        json_t *only = json_object_iter_value(json_object_iter(object));
        if (json_object_size(object) == 1 && s_is_table(only))
            s_table(only, 0);
        else
            s_object(object, 0);
        json_decref(object);
    }
    op_buf_free(&text);
}
