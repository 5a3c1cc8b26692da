/*  What is encoded decodes to the same: for random addresses, headers, times, texts and whole PDUs.
    The generator is the project's own, from a printed seed; OP_SEED=N tries another. */

#include "modem/pdu.h"
#include "modem/sms.h"

#include "base/instant.h"
#include "base/random.h"
#include "base/utf8.h"
#include "tests/page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { S_ROUNDS = 4000 };

static op_random_t s_random;

static int s_seed(void **state)
{
    (void)state;
    const char *given = getenv("OP_SEED");
    uint32_t seed = given ? (uint32_t)strtoul(given, NULL, 10) : 1;
    uint8_t entropy[OP_ENTROPY_SIZE] = {(uint8_t)(seed & 0xff), (uint8_t)(seed >> 8 & 0xff),
                                        (uint8_t)(seed >> 16 & 0xff), (uint8_t)(seed >> 24)};
    op_random_seed(&s_random, entropy);
    print_message("OP_SEED=%u\n", seed);
    return 0;
}

static uint32_t s_below(uint32_t bound)
{
    return op_random_below(&s_random, bound);
}

static uint8_t s_octet(void)
{
    return (uint8_t)s_below(256);
}

/*  ---- Parts of a PDU ---- */

static void s_digits(char *text, size_t count, const char *from)
{
    for (size_t i = 0; i < count; i++)
        text[i] = from[s_below((uint32_t)strlen(from))];
    text[count] = 0;
}

/*  A name of septets; one of eight does not end in @, which would look like spare bits. */
static void s_name(char *text)
{
    uint8_t septets[11];
    op_buf_t name = {0};
    uint32_t count = 1 + s_below(sizeof septets);
    for (uint32_t i = 0; i < count; i++)
        do
            septets[i] = (uint8_t)s_below(128);
        while (septets[i] == OP_GSM7_ESC || (i == 7 && septets[i] == 0));
    op_gsm7_decode(septets, count, (op_gsm7_shift_t){0}, &name);
    assert_true(op_str_copy(op_buf_str(&name), text, OP_ADDRESS_TEXT + 1));
    op_buf_free(&name);
}

static op_address_t s_address(void)
{
    static const uint8_t types[] = {0x81, 0xa1, 0xb1, 0xc1, 0xe1, 0xf1, 0x80, 0x88, 0xff};
    op_address_t address = {.type = types[s_below(sizeof types)]};
    switch (s_below(3)) {
    case 0:
        address.type = OP_ADDRESS_INTERNATIONAL;
        address.text[0] = '+';
        s_digits(address.text + 1, 1 + s_below(OP_ADDRESS_DIGITS), "0123456789");
        break;
    case 1:
        address.type = OP_ADDRESS_ALPHANUMERIC;
        s_name(address.text);
        break;
    default:
        s_digits(address.text, 1 + s_below(OP_ADDRESS_DIGITS), "0123456789*#abc");
    }
    return address;
}

/*  A second between 1990 and 2089, by the clock of its zone too. */
static op_stamp_t s_stamp(void)
{
    op_stamp_t stamp = {.instant = INT64_C(631300000000)};
    stamp.instant += (int64_t)s_below(UINT32_C(3155000000)) * OP_SECOND_MS;
    stamp.quarters = (int8_t)((int)s_below(159) - 79);
    return stamp;
}

static uint8_t *s_element(uint8_t *at, uint8_t identifier, const uint8_t *value, uint8_t size)
{
    *at++ = identifier;
    *at++ = size;
    memcpy(at, value, size);
    return at + size;
}

/*  A header of elements in any order; `wanted` is what they say. */
static void s_header(op_user_data_t *user)
{
    uint8_t *at = user->header + 1;
    for (uint32_t n = s_below(5); n; n--) {
        uint8_t value[8];
        op_random_bytes(&s_random, value, sizeof value);
        uint8_t total = (uint8_t)(1 + s_below(255));
        uint8_t sequence = (uint8_t)(1 + s_below(total));
        switch (s_below(6)) {
        case 0:
            user->concat = (op_concat_t){true, false, value[0], total, sequence};
            at = s_element(at, 0x00, (uint8_t[]){value[0], total, sequence}, 3);
            break;
        case 1:
            user->concat =
                (op_concat_t){true, true, (uint16_t)(value[0] << 8 | value[1]), total, sequence};
            at = s_element(at, 0x08, (uint8_t[]){value[0], value[1], total, sequence}, 4);
            break;
        case 2:
            user->ports = (op_ports_t){true, false, value[0], value[1]};
            at = s_element(at, 0x04, value, 2);
            break;
        case 3:
            user->ports = (op_ports_t){true, true, (uint16_t)(value[0] << 8 | value[1]),
                                       (uint16_t)(value[2] << 8 | value[3])};
            at = s_element(at, 0x05, value, 4);
            break;
        case 4:
            user->shift.single = value[0];
            at = s_element(at, 0x24, value, 1);
            break;
        default: /* of nobody's: 80 to 9F are the service centre's */
            at = s_element(at, (uint8_t)(0x80 | (value[0] & 0x1f)), value, value[0] % 8);
        }
    }
    user->header_size = (uint8_t)(at - user->header);
    user->header[0] = (uint8_t)(user->header_size - 1);
}

