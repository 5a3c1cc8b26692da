#include "base/error.h"

static const struct {
    const char *code;
    int status;
    const char *sentence;
} s_errors[] = {
    {"ok", 200, ""},
#define ERROR(NAME, code, status, sentence) {code, status, sentence},
#include "base/error.def"
#undef ERROR
};

_Static_assert(OP_COUNT(s_errors) == OP_ERROR_END, "one row per error");

const char *op_error_code(op_error_t error)
{
    OP_ASSERT(error < OP_ERROR_END);
    return s_errors[error].code;
}

int op_error_status(op_error_t error)
{
    OP_ASSERT(error < OP_ERROR_END);
    return s_errors[error].status;
}

const char *op_error_sentence(op_error_t error)
{
    OP_ASSERT(error < OP_ERROR_END);
    return s_errors[error].sentence;
}

op_error_t op_error_from(uint64_t number)
{
    return number < OP_ERROR_END ? (op_error_t)number : OP_ERROR_INTERNAL;
}
