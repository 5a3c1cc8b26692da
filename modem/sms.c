/*  A body is first written whole, as septets or as UTF-16BE octets, into memory of a known limit,
    and then cut: the rule "not inside a pair" is one look at the units around the cut, the same for
    both alphabets. Counting walks the same cuts without making parts, so that the two agree. */

#include "modem/sms.h"

#include "base/plant.h"
#include "base/utf8.h"
#include "modem/gsm7.h"

#include <string.h>

enum {
    S_SEPTETS_ONE = 160,
    S_SEPTETS_EACH = 153,
    S_SEPTETS_EACH_WIDE = 152,
    S_OCTETS_ONE = 140,
    S_OCTETS_EACH = 134,
    S_OCTETS_EACH_WIDE = 132,
    /* A body of more octets than this fits no 255 parts: a septet comes from at most two octets,
       the two UTF-16 octets of a unit from at most three. */
    S_BODY_MAX = 2 * S_SEPTETS_EACH * OP_SMS_PARTS_MAX
};

typedef struct {
    op_alphabet_t alphabet;
    uint8_t *units;
    size_t count;
    size_t each; /* units that a part may have */
} s_text_t;

const char *op_sms_result_text(op_sms_result_t result)
{
    switch (result) {
    case OP_SMS_OK:
        return "ok";
    case OP_SMS_BAD_UTF8:
        return "not UTF-8";
    case OP_SMS_TOO_LONG:
        return "more than 255 parts";
    case OP_SMS_NOT_TEXT:
        return "8-bit data, not text";
    }
    return "unknown result";
}

/*  ---- Splitting ---- */

/*  UTF-16BE (RFC 2781); the body is valid. Returns the octets written, at most twice body.size. */
static size_t s_utf16(op_str_t body, uint8_t *octets)
{
    size_t size = 0;
    uint32_t point = 0;
    for (size_t at = 0; at < body.size;) {
        bool valid = op_utf8_next(body, &at, &point);
        OP_ASSERT(valid);
        if (point >= 0x10000) {
            uint32_t high = 0xd800 + ((point - 0x10000) >> 10);
            octets[size++] = (uint8_t)(high >> 8);
            octets[size++] = (uint8_t)(high & 0xff);
            point = 0xdc00 + ((point - 0x10000) & 0x3ff);
        }
        octets[size++] = (uint8_t)(point >> 8);
        octets[size++] = (uint8_t)(point & 0xff);
    }
    return size;
}

/*  Units of the next part, which begins at `at`. */
static size_t s_cut(const s_text_t *text, size_t at)
{
    const uint8_t *units = text->units + at;
    size_t count = text->count - at;
    if (text->alphabet == OP_ALPHABET_GSM7)
        return op_gsm7_cut(units, count, text->each);
    if (count <= text->each)
        return count;
    bool low_next = (units[text->each] & 0xfc) == 0xdc;
    return low_next && !OP_PLANTED(SPLIT_PAIR) ? text->each - 2 : text->each;
}

/*  The body in its best alphabet; `units` has room for 2 * body.size. */
static void s_write(op_str_t body, bool wide, uint8_t *units, s_text_t *text)
{
    ptrdiff_t septets = op_gsm7_encode(body, units, 2 * body.size);
    bool gsm7 = septets >= 0;
    text->units = units;
    text->alphabet = gsm7 ? OP_ALPHABET_GSM7 : OP_ALPHABET_UCS2;
    text->count = gsm7 ? (size_t)septets : s_utf16(body, units);
    text->each = gsm7 ? S_SEPTETS_ONE : S_OCTETS_ONE;
    if (text->count <= text->each)
        return;
    if (wide)
        text->each = gsm7 ? S_SEPTETS_EACH_WIDE : S_OCTETS_EACH_WIDE;
    else
        text->each = gsm7 ? S_SEPTETS_EACH : S_OCTETS_EACH;
}

static size_t s_count(const s_text_t *text)
{
    size_t parts = 1;
    for (size_t at = s_cut(text, 0); at < text->count; at += s_cut(text, at))
        parts++;
    return parts;
}

static op_sms_result_t s_prepare(op_str_t body, bool wide, op_arena_t *arena, s_text_t *text,
                                 size_t *count)
{
    if (body.size > S_BODY_MAX)
        return OP_SMS_TOO_LONG;
    if (op_utf8_count(body) < 0)
        return OP_SMS_BAD_UTF8;
    s_write(body, wide, op_arena_alloc(arena, 2 * body.size + 1), text);
    *count = s_count(text);
    return *count <= OP_SMS_PARTS_MAX ? OP_SMS_OK : OP_SMS_TOO_LONG;
}

