/*  carrier.h - a simulated mobile network: modems, phones and a service centre between them

    What OP runs on when there is no hardware, and in tests. N modems with the numbers
    +16176088932, +16176088933 and so on (the first is the shared number) speak AT as modems do
    (carrier/sim_modem.h); any number of phones exist as soon as they are used. Pure and
    deterministic: the same calls give the same bytes. carrier/pty.h puts it behind real ttys.

    Modem to phone: the parts of a long SMS are joined (per sender, recipient, reference and
    total) and end as one text in the phone's inbox. Modem to modem: each part is delivered as it
    is. Phone to modem: the text is split (modem/sms.h) and each part delivered as a DELIVER with
    the service centre's time stamp. While a modem's memory is full, parts wait here and follow as
    slots get free; so they do while it is not in service.

    A phone can be switched off: texts for it then wait here until it is on again, or end by their
    validity period (two days where a SUBMIT has none). Status reports tell what became of a SUBMIT
    that asked for one.

    What a modem does wrong is set by its knobs (carrier/sim_knob.h), what its maker does
    differently by its family (carrier/sim_family.h). A modem is called by the number of the SIM it
    had at first; the SIMs, with their numbers, can change places.

    Time stamps have whole seconds, and OP tells an SMS read twice from one sent twice by the
    stamp. So two identical texts (sender, recipient, body) that arrive in one second get
    different seconds: the later one the next second that no identical text has.

    Limits, each with its end: OP_CARRIER_PHONES_MAX phones and OP_CARRIER_WAITING_MAX parts
    waiting for one modem (further texts are refused, SUBMITs lost and counted as undelivered); an
    inbox keeps the newest OP_CARRIER_INBOX_MAX texts, all of them the newest
    OP_CARRIER_TEXTS_MAX; the newest OP_CARRIER_JOINS_MAX incomplete texts; the newest
    OP_CARRIER_EVENTS_MAX events; OP_CARRIER_OUT_MAX octets that a driver did not read, past which
    notices are lost, as on a serial line. */

#ifndef OP_CARRIER_CARRIER_H
#define OP_CARRIER_CARRIER_H

#include "base/phone.h"
#include "carrier/sim_family.h"

enum {
    OP_CARRIER_MODEMS_MAX = 64,
    OP_CARRIER_PHONES_MAX = 100000,
    OP_CARRIER_TEXTS_MAX = 1000000,
    OP_CARRIER_INBOX_MAX = 10000,
    OP_CARRIER_WAITING_MAX = 10000,
    OP_CARRIER_JOINS_MAX = 1024,
    OP_CARRIER_HELD_MAX = 10000,
    OP_CARRIER_EVENTS_MAX = 65536,
    OP_CARRIER_OUT_MAX = 1024 * 1024
};

typedef enum {
    OP_CARRIER_OK,
    OP_CARRIER_NO_NUMBER, /* `to` is not the number of a modem */
    OP_CARRIER_BAD_PHONE, /* `from` is not an E.164 number, or is a modem's */
    OP_CARRIER_EMPTY,     /* the body is empty */
    OP_CARRIER_BAD_TEXT,  /* the body is not UTF-8 */
    OP_CARRIER_TOO_LONG,  /* more than 255 parts */
    OP_CARRIER_FULL       /* a limit above */
} op_carrier_result_t;

/*  A short English phrase. */
const char *op_carrier_result_text(op_carrier_result_t result);

typedef enum {
    OP_CARRIER_TEXTED,     /* a phone's text for this modem arrived; detail: parts */
    OP_CARRIER_STORED,     /* a part was stored in the modem; detail: slot */
    OP_CARRIER_NOTIFIED,   /* a notice left: +CMTI, +CMT, +CDS or +CDSI; detail: slot or 0 */
    OP_CARRIER_READ,       /* AT+CMGR or AT+CMGL read a slot; detail: slot */
    OP_CARRIER_DELETED,    /* detail: slot */
    OP_CARRIER_SUBMITTING, /* AT+CMGS; detail: its length */
    OP_CARRIER_ACCEPTED,   /* the network has the SUBMIT; detail: message reference */
    OP_CARRIER_REFUSED,    /* detail: the +CMS ERROR */
    OP_CARRIER_ANSWERED    /* +CMGS and OK left; detail: message reference */
} op_carrier_what_t;

typedef struct {
    int64_t at;
    op_carrier_what_t what;
    uint32_t modem;
    uint32_t detail;
} op_carrier_event_t;

typedef struct {
    uint64_t accepted;    /* SUBMITs that reached the network */
    uint64_t refused;     /* SUBMITs answered with an error */
    uint64_t delivered;   /* parts handed to the modem */
    uint64_t undelivered; /* SUBMITs for nobody, lost, expired or over a limit */
    size_t waiting;       /* parts that wait for the modem, now */
    size_t stored;        /* messages in its memories, now */
} op_carrier_counts_t;

