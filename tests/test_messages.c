/*  The catalogue and the frames. */

#include "tests/value_fixture.h"

static bool s_is_name(const char *name)
{
    return name[0] && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(name);
}

static void s_declaration(const op_type_t *type)
{
    assert_true(s_is_name(type->name));
    assert_true(strlen(type->doc) > 0);
    assert_true(type->field_count > 0 && type->size > 0);
    for (size_t i = 0; i < type->field_count; i++) {
        const op_field_t *field = &type->fields[i];
        bool has_item = field->kind == OP_KIND_NESTED || field->kind == OP_KIND_MAYBE ||
                        field->kind == OP_KIND_LIST;
        bool has_max =
            field->kind == OP_KIND_LIST || op_kinds[field->kind].stored == OP_STORED_TEXT;
        assert_true(s_is_name(field->name));
        assert_true(field->offset < type->size);
        assert_int_equal(field->item != NULL, has_item);
        assert_int_equal(field->max > 0, has_max);
        assert_true(field->max <= OP_FRAME_MAX);
        assert_true(i == 0 || field->offset > type->fields[i - 1].offset);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(field->name, type->fields[j].name);
    }
}

static void test_declarations(void **state)
{
    (void)state;
    value_each_type(s_declaration);
    size_t count;
    const op_type_t *const *types = op_message_types(&count);
    assert_true(count > 40);
    for (size_t i = 0; i < count; i++) {
        assert_ptr_equal(op_message_type(types[i]->number), types[i]); /* so numbers are unique */
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(types[i]->name, types[j]->name);
    }
    assert_null(op_message_type(0));
    assert_null(op_message_type(0x1000)); /* records do not travel */
    assert_null(op_message_type(UINT64_MAX));
    assert_null(op_message_type(UINT64_C(0x10000) + 0x100));
}

static void test_steps(void **state)
{
    (void)state;
    assert_null(op_step_actor(OP_STEP_NONE));
    assert_null(op_step_name(OP_STEP_NONE));
    assert_null(op_step_actor(OP_STEP_END));
    assert_null(op_step_name(255));
    static const char *const actors[] = {"auth", "rate", "ledger", "modem", "webhook", "control"};
    for (unsigned step = OP_STEP_NONE + 1; step < OP_STEP_END; step++) {
        const char *actor = op_step_actor(step), *name = op_step_name(step);
        size_t size = strlen(actor);
        bool known = false;
        for (size_t i = 0; i < OP_COUNT(actors); i++)
            known |= strcmp(actor, actors[i]) == 0;
        assert_true(known);
        assert_int_equal(strncmp(name, actor, size), 0);
        assert_int_equal(name[size], '.');
        assert_true(s_is_name(name + size + 1));
        for (unsigned other = OP_STEP_NONE + 1; other < step; other++)
            assert_string_not_equal(name, op_step_name(other));
    }
    assert_string_equal(op_step_name(OP_STEP_LEDGER_SUBMIT), "ledger.submit");
    assert_string_equal(op_step_actor(OP_STEP_RATE_SEND), "rate");
}

static bool s_has_list(const op_type_t *type)
{
    for (size_t i = 0; i < type->field_count; i++)
        if (type->fields[i].kind == OP_KIND_LIST)
            return true;
    return false;
}

/*  Any message fits a frame and comes out of it again, with its envelope. (Of lists their makers
    bound the sum.) */
static void test_frames(void **state)
{
    (void)state;
    size_t count;
    const op_type_t *const *types = op_message_types(&count);
    for (size_t i = 0; i < count; i++)
        for (uint64_t kind = OP_FRAME_REQUEST; kind <= OP_FRAME_NOTE; kind++) {
            op_arena_t arena = {0};
            uint64_t seed = i;
            op_envelope_t *head = value_make(&op_envelope_type, VALUE_TYPICAL, &seed, &arena);
            value_mode_t mode =
                kind == OP_FRAME_TELL && !s_has_list(types[i]) ? VALUE_MAXIMUM : VALUE_TYPICAL;
            void *body = value_make(types[i], mode, &seed, &arena);
            head->kind = kind;
            head->type = 12345; /* set from the type */
            op_buf_t frame = {0};
            op_frame_encode(head, types[i], body, &frame);
            assert_true(frame.size <= OP_FRAME_MAX);
            char *exact = value_exact(op_buf_str(&frame));
            op_envelope_t opened;
            op_str_t rest;
            op_decode_t result;
            assert_int_equal(op_frame_open(op_str_of(exact, frame.size), &arena, &opened, &rest),
                             OP_DECODE_OK);
            head->type = types[i]->number;
            assert_true(value_equal(&op_envelope_type, head, &opened));
            const void *decoded = op_frame_body(types[i], rest, &arena, &result);
            assert_non_null(decoded);
            assert_int_equal(result, OP_DECODE_OK);
            assert_true(value_equal(types[i], body, decoded));
            free(exact);
            op_buf_free(&frame);
            op_arena_free(&arena);
        }
}

