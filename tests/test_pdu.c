#include "modem/pdu.h"

#include "base/instant.h"
#include "base/random.h"
#include "modem/gsm7.h"
#include "tests/page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/*  Written out from 9.2.2, field by field. */
#define DELIVER                                                                                    \
    "07912120550010F2"                                                                             \
    "04"                                                                                           \
    "0B912120550541F3"                                                                             \
    "0000"                                                                                         \
    "6250029141250A"                                                                               \
    "0AE8329BFD4697D9EC37"
#define SUBMIT                                                                                     \
    "00"                                                                                           \
    "31"                                                                                           \
    "00"                                                                                           \
    "0B912120550541F3"                                                                             \
    "0008AA"                                                                                       \
    "0ED83DDE0000610062006300640065"
#define PART                                                                                       \
    "00"                                                                                           \
    "61"                                                                                           \
    "07"                                                                                           \
    "0B912120550541F3"                                                                             \
    "0000"                                                                                         \
    "0B050003420201"                                                                               \
    "C2E23119"
#define REPORT                                                                                     \
    "00"                                                                                           \
    "06"                                                                                           \
    "2A"                                                                                           \
    "0B912120550541F3"                                                                             \
    "62500291412500"                                                                               \
    "62500291512500"                                                                               \
    "00"

static void s_decoded(const char *hex, op_pdu_t *pdu)
{
    assert_int_equal(op_pdu_decode(op_str(hex), pdu), OP_PDU_OK);
}

/*  Encoding what was decoded gives the same line and the same length. */
static void s_encodes_to(op_pdu_t *pdu, const char *hex)
{
    op_buf_t line = {0};
    unsigned size = pdu->size;
    pdu->size = 0;
    assert_int_equal(op_pdu_encode(pdu, &line), OP_PDU_OK);
    assert_true(op_str_is(op_buf_str(&line), hex));
    assert_int_equal(pdu->size, size);
    op_buf_free(&line);
}

static void s_instant_is(op_stamp_t stamp, const char *wanted)
{
    char text[OP_INSTANT_TEXT + 1];
    op_instant_print(stamp.instant, text);
    assert_string_equal(text, wanted);
}

static void s_septets_are(const op_user_data_t *user, const char *wanted)
{
    op_buf_t text = {0};
    assert_int_equal(user->alphabet, OP_ALPHABET_GSM7);
    op_gsm7_decode(user->units, user->count, user->shift, &text);
    assert_true(op_str_is(op_buf_str(&text), wanted));
    op_buf_free(&text);
}

static void s_deliver(void **state)
{
    (void)state;
    op_pdu_t pdu;
    s_decoded(DELIVER, &pdu);
    assert_int_equal(pdu.kind, OP_PDU_DELIVER);
    assert_string_equal(pdu.smsc.text, "+12025500012");
    assert_string_equal(pdu.peer.text, "+12025550143");
    assert_false(pdu.more || pdu.report || pdu.reply_path || pdu.user.concat.present);
    s_instant_is(pdu.stamp, "2026-05-21T00:14:52Z");
    assert_int_equal(pdu.stamp.quarters, -20);
    s_septets_are(&pdu.user, "hellohello");
    assert_int_equal(pdu.size, 28);
    s_encodes_to(&pdu, DELIVER);
}

/*  A service centre's address that is longer than any: its own length says what follows. */
static void s_long_centre(void **state)
{
    (void)state;
    op_pdu_t pdu;
    char hex[400];
    op_str_t plain = OP_STR(DELIVER);
    size_t centre = 2 * (1 + 7);
    snprintf(hex, sizeof hex, "0E9121436587092143658709214365%.*s", (int)(plain.size - centre),
             plain.at + centre);
    s_decoded(hex, &pdu);
    assert_string_equal(pdu.smsc.text, "");
    assert_string_equal(pdu.peer.text, "+12025550143");
    s_septets_are(&pdu.user, "hellohello");
    assert_int_equal(op_pdu_decode(OP_STR("0E91214365"), &pdu), OP_PDU_BAD_ADDRESS);
}

