/*  options.h - the command line of opd: defaults, then the file, then the flags */

#ifndef OP_OPD_OPTIONS_H
#define OP_OPD_OPTIONS_H

#include "transport/config.h"

typedef struct {
    op_config_t config;
    const char *trace; /* of argv: where to record to; NULL: nowhere */
    int argc;          /* as given, to be read again */
    char **argv;
} op_options_t;

typedef enum {
    OP_OPTIONS_RUN,
    OP_OPTIONS_DONE, /* --help, --check and the like have said what was asked for */
    OP_OPTIONS_WRONG /* one line on stderr says what is wrong */
} op_options_result_t;

op_options_result_t op_options_read(int argc, char **argv, op_options_t *options);

/*  The configuration as the same command line gives it now. -1: `error` says what is wrong with
    it. */
int op_options_reload(const op_options_t *options, op_config_t *config,
                      char error[256]) OP_MUST_CHECK;

#endif
