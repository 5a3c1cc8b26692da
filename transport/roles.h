/*  roles.h - the classes of actors, and what they may say to each other

    Names. There is one rate, auth, webhook and ledger. There may be several http and several modem:
    "http", "http-2", "modem-berlin": the class, or the class, '-' and lower-case letters or digits.
    Ports, and the operator's "control", are of no class: they are of one process.

    Who has broken into one host must not gain the rest: a modem host may hand in texts and
    outcomes, and neither open a session nor ask the ledger anything. So of every frame from another
    process it is checked, besides who sends it (ingress.h), that an actor of the sender's class
    says such things to the receiver's at all. The table is roles.def; for requests it is the
    itineraries: what is left of a request's way must be what is left of one of them, to its end.
    Were only the next step looked at, the rest could be one that no route leads to.

    Where two processes can be, the table is the one truth: who has anything to say to whom by it
    needs a way there (topology.h), and the tests hold every frame between two actors to it, also
    within one process.

    Pure. */

#ifndef OP_TRANSPORT_ROLES_H
#define OP_TRANSPORT_ROLES_H

#include "transport/messages.h"

#define OP_ROLES_ACTORS "http, http-NAME, rate, auth, webhook, ledger, modem, modem-NAME"

enum { OP_ROLES_CLASSES = 6 };
extern const char *const op_roles_classes[OP_ROLES_CLASSES];

/*  "modem" of "modem-berlin". */
op_str_t op_roles_class(op_str_t actor);

/*  Is it the name of an actor of one of the classes? */
bool op_roles_actor_ok(op_str_t name);

/*  The itineraries: *steps is the slip that a request sets out from an http with. False: there is
    none of this index, nor of a higher one. (http/routes.h, op_route_itinerary) */
typedef bool op_roles_itinerary_t(size_t index, op_str_t *steps);

/*  May the frame come from another process? A request's origin must be an http; an http speaks only
    for itself, and knows of no account yet. */
bool op_roles_allow(const op_envelope_t *frame, op_roles_itinerary_t *itinerary);

/*  Has an actor of the one class anything to say to one of the other, of whatever kind? */
bool op_roles_speak(const char *from, const char *to, op_roles_itinerary_t *itinerary);

/*  Is the frame from one actor of a class to another? Such two may be in two processes: then
    op_roles_allow decides. */
bool op_roles_apply(const op_envelope_t *frame);

#endif
