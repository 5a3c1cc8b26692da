/*  optrace - looks at recorded traces of messages, and replays them */

#include "tools/optrace/optrace.h"

#include "base/instant.h"
#include "base/output.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char s_head[] =
    "usage: optrace COMMAND ... [--torn]\n"
    "\n"
    "A trace is what `opd --trace FILE` wrote: everything that the actors were given and said. "
    "The\n"
    "files that continue it (FILE.1, FILE.2 ...) are read with it. Phones, texts and secrets are\n"
    "shown masked, unless --full asks for them (for secrets it does not); in the file they are\n"
    "in clear, so treat it like the database.\n"
    "\n";

static const char s_tail[] =
    "\n"
    "T is 2026-05-20T19:14:52Z, with or without .123, or milliseconds since 1970.\n"
    "\n"
    "Of a long recording opd drops files (trace/max_mb, trace/segments), the first ones never. "
    "print,\n"
    "stats, follow and merge show what is left, or one file alone (FILE.28), and say on stderr "
    "what\n"
    "is missing. What follows a gap cannot be replayed: the other commands refuse it, or with\n"
    "--torn take what stands before it.\n"
    "\n"
    "  --full     shows phones, texts, URLs and what ttys said in full\n"
    "  --torn     takes a file whose last record was cut off, as a killed process may leave it\n"
    "  --help     this text; after a command, its part\n"
    "  --version  which one this is\n"
    "\n"
    "Exit: 0 the same, or done; 1 a difference, or nothing found; 2 a bad file or command line.\n";

static const struct {
    const char *name;
    op_optrace_exit_t (*run)(const op_optrace_options_t *options);
    size_t least, most; /* arguments */
    const char *flags;  /* those it takes, by their letters */
    unsigned lenient;   /* without being asked */
    const char *help;
} s_commands[] = {
    {"print", op_optrace_print, 1, 1, "ampqftF", OP_TAPE_GAPS,
     "print FILE [--actor A] [--message M] [--phone P] [--request ID] [--from T] [--to T]\n"
     "      [--full]\n"
     "    One line an event, each after what caused it. M is a message's name, such as "
     "text_send;\n"
     "    P is a whole number, +14155550101: as a field, or within a text or what was posted.\n"},
    {"stats", op_optrace_stats, 1, 1, "", OP_TAPE_GAPS,
     "stats FILE\n"
     "    Counts by actor and by message, sizes of turns, and how long requests took.\n"},
    {"follow", op_optrace_follow, 2, 2, "sF", OP_TAPE_GAPS,
     "follow FILE ID [--svg OUT] [--full]\n"
     "    The way of one thing through all actors, as a sequence diagram. ID is a request's id\n"
     "    (X-Request-Id), a message's (msg_...) or any other id, or a request's correlation "
     "number,\n"
     "    whoever asked. OUT is written with mode 0600, over what is there.\n"},
    {"replay", op_optrace_replay, 1, 1, "aF", 0,
     "replay FILE [--actor A] [--full]\n"
     "    Gives the actors of this build what they were given, and compares what they say and "
     "the\n"
     "    rows they end with, octet by octet. Shows the first difference of each actor.\n"},
    {"diff", op_optrace_diff, 2, 2, "F", 0,
     "diff FILE FILE [--full]\n"
     "    For each actor the first event in which two traces differ, or that its end does.\n"},
    {"cut", op_optrace_cut, 2, 2, "qft", 0,
     "cut FILE OUT --request ID | --from T | --to T\n"
     "    A smaller trace that still replays. With --request: the actors that it touched, from "
     "its\n"
     "    first turn in each to its last one. With times: what happened from --from up to --to. "
     "An\n"
     "    actor begins with its rows as they were then. Where it would not go on from them as it\n"
     "    did (its core remembered more than its rows, as the modem's does in the middle of a\n"
     "    command), it begins earlier, in the end at its start; cut says so.\n"},
    {"scrub", op_optrace_scrub, 2, 2, "", 0,
     "scrub FILE OUT\n"
     "    The same run with other people in it: phones, texts, addresses, URLs, names, codes,\n"
     "    secrets and what webhooks' receivers answered are replaced by others of the same\n"
     "    length and form, equal ones by equal ones, under a key that is thrown away. All entropy\n"
     "    is replaced too, and with it every id and token that came from it. Request ids, times\n"
     "    and lengths stay. What actors say is recorded\n"
     "    anew, so the result replays. A run that does not survive this (a code that was texted\n"
     "    before the trace began, for instance) is refused.\n"},
    {"merge", op_optrace_merge, 2, 64, "", OP_TAPE_GAPS,
     "merge OUT FILE...\n"
     "    The traces of several processes as one. No frame is received before it was sent, "
     "whatever\n"
     "    the clocks of the hosts say; else by time.\n"},
};

/*  The months and their days as they are: 31 February would be some other day. */
static bool s_is_date(op_civil_t civil)
{
    op_civil_t day = {.year = civil.year, .month = civil.month, .day = civil.day};
    if (civil.month < 1 || civil.month > 12 || civil.day < 1 || civil.day > 31)
        return false;
    op_civil_t same = op_civil_from(op_civil_to(day));
    return same.month == civil.month && same.day == civil.day;
}

