/*  opctl - the operator's tool: options, the command, its exit code */

#include "tools/opctl/opctl.h"

#include "base/output.h"
#include "transport/control_wire.h"

#include <errno.h>
#include <getopt.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    FLAG_CONFIG,
    FLAG_DATA,
    FLAG_SOCKET,
    FLAG_JSON,
    FLAG_FULL,
    FLAG_YES,
    FLAG_ACTORS,
    FLAG_KEY,
    FLAG_DIR,
    FLAG_ROTATE,
    FLAG_HELP,
    FLAG_VERSION,
    FLAG_COUNT
};

const op_ctl_option_t op_ctl_options[] = {
    [FLAG_CONFIG] = {"config", "FILE", "the configuration that opd runs with", NULL},
    [FLAG_DATA] = {"data", "DIR", "the folder of its store (default ./data)", NULL},
    [FLAG_SOCKET] = {"socket", "PATH", "its control socket (default control.sock in there)", NULL},
    [FLAG_JSON] = {"json", NULL, "answer in JSON: one document", NULL},
    [FLAG_FULL] = {"full", NULL, "show phone and serial numbers and texts in full", NULL},
    [FLAG_YES] = {"yes", NULL, "do what cannot be undone, as the commands marked with * do", NULL},
    [FLAG_ACTORS] = {"actors", "A,B", "of host add: as whom that host may speak", "host add"},
    [FLAG_KEY] = {"key", "FILE", "of host add: its public certificate, host.cert", "host add"},
    [FLAG_DIR] = {"dir", "DIR", "of host: the folder of keys (default link/keys, or ./keys)",
                  "host"},
    [FLAG_ROTATE] = {"rotate", NULL, "of keygen: the pair that is there stays as .old", "keygen"},
    [FLAG_HELP] = {"help", NULL, "this", NULL},
    [FLAG_VERSION] = {"version", NULL, "the version", NULL},
};
const size_t op_ctl_option_count = OP_COUNT(op_ctl_options);

static const char s_usage[] = "usage: opctl [options] COMMAND [ARGUMENT...]\n"
                              "\n"
                              "Looks after a running opd, through its control socket.\n"
                              "\n"
                              "Options:\n";

static const char s_more[] =
    "\n"
    "ACCOUNT is a phone number or an id, NUMBER one of the pool's or its id. Options may stand\n"
    "anywhere. Phone and serial numbers are masked, texts left out, unless --full asks for them.\n"
    "\n"
    "What accounts erase deletes is out of the store's files within a minute (the log says when), "
    "or\n"
    "when opd has ended; of a text that is on its way, once it has arrived or was given up. "
    "Backups\n"
    "and traces that were taken before keep what they have, and what came in for a shared number "
    "is\n"
    "kept for the others.\n"
    "\n"
    "A backup is taken from the running server and is one moment of it. Restoring makes a folder\n"
    "for opd --data; what waited to be sent at that moment is then sent, so a text that went out\n"
    "since goes out again. restore checks all of the file before it writes, and the folder "
    "appears\n"
    "whole or not at all.\n"
    "\n"
    "store repair-open is for a store that opd refuses as damaged after a power cut: it drops "
    "what\n"
    "cannot be read at the end of the log, if all else is sound, and keeps the store as it was as\n"
    "DIR.damaged. What rotted later looks the same, so prefer a backup that has all.\n"
    "\n"
    "keygen and host keep the keys of links between hosts, in a folder (link/keys), and need no\n"
    "server; a running opd reads them at SIGHUP. A host's key is rotated by keygen --rotate there\n"
    "and host add at the others.\n"
    "\n"
    "Run as root, check, restore, store repair-open, keygen and host write as the owner of their\n"
    "folder, or of the nearest one above it, so that opd can read it under that user.\n"
    "\n"
    "Exit: 0 done, 1 refused, not found or damaged, 2 asked wrongly, 3 opd cannot be reached.\n"
    "Completion: eval \"$(opctl completion)\"\n";

static void s_help(void)
{
    fputs(s_usage, stdout);
    for (size_t i = 0; i < op_ctl_option_count; i++) {
        const op_ctl_option_t *option = &op_ctl_options[i];
        char line[40];
        snprintf(line, sizeof line, "--%s%s%s", option->name, option->argument ? " " : "",
                 option->argument ? option->argument : "");
        printf("  %-15s %s\n", line, option->sentence);
    }
    puts("\nCommands:");
    for (size_t i = 0; i < op_ctl_command_count; i++) {
        const op_ctl_command_t *command = &op_ctl_commands[i];
        char line[100];
        int size = snprintf(line, sizeof line, "%s%s%s", command->group, command->verb ? " " : "",
                            command->verb ? command->verb : "");
        for (size_t k = 0; command->arguments[k]; k++)
            size += snprintf(line + size, sizeof line - (size_t)size, " %s", command->arguments[k]);
        snprintf(line + size, sizeof line - (size_t)size, "%s", command->final ? " *" : "");
        printf("  %-38s %s\n", line, command->sentence);
    }
    fputs(s_more, stdout);
}

