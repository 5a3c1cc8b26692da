#include "http/idempotency.h"

#include <string.h>

bool op_idempotency_read(const op_route_t *route, const op_http_request_t *request, op_hash_t *hash)
{
    size_t count;
    op_str_t key = op_http_request_header(request, "Idempotency-Key", &count);
    memset(hash, 0, sizeof *hash);
    if (route->name != OP_ROUTE_MESSAGE_SEND || count == 0)
        return true;
    if (count > 1 || key.size == 0 || key.size > OP_IDEMPOTENCY_KEY_MAX)
        return false;
    for (size_t i = 0; i < key.size; i++)
        if (key.at[i] <= ' ' || key.at[i] >= 0x7f)
            return false;
    *hash = op_token_hash(key);
    return true;
}
