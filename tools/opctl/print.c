/*  print.c - any answer, for people or for programs

    Both start from the JSON that the declared types give (transport/json.h). For people an object is
    lines of "member  value", a list of objects is a table. Before that phones are masked and texts
    replaced by their length, unless --full was said. */

#include "tools/opctl/opctl.h"

#include "base/phone.h"
#include "base/utf8.h"
#include "transport/json.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    INDENT = 2,
    COLUMNS_MAX = 12 /* of a table; objects with more members, or nested ones, are blocks */
};

/*  ---- Masking ---- */

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

/*  A copy of the struct, masked. */
static void *s_masked(op_arena_t *arena, const op_type_t *type, const void *value)
{
    void *copy = op_arena_alloc(arena, type->size);
    memcpy(copy, value, type->size);
    s_mask(arena, type, copy);
    return copy;
}

static void s_mask_list(op_arena_t *arena, const op_field_t *field, void *value)
{
    op_list_t list = op_field_list(field, value);
    size_t size = field->item->size;
    char *items = op_arena_alloc(arena, (list.count + 1) * size);
    for (size_t i = 0; i < list.count; i++) {
        memcpy(items + i * size, op_list_item(&list, field, i), size);
        s_mask(arena, field->item, items + i * size);
    }
    list.at = items;
    op_field_set(field, value, &list, sizeof list);
}

static void s_mask_text(op_arena_t *arena, const op_field_t *field, void *value)
{
    op_str_t text = op_field_text(field, value);
    if (field->kind == OP_KIND_PHONE || field->kind == OP_KIND_TEXT) /* a peer that is a phone */
        text = s_masked_phone(arena, text);
    else if (field->kind == OP_KIND_SERIAL)
        text = op_serial_tail(text);
    else if (field->kind == OP_KIND_BODY && (text.size || field->presence != OP_OPTIONAL))
        text = s_length(arena, text);
    op_field_set(field, value, &text, sizeof text);
}

static void s_mask_field(op_arena_t *arena, const op_field_t *field, void *value)
{
    const void *item;
    switch (op_kinds[field->kind].stored) {
    case OP_STORED_TEXT:
        s_mask_text(arena, field, value);
        return;
    case OP_STORED_NESTED:
        item = s_masked(arena, field->item, op_field_item(field, value));
        op_field_set(field, value, item, field->item->size);
        return;
    case OP_STORED_MAYBE:
        item = op_field_item(field, value);
        if (item)
            item = s_masked(arena, field->item, item);
        op_field_set(field, value, &item, sizeof item);
        return;
    case OP_STORED_LIST:
        s_mask_list(arena, field, value);
        return;
    case OP_STORED_NUMBER:
    case OP_STORED_BOOL:
    case OP_STORED_ID:
    case OP_STORED_HASH:
        return;
    }
}

static void s_mask(op_arena_t *arena, const op_type_t *type, void *value)
{
    for (size_t i = 0; i < type->field_count; i++)
        s_mask_field(arena, &type->fields[i], value);
}

/*  ---- For people ---- */

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
        if (op_is_control(text.at[i]))
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

/*  Has a row more in it than a line can show? */
static bool s_is_nested(json_t *row)
{
    const char *name;
    json_t *value;
    json_object_foreach(row, name, value) if (json_is_object(value) ||
                                              (json_is_array(value) && s_is_table(value) &&
                                               json_array_size(value))) return true;
    return false;
}

static bool s_any_is_nested(const json_t *rows)
{
    size_t index;
    json_t *row;
    json_array_foreach((json_t *)rows, index, row) if (s_is_nested(row)) return true;
    return false;
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
    if (json_object_size(first) > COLUMNS_MAX || s_any_is_nested(rows)) {
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

/*  ---- Both ---- */

json_t *op_ctl_json(op_ctl_t *self, const op_type_t *type, const void *value)
{
    void *shown = op_arena_alloc(&self->arena, type->size);
    memcpy(shown, value, type->size);
    if (!self->full)
        s_mask(&self->arena, type, shown);
    op_buf_t text = {0};
    op_json_print(type, shown, &text);
    json_t *json = json_loadb(text.at, text.size, 0, NULL);
    OP_ASSERT(json);
    op_buf_free(&text);
    return json;
}

void op_ctl_add_page(json_t **pages, json_t *page)
{
    const char *name;
    json_t *value;
    if (!*pages) {
        *pages = page;
        return;
    }
    json_object_foreach(page, name, value)
    {
        if (json_is_array(value))
            json_array_extend(json_object_get(*pages, name), value);
        else
            json_object_set(*pages, name, value);
    }
    json_decref(page);
}

void op_ctl_show(op_ctl_t *self, json_t *value)
{
    json_t *only = json_object_iter_value(json_object_iter(value));
    if (self->json) {
        json_dumpf(value, stdout, JSON_COMPACT);
        putchar('\n');
    } else if (json_object_size(value) == 1 && s_is_table(only)) {
        s_table(only, 0); /* a message that is one list is that list */
    } else {
        s_object(value, 0);
    }
    json_decref(value);
}

void op_ctl_print(op_ctl_t *self, const op_type_t *type, const void *value)
{
    op_ctl_show(self, op_ctl_json(self, type, value));
}
