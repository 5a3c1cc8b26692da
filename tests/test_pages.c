#include "http/pages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const op_pages_fact_t s_facts[] = {{"day_free", "50"}, {"shared_number", "+16176088932"}};
static const op_pages_fact_t *s_now;
static op_http_response_t s_response;

static op_pages_t *s_new(const char *base_url, bool tls)
{
    return op_pages_new(&(op_pages_options_t){.base_url = base_url,
                                              .fallback = "http://127.0.0.1:8080",
                                              .behind_tls = tls,
                                              .facts = s_facts,
                                              .fact_count = OP_COUNT(s_facts)});
}

/*  Asks for a page; `name` and `value` are a header, or NULL. */
static void s_ask(op_pages_t *pages, const char *path, const char *name, const char *value)
{
    op_http_header_t header = {op_str(name ? name : ""), op_str(value ? value : "")};
    op_http_request_t request = {.method = OP_STR("GET"),
                                 .path = op_str(path),
                                 .headers = &header,
                                 .header_count = name ? 1 : 0};
    op_http_response_reset(&s_response);
    op_pages_serve(pages, &request, s_now, &s_response);
}

static bool s_says(const op_buf_t *buffer, const char *text)
{
    return buffer->size && memmem(buffer->at, buffer->size, text, strlen(text));
}

static bool s_has(const char *text)
{
    return s_says(&s_response.body, text);
}

static void s_only_the_table(void **state)
{
    (void)state;
    static const char *const none[] = {
        "/index.html",
        "/docs/",
        "/docs/..",
        "/docs/../docs",
        "/docs/x",
        "/redoc/redoc.lib.js",
        "/DOCS",
        "/web/package.json",
        "/skill.MD",
        "//docs",
        "",
        "/http/pages.def",
    };
    op_pages_t *pages = s_new(NULL, false);
    for (size_t i = 0; i < OP_COUNT(none); i++)
        if (op_pages_has(pages, op_str(none[i])))
            fail_msg("%s", none[i]);
    assert_true(op_pages_has(pages, OP_STR("/docs")));
    assert_true(op_pages_has(pages, OP_STR("/openapi.json")));
    assert_false(op_pages_has(NULL, OP_STR("/docs")));
    op_pages_destroy(&pages);
    op_pages_destroy(&pages);
}

/*  The bare address leads a browser to the pages, whoever the client takes this server for. */
static void s_the_front(void **state)
{
    (void)state;
    op_pages_t *pages = s_new("https://op.example", true);
    assert_true(op_pages_has(pages, OP_STR("/")));
    assert_false(op_pages_holds(pages, OP_STR("/"), "base_url"));
    s_ask(pages, "/", "Host", "evil.example");
    assert_int_equal(s_response.status, 302);
    assert_true(s_says(&s_response.headers, "Location: /docs\r\n"));
    assert_true(s_says(&s_response.headers, "Cache-Control: no-cache\r\n"));
    assert_null(s_response.content_type);
    assert_int_equal(s_response.body.size, 0);
    assert_true(op_pages_has(pages, OP_STR("/docs")));
    s_ask(pages, "/openapi.json", NULL, NULL);
    assert_false(s_has("\"/\":"));
    op_pages_destroy(&pages);
}

static void s_base_urls(void **state)
{
    (void)state;
    static const struct {
        const char *base_url;
        bool tls;
        const char *host, *expected;
    } table[] = {
        {NULL, false, "op.example:8080", "OP=http://op.example:8080\n"},
        {"", true, "op.example", "OP=https://op.example\n"},
        {NULL, false, "[::1]:8080", "OP=http://[::1]:8080\n"},
        {NULL, false, NULL, "OP=http://127.0.0.1:8080\n"},
        {NULL, false, "", "OP=http://127.0.0.1:8080\n"},
        {NULL, false, "a/../b", "OP=http://127.0.0.1:8080\n"},
        {NULL, false, "a;rm -rf", "OP=http://127.0.0.1:8080\n"},
        {NULL, false, "a\"b", "OP=http://127.0.0.1:8080\n"},
        {NULL, false, "user@op.example", "OP=http://127.0.0.1:8080\n"},
        {"https://op.example", false, "other.example", "OP=https://op.example\n"},
    };
    for (size_t i = 0; i < OP_COUNT(table); i++) {
        op_pages_t *pages = s_new(table[i].base_url, table[i].tls);
        s_ask(pages, "/skill.md", table[i].host ? "Host" : NULL, table[i].host);
        if (!s_has(table[i].expected))
            fail_msg("row %zu", i);
        op_pages_destroy(&pages);
    }
}

