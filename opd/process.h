/*  process.h - a running opd: store, carrier, actors, HTTP, until a signal or a failure */

#ifndef OP_OPD_PROCESS_H
#define OP_OPD_PROCESS_H

#include "opd/options.h"

/*  Runs until SIGTERM or SIGINT; on SIGHUP the options are read again (opd/reload.h). Returns the
    process's exit status; errors are one line on stderr. */
int op_process_run(const op_options_t *options);

#endif
