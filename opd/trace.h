/*  trace.h - the recording that opd was asked for */

#ifndef OP_OPD_TRACE_H
#define OP_OPD_TRACE_H

#include "transport/config.h"
#include "transport/trace_file.h"

/*  Begins a trace with this build's and this configuration's header. NULL, and one line in
    `error`. */
op_trace_file_t *op_opd_trace_new(const char *path, const op_config_t *config,
                                  char error[OP_TRACE_ERROR]) OP_MUST_CHECK;

#endif
