/*  test_bench_client.c - the load tool's measuring parts: responses, URLs, percentiles */

#include "tools/opbench/client.h"
#include "tools/opbench/histogram.h"

// clang-format off
#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on
#include <stdlib.h>
#include <string.h>

static const char S_ANSWER[] = "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n"
                               "content-length:  7 \r\n\r\n{\"a\":1}";

/*  Every prefix in memory of its own size, so that the address sanitizer sees a step too far. */
static void s_cut_anywhere_asks_for_more(void **state)
{
    (void)state;
    op_bench_response_t response;
    for (size_t size = 0; size < sizeof S_ANSWER - 1; size++) {
        char *bytes = op_alloc(size + 1);
        memcpy(bytes, S_ANSWER, size);
        bytes = op_realloc(bytes, size == 0 ? 1 : size);
        assert_int_equal(op_bench_parse(op_str_of(bytes, size), &response), OP_BENCH_MORE);
        free(bytes);
    }
    assert_int_equal(op_bench_parse(op_str(S_ANSWER), &response), OP_BENCH_WHOLE);
    assert_int_equal(response.status, 201);
    assert_int_equal(response.body, 7);
    assert_int_equal(response.head + response.body, sizeof S_ANSWER - 1);
    assert_false(response.close);
}

static void s_answers(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        op_bench_parse_t parsed;
        int status;
        bool close;
    } rows[] = {
        {"HTTP/1.1 204 No Content\r\n\r\n", OP_BENCH_WHOLE, 204, false},
        {"HTTP/1.1 204\r\n\r\n", OP_BENCH_WHOLE, 204, false},
        {"HTTP/1.1 503 X\r\nConnection: Close\r\nContent-Length: 0\r\n\r\n", OP_BENCH_WHOLE, 503,
         true},
        {"HTTP/1.1 200 OK\r\nX: Content-Length: 9\r\nContent-Length: 0\r\n\r\n", OP_BENCH_WHOLE,
         200, false},
        {"HTTP/1.1 200 OK\r\n\r\n", OP_BENCH_BAD, 0, false},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", OP_BENCH_BAD, 0, false},
        {"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", OP_BENCH_BAD, 0, false},
        {"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", OP_BENCH_BAD, 0, false},
        {"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", OP_BENCH_BAD, 0, false},
        {"HTTP/1.1 100 Continue\r\n\r\n", OP_BENCH_BAD, 0, false},
        {"HTTP/1.1 999 X\r\nContent-Length: 0\r\n\r\n", OP_BENCH_BAD, 0, false},
        {"\r\n\r\n", OP_BENCH_BAD, 0, false},
    };
    for (size_t at = 0; at < OP_COUNT(rows); at++) {
        op_bench_response_t response;
        assert_int_equal(op_bench_parse(op_str(rows[at].bytes), &response), rows[at].parsed);
        if (rows[at].parsed == OP_BENCH_WHOLE) {
            assert_int_equal(response.status, rows[at].status);
            assert_int_equal(response.close, rows[at].close);
        }
    }
}

static void s_endless_head_is_bad(void **state)
{
    (void)state;
    op_buf_t bytes = {.size = 0};
    op_bench_response_t response;
    while (bytes.size < OP_BENCH_HEAD_MAX)
        op_buf_add_byte(&bytes, 'x');
    assert_int_equal(op_bench_parse(op_buf_str(&bytes), &response), OP_BENCH_MORE);
    op_buf_add_byte(&bytes, 'x');
    assert_int_equal(op_bench_parse(op_buf_str(&bytes), &response), OP_BENCH_BAD);
    op_buf_free(&bytes);
}

