/*  ip.h - IP addresses, networks, which of them are public, and names of hosts

    Public is plain global unicast: all that the IANA special-purpose registries (RFC 6890 and its
    updates) do not list. Pure: no resolver, no sockets. */

#ifndef OP_BASE_IP_H
#define OP_BASE_IP_H

#include "base/bytes.h"

enum {
    OP_IP_TEXT = 45, /* characters of the longest address */
    OP_HOST_NAME_MAX = 255
};

struct sockaddr;

/*  IPv4 in the first four octets. An IPv4-mapped IPv6 address (::ffff:0:0/96) becomes IPv4 at once,
    because that is where a socket would take it. */
typedef struct {
    bool six;
    uint8_t octets[16];
} op_ip_t;

typedef struct {
    op_ip_t address;
    unsigned prefix; /* bits */
} op_network_t;

typedef enum {
    OP_IP_PUBLIC,
    OP_IP_LOOPBACK,
    OP_IP_SPECIAL /* private, link-local, multicast, documentation, tunnels, reserved, ... */
} op_ip_kind_t;

/*  A literal: "192.0.2.1" (four decimal parts) or "2001:db8::1", without brackets or zone. */
bool op_ip_parse(op_str_t text, op_ip_t *address) OP_MUST_CHECK;
/*  The one text of an address, so that two spellings cannot be two clients. */
void op_ip_print(const op_ip_t *address, char text[OP_IP_TEXT + 1]);
/*  AF_INET or AF_INET6; false for any other family. */
bool op_ip_from(const struct sockaddr *from, op_ip_t *address) OP_MUST_CHECK;
op_ip_kind_t op_ip_kind(const op_ip_t *address);

/*  "10.0.0.0/8", "fd00::/8", or a single address. */
bool op_network_parse(op_str_t text, op_network_t *network) OP_MUST_CHECK;
/*  Such, comma-separated and without blanks; nothing at all is no network. The number of networks
    put into `out`; -1: one of them is malformed, or there are more than `max`. */
int op_networks_parse(op_str_t list, op_network_t *out, size_t max) OP_MUST_CHECK;
bool op_network_has(const op_network_t *network, const op_ip_t *address);

/*  A name that a resolver cannot take for an IPv4 address: letters, digits, '-', '.' and '_', and
    what stands behind the last dot is no number, be it octal or hexadecimal. So "10.1", "127.1.",
    "host.1" and "0x7f000001" are none. Case does not matter. */
bool op_host_name_ok(op_str_t text) OP_MUST_CHECK;
/*  What may stand in a list of allowed hosts: a network, an address or a name. */
bool op_host_pattern_ok(op_str_t text) OP_MUST_CHECK;

#endif
