/*  sim_operator.c - the operator: what opctl asks of a server that runs (opd/control.h)

    In about half of all worlds somebody suspends and erases accounts, ends sessions and keys,
    retires and moves numbers, and looks at what is there, while the users go on. One thing at a
    time; what got no answer may have happened, and is asked again where it must not stay open: no
    account stays half erased, and in the end none is suspended. */

#include "tests/simulation/sim_private.h"

#include "base/instant.h"

#include <string.h>

static const struct {
    const char *name, *sentence;
} s_verbs[SIM_VERB_END] = {
#define SIM_VERB_ROW(NAME, name, sentence) {name, sentence},
    SIM_VERBS(SIM_VERB_ROW)
#undef SIM_VERB_ROW
};

static const op_step_t s_steps[SIM_VERB_END] = {
    [SIM_VERB_SUSPEND] = OP_STEP_AUTH_SUSPEND,
    [SIM_VERB_RESUME] = OP_STEP_AUTH_RESUME,
    [SIM_VERB_ERASE] = OP_STEP_AUTH_ERASE,
    [SIM_VERB_SESSIONS] = OP_STEP_AUTH_SESSIONS,
    [SIM_VERB_SESSION_REVOKE] = OP_STEP_AUTH_SESSION_REVOKE,
    [SIM_VERB_KEY_REVOKE] = OP_STEP_AUTH_KEY_REVOKE,
    [SIM_VERB_RETIRE] = OP_STEP_LEDGER_CHANGE,
    [SIM_VERB_ADD] = OP_STEP_LEDGER_CHANGE,
    [SIM_VERB_MOVE] = OP_STEP_LEDGER_CHANGE,
    [SIM_VERB_SHARE] = OP_STEP_LEDGER_CHANGE,
    [SIM_VERB_POOL] = OP_STEP_LEDGER_POOL,
    [SIM_VERB_UNCLAIMED] = OP_STEP_LEDGER_UNCLAIMED,
    [SIM_VERB_QUARANTINE] = OP_STEP_MODEM_QUARANTINE,
    [SIM_VERB_FIND] = OP_STEP_AUTH_FIND,
};

const char *sim_verb_name(sim_verb_t verb)
{
    OP_ASSERT(verb < SIM_VERB_END);
    return s_verbs[verb].name;
}

const char *sim_verb_sentence(sim_verb_t verb)
{
    OP_ASSERT(verb < SIM_VERB_END);
    return s_verbs[verb].sentence;
}

/*  ---- Asking ---- */

static const op_nothing_t s_nothing = {0};

static void s_ask(sim_t *self, sim_operation_t operation, const op_type_t *type, const void *body)
{
    operation.open = true;
    operation.asked = self->now;
    operation.correlation = self->operation.correlation + 1;
    self->operation = operation;
    uint8_t step = (uint8_t)s_steps[operation.verb];
    op_str_t to = op_str(op_step_actor(step));
    size_t actor = sim_peer_named(to);
    op_envelope_t envelope = {.kind = OP_FRAME_REQUEST,
                              .from = OP_STR("control"),
                              .to = to,
                              .correlation = operation.correlation,
                              .origin = OP_STR("control"),
                              .deadline = sim_local(self, self->actors[actor].process) +
                                          OP_REQUEST_DEADLINE_MS,
                              .slip = op_str_of(&step, 1)};
    if (operation.user != MODEL_NONE)
        envelope.context.account = self->model.accounts[operation.user];
    op_buf_t frame = {0};
    op_frame_encode(&envelope, type, body, &frame);
    sim_network_send(self, SIM_CONTROL, actor, op_buf_str(&frame));
    op_buf_free(&frame);
}

static sim_operation_t s_about(sim_verb_t verb, int user, int number)
{
    return (sim_operation_t){.verb = verb, .user = user, .number = number, .key = MODEL_NONE};
}

static void s_ask_plain(sim_t *self, sim_verb_t verb, int user)
{
    s_ask(self, s_about(verb, user, MODEL_NONE), &op_nothing_type, &s_nothing);
}

static void s_change(sim_t *self, sim_verb_t verb, int number, int user)
{
    op_number_wish_t wish = verb == SIM_VERB_RETIRE ? OP_NUMBER_RETIRE
                            : verb == SIM_VERB_ADD  ? OP_NUMBER_ADD
                            : verb == SIM_VERB_MOVE ? OP_NUMBER_MOVE
                                                    : OP_NUMBER_SHARE;
    op_number_change_t change = {.number = op_str(self->model.numbers[number].e164),
                                 .change = wish};
    if (user != MODEL_NONE)
        change.account = self->model.accounts[user];
    s_ask(self, s_about(verb, user, number), &op_number_change_type, &change);
}

