/*  transport/metrics.c: the text that Prometheus reads, and the bounds of what is kept */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "transport/metrics.h"

#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static op_metrics_t *s_metrics;
static op_buf_t s_text;

static int s_setup(void **state)
{
    (void)state;
    s_metrics = op_metrics_new();
    return 0;
}

static int s_teardown(void **state)
{
    (void)state;
    op_metrics_destroy(&s_metrics);
    op_metrics_destroy(&s_metrics);
    op_buf_free(&s_text);
    return 0;
}

static const char *s_print(void)
{
    op_buf_clear(&s_text);
    op_metrics_print(s_metrics, &s_text);
    op_buf_add_byte(&s_text, 0);
    return s_text.at;
}

static void s_put(op_metric_t metric, int64_t value, const char *first, const char *second)
{
    op_metrics_put(s_metrics, metric, value, op_str(first), op_str(second));
}

static void s_expect(const char *line)
{
    char whole[300];
    assert_in_range(snprintf(whole, sizeof whole, "\n%s\n", line), 0, sizeof whole - 1);
    if (!strstr(s_print(), whole))
        fail_msg("no line %s in:\n%s", line, s_text.at);
}

/*  ---- A strict reader of the text format ---- */

static size_t s_name(const char *at)
{
    size_t size = 0;
    while (isalpha((unsigned char)at[size]) || at[size] == '_' ||
           (size && isdigit((unsigned char)at[size])))
        size++;
    return size;
}

/*  Behind the labels, which are {name="value",...} with \\ \" \n escaped. */
static const char *s_skip_labels(const char *at)
{
    if (*at != '{')
        return at;
    do {
        at++;
        size_t size = s_name(at);
        assert_true(size > 0);
        at += size;
        assert_memory_equal(at, "=\"", 2);
        for (at += 2; *at != '"'; at++) {
            assert_true((unsigned char)*at >= ' ');
            if (*at == '\\') {
                at++;
                assert_non_null(strchr("\\\"n", *at));
            }
        }
        at++;
    } while (*at == ',');
    assert_int_equal(*at, '}');
    return at + 1;
}

/*  Every line is a comment or a sample; a family is one piece under its HELP and TYPE. */
static size_t s_check(const char *text)
{
    char family[100] = "", type[20] = "";
    size_t samples = 0;
    while (*text) {
        const char *end = strchr(text, '\n');
        assert_non_null(end);
        if (*text == '#') {
            char name[100];
            if (sscanf(text, "# HELP %99s", name) == 1)
                assert_string_not_equal(name, family);
            else
                assert_int_equal(sscanf(text, "# TYPE %99s %19s", family, type), 2);
        } else {
            size_t size = s_name(text), known = strlen(family);
            assert_true(size >= known && known && memcmp(text, family, known) == 0);
            op_str_t suffix = op_str_of(text + known, size - known);
            bool histogram = strcmp(type, "histogram") == 0;
            assert_true(histogram ? op_str_is(suffix, "_bucket") || op_str_is(suffix, "_sum") ||
                                        op_str_is(suffix, "_count")
                                  : suffix.size == 0);
            if (strcmp(type, "counter") == 0)
                assert_memory_equal(family + known - 6, "_total", 6);
            const char *at = s_skip_labels(text + size);
            assert_int_equal(*at, ' ');
            char *rest;
            (void)strtod(at + 1, &rest);
            assert_true(rest > at + 1 && rest == end);
            samples++;
        }
        text = end + 1;
    }
    return samples;
}

/*  ---- Tests ---- */

static void test_counters_and_gauges(void **state)
{
    (void)state;
    s_put(OP_METRIC_HTTP_REQUESTS, 1, "GET /healthz", "200");
    s_put(OP_METRIC_HTTP_REQUESTS, 2, "GET /healthz", "200");
    s_put(OP_METRIC_HTTP_REQUESTS, 1, "GET /healthz", "429");
    s_put(OP_METRIC_COMMITS, 7, "ledger", "");
    s_put(OP_METRIC_COMMITS, 9, "ledger", "");
    s_put(OP_METRIC_MODEM_SIGNAL, 17, "0", "");
    s_put(OP_METRIC_MODEM_SIGNAL, -3, "0", "");
    s_put(OP_METRIC_PROCESS_CPU, 1500000, "", "");
    s_expect("op_http_requests_total{route=\"GET /healthz\",status=\"200\"} 3");
    s_expect("op_http_requests_total{route=\"GET /healthz\",status=\"429\"} 1");
    s_expect("op_commits_total{actor=\"ledger\"} 9");
    s_expect("op_modem_signal{line=\"0\"} -3");
    s_expect("process_cpu_seconds_total 1.5");
    s_expect("# TYPE op_commits_total counter");
    s_expect("# TYPE op_modem_signal gauge");
    s_check(s_print());
}

