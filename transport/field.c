/*  Fields are reached through their offsets; memcpy and void pointers keep that within the rules of
    aliasing and alignment. Slices are read member by member, as they were written: a processor
    stalls on a load that spans two stores. */

#include "transport/field.h"

#include <string.h>

const op_kind_facts_t op_kinds[] = {
#define KIND(NAME, type, STORED, JSON, SHOWN, word)                                                \
    {OP_STORED_##STORED, OP_JSON_##JSON, OP_SHOWN_##SHOWN, word},
#include "transport/kinds.def"
#undef KIND
};

const op_type_t *op_type_numbered(const op_type_t *const *types, size_t count, uint64_t number)
{
    for (size_t i = 0; i < count; i++)
        if (types[i]->number == number)
            return types[i];
    return NULL;
}

const void *op_field_at(const op_field_t *field, const void *value)
{
    return (const char *)value + field->offset;
}

void op_field_set(const op_field_t *field, void *value, const void *bytes, size_t size)
{
    memcpy((char *)value + field->offset, bytes, size);
}

uint64_t op_field_number(const op_field_t *field, const void *value)
{
    uint64_t number;
    memcpy(&number, op_field_at(field, value), sizeof number);
    return number;
}

bool op_field_bool(const op_field_t *field, const void *value)
{
    return *(const bool *)op_field_at(field, value);
}

op_id_t op_field_id(const op_field_t *field, const void *value)
{
    op_id_t id;
    memcpy(&id, op_field_at(field, value), sizeof id);
    return id;
}

op_str_t op_field_text(const op_field_t *field, const void *value)
{
    op_str_t text;
    const char *at = op_field_at(field, value);
    memcpy(&text.at, at + offsetof(op_str_t, at), sizeof text.at);
    memcpy(&text.size, at + offsetof(op_str_t, size), sizeof text.size);
    return text;
}

op_list_t op_field_list(const op_field_t *field, const void *value)
{
    op_list_t list;
    const char *at = op_field_at(field, value);
    memcpy(&list.at, at + offsetof(op_list_t, at), sizeof list.at);
    memcpy(&list.count, at + offsetof(op_list_t, count), sizeof list.count);
    return list;
}

const void *op_field_item(const op_field_t *field, const void *value)
{
    const void *item = op_field_at(field, value);
    if (op_kinds[field->kind].stored == OP_STORED_MAYBE)
        memcpy(&item, item, sizeof item);
    return item;
}

const void *op_list_item(const op_list_t *list, const op_field_t *field, size_t index)
{
    return (const char *)list->at + index * field->item->size;
}

bool op_field_is_default(const op_field_t *field, const void *value)
{
    static const op_hash_t none;
    switch (op_kinds[field->kind].stored) {
    case OP_STORED_NUMBER:
        return op_field_number(field, value) == 0;
    case OP_STORED_BOOL:
        return !op_field_bool(field, value);
    case OP_STORED_ID:
        return memcmp(op_field_at(field, value), &none, sizeof(op_id_t)) == 0;
    case OP_STORED_HASH:
        return memcmp(op_field_at(field, value), &none, sizeof none) == 0;
    case OP_STORED_TEXT:
        return op_field_text(field, value).size == 0;
    case OP_STORED_NESTED:
        return op_type_used(field->item, op_field_item(field, value)) == 0;
    case OP_STORED_MAYBE:
        return op_field_item(field, value) == NULL;
    case OP_STORED_LIST:
        return op_field_list(field, value).count == 0;
    }
    return true;
}

size_t op_type_used(const op_type_t *type, const void *value)
{
    size_t used = type->field_count;
    while (used && op_field_is_default(&type->fields[used - 1], value))
        used--;
    return used;
}
