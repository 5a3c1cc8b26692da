/*  The codec against bytes that no encoder wrote, over every declared type: cut, changed, of the
    wrong kind, too long, too deep, or declaring what is not there. */

#include "tests/value_fixture.h"

#include "transport/print.h"
#include "transport/reader.h"

/*  ---- Cut and changed bytes ---- */

static op_buf_t s_encoded(const op_type_t *type, value_mode_t mode, uint64_t seed)
{
    op_arena_t arena = {0};
    op_buf_t bytes = {0};
    op_encode(type, value_make(type, mode, &seed, &arena), &bytes);
    op_arena_free(&arena);
    return bytes;
}

static void s_check_prefixes(const op_type_t *type, value_mode_t mode, size_t stride)
{
    op_buf_t bytes = s_encoded(type, mode, 7);
    op_arena_t arena = {0};
    void *value = op_alloc(type->size);
    for (size_t size = 0; size < bytes.size; size += size < 64 ? 1 : stride) {
        assert_int_equal(value_decode(type, op_str_of(bytes.at, size), &arena, value),
                         OP_DECODE_TRUNCATED);
        op_arena_clear(&arena);
    }
    op_buf_free(&bytes);
    op_arena_free(&arena);
    free(value);
}

static void s_prefixes(const op_type_t *type)
{
    s_check_prefixes(type, VALUE_TYPICAL, 1);
    s_check_prefixes(type, VALUE_MAXIMUM, 4999);
}

static void test_prefixes(void **state)
{
    (void)state;
    value_each_type(s_prefixes);
}

/*  Every octet of an encoding becomes every other one: whatever comes of it is a value. */
static void s_substitutions(const op_type_t *type)
{
    op_buf_t bytes = s_encoded(type, VALUE_TYPICAL, 11);
    op_arena_t arena = {0};
    op_buf_t out = {0};
    void *value = op_alloc(type->size);
    char *exact = value_exact(op_buf_str(&bytes));
    for (size_t i = 0; i < bytes.size; i++) {
        int step = bytes.size <= 200 ? 1 : 5;
        for (int c = 0; c < 256; c += step) {
            exact[i] = (char)c;
            op_str_t rest = op_str_of(exact, bytes.size);
            op_decode_t result = op_decode(type, &rest, &arena, value);
            assert_true(result <= OP_DECODE_LIMIT);
            if (result == OP_DECODE_OK && c % 16 == 0) { /* and it can be printed and written */
                op_buf_clear(&out);
                op_print(type, value, OP_PRINT_MASKED, &out);
                op_encode(type, value, &out);
            }
            op_arena_clear(&arena);
        }
        exact[i] = bytes.at[i];
    }
    free(exact);
    free(value);
    op_buf_free(&out);
    op_buf_free(&bytes);
    op_arena_free(&arena);
}

static void test_substitutions(void **state)
{
    (void)state;
    value_each_type(s_substitutions);
}

static void test_noise(void **state)
{
    (void)state;
    uint64_t seed = 99;
    op_arena_t arena = {0};
    size_t count;
    const op_type_t *const *types = op_message_types(&count);
    for (int i = 0; i < 20000; i++) {
        const op_type_t *type = types[value_below(&seed, count)];
        char bytes[40];
        size_t size = value_below(&seed, sizeof bytes);
        for (size_t j = 0; j < size; j++)
            bytes[j] = (char)value_next(&seed);
        if (size && i % 2) /* half of them get past the first header */
            bytes[0] = (char)(0x90 | (unsigned char)(bytes[0] & 0x0f));
        char *exact = value_exact(op_str_of(bytes, size));
        op_str_t rest = op_str_of(exact, size);
        void *value = op_arena_alloc(&arena, type->size);
        assert_true(op_decode(type, &rest, &arena, value) <= OP_DECODE_LIMIT);
        free(exact);
        op_arena_clear(&arena);
    }
    op_arena_free(&arena);
}

/*  ---- Wrong and hostile elements, at every field ---- */

typedef enum { TAKES_NUMBER, TAKES_BOOL, TAKES_STR, TAKES_BIN, TAKES_ARRAY } takes_t;

static takes_t s_takes(op_kind_t kind)
{
    switch (kind) {
    case OP_KIND_U64:
    case OP_KIND_FLAG:
    case OP_KIND_COUNT:
    case OP_KIND_INSTANT:
        return TAKES_NUMBER;
    case OP_KIND_BOOL:
        return TAKES_BOOL;
    case OP_KIND_ID:
    case OP_KIND_MSG_ID:
    case OP_KIND_EVT_ID:
    case OP_KIND_HASH:
    case OP_KIND_BYTES:
        return TAKES_BIN;
    case OP_KIND_TEXT:
    case OP_KIND_PHONE:
    case OP_KIND_SERIAL:
    case OP_KIND_BODY:
    case OP_KIND_URL:
    case OP_KIND_WORDS:
    case OP_KIND_SECRET:
        return TAKES_STR;
    case OP_KIND_NESTED:
    case OP_KIND_MAYBE:
    case OP_KIND_LIST:
        return TAKES_ARRAY;
    }
    return TAKES_NUMBER;
}

