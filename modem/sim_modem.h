/*  sim_modem.h - the modem side of a simulated serial line

    Line discipline, prompts, memories and notices; what each command does is modem/sim_command.h.
    Part of the carrier simulator (modem/carrier.h), which owns the modems; pure.

    Commands end in CR or CR LF; a lone CR, LF and ESC between commands are ignored, and so is a
    line that does not begin with AT (ITU-T V.250 5.2.1). Commands joined by `;` have one final
    result. Echo is on at first and echoes everything typed, a PDU too, but not the Ctrl-Z and ESC
    that end it. Behind the prompt ESC aborts with OK. While a SUBMIT is on its way, up to
    OP_SIM_TYPED_MAX typed octets wait for their turn; what is more is lost, as in a UART. Notices
    leave at once, but not while a prompt is open. */

#ifndef OP_MODEM_SIM_MODEM_H
#define OP_MODEM_SIM_MODEM_H

#include "base/phone.h"
#include "modem/carrier.h"
#include "modem/pdu.h"
#include "modem/sim_store.h"

enum {
    OP_SIM_LINE_MAX = 1024,
    OP_SIM_TYPED_MAX = 8192,
    OP_SIM_SM_SLOTS = 50,
    OP_SIM_ME_SLOTS = 100
};

/*  What the network does for a modem; the carrier. */
typedef struct {
    void *context;
    void (*submit)(void *context, size_t modem, const op_pdu_t *pdu, uint8_t reference,
                   int64_t now);
    void (*log)(void *context, op_carrier_event_t event);
} op_sim_network_t;

typedef enum { OP_SIM_COMMAND, OP_SIM_PROMPT, OP_SIM_BUSY } op_sim_state_t;
typedef enum { OP_SIM_SM, OP_SIM_ME, OP_SIM_STORES } op_sim_memory_t;
enum { OP_SIM_CREG, OP_SIM_CGREG, OP_SIM_CEREG, OP_SIM_REGS };
enum { OP_SIM_MODE, OP_SIM_MT, OP_SIM_BM, OP_SIM_DS, OP_SIM_BFR, OP_SIM_CNMI };

/*  What AT&F and ATZ set back. */
typedef struct {
    bool echo;
    unsigned cmee;
    unsigned csms;
    unsigned cfun;
    unsigned cops;                  /* the operator's name as 0 text or 2 number */
    unsigned reg[OP_SIM_REGS];      /* +CREG, +CGREG, +CEREG */
    unsigned cnmi[OP_SIM_CNMI];     /* mode, mt, bm, ds, bfr (27.005 3.4.1) */
    op_sim_memory_t memory[3];      /* read and delete, write and send, receive */
    bool ucs2;                      /* +CSCS */
    char csca[OP_ADDRESS_TEXT + 1]; /* +CSCA */
} op_sim_settings_t;

/*  PDUs that wait for the modem to take them: a ring that grows to OP_CARRIER_WAITING_MAX. */
typedef struct {
    char **at;
    size_t first, count, capacity;
} op_sim_queue_t;

typedef struct {
    size_t index;
    char number[OP_PHONE_MAX + 1];
    op_sim_network_t network;
    int64_t knobs[OP_KNOB_END];
    op_carrier_counts_t counts; /* `waiting` and `stored` are not kept here */
    int64_t now;                /* of the call that runs */

    op_sim_state_t state;
    op_sim_settings_t settings;
    op_sim_store_t stores[OP_SIM_STORES];
    op_sim_queue_t delivers;
    op_sim_queue_t reports; /* never in front of the answer to the SUBMIT they are about */
    uint8_t reference;      /* of the next SUBMIT */

    char line[OP_SIM_LINE_MAX]; /* the command, or the payload, so far */
    size_t size;
    bool too_long;
    bool sending;    /* the prompt is that of +CMGS, else of +CNMA */
    unsigned length; /* what AT+CMGS= announced */
    op_buf_t typed;  /* while busy */
    op_buf_t answer; /* while busy: what will be said at answer_at */
    int64_t answer_at;
    bool answer_ok;
    uint8_t answer_reference;
    op_buf_t out;
} op_sim_modem_t;

op_sim_modem_t *op_sim_modem_new(size_t index, op_str_t number, op_sim_network_t network);
void op_sim_modem_destroy(op_sim_modem_t **self_p);

void op_sim_modem_feed(op_sim_modem_t *self, op_str_t bytes, int64_t now);
/*  When it wants to be ticked; 0: never. */
int64_t op_sim_modem_wake_at(const op_sim_modem_t *self);
void op_sim_modem_tick(op_sim_modem_t *self, int64_t now);

/*  Restarts: see op_carrier_reset. */
void op_sim_modem_reset(op_sim_modem_t *self, int64_t now);

/*  How many more DELIVERs may wait. */
size_t op_sim_modem_room(const op_sim_modem_t *self);
/*  The network delivers a DELIVER or a STATUS-REPORT, as hexadecimal digits; false when too many
    wait. A report that AT+CNMI does not ask for is dropped. */
bool op_sim_modem_deliver(op_sim_modem_t *self, op_str_t pdu, bool report, int64_t now);

/*  For the commands: back to factory settings; a line with CR LF on both sides; the prompt; room
    for what waits may have come free. */
void op_sim_modem_defaults(op_sim_modem_t *self);
void op_sim_modem_say(op_sim_modem_t *self, const char *format, ...) OP_PRINTF(2, 3);
void op_sim_modem_prompt(op_sim_modem_t *self, bool sending, unsigned length);
void op_sim_modem_flush(op_sim_modem_t *self);
void op_sim_modem_log(op_sim_modem_t *self, op_carrier_what_t what, size_t detail);
/*  Octets of a stored PDU without the service centre's address, as 27.005 counts. */
unsigned op_sim_pdu_length(const char *pdu);

#endif
