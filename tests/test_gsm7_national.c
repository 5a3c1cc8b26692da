/*  The national tables against annex A of TS 23.038, written out cell by cell, and against
    texts. */

#include "modem/gsm7_national.h"

#include "modem/gsm7.h"
#include "tests/gsm7_national_tables.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint32_t s_cell(const char *table, unsigned septet)
{
    assert_int_equal(strlen(table), 128 * 5 - 1);
    return (uint32_t)strtoul(table + 5 * (size_t)septet, NULL, 16);
}

static void s_scripts(void **state)
{
    (void)state;
    assert_int_equal(OP_COUNT(s_national), 10);
    for (size_t i = 0; i < OP_COUNT(s_national); i++) {
        uint8_t language = s_national[i].language;
        assert_int_equal(language, 4 + i);
        for (uint8_t septet = 0; septet < 128; septet++) {
            uint32_t locked = s_cell(s_national[i].locking, septet);
            uint32_t shifted = s_cell(s_national[i].single, septet);
            assert_int_equal(op_gsm7_locked(language, septet), locked);
            if (septet != OP_GSM7_ESC)
                assert_int_equal(op_gsm7_shifted(language, septet), shifted == ' ' ? 0 : shifted);
        }
    }
}

static void s_decoded_is(const uint8_t *septets, size_t count, op_gsm7_shift_t shift,
                         const char *wanted)
{
    op_buf_t text = {0};
    op_gsm7_decode(septets, count, shift, &text);
    assert_true(op_str_is(op_buf_str(&text), wanted));
    op_buf_free(&text);
}

/*  Each whole table as text; the escape, which needs a second septet, is left out. */
static void s_latin(void **state)
{
    (void)state;
    static const struct {
        uint8_t language;
        const char *locking, *single;
    } table[] = {
        {1,
         "@£$¥€éùıòÇ\nĞğ\rÅåΔ_ΦΓΛΩΠΨΣΘΞŞşßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
         "İABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§çabcdefghijklmnopqrstuvwxyzäöñüà",
         "@£$¥èéùìòÇ\fØø\rÅåΔ_ΦΓ^ΩΠΨΣΘΞÆæßÉ !\"#¤%&'{}*+,-.\\0123456789:;[~]?"
         "|ABCDEFĞHİJKLMNOPQRŞTUVWXYZÄÖÑÜ§¿abçd€fğhıjklmnopqrştuvwxyzäöñüà"},
        {2, NULL,
         "@£$¥èéùìòç\fØø\rÅåΔ_ΦΓ^ΩΠΨΣΘΞÆæßÉ !\"#¤%&'{}*+,-.\\0123456789:;[~]?"
         "|ÁBCDEFGHÍJKLMNÓPQRSTÚVWXYZÄÖÑÜ§¿ábcd€fghíjklmnópqrstúvwxyzäöñüà"},
        {3,
         "@£$¥êéúíóç\nÔô\rÁáΔ_ªÇÀ∞^\\€Ó|ÂâÊÉ !\"#º%&'()*+,-./0123456789:;<=>?"
         "ÍABCDEFGHIJKLMNOPQRSTUVWXYZÃÕÚÜ§~abcdefghijklmnopqrstuvwxyzãõ`üà",
         "@£$¥èêùìòç\fÔô\rÁáΔ_ΦΓ^ΩΠΨΣΘΞÆæßÊ !\"#¤%&'{}*+,-.\\0123456789:;[~]?"
         "|ÀBCDEFGHÍJKLMNÓPQRSTÚVWXYZÃÕÑÜ§¿Âbcd€fghíjklmnópqrstúvwxyzãõñüâ"},
    };
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        uint8_t plain[127], escaped[254];
        for (uint8_t at = 0; at < 127; at++) {
            plain[at] = at < OP_GSM7_ESC ? at : at + 1;
            escaped[2 * at] = OP_GSM7_ESC;
            escaped[2 * at + 1] = plain[at];
        }
        uint8_t language = table[i].language;
        if (table[i].locking)
            s_decoded_is(plain, sizeof plain, (op_gsm7_shift_t){language, 0}, table[i].locking);
        s_decoded_is(escaped, sizeof escaped, (op_gsm7_shift_t){0, language}, table[i].single);
    }
}

/*  Without a table of the language the default ones stand in. */
static void s_nobody_knows(void **state)
{
    (void)state;
    const uint8_t *septets = (const uint8_t *)"\x04\x1b\x65\x1b\x04";
    for (unsigned language = 0; language < 256; language++) {
        bool known = language >= 1 && language <= OP_GSM7_LANGUAGES;
        assert_int_equal(op_gsm7_has_single((uint8_t)language), known);
        for (uint8_t septet = 0; septet < 128; septet++)
            assert_int_equal(op_gsm7_locked((uint8_t)language, septet) != 0,
                             known && language != 2);
        op_gsm7_shift_t shift = {(uint8_t)language, (uint8_t)language};
        if (!known)
            s_decoded_is(septets, 5, shift, "è€è");
    }
}

static void s_texts(void **state)
{
    (void)state;
    static const struct {
        const char *septets;
        op_gsm7_shift_t shift;
        const char *wanted;
    } table[] = {
        {"\x1bS\x1bi a\x1b\x65", {0, 1}, "Şı a€"},
        {"\x07\x1b\x07", {1, 0}, "ıı"}, /* not in the extension: the locking table's */
        {"\x04\x1b\x04", {1, 2}, "€€"},
        {"\x4d\x46\x4c\x5f\x24\x56 1", {6, 6}, "हलस्डॄ 1"},
        {"\x1b\x1c\x1b\x1d\x1b\x19\x1b"
         "A\x1b\x65",
         {6, 6},
         "०१।A€"},
        {"\x1b\x19\x1b\x1a", {0, 4}, "০১"},
        {"\x1b\x1b"
         "a\x1b",
         {13, 13},
         " a "},
        {"\x5a\x05\x1f", {13, 0}, "ېپڊ"},
    };
    for (size_t i = 0; i < OP_COUNT(table); i++)
        s_decoded_is((const uint8_t *)table[i].septets, strlen(table[i].septets), table[i].shift,
                     table[i].wanted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(s_scripts),
        cmocka_unit_test(s_latin),
        cmocka_unit_test(s_nobody_knows),
        cmocka_unit_test(s_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
