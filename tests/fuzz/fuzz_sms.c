/*  Texts and their parts. Property: a body splits exactly when it is UTF-8 and not too long, into
    as many parts as op_sms_count says; each part fits a PDU and is whole characters; the parts
    joined are the body. And any octets taken for a received part join to valid UTF-8. */

#include "tests/fuzz/fuzz.h"

#include "base/utf8.h"
#include "modem/sms.h"

static void s_check_parts(op_str_t body, const op_sms_parts_t *parts)
{
    op_sms_piece_t pieces[OP_SMS_PARTS_MAX];
    op_buf_t joined = {0}, singly = {0};
    FUZZ_CHECK(parts->count > 0 && parts->count <= OP_SMS_PARTS_MAX);
    FUZZ_CHECK(parts->count == op_sms_count(body, false));
    for (size_t i = 0; i < parts->count; i++) {
        uint8_t octets[1 + OP_USER_DATA_OCTETS];
        FUZZ_CHECK(op_user_data_write(&parts->at[i], octets) > 0);
        FUZZ_CHECK(parts->count == 1 || parts->at[i].concat.sequence == i + 1);
        pieces[i] = op_sms_piece(&parts->at[i]);
        FUZZ_CHECK(op_sms_join(&pieces[i], 1, &singly) == OP_SMS_OK);
    }
    FUZZ_CHECK(op_sms_join(pieces, parts->count, &joined) == OP_SMS_OK);
    FUZZ_CHECK(op_str_equal(op_buf_str(&joined), body));
    FUZZ_CHECK(op_str_equal(op_buf_str(&singly), body));
    op_buf_free(&joined);
    op_buf_free(&singly);
}

static void s_check_join(op_str_t units, op_alphabet_t alphabet)
{
    op_buf_t text = {0};
    op_sms_piece_t pieces[4];
    size_t count = 0;
    while (units.size && count < OP_COUNT(pieces)) {
        op_str_t taken = fuzz_take(&units, 1 + (uint8_t)units.at[0] % 140);
        op_gsm7_shift_t shift = {(uint8_t)taken.at[0] % 16, (uint8_t)taken.at[0] / 16};
        pieces[count] = (op_sms_piece_t){count == 2 ? OP_ALPHABET_GSM7 : alphabet, shift,
                                         (const uint8_t *)taken.at, taken.size};
        count++;
    }
    FUZZ_CHECK(op_sms_join(pieces, count, &text) == OP_SMS_OK);
    FUZZ_CHECK(op_utf8_count(op_buf_str(&text)) >= 0);
    op_buf_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    op_str_t body = op_str_of(data, size);
    op_arena_t arena = {0};
    op_sms_parts_t parts = {0};
    op_sms_result_t result = op_sms_split(body, (uint8_t)size, &arena, &parts);
    if (op_utf8_count(body) < 0)
        FUZZ_CHECK(result == OP_SMS_BAD_UTF8);
    else
        FUZZ_CHECK(result == OP_SMS_OK || (result == OP_SMS_TOO_LONG && size > 255 * 67));
    if (result == OP_SMS_OK)
        s_check_parts(body, &parts);
    else
        FUZZ_CHECK(op_sms_count(body, false) == 0);
    s_check_join(body, OP_ALPHABET_UCS2);
    s_check_join(body, OP_ALPHABET_GSM7);
    op_arena_free(&arena);
    return 0;
}