/*  A value of `type` whose field `field` is this element, the ones before it nil. */
static op_decode_t s_decode_at(const op_type_t *type, size_t field, op_str_t element,
                               op_arena_t *arena)
{
    op_buf_t bytes = {0};
    value_add_head(&bytes, field + 1);
    for (size_t i = 0; i < field; i++)
        op_buf_add_byte(&bytes, 0xc0);
    op_buf_add_str(&bytes, element);
    void *value = op_alloc(type->size);
    op_decode_t result = value_decode(type, op_buf_str(&bytes), arena, value);
    free(value);
    op_buf_free(&bytes);
    return result;
}

#define ELEMENT(text) text, sizeof(text) - 1

static void s_wrong_kinds(const op_type_t *type)
{
    static const struct {
        const char *at;
        size_t size;
        int fits; /* takes_t, or -1 */
    } samples[] = {
        {ELEMENT("\x05"), TAKES_NUMBER},
        {ELEMENT("\xd3\0\0\0\0\0\0\0\x05"), TAKES_NUMBER}, /* signed, but not negative */
        {ELEMENT("\xc3"), TAKES_BOOL},
        {ELEMENT("\xa1x"), TAKES_STR},
        {ELEMENT("\xc4\x01x"), TAKES_BIN},
        {ELEMENT("\x90"), TAKES_ARRAY},
        {ELEMENT("\xff"), -1},          /* -1 */
        {ELEMENT("\xd0\x80"), -1},      /* -128 */
        {ELEMENT("\xca\0\0\0\0"), -1},  /* 0.0 */
        {ELEMENT("\x81\xa1k\x01"), -1}, /* a map */
        {ELEMENT("\xd4\0\0"), -1},      /* an extension */
        {ELEMENT("\xc1"), -1},          /* nothing at all */
    };
    op_arena_t arena = {0};
    for (size_t f = 0; f < type->field_count; f++)
        for (size_t i = 0; i < OP_COUNT(samples); i++) {
            op_kind_t kind = type->fields[f].kind;
            bool fits = samples[i].fits == (int)s_takes(kind);
            if (fits && s_takes(kind) == TAKES_BIN)
                fits = kind == OP_KIND_BYTES; /* ids and hashes have their one size */
            assert_int_equal(
                s_decode_at(type, f, op_str_of(samples[i].at, samples[i].size), &arena),
                fits ? OP_DECODE_OK : OP_DECODE_TYPE);
            op_arena_clear(&arena);
        }
    /* An id or hash has its one size. */
    static const char zeros[35] = {0};
    for (size_t f = 0; f < type->field_count; f++)
        for (size_t size = 0; size <= 33; size++) {
            op_kind_t kind = type->fields[f].kind;
            if (s_takes(kind) != TAKES_BIN || kind == OP_KIND_BYTES)
                continue;
            op_buf_t element = {0};
            op_buf_add_byte(&element, 0xc4);
            op_buf_add_byte(&element, (uint8_t)size);
            op_buf_add(&element, zeros, size);
            size_t right = kind == OP_KIND_HASH ? sizeof(op_hash_t) : sizeof(op_id_t);
            assert_int_equal(s_decode_at(type, f, op_buf_str(&element), &arena),
                             size == right ? OP_DECODE_OK : OP_DECODE_TYPE);
            op_buf_free(&element);
        }
    op_arena_free(&arena);
}

static void test_wrong_kinds(void **state)
{
    (void)state;
    value_each_type(s_wrong_kinds);
}

/*  Short frames that declare much: refused without an allocation that follows what they declare. */
static void s_hostile(const op_type_t *type)
{
    static const struct {
        const char *at;
        size_t size;
    } samples[] = {
        {ELEMENT("\xdd\x10\0\0\0")},       /* an array of 2^28 */
        {ELEMENT("\xdd\xff\xff\xff\xff")}, /* of 2^32 - 1 */
        {ELEMENT("\xdc\xff\xff")},         /* of 2^16 - 1 */
        {ELEMENT("\x9f")},                 /* of 15 */
        {ELEMENT("\xdf\x10\0\0\0")},       /* a map */
        {ELEMENT("\xdf\xff\xff\xff\xff")},
        {ELEMENT("\xde\xff\xff")},
        {ELEMENT("\xdb\xff\xff\xff\xff")}, /* a string */
        {ELEMENT("\xda\xff\xff")},
        {ELEMENT("\xc6\xff\xff\xff\xff")}, /* binary */
        {ELEMENT("\xc5\xff\xff")},
        {ELEMENT("\xc9\xff\xff\xff\xff\0")}, /* an extension */
        {ELEMENT("\x91\xdd\x10\0\0\0")},     /* the same, one deeper */
        {ELEMENT("\x91\x91\xdd\x10\0\0\0")},
        {ELEMENT("\x91\xdf\x10\0\0\0")},
        {ELEMENT("\x91\xc6\xff\xff\xff\xff")},
    };
    op_arena_t arena = {0};
    void *value = op_alloc(type->size);
    for (size_t i = 0; i < OP_COUNT(samples); i++) {
        op_str_t element = op_str_of(samples[i].at, samples[i].size);
        assert_int_not_equal(value_decode(type, element, &arena, value), OP_DECODE_OK);
        assert_true(arena.used <= 4096); /* structs of a list whose items are really there */
        op_arena_clear(&arena);
        for (size_t f = 0; f < type->field_count; f++) {
            const op_field_t *field = &type->fields[f];
            assert_int_not_equal(s_decode_at(type, f, element, &arena), OP_DECODE_OK);
            /* One struct may be begun before its content turns out to be missing. */
            size_t items = field->kind == OP_KIND_MAYBE || element.at[0] == '\x91' ? 1 : 0;
            size_t item = field->item ? field->item->size + sizeof(max_align_t) : 0;
            assert_true(arena.used <= items * (item + 256));
            op_arena_clear(&arena);
        }
    }
    free(value);
    op_arena_free(&arena);
}

