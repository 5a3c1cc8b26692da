/*  opbench.c - the load tool: a ceiling, closed loops against the API, and the way of one text

    Closed loops say how fast the server is for clients that wait; they hide no stall, because every
    latency is taken and what is late at the end is waited for. The figures are only worth
    something beside the ceiling measured in the same run: tools/bench does that. */

#include "tools/opbench/account.h"
#include "tools/opbench/constant.h"
#include "tools/opbench/latency.h"
#include "tools/opbench/loop.h"
#include "tools/opbench/submit.h"
#include "tools/opbench/webhook.h"

#include "base/output.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char S_HELP[] =
    "opbench measures OP, or any HTTP/1.1 server, from one thread.\n"
    "\n"
    "  opbench constant --listen HOST:PORT [--threads N]\n"
    "      Serves a constant JSON body of 300 octets with plain civetweb until SIGTERM: the\n"
    "      ceiling. Port 0 takes a free one; the address is printed. N workers (256).\n"
    "\n"
    "  opbench get --url URL [--connections N] [--seconds S] [--warmup S]\n"
    "      GETs one URL over N kept connections, each asking again when it has its answer.\n"
    "\n"
    "  opbench sends --url URL [--connections N] [--seconds S] [--warmup S]\n"
    "                [--accounts A] [--keys K] [--key-file FILE]\n"
    "      POST /v1/messages in the same way, every connection with an API key and a recipient\n"
    "      of its own. The keys come from the quick start: A accounts (1) with K keys each\n"
    "      (connections / A, rounded up), signed up with codes read from the simulated phones;\n"
    "      or from FILE. OP's limits must be raised, or the answers are 429.\n"
    "\n"
    "  opbench keys --url URL [--accounts A] [--keys K] --key-file FILE\n"
    "      Only the quick start. Writes the keys to the new FILE (mode 0600), one a line.\n"
    "\n"
    "  opbench latency --url URL [--count C] [--key-file FILE]\n"
    "      C texts (50) each way, one at a time. inbound: from the modem's unsolicited line to\n"
    "      GET /v1/messages listing it; outbound: from the answer of POST /v1/messages to\n"
    "      AT+CMGS. Both need OP on its simulated carrier; without GET /sim/events inbound\n"
    "      counts from the phone's text and outbound is left out. More than one text a\n"
    "      second needs OP's limits raised, as sends does, and so do more than 50.\n"
    "\n"
    "  opbench webhooks --url URL [--hanging N] [--count C]\n"
    "      C events (50) to a receiver that answers, beside N (0) that hang: from the phone's "
    "text\n"
    "      to the receipt. Needs OP on its simulated carrier, on this machine.\n"
    "\n"
    "  opbench submit [--seconds S] [--journal FILE] [--reports] TTY...\n"
    "      AT+CMGS again and again on the ttys of simulated modems (opsim), at most 64: what OP's\n"
    "      texts a second are measured against. With FILE, what goes on at the same moment is\n"
    "      preceded by one write and one fdatasync of FILE: no journaled text leaves sooner.\n"
    "      With --reports each text's status report is awaited, read and deleted before the next\n"
    "      one: no program that holds the same conversation is faster.\n"
    "\n"
    "  --help and --version say what they say.\n"
    "\n"
    "  Defaults: 1 connection (at most 1024), 5 seconds, a warm-up of 0.5 s that is not counted.\n"
    "\n"
    "get and sends print one line: connections, seconds, answered (2xx), per_second, p50_us,\n"
    "p90_us, p99_us, max_us (of all 2xx; percentiles up to 1.6 % high), errors, and then each\n"
    "status with its count, broken (no proper answer), unanswered (10 s after the end) and\n"
    "reconnects where they are not zero. latency prints a line each way in milliseconds, webhooks\n"
    "one line.\n"
    "\n"
    "Exit status: 0 measured without errors; 1 something failed or was answered with an error;\n"
    "2 the command line is wrong.\n";

typedef struct {
    const char *command, *listen, *url, *key_file, *journal;
    unsigned connections, accounts, keys, count, threads, hanging;
    double seconds, warmup;
    bool reports;
} s_options_t;

/*  ---------------------------------------------------------------- the command line */

static int s_wrong(const char *what)
{
    fprintf(stderr, "opbench: %s; see opbench --help\n", what);
    return 2;
}

static bool s_number(const char *text, unsigned max, unsigned *value)
{
    uint64_t number;
    if (!op_str_to_u64(op_str(text), max, &number) || number == 0)
        return false;
    *value = (unsigned)number;
    return true;
}

