/*  The fuzzing itself. Property: none; there is a bug in here, and a test of the fuzz build asserts
    that it is found. To find it libFuzzer has to get a phone number past op_phone_valid, which it
    can only learn from the instrumentation of OP's libraries; to see it, the address sanitizer has
    to be there. */

#include "tests/fuzz/fuzz.h"

#include "base/phone.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    op_str_t text = op_str_of(data, size);
    if (!op_phone_valid(text))
        return 0;
    char *copy = op_alloc(text.size);
    memcpy(copy, text.at, text.size);
    volatile char last = copy[text.size - (copy[text.size - 1] != '7')];
    (void)last;
    free(copy);
    return 0;
}
