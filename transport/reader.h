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

enum { OP_READER_DEPTH = 8 };

/*  First octets of elements. */
enum {
    OP_READER_FIXSTR = 0xa0, /* to 0xbf */
    OP_READER_NIL = 0xc0,
    OP_READER_NONE = 0xc1, /* never used */
    OP_READER_BIN8 = 0xc4,
    OP_READER_U64 = 0xcf,
    OP_READER_STR8 = 0xd9
};

typedef struct {
    op_element_kind_t kind;
    uint64_t number;
    op_str_t bytes;
} op_element_t;

/*  op_reader_next for what it does not read itself. */
void op_reader_next_long(op_str_t *bytes, op_element_t *element);

/*  Takes one element (of an array: its header) from the front of *bytes. What nearly all of them
    are, small numbers and large ones, short strings and octets, is read in place. Written member by
    member: as a returned struct they would be copied as a whole right after, which processors stall
    on. */
static inline void op_reader_next(op_str_t *bytes, op_element_t *element)
{
    const char *at = bytes->at;
    size_t left = bytes->size, head_size = 1, size;
    uint8_t head = left ? (uint8_t)at[0] : OP_READER_NONE;
    if (head < 0x80) {
        element->kind = OP_ELEMENT_U64;
        element->number = head;
        bytes->at = at + 1;
        bytes->size = left - 1;
        return;
    }
    if (head == OP_READER_U64 && left > sizeof element->number) {
        uint64_t number = 0;
        for (size_t i = 1; i <= sizeof number; i++)
            number = number << 8 | (uint8_t)at[i];
        element->kind = OP_ELEMENT_U64;
        element->number = number;
        bytes->at = at + 1 + sizeof number;
        bytes->size = left - 1 - sizeof number;
        return;
    }
    if (head >> 5 == OP_READER_FIXSTR >> 5) {
        element->kind = OP_ELEMENT_STR;
        size = head & 0x1f;
    } else if ((head == OP_READER_BIN8 || head == OP_READER_STR8) && left > 1) {
        element->kind = head == OP_READER_BIN8 ? OP_ELEMENT_BIN : OP_ELEMENT_STR;
        size = (uint8_t)at[1];
        head_size = 2;
    } else {
        op_reader_next_long(bytes, element);
        return;
    }
    if (left - head_size < size) {
        op_reader_next_long(bytes, element);
        return;
    }
    element->number = size;
    element->bytes.at = at + head_size;
    element->bytes.size = size;
    bytes->at = at + head_size + size;
    bytes->size = left - head_size - size;
}

/*  Skips one whole element, arrays and maps with their content. False: truncated or bad. */
bool op_reader_skip(op_str_t *bytes) OP_MUST_CHECK;

#endif