int op_ctl_fail(int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("opctl: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    return code;
}

/*  ---- asking ---- */

static int s_connect(op_ctl_t *self)
{
    if (self->fd >= 0)
        return OP_CTL_OK;
    self->fd = op_wire_connect(self->socket);
    if (self->fd < 0)
        return op_ctl_fail(OP_CTL_UNREACHABLE, "cannot reach opd at %s: %s", self->socket,
                           strerror(errno));
    op_wire_patience(self->fd, 60);
    return OP_CTL_OK;
}

static int s_refusal(const op_ctl_t *self, const op_refusal_t *refusal)
{
    op_error_t error = op_error_from(refusal->error);
    op_str_t sentence =
        refusal->sentence.size ? refusal->sentence : op_str(op_error_sentence(error));
    int code = error == OP_ERROR_UNAVAILABLE ? OP_CTL_UNREACHABLE : OP_CTL_REFUSED;
    if (self->quiet && code == OP_CTL_REFUSED)
        return code;
    return op_ctl_fail(code, "%s: %.*s", op_error_code(error), (int)sentence.size, sentence.at);
}

int op_ctl_next(op_ctl_t *self, const op_type_t **type, const void **answer)
{
    op_envelope_t reply;
    op_str_t bytes;
    op_decode_t result = OP_DECODE_TRUNCATED;
    if (op_wire_receive(self->fd, &self->frame) != 1)
        return op_ctl_fail(OP_CTL_UNREACHABLE, "opd has ended the connection");
    /* The answer lives on while more is asked. */
    op_str_t frame = op_arena_copy(&self->arena, op_buf_str(&self->frame));
    *answer = NULL;
    if (op_frame_open(frame, &self->arena, &reply, &bytes) == OP_DECODE_OK) {
        *type = op_message_type(reply.type);
        *answer = op_frame_body(*type, bytes, &self->arena, &result);
    }
    if (!*answer)
        return op_ctl_fail(OP_CTL_UNREACHABLE, "opd's answer makes no sense: %s",
                           op_decode_text(result));
    return *type == &op_refusal_type ? s_refusal(self, *answer) : OP_CTL_OK;
}

int op_ctl_ask(op_ctl_t *self, op_step_t step, const op_type_t *request, const void *body,
               const op_type_t **type, const void **answer)
{
    uint8_t slip = (uint8_t)step;
    int rc = s_connect(self);
    if (rc != OP_CTL_OK)
        return rc;
    op_envelope_t envelope = {.kind = OP_FRAME_REQUEST,
                              .from = OP_STR("opctl"),
                              .to = OP_STR("control"),
                              .origin = OP_STR("opctl"),
                              .correlation = ++self->asked,
                              .slip = op_str_of(&slip, 1),
                              .context = self->context};
    op_buf_clear(&self->frame);
    op_frame_encode(&envelope, request, body, &self->frame);
    if (!op_wire_send(self->fd, op_buf_str(&self->frame)))
        return op_ctl_fail(OP_CTL_UNREACHABLE, "cannot reach opd at %s: %s", self->socket,
                           strerror(errno));
    return op_ctl_next(self, type, answer);
}

int op_ctl_account(op_ctl_t *self, const char *name, const op_account_view_t **view)
{
    const op_type_t *type;
    const void *answer;
    op_account_find_t find = {.phone = {0}};
    if (op_phone_valid(op_str(name)))
        find.phone = op_str(name);
    else if (!op_id_parse(op_str(name), &find.id))
        return op_ctl_fail(OP_CTL_USAGE, "\"%.60s\" is neither a phone number nor an id", name);
    int rc = op_ctl_ask(self, OP_STEP_AUTH_FIND, &op_account_find_type, &find, &type, &answer);
    if (rc != OP_CTL_OK)
        return rc;
    OP_ASSERT(type == &op_account_view_type);
    *view = answer;
    self->context.account = (*view)->id;
    return OP_CTL_OK;
}

int op_ctl_id(const char *text, op_id_t *id)
{
    if (op_id_parse(op_str(text), id))
        return OP_CTL_OK;
    return op_ctl_fail(OP_CTL_USAGE, "\"%.60s\" is no id", text);
}

/*  ---- the command line ---- */

/*  Refuses an option that was given and is another command's. */
static int s_check_options(const op_ctl_t *self, const op_ctl_command_t *command)
{
    char name[100];
    snprintf(name, sizeof name, "%s %s", command->group, command->verb ? command->verb : "");
    for (size_t i = 0; i < op_ctl_option_count; i++) {
        const char *of = op_ctl_options[i].of;
        size_t size = of ? strlen(of) : 0;
        bool belongs = !of || (strncmp(name, of, size) == 0 && (!name[size] || name[size] == ' '));
        if (self->given >> i & 1 && !belongs)
            return op_ctl_fail(OP_CTL_USAGE, "--%s is an option of %s", op_ctl_options[i].name, of);
    }
    return OP_CTL_OK;
}

static const op_ctl_command_t *s_find(char **words, int count, int *used)
{
    for (size_t i = 0; i < op_ctl_command_count; i++) {
        const op_ctl_command_t *command = &op_ctl_commands[i];
        *used = command->verb ? 2 : 1;
        if (count >= *used && strcmp(words[0], command->group) == 0 &&
            (!command->verb || strcmp(words[1], command->verb) == 0))
            return command;
    }
    return NULL;
}

static int s_run(op_ctl_t *self, char **words, int count)
{
    int used = 0, wanted = 0;
    if (count == 0)
        return op_ctl_fail(OP_CTL_USAGE, "which command? see --help");
    const op_ctl_command_t *command = s_find(words, count, &used);
    if (!command)
        return op_ctl_fail(OP_CTL_USAGE, "no command \"%.40s%s%.40s\"; see --help", words[0],
                           count > 1 ? " " : "", count > 1 ? words[1] : "");
    int rc = s_check_options(self, command);
    if (rc != OP_CTL_OK)
        return rc;
    while (command->arguments[wanted])
        wanted++;
    if (count - used != wanted)
        return op_ctl_fail(OP_CTL_USAGE, "%s%s%s takes %d argument%s; see --help", command->group,
                           command->verb ? " " : "", command->verb ? command->verb : "", wanted,
                           wanted == 1 ? "" : "s");
    if (command->final && !self->yes)
        return op_ctl_fail(OP_CTL_USAGE, "this cannot be undone: say --yes as well");
    return command->run(self, command, words + used);
}

/*  -1: go on with the command; else the exit code. */
static int s_take(op_ctl_t *self, int flag, op_config_t *config, const char **socket)
{
    char error[OP_CONFIG_ERROR];
    if (flag < FLAG_COUNT)
        self->given |= 1U << flag;
    switch (flag) {
    case FLAG_CONFIG:
        if (op_config_load(config, optarg, error) != 0)
            return op_ctl_fail(OP_CTL_USAGE, "%s", error);
        self->configured = true;
        break;
    case FLAG_DATA:
        self->data = optarg;
        break;
    case FLAG_SOCKET:
        *socket = optarg;
        break;
    case FLAG_JSON:
        self->json = true;
        break;
    case FLAG_FULL:
        self->full = true;
        break;
    case FLAG_YES:
        self->yes = true;
        break;
    case FLAG_ACTORS:
        self->actors = optarg;
        break;
    case FLAG_KEY:
        self->key = optarg;
        break;
    case FLAG_DIR:
        self->dir = optarg;
        break;
    case FLAG_ROTATE:
        self->rotate = true;
        break;
    case FLAG_HELP:
        s_help();
        return OP_CTL_OK;
    case FLAG_VERSION:
        puts("opctl " OP_VERSION);
        return OP_CTL_OK;
    default:
        return OP_CTL_USAGE;
    }
    return -1;
}

/*  Likewise, for all of them. */
static int s_options(op_ctl_t *self, op_config_t *config, int argc, char **argv)
{
    struct option flags[FLAG_COUNT + 1] = {{0}};
    const char *socket = NULL;
    int flag, rc = -1;
    for (int i = 0; i < FLAG_COUNT; i++)
        flags[i] =
            (struct option){op_ctl_options[i].name,
                            op_ctl_options[i].argument ? required_argument : no_argument, NULL, i};
    while (rc < 0 && (flag = getopt_long(argc, argv, "", flags, NULL)) != -1)
        rc = s_take(self, flag, config, &socket);
    if (!self->data)
        self->data = config->store_path;
    op_control_path(socket ? socket : config->control_socket, self->data, self->socket,
                    sizeof self->socket);
    return rc;
}

int main(int argc, char **argv)
{
    umask(0077); /* what it writes are keys, backups and stores */
    op_config_t *config = op_alloc(sizeof *config);
    op_ctl_t self = {.fd = -1, .config = config};
    OP_ASSERT(sodium_init() >= 0);
    op_config_init(config);
    int rc = s_options(&self, config, argc, argv);
    if (rc < 0)
        rc = s_run(&self, argv + optind, argc - optind);
    if (self.fd >= 0)
        close(self.fd);
    op_buf_free(&self.frame);
    op_arena_free(&self.arena);
    free(config);
    return op_output_end("opctl", rc, OP_CTL_REFUSED);
}