static void s_submit(void **state)
{
    (void)state;
    op_pdu_t pdu;
    s_decoded(SUBMIT, &pdu);
    assert_int_equal(pdu.kind, OP_PDU_SUBMIT);
    assert_string_equal(pdu.smsc.text, "");
    assert_string_equal(pdu.peer.text, "+12025550143");
    assert_true(pdu.report && pdu.has_validity);
    assert_false(pdu.reply_path || pdu.reject_duplicates);
    assert_int_equal(pdu.validity, 170);
    assert_int_equal(pdu.user.alphabet, OP_ALPHABET_UCS2);
    assert_int_equal(pdu.user.count, 14);
    assert_memory_equal(pdu.user.units, "\xd8\x3d\xde\0\0a\0b\0c\0d\0e", 14);
    assert_int_equal(pdu.size, 28);
    s_encodes_to(&pdu, SUBMIT);
}

static void s_part(void **state)
{
    (void)state;
    op_pdu_t pdu;
    s_decoded(PART, &pdu);
    assert_int_equal(pdu.reference, 7);
    assert_true(pdu.report);
    assert_false(pdu.has_validity);
    assert_true(pdu.user.concat.present);
    assert_int_equal(pdu.user.concat.reference, 0x42);
    assert_int_equal(pdu.user.concat.total, 2);
    assert_int_equal(pdu.user.concat.sequence, 1);
    s_septets_are(&pdu.user, "abcd");
    s_encodes_to(&pdu, PART);
}

static void s_report(void **state)
{
    (void)state;
    op_pdu_t pdu;
    s_decoded(REPORT, &pdu);
    assert_int_equal(pdu.kind, OP_PDU_REPORT);
    assert_int_equal(pdu.reference, 42);
    assert_string_equal(pdu.peer.text, "+12025550143");
    s_instant_is(pdu.stamp, "2026-05-20T19:14:52Z");
    s_instant_is(pdu.discharge, "2026-05-20T19:15:52Z");
    assert_int_equal(pdu.status, 0);
    assert_false(pdu.more);
    assert_int_equal(pdu.user.count, 0);
    assert_int_equal(pdu.size, 25);
    s_encodes_to(&pdu, REPORT);

    /* The optional fields; with sense, and without any, where the report still counts. */
    s_decoded(REPORT "0700000361F118", &pdu);
    s_septets_are(&pdu.user, "abc");
    s_encodes_to(&pdu, REPORT "0700000361F118");
    static const char *const nonsense[] = {"07", "0700", "FF", "FFFF", "04A0E1", "0104", "83FF"};
    for (size_t i = 0; i < OP_COUNT(nonsense); i++) {
        op_buf_t line = {0};
        op_buf_printf(&line, "%s%s", REPORT, nonsense[i]);
        assert_int_equal(op_pdu_decode(op_buf_str(&line), &pdu), OP_PDU_OK);
        assert_int_equal(pdu.reference, 42);
        assert_int_equal(pdu.user.count, 0);
        op_buf_free(&line);
    }
}

static void s_odd_but_readable(void **state)
{
    (void)state;
    op_pdu_t pdu;
    s_decoded(DELIVER "FFFFFF", &pdu); /* octets behind the end are ignored, but counted */
    s_septets_are(&pdu.user, "hellohello");
    assert_int_equal(pdu.size, 31);
    s_decoded("00070B912120550541F300006250029141250A02E834", &pdu); /* reserved TP-MTI 3 */
    assert_int_equal(pdu.kind, OP_PDU_DELIVER);
    s_septets_are(&pdu.user, "hi");
    s_decoded("00000B912120550541f30000ffffffffffffff02e834", &pdu); /* no date; lower case */
    assert_true(pdu.more);
    assert_int_equal(pdu.stamp.instant, 0);
    s_septets_are(&pdu.user, "hi");
    s_decoded("0019000B912120550541F300006250029141250A02E834", &pdu); /* absolute validity */
    assert_int_equal(pdu.kind, OP_PDU_SUBMIT);
    assert_false(pdu.has_validity);
    s_septets_are(&pdu.user, "hi");
    s_decoded("000009D0E8329BFD0600006250029141250A00", &pdu); /* from a name, and empty */
    assert_string_equal(pdu.peer.text, "hello");
    assert_int_equal(pdu.user.count, 0);
    /* Turkish single (24) and locking (25) shift, then a language nobody knows. */
    s_decoded("00400B912120550541F300006250029141250A0A06240101250101771900", &pdu);
    s_septets_are(&pdu.user, "w2");
    assert_int_equal(pdu.user.shift.locking, 1);
    assert_int_equal(pdu.user.shift.single, 1);
    assert_false(pdu.user.concat.present || pdu.user.header_ill);
    s_decoded("00400B912120550541F300006250029141250A0A06240120250177771900", &pdu);
    s_septets_are(&pdu.user, "w2");
    /* A header whose last element is cut counts as empty, and the text stays. */
    s_decoded("00400B912120550541F300006250029141250A0A06000342020100771900", &pdu);
    s_septets_are(&pdu.user, "w2");
    assert_true(pdu.user.header_ill && !pdu.user.concat.present);
    /* A pair of ports. */
    s_decoded("00440B912120550541F300F56250029141250A080605040B8423F041", &pdu);
    assert_true(pdu.user.ports.present && pdu.user.ports.destination == 2948);
    assert_int_equal(pdu.user.alphabet, OP_ALPHABET_8BIT);
    assert_int_equal(pdu.user.count, 1);
}

