/*  What a received message is for: each whole, and cut off anywhere, at a page's end */

#include "modem/sms_kind.h"
#include "tests/page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define FROM "0B912120550541F3"
#define WHEN "6250029141250A"
#define PUSH "0605040B8423F0" /* ports 2948 and 9200 */

typedef struct {
    op_pdu_result_t result;
    op_sms_kind_t kind;
} s_judged_t;

static void s_judge(op_str_t hex, void *arg)
{
    s_judged_t *got = arg;
    op_pdu_t pdu;
    got->result = op_pdu_decode(hex, &pdu);
    if (got->result == OP_PDU_OK)
        got->kind = op_sms_kind(&pdu);
}

static void s_kinds(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        op_sms_kind_t kind;
    } table[] = {
        {"0004" FROM "0000" WHEN "02E834", OP_SMS_KIND_TEXT},
        {"0004" FROM "0008" WHEN "0204420442", OP_SMS_KIND_TEXT},
        {"0004" FROM "0000" WHEN "00", OP_SMS_KIND_EMPTY},
        {"0004" FROM "0008" WHEN "00", OP_SMS_KIND_EMPTY},
        {"0044" FROM "0000" WHEN "0705000342020100", OP_SMS_KIND_TEXT}, /* an empty part */
        {"0044" FROM "0000" WHEN "0705000342010100", OP_SMS_KIND_EMPTY},
        {"0004" FROM "0010" WHEN "02E834", OP_SMS_KIND_FLASH},
        {"0004" FROM "00F0" WHEN "02E834", OP_SMS_KIND_FLASH},
        {"0004" FROM "0018" WHEN "0204420442", OP_SMS_KIND_FLASH},
        {"0004" FROM "00F1" WHEN "02E834", OP_SMS_KIND_TEXT},
        {"0004" FROM "0004" WHEN "02E834", OP_SMS_KIND_BINARY},
        {"0004" FROM "00F4" WHEN "02E834", OP_SMS_KIND_BINARY}, /* class 0, still binary */
        {"0004" FROM "0020" WHEN "02E834", OP_SMS_KIND_COMPRESSED},
        {"0004" FROM "0068" WHEN "02E834", OP_SMS_KIND_COMPRESSED},
        {"0004" FROM "4000" WHEN "02E834", OP_SMS_KIND_SILENT},
        {"0004" FROM "4100" WHEN "02E834", OP_SMS_KIND_TEXT}, /* replace type 1 */
        {"0004" FROM "7B00" WHEN "02E834", OP_SMS_KIND_TEXT},
        {"0004" FROM "7C00" WHEN "02E834", OP_SMS_KIND_CARD},
        {"0004" FROM "7FF6" WHEN "02E834", OP_SMS_KIND_CARD},
        {"0004" FROM "00C8" WHEN "02E834", OP_SMS_KIND_WAITING},
        {"0004" FROM "00C0" WHEN "00", OP_SMS_KIND_WAITING},
        {"0004" FROM "00D8" WHEN "00", OP_SMS_KIND_WAITING},
        {"0004" FROM "00D8" WHEN "02E834", OP_SMS_KIND_TEXT},
        {"0004" FROM "00E8" WHEN "0204420442", OP_SMS_KIND_TEXT},
        {"0044" FROM "0000" WHEN "0A060504158215820200", OP_SMS_KIND_PORT},
        {"0044" FROM "00F5" WHEN "070404020102E834", OP_SMS_KIND_PORT},
        /* The content type as a well-known one, behind a length, behind a long length, in words. */
        {"0044" FROM "00F5" WHEN "0B" PUSH "060601BE", OP_SMS_KIND_MMS},
        {"0044" FROM "00F5" WHEN "0C" PUSH "06060301BE", OP_SMS_KIND_MMS},
        {"0044" FROM "00F5" WHEN "0E" PUSH "06068103"
         "1F01BE",
         OP_SMS_KIND_MMS},
        {"0044" FROM "00F5" WHEN "29" PUSH "060620"
         "6170706C69636174696F6E2F766E642E7761702E6D6D732D"
         "6D657373616765",
         OP_SMS_KIND_MMS},
        {"0044" FROM "00F5" WHEN "0B" PUSH "060601AE", OP_SMS_KIND_WAP_PUSH},
        {"0044" FROM "00F5" WHEN "0B" PUSH "060401BE", OP_SMS_KIND_WAP_PUSH}, /* no push */
        {"0044" FROM "00F5" WHEN "07" PUSH, OP_SMS_KIND_WAP_PUSH},
        {"0044" FROM "00F5" WHEN "0A" PUSH "0606FF", OP_SMS_KIND_WAP_PUSH}, /* cut everywhere */
        {"0044" FROM "00F5" WHEN "0B" PUSH "0606011F", OP_SMS_KIND_WAP_PUSH},
        {"0044" FROM "00F5" WHEN "0B" PUSH "06060103", OP_SMS_KIND_WAP_PUSH},
        /* In parts: only the first says what it is. */
        {"0044" FROM "00F5" WHEN "100B05040B8423F00003420201"
         "060601BE",
         OP_SMS_KIND_MMS},
        {"0044" FROM "00F5" WHEN "100B05040B8423F00003420202"
         "060601BE",
         OP_SMS_KIND_WAP_PUSH},
    };
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        s_judged_t got;
        page_grow(table[i].hex, s_judge, &got);
        assert_int_equal(got.result, OP_PDU_OK);
        if (got.kind != table[i].kind)
            fail_msg("%s: %s, not %s", table[i].hex, op_sms_kind_text(got.kind),
                     op_sms_kind_text(table[i].kind));
    }
}

static void s_words(void **state)
{
    (void)state;
    for (int kind = OP_SMS_KIND_TEXT; kind <= OP_SMS_KIND_FLASH; kind++) {
        assert_string_not_equal(op_sms_kind_text((op_sms_kind_t)kind), "unknown kind");
        assert_int_equal(op_sms_kind_is_text((op_sms_kind_t)kind),
                         kind == OP_SMS_KIND_TEXT || kind == OP_SMS_KIND_FLASH);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(s_kinds), cmocka_unit_test(s_words)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
