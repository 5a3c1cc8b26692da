/*  key.h - keys of the store, built from parts so that their byte order is the order wanted

    A key is a tag (one character: the kind of row) and parts behind it:
      ids        16 bytes
      numbers    8 bytes, big-endian
      texts      as they are, followed by a NUL (a text holds none), so that "a" sorts before "ab"
    Rows under a common beginning form a contiguous range: op_key_end gives its upper bound. */

#ifndef OP_STORE_KEY_H
#define OP_STORE_KEY_H

#include "base/id.h"
#include "base/limits.h"

typedef struct {
    char bytes[OP_KEY_MAX];
    size_t size;
} op_key_t;

op_key_t op_key(char tag);
void op_key_id(op_key_t *self, op_id_t id);
void op_key_hash(op_key_t *self, const void *bytes, size_t size); /* fixed-size bytes */
void op_key_number(op_key_t *self, uint64_t number);
void op_key_text(op_key_t *self, op_str_t text);

/*  The same as functions of one expression, for the common shapes. */
op_key_t op_key_of_id(char tag, op_id_t id);
op_key_t op_key_of_text(char tag, op_str_t text);

op_str_t op_key_str(const op_key_t *self);

/*  The smallest key behind all keys that begin with this one. */
op_key_t op_key_end(const op_key_t *self);

/*  Takes parts off the front of a stored key, behind its tag: false when it is too short. */
bool op_key_take_id(op_str_t *key, op_id_t *id);
bool op_key_take_number(op_str_t *key, uint64_t *number);
bool op_key_take_text(op_str_t *key, op_str_t *text);

#endif
