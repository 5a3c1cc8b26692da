/*  sim_api.h - the simulated carrier over HTTP, for opd --simulate and for opsim

    GET   /sim/phones/{e164}/messages  200 {"data":[{"from","body","received_at"}]}, oldest first
    POST  /sim/phones/{e164}/messages  {"to","body"}: the phone texts one of the modems' numbers; 202
    GET   /sim/phones/{e164}           200 {"on"}
    PATCH /sim/phones/{e164}           {"on"}: switched off, its texts wait at the service centre; 200
    GET   /sim/modems                  200 {"data":[{"number","device","sim","family","plugged",
                                       "ttys":[{"device","kind"}]}]}: `number` is what the modem is
                                       called by, `sim` that of the SIM in it; device and sim may be
                                       null
    GET   /sim/modems/{number}         200 the same of one, and all its knobs (carrier/sim_knob.h)
    PATCH /sim/modems/{number}         {knob: value, ...}: all or, if one is wrong, none; 200 as GET
    POST  /sim/modems/{number}/unplug  its device nodes go away; 200 as GET, here and below
    POST  /sim/modems/{number}/plug    they come back elsewhere; the modem restarts
    POST  /sim/modems/{number}/reset   the modem restarts
    POST  /sim/modems/{number}/swap    {"with": number}: the two modems' SIMs change places
    GET   /sim/events?after=N          200 {"data":[{"number","at_ms","what","modem","detail"}]}: what
                                       happened on the modems, as carrier.h lists it, with numbers
                                       above N
    GET   /sim/clock                   200 {"now","ahead_s"}: the server's time, and how far it is ahead
                                       of the machine's. Only where the process can wake what waits
                                       for an instant: opd, not opsim
    POST  /sim/clock                   {"advance_s"}: that many seconds pass at once; 200, as GET. Every
                                       later request sees the new time, and what was due in between
                                       has been begun, in all processes of the OP that are told of
                                       the simulation (transport/timeline.h). Time goes forward
                                       only, at most OP_CLOCK_AHEAD_MAX_MS in all, and back with the
                                       next start
    Errors have the contract's shape. */

#ifndef OP_CARRIER_SIM_API_H
#define OP_CARRIER_SIM_API_H

#include "carrier/pty.h"
#include "http/response.h"

typedef struct {
    op_carrier_pty_t *carrier;
    bool (*moved)(void *arg); /* the clock was: wakes all that waits for an instant, and returns
                                 when it has looked; called from many threads at once. NULL: there
                                 is no /sim/clock */
    void *arg;
} op_sim_t;

/*  Serves one call under "/sim"; `sim` is the op_sim_t. Called from many threads at once. */
void op_sim_serve(void *sim, op_str_t method, op_str_t path, op_str_t query, op_str_t body,
                  op_http_response_t *response);

#endif
