/*  opd_process.h - a running opd: store, carrier, actors, HTTP, until a signal or a failure */

#ifndef OP_TOOLS_OPD_PROCESS_H
#define OP_TOOLS_OPD_PROCESS_H

#include "transport/config.h"

/*  Runs until SIGTERM or SIGINT. `trace` is the file to record to, or NULL. Returns the process's exit status; errors are one line on stderr.
    */
int op_process_run(const op_config_t *config, const char *trace);

#endif
