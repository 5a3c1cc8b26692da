/*  sim_api.h - the simulated carrier's phones over HTTP, for opd --simulate and for opsim

    GET  /sim/phones/{e164}/messages    200 {"data":[{"from","body","received_at"}]}, oldest first
    POST /sim/phones/{e164}/messages    {"to","body"}: the phone texts one of the modems' numbers;
    202
    GET  /sim/modems                    200 {"data":[{"number","device"}]}
    GET  /sim/events?after=N            200 {"data":[{"number","at_ms","what","modem","detail"}]}:
         what happened on
                                        the modems, as carrier.h lists it, with numbers above N
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
