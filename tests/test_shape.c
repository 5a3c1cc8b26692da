#include "transport/messages.h"
#include "transport/shape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define UUID "0193b3a0-c400-7000-8000-a1b2c3d4e5f6"

static const op_field_t *s_field(const op_type_t *type, const char *name)
{
    for (size_t i = 0; i < type->field_count; i++)
        if (strcmp(type->fields[i].name, name) == 0)
            return &type->fields[i];
    fail_msg("%s has no %s", type->name, name);
    return NULL;
}

/*  What may be sent, and what for an error the rest is. */
static void s_texts(void **state)
{
    (void)state;
    enum { OK = OP_OK, BAD = OP_ERROR_VALIDATION_ERROR, WRONG = OP_ERROR_VERIFICATION_INVALID };
    static const struct {
        const op_type_t *type;
        const char *field, *text;
        int error;
    } table[] = {
        {&op_auth_verify_type, "code", "012345", OK},
        {&op_auth_verify_type, "code", "", BAD},
        {&op_auth_verify_type, "code", "12345", WRONG},
        {&op_auth_verify_type, "code", "1234567", WRONG},
        {&op_auth_verify_type, "code", "12345x", WRONG},
        {&op_auth_verify_type, "code", "12345\xc3\xa9", WRONG},
        {&op_auth_verify_type, "code", "12345\xff", BAD},
        {&op_auth_verify_type, "verification_id", UUID, OK},
        {&op_auth_verify_type, "verification_id", "x", WRONG},
        {&op_auth_verify_type, "verification_id", "", WRONG},
        {&op_auth_start_type, "phone", "+14155550123", OK},
        {&op_auth_start_type, "phone", "+1415555012", OP_ERROR_INVALID_PHONE},
        {&op_auth_start_type, "phone", "", OP_ERROR_INVALID_PHONE},
        {&op_by_id_type, "id", "msg_" UUID, OK},
        {&op_by_id_type, "id", "a.b", OP_ERROR_NOT_FOUND},
        {&op_message_list_type, "direction", "inbound", OK},
        {&op_message_list_type, "direction", "", OK},
        {&op_message_list_type, "direction", "inboun", BAD},
        {&op_message_list_type, "direction", "outbound,inbound", BAD},
        {&op_message_list_type, "cursor", "a+/=_-.~", OK},
        {&op_message_list_type, "cursor", "a b", BAD},
        {&op_key_create_type, "name", "caf\xc3\xa9", OK},
        {&op_key_create_type, "name", "", BAD},
    };
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        op_shape_fault_t fault = {OP_OK, NULL};
        bool good =
            op_shape_text(s_field(table[i].type, table[i].field), op_str(table[i].text), &fault);
        if (good != (table[i].error == OK) || (!good && fault.error != (op_error_t)table[i].error))
            fail_msg("%s \"%s\": %s", table[i].field, table[i].text, op_error_code(fault.error));
    }
    op_shape_fault_t fault;
    assert_false(op_shape_text(s_field(&op_key_create_type, "name"), op_str_of("a\0b", 3), &fault));
}

/*  Lengths count characters, not octets. */
static void s_lengths(void **state)
{
    (void)state;
    const op_field_t *name = s_field(&op_key_create_type, "name");
    op_buf_t text = {0};
    op_shape_fault_t fault;
    for (size_t i = 0; i < OP_NAME_CHARACTERS_MAX; i++)
        op_buf_add_str(&text, OP_STR("\xf0\x9f\x98\x80"));
    assert_true(op_shape_text(name, op_buf_str(&text), &fault));
    op_buf_add_byte(&text, 'x');
    assert_false(op_shape_text(name, op_buf_str(&text), &fault));
    assert_int_equal(fault.error, OP_ERROR_VALIDATION_ERROR);
    op_buf_free(&text);
}

static void s_numbers_and_words(void **state)
{
    (void)state;
    const op_field_t *limit = s_field(&op_message_list_type, "limit");
    const op_field_t *events = s_field(&op_webhook_create_type, "events");
    op_shape_fault_t fault;
    assert_true(op_shape_number(limit, 1, &fault));
    assert_true(op_shape_number(limit, 100, &fault));
    assert_false(op_shape_number(limit, 0, &fault));
    assert_false(op_shape_number(limit, 101, &fault));
    assert_int_equal(fault.error, OP_ERROR_VALIDATION_ERROR);
    assert_true(op_shape_word(events, OP_STR("message.sent"), &fault));
    assert_false(op_shape_word(events, OP_STR("message.read"), &fault));
    assert_int_equal(fault.error, OP_ERROR_INVALID_EVENTS);
    assert_false(op_shape_word(events, OP_STR(""), &fault));
    assert_int_equal(fault.error, OP_ERROR_VALIDATION_ERROR);
    assert_false(op_shape_word(events, OP_STR("message.sent,message.failed"), &fault));
}

static void s_patterns(void **state)
{
    (void)state;
    static const struct {
        op_shape_name_t shape;
        const char *pattern;
    } table[] = {
        {OP_SHAPE_CODE, "^[0-9]{6}$"},
        {OP_SHAPE_KEY_TOKEN, "^op_live_[A-Za-z0-9]{32}$"},
        {OP_SHAPE_PATH_ID, "^[A-Za-z0-9_-]{1,64}$"},
        {OP_SHAPE_PHONE, "^\\+(1[0-9]{10}|[2-9][0-9]{6,14})$"},
        {OP_SHAPE_TIER, NULL},
        {OP_SHAPE_BODY, NULL},
    };
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        op_buf_t out = {0};
        assert_int_equal(op_shape_pattern(&op_shapes[table[i].shape], &out),
                         table[i].pattern != NULL);
        assert_true(op_str_is(op_buf_str(&out), table[i].pattern ? table[i].pattern : ""));
        op_buf_free(&out);
    }
}

/*  Every declared example is one that the check takes. */
static void s_examples_are_right(void **state)
{
    (void)state;
    for (unsigned i = 0; i < OP_SHAPE_END; i++) {
        const op_shape_t *shape = &op_shapes[i];
        op_field_t field = {.name = "x", .kind = OP_KIND_TEXT, .max = 300, .shape = shape};
        op_shape_fault_t fault;
        if (!shape->example || shape->example[0] != '"')
            continue;
        op_str_t text = op_str_of(shape->example + 1, strlen(shape->example) - 2);
        if (!op_shape_text(&field, text, &fault))
            fail_msg("%s", shape->example);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(s_texts),
        cmocka_unit_test(s_lengths),
        cmocka_unit_test(s_numbers_and_words),
        cmocka_unit_test(s_patterns),
        cmocka_unit_test(s_examples_are_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
