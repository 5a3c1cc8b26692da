/*  routes.h - the route table, and which route a request is for

    The table is routes.def. Pure. */

#ifndef OP_HTTP_ROUTES_H
#define OP_HTTP_ROUTES_H

#include "transport/messages.h"

#define OP_READY_PATH "/readyz" /* not in the table: it asks all actors (ready.h) */

typedef enum {
#define ROUTE(NAME, method, path, source, request, response, status, ...) OP_ROUTE_##NAME,
#include "http/routes.def"
#undef ROUTE
    OP_ROUTE_END
} op_route_name_t;

enum { OP_ROUTE_IDS_MAX = 2 }; /* ids in a path */

/*  Where the request message is read from. */
typedef enum { OP_FROM_NONE, OP_FROM_PATH, OP_FROM_QUERY, OP_FROM_BODY } op_route_source_t;

/*  What the caller has to present. */
typedef enum { OP_CREDENTIAL_NONE, OP_CREDENTIAL_SESSION, OP_CREDENTIAL_KEY } op_credential_t;

typedef struct {
    op_route_name_t name;
    const char *method;
    const char *path; /* "{...}" stands for one segment, an id */
    op_route_source_t source;
    const op_type_t *request;
    const op_type_t *response;
    int status; /* of success */
    size_t step_count;
    uint8_t steps[OP_SLIP_MAX];
} op_route_t;

const op_route_t *op_route(op_route_name_t name);

/*  The route of this method and path (percent-decoded, without the query); `ids` are the segments
    where the pattern has braces, in order, then empty ones. HEAD is looked up as GET. Segments
    match exactly: a slash at the end is another path. NULL: no such path, or not with this method
    (see op_route_allow). */
const op_route_t *op_route_find(op_str_t method, op_str_t path, op_str_t ids[OP_ROUTE_IDS_MAX]);

/*  Appends the methods of a path as the Allow header lists them ("GET, HEAD, OPTIONS"); OPTIONS is
    one of every path. False, and nothing appended: the path is unknown. */
bool op_route_allow(op_str_t path, op_buf_t *out);

/*  All itineraries, those of the routes and those of what the gateway asks besides: the steps of the
    one with this index, as on a slip. False: there are no more. No process takes any other request
    from another one (transport/roles.h). */
bool op_route_itinerary(size_t index, op_str_t *steps);

op_credential_t op_route_credential(const op_route_t *self);

/*  How many of the first steps only find out who calls and count the call, whatever it asks for: 0
    where no credential is asked for. They take op_nothing_type, too. */
size_t op_route_entry(const op_route_t *self);

#endif
