/*  gsm7_national.h - the national language tables of the 7 bit alphabet (3GPP TS 23.038 annex A)

    A message names up to two of them in its header (TS 23.040 9.2.3.24.15 and .16), by a language's
    identifier (TS 23.038 6.2.1.2.4): a locking shift table in the place of the default alphabet,
    and a single shift table in the place of the extension table behind an escape.

        1 Turkish     4 Bengali     7 Kannada       10 Punjabi    13 Urdu
        2 Spanish     5 Gujarati    8 Malayalam     11 Tamil
        3 Portuguese  6 Hindi       9 Oriya         12 Telugu

    For decoding only: OP itself sends the default alphabet or UCS-2, which every phone reads. In
    four cells the printed tables of release 9 repeat a neighbour, and the letter that the order of
    the script asks for stands here: Kannada 24 (U+0CA1), Tamil 24 (U+0BEE), Telugu 22 and 23
    (U+0C6C, U+0C6D). Pure. */

#ifndef OP_MODEM_GSM7_NATIONAL_H
#define OP_MODEM_GSM7_NATIONAL_H

#include "base/check.h"

enum { OP_GSM7_LANGUAGES = 13 };

/*  The point of a septet (below 128) in the language's locking shift table; a space where its cell
    is blank, and at the escape. 0 when there is no such table: identifiers 0, 2 (Spanish has none)
    and those that nobody knows; the default alphabet is used then. */
uint32_t op_gsm7_locked(uint8_t language, uint8_t septet);

/*  Is there a single shift table of that language? If not, the default extension table is used. */
bool op_gsm7_has_single(uint8_t language);

/*  The point of a septet behind an escape, 0 where the cell is blank: the locking table's character
    is meant then. */
uint32_t op_gsm7_shifted(uint8_t language, uint8_t septet);

#endif
