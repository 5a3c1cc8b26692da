/*  The codec, over every declared type: what it writes it reads, what another version sends it
    understands, and what is secret it does not print. */

#include "tests/value_fixture.h"

#include "transport/print.h"
#include "transport/reader.h"

enum { SEEDS = 20, ELEMENTS_MAX = 64 };

/*  ---- Round trips ---- */

static void s_check_round_trip(const op_type_t *type, value_mode_t mode, uint64_t seed)
{
    op_arena_t arena = {0};
    op_buf_t bytes = {0}, again = {0};
    void *value = value_make(type, mode, &seed, &arena);
    op_encode(type, value, &bytes);
    op_str_t rest = op_buf_str(&bytes);
    void *decoded = op_arena_alloc(&arena, type->size);
    memset(decoded, 0xa5, type->size);
    assert_int_equal(op_decode(type, &rest, &arena, decoded), OP_DECODE_OK);
    assert_int_equal(rest.size, 0);
    assert_true(value_equal(type, value, decoded));
    op_encode(type, decoded, &again);
    assert_true(op_str_equal(op_buf_str(&bytes), op_buf_str(&again)));

    op_buf_add(&bytes, "\xc3next", 5); /* what stands behind is left alone */
    rest = op_buf_str(&bytes);
    assert_int_equal(op_decode(type, &rest, &arena, decoded), OP_DECODE_OK);
    assert_true(op_str_is(rest, "\xc3next"));
    op_buf_free(&bytes);
    op_buf_free(&again);
    op_arena_free(&arena);
}

static void s_round_trip(const op_type_t *type)
{
    s_check_round_trip(type, VALUE_ZERO, 1);
    s_check_round_trip(type, VALUE_MAXIMUM, 2);
    for (uint64_t seed = 0; seed < SEEDS; seed++)
        s_check_round_trip(type, VALUE_TYPICAL, seed);
}

static void test_round_trip(void **state)
{
    (void)state;
    value_each_type(s_round_trip);
}

/*  ---- Other versions ---- */

/*  An encoding taken apart into its elements, to be put together otherwise. */
typedef struct {
    op_buf_t bytes;
    op_str_t elements[ELEMENTS_MAX];
    size_t count;
} parts_t;

static void s_take_apart(const op_type_t *type, const void *value, parts_t *parts)
{
    *parts = (parts_t){0};
    op_encode(type, value, &parts->bytes);
    op_str_t rest = op_buf_str(&parts->bytes);
    op_element_t head;
    op_reader_next(&rest, &head);
    assert_int_equal(head.kind, OP_ELEMENT_ARRAY);
    assert_true(head.number <= ELEMENTS_MAX);
    for (; parts->count < head.number; parts->count++) {
        const char *start = rest.at;
        assert_true(op_reader_skip(&rest));
        parts->elements[parts->count] = op_str_of(start, (size_t)(rest.at - start));
    }
    assert_int_equal(rest.size, 0);
}

/*  The same element of a value with this one field at its default. */
static void s_clear_field(const op_type_t *type, size_t field, void *value)
{
    size_t from = type->fields[field].offset;
    size_t to = field + 1 < type->field_count ? type->fields[field + 1].offset : type->size;
    memset((char *)value + from, 0, to - from);
}

static void s_versions(const op_type_t *type)
{
    op_arena_t arena = {0};
    uint64_t seed = 5;
    void *value = value_make(type, VALUE_TYPICAL, &seed, &arena);
    void *decoded = op_arena_alloc(&arena, type->size);
    parts_t parts;
    s_take_apart(type, value, &parts);
    assert_int_equal(parts.count, type->field_count);
    op_buf_t bytes = {0};

    /* From a newer one: elements of kinds that OP does not even use are skipped. */
    static const char extra[] = "\xc0\xff\xcb\0\0\0\0\0\0\0\0\x82\xa1k\x01\xa1l\x92\x90\xc2\xa2hi";
    value_add_head(&bytes, parts.count + 5);
    for (size_t i = 0; i < parts.count; i++)
        op_buf_add_str(&bytes, parts.elements[i]);
    op_buf_add(&bytes, extra, sizeof extra - 1);
    op_str_t rest = op_buf_str(&bytes);
    assert_int_equal(op_decode(type, &rest, &arena, decoded), OP_DECODE_OK);
    assert_int_equal(rest.size, 0);
    assert_true(value_equal(type, value, decoded));
    for (size_t cut = 1; cut < sizeof extra; cut++)
        assert_int_equal(value_decode(type, op_str_of(bytes.at, bytes.size - cut), &arena, decoded),
                         OP_DECODE_TRUNCATED);

    /* nil is the default of any field. */
    for (size_t nil = 0; nil < parts.count; nil++) {
        op_buf_clear(&bytes);
        value_add_head(&bytes, parts.count);
        for (size_t i = 0; i < parts.count; i++)
            op_buf_add_str(&bytes, i == nil ? op_str_of("\xc0", 1) : parts.elements[i]);
        rest = op_buf_str(&bytes);
        assert_int_equal(op_decode(type, &rest, &arena, decoded), OP_DECODE_OK);
        assert_true(op_field_is_default(&type->fields[nil], decoded));
        void *expected = op_arena_alloc(&arena, type->size);
        memcpy(expected, value, type->size);
        s_clear_field(type, nil, expected);
        assert_true(value_equal(type, expected, decoded));
    }

    /* From an older one: the fields at the end are missing. */
    for (size_t kept = parts.count; kept-- > 0;) {
        op_buf_clear(&bytes);
        value_add_head(&bytes, kept);
        for (size_t i = 0; i < kept; i++)
            op_buf_add_str(&bytes, parts.elements[i]);
        s_clear_field(type, kept, value);
        memset(decoded, 0xa5, type->size);
        rest = op_buf_str(&bytes);
        assert_int_equal(op_decode(type, &rest, &arena, decoded), OP_DECODE_OK);
        assert_true(value_equal(type, value, decoded));
    }
    op_buf_free(&bytes);
    op_buf_free(&parts.bytes);
    op_arena_free(&arena);
}