static bool s_seconds(const char *text, double *value)
{
    char *end;
    *value = strtod(text, &end);
    return end != text && *end == '\0' && *value >= 0 && *value <= 3600;
}

static bool s_option(s_options_t *options, int option)
{
    switch (option) {
    case 'l':
        options->listen = optarg;
        return true;
    case 'u':
        options->url = optarg;
        return true;
    case 'f':
        options->key_file = optarg;
        return true;
    case 'j':
        options->journal = optarg;
        return true;
    case 'r':
        options->reports = true;
        return true;
    case 'c':
        return s_number(optarg, OP_BENCH_CONNECTIONS_MAX, &options->connections);
    case 'a':
        return s_number(optarg, OP_BENCH_ACCOUNTS_MAX, &options->accounts);
    case 'k':
        return s_number(optarg, OP_BENCH_KEYS_MAX, &options->keys);
    case 'n':
        return s_number(optarg, OP_BENCH_LATENCY_MAX, &options->count);
    case 'h':
        return s_number(optarg, OP_BENCH_HANGING_MAX, &options->hanging);
    case 't':
        return s_number(optarg, 4096, &options->threads);
    case 's':
        return s_seconds(optarg, &options->seconds) && options->seconds > 0;
    case 'w':
        return s_seconds(optarg, &options->warmup);
    default:
        return false;
    }
}

static bool s_parse(s_options_t *options, int count, char **words)
{
    static const struct option names[] = {
        {"listen", required_argument, NULL, 'l'},      {"url", required_argument, NULL, 'u'},
        {"connections", required_argument, NULL, 'c'}, {"seconds", required_argument, NULL, 's'},
        {"warmup", required_argument, NULL, 'w'},      {"accounts", required_argument, NULL, 'a'},
        {"keys", required_argument, NULL, 'k'},        {"key-file", required_argument, NULL, 'f'},
        {"count", required_argument, NULL, 'n'},       {"threads", required_argument, NULL, 't'},
        {"hanging", required_argument, NULL, 'h'},     {"journal", required_argument, NULL, 'j'},
        {"reports", no_argument, NULL, 'r'},           {NULL, 0, NULL, 0}};
    int option;
    while ((option = getopt_long(count, words, "", names, NULL)) != -1) {
        if (!s_option(options, option))
            return false;
    }
    return optind == count || strcmp(options->command, "submit") == 0;
}

/*  ---------------------------------------------------------------- keys */

static int s_write_keys(const char *path, const op_bench_key_t *keys, size_t count)
{
    FILE *file = fopen(path, "wxe");
    if (file == NULL)
        return -1;
    bool good = fchmod(fileno(file), S_IRUSR | S_IWUSR) == 0;
    for (size_t at = 0; at < count && good; at++)
        good = fprintf(file, "%s\n", keys[at].text) > 0;
    return fclose(file) == 0 && good ? 0 : -1;
}

/*  How many of `count` keys the file has. */
static size_t s_read_keys(const char *path, op_bench_key_t *keys, size_t count)
{
    size_t found = 0;
    FILE *file = fopen(path, "re");
    while (file != NULL && found < count &&
           fgets(keys[found].text, OP_BENCH_KEY_SIZE, file) != NULL) {
        keys[found].text[strcspn(keys[found].text, "\r\n")] = '\0';
        found++;
    }
    if (file != NULL)
        fclose(file);
    return found;
}

/*  Keys for `count` connections, from the file or from new accounts; the caller frees them. */
static op_bench_key_t *s_keys(const s_options_t *options, op_bench_client_t *client, size_t count)
{
    size_t each =
        options->keys > 0 ? options->keys : (count + options->accounts - 1) / options->accounts;
    size_t made = options->accounts * each;
    if (options->key_file == NULL && (each > OP_BENCH_KEYS_MAX || made < count)) {
        fprintf(stderr, "opbench: %zu keys are needed, from at most %d per account\n", count,
                OP_BENCH_KEYS_MAX);
        return NULL;
    }
    op_bench_key_t *keys = op_alloc((made > count ? made : count) * sizeof *keys);
    bool good = options->key_file != NULL
                    ? s_read_keys(options->key_file, keys, count) == count
                    : op_bench_accounts(client, options->accounts, each, keys) == 0;
    if (good)
        return keys;
    if (options->key_file != NULL)
        fprintf(stderr, "opbench: %s does not have %zu keys\n", options->key_file, count);
    free(keys);
    return NULL;
}

