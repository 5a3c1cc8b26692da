/*  post_slots.h - slots for posts, shared among endpoints so that those that hang cannot hold them
    all

    Something that waits (an item) names its endpoint; when it may start it holds a slot until it
    ends. Endpoints take turns, each with its oldest item first. How many slots one may hold:

    - at most `each`;
    - the fewer are free, the fewer it may: with k slots it gets another only while more than
      k * slots / 64 are free. So n endpoints that hang, with many items each, come to rest at about
      slots / (n + slots / 64) apiece and leave some free, where a plain bound of `each` would
      have them hold everything;
    - one that was silent the last time (its item ended without any answer) holds one at a time, and
      all such together at most half of the slots, until it answers again.

    Silent endpoints without items are remembered, the latest OP_POST_SLOTS_SILENT of them.

    Pure: no clock, no I/O. Not for two threads. */

#ifndef OP_HTTP_POST_SLOTS_H
#define OP_HTTP_POST_SLOTS_H

#include "base/bytes.h"

enum { OP_POST_SLOTS_SILENT = 4096 };

typedef struct op_post_slots op_post_slots_t;

/*  A member of the caller's struct; the caller's again from op_post_slots_end and _drop on. */
typedef struct op_post_slots_item {
    struct op_post_slots_item *next;
    struct op_post_slots_endpoint *endpoint;
} op_post_slots_item_t;

/*  Both numbers at least 1. */
op_post_slots_t *op_post_slots_new(size_t slots, size_t each) OP_MUST_CHECK;
/*  No item may be left. */
void op_post_slots_destroy(op_post_slots_t **self_p);

/*  The item waits for a slot. `endpoint` is copied. */
void op_post_slots_wait(op_post_slots_t *self, const char *endpoint, op_post_slots_item_t *item);
/*  The next item that may have a slot, and has it now; NULL when none may. */
op_post_slots_item_t *op_post_slots_start(op_post_slots_t *self);
/*  The slot is free again. `answered`: the endpoint gave a sign of life. */
void op_post_slots_end(op_post_slots_t *self, op_post_slots_item_t *item, bool answered);
/*  Takes away an item that waits; NULL when none does. */
op_post_slots_item_t *op_post_slots_drop(op_post_slots_t *self);

size_t op_post_slots_waiting(const op_post_slots_t *self);
size_t op_post_slots_running(const op_post_slots_t *self);

#endif
