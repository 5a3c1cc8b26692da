/*  record.h - values of the store: declared records with checksum, number and version

    A stored value is: 8 bytes SipHash-2-4 of what follows, the record's number (2 bytes,
    big-endian), the form's version (1 byte, OP_RECORD_FORM), then the record as codec.h encodes it.
    Whatever does not fit is damage: it is refused, with a word on what is wrong, and never repaired
    here. */

#ifndef OP_STORE_RECORD_H
#define OP_STORE_RECORD_H

#include "transport/codec.h"

enum { OP_RECORD_FORM = 1, OP_RECORD_HEAD = 11 };

/*  Appends the stored form of *value. */
void op_record_seal(const op_type_t *type, const void *value, op_buf_t *out);

/*  NULL, or what shows that these are not the bytes that were sealed. */
const char *op_record_verify(op_str_t bytes) OP_MUST_CHECK;
/*  op_record_open of bytes that were verified before, or sealed by this process. */
const char *op_record_read(const op_type_t *type, op_str_t bytes, op_arena_t *arena,
                           void *value) OP_MUST_CHECK;

/*  NULL, and *value decoded (slices into `bytes`, lists from `arena`), or what is wrong with it. */
const char *op_record_open(const op_type_t *type, op_str_t bytes, op_arena_t *arena,
                           void *value) OP_MUST_CHECK;

#endif