static int s_do_keys(const s_options_t *options, const op_bench_target_t *target,
                     op_bench_client_t *client)
{
    (void)target;
    if (options->key_file == NULL)
        return s_wrong("keys needs --key-file");
    size_t each = options->keys > 0 ? options->keys : 1;
    size_t count = options->accounts * each;
    op_bench_key_t *keys = op_alloc(count * sizeof *keys);
    int failed = op_bench_accounts(client, options->accounts, each, keys);
    if (failed == 0 && (failed = s_write_keys(options->key_file, keys, count)) != 0)
        fprintf(stderr, "opbench: cannot write %s, which must not exist yet\n", options->key_file);
    if (failed == 0)
        printf("accounts=%u keys=%zu\n", options->accounts, count);
    free(keys);
    return failed == 0 ? 0 : 1;
}

/*  ---------------------------------------------------------------- closed loops */

static double s_us(const op_bench_result_t *result, double percent)
{
    return (double)op_bench_histogram_at(&result->latency, percent) / 1e3;
}

static int s_print(const s_options_t *options, const op_bench_result_t *result)
{
    uint64_t errors = op_bench_errors(result);
    printf("connections=%u seconds=%.2f answered=%llu per_second=%.0f p50_us=%.1f p90_us=%.1f "
           "p99_us=%.1f max_us=%.1f errors=%llu",
           options->connections, result->seconds, (unsigned long long)result->latency.count,
           (double)result->in_time / result->seconds, s_us(result, 50), s_us(result, 90),
           s_us(result, 99), s_us(result, 100), (unsigned long long)errors);
    for (size_t status = 0; status < OP_COUNT(result->statuses); status++) {
        if (result->statuses[status] != 0)
            printf(" status_%zu=%llu", status, (unsigned long long)result->statuses[status]);
    }
    const struct {
        const char *name;
        uint64_t value;
    } rest[] = {{"broken", result->broken},
                {"unanswered", result->unanswered},
                {"reconnects", result->reconnects}};
    for (size_t at = 0; at < OP_COUNT(rest); at++) {
        if (rest[at].value != 0)
            printf(" %s=%llu", rest[at].name, (unsigned long long)rest[at].value);
    }
    printf("\n");
    return errors == 0 && result->latency.count > 0 ? 0 : 1;
}

static int s_load(const s_options_t *options, const op_bench_target_t *target,
                  const op_buf_t *requests)
{
    const op_bench_load_t load = {.target = target,
                                  .requests = requests,
                                  .connections = options->connections,
                                  .warmup_seconds = options->warmup,
                                  .seconds = options->seconds};
    op_bench_result_t *result = op_alloc(sizeof *result);
    int failed = op_bench_load(&load, result);
    if (failed != 0)
        fprintf(stderr, "opbench: connections to %s fail\n", target->authority);
    int status = s_print(options, result);
    free(result);
    return failed != 0 ? 1 : status;
}

/*  One request for each connection; with keys, each sends a text to a phone of its own. */
static int s_do_load(const s_options_t *options, const op_bench_target_t *target,
                     const op_bench_key_t *keys)
{
    op_buf_t *requests = op_alloc(options->connections * sizeof *requests);
    for (unsigned at = 0; at < options->connections; at++) {
        op_bench_ask_t ask = {"GET", target->path, OP_STR(""), OP_STR("")};
        char json[128];
        if (keys != NULL) {
            snprintf(json, sizeof json, "{\"to\":\"+1415556%04u\",\"body\":\"%s\"}", at,
                     "Your appointment is confirmed for Tuesday at 2pm.");
            ask = (op_bench_ask_t){"POST", "/v1/messages", op_str(keys[at].text), op_str(json)};
        }
        requests[at] = (op_buf_t){.size = 0};
        op_bench_request(&requests[at], target, &ask);
    }
    int status = s_load(options, target, requests);
    for (unsigned at = 0; at < options->connections; at++)
        op_buf_free(&requests[at]);
    free(requests);
    return status;
}

static int s_do_sends(const s_options_t *options, const op_bench_target_t *target,
                      op_bench_client_t *client)
{
    op_bench_key_t *keys = s_keys(options, client, options->connections);
    if (keys == NULL)
        return 1;
    int status = s_do_load(options, target, keys);
    free(keys);
    return status;
}

/*  ---------------------------------------------------------------- the modems' ceiling */

static int s_do_submit(const s_options_t *options, char **ttys, int count)
{
    if (count < 1 || count > OP_BENCH_TTYS_MAX)
        return s_wrong("submit takes 1 to 64 ttys");
    op_bench_submit_options_t how = {options->seconds, options->journal, options->reports};
    op_bench_submit_t result;
    if (op_bench_submit(ttys, (size_t)count, &how, &result) != 0)
        return 1;
    printf("modems=%d seconds=%.2f sent=%llu per_second=%.0f\n", count, result.seconds,
           (unsigned long long)result.sent, (double)result.sent / result.seconds);
    return 0;
}

