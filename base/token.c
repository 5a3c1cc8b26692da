#include "base/token.h"

#include <sodium.h>
#include <string.h>

bool op_token_shaped(op_str_t token, const char *prefix)
{
    size_t front = strlen(prefix);
    if (!op_str_starts(token, prefix) || token.size != front + OP_TOKEN_CHARACTERS)
        return false;
    for (size_t i = front; i < token.size; i++)
        if (!op_is_alnum(token.at[i]))
            return false;
    return true;
}

op_hash_t op_token_hash(op_str_t token)
{
    op_hash_t hash;
    crypto_generichash(hash.bytes, sizeof hash.bytes, (const uint8_t *)token.at, token.size, NULL,
                       0);
    return hash;
}
