/*  credential.h - what a request presents to show who it is

    API keys come as "Authorization: Bearer op_live_...", sessions as "Authorization: Bearer
    ses_live_..." or as the cookie op_session. A Bearer header decides alone: with one, the cookie
    is not looked at. Pure. */

#ifndef OP_HTTP_CREDENTIAL_H
#define OP_HTTP_CREDENTIAL_H

#include "base/error.h"
#include "base/token.h"
#include "http/request.h"
#include "http/routes.h"

/*  OP_OK: *hash is that of the presented token, all zero when the route asks for none.
    OP_ERROR_UNAUTHENTICATED: it is absent, not of the form of a token, or of the other kind.
    OP_ERROR_FORBIDDEN: the cookie came with a call that changes something, from another origin. A
    browser tells by Origin, which must be this server (scheme "https" behind TLS, else "http", and
    the Host header, where the scheme's own port may stand or not), and by Sec-Fetch-Site
    (same-origin or none will do); where both are there, both must agree. What sends neither is no
    browser: each browser of the last years sends Origin with every POST and DELETE, so no
    stranger's page comes without. */
op_error_t op_credential_check(const op_route_t *route, const op_http_request_t *request,
                               bool behind_tls, op_hash_t *hash) OP_MUST_CHECK;

#endif
