/*  opd_process.h - a running opd: store, carrier, actors, HTTP, until a signal or a failure */

#ifndef OP_TOOLS_OPD_PROCESS_H
#define OP_TOOLS_OPD_PROCESS_H

#include "tools/opd_options.h"

/*  Runs until SIGTERM or SIGINT; on SIGHUP the options are read again (opd_reload.h). Returns the
    process's exit status; errors are one line on stderr. */
int op_process_run(const op_options_t *options);

#endif
