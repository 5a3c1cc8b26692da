/*  The alphabet is one table of 128 code points and a short list of the extension's ten. Encoding
    looks a point up in an inverse that covers Latin-1 (all that a usual text needs) and walks the
    table for the rest, the Greek capitals.

    The national tables (modem/gsm7_national.h) take part in decoding only.

    Nothing is replaced on the way out: a lower-case c with cedilla is not its capital, and Greek
    capitals that look Latin are not Latin. What the alphabet lacks goes as UCS-2, as typed. */

#include "modem/gsm7.h"

#include "base/utf8.h"
#include "modem/gsm7_national.h"

/*  TS 23.038 6.2.1, by septet. The escape stands as U+0020, as the note there asks of receivers. */
static const uint16_t s_base[128] = {
    '@',    0x00a3, '$',    0x00a5, 0x00e8, 0x00e9, 0x00f9, 0x00ec, /* 00 */
    0x00f2, 0x00c7, '\n',   0x00d8, 0x00f8, '\r',   0x00c5, 0x00e5, /* 08 */
    0x0394, '_',    0x03a6, 0x0393, 0x039b, 0x03a9, 0x03a0, 0x03a8, /* 10 */
    0x03a3, 0x0398, 0x039e, ' ',    0x00c6, 0x00e6, 0x00df, 0x00c9, /* 18 */
    ' ',    '!',    '"',    '#',    0x00a4, '%',    '&',    '\'',   /* 20 */
    '(',    ')',    '*',    '+',    ',',    '-',    '.',    '/',    /* 28 */
    '0',    '1',    '2',    '3',    '4',    '5',    '6',    '7',    /* 30 */
    '8',    '9',    ':',    ';',    '<',    '=',    '>',    '?',    /* 38 */
    0x00a1, 'A',    'B',    'C',    'D',    'E',    'F',    'G',    /* 40 */
    'H',    'I',    'J',    'K',    'L',    'M',    'N',    'O',    /* 48 */
    'P',    'Q',    'R',    'S',    'T',    'U',    'V',    'W',    /* 50 */
    'X',    'Y',    'Z',    0x00c4, 0x00d6, 0x00d1, 0x00dc, 0x00a7, /* 58 */
    0x00bf, 'a',    'b',    'c',    'd',    'e',    'f',    'g',    /* 60 */
    'h',    'i',    'j',    'k',    'l',    'm',    'n',    'o',    /* 68 */
    'p',    'q',    'r',    's',    't',    'u',    'v',    'w',    /* 70 */
    'x',    'y',    'z',    0x00e4, 0x00f6, 0x00f1, 0x00fc, 0x00e0, /* 78 */
};

/*  TS 23.038 6.2.1.1, behind an escape. */
static const struct {
    uint8_t septet;
    uint16_t point;
} s_extension[] = {
    {0x0a, '\f'}, {0x14, '^'}, {0x28, '{'}, {0x29, '}'}, {0x2f, '\\'},
    {0x3c, '['},  {0x3d, '~'}, {0x3e, ']'}, {0x40, '|'}, {0x65, 0x20ac},
};

/*  Letters and digits are where ASCII has them, so most points are found in one step. */
static int s_in_base(uint32_t point)
{
    if (point < 128 && point != OP_GSM7_ESC && s_base[point] == point)
        return (int)point;
    for (int i = 0; i < 128; i++)
        if (s_base[i] == point && i != OP_GSM7_ESC)
            return i;
    return -1;
}

int op_gsm7_from_point(uint32_t point, uint8_t septets[2])
{
    int septet = s_in_base(point);
    if (septet >= 0) {
        septets[0] = (uint8_t)septet;
        return 1;
    }
    for (size_t i = 0; i < OP_COUNT(s_extension); i++) {
        if (s_extension[i].point == point) {
            septets[0] = OP_GSM7_ESC;
            septets[1] = s_extension[i].septet;
            return 2;
        }
    }
    return 0;
}

