#include "tools/optrace/value.h"

#include <string.h>

static void s_add(op_leaves_t *list, const op_type_t *type, const op_field_t *field, void *at)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? 2 * list->capacity : 64;
        list->at = op_realloc(list->at, list->capacity * sizeof *list->at);
    }
    list->at[list->count++] = (op_leaf_t){type, field, at};
}

void op_leaves_add(op_leaves_t *list, const op_type_t *type, void *value)
{
    for (size_t i = 0; i < type->field_count; i++) {
        const op_field_t *field = &type->fields[i];
        void *at = (char *)value + field->offset;
        if (field->kind == OP_KIND_NESTED)
            op_leaves_add(list, field->item, at);
        else if (field->kind == OP_KIND_MAYBE) {
            void *item;
            memcpy(&item, at, sizeof item);
            if (item)
                op_leaves_add(list, field->item, item);
        } else if (field->kind == OP_KIND_LIST) {
            struct {
                char *at;
                size_t count;
            } items;
            memcpy(&items, at, sizeof items);
            for (size_t n = 0; n < items.count; n++)
                op_leaves_add(list, field->item, items.at + n * field->item->size);
        } else
            s_add(list, type, field, at);
    }
}

bool op_leaf_is_id(const op_leaf_t *leaf)
{
    op_kind_t kind = leaf->field->kind;
    return kind == OP_KIND_ID || kind == OP_KIND_MSG_ID || kind == OP_KIND_EVT_ID;
}

bool op_leaf_is_text(const op_leaf_t *leaf)
{
    switch (leaf->field->kind) {
    case OP_KIND_TEXT:
    case OP_KIND_PHONE:
    case OP_KIND_BODY:
    case OP_KIND_URL:
    case OP_KIND_WORDS:
    case OP_KIND_SECRET:
    case OP_KIND_BYTES:
        return true;
    case OP_KIND_U64:
    case OP_KIND_BOOL:
    case OP_KIND_FLAG:
    case OP_KIND_COUNT:
    case OP_KIND_INSTANT:
    case OP_KIND_ID:
    case OP_KIND_MSG_ID:
    case OP_KIND_EVT_ID:
    case OP_KIND_HASH:
    case OP_KIND_NESTED:
    case OP_KIND_MAYBE:
    case OP_KIND_LIST:
        return false;
    }
    return false;
}

op_id_t op_leaf_id(const op_leaf_t *leaf)
{
    op_id_t id;
    memcpy(&id, leaf->at, sizeof id);
    return id;
}

op_str_t op_leaf_text(const op_leaf_t *leaf)
{
    op_str_t text;
    memcpy(&text, leaf->at, sizeof text);
    return text;
}

void op_leaf_set_text(op_leaf_t *leaf, op_str_t text)
{
    memcpy(leaf->at, &text, sizeof text);
}

bool op_text_has_id(op_str_t text, op_id_t *id, size_t *at)
{
    if (text.size < OP_ID_TEXT)
        return false;
    *at = text.size - OP_ID_TEXT;
    if (*at && text.at[*at - 1] != '_')
        return false;
    return op_id_parse(op_str_of(text.at + *at, OP_ID_TEXT), id);
}

bool op_frame_decode(op_str_t frame, op_arena_t *arena, op_frame_t *out)
{
    op_str_t bytes;
    op_decode_t result;
    if (op_frame_open(frame, arena, &out->envelope, &bytes) != OP_DECODE_OK)
        return false;
    out->type = op_message_type(out->envelope.type);
    const void *body = op_frame_body(out->type, bytes, arena, &result);
    if (!body)
        return false;
    /* The arena's memory is ours to write. */
    memcpy(&out->body, &body, sizeof out->body);
    return true;
}
