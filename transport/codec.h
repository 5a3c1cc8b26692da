/*  codec.h - declared types to msgpack and back

    A type is a table: its name, number and fields (messages.def and store/records.def are turned
    into such tables, see declare.h). One loop encodes, one decodes, one prints; there is no
    generated code.

    Wire form: a msgpack array with one element per field, in order. Fields are only ever appended.
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

#include "base/bytes.h"
#include "base/id.h"
#include "base/token.h"

/*  What a field is. In C, on the wire, and as JSON (transport/json.h): */
typedef enum {
    OP_KIND_U64,     /* uint64_t        unsigned integer    number */
    OP_KIND_BOOL,    /* bool            boolean             true, false */
    OP_KIND_FLAG,    /* uint64_t, below unsigned integer    true, false; null when not said */
    OP_KIND_COUNT,   /* uint64_t, below unsigned integer    number; null when not said */
    OP_KIND_INSTANT, /* int64_t, ms     unsigned integer    RFC 3339, null for none */
    OP_KIND_ID,      /* op_id_t         16 bytes            bare UUID */
    OP_KIND_MSG_ID,  /* op_id_t         16 bytes            "msg_" and UUID */
    OP_KIND_EVT_ID,  /* op_id_t         16 bytes            "evt_" and UUID */
    OP_KIND_HASH,    /* op_hash_t       32 bytes            never; printed as a fingerprint */
    OP_KIND_TEXT,    /* op_str_t        string, UTF-8       string */
    OP_KIND_PHONE,   /* op_str_t        string              string, checked to be E.164 */
    OP_KIND_BODY,    /* op_str_t        string, UTF-8       string of 1 to 1600 code points */
    OP_KIND_URL,     /* op_str_t        string              string, checked by http/target.h */
    OP_KIND_WORDS,   /* op_str_t        comma-separated     array of strings */
    OP_KIND_SECRET,  /* op_str_t        string              string; printed as a fingerprint */
    OP_KIND_BYTES,   /* op_str_t        binary              never */
    OP_KIND_NESTED,  /* the struct      array               object */
    OP_KIND_MAYBE,   /* const struct *  array or nil        object or null */
    OP_KIND_LIST,    /* {at, count}     array of arrays     array of objects */
} op_kind_t;

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

typedef struct {
    const void *at;
    size_t count;
} op_list_t;

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

/*  Appends a readable form: name{field=value ...}, one line. Hashes and long secrets appear as a
    fingerprint and length; short secrets, SMS texts and bytes as a length only, because what can be
    guessed can be found by its fingerprint; phones masked, also where a text is one. */
void op_print(const op_type_t *type, const void *value, op_buf_t *out);

/*  Is the field's value its default (zero, empty, none)? */
bool op_field_is_default(const op_field_t *field, const void *value);

#endif
