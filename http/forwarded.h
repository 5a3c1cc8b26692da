/*  forwarded.h - who the client is when proxies stand in front

    Anybody can write X-Forwarded-For and X-Forwarded-Proto, so they count only when the peer of the
    socket is a trusted proxy, and only as far as trusted proxies have written them. Each proxy
    appends the address that it saw, so the list is read from its end: the client is the first
    address that is no trusted proxy's. What stands further left is hearsay, and so is everything
    left of a malformed entry: the last address that is known then stands. When all are trusted,
    the leftmost is the client.

    An entry is an address, with or without port ("192.0.2.1:80", "[2001:db8::1]:443"), several
    header lines are one list, and no more than OP_FORWARDED_MAX entries are read.
    X-Forwarded-Proto's last word is the nearest proxy's own: "https", in any letter case, means
    TLS. RFC 7239's Forwarded is not read. Pure. */

#ifndef OP_HTTP_FORWARDED_H
#define OP_HTTP_FORWARDED_H

#include "base/ip.h"
#include "http/request.h"

enum { OP_FORWARDED_MAX = 32 };

/*  Replaces request->client_ip (the peer) and sets request->https, both only where the peer is in
    one of the `count` networks. `text` holds the address and lives as long as the request. */
void op_forwarded_apply(op_http_request_t *request, const op_network_t *proxies, size_t count,
                        char text[OP_IP_TEXT + 1]);

#endif
