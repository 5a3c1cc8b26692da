/*  serial.h - the port of the modem actor: all its ttys, in one thread

    Takes the notes serial_open and serial_bytes, gives serial_opened, serial_closed and
    serial_bytes (transport/messages.def). A line is the modem core's number for a tty.

    A tty is opened raw, 115200 8N1, without becoming a controlling terminal, and held exclusively
    (TIOCEXCL and flock): two programs on one modem lose texts. What waits in it is not flushed: it
    may be the answer to a text that was in the air when the process before this one died.

    Limits: OP_SERIAL_WRITE_MAX bytes that a tty does not take; past that it is closed, because a
    modem that does not read is not there. */

#ifndef OP_MODEM_SERIAL_H
#define OP_MODEM_SERIAL_H

#include "actors/port.h"

enum { OP_SERIAL_WRITE_MAX = 64 << 10 };

/*  A port named "serial" for up to OP_LINES_MAX lines. Its destroy frees it. */
op_port_t op_serial_port(void);

#endif
