#include "http/forwarded.h"

#include <string.h>

/*  Takes the last item off a comma-separated list. */
static op_str_t s_last(op_str_t *list)
{
    const char *comma = list->size ? memrchr(list->at, ',', list->size) : NULL;
    size_t front = comma ? (size_t)(comma - list->at) + 1 : 0;
    op_str_t item = op_str_of(list->at + front, list->size - front);
    list->size = comma ? front - 1 : 0;
    return op_str_trim(item);
}

static bool s_digits(op_str_t port)
{
    uint64_t number;
    return op_str_to_u64(port, 65535, &number);
}

/*  "192.0.2.1", "192.0.2.1:80", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:80". */
static bool s_address(op_str_t item, op_ip_t *address)
{
    if (item.size && item.at[0] == '[') {
        const char *end = memchr(item.at, ']', item.size);
        if (!end)
            return false;
        op_str_t inner = op_str_of(item.at + 1, (size_t)(end - item.at) - 1);
        op_str_t rest = op_str_of(end + 1, item.size - inner.size - 2);
        bool port = rest.size == 0 ||
                    (rest.at[0] == ':' && s_digits(op_str_of(rest.at + 1, rest.size - 1)));
        return port && memchr(inner.at, ':', inner.size) && op_ip_parse(inner, address);
    }
    const char *colon = item.size ? memchr(item.at, ':', item.size) : NULL;
    if (colon && !memchr(colon + 1, ':', item.size - (size_t)(colon + 1 - item.at))) {
        op_str_t front = op_str_of(item.at, (size_t)(colon - item.at));
        return s_digits(op_str_of(colon + 1, item.size - front.size - 1)) &&
               op_ip_parse(front, address);
    }
    return op_ip_parse(item, address);
}

static bool s_trusted(const op_network_t *proxies, size_t count, const op_ip_t *address)
{
    for (size_t i = 0; i < count; i++)
        if (op_network_has(&proxies[i], address))
            return true;
    return false;
}

/*  `address` is that of a trusted proxy; in the end, the client's. */
static void s_walk(const op_http_request_t *request, const op_network_t *proxies, size_t count,
                   op_ip_t *address)
{
    size_t seen = 0;
    for (size_t i = request->header_count; i-- > 0;) {
        op_str_t list = request->headers[i].value;
        if (!op_str_is_nocase(request->headers[i].name, "X-Forwarded-For"))
            continue;
        do {
            op_ip_t next;
            if (seen++ == OP_FORWARDED_MAX || !s_address(s_last(&list), &next))
                return;
            *address = next;
            if (!s_trusted(proxies, count, address))
                return;
        } while (list.size);
    }
}

static bool s_over_tls(const op_http_request_t *request)
{
    for (size_t i = request->header_count; i-- > 0;)
        if (op_str_is_nocase(request->headers[i].name, "X-Forwarded-Proto")) {
            op_str_t list = request->headers[i].value;
            return op_str_is_nocase(s_last(&list), "https");
        }
    return false;
}

void op_forwarded_apply(op_http_request_t *request, const op_network_t *proxies, size_t count,
                        char text[OP_IP_TEXT + 1])
{
    op_ip_t address;
    request->https = false;
    if (!op_ip_parse(request->client_ip, &address) || !s_trusted(proxies, count, &address))
        return;
    s_walk(request, proxies, count, &address);
    op_ip_print(&address, text);
    request->client_ip = op_str(text);
    request->https = s_over_tls(request);
}