static op_user_data_t s_user(void)
{
    op_user_data_t user = {.dcs = s_octet()};
    user.alphabet = op_dcs_read(user.dcs).alphabet;
    if (s_below(2))
        s_header(&user);
    bool gsm7 = user.alphabet == OP_ALPHABET_GSM7;
    uint32_t room = gsm7 ? 160 - (user.header_size * 8U + 6) / 7 : 140U - user.header_size;
    user.count = (uint8_t)s_below(room + 1);
    op_random_bytes(&s_random, user.units, user.count);
    for (size_t i = 0; gsm7 && i < user.count; i++)
        user.units[i] &= 0x7f;
    return user;
}

static op_pdu_t s_pdu(void)
{
    op_pdu_t pdu = {.kind = (op_pdu_kind_t)s_below(3), .report = s_below(2), .peer = s_address()};
    bool deliver = pdu.kind == OP_PDU_DELIVER, submit = pdu.kind == OP_PDU_SUBMIT;
    if (s_below(2))
        pdu.smsc = s_address();
    pdu.user = s_user();
    if (!deliver)
        pdu.reference = s_octet();
    if (!submit)
        pdu.stamp = s_stamp();
    pdu.more = !submit && s_below(2);
    pdu.reply_path = (deliver || submit) && s_below(2);
    pdu.reject_duplicates = submit && s_below(2);
    pdu.has_validity = submit && s_below(2);
    pdu.validity = pdu.has_validity ? s_octet() : 0;
    if (pdu.kind == OP_PDU_REPORT) {
        pdu.discharge = s_stamp();
        pdu.status = s_octet();
        if (s_below(2))
            pdu.user = (op_user_data_t){0};
    }
    bool bare =
        pdu.kind == OP_PDU_REPORT && !pdu.user.header_size && !pdu.user.count && !pdu.user.dcs;
    pdu.pid = bare ? 0 : s_octet();
    return pdu;
}

/*  ---- Properties ---- */

static void s_same_address(const op_address_t *a, const op_address_t *b)
{
    assert_string_equal(a->text, b->text);
    assert_int_equal(a->type | (a->text[0] ? 0x80 : 0), b->type);
}

static void s_same_stamp(op_stamp_t a, op_stamp_t b)
{
    assert_true(a.instant == b.instant && a.quarters == b.quarters);
}

static void s_same_user(const op_user_data_t *a, const op_user_data_t *b)
{
    assert_int_equal(a->dcs, b->dcs);
    assert_int_equal(a->alphabet, b->alphabet);
    assert_int_equal(a->header_size, b->header_size);
    assert_memory_equal(a->header, b->header, a->header_size);
    assert_int_equal(a->count, b->count);
    assert_memory_equal(a->units, b->units, a->count);
    assert_int_equal(a->concat.present, b->concat.present);
    assert_int_equal(a->concat.wide, b->concat.wide);
    assert_int_equal(a->concat.reference, b->concat.reference);
    assert_int_equal(a->concat.total, b->concat.total);
    assert_int_equal(a->concat.sequence, b->concat.sequence);
    assert_int_equal(a->ports.present, b->ports.present);
    assert_int_equal(a->ports.wide, b->ports.wide);
    assert_int_equal(a->ports.destination, b->ports.destination);
    assert_int_equal(a->ports.origin, b->ports.origin);
    assert_int_equal(a->shift.single, b->shift.single);
    assert_int_equal(a->shift.locking, b->shift.locking);
    assert_false(b->header_ill);
}