/*  A received text, borrowed from the carrier. */
typedef struct {
    uint64_t sequence; /* strictly increasing over all phones, from 1 */
    op_str_t from;     /* the modem's number */
    op_str_t body;     /* UTF-8 */
    int64_t received_at;
} op_carrier_text_t;

/*  Return false to stop. */
typedef bool (*op_carrier_each_t)(void *context, const op_carrier_text_t *text);

typedef struct op_carrier op_carrier_t;

/*  1 to OP_CARRIER_MODEMS_MAX modems, asserted. */
op_carrier_t *op_carrier_new(size_t modems);
/*  The same with families (copied), modem i of the i-th, and from the first again when there are
    fewer; none: plain modems. */
op_carrier_t *op_carrier_new_of(size_t modems, const op_sim_family_t *families, size_t count);
void op_carrier_destroy(op_carrier_t **self_p);

/*  The number that a modem of any carrier is called by; `modem` counts from 0, here and below. */
void op_carrier_number(size_t modem, char number[OP_PHONE_MAX + 1]);
/*  Borrowed, NUL-terminated, E.164; `modem` is asserted, here and below. */
const char *op_carrier_modem_number(const op_carrier_t *self, size_t modem);
/*  The number of the SIM that is in it; NULL while the knob SIM_OUT says there is none. */
const char *op_carrier_modem_sim(const op_carrier_t *self, size_t modem);
const op_sim_family_t *op_carrier_modem_family(const op_carrier_t *self, size_t modem);

/*  The tty: what the driver wrote; and what it is to read, from which the caller consumes what it
    could hand over (op_buf_consume). */
void op_carrier_feed(op_carrier_t *self, size_t modem, op_str_t bytes, int64_t now);
op_buf_t *op_carrier_take(op_carrier_t *self, size_t modem);
/*  The same at the tty of that place in the modem's family. */
void op_carrier_feed_tty(op_carrier_t *self, size_t modem, size_t tty, op_str_t bytes, int64_t now);
op_buf_t *op_carrier_take_tty(op_carrier_t *self, size_t modem, size_t tty);

/*  When op_carrier_tick is due; 0: nothing waits for time. */
int64_t op_carrier_wake_at(const op_carrier_t *self);
void op_carrier_tick(op_carrier_t *self, int64_t now);

/*  The modem restarts: its settings are the factory's, a command or an answer under way is gone,
    RDY is said. Memories, and what waits for them, stay. */
void op_carrier_reset(op_carrier_t *self, size_t modem, int64_t now);

/*  The modem goes off the bus or comes back; then it restarts, and hangs no more. */
void op_carrier_plug(op_carrier_t *self, size_t modem, bool in, int64_t now);
bool op_carrier_plugged(const op_carrier_t *self, size_t modem);

/*  The SIMs of two modems change places; with them go SM, what waits for their numbers, and the
    knobs from SIM_OUT to PUK_TRIES. */
void op_carrier_swap_sims(op_carrier_t *self, size_t one, size_t other, int64_t now);

/*  A phone is switched off, or on: what waited for it then arrives. Phones are on at first. */
op_carrier_result_t op_carrier_phone(op_carrier_t *self, op_str_t phone, bool on,
                                     int64_t now) OP_MUST_CHECK;
bool op_carrier_phone_on(const op_carrier_t *self, op_str_t phone);

/*  A phone sends a text to a modem. */
op_carrier_result_t op_carrier_text(op_carrier_t *self, op_str_t from, op_str_t to, op_str_t body,
                                    int64_t now) OP_MUST_CHECK;

/*  The texts a phone has received, oldest first, those with a sequence above `after` (0: all). A
    phone that nobody wrote to has none. */
void op_carrier_inbox(const op_carrier_t *self, op_str_t phone, uint64_t after,
                      op_carrier_each_t each, void *context);
size_t op_carrier_inbox_size(const op_carrier_t *self, op_str_t phone);

/*  -1 when the value is not 0 to the knob's largest. */
int op_carrier_set(op_carrier_t *self, size_t modem, op_knob_t knob, int64_t value) OP_MUST_CHECK;
int64_t op_carrier_get(const op_carrier_t *self, size_t modem, op_knob_t knob);

op_carrier_counts_t op_carrier_counts(const op_carrier_t *self, size_t modem);
/*  The events have numbers from 0 to op_carrier_events - 1. False when one is gone or yet to
    come. */
uint64_t op_carrier_events(const op_carrier_t *self);
bool op_carrier_event(const op_carrier_t *self, uint64_t number, op_carrier_event_t *event);

#endif
