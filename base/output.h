/*  output.h - the end of what a program prints

    Not pure, and no part of op_base: for the programs' main. */

#ifndef OP_BASE_OUTPUT_H
#define OP_BASE_OUTPUT_H

#include "base/check.h"

/*  Is all of stdout where it should be? Then `code`; else says so on stderr, and answers `code` if it
    is a failure already, `failed` if not. Nothing may be printed after it. */
int op_output_end(const char *program, int code, int failed) OP_MUST_CHECK;

#endif
