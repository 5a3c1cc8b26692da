/*  value.h - the fields of a decoded message, those of what is nested in it included, one
    by one */

#ifndef OP_TOOLS_OPTRACE_VALUE_H
#define OP_TOOLS_OPTRACE_VALUE_H

#include "transport/messages.h"

/*  A field that is itself a value: of no kind NESTED, MAYBE or LIST. */
typedef struct {
    const op_type_t *type; /* of the struct it stands in */
    const op_field_t *field;
    void *value; /* that struct: may be written to, as it was decoded into an arena */
} op_leaf_t;

typedef struct {
    op_leaf_t *at;
    size_t count, capacity;
} op_leaves_t;

/*  Appends the leaves of *value, in the order of the declaration. free() list->at in the end. */
void op_leaves_add(op_leaves_t *list, const op_type_t *type, void *value);

op_stored_t op_leaf_stored(const op_leaf_t *leaf);
/*  Of an id or a hash: its octets. */
op_str_t op_leaf_octets(const op_leaf_t *leaf);
op_id_t op_leaf_id(const op_leaf_t *leaf);
op_str_t op_leaf_text(const op_leaf_t *leaf);
void op_leaf_set_text(op_leaf_t *leaf, op_str_t text);

/*  Is it "UUID" or "word_UUID"? Then *id is that, and *at where the UUID begins. */
bool op_text_has_id(op_str_t text, op_id_t *id, size_t *at);

/*  A whole frame, decoded. False: it does not decode. */
typedef struct {
    op_envelope_t envelope;
    const op_type_t *type;
    void *body;
} op_frame_t;
bool op_frame_decode(op_str_t frame, op_arena_t *arena, op_frame_t *out) OP_MUST_CHECK;
/*  The same of what a START gives: a message of this type, without an envelope. */
bool op_setup_decode(uint64_t type, op_str_t bytes, op_arena_t *arena,
                     op_frame_t *out) OP_MUST_CHECK;

#endif
