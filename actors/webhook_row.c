/*  webhook_row.c - where a webhook lies, and whose it is

    A living one lies under its account and number, of which each pair has one; when its lease ends
    it moves under the lease, so that the next lease's can take its place. */

#include "actors/webhook_private.h"

#include "base/instant.h"

op_key_t op_webhook_key(op_id_t account, op_id_t number)
{
    op_key_t key = op_key_of_id('w', account);
    op_key_id(&key, number);
    return key;
}

bool op_hook_find(op_turn_t *turn, op_id_t id, op_hook_t *hook)
{
    op_key_t key = op_key_of_id('h', id);
    op_webhook_id_row_t owner;
    if (!op_turn_get(turn, &key, &op_webhook_id_row_type, &owner))
        return false;
    hook->account = owner.account;
    hook->number = owner.number;
    hook->key =
        owner.ended ? op_key_of_id('v', owner.lease) : op_webhook_key(owner.account, owner.number);
    return op_turn_get(turn, &hook->key, &op_webhook_row_type, &hook->row) &&
           op_id_equal(hook->row.id, id);
}

bool op_hook_for(op_turn_t *turn, op_id_t account, op_id_t number, op_id_t lease, op_hook_t *hook)
{
    *hook = (op_hook_t){.account = account, .number = number};
    hook->key = op_webhook_key(account, number);
    if (op_turn_get(turn, &hook->key, &op_webhook_row_type, &hook->row) &&
        op_id_equal(hook->row.lease, lease))
        return true;
    hook->key = op_key_of_id('v', lease);
    return !op_id_is_none(lease) && op_turn_get(turn, &hook->key, &op_webhook_row_type, &hook->row);
}

bool op_hook_own(const op_event_t *event, op_turn_t *turn, op_str_t text, op_hook_t *hook)
{
    op_id_t id;
    if (op_id_parse(text, &id) && op_hook_find(turn, id, hook) && !hook->row.ended &&
        op_id_equal(hook->account, event->context->account))
        return true;
    op_turn_refuse(turn, OP_ERROR_NOT_FOUND, NULL);
    return false;
}

void op_hook_put(op_turn_t *turn, const op_hook_t *hook)
{
    op_turn_put(turn, &hook->key, &op_webhook_row_type, &hook->row);
}

op_str_t op_hook_previous(const op_hook_t *hook, int64_t now)
{
    int64_t left = hook->row.previous_until - now;
    /* More than the longest grace is left where the clock was set back: nobody knows how much. */
    bool valid = left > 0 && left <= OP_GRACE_MAX_S * OP_SECOND_MS;
    return valid ? hook->row.previous : (op_str_t){0};
}

void op_hook_switch_off(op_turn_t *turn, op_hook_t *hook, const char *reason)
{
    char id[OP_ID_TEXT + 1];
    hook->row.enabled = false;
    hook->row.disabled_reason = op_str(reason);
    hook->row.failures = 0;
    op_hook_put(turn, hook);
    op_id_print(hook->row.id, id);
    op_turn_log(turn, "webhook=%s switched off: %s", id, reason);
}