static void s_refused(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        op_pdu_result_t result;
    } table[] = {
        {"", OP_PDU_TRUNCATED},
        {"0", OP_PDU_BAD_HEX},
        {"0G", OP_PDU_BAD_HEX},
        {"00 04", OP_PDU_BAD_HEX},
        {"00", OP_PDU_TRUNCATED},
        {"0BD04259303784=96p331", OP_PDU_BAD_HEX},
        {"FFFFFFFFFFFFFFFFFFFFFFFFFFFF", OP_PDU_BAD_ADDRESS},
        {"0004BF912120550541F3", OP_PDU_BAD_ADDRESS},
        {"00440B912120550541F300006250029141250A020600", OP_PDU_BAD_HEADER},
        {"00440B912120550541F300006250029141250A00", OP_PDU_BAD_HEADER},
        {"00040B912120550541F300006250029141250A0AE832", OP_PDU_TRUNCATED},
    };
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        op_pdu_t pdu;
        assert_int_equal(op_pdu_decode(op_str(table[i].hex), &pdu), table[i].result);
    }
    op_buf_t line = {0};
    op_pdu_t pdu;
    op_buf_add_str(&line, op_str(DELIVER));
    while (line.size < OP_PDU_HEX_MAX)
        op_buf_add_byte(&line, 'F');
    assert_int_equal(op_pdu_decode(op_buf_str(&line), &pdu), OP_PDU_OK);
    op_buf_add_str(&line, op_str("FF"));
    assert_int_equal(op_pdu_decode(op_buf_str(&line), &pdu), OP_PDU_TOO_LONG);
    op_buf_free(&line);
}

static void s_not_encoded(void **state)
{
    (void)state;
    op_buf_t line = {0};
    op_pdu_t pdu;
    s_decoded(SUBMIT, &pdu);
    pdu.user.count = 141;
    assert_int_equal(op_pdu_encode(&pdu, &line), OP_PDU_BAD_DATA);
    s_decoded(SUBMIT, &pdu);
    pdu.peer.text[3] = 'z';
    assert_int_equal(op_pdu_encode(&pdu, &line), OP_PDU_BAD_ADDRESS);
    s_decoded(DELIVER, &pdu);
    pdu.smsc.text[3] = 'z';
    assert_int_equal(op_pdu_encode(&pdu, &line), OP_PDU_BAD_ADDRESS);
    assert_int_equal(line.size, 0);
    op_buf_free(&line);
}

/*  Every beginning of a PDU is refused as cut, except where it ends behind a report's TP-ST. The
    digits lie at the end of a page. */
static void s_every_prefix(void **state)
{
    (void)state;
    static const char *const table[] = {DELIVER, SUBMIT, PART, REPORT};
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        for (size_t size = 0; size < strlen(table[i]); size++) {
            uint8_t *exact = page_new(table[i], size);
            op_pdu_t pdu;
            assert_int_equal(op_pdu_decode(op_str_of(exact, size), &pdu),
                             size % 2 ? OP_PDU_BAD_HEX : OP_PDU_TRUNCATED);
            page_free(exact, size);
        }
    }
}

