/*  The guard alone, over heads as civetweb's parser leaves them: test_http_refusals.c shows that
    it does leave them so. In these texts '~' stands for the NUL that the parser wrote; headers
    are given by the offset of name and value, found by searching. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/guard.h"

#include <civetweb.h>
#include <stdio.h>
#include <string.h>

typedef struct {
    char text[1024];
    struct mg_request_info info;
} s_head_t;

/*  Splits "GET~/a~HTTP/1.1~~Name~ value~~Name~ value~~\r~" as the parser would have handed it
    out. */
static void s_make(s_head_t *head, const char *text)
{
    memset(head, 0, sizeof *head);
    size_t size = strlen(text);
    assert_true(size < sizeof head->text);
    for (size_t i = 0; i < size; i++)
        head->text[i] = text[i] == '~' ? 0 : text[i];
    char *at = head->text, *end = head->text + size;
    head->info.request_method = at;
    at += strlen(at) + 1;
    head->info.request_uri = at;
    at += strlen(at) + 1;
    if (strncmp(at, "HTTP/", 5) != 0) {
        head->info.query_string = at;
        at += strlen(at) + 1;
    }
    head->info.http_version = at + 5;
    at += strlen(at);
    while (at < end && *at == 0)
        at++;
    while (at < end && *at != '\r' && *at != ' ') {
        struct mg_header *header = &head->info.http_headers[head->info.num_headers++];
        header->name = at;
        at += strlen(at);
        while (*at == 0 || *at == ' ')
            at++;
        header->value = at;
        at += strlen(at);
        for (int nul = 0; nul < 2 && at < end && *at == 0; nul++)
            at++;
    }
}

#define GET "GET~/a~HTTP/1.1~~"

static void test_passes(void **state)
{
    (void)state;
    static s_head_t head;
    op_guard_t guard;
    s_make(&head, "POST~/a%20b~q=1~HTTP/1.1~~Host~ h~~X-Y~   a b  ~~content-length~ 0012~~\r~");
    assert_true(op_guard_check(&guard, &head.info));
    assert_int_equal(guard.status, 0);
    assert_true(op_str_is(guard.method, "POST"));
    assert_true(op_str_is(guard.raw_path, "/a%20b"));
    assert_true(op_str_is(guard.query, "q=1"));
    assert_int_equal(guard.body_size, 12);
    assert_true(guard.keep_alive);
    assert_int_equal(guard.header_count, 3);
    assert_true(op_str_is(guard.headers[1].name, "X-Y"));
    assert_true(op_str_is(guard.headers[1].value, "a b"));

    assert_true(op_guard_body(&guard, OP_STR("{\"a\":1}")));
    assert_true(op_guard_body(&guard, OP_STR("")));
    assert_true(op_guard_body(&guard, OP_STR("POST /b")));
    assert_true(op_guard_body(&guard, OP_STR("\r\n{}")));
    assert_false(op_guard_body(&guard, OP_STR("\r\0x")));
    assert_int_equal(guard.status, 400);
    assert_false(op_guard_body(&guard, OP_STR("\r")));
}

static void test_keep_alive(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool keep, expects;
    } cases[] = {
        {GET "Host~ h~~\r~", true, false},
        {GET "Host~ h~~Connection~ Keep-Alive~~\r~", true, false},
        {GET "Host~ h~~Connection~ close~~\r~", false, false},
        {GET "Host~ h~~Connection~ keep-alive, TE~~\r~", false, false},
        {GET "Host~ h~~Connection~ keep-alive~~Connection~ keep-alive~~\r~", false, false},
        {"GET~/a~HTTP/1.0~~Host~ h~~Connection~ keep-alive~~\r~", false, false},
        {"GET~/a~HTTP/1.0~~X~ y~~\r~", false, false},
        {GET "Host~ h~~Expect~ 100-Continue~~\r~", true, true},
    };
    for (size_t i = 0; i < OP_COUNT(cases); i++) {
        static s_head_t head;
        op_guard_t guard;
        s_make(&head, cases[i].text);
        if (!op_guard_check(&guard, &head.info))
            fail_msg("%s: %s", cases[i].text, guard.message);
        assert_int_equal(guard.keep_alive, cases[i].keep);
        assert_int_equal(guard.expects, cases[i].expects);
    }
}

static void test_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int status;
    } cases[] = {
        {"GET~/a~HTTP/1.1~Host~ h~~\r~", 400},         /* bare LF after the request line */
        {"GET~/a~HTTP/1.1~~~Host~ h~~\r~", 400},       /* a blank before the first name */
        {GET "Host~ h~X~ y~~\r~", 400},                /* bare LF */
        {GET "Host~ h~~ folded\r~", 400},              /* a folded line was dropped */
        {GET "Host~ h~~: y\r~", 400},                  /* a nameless line was dropped */
        {GET "Host~ h~~X: y", 400},                    /* cut at the header limit */
        {GET "Host~ h~~\rX: y", 400},                  /* CR alone is no empty line */
        {GET "Host~~ h~~\r~", 400},                    /* a blank before the colon */
        {GET "Host~ h~~X(~ y~~\r~", 400},              /* no token */
        {GET "Host~ h~~X~ a\x01z~~\r~", 400},          /* control octet */
        {GET "Host~ h~~X~ a\tz~~\r~", 400},            /* tab */
        {GET "Host~ h~~Host~ h~~\r~", 400},            /* two Hosts */
        {GET "Host~ a b~~\r~", 400},                   /* a list is no host */
        {GET "X~ y~~\r~", 400},                        /* none */
        {GET "Host~ h~~Content-Length~ 5x~~\r~", 400}, /* trailing text */
        {GET "Host~ h~~Content-Length~ +5~~\r~", 400}, /* sign */
        {GET "Host~ h~~Content-Length~ 12345678901~~\r~", 400},
        {GET "Host~ h~~Content-Length~ 5~~CONTENT-LENGTH~ 5~~\r~", 400},
        {GET "Host~ h~~Transfer-Encoding~ chunked~~\r~", 411},
        {GET "Host~ h~~Expect~ more~~\r~", 417},
        {"GET~/a~HTTP/1.2~~Host~ h~~\r~", 505},
        {"GET~/a~HTTP/1.10~~Host~ h~~\r~", 505},
        {"GET~a~HTTP/1.1~~Host~ h~~\r~", 400},
        {"GET~http://h/a~HTTP/1.1~~Host~ h~~\r~", 400},
        {"G(T~/a~HTTP/1.1~~Host~ h~~\r~", 400},
    };
    for (size_t i = 0; i < OP_COUNT(cases); i++) {
        static s_head_t head;
        op_guard_t guard;
        s_make(&head, cases[i].text);
        if (op_guard_check(&guard, &head.info))
            fail_msg("%s passed", cases[i].text);
        if (guard.status != cases[i].status)
            fail_msg("%s: %d", cases[i].text, guard.status);
        assert_int_not_equal(guard.error, OP_OK);
    }
}

static void test_unfinished(void **state)
{
    (void)state;
    op_guard_t guard;
    struct mg_request_info info;
    memset(&info, 0, sizeof info);
    assert_false(op_guard_check(&guard, &info));
    assert_int_equal(guard.status, 400);

    static s_head_t head;
    s_make(&head, GET "Host~ h~~\r~");
    head.info.num_headers = MG_MAX_HEADERS;
    assert_false(op_guard_check(&guard, &head.info));
    assert_int_equal(guard.status, 431);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_passes),
        cmocka_unit_test(test_keep_alive),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_unfinished),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
