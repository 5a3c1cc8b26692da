#include "http/credential.h"

#include <string.h>

static op_str_t s_cookie_in(op_str_t header, const char *name)
{
    size_t front = strlen(name);
    while (header.size) {
        op_str_t pair = op_str_trim(op_str_next(&header, ';'));
        if (op_str_starts(pair, name) && pair.size > front && pair.at[front] == '=')
            return op_str_skip(pair, front + 1);
    }
    return header;
}

/*  The value of the cookie of that name (RFC 6265 5.4): the first one; empty when there is none. */
static op_str_t s_cookie(const op_http_request_t *request, const char *name)
{
    for (size_t i = 0; i < request->header_count; i++) {
        const op_http_header_t *header = &request->headers[i];
        if (!op_str_is_nocase(header->name, "Cookie"))
            continue;
        op_str_t value = s_cookie_in(header->value, name);
        if (value.size)
            return value;
    }
    return (op_str_t){0};
}

/*  True: there is an Authorization header of the Bearer scheme, or more than one header; *token is
    what it presents, empty when that is beyond doubt nothing. */
static bool s_bearer(const op_http_request_t *request, op_str_t *token)
{
    static const char scheme[] = "Bearer";
    size_t count, front = sizeof scheme - 1;
    op_str_t value = op_http_request_header(request, "Authorization", &count);
    *token = (op_str_t){0};
    if (count > 1)
        return true;
    /* RFC 9110 11.1: the scheme is case-insensitive. */
    if (count == 0 || !op_str_starts_nocase(value, scheme))
        return false;
    if (value.size == front)
        return true;
    if (value.at[front] != ' ')
        return false;
    *token = op_str_trim(op_str_skip(value, front));
    return true;
}

static bool s_changes(const op_http_request_t *request)
{
    return !op_str_is(request->method, "GET") && !op_str_is(request->method, "HEAD");
}

/*  Host and port without a port that goes without saying (RFC 9110 4.2): browsers leave it out of
    Origin, and some clients do not leave it out of Host. */
static op_str_t s_without_port(op_str_t host, const char *port)
{
    size_t size = strlen(port);
    if (host.size > size && memcmp(host.at + host.size - size, port, size) == 0)
        host.size -= size;
    return host;
}

static bool s_same_origin(const op_http_request_t *request, bool behind_tls)
{
    size_t count;
    op_str_t site = op_http_request_header(request, "Sec-Fetch-Site", &count);
    if (count > 1 || (count && !op_str_is(site, "same-origin") && !op_str_is(site, "none")))
        return false;
    op_str_t origin = op_http_request_header(request, "Origin", &count);
    if (count == 0)
        return true;
    const char *scheme = behind_tls ? "https://" : "http://", *port = behind_tls ? ":443" : ":80";
    size_t front = strlen(scheme);
    op_str_t host = op_http_request_header(request, "Host", NULL);
    return count == 1 && op_str_starts(origin, scheme) && host.size &&
           op_str_equal_nocase(s_without_port(op_str_skip(origin, front), port),
                               s_without_port(host, port));
}

op_error_t op_credential_check(const op_route_t *route, const op_http_request_t *request,
                               bool behind_tls, op_hash_t *hash)
{
    op_credential_t wanted = op_route_credential(route);
    *hash = (op_hash_t){0};
    if (wanted == OP_CREDENTIAL_NONE)
        return OP_OK;
    op_str_t token;
    bool cookie = !s_bearer(request, &token) && wanted == OP_CREDENTIAL_SESSION;
    if (cookie)
        token = s_cookie(request, "op_session");
    const char *prefix = wanted == OP_CREDENTIAL_KEY ? OP_TOKEN_KEY : OP_TOKEN_SESSION;
    if (!op_token_shaped(token, prefix))
        return OP_ERROR_UNAUTHENTICATED;
    if (cookie && s_changes(request) && !s_same_origin(request, behind_tls))
        return OP_ERROR_FORBIDDEN;
    *hash = op_token_hash(token);
    return OP_OK;
}
