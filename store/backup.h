/*  backup.h - a whole store as one stream of bytes with checksums, and back

    The stream: a head, pieces of rows, an end. Integers are big-endian.

        head    "OPBACKUP", version (4), when it was taken, in ms since 1970 (8)
        piece   'P', size (4), rows, hash (32)
        row     key's size (4), value's size (4), key, value; keys strictly ascending
        end     'E', size (4) = 8, number of rows (8), hash (32)

    A hash is BLAKE2b-256 of the hash before (the first one: of the head) and of all that stands
    between the two. So no octet can change, and no piece be left out, moved or added, without a
    mismatch; a stream without its end is cut short. It finds accidents, not forgers: whoever can
    write a backup can write a store.

    Both directions hold one piece at a time. Pure: bytes come and go through the caller. */

#ifndef OP_STORE_BACKUP_H
#define OP_STORE_BACKUP_H

#include "store/store.h"

enum {
    OP_BACKUP_PIECE = 128 << 10,   /* a piece is closed when it has so many octets of rows */
    OP_BACKUP_PIECE_MAX = 4 << 20, /* what a reader takes: a piece and one row of any legal size */
};

typedef struct op_backup op_backup_t;

/*  A writer for the rows of `frozen`, a snapshot, which is borrowed and outlives it. */
op_backup_t *op_backup_new(op_store_t *frozen, int64_t now);
void op_backup_destroy(op_backup_t **self_p);

/*  Replaces *out by the next part of the stream: 1; 0: the end was given out before; -1: the store
    failed, op_store_error says how. */
int op_backup_next(op_backup_t *self, op_buf_t *out) OP_MUST_CHECK;

/*  What a stream held. */
typedef struct {
    int64_t taken; /* when, ms since 1970 */
    uint64_t rows;
    uint64_t bytes; /* of keys and values */
} op_backup_facts_t;

/*  Fills `bytes` with up to `size` octets: how many, 0 at the end, -1 for an error. */
typedef long op_backup_source_fn(void *arg, void *bytes, size_t size);
/*  A row of a piece that has proven to be whole. Not 0: stop, `error` is filled. */
typedef int op_backup_row_fn(void *arg, op_str_t key, op_str_t value, char error[256]);

typedef struct {
    op_backup_source_fn *source;
    op_backup_row_fn *row;
    void *arg; /* of both */
} op_backup_reader_t;

/*  Reads a stream to its end, and nothing may stand behind that. 0 and *facts, or -1 and one line
    in `error`; rows that were given out before then are sound, but not all. */
int op_backup_read(const op_backup_reader_t *reader, op_backup_facts_t *facts,
                   char error[256]) OP_MUST_CHECK;

#endif
