/*  sim_modem.h - the modem side of a simulated serial line

    Line discipline, prompts and time. What each command does is carrier/sim_command.h, how SMS come
    and go carrier/sim_receive.h and carrier/sim_send.h, what misbehaves carrier/sim_knob.h, what
    makers do differently carrier/sim_family.h. Part of the simulated carrier (carrier/carrier.h),
    which owns the modems; pure.

    Commands end in CR or CR LF; a lone CR, LF and ESC between commands are ignored, and so is a
    line that does not begin with AT (ITU-T V.250 5.2.1). Commands joined by `;` have one final
    result. Echo is on at first and echoes everything typed, a PDU too, but not the Ctrl-Z and ESC
    that end it. Behind the prompt ESC aborts with OK. While a SUBMIT is on its way, up to
    OP_SIM_TYPED_MAX typed octets wait for their turn; what is more is lost, as in a UART. Notices
    leave at once, but not while a prompt is open.

    A family may give a modem more ttys: those for data run commands too, but open no prompt and
    hear no notice; those for diagnosis are deaf. */

#ifndef OP_CARRIER_SIM_MODEM_H
#define OP_CARRIER_SIM_MODEM_H

#include "carrier/carrier.h"
#include "carrier/sim_card.h"
#include "carrier/sim_family.h"
#include "modem/pdu.h"

enum { OP_SIM_LINE_MAX = 1024, OP_SIM_TYPED_MAX = 8192, OP_SIM_RING_MS = 3000 };

/*  What the network does for a modem; the carrier. */
typedef struct {
    void *context;
    void (*submit)(void *context, size_t modem, const op_pdu_t *pdu, uint8_t reference,
                   int64_t now);
    void (*log)(void *context, op_carrier_event_t event);
} op_sim_network_t;

typedef enum { OP_SIM_COMMAND, OP_SIM_PROMPT, OP_SIM_BUSY } op_sim_state_t;
/*  What the payload behind the prompt is for: +CMGS, +CMGW, +CNMA. */
typedef enum { OP_SIM_TO_SEND, OP_SIM_TO_WRITE, OP_SIM_TO_ACKNOWLEDGE } op_sim_payload_t;
/*  MT is SM and ME in one (27.005 3.2.2): the slots of ME, then those of SM. */
typedef enum { OP_SIM_SM, OP_SIM_ME, OP_SIM_SR, OP_SIM_MT, OP_SIM_MEMORIES } op_sim_memory_t;
enum { OP_SIM_CREG, OP_SIM_CGREG, OP_SIM_CEREG, OP_SIM_REGS };
enum { OP_SIM_MODE, OP_SIM_MT_MODE, OP_SIM_BM, OP_SIM_DS, OP_SIM_BFR };

/*  What AT&F and ATZ set back. */
typedef struct {
    bool echo;
    bool short_results; /* ATV0 */
    unsigned cmee;
    unsigned csms;
    unsigned cfun;
    unsigned cops;                  /* the operator's name as 0 text or 2 number */
    unsigned reg[OP_SIM_REGS];      /* +CREG, +CGREG, +CEREG */
    unsigned cnmi[OP_SIM_CNMI];     /* mode, mt, bm, ds, bfr (27.005 3.4.1) */
    unsigned cmms, clip, crc;       /* 27.005 3.5.6, 27.007 7.6, 6.11 */
    op_sim_memory_t memory[3];      /* read and delete, write and send, receive */
    bool ucs2;                      /* +CSCS */
    char csca[OP_ADDRESS_TEXT + 1]; /* +CSCA */
} op_sim_settings_t;

/*  A tty besides the one for commands. */
typedef struct {
    char line[OP_SIM_LINE_MAX];
    size_t size;
    bool too_long;
    op_buf_t out;
} op_sim_side_t;

