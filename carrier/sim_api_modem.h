/*  sim_api_modem.h - the part of carrier/sim_api.h under /sim/modems */

#ifndef OP_CARRIER_SIM_API_MODEM_H
#define OP_CARRIER_SIM_API_MODEM_H

#include "carrier/pty.h"
#include "http/response.h"

/*  Serves what lies behind "/sim/modems": empty, or begins with a slash. */
void op_sim_serve_modems(op_carrier_pty_t *carrier, op_str_t method, op_str_t rest, op_str_t body,
                         op_http_response_t *response);

/*  For both parts: the answer, whose reference is taken; a method that is not among `allowed`, or
    is OPTIONS; the body as a JSON object, a new reference, or NULL when it is none. */
struct json_t;
void op_sim_answer(op_http_response_t *response, int status, struct json_t *answer);
void op_sim_other_method(op_http_response_t *response, op_str_t method, op_str_t allowed);
struct json_t *op_sim_object(op_str_t body);

#endif