static void s_texts_are_filled(void **state)
{
    (void)state;
    op_pages_t *pages = s_new("https://op.example", false);
    s_ask(pages, "/skill.md", NULL, NULL);
    assert_string_equal(s_response.content_type, "text/markdown; charset=utf-8");
    assert_true(s_has("`+16176088932`"));
    assert_true(s_has("50 texts a day"));
    assert_true(s_has("{{day_paid}}")); /* a fact that nobody gave is left as it is */
    assert_false(s_says(&s_response.headers, "Vary: "));
    assert_true(op_pages_holds(pages, OP_STR("/skill.md"), "shared_number"));
    assert_false(op_pages_holds(pages, OP_STR("/openapi.json"), "shared_number"));
    assert_false(op_pages_holds(pages, OP_STR("/docs/start.js"), "shared_number"));
    assert_false(op_pages_holds(NULL, OP_STR("/skill.md"), "shared_number"));
    s_now = &(op_pages_fact_t){"shared_number", "+16176088933"}; /* since then */
    s_ask(pages, "/skill.md", NULL, NULL);
    assert_true(s_has("`+16176088933`"));
    assert_false(s_has("`+16176088932`"));
    s_now = NULL;
    s_ask(pages, "/openapi.json", NULL, NULL);
    assert_true(s_has("\"servers\":[{\"url\":\"https://op.example\"}]"));
    assert_false(s_has("{{"));
    op_pages_destroy(&pages);
    pages = s_new(NULL, false);
    s_ask(pages, "/openapi.json", "Host", "op.example");
    assert_true(s_says(&s_response.headers, "Vary: Host\r\n"));
    op_pages_destroy(&pages);
}

/*  Of the last answer, a whole page. */
static void s_tag(char tag[64])
{
    const char *at = memmem(s_response.headers.at, s_response.headers.size, "ETag: ", 6);
    assert_non_null(at);
    assert_int_equal(sscanf(at, "ETag: %60s", tag), 1);
    assert_int_equal(s_response.status, 200);
}

static void s_facts_are_replaced(void **state)
{
    (void)state;
    op_pages_t *pages = s_new("https://op.example", false);
    char tag[64];
    s_ask(pages, "/skill.md", NULL, NULL);
    s_tag(tag);
    op_pages_learn(pages, s_facts, OP_COUNT(s_facts));
    s_ask(pages, "/skill.md", "If-None-Match", tag);
    assert_int_equal(s_response.status, 304);
    op_pages_learn(pages, &(op_pages_fact_t){"day_free", "60"}, 1);
    s_ask(pages, "/skill.md", "If-None-Match", tag);
    assert_int_equal(s_response.status, 200);
    assert_true(s_has("60 texts a day"));
    assert_true(s_has("{{shared_number}}"));
    op_pages_destroy(&pages);
}

static void s_etags(void **state)
{
    (void)state;
    op_pages_t *pages = s_new(NULL, false);
    char tag[64], list[100];
    s_ask(pages, "/docs/start.js", NULL, NULL);
    s_tag(tag);
    s_ask(pages, "/docs/start.js", "If-None-Match", tag);
    assert_int_equal(s_response.status, 304);
    snprintf(list, sizeof list, "\"x\", W/%s", tag);
    s_ask(pages, "/docs/start.js", "if-none-match", list);
    assert_int_equal(s_response.status, 304);
    s_ask(pages, "/docs/start.js", "If-None-Match", "\"x\"");
    assert_int_equal(s_response.status, 200);
    s_ask(pages, "/redoc/start.js", "If-None-Match", tag);
    assert_int_equal(s_response.status, 200);
    op_pages_destroy(&pages);
}

