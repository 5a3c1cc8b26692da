/*  messages.c - a message followed through the actors, and texts that are nobody's */

#include "tools/opctl/opctl.h"

#include <string.h>

/*  Asks slice after slice until the step has found it. */
static int s_search(op_ctl_t *self, op_step_t step, op_id_t id, const op_type_t **type,
                    const void **answer)
{
    op_text_find_t find = {.id = id};
    int rc;
    while ((rc = op_ctl_ask(self, step, &op_text_find_type, &find, type, answer)) == OP_CTL_OK &&
           *type == &op_search_on_type)
        find.after = ((const op_search_on_t *)*answer)->after;
    return rc;
}

static bool s_id(const char *text, op_id_t *id)
{
    return op_id_parse(op_str(strncmp(text, "msg_", 4) == 0 ? text + 4 : text), id);
}

static int s_find(op_ctl_t *self, const char *text, op_id_t *id, const op_text_found_t **found)
{
    const op_type_t *type;
    const void *answer;
    if (!s_id(text, id))
        return op_ctl_fail(OP_CTL_USAGE, "\"%.60s\" is no message's id", text);
    int rc = s_search(self, OP_STEP_LEDGER_FIND, *id, &type, &answer);
    if (rc == OP_CTL_OK) {
        OP_ASSERT(type == &op_text_found_type);
        *found = answer;
    }
    return rc;
}

int op_ctl_message_show(op_ctl_t *self, const op_ctl_command_t *command, char **arguments)
{
    op_id_t id;
    const op_text_found_t *found;
    (void)command;
    int rc = s_find(self, arguments[0], &id, &found);
    if (rc == OP_CTL_OK)
        op_ctl_print(self, &op_text_found_type, found);
    return rc;
}

/*  What each actor knows of a message, as far as it has been asked. */
typedef struct {
    op_ctl_t *ctl;
    op_str_t line;
    op_id_t id;
    const op_status_view_t *status; /* who runs where */
    json_t *parts;
} s_follow_t;

typedef int s_ask_fn(s_follow_t *self, const op_type_t **type, const void **answer);

static int s_ask_modem(s_follow_t *self, const op_type_t **type, const void **answer)
{
    op_queued_find_t queued = {self->line, self->id};
    return op_ctl_ask(self->ctl, OP_STEP_MODEM_QUEUED, &op_queued_find_type, &queued, type, answer);
}

static int s_ask_webhook(s_follow_t *self, const op_type_t **type, const void **answer)
{
    return s_search(self->ctl, OP_STEP_WEBHOOK_FIND, self->id, type, answer);
}

/*  Where that actor's part is to be had, NULL: here. */
static json_t *s_elsewhere(const op_status_view_t *status, op_str_t actor)
{
    for (size_t i = 0; i < status->peers.count; i++) {
        const op_peer_view_t *peer = &status->peers.at[i];
        if (op_str_in(actor, peer->actors))
            return json_sprintf("%.*s runs in another process, %.*s: ask there", (int)actor.size,
                                actor.at, (int)peer->endpoint.size, peer->endpoint.at);
    }
    return NULL;
}

/*  One actor's knowledge. Not to have it is an answer, too: null. Only silence is a failure. */
static int s_add_part(s_follow_t *self, const char *part, op_str_t actor, s_ask_fn *ask)
{
    const op_type_t *type;
    const void *answer;
    json_t *known = s_elsewhere(self->status, actor);
    int rc = known ? OP_CTL_OK : ask(self, &type, &answer);
    if (rc == OP_CTL_UNREACHABLE)
        return rc;
    if (!known)
        known = rc == OP_CTL_OK ? op_ctl_json(self->ctl, type, answer) : json_null();
    json_object_set_new(self->parts, part, known);
    return OP_CTL_OK;
}

int op_ctl_message_follow(op_ctl_t *self, const op_ctl_command_t *command, char **arguments)
{
    const op_text_found_t *found;
    const op_type_t *type;
    const void *status;
    s_follow_t follow = {.ctl = self};
    (void)command;
    int rc = s_find(self, arguments[0], &follow.id, &found);
    if (rc == OP_CTL_OK)
        rc = op_ctl_ask(self, OP_STEP_CONTROL_STATUS, &op_nothing_type, &(op_nothing_t){0}, &type,
                        &status);
    if (rc != OP_CTL_OK)
        return rc;
    OP_ASSERT(type == &op_status_view_type);
    follow.status = status;
    follow.line =
        op_str_is(found->message.direction, "outbound") ? found->message.from : found->message.to;
    follow.parts = json_pack("{s:o}", "ledger", op_ctl_json(self, &op_text_found_type, found));
    self->quiet = true;
    rc = s_add_part(&follow, "modem", found->modem, s_ask_modem);
    if (rc == OP_CTL_OK)
        rc = s_add_part(&follow, "webhook", OP_STR("webhook"), s_ask_webhook);
    if (rc == OP_CTL_OK)
        op_ctl_show(self, follow.parts);
    else
        json_decref(follow.parts);
    return rc;
}

/*  ---- texts that are nobody's ---- */

static const op_unclaimed_view_t *s_on_page(const op_unclaimed_page_t *page, op_id_t id)
{
    for (size_t i = 0; i < page->texts.count; i++)
        if (op_id_equal(page->texts.at[i].id, id))
            return &page->texts.at[i];
    return NULL;
}

/*  Page after page. With `wanted`, only that one is printed; else all. */
static int s_unclaimed(op_ctl_t *self, const op_id_t *wanted)
{
    const op_type_t *type;
    const void *answer;
    op_page_find_t find = {{{0}}};
    json_t *all = NULL;
    do {
        int rc =
            op_ctl_ask(self, OP_STEP_LEDGER_UNCLAIMED, &op_page_find_type, &find, &type, &answer);
        if (rc != OP_CTL_OK) {
            json_decref(all);
            return rc;
        }
        OP_ASSERT(type == &op_unclaimed_page_type);
        const op_unclaimed_page_t *page = answer;
        const op_unclaimed_view_t *found = wanted ? s_on_page(page, *wanted) : NULL;
        if (found) {
            op_ctl_print(self, &op_unclaimed_view_type, found);
            return OP_CTL_OK;
        }
        if (!wanted)
            op_ctl_add_page(&all, op_ctl_json(self, type, page));
        find.after = page->next;
    } while (!op_id_is_none(find.after));
    if (wanted)
        return op_ctl_fail(OP_CTL_REFUSED, "not_found: There is no such thing here.");
    op_ctl_show(self, all);
    return OP_CTL_OK;
}

int op_ctl_unclaimed_list(op_ctl_t *self, const op_ctl_command_t *command, char **arguments)
{
    (void)command;
    (void)arguments;
    return s_unclaimed(self, NULL);
}

int op_ctl_unclaimed_show(op_ctl_t *self, const op_ctl_command_t *command, char **arguments)
{
    op_id_t id;
    (void)command;
    int rc = op_ctl_id(arguments[0], &id);
    return rc == OP_CTL_OK ? s_unclaimed(self, &id) : rc;
}
