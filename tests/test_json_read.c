/*  Reading request bodies: what they are refused for as a whole, and how numbers are written. The
    rest is in test_json.c. */

#include "transport/json.h"

#include "transport/messages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/*  What the text as a whole is refused for is said as it is. */
static void s_no_json(void **state)
{
    (void)state;
    static const char malformed[] = "This is not well-formed JSON.",
                      none[] = "A JSON object is required.";
    static const struct {
        const char *text, *sentence;
    } table[] = {
        {"", none},
        {"[]", none},
        {"\"abc\"", none},
        {"5", none},
        {"true", none},
        {"null", none},
        {"abc", malformed},
        {"5 5", malformed},
        {"{", malformed},
        {"{\"phone\":}", malformed},
        {"{\"phone\":\"\\ud800\"}", malformed},
        {"{\"phone\":\"x\",\"phone\":\"y\"}", "A member stands in this JSON twice."},
        {"{\"more\":9223372036854775808}",
         "A number in this JSON is too large: whole ones have 64 bits, others are doubles."},
        {"{\"more\":1e999}",
         "A number in this JSON is too large: whole ones have 64 bits, others are doubles."},
    };
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        op_auth_start_t start;
        op_arena_t arena = {0};
        op_json_fault_t fault;
        assert_int_equal(
            op_json_read(&op_auth_start_type, op_str(table[i].text), NULL, &arena, &start, &fault),
            -1);
        assert_int_equal(fault.error, OP_ERROR_VALIDATION_ERROR);
        assert_null(fault.field);
        assert_string_equal(fault.sentence, table[i].sentence);
        op_arena_free(&arena);
    }
}

/*  However a whole number is written, it is read as the same. */
static void s_whole_numbers(void **state)
{
    (void)state;
    static const char *const table[] = {"60", "60.0", "6e1", "600.0e-1"};
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        char text[100];
        op_webhook_rotate_t rotate;
        op_arena_t arena = {0};
        op_json_fault_t fault;
        op_json_rules_t rules = {.id = OP_STR("x")};
        snprintf(text, sizeof text, "{\"grace_seconds\":%s}", table[i]);
        assert_int_equal(
            op_json_read(&op_webhook_rotate_type, op_str(text), &rules, &arena, &rotate, &fault),
            0);
        assert_int_equal(rotate.grace_seconds, op_said(60));
        op_arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(s_no_json),
        cmocka_unit_test(s_whole_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
