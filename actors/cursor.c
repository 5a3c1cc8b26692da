#include "actors/cursor.h"

#include "store/records.h"

#include <sodium.h>
#include <string.h>

enum { MAC_SIZE = 16, CURSOR_SIZE = sizeof(op_id_t) + MAC_SIZE };

_Static_assert(2 * CURSOR_SIZE <= OP_CURSOR_MAX, "a cursor fits its field");

op_hash_t op_cursor_secret(op_turn_t *turn)
{
    op_key_t key = op_key('s');
    op_secret_row_t row;
    if (!op_turn_get(turn, &key, &op_secret_row_type, &row)) {
        op_random_bytes(op_turn_random(turn), &row.secret, sizeof row.secret);
        op_turn_put(turn, &key, &op_secret_row_type, &row);
    }
    return row.secret;
}

static void s_mac(const op_hash_t *secret, op_str_t bound, op_id_t id, uint8_t mac[MAC_SIZE])
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, secret->bytes, sizeof secret->bytes, MAC_SIZE);
    crypto_generichash_update(&state, id.bytes, sizeof id.bytes);
    crypto_generichash_update(&state, (const uint8_t *)bound.at, bound.size);
    crypto_generichash_final(&state, mac, MAC_SIZE);
}

op_str_t op_cursor_make(op_turn_t *turn, const op_hash_t *secret, op_str_t bound, op_id_t id)
{
    uint8_t bytes[CURSOR_SIZE];
    char text[2 * CURSOR_SIZE + 1];
    memcpy(bytes, id.bytes, sizeof id.bytes);
    s_mac(secret, bound, id, bytes + sizeof id.bytes);
    op_hex(bytes, sizeof bytes, text);
    return op_turn_copy(turn, op_str(text));
}

bool op_cursor_open(const op_hash_t *secret, op_str_t bound, op_str_t cursor, op_id_t *id)
{
    uint8_t bytes[CURSOR_SIZE], mac[MAC_SIZE];
    if (cursor.size != 2 * sizeof bytes || op_unhex(cursor, bytes, sizeof bytes) != CURSOR_SIZE)
        return false;
    memcpy(id->bytes, bytes, sizeof id->bytes);
    s_mac(secret, bound, *id, mac);
    return sodium_memcmp(mac, bytes + sizeof id->bytes, MAC_SIZE) == 0;
}
