/*  auth_admin.c - the operator's calls: an account shown, suspended, erased; its sessions

    Suspension is a mark in the account's row, which every session and key is checked against: one
    row written, and all of them are refused at the next call. Erasing deletes that row, so a
    session or key that is left over (there may be more than one turn can list) is refused likewise
    until it expires. */

#include "actors/auth_private.h"
#include "actors/erase.h"
#include "base/plant.h"

op_key_t op_auth_session_id_key(op_id_t account, op_id_t session)
{
    op_key_t key = op_key_of_id('i', account);
    op_key_id(&key, session);
    return key;
}

typedef struct {
    op_session_view_t *views;
    op_hash_t *hashes;
    size_t count;
} sessions_t;

/*  The account's sessions that have not expired by `now`, oldest first. */
static sessions_t s_sessions_of(op_turn_t *turn, op_id_t account, int64_t now)
{
    sessions_t found = {op_turn_alloc(turn, OP_LIST_MAX * sizeof *found.views),
                        op_turn_alloc(turn, OP_LIST_MAX * sizeof *found.hashes), 0};
    op_key_t low = op_key_of_id('i', account), high = op_key_end(&low);
    op_walk_t *walk = op_turn_walk(turn, &low, &high, false);
    op_session_id_row_t row;
    op_str_t key;
    op_id_t id;
    while (found.count < OP_LIST_MAX &&
           op_turn_walk_next(walk, &op_session_id_row_type, &key, &row)) {
        key = op_str_of(key.at + low.size, key.size - low.size);
        if (row.expires <= now || !op_key_take_id(&key, &id))
            continue;
        found.views[found.count] = (op_session_view_t){id, row.expires};
        found.hashes[found.count++] = row.hash;
    }
    op_turn_walk_end(&walk);
    return found;
}

static void s_end(op_turn_t *turn, op_id_t account, const sessions_t *sessions, size_t which)
{
    op_key_t key = op_auth_session_key(&sessions->hashes[which]);
    op_key_t id_key = op_auth_session_id_key(account, sessions->views[which].id);
    if (!OP_PLANTED(REVOKED_LIVES))
        op_turn_delete(turn, &key);
    op_turn_delete(turn, &id_key);
}

/*  The account in the context; false: refused. */
static bool s_account(const op_event_t *event, op_turn_t *turn, op_account_row_t *row)
{
    op_key_t key = op_key_of_id('a', event->context->account);
    if (op_turn_get(turn, &key, &op_account_row_type, row))
        return true;
    op_turn_refuse(turn, OP_ERROR_NOT_FOUND, NULL);
    return false;
}

static void s_reply_view(const op_event_t *event, op_turn_t *turn, op_id_t id,
                         const op_account_row_t *row)
{
    op_account_view_t view = {.id = id,
                              .phone = row->phone,
                              .created_at = row->created,
                              .suspended = row->suspended,
                              .sessions = s_sessions_of(turn, id, event->now).count,
                              .api_keys = op_auth_count_keys(turn, id)};
    op_turn_reply(turn, &op_account_view_type, &view);
}

void op_auth_on_find(op_auth_t *self, const op_event_t *event, op_turn_t *turn)
{
    (void)self;
    const op_account_find_t *find = OP_BODY(event, account_find);
    op_id_t id = find->id;
    op_phone_row_t phone;
    op_account_row_t row;
    op_key_t phone_key = op_key_of_text('p', find->phone);
    if (find->phone.size && op_turn_get(turn, &phone_key, &op_phone_row_type, &phone))
        id = phone.account;
    op_key_t key = op_key_of_id('a', id);
    if (op_turn_get(turn, &key, &op_account_row_type, &row))
        s_reply_view(event, turn, id, &row);
    else
        op_turn_refuse(turn, OP_ERROR_NOT_FOUND, NULL);
}

static void s_set_suspended(const op_event_t *event, op_turn_t *turn, bool suspended)
{
    op_account_row_t row;
    if (!s_account(event, turn, &row))
        return;
    op_id_t id = event->context->account;
    op_key_t key = op_key_of_id('a', id);
    row.suspended = suspended;
    op_turn_put(turn, &key, &op_account_row_type, &row);
    s_reply_view(event, turn, id, &row);
}

void op_auth_on_suspend(op_auth_t *self, const op_event_t *event, op_turn_t *turn)
{
    (void)self;
    s_set_suspended(event, turn, true);
}

void op_auth_on_resume(op_auth_t *self, const op_event_t *event, op_turn_t *turn)
{
    (void)self;
    s_set_suspended(event, turn, false);
}

/*  What auth knows of the phone goes with the account: it may sign up as if for the first time. */
static void s_forget_phone(op_turn_t *turn, op_str_t phone)
{
    op_key_t key = op_key_of_text('p', phone);
    op_phone_row_t row;
    if (!op_turn_get(turn, &key, &op_phone_row_type, &row))
        return;
    op_key_t verification = op_key_of_id('v', row.verification);
    op_turn_delete(turn, &verification);
    op_turn_delete(turn, &key);
}

void op_auth_on_erase(op_auth_t *self, const op_event_t *event, op_turn_t *turn)
{
    (void)self;
    op_account_row_t row;
    if (!s_account(event, turn, &row))
        return;
    op_id_t id = event->context->account;
    op_key_t key = op_key_of_id('a', id);
    sessions_t sessions = s_sessions_of(turn, id, 0);
    for (size_t i = 0; i < sessions.count; i++)
        s_end(turn, id, &sessions, i);
    op_auth_drop_keys(turn, id);
    s_forget_phone(turn, row.phone);
    op_turn_delete(turn, &key);
    op_erase_mark(event, turn, id);
    op_turn_compact(turn);
    op_account_erased_t erased = {.account = id};
    op_turn_tell(turn, "ledger", &op_account_erased_type, &erased);
    if (!OP_PLANTED(ERASED_HOOKS))
        op_turn_tell(turn, "webhook", &op_account_erased_type, &erased);
    op_turn_reply(turn, &op_nothing_type, &(op_nothing_t){0});
}

void op_auth_on_sessions(op_auth_t *self, const op_event_t *event, op_turn_t *turn)
{
    (void)self;
    sessions_t sessions = s_sessions_of(turn, event->context->account, event->now);
    op_sessions_view_t view = {{sessions.views, sessions.count}};
    op_turn_reply(turn, &op_sessions_view_type, &view);
}

void op_auth_on_session_revoke(op_auth_t *self, const op_event_t *event, op_turn_t *turn)
{
    (void)self;
    op_id_t id, account = event->context->account;
    sessions_t sessions = s_sessions_of(turn, account, event->now);
    size_t which = sessions.count;
    if (op_id_parse(OP_BODY(event, by_id)->id, &id))
        for (which = 0; which < sessions.count; which++)
            if (op_id_equal(sessions.views[which].id, id))
                break;
    if (which == sessions.count) {
        op_turn_refuse(turn, OP_ERROR_NOT_FOUND, NULL);
        return;
    }
    s_end(turn, account, &sessions, which);
    op_turn_reply(turn, &op_nothing_type, &(op_nothing_t){0});
}
