/*  listener.h - where HTTP listens: addresses like "127.0.0.1:8080" and "[::1]:8080"

    Only numeric addresses, and "localhost": civetweb's own syntax has more meanings. */

#ifndef OP_HTTP_LISTENER_H
#define OP_HTTP_LISTENER_H

#include "base/bytes.h"

enum { OP_LISTENER_ADDRESS = 64 };

/*  Fills `ports` with the address as civetweb wants it. False: `error` says what is wrong with it in
    one line; of an IPv6 address that depends on the library, whose build in Debian has none. */
bool op_listener_read(const char *listen, char *ports, size_t ports_size, char *error,
                      size_t size) OP_MUST_CHECK;

/*  Why nothing can listen there, in the system's words: civetweb only says that it failed. NULL: one
    can. */
const char *op_listener_why_not(const char *ports);

/*  Both: could one listen there? `now`: nobody else does, and the system allows it, which is tried. */
bool op_listener_can(const char *listen, bool now, char *error, size_t size) OP_MUST_CHECK;

/*  Nobody is accepted any more by the socket with which this process listens there, and whoever
    waits for it to accept wakes up. It stays open, and its owner's to close. */
void op_listener_shut(const char *address);

#endif
