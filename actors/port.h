/*  port.h - what stands between an actor and the outside: a tty, an HTTP client

    A port lives in its actor's thread. It speaks with its core in notes: the core sends them to the
    port's name, the runtime hands them over after the commit; what the port has seen becomes notes
    to the core, stamped with time and entropy like every event. It decides nothing. */

#ifndef OP_ACTORS_PORT_H
#define OP_ACTORS_PORT_H

#include "transport/codec.h"

#include <poll.h>

enum { OP_PORT_FDS_MAX = 512 };

typedef struct {
    const char *name; /* where the core sends its notes */
    void *self;

    /* Fills in what to wait for, at most `max`, and lowers *timeout_ms (-1: for ever) when it must
       be called earlier. Returns how many. */
    size_t (*fds)(void *self, struct pollfd *fds, size_t max, int64_t *timeout_ms);

    /* The wait is over: does what can be done without blocking. */
    void (*work)(void *self, const struct pollfd *fds, size_t count);

    /* The next note for the core, valid until the next call; false when there is none. */
    bool (*next)(void *self, const op_type_t **type, const void **body);

    /* A note from the core; borrowed. */
    void (*take)(void *self, const op_type_t *type, const void *body);

    void (*destroy)(void *self);
} op_port_t;

#endif
