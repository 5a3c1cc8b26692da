/*  openapi_private.h - the parts of the document, between its files

    Every json_t returned is the caller's. Out of memory is a bug, as everywhere. */

#ifndef OP_HTTP_OPENAPI_PRIVATE_H
#define OP_HTTP_OPENAPI_PRIVATE_H

#include "http/openapi.h"

#include <jansson.h>

/*  Sets a member, taking the value. */
void op_openapi_set(json_t *object, const char *name, json_t *value);
void op_openapi_say(json_t *object, const char *name, const char *text); /* nothing for "" */

/*  {"$ref": "#/components/FOLDER/NAME"} */
json_t *op_openapi_ref(const char *folder, const char *name);

/*  A body in, a parameter of a query, a body out: null is for bodies. */
typedef enum { OP_OPENAPI_REQUEST, OP_OPENAPI_QUERY, OP_OPENAPI_RESPONSE } op_openapi_way_t;

/*  A field's schema, without a description. */
json_t *op_openapi_field(const op_field_t *field, op_openapi_way_t way);
/*  A field's value in examples; NULL: better left out. */
json_t *op_openapi_field_example(const op_field_t *field, op_openapi_way_t way);

/*  A message as components.schemas has it, with its name there ("message_send" is "MessageSend").
    Its first `skip` members come from elsewhere, and are left out. */
json_t *op_openapi_schema(const op_type_t *type, op_openapi_way_t way, size_t skip);
json_t *op_openapi_example(const op_type_t *type, op_openapi_way_t way, size_t skip);
/*  Makes an example true for a message, a route or an event, as operations.def says; returns it. */
json_t *op_openapi_true(json_t *example, const char *where);
void op_openapi_type_name(const op_type_t *type, char name[64]);

/*  components.responses and .headers, and the responses of one route. */
json_t *op_openapi_headers(void);
json_t *op_openapi_common_responses(void);
json_t *op_openapi_responses(const op_route_t *route);
/*  Those of a page (pages.h), and of the readiness check (ready.h) with the schema "Readiness". */
json_t *op_openapi_page_responses(const char *media, const char *summary);
json_t *op_openapi_ready_responses(void);
json_t *op_openapi_ready_schema(void);
/*  The headers that are on every answer. */
json_t *op_openapi_every_header(void);

#endif
