/*  ready.h - what opd waits for before it says that it is ready

    Each wait lasts at most OP_READY_WAIT_MS, if nothing else is said; then opd serves what it can,
    and the log says what is missing. Between two looks `pause` is called, which takes a moment;
    true from it ends the wait: the process is to end. */

#ifndef OP_OPD_READY_H
#define OP_OPD_READY_H

#include "opd/links.h"

enum { OP_READY_WAIT_MS = 10000 };

typedef struct {
    bool (*pause)(void *arg);
    void *arg;
} op_pause_t;

/*  Until the ledger, which runs here, knows a line that can text a code. False: `pause` said so. */
bool op_opd_wait_for_line(op_pause_t pause) OP_MUST_CHECK;

/*  Until all peers are up. False: `pause` said so. */
bool op_opd_wait_for_links(const op_opd_links_t *links, op_pause_t pause) OP_MUST_CHECK;

/*  Before any actor starts, and at most OP_LINK_SILENCE_MS: until the ledger's machine has said
    what time it is. By a clock that is hours ahead a modem would call the texts in its queue too
    old. False: `pause` said so. */
bool op_opd_wait_for_time(const op_opd_links_t *links, op_pause_t pause) OP_MUST_CHECK;

#endif
