/*  reader.h - a bounded msgpack reader

    Reads one element header at a time from a slice and never past it. msgpack-c's own unpacker
    allocates what a frame declares (five bytes are enough for 8 GB), so received bytes are read
    here; msgpack-c encodes. */

#ifndef OP_TRANSPORT_READER_H
#define OP_TRANSPORT_READER_H

#include "base/bytes.h"

typedef enum {
    OP_ELEMENT_END, /* the bytes end inside the element */
    OP_ELEMENT_NIL,
    OP_ELEMENT_BOOL,  /* number is 0 or 1 */
    OP_ELEMENT_U64,   /* number */
    OP_ELEMENT_STR,   /* bytes */
    OP_ELEMENT_BIN,   /* bytes */
    OP_ELEMENT_ARRAY, /* number of elements that follow; never more than the bytes left */
    OP_ELEMENT_OTHER, /* a valid element that OP's messages do not use; skipped whole */
    OP_ELEMENT_BAD    /* not msgpack, or deeper than OP_READER_DEPTH */
} op_element_kind_t;

enum { OP_READER_DEPTH = 8, OP_READER_NIL = 0xc0 };

typedef struct {
    op_element_kind_t kind;
    uint64_t number;
    op_str_t bytes;
} op_element_t;

/*  op_reader_next for what it does not read itself. */
void op_reader_next_long(op_str_t *bytes, op_element_t *element);

/*  Takes one element (of an array: its header) from the front of *bytes. Most have a head of one
    octet: these are read in place. Written member by member: as a returned struct they would be
    copied as a whole right after, which processors stall on. */
static inline void op_reader_next(op_str_t *bytes, op_element_t *element)
{
    const char *at = bytes->at;
    size_t left = bytes->size;
    uint8_t head = left ? (uint8_t)at[0] : 0xff;
    size_t size = head & 0x1f;
    if (head < 0x80) {
        element->kind = OP_ELEMENT_U64;
        element->number = head;
        bytes->at = at + 1;
        bytes->size = left - 1;
    } else if (head >> 5 == 0xa0 >> 5 && size < left) {
        element->kind = OP_ELEMENT_STR;
        element->number = size;
        element->bytes.at = at + 1;
        element->bytes.size = size;
        bytes->at = at + 1 + size;
        bytes->size = left - 1 - size;
    } else {
        op_reader_next_long(bytes, element);
    }
}

/*  Skips one whole element, arrays and maps with their content. False: truncated or bad. */
bool op_reader_skip(op_str_t *bytes) OP_MUST_CHECK;

#endif
