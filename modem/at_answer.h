/*  at_answer.h - what the lines of an answer mean: registration, storages, notices, identities

    Modems of many makers say the same things in many forms; these readers take them all and never
    trust a length. They keep no state. Lines are as the engine (modem/at_engine.h) hands them
    out. */

#ifndef OP_MODEM_AT_ANSWER_H
#define OP_MODEM_AT_ANSWER_H

#include "base/bytes.h"
#include "base/limits.h"

enum {
    OP_MEMORY_MAX = 2, /* "SM" */
    OP_CNMI = 5        /* mode, mt, bm, ds, bfr (TS 27.005 3.4.1) */
};

/*  The <stat> of "+CREG: <n>,<stat>[,...]" (`asked`: the answer to AT+CREG?) or of the notice
    "+CREG: <stat>[,...]", as of +CGREG and +CEREG (TS 27.007 7.2); -1 when there is none. */
int op_at_registration(op_str_t line, bool asked);
/*  Do texts pass with it? At home, roaming, or for SMS only. */
bool op_at_registered(int stat);

/*  The first line that is `least` to `most` digits, whatever name and quotes are around them;
    false: none. `to` has room for `most` and a NUL. */
bool op_at_digits(const op_str_t *lines, size_t count, size_t least, size_t most, char *to);
/*  The ICCID in one of the lines: the first 18 to 22 digits in a row. */
bool op_at_iccid(const op_str_t *lines, size_t count, char to[OP_ICCID_MAX + 1]);
/*  A line as printable ASCII without `name` ("+CGMI:") and quotes, cut to `size` with its NUL. */
void op_at_words(op_str_t line, const char *name, char *to, size_t size);

/*  Which memories to use for reading, writing and receiving (TS 27.005 3.2.2), chosen from what
    AT+CPMS=? says, brackets missing or doubled included: where texts arrive is where they are read.
    SM is preferred, because texts in a SIM move with it; where nothing is said SM is hoped for. */
void op_at_memories(op_str_t line, char memory[3][OP_MEMORY_MAX + 1]);
/*  "+CPMS: <used>,<total>,..." or "+CPMS: "SM",<used>,<total>,...": of the third memory, or of the
    last there is. */
bool op_at_usage(op_str_t line, uint64_t *used, uint64_t *total);

/*  The `place`-th setting of AT+CNMI to try, best first, within what AT+CNMI=? says: texts stored
    and announced, or handed out where that is not offered (`mt` 2); status reports stored too (`ds`
    2), handed out (1), or none. `reports` is the ds to begin with. Each is tried with every `mode`
    that is offered before reports are done without: Qualcomm's offer 2 and take 1. False: there are
    no more. */
bool op_at_cnmi(op_str_t line, unsigned reports, size_t place, unsigned cnmi[OP_CNMI]);

#endif
