#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "transport/config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MODEM_A "modems\n    modem = \"/dev/a=+14155550100\"\n"

static op_config_t s_config, s_before;
static char s_error[OP_CONFIG_ERROR];
static char s_path[] = "/tmp/op_config_XXXXXX";

static int s_setup(void **state)
{
    (void)state;
    int file = mkstemp(s_path);
    return file < 0 ? -1 : close(file);
}

static int s_teardown(void **state)
{
    (void)state;
    return unlink(s_path);
}

static void s_write(const void *bytes, size_t size)
{
    FILE *file = fopen(s_path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/*  Loads a text over the defaults. On failure nothing may have changed. */
static int s_load(const void *bytes, size_t size)
{
    s_write(bytes, size);
    op_config_init(&s_config);
    s_before = s_config;
    s_error[0] = 0;
    int result = op_config_load(&s_config, s_path, s_error);
    if (result != 0)
        assert_memory_equal(&s_before, &s_config, sizeof s_config);
    return result;
}

static void s_load_ok(const char *text)
{
    if (s_load(text, strlen(text)) != 0)
        fail_msg("%s", s_error);
}

/*  As before the load, but for where it came from. */
static void s_assert_unchanged(void)
{
    memcpy(s_before.source, s_config.source, sizeof s_before.source);
    memcpy(s_before.lines, s_config.lines, sizeof s_before.lines);
    assert_memory_equal(&s_before, &s_config, sizeof s_config);
}

/*  The error after "FILE:", which every error of a file must begin with. */
static const char *s_behind_file(void)
{
    size_t size = strlen(s_path);
    assert_memory_equal(s_error, s_path, size);
    assert_int_equal(s_error[size], ':');
    assert_null(strchr(s_error, '\n'));
    return s_error + size + 1;
}

/*  The reference is a file, and it says what is so anyway. */
static void test_reference(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    assert_non_null(stream);
    op_config_reference(stream);
    assert_int_equal(fclose(stream), 0);
    assert_non_null(strstr(text, "\nhttp\n    # Where to listen for HTTP. Port 0 is any free one. "
                                 "(IP:PORT or localhost:PORT)\n    listen = \"127.0.0.1:8080\"\n"));
    assert_non_null(strstr(text,
                           "\n    # Texts submitted per API key and second. "
                           "(1 to 1000000000 calls; SIGHUP takes it)\n    send_second = 1\n"));
    assert_non_null(strstr(text, " (true or false)\n    tls_in_front = false\n"));
    if (s_load(text, size) != 0)
        fail_msg("%s", s_error);
    s_assert_unchanged();

    static const char *const paths[] = {
#define KEY(NAME, path, TYPE, standard, min, max, unit, sentence) path,
#include "transport/config.def"
    };
    for (size_t i = 0; i < OP_COUNT(paths); i++) {
        char section[40], key[40];
        size_t slash = strcspn(paths[i], "/");
        snprintf(section, sizeof section, "\n%.*s\n", (int)slash, paths[i]);
        snprintf(key, sizeof key, "\n    %s = ", paths[i] + slash + 1);
        char *at = strstr(text, section);
        assert_non_null(at);
        assert_null(strstr(at + 1, section));
        assert_non_null(strstr(at, key));
    }

    /* The modems of the reference are comments; as items they are right. */
    char *at = strstr(text, "    # modem = ");
    assert_non_null(at);
    memcpy(at, "    modem   ", 12);
    if (s_load(text, size) != 0)
        fail_msg("%s", s_error);
    assert_int_equal(s_config.modem_count, 1);
    assert_true(s_config.modems[0].shared);
    free(text);
}

static void test_file(void **state)
{
    (void)state;
    s_load_ok("# a comment\n"
              "\n"
              "limits # another\n"
              "    send_second = 7 # and another\n"
              "    # in between\n"
              "    send_minute=\"8\"\n"
              "    queue   =   '1000000000'   # quoted\n"
              "store\n"
              "    path = \"/var/lib/op #1\"\n"
              "limits\n"
              "    day_free = 9\r\n"
              "   \t \n"
              "modems\n"
              "    modem = \"/dev/ttyUSB2=+14155550100,shared\"\n"
              "    modem = /dev/a=b=+4915112345678\n"
              "texts\n"
              "    prefixes = \"\"\n"
              "http\n"
              "    tls_in_front = true");
    assert_int_equal(s_config.limits_send_second, 7);
    assert_int_equal(s_config.limits_send_minute, 8);
    assert_int_equal(s_config.limits_queue, 1000000000);
    assert_int_equal(s_config.limits_day_free, 9);
    assert_string_equal(s_config.store_path, "/var/lib/op #1");
    assert_string_equal(s_config.texts_prefixes, "");
    assert_true(s_config.http_tls_in_front);
    assert_int_equal(s_config.modem_count, 2);
    assert_string_equal(s_config.modems[0].device, "/dev/ttyUSB2");
    assert_string_equal(s_config.modems[0].phone, "+14155550100");
    assert_true(s_config.modems[0].shared);
    assert_string_equal(s_config.modems[1].device, "/dev/a=b");
    assert_string_equal(s_config.modems[1].phone, "+4915112345678");
    assert_false(s_config.modems[1].shared);

    s_load_ok("");
    s_assert_unchanged();
    s_load_ok("http\nstore\n\n");
    s_assert_unchanged();
}

static void test_precedence(void **state)
{
    (void)state;
    s_load_ok("limits\n    keys = 5\nlog\n    level = error\n" MODEM_A);
    if (op_config_set(&s_config, "limits/keys=6", s_error) != 0)
        fail_msg("%s", s_error);
    assert_int_equal(s_config.limits_keys, 6);
    assert_string_equal(s_config.log_level, "error");
    assert_int_equal(s_config.modem_count, 1);

    /* Of two files the later one wins, modems add up, and what it does not name stays. */
    const char *second = "limits\n    keys = 7\nmodems\n    modem = /dev/b=+14155550101\n";
    s_write(second, strlen(second));
    assert_int_equal(op_config_load(&s_config, s_path, s_error), 0);
    assert_int_equal(s_config.limits_keys, 7);
    assert_string_equal(s_config.log_level, "error");
    assert_int_equal(s_config.modem_count, 2);
}

static void test_file_errors(void **state)
{
    (void)state;
    static const struct {
        const char *text, *error;
    } cases[] = {
        {"\n\nlimits\n    send_second = x\n",
         "4: limits/send_second: must be 1 to 1000000000 calls, not \"x\""},
        {"limits\n    send_second = 0",
         "2: limits/send_second: must be 1 to 1000000000 calls, not \"0\""},
        {"limits\n    send_second = 1000000001",
         "2: limits/send_second: must be 1 to 1000000000 calls, not \"1000000001\""},
        {"limits\n    keys = 1001", "2: limits/keys: must be 1 to 1000 API keys, not \"1001\""},
        {"limits\n    keys = -1", "2: limits/keys: must be 1 to 1000 API keys, not \"-1\""},
        {"limits\n    keys = 5 6", "2: limits/keys: must be 1 to 1000 API keys, not \"5 6\""},
        {"limits\n    keys = \"\"", "2: limits/keys: must be 1 to 1000 API keys, not \"\""},
        {"http\n    tls_in_front = yes",
         "2: http/tls_in_front: must be true or false, not \"yes\""},
        {"log\n    level = \"Info\"",
         "2: log/level: must be debug, info, warning or error, not \"Info\""},
        {"log\n    level = in\"fo",
         "2: log/level: must be debug, info, warning or error, not \"in\"fo\""},
        {"http\n    lisen = 1", "2: http/lisen: no such key"},
        {"http\n    listen/x = 1", "2: http/listen/x: no such key"},
        {"# x\nhtp\n    listen = 1", "2: htp: no such section"},
        {"http/listen = 1", "1: http/listen: no such section"},
        {"http = 1", "1: http: is a section and has no value"},
        {"texts\n    prefixes\n", "2: texts/prefixes: has no value"},
        {"texts\n    prefixes =\n", "2: a value is missing (\"\" is the empty text)"},
        {"texts\n    prefixes = # +1\n", "2: a value is missing (\"\" is the empty text)"},
        {"limits\n    keys = 5\nhttp\nlimits\n    keys = 5",
         "5: limits/keys: is set already, in line 2"},
        {"http\n  threads = 5", "2: indent by 4 spaces"},
        {"http\n\tthreads = 5", "2: indent by 4 spaces"},
        {"http\n  # threads = 5", "2: indent by 4 spaces"},
        {"    threads = 5",
         "1: indented too far: a section stands at the margin, its keys 4 spaces in"},
        {"http\n    threads = 5\n        x = 1",
         "3: indented too far: a section stands at the margin, its keys 4 spaces in"},
        {"http\n    = 5", "2: must begin with the name of a section or key"},
        {"/http\n", "1: must begin with the name of a section or key"},
        {"\xef\xbb\xbfhttp\n", "1: begins with a byte order mark: save it as UTF-8 without one"},
        {"{\"http\": 1}\n", "1: must begin with the name of a section or key"},
        {"http: 1\n", "1: must be a section, or KEY = VALUE"},
        {"http\n    threads 5", "2: must be a section, or KEY = VALUE"},
        {"store\n    path = \"x\nlog", "2: the closing quote is missing"},
        {"store\n    path = 'x\"", "2: the closing quote is missing"},
        {"store\n    path = \"x\" y", "2: there is something behind the closing quote"},
        {"store\n    path = \x01", "2: not text: a control character, or not UTF-8"},
        {"store\n    path = \x80", "2: not text: a control character, or not UTF-8"},
        {"store\n    path = \"a\tb\"", "2: store/path: must be a path, not \"a?b\""},
        {MODEM_A "    modem = \"/dev/b\"", "3: modems/modem: must be DEVICE=E164, with ,shared or "
                                           ",pin=PIN (4 to 8 digits) or both behind it"},
        {MODEM_A "    modem = \"/dev/a=+14155550101\"",
         "3: modems/modem: the device /dev/a is there twice"},
        {MODEM_A "    modem = \"/dev/b=+14155550100\"",
         "3: modems/modem: the number +1********00 is there twice"},
        {"modems\n    device = 5", "2: modems/device: no such key"},
    };
    for (size_t i = 0; i < OP_COUNT(cases); i++) {
        assert_int_equal(s_load(cases[i].text, strlen(cases[i].text)), -1);
        assert_string_equal(s_behind_file(), cases[i].error);
    }
}

static void test_file_limits(void **state)
{
    (void)state;
    enum { BIG = 1 << 20 };
    char *big = malloc(BIG);
    assert_non_null(big);

    memset(big, '\n', BIG);
    assert_int_equal(s_load(big, BIG), -1);
    assert_string_equal(s_behind_file(), " larger than 256 KiB");
    assert_int_equal(s_load(big, OP_CONFIG_LINES_MAX), 0);
    assert_int_equal(s_load(big, OP_CONFIG_LINES_MAX + 1), -1);
    assert_string_equal(s_behind_file(), "4097: more than 4096 lines");

    memset(big, ' ', OP_CONFIG_FILE_MAX);
    big[0] = '#';
    assert_int_equal(s_load(big, OP_CONFIG_LINE_MAX), 0);
    assert_int_equal(s_load(big, OP_CONFIG_LINE_MAX + 1), -1);
    assert_string_equal(s_behind_file(), "1: longer than 1024 bytes");

    /* The most lines with the most items that the scan lets through: the second one is refused. */
    for (size_t i = 0; i < OP_CONFIG_LINES_MAX; i++)
        memcpy(big + 2 * i, "a\n", 2);
    assert_int_equal(s_load(big, 2 * OP_CONFIG_LINES_MAX), -1);
    assert_string_equal(s_behind_file(), "1: a: no such section");

    /* Garbage: the same on every run. */
    uint32_t random = 1;
    for (size_t i = 0; i < 4096; i++) {
        random = random * 1664525 + 1013904223;
        big[i] = (char)(random >> 24);
    }
    assert_int_equal(s_load(big, 4096), -1);
    assert_string_equal(s_behind_file(), "1: not text: a control character, or not UTF-8");
    assert_int_equal(s_load("http\0\n", 6), -1);
    assert_string_equal(s_behind_file(), "1: not text: a control character, or not UTF-8");
    free(big);
}

/*  Random lines from a small alphabet: nothing but 0, or -1 with one line, and never a word from
    zconfig that the scan did not foresee. */
static void test_file_random(void **state)
{
    (void)state;
    static const char *const pieces[] = {"http",    "    ",
                                         "    ",    "\n",
                                         "\n",      "=",
                                         "\"",      "'",
                                         "#",       " ",
                                         "threads", "listen",
                                         "5",       "localhost:1",
                                         "/",       "log",
                                         "level",   "info",
                                         "\r",      "modems",
                                         "modem",   "/dev/a=+14155550100"};
    uint32_t random = 7;
    size_t good = 0;
    for (int round = 0; round < 2000; round++) {
        char text[512];
        size_t size = 0;
        do {
            random = random * 1664525 + 1013904223;
            const char *piece = pieces[(random >> 16) % OP_COUNT(pieces)];
            memcpy(text + size, piece, strlen(piece));
            size += strlen(piece);
        } while ((random >> 8) % 16 != 0 && size < 480);
        if (s_load(text, size) == 0)
            good++;
        else if (strstr(s_error, "not ZPL"))
            fail_msg("the scan let through: %.*s", (int)size, text);
        else
            s_behind_file();
    }
    assert_true(good > 0);
}

static void test_no_file(void **state)
{
    (void)state;
    op_config_init(&s_config);
    assert_int_equal(op_config_load(&s_config, "/nonexistent/op.zpl", s_error), -1);
    assert_string_equal(s_error, "/nonexistent/op.zpl: No such file or directory");
    assert_int_equal(op_config_load(&s_config, "/tmp", s_error), -1);
    assert_string_equal(s_error, "/tmp: not a regular file");
    assert_int_equal(op_config_load(&s_config, "/dev/zero", s_error), -1);
    assert_string_equal(s_error, "/dev/zero: not a regular file");

    /* A path that is too long to show ends as it ends, on one line. */
    char path[300], expected[200];
    memset(path, 'x', sizeof path);
    memcpy(path + sizeof path - 8, "\ny/o.zpl", 9 - 1);
    path[sizeof path - 1] = 0;
    memset(expected, 0, sizeof expected);
    memcpy(expected, "...", 3);
    memcpy(expected + 3, path + strlen(path) - 80, 80);
    *strchr(expected, '\n') = '?';
    assert_int_equal(op_config_load(&s_config, path, s_error), -1);
    assert_memory_equal(s_error, expected, 83);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference),   cmocka_unit_test(test_file),
        cmocka_unit_test(test_precedence),  cmocka_unit_test(test_file_errors),
        cmocka_unit_test(test_file_limits), cmocka_unit_test(test_file_random),
        cmocka_unit_test(test_no_file),
    };
    return cmocka_run_group_tests(tests, s_setup, s_teardown);
}
