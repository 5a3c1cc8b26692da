/*  ready.h - can the server do its work, and if not, what is missing?

    /healthz says that the server answers; this one says that a sign-up or a text would get through.
    Every actor is asked a question that changes nothing; who does not answer within OP_READY_MS is
    missing, and so is a line that could carry a text:

        200 {"status":"ready","missing":[]}
        503 {"status":"unready","missing":["auth: no answer","modem: no line is up"]}

    Where actors run in other processes, one whose link is down is missing at once ("auth: no
    link"); of several modem hosts, one that carries a text is enough. A process without http
    answers for what it has itself: its actors, its lines, its links.

    For load balancers and operators: it is no part of the API that clients program against. */

#ifndef OP_HTTP_READY_H
#define OP_HTTP_READY_H

#include "http/calls.h"
#include "http/response.h"
#include "http/routes.h" /* OP_READY_PATH */

enum { OP_READY_MS = 1000 }; /* for each of the actors, one after the other */

/*  Asks with `call`, and writes the answer. The links are those of the process (op_postbox_use). */
void op_ready_answer(op_calls_t *calls, op_call_t *call, op_str_t request_id,
                     op_http_response_t *response);

#endif
