/*  sim_knob.h - how a simulated modem misbehaves: the one table of its knobs

    A knob is a whole number per modem, from 0 to its largest: a count, a switch (0 or 1) or a
    choice (the place of a word among the words behind its default). At its default it does nothing,
    so a modem is well-behaved as long as nobody touches it. Knobs named _next count down, each time
    they take effect.

    From this table come the members of GET and PATCH /sim/modems/{number}, `opsim --help`, the
    `knob` lines of a family (carrier/sim_family.h) and the names in tests. Pure. */

#ifndef OP_CARRIER_SIM_KNOB_H
#define OP_CARRIER_SIM_KNOB_H

#include "base/bytes.h"

enum { OP_KNOB_TIMES = 1000000, OP_KNOB_MS = 3600000 };

/*  KNOB(NAME, name, KIND, largest, default, words, sentence) */
#define OP_CARRIER_KNOBS(KNOB)                                                                     \
    /* Sending. */                                                                                 \
    KNOB(SUBMIT_DELAY_MS, "submit_delay_ms", NUMBER, OP_KNOB_MS, 0, "",                            \
         "ms between Ctrl-Z, when the network has the SUBMIT, and the modem's answer")             \
    KNOB(NO_ANSWER_NEXT, "no_answer_next", NUMBER, OP_KNOB_TIMES, 0, "",                           \
         "the next n SUBMITs reach the network and are never answered")                            \
    KNOB(CMS_ERROR_NEXT, "cms_error_next", NUMBER, OP_KNOB_TIMES, 0, "",                           \
         "the next n SUBMITs are refused with cms_error_code and go nowhere")                      \
    KNOB(CMS_ERROR_CODE, "cms_error_code", NUMBER, 65535, 38, "", "the number in +CMS ERROR")      \
    KNOB(DOUBLE_ANSWER_NEXT, "double_answer_next", NUMBER, OP_KNOB_TIMES, 0, "",                   \
         "the answers to the next n SUBMITs that the network takes are said twice")                \
    KNOB(CME_ERROR_NEXT, "cme_error_next", NUMBER, OP_KNOB_TIMES, 0, "",                           \
         "the next n SUBMITs are refused with +CME ERROR: cme_error_code and go nowhere")          \
    KNOB(CME_ERROR_CODE, "cme_error_code", NUMBER, 65535, 100, "", "the number in +CME ERROR")     \
    KNOB(SUBMIT_LOST_NEXT, "submit_lost_next", NUMBER, OP_KNOB_TIMES, 0, "",                       \
         "the next n SUBMITs are answered with OK, and the network loses them")                    \
    KNOB(SUBMIT_RESET_NEXT, "submit_reset_next", NUMBER, OP_KNOB_TIMES, 0, "",                     \
         "the next n SUBMITs reach the network, then the modem restarts instead of answering")     \
    KNOB(REFERENCE, "reference", NUMBER, 255, 0, "",                                               \
         "the message reference of the next SUBMIT; counts by itself, 0 follows 255")              \
    KNOB(SEND_NEEDS_ROOM, "send_needs_room", SWITCH, 1, 0, "",                                     \
         "SUBMITs are refused with 322 while the memory for received texts is full")               \
    KNOB(SENT_STAYS_UNSENT, "sent_stays_unsent", SWITCH, 1, 0, "",                                 \
         "AT+CMSS does not mark the stored message as sent")                                       \
    KNOB(ERROR_WORDS, "error_words", SWITCH, 1, 0, "",                                             \
         "errors are said in words, whatever AT+CMEE asks for")                                    \
    /* Line and prompt. */                                                                         \
    KNOB(ECHO, "echo", CHOICE, 2, 0, "told|always|never", "what ATE0 and ATE1 achieve")            \
    KNOB(COMMAND_DELAY_MS, "command_delay_ms", NUMBER, OP_KNOB_MS, 0, "",                          \
         "ms between a command and its answer, the prompt included")                               \
    KNOB(COMMAND_LOST_NEXT, "command_lost_next", NUMBER, OP_KNOB_TIMES, 0, "",                     \
         "the next n command lines are not heard")                                                 \
    KNOB(COMMAND_ERROR_NEXT, "command_error_next", NUMBER, OP_KNOB_TIMES, 0, "",                   \
         "the next n command lines do nothing and are answered with ERROR")                        \
    KNOB(HANG, "hang", SWITCH, 1, 0, "", "the modem hears and says nothing")                       \
    KNOB(PROMPT_FORM, "prompt_form", CHOICE, 3, 0, "standard|no_space|own_line|bare",              \
         "CR LF > space; without the space; with CR LF behind it; without CR LF before it")        \
    KNOB(PROMPT_LOST_NEXT, "prompt_lost_next", NUMBER, OP_KNOB_TIMES, 0, "",                       \
         "the next n prompts are not said: the modem waits for the payload all the same")          \
    KNOB(NOISE_COMMAND, "noise_command", SWITCH, 1, 0, "",                                         \
         "an unasked line between each command and its answer")                                    \
    KNOB(NOISE_PROMPT, "noise_prompt", SWITCH, 1, 0, "",                                           \
         "an unasked line behind each prompt and before the answer to the payload")                \
    KNOB(NOISE_LIST, "noise_list", SWITCH, 1, 0, "", "an unasked line between listed messages")    \
    KNOB(NOISE_DIRECT, "noise_direct", SWITCH, 1, 0, "",                                           \
         "an unasked line between +CMT or +CDS and its PDU")                                       \
    KNOB(NOISE_EVERY_MS, "noise_every_ms", NUMBER, OP_KNOB_MS, 0, "",                              \
         "an unasked line each so many ms; 0: never")                                              \
    KNOB(BOOT_MS, "boot_ms", NUMBER, OP_KNOB_MS, 0, "",                                            \
         "ms of deafness between a restart and what the modem says first")                         \
    /* Notices. */                                                                                 \
    KNOB(NOTICE_LOST_NEXT, "notice_lost_next", NUMBER, OP_KNOB_TIMES, 0, "",                       \
         "the next n +CMTI or +CDSI are not said: the text is stored all the same")                \
    KNOB(NOTICE_DOUBLE_NEXT, "notice_double_next", NUMBER, OP_KNOB_TIMES, 0, "",                   \
         "the next n +CMTI or +CDSI are said twice")                                               \
    KNOB(NOTICE_OTHER_NEXT, "notice_other_next", NUMBER, OP_KNOB_TIMES, 0, "",                     \
         "the next n +CMTI or +CDSI name another memory than the one that has the text")           \
    KNOB(NOTICE_AT_PROMPT, "notice_at_prompt", SWITCH, 1, 0, "",                                   \
         "notices do not wait while a prompt is open")                                             \
    KNOB(CNMA_TIMEOUT_MS, "cnma_timeout_ms", NUMBER, OP_KNOB_MS, 15000, "",                        \
         "after AT+CSMS=1, ms until a +CMT or +CDS without AT+CNMA goes back, and AT+CNMI to 0; "  \
         "0: never")                                                                               \
    /* Receiving and memories. */                                                                  \
    KNOB(DELIVER_DOUBLE_NEXT, "deliver_double_next", NUMBER, OP_KNOB_TIMES, 0, "",                 \
         "the network delivers the next n parts twice")                                            \
    KNOB(PART_LATE_NEXT, "part_late_next", NUMBER, OP_KNOB_TIMES, 0, "",                           \
         "the last part of the next n long texts comes part_late_ms later")                        \
    KNOB(PART_LATE_MS, "part_late_ms", NUMBER, OP_KNOB_MS, 900000, "", "ms; see part_late_next")   \
    KNOB(MALFORMED_NEXT, "malformed_next", NUMBER, OP_KNOB_TIMES, 0, "",                           \
         "the next n parts that arrive are malformed as malformed_form says")                      \
    KNOB(MALFORMED_FORM, "malformed_form", CHOICE, 5, 0,                                           \
         "surplus|truncated|erased|not_hex|odd|unstamped",                                         \
         "an octet too many (a reader ignores it); cut; all FF; the first address not digits; "    \
         "half an octet less; no time stamp (a reader ignores it)")                                \
    KNOB(STORE_OTHER_NEXT, "store_other_next", NUMBER, OP_KNOB_TIMES, 0, "",                       \
         "the next n parts go to ME where AT+CPMS says SM, and the other way round, if both can "  \
         "be read")                                                                                \
    KNOB(SM_SLOTS, "sm_slots", NUMBER, 255, 50, "", "slots of SM; what is above them stays")       \
    KNOB(ME_SLOTS, "me_slots", NUMBER, 255, 100, "", "slots of ME")                                \
    KNOB(SR_SLOTS, "sr_slots", NUMBER, 255, 20, "", "slots of SR, for status reports")             \
    KNOB(FIRST_SLOT, "first_slot", NUMBER, 1, 1, "", "the number of the first slot")               \
    KNOB(SLOT_ORDER, "slot_order", CHOICE, 2, 0, "lowest|next|highest",                            \
         "which free slot a message gets; next: the one behind the last that was filled")          \
    KNOB(LIST_ORDER, "list_order", CHOICE, 1, 0, "up|down", "the order of AT+CMGL")                \
    KNOB(EMPTY_SLOT, "empty_slot", CHOICE, 3, 0, "cms_error|ok|error|error_ok",                    \
         "what AT+CMGR says of an empty slot")                                                     \
    KNOB(UNDELETABLE_SLOTS, "undeletable_slots", NUMBER, 255, 0, "",                               \
         "the first n slots are not deleted")                                                      \
    KNOB(UNDELETABLE_ANSWER, "undeletable_answer", CHOICE, 1, 0, "cms_error|ok",                   \
         "what AT+CMGD says of those")                                                             \
    /* Status reports. */                                                                          \
    KNOB(REPORTS, "reports", SWITCH, 1, 1, "", "the network sends status reports")                 \
    KNOB(REPORT_DELAY_MS, "report_delay_ms", NUMBER, OP_KNOB_MS, 0, "",                            \
         "ms between a SUBMIT's fate and its report")                                              \
    KNOB(REPORT_LOST_NEXT, "report_lost_next", NUMBER, OP_KNOB_TIMES, 0, "",                       \
         "the next n reports are lost")                                                            \
    KNOB(REPORT_DOUBLE_NEXT, "report_double_next", NUMBER, OP_KNOB_TIMES, 0, "",                   \
         "the next n reports come twice")                                                          \
    KNOB(REPORT_EARLY_NEXT, "report_early_next", NUMBER, OP_KNOB_TIMES, 0, "",                     \
         "the next n reports come before the +CMGS they are about")                                \
    KNOB(REPORT_RECIPIENT, "report_recipient", CHOICE, 2, 0, "as_sent|national|wrong",             \
         "which recipient reports name")                                                           \
    KNOB(REPORT_STATUS, "report_status", NUMBER, 256, 256, "",                                     \
         "the TP-ST of reports (TS 23.040 9.2.3.15); 256: the true one")                           \
    KNOB(REPORT_MEMORY, "report_memory", CHOICE, 1, 0, "received|sr",                              \
         "where reports are stored: with received texts, or in SR, if it can be read")             \
    /* The SIM: these move with it. */                                                             \
    KNOB(SIM_OUT, "sim_out", SWITCH, 1, 0, "", "there is no SIM in the modem")                     \
    KNOB(SIM_BUSY_NEXT, "sim_busy_next", NUMBER, OP_KNOB_TIMES, 0, "",                             \
         "the next n AT+CPIN?, AT+CIMI and AT+CCID are answered with SIM busy (+CME ERROR: 14)")   \
    KNOB(PIN_LOCK, "pin_lock", SWITCH, 1, 0, "", "the SIM wants its PIN, once a restart")          \
    KNOB(PIN, "pin", NUMBER, 99999999, 1234, "", "the PIN, of at least four digits")               \
    KNOB(PIN_TRIES, "pin_tries", NUMBER, 3, 3, "", "wrong PINs until the SIM wants its PUK")       \
    KNOB(PUK, "puk", NUMBER, 99999999, 12345678, "", "the PUK, of eight digits")                   \
    KNOB(PUK_TRIES, "puk_tries", NUMBER, 10, 10, "", "wrong PUKs until the SIM is dead")           \
    /* The network. */                                                                             \
    KNOB(REGISTRATION, "registration", CHOICE, 7, 1,                                               \
         "idle|home|searching|denied|unknown|roaming|home_sms|roaming_sms",                        \
         "what +CREG, +CGREG and +CEREG say; texts pass at home and roaming")                      \
    KNOB(REGISTER_MS, "register_ms", NUMBER, OP_KNOB_MS, 0, "",                                    \
         "ms of searching after a restart and after AT+CFUN=1")                                    \
    KNOB(RADIO_OFF, "radio_off", SWITCH, 1, 0, "", "the radio is off, as after AT+CFUN=4")         \
    KNOB(SIGNAL, "signal", NUMBER, 99, 23, "", "+CSQ, 0 to 31; 99: unknown")                       \
    KNOB(RING_NEXT, "ring_next", NUMBER, OP_KNOB_TIMES, 0, "",                                     \
         "a call rings n times, each three seconds, or until ATH, ATA or AT+CHUP")

