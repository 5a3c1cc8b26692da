/*  auth_key.c - API keys: minted for one number, found by their hash, revoked by their owner or
 * with the lease */

#include "actors/auth_private.h"

#include "base/plant.h"

#include <string.h>

static op_key_t s_hash_key(const op_hash_t *hash)
{
    op_key_t key = op_key('h');
    op_key_hash(&key, hash->bytes, sizeof hash->bytes);
    return key;
}

static op_key_t s_row_key(op_id_t account, op_id_t id)
{
    op_key_t key = op_key_of_id('k', account);
    op_key_id(&key, id);
    return key;
}

void op_auth_on_key(op_auth_t *self, const op_event_t *event, op_turn_t *turn)
{
    (void)self;
    op_context_t *context = event->context;
    op_key_t key = s_hash_key(&context->credential);
    op_key_hash_row_t row;
    if (!op_turn_get(turn, &key, &op_key_hash_row_type, &row)) {
        op_turn_refuse(turn, OP_ERROR_UNAUTHENTICATED, NULL);
        return;
    }
    if (!op_auth_admits(turn, row.account))
        return;
    context->key = row.key;
    context->account = row.account;
    context->number = row.number;
    context->lease = row.lease;
    op_turn_forward(turn);
}

static op_walk_t *s_walk(op_turn_t *turn, op_id_t account)
{
    op_key_t low = op_key_of_id('k', account), high = op_key_end(&low);
    return op_turn_walk(turn, &low, &high, false);
}

static size_t s_count(op_turn_t *turn, op_id_t account)
{
    op_walk_t *walk = s_walk(turn, account);
    op_key_row_t row;
    op_str_t key;
    size_t count = 0;
    while (count < OP_LIST_MAX && op_turn_walk_next(walk, &op_key_row_type, &key, &row))
        count++;
    op_turn_walk_end(&walk);
    return count;
}

/*  The account's keys, oldest first. */
typedef struct {
    op_key_row_t *rows;
    op_id_t *ids;
    size_t count;
} keys_t;

static keys_t s_keys_of(op_turn_t *turn, op_id_t account)
{
    size_t most = s_count(turn, account), prefix = op_key_of_id('k', account).size;
    keys_t keys = {op_turn_alloc(turn, most * sizeof *keys.rows),
                   op_turn_alloc(turn, most * sizeof *keys.ids), 0};
    op_walk_t *walk = s_walk(turn, account);
    op_str_t key;
    while (keys.count < most &&
           op_turn_walk_next(walk, &op_key_row_type, &key, &keys.rows[keys.count])) {
        key = op_str_skip(key, prefix);
        if (op_key_take_id(&key, &keys.ids[keys.count]))
            keys.count++;
    }
    op_turn_walk_end(&walk);
    return keys;
}

void op_auth_on_key_create(op_auth_t *self, const op_event_t *event, op_turn_t *turn)
{
    const op_key_create_t *create = OP_BODY(event, key_create);
    const op_context_t *context = event->context;
    if (!op_auth_admits(turn, context->account)) /* it was erased since the session was found */
        return;
    if (s_count(turn, context->account) >= self->setup.keys_max) {
        op_turn_refuse_with(turn, OP_ERROR_VALIDATION_ERROR, NULL,
                            "The account has as many API keys as it may have. Revoke one first.",
                            0);
        return;
    }
    op_id_t id = op_turn_new_id(turn);
    op_str_t token = op_auth_new_token(turn, OP_TOKEN_KEY);
    op_key_row_t row = {.hash = op_token_hash(token),
                        .number = context->number,
                        .lease = context->lease,
                        .prefix = op_str_of(token.at, OP_KEY_PREFIX),
                        .name = create->name,
                        .created = event->now};
    op_key_hash_row_t owner = {id, context->account, row.number, row.lease};
    op_key_t key = s_row_key(context->account, id), hash_key = s_hash_key(&row.hash);
    op_turn_put(turn, &key, &op_key_row_type, &row);
    op_turn_put(turn, &hash_key, &op_key_hash_row_type, &owner);

    op_key_created_t created = {id, token, row.prefix, row.name, row.created};
    op_turn_reply(turn, &op_key_created_type, &created);
}

static op_key_view_t s_view(op_id_t id, const op_key_row_t *row)
{
    return (op_key_view_t){id, row->number, row->prefix, row->name, row->created};
}

void op_auth_on_keys(op_auth_t *self, const op_event_t *event, op_turn_t *turn)
{
    (void)self;
    op_id_t wanted = OP_BODY(event, by_number)->number_id;
    keys_t keys = s_keys_of(turn, event->context->account);
    op_key_view_t *views = op_turn_alloc(turn, (keys.count + 1) * sizeof *views);
    op_keys_view_t answer = {{views, 0}};
    for (size_t i = 0; i < keys.count; i++) {
        const op_key_row_t *row = &keys.rows[i];
        if (op_id_is_none(wanted) || op_id_equal(wanted, row->number))
            views[answer.api_keys.count++] = s_view(keys.ids[i], row);
    }
    op_turn_reply(turn, &op_keys_view_type, &answer);
}

/*  The calling account's key, by the id in the path; false: refused with not_found. */
static bool s_own(const op_event_t *event, op_turn_t *turn, op_id_t *id, op_key_row_t *row)
{
    if (op_id_parse(OP_BODY(event, by_id)->id, id)) {
        op_key_t key = s_row_key(event->context->account, *id);
        if (op_turn_get(turn, &key, &op_key_row_type, row))
            return true;
    }
    op_turn_refuse(turn, OP_ERROR_NOT_FOUND, NULL);
    return false;
}

void op_auth_on_key_show(op_auth_t *self, const op_event_t *event, op_turn_t *turn)
{
    (void)self;
    op_id_t id;
    op_key_row_t row;
    if (!s_own(event, turn, &id, &row))
        return;
    op_key_view_t view = s_view(id, &row);
    op_turn_reply(turn, &op_key_view_type, &view);
}

static void s_revoke(op_turn_t *turn, op_id_t account, op_id_t id, const op_key_row_t *row)
{
    op_key_t key = s_row_key(account, id), hash_key = s_hash_key(&row->hash);
    op_turn_delete(turn, &key);
    op_turn_delete(turn, &hash_key);
}

void op_auth_on_key_revoke(op_auth_t *self, const op_event_t *event, op_turn_t *turn)
{
    (void)self;
    op_id_t id;
    op_key_row_t row;
    if (!s_own(event, turn, &id, &row))
        return;
    s_revoke(turn, event->context->account, id, &row);
    op_turn_reply(turn, &op_nothing_type, &(op_nothing_t){0});
}

void op_auth_on_lease_ended(const op_event_t *event, op_turn_t *turn)
{
    const op_lease_ended_t *ended = OP_BODY(event, lease_ended);
    keys_t keys = s_keys_of(turn, ended->account);
    for (size_t i = 0; i < keys.count; i++)
        if (op_id_equal(keys.rows[i].lease, ended->lease) && !OP_PLANTED(KEYS_STAY))
            s_revoke(turn, ended->account, keys.ids[i], &keys.rows[i]);
}

void op_auth_drop_keys(op_turn_t *turn, op_id_t account)
{
    keys_t keys = s_keys_of(turn, account);
    for (size_t i = 0; i < keys.count; i++)
        s_revoke(turn, account, keys.ids[i], &keys.rows[i]);
}

size_t op_auth_count_keys(op_turn_t *turn, op_id_t account)
{
    return s_count(turn, account);
}
