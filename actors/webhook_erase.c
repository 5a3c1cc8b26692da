/*  webhook_erase.c - an erased account's webhooks and deliveries */

#include "actors/erase.h"
#include "actors/webhook_private.h"

/*  Whose rows go, and what goes with them. */
typedef struct {
    op_id_t account;
    struct {
        op_id_t webhook, delivery;
    } deliveries[OP_SWEEP_ROWS];
    size_t delivery_count;
    op_key_t hooks[OP_SWEEP_ROWS];
    size_t hook_count;
} going_t;

static op_id_t s_id(op_str_t key)
{
    op_id_t id = {{0}};
    key = op_str_of(key.at + 1, key.size - 1);
    OP_ASSERT(op_key_take_id(&key, &id));
    return id;
}

static bool s_delivery_goes(const void *arg, op_str_t key, const void *row)
{
    going_t *self = *(going_t *const *)arg;
    const op_delivery_row_t *delivery = row;
    if (!op_id_equal(delivery->account, self->account))
        return false;
    self->deliveries[self->delivery_count].webhook = delivery->webhook;
    self->deliveries[self->delivery_count++].delivery = s_id(key);
    return true;
}

static bool s_hook_goes(const void *arg, op_str_t key, const void *row)
{
    (void)key;
    going_t *self = *(going_t *const *)arg;
    const op_webhook_id_row_t *hook = row;
    if (!op_id_equal(hook->account, self->account))
        return false;
    self->hooks[self->hook_count++] =
        hook->ended ? op_key_of_id('v', hook->lease) : op_webhook_key(hook->account, hook->number);
    return true;
}

static void s_drop_delivery(op_turn_t *turn, op_id_t webhook, op_id_t delivery)
{
    op_key_t key = op_fate_key(webhook, delivery), due = op_due_key(webhook, delivery);
    op_fate_row_t fate;
    if (op_turn_get(turn, &key, &op_fate_row_type, &fate))
        op_retry_forget(turn, delivery, &fate);
    op_turn_delete(turn, &key);
    op_turn_delete(turn, &due);
}

void op_webhook_on_erased(op_webhook_t *self, const op_event_t *event, op_turn_t *turn)
{
    (void)self;
    going_t *going = op_turn_alloc(turn, sizeof *going);
    going->account = OP_BODY(event, account_erased)->account;
    /* The webhooks first: what belongs to one that is gone is not posted any more. */
    const op_sweep_t kinds[] = {
        op_sweep('h', &op_webhook_id_row_type, s_hook_goes),
        op_sweep('d', &op_delivery_row_type, s_delivery_goes),
    };
    (void)op_erase_begins(event, turn);
    op_erase_slice(event, turn, "webhook", kinds, OP_COUNT(kinds), &going);
    for (size_t i = 0; i < going->hook_count; i++)
        op_turn_delete(turn, &going->hooks[i]);
    for (size_t i = 0; i < going->delivery_count; i++)
        s_drop_delivery(turn, going->deliveries[i].webhook, going->deliveries[i].delivery);
}
