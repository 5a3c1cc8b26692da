/*  check.h - is every row of a store what its checksum says, and a record that this build can read?

    Pure; what the engine finds (checksums of blocks) shows as its errors. */

#ifndef OP_STORE_CHECK_H
#define OP_STORE_CHECK_H

#include "store/store.h"

/*  NULL, or what is wrong with this stored value: damaged, of no known record, ... */
const char *op_check_row(op_str_t value) OP_MUST_CHECK;

typedef struct {
    uint64_t rows, bytes; /* of keys and values */
} op_check_facts_t;

/*  Reads all rows, and compares the store's version. 0 and *facts, or -1 and one line in
    `error`. */
int op_check_store(op_store_t *store, op_check_facts_t *facts, char error[256]) OP_MUST_CHECK;

#endif