/*  ---------------------------------------------------------------- one text at a time */

/*  Without a "-0.0". */
static double s_ms(const op_bench_times_t *times, double percent)
{
    double value = op_bench_times_at(times, percent);
    return value < 0 && value > -0.05 ? 0 : value;
}

static void s_print_times(const char *name, const op_bench_times_t *times)
{
    printf("%s count=%zu min_ms=%.1f p50_ms=%.1f p90_ms=%.1f p99_ms=%.1f max_ms=%.1f\n", name,
           times->count, s_ms(times, 0), s_ms(times, 50), s_ms(times, 90), s_ms(times, 99),
           s_ms(times, 100));
}

static int s_do_latency(const s_options_t *options, const op_bench_target_t *target,
                        op_bench_client_t *client)
{
    (void)target;
    op_bench_key_t *keys = s_keys(options, client, 1);
    if (keys == NULL)
        return 1;
    op_bench_latency_t result;
    int failed = op_bench_latency(client, keys[0].text, options->count, &result);
    s_print_times(result.events ? "inbound from=notice" : "inbound from=text", &result.inbound);
    if (result.events)
        s_print_times("outbound from=answer", &result.outbound);
    op_bench_times_free(&result.inbound);
    op_bench_times_free(&result.outbound);
    free(keys);
    return failed == 0 ? 0 : 1;
}

static int s_do_webhooks(const s_options_t *options, const op_bench_target_t *target,
                         op_bench_client_t *client)
{
    (void)target;
    op_bench_times_t times;
    int failed = op_bench_webhooks(client, options->hanging, options->count, &times);
    s_print_times("webhooks", &times);
    op_bench_times_free(&times);
    return failed == 0 ? 0 : 1;
}

/*  ---------------------------------------------------------------- main */

/*  Commands that ask the server at --url. */
typedef int s_do_fn(const s_options_t *options, const op_bench_target_t *target,
                    op_bench_client_t *client);

static int s_do_get(const s_options_t *options, const op_bench_target_t *target,
                    op_bench_client_t *client)
{
    (void)client;
    return s_do_load(options, target, NULL);
}

static int s_do(const s_options_t *options, s_do_fn *run)
{
    op_bench_target_t target;
    char error[256];
    if (options->url == NULL)
        return s_wrong("--url is missing");
    if (op_bench_target(&target, options->url, error, sizeof error) != 0)
        return s_wrong(error);
    op_bench_client_t *client = op_bench_client_new(&target);
    int status = run(options, &target, client);
    op_bench_client_destroy(&client);
    return status;
}

static const struct {
    const char *name;
    s_do_fn *run; /* NULL: it asks no server */
} s_commands[] = {{"constant", NULL},         {"get", s_do_get}, {"sends", s_do_sends},
                  {"keys", s_do_keys},        {"submit", NULL},  {"latency", s_do_latency},
                  {"webhooks", s_do_webhooks}};

static int s_run(s_options_t *options, int count, char **words)
{
    size_t at = 0;
    while (at < OP_COUNT(s_commands) && strcmp(options->command, s_commands[at].name) != 0)
        at++;
    if (at == OP_COUNT(s_commands))
        return s_wrong("no such command");
    if (!s_parse(options, count, words))
        return s_wrong("wrong options");
    if (s_commands[at].run != NULL)
        return s_do(options, s_commands[at].run);
    if (strcmp(options->command, "submit") == 0)
        return s_do_submit(options, words + optind, count - optind);
    if (options->listen == NULL)
        return s_wrong("constant needs --listen");
    return op_bench_constant(options->listen, options->threads) == 0 ? 0 : 1;
}

static int s_main(int count, char **words)
{
    if (count < 2)
        return s_wrong("a command is missing");
    for (int at = 1; at < count; at++) {
        if (strcmp(words[at], "--help") == 0) {
            fputs(S_HELP, stdout);
            return 0;
        }
        if (strcmp(words[at], "--version") == 0) {
            puts("opbench " OP_VERSION);
            return 0;
        }
    }
    s_options_t options = {.command = words[1],
                           .connections = 1,
                           .accounts = 1,
                           .count = 50,
                           .threads = OP_BENCH_CONSTANT_THREADS,
                           .seconds = 5,
                           .warmup = 0.5};
    return s_run(&options, count - 1, words + 1);
}

int main(int count, char **words)
{
    return op_output_end("opbench", s_main(count, words), 1);
}
