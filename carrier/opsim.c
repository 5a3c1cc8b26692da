/*  opsim - the simulated carrier as a program of its own: modems on ptys, phones over HTTP */

#include "base/output.h"
#include "carrier/sim_api.h"
#include "carrier/sim_families.h"
#include "http/server.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char s_help[] =
    "usage: opsim [--modems N] --pty-dir DIR [--listen HOST:PORT] [--scenario FILE,...]\n"
    "\n"
    "A simulated mobile network. Its modems speak AT on ptys and have the numbers +16176088932,\n"
    "+16176088933 and so on; any number of phones can be texted and can text them.\n"
    "\n"
    "  --modems N           how many, 1 to 64 (default 1)\n"
    "  --pty-dir DIR        links to the ttys: DIR/modem0, DIR/modem1, ...; made if missing\n"
    "  --listen HOST:PORT   where the phones are served (default 127.0.0.1:8090)\n"
    "  --scenario FILE,...  what makers' modems they are, in turn: files as in tests/modems\n"
    "  --version, --help    what they say\n"
    "\n"
    "Over HTTP:\n"
    "  GET /sim/phones/{e164}/messages   {\"data\":[{\"from\",\"body\",\"received_at\"}]}, oldest "
    "first\n"
    "  POST /sim/phones/{e164}/messages  {\"to\",\"body\"}: the phone texts a modem's number; 202\n"
    "  PATCH /sim/phones/{e164}          {\"on\"}: switches it off or on\n"
    "  GET /sim/modems                   {\"data\":[{\"number\",\"device\",...}]}\n"
    "  GET /sim/modems/{number}          the same of one, and its knobs\n"
    "  PATCH /sim/modems/{number}        turns knobs: {\"submit_delay_ms\": 5000}\n"
    "  POST /sim/modems/{number}/plug    and /unplug, /reset, /swap (with {\"with\": another "
    "number})\n"
    "  GET /sim/events?after=N           what happened on the modems\n"
    "\n"
    "Prints \"opsim is ready on http://HOST:PORT\" once it serves; ends with SIGTERM.\n"
    "\n"
    "The knobs of a modem, with what they take and their defaults:\n";

/*  The table of knobs (carrier/sim_knob.h). */
static void s_print_knobs(void)
{
    for (int i = 0; i < OP_KNOB_END; i++) {
        const op_knob_row_t *row = op_knob_row((op_knob_t)i);
        op_str_t word = op_knob_word((op_knob_t)i, row->value);
        switch (row->kind) {
        case OP_KNOB_IS_NUMBER:
            printf("  %s: 0 to %lld (%lld)\n", row->name, (long long)row->max,
                   (long long)row->value);
            break;
        case OP_KNOB_IS_SWITCH:
            printf("  %s: true or false (%s)\n", row->name, row->value ? "true" : "false");
            break;
        case OP_KNOB_IS_CHOICE:
            printf("  %s: %s (%.*s)\n", row->name, row->words, (int)word.size, word.at);
            break;
        }
        printf("      %s\n", row->sentence);
    }
}

typedef struct {
    size_t modems;
    const char *directory;
    const char *listen;
    const char *scenario;
} options_t;

static void s_serve(void *sim, const op_http_request_t *request, op_http_response_t *response)
{
    op_sim_serve(sim, request->method, request->path, request->query, request->body, response);
}

/*  -1: go on; else the exit code. */
static int s_options(int argc, char **argv, options_t *options)
{
    static const struct option flags[] = {{"modems", required_argument, NULL, 'm'},
                                          {"pty-dir", required_argument, NULL, 'd'},
                                          {"listen", required_argument, NULL, 'l'},
                                          {"scenario", required_argument, NULL, 's'},
                                          {"help", no_argument, NULL, 'h'},
                                          {"version", no_argument, NULL, 'v'},
                                          {NULL, 0, NULL, 0}};
    int flag;
    uint64_t modems;
    while ((flag = getopt_long(argc, argv, "", flags, NULL)) != -1)
        switch (flag) {
        case 'm':
            if (!op_str_to_u64(op_str(optarg), OP_CARRIER_MODEMS_MAX, &modems) || modems == 0) {
                fprintf(stderr, "opsim: --modems takes 1 to %d, not \"%s\"\n",
                        OP_CARRIER_MODEMS_MAX, optarg);
                return 1;
            }
            options->modems = (size_t)modems;
            break;
        case 'd':
            options->directory = optarg;
            break;
        case 'l':
            options->listen = optarg;
            break;
        case 's':
            options->scenario = optarg;
            break;
        case 'v':
            puts("opsim " OP_VERSION);
            return 0;
        case 'h':
            fputs(s_help, stdout);
            s_print_knobs();
            return 0;
        default:
            return 1; /* getopt_long has said what is wrong */
        }
    if (optind < argc || !options->directory) {
        fprintf(stderr, "opsim: %s; see --help\n",
                optind < argc ? "it takes no arguments besides options" : "--pty-dir is missing");
        return 1;
    }
    return -1;
}

int main(int argc, char **argv)
{
    options_t options = {.modems = 1, .listen = "127.0.0.1:8090", .scenario = ""};
    int code = s_options(argc, argv, &options);
    if (code >= 0)
        return op_output_end("opsim", code, 1);

    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, NULL); /* before any thread, so that sigwait gets them */

    if (mkdir(options.directory, 0755) != 0 && errno != EEXIST) {
        fprintf(stderr, "opsim: cannot make %s: %s\n", options.directory, strerror(errno));
        return 1;
    }
    char error[256];
    op_sim_families_t families;
    if (op_sim_families_load(options.scenario, &families, error, sizeof error) != 0) {
        fprintf(stderr, "opsim: %s\n", error);
        return 1;
    }
    op_carrier_pty_t *carrier =
        op_carrier_pty_new(&(op_carrier_pty_options_t){.families = families.at,
                                                       .family_count = families.count,
                                                       .modems = options.modems,
                                                       .directory = options.directory});
    op_sim_families_free(&families);
    if (!carrier) {
        fprintf(stderr, "opsim: cannot open ptys in %s: %s\n", options.directory,
                op_carrier_pty_error(errno));
        return 1;
    }
    op_sim_t sim = {.carrier = carrier};
    op_http_server_t *server = op_http_server_new(
        &(op_http_server_options_t){
            .listen = options.listen, .threads = 32, .handle = s_serve, .arg = &sim},
        error, sizeof error);
    if (!server) {
        fprintf(stderr, "opsim: %s\n", error);
        op_carrier_pty_destroy(&carrier);
        return 1;
    }
    printf("opsim is ready on http://%s\n", op_http_server_address(server));
    fflush(stdout);
    int signal_number;
    sigwait(&signals, &signal_number);
    op_http_server_stop(server);
    op_http_server_destroy(&server);
    op_carrier_pty_destroy(&carrier);
    return 0;
}
