/*  reload.h - SIGHUP: the configuration read again in a running opd

    Taken at once: the limits, what concerns auth's and the ledger's values (auth, texts), which the
    guide then names (opd/pages.h), log/level, and the keys of links. All else needs a restart; what of it has changed is logged by
    name, and stays. */

#ifndef OP_OPD_RELOAD_H
#define OP_OPD_RELOAD_H

#include "opd/links.h"
#include "transport/log.h"
#include "transport/mailbox.h"

/*  `now` becomes what of `next` can be taken, and the actors that run here are told. */
void op_opd_reload(op_config_t *now, const op_config_t *next, op_opd_links_t *links,
                   op_postbox_t *postbox);

/*  Of its name in the configuration. */
op_log_level_t op_opd_log_level(const char *name);

#endif
