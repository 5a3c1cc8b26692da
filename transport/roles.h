/*  roles.h - may an actor of another process say this?

    Who has broken into one host must not gain the rest: a modem host may hand in texts and
    outcomes, and neither open a session nor ask the ledger anything. So of every frame from another
    process it is checked, besides who sends it (door.h), that an actor of the sender's class says
    such things to the receiver's at all. The table is roles.def; for requests it is the
    itineraries.

    Pure. */

#ifndef OP_TRANSPORT_ROLES_H
#define OP_TRANSPORT_ROLES_H

#include "transport/messages.h"

/*  Does an itinerary lead from an actor of this class straight to this step? (http/routes.h) */
typedef bool op_roles_leads_t(op_str_t from_class, unsigned step);

/*  A request's origin must be an http; an http speaks only for itself, and knows of no account
    yet. */
bool op_roles_allow(const op_envelope_t *frame, op_roles_leads_t *leads);

#endif
