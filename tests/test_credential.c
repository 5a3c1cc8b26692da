/*  Which credential a request presents, and which pages may present a cookie. */

#include "http/credential.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define TOKEN "abcdefghijklmnopqrstuvwxyz012345"

typedef struct {
    const char *name, *value;
} s_line_t;

static op_http_request_t s_request(const char *method, const s_line_t *lines, size_t count,
                                   op_http_header_t *headers)
{
    op_http_request_t request = {.method = op_str(method), .headers = headers};
    for (size_t i = 0; i < count && lines[i].name; i++)
        headers[request.header_count++] =
            (op_http_header_t){op_str(lines[i].name), op_str(lines[i].value)};
    return request;
}

static void s_credentials(void **state)
{
    (void)state;
    enum { OK = OP_OK, NO = OP_ERROR_UNAUTHENTICATED };
    static const struct {
        op_route_name_t route;
        s_line_t lines[2];
        int error;
    } table[] = {
        {OP_ROUTE_NUMBER, {{"Authorization", "Bearer op_live_" TOKEN}}, OK},
        {OP_ROUTE_NUMBER, {{"authorization", "bearer   op_live_" TOKEN}}, OK},
        {OP_ROUTE_NUMBER, {{NULL, NULL}}, NO},
        {OP_ROUTE_NUMBER, {{"Authorization", "Bearer"}}, NO},
        {OP_ROUTE_NUMBER, {{"Authorization", "Bearer "}}, NO},
        {OP_ROUTE_NUMBER, {{"Authorization", "Bearerop_live_" TOKEN}}, NO},
        {OP_ROUTE_NUMBER, {{"Authorization", "Basic op_live_" TOKEN}}, NO},
        {OP_ROUTE_NUMBER, {{"Authorization", "op_live_" TOKEN}}, NO},
        {OP_ROUTE_NUMBER, {{"Authorization", "Bearer op_live_" TOKEN "x"}}, NO},
        {OP_ROUTE_NUMBER, {{"Authorization", "Bearer op_live_x"}}, NO},
        {OP_ROUTE_NUMBER,
         {{"Authorization", "Bearer op_live_abcdefghijklmnopqrstuvwxyz01234-"}},
         NO},
        {OP_ROUTE_NUMBER, {{"Authorization", "Bearer ses_live_" TOKEN}}, NO},
        {OP_ROUTE_NUMBER, {{"Cookie", "op_session=ses_live_" TOKEN}}, NO},
        {OP_ROUTE_NUMBER, {{"Cookie", "op_session=op_live_" TOKEN}}, NO},
        {OP_ROUTE_NUMBER,
         {{"Authorization", "Bearer op_live_" TOKEN}, {"Authorization", "Bearer op_live_" TOKEN}},
         NO},
        {OP_ROUTE_KEYS, {{"Authorization", "Bearer ses_live_" TOKEN}}, OK},
        {OP_ROUTE_KEYS, {{"Authorization", "Bearer op_live_" TOKEN}}, NO},
        {OP_ROUTE_KEYS, {{"Cookie", "op_session=ses_live_" TOKEN}}, OK},
        {OP_ROUTE_KEYS, {{"cookie", "a=b;op_session=ses_live_" TOKEN "; c=d"}}, OK},
        {OP_ROUTE_KEYS, {{"Cookie", "a=b"}, {"Cookie", "op_session=ses_live_" TOKEN}}, OK},
        {OP_ROUTE_KEYS, {{"Cookie", "xop_session=ses_live_" TOKEN}}, NO},
        {OP_ROUTE_KEYS, {{"Cookie", "op_sessions=ses_live_" TOKEN}}, NO},
        {OP_ROUTE_KEYS, {{"Cookie", "op_session"}}, NO},
        {OP_ROUTE_KEYS, {{"Cookie", "op_session=;;"}}, NO},
        {OP_ROUTE_KEYS,
         {{"Cookie", "op_session=ses_live_" TOKEN}, {"Authorization", "Bearer op_live_" TOKEN}},
         NO},
        {OP_ROUTE_KEYS,
         {{"Cookie", "op_session=ses_live_" TOKEN}, {"Authorization", "Basic abc"}},
         OK},
        {OP_ROUTE_AUTH_LOGOUT, {{"Authorization", "Bearer ses_live_" TOKEN}}, OK},
        {OP_ROUTE_HEALTH, {{"Authorization", "Bearer nonsense"}}, OK},
    };
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        const op_route_t *route = op_route(table[i].route);
        op_http_header_t headers[2];
        op_http_request_t request = s_request(route->method, table[i].lines, 2, headers);
        op_hash_t hash, none = {0};
        op_error_t error = op_credential_check(route, &request, false, &hash);
        if (error != (op_error_t)table[i].error)
            fail_msg("row %zu: %s", i, op_error_code(error));
        bool has = error == OP_OK && table[i].route != OP_ROUTE_HEALTH;
        assert_int_equal(memcmp(&hash, &none, sizeof hash) != 0, has);
    }
    /* The hash is the token's own. */
    op_http_header_t header;
    op_http_request_t request = s_request("GET", table[0].lines, 1, &header);
    op_hash_t hash, expected = op_token_hash(OP_STR("op_live_" TOKEN));
    assert_int_equal(op_credential_check(op_route(OP_ROUTE_NUMBER), &request, false, &hash), OP_OK);
    assert_memory_equal(&hash, &expected, sizeof hash);
}

