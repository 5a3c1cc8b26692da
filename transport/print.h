/*  print.h - values of declared types as text for people. Pure. */

#ifndef OP_TRANSPORT_PRINT_H
#define OP_TRANSPORT_PRINT_H

#include "transport/field.h"

/*  Appends name{field=value ...}, one line, without the fields that are empty. Hashes and long
    secrets appear as a fingerprint and length; short secrets, SMS texts and bytes as a length only,
    because what can be guessed can be found by its fingerprint; phones masked, also where a text is
    one. */
void op_print(const op_type_t *type, const void *value, op_buf_t *out);

#endif
