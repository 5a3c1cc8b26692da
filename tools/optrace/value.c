#include "tools/optrace/value.h"

#include <string.h>

static void s_add(op_leaves_t *list, const op_type_t *type, const op_field_t *field, void *value)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? 2 * list->capacity : 64;
        list->at = op_realloc(list->at, list->capacity * sizeof *list->at);
    }
    list->at[list->count++] = (op_leaf_t){type, field, value};
}

/*  What was decoded into an arena is its owner's to write. */
static void *s_writable(const void *inside)
{
    void *at;
    memcpy(&at, &inside, sizeof at);
    return at;
}

void op_leaves_add(op_leaves_t *list, const op_type_t *type, void *value)
{
    for (size_t i = 0; i < type->field_count; i++) {
        const op_field_t *field = &type->fields[i];
        op_stored_t stored = op_kinds[field->kind].stored;
        if (stored == OP_STORED_NESTED || stored == OP_STORED_MAYBE) {
            const void *item = op_field_item(field, value);
            if (item)
                op_leaves_add(list, field->item, s_writable(item));
        } else if (stored == OP_STORED_LIST) {
            op_list_t items = op_field_list(field, value);
            for (size_t n = 0; n < items.count; n++)
                op_leaves_add(list, field->item, s_writable(op_list_item(&items, field, n)));
        } else
            s_add(list, type, field, value);
    }
}

op_stored_t op_leaf_stored(const op_leaf_t *leaf)
{
    return op_kinds[leaf->field->kind].stored;
}

op_id_t op_leaf_id(const op_leaf_t *leaf)
{
    return op_field_id(leaf->field, leaf->value);
}

op_str_t op_leaf_text(const op_leaf_t *leaf)
{
    return op_field_text(leaf->field, leaf->value);
}

void op_leaf_set_text(op_leaf_t *leaf, op_str_t text)
{
    op_field_set(leaf->field, leaf->value, &text, sizeof text);
}

op_str_t op_leaf_octets(const op_leaf_t *leaf)
{
    size_t size = op_leaf_stored(leaf) == OP_STORED_ID ? sizeof(op_id_t) : sizeof(op_hash_t);
    return op_str_of(op_field_at(leaf->field, leaf->value), size);
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

static bool s_body(uint64_t type, op_str_t bytes, op_arena_t *arena, op_frame_t *out)
{
    op_decode_t result;
    out->type = op_message_type(type);
    const void *body = out->type ? op_frame_body(out->type, bytes, arena, &result) : NULL;
    if (!body)
        return false;
    out->body = s_writable(body);
    return true;
}

bool op_frame_decode(op_str_t frame, op_arena_t *arena, op_frame_t *out)
{
    op_str_t bytes;
    return op_frame_open(frame, arena, &out->envelope, &bytes) == OP_DECODE_OK &&
           s_body(out->envelope.type, bytes, arena, out);
}

bool op_setup_decode(uint64_t type, op_str_t bytes, op_arena_t *arena, op_frame_t *out)
{
    out->envelope = (op_envelope_t){.kind = 0};
    return s_body(type, bytes, arena, out);
}