/*  ---- What next ---- */

/*  An account that is known and not being erased; MODEL_NONE: the one that was drawn is not. */
static int s_some_user(sim_t *self)
{
    int user = (int)sim_pick(self, self->user_count);
    bool known = !op_id_is_none(self->model.accounts[user]) && !self->users[user].gone;
    return known ? user : MODEL_NONE;
}

static void s_suspend_or_resume(sim_t *self, int user)
{
    if (model_perhaps_suspended(&self->model, user, self->now, self->now)) {
        model_resume(&self->model, user);
        s_ask_plain(self, SIM_VERB_RESUME, user);
    } else {
        model_suspend(&self->model, user);
        s_ask_plain(self, SIM_VERB_SUSPEND, user);
    }
}

static void s_erase(sim_t *self, int user)
{
    sim_user_t *of = &self->users[user];
    if (!of->gone) {
        bool quiet = !of->busy && self->now > of->started + OP_MINUTE_MS;
        of->stays_away = quiet && sim_once_in(&self->random, 2);
        of->gone = true;
        model_erase(&self->model, user);
    }
    s_ask_plain(self, SIM_VERB_ERASE, user);
}

static void s_revoke_key(sim_t *self, int user)
{
    for (int i = self->model.key_count - 1; i >= 0; i--) {
        model_key_t *key = &self->model.keys[i];
        char id[OP_ID_TEXT + 1];
        if (key->user != user || key->life.ending)
            continue;
        key->life.ending = self->now;
        op_id_print(key->id, id);
        op_by_id_t by_id = {op_str(id)};
        sim_operation_t operation = s_about(SIM_VERB_KEY_REVOKE, user, MODEL_NONE);
        operation.key = i;
        s_ask(self, operation, &op_by_id_type, &by_id);
        return;
    }
}

static void s_change_number(sim_t *self, int user)
{
    int number = 1 + (int)sim_pick(self, self->line_count - 1);
    if (sim_once_in(&self->random, 6)) {
        bool retired = model_surely_retired(&self->model, number, self->now, self->now);
        s_change(self, SIM_VERB_SHARE, retired ? number : 0, MODEL_NONE);
    } else if (model_perhaps_retired(&self->model, number, self->now, self->now)) {
        model_add(&self->model, number);
        s_change(self, SIM_VERB_ADD, number, MODEL_NONE);
    } else if (user == MODEL_NONE || sim_once_in(&self->random, 2)) {
        model_retire(&self->model, number);
        s_change(self, SIM_VERB_RETIRE, number, MODEL_NONE);
    } else {
        model_move(&self->model, number, user);
        s_change(self, SIM_VERB_MOVE, number, user);
    }
}

static void s_look(sim_t *self, int user)
{
    uint32_t kind = sim_pick(self, user == MODEL_NONE ? 3 : 5);
    op_page_find_t page = {{{0}}};
    op_quarantine_list_t list = {.limit = 20};
    if (kind == 0)
        s_ask_plain(self, SIM_VERB_POOL, MODEL_NONE);
    else if (kind == 1)
        s_ask(self, s_about(SIM_VERB_UNCLAIMED, MODEL_NONE, MODEL_NONE), &op_page_find_type, &page);
    else if (kind == 2)
        s_ask(self, s_about(SIM_VERB_QUARANTINE, MODEL_NONE, MODEL_NONE), &op_quarantine_list_type,
              &list);
    else if (kind == 3)
        s_ask_plain(self, SIM_VERB_SESSIONS, user);
    else {
        op_account_find_t find = {.phone = op_str(self->model.phones[user])};
        s_ask(self, s_about(SIM_VERB_FIND, user, MODEL_NONE), &op_account_find_type, &find);
    }
}

static bool s_finish_erasing(sim_t *self)
{
    for (size_t i = 0; i < self->user_count; i++)
        if (self->users[i].gone && !self->users[i].erased) {
            s_erase(self, (int)i);
            return true;
        }
    return false;
}

static bool s_resume_all(sim_t *self)
{
    for (size_t i = 0; i < self->user_count; i++)
        if (!self->users[i].gone &&
            model_perhaps_suspended(&self->model, (int)i, self->now, self->now)) {
            s_suspend_or_resume(self, (int)i);
            return true;
        }
    return false;
}

