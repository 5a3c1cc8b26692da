#include "transport/json.h"

#include "transport/messages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/*  Types with every kind that a request may have; the catalogue has the others. */
/* clang-format off */
#define ZOO                                                                                        \
    MESSAGE(zoo, 0x7000, "")                                                                       \
    OPTIONAL(zoo, U64, count, 0, "")                                                               \
    OMITTED(zoo, BOOL, yes, 0, "")                                                                 \
    OPTIONAL(zoo, ID, plain, 0, "")                                                                \
    OMITTED(zoo, MSG_ID, message, 0, "")                                                           \
    OMITTED(zoo, EVT_ID, event, 0, "")                                                             \
    OPTIONAL(zoo, TEXT, text, 10, "")                                                              \
    OMITTED(zoo, PHONE, phone, OP_PHONE_MAX, "")                                                   \
    OMITTED(zoo, BODY, body, OP_BODY_MAX, "")                                                      \
    OMITTED(zoo, URL, url, 40, "")                                                                 \
    OPTIONAL(zoo, WORDS, words, 12, "")                                                            \
    OMITTED(zoo, SECRET, secret, 10, "")                                                           \
    OMITTED(zoo, FLAG, flag, 0, "")                                                                \
    OMITTED(zoo, COUNT, number, 0, "")                                                             \
    END(zoo)                                                                                       \
    MESSAGE(strict, 0x7001, "")                                                                    \
    FIELD(strict, U64, count, 0, "")                                                               \
    FIELD(strict, BOOL, yes, 0, "")                                                                \
    FIELD(strict, ID, plain, 0, "")                                                                \
    FIELD(strict, TEXT, text, 10, "")                                                              \
    FIELD(strict, WORDS, words, 12, "")                                                            \
    END(strict)                                                                                    \
    MESSAGE(named, 0x7002, "")                                                                     \
    FIELD(named, TEXT, id, 8, "")                                                                  \
    OPTIONAL(named, U64, count, 0, "")                                                             \
    END(named)

#include "transport/declare.h"
ZOO
#include "transport/undeclare.h"
#define OP_DECLARE_TABLES
#include "transport/declare.h"
ZOO
#include "transport/undeclare.h"

#define UUID "01930000-0000-7000-8000-0000000000ab"

static op_id_t s_uuid(void)
{
    op_id_t id;
    assert_true(op_id_parse(OP_STR(UUID), &id));
    return id;
}
/* clang-format on */

static void s_assert_json(const op_type_t *type, const void *value, const char *text)
{
    op_buf_t out = {0};
    op_json_print(type, value, &out);
    op_buf_add_byte(&out, 0);
    assert_string_equal(out.at, text);
    op_buf_free(&out);
}

/*  ---- Printing ---- */

static void s_prints_every_kind(void **state)
{
    (void)state;
    op_id_t id = s_uuid();
    op_zoo_t zoo = {.count = 7,
                    .yes = true,
                    .plain = id,
                    .message = id,
                    .event = id,
                    .text = OP_STR("a\"b\n"),
                    .phone = OP_STR("+14155550123"),
                    .body = OP_STR("\xe2\x82\xac"),
                    .url = OP_STR("https://x/"),
                    .words = OP_STR("a,bc"),
                    .secret = OP_STR("s3")};
    s_assert_json(&op_zoo_type, &zoo,
                  "{\"count\":7,\"yes\":true,\"plain\":\"" UUID "\",\"message\":\"msg_" UUID
                  "\",\"event\":\"evt_" UUID "\",\"text\":\"a\\\"b\\n\",\"phone\":\"+14155550123\","
                  "\"body\":\"\xe2\x82\xac\",\"url\":\"https://x/\",\"words\":[\"a\",\"bc\"],"
                  "\"secret\":\"s3\"}");
}

static void s_prints_what_is_empty(void **state)
{
    (void)state;
    s_assert_json(&op_zoo_type, &(op_zoo_t){0},
                  "{\"count\":null,\"plain\":null,\"text\":null,\"words\":null}");
    s_assert_json(&op_strict_type, &(op_strict_t){0},
                  "{\"count\":0,\"yes\":false,\"plain\":null,\"text\":\"\",\"words\":[]}");
    s_assert_json(&op_nothing_type, &(op_nothing_t){0}, "{}");
    s_assert_json(&op_numbers_view_type, &(op_numbers_view_t){0}, "{\"numbers\":[]}");
    s_assert_json(&op_key_view_type, &(op_key_view_t){.created_at = 0},
                  "{\"id\":null,\"number_id\":null,\"key_prefix\":\"\",\"name\":\"\","
                  "\"created_at\":null}");
}

