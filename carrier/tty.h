/*  tty.h - one device node of a simulated modem: a pty, and the link to it

    Not thread-safe: pty.c calls it under its lock. */

#ifndef OP_CARRIER_TTY_H
#define OP_CARRIER_TTY_H

#include "base/bytes.h"

#include <sys/types.h>

enum { OP_CARRIER_TTY_PATH = 64, OP_CARRIER_TTY_LINKS = 2 };

typedef struct {
    int master, slave;                 /* -1: not open */
    char path[OP_CARRIER_TTY_PATH];    /* of the slave, or where it was last; empty: never open */
    char *links[OP_CARRIER_TTY_LINKS]; /* owned; NULL: none */
} op_carrier_tty_t;

#define OP_CARRIER_TTY_NONE ((op_carrier_tty_t){.master = -1, .slave = -1})

/*  Opens a pty, raw, at another path than the last one. -1 with errno. */
int op_carrier_tty_open(op_carrier_tty_t *self) OP_MUST_CHECK;
/*  Links DIRECTORY/NAME to it. An older link of that name is replaced; anything else in its place
    is an error: -1 with errno. */
int op_carrier_tty_link(op_carrier_tty_t *self, const char *directory,
                        const char *name) OP_MUST_CHECK;
/*  What its driver wrote, as read(2). Once it has written, others may open it too. */
ssize_t op_carrier_tty_read(op_carrier_tty_t *self, char *bytes, size_t size) OP_MUST_CHECK;
/*  Removes the links and closes: who has it open sees a hangup. */
void op_carrier_tty_close(op_carrier_tty_t *self);

#endif