static void test_versions(void **state)
{
    (void)state;
    value_each_type(s_versions);
}

static void test_trailing_defaults_are_left_out(void **state)
{
    (void)state;
    op_buf_t bytes = {0};
    op_encode(&op_refusal_type, &(op_refusal_t){0}, &bytes);
    op_encode(&op_refusal_type, &(op_refusal_t){.error = 3}, &bytes);
    op_encode(&op_refusal_type, &(op_refusal_t){.field = OP_STR("to")}, &bytes);
    assert_int_equal(bytes.size, 8);
    assert_memory_equal(bytes.at, "\x90\x91\x03\x92\xc0\xa2to", 8);
    op_buf_free(&bytes);
}

/*  ---- Printing ---- */

static const char s_marker[] = "Marker-do-not-show-me-1234567890";
static const char s_short_marker[] = "918273";
static const char s_phone[] = "+14155550123";

/*  Puts markers where something is to be kept from readers, in nested structs and lists too. */
static void s_mark(const op_type_t *type, void *value)
{
    for (size_t i = 0; i < type->field_count; i++) {
        const op_field_t *field = &type->fields[i];
        void *at = (char *)value + field->offset;
        op_str_t text = op_str(field->max < sizeof s_marker ? s_short_marker : s_marker);
        op_list_t list;
        void *item;
        bool hidden = field->kind == OP_KIND_SECRET || field->kind == OP_KIND_BODY ||
                      field->kind == OP_KIND_BYTES || field->kind == OP_KIND_SERIAL ||
                      strcmp(field->name, "body") == 0 || strcmp(field->name, "answer") == 0 ||
                      strcmp(field->name, "code_hash") == 0;
        if (field->kind == OP_KIND_HASH)
            memset(at, 0xab, sizeof(op_hash_t));
        else if (field->kind == OP_KIND_ID || field->kind == OP_KIND_MSG_ID ||
                 field->kind == OP_KIND_EVT_ID)
            memset(at, 0x11, sizeof(op_id_t));
        else if (field->kind == OP_KIND_PHONE ||
                 (field->kind == OP_KIND_TEXT && field->max >= OP_PHONE_MAX && !hidden))
            text = op_str(s_phone), memcpy(at, &text, sizeof text);
        else if (hidden)
            memcpy(at, &text, sizeof text);
        else if (field->kind == OP_KIND_NESTED)
            s_mark(field->item, at);
        else if (field->kind == OP_KIND_MAYBE) {
            memcpy(&item, at, sizeof item);
            s_mark(field->item, item);
        } else if (field->kind == OP_KIND_LIST) {
            memcpy(&list, at, sizeof list);
            for (size_t j = 0; j < list.count; j++) {
                const void *const_item = (const char *)list.at + j * field->item->size;
                memcpy(&item, &const_item, sizeof item);
                s_mark(field->item, item);
            }
        }
    }
}

static void s_prints_nothing_secret(const op_type_t *type)
{
    op_arena_t arena = {0};
    uint64_t seed = 3;
    void *value = value_make(type, VALUE_TYPICAL, &seed, &arena);
    s_mark(type, value);
    op_buf_t text = {0};
    op_print(type, value, OP_PRINT_MASKED, &text);
    op_buf_add_byte(&text, 0);
    assert_int_equal(strncmp(text.at, type->name, strlen(type->name)), 0);
    assert_null(strstr(text.at, "Marker"));
    assert_null(strstr(text.at, s_short_marker));
    assert_null(strstr(text.at, "abababab"));
    assert_null(strstr(text.at, "41555501")); /* any phone is masked */
    assert_null(strchr(text.at, '\n'));
    op_buf_free(&text);
    op_arena_free(&arena);
}

static void s_prints_any(const op_type_t *type)
{
    static const value_mode_t modes[] = {VALUE_ZERO, VALUE_MAXIMUM};
    for (size_t i = 0; i < OP_COUNT(modes); i++) {
        op_arena_t arena = {0};
        uint64_t seed = 4;
        op_buf_t text = {0};
        op_print(type, value_make(type, modes[i], &seed, &arena), OP_PRINT_MASKED, &text);
        assert_true(text.size >= strlen(type->name) + 2);
        assert_int_equal(text.at[text.size - 1], '}');
        op_buf_free(&text);
        op_arena_free(&arena);
    }
}

