/*  serial.h - the port of the modem actor: all its ttys, in one thread

    Takes the notes serial_open, serial_close, serial_bytes and serial_watch, gives serial_opened,
    serial_closed, serial_bytes, serial_found and serial_gone (transport/messages.def). A line is
    the modem core's number for a tty.

    A tty is opened raw, 115200 8N1, without becoming a controlling terminal, and held exclusively
    (TIOCEXCL and flock): two programs on one modem lose texts. What waits in it is not flushed: it
    may be the answer to a text that was in the air when the process before this one died.

    Watching: the patterns are looked up every OP_SERIAL_SCAN_MS; a device that is there for the
    first time, or is another node than it was under the same name, is found; one that is not is
    gone. (A scan instead of inotify: patterns may cross folders that do not exist yet, and a modem
    that comes back has seconds to go until it answers anyway.)

    Limits: OP_SERIAL_WATCH_MAX patterns, of which further ones are ignored, and OP_SERIAL_NODES_MAX
    devices, of which further ones are not found. OP_SERIAL_WRITE_MAX bytes that a tty does not
    take; past that it is closed, because a modem that does not read is not there. */

#ifndef OP_MODEM_SERIAL_H
#define OP_MODEM_SERIAL_H

#include "actors/port.h"

enum {
    OP_SERIAL_WRITE_MAX = 64 << 10,
    OP_SERIAL_SCAN_MS = 2000,
    OP_SERIAL_WATCH_MAX = 300,
    OP_SERIAL_NODES_MAX = 512
};

/*  A port named "serial" for up to OP_LINES_MAX lines. Its destroy frees it. */
op_port_t op_serial_port(void);

#endif
