/*  The small pure parts around the server: responses, request headers and ids, paths. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/request.h"
#include "http/response.h"

#include <string.h>

static void test_error_shape(void **state)
{
    (void)state;
    op_http_response_t response = {0};
    op_http_response_reset(&response);
    assert_int_equal(response.status, 200);
    assert_string_equal(response.content_type, "application/json");
    op_buf_add_str(&response.body, OP_STR("half an answer"));
    assert_true(op_http_response_header(&response, "Allow", OP_STR("GET")));
    op_http_response_error(&response, OP_ERROR_INVALID_PHONE, "No \"phone\"\n\xff!", "phone");
    assert_int_equal(response.status, 400);
    assert_true(op_str_is(op_buf_str(&response.body),
                          "{\"error\":{\"code\":\"invalid_phone\",\"message\":\"No "
                          "\\\"phone\\\"\\n?!\",\"field\":\"phone\"}}"));
    assert_true(op_str_is(op_buf_str(&response.headers), "Allow: GET\r\n"));
    op_http_response_error_as(&response, 408, OP_ERROR_VALIDATION_ERROR, "Late \xc3\xa9.");
    assert_int_equal(response.status, 408);
    assert_true(op_str_is(op_buf_str(&response.body), "{\"error\":{\"code\":\"validation_error\","
                                                      "\"message\":\"Late \xc3\xa9.\"}}"));
    op_http_response_free(&response);
    op_http_response_free(&response);
}

static void test_header_limits(void **state)
{
    (void)state;
    static char big[OP_HTTP_RESPONSE_HEAD_MAX];
    memset(big, 'b', sizeof big);
    op_http_response_t response = {0};
    op_http_response_reset(&response);
    static const char *const bad[] = {"a\r\nX: y", "a\n", "\t", "\x7f"};
    for (size_t i = 0; i < OP_COUNT(bad); i++)
        assert_false(op_http_response_header(&response, "X", op_str(bad[i])));
    assert_false(op_http_response_header(&response, "X", op_str_of(big, sizeof big)));
    assert_int_equal(response.headers.size, 0);
    for (int i = 0; i < OP_HTTP_RESPONSE_HEADERS_MAX; i++)
        assert_true(op_http_response_header(&response, "X", OP_STR("y")));
    assert_false(op_http_response_header(&response, "X", OP_STR("y")));
    op_http_response_free(&response);
}

static void test_request_id(void **state)
{
    (void)state;
    char id[OP_REQUEST_ID_MAX + 2];
    memset(id, 'a', sizeof id);
    op_http_header_t headers[2] = {{OP_STR("x-request-ID"), OP_STR("Az09._-")},
                                   {OP_STR("X-Request-Id"), OP_STR("b")}};
    op_http_request_t request = {.headers = headers, .header_count = 1};
    assert_true(op_str_is(op_http_request_id(&request), "Az09._-"));
    request.header_count = 2;
    assert_int_equal(op_http_request_id(&request).size, 0);
    request.header_count = 0;
    assert_int_equal(op_http_request_id(&request).size, 0);
    request.header_count = 1;
    static const char *const bad[] = {"", "a b", "a\"", "\xc3\xa9", "<a>"};
    for (size_t i = 0; i < OP_COUNT(bad); i++) {
        headers[0].value = op_str(bad[i]);
        assert_int_equal(op_http_request_id(&request).size, 0);
    }
    headers[0].value = op_str_of(id, OP_REQUEST_ID_MAX);
    assert_int_equal(op_http_request_id(&request).size, OP_REQUEST_ID_MAX);
    headers[0].value = op_str_of(id, OP_REQUEST_ID_MAX + 1);
    assert_int_equal(op_http_request_id(&request).size, 0);
}

static void test_path(void **state)
{
    (void)state;
    static const struct {
        const char *raw, *decoded;
    } cases[] = {
        {"/", "/"},
        {"/a%20b+c", "/a b+c"},
        {"/%2e%2E/%25", "/../%"},
        {"/a%2Fb/%2f", "/a%2Fb/%2f"}, /* an encoded slash parts nothing */
        {"/\xc3\xa9%C3%a9", "/\xc3\xa9\xc3\xa9"},
        {"/%", NULL},
        {"/%4", NULL},
        {"/%4g", NULL},
        {"/%00", NULL},
        {"/%1f", NULL},
        {"/%7F", NULL},
        {"/a\tb", NULL},
        {"/%%41", NULL},
    };
    for (size_t i = 0; i < OP_COUNT(cases); i++) {
        char decoded[64];
        int size = op_http_path_decode(op_str(cases[i].raw), decoded);
        if (!cases[i].decoded) {
            assert_int_equal(size, -1);
            continue;
        }
        assert_int_equal(size, strlen(cases[i].decoded));
        assert_string_equal(decoded, cases[i].decoded);
    }
    char decoded[64];
    assert_int_equal(op_http_query_decode(OP_STR("a%2Fb%2f+"), decoded), 5);
    assert_string_equal(decoded, "a/b/+");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_error_shape),
        cmocka_unit_test(test_header_limits),
        cmocka_unit_test(test_request_id),
        cmocka_unit_test(test_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