/*  Somebody must be left. */
static bool s_may_erase(const sim_t *self)
{
    size_t left = 0;
    for (size_t i = 0; i < self->user_count; i++)
        left += !self->users[i].gone;
    return left > 1 && self->user_count < MODEL_USERS_MAX;
}

static void s_do_something(sim_t *self)
{
    int user = s_some_user(self);
    uint32_t kind = sim_pick(self, 20);
    if (kind < 6 || user == MODEL_NONE)
        s_look(self, user);
    else if (kind < 11)
        s_suspend_or_resume(self, user);
    else if (kind < 13)
        s_revoke_key(self, user);
    else if (kind < 19)
        s_change_number(self, user);
    else if (s_may_erase(self))
        s_erase(self, user);
}

void sim_operator_begins(sim_t *self)
{
    self->operated = sim_once_in(&self->random, 2);
    if (self->operated)
        sim_queue_put(&self->queue, self->now + OP_MINUTE_MS, SIM_EVENT_OPERATOR, 0, 0,
                      (op_str_t){0});
}

void sim_operator_acts(sim_t *self)
{
    if (self->part != SIM_LIFE && self->part != SIM_REST)
        return;
    int64_t pause = self->part == SIM_LIFE ? 40 * OP_SECOND_MS : 20 * OP_SECOND_MS;
    sim_queue_put(&self->queue, self->now + sim_wait(&self->random, pause) + 1, SIM_EVENT_OPERATOR,
                  0, 0, (op_str_t){0});
    sim_operation_t *open = &self->operation;
    if (open->open && self->now < open->asked + 2 * OP_REQUEST_DEADLINE_MS)
        return;
    open->open = false;
    if (s_finish_erasing(self) || (self->part == SIM_REST && s_resume_all(self)))
        return;
    if (self->part == SIM_REST)
        s_look(self, s_some_user(self));
    else
        s_do_something(self);
}

/*  ---- Answers ---- */

/*  Another user has the phone from now on, or nobody. */
static void s_erased(sim_t *self, int ghost)
{
    sim_user_t *of = &self->users[ghost];
    of->erased = true;
    model_erased(&self->model, ghost);
    if (of->stays_away || self->part != SIM_LIFE) {
        self->model.forgotten[ghost] = of->stays_away;
        return;
    }
    size_t user = self->user_count++;
    of->replaced = true;
    (void)model_add_user(&self->model, self->model.phones[ghost]);
    sim_user_begins(self, user);
    sim_queue_put(&self->queue, self->now + sim_wait(&self->random, OP_MINUTE_MS), SIM_EVENT_USER,
                  user, 0, (op_str_t){0});
}

static void s_sessions(sim_t *self, int user, int64_t asked, const op_sessions_view_t *view)
{
    enum { LOOK_AT = 200 };
    int64_t expires[LOOK_AT] = {0};
    size_t count = view->sessions.count < LOOK_AT ? view->sessions.count : LOOK_AT;
    for (size_t i = 0; i < count; i++)
        expires[i] = view->sessions.at[i].expires_at;
    if (view->sessions.count < LOOK_AT)
        model_sessions_listed(&self->model, user, expires, count, asked);
    if (!count || self->part != SIM_LIFE || self->users[user].gone)
        return;
    const op_session_view_t *drawn = &view->sessions.at[sim_pick(self, count)];
    char id[OP_ID_TEXT + 1];
    op_id_print(drawn->id, id);
    op_by_id_t by_id = {op_str(id)};
    sim_operation_t operation = s_about(SIM_VERB_SESSION_REVOKE, user, MODEL_NONE);
    operation.expires = drawn->expires_at;
    model_session_revoke(&self->model, user, drawn->expires_at);
    s_ask(self, operation, &op_by_id_type, &by_id);
}

static void s_pool(sim_t *self, int64_t asked, const op_pool_view_t *view)
{
    for (size_t i = 0; i < view->numbers.count; i++) {
        const op_pool_number_t *number = &view->numbers.at[i];
        int which = model_number_of(&self->model, number->e164);
        if (which == MODEL_NONE)
            model_wrong(&self->model, "operator: a number of the pool does not exist");
        else
            model_pooled(&self->model, which, number->account, number->retired, number->shared,
                         asked);
    }
}