static void test_hostile(void **state)
{
    (void)state;
    value_each_type(s_hostile);
    /* The five octets that make an unbounded unpacker take 8 GB. */
    op_arena_t arena = {0};
    op_envelope_t envelope;
    op_str_t bytes = op_str_of("\xdd\x10\0\0\0", 5);
    assert_int_equal(op_decode(&op_envelope_type, &bytes, &arena, &envelope), OP_DECODE_TRUNCATED);
    assert_int_equal(arena.used, 0);
    assert_null(arena.blocks);
    assert_int_equal(bytes.size, 5);
}

static void test_deep_nesting(void **state)
{
    (void)state;
    op_arena_t arena = {0};
    op_nothing_t value;
    for (size_t depth = 1; depth < 3000; depth += depth < 20 ? 1 : 997) {
        op_buf_t bytes = {0};
        op_buf_add(&bytes, "\x92\xc3", 2); /* the field, then an unknown one: arrays in arrays */
        for (size_t i = 1; i < depth; i++)
            op_buf_add_byte(&bytes, i % 2 ? 0x91 : 0x81);
        if (depth > 1) /* maps take two elements each */
            for (size_t i = 0; i < depth; i++)
                op_buf_add_byte(&bytes, 0xc0);
        else
            op_buf_add_byte(&bytes, 0xc0);
        op_str_t rest = op_buf_str(&bytes);
        op_decode_t result = op_decode(&op_nothing_type, &rest, &arena, &value);
        assert_int_equal(result == OP_DECODE_OK, depth <= OP_READER_DEPTH + 1);
        op_buf_free(&bytes);
    }
    assert_int_equal(arena.used, 0);
}

static void s_limits(const op_type_t *type)
{
    op_arena_t arena = {0};
    for (size_t f = 0; f < type->field_count; f++) {
        const op_field_t *field = &type->fields[f];
        takes_t takes = s_takes(field->kind);
        for (size_t over = 0; over < 2; over++) {
            op_buf_t element = {0};
            size_t size = field->max + over;
            char head[] = {(char)0xdb, (char)(size >> 24), (char)(size >> 16), (char)(size >> 8),
                           (char)size};
            if (field->kind == OP_KIND_LIST)
                head[0] = (char)0xdd;
            else if (field->kind == OP_KIND_BYTES)
                head[0] = (char)0xc6;
            else if (takes != TAKES_STR)
                continue;
            op_buf_add(&element, head, sizeof head);
            for (size_t i = 0; i < size; i++)
                op_buf_add_byte(&element, 0x90);
            assert_int_equal(s_decode_at(type, f, op_buf_str(&element), &arena),
                             over ? OP_DECODE_LIMIT : OP_DECODE_OK);
            op_buf_free(&element);
            op_arena_clear(&arena);
        }
        /* Of an instant the last one of the year 9999 is the last. */
        for (int over = 0; field->kind == OP_KIND_INSTANT && over < 3; over++) {
            static const char *const numbers[] = {"\xcf\0\0\xe6\x77\xd2\x1f\xdb\xff",
                                                  "\xcf\0\0\xe6\x77\xd2\x1f\xdc\0",
                                                  "\xcf\x80\0\0\0\0\0\0\0"};
            assert_int_equal(s_decode_at(type, f, op_str_of(numbers[over], 9), &arena),
                             over ? OP_DECODE_LIMIT : OP_DECODE_OK);
        }
    }
    op_arena_free(&arena);
}

static void test_limits(void **state)
{
    (void)state;
    value_each_type(s_limits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prefixes), cmocka_unit_test(test_substitutions),
        cmocka_unit_test(test_noise),    cmocka_unit_test(test_wrong_kinds),
        cmocka_unit_test(test_hostile),  cmocka_unit_test(test_deep_nesting),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
