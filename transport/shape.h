/*  shape.h - what a value of a declared field may look like, and the check of it

    A field of a message names a kind (kinds.def) or a shape: a kind with narrower bounds. The table
    is shapes.def. Requests are checked by it, bodies and queries alike (json.h, http/binding.h),
    and the OpenAPI document shows it (http/openapi.h). Answers are not checked: they are the
    program's own. Pure. */

#ifndef OP_TRANSPORT_SHAPE_H
#define OP_TRANSPORT_SHAPE_H

#include "base/error.h"
#include "base/limits.h"
#include "transport/field.h"

typedef enum {
#define KIND(NAME, ...)        OP_SHAPE_##NAME,
#define SHAPE(NAME, KIND, ...) OP_SHAPE_##NAME,
#include "transport/shapes.def"
#undef KIND
#undef SHAPE
    OP_SHAPE_END
} op_shape_name_t;

/*  Of which kind a shape is: what declare.h writes into the field. */
enum {
#define KIND(NAME, ...)
#define SHAPE(NAME, KIND, ...) OP_KIND_##NAME = OP_KIND_##KIND,
#include "transport/shapes.def"
#undef KIND
#undef SHAPE
};

/*  All zero: nothing is demanded beyond the kind and the field's max. Strings are literals. */
struct op_shape {
    const char *words;    /* "a,b": the value, or each item of a WORDS, is one of these */
    const char *prefix;   /* of a string with an alphabet: stands in front */
    const char *alphabet; /* of the rest: characters and ranges, as in the brackets of a pattern */
    uint64_t least,
        most;          /* of a number; of a string behind its prefix, in code points; most 0: any */
    uint64_t standard; /* of an absent number; 0: none */
    op_error_t fault;  /* of a value that is not so; OP_OK: validation_error */
    op_error_t too_long;          /* of a string above `most`; OP_OK: as `fault` says */
    const char *sentence;         /* of that fault; NULL: a general one */
    const char *format;           /* of JSON Schema, where it has a name for this */
    bool (*check)(op_str_t text); /* of a string: instead of the above */
    const char *pattern; /* what `check`, or the kind's reader, demands: for the document */
    const char *example; /* JSON; NULL where `words` gives one, or none is possible */
};

extern const op_shape_t op_shapes[OP_SHAPE_END];

/*  The same as an anchored regular expression (ECMA-262), from `pattern`, or prefix, alphabet and
    bounds. False, and nothing appended: there is none. */
bool op_shape_pattern(const op_shape_t *self, op_buf_t *out);

/*  Why a value was refused. Strings are literals. */
typedef struct {
    op_error_t error;
    const char *sentence; /* NULL: the error's own */
} op_shape_fault_t;

/*  Is this what a client may send for the field? For fields of a string kind: UTF-8, no U+0000, not
    empty where REQUIRED, not longer than declared, and as the shape says. A URL's host and a WORDS
    as a whole are not judged here. An empty OPTIONAL or OMITTED value passes. */
bool op_shape_text(const op_field_t *field, op_str_t text, op_shape_fault_t *fault) OP_MUST_CHECK;
bool op_shape_number(const op_field_t *field, uint64_t number,
                     op_shape_fault_t *fault) OP_MUST_CHECK;
/*  One item of a WORDS field: not empty, no comma, no U+0000, one of the shape's. */
bool op_shape_word(const op_field_t *field, op_str_t word, op_shape_fault_t *fault) OP_MUST_CHECK;

#endif
