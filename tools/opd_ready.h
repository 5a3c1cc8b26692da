/*  opd_ready.h - does the ledger, which runs here, know a line that can text a code? */

#ifndef OP_TOOLS_OPD_READY_H
#define OP_TOOLS_OPD_READY_H

#include "transport/mailbox.h"

/*  Asks, and waits for the answer at most a second. The mailbox is that of the name "opd"; `number`
    is new for every call. */
bool op_opd_line_is_up(op_mailbox_t *mailbox, op_postbox_t *postbox, uint64_t number);

#endif
