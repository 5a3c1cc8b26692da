/*  log.h - the operator's log: one line an event, on standard error

    "2026-05-20T19:14:52Z level source key=value ...". Never a code, key, body or full phone number.
    Safe to call from any thread; a line is written whole. */

#ifndef OP_TRANSPORT_LOG_H
#define OP_TRANSPORT_LOG_H

#include "base/check.h"

typedef enum { OP_LOG_DEBUG, OP_LOG_INFO, OP_LOG_WARNING, OP_LOG_ERROR } op_log_level_t;

/*  Lines below this level are not written. The default is OP_LOG_INFO. Set it before threads start.
    */
void op_log_threshold(op_log_level_t level);

void op_log(op_log_level_t level, const char *source, const char *format, ...) OP_PRINTF(3, 4);

#endif
