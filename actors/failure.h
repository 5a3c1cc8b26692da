/*  failure.h - why an outbound text failed: the codes an agent sees in a message's `error`

    FAILURE(NAME, code, sentence). The sentence says what the agent can do. */

#ifndef OP_ACTORS_FAILURE_H
#define OP_ACTORS_FAILURE_H

#include "base/bytes.h"

#define OP_FAILURES(FAILURE)                                                                       \
    FAILURE(NO_SERVICE, "no_service",                                                              \
            "The number's line has no network. Send again later, or from another number.")         \
    FAILURE(REJECTED, "rejected_by_network",                                                       \
            "The network refused the text. Check the recipient before sending again.")             \
    FAILURE(UNREACHABLE, "unreachable",                                                            \
            "The recipient cannot be reached under this number. Do not send again unchanged.")     \
    FAILURE(EXPIRED, "expired",                                                                    \
            "The text waited too long for its line. Send it again if it still matters.")           \
    FAILURE(UNKNOWN_OUTCOME, "unknown_outcome",                                                    \
            "The text may or may not have been sent. Ask the recipient before sending it again.")  \
    FAILURE(RELEASED, "released",                                                                  \
            "The number was released before the text was sent. Send it from another number.")      \
    FAILURE(NOT_SENDABLE, "not_sendable", "The text cannot be encoded as an SMS. Change its body.")

typedef enum {
    OP_FAILURE_NONE,
#define OP_FAILURE_ENUM(NAME, code, sentence) OP_FAILURE_##NAME,
    OP_FAILURES(OP_FAILURE_ENUM)
#undef OP_FAILURE_ENUM
        OP_FAILURE_END
} op_failure_t;

const char *op_failure_code(op_failure_t failure);
/*  The sentence for a stored code; a general one for a code this build does not know. */
const char *op_failure_sentence(op_str_t code);

#endif