static void s_urls(void **state)
{
    (void)state;
    static const struct {
        const char *url, *authority, *path;
    } rows[] = {
        {"http://127.0.0.1:8080", "127.0.0.1:8080", "/"},
        {"http://127.0.0.1/healthz?a=b#c", "127.0.0.1", "/healthz?a=b"},
        {"http://[::1]:80/x", "[::1]:80", "/x"},
        {"https://127.0.0.1/", NULL, NULL},
        {"http://", NULL, NULL},
        {"http://:80/", NULL, NULL},
        {"http://127.0.0.1:/", NULL, NULL},
        {"http://127.0.0.1:65536/", NULL, NULL},
        {"http://[::1/", NULL, NULL},
        {"http://[::1]80/", NULL, NULL},
    };
    for (size_t at = 0; at < OP_COUNT(rows); at++) {
        op_bench_target_t target;
        char error[128];
        int failed = op_bench_target(&target, rows[at].url, error, sizeof error);
        assert_int_equal(failed, rows[at].authority == NULL ? -1 : 0);
        if (failed == 0) {
            assert_string_equal(target.authority, rows[at].authority);
            assert_string_equal(target.path, rows[at].path);
        }
    }
}

static void s_requests(void **state)
{
    (void)state;
    const op_bench_target_t target = {.authority = "h:1"};
    op_buf_t out = {.size = 0};
    op_bench_request(&out, &target, &(op_bench_ask_t){"GET", "/a", OP_STR(""), OP_STR("")});
    assert_true(op_str_is(op_buf_str(&out), "GET /a HTTP/1.1\r\nHost: h:1\r\n\r\n"));
    op_buf_clear(&out);
    op_bench_request(&out, &target, &(op_bench_ask_t){"POST", "/b", OP_STR("k"), OP_STR("{}")});
    assert_true(op_str_is(op_buf_str(&out),
                          "POST /b HTTP/1.1\r\nHost: h:1\r\nAuthorization: Bearer k\r\n"
                          "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"));
    op_buf_clear(&out);
    op_bench_request(&out, &target, &(op_bench_ask_t){"POST", "/c", OP_STR(""), OP_STR("")});
    assert_true(
        op_str_is(op_buf_str(&out), "POST /c HTTP/1.1\r\nHost: h:1\r\nContent-Length: 0\r\n\r\n"));
    op_buf_free(&out);
}

static void s_percentiles(void **state)
{
    (void)state;
    op_bench_histogram_t *times = op_alloc(sizeof *times);
    *times = (op_bench_histogram_t){.count = 0};
    assert_int_equal(op_bench_histogram_at(times, 50), 0);
    for (uint64_t value = 1; value <= 100; value++)
        op_bench_histogram_add(times, value);
    assert_int_equal(op_bench_histogram_at(times, 0.5), 1);
    assert_int_equal(op_bench_histogram_at(times, 50), 50);
    assert_int_equal(op_bench_histogram_at(times, 99), 99);
    assert_int_equal(op_bench_histogram_at(times, 100), 100);
    free(times);
}

/*  Any value alone below a larger one: found at or above itself, by less than 1/64. */
static void s_percentiles_are_close(void **state)
{
    (void)state;
    op_bench_histogram_t *times = op_alloc(sizeof *times);
    for (unsigned bit = 0; bit < 64; bit++) {
        for (uint64_t step = 0; step < 3; step++) {
            uint64_t value = (UINT64_C(1) << bit) - 1 + step;
            *times = (op_bench_histogram_t){.count = 0};
            op_bench_histogram_add(times, value);
            op_bench_histogram_add(times, UINT64_MAX);
            uint64_t found = op_bench_histogram_at(times, 50);
            assert_true(found >= value);
            assert_true(found - value <= value / 64);
            assert_true(op_bench_histogram_at(times, 100) == UINT64_MAX);
        }
    }
    free(times);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(s_cut_anywhere_asks_for_more),
        cmocka_unit_test(s_answers),
        cmocka_unit_test(s_endless_head_is_bad),
        cmocka_unit_test(s_urls),
        cmocka_unit_test(s_requests),
        cmocka_unit_test(s_percentiles),
        cmocka_unit_test(s_percentiles_are_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
