/*  check.h - assertions and attributes

    OP_ASSERT is for bugs: a condition that only an error in OP's own code can break. It is always
    on (it does not look at NDEBUG), prints one line and aborts. Whatever the outside can cause
    (bytes from a socket, a tty, a disk, a person) is answered with a value, never with an
    assertion. */

#ifndef OP_BASE_CHECK_H
#define OP_BASE_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OP_ASSERT(condition)                                                                       \
    do {                                                                                           \
        if (!(condition))                                                                          \
            op_check_failed(#condition, __FILE__, __LINE__);                                       \
    } while (0)

/*  Prints "FILE:LINE: assertion failed: CONDITION" to stderr and aborts. */
_Noreturn void op_check_failed(const char *condition, const char *file, int line);

/*  The compiler refuses a call that ignores the result. */
#define OP_MUST_CHECK __attribute__((warn_unused_result))

/*  printf-style checking: the format is argument `position`, its values start at `first`. */
#define OP_PRINTF(position, first) __attribute__((format(printf, position, first)))

#define OP_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
