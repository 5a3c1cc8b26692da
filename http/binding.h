/*  binding.h - from an HTTP request to the message that its route takes

    Pure: the clock, the network and the actors are elsewhere (gateway.h). */

#ifndef OP_HTTP_BINDING_H
#define OP_HTTP_BINDING_H

#include "http/request.h"
#include "http/routes.h"
#include "transport/json.h"

/*  The request's message, in `arena` or borrowed from `request`, read from where the route says:
    NONE    nothing; a body is ignored
    PATH    nothing but the ids
    QUERY   the members by their names (see below); a body is ignored
    BODY    JSON (op_json_read with `rules`). No body at all is as good as {} where the path has an
            id. A Content-Type, where there is one, must speak of JSON.
    Its first members are `ids`, the path's segments, as many as there are; what cannot be an id at
    all is not_found. A parameter or member of the same name is ignored. NULL: *fault says why.

    A query is split at '&' and decoded strictly: a broken escape, a control character or what is
    not UTF-8 is a fault; '+' is a plus sign. Unknown parameters are ignored, as unknown members of
    bodies are; a known one that is empty or stands there twice is a fault. What a value may look
    like is declared with its field (transport/shape.h); a number has no zeros in front. */
const void *op_binding_read(const op_route_t *route, const op_http_request_t *request,
                            const op_str_t ids[OP_ROUTE_IDS_MAX], const op_json_rules_t *rules,
                            op_arena_t *arena, op_json_fault_t *fault) OP_MUST_CHECK;

#endif