static void s_prints_instants(void **state)
{
    (void)state;
    static const struct {
        int64_t instant;
        const char *json;
    } table[] = {
        {0, "null"},
        {999, "\"1970-01-01T00:00:00Z\""},
        {INT64_C(253402300799999), "\"9999-12-31T23:59:59Z\""},
        {INT64_C(253402300800000), "null"},
        {INT64_MAX, "null"},
        {-1, "null"},
        {INT64_MIN, "null"},
    };
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        char expected[200];
        op_verification_view_t view = {.expires_at = table[i].instant};
        snprintf(expected, sizeof expected,
                 "{\"verification_id\":null,\"delivery_status\":\"\",\"expires_at\":%s}",
                 table[i].json);
        s_assert_json(&op_verification_view_type, &view, expected);
    }
}

static void s_prints_structures(void **state)
{
    (void)state;
    op_failure_view_t failure = {OP_STR("expired"), OP_STR("Too late.")};
    op_message_view_t views[] = {
        {.id = s_uuid(),
         .status = OP_STR("failed"),
         .direction = OP_STR("outbound"),
         .to = OP_STR("+14155550123"),
         .from = OP_STR("+16175550100"),
         .body = OP_STR("hi"),
         .created_at = INT64_C(1779304492789),
         .error = &failure},
        {.id = s_uuid(), .direction = OP_STR("inbound"), .received_at = 1000},
    };
    op_messages_view_t page = {.data = {views, 2}};
    s_assert_json(&op_messages_view_type, &page,
                  "{\"data\":[{\"id\":\"msg_" UUID
                  "\",\"status\":\"failed\",\"direction\":\"outbound\","
                  "\"to\":\"+14155550123\",\"from\":\"+16175550100\",\"body\":\"hi\","
                  "\"created_at\":\"2026-05-20T19:14:52Z\",\"sent_at\":null,"
                  "\"error\":{\"code\":\"expired\",\"message\":\"Too late.\"}},"
                  "{\"id\":\"msg_" UUID "\",\"status\":\"\",\"direction\":\"inbound\",\"to\":\"\","
                  "\"from\":\"\",\"body\":\"\",\"created_at\":null,"
                  "\"received_at\":\"1970-01-01T00:00:01Z\",\"sent_at\":null,\"error\":null}],"
                  "\"next_cursor\":null}");

    op_session_opened_t opened = {.user = {.id = s_uuid(), .phone = OP_STR("+14155550123")},
                                  .session_token = OP_STR("ses_live_x"),
                                  .expires_at = 2000};
    s_assert_json(&op_session_opened_type, &opened,
                  "{\"user\":{\"id\":\"" UUID "\",\"phone\":\"+14155550123\",\"created\":false},"
                  "\"session_token\":\"ses_live_x\",\"expires_at\":\"1970-01-01T00:00:02Z\"}");
}

static void s_prints_any_octets(void **state)
{
    (void)state;
    static const struct {
        op_str_t text;
        const char *json;
    } table[] = {
        {{"a\xff\xfe"
          "b",
          4},
         "a\xef\xbf\xbd\xef\xbf\xbd"
         "b"},
        {{"\xe2\x82", 2}, "\xef\xbf\xbd\xef\xbf\xbd"},
        {{"\xed\xa0\x80", 3}, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {{"a\0b", 3}, "a\\u0000b"},
        {{"\x01\x7f", 2}, "\\u0001\x7f"},
    };
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        char expected[100];
        op_named_t named = {.id = table[i].text};
        snprintf(expected, sizeof expected, "{\"id\":\"%s\",\"count\":null}", table[i].json);
        s_assert_json(&op_named_type, &named, expected);
    }
}

static void s_prints_the_id(void **state)
{
    (void)state;
    char text[OP_JSON_ID_TEXT + 1];
    assert_true(op_json_id(&op_message_view_type, &(op_message_view_t){.id = s_uuid()}, text));
    assert_string_equal(text, "msg_" UUID);
    assert_true(op_json_id(&op_key_created_type, &(op_key_created_t){.id = s_uuid()}, text));
    assert_string_equal(text, UUID);
    assert_false(op_json_id(&op_keys_view_type, &(op_keys_view_t){0}, text));
    assert_false(op_json_id(&op_named_type, &(op_named_t){0}, text));
}

