/*  commands.c - the table of commands, and those that ask one step and print its answer */

#include "tools/opctl/opctl.h"

#include <string.h>

static int s_ask_and_print(op_ctl_t *self, op_step_t step, const op_type_t *request,
                           const void *body)
{
    const op_type_t *type;
    const void *answer;
    int rc = op_ctl_ask(self, step, request, body, &type, &answer);
    if (rc == OP_CTL_OK && (type != &op_nothing_type || self->json))
        op_ctl_print(self, type, answer);
    return rc;
}

static int s_plain(op_ctl_t *self, const op_ctl_command_t *command, char **arguments)
{
    (void)arguments;
    return s_ask_and_print(self, command->step, &op_nothing_type, &(op_nothing_t){0});
}

static int s_by_id(op_ctl_t *self, const op_ctl_command_t *command, char **arguments)
{
    op_by_id_t by_id = {op_str(arguments[0])};
    op_id_t id;
    int rc = op_ctl_id(arguments[0], &id);
    if (rc != OP_CTL_OK)
        return rc;
    return s_ask_and_print(self, command->step, &op_by_id_type, &by_id);
}

/*  ---- accounts and what is theirs ---- */

static int s_account_show(op_ctl_t *self, const op_ctl_command_t *command, char **arguments)
{
    const op_account_view_t *view;
    (void)command;
    int rc = op_ctl_account(self, arguments[0], &view);
    if (rc == OP_CTL_OK)
        op_ctl_print(self, &op_account_view_type, view);
    return rc;
}

static int s_of_account(op_ctl_t *self, const op_ctl_command_t *command, char **arguments)
{
    const op_account_view_t *view;
    int rc = op_ctl_account(self, arguments[0], &view);
    return rc == OP_CTL_OK ? s_plain(self, command, arguments) : rc;
}

/*  Lists that can be narrowed to one number; here they are whole. */
static int s_list_of_account(op_ctl_t *self, const op_ctl_command_t *command, char **arguments)
{
    const op_account_view_t *view;
    int rc = op_ctl_account(self, arguments[0], &view);
    if (rc != OP_CTL_OK)
        return rc;
    return s_ask_and_print(self, command->step, &op_by_number_type, &(op_by_number_t){{{0}}});
}

static int s_thing_of_account(op_ctl_t *self, const op_ctl_command_t *command, char **arguments)
{
    const op_account_view_t *view;
    op_id_t id;
    int rc = op_ctl_id(arguments[1], &id);
    if (rc == OP_CTL_OK)
        rc = op_ctl_account(self, arguments[0], &view);
    return rc == OP_CTL_OK ? s_by_id(self, command, arguments + 1) : rc;
}

/*  ---- numbers ---- */

/*  Does another account than this one lease the number? Then a lease ends, for good. */
static int s_check_lease(op_ctl_t *self, op_str_t name, op_id_t account)
{
    const op_type_t *type;
    const void *answer;
    op_id_t id = {{0}};
    (void)op_id_parse(name, &id);
    int rc =
        op_ctl_ask(self, OP_STEP_LEDGER_POOL, &op_nothing_type, &(op_nothing_t){0}, &type, &answer);
    if (rc != OP_CTL_OK)
        return rc;
    OP_ASSERT(type == &op_pool_view_type);
    const op_pool_view_t *pool = answer;
    for (size_t i = 0; i < pool->numbers.count; i++) {
        const op_pool_number_t *number = &pool->numbers.at[i];
        if ((op_str_equal(number->e164, name) || op_id_equal(number->id, id)) &&
            !op_id_is_none(number->account) && !op_id_equal(number->account, account))
            return op_ctl_fail(
                OP_CTL_USAGE, "an account leases it, and that cannot be undone: say --yes as well");
    }
    return OP_CTL_OK;
}

static int s_number_change(op_ctl_t *self, const op_ctl_command_t *command, char **arguments)
{
    const op_account_view_t *view;
    op_number_change_t change = {.number = op_str(arguments[0]), .change = command->wish};
    if (change.number.size > 64)
        return op_ctl_fail(OP_CTL_USAGE, "that is no number of the pool");
    if (command->wish == OP_NUMBER_MOVE) {
        int rc = op_ctl_account(self, arguments[1], &view);
        if (rc != OP_CTL_OK)
            return rc;
        change.account = view->id;
    }
    if (command->wish == OP_NUMBER_ASSIGN)
        change.modem = op_str(arguments[1]);
    if (change.modem.size > OP_ACTOR_NAME_MAX)
        return op_ctl_fail(OP_CTL_USAGE, "that is no name of an actor");
    bool takes = command->wish == OP_NUMBER_MOVE || command->wish == OP_NUMBER_RETIRE;
    int rc = takes && !self->yes ? s_check_lease(self, change.number, change.account) : OP_CTL_OK;
    if (rc != OP_CTL_OK)
        return rc;
    return s_ask_and_print(self, command->step, &op_number_change_type, &change);
}

