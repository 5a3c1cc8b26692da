/*  answer.h - from what an actor has answered to the response: binding.h the other way round

    A refusal becomes the contract's error shape, with Retry-After wherever the contract promises it
    and WWW-Authenticate with each 401 (RFC 9110 11.6.1). A success has the status of its route, its
    message as JSON (none with 204), with 201 a Location, and the cookie of a session that was
    opened or ended. Pure. */

#ifndef OP_HTTP_ANSWER_H
#define OP_HTTP_ANSWER_H

#include "http/response.h"
#include "http/routes.h"

/*  Adds a header. A value that is unfit for one, which only an actor's answer could hold, is left
    out. */
void op_answer_header(op_http_response_t *response, const char *name, op_str_t value);
void op_answer_number(op_http_response_t *response, const char *name, uint64_t number);

/*  Refuses; `sentence` and `field` as in op_http_response_error. Where the contract says when to
    try again, that is in a second. */
void op_answer_refuse(op_http_response_t *response, op_error_t error, const char *sentence,
                      const char *field);
/*  Refuses as an actor has; an error that this version does not know is `internal`. */
void op_answer_refusal(op_http_response_t *response, const op_refusal_t *refusal);

/*  Success: `body` is of the type route->response (whatever it is, for the health check). `secure`:
    the client came over TLS, so the cookie may travel over nothing else. */
void op_answer_success(op_http_response_t *response, const op_route_t *route, const void *body,
                       bool secure);

#endif
