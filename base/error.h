/*  error.h - the errors of the HTTP contract, as values

    OP_OK is 0. The list itself is error.def. */

#ifndef OP_BASE_ERROR_H
#define OP_BASE_ERROR_H

#include "base/check.h"

typedef enum {
    OP_OK = 0,
#define ERROR(NAME, code, status, sentence) OP_ERROR_##NAME,
#include "base/error.def"
#undef ERROR
    OP_ERROR_END
} op_error_t;

/*  The contract's code ("rate_limited"), HTTP status and default sentence. OP_OK is "ok", 200. */
const char *op_error_code(op_error_t error);
int op_error_status(op_error_t error);
const char *op_error_sentence(op_error_t error);

/*  A number from a message as an error; one that this build does not know is OP_ERROR_INTERNAL. */
op_error_t op_error_from(uint64_t number);

#endif