static void test_histograms(void **state)
{
    (void)state;
    static const int64_t values[] = {0, 500, 501, 1000, 9999999, 10000000, 10000001, 60000000};
    for (size_t i = 0; i < OP_COUNT(values); i++)
        s_put(OP_METRIC_HTTP_DURATION, values[i], "GET /", "");
    s_expect("op_http_request_duration_seconds_bucket{route=\"GET /\",le=\"0.0005\"} 2");
    s_expect("op_http_request_duration_seconds_bucket{route=\"GET /\",le=\"0.001\"} 4");
    s_expect("op_http_request_duration_seconds_bucket{route=\"GET /\",le=\"5\"} 4");
    s_expect("op_http_request_duration_seconds_bucket{route=\"GET /\",le=\"10\"} 6");
    s_expect("op_http_request_duration_seconds_bucket{route=\"GET /\",le=\"+Inf\"} 8");
    s_expect("op_http_request_duration_seconds_sum{route=\"GET /\"} 90.002001");
    s_expect("op_http_request_duration_seconds_count{route=\"GET /\"} 8");
    s_check(s_print());
}

static void test_escaping(void **state)
{
    (void)state;
    s_put(OP_METRIC_HTTP_REQUESTS, 1, "a\"b\\c\nd} 5\n", "\xff");
    s_expect("op_http_requests_total{route=\"a\\\"b\\\\c?d} 5?\",status=\"?\"} 1");
    s_check(s_print());
}

static size_t s_count(const char *name)
{
    size_t count = 0;
    for (const char *at = s_print(); (at = strstr(at, name)) != NULL; at++)
        count++;
    return count;
}

/*  However many values a label takes, the series stay few, and nothing goes uncounted. */
static void test_cardinality(void **state)
{
    (void)state;
    char label[200];
    memset(label, 'x', sizeof label);
    for (int i = 0; i < 5000; i++) {
        snprintf(label, sizeof label, "%d", i);
        s_put(OP_METRIC_WEBHOOK_ATTEMPTS, 1, label, "");
        s_put(OP_METRIC_HTTP_REQUESTS, 1, label, label);
    }
    assert_int_equal(s_count("\nop_webhook_attempts_total{"), 8 + 1);
    assert_int_equal(s_count("\nop_http_requests_total{"), 400 + 1);
    s_expect("op_webhook_attempts_total{result=\"other\"} 4992");
    s_expect("op_http_requests_total{route=\"other\",status=\"other\"} 4600");
    memset(label, 'x', sizeof label - 1);
    label[sizeof label - 1] = 0;
    s_put(OP_METRIC_TURNS, 1, label, "");
    label[OP_METRIC_LABEL_MAX] = 0;
    char line[300];
    snprintf(line, sizeof line, "op_turns_total{actor=\"%s\"} 1", label);
    s_expect(line);
}

static void test_every_metric_is_sound(void **state)
{
    (void)state;
#define METRIC(NAME, name, KIND, UNIT, first, second, most, help)                                  \
    s_put(OP_METRIC_##NAME, 1, *(first) ? "a" : "", *(second) ? "b" : "");                         \
    assert_true((most) > 0 && strlen(help) > 5 && !strpbrk(help, "\\\n"));
#include "transport/metrics.def"
#undef METRIC
    assert_true(s_check(s_print()) >= OP_METRIC_END);
    op_metrics_put(NULL, OP_METRIC_TURNS, 1, OP_STR("a"), (op_str_t){0}); /* nobody looks */
}

static void test_process(void **state)
{
    (void)state;
    op_metrics_put_process(s_metrics);
    s_check(s_print());
    assert_non_null(strstr(s_text.at, "\nprocess_open_fds "));
    assert_non_null(strstr(s_text.at, "\nprocess_resident_memory_bytes "));
    assert_non_null(strstr(s_text.at, "\nprocess_start_time_seconds 1"));
    assert_non_null(strstr(s_text.at, "\nprocess_threads "));
}

enum { THREADS = 4, ROUNDS = 20000 };

static void *s_hammer(void *arg)
{
    char own[20];
    snprintf(own, sizeof own, "%d", *(int *)arg);
    for (int i = 0; i < ROUNDS; i++) {
        s_put(OP_METRIC_MODEM_SENDS, 1, "0", "");
        s_put(OP_METRIC_MODEM_SENDS, 1, own, "");
        s_put(OP_METRIC_COMMIT_DURATION, i, "a", "");
    }
    return NULL;
}

/*  What is printed while others count never goes back, and in the end nothing is missing. */
static void test_threads(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    int names[THREADS];
    for (int i = 0; i < THREADS; i++) {
        names[i] = i + 1;
        assert_int_equal(pthread_create(&threads[i], NULL, s_hammer, &names[i]), 0);
    }
    long long before = 0;
    for (int i = 0; i < 100; i++) {
        const char *at = strstr(s_print(), "\nop_modem_sends_total{line=\"0\"} ");
        long long now = at ? strtoll(strchr(at, '}') + 2, NULL, 10) : 0;
        assert_true(now >= before);
        before = now;
        s_check(s_text.at);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    s_expect("op_modem_sends_total{line=\"0\"} 80000");
    s_expect("op_modem_sends_total{line=\"3\"} 20000");
    s_expect("op_commit_duration_seconds_count{actor=\"a\"} 80000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_counters_and_gauges, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_histograms, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_escaping, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_cardinality, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_every_metric_is_sound, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_process, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_threads, s_setup, s_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