static void s_found(sim_t *self, const sim_operation_t *done, const op_account_view_t *view)
{
    int64_t now = self->now;
    if (self->users[done->user].gone)
        return;
    if (!op_id_equal(view->id, self->model.accounts[done->user]))
        model_wrong(&self->model, "operator: a phone has another account");
    if (view->suspended && !model_perhaps_suspended(&self->model, done->user, done->asked, now))
        model_wrong(&self->model, "operator: an account is suspended, and nobody did it");
    if (!view->suspended && model_surely_suspended(&self->model, done->user, done->asked, now))
        model_wrong(&self->model, "operator: a suspended account is not");
}

static void s_unclaimed(sim_t *self, const op_unclaimed_page_t *page)
{
    for (size_t i = 0; i < page->texts.count; i++) {
        int number = model_number_of(&self->model, page->texts.at[i].to);
        if (number == MODEL_NONE)
            model_wrong(&self->model, "operator: a text came to a number that does not exist");
        else
            model_unclaimed(&self->model, number, page->texts.at[i].from, page->texts.at[i].body);
    }
}

static void s_quarantine(sim_t *self, const op_quarantine_view_t *view)
{
    for (size_t i = 0; i < view->data.count; i++)
        if (model_number_of(&self->model, view->data.at[i].line) == MODEL_NONE ||
            view->data.at[i].reason.size == 0)
            model_wrong(&self->model,
                        "operator: something is in quarantine without line or reason");
}

static void s_granted(sim_t *self, const sim_operation_t *done, const void *body)
{
    model_t *model = &self->model;
    const op_pool_number_t *number = body;
    self->verdict->operated[done->verb]++;
    switch (done->verb) {
    case SIM_VERB_SUSPEND:
        model_suspended(model, done->user);
        break;
    case SIM_VERB_RESUME:
        model_resumed(model, done->user);
        break;
    case SIM_VERB_ERASE:
        s_erased(self, done->user);
        break;
    case SIM_VERB_SESSIONS:
        s_sessions(self, done->user, done->asked, body);
        break;
    case SIM_VERB_SESSION_REVOKE:
        model_session_revoked(model, done->user, done->expires, done->asked);
        break;
    case SIM_VERB_KEY_REVOKE:
        model->keys[done->key].life.ended = self->now;
        break;
    case SIM_VERB_RETIRE:
        model_retired(model, done->number, done->asked);
        break;
    case SIM_VERB_ADD:
        model_added(model, done->number);
        break;
    case SIM_VERB_MOVE:
        model_moved(model, done->number, done->user, done->asked, number->leased_at);
        break;
    case SIM_VERB_SHARE:
        if (!number->shared || done->number > 0)
            model_wrong(model, "operator: a retired number was shared, or the shared one is not");
        break;
    case SIM_VERB_POOL:
        s_pool(self, done->asked, body);
        break;
    case SIM_VERB_UNCLAIMED:
        s_unclaimed(self, body);
        break;
    case SIM_VERB_QUARANTINE:
        s_quarantine(self, body);
        break;
    case SIM_VERB_FIND:
        s_found(self, done, body);
        break;
    case SIM_VERB_END:
        break;
    }
}

static void s_refused(sim_t *self, const sim_operation_t *done, op_error_t error)
{
    bool unknown = error == OP_ERROR_NOT_FOUND;
    bool gone = done->user != MODEL_NONE && self->users[done->user].gone;
    if (error == OP_ERROR_INTERNAL)
        model_wrong(&self->model, "operator: a call ended in an internal error");
    if (done->verb == SIM_VERB_ERASE && unknown)
        s_erased(self, done->user); /* the first time, which got no answer */
    else if (done->verb == SIM_VERB_RETIRE)
        model_added(&self->model, done->number); /* its line was never up yet */
    else if (done->verb == SIM_VERB_MOVE)
        model_not_moved(&self->model, done->number, done->user, done->asked);
    else if (unknown && !gone &&
             (done->verb == SIM_VERB_SUSPEND || done->verb == SIM_VERB_RESUME ||
              done->verb == SIM_VERB_FIND))
        model_wrong(&self->model, "operator: an account is not found");
    else if (done->verb == SIM_VERB_SHARE && done->number == 0 && !unknown)
        model_wrong(&self->model, "operator: the shared number cannot be shared");
}

void sim_operator_answered(sim_t *self, const op_envelope_t *envelope, const op_type_t *type,
                           const void *body)
{
    sim_operation_t done = self->operation;
    if (!done.open || envelope->correlation != done.correlation)
        return; /* too late */
    self->operation.open = false;
    if (type == &op_refusal_type)
        s_refused(self, &done, op_error_from(((const op_refusal_t *)body)->error));
    else
        s_granted(self, &done, body);
}
