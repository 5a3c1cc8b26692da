/*  print.h - values of declared types as text for people. Pure. */

#ifndef OP_TRANSPORT_PRINT_H
#define OP_TRANSPORT_PRINT_H

#include "transport/field.h"

/*  How much people may see. */
typedef enum {
    OP_PRINT_MASKED,
    OP_PRINT_FULL /* phones, texts, URLs and bytes as they are; secrets never */
} op_print_t;

/*  Appends name{field=value ...}, one line, without the fields that are empty. Hashes and long
    secrets appear as a fingerprint and length; short secrets, SMS texts and bytes as a length only,
    because what can be guessed can be found by its fingerprint; phones masked, of a URL the origin
    and a fingerprint of the rest, also where a text is one. In full, octets that are no text
    appear as \r, \n and \xNN. */
void op_print(const op_type_t *type, const void *value, op_print_t how, op_buf_t *out);

#endif
