/*  opd_pages.h - the pages of this server (http/pages.h), with what it is configured to

    The guide's facts are numbers of config.def, and the shared numbers that modems serve. */

#ifndef OP_TOOLS_OPD_PAGES_H
#define OP_TOOLS_OPD_PAGES_H

#include "http/pages.h"
#include "transport/config.h"

/*  `shared` is the first shared number in E.164, "" when there is none. */
op_pages_t *op_opd_pages_new(const op_config_t *config, const char *shared) OP_MUST_CHECK;

#endif