ptrdiff_t op_gsm7_encode(op_str_t text, uint8_t *septets, size_t max)
{
    size_t count = 0;
    for (size_t at = 0; at < text.size;) {
        uint32_t point;
        uint8_t pair[2];
        if (!op_utf8_next(text, &at, &point))
            return -1;
        int n = op_gsm7_from_point(point, pair);
        if (n == 0 || (size_t)n > max - count)
            return -1;
        for (int i = 0; septets && i < n; i++)
            septets[count + (size_t)i] = pair[i];
        count += (size_t)n;
    }
    return (ptrdiff_t)count;
}

uint32_t op_gsm7_base(uint8_t septet)
{
    return s_base[septet & 0x7f];
}

uint32_t op_gsm7_extension(uint8_t septet)
{
    for (size_t i = 0; i < OP_COUNT(s_extension); i++)
        if (s_extension[i].septet == septet)
            return s_extension[i].point;
    return 0;
}

static uint32_t s_plain(op_gsm7_shift_t shift, uint8_t septet)
{
    uint32_t point = op_gsm7_locked(shift.locking, septet);
    return point ? point : s_base[septet];
}

static uint32_t s_escaped(op_gsm7_shift_t shift, uint8_t septet)
{
    if (septet == OP_GSM7_ESC)
        return ' ';
    uint32_t point = op_gsm7_has_single(shift.single) ? op_gsm7_shifted(shift.single, septet)
                                                      : op_gsm7_extension(septet);
    return point ? point : s_plain(shift, septet);
}

void op_gsm7_decode(const uint8_t *septets, size_t count, op_gsm7_shift_t shift, op_buf_t *text)
{
    for (size_t i = 0; i < count; i++) {
        uint8_t septet = septets[i] & 0x7f;
        if (septet == OP_GSM7_ESC && i + 1 < count)
            op_utf8_add(text, s_escaped(shift, septets[++i] & 0x7f));
        else
            op_utf8_add(text, s_plain(shift, septet));
    }
}

size_t op_gsm7_cut(const uint8_t *septets, size_t count, size_t max)
{
    if (count <= max)
        return count;
    /* An escape that is itself escaped opens no pair, so it is the parity of the run that
     counts. */
    size_t escapes = 0;
    while (escapes < max && septets[max - 1 - escapes] == OP_GSM7_ESC)
        escapes++;
    return escapes % 2 ? max - 1 : max;
}

size_t op_gsm7_packed_size(size_t count, unsigned fill)
{
    OP_ASSERT(fill < 7);
    return (fill + count * 7 + 7) / 8;
}

size_t op_gsm7_pack(const uint8_t *septets, size_t count, unsigned fill, uint8_t *octets)
{
    size_t size = op_gsm7_packed_size(count, fill);
    size_t out = 0;
    unsigned bits = fill; /* held in `held`, below 8 between septets */
    uint32_t held = 0;
    for (size_t i = 0; i < count; i++) {
        held |= (uint32_t)(septets[i] & 0x7f) << bits;
        bits += 7;
        if (bits >= 8) {
            octets[out++] = (uint8_t)(held & 0xff);
            held >>= 8;
            bits -= 8;
        }
    }
    if (out < size)
        octets[out++] = (uint8_t)(held & 0xff);
    OP_ASSERT(out == size);
    return size;
}

size_t op_gsm7_unpack(const uint8_t *octets, size_t size, unsigned fill, uint8_t *septets,
                      size_t count)
{
    OP_ASSERT(fill < 7);
    size_t there = size * 8 < fill ? 0 : (size * 8 - fill) / 7;
    if (count > there)
        count = there;
    for (size_t i = 0; i < count; i++) {
        size_t bit = fill + i * 7;
        uint32_t pair = octets[bit / 8];
        if (bit % 8 > 1)
            pair |= (uint32_t)octets[bit / 8 + 1] << 8;
        septets[i] = (uint8_t)(pair >> bit % 8 & 0x7f);
    }
    return count;
}
