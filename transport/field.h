/*  field.h - declared types: the tables of their fields, and the fields' values in C structs

    messages.def, store/records.def and trace.def are turned into such tables (declare.h); the codec
    (codec.h), the printer (print.h), JSON (json.h) and the tools are loops over them. Whoever walks
    a value reaches its fields through the functions below, and asks what it needs to know about a
    kind in op_kinds: so a new kind is a line of kinds.def. Pure. */

#ifndef OP_TRANSPORT_FIELD_H
#define OP_TRANSPORT_FIELD_H

#include "base/bytes.h"
#include "base/id.h"
#include "base/token.h"

/*  ---- Kinds ---- */

typedef enum {
#define KIND(NAME, type, STORED, JSON, SHOWN, word) OP_KIND_##NAME,
#include "transport/kinds.def"
#undef KIND
} op_kind_t;

/*  What stands in the C struct. */
typedef enum {
    OP_STORED_NUMBER, /* uint64_t, or int64_t that is never negative */
    OP_STORED_BOOL,
    OP_STORED_ID,
    OP_STORED_HASH,
    OP_STORED_TEXT,   /* op_str_t */
    OP_STORED_NESTED, /* the item's struct */
    OP_STORED_MAYBE,  /* a pointer to the item's struct, or NULL */
    OP_STORED_LIST    /* op_list_t of the item's structs */
} op_stored_t;

/*  What it is as JSON. */
typedef enum {
    OP_JSON_NONE, /* never */
    OP_JSON_NUMBER,
    OP_JSON_BOOLEAN,
    OP_JSON_INSTANT,
    OP_JSON_ID,
    OP_JSON_STRING,
    OP_JSON_WORDS,  /* an array of strings */
    OP_JSON_OBJECT, /* or null */
    OP_JSON_OBJECTS /* an array of such */
} op_json_form_t;

/*  How it is printed. */
typedef enum {
    OP_SHOWN_CLEAR,
    OP_SHOWN_MASKED,      /* as a phone */
    OP_SHOWN_TAIL,        /* its last four digits */
    OP_SHOWN_FINGERPRINT, /* a few bits of its hash, if it is too long to be guessed */
    OP_SHOWN_SIZE
} op_shown_t;

typedef struct {
    op_stored_t stored;
    op_json_form_t json;
    op_shown_t shown;
    const char *word;
} op_kind_facts_t;

/*  By op_kind_t. */
extern const op_kind_facts_t op_kinds[];

/*  FLAG and COUNT are a BOOL and a U64 that can also be absent: 0 is "not said", else it is the
    value and one more. */
static inline uint64_t op_said(uint64_t value)
{
    return value + 1;
}
static inline uint64_t op_said_or(uint64_t said, uint64_t otherwise)
{
    return said ? said - 1 : otherwise;
}

/*  ---- Tables ---- */

/*  How JSON treats a field: demanded and always shown; may be absent and shown as null when empty;
    may be absent and left out when empty. The wire does not care. */
typedef enum { OP_REQUIRED, OP_OPTIONAL, OP_OMITTED } op_presence_t;

typedef struct op_type op_type_t;
typedef struct op_shape op_shape_t; /* transport/shape.h */

typedef struct {
    const char *name;
    op_kind_t kind;
    op_presence_t presence;
    size_t offset;
    size_t max;            /* bytes of a string, items of a list; 0 for the other kinds */
    const op_type_t *item; /* of NESTED, MAYBE, LIST */
    const char *doc;
    const op_shape_t *shape;
} op_field_t;

struct op_type {
    const char *name;
    uint16_t number;
    size_t size; /* of the C struct */
    const op_field_t *fields;
    size_t field_count;
    const char *doc;
};

/*  The one with that number among several, NULL: none. */
const op_type_t *op_type_numbered(const op_type_t *const *types, size_t count, uint64_t number);

/*  ---- Values ---- */

typedef struct {
    const void *at;
    size_t count;
} op_list_t;

/*  Where the field is in a value of its type. */
const void *op_field_at(const op_field_t *field, const void *value);
/*  Writes `size` bytes there: the whole of what is stored. */
void op_field_set(const op_field_t *field, void *value, const void *bytes, size_t size);

/*  The field as what it is stored as; of any other it is a bug to ask. */
uint64_t op_field_number(const op_field_t *field, const void *value);
bool op_field_bool(const op_field_t *field, const void *value);
op_id_t op_field_id(const op_field_t *field, const void *value);
op_str_t op_field_text(const op_field_t *field, const void *value);
op_list_t op_field_list(const op_field_t *field, const void *value);
/*  The struct of a NESTED or MAYBE; NULL: there is none. */
const void *op_field_item(const op_field_t *field, const void *value);
/*  A struct of a LIST's. */
const void *op_list_item(const op_list_t *list, const op_field_t *field, size_t index);

/*  Is the field's value its default (zero, empty, none)? */
bool op_field_is_default(const op_field_t *field, const void *value);
/*  How many fields there are up to the last one that is not its default. */
size_t op_type_used(const op_type_t *type, const void *value);

#endif
