/*  sim_api.h - the simulated carrier over HTTP, for opd --simulate and for opsim

    GET   /sim/phones/{e164}/messages  200 {"data":[{"from","body","received_at"}]}, oldest first
    POST  /sim/phones/{e164}/messages  {"to","body"}: the phone texts one of the modems' numbers; 202
    GET   /sim/phones/{e164}           200 {"on"}
    PATCH /sim/phones/{e164}           {"on"}: switched off, its texts wait at the service centre; 200
    GET   /sim/modems                  200 {"data":[{"number","device","sim","family","plugged",
                                       "ttys":[{"device","kind"}]}]}: `number` is what the modem is
                                       called by, `sim` that of the SIM in it; device and sim may be null
    GET   /sim/modems/{number}         200 the same of one, and all its knobs (modem/sim_knob.h)
    PATCH /sim/modems/{number}         {knob: value, ...}: all or, if one is wrong, none; 200 as GET
    POST  /sim/modems/{number}/unplug  its device nodes go away; 200 as GET, here and below
    POST  /sim/modems/{number}/plug    they come back elsewhere; the modem restarts
    POST  /sim/modems/{number}/reset   the modem restarts
    POST  /sim/modems/{number}/swap    {"with": number}: the two modems' SIMs change places
    GET   /sim/events?after=N          200 {"data":[{"number","at_ms","what","modem","detail"}]}: what
                                       happened on the modems, as carrier.h lists it, with numbers
                                       above N
    Errors have the contract's shape. */

#ifndef OP_TOOLS_SIM_API_H
#define OP_TOOLS_SIM_API_H

#include "http/response.h"
#include "modem/carrier_pty.h"

/*  Serves one call under "/sim"; `carrier` is the op_carrier_pty_t. Called from many threads at
    once. */
void op_sim_serve(void *carrier, op_str_t method, op_str_t path, op_str_t query, op_str_t body,
                  op_http_response_t *response);

#endif