typedef struct {
    size_t index;
    char number[OP_PHONE_MAX + 1]; /* of the SIM it had at first: what the modem is called by */
    const op_sim_family_t *family; /* borrowed */
    op_sim_card_t *card;           /* borrowed; there even when the knob SIM_OUT says it is not */
    op_sim_network_t network;
    int64_t knobs[OP_KNOB_END];
    op_carrier_counts_t counts; /* `waiting` and `stored` are not kept here */
    int64_t now;                /* of the call that runs */
    bool unplugged;

    op_sim_state_t state;
    op_sim_settings_t settings;
    op_sim_store_t me, sr;
    bool pin_given;      /* since the last restart */
    unsigned reg_told;   /* the registration that notices have told, or that was there at first */
    bool stirred;        /* a knob has moved: see to it at the next tick */
    int64_t boot_at;     /* while it restarts; 0: it runs */
    int64_t register_at; /* while it searches; 0: it has found what REGISTRATION says */
    int64_t noise_at;    /* the next; 0: none */
    int64_t ring_at;
    size_t noise;         /* lines said */
    op_sim_queue_t *held; /* what +CMT or +CDS said and AT+CNMA has not acknowledged yet, or NULL */
    int64_t held_until;

    char line[OP_SIM_LINE_MAX]; /* the command, or the payload, so far */
    size_t size;
    bool too_long;
    op_sim_payload_t payload; /* at the prompt */
    unsigned length;          /* what AT+CMGS= or AT+CMGW= announced */
    op_sim_stat_t stat;       /* of what AT+CMGW stores */
    op_buf_t typed;           /* while busy */
    op_buf_t answer;          /* while busy: what will be said at answer_at */
    int64_t answer_at;
    op_sim_state_t next; /* behind the answer */
    bool answer_ok;
    uint8_t answer_reference;
    bool restart;     /* instead of the answer */
    bool reboot;      /* AT+CFUN=1,1 has run: behind its answer */
    const char *late; /* a notice behind the final result of the line that runs, or NULL */
    op_buf_t out;
    op_buf_t *to; /* where is said what is said now */
    op_sim_side_t sides[OP_SIM_TTYS];
} op_sim_modem_t;

/*  Knobs as the family has them. Family and card are borrowed. */
op_sim_modem_t *op_sim_modem_new(size_t index, const op_sim_family_t *family, op_sim_card_t *card,
                                 op_sim_network_t network);
void op_sim_modem_destroy(op_sim_modem_t **self_p);

void op_sim_modem_feed(op_sim_modem_t *self, op_str_t bytes, int64_t now);
/*  The tty of that place in the family's list; the one for commands as op_sim_modem_feed. */
void op_sim_modem_feed_tty(op_sim_modem_t *self, size_t tty, op_str_t bytes, int64_t now);
op_buf_t *op_sim_modem_out(op_sim_modem_t *self, size_t tty);
/*  When it wants to be ticked; 0: never. */
int64_t op_sim_modem_wake_at(const op_sim_modem_t *self);
void op_sim_modem_tick(op_sim_modem_t *self, int64_t now);

/*  Restarts: see op_carrier_reset. */
void op_sim_modem_reset(op_sim_modem_t *self, int64_t now);
/*  Goes off the bus, or comes back and restarts: it hangs no more. */
void op_sim_modem_plug(op_sim_modem_t *self, bool in, int64_t now);
void op_sim_modem_set(op_sim_modem_t *self, op_knob_t knob, int64_t value);
/*  The SIM has become another: the PIN is asked for again, the network searched. */
void op_sim_modem_card(op_sim_modem_t *self, op_sim_card_t *card, int64_t now);

/*  27.007 7.2 <stat>; and whether texts pass. */
unsigned op_sim_modem_registration(const op_sim_modem_t *self);
bool op_sim_modem_in_service(const op_sim_modem_t *self);
/*  What the SIM lacks, as a +CME ERROR (27.007 9.2.1: 10, 11, 12, 13); 0: nothing. */
int op_sim_modem_sim_trouble(const op_sim_modem_t *self);

/*  For the commands: back to factory settings; octets as they are; a line with CR LF on both sides;
    the prompt, false where there is none to be had; a line of noise when that knob is on; a knob
    that counts down. */
void op_sim_modem_defaults(op_sim_modem_t *self);
void op_sim_modem_put(op_sim_modem_t *self, op_str_t bytes);
void op_sim_modem_say(op_sim_modem_t *self, const char *format, ...) OP_PRINTF(2, 3);
/*  Says the text of a family, with what its $ words stand for; `memory` for $MEMORY or NULL. */
void op_sim_modem_say_text(op_sim_modem_t *self, const char *text, const char *memory);
bool op_sim_modem_prompt(op_sim_modem_t *self, op_sim_payload_t payload, unsigned length);
void op_sim_modem_noise(op_sim_modem_t *self, op_knob_t knob);
bool op_sim_modem_next(op_sim_modem_t *self, op_knob_t knob);
/*  The modem is busy until `at` and then says `answer`, which is cleared; at once when it is
    now. */
void op_sim_modem_answer(op_sim_modem_t *self, int64_t at, op_sim_state_t next);
void op_sim_modem_imei(const op_sim_modem_t *self, char digits[16]);
void op_sim_modem_log(op_sim_modem_t *self, op_carrier_what_t what, size_t detail);

#endif
