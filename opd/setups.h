/*  setups.h - each actor's part of the configuration, for its start and when it is read again

    Texts in the setups are the configuration's. */

#ifndef OP_OPD_SETUPS_H
#define OP_OPD_SETUPS_H

#include "opd/links.h"
#include "transport/config.h"
#include "transport/messages.h"

op_rate_setup_t op_opd_rate_setup(const op_config_t *config);
op_auth_setup_t op_opd_auth_setup(const op_config_t *config);
/*  Which modem actors there are, `links` knows. */
op_ledger_setup_t op_opd_ledger_setup(const op_config_t *config, const op_opd_links_t *links);

#endif
