/*  rate.h - the actor that counts calls against the windows of the contract's table

    Takes requests at the steps rate.address, rate.start, rate.console, rate.send and rate.read,
    counts them against their subject (IP address, phone, session, API key), reports the window that
    is nearest to empty into the context, and forwards them; a call that finds a window empty is
    refused with rate_limited and the seconds to wait, and uses up none of the others. rate.look
    only reports the address's window. rate.address and rate.look answer `nothing` as the last step.

    note  rate_return{key, counted}    from ledger: that send was refused by its daily cap, do not
          count it; it leaves windows alone that have opened since

    A window opens with the first call in it and closes after its length; a day is a UTC day. The
    counts are rows, so a restart does not forgive anybody; windows shorter than an hour are written
    lazily, so a power cut may forgive up to the last of these windows. Rows whose windows have all
    closed are swept away. */

#ifndef OP_ACTORS_RATE_H
#define OP_ACTORS_RATE_H

#include "actors/turn.h"

extern const op_core_class_t op_rate_class;

#endif
