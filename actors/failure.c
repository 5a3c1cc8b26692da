#include "actors/failure.h"

static const struct {
    const char *code;
    const char *sentence;
} s_failures[] = {{"", ""},
#define OP_FAILURE_ROW(NAME, code, sentence) {code, sentence},
                  OP_FAILURES(OP_FAILURE_ROW)
#undef OP_FAILURE_ROW
};

_Static_assert(OP_COUNT(s_failures) == OP_FAILURE_END, "one row per failure");

const char *op_failure_code(op_failure_t failure)
{
    OP_ASSERT(failure < OP_FAILURE_END);
    return s_failures[failure].code;
}

const char *op_failure_sentence(op_str_t code)
{
    for (size_t i = 1; i < OP_COUNT(s_failures); i++)
        if (op_str_is(code, s_failures[i].code))
            return s_failures[i].sentence;
    return "The text was not sent.";
}
