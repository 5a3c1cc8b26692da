/*  sim_faults.h - what can go wrong in a simulated world

    FAULT(NAME, "name", sentence). Of all kinds a seed takes about half: a bug that hides behind one
    kind of fault shows where that kind is absent. Kinds that are listed one by one are in every
    world. Each time a fault really touched something, it is counted. */

#ifndef OP_SIMULATION_FAULTS_H
#define OP_SIMULATION_FAULTS_H

#include "base/bytes.h"

#define SIM_FAULTS(FAULT)                                                                          \
    FAULT(NET_DELAY, "net_delay", "frames between two actors take seconds")                        \
    FAULT(NET_CUT, "net_cut", "two actors do not hear each other")                                 \
    FAULT(NET_CUT_ONE_WAY, "net_cut_one_way", "one does not hear the other")                       \
    FAULT(NET_REORDER, "net_reorder", "frames of one pair overtake each other")                    \
    FAULT(NET_DUPLICATE, "net_duplicate", "tells and acks arrive twice")                           \
    FAULT(NET_DROP, "net_drop", "single frames are lost, as by a full mailbox")                    \
    FAULT(CRASH_BEFORE, "crash_before", "a process dies before a commit")                          \
    FAULT(CRASH_AFTER, "crash_after", "a process dies after a commit, before it speaks")           \
    FAULT(KILL, "kill", "a process dies between two turns, the machine lives on")                  \
    FAULT(POWER_NONE, "power_none", "the power fails: nothing unsynced is left")                   \
    FAULT(POWER_PREFIX, "power_prefix", "the power fails: the first unsynced batches are left")    \
    FAULT(POWER_SOME, "power_some", "the power fails: any unsynced batches are left")              \
    FAULT(DISK_WRITE, "disk_write", "writes fail, a full disk included")                           \
    FAULT(DISK_READ, "disk_read", "reads fail")                                                    \
    FAULT(CLOCK_FORWARD, "clock_forward", "a host's clock jumps forward")                          \
    FAULT(CLOCK_BACK, "clock_back", "a host's clock jumps back")                                   \
    FAULT(CLOCK_DRIFT, "clock_drift", "a host's clock runs fast or slow")                          \
    FAULT(AIR_DELAY, "air_delay", "a modem answers AT+CMGS seconds later")                         \
    FAULT(AIR_LATE, "air_late", "it answers after its time-out")                                   \
    FAULT(AIR_SILENCE, "air_silence", "the network has the text, the modem never says so")         \
    FAULT(AIR_REFUSAL, "air_refusal", "+CMS ERROR")                                                \
    FAULT(AIR_DOUBLE_ANSWER, "air_double_answer", "+CMGS and OK are said twice")                   \
    FAULT(MODEM_RESET, "modem_reset", "a modem restarts and forgets its settings")                 \
    FAULT(TTY_CLOSED, "tty_closed", "a tty goes away and comes back")                              \
    FAULT(TTY_DEAF, "tty_deaf", "what is written to a tty does not reach the modem")               \
    FAULT(COMMAND_LOST, "command_lost", "a modem does not hear a command, or loses its prompt")    \
    FAULT(SUBMIT_RESET, "submit_reset", "a modem restarts in the midst of a submission")           \
    FAULT(TTY_NOISE, "tty_noise", "echoes that stay on, lines that nobody asked for")              \
    FAULT(SIM_MOVED, "sim_moved", "two modems change their SIMs")                                  \
    FAULT(NOTICE_LOST, "notice_lost", "a +CMTI is lost")                                           \
    FAULT(NOTICE_DOUBLE, "notice_double", "a +CMTI comes twice")                                   \
    FAULT(NOTICE_OTHER, "notice_other", "it names another memory than the one that has the text")  \
    FAULT(HOOK_SLOW, "hook_slow", "a webhook's receiver takes seconds")                            \
    FAULT(HOOK_ERROR, "hook_error", "it answers 500")                                              \
    FAULT(HOOK_TIMEOUT, "hook_timeout", "it does not answer in time")                              \
    FAULT(HOOK_DEAD, "hook_dead", "it cannot be reached")                                          \
    FAULT(HOOK_GONE, "hook_gone", "it answers 410")                                                \
    FAULT(HOOK_BUSY, "hook_busy", "it answers 429 or 503, mostly with Retry-After")                \
    FAULT(BAD_FRAME, "bad_frame", "an actor gets bytes that are no frame, or a cut one")           \
    FAULT(OUTAGE, "outage", "a process dies, and is started again many minutes later")             \
    FAULT(AIR_LATE_ERROR, "air_late_error", "+CMS ERROR, after the time-out")                      \
    FAULT(REPORT_LOST, "report_lost", "a status report is lost")                                   \
    FAULT(REPORT_DOUBLE, "report_double", "it comes twice")                                        \
    FAULT(REPORT_EARLY, "report_early", "it comes before the +CMGS that it is about")              \
    FAULT(REPORT_LATE, "report_late", "it comes minutes later")                                    \
    FAULT(REPORT_NATIONAL, "report_national", "it names the recipient without country code")       \
    FAULT(REPORT_OTHER, "report_other", "it has another status, or lies in a memory of its own")   \
    FAULT(STORE_OTHER, "store_other", "a text is stored in another memory than the one set")       \
    FAULT(STORE_FULL, "store_full", "the SIM has few slots for a while")                           \
    FAULT(SLOT_STUCK, "slot_stuck", "slots cannot be emptied for a while")                         \
    FAULT(SLOT_FORM, "slot_form", "slots are filled, listed, counted or empty in another way")     \
    FAULT(PDU_SURPLUS, "pdu_surplus", "a stored PDU has an octet too many")                        \
    FAULT(PDU_BROKEN, "pdu_broken", "a stored PDU is cut, erased or not of whole octets")          \
    FAULT(DELIVER_DOUBLE, "deliver_double", "the network delivers a part twice")                   \
    FAULT(PART_LATE, "part_late", "the last part of a long text comes many minutes later")         \
    FAULT(COMMAND_ERROR, "command_error", "commands, AT+CMMS among them, are answered with ERROR") \
    FAULT(SIM_PIN, "sim_pin", "a modem restarts, and its SIM wants the PIN")                       \
    FAULT(WRONG_PIN, "wrong_pin", "... which is not the configured one: somebody helps, later")    \
    FAULT(SIM_OUT, "sim_out", "a modem has no SIM for a while")                                    \
    FAULT(SIM_BUSY, "sim_busy", "a SIM is busy when it is asked who it is")                        \
    FAULT(RADIO_OFF, "radio_off", "a modem's radio is off for a while")                            \
    FAULT(AIR_CME, "air_cme", "+CME ERROR in answer to a text")                                    \
    FAULT(MODEM_SLOW, "modem_slow", "a modem takes long to start, to register and to answer")      \
    FAULT(MODEM_MANNERS, "modem_manners", "other prompts, errors in words, references that wrap")  \
    FAULT(CALLS, "calls", "somebody calls")                                                        \
    FAULT(NO_NETWORK, "no_network", "a modem finds no network for a while")                        \
    FAULT(MODEM_HANG, "modem_hang", "a modem hears and says nothing, until it is plugged in anew") \
    FAULT(HOST_CUT, "host_cut", "two hosts do not hear each other, for seconds to days")           \
    FAULT(HOST_CUT_ONE_WAY, "host_cut_one_way", "one host does not hear the other, as long")       \
    FAULT(BLACKOUT, "blackout", "the power of all hosts fails at once")                            \
    FAULT(CLOCK_APART, "clock_apart", "machines' clocks are days apart, and follow the ledger's")  \
    FAULT(OUTBOX_FULL, "outbox_full", "so many tells wait for a peer that nothing new is begun")   \
    FAULT(CONFIG, "config", "a host is started again with another configuration")                  \
    FAULT(RESTORED, "restored", "a host goes on with a backup of its store, on another machine")   \
    FAULT(FORGED, "forged", "a modem host in wrong hands claims a number, or what came in on it")

typedef enum {
#define SIM_FAULT_ENUM(NAME, name, sentence) SIM_FAULT_##NAME,
    SIM_FAULTS(SIM_FAULT_ENUM)
#undef SIM_FAULT_ENUM
        SIM_FAULT_END
} sim_fault_t;

/*  A set of faults. */
typedef struct {
    bool has[SIM_FAULT_END];
    bool listed; /* one by one: a world has each of them */
} sim_fault_set_t;

sim_fault_set_t sim_faults_all(void);

const char *sim_fault_name(sim_fault_t fault);
const char *sim_fault_sentence(sim_fault_t fault);
/*  "all", "none" or names with commas between them. False: *unknown is none of them; it may be
    empty. */
bool sim_faults_parse(const char *text, sim_fault_set_t *set, op_str_t *unknown);

#endif
