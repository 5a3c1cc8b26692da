/*  openapi.h - the OpenAPI 3.1 document of the HTTP API

    It is made from the same tables that the server runs by: routes.def says which calls there are,
    operations.def what they are for and how they fail, messages.def and shapes.def what goes in and
    out, error.def the errors, pages.def the documents. Pure. */

#ifndef OP_HTTP_OPENAPI_H
#define OP_HTTP_OPENAPI_H

#include "http/routes.h"

/*  Appends the document, as JSON. `base_url` (no slash at its end) becomes its server. */
void op_openapi_print(const char *base_url, op_buf_t *out);

/*  What operations.def says of a route. */
typedef struct {
    const char *name; /* of routes.def; NULL: the list lacks this route */
    const char *tag, *summary, *description;
    op_error_t errors[8]; /* ends with OP_OK */
} op_operation_t;

const op_operation_t *op_operation(op_route_name_t route);

#endif
