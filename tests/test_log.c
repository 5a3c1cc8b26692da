/*  base/fields.c and transport/log.c: one line an event, whatever the values hold */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/fields.h"
#include "transport/log.h"

#include <jansson.h>
#include <string.h>

static op_buf_t s_fields, s_line;

static void s_say(const char *format, ...) OP_PRINTF(1, 2);
static void s_say(const char *format, ...)
{
    va_list arguments;
    op_buf_clear(&s_fields);
    va_start(arguments, format);
    op_fields_print(&s_fields, format, arguments);
    va_end(arguments);
}

static const char *s_print(op_log_form_t form)
{
    op_buf_clear(&s_line);
    op_log_print(&s_line, form, 1779304492123, OP_LOG_WARNING, "modem", op_buf_str(&s_fields));
    op_buf_add_byte(&s_line, 0);
    return s_line.at;
}

#define HEAD "time=2026-05-20T19:14:52.123Z level=warning source=modem "

static void test_key_value(void **state)
{
    (void)state;
    s_say("the line is %s line=%s tries=%d device=%.*s reason=\"%s\"", "down", "+1*88", 3, 4,
          "ttyUSB9", "no answer");
    assert_string_equal(s_print(OP_LOG_TEXT),
                        HEAD "event=\"the line is down\" line=+1*88 tries=3 device=ttyU "
                             "reason=\"no answer\"\n");
    s_say("up");
    assert_string_equal(s_print(OP_LOG_TEXT), HEAD "event=\"up\"\n");
    s_say("line=%s up", "a");
    assert_string_equal(s_print(OP_LOG_TEXT), HEAD "event=\"up\" line=a\n");
}

static void test_numbers(void **state)
{
    (void)state;
    s_say("a=%u b=%llu c=%zu d=%ld e=%02x f=%.3f g=%c 100%% of %d", 4294967295u,
          18446744073709551615ull, (size_t)7, -5L, 10u, 1.5, 'x', -3);
    assert_string_equal(s_print(OP_LOG_TEXT),
                        HEAD "event=\"100% of -3\" a=4294967295 b=18446744073709551615 c=7 d=-5 "
                             "e=0a f=1.500 g=x\n");
}

static void test_values_stay_values(void **state)
{
    (void)state;
    s_say("%s name=%s other=%s", "a=b\nlevel=error",
          "x y=z\r\n2026 fake\x1f"
          "field=1",
          "\"q\\\x1b[31m");
    const char *text = s_print(OP_LOG_TEXT);
    assert_string_equal(text, HEAD "event=\"a=b?level=error\" name=\"x y=z??2026 fake?field=1\" "
                                   "other=\"\\\"q\\\\?[31m\"\n");
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
    s_say("bad=%s line=%s empty=%s", "\xff\xc0z\xe2\x80\xa8", "\xc3\xa9", "");
    assert_string_equal(s_print(OP_LOG_TEXT), HEAD "event=\"\" bad=??z? line=\xc3\xa9\n");
}

static void test_json(void **state)
{
    (void)state;
    s_say("it \"failed\" why=%s n=%d id=%s ms=%.3f hex=%02x pair=%d-%d zero=%03d", "a\\b\n\x01\xff",
          5, "5", 0.25, 7u, 1, 2, 7);
    const char *text = s_print(OP_LOG_JSON);
    json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(object);
    assert_int_equal(json_object_size(object), 11);
    assert_string_equal(json_string_value(json_object_get(object, "time")),
                        "2026-05-20T19:14:52.123Z");
    assert_string_equal(json_string_value(json_object_get(object, "level")), "warning");
    assert_string_equal(json_string_value(json_object_get(object, "source")), "modem");
    assert_string_equal(json_string_value(json_object_get(object, "event")), "it \"failed\"");
    assert_string_equal(json_string_value(json_object_get(object, "why")), "a\\b???");
    assert_int_equal(json_integer_value(json_object_get(object, "n")), 5);
    assert_true(json_real_value(json_object_get(object, "ms")) == 0.25); /* exact in binary */
    static const char *const texts[][2] = {
        {"id", "5"}, {"hex", "07"}, {"pair", "1-2"}, {"zero", "007"}};
    for (size_t i = 0; i < OP_COUNT(texts); i++)
        assert_string_equal(json_string_value(json_object_get(object, texts[i][0])), texts[i][1]);
    json_decref(object);
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
}

static void test_bounds(void **state)
{
    (void)state;
    char huge[5000];
    memset(huge, 'a', sizeof huge - 1);
    huge[sizeof huge - 1] = 0;
    s_say("%s a=%s b=%s c=%s d=%s e=%s f=%s", huge, huge, huge, huge, huge, huge, huge);
    assert_true(s_fields.size <= OP_FIELDS_MAX + OP_FIELD_MAX);
    json_t *object = json_loads(s_print(OP_LOG_JSON), 0, NULL);
    assert_non_null(object);
    json_decref(object);
}

static void test_one_more_field(void **state)
{
    (void)state;
    s_say("taken n=%d", 1);
    op_fields_add(&s_fields, "request", OP_STR("abc"));
    op_fields_add(&s_fields, "none", OP_STR(""));
    assert_string_equal(s_print(OP_LOG_TEXT), HEAD "event=\"taken\" n=1 request=abc\n");
}

static void test_threshold(void **state)
{
    (void)state;
    assert_true(op_log_wants(OP_LOG_INFO) && !op_log_wants(OP_LOG_DEBUG));
    op_log_threshold(OP_LOG_ERROR);
    assert_true(op_log_wants(OP_LOG_ERROR) && !op_log_wants(OP_LOG_WARNING));
    op_log_threshold(OP_LOG_INFO);
}

static int s_free(void **state)
{
    (void)state;
    op_buf_free(&s_fields);
    op_buf_free(&s_line);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_key_value), cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_json),      cmocka_unit_test(test_values_stay_values),
        cmocka_unit_test(test_bounds),    cmocka_unit_test(test_one_more_field),
        cmocka_unit_test(test_threshold),
    };
    return cmocka_run_group_tests(tests, NULL, s_free);
}