/*  ---- Reading ---- */

static void s_reads_what_it_prints(void **state)
{
    (void)state;
    static const char *const table[] = {
        "{\"count\":7,\"yes\":true,\"plain\":\"" UUID "\",\"message\":\"msg_" UUID
        "\",\"event\":\"evt_" UUID "\",\"text\":\"0123456789\",\"phone\":\"+14155550123\","
        "\"body\":\"\xe2\x82\xac\",\"url\":\"https://x/\",\"words\":[\"a\",\"bc\"],"
        "\"secret\":\"s3\"}",
        "{\"count\":9223372036854775807,\"plain\":null,\"text\":null,\"words\":[\"0123456789ab\"]}",
        "{\"count\":null,\"plain\":null,\"text\":null,\"words\":null}",
        "{\"count\":null,\"plain\":null,\"text\":null,\"words\":null,\"flag\":false,\"number\":0}",
        "{\"count\":null,\"plain\":null,\"text\":null,\"words\":null,\"flag\":true,\"number\":7}",
    };
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        op_arena_t arena = {0};
        op_zoo_t zoo;
        op_json_fault_t fault;
        assert_int_equal(op_json_read(&op_zoo_type, op_str(table[i]), NULL, &arena, &zoo, &fault),
                         0);
        s_assert_json(&op_zoo_type, &zoo, table[i]);
        op_arena_free(&arena);
    }
}

static const char *s_check_url(void *arg, op_str_t url)
{
    return op_str_starts(url, arg) ? NULL : "Not there.";
}

static void s_assert_fault(const op_type_t *type, op_str_t text, op_error_t error,
                           const char *field)
{
    char prefix[] = "https://";
    op_json_rules_t rules = {.check_url = s_check_url, .arg = prefix};
    op_json_fault_t fault = {0};
    op_arena_t arena = {0};
    int result =
        op_json_read(type, text, &rules, &arena, op_arena_alloc(&arena, type->size), &fault);
    if (error == OP_OK ? result != 0
                       : result != -1 || fault.error != error ||
                             strcmp(field ? field : "-", fault.field ? fault.field : "-") != 0)
        fail_msg("[%.*s]: %d, %s, %s", (int)(text.size < 200 ? text.size : 200), text.at, result,
                 op_error_code(fault.error), fault.field ? fault.field : "-");
    op_arena_free(&arena);
}

