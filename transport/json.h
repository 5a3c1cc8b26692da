/*  json.h - declared types as JSON (RFC 8259), both ways

    The bodies of the HTTP API and of webhooks are messages (messages.def); their fields are the
    members. What a kind looks like stands in kinds.def, what presence means in declare.h. Pure: no
    I/O, no clock, nothing kept between two calls. jansson parses and prints. */

#ifndef OP_TRANSPORT_JSON_H
#define OP_TRANSPORT_JSON_H

#include "base/error.h"
#include "transport/field.h"

enum {
    OP_JSON_DEPTH_MAX = 32,           /* arrays and objects inside each other */
    OP_JSON_ID_TEXT = 4 + OP_ID_TEXT, /* "msg_" and UUID, without the NUL */
};

/*  Appends *value as one compact JSON object, members in declared order. An empty REQUIRED member
    is shown as what it is ("", 0, false, [], {}); an instant or id that is none, as null. An empty
    OPTIONAL one is null, an empty OMITTED one left out. Octets that are not UTF-8 come out as
    U+FFFD. A HASH or BYTES field is a bug: such types are not for JSON. */
void op_json_print(const op_type_t *type, const void *value, op_buf_t *out);

/*  What stands before the UUID of an id of this kind: "msg_", "evt_" or nothing. */
const char *op_json_id_prefix(op_kind_t kind);

/*  The text of the type's member "id", as op_json_print shows it. False: it has none of an id
    kind. */
bool op_json_id(const op_type_t *type, const void *value, char text[OP_JSON_ID_TEXT + 1]);

/*  What the caller knows and a declaration does not say. All zero: nothing. */
typedef struct {
    /* The member "id", where the call's path has given it: the JSON's own is then ignored. */
    op_str_t id;
    /* For URL fields. NULL: any URL will do; else a sentence that lives as long as the fault. */
    const char *(*check_url)(void *arg, op_str_t url);
    void *arg; /* borrowed, handed to check_url */
} op_json_rules_t;

/*  Why a JSON text, or one member of it, was refused. Both strings are literals or check_url's. */
typedef struct {
    op_error_t error;
    const char *field;    /* the declared name; NULL: the text as a whole */
    const char *sentence; /* NULL: the error's own */
} op_json_fault_t;

/*  Reads a request body into *value, which is filled whole; its strings are copies in `arena`.
    `rules` may be NULL. -1: *fault says why, and *value is unspecified.

    The text must be one object in UTF-8, no member twice, not deeper than OP_JSON_DEPTH_MAX.
    Members that are not declared are ignored, so that a client written for a newer server still
    works. null counts as absent; an absent REQUIRED member is a fault. Of the kinds:
    TEXT, SECRET   a string without U+0000, at most the declared octets; not empty when REQUIRED
    PHONE          E.164, else invalid_phone
    BODY           1 to 1600 code points without U+0000, else body_too_long where it is too long
    URL            bounded, not empty, and as the rules say
    WORDS          an array of strings, not empty: none empty, twice or with a comma
    U64, COUNT     an integer from 0 to 2^63 - 1
    BOOL, FLAG     true or false
    ID             a UUID; MSG_ID and EVT_ID with their prefix
    No request body holds one of the other kinds: that is a bug. */
int op_json_read(const op_type_t *type, op_str_t text, const op_json_rules_t *rules,
                 op_arena_t *arena, void *value, op_json_fault_t *fault) OP_MUST_CHECK;

/*  Ask this before any other parser is given a stranger's JSON: they recurse, and a server's thread
    may have a stack of 100 KiB. */
bool op_json_too_deep(op_str_t text);

#endif