static void test_print(void **state)
{
    (void)state;
    value_each_type(s_prints_nothing_secret);
    value_each_type(s_prints_any);

    op_buf_t text = {0};
    op_message_send_t send = {OP_STR("+14155550123"), OP_STR("see you at nine")};
    op_print(&op_message_send_type, &send, OP_PRINT_MASKED, &text);
    assert_true(op_str_is(op_buf_str(&text), "message_send{to=+1********23 body=#(15)}"));
    op_buf_clear(&text);
    op_refusal_t refusal = {.error = 3, .field = OP_STR("a\n\"b")}; /* stays on its line */
    op_print(&op_refusal_type, &refusal, OP_PRINT_MASKED, &text);
    assert_true(op_str_is(op_buf_str(&text), "refusal{error=3 field=\"a\\x0a\\x22b\"}"));
    op_buf_clear(&text);
    op_number_view_t number = {.leased_at = INT64_C(1779304492123), .e164 = OP_STR("+\n\r\t34")};
    op_print(&op_number_view_type, &number, OP_PRINT_MASKED, &text);
    assert_true(op_str_is(op_buf_str(&text), "number_view{e164=+\\x0a**34 "
                                             "leased_at=2026-05-20T19:14:52.123Z}"));

    op_buf_clear(&text);
    op_auth_verify_t verify = {OP_STR("v"), OP_STR("918273")}; /* its hash could be looked up */
    op_print(&op_auth_verify_type, &verify, OP_PRINT_MASKED, &text);
    assert_true(op_str_is(op_buf_str(&text), "auth_verify{verification_id=\"v\" code=#(6)}"));

    /* A long secret keeps its fingerprint, another one has another. */
    op_buf_clear(&text);
    op_session_opened_t opened = {.session_token = OP_STR("ses_live_ABCDEFGHIJKLMNOP")};
    op_print(&op_session_opened_type, &opened, OP_PRINT_MASKED, &text);
    op_buf_t other = {0};
    opened.session_token = OP_STR("ses_live_ABCDEFGHIJKLMNOQ");
    op_print(&op_session_opened_type, &opened, OP_PRINT_MASKED, &other);
    assert_int_equal(text.size, other.size);
    assert_false(op_str_equal(op_buf_str(&text), op_buf_str(&other)));
    op_buf_free(&text);
    op_buf_free(&other);
}

/*  Of a URL the origin, unless in full; in full all but secrets. */
static void test_print_full(void **state)
{
    (void)state;
    static const struct {
        const char *url, *masked;
    } urls[] = {
        {"https://hook.example:8443/in/0123456789abcdef?k=1",
         "post{url=\"https://hook.example:8443#"},
        {"https://hook.example", "post{url=\"https://hook.example\"}"},
        {"https://hook.example/short?key=1", "post{url=\"https://hook.example#(12)\"}"},
        {"https://me:secret@hook.example/", "post{url=\"https://#"},
        {"https://hook.example?key=123456", "post{url=\"https://hook.example#(11)\"}"},
    };
    op_buf_t text = {0};
    for (size_t i = 0; i < OP_COUNT(urls); i++) {
        op_post_t post = {.url = op_str(urls[i].url)};
        op_buf_clear(&text);
        op_print(&op_post_type, &post, OP_PRINT_MASKED, &text);
        assert_true(op_str_starts(op_buf_str(&text), urls[i].masked));
        assert_null(memmem(text.at, text.size, "k=1", 3));
        assert_null(memmem(text.at, text.size, "secret", 6));
        op_buf_clear(&text);
        op_print(&op_post_type, &post, OP_PRINT_FULL, &text);
        assert_non_null(memmem(text.at, text.size, urls[i].url, strlen(urls[i].url)));
    }
    op_buf_clear(&text);
    op_message_send_t send = {OP_STR("+14155550123"), OP_STR("at \"9\"\n")};
    op_print(&op_message_send_type, &send, OP_PRINT_FULL, &text);
    assert_true(op_str_is(op_buf_str(&text),
                          "message_send{to=\"+14155550123\" body=\"at \\x229\\x22\\x0a\"}"));
    op_buf_clear(&text);
    op_serial_bytes_t bytes = {1, OP_STR("AT+CMGF=0\r\n\x1a\xff")};
    op_print(&op_serial_bytes_type, &bytes, OP_PRINT_FULL, &text);
    assert_true(
        op_str_is(op_buf_str(&text), "serial_bytes{line=1 bytes=\"AT+CMGF=0\\r\\n\\x1a\\xff\"}"));
    op_buf_clear(&text);
    op_session_opened_t opened = {.session_token = OP_STR("ses_live_ABCDEFGHIJKLMNOP")};
    op_print(&op_session_opened_type, &opened, OP_PRINT_FULL, &text);
    assert_null(memmem(text.at, text.size, "ABCDEFGH", 8));
    op_buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_trailing_defaults_are_left_out),
        cmocka_unit_test(test_print),
        cmocka_unit_test(test_print_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
