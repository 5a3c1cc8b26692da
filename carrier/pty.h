/*  pty.h - the simulated carrier behind real ttys

    One pty per modem of a carrier/carrier.h, so that a driver opens the simulator as it opens a
    modem: the slave's path, or a link DIR/modem0, DIR/modem1 ... to it. A modem whose family has
    several ttys has a pty for each, also as DIR/modem0-if00, DIR/modem0-if01 ...; DIR/modem0 is the
    one for commands. One thread moves the bytes, with the wall clock (transport/clock.h) handed
    into the pure core; every function here may be called from any thread.

    A modem can be unplugged: its ttys and links go away. Plugged in again it has others, and the
    links show them.

    The ttys are raw and stay open on this side too: a driver may come, go and crash, and what was
    written to it meanwhile waits in the kernel's buffer (a few KiB), then in the core's, which is
    bounded. Nothing is ever blocked by a driver that does not read. */

#ifndef OP_CARRIER_PTY_H
#define OP_CARRIER_PTY_H

#include "base/phone.h"
#include "carrier/carrier.h"
#include "carrier/tty.h"

typedef struct {
    const op_sim_family_t *families; /* copied, as op_carrier_new_of does; NULL: plain modems */
    size_t family_count;
    size_t modems;         /* 1 to OP_CARRIER_MODEMS_MAX */
    const char *directory; /* of the links, which must exist; NULL: no links. It is locked: another
                              carrier with links there is EBUSY. An older link of the same name is
                              replaced, anything else in its place is an error */
} op_carrier_pty_options_t;

typedef struct op_carrier_pty op_carrier_pty_t;

/*  NULL, with errno, when there is no pty, thread or link to be had. */
op_carrier_pty_t *op_carrier_pty_new(const op_carrier_pty_options_t *options);
/*  What that errno means, for people. */
const char *op_carrier_pty_error(int error);
/*  Stops the thread, closes the ttys (drivers see a hangup) and removes the links. */
void op_carrier_pty_destroy(op_carrier_pty_t **self_p);

size_t op_carrier_pty_modems(const op_carrier_pty_t *self);
/*  Borrowed until destroy: the number the modem is called by; its family; the path to open: the
    link DIR/modemN or, without a directory, where the tty for commands was at first. */
const char *op_carrier_pty_number(const op_carrier_pty_t *self, size_t modem);
const op_sim_family_t *op_carrier_pty_family(const op_carrier_pty_t *self, size_t modem);
const char *op_carrier_pty_path(const op_carrier_pty_t *self, size_t modem);

/*  How many ttys a modem has, and where the one of that place is now; false while it is unplugged.
    `op_carrier_pty_main` is the place of the tty for commands. */
size_t op_carrier_pty_ttys(const op_carrier_pty_t *self, size_t modem);
size_t op_carrier_pty_main(const op_carrier_pty_t *self, size_t modem);
bool op_carrier_pty_tty(op_carrier_pty_t *self, size_t modem, size_t tty,
                        char path[OP_CARRIER_TTY_PATH]);

/*  Unplugs a modem or plugs it in, and waits until that is done. -1 with errno when there is no pty
    or link to be had: it is then unplugged. */
int op_carrier_pty_plug(op_carrier_pty_t *self, size_t modem, bool in) OP_MUST_CHECK;

/*  As in carrier.h. `each` runs under the lock: it must not call back into here, and what it is
    shown is valid only while it runs. */
void op_carrier_pty_reset(op_carrier_pty_t *self, size_t modem);
void op_carrier_pty_swap_sims(op_carrier_pty_t *self, size_t one, size_t other);
/*  Copies the number of the SIM that is in it; false when there is none. */
bool op_carrier_pty_sim(op_carrier_pty_t *self, size_t modem, char number[OP_PHONE_MAX + 1]);
op_carrier_result_t op_carrier_pty_phone(op_carrier_pty_t *self, op_str_t phone,
                                         bool on) OP_MUST_CHECK;
bool op_carrier_pty_phone_on(op_carrier_pty_t *self, op_str_t phone);
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

/*  The clock was moved: looks at once what is due. */
void op_carrier_pty_look(op_carrier_pty_t *self);

#endif
