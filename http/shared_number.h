/*  shared_number.h - which number is shared? Only the ledger knows: its modems may be on other
    hosts */

#ifndef OP_HTTP_SHARED_NUMBER_H
#define OP_HTTP_SHARED_NUMBER_H

#include "base/phone.h"
#include "http/calls.h"

/*  Asks with `call`, and waits for at most OP_READY_MS (ready.h). False: there is none, or no
    answer. */
bool op_shared_number_ask(op_calls_t *calls, op_call_t *call, op_str_t request_id,
                          char number[OP_PHONE_MAX + 1]) OP_MUST_CHECK;

#endif
