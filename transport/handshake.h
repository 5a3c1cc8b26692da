/*  handshake.h - what two processes tell each other: that they are there, hear each other,
    understand each other, and what time it is

    Each sends the other a hello (messages.def) every OP_LINK_HELLO_MS. From those that it hears, a
    process knows of the other one:

    up          it was heard within OP_LINK_SILENCE_MS, neither refuses the other, and it says that
                it hears this incarnation of this process: so both directions work, and a cut of one
                of them is a cut.
    restarted   its incarnation is another one than before. Nothing has to be done about it: tells go
                on from the cursors, requests have deadlines.
    refused     it cannot be understood: another OP_PROTOCOL, or a catalogue that contradicts ours.
                Fields are only appended and types only added; so of every type that both know, the
                one with more fields must begin with those of the other. Who knows more can check
                that and says so.
    offset      how far its clock is ahead of this one's, by the exchange of NTP (RFC 5905 section 8), to
                half of the round trip.

    Pure: time is given. `wall` is milliseconds since 1970 by the machine's clock, `steady` never
    jumps. */

#ifndef OP_TRANSPORT_HANDSHAKE_H
#define OP_TRANSPORT_HANDSHAKE_H

#include "transport/messages.h"

typedef struct {
    op_id_t incarnation; /* none: not heard yet */
    int64_t heard_at;    /* steady, of the last hello */
    int64_t clock;       /* in it */
    bool hears;          /* this incarnation */
    char refusal[201];   /* of ours, empty: none */
    char refused[201];   /* the other's of us */
    int64_t offset;      /* ms; 0 until it is measured to be more than OP_LINK_CLOCK_SLACK_MS */
} op_handshake_t;

/*  Appends the description of all declared types: for each its number (2 octets), count of fields
    (2) and a hash of their kinds (4), big-endian. */
void op_catalogue_describe(op_buf_t *out);

/*  What to say to the peer. The catalogue is borrowed. */
op_hello_t op_handshake_say(const op_handshake_t *self, op_id_t own_incarnation, op_str_t catalogue,
                            int64_t wall, int64_t steady);

typedef enum {
    OP_HEARD_AGAIN,
    OP_HEARD_NEW,     /* another incarnation than before, or the first one */
    OP_HEARD_REFUSED, /* the same, and it is not understood: self->refusal says why */
} op_heard_t;

op_heard_t op_handshake_hear(op_handshake_t *self, op_id_t own_incarnation, const op_hello_t *hello,
                             int64_t wall, int64_t steady);

bool op_handshake_up(const op_handshake_t *self, int64_t steady);
/*  May its frames be taken? It is understood, though it may not hear us. */
bool op_handshake_understood(const op_handshake_t *self);

#endif
