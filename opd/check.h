/*  check.h - can what the configuration names be used?

    op_config_check looks at the configuration alone; here its paths are looked at, and its
    addresses tried. */

#ifndef OP_OPD_CHECK_H
#define OP_OPD_CHECK_H

#include "transport/config.h"

/*  Keys, certificates, scenarios, folders, numbers, the form of addresses: nothing is changed or bound, so a
    running opd with the same configuration is not disturbed. -1: `error` says which key is wrong. */
int op_opd_check(const op_config_t *config, char error[OP_CONFIG_ERROR]) OP_MUST_CHECK;

/*  Is every address free that this process will listen at? It is tried and given back: so a start
    that must fail does so before it has changed anything. -1: `error` says which key's is not. */
int op_opd_check_free(const op_config_t *config, char error[OP_CONFIG_ERROR]) OP_MUST_CHECK;

#endif
