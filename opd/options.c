#include "opd/options.h"

#include "http/routes.h"
#include "opd/check.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char s_help[] =
    "usage: opd [options]\n"
    "\n"
    "Gives AI agents real US phone numbers over HTTP.\n"
    "\n"
    "  --config FILE                  read this configuration (ZPL); flags win over it\n"
    "  --data DIR                     where the store is (default ./data)\n"
    "  --listen HOST:PORT             where HTTP is served (default 127.0.0.1:8080)\n"
    "  --simulate N                   run on a simulated carrier with N modems, 0 to 64; its "
    "phones\n"
    "                                 are at /sim, time at /sim/clock, and webhooks may go to this "
    "machine\n"
    "  --modem DEVICE=E164[,shared][,pin=PIN]\n"
    "                                 a modem, its number, and whether all free accounts share "
    "it;\n"
    "                                 again for each modem. DEVICE is the path of a tty, or "
    "imei:DIGITS or\n"
    "                                 iccid:DIGITS of a modem or SIM to be found at "
    "modem/devices\n"
    "  --set KEY=VALUE                override any key of the configuration\n"
    "  --trace FILE                   for developers: record what the actors are given and say to "
    "FILE,\n"
    "                                 FILE.1 ... (trace/max_mb, trace/segments), which must not "
    "exist.\n"
    "                                 It holds codes, tokens, texts and phones, as the store does: "
    "mode 0600\n"
    "  --check                        say whether the configuration is right, and end\n"
    "  --config-reference             print every key with default, unit and bounds, and end\n"
    "  --version, --help              what they say\n"
    "\n"
    "Prints \"OP is ready on http://HOST:PORT\" once it serves. SIGTERM finishes what is under way "
    "and\n"
    "ends with 0; SIGHUP reads the configuration and the keys of links again; an error at the "
    "start is one line and ends with 1. The log goes to stderr.\n";

enum {
    FLAG_CONFIG = 1,
    FLAG_DATA,
    FLAG_LISTEN,
    FLAG_SIMULATE,
    FLAG_MODEM,
    FLAG_SET,
    FLAG_TRACE,
    FLAG_CHECK,
    FLAG_REFERENCE,
    FLAG_VERSION,
    FLAG_HELP
};

static const struct option s_flags[] = {{"config", required_argument, NULL, FLAG_CONFIG},
                                        {"data", required_argument, NULL, FLAG_DATA},
                                        {"listen", required_argument, NULL, FLAG_LISTEN},
                                        {"simulate", required_argument, NULL, FLAG_SIMULATE},
                                        {"modem", required_argument, NULL, FLAG_MODEM},
                                        {"set", required_argument, NULL, FLAG_SET},
                                        {"trace", required_argument, NULL, FLAG_TRACE},
                                        {"check", no_argument, NULL, FLAG_CHECK},
                                        {"config-reference", no_argument, NULL, FLAG_REFERENCE},
                                        {"version", no_argument, NULL, FLAG_VERSION},
                                        {"help", no_argument, NULL, FLAG_HELP},
                                        {NULL, 0, NULL, 0}};

static int s_set(op_config_t *config, const char *key, const char *value, char error[256])
{
    op_buf_t text = {0};
    op_buf_printf(&text, "%s=%s", key, value);
    op_buf_add_byte(&text, 0);
    int rc = op_config_set(config, text.at, error);
    op_buf_free(&text);
    return rc;
}

/*  The file comes first, wherever its flag stands, so that every other flag wins over it. */
static int s_load(int argc, char **argv, op_config_t *config, char error[256])
{
    int flag, rc = 0;
    optind = 1;
    opterr = 0;
    while (rc == 0 && (flag = getopt_long(argc, argv, "", s_flags, NULL)) != -1)
        if (flag == FLAG_CONFIG)
            rc = op_config_load(config, optarg, error);
    optind = 1;
    opterr = 1;
    return rc;
}

static int s_apply(int flag, op_config_t *config, char error[256])
{
    switch (flag) {
    case FLAG_DATA:
        return s_set(config, "store/path", optarg, error);
    case FLAG_LISTEN:
        return s_set(config, "http/listen", optarg, error);
    case FLAG_SIMULATE:
        return s_set(config, "simulate/modems", optarg, error);
    case FLAG_MODEM:
        return op_config_add_modem(config, optarg, error);
    case FLAG_SET:
        return op_config_set(config, optarg, error);
    default:
        return 0;
    }
}

int op_options_reload(const op_options_t *options, op_config_t *config, char error[256])
{
    int flag;
    op_config_init(config);
    int rc = s_load(options->argc, options->argv, config, error);
    while (rc == 0 && (flag = getopt_long(options->argc, options->argv, "", s_flags, NULL)) != -1)
        rc = s_apply(flag, config, error);
    return rc == 0 ? op_config_check(config, op_route_itinerary, error) : rc;
}

op_options_result_t op_options_read(int argc, char **argv, op_options_t *options)
{
    char error[256];
    bool check = false;
    int flag;
    op_config_init(&options->config);
    options->trace = NULL;
    options->argc = argc;
    options->argv = argv;
    int rc = s_load(argc, argv, &options->config, error);
    while (rc == 0 && (flag = getopt_long(argc, argv, "", s_flags, NULL)) != -1)
        switch (flag) {
        case FLAG_HELP:
            fputs(s_help, stdout);
            return OP_OPTIONS_DONE;
        case FLAG_VERSION:
            puts("opd " OP_VERSION);
            return OP_OPTIONS_DONE;
        case FLAG_REFERENCE:
            op_config_reference(stdout);
            return OP_OPTIONS_DONE;
        case FLAG_TRACE:
            options->trace = optarg;
            break;
        case FLAG_CHECK:
            check = true;
            break;
        case '?':
            return OP_OPTIONS_WRONG; /* getopt_long has said what is wrong */
        default:
            rc = s_apply(flag, &options->config, error);
        }
    if (rc == 0 && optind < argc) {
        snprintf(error, sizeof error, "it takes no arguments besides options; see --help");
        rc = -1;
    }
    if (rc == 0)
        rc = op_config_check(&options->config, op_route_itinerary, error);
    if (rc == 0)
        rc = op_opd_check(&options->config, error);
    if (rc != 0) {
        fprintf(stderr, "opd: %s\n", error);
        return OP_OPTIONS_WRONG;
    }
    if (check)
        puts("the configuration is right");
    return check ? OP_OPTIONS_DONE : OP_OPTIONS_RUN;
}
