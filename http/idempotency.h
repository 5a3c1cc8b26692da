/*  idempotency.h - the header Idempotency-Key, by which a client says that two calls are one

    Read where a call makes something that must not be made twice: POST /v1/messages. What it does
    is the ledger's business (actors/ledger_idempotency.c). Pure. */

#ifndef OP_HTTP_IDEMPOTENCY_H
#define OP_HTTP_IDEMPOTENCY_H

#include "base/token.h"
#include "http/request.h"
#include "http/routes.h"

enum { OP_IDEMPOTENCY_KEY_MAX = 255 }; /* characters of a key */

/*  Fills *hash with that of the key; all zero where there is none, or the route does not look at
    it. False: there are two, or it is empty, longer than OP_IDEMPOTENCY_KEY_MAX or not all visible
    ASCII. */
bool op_idempotency_read(const op_route_t *route, const op_http_request_t *request,
                         op_hash_t *hash) OP_MUST_CHECK;

#endif