/*  The digits lie at `end`, where a page ends. */
static void s_check_any(const uint8_t *octets, size_t size, uint8_t *end)
{
    char hex[OP_PDU_HEX_MAX + 1];
    op_buf_t line = {0};
    op_pdu_t pdu, again;
    op_hex(octets, size, hex);
    memcpy(end - 2 * size, hex, 2 * size);
    op_pdu_result_t result = op_pdu_decode(op_str_of(end - 2 * size, 2 * size), &pdu);
    assert_true(strlen(op_pdu_result_text(result)) > 0);
    /* What was decoded and can be encoded decodes to the same. */
    if (result == OP_PDU_OK && op_pdu_encode(&pdu, &line) == OP_PDU_OK) {
        assert_int_equal(op_pdu_decode(op_buf_str(&line), &again), OP_PDU_OK);
        assert_int_equal(again.kind, pdu.kind);
        assert_string_equal(again.peer.text, pdu.peer.text);
        assert_string_equal(again.smsc.text, pdu.smsc.text);
        assert_true(again.stamp.instant == pdu.stamp.instant);
        assert_int_equal(again.user.count, pdu.user.count);
        assert_memory_equal(again.user.units, pdu.user.units, pdu.user.count);
        assert_int_equal(again.user.concat.present, pdu.user.concat.present);
    }
    op_buf_free(&line);
}

/*  Every octet of every PDU takes every value; then many random changes at once. */
static void s_substitutions(void **state)
{
    (void)state;
    static const char *const table[] = {DELIVER, SUBMIT, PART, REPORT, REPORT "0700000361F118"};
    op_random_t random;
    uint8_t seed[OP_ENTROPY_SIZE] = {3};
    op_random_seed(&random, seed);
    static const uint8_t zeros[OP_PDU_HEX_MAX];
    uint8_t *page = page_new(zeros, sizeof zeros), *end = page + sizeof zeros;
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        uint8_t octets[OP_PDU_OCTETS_MAX], changed[OP_PDU_OCTETS_MAX];
        int size = op_unhex(op_str(table[i]), octets, sizeof octets);
        assert_true(size > 0);
        for (int at = 0; at < size; at++) {
            memcpy(changed, octets, (size_t)size);
            for (unsigned value = 0; value < 256; value++) {
                changed[at] = (uint8_t)value;
                s_check_any(changed, (size_t)size, end);
            }
        }
        for (int round = 0; round < 5000; round++) {
            memcpy(changed, octets, (size_t)size);
            for (unsigned n = op_random_below(&random, 6); n; n--)
                op_random_bytes(&random, &changed[op_random_below(&random, (uint32_t)size)], 1);
            s_check_any(changed, op_random_below(&random, (uint32_t)size + 1), end);
        }
    }
    page_free(page, sizeof zeros);
}

/*  9.2.3.15: a letter a value, sixteen a row. */
static void s_outcomes(void **state)
{
    (void)state;
    static const char wanted[] = "DDDggggggggggggg"
                                 "DDDDDDDDDDDDDDDD"
                                 "TTTTTTgggggggggg"
                                 "TTTTTTTTTTTTTTTT"
                                 "FFFFFFFFFFgggggg"
                                 "FFFFFFFFFFFFFFFF"
                                 "gggggggggggggggg"
                                 "gggggggggggggggg";
    for (unsigned status = 0; status < 256; status++) {
        char letter = status < 128 ? wanted[status] : 'g';
        op_pdu_outcome_t outcome = op_pdu_outcome((uint8_t)status);
        assert_int_equal("DTFg"[outcome], letter);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(s_deliver),      cmocka_unit_test(s_long_centre),
        cmocka_unit_test(s_submit),       cmocka_unit_test(s_part),
        cmocka_unit_test(s_report),       cmocka_unit_test(s_odd_but_readable),
        cmocka_unit_test(s_refused),      cmocka_unit_test(s_not_encoded),
        cmocka_unit_test(s_every_prefix), cmocka_unit_test(s_substitutions),
        cmocka_unit_test(s_outcomes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