/*  ---- webhooks ---- */

enum { FLAG_NO = 1, FLAG_YES }; /* op_said of false and true */

static int s_webhook_enable(op_ctl_t *self, const op_ctl_command_t *command, char **arguments)
{
    const op_account_view_t *view;
    op_webhook_update_t update = {.id = op_str(arguments[1]), .enabled = command->wish};
    op_id_t id;
    int rc = op_ctl_id(arguments[1], &id);
    if (rc == OP_CTL_OK)
        rc = op_ctl_account(self, arguments[0], &view);
    if (rc != OP_CTL_OK)
        return rc;
    return s_ask_and_print(self, command->step, &op_webhook_update_type, &update);
}

/*  ---- lines ---- */

static int s_quarantine(op_ctl_t *self, const op_ctl_command_t *command, char **arguments)
{
    const op_type_t *type;
    const void *answer;
    op_quarantine_list_t list = {.limit = 0};
    json_t *all = NULL;
    (void)arguments;
    do {
        int rc = op_ctl_ask(self, command->step, &op_quarantine_list_type, &list, &type, &answer);
        if (rc != OP_CTL_OK) {
            json_decref(all);
            return rc;
        }
        OP_ASSERT(type == &op_quarantine_view_type);
        list.cursor = ((const op_quarantine_view_t *)answer)->next_cursor;
        op_ctl_add_page(&all, op_ctl_json(self, type, answer));
    } while (list.cursor.size);
    op_ctl_show(self, all);
    return OP_CTL_OK;
}

/*  ---- deliveries ---- */

static int s_deliveries(op_ctl_t *self, const op_ctl_command_t *command, char **arguments)
{
    const op_account_view_t *view;
    const op_type_t *type;
    const void *answer;
    op_delivery_list_t list = {.id = op_str(arguments[1])};
    op_id_t id;
    json_t *all = NULL;
    int rc = op_ctl_id(arguments[1], &id);
    if (rc == OP_CTL_OK)
        rc = op_ctl_account(self, arguments[0], &view);
    do {
        if (rc == OP_CTL_OK)
            rc = op_ctl_ask(self, command->step, &op_delivery_list_type, &list, &type, &answer);
        if (rc != OP_CTL_OK) {
            json_decref(all);
            return rc;
        }
        OP_ASSERT(type == &op_deliveries_view_type);
        list.cursor = ((const op_deliveries_view_t *)answer)->next_cursor;
        op_ctl_add_page(&all, op_ctl_json(self, type, answer));
    } while (list.cursor.size);
    op_ctl_show(self, all);
    return rc;
}

/*  ---- the table ---- */

