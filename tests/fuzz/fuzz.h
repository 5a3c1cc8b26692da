/*  fuzz.h - what the fuzz programs share

    A fuzz program is one function that libFuzzer calls with octets of its choice, and a property
    that holds for all of them, stated at the top of its file. It keeps nothing from call to call
    that its verdict depends on, so that a file that broke it breaks it again.

    The same file, linked with replay.c, is a regression test that reads the files of
    corpus/<name>. */

#ifndef OP_TESTS_FUZZ_H
#define OP_TESTS_FUZZ_H

#include "base/bytes.h"

#include <string.h>

/*  Called by libFuzzer and by replay.c; returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*  The property is broken: ends the process, which is how libFuzzer learns of it. */
#define FUZZ_CHECK(condition) OP_ASSERT(condition)

/*  Octets read as a script: the front is taken piece by piece, and when there is no more, zeros and
    empty slices come. */
static inline uint8_t fuzz_octet(op_str_t *input)
{
    if (input->size == 0)
        return 0;
    input->size--;
    return (uint8_t)*input->at++;
}

static inline op_str_t fuzz_take(op_str_t *input, size_t size)
{
    op_str_t taken = op_str_of(input->at, size < input->size ? size : input->size);
    *input = op_str_of(input->at + taken.size, input->size - taken.size);
    return taken;
}

/*  A length in one or two octets (big-endian), then as many, or what is left. */
static inline op_str_t fuzz_short(op_str_t *input)
{
    return fuzz_take(input, fuzz_octet(input));
}

static inline op_str_t fuzz_long(op_str_t *input)
{
    size_t size = (size_t)fuzz_octet(input) << 8;
    size |= fuzz_octet(input);
    return fuzz_take(input, size);
}

#endif
