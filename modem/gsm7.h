/*  gsm7.h - the GSM 7 bit default alphabet (3GPP TS 23.038 6.2.1) and its packing (6.1.2.1)

    A septet is kept in one octet, value 0 to 127. Characters of the extension table (6.2.1.1:
    ^ { } \ [ ~ ] | EURO and form feed) take two septets, the escape 1B and a code; whoever cuts
    septets into parts must not cut between the two (op_gsm7_cut).

    Text is encoded in the default alphabet or not at all; what comes in may use the tables of
    modem/gsm7_national.h as well.
    Everything is pure; every size is the caller's to bound. */

#ifndef OP_MODEM_GSM7_H
#define OP_MODEM_GSM7_H

#include "base/bytes.h"

enum { OP_GSM7_ESC = 0x1b, OP_GSM7_EURO = 0x65 /* behind an escape, in every extension */ };

/*  The national languages that a message asks for, by identifier; 0 for the default tables, which
    stand in for those that nobody knows, too. */
typedef struct {
    uint8_t locking, single;
} op_gsm7_shift_t;

/*  The default tables: a septet's point (a space for the escape), and its point behind an escape,
    0 where there is none. */
uint32_t op_gsm7_base(uint8_t septet);
uint32_t op_gsm7_extension(uint8_t septet);

/*  Septets of one code point: 1, 2, or 0 when the alphabet does not have it. */
int op_gsm7_from_point(uint32_t point, uint8_t septets[2]);

/*  UTF-8 text into septets. Returns their count; -1 when a character is not in the alphabet, when
    the text is not valid UTF-8, or when more than `max` septets would be needed. `septets` may be
    NULL to count only. */
ptrdiff_t op_gsm7_encode(op_str_t text, uint8_t *septets, size_t max) OP_MUST_CHECK;

/*  Septets into UTF-8, appended to `text`. Never fails: ESC with a code that the extension table
    lacks is the base (or locking) table's character, ESC ESC is a space (6.2.1.1, note 1), and so
    is an ESC with nothing behind it. Bit 7 of a septet is ignored. */
void op_gsm7_decode(const uint8_t *septets, size_t count, op_gsm7_shift_t shift, op_buf_t *text);

/*  The longest beginning of `septets`, at most `max` of `count`, that does not end inside an escape
    pair. */
size_t op_gsm7_cut(const uint8_t *septets, size_t count, size_t max);

/*  Octets that `count` septets take behind `fill` bits (0 to 6) of padding. */
size_t op_gsm7_packed_size(size_t count, unsigned fill);

/*  Packs behind `fill` zero bits (the padding behind a user data header, TS 23.040 9.2.3.24) and
    sets the unused bits at the end to zero. Writes and returns op_gsm7_packed_size octets. */
size_t op_gsm7_pack(const uint8_t *septets, size_t count, unsigned fill, uint8_t *octets);

/*  The inverse: `count` septets, or as many as `size` octets hold. Returns how many. */
size_t op_gsm7_unpack(const uint8_t *octets, size_t size, unsigned fill, uint8_t *septets,
                      size_t count);

#endif
