/*  schema.h - the version of a whole store, checked before anybody uses it */

#ifndef OP_STORE_SCHEMA_H
#define OP_STORE_SCHEMA_H

#include "store/store.h"

enum { OP_SCHEMA_VERSION = 2 };

/*  Writes the version into an empty store; compares it in one that holds data. 0, or -1 with one
    line in `error`: written by another version, damaged, not OP's. */
int op_schema_check(op_store_t *store, char error[256]) OP_MUST_CHECK;

#endif
