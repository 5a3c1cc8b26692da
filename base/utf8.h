/*  utf8.h - UTF-8 (RFC 3629), strictly

    Overlong forms, surrogates (U+D800 to U+DFFF) and points past U+10FFFF are invalid. */

#ifndef OP_BASE_UTF8_H
#define OP_BASE_UTF8_H

#include "base/bytes.h"

#define OP_UTF8_REPLACEMENT UINT32_C(0xFFFD)

enum { OP_UTF8_MAX = 4 }; /* octets of one code point */

/*  The number of code points, or -1 when the text is not valid UTF-8. U+0000 counts as one. */
ptrdiff_t op_utf8_count(op_str_t text);

/*  Reads the code point at *at (which is below text.size) and moves *at behind it. False, with *at
    and *point untouched, when no valid sequence begins there. */
bool op_utf8_next(op_str_t text, size_t *at, uint32_t *point) OP_MUST_CHECK;

/*  Appends a code point; one that UTF-8 cannot carry becomes U+FFFD. */
void op_utf8_add(op_buf_t *text, uint32_t point);

#endif
