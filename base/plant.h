/*  plant.h - deliberate bugs: does the simulation find what it is there to find?

    OP_PLANTED(NAME) stands where one small change makes a known kind of bug. In every build but
    that of opsimulate_planted it is a constant false and leaves nothing behind. There, one of them
    is switched on at the start (op_plant); tests/SIMULATION.md says which seed caught it.

    PLANT(NAME, "name", sentence). */

#ifndef OP_BASE_PLANT_H
#define OP_BASE_PLANT_H

#include "base/check.h"

#define OP_PLANTS(PLANT)                                                                           \
    PLANT(NO_SYNC, "no_sync", "speaks before its writes are synced")                               \
    PLANT(FORGET_CURSOR, "forget_cursor", "a tell's number is not written with its effect")        \
    PLANT(SKIP_DEDUPE, "skip_dedupe", "a tell that was taken before is taken again")               \
    PLANT(ACK_AHEAD, "ack_ahead", "acknowledges a tell that it has not taken yet")                 \
    PLANT(ACK_UNSYNCED, "ack_unsynced",                                                            \
          "a tell without effect is acknowledged, its number unsynced")                            \
    PLANT(FORGET_OUTBOX, "forget_outbox", "after a restart, tells not acknowledged are forgotten") \
    PLANT(RESEND_UNKNOWN, "resend_unknown", "a text in doubt is sent again")                       \
    PLANT(RESEND_CONFIRMED, "resend_confirmed", "after a refusal, all parts are sent again")       \
    PLANT(FORGET_AIR, "forget_air", "what was in the air when the process died is sent again")     \
    PLANT(LATE_TO_NEXT, "late_to_next", "a late +CMGS is given to the next text in doubt")         \
    PLANT(DROP_PART, "drop_part", "the third part of a long text is left out")                     \
    PLANT(SPLIT_PAIR, "split_pair", "a surrogate pair is cut in two")                              \
    PLANT(WRONG_REASON, "wrong_reason", "texts in doubt end as rejected by the network")           \
    PLANT(LAZY_PART, "lazy_part", "an inbound part is deleted from the SIM before it is synced")   \
    PLANT(DELETE_UNREAD, "delete_unread", "an announced text is deleted, not read")                \
    PLANT(SEEN_IGNORED, "seen_ignored", "a text read twice is taken twice")                        \
    PLANT(LOSE_QUOTA, "lose_quota", "windows are swept away while they are open")                  \
    PLANT(QUOTA_EARLY, "quota_early", "every window refuses at half its limit")                    \
    PLANT(QUOTA_RESTART, "quota_restart", "after a restart, all windows are forgotten")            \
    PLANT(CAP_OFF_BY_ONE, "cap_off_by_one", "the daily cap lets one text too many pass")           \
    PLANT(QUEUE_COUNT, "queue_count", "a settled text still counts as waiting")                    \
    PLANT(FAN_OUT, "fan_out", "an inbound text goes to one account too many")                      \
    PLANT(OLD_MESSAGES, "old_messages", "a lessee sees the messages of earlier leases")            \
    PLANT(WRONG_SCOPE, "wrong_scope", "a hand-over settles the text in the wrong scope")           \
    PLANT(LEASE_SHARED, "lease_shared", "a leased number can be leased by another")                \
    PLANT(SKIP_MESSAGE, "skip_message", "a page of messages begins one too late")                  \
    PLANT(USED_CODE, "used_code", "a login code works twice")                                      \
    PLANT(EARLIER_LIVES, "earlier_lives", "a new code does not end the one before")                \
    PLANT(TRIES_FREE, "tries_free", "wrong codes are not counted")                                 \
    PLANT(KEYS_STAY, "keys_stay", "a released number's keys stay")                                 \
    PLANT(HOOK_STAYS, "hook_stays", "a released number's webhook posts on what was pending")       \
    PLANT(LOGOUT_IDLE, "logout_idle", "logging out does not end the session")                      \
    PLANT(CODE_LOGGED, "code_logged", "a login code is logged")                                    \
    PLANT(EVENT_LOST, "event_lost", "an event is dropped while another is being posted")           \
    PLANT(STALE_STAMP, "stale_stamp", "a repeated post carries the time of the first one")         \
    PLANT(LATE_IS_NEW, "late_is_new", "a text that has waited counts as just received")            \
    PLANT(PAUSE_HALVED, "pause_halved", "a retry comes after half of its pause")                   \
    PLANT(START_IDLE, "start_idle", "what was being posted at a death is forgotten")               \
    PLANT(WAITING_STAYS, "waiting_stays", "a replay leaves the delivery in its queue too")         \
    PLANT(GONE_IGNORED, "gone_ignored", "410 is a failure like any other")                         \
    PLANT(GRACE_NEW_ID, "grace_new_id", "a grace post has a delivery id of its own")               \
    PLANT(HOOK_LEAK, "hook_leak", "events also go to other accounts' webhooks on the number")      \
    PLANT(HOOK_BODY, "hook_body", "a delivery has the sender where the text should be")            \
    PLANT(LATE_ERROR_TAKEN, "late_error_taken", "a late +CMS ERROR counts as taken")               \
    PLANT(HELD_FOREVER, "held_forever", "a text in doubt waits for its report without end")        \
    PLANT(HELD_IS_SENT, "held_is_sent", "a text in doubt is sent when no report comes")            \
    PLANT(GAP_UNMARKED, "gap_unmarked", "a text in part does not show its gaps")                   \
    PLANT(ALWAYS_SM, "always_sm", "only the SIM's memory is looked into")                          \
    PLANT(PARTIAL_AGAIN, "partial_again", "a text that was shown in part is shown again")          \
    PLANT(PARTIAL_FINAL, "partial_final", "a text that was shown in part is never completed")      \
    PLANT(SIM_IGNORED, "sim_ignored", "whatever SIM is in a modem is taken for its line's")        \
    PLANT(EARLY_CNMA, "early_cnma", "a part handed out is acknowledged before it is synced")       \
    PLANT(NO_SWEEP, "no_sweep", "no memory is ever looked through")                                \
    PLANT(STUCK_LOOP, "stuck_loop", "a slot that cannot be emptied is tried again and again")      \
    PLANT(PIN_AGAIN, "pin_again", "a PIN that a SIM did not take is given to it again")            \
    PLANT(FULL_ACCEPTS, "full_accepts", "texts are accepted although an outbox is full")           \
    PLANT(HELD_TAKEN, "held_taken", "a tell that a full outbox holds back counts as taken")        \
    PLANT(OWN_CLOCK, "own_clock", "a host goes by its own clock, not by the ledger's")             \
    PLANT(SUSPENDED_SENDS, "suspended_sends", "a suspended account's keys are good")               \
    PLANT(REVOKED_LIVES, "revoked_lives", "a session that the operator has ended is good")         \
    PLANT(ERASED_TEXTS, "erased_texts", "an erased account's texts stay")                          \
    PLANT(ERASED_HOOKS, "erased_hooks", "nobody tells webhook that an account is erased")          \
    PLANT(RETIRED_LEASED, "retired_leased", "a retired number can be leased")                      \
    PLANT(ANY_CLAIM, "any_claim", "any modem actor is believed what it says of any number")        \
    PLANT(STALE_ROWS, "stale_rows", "a row that was read once is never read anew")

typedef enum {
    OP_PLANT_NONE,
#define OP_PLANT_ENUM(NAME, name, sentence) OP_PLANT_##NAME,
    OP_PLANTS(OP_PLANT_ENUM)
#undef OP_PLANT_ENUM
        OP_PLANT_END
} op_plant_t;

#ifdef OP_PLANT_BUILD
extern op_plant_t op_plant; /* set once, before anything runs */
#define OP_PLANTED(NAME) (op_plant == OP_PLANT_##NAME)
#else
#define OP_PLANTED(NAME) (OP_PLANT_##NAME == OP_PLANT_NONE) /* no such thing here: false */
#endif

#endif
