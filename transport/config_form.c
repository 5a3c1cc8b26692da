/*  The forms of the texts among the keys: pure. They are strict where the parts that use the values
    later would fail, or worse, would take a typing error for something else. */

#include "transport/config_private.h"
#include "transport/topology.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

/*  ---- addresses ---- */

static bool s_parse4(op_str_t text, struct in_addr *address)
{
    char copy[INET_ADDRSTRLEN];
    return op_str_copy(text, copy, sizeof copy) && inet_pton(AF_INET, copy, address) == 1;
}

static bool s_parse6(op_str_t text, struct in6_addr *address)
{
    char copy[INET6_ADDRSTRLEN];
    return op_str_copy(text, copy, sizeof copy) && inet_pton(AF_INET6, copy, address) == 1;
}

typedef enum { HOST_BAD, HOST_OTHER, HOST_LOOPBACK } host_t;

/*  The same hosts that op_http_server_new takes: an IPv4 address, an IPv6 address in brackets, or
    localhost. Names are not resolved: they could come out as more than one address. */
static host_t s_host(op_str_t host)
{
    struct in_addr four;
    struct in6_addr six;
    if (op_str_is(host, "localhost"))
        return HOST_LOOPBACK;
    if (s_parse4(host, &four))
        return ntohl(four.s_addr) >> 24 == IN_LOOPBACKNET ? HOST_LOOPBACK : HOST_OTHER;
    if (host.size > 2 && host.at[0] == '[' && host.at[host.size - 1] == ']' &&
        s_parse6(op_str_of(host.at + 1, host.size - 2), &six)) {
        bool mapped = IN6_IS_ADDR_V4MAPPED(&six) && six.s6_addr[12] == IN_LOOPBACKNET;
        return mapped || IN6_IS_ADDR_LOOPBACK(&six) ? HOST_LOOPBACK : HOST_OTHER;
    }
    return HOST_BAD;
}

static bool s_split_listen(op_str_t text, op_str_t *host, op_str_t *port)
{
    const char *colon = text.size ? memrchr(text.at, ':', text.size) : NULL;
    if (!colon)
        return false;
    *host = op_str_of(text.at, (size_t)(colon - text.at));
    *port = op_str_of(colon + 1, text.size - host->size - 1);
    return true;
}

static bool s_listen_ok(op_str_t text)
{
    op_str_t host, port;
    uint64_t number;
    return s_split_listen(text, &host, &port) && s_host(host) != HOST_BAD &&
           op_str_to_u64(port, 65535, &number);
}

static bool s_listen_or_none_ok(op_str_t text)
{
    return text.size == 0 || s_listen_ok(text);
}

bool op_config_listen_is_local(op_str_t listen)
{
    op_str_t host, port;
    return s_split_listen(listen, &host, &port) && s_host(host) == HOST_LOOPBACK;
}

bool op_config_endpoint_ok(op_str_t text)
{
    op_str_t host, port;
    uint64_t number;
    if (op_str_starts(text, "ipc://"))
        return text.size > 6 && text.size < 100; /* a path of AF_UNIX has at most 107 bytes */
    if (!op_str_starts(text, "tcp://"))
        return false;
    text = op_str_of(text.at + 6, text.size - 6);
    return s_split_listen(text, &host, &port) && s_host(host) != HOST_BAD &&
           !op_str_is(host, "localhost") && op_str_to_u64(port, 65535, &number) && number > 0;
}

static bool s_link_listen_ok(op_str_t text)
{
    return text.size == 0 || op_config_endpoint_ok(text);
}

/*  ---- lists ---- */

/*  "a,b,c", without blanks and empty items, or nothing at all. */
static bool s_each(op_str_t list, bool item_ok(op_str_t item))
{
    if (list.size == 0)
        return true;
    const char *at = list.at, *end = list.at + list.size;
    for (;;) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        if (!item_ok(op_str_of(at, (size_t)((comma ? comma : end) - at))))
            return false;
        if (!comma)
            return true;
        at = comma + 1;
    }
}

static bool s_prefix_ok(op_str_t item)
{
    if (item.size < 2 || item.size > OP_PHONE_MAX || item.at[0] != '+' || item.at[1] == '0')
        return false;
    for (size_t i = 1; i < item.size; i++)
        if (item.at[i] < '0' || item.at[i] > '9')
            return false;
    return true;
}

static bool s_prefixes_ok(op_str_t text)
{
    return s_each(text, s_prefix_ok);
}

/*  A name is letters, digits, '-', '.' and '_', with at least one letter: digits and dots alone are
    an address with a typing error. */
