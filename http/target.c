/*  URLs are read by libcurl's own parser, so that what is judged here and what is connected to
    later cannot be two different things. */

#include "http/target.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool op_target_host_allowed(const char *host, const op_target_rules_t *rules)
{
    for (op_str_t rest = rules->allow; rest.size;)
        if (op_str_is_nocase(op_str_next(&rest, ','), host))
            return true;
    return false;
}

bool op_target_address_allowed(const op_ip_t *address, const op_target_rules_t *rules)
{
    op_ip_kind_t kind = op_ip_kind(address);
    if (kind == OP_IP_PUBLIC || (kind == OP_IP_LOOPBACK && rules->allow_loopback))
        return true;
    for (op_str_t rest = rules->allow; rest.size;) {
        op_network_t network;
        if (op_network_parse(op_str_next(&rest, ','), &network) &&
            op_network_has(&network, address))
            return true;
    }
    return false;
}

/*  One part of the URL, or false when it has none or it does not fit. */
static bool s_part(CURLU *url, CURLUPart part, char *to, size_t size)
{
    char *text = NULL;
    bool found =
        curl_url_get(url, part, &text, 0) == CURLUE_OK && op_str_copy(op_str(text), to, size);
    curl_free(text);
    return found;
}

static CURLU *s_parse(op_str_t text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.at[i] <= ' ' || text.at[i] >= 127 || text.at[i] == '\\')
            return NULL;
    char *copy = op_strdup(text);
    CURLU *url = curl_url();
    OP_ASSERT(url && "out of memory");
    /* Any scheme may be parsed, so that a wrong one can be told from a broken URL. */
    if (curl_url_set(url, CURLUPART_URL, copy, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK) {
        curl_url_cleanup(url);
        url = NULL;
    }
    free(copy);
    return url;
}

static bool s_host(CURLU *url, char *host)
{
    char raw[OP_HOST_NAME_MAX + 3];
    if (!s_part(url, CURLUPART_HOST, raw, sizeof raw) || raw[0] == 0)
        return false;
    op_str_t text = op_str(raw);
    bool six = raw[0] == '[';
    if (six) /* the parser made sure of the other bracket */
        text = op_str_of(text.at + 1, text.size - 2);
    else if (text.at[text.size - 1] == '.')
        text.size--; /* "localhost." is localhost (RFC 1034 3.1) */
    if (text.size == 0 || !op_str_copy(text, host, OP_HOST_NAME_MAX + 1))
        return false;
    for (char *at = host; *at; at++)
        *at = op_lower(*at);
    /* The parser has turned the odd spellings of IPv4 that it knows into four decimal parts; what
       is left ("127.%31", "127.1.") came to be only after it had looked. */
    op_ip_t address;
    return six || op_host_name_ok(op_str(host)) || op_ip_parse(op_str(host), &address);
}

bool op_target_host(op_str_t text, char *host)
{
    CURLU *url = s_parse(text);
    bool found = url && s_host(url, host);
    curl_url_cleanup(url);
    return found;
}

bool op_target_endpoint(op_str_t text, char *endpoint)
{
    char host[OP_HOST_NAME_MAX + 1], *scheme = NULL, *port = NULL;
    CURLU *url = s_parse(text);
    bool found = url && s_host(url, host) &&
                 curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
                 curl_url_get(url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK;
    if (found) {
        int size = snprintf(endpoint, OP_TARGET_ENDPOINT_SIZE, "%s://%s:%s", scheme, host, port);
        found = size > 0 && size < OP_TARGET_ENDPOINT_SIZE;
    }
    curl_free(scheme);
    curl_free(port);
    curl_url_cleanup(url);
    return found;
}

static const op_ip_t s_loopback = {.octets = {127, 0, 0, 1}};

/*  Resolvers are to answer loopback to these without asking anybody (RFC 6761 6.3). */
static bool s_is_localhost(const char *host)
{
    static const char name[] = "localhost";
    size_t size = strlen(host), own = sizeof name - 1;
    return size >= own && strcmp(host + size - own, name) == 0 &&
           (size == own || host[size - own - 1] == '.');
}

static op_target_t s_check(CURLU *url, op_str_t text, const op_target_rules_t *rules)
{
    char scheme[16], port[8], host[OP_HOST_NAME_MAX + 1];
    if (!s_part(url, CURLUPART_SCHEME, scheme, sizeof scheme) ||
        (strcmp(scheme, "https") != 0 && (strcmp(scheme, "http") != 0 || !rules->allow_http)))
        return OP_TARGET_SCHEME;
    /* libcurl takes one to three slashes; two are right. The authority ends at '/', '?' or '#'; an
       '@' before that ends a userinfo, be it empty. */
    size_t at = strlen(scheme) + 3;
    if (text.size <= at || memcmp(text.at + at - 3, "://", 3) != 0 || text.at[at] == '/')
        return OP_TARGET_BAD_URL;
    for (; at < text.size && !strchr("/?#", text.at[at]); at++)
        if (text.at[at] == '@')
            return OP_TARGET_USERINFO;
    char *zoneid = NULL;
    CURLUcode has_zone = curl_url_get(url, CURLUPART_ZONEID, &zoneid, 0);
    curl_free(zoneid);
    if (has_zone == CURLUE_OK || !s_host(url, host))
        return OP_TARGET_BAD_URL;
    uint64_t number = 1;
    if (s_part(url, CURLUPART_PORT, port, sizeof port) &&
        (!op_str_to_u64(op_str(port), 65535, &number) || number == 0))
        return OP_TARGET_BAD_URL;
    if (op_target_host_allowed(host, rules))
        return OP_TARGET_OK;
    op_ip_t address;
    if (op_ip_parse(op_str(host), &address))
        return op_target_address_allowed(&address, rules) ? OP_TARGET_OK : OP_TARGET_ADDRESS;
    return s_is_localhost(host) && !op_target_address_allowed(&s_loopback, rules)
               ? OP_TARGET_ADDRESS
               : OP_TARGET_OK;
}

op_target_t op_target_check(op_str_t text, const op_target_rules_t *rules)
{
    if (text.size > OP_URL_MAX)
        return OP_TARGET_TOO_LONG;
    CURLU *url = s_parse(text);
    if (!url)
        return OP_TARGET_BAD_URL;
    op_target_t verdict = s_check(url, text, rules);
    curl_url_cleanup(url);
    return verdict;
}

_Static_assert(OP_URL_MAX == 2048, "as the sentence says");

const char *op_target_sentence(op_target_t verdict)
{
    switch (verdict) {
    case OP_TARGET_OK:
        return "The URL can be posted to.";
    case OP_TARGET_BAD_URL:
        return "This is not an absolute URL with a host.";
    case OP_TARGET_TOO_LONG:
        return "The URL is longer than 2048 characters.";
    case OP_TARGET_SCHEME:
        return "The URL's scheme is not allowed; use https.";
    case OP_TARGET_USERINFO:
        return "The URL must not hold a user name or password.";
    case OP_TARGET_ADDRESS:
        return "The URL leads to a private or reserved address.";
    }
    return "";
}