static op_decode_t s_open(const op_envelope_t *envelope, const char *behind)
{
    op_arena_t arena = {0};
    op_buf_t bytes = {0};
    op_encode(&op_envelope_type, envelope, &bytes);
    op_buf_add_str(&bytes, op_str(behind));
    op_envelope_t opened;
    op_str_t body;
    op_decode_t result = op_frame_open(op_buf_str(&bytes), &arena, &opened, &body);
    if (result == OP_DECODE_OK)
        assert_true(op_str_is(body, behind));
    op_buf_free(&bytes);
    op_arena_free(&arena);
    return result;
}

static void test_bad_frames(void **state)
{
    (void)state;
    static const struct {
        uint64_t kind, type;
        op_decode_t result;
    } table[] = {
        {OP_FRAME_NOTE, 0x100, OP_DECODE_OK},
        {0, 0x100, OP_DECODE_TYPE},
        {OP_FRAME_RESUME, 0x100, OP_DECODE_OK},
        {OP_FRAME_RESUME + 1, 0x100, OP_DECODE_TYPE},
        {UINT64_MAX, 0x100, OP_DECODE_TYPE},
        {OP_FRAME_TELL, 0, OP_DECODE_TYPE},
        {OP_FRAME_TELL, 0xffff, OP_DECODE_TYPE},
        {OP_FRAME_TELL, UINT64_C(0x100000100), OP_DECODE_TYPE},
    };
    for (size_t i = 0; i < OP_COUNT(table); i++)
        assert_int_equal(
            s_open(&(op_envelope_t){.kind = table[i].kind, .type = table[i].type}, "x"),
            table[i].result);

    op_arena_t arena = {0};
    op_envelope_t envelope;
    op_str_t body;
    char *huge = calloc(1, OP_FRAME_MAX + 1);
    assert_int_equal(op_frame_open(op_str_of(huge, OP_FRAME_MAX + 1), &arena, &envelope, &body),
                     OP_DECODE_LIMIT);
    free(huge);
    assert_int_equal(op_frame_open((op_str_t){0}, &arena, &envelope, &body), OP_DECODE_TRUNCATED);

    op_decode_t result;
    assert_null(op_frame_body(&op_refusal_type, OP_STR("\x91\x03x"), &arena, &result));
    assert_int_equal(result, OP_DECODE_LIMIT); /* something behind the message */
    assert_null(op_frame_body(&op_refusal_type, OP_STR("\x92\x03"), &arena, &result));
    assert_int_equal(result, OP_DECODE_TRUNCATED);
    assert_null(op_frame_body(&op_refusal_type, (op_str_t){0}, &arena, &result));
    assert_int_equal(result, OP_DECODE_TRUNCATED);
    op_arena_free(&arena);
}

static void s_expect_print(op_str_t frame, const char *expected)
{
    op_buf_t text = {0};
    op_frame_print(frame, OP_PRINT_MASKED, &text);
    op_buf_add_byte(&text, 0);
    assert_string_equal(text.at, expected);
    op_buf_free(&text);
}

static void test_print(void **state)
{
    (void)state;
    static const char slip[] = {OP_STEP_RATE_SEND, OP_STEP_LEDGER_SUBMIT, (char)250};
    op_envelope_t envelope = {.kind = OP_FRAME_REQUEST,
                              .from = OP_STR("auth"),
                              .to = OP_STR("rate"),
                              .correlation = 7,
                              .request_id = OP_STR("req-1"),
                              .slip = {slip, sizeof slip}};
    op_message_send_t send = {OP_STR("+14155550123"), OP_STR("a body")};
    op_buf_t frame = {0};
    op_frame_encode(&envelope, &op_message_send_type, &send, &frame);
    s_expect_print(op_buf_str(&frame), "request auth > rate ~7 [req-1] @rate.send ledger.submit ? "
                                       "message_send{to=+1********23 body=#(6)}");
    s_expect_print(op_str_of(frame.at, frame.size - 1),
                   "request auth > rate ~7 [req-1] @rate.send ledger.submit ? "
                   "message_send: truncated");
    op_buf_clear(&frame);
    envelope = (op_envelope_t){.kind = OP_FRAME_ACK,
                               .from = OP_STR("a\nb"),
                               .to = OP_STR("\x1b[1m"),
                               .request_id = OP_STR("x\x7f y"),
                               .sequence = 9};
    op_frame_encode(&envelope, &op_nothing_type, &(op_nothing_t){0}, &frame);
    s_expect_print(op_buf_str(&frame), "ack a?b > ?[1m #9 [x??y] nothing{}");
    op_buf_free(&frame);
    s_expect_print(OP_STR("junk"), "bad frame of 4 bytes: an element of the wrong type");
    s_expect_print((op_str_t){0}, "bad frame of 0 bytes: truncated");
}

static void test_catalogue_hash(void **state)
{
    (void)state;
    op_hash_t first, second, none = {{0}};
    op_catalogue_hash(&first);
    op_catalogue_hash(&second);
    assert_memory_equal(&first, &second, sizeof first);
    assert_memory_not_equal(&first, &none, sizeof first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_declarations), cmocka_unit_test(test_steps),
        cmocka_unit_test(test_frames),       cmocka_unit_test(test_bad_frames),
        cmocka_unit_test(test_print),        cmocka_unit_test(test_catalogue_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