static bool s_name_ok(op_str_t item)
{
    bool letter = false;
    for (size_t i = 0; i < item.size; i++) {
        char c = item.at[i];
        bool digit = c >= '0' && c <= '9';
        bool alpha = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!digit && !alpha && c != '-' && c != '.' && c != '_')
            return false;
        letter = letter || alpha;
    }
    return letter && item.size <= 255;
}

static bool s_network_ok(op_str_t item)
{
    struct in_addr four;
    struct in6_addr six;
    const char *slash = item.size ? memchr(item.at, '/', item.size) : NULL;
    op_str_t address = op_str_of(item.at, slash ? (size_t)(slash - item.at) : item.size);
    uint64_t bits = 0, most = 0;
    if (s_parse4(address, &four))
        most = 32;
    else if (s_parse6(address, &six) && !IN6_IS_ADDR_V4MAPPED(&six))
        most = 128;
    if (!most)
        return false;
    return !slash || op_str_to_u64(op_str_of(slash + 1, item.size - address.size - 1), most, &bits);
}

static bool s_allow_item_ok(op_str_t item)
{
    return s_network_ok(item) || s_name_ok(item);
}

static bool s_allow_ok(op_str_t text)
{
    return s_each(text, s_allow_item_ok);
}

static bool s_proxies_ok(op_str_t text)
{
    size_t commas = 0;
    for (size_t i = 0; i < text.size; i++)
        commas += text.at[i] == ',';
    return commas < OP_PROXIES_MAX && s_each(text, s_network_ok);
}

/*  An origin, without a path: what is put in front of paths in documents and shell commands. */
static bool s_public_url_ok(op_str_t text)
{
    size_t front = op_str_starts(text, "https://") ? 8 : op_str_starts(text, "http://") ? 7 : 0;
    for (size_t i = front; i < text.size; i++) {
        char c = text.at[i];
        bool alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!alnum && !memchr(".-:[]", c, 5))
            return false;
    }
    return text.size == 0 || (front && text.size > front);
}

static bool s_actors_ok(op_str_t text)
{
    return text.size && s_each(text, op_topology_actor_ok);
}

/*  ---- words ---- */

static bool s_region_ok(op_str_t text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.at[i] < 'A' || text.at[i] > 'Z')
            return false;
    return text.size == 2;
}

static bool s_on_unknown_ok(op_str_t text)
{
    return op_str_is(text, "hold") || op_str_is(text, "resend");
}

static bool s_format_ok(op_str_t text)
{
    return op_str_is(text, "text") || op_str_is(text, "json");
}

static bool s_access_ok(op_str_t text)
{
    return op_str_is(text, "off") || op_str_is(text, "debug") || op_str_is(text, "info");
}

static bool s_level_ok(op_str_t text)
{
    return op_str_is(text, "debug") || op_str_is(text, "info") || op_str_is(text, "warning") ||
           op_str_is(text, "error");
}

bool op_config_form_ok(const char *path, op_str_t value)
{
    static const struct {
        const char *path;
        bool (*ok)(op_str_t text);
    } forms[] = {
        {"http/listen", s_listen_ok},
        {"http/public_url", s_public_url_ok},
        {"texts/prefixes", s_prefixes_ok},
        {"texts/region", s_region_ok},
        {"modem/on_unknown", s_on_unknown_ok},
        {"webhook/allow", s_allow_ok},
        {"log/level", s_level_ok},
        {"log/format", s_format_ok},
        {"log/access", s_access_ok},
        {"metrics/listen", s_listen_or_none_ok},
        {"simulate/listen", s_listen_or_none_ok},
        {"http/proxies", s_proxies_ok},
        {"actors/run", s_actors_ok},
        {"link/listen", s_link_listen_ok},
    };
    for (size_t i = 0; i < OP_COUNT(forms); i++)
        if (strcmp(path, forms[i].path) == 0)
            return forms[i].ok(value);
    return true;
}

op_str_t op_config_form_culprit(const char *path, op_str_t value)
{
    if (strcmp(path, "actors/run") != 0)
        return value;
    for (op_str_t rest = value; rest.size;) {
        const char *comma = memchr(rest.at, ',', rest.size);
        size_t size = comma ? (size_t)(comma - rest.at) : rest.size;
        if (!op_topology_actor_ok(op_str_of(rest.at, size)))
            return op_str_of(rest.at, size);
        size += comma != NULL;
        rest = op_str_of(rest.at + size, rest.size - size);
    }
    return value;
}
