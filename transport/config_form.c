/*  The forms of the texts among the keys: pure. They are strict where the parts that use the values
    later would fail, or worse, would take a typing error for something else. */

#include "base/ip.h"
#include "transport/config_private.h"
#include "transport/roles.h"

#include <string.h>

/*  ---- Addresses ---- */

typedef enum { HOST_BAD, HOST_OTHER, HOST_LOOPBACK } host_t;

/*  The same hosts that op_http_server_new takes: an IPv4 address, an IPv6 address in brackets, or
    localhost. Names are not resolved: they could come out as more than one address. */
static host_t s_host(op_str_t host)
{
    op_ip_t address;
    if (op_str_is(host, "localhost"))
        return HOST_LOOPBACK;
    bool bracketed = host.size > 2 && host.at[0] == '[' && host.at[host.size - 1] == ']';
    if (bracketed)
        host = op_str_of(host.at + 1, host.size - 2);
    bool colons = host.size && memchr(host.at, ':', host.size);
    if (bracketed != colons || !op_ip_parse(host, &address))
        return HOST_BAD;
    return op_ip_kind(&address) == OP_IP_LOOPBACK ? HOST_LOOPBACK : HOST_OTHER;
}

static bool s_split_listen(op_str_t text, op_str_t *host, op_str_t *port)
{
    const char *colon = text.size ? memrchr(text.at, ':', text.size) : NULL;
    if (!colon)
        return false;
    *host = op_str_of(text.at, (size_t)(colon - text.at));
    *port = op_str_skip(text, host->size + 1);
    return true;
}

static bool s_is_listen(op_str_t text)
{
    op_str_t host, port;
    uint64_t number;
    return s_split_listen(text, &host, &port) && s_host(host) != HOST_BAD &&
           op_str_to_u64(port, 65535, &number);
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
    return op_str_starts(text, "tcp://") && s_split_listen(op_str_skip(text, 6), &host, &port) &&
           s_host(host) != HOST_BAD && !op_str_is(host, "localhost") &&
           op_str_to_u64(port, 65535, &number) && number > 0;
}

/*  An origin, without a path: what is put in front of paths in documents and shell commands. */
static bool s_is_origin(op_str_t text)
{
    size_t front = op_str_starts(text, "https://") ? 8 : op_str_starts(text, "http://") ? 7 : 0;
    for (size_t i = front; i < text.size; i++)
        if (!op_is_alnum(text.at[i]) && !memchr(".-:[]", text.at[i], 5))
            return false;
    return front && text.size > front;
}

/*  ---- Lists ---- */

/*  "a,b,c", without blanks and empty items. */
static bool s_each(op_str_t list, bool item_ok(op_str_t item))
{
    while (list.at)
        if (!item_ok(op_str_next(&list, ',')))
            return false;
    return true;
}

static bool s_is_prefix(op_str_t item)
{
    if (item.size < 2 || item.size > OP_PHONE_MAX || item.at[0] != '+' || item.at[1] == '0')
        return false;
    for (size_t i = 1; i < item.size; i++)
        if (!op_is_digit(item.at[i]))
            return false;
    return true;
}

_Static_assert(OP_PROXIES_MAX == 16, "as the sentence of http/proxies says");

static bool s_are_networks(op_str_t text)
{
    op_network_t networks[OP_PROXIES_MAX];
    return op_networks_parse(text, networks, OP_PROXIES_MAX) > 0;
}

/*  ---- Words ---- */

/*  Is it one of "this, that or other"? */
static bool s_is_word_of(op_str_t text, op_str_t words)
{
    while (words.size) {
        op_str_t word = op_str_next(&words, ' ');
        if (word.size && word.at[word.size - 1] == ',')
            word.size--;
        if (op_str_equal(word, text) && !op_str_is(word, "or"))
            return true;
    }
    return false;
}

static bool s_is_region(op_str_t text)
{
    return text.size == 2 && op_is_upper(text.at[0]) && op_is_upper(text.at[1]);
}

bool op_config_form_ok(const op_config_key_t *key, op_str_t text)
{
    if (text.size == 0)
        return true; /* the key's bounds have been asked */
    switch (key->form) {
    case OP_CONFIG_FORM_ANY:
        return true;
    case OP_CONFIG_FORM_WORDS:
        return s_is_word_of(text, op_str(key->unit));
    case OP_CONFIG_FORM_LISTEN:
        return s_is_listen(text);
    case OP_CONFIG_FORM_ENDPOINT:
        return op_config_endpoint_ok(text);
    case OP_CONFIG_FORM_ORIGIN:
        return s_is_origin(text);
    case OP_CONFIG_FORM_ACTORS:
        return s_each(text, op_roles_actor_ok);
    case OP_CONFIG_FORM_HOSTS:
        return s_each(text, op_host_pattern_ok);
    case OP_CONFIG_FORM_NETWORKS:
        return s_are_networks(text);
    case OP_CONFIG_FORM_PREFIXES:
        return s_each(text, s_is_prefix);
    case OP_CONFIG_FORM_REGION:
        return s_is_region(text);
    }
    return false;
}

op_str_t op_config_form_culprit(const op_config_key_t *key, op_str_t text)
{
    for (op_str_t rest = text; key->form == OP_CONFIG_FORM_ACTORS && rest.size;) {
        op_str_t name = op_str_next(&rest, ',');
        if (!op_roles_actor_ok(name))
            return name;
    }
    return text;
}
