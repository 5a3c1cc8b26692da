/*  PDUs, given as octets. Property: a PDU decodes or is refused; what decodes is encoded, unless
    its data is more than the standard allows, and decodes to the same fields again; text is UTF-8.
    Excepted is what an encoder does not write: service centres without digits, types of address
    without bit 7, long forms of validity, a report's TP-PID without user data; and the @ at the end
    of a name of eight characters, which looks like spare bits. */

#include "tests/fuzz/fuzz.h"

#include "base/utf8.h"
#include "modem/sms.h"
#include "modem/sms_kind.h"

#include <stdlib.h>

static bool s_same_text(op_str_t a, op_str_t b)
{
    if (a.size == b.size + 1 && a.at[b.size] == '@')
        a.size--;
    return op_str_equal(a, b);
}

static bool s_same_address(const op_address_t *a, const op_address_t *b)
{
    bool name = (a->type & 0x70) == (OP_ADDRESS_ALPHANUMERIC & 0x70);
    return (name ? s_same_text(op_str(a->text), op_str(b->text)) : strcmp(a->text, b->text) == 0) &&
           (!a->text[0] || (a->type | 0x80) == (b->type | 0x80));
}

static bool s_same_stamp(op_stamp_t a, op_stamp_t b)
{
    return a.instant == b.instant && a.quarters == b.quarters;
}

static bool s_same_user(const op_user_data_t *a, const op_user_data_t *b)
{
    return a->dcs == b->dcs && a->alphabet == b->alphabet && a->header_size == b->header_size &&
           a->count == b->count && memcmp(a->header, b->header, a->header_size) == 0 &&
           memcmp(a->units, b->units, a->count) == 0 && a->concat.present == b->concat.present &&
           a->concat.reference == b->concat.reference && a->concat.total == b->concat.total &&
           a->concat.sequence == b->concat.sequence && a->ports.present == b->ports.present &&
           a->ports.destination == b->ports.destination && a->ports.origin == b->ports.origin &&
           a->shift.locking == b->shift.locking && a->shift.single == b->shift.single &&
           a->header_ill == b->header_ill;
}

/*  It is of some kind, and where it is text it is UTF-8, and of a known length. */
static void s_check_meaning(const op_pdu_t *pdu)
{
    op_buf_t text = {0};
    op_sms_kind_t kind = op_sms_kind(pdu);
    op_sms_piece_t piece = op_sms_piece(&pdu->user);
    FUZZ_CHECK(kind <= OP_SMS_KIND_FLASH && op_sms_kind_text(kind)[0]);
    op_sms_result_t result = op_sms_join(&piece, 1, &text);
    FUZZ_CHECK((result == OP_SMS_OK) == (pdu->user.alphabet != OP_ALPHABET_8BIT));
    FUZZ_CHECK(!op_sms_kind_is_text(kind) || result == OP_SMS_OK);
    ptrdiff_t points = op_utf8_count(op_buf_str(&text));
    FUZZ_CHECK(points >= 0 && points <= pdu->user.count);
    op_buf_free(&text);
}

static void s_same(const op_pdu_t *a, const op_pdu_t *b)
{
    bool bare = a->kind == OP_PDU_REPORT && !a->user.header_size && !a->user.count && !a->user.dcs;
    FUZZ_CHECK(a->kind == b->kind && a->reference == b->reference && a->status == b->status);
    FUZZ_CHECK(s_same_address(&a->smsc, &b->smsc) && s_same_address(&a->peer, &b->peer));
    FUZZ_CHECK(a->report == b->report && a->reply_path == b->reply_path && a->more == b->more);
    FUZZ_CHECK(a->reject_duplicates == b->reject_duplicates);
    FUZZ_CHECK(a->has_validity == b->has_validity && a->validity == b->validity);
    FUZZ_CHECK(s_same_stamp(a->stamp, b->stamp) && s_same_stamp(a->discharge, b->discharge));
    FUZZ_CHECK(s_same_user(&a->user, &b->user));
    FUZZ_CHECK(bare || a->pid == b->pid);
}

static void s_check(op_str_t hex)
{
    op_pdu_t pdu, again;
    op_buf_t text = {0};
    op_pdu_result_t result = op_pdu_decode(hex, &pdu);
    FUZZ_CHECK(op_pdu_result_text(result)[0]);
    if (result != OP_PDU_OK)
        return;
    FUZZ_CHECK(pdu.size <= hex.size / 2);
    s_check_meaning(&pdu);
    op_pdu_t copy = pdu;
    result = op_pdu_encode(&copy, &text);
    FUZZ_CHECK(result == OP_PDU_OK || result == OP_PDU_BAD_DATA);
    FUZZ_CHECK((result == OP_PDU_OK) == (text.size > 0));
    if (result == OP_PDU_OK) {
        FUZZ_CHECK(op_pdu_decode(op_buf_str(&text), &again) == OP_PDU_OK);
        FUZZ_CHECK(again.size == copy.size);
        s_same(&pdu, &again);
    }
    op_buf_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    s_check(op_str_of(data, size));
    char *hex = op_alloc(2 * size + 1);
    op_hex(data, size, hex);
    s_check(op_str_of(hex, 2 * size));
    free(hex);
    return 0;
}
