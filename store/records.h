/*  records.h - the records of records.def as structs, op_<name>_t, and tables, op_<name>_type */

#ifndef OP_STORE_RECORDS_H
#define OP_STORE_RECORDS_H

#include "base/limits.h"

#include "transport/declare.h"

#include "store/records.def"

#include "transport/undeclare.h"

/*  All of them, in the order of records.def. */
const op_type_t *const *op_record_types(size_t *count);

#endif
