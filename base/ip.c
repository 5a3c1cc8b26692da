#include "base/ip.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

/*  IANA IPv4 Special-Purpose Address Registry, with multicast and class E. Its few entries that are
    globally reachable are anycast services of the network (AS112, AMT, PCP and TURN in
    192.0.0.0/24), some of them of one's own router: nothing to post to. The same goes for IPv6. */
static const char *const s_special4[] = {
    "0.0.0.0/8",       /* this network, RFC 791 */
    "10.0.0.0/8",      /* private, RFC 1918 */
    "100.64.0.0/10",   /* carrier-grade NAT, RFC 6598 */
    "127.0.0.0/8",     /* loopback, RFC 1122 */
    "169.254.0.0/16",  /* link-local and cloud metadata, RFC 3927 */
    "172.16.0.0/12",   /* private, RFC 1918 */
    "192.0.0.0/24",    /* protocol assignments, RFC 6890 */
    "192.0.2.0/24",    /* documentation, RFC 5737 */
    "192.31.196.0/24", /* AS112, RFC 7535 */
    "192.52.193.0/24", /* AMT, RFC 7450 */
    "192.88.99.0/24",  /* 6to4 relays, RFC 7526 */
    "192.168.0.0/16",  /* private, RFC 1918 */
    "192.175.48.0/24", /* AS112, RFC 7534 */
    "198.18.0.0/15",   /* benchmarking, RFC 2544 */
    "198.51.100.0/24", /* documentation, RFC 5737 */
    "203.0.113.0/24",  /* documentation, RFC 5737 */
    "224.0.0.0/4",     /* multicast, RFC 5771 */
    "240.0.0.0/4",     /* reserved, RFC 1112, and broadcast, RFC 919 */
};

/*  Global unicast is 2000::/3 (RFC 4291); what lies outside it is special as a whole: ::, ::1,
    IPv4-compatible, IPv4-translated, local NAT64 64:ff9b:1::/48, discard 100::/64, segment routing
    5f00::/16, unique local fc00::/7, link-local fe80::/10, site-local fec0::/10, multicast
    ff00::/8. Inside it: */
static const char *const s_special6[] = {
    "2001::/23",         /* Teredo, ORCHID, benchmarking and more, RFC 2928 */
    "2001:db8::/32",     /* documentation, RFC 3849 */
    "2002::/16",         /* 6to4, RFC 3056: carries any IPv4 address */
    "2620:4f:8000::/48", /* AS112, RFC 7534 */
    "3fff::/20",         /* documentation, RFC 9637 */
};

/*  Behind a NAT64 every IPv4 server has such an address, so the IPv4 address in it is judged; those
    that are not global have no business there (RFC 6052 3.1). */
static const uint8_t s_nat64[12] = {0, 0x64, 0xff, 0x9b};

static const uint8_t s_mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static op_ip_t s_six(const uint8_t octets[16])
{
    op_ip_t address = {.six = true};
    memcpy(address.octets, octets, 16);
    if (memcmp(octets, s_mapped, sizeof s_mapped) == 0) {
        address = (op_ip_t){0};
        memcpy(address.octets, octets + sizeof s_mapped, 4);
    }
    return address;
}

bool op_ip_parse(op_str_t text, op_ip_t *address)
{
    char copy[INET6_ADDRSTRLEN];
    uint8_t octets[16];
    if (!op_str_copy(text, copy, sizeof copy) || strlen(copy) != text.size)
        return false;
    if (inet_pton(AF_INET6, copy, octets) == 1) {
        *address = s_six(octets);
        return true;
    }
    if (inet_pton(AF_INET, copy, octets) != 1)
        return false;
    *address = (op_ip_t){0};
    memcpy(address->octets, octets, 4);
    return true;
}

void op_ip_print(const op_ip_t *address, char text[OP_IP_TEXT + 1])
{
    OP_ASSERT(inet_ntop(address->six ? AF_INET6 : AF_INET, address->octets, text, OP_IP_TEXT + 1));
}

