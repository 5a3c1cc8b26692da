/*  declare.h - how messages.def and records.def become C

    A .def file is a list of these lines:

    MESSAGE(name, number, sentence)                   opens a declaration
    FIELD(name, KIND, field, max, sentence)           JSON demands it and always shows it
    OPTIONAL(name, KIND, field, max, sentence)        JSON: may be absent, null when empty
    OMITTED(name, KIND, field, max, sentence)         JSON: may be absent, left out when empty
    NESTED(name, item, field, sentence)               a declared struct inside
    MAYBE(name, item, field, sentence)                ... or none
    LIST(name, item, field, max, sentence)            ... or up to max of them
    END(name)

    KIND is one of kinds.def or a shape of shapes.def. An item is declared above its first use.
    Including this file defines the lines so that the list that follows declares one struct
    op_<name>_t and one table op_<name>_type each; with OP_DECLARE_TABLES defined, the tables
    themselves; with OP_DECLARE_LIST, inside the braces of an array, the tables' addresses; with
    OP_DECLARE_INDEX the same, each at its number. Include undeclare.h after the list. */

#include "transport/shape.h"

#ifndef OP_TRANSPORT_DECLARED_SHAPES /* once, though this file is included for each list */
#define OP_TRANSPORT_DECLARED_SHAPES
#define KIND(NAME, type, STORED, JSON, SHOWN, word) typedef type OP_C_##NAME;
#include "transport/kinds.def"
#undef KIND
#define KIND(NAME, ...)
#define SHAPE(NAME, KIND, ...) typedef OP_C_##KIND OP_C_##NAME;
#include "transport/shapes.def"
#undef KIND
#undef SHAPE
#endif

#ifdef OP_DECLARE_TABLES

#define OP_ROW(name, kind, presence, field, max, item, doc)                                        \
    {#field, (op_kind_t)OP_KIND_##kind,  presence, offsetof(op_##name##_t, field), max, item,      \
     doc,    &op_shapes[OP_SHAPE_##kind]},

#define MESSAGE(name, number, doc)                                                                 \
    enum { op_##name##_number = number };                                                          \
    static const char op_##name##_doc[] = doc;                                                     \
    static const op_field_t op_##name##_fields[] = {
#define FIELD(name, kind, field, max, doc)    OP_ROW(name, kind, OP_REQUIRED, field, max, NULL, doc)
#define OPTIONAL(name, kind, field, max, doc) OP_ROW(name, kind, OP_OPTIONAL, field, max, NULL, doc)
#define OMITTED(name, kind, field, max, doc)  OP_ROW(name, kind, OP_OMITTED, field, max, NULL, doc)
#define NESTED(name, item, field, doc)                                                             \
    OP_ROW(name, NESTED, OP_REQUIRED, field, 0, &op_##item##_type, doc)
#define MAYBE(name, item, field, doc)                                                              \
    OP_ROW(name, MAYBE, OP_OPTIONAL, field, 0, &op_##item##_type, doc)
#define LIST(name, item, field, max, doc)                                                          \
    OP_ROW(name, LIST, OP_REQUIRED, field, max, &op_##item##_type, doc)
#define END(name)                                                                                  \
    }                                                                                              \
    ;                                                                                              \
    const op_type_t op_##name##_type = {#name,                                                     \
                                        op_##name##_number,                                        \
                                        sizeof(op_##name##_t),                                     \
                                        op_##name##_fields,                                        \
                                        OP_COUNT(op_##name##_fields),                              \
                                        op_##name##_doc};

#elif defined(OP_DECLARE_LIST) || defined(OP_DECLARE_INDEX)

#ifdef OP_DECLARE_LIST
#define MESSAGE(name, number, doc) &op_##name##_type,
#else
#define MESSAGE(name, number, doc) [number] = &op_##name##_type,
#endif
#define FIELD(name, kind, field, max, doc)
#define OPTIONAL(name, kind, field, max, doc)
#define OMITTED(name, kind, field, max, doc)
#define NESTED(name, item, field, doc)
#define MAYBE(name, item, field, doc)
#define LIST(name, item, field, max, doc)
#define END(name)

#else

#define MESSAGE(name, number, doc)                                                                 \
    extern const op_type_t op_##name##_type;                                                       \
    typedef struct {
#define FIELD(name, kind, field, max, doc)    OP_C_##kind field;
#define OPTIONAL(name, kind, field, max, doc) OP_C_##kind field;
#define OMITTED(name, kind, field, max, doc)  OP_C_##kind field;
#define NESTED(name, item, field, doc)        op_##item##_t field;
#define MAYBE(name, item, field, doc)         const op_##item##_t *field;
#define LIST(name, item, field, max, doc)                                                          \
    struct {                                                                                       \
        const op_##item##_t *at;                                                                   \
        size_t count;                                                                              \
    } field;
#define END(name)                                                                                  \
    }                                                                                              \
    op_##name##_t;

#endif
