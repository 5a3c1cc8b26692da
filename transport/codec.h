/*  codec.h - declared types to msgpack and back

    One loop over a type's table (field.h) encodes, one decodes; there is no generated code.

    Wire form: a msgpack array with one element per field, in order. Fields are only ever appended.
    What a field is follows from how it is stored: a number is an unsigned integer, a bool a
    boolean, an id or hash binary of its size, a text a string (BYTES: binary), a struct inside an
    array, a list an array of arrays.
    - A trailing field that is missing has its default: zero, "", none, the empty list. The encoder
      itself leaves out trailing defaults. So hosts of two versions understand each other.
    - Elements behind the last known field are skipped.
    - nil stands for the default of any field.
    - An instant is at most OP_INSTANT_MAX: no sum of times with one that was received overflows.
    The decoder works on a bounded slice: it never reads past it, refuses a count or length that
    exceeds the bytes left or the declared maximum before it allocates anything, and allocates from
    the caller's arena only what it then fills. */

#ifndef OP_TRANSPORT_CODEC_H
#define OP_TRANSPORT_CODEC_H

#include "transport/field.h"

/*  Appends the encoding of *value. Values that the declaration forbids (too long) are bugs. */
void op_encode(const op_type_t *type, const void *value, op_buf_t *out);

typedef enum {
    OP_DECODE_OK,
    OP_DECODE_TRUNCATED, /* the bytes end inside a value */
    OP_DECODE_TYPE,      /* an element is not of its field's kind; a NUL in a text */
    OP_DECODE_LIMIT,     /* longer, more or deeper than declared */
} op_decode_t;

const char *op_decode_text(op_decode_t result);

/*  Decodes one value at the front of *bytes and moves *bytes behind it. Strings point into the
    given bytes; lists and MAYBE structs are allocated from `arena`. On error *value is unspecified
    and *bytes untouched. */
op_decode_t op_decode(const op_type_t *type, op_str_t *bytes, op_arena_t *arena,
                      void *value) OP_MUST_CHECK;

#endif
