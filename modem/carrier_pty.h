/*  carrier_pty.h - the carrier simulator behind real ttys

    One pty per modem of a modem/carrier.h, so that a driver opens the simulator as it opens a
    modem: the slave's path, or a link DIR/modem0, DIR/modem1 ... to it. One thread moves the
    bytes, with the wall clock handed into the pure core; every function here may be called from
    any thread.

    The ttys are raw and stay open on this side too: a driver may come, go and crash, and what was
    written to it meanwhile waits in the kernel's buffer (a few KiB), then in the core's, which is
    bounded. Nothing is ever blocked by a driver that does not read. */

#ifndef OP_MODEM_CARRIER_PTY_H
#define OP_MODEM_CARRIER_PTY_H

#include "modem/carrier.h"

typedef struct {
    size_t modems;         /* 1 to OP_CARRIER_MODEMS_MAX */
    const char *directory; /* of the links, which must exist; NULL: no links. An older link of the
                              same name is replaced, anything else in its place is an error */
} op_carrier_pty_options_t;

typedef struct op_carrier_pty op_carrier_pty_t;

/*  NULL, with errno, when there is no pty, thread or link to be had. */
op_carrier_pty_t *op_carrier_pty_new(const op_carrier_pty_options_t *options);
/*  Stops the thread, closes the ttys (drivers see a hangup) and removes the links. */
void op_carrier_pty_destroy(op_carrier_pty_t **self_p);

size_t op_carrier_pty_modems(const op_carrier_pty_t *self);
/*  Borrowed until destroy: the number; the path to open. */
const char *op_carrier_pty_number(const op_carrier_pty_t *self, size_t modem);
const char *op_carrier_pty_path(const op_carrier_pty_t *self, size_t modem);

/*  As in carrier.h. `each` runs under the lock: it must not call back into here, and what it is
    shown is valid only while it runs. */
op_carrier_result_t op_carrier_pty_text(op_carrier_pty_t *self, op_str_t from, op_str_t to,
                                        op_str_t body) OP_MUST_CHECK;
void op_carrier_pty_inbox(op_carrier_pty_t *self, op_str_t phone, uint64_t after,
                          op_carrier_each_t each, void *context);
int op_carrier_pty_set(op_carrier_pty_t *self, size_t modem, op_knob_t knob,
                       int64_t value) OP_MUST_CHECK;
int64_t op_carrier_pty_get(op_carrier_pty_t *self, size_t modem, op_knob_t knob);
op_carrier_counts_t op_carrier_pty_counts(op_carrier_pty_t *self, size_t modem);
uint64_t op_carrier_pty_events(op_carrier_pty_t *self);
bool op_carrier_pty_event(op_carrier_pty_t *self, uint64_t number, op_carrier_event_t *event);

/*  Waits until at least `count` texts are in the phone's inbox. -1 when `timeout_ms` pass
    before. */
int op_carrier_pty_wait(op_carrier_pty_t *self, op_str_t phone, size_t count,
                        int timeout_ms) OP_MUST_CHECK;

#endif