const op_ctl_command_t op_ctl_commands[] = {
    {"status",
     NULL,
     {NULL},
     s_plain,
     OP_STEP_CONTROL_STATUS,
     0,
     "actors, what they have done, what waits between them, and lines",
     false},
    {"drain",
     NULL,
     {NULL},
     s_plain,
     OP_STEP_CONTROL_DRAIN,
     0,
     "finish what is under way, then end opd",
     false},

    {"lines",
     NULL,
     {NULL},
     s_plain,
     OP_STEP_MODEM_LINES,
     0,
     "how each line is, its modem and its SIM, and why it is not up",
     false},
    {"quarantine",
     NULL,
     {NULL},
     s_quarantine,
     OP_STEP_MODEM_QUARANTINE,
     0,
     "what came in and is no text for a reader, newest first",
     false},

    {"numbers", "list", {NULL}, s_plain, OP_STEP_LEDGER_POOL, 0, "the pool", false},
    {"numbers",
     "share",
     {"NUMBER"},
     s_number_change,
     OP_STEP_LEDGER_CHANGE,
     OP_NUMBER_SHARE,
     "let all accounts use it",
     false},
    {"numbers",
     "unshare",
     {"NUMBER"},
     s_number_change,
     OP_STEP_LEDGER_CHANGE,
     OP_NUMBER_UNSHARE,
     "let one account lease it",
     false},
    {"numbers",
     "retire",
     {"NUMBER"},
     s_number_change,
     OP_STEP_LEDGER_CHANGE,
     OP_NUMBER_RETIRE,
     "take it out of the pool; --yes where that ends a lease",
     false},
    {"numbers",
     "add",
     {"NUMBER"},
     s_number_change,
     OP_STEP_LEDGER_CHANGE,
     OP_NUMBER_ADD,
     "take a retired one back",
     false},
    {"numbers",
     "assign",
     {"NUMBER", "ACTOR"},
     s_number_change,
     OP_STEP_LEDGER_CHANGE,
     OP_NUMBER_ASSIGN,
     "let that modem actor serve it, new or not",
     false},
    {"numbers",
     "move",
     {"NUMBER", "ACCOUNT"},
     s_number_change,
     OP_STEP_LEDGER_CHANGE,
     OP_NUMBER_MOVE,
     "lease it to this account; --yes takes it from another",
     false},

    {"accounts", "show", {"ACCOUNT"}, s_account_show, OP_STEP_NONE, 0, "find one", false},
    {"accounts",
     "suspend",
     {"ACCOUNT"},
     s_of_account,
     OP_STEP_AUTH_SUSPEND,
     0,
     "refuse its sessions and keys; what comes in for it is kept",
     false},
    {"accounts",
     "resume",
     {"ACCOUNT"},
     s_of_account,
     OP_STEP_AUTH_RESUME,
     0,
     "take them again",
     false},
    {"accounts",
     "erase",
     {"ACCOUNT"},
     s_of_account,
     OP_STEP_AUTH_ERASE,
     0,
     "delete all that is its, for good",
     true},
    {"sessions",
     "list",
     {"ACCOUNT"},
     s_of_account,
     OP_STEP_AUTH_SESSIONS,
     0,
     "its sessions",
     false},
    {"sessions",
     "revoke",
     {"ACCOUNT", "SESSION"},
     s_thing_of_account,
     OP_STEP_AUTH_SESSION_REVOKE,
     0,
     "end one",
     false},
    {"keys", "list", {"ACCOUNT"}, s_list_of_account, OP_STEP_AUTH_KEYS, 0, "its API keys", false},
    {"keys",
     "revoke",
     {"ACCOUNT", "KEY"},
     s_thing_of_account,
     OP_STEP_AUTH_KEY_REVOKE,
     0,
     "end one",
     false},

    {"messages",
     "show",
     {"MESSAGE"},
     op_ctl_message_show,
     OP_STEP_NONE,
     0,
     "whosever it is",
     false},
    {"messages",
     "follow",
     {"MESSAGE"},
     op_ctl_message_follow,
     OP_STEP_NONE,
     0,
     "what each actor knows of it",
     false},
    {"unclaimed",
     "list",
     {NULL},
     op_ctl_unclaimed_list,
     OP_STEP_NONE,
     0,
     "inbound texts that no account was entitled to",
     false},
    {"unclaimed", "show", {"ID"}, op_ctl_unclaimed_show, OP_STEP_NONE, 0, "one of them", false},
    {"unclaimed",
     "delete",
     {"ID"},
     s_by_id,
     OP_STEP_LEDGER_UNCLAIMED_DELETE,
     0,
     "one of them",
     true},

    {"webhooks",
     "list",
     {"ACCOUNT"},
     s_list_of_account,
     OP_STEP_WEBHOOK_LIST,
     0,
     "its webhooks",
     false},
    {"webhooks",
     "enable",
     {"ACCOUNT", "WEBHOOK"},
     s_webhook_enable,
     OP_STEP_WEBHOOK_UPDATE,
     FLAG_YES,
     "deliver again",
     false},
    {"webhooks",
     "disable",
     {"ACCOUNT", "WEBHOOK"},
     s_webhook_enable,
     OP_STEP_WEBHOOK_UPDATE,
     FLAG_NO,
     "deliver no more",
     false},
    {"webhooks",
     "deliveries",
     {"ACCOUNT", "WEBHOOK"},
     s_deliveries,
     OP_STEP_WEBHOOK_DELIVERIES,
     0,
     "what became of its events",
     false},

    {"backup",
     NULL,
     {"FILE"},
     op_ctl_backup,
     OP_STEP_CONTROL_BACKUP,
     0,
     "the store as it is now, into a new file",
     false},
    {"restore",
     NULL,
     {"FILE"},
     op_ctl_restore,
     OP_STEP_NONE,
     0,
     "a store from a backup, into --data DIR, which is empty",
     false},
    {"check",
     NULL,
     {"PATH"},
     op_ctl_check,
     OP_STEP_NONE,
     0,
     "is every row of this backup, or of a stopped server's folder, sound?",
     false},
    {"store",
     "repair-open",
     {NULL},
     op_ctl_repair_open,
     OP_STEP_NONE,
     0,
     "drop the unreadable end of the log of --data DIR; see below",
     true},

    {"keygen",
     NULL,
     {"DIR"},
     op_ctl_keygen,
     OP_STEP_NONE,
     0,
     "a key pair for this host; over one that is there: --rotate",
     false},
    {"host",
     "add",
     {"NAME"},
     op_ctl_host_add,
     OP_STEP_NONE,
     0,
     "let a host in (--key), to speak as these actors (--actors)",
     false},
    {"host", "remove", {"NAME"}, op_ctl_host_remove, OP_STEP_NONE, 0, "let it in no more", false},
    {"host",
     "list",
     {NULL},
     op_ctl_host_list,
     OP_STEP_NONE,
     0,
     "who is let in, and as whom",
     false},

    {"completion", NULL, {NULL}, op_ctl_completion, OP_STEP_NONE, 0, "for bash", false},
};
const size_t op_ctl_command_count = OP_COUNT(op_ctl_commands);
