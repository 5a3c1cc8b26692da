/*  modem_air.h - the modem actor with real ttys' worth of simulated modems, in virtual time

    The test plays the serial port, the ledger and time; the carrier (carrier/carrier.h) plays the
    rest. A tty's path is /sim/MODEM-TTY, with a letter for each time that the modem was plugged in:
    /sim/3-0, then /sim/3-0a. */

#ifndef OP_TESTS_MODEM_AIR_H
#define OP_TESTS_MODEM_AIR_H

#include "tests/core_fixture.h"

#include "actors/modem.h"
#include "carrier/carrier.h"

typedef struct {
    core_t core;
    op_carrier_t *carrier;
    size_t modems;
    unsigned plugs[OP_CARRIER_MODEMS_MAX]; /* how often it was plugged in */
    struct {
        bool open;
        size_t modem, tty;
        unsigned plug;
    } handles[OP_LINES_MAX];
    op_line_setup_t lines[OP_CARRIER_MODEMS_MAX];
    char paths[OP_CARRIER_MODEMS_MAX][64];
    op_modem_setup_t setup;
    bool watched;    /* the core looks for devices by a pattern */
    int outcomes[5]; /* by op_text_state_t, since the start */
    size_t received;
    uint64_t opens;
} air_t;

/*  Modems of these families in turn (none: plain), each a line by its path; not started. */
void air_init(air_t *self, size_t modems, const op_sim_family_t *families, size_t count);
void air_start(air_t *self);
void air_free(air_t *self);
/*  opd dies and starts again; with `power_cut`, what was not synced is gone. */
void air_restart(air_t *self, bool power_cut);

/*  Virtual time passes. */
void air_run(air_t *self, int64_t ms);
/*  Until the line is in that state, at most `ms`; fails the test otherwise. How long it took. */
int64_t air_until(air_t *self, size_t line, const char *state, int64_t ms);
/*  What the operator is shown of a line; valid until the next call. */
const op_line_health_t *air_health(air_t *self, size_t line);

void air_plug(air_t *self, size_t modem, bool in);
void air_set(air_t *self, size_t modem, op_knob_t knob, int64_t value);
/*  The ledger sends a text from a line's number to a phone. */
void air_text(air_t *self, size_t line, char id, const char *to, const char *body);
size_t air_inbox(const air_t *self, const char *phone);
/*  Texts pass on that line, both ways; fails the test otherwise. `id`: unique in the test. */
void air_expect_service(air_t *self, size_t line, char id);

#endif