static void s_origins(void **state)
{
    (void)state;
    static const struct {
        const char *method;
        s_line_t lines[2];
        bool tls, allowed;
    } table[] = {
        {"POST", {{NULL, NULL}}, false, true},
        {"POST", {{"Sec-Fetch-Site", "same-origin"}}, false, true},
        {"POST", {{"Sec-Fetch-Site", "none"}}, false, true},
        {"POST", {{"Sec-Fetch-Site", "same-site"}}, false, false},
        {"POST", {{"Sec-Fetch-Site", "cross-site"}}, false, false},
        {"DELETE", {{"Sec-Fetch-Site", "cross-site"}}, false, false},
        {"GET", {{"Sec-Fetch-Site", "cross-site"}}, false, true},
        {"HEAD", {{"Origin", "https://evil.example"}}, false, true},
        {"POST",
         {{"Sec-Fetch-Site", "cross-site"}, {"Origin", "http://op.example:8080"}},
         false,
         false},
        {"POST", {{"Sec-Fetch-Site", "same-origin"}, {"Sec-Fetch-Site", "none"}}, false, false},
        {"POST", {{"Origin", "http://op.example:8080"}}, false, true},
        {"POST", {{"Origin", "http://OP.example:8080"}}, false, true},
        {"POST", {{"Origin", "https://op.example:8080"}}, false, false},
        {"POST", {{"Origin", "https://op.example:8080"}}, true, true},
        {"POST", {{"Origin", "http://op.example:8080"}}, true, false},
        {"POST", {{"Origin", "http://op.example"}}, false, false},
        {"POST", {{"Origin", "http://op.example:80801"}}, false, false},
        {"POST", {{"Origin", "http://evil.example"}}, false, false},
        {"POST", {{"Origin", "null"}}, false, false},
        {"POST", {{"Origin", ""}}, false, false},
    };
    for (size_t i = 0; i < OP_COUNT(table); i++)
        for (int bearer = 0; bearer < 2; bearer++) {
            op_http_header_t headers[4];
            op_http_request_t request = s_request(table[i].method, table[i].lines, 2, headers);
            headers[request.header_count++] =
                (op_http_header_t){OP_STR("Host"), OP_STR("op.example:8080")};
            headers[request.header_count++] =
                bearer
                    ? (op_http_header_t){OP_STR("Authorization"), OP_STR("Bearer ses_live_" TOKEN)}
                    : (op_http_header_t){OP_STR("Cookie"), OP_STR("op_session=ses_live_" TOKEN)};
            op_hash_t hash;
            op_error_t error =
                op_credential_check(op_route(OP_ROUTE_KEY_CREATE), &request, table[i].tls, &hash);
            op_error_t expected = bearer || table[i].allowed ? OP_OK : OP_ERROR_FORBIDDEN;
            if (error != expected)
                fail_msg("row %zu: %s", i, op_error_code(error));
        }
}

/*  The scheme's own port says nothing, wherever it stands. */
static void s_default_ports(void **state)
{
    (void)state;
    static const struct {
        const char *host, *origin;
        bool tls, allowed;
    } table[] = {
        {"op.example:80", "http://op.example", false, true},
        {"op.example", "http://op.example:80", false, true},
        {"OP.example:80", "http://op.example:80", false, true},
        {"op.example:443", "https://op.example", true, true},
        {"op.example", "https://op.example:443", true, true},
        {"[::1]:80", "http://[::1]", false, true},
        {"op.example:443", "http://op.example", false, false},
        {"op.example:80", "https://op.example", true, false},
        {"op.example:80", "http://op.example:8080", false, false},
        {"op.example:8080", "http://op.example:80", false, false},
        {"op.example", "http://op.example:443", false, false},
        {"op.example:80", "http://evil.example", false, false},
        {"op.example", "http://op.example:80:80", false, false},
        {":80", "http://", false, false},
    };
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        op_http_header_t headers[] = {
            {OP_STR("Host"), op_str(table[i].host)},
            {OP_STR("Origin"), op_str(table[i].origin)},
            {OP_STR("Cookie"), OP_STR("op_session=ses_live_" TOKEN)},
        };
        op_http_request_t request = {
            .method = OP_STR("POST"), .headers = headers, .header_count = 3};
        op_hash_t hash;
        op_error_t error =
            op_credential_check(op_route(OP_ROUTE_KEY_CREATE), &request, table[i].tls, &hash);
        if (error != (table[i].allowed ? OP_OK : OP_ERROR_FORBIDDEN))
            fail_msg("row %zu: %s", i, op_error_code(error));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(s_credentials),
        cmocka_unit_test(s_origins),
        cmocka_unit_test(s_default_ports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
