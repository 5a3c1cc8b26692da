/*  pages.h - the pages of this server (http/pages.h), with what it is configured to

    The guide's facts are numbers of config.def; which number is shared the gateway asks the ledger.
    */

#ifndef OP_OPD_PAGES_H
#define OP_OPD_PAGES_H

#include "http/pages.h"
#include "transport/config.h"

op_pages_t *op_opd_pages_new(const op_config_t *config) OP_MUST_CHECK;
/*  The facts as they are after a reload. */
void op_opd_pages_reload(op_pages_t *self, const op_config_t *config);

#endif