static void s_large_files_are_compressed(void **state)
{
    (void)state;
    static const char *const paths[] = {"/docs/swagger-ui-bundle.js", "/docs/swagger-ui.css",
                                        "/redoc/redoc.standalone.js"};
    static const struct {
        const char *accept;
        bool packed;
    } table[] = {
        {"gzip", true},
        {"GZip", true},
        {"deflate, gzip;q=0.5, br", true},
        {"deflate,gzip ; q=0.001", true},
        {"gzip;q=0", false},
        {"gzip; q=0.000, deflate", false},
        {"deflate, br", false},
        {"x-gzip, gzipped", false},
        {"*", false},
        {"", false},
        {NULL, false},
    };
    op_pages_t *pages = s_new(NULL, false);
    for (size_t i = 0; i < OP_COUNT(paths); i++) {
        s_ask(pages, paths[i], NULL, NULL);
        size_t whole = s_response.body.size;
        for (size_t j = 0; j < OP_COUNT(table); j++) {
            const char *accept = table[j].accept;
            s_ask(pages, paths[i], accept ? "Accept-Encoding" : NULL, accept);
            if (s_says(&s_response.headers, "Content-Encoding: gzip\r\n") != table[j].packed)
                fail_msg("%s", accept);
            assert_true(s_says(&s_response.headers, "Vary: Accept-Encoding\r\n"));
            if (table[j].packed) {
                assert_true(s_response.body.size < whole / 2);
                assert_memory_equal(s_response.body.at, "\x1f\x8b\x08", 3);
                /* RFC 1952 2.3.1: how long the file is, modulo 2^32, little-endian */
                const uint8_t *end = (const uint8_t *)s_response.body.at + s_response.body.size;
                assert_int_equal(end[-4] | end[-3] << 8 | end[-2] << 16, whole);
            } else {
                assert_int_equal(s_response.body.size, whole);
            }
        }
    }
    s_ask(pages, "/docs/start.js", "Accept-Encoding", "gzip");
    assert_false(s_says(&s_response.headers, "Encoding"));
    op_pages_destroy(&pages);
}

/*  What a page names with src or href is a page too, or another site for no page at all. */
static void s_check_references(op_pages_t *pages, const char *path)
{
    static const char *const marks[] = {"src=\"", "href=\""};
    s_ask(pages, path, NULL, NULL);
    op_buf_add_byte(&s_response.body, 0);
    size_t found = 0;
    for (size_t i = 0; i < OP_COUNT(marks); i++)
        for (const char *at = s_response.body.at; (at = strstr(at, marks[i])) != NULL; found++) {
            at += strlen(marks[i]);
            if (!op_pages_has(pages, op_str_of(at, strcspn(at, "\""))))
                fail_msg("%s: %.40s", path, at);
        }
    assert_true(found > 5);
    assert_null(strstr(s_response.body.at, "<script>"));
    assert_null(strstr(s_response.body.at, "style=\""));
    assert_null(strstr(s_response.body.at, "://"));
}

static void s_pages_are_shut(void **state)
{
    (void)state;
    op_pages_t *pages = s_new(NULL, false);
    static const char *const paths[] = {"/docs", "/redoc", "/openapi.json", "/docs/start.js"};
    for (size_t i = 0; i < OP_COUNT(paths); i++) {
        s_ask(pages, paths[i], NULL, NULL);
        assert_true(s_says(&s_response.headers, "Content-Security-Policy: default-src 'none'; "));
        assert_true(s_says(&s_response.headers, "frame-ancestors 'none'"));
        assert_true(s_says(&s_response.headers, "X-Content-Type-Options: nosniff\r\n"));
        assert_true(s_says(&s_response.headers, "Referrer-Policy: no-referrer\r\n"));
        assert_true(s_says(&s_response.headers, "Cache-Control: no-cache\r\n"));
        assert_false(s_says(&s_response.headers, "unsafe"));
        assert_false(s_says(&s_response.headers, "http"));
    }
    s_check_references(pages, "/docs");
    s_check_references(pages, "/redoc");
    s_ask(pages, "/redoc/redoc.standalone.js", NULL, NULL);
    assert_true(s_response.body.size > 500000);
    assert_false(s_has("cdn.redoc.ly"));
    s_ask(pages, "/docs/swagger-ui-bundle.js", NULL, NULL);
    assert_true(s_response.body.size > 1000000);
    op_pages_destroy(&pages);
    op_http_response_free(&s_response);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(s_only_the_table),     cmocka_unit_test(s_the_front),
        cmocka_unit_test(s_base_urls),          cmocka_unit_test(s_texts_are_filled),
        cmocka_unit_test(s_facts_are_replaced), cmocka_unit_test(s_etags),
        cmocka_unit_test(s_pages_are_shut),     cmocka_unit_test(s_large_files_are_compressed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