bool op_ip_from(const struct sockaddr *from, op_ip_t *address)
{
    if (from->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, from, sizeof in);
        *address = (op_ip_t){0};
        memcpy(address->octets, &in.sin_addr, 4);
        return true;
    }
    if (from->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, from, sizeof in6);
        *address = s_six(in6.sin6_addr.s6_addr);
        return true;
    }
    return false;
}

bool op_network_parse(op_str_t text, op_network_t *network)
{
    op_str_t prefix = text, address = op_str_next(&prefix, '/');
    op_network_t found = {0};
    if (!op_ip_parse(address, &found.address))
        return false;
    uint64_t bits = found.address.six ? 128 : 32;
    if (prefix.at && !op_str_to_u64(prefix, bits, &bits))
        return false;
    found.prefix = (unsigned)bits;
    *network = found;
    return true;
}

int op_networks_parse(op_str_t list, op_network_t *out, size_t max)
{
    size_t count = 0;
    if (list.size == 0)
        return 0;
    while (list.at)
        if (count == max || !op_network_parse(op_str_next(&list, ','), &out[count++]))
            return -1;
    return (int)count;
}

bool op_network_has(const op_network_t *network, const op_ip_t *address)
{
    if (network->address.six != address->six)
        return false;
    unsigned whole = network->prefix / 8, rest = network->prefix % 8;
    if (memcmp(network->address.octets, address->octets, whole) != 0)
        return false;
    uint8_t mask = (uint8_t)(0xff00 >> rest);
    return rest == 0 || ((network->address.octets[whole] ^ address->octets[whole]) & mask) == 0;
}

static bool s_listed(const op_ip_t *address, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        op_network_t network;
        if (op_network_parse(op_str(list[i]), &network) && op_network_has(&network, address))
            return true;
    }
    return false;
}

op_ip_kind_t op_ip_kind(const op_ip_t *address)
{
    static const uint8_t one[16] = {[15] = 1};
    if (!address->six) {
        if (address->octets[0] == 127)
            return OP_IP_LOOPBACK;
        return s_listed(address, s_special4, OP_COUNT(s_special4)) ? OP_IP_SPECIAL : OP_IP_PUBLIC;
    }
    if (memcmp(address->octets, one, sizeof one) == 0)
        return OP_IP_LOOPBACK;
    if (memcmp(address->octets, s_nat64, sizeof s_nat64) == 0) {
        op_ip_t four = {0};
        memcpy(four.octets, address->octets + sizeof s_nat64, 4);
        return op_ip_kind(&four) == OP_IP_PUBLIC ? OP_IP_PUBLIC : OP_IP_SPECIAL;
    }
    if ((address->octets[0] & 0xe0) != 0x20 || s_listed(address, s_special6, OP_COUNT(s_special6)))
        return OP_IP_SPECIAL;
    return OP_IP_PUBLIC;
}

/*  Would a resolver take this label, the last one of a name, for a number (WHATWG URL 3.5, "ends in
    a number")? */
static bool s_is_number(op_str_t label)
{
    bool hex = op_str_starts_nocase(label, "0x");
    for (size_t i = hex ? 2 : 0; i < label.size; i++) {
        char c = op_lower(label.at[i]);
        if (!op_is_digit(c) && !(hex && c >= 'a' && c <= 'f'))
            return false;
    }
    return true;
}

bool op_host_name_ok(op_str_t text)
{
    op_str_t label = {0};
    for (size_t i = 0; i < text.size; i++)
        if (!op_is_alnum(text.at[i]) && !memchr("-._", text.at[i], 3))
            return false;
    for (op_str_t rest = text; rest.at;)
        label = op_str_next(&rest, '.');
    return text.size > 0 && text.size <= OP_HOST_NAME_MAX && !s_is_number(label);
}

bool op_host_pattern_ok(op_str_t text)
{
    op_network_t network;
    return op_network_parse(text, &network) || op_host_name_ok(text);
}
