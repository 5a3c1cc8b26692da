/*  opctl.h - the operator's tool: what its files share

    A command is a row of one table (commands.c), from which come the dispatch, the manual that
    --help prints and the completion of the shell. Most commands ask one step of one actor over the
    control socket (opd/control.h) and print the answer, whatever message it is (print.c). */

#ifndef OP_TOOLS_OPCTL_OPCTL_H
#define OP_TOOLS_OPCTL_OPCTL_H

#include "transport/config.h"
#include "transport/messages.h"

#include <jansson.h>

typedef enum {
    OP_CTL_OK = 0,
    OP_CTL_REFUSED = 1,     /* refused, not found, damaged */
    OP_CTL_USAGE = 2,       /* it was asked wrongly */
    OP_CTL_UNREACHABLE = 3, /* opd does not answer */
} op_ctl_exit_t;

typedef struct {
    char socket[1100];
    const op_config_t *config;      /* that of --config, or the defaults */
    bool configured;                /* --config was given */
    const char *data;               /* the folder of the store */
    bool json;                      /* answers as JSON, one document a command */
    bool full;                      /* phone numbers and texts in full */
    bool yes;                       /* really */
    bool quiet;                     /* refusals are not said: they are answers */
    const char *actors, *key, *dir; /* of host (hosts.c); NULL: not given */
    bool rotate;                    /* of keygen */
    unsigned given;                 /* bits of the options */
    int fd;                         /* of the connection, -1 before it is needed */
    uint64_t asked;
    op_context_t context; /* of the requests */
    op_buf_t frame;
    op_arena_t arena; /* of all answers: a command asks few things */
} op_ctl_t;

/*  Says what is wrong on stderr, and answers `code`, an op_ctl_exit_t. */
int op_ctl_fail(int code, const char *format, ...) OP_PRINTF(2, 3);

/*  Asks one step. OP_CTL_OK, and *type and *answer are what it said; else it has been said on
    stderr what is wrong. */
int op_ctl_ask(op_ctl_t *self, op_step_t step, const op_type_t *request, const void *body,
               const op_type_t **type, const void **answer);
/*  The next reply to the same request. */
int op_ctl_next(op_ctl_t *self, const op_type_t **type, const void **answer);
/*  Finds the account named by its phone or id, and sets it in the context. */
int op_ctl_account(op_ctl_t *self, const char *name, const op_account_view_t **view);

/*  The id that the text is; else it has been said that it is none. */
int op_ctl_id(const char *text, op_id_t *id);

/*  From here on root writes as the owner of the path, or of the nearest folder above it that is there:
    the server that owns the folder can then read what was written, whenever the command is cut
    off. Others write as who they are. */
int op_ctl_as_owner(const char *path) OP_MUST_CHECK;

/*  A message as JSON, masked unless --full was said. A new reference. */
json_t *op_ctl_json(op_ctl_t *self, const op_type_t *type, const void *value);
/*  One more page of a list (a new reference) behind those in *pages, NULL at first: lists grow, all
    else is as the last page says. */
void op_ctl_add_page(json_t **pages, json_t *page);
/*  Prints it, and takes the reference: as JSON, or as lines and tables. Once a command. */
void op_ctl_show(op_ctl_t *self, json_t *value);
/*  Both for one message. */
void op_ctl_print(op_ctl_t *self, const op_type_t *type, const void *value);

/*  ---- options ---- */

typedef struct {
    const char *name;
    const char *argument; /* NULL: it takes none */
    const char *sentence;
    const char *of; /* the command or group that takes it; NULL: all */
} op_ctl_option_t;

extern const op_ctl_option_t op_ctl_options[];
extern const size_t op_ctl_option_count;

/*  ---- commands ---- */

enum { OP_CTL_ARGUMENTS_MAX = 3 };

typedef struct op_ctl_command {
    const char *group; /* "numbers" */
    const char *verb;  /* "list"; NULL: the group is the command */
    const char *arguments[OP_CTL_ARGUMENTS_MAX + 1];
    int (*run)(op_ctl_t *self, const struct op_ctl_command *command, char **arguments);
    op_step_t step; /* that it asks, where `run` is one for many steps */
    uint64_t wish;  /* op_number_wish_t, or the flag for a webhook */
    const char *sentence;
    bool final; /* cannot be undone: it needs --yes */
} op_ctl_command_t;

typedef int op_ctl_run_fn(op_ctl_t *self, const op_ctl_command_t *command, char **arguments);

extern const op_ctl_command_t op_ctl_commands[];
extern const size_t op_ctl_command_count;

/*  store.c: what needs no server, and backup. */
op_ctl_run_fn op_ctl_backup, op_ctl_restore, op_ctl_check, op_ctl_repair_open;
/*  messages.c */
op_ctl_run_fn op_ctl_message_show, op_ctl_message_follow, op_ctl_unclaimed_list,
    op_ctl_unclaimed_show;
/*  hosts.c */
op_ctl_run_fn op_ctl_keygen, op_ctl_host_add, op_ctl_host_remove, op_ctl_host_list;
/*  completion.c */
op_ctl_run_fn op_ctl_completion;

#endif
