/*  timeline.h - one simulated time for the processes of an OP (transport/clock.h, op_clock_advance)

    Each process says in its hellos (messages.def) how far its clock is ahead of the machine's: only
    once everything that was due until then has been begun there. Who hears of a time that is ahead
    of its own goes there, lets what is due begin, and says so at once. So the process that advances
    the clock knows when all have. Time only goes forward, so it does not matter who hears what from
    whom, and who starts anew catches up with its first hello, before its links are up.

    It is for processes that are told that they are a part of a simulation (simulate/part):
    elsewhere a host in wrong hands could end every session by moving the time.

    Safe from any thread. */

#ifndef OP_TRANSPORT_TIMELINE_H
#define OP_TRANSPORT_TIMELINE_H

#include "transport/links.h"

typedef struct op_timeline op_timeline_t;

/*  `links` is borrowed and outlives it. */
op_timeline_t *op_timeline_new(const op_links_t *links) OP_MUST_CHECK;
void op_timeline_destroy(op_timeline_t **self_p);

/*  ---- The ingress's side ---- */

/*  Readable when there is something to say at once: then say it. */
int op_timeline_news(const op_timeline_t *self);
/*  What to say: until when everything has been begun here, in milliseconds ahead. */
int64_t op_timeline_say(op_timeline_t *self);
/*  What a process has said. False: so far ahead no clock can be; nothing has changed. */
bool op_timeline_hear(op_timeline_t *self, int process, uint64_t ahead) OP_MUST_CHECK;

/*  ---- The process's side ---- */

/*  Readable when another process has moved the clock: then op_timeline_due, let what is due begin,
    and call op_timeline_begun. */
int op_timeline_moved(const op_timeline_t *self);
/*  Makes it unreadable; how far ahead the clock is. */
int64_t op_timeline_due(op_timeline_t *self);
/*  Everything that is due so far ahead has been begun here. */
void op_timeline_begun(op_timeline_t *self, int64_t ahead);
/*  Waits until the same is true of every process that can be reached. False: the deadline came. */
bool op_timeline_wait(op_timeline_t *self, int64_t ahead, int64_t deadline_ms) OP_MUST_CHECK;

#endif