static void s_faults(void **state)
{
    (void)state;
    enum { OK = OP_OK, BAD = OP_ERROR_VALIDATION_ERROR, PHONE = OP_ERROR_INVALID_PHONE };
    static const struct {
        const char *text;
        int error;
        const char *field;
    } table[] = {
        {"{}", OK, NULL},
        {" {\n} ", OK, NULL},
        {"{\"unknown\":[1,{\"a\":2}],\"count\":1}", OK, NULL},
        /* the text as a whole */
        {"", BAD, NULL},
        {"[]", BAD, NULL},
        {"\"text\"", BAD, NULL},
        {"null", BAD, NULL},
        {"{", BAD, NULL},
        {"{}x", BAD, NULL},
        {"{}{}", BAD, NULL},
        {"{\"count\":1,}", BAD, NULL},
        {"{'count':1}", BAD, NULL},
        {"{\"count\":1,\"count\":1}", BAD, NULL},
        {"{\"other\":1,\"other\":2}", BAD, NULL},
        {"{\"count\":99999999999999999999}", BAD, NULL},
        {"{\"text\":\"\xff\"}", BAD, NULL},
        {"{\"text\":\"\\ud800\"}", BAD, NULL},
        {"\xef\xbb\xbf{}", BAD, NULL},
        /* wrong types */
        {"{\"count\":\"1\"}", BAD, "count"},
        {"{\"count\":60.0}", OK, NULL}, /* JSON Schema: integral is whole */
        {"{\"count\":6e1}", OK, NULL},
        {"{\"count\":-0.0}", OK, NULL},
        {"{\"count\":60.5}", BAD, "count"},
        {"{\"count\":-1.0}", BAD, "count"},
        {"{\"count\":1e300}", BAD, "count"},
        {"{\"count\":-1}", BAD, "count"},
        {"{\"yes\":1}", BAD, "yes"},
        {"{\"yes\":\"true\"}", BAD, "yes"},
        {"{\"plain\":1}", BAD, "plain"},
        {"{\"text\":1}", BAD, "text"},
        {"{\"text\":{}}", BAD, "text"},
        {"{\"phone\":14155550123}", BAD, "phone"},
        {"{\"body\":[]}", BAD, "body"},
        {"{\"words\":\"a\"}", BAD, "words"},
        {"{\"words\":[1]}", BAD, "words"},
        {"{\"words\":[null]}", BAD, "words"},
        {"{\"secret\":428193}", BAD, "secret"},
        /* values */
        {"{\"plain\":\"" UUID "0\"}", BAD, "plain"},
        {"{\"plain\":\"\"}", BAD, "plain"},
        {"{\"plain\":\"msg_" UUID "\"}", BAD, "plain"},
        {"{\"message\":\"" UUID "\"}", BAD, "message"},
        {"{\"message\":\"evt_" UUID "\"}", BAD, "message"},
        {"{\"event\":\"evt_\"}", BAD, "event"},
        {"{\"text\":\"\"}", OK, NULL},
        {"{\"text\":\"0123456789a\"}", BAD, "text"},
        {"{\"text\":\"a\\u0000b\"}", BAD, "text"},
        {"{\"phone\":\"\"}", PHONE, "phone"},
        {"{\"phone\":\"4155550123\"}", PHONE, "phone"},
        {"{\"phone\":\"+1 415 555 0123\"}", PHONE, "phone"},
        {"{\"phone\":\"+141555501234567890123\"}", PHONE, "phone"},
        {"{\"phone\":\"+1415555012\\u0000\"}", PHONE, "phone"},
        {"{\"body\":\"a\\u0000\"}", BAD, "body"},
        {"{\"url\":\"https://y\"}", OK, NULL},
        {"{\"url\":\"http://y\"}", BAD, "url"},
        {"{\"url\":\"https://0123456789012345678901234567890123\"}", BAD, "url"},
        {"{\"words\":[]}", BAD, "words"},
        {"{\"flag\":true,\"number\":0}", OK, NULL},
        {"{\"flag\":null,\"number\":null}", OK, NULL},
        {"{\"flag\":1}", BAD, "flag"},
        {"{\"number\":-1}", BAD, "number"},
        {"{\"number\":true}", BAD, "number"},
        {"{\"url\":\"\"}", BAD, "url"},
        {"{\"words\":[\"\"]}", BAD, "words"},
        {"{\"words\":[\"a,b\"]}", BAD, "words"},
        {"{\"words\":[\"a\\u0000\"]}", BAD, "words"},
        {"{\"words\":[\"01234\",\"678901\"]}", OK, NULL},
        {"{\"words\":[\"01234\",\"6789012\"]}", BAD, "words"},
    };
    for (size_t i = 0; i < OP_COUNT(table); i++)
        s_assert_fault(&op_zoo_type, op_str(table[i].text), (op_error_t)table[i].error,
                       table[i].field);
}

static void s_required(void **state)
{
    (void)state;
    static const char rest[] = "\"plain\":\"" UUID "\",\"text\":\"t\",\"words\":[\"w\"]}";
    static const struct {
        const char *front, *field;
    } table[] = {
        {"{\"count\":0,\"yes\":false,", NULL},
        {"{\"yes\":true,", "count"},
        {"{\"count\":null,\"yes\":true,", "count"},
        {"{\"count\":1,", "yes"},
    };
    char text[300];
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        snprintf(text, sizeof text, "%s%s", table[i].front, rest);
        s_assert_fault(&op_strict_type, op_str(text),
                       table[i].field ? OP_ERROR_VALIDATION_ERROR : OP_OK, table[i].field);
    }
    op_error_t bad = OP_ERROR_VALIDATION_ERROR;
    s_assert_fault(&op_auth_start_type, OP_STR("{}"), bad, "phone");
    s_assert_fault(&op_auth_start_type, OP_STR("{\"phone\":null}"), bad, "phone");
    s_assert_fault(&op_auth_verify_type, OP_STR("{\"verification_id\":\"" UUID "\",\"code\":\"\"}"),
                   bad, "code");
    s_assert_fault(&op_webhook_create_type,
                   OP_STR("{\"number_id\":\"" UUID "\",\"url\":\"https://y\",\"events\":[]}"), bad,
                   "events");
    s_assert_fault(&op_webhook_create_type,
                   OP_STR("{\"number_id\":\"" UUID "\",\"url\":\"https://y\",\"events\":"
                          "[\"message.sent\",\"message.failed\",\"message.sent\"]}"),
                   bad, "events");
}

