/*  share.h - slots shared among endpoints, so that those that hang cannot hold them all

    Something that waits (an item) names its endpoint; when it may start it holds a slot until it
    ends. Endpoints take turns, each with its oldest item first. How many slots one may hold:

    - at most `each`;
    - the fewer are free, the fewer it may: with k slots it gets another only while more than
      k * slots / 64 are free. So n endpoints that hang, with many items each, come to rest at about
      slots / (n + slots / 64) apiece and leave some free, where a plain bound of `each` would
      have them hold everything;
    - one that was silent the last time (its item ended without any answer) holds one at a time, and
      all such together at most half of the slots, until it answers again.

    Silent endpoints without items are remembered, the latest OP_SHARE_SILENT of them.

    Pure: no clock, no I/O. Not for two threads. */

#ifndef OP_HTTP_SHARE_H
#define OP_HTTP_SHARE_H

#include "base/bytes.h"

enum { OP_SHARE_SILENT = 4096 };

typedef struct op_share op_share_t;

/*  A member of the caller's struct; the caller's from op_share_end and op_share_drop on. */
typedef struct op_share_item {
    struct op_share_item *next;
    struct op_share_endpoint *endpoint;
} op_share_item_t;

/*  Both numbers at least 1. */
op_share_t *op_share_new(size_t slots, size_t each) OP_MUST_CHECK;
/*  No item may be left. */
void op_share_destroy(op_share_t **self_p);

/*  The item waits for a slot. `endpoint` is copied. */
void op_share_wait(op_share_t *self, const char *endpoint, op_share_item_t *item);
/*  The next item that may have a slot, and has it now; NULL when none may. */
op_share_item_t *op_share_start(op_share_t *self);
/*  The slot is free again. `answered`: the endpoint gave a sign of life. */
void op_share_end(op_share_t *self, op_share_item_t *item, bool answered);
/*  Takes away an item that waits; NULL when none does. */
op_share_item_t *op_share_drop(op_share_t *self);

size_t op_share_waiting(const op_share_t *self);
size_t op_share_running(const op_share_t *self);

#endif
