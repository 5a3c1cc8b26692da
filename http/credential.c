#include "http/credential.h"

#include <string.h>
#include <strings.h>

static op_str_t s_trim(op_str_t text)
{
    while (text.size && (text.at[0] == ' ' || text.at[0] == '\t'))
        text = op_str_of(text.at + 1, text.size - 1);
    while (text.size && (text.at[text.size - 1] == ' ' || text.at[text.size - 1] == '\t'))
        text.size--;
    return text;
}

static op_str_t s_cookie_in(op_str_t header, const char *name)
{
    size_t front = strlen(name);
    while (header.size) {
        const char *end = memchr(header.at, ';', header.size);
        size_t size = end ? (size_t)(end - header.at) : header.size;
        op_str_t pair = s_trim(op_str_of(header.at, size));
        if (op_str_starts(pair, name) && pair.size > front && pair.at[front] == '=')
            return op_str_of(pair.at + front + 1, pair.size - front - 1);
        size_t taken = size + (end ? 1 : 0);
        header = op_str_of(header.at + taken, header.size - taken);
    }
    return header;
}

/*  The value of the cookie of that name (RFC 6265 5.4): the first one; empty when there is none. */
static op_str_t s_cookie(const op_http_request_t *request, const char *name)
{
    for (size_t i = 0; i < request->header_count; i++) {
        const op_http_header_t *header = &request->headers[i];
        if (header->name.size != 6 || strncasecmp(header->name.at, "Cookie", 6) != 0)
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
    if (count == 0 || value.size < front || strncasecmp(value.at, scheme, front) != 0)
        return false;
    if (value.size == front)
        return true;
    if (value.at[front] != ' ')
        return false;
    *token = s_trim(op_str_of(value.at + front, value.size - front));
    return true;
}

static bool s_changes(const op_http_request_t *request)
{
    return !op_str_is(request->method, "GET") && !op_str_is(request->method, "HEAD");
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
    const char *scheme = behind_tls ? "https://" : "http://";
    size_t front = strlen(scheme);
    op_str_t host = op_http_request_header(request, "Host", NULL);
    return count == 1 && op_str_starts(origin, scheme) && host.size &&
           origin.size == front + host.size &&
           strncasecmp(origin.at + front, host.at, host.size) == 0;
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