static void s_pdus(void **state)
{
    (void)state;
    for (int round = 0; round < S_ROUNDS; round++) {
        op_pdu_t pdu = s_pdu(), back;
        op_buf_t line = {0};
        assert_int_equal(op_pdu_encode(&pdu, &line), OP_PDU_OK);
        uint8_t *exact = page_new(line.at, line.size);
        assert_int_equal(op_pdu_decode(op_str_of(exact, line.size), &back), OP_PDU_OK);
        page_free(exact, line.size);
        op_buf_free(&line);
        assert_int_equal(back.kind, pdu.kind);
        s_same_address(&pdu.smsc, &back.smsc);
        s_same_address(&pdu.peer, &back.peer);
        assert_int_equal(back.reference, pdu.reference);
        assert_int_equal(back.pid, pdu.pid);
        assert_int_equal(back.report, pdu.report);
        assert_int_equal(back.reply_path, pdu.reply_path);
        assert_int_equal(back.more, pdu.more);
        assert_int_equal(back.reject_duplicates, pdu.reject_duplicates);
        assert_int_equal(back.has_validity, pdu.has_validity);
        assert_int_equal(back.validity, pdu.validity);
        s_same_stamp(pdu.stamp, back.stamp);
        s_same_stamp(pdu.discharge, back.discharge);
        assert_int_equal(back.status, pdu.status);
        s_same_user(&pdu.user, &back.user);
        assert_int_equal(back.size, pdu.size);
    }
}

/*  A text of any characters, of those of one alphabet, or of one block. */
static void s_text(op_buf_t *text)
{
    uint32_t base = 0x100 * s_below(0xd8), kind = s_below(3);
    if (s_below(3) == 0)
        base = 0x10000 + s_below(0x20000);
    for (uint32_t n = s_below(s_below(10) ? 180 : 1601); n; n--) {
        uint32_t point;
        do
            point = kind == 0 ? s_below(0x110000) : base + s_below(256);
        while (point >= 0xd800 && point < 0xe000);
        if (kind == 1) {
            uint8_t septet = (uint8_t)s_below(128);
            point = s_below(8) ? 0 : op_gsm7_extension(septet);
            point = point ? point : op_gsm7_base(septet);
        }
        op_utf8_add(text, point);
    }
}

static void s_texts(void **state)
{
    (void)state;
    op_arena_t arena = {0};
    for (int round = 0; round < S_ROUNDS; round++) {
        op_buf_t body = {0}, back = {0};
        op_sms_parts_t parts;
        s_text(&body);
        bool wide = s_below(2);
        uint16_t reference = (uint16_t)s_below(wide ? 65536 : 256);
        assert_int_equal(wide ? op_sms_split_wide(op_buf_str(&body), reference, &arena, &parts)
                              : op_sms_split(op_buf_str(&body), (uint8_t)reference, &arena, &parts),
                         OP_SMS_OK);
        op_sms_piece_t *pieces = op_arena_alloc(&arena, parts.count * sizeof *pieces);
        for (size_t i = 0; i < parts.count; i++) {
            op_pdu_t pdu = {.kind = OP_PDU_SUBMIT, .peer = s_address(), .user = parts.at[i]};
            op_pdu_t *read = op_arena_alloc(&arena, sizeof *read);
            op_buf_t line = {0};
            assert_int_equal(op_pdu_encode(&pdu, &line), OP_PDU_OK);
            assert_int_equal(op_pdu_decode(op_buf_str(&line), read), OP_PDU_OK);
            op_buf_free(&line);
            assert_int_equal(read->user.concat.present, parts.count > 1);
            if (parts.count > 1) {
                assert_int_equal(read->user.concat.wide, wide);
                assert_int_equal(read->user.concat.reference, reference);
                assert_int_equal(read->user.concat.sequence, i + 1);
            }
            pieces[i] = op_sms_piece(&read->user);
        }
        assert_int_equal(op_sms_join(pieces, parts.count, &back), OP_SMS_OK);
        assert_true(op_str_equal(op_buf_str(&back), op_buf_str(&body)));
        op_buf_free(&body);
        op_buf_free(&back);
        op_arena_clear(&arena);
    }
    op_arena_free(&arena);
}

/*  Any septets in any language are text. */
static void s_nations(void **state)
{
    (void)state;
    for (int round = 0; round < S_ROUNDS; round++) {
        uint8_t septets[160];
        op_buf_t text = {0};
        size_t count = s_below(sizeof septets + 1);
        op_random_bytes(&s_random, septets, count);
        uint8_t *exact = page_new(septets, count);
        op_gsm7_shift_t shift = {(uint8_t)s_below(16), (uint8_t)s_below(16)};
        op_gsm7_decode(exact, count, shift, &text);
        page_free(exact, count);
        ptrdiff_t points = op_utf8_count(op_buf_str(&text));
        assert_true(points >= (ptrdiff_t)(count + 1) / 2 && points <= (ptrdiff_t)count);
        op_buf_free(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(s_pdus),
        cmocka_unit_test(s_texts),
        cmocka_unit_test(s_nations),
    };
    return cmocka_run_group_tests(tests, s_seed, NULL);
}
