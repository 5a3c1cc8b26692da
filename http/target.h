/*  target.h - where the server may post to

    A webhook URL comes from a stranger, and posting to it from inside the operator's network must
    not become a way in (server-side request forgery). So every address that is not public
    (ip.h) is refused, once when a URL is registered and again for the address that a name
    has resolved to, at the moment of connecting (poster.h). The operator's rules can allow more.

    Pure: resolves nothing, connects to nothing. */

#ifndef OP_HTTP_TARGET_H
#define OP_HTTP_TARGET_H

#include "base/ip.h"
#include "base/limits.h"

/*  Octets of an endpoint: scheme and port around the host. */
enum { OP_TARGET_ENDPOINT_SIZE = OP_HOST_NAME_MAX + 24 };

/*  What the operator allows beyond public https. */
typedef struct {
    bool allow_http;
    bool allow_loopback;
    op_str_t allow; /* "10.1.0.0/16,hooks.lan": networks, addresses, names of hosts; borrowed */
} op_target_rules_t;

typedef enum {
    OP_TARGET_OK,
    OP_TARGET_BAD_URL, /* no URL, no host, blanks or control octets in it */
    OP_TARGET_TOO_LONG,
    OP_TARGET_SCHEME,
    OP_TARGET_USERINFO,
    OP_TARGET_ADDRESS /* names an address that is not allowed; "localhost", and what ends in
                         ".localhost", is 127.0.0.1 */
} op_target_t;

/*  Judges a URL by its text alone, before any name is resolved. */
op_target_t op_target_check(op_str_t url, const op_target_rules_t *rules) OP_MUST_CHECK;
/*  One sentence for the client. */
const char *op_target_sentence(op_target_t verdict);

/*  Fills `host` (OP_HOST_NAME_MAX + 1 octets) with the URL's host in lower case, without
    brackets and without a dot at the end; IPv4 in its odd spellings ("127.1", "0x7f000001") comes
    out as four decimal parts. False: no URL, no host, or one that a resolver could take for an
    address that is not seen here ("127.%31", "127.1."). */
bool op_target_host(op_str_t url, char *host) OP_MUST_CHECK;
/*  Fills `endpoint` (OP_TARGET_ENDPOINT_SIZE octets) with what is connected to: scheme, host as
    above and port, which stands there even when it is the scheme's own: "https://example.org:443".
    False as above. */
bool op_target_endpoint(op_str_t url, char *endpoint) OP_MUST_CHECK;
/*  Whether the allow-list names this host: then any address it resolves to will do. */
bool op_target_host_allowed(const char *host, const op_target_rules_t *rules);
bool op_target_address_allowed(const op_ip_t *address, const op_target_rules_t *rules);

#endif