static void s_bodies(void **state)
{
    (void)state;
    static const struct {
        const char *unit;
        size_t count;
        op_error_t error;
    } table[] = {
        {"", 1, OP_ERROR_VALIDATION_ERROR},
        {"a", 1, OP_OK},
        {"a", 1600, OP_OK},
        {"a", 1601, OP_ERROR_BODY_TOO_LONG},
        {"\xf0\x9f\x98\x80", 1600, OP_OK},
        {"\xf0\x9f\x98\x80", 1601, OP_ERROR_BODY_TOO_LONG},
        {"\\ud83d\\ude00", 1600, OP_OK},
    };
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        op_buf_t text = {0};
        op_buf_printf(&text, "{\"to\":\"+14155550123\",\"body\":\"");
        for (size_t n = 0; n < table[i].count; n++)
            op_buf_add_str(&text, op_str(table[i].unit));
        op_buf_printf(&text, "\"}");
        s_assert_fault(&op_message_send_type, op_buf_str(&text), table[i].error, "body");
        op_buf_free(&text);
    }
}

static void s_depth(void **state)
{
    (void)state;
    static const struct {
        size_t depth;
        op_error_t error;
    } table[] = {{OP_JSON_DEPTH_MAX - 1, OP_OK},
                 {OP_JSON_DEPTH_MAX, OP_ERROR_VALIDATION_ERROR},
                 {60000, OP_ERROR_VALIDATION_ERROR}};
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        op_buf_t text = {0};
        op_buf_printf(&text, "{\"x\":");
        for (size_t n = 0; n < table[i].depth; n++)
            op_buf_add_byte(&text, '[');
        for (size_t n = 0; n < table[i].depth; n++)
            op_buf_add_byte(&text, ']');
        op_buf_add_byte(&text, '}');
        s_assert_fault(&op_zoo_type, op_buf_str(&text), table[i].error, NULL);
        op_buf_free(&text);
    }
    /* Brackets inside strings do not count. */
    s_assert_fault(&op_zoo_type,
                   OP_STR("{\"x\":\"\\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\\\"}"),
                   OP_OK, NULL);
}

static void s_id_of_the_path(void **state)
{
    (void)state;
    op_arena_t arena = {0};
    op_named_t named;
    op_json_fault_t fault;
    op_json_rules_t rules = {.id = OP_STR("path")};
    op_str_t text = OP_STR("{\"id\":\"body\",\"count\":3}");
    assert_int_equal(op_json_read(&op_named_type, text, &rules, &arena, &named, &fault), 0);
    assert_true(op_str_is(named.id, "path"));
    assert_int_equal(named.count, 3);
    assert_int_equal(op_json_read(&op_named_type, text, NULL, &arena, &named, &fault), 0);
    assert_true(op_str_is(named.id, "body"));
    op_arena_free(&arena);
}

/*  A text cut anywhere is a fault, and never read past its end. */
static void s_truncations(void **state)
{
    (void)state;
    static const char text[] = "{\"to\":\"+14155550123\",\"body\":\"\\u20ac [\\\"{\",\"x\":[1.5]}";
    for (size_t size = 0; size < sizeof text - 1; size++) {
        char *cut = op_alloc(size);
        memcpy(cut, text, size);
        s_assert_fault(&op_message_send_type, op_str_of(cut, size), OP_ERROR_VALIDATION_ERROR,
                       NULL);
        free(cut);
    }
    s_assert_fault(&op_message_send_type, op_str(text), OP_OK, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(s_prints_every_kind),
        cmocka_unit_test(s_prints_what_is_empty),
        cmocka_unit_test(s_prints_structures),
        cmocka_unit_test(s_prints_instants),
        cmocka_unit_test(s_prints_any_octets),
        cmocka_unit_test(s_prints_the_id),
        cmocka_unit_test(s_reads_what_it_prints),
        cmocka_unit_test(s_faults),
        cmocka_unit_test(s_required),
        cmocka_unit_test(s_bodies),
        cmocka_unit_test(s_depth),
        cmocka_unit_test(s_id_of_the_path),
        cmocka_unit_test(s_truncations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