static op_sms_result_t s_split(op_str_t body, bool wide, uint16_t reference, op_arena_t *arena,
                               op_sms_parts_t *parts)
{
    s_text_t text;
    size_t count;
    op_sms_result_t result = s_prepare(body, wide, arena, &text, &count);
    if (result != OP_SMS_OK)
        return result;
    parts->count = count;
    parts->at = op_arena_alloc(arena, count * sizeof *parts->at);
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        op_user_data_t *part = &parts->at[i];
        size_t units = s_cut(&text, at);
        part->alphabet = text.alphabet;
        part->dcs = op_dcs_of(text.alphabet);
        part->count = (uint8_t)units;
        memcpy(part->units, text.units + at, units);
        if (count > 1)
            op_user_data_concat(part, (op_concat_t){.wide = wide,
                                                    .reference = reference,
                                                    .total = (uint8_t)count,
                                                    .sequence = (uint8_t)(i + 1)});
        at += units;
    }
    OP_ASSERT(at == text.count);
    return OP_SMS_OK;
}

op_sms_result_t op_sms_split(op_str_t body, uint8_t reference, op_arena_t *arena,
                             op_sms_parts_t *parts)
{
    return s_split(body, false, reference, arena, parts);
}

op_sms_result_t op_sms_split_wide(op_str_t body, uint16_t reference, op_arena_t *arena,
                                  op_sms_parts_t *parts)
{
    return s_split(body, true, reference, arena, parts);
}

size_t op_sms_count(op_str_t body, bool wide)
{
    /* Each octet of UTF-8 makes at most one UTF-16 unit, or two septets. */
    if (body.size <= S_OCTETS_ONE / 2 && op_utf8_count(body) >= 0)
        return 1;
    op_arena_t arena = {0};
    s_text_t text;
    size_t count = 0;
    op_sms_result_t result = s_prepare(body, wide, &arena, &text, &count);
    op_arena_free(&arena);
    return result == OP_SMS_OK ? count : 0;
}

/*  ---- Joining ---- */

static void s_decode_utf16(const uint8_t *octets, size_t size, op_buf_t *text)
{
    for (size_t at = 0; at < size; at += 2) {
        uint32_t point = (uint32_t)octets[at] << 8 | octets[at + 1];
        bool high = point >= 0xd800 && point < 0xdc00;
        if (high && at + 2 < size && (octets[at + 2] & 0xfc) == 0xdc) {
            uint32_t low = (uint32_t)octets[at + 2] << 8 | octets[at + 3];
            point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
            at += 2;
        }
        op_utf8_add(text, point); /* a lone surrogate becomes U+FFFD there */
    }
}

op_sms_piece_t op_sms_piece(const op_user_data_t *user)
{
    return (op_sms_piece_t){user->alphabet, user->shift, user->units, user->count};
}

/*  Is `next` to be decoded together with `piece`? */
static bool s_same_run(const op_sms_piece_t *piece, const op_sms_piece_t *next)
{
    return next->alphabet == piece->alphabet && next->shift.locking == piece->shift.locking &&
           next->shift.single == piece->shift.single;
}

op_sms_result_t op_sms_join(const op_sms_piece_t *pieces, size_t count, op_buf_t *text)
{
    for (size_t i = 0; i < count; i++)
        if (pieces[i].alphabet == OP_ALPHABET_8BIT)
            return OP_SMS_NOT_TEXT;
    op_buf_t run = {0};
    for (size_t i = 0; i < count; i++) {
        bool gsm7 = pieces[i].alphabet == OP_ALPHABET_GSM7;
        size_t units = gsm7 ? pieces[i].count : pieces[i].count & ~(size_t)1;
        op_buf_add(&run, pieces[i].units, units);
        if (i + 1 < count && s_same_run(&pieces[i], &pieces[i + 1]))
            continue;
        if (gsm7)
            op_gsm7_decode((const uint8_t *)run.at, run.size, pieces[i].shift, text);
        else
            s_decode_utf16((const uint8_t *)run.at, run.size, text);
        op_buf_clear(&run);
    }
    op_buf_free(&run);
    return OP_SMS_OK;
}
