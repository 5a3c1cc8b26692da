/*  control_wire.h - frames over opd's control socket, for both of its ends

    A frame (transport/messages.h) goes over the stream with its size, four octets, big-endian, in
    front. */

#ifndef OP_TRANSPORT_CONTROL_WIRE_H
#define OP_TRANSPORT_CONTROL_WIRE_H

#include "base/bytes.h"

/*  Binds (mode 0600) or connects a stream socket at this path, of whatever length. -1: errno says
    why. Binding removes a socket there that nobody listens at; EADDRINUSE where somebody does. */
int op_wire_bind(const char *path) OP_MUST_CHECK;
int op_wire_connect(const char *path) OP_MUST_CHECK;

/*  Could a socket be at this path? Nothing is changed. -1: errno says why not. */
int op_wire_check(const char *path) OP_MUST_CHECK;

/*  Where opd listens: as configured, or, when that is empty, in the folder of its data. */
void op_control_path(const char *configured, const char *data, char *path, size_t size);

/*  Neither call, waiting for the other side, goes on for longer than this. */
void op_wire_patience(int fd, int seconds);

bool op_wire_send(int fd, op_str_t frame) OP_MUST_CHECK;
/*  1: *frame replaced. 0: the other side has closed. -1: an error, silence, or a frame that is
    larger than one may be. */
int op_wire_receive(int fd, op_buf_t *frame) OP_MUST_CHECK;

#endif
