/*  phones.h - the phones of the simulated network and the texts they received

    Phones exist from their first use. Texts are kept oldest first, per phone and over all, with the
    limits of carrier/carrier.h: the oldest goes. */

#ifndef OP_CARRIER_PHONES_H
#define OP_CARRIER_PHONES_H

#include "base/phone.h"
#include "carrier/carrier.h"

typedef struct op_phone_text op_phone_text_t; /* opaque */

/*  A message that a number sent and the second its time stamp shows. */
typedef struct {
    uint64_t what; /* a hash of recipient and content: a collision costs a second, nothing else */
    int64_t second;
} op_phone_stamp_t;

typedef struct {
    char number[OP_PHONE_MAX + 1];
    bool off;          /* switched off: nothing reaches it */
    uint8_t reference; /* for its next text of several parts: TS 23.040 9.2.3.24.1 */
    op_phone_text_t *oldest, *newest;
    size_t texts;
    op_phone_stamp_t *stamps; /* those that are not yet in the past */
    size_t stamp_count, stamp_capacity;
} op_phone_t;

/*  Zero-initialise it. */
typedef struct {
    op_phone_t **phones;
    size_t count, capacity;
    uint32_t *table; /* open addressing: 1 + index into phones, 0 free */
    size_t table_size;
    op_phone_text_t *oldest, *newest;
    size_t texts;
    uint64_t sequence;
} op_phones_t;

void op_phones_free(op_phones_t *self);

/*  NULL when there is none; `op_phones_make` makes it, NULL at the limit. The number's form is the
    caller's to check; it has at most OP_PHONE_MAX octets. */
op_phone_t *op_phones_find(const op_phones_t *self, op_str_t number);
op_phone_t *op_phones_make(op_phones_t *self, op_str_t number);

/*  A text arrives. `from` is borrowed for good, the body is taken: its memory is now the
    phone's. */
void op_phones_receive(op_phones_t *self, op_phone_t *phone, const char *from, op_buf_t *body,
                       int64_t now);

void op_phones_each(const op_phone_t *phone, uint64_t after, op_carrier_each_t each, void *context);

/*  The instant for the time stamp of a message that this phone sends: `now`, or the next second
    that no message of the same hash has. */
int64_t op_phones_stamp(op_phone_t *phone, uint64_t what, int64_t now);

/*  FNV-1a, continued from `hash`; begin with OP_PHONES_HASH. */
#define OP_PHONES_HASH UINT64_C(0xcbf29ce484222325)
uint64_t op_phones_hash(uint64_t hash, const void *bytes, size_t size);

#endif