/*  0: it is none. */
static int64_t s_instant(const char *text)
{
    uint64_t ms;
    if (op_str_to_u64(op_str(text), OP_INSTANT_MAX, &ms))
        return (int64_t)ms;
    op_civil_t civil;
    int fraction = 0, end = 0;
    if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d%n", &civil.year, &civil.month, &civil.day,
               &civil.hour, &civil.minute, &civil.second, &end) != 6)
        return 0;
    const char *rest = text + end;
    if (sscanf(rest, ".%3d%n", &fraction, &end) == 1 && end == 4)
        rest += end;
    if (strcmp(rest, "Z") != 0 || !s_is_date(civil) || civil.hour > 23 || civil.minute > 59 ||
        civil.second > 60)
        return 0;
    int64_t instant = op_civil_to(civil) + fraction;
    return instant > 0 ? instant : 0;
}

static bool s_is_message(const char *name)
{
    size_t count;
    const op_type_t *const *types = op_message_types(&count);
    for (size_t i = 0; i < count; i++)
        if (strcmp(types[i]->name, name) == 0)
            return true;
    return false;
}

/*  False: stderr says what is wrong. */
static bool s_flag(op_optrace_options_t *options, int flag, const char *value)
{
    int64_t *instant = flag == 'f' ? &options->from : &options->to;
    switch (flag) {
    case 'a':
        options->actor = value;
        return true;
    case 'm':
        options->message = value;
        if (s_is_message(value))
            return true;
        fprintf(stderr, "optrace: there is no message \"%s\"; see transport/MESSAGES.md\n", value);
        return false;
    case 'p':
        options->phone = value;
        return true;
    case 'q':
        options->request = value;
        return true;
    case 's':
        options->svg = value;
        return true;
    case 'F':
        options->how = OP_PRINT_FULL;
        return true;
    case 'T':
        options->lenient |= OP_TAPE_TORN;
        return true;
    case 'f':
    case 't':
        *instant = s_instant(value);
        if (*instant > 0)
            return true;
        fprintf(stderr, "optrace: \"%s\" is no instant; see --help\n", value);
        return false;
    default: /* getopt_long has said what is wrong */
        return false;
    }
}

static const struct option s_flags[] = {
    {"actor", required_argument, NULL, 'a'}, {"message", required_argument, NULL, 'm'},
    {"phone", required_argument, NULL, 'p'}, {"request", required_argument, NULL, 'q'},
    {"from", required_argument, NULL, 'f'},  {"to", required_argument, NULL, 't'},
    {"svg", required_argument, NULL, 's'},   {"full", no_argument, NULL, 'F'},
    {"torn", no_argument, NULL, 'T'},        {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},     {NULL, 0, NULL, 0}};

/*  The command's place in the table, or -1. */
static int s_command(const char *name)
{
    for (size_t i = 0; i < OP_COUNT(s_commands); i++)
        if (strcmp(name, s_commands[i].name) == 0)
            return (int)i;
    return -1;
}

/*  All of it, or a command's part. */
static op_optrace_exit_t s_help(int command)
{
    if (command >= 0) {
        printf("usage: optrace %s", s_commands[command].help);
        return OP_OPTRACE_OK;
    }
    fputs(s_head, stdout);
    for (size_t i = 0; i < OP_COUNT(s_commands); i++)
        fputs(s_commands[i].help, stdout);
    fputs(s_tail, stdout);
    return OP_OPTRACE_OK;
}

static op_optrace_exit_t s_main(int argc, char **argv)
{
    op_optrace_options_t options = {0};
    char given[OP_COUNT(s_flags) + 1] = "";
    int flag;
    bool help = false;
    while ((flag = getopt_long(argc, argv, "", s_flags, NULL)) != -1) {
        if (flag == 'V') {
            puts("optrace " OP_VERSION);
            return OP_OPTRACE_OK;
        }
        help |= flag == 'h';
        if (flag != 'h' && !s_flag(&options, flag, optarg))
            return OP_OPTRACE_BAD;
        if (flag != 'T' && flag != 'h' && !strchr(given, flag))
            given[strlen(given)] = (char)flag;
    }
    int command = optind < argc ? s_command(argv[optind]) : -1;
    if (help)
        return s_help(command);
    if (command < 0) {
        fprintf(stderr, "optrace: %s; see --help\n",
                optind < argc ? "there is no such command" : "a command is missing");
        return OP_OPTRACE_BAD;
    }
    for (const char *one = given; *one; one++)
        if (!strchr(s_commands[command].flags, *one)) {
            fprintf(stderr, "optrace: %s does not take one of these options; see --help\n",
                    s_commands[command].name);
            return OP_OPTRACE_BAD;
        }
    size_t count = (size_t)(argc - optind - 1);
    if (count < s_commands[command].least || count > s_commands[command].most) {
        fprintf(stderr, "optrace: %s takes other arguments; see --help\n",
                s_commands[command].name);
        return OP_OPTRACE_BAD;
    }
    for (size_t i = 0; i < count; i++)
        options.files[options.file_count++] = argv[optind + 1 + (int)i];
    options.lenient |= s_commands[command].lenient;
    return s_commands[command].run(&options);
}

int main(int argc, char **argv)
{
    return op_output_end("optrace", (int)s_main(argc, argv), OP_OPTRACE_BAD);
}
