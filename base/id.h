/*  id.h - identifiers: UUIDv7 (RFC 9562 section 5.7)

    48 bits of Unix milliseconds, then version, a 12-bit counter, variant and 62 random bits: ids of
    one entity sort by creation, as bytes and as text. The all-zero id means "none". */

#ifndef OP_BASE_ID_H
#define OP_BASE_ID_H

#include "base/bytes.h"
#include "base/random.h"

typedef struct {
    uint8_t bytes[16];
} op_id_t;

enum { OP_ID_TEXT = 36 }; /* characters, without the NUL */

/*  Makes ids that strictly increase, whatever the clock does. Zero-initialise it. */
typedef struct {
    int64_t last_ms;
    uint32_t counter; /* 12 bits, within last_ms */
} op_id_clock_t;

op_id_t op_id_next(op_id_clock_t *clock, int64_t now_ms, op_random_t *random);

bool op_id_is_none(op_id_t id);
bool op_id_equal(op_id_t a, op_id_t b);
int64_t op_id_ms(op_id_t id);

/*  Canonical lower-case text and a NUL. */
void op_id_print(op_id_t id, char text[OP_ID_TEXT + 1]);
/*  Takes exactly the canonical form, in either case; any version. False otherwise. */
bool op_id_parse(op_str_t text, op_id_t *id);

#endif