typedef enum {
#define KNOB(NAME, name, kind, max, value, words, sentence) OP_KNOB_##NAME,
    OP_CARRIER_KNOBS(KNOB)
#undef KNOB
        OP_KNOB_END,
    OP_KNOB_OF_SIM = OP_KNOB_SIM_OUT, /* the first that moves with the SIM */
    OP_KNOB_OF_SIM_END = OP_KNOB_REGISTRATION
} op_knob_t;

typedef enum { OP_KNOB_IS_NUMBER, OP_KNOB_IS_SWITCH, OP_KNOB_IS_CHOICE } op_knob_kind_t;

typedef struct {
    const char *name;
    op_knob_kind_t kind;
    int64_t max;
    int64_t value;     /* the default */
    const char *words; /* of a choice: separated by |, the first is 0 */
    const char *sentence;
} op_knob_row_t;

/*  The knob's row in the table; asserted to be one. */
const op_knob_row_t *op_knob_row(op_knob_t knob);
const char *op_knob_name(op_knob_t knob);
/*  The knob of that name, or OP_KNOB_END. */
op_knob_t op_knob_named(op_str_t name);

/*  The word of a choice's value; the empty slice when it has none such. And the value of a word or,
    for any kind, of decimal digits: -1 when it is not among them or above the largest. */
op_str_t op_knob_word(op_knob_t knob, int64_t value);
int64_t op_knob_read(op_knob_t knob, op_str_t text);

#endif
